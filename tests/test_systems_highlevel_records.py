"""HighLevel's contacts become records, and fields become HighLevel's bodies."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from landbridge.systems.base import Rejected
from landbridge.systems.highlevel.records import (
    CHANNELS_V3,
    Contact,
    create_body,
    marked,
    opt_out_body,
    record,
    update_body,
)

SEARCHED: dict[str, Any] = {
    "id": "c1",
    "locationId": "loc1",
    "firstName": "Ada",
    "lastName": "Byron",
    "firstNameLowerCase": "ada",
    "contactName": "ada byron",
    "email": "ada@example.org",
    "phone": "+13035550100",
    "address": "9 Elm Rd",
    "city": None,
    "postalCode": "80301",
    "tags": ["buyer", "VIP"],
    "additionalEmails": [{"email": "a@example.net"}, "b@example.net"],
    "additionalPhones": [{"phone": "+13035550101"}],
    "customFields": [
        {"id": "cf1", "value": "red"},
        {"id": "cf2", "value": ["one", "two"]},
        {"id": "cf3", "value": 12},
        {"id": "cf4", "fieldValue": 1.5},
        {"id": "cf5", "field_value": None},
        {"id": "cf6", "value": {"a": 1}},
    ],
    "dnd": False,
    "dndSettings": {"Email": {"status": "inactive"}},
    "dateUpdated": "2026-01-05T09:30:00.000Z",
    "searchAfter": [1784286237028, "c1"],
}


def contact(**more: Any) -> Contact:
    return msgspec.convert({"id": "c1"} | more, Contact)


def test_a_contact_of_the_search_is_flat_and_native() -> None:
    shown = record(msgspec.convert(SEARCHED, Contact))
    assert shown.id == "c1"
    assert shown.fields == {
        "firstName": "Ada",
        "lastName": "Byron",
        "email": "ada@example.org",
        "phone": "+13035550100",
        "address1": "9 Elm Rd",
        "city": "",
        "postalCode": "80301",
        "additionalEmails.0": "a@example.net",
        "additionalEmails.1": "b@example.net",
        "additionalPhones.0": "+13035550101",
        "customFields.cf1": "red",
        "customFields.cf2": "one\ntwo",
        "customFields.cf3": "12",
        "customFields.cf4": "1.5",
        "customFields.cf5": "",
        "customFields.cf6": '{"a":1}',
    }
    assert shown.labels == frozenset({"buyer", "VIP"})
    assert shown.opted_out is False
    assert shown.changed_at == "2026-01-05T09:30:00.000Z"
    assert not shown.read_only


def test_what_an_answer_lacks_is_absent_and_null_is_blank() -> None:
    shown = record(contact(email=None, website=""))
    assert shown.fields == {"email": "", "website": ""}
    assert shown.labels is None
    assert shown.opted_out is None
    assert record(contact(tags=None)).labels == frozenset()


def test_by_id_the_street_has_another_name() -> None:
    assert record(contact(address1="9 Elm Rd")).fields == {"address1": "9 Elm Rd"}
    assert record(contact(address1="9 Elm Rd", address="old")).fields == {"address1": "9 Elm Rd"}


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("2001-02-03", "2001-02-03"),
        ("2001-02-03T00:00:00.000Z", "2001-02-03"),
        (None, ""),
        ("3 February 2001", "3 February 2001"),
    ],
)
def test_a_birthday_is_a_calendar_date(shown: str | None, read: str) -> None:
    assert record(contact(dateOfBirth=shown)).fields == {"dateOfBirth": read}


@pytest.mark.parametrize(
    ("answer", "opted_out"),
    [
        ({}, None),
        ({"dnd": False}, None),
        ({"dnd": None}, None),
        ({"dnd": True}, True),
        ({"dnd": True, "dndSettings": {"Email": {"status": "inactive"}}}, True),
        ({"dnd": False, "dndSettings": {}}, False),
        ({"dnd": False, "dndSettings": None}, False),
        ({"dndSettings": {"SMS": {"status": "active"}}}, False),
        ({"dndSettings": {"Email": {"status": "active"}}}, True),
        ({"dndSettings": {"Email": {"status": "permanent"}}}, True),
        ({"dndSettings": {"email": {"status": "active"}}}, True),
        ({"dndSettings": {"Email": {"status": "inactive"}, "email": {"status": "ACTIVE"}}}, True),
        ({"dndSettings": {"Email": None}}, False),
    ],
)
def test_the_stricter_signal_of_consent_counts(answer: dict[str, Any], opted_out: bool | None) -> None:
    assert record(contact(**answer)).opted_out is opted_out


ALL = frozenset({"sms", "call", "whatsapp", "gmb", "fb"})


@pytest.mark.parametrize(
    ("answer", "barred"),
    [
        ({}, None),
        ({"dnd": False}, None),
        ({"dndSettings": None}, None),
        ({"dnd": False, "dndSettings": None}, frozenset()),
        ({"dndSettings": {}}, frozenset()),
        ({"dndSettings": {"Email": {"status": "active"}}}, frozenset()),
        ({"dndSettings": {"SMS": {"status": "inactive"}, "Call": None}}, frozenset()),
        ({"dndSettings": {"SMS": {"status": "active"}, "Call": {"status": "permanent"}}}, {"sms", "call"}),
        (
            {"dndSettings": {"whatsApp": {"status": "active"}, "RCS": {"status": "active"}}},
            {"whatsapp", "rcs"},
        ),
        ({"dnd": True}, ALL),
        ({"dnd": True, "dndSettings": None}, ALL),
        ({"dnd": True, "dndSettings": {}}, ALL),
        ({"dnd": True, "dndSettings": {"SMS": {"status": "inactive"}}}, ALL),
        ({"dnd": True, "dndSettings": {"SMS": {"status": "active"}}}, {"sms"}),
        ({"dnd": True, "dndSettings": {"Email": {"status": "active"}}}, frozenset()),
    ],
)
def test_other_barred_channels_are_read(answer: dict[str, Any], barred: frozenset[str] | None) -> None:
    assert record(contact(**answer)).barred == barred


def test_the_marker_is_no_field() -> None:
    values = [{"id": "cf1", "value": "red"}, {"id": "cf9", "value": "55501"}]
    shown = record(contact(customFields=values), "cf9")
    assert (shown.marker, shown.fields) == ("55501", {"customFields.cf1": "red"})
    assert record(contact(customFields=values)).marker == ""
    assert record(contact(customFields=values[:1]), "cf9").marker == ""
    assert record(contact(customFields=[{"id": "cf9", "value": 55501}]), "cf9").marker == "55501"


def test_a_marker_is_sent_where_its_field_is_known() -> None:
    fields = {"city": "Boulder"}
    assert marked(fields, "cf9", "55501") == {"city": "Boulder", "customFields.cf9": "55501"}
    assert marked(fields, "", "55501") == marked(fields, "cf9", "") == fields == {"city": "Boulder"}


def test_a_create_bars_channels_from_the_start() -> None:
    active = {"status": "active"}
    closed = frozenset({"sms", "call", "whatsapp"})
    assert create_body("loc1", {"dndSettings.Email.status": "active"}, {}, closed=closed) == {
        "locationId": "loc1",
        "dndSettings": {"Email": active, "SMS": active, "Call": active, "WhatsApp": active},
    }
    assert create_body("loc1", {}, {}, CHANNELS_V3, closed) == {
        "locationId": "loc1",
        "dndSettings": {"sms": active, "call": active, "whatsApp": active},
    }
    with pytest.raises(Rejected) as caught:
        create_body("loc1", {}, {}, closed=frozenset({"sms", "pigeon"}))
    assert caught.value.sent == "no"


def test_a_create_names_the_location_and_leaves_blanks_out() -> None:
    fields = {
        "firstName": "Ada",
        "email": "ada@example.org",
        "city": "",
        "companyName": "Engines",
        "customFields.cf1": "red",
        "customFields.cf2": "one\ntwo",
        "customFields.cf3": "12",
        "customFields.cf4": "1.50",
        "customFields.cf5": "soon",
        "dndSettings.Email.status": "active",
    }
    types = {"cf2": "MULTIPLE_OPTIONS", "cf3": "NUMERICAL", "cf4": "MONETORY", "cf5": "NUMERICAL"}
    assert create_body("loc1", fields, types) == {
        "locationId": "loc1",
        "firstName": "Ada",
        "email": "ada@example.org",
        "companyName": "Engines",
        "dndSettings": {"Email": {"status": "active"}},
        "customFields": [
            {"id": "cf1", "field_value": "red"},
            {"id": "cf2", "field_value": ["one", "two"]},
            {"id": "cf3", "field_value": 12},
            {"id": "cf4", "field_value": 1.5},
            {"id": "cf5", "field_value": "soon"},
        ],
    }


def test_an_update_clears_with_null_where_the_schema_allows_it() -> None:
    fields = {"email": "", "postalCode": "", "country": "", "city": "Boulder", "customFields.cf2": ""}
    assert update_body(fields, {"cf2": "CHECKBOX"}) == {
        "email": None,
        "postalCode": "",
        "country": "",
        "city": "Boulder",
        "customFields": [{"id": "cf2", "field_value": []}],
    }


@pytest.mark.parametrize(
    "name",
    [
        "tags",
        "locationId",
        "id",
        "type",
        "dnd",
        "dndSettings",
        "companyName",
        "gender",
        "additionalEmails.0",
        "customFields.",
        "customFields",
        "Ada Byron",
    ],
)
def test_an_update_never_carries(name: str) -> None:
    with pytest.raises(Rejected) as caught:
        update_body({"city": "Boulder", name: "x"}, {})
    assert caught.value.sent == "no"
    assert "Ada" not in caught.value.sentence


@pytest.mark.parametrize("status", ["inactive", "", "permanent"])
def test_no_body_opens_a_channel(status: str) -> None:
    with pytest.raises(Rejected):
        update_body({"dndSettings.Email.status": status}, {})


def test_an_opt_out_keeps_the_other_barred_channels() -> None:
    shown = contact(
        dndSettings={
            "SMS": {"status": "active", "message": "x"},
            "Call": {"status": "inactive"},
            "FB": {"status": "permanent"},
            "Email": {"status": "inactive"},
        }
    )
    assert opt_out_body(shown) == {
        "dndSettings": {
            "Email": {"status": "active"},
            "SMS": {"status": "active"},
            "FB": {"status": "permanent"},
        }
    }
    assert opt_out_body(contact(), CHANNELS_V3) == {"dndSettings": {"email": {"status": "active"}}}


@pytest.mark.parametrize("status", ["active", "permanent"])
def test_an_opt_out_that_holds_already_is_not_written(status: str) -> None:
    assert opt_out_body(contact(dndSettings={"Email": {"status": status}})) is None
