"""Bytes and texts that a stranger, a broken server or a bad day could send: the inputs of ``make fuzz``."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

CANARY = "canary-7f3a@example.com"  # stands in every sample; no error of ours may repeat it

TEXTS = [
    "",
    " ",
    CANARY,
    "²",
    "١٢٣",
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "true",
    "null",
    "0",
    "1",
    "\x00",
    "\u2028",
    "{{x}}",
    "{0.__class__}",
    "%s%n",
    "../../etc/passwd",
    "a" * 300,
    "=1+1",
    "<b>x</b>",
    "&#x41;",
    "🏡" * 40,
    "\ud7ff",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30",
    "2026-11-25T09:00:00Z",
    "24:00",
    "0000-00-00 00:00:00",
    "1000000000000000000000",
    "-0",
    "https://x/?y#z",
    "\r\nSet-Cookie: a=b",
]
texts = st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8"), max_size=20)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, 1e308, 1e-308, 0.1, -0.0])
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)

NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"[" * 20_000,
    b'{"a":' * 5_000,
    b"\xff\xfe",
    b"<html><body>busy</body></html>",
    b"nul",
    b"0x1",
    b'"\\ud800"',
    b'{"id":"\\udc00"}',
    b"NaN",
    b"-",
    b"1e400",
    b'{"a":1,"a":2}',
    b"\xef\xbb\xbf{}",
    b"[1,]",
    b"1" * 5000,
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something in a JSON value can be replaced."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in steps:
        yield from _places(inner, (*path, key))


@st.composite
def altered(draw: st.DrawFn, samples: Sequence[Any]) -> Any:
    """One of the samples with up to four of its parts replaced, left out, doubled or put into a list."""
    whole = {"": copy.deepcopy(draw(st.sampled_from(samples)))}
    for _ in range(draw(st.integers(0, 4))):
        path = draw(st.sampled_from(list(_places(whole))[1:] or [("",)]))
        place: Any = whole
        for key in path[:-1]:
            place = place[key]
        match draw(st.sampled_from(["replace", "replace", "leave out", "double", "wrap"])):
            case "leave out" if len(path) > 1:
                del place[path[-1]]
            case "double" if isinstance(place, list):
                place.append(copy.deepcopy(place[path[-1]]))
            case "wrap":
                place[path[-1]] = [place[path[-1]]]
            case _:
                place[path[-1]] = draw(values)
    return whole[""]


def bodies(*samples: Any) -> st.SearchStrategy[bytes]:
    """Bodies: mostly like a sample, else any JSON, else no JSON, else cut off."""
    like = altered(samples).map(lambda value: json.dumps(value, ensure_ascii=False).encode())
    other = (
        values.map(lambda value: json.dumps(value).encode())
        | st.sampled_from(NOT_JSON)
        | st.binary(max_size=60)
    )
    return st.one_of(
        like, like, like, other, st.builds(lambda body, at: body[:at], like, st.integers(0, 200))
    )


_CONTACT = {
    "id": "c1",
    "firstName": CANARY,
    "lastName": "Byron",
    "email": CANARY,
    "phone": "+13035550100",
    "address1": "12 Elm St",
    "dateOfBirth": "1990-01-02T00:00:00.000Z",
    "additionalEmails": [{"email": CANARY}],
    "additionalPhones": ["+1"],
    "customFields": [{"id": "f1", "value": ["a", 1]}, {"id": "f2", "fieldValue": 1.0}],
    "tags": ["buyer"],
    "dnd": False,
    "dndSettings": {"Email": {"status": "inactive"}, "SMS": {"status": "active"}},
    "dateUpdated": "2026-11-23T11:59:58.000Z",
    "searchAfter": [1, "c1"],
    "locationId": "loc1",
    "assignedTo": None,
    "businessId": "b1",
}
_TASK = {
    "id": "t1",
    "_id": "t1",
    "title": CANARY,
    "body": CANARY,
    "dueDate": "2026-11-25T09:00:00.000Z",
    "completed": False,
    "contactId": "c1",
    "dateUpdated": "2026-11-25T09:00:00.000Z",
    "searchAfter": [1, "t1"],
    "deleted": False,
}
_NOTE = {
    "id": "n1",
    "body": f"<p>{CANARY}</p>",
    "userId": "u1",
    "dateAdded": "2026-11-25T09:00:00Z",
    "contactId": "c1",
}
_EVENT = {
    "id": "e1",
    "title": CANARY,
    "calendarId": "cal1",
    "contactId": "c1",
    "appointmentStatus": "confirmed",
    "appoinmentStatus": "confirmed",
    "address": "x",
    "startTime": "2026-11-25T09:00:00-07:00",
    "rrule": "FREQ=DAILY",
    "endTime": "2026-11-25T10:00:00-07:00",
    "dateUpdated": "2026-11-25T09:00:00Z",
    "deleted": False,
    "notes": CANARY,
}
HIGHLEVEL = {
    **_EVENT,
    "contact": _CONTACT,
    "contacts": [_CONTACT],
    "total": 1,
    "tasks": [_TASK],
    "task": _TASK,
    "notes": [_NOTE],
    "note": _NOTE,
    "events": [_EVENT],
    "appointment": _EVENT,
    "event": _EVENT,
    "tag": {"id": "g1", "name": "buyer"},
    "tags": [{"id": "g1", "name": "buyer"}],
    "customFields": [{"id": "f1", "name": "Kind", "dataType": "TEXT"}],
    "customField": {"id": "f1"},
    "location": {
        "id": "loc1",
        "name": "Harbor",
        "timezone": "America/Denver",
        "country": "US",
        "companyId": "co1",
        "settings": {"allowDuplicateContact": True},
    },
    "users": [{"id": "u1", "name": CANARY}],
    "calendars": [{"id": "cal1", "name": "Main"}],
    "succeded": True,
    "statusCode": 200,
    "message": CANARY,
    "error": None,
    "meta": {"contactId": "c1", "matchingField": "email"},
    "traceId": "trace-1",
    "access_token": "token-a",
    "count": 1,
    "refresh_token": "token-r",
    "expires_in": 86_399,
    "scope": "contacts.readonly contacts.write",
    "userType": "Location",
    "locationId": "loc1",
    "authorizationCode": "code",
    "name": "x",
}
"""One body that answers every route at once: each decoder takes its own part and passes over the rest."""

REFUSAL = {
    "statusCode": 400,
    "message": [CANARY, "This location does not allow duplicated contacts."],
    "error": "Bad",
    "meta": {"contactId": "c1"},
    "traceId": "trace-1",
}

_ROW = {
    "contact_id": "90112",
    "contact_name": CANARY,
    "contact_email": CANARY,
    "contact_self": "0",
    "contact_unsubscribe": "0",
    "contact_phone_mobile": "303-555-0100",
    "list_id": "7",
    "list_name": "Buyers",
    "list_type": "0",
    "status": "200",
    "contacttolist_id": "3",
    "task_id": "5",
    "note_id": "6",
    "appointment_id": "8",
    "task_title": CANARY,
    "task_due": "2026-11-25 09:00:00",
    "task_completed": "0",
    "note_body": CANARY,
    "message": CANARY,
}
REZORA = [{**_ROW, "contact_self": "1", "contact_id": "1"}, _ROW]
"""The same for Rezora; the account's own contact is among them, as in every whole listing."""

EVENT = {
    "type": "ContactUpdate",
    "locationId": "loc00000000000000001",
    "webhookId": "00000000-0000-4000-8000-000000000001",
    "timestamp": "2026-11-23T11:59:58.000Z",
    "id": "con00000000000000001",
    "contactId": "con1",
    "companyId": "co1",
    "appId": "app1",
    "email": CANARY,
    "firstName": CANARY,
    "appointment": {"id": "e1", "contactId": "c1"},
    "tags": [CANARY],
    "dndSettings": {"Email": {"status": "active"}},
}

ODD_HEADERS = {
    "content-type": ["application/json", "text/html", "", "application/problem+json; charset=x", "JSON"],
    "retry-after": [
        "",
        "2",
        "-1",
        "²",
        "99999999999",
        "Wed, 99 Foo 2026 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 -2359",
    ],
    "x-ratelimit-remaining": ["0", "96", "-1", "x", "9" * 30],
    "x-ratelimit-max": ["100", "1", "0", "²", "9" * 15],
    "x-ratelimit-interval-milliseconds": ["10000", "0", "9" * 15],
    "x-ratelimit-limit-daily": ["200000", "1", "0", "9" * 15],
    "x-ratelimit-daily-remaining": ["199999", "0", "9" * 15],
    "x-ratelimit-daily-reset": ["1000", "0", "9" * 15],
}
headers = st.fixed_dictionaries(
    {"content-type": st.sampled_from(["application/json"] * 6 + ODD_HEADERS["content-type"])},
    optional={name: st.sampled_from(found) for name, found in ODD_HEADERS.items() if name != "content-type"},
)
statuses = st.sampled_from(
    [200] * 12 + [201, 204, 301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 599, 999]
)


def answers(*samples: Any) -> st.SearchStrategy[list[tuple[int, dict[str, str], bytes]]]:
    """What a server answers to the first calls; the last one repeats."""
    return st.lists(st.tuples(statuses, headers, bodies(*samples)), min_size=1, max_size=3)
