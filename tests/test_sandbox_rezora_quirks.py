"""Switchable quirks of the sandbox's Rezora: failures in the body only, odd XML, empty answers, a quota."""

from __future__ import annotations

import msgspec
import pytest

from landbridge.sandbox.rezora import RezoraConfig
from sandbox_rezora_client import Client


def test_failures_can_show_in_the_body_alone() -> None:
    client = Client(RezoraConfig(http_status_always_200=True))
    for path, status in (("contacts/1.json", "404"), ("nothing.json", "404"), ("groups.json", "403")):
        answer = client.send("GET", path)
        [error] = msgspec.json.decode(answer.body)
        assert (answer.status, error["status"]) == (200, status)
    refused = client.send("GET", "contacts.json", credentials="")
    assert (refused.status, msgspec.json.decode(refused.body)[0]["status"]) == (200, "401")
    assert client.send("GET", "contacts.json").body.startswith(b'[{"contact_id"')


def test_memberships_in_xml_can_open_with_two_declarations() -> None:
    client = Client(RezoraConfig(double_xml_declaration=True))
    assert client.send("GET", "lists/900/contacts.xml").body.count(b"<?xml") == 2
    assert client.send("GET", "lists.xml").body.count(b"<?xml") == 1
    assert Client().send("GET", "lists/900/contacts.xml").body.count(b"<?xml") == 1


@pytest.mark.parametrize(
    ("quirk", "status", "body"),
    [("array", 200, b"[]"), ("missing", 404, None), ("blank", 200, b"")],
)
def test_a_collection_without_records_answers_as_configured(
    quirk: str, status: int, body: bytes | None
) -> None:
    client = Client(msgspec.convert({"no_collection": quirk}, RezoraConfig))
    answer = client.send("GET", "lists/900/contacts.json")
    assert answer.status == status
    assert body is None or answer.body == body
    client.join("900", "55500")
    assert len(client.rows("lists/900/contacts")) == 1
    assert len(client.rows("contacts")) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_quota_refuses_what_exceeds_its_burst_until_the_interval_has_passed(status: int) -> None:
    client = Client(msgspec.convert({"burst": 2, "interval_ms": 1000, "quota_status": status}, RezoraConfig))
    asked = [client.send("GET", "lists.json").status for _ in range(3)]
    assert asked == [200, 200, status]
    client.clock.advance(0.5)
    assert client.send("POST", "lists.json", b"list_name=x").status == status
    client.clock.advance(0.6)
    assert len(client.rows("lists")) == 1


def test_there_is_no_quota_unless_one_is_set() -> None:
    client = Client()
    assert {client.send("GET", "lists.json").status for _ in range(500)} == {200}
