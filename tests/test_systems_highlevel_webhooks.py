"""Signatures, limits and the table of events: what of a delivery is believed, and what it names."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.systems.highlevel.events import EVENT_TYPES, EventType, Meaning, Names
from landbridge.systems.highlevel.webhooks import DEEPEST, LARGEST, Event, Flaw, Keys, NotAccepted, read_event
from webhook_posts import (
    CONTACT,
    LOCATION,
    NOW,
    body,
    ed25519,
    legacy,
    public,
    signed,
    signed_legacy,
)

RAW = body()
BOTH = Keys([public(ed25519())], [public(legacy())])


def flaw(raw: bytes) -> Flaw | None:
    try:
        read_event(raw)
    except NotAccepted as error:
        return error.flaw
    return None


def passes(keys: Keys, raw: bytes, headers: dict[str, str]) -> bool:
    try:
        keys.check(raw, headers)
    except NotAccepted as error:
        assert error.flaw is Flaw.FORGED
        return False
    return True


OTHER = ed25519("other")
MATRIX = [
    ("current", BOTH, signed(RAW), True),
    ("legacy", BOTH, signed_legacy(RAW), True),
    ("both", BOTH, signed(RAW) | signed_legacy(RAW), True),
    ("none", BOTH, {}, False),
    ("blank", BOTH, {"x-ghl-signature": "", "x-wh-signature": ""}, False),
    ("current of another key", BOTH, signed(RAW, OTHER), False),
    ("legacy of another key", BOTH, signed_legacy(RAW, legacy("other")), False),
    (
        "a wrong current one is not saved by a right legacy one",
        BOTH,
        signed(b"x") | signed_legacy(RAW),
        False,
    ),
    ("a right current one needs no legacy one", BOTH, signed(RAW) | signed_legacy(b"x"), True),
    ("not base64", BOTH, {"x-ghl-signature": "§§§"}, False),
    ("not base64 is not saved either", BOTH, {"x-ghl-signature": "§"} | signed_legacy(RAW), False),
    ("too short", BOTH, {"x-ghl-signature": "AAAA"}, False),
    ("N/A counts as none", BOTH, {"x-ghl-signature": "N/A"} | signed_legacy(RAW), True),
    ("N/A alone", BOTH, {"x-ghl-signature": "N/A"}, False),
    ("N/A in both", BOTH, {"x-ghl-signature": "N/A", "x-wh-signature": "N/A"}, False),
    ("no key for the current one", Keys([], [public(legacy())]), signed(b"x") | signed_legacy(RAW), True),
    ("no key for the legacy one", Keys([public(ed25519())]), signed_legacy(RAW), False),
    ("no keys", Keys(), signed(RAW) | signed_legacy(RAW), False),
    ("second of two", Keys([public(OTHER), public(ed25519())]), signed(RAW), True),
    ("second legacy of two", Keys([], [public(legacy("other")), public(legacy())]), signed_legacy(RAW), True),
]


@pytest.mark.parametrize(
    ("keys", "headers", "good"), [row[1:] for row in MATRIX], ids=[row[0] for row in MATRIX]
)
def test_which_signatures_are_accepted(keys: Keys, headers: dict[str, str], good: bool) -> None:
    assert passes(keys, RAW, headers) is good


@pytest.mark.parametrize("sign", [signed, signed_legacy])
def test_every_altered_byte_is_noticed(sign: object) -> None:
    headers = signed(RAW) if sign is signed else signed_legacy(RAW)
    for place in range(len(RAW)):
        altered = RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :]
        assert not passes(BOTH, altered, headers)
    for altered in (RAW + b" ", RAW[:-1], json.dumps(json.loads(RAW), indent=1).encode()):
        assert not passes(BOTH, altered, headers)


@pytest.mark.parametrize("text", ["", "%%%", "AAAA", public(legacy())])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Keys([text])
    with pytest.raises(ValueError, match="key"):
        Keys(rsa=[text if text != public(legacy()) else public(ed25519())])


def test_a_contact_event_names_the_contact() -> None:
    raw = body(
        companyId="co1", appId="app1", email="ada@example.com", customFields=[{"id": "f", "value": [1]}]
    )
    webhook_id = "00000000-0000-4000-8000-000000000001"
    assert read_event(raw) == Event(
        webhook_id,
        "ContactUpdate",
        LOCATION,
        "co1",
        "app1",
        Names.CONTACT,
        CONTACT,
        CONTACT,
        Meaning.LOOK,
        NOW - 2,
    )
    assert not read_event(raw).urgent
    assert read_event(body("ContactDndUpdate")).urgent


def test_notes_and_tasks_name_themselves_and_their_contact_where_it_is_known() -> None:
    note = read_event(body("NoteUpdate", id="n1", contactId="c1"))
    assert (note.kind, note.record_id, note.contact_id) == (Names.NOTE, "n1", "c1")
    thin = read_event(body("TaskCreate", id="t1"))
    assert (thin.kind, thin.record_id, thin.contact_id) == (Names.TASK, "t1", "")


@pytest.mark.parametrize("type_", ["AppointmentCreate", "AppointmentDelete", "AppointmentMoved", None])
def test_an_appointment_is_one_whatever_its_type_says(type_: str | None) -> None:
    event = read_event(body(type_, id=None, appointment={"id": "a1", "contactId": "c1"}))
    assert (event.kind, event.record_id, event.contact_id) == (Names.APPOINTMENT, "a1", "c1")


def test_installs_and_locations_name_the_location() -> None:
    gone = read_event(body("UNINSTALL", id=None, webhookId=None, timestamp=None))
    assert (gone.kind, gone.record_id, gone.meaning, gone.at) == (
        Names.INSTALL,
        LOCATION,
        Meaning.ENDED,
        None,
    )
    moved = read_event(body("LocationUpdate", locationId=None, id="loc2"))
    assert (moved.kind, moved.location_id, moved.record_id) == (Names.LOCATION, "loc2", "loc2")
    agency = read_event(body("INSTALL", id=None, locationId=None, companyId="co1"))
    assert (agency.location_id, agency.company_id) == ("", "co1")


def test_without_a_webhook_id_the_same_body_is_the_same_delivery() -> None:
    one, again, other = (read_event(body(webhookId=None, firstName=name)) for name in ("A", "A", "B"))
    assert one.webhook_id == again.webhook_id != other.webhook_id
    assert len(one.webhook_id) <= 64


@pytest.mark.parametrize("type_", ["InboundMessage", "OpportunityUpdate", "SomethingNew", None])
def test_other_events_name_nothing(type_: str | None) -> None:
    event = read_event(body(type_, contactId="c1"))
    assert (event.kind, event.contact_id, event.meaning) == (Names.NOTHING, "c1", Meaning.NONE)


WRONG = [
    b"",
    b"null",
    b"[]",
    b'"ContactUpdate"',
    b"{",
    b'{"type": "ContactUpdate"',
    RAW + b"x",
    body(id=7),
    body(id=["x"]),
    body(id=None),
    body(id=""),
    body(id="../../contacts"),
    body(id="x" * 65),
    body(id="x\u0000"),
    body(id="x\n"),
    body(locationId=1),
    body(locationId={"$ne": ""}),
    body(webhookId=False),
    body(webhookId="<script>"),
    body(timestamp=1_795_435_200),
    body(timestamp="yesterday"),
    body(timestamp="2026-13-01T00:00:00Z"),
    body(appId=[]),
    body(companyId=1.5),
    body("x" * 61),
    body(contactId=3),
    body("AppointmentUpdate", id=None),
    body("AppointmentUpdate", appointment={"contactId": "c1"}),
    body("AppointmentUpdate", appointment=[]),
    body("NoteCreate", id=None),
    RAW.replace(b'"ContactUpdate"', b"4"),
]


@pytest.mark.parametrize("raw", WRONG)
def test_a_body_that_is_not_as_documented_is_malformed(raw: bytes) -> None:
    assert flaw(raw) is Flaw.MALFORMED


def test_size_and_depth_are_checked_before_anything_is_parsed() -> None:
    assert flaw(b" " * (LARGEST + 1)) is Flaw.OVERSIZED
    assert flaw(body(filler="x" * (LARGEST - 500))) is None
    deepest = json.loads("[" * (DEEPEST - 1) + "]" * (DEEPEST - 1))
    assert flaw(body(nested=deepest)) is None
    assert flaw(body(nested=[deepest])) is Flaw.DEEP
    assert flaw(b"[" * LARGEST) is Flaw.DEEP
    assert flaw(b'{"a":' * 1_000) is Flaw.DEEP


def test_brackets_inside_of_a_text_are_no_depth() -> None:
    assert flaw(body(note="[" * 1_000, other='"[\\' * 100, last="\\")) is None


@pytest.mark.parametrize(
    "raw", [b'"' * LARGEST, b'\\"' * (LARGEST // 2), b'"' + b'\\"' * 130_000 + b"\\", b"[]" * 130_000]
)
def test_the_scan_for_depth_takes_time_in_proportion_to_the_body(raw: bytes) -> None:
    assert flaw(raw[:LARGEST]) is Flaw.MALFORMED  # a scan that goes back would take minutes


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    flaw(raw)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "type",
    "id",
    "contactId",
    "locationId",
    "companyId",
    "appId",
    "webhookId",
    "timestamp",
    "appointment",
)


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES), st.sampled_from(EVENT_TYPES))
def test_no_wrong_field_raises_anything_else(fields: dict[str, object], event: EventType) -> None:
    flaw(json.dumps({"type": event.type} | fields).encode())


def test_there_are_64_events_each_with_its_own_name_and_type() -> None:
    assert len(EVENT_TYPES) == len({event.name for event in EVENT_TYPES}) == 64
    assert len({event.type for event in EVENT_TYPES}) == 64
    assert Counter(event.names for event in EVENT_TYPES) == {
        Names.CONTACT: 5,
        Names.NOTE: 3,
        Names.TASK: 3,
        Names.APPOINTMENT: 3,
        Names.LOCATION: 2,
        Names.INSTALL: 2,
        Names.NOTHING: 46,
    }
    assert [event.name for event in EVENT_TYPES if event.meaning is Meaning.OPT_OUT] == ["ContactDndUpdate"]
    assert [event.name for event in EVENT_TYPES if event.meaning is Meaning.ENDED] == ["AppUninstall"]
    assert all((event.meaning is Meaning.NONE) == (event.names is Names.NOTHING) for event in EVENT_TYPES)
    assert max(len(event.type) for event in EVENT_TYPES) <= 60
