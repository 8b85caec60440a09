"""HighLevelActivities, call by call: what is sent, what is believed, and what is refused before it leaves."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from landbridge.sync.model import ACTIVITIES, Kind
from landbridge.systems.base import (
    Forbidden,
    Gone,
    Grant,
    Malformed,
    Rejected,
    SystemFailure,
    Unavailable,
)
from landbridge.systems.highlevel.client import HighLevelSystem, open_highlevel
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.http import HttpConfig
from landbridge.systems.memory import MemoryGrants
from landbridge.systems.quota import Quota
from systems_fakes import InstantClock, Reply, TinyServer, answer, hang_up, page, tiny_server

TASK = {
    "id": "t1",
    "title": "Call Ada",
    "body": "<p>Soon</p>",
    "dueDate": "2026-11-25T09:00:00.000Z",
    "completed": False,
    "contactId": "c1",
}
FOUND = {
    "_id": "t1",
    "title": "Call Ada",
    "body": None,
    "dueDate": "2026-11-25T09:00:00.999Z",
    "completed": True,
    "contactId": "c1",
    "assignedTo": "u1",
    "dateUpdated": "2026-11-20T10:00:00.000Z",
    "searchAfter": [1, "t1"],
}
EVENT = {
    "id": "e1",
    "title": "Showing",
    "calendarId": "k1",
    "contactId": "c1",
    "appointmentStatus": "confirmed",
    "address": "118 Elm St",
    "startTime": "2026-11-25T03:00:00-06:00",
    "endTime": "2026-11-25T04:00:00-06:00",
    "dateUpdated": "2026-11-20T10:00:00.000Z",
}
GONE = answer({"statusCode": 400, "message": "Task with id t1 not found"}, 400)
DENIED = answer({"statusCode": 401, "message": "The token is not authorized for this scope."}, 401)


def system_of(url: str, **more: Any) -> HighLevelSystem:
    clock = InstantClock()
    return open_highlevel(
        HighLevelConfig(api_url=url, **more),
        MemoryGrants(Grant(kind="pit", access_token="made-up", location_id="loc1")),
        http=HttpConfig(attempts=1),
        quota=Quota(0, daily=0, clock=clock),
        clock=clock,
        rng=random.Random(1),  # repeatable pauses
    )


@pytest.fixture
async def server() -> AsyncIterator[TinyServer]:
    async with tiny_server(answer({})) as running:
        yield running


@pytest.fixture
async def system(server: TinyServer) -> AsyncIterator[HighLevelSystem]:
    made = system_of(server.url)
    yield made
    await made.close()


async def test_a_task_of_the_search_is_read_with_its_own_names(
    system: HighLevelSystem, server: TinyServer
) -> None:
    server.says(answer({"tasks": [FOUND, FOUND | {"_id": "t2", "deleted": True}]}))
    first, second = (await system.activities.listing(Kind.TASK)).records
    assert (first.id, first.contact_id, first.changed_at) == ("t1", "c1", "2026-11-20T10:00:00.000Z")
    assert first.fields == {
        "title": "Call Ada",
        "body": "",
        "due": "2026-11-25T09:00:00Z",
        "completed": "1",
        "assigned_to": "u1",
    }
    assert (first.deleted, second.deleted) == (False, True)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/locations/loc1/tasks/search")
    assert seen.json == {"limit": 100, "skip": 0}
    assert seen.headers["version"] == "2021-07-28"


async def test_tasks_of_nobody_are_left_out_and_counted(server: TinyServer) -> None:
    system = system_of(server.url, task_page_size=2)
    nobody = {"_id": "t0", "title": "Buy coffee", "contactId": None}
    server.says(answer({"tasks": [nobody, FOUND]}), answer({"tasks": [FOUND | {"_id": "t3"}]}))
    page_one = await system.activities.listing(Kind.TASK)
    assert [one.id for one in page_one.records] == ["t1"]
    page_two = await system.activities.listing(Kind.TASK, page_one.cursor)
    assert ([one.id for one in page_two.records], page_two.cursor) == (["t3"], None)
    assert server.seen[1].json == {"limit": 2, "skip": 2}
    await system.close()


async def test_a_search_that_takes_no_notice_of_skip_does_not_go_round_for_ever(server: TinyServer) -> None:
    system = system_of(server.url, task_page_size=1)
    server.says(answer({"tasks": [FOUND]}))
    cursor = (await system.activities.listing(Kind.TASK)).cursor
    with pytest.raises(Malformed, match="repeat"):
        await system.activities.listing(Kind.TASK, cursor)
    await system.close()


@pytest.mark.parametrize("kind", [Kind.TASK, Kind.APPOINTMENT])
@pytest.mark.parametrize("cursor", ["", "x", "[]", '["a", 1]', "[7,[]]", "null"])
async def test_a_place_that_cannot_be_read_is_an_error(
    system: HighLevelSystem, server: TinyServer, kind: Kind, cursor: str
) -> None:
    with pytest.raises(Malformed, match="place"):
        await system.activities.listing(kind, cursor)
    assert server.seen == []


async def test_a_window_is_asked_in_milliseconds_as_text(server: TinyServer) -> None:
    system = system_of(server.url, calendar_window=(1000, 2000))
    server.says(answer({"calendars": [{"id": "k1"}, {"id": "k2"}]}), answer({"events": [EVENT]}))
    first = await system.activities.listing(Kind.APPOINTMENT)
    second = await system.activities.listing(Kind.APPOINTMENT, first.cursor)
    assert second.cursor is None
    window = "startTime=1000&endTime=2000"
    assert [seen.path for seen in server.seen] == [
        "/calendars/?locationId=loc1",
        f"/calendars/events?locationId=loc1&calendarId=k1&{window}",
        f"/calendars/events?locationId=loc1&calendarId=k2&{window}",
    ]
    await system.close()


async def test_a_location_without_calendars_is_one_call(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"calendars": []}))
    found = await system.activities.listing(Kind.APPOINTMENT)
    assert (list(found.records), found.cursor, len(server.seen)) == ([], None, 1)


@pytest.mark.parametrize(
    ("configured", "sent"), [("2021-07-28", "2021-04-15"), ("2023-02-21", "2021-04-15"), ("v3", "v3")]
)
async def test_calendars_are_asked_in_their_own_version(
    server: TinyServer, configured: str, sent: str
) -> None:
    system = system_of(server.url, version=configured)
    server.says(answer({"appointment": EVENT}))
    await system.activities.one(Kind.APPOINTMENT, "c1", "e1")
    await system.activities.update(Kind.APPOINTMENT, "c1", "e1", {"title": "Closing"})
    server.script[:] = [answer({"id": "e9"})]
    await system.activities.create(
        Kind.APPOINTMENT, "c1", {"start": "2026-11-25T09:00:00Z", "calendar": "k1"}
    )
    server.script[:] = [answer({"succeeded": True}, 201)]
    await system.activities.delete(Kind.APPOINTMENT, "c1", "e1")
    assert {seen.headers["version"] for seen in server.seen} == {sent}
    assert len(server.seen) == 4
    await system.close()


@pytest.mark.parametrize("key", ["appointment", "event"])
async def test_an_appointment_comes_under_either_name_and_in_utc(
    system: HighLevelSystem, server: TinyServer, key: str
) -> None:
    server.says(answer({key: EVENT | {"rrule": "FREQ=WEEKLY", "masterEventId": "e0", "notes": "Bring keys"}}))
    shown = await system.activities.one(Kind.APPOINTMENT, "c1", "e1")
    assert shown.fields == {
        "title": "Showing",
        "start": "2026-11-25T09:00:00Z",
        "end": "2026-11-25T10:00:00Z",
        "location": "118 Elm St",
        "status": "confirmed",
        "calendar": "k1",
        "notes": "Bring keys",
        "recurrence": "FREQ=WEEKLY",
        "series": "e0",
    }


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ({"appointmentStatus": "NoShow"}, "noshow"),
        ({"appointmentStatus": None, "appoinmentStatus": "showed"}, "showed"),
        ({"appointmentStatus": "rescheduled"}, None),
    ],
)
async def test_a_status_is_one_of_ours_or_unknown(
    system: HighLevelSystem, server: TinyServer, shown: dict[str, Any], status: str | None
) -> None:
    server.says(answer({"appointment": EVENT | shown}))
    found = await system.activities.one(Kind.APPOINTMENT, "c1", "e1")
    assert found.fields.get("status") == status


@pytest.mark.parametrize("bad", ["2026-11-25 09:00:00", "2026-11-25T09:00:00", "tomorrow", 12, True])
async def test_a_time_without_an_offset_is_unknown_and_not_guessed(
    system: HighLevelSystem, server: TinyServer, bad: object
) -> None:
    server.says(answer({"appointment": EVENT | {"startTime": bad}}))
    found = await system.activities.one(Kind.APPOINTMENT, "c1", "e1")
    assert "start" not in found.fields
    server.says(answer({"task": TASK | {"dueDate": bad}}))
    assert "due" not in (await system.activities.one(Kind.TASK, "c1", "t1")).fields


async def test_of_a_contact_only_zone_less_appointments_are_read_again(
    system: HighLevelSystem, server: TinyServer
) -> None:
    plain = EVENT | {"id": "e2", "startTime": "2026-11-25 03:00:00", "endTime": "2026-11-25 04:00:00"}
    server.says(answer({"events": [EVENT, plain]}), answer({"appointment": EVENT | {"id": "e2"}}))
    found = await system.activities.of_contact(Kind.APPOINTMENT, "c1")
    assert [(one.id, one.fields["start"]) for one in found] == [
        ("e1", "2026-11-25T09:00:00Z"),
        ("e2", "2026-11-25T09:00:00Z"),
    ]
    paths = [seen.path for seen in server.seen]
    assert paths == ["/contacts/c1/appointments", "/calendars/events/appointments/e2"]
    server.says(answer({"events": [plain]}), answer({"statusCode": 400, "message": "not found"}, 400))
    assert await system.activities.of_contact(Kind.APPOINTMENT, "c1") == []


async def test_a_note_tells_who_wrote_it_and_when(system: HighLevelSystem, server: TinyServer) -> None:
    shown = {"id": "n1", "body": "<b>Hi</b>", "userId": None, "dateAdded": "2026-11-25T03:00:00.250-06:00"}
    server.says(answer({"notes": [shown]}))
    (one,) = await system.activities.of_contact(Kind.NOTE, "c1")
    assert one.fields == {"body": "<b>Hi</b>", "author": "", "made_at": "2026-11-25T09:00:00Z"}
    assert (one.contact_id, one.changed_at) == ("c1", "")


async def test_a_task_is_created_with_what_highlevel_demands(
    system: HighLevelSystem, server: TinyServer
) -> None:
    server.says(answer({"task": TASK}, 201))
    fields = {"title": "Call Ada", "due": "2026-11-25T03:00:00-06:00"}
    assert await system.activities.create(Kind.TASK, "c1", fields) == "t1"
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/contacts/c1/tasks")
    assert seen.json == {"title": "Call Ada", "dueDate": "2026-11-25T09:00:00Z", "completed": False}


async def test_an_appointment_is_booked_without_a_word_to_anybody(
    system: HighLevelSystem, server: TinyServer
) -> None:
    server.says(answer(EVENT, 201))
    fields = {"title": "Showing", "start": "2026-11-25T09:00:00Z", "location": "", "calendar": "k1"}
    assert await system.activities.create(Kind.APPOINTMENT, "c1", fields) == "e1"
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/calendars/events/appointments")
    assert seen.json == {
        "calendarId": "k1",
        "locationId": "loc1",
        "contactId": "c1",
        "title": "Showing",
        "startTime": "2026-11-25T09:00:00Z",
        "ignoreFreeSlotValidation": True,
        "toNotify": False,
    }


async def test_an_appointment_is_changed_without_a_word_and_without_its_contact(
    system: HighLevelSystem, server: TinyServer
) -> None:
    server.says(answer(EVENT))
    await system.activities.update(Kind.APPOINTMENT, "c1", "e1", {"status": "cancelled", "location": ""})
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("PUT", "/calendars/events/appointments/e1")
    quiet = {"ignoreFreeSlotValidation": True, "toNotify": False}
    assert seen.json == {"appointmentStatus": "cancelled", "address": ""} | quiet


async def test_only_the_end_of_an_appointment_is_sent_with_its_start(
    system: HighLevelSystem, server: TinyServer
) -> None:
    server.says(answer({"appointment": EVENT}))
    await system.activities.update(Kind.APPOINTMENT, "c1", "e1", {"end": "2026-11-25T11:00:00Z"})
    assert [seen.method for seen in server.seen] == ["GET", "PUT"]
    sent = server.seen[1].json
    assert isinstance(sent, dict)
    assert (sent["startTime"], sent["endTime"]) == ("2026-11-25T09:00:00Z", "2026-11-25T11:00:00Z")


@pytest.mark.parametrize(
    ("fields", "path", "sent"),
    [
        ({"completed": "1"}, "/contacts/c1/tasks/t1/completed", {"completed": True}),
        ({"completed": "0"}, "/contacts/c1/tasks/t1/completed", {"completed": False}),
        ({"body": "", "completed": "1"}, "/contacts/c1/tasks/t1", {"body": "", "completed": True}),
        ({"title": "Call"}, "/contacts/c1/tasks/t1", {"title": "Call"}),
    ],
)
async def test_a_task_is_changed_field_by_field(
    system: HighLevelSystem, server: TinyServer, fields: dict[str, str], path: str, sent: dict[str, Any]
) -> None:
    server.says(answer({"task": TASK}))
    await system.activities.update(Kind.TASK, "c1", "t1", fields)
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.json) == ("PUT", path, sent)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (Kind.TASK, {"title": "x"}, "no task without a due date"),
        (Kind.TASK, {"due": "2026-11-25T09:00:00Z"}, "no task without a title"),
        (Kind.TASK, {"title": "x", "due": "2026-11-25"}, "due of this task is no time"),
        (Kind.TASK, {"title": "x", "due": "2026-11-25T09:00:00Z", "completed": "yes"}, "neither 1 nor 0"),
        (Kind.NOTE, {}, "no note without a text"),
        (Kind.APPOINTMENT, {"start": "2026-11-25T09:00:00Z"}, "without a calendar"),
        (Kind.APPOINTMENT, {"calendar": "k1"}, "without a start"),
        (Kind.APPOINTMENT, {"calendar": "k1", "start": "soon"}, "start of this appointment is no time"),
        (
            Kind.APPOINTMENT,
            {"calendar": "k1", "start": "2026-11-25T09:00:00Z", "status": "completed"},
            "does not take this status",
        ),
    ],
)
async def test_what_highlevel_would_refuse_is_refused_with_a_fix(
    system: HighLevelSystem, server: TinyServer, kind: Kind, fields: dict[str, str], words: str
) -> None:
    with pytest.raises(Rejected, match=words) as caught:
        await system.activities.create(kind, "c1", fields)
    assert (caught.value.sent, server.seen) == ("no", [])
    assert caught.value.fix != Rejected.fix


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Kind.TASK, {"due": ""}),
        (Kind.TASK, {"title": " "}),
        (Kind.NOTE, {"body": ""}),
        (Kind.APPOINTMENT, {"start": ""}),
        (Kind.APPOINTMENT, {"end": ""}),
        (Kind.APPOINTMENT, {"calendar": "k2"}),
    ],
)
async def test_what_must_be_there_is_not_cleared(
    system: HighLevelSystem, server: TinyServer, kind: Kind, fields: dict[str, str]
) -> None:
    with pytest.raises(Rejected):
        await system.activities.update(kind, "c1", "x1", fields)
    assert server.seen == []


async def test_v3_takes_its_further_statuses(server: TinyServer) -> None:
    system = system_of(server.url, version="v3")
    server.says(answer(EVENT))
    await system.activities.update(Kind.APPOINTMENT, "c1", "e1", {"status": "completed"})
    assert len(server.seen) == 1
    await system.close()


@pytest.mark.parametrize("kind", ACTIVITIES)
@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (GONE, Gone),
        (answer({"statusCode": 404, "message": "not found"}, 404), Gone),
        (page("Not found", 404), Malformed),
        (DENIED, Forbidden),
        (answer({"statusCode": 422, "message": ["dueDate must be a date"]}, 422), Rejected),
        (answer({}, 503), Unavailable),
        (answer({}), Malformed),
        (answer({"task": TASK | {"id": "t2"}, "note": {"id": "t2"}, "appointment": EVENT}), Malformed),
        (answer({"task": None, "note": None, "appointment": None}), Malformed),
        (answer([]), Malformed),
        (page("Welcome"), Malformed),
        (hang_up, Unavailable),
    ],
)
async def test_only_proof_makes_gone(
    system: HighLevelSystem, server: TinyServer, kind: Kind, reply: Reply, failure: type[SystemFailure]
) -> None:
    server.says(reply)
    with pytest.raises(failure) as caught:
        await system.activities.one(kind, "c1", "t1")
    assert type(caught.value) is failure


@pytest.mark.parametrize("kind", ACTIVITIES)
@pytest.mark.parametrize("reply", [answer({}), answer({"task": {"id": ""}}), page("Welcome"), hang_up, GONE])
async def test_a_create_without_a_good_answer_is_unknown(
    system: HighLevelSystem, server: TinyServer, kind: Kind, reply: Reply
) -> None:
    server.says(reply)
    fields = {
        Kind.TASK: {"title": "x", "due": "2026-11-25T09:00:00Z"},
        Kind.NOTE: {"body": "x"},
        Kind.APPOINTMENT: {"calendar": "k1", "start": "2026-11-25T09:00:00Z"},
    }
    with pytest.raises(SystemFailure) as caught:
        await system.activities.create(kind, "c1", fields[kind])
    assert caught.value.sent == "maybe"
    assert not isinstance(caught.value, Gone)
    assert len(server.seen) == 1


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_a_delete_believes_what_the_answer_says(
    system: HighLevelSystem, server: TinyServer, kind: Kind
) -> None:
    for reply in (answer({"succeded": True}), answer({"succeeded": True}, 201), GONE):
        server.says(reply)
        await system.activities.delete(kind, "c1", "x1")
        assert [seen.method for seen in server.seen] == ["DELETE"]
        assert server.seen[0].body == (b"{}" if kind is Kind.APPOINTMENT else b"")
    for name in ("succeded", "succeeded"):
        server.says(answer({name: False}))
        with pytest.raises(Rejected, match="did not succeed"):
            await system.activities.delete(kind, "c1", "x1")


@pytest.mark.parametrize("name", ["succeded", "succeeded"])
async def test_a_contact_whose_update_did_not_succeed_is_told_in_either_spelling(
    system: HighLevelSystem, server: TinyServer, name: str
) -> None:
    server.says(answer({name: False}))
    with pytest.raises(Rejected, match="did not succeed"):
        await system.update("c1", {"city": "Golden"})


async def test_an_event_that_says_it_was_deleted_is_gone(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"appointment": EVENT | {"deleted": True}}))
    with pytest.raises(Gone, match="deleted"):
        await system.activities.one(Kind.APPOINTMENT, "c1", "e1")
    with pytest.raises(Gone):  # read for its start, before anything is written
        await system.activities.update(Kind.APPOINTMENT, "c1", "e1", {"end": "2026-11-25T11:00:00Z"})


async def test_users_that_may_not_be_read_are_nobody(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"users": [{"id": "u1", "name": "Dana Example"}, {"id": "u2"}]}))
    assert await system.activities.people() == {"u1": "Dana Example", "u2": ""}
    assert server.seen[0].path == "/users/?locationId=loc1"
    server.says(DENIED)
    assert await system.activities.people() == {}
    server.says(answer({}, 503))
    with pytest.raises(Unavailable):
        await system.activities.people()
