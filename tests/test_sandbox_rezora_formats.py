"""The wire formats of the sandbox's Rezora: JSON, XML, pipe-separated CSV and text, both ways."""

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
import pytest

from sandbox_rezora_client import ADA, Client

JSON = b'{"data":{"list_name":"Open house May"}}'
XML = b'<?xml version="1.0" encoding="UTF-8"?><data><list_name>Open house May</list_name></data>'
TEXT = b"list_name=Open+house+May"


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("lists", "", "text/plain"),
        ("lists", "*/*", "text/plain"),
        ("lists", "application/json", "application/json"),
        ("lists", "application/json;q=0.2, text/xml", "application/xml"),
        ("lists", "text/csv;q=x, text/csv", "text/csv"),
        ("lists.json", "text/csv", "application/json"),
        ("lists.JSON", "", "application/json"),
        ("lists.xml", "application/json", "application/xml"),
        ("lists/900.csv", "application/json", "text/csv"),
        ("lists/900/contacts.txt", "application/json", "text/plain"),
    ],
)
def test_the_suffix_beats_accept_and_plain_text_is_the_default(
    path: str, accept: str, content_type: str
) -> None:
    answer = Client().send("GET", path, accept=accept)
    assert answer.status == 200
    assert answer.headers["content-type"] == f"{content_type}; charset=UTF-8"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/xml", XML),
        ("text/plain", TEXT),
        ("application/x-www-form-urlencoded", TEXT),
        ("", TEXT),
    ],
)
def test_a_request_body_is_read_by_its_content_type(content_type: str, body: bytes) -> None:
    client = Client()
    assert client.send("POST", "lists.json", body, content_type=content_type).body == b'[{"list_id":"901"}]'
    assert client.rows("lists/901")[0]["list_name"] == "Open house May"


def test_a_json_body_without_content_type_is_read_as_text_and_refused() -> None:
    client = Client()
    for body in (JSON, b'{"data":{"list_name":"a=b"}}'):
        answer = client.send("POST", "lists.json", body)
        [error] = msgspec.json.decode(answer.body)
        assert (answer.status, error["status"]) == (400, "400")
        assert "Content-Type" in error["message"]
    assert len(client.rows("lists")) == 1


@pytest.mark.parametrize(
    ("content_type", "body", "named"),
    [
        ("application/json", b'{"data":{"list_name":', "JSON"),
        ("application/json", b"\xff", "JSON"),
        ("application/json", b"", "JSON"),
        ("application/json", b'{"data":' * 50_000, "JSON"),
        ("application/json", b'{"data":{"list_name":"\\ud800"}}', "JSON"),
        ("application/json", b'{"list_name":"x"}', '{"data": {...}}'),
        ("application/json", b'[{"list_name":"x"}]', '{"data": {...}}'),
        ("application/json", b'{"data":{"list_name":["x"]}}', "list_name"),
        ("application/xml", b"<data><list_name>x</data>", "XML"),
        ("application/xml", b"<list><list_name>x</list_name></list>", "<data>"),
        ("application/xml", b"<data><list_name><b>x</b></list_name></data>", "list_name"),
        (
            "application/xml",
            b'<!DOCTYPE data [<!ENTITY a "x">]><data><list_name>&a;</list_name></data>',
            "document",
        ),
        ("application/xml", "<!DOCTYPE data><data/>".encode("utf-16"), "document"),
        ("application/xml", b"<?xml version='1.0' encoding='none'?><data/>", "XML"),
        ("text/plain", b"hello", "name=value"),
        ("text/plain", b"list_name=%ff", "UTF-8"),
        ("text/plain", b"", "no field"),
    ],
)
def test_a_body_that_cannot_be_read_gets_400_naming_what_is_wrong(
    content_type: str, body: bytes, named: str
) -> None:
    client = Client()
    answer = client.send("POST", "lists.json", body, content_type=content_type)
    [error] = msgspec.json.decode(answer.body)
    assert (answer.status, error["status"]) == (400, "400")
    assert named in error["message"]
    assert len(client.rows("lists")) == 1


def test_another_content_type_gets_415() -> None:
    assert Client().send("POST", "lists.json", JSON, content_type="multipart/form-data").status == 415


def test_json_numbers_flags_and_nulls_become_strings() -> None:
    client = Client()
    fields = {**ADA, "contact_title": 7, "contact_unsubscribe": True, "contact_company": None}
    client.send(
        "POST", "contacts.json", msgspec.json.encode({"data": fields}), content_type="application/json"
    )
    [row] = client.rows("contacts/55501")
    assert (row["contact_title"], row["contact_unsubscribe"], row["contact_company"]) == ("7", "1", "")


def test_csv_is_separated_by_pipes_with_every_value_quoted() -> None:
    client = Client()
    client.new_list('The "big" | list')
    assert client.send("GET", "lists.csv").body.decode() == (
        '"list_id"|"list_name"|"list_date"|"list_type"\n'
        '"900"|"Primary Sphere"|"2026-01-05 09:30:00"|"1"\n'
        '"901"|"The ""big"" | list"|"2026-01-05 09:30:00"|"0"\n'
    )
    assert client.send("GET", "lists/900/contacts.csv").body.count(b"\n") == 1
    assert client.send("DELETE", "lists/901.csv").body == b'"status"\n"200"\n'


def test_xml_has_a_plural_root_with_a_version_and_singular_children() -> None:
    client = Client()
    client.new_list("Fish & <chips> \x07")
    body = client.send("GET", "lists.xml").body
    assert body.startswith(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<lists version="1.0"><list><list_id>900<'
    )
    root = ElementTree.fromstring(body)  # noqa: S314  # our own sandbox wrote it
    assert [child.findtext("list_name") for child in root.findall("list")] == [
        "Primary Sphere",
        "Fish & <chips> ",
    ]
    done = client.send("DELETE", "lists/901.xml").body
    assert done.endswith(b'<lists version="1.0"><list><status>200</status></list></lists>')


@pytest.mark.parametrize(
    ("path", "root", "child"),
    [
        ("contacts", "contacts", "contact"),
        ("contacts/55500", "contacts", "contact"),
        ("lists/900/contacts", "list_contacts", "list_contact"),
        ("lists/900/contacts/55500", "list_contacts", "list_contact"),
    ],
)
def test_each_resource_has_its_own_xml_names(path: str, root: str, child: str) -> None:
    client = Client()
    client.join("900", "55500")
    body = client.send("GET", path + ".xml").body
    tree = ElementTree.fromstring(body)  # noqa: S314  # our own sandbox wrote it
    assert (tree.tag, tree.attrib, tree[0].tag) == (root, {"version": "1.0"}, child)


def test_unicode_survives_every_request_format() -> None:
    name = "Zoë 李 🏡 & Co = 1"
    bodies = {
        "application/json": msgspec.json.encode(
            {"data": {"contact_name": name, "contact_email": "z@example.org"}}
        ),
        "application/xml": (
            "<data><contact_name>Zoë 李 🏡 &amp; Co = 1</contact_name>"
            "<contact_email>z@example.org</contact_email></data>"
        ).encode(),
        "text/plain": (
            b"contact_name=Zo%C3%AB+%E6%9D%8E+%F0%9F%8F%A1+%26+Co+%3D+1&contact_email=z%40example.org"
        ),
    }
    client = Client()
    for content_type, body in bodies.items():
        assert client.send("POST", "contacts.json", body, content_type=content_type).status == 200
    assert [row["contact_name"] for row in client.rows("contacts")[1:]] == [name] * 3


@pytest.mark.parametrize("suffix", ["json", "xml", "csv", "txt"])
def test_errors_come_in_the_format_asked_for(suffix: str) -> None:
    client = Client()
    answer = client.send("GET", f"contacts/1.{suffix}")
    assert answer.status == 404
    assert "There is no contact with this contact_id." in answer.body.decode()
    assert "404" in answer.body.decode()


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "contacts", "GET, POST, DELETE"),
        ("POST", "contacts/55500", "GET, PUT, DELETE"),
        ("PATCH", "lists/900", "GET, PUT, DELETE"),
        ("PUT", "lists/900/contacts/55500", "GET, DELETE"),
    ],
)
def test_a_method_a_resource_does_not_take_gets_405_with_allow(method: str, path: str, allowed: str) -> None:
    answer = Client().send(method, path + ".json")
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
