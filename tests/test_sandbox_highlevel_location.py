"""The location, its custom fields and values, users and businesses (highlevel.md 2.3, 2.4, 5.4)."""

from __future__ import annotations

from typing import Any

import pytest

from landbridge.sandbox.highlevel.custom_fields import DATA_TYPES
from sandbox_highlevel_client import Client, client


@pytest.fixture
def c() -> Client:
    return client()


def define(c: Client, data_type: str, **more: object) -> dict[str, Any]:
    body = {"name": f"Field {data_type}", "dataType": data_type, **more}
    reply = c.send("POST", f"/locations/{c.location}/customFields", body)
    assert reply.status == 201, reply.json
    field: dict[str, Any] = reply.json["customField"]
    return field


def test_the_location_tells_zone_company_and_time_zones(c: Client) -> None:
    record = c.send("GET", f"/locations/{c.location}").json["location"]
    assert (record["timezone"], record["companyId"]) == ("America/Chicago", c.world.config.company_id)
    assert "Europe/Zurich" in c.send("GET", f"/locations/{c.location}/timezones").json["timeZones"]


@pytest.mark.parametrize("data_type", DATA_TYPES)
def test_every_type_of_custom_field_can_be_defined(c: Client, data_type: str) -> None:
    field = define(c, data_type)
    assert field["fieldKey"] == f"contact.field_{data_type.lower()}"
    assert field in c.send("GET", f"/locations/{c.location}/customFields?model=contact").json["customFields"]


@pytest.mark.parametrize(
    ("data_type", "value", "read"),
    [
        ("TEXT", "x", "x"),
        ("NUMERICAL", 4, 4),
        ("MONETORY", "1200.50", 1200.5),
        ("CHECKBOX", ["a", "b"], ["a", "b"]),
        ("SINGLE_OPTIONS", "a", "a"),
        ("DATE", "2026-01-31", "2026-01-31"),
        ("TEXTBOX_LIST", {"1": "x"}, {"1": "x"}),
    ],
)
def test_values_are_written_by_id_or_key_and_read_as_id_and_value(
    c: Client, data_type: str, value: object, read: object
) -> None:
    field = define(c, data_type, options=["a", "b"])
    by_id = c.create(firstName="Ann", customFields=[{"id": field["id"], "field_value": value}])
    by_key = c.create(firstName="Bo", customFields=[{"key": field["fieldKey"], "value": value}])
    assert by_id["customFields"] == by_key["customFields"] == [{"id": field["id"], "value": read}]


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        ("TEXT", 4),
        ("NUMERICAL", "four"),
        ("CHECKBOX", "a"),
        ("MULTIPLE_OPTIONS", ["c"]),
        ("RADIO", "c"),
        ("DATE", "soon"),
        ("FILE_UPLOAD", "x"),
    ],
)
def test_values_of_another_type_are_refused(c: Client, data_type: str, value: object) -> None:
    field = define(c, data_type, options=["a", "b"])
    body = {
        "locationId": c.location,
        "firstName": "Ann",
        "customFields": [{"id": field["id"], "value": value}],
    }
    assert c.send("POST", "/contacts/", body).status == 422


def test_fields_not_named_are_left_alone_and_an_empty_value_clears(c: Client) -> None:
    one, two = define(c, "TEXT")["id"], define(c, "LARGE_TEXT")["id"]
    values = [{"id": one, "field_value": "1"}, {"id": two, "field_value": "2"}]
    path = f"/contacts/{c.create(firstName='Ann', customFields=values)['id']}"
    kept = c.send("PUT", path, {"customFields": [{"id": one, "field_value": ""}]}).json["contact"]
    assert kept["customFields"] == [{"id": two, "value": "2"}]
    new = c.send("PUT", path, {"customFields": [{"id": one, "fieldValue": "3"}]}, version="v3")
    assert {"id": one, "value": "3"} in new.json["contact"]["customFields"]
    assert c.send("PUT", path, {"customFields": [{"id": one, "fieldValue": "3"}]}).status == 422


def test_an_unknown_field_is_refused_or_by_choice_ignored(c: Client) -> None:
    body = {"locationId": c.location, "firstName": "Ann", "customFields": [{"id": "nofield", "value": "x"}]}
    assert c.send("POST", "/contacts/", body).status == 400
    c.world.config.unknown_custom_field = "ignore"
    assert c.send("POST", "/contacts/", body).json["contact"]["customFields"] == []


def test_a_custom_field_is_renamed_and_deleted_with_its_values(c: Client) -> None:
    field = define(c, "TEXT")
    path = f"/locations/{c.location}/customFields/{field['id']}"
    contact_id = c.create(firstName="Ann", customFields=[{"id": field["id"], "value": "x"}])["id"]
    assert c.send("PUT", path, {"name": "Other"}).json["customField"]["fieldKey"] == field["fieldKey"]
    assert c.send("GET", path).json["customField"]["name"] == "Other"
    assert c.send("DELETE", path).json["succeded"] is True
    assert c.send("GET", path).status == 400
    assert c.contact(contact_id)["customFields"] == []
    assert define(c, "TEXT")["fieldKey"] == field["fieldKey"]
    assert define(c, "TEXT")["fieldKey"] != field["fieldKey"]


def test_models_are_told_apart(c: Client) -> None:
    define(c, "TEXT", model="opportunity")
    path = f"/locations/{c.location}/customFields?model="
    count = {m: len(c.send("GET", path + m).json["customFields"]) for m in ("contact", "opportunity", "all")}
    assert count["opportunity"] == 1
    assert count["all"] == count["contact"] + 1
    assert c.send("GET", path + "company").status == 422


def test_custom_values_have_their_life(c: Client) -> None:
    base = f"/locations/{c.location}/customValues"
    made = c.send("POST", base, {"name": "Office Phone", "value": "555-0100"})
    path = f"{base}/{made.json['customValue']['id']}"
    assert (made.status, made.json["customValue"]["fieldKey"]) == (201, "{{ custom_values.office_phone }}")
    c.send("PUT", path, {"name": "Office Phone", "value": "555-0101"})
    assert c.send("GET", path).json["customValue"]["value"] == "555-0101"
    assert len(c.send("GET", base).json["customValues"]) == 1
    c.send("DELETE", path)
    assert c.send("GET", path).status == 400


def test_users_are_searched_with_the_company_only(c: Client) -> None:
    query = f"/users/search?companyId={c.world.config.company_id}"
    everyone = c.send("GET", query).json
    assert everyone["count"] == 3
    assert c.send("GET", query + "&role=admin&limit=1").json["users"] == everyone["users"][:1]
    assert c.send("GET", "/users/search").status == 401
    assert c.send("GET", f"/users/{everyone['users'][0]['id']}").json["firstName"] == "Dana"


def test_businesses_have_their_life(c: Client) -> None:
    made = c.send("POST", "/businesses/", {"locationId": c.location, "name": "Example Ltd"})
    business = made.json["buiseness"]["id"]
    contact_id = c.create(firstName="Ann")["id"]
    link = {"locationId": c.location, "ids": [contact_id], "businessId": business}
    c.send("POST", "/contacts/bulk/business", link)
    test = {"field": "businessName", "operator": "eq", "value": "Sample Ltd"}
    assert c.found(test) == set()
    c.send("PUT", f"/businesses/{business}", {"name": "Sample Ltd"})
    assert c.found(test) == {"Ann"}
    assert c.search().json["contacts"][0]["businessName"] == "Sample Ltd"
    assert len(c.send("GET", f"/businesses/?locationId={c.location}").json["businesses"]) == 1
    assert c.send("DELETE", f"/businesses/{business}").json["success"] is True
    assert c.search().json["contacts"][0]["businessId"] is None
    assert c.send("GET", f"/businesses/{business}").status == 400
