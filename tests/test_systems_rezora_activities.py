"""RezoraActivities, call by call: the assumed table, wall clocks in one zone, and what proves a deletion."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from landbridge.sync.activity import FIELDS, SHOWN
from landbridge.sync.model import ACTIVITIES, Kind
from landbridge.systems.base import Forbidden, Gone, Malformed, Rejected, SystemFailure, Unavailable
from landbridge.systems.http import HttpConfig
from landbridge.systems.quota import Quota
from landbridge.systems.rezora.activities import RezoraActivities
from landbridge.systems.rezora.assumed import ASSUMED, Column
from landbridge.systems.rezora.client import RezoraSystem
from landbridge.systems.rezora.config import RezoraConfig
from systems_fakes import InstantClock, Reply, TinyServer, answer, hang_up, page, tiny_server

TASK = {
    "task_id": "81001",
    "task_title": "Call Ada",
    "task_body": "<p>Soon</p>",
    "task_due": "2026-11-25 03:00:00",
    "task_completed": "0",
}
NOTE = {"note_id": "82001", "note_body": "<b>Hi</b>", "note_date": "2026-01-05 09:30:00"}
APPOINTMENT = {
    "appointment_id": "83001",
    "appointment_title": "Showing",
    "appointment_start": "2026-11-25 03:00:00",
    "appointment_end": "",
    "appointment_location": "118 Elm St",
    "appointment_status": "confirmed",
}
ROWS: dict[Kind, dict[str, str]] = {Kind.TASK: TASK, Kind.NOTE: NOTE, Kind.APPOINTMENT: APPOINTMENT}
CONTACT = answer([{"contact_id": "55501"}])
DONE = answer([{"status": "200"}])
MISSING = answer([{"status": "404"}], 404)


def system_of(url: str, **more: Any) -> RezoraSystem:
    clock = InstantClock()
    config = {"zone": "America/Chicago"} | more
    return RezoraSystem(
        RezoraConfig(api_url=f"{url}/v1", username="agent", password="made-up-key", **config),
        http=HttpConfig(attempts=1),
        quota=Quota(0, daily=0, clock=clock),
        clock=clock,
        rng=random.Random(1),  # repeatable pauses
    )


@pytest.fixture
async def server() -> AsyncIterator[TinyServer]:
    async with tiny_server(answer([])) as running:
        yield running


@pytest.fixture
async def system(server: TinyServer) -> AsyncIterator[RezoraSystem]:
    made = system_of(server.url)
    yield made
    await made.close()


def row_id(kind: Kind) -> str:
    return ROWS[kind][f"{kind}_id"]


def test_the_table_names_everything_that_is_carried_and_nothing_unknown() -> None:
    assert ASSUMED.keys() == set(ACTIVITIES)
    for kind, sort in ASSUMED.items():
        assert set(FIELDS[kind]) <= sort.columns.keys() <= {*FIELDS[kind], *SHOWN[kind]}
        assert {name for name, column in sort.columns.items() if column.writable} == set(FIELDS[kind])


async def test_times_are_read_on_a_clock_in_the_zone(system: RezoraSystem, server: TinyServer) -> None:
    expected: dict[Kind, Mapping[str, str]] = {
        Kind.TASK: {
            "title": "Call Ada",
            "body": "<p>Soon</p>",
            "due": "2026-11-25T09:00:00Z",
            "completed": "0",
        },
        Kind.NOTE: {"body": "<b>Hi</b>", "made_at": "2026-01-05T15:30:00Z"},
        Kind.APPOINTMENT: {
            "title": "Showing",
            "start": "2026-11-25T09:00:00Z",
            "end": "",
            "location": "118 Elm St",
            "status": "confirmed",
        },
    }
    for kind, fields in expected.items():
        server.says(answer([ROWS[kind]]))
        shown = await system.activities.one(kind, "55501", row_id(kind))
        assert (shown.fields, shown.contact_id, shown.changed_at) == (fields, "55501", "")
        assert server.seen[0].path == f"/v1/contacts/55501/{kind}s/{row_id(kind)}.json"


async def test_times_are_written_as_that_clock_shows_them(system: RezoraSystem, server: TinyServer) -> None:
    for utc, wall in (
        ("2026-03-08T07:30:00Z", "2026-03-08 01:30:00"),
        ("2026-03-08T08:30:00Z", "2026-03-08 03:30:00"),
        ("2026-11-01T06:30:00Z", "2026-11-01 01:30:00"),
        ("2026-11-01T07:30:00Z", "2026-11-01 01:30:00"),
        ("2026-11-01T08:30:00Z", "2026-11-01 02:30:00"),
        ("", ""),
    ):
        server.says(DONE)
        await system.activities.update(Kind.APPOINTMENT, "55501", "83001", {"start": utc})
        assert server.seen[0].json == {"data": {"appointment_start": wall}}


async def test_without_a_zone_the_clock_is_that_of_utc(server: TinyServer) -> None:
    system = system_of(server.url, zone="UTC")
    server.says(answer([TASK]))
    assert (await system.activities.one(Kind.TASK, "55501", "81001")).fields["due"] == "2026-11-25T03:00:00Z"
    await system.close()


async def test_an_unknown_time_is_named_and_not_taken_for_none(
    system: RezoraSystem, server: TinyServer
) -> None:
    for value in ("11/25/2026 3:00", "2026-11-25T03:00:00Z", "1767605400"):
        server.says(answer([TASK | {"task_due": value}]))
        with pytest.raises(Malformed, match="task_due that is not YYYY-MM-DD HH:MM:SS") as caught:
            await system.activities.one(Kind.TASK, "55501", "81001")
        assert "docs/activities.md" in caught.value.fix
        assert value not in caught.value.sentence
    server.says(answer([TASK | {"task_completed": "yes"}]))
    with pytest.raises(Malformed, match="task_completed that is not 0 or 1"):
        await system.activities.one(Kind.TASK, "55501", "81001")
    server.says(answer([TASK | {"task_due": "0000-00-00 00:00:00"}]))
    assert (await system.activities.one(Kind.TASK, "55501", "81001")).fields["due"] == ""


async def test_what_a_row_lacks_is_unknown_and_a_strange_status_too(
    system: RezoraSystem, server: TinyServer
) -> None:
    server.says(answer([{"appointment_id": "83001", "appointment_status": "maybe", "colour": "red"}]))
    assert (await system.activities.one(Kind.APPOINTMENT, "55501", "83001")).fields == {}
    server.says(answer([{"task_id": 81001, "task_completed": True, "task_title": None}]))
    shown = await system.activities.one(Kind.TASK, "55501", "81001")
    assert shown.fields == {"completed": "1", "title": ""}


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_a_create_leaves_blanks_out_and_gives_the_id(
    system: RezoraSystem, server: TinyServer, kind: Kind
) -> None:
    server.says(answer([{f"{kind}_id": "7"}]))
    name = "body" if kind is Kind.NOTE else "title"
    fields = {name: "Ada", "calendar": "k1"} if kind is Kind.APPOINTMENT else {name: "Ada"}
    if kind is Kind.TASK:
        fields |= {"due": "", "completed": "1"}
    assert await system.activities.create(kind, "55501", fields) == "7"
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", f"/v1/contacts/55501/{kind}s.json")
    done = {"task_completed": "1"} if kind is Kind.TASK else {}
    assert seen.json == {"data": {f"{kind}_{name}": "Ada"} | done}


@pytest.mark.parametrize("reply", [answer([]), answer([{"id": "5"}]), MISSING, page("Welcome"), hang_up])
async def test_a_create_without_a_good_answer_is_unknown(
    system: RezoraSystem, server: TinyServer, reply: Reply
) -> None:
    server.says(reply)
    with pytest.raises(SystemFailure) as caught:
        await system.activities.create(Kind.NOTE, "55501", {"body": "Hi"})
    assert caught.value.sent == "maybe"
    assert not isinstance(caught.value, Gone)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (Kind.TASK, {"due": "2026-11-25T09:00:00Z"}, "no task without a title"),
        (Kind.NOTE, {"body": " "}, "no note without a text"),
        (Kind.APPOINTMENT, {"title": ""}, "no appointment without a title"),
        (Kind.TASK, {"title": "x", "due": "soon"}, "due date of this task is no time"),
        (Kind.TASK, {"title": "x", "completed": "2"}, "neither 1 nor 0"),
        (Kind.NOTE, {"body": "x", "made_at": "2026-11-25T09:00:00Z"}, "does not write the field made_at"),
        (Kind.NOTE, {"body": "x", "a secret": "1"}, "does not write the field this one"),
    ],
)
async def test_what_cannot_be_written_is_refused_before_sending(
    system: RezoraSystem, server: TinyServer, kind: Kind, fields: dict[str, str], words: str
) -> None:
    with pytest.raises(Rejected, match=words) as caught:
        await system.activities.create(kind, "55501", fields)
    assert (caught.value.sent, server.seen) == ("no", [])


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_gone_is_proved_by_the_contact_that_still_shows_the_kind(
    system: RezoraSystem, server: TinyServer, kind: Kind
) -> None:
    other = ROWS[kind] | {f"{kind}_id": "9"}
    server.says(MISSING, answer([other]))
    with pytest.raises(Gone):
        await system.activities.one(kind, "55501", row_id(kind))
    assert [seen.path for seen in server.seen] == [
        f"/v1/contacts/55501/{kind}s/{row_id(kind)}.json",
        f"/v1/contacts/55501/{kind}s.json",
    ]
    server.says(MISSING, MISSING, MISSING)
    with pytest.raises(Gone):  # the contact is gone with all that was its own
        await system.activities.one(kind, "55501", row_id(kind))
    server.says(MISSING, MISSING, CONTACT)
    with pytest.raises(Forbidden, match="any more"):
        await system.activities.one(kind, "55501", row_id(kind))
    server.says(MISSING, answer([ROWS[kind]]))
    with pytest.raises(Malformed, match="does not find"):
        await system.activities.one(kind, "55501", row_id(kind))
    server.says(MISSING, answer([{"status": "503"}], 503))
    with pytest.raises(Unavailable):
        await system.activities.one(kind, "55501", row_id(kind))


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_a_delete_is_done_once_it_is_proved(
    system: RezoraSystem, server: TinyServer, kind: Kind
) -> None:
    server.says(DONE)
    await system.activities.delete(kind, "55501", row_id(kind))
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body) == (
        "DELETE",
        f"/v1/contacts/55501/{kind}s/{row_id(kind)}.json",
        b"",
    )
    server.says(MISSING, answer([]))
    await system.activities.delete(kind, "55501", row_id(kind))
    server.says(MISSING, MISSING, CONTACT)
    with pytest.raises(Forbidden):
        await system.activities.delete(kind, "55501", row_id(kind))
    server.says(answer([]))
    with pytest.raises(Malformed):
        await system.activities.delete(kind, "55501", row_id(kind))


@pytest.mark.parametrize("body", [[], [TASK, TASK], [TASK | {"task_id": "7"}], [{"task_title": "x"}]])
async def test_an_answer_about_another_record_proves_nothing(
    system: RezoraSystem, server: TinyServer, body: object
) -> None:
    server.says(answer(body))
    with pytest.raises(Malformed):
        await system.activities.one(Kind.TASK, "55501", "81001")


async def test_one_word_of_the_table_makes_bodies_plain_text(server: TinyServer) -> None:
    system = system_of(server.url)
    sort = ASSUMED[Kind.NOTE]
    columns = {**sort.columns, "body": Column("note_body", "text", required=True)}
    activities = RezoraActivities(
        system._calls,
        zone=ZoneInfo("UTC"),
        put_partial=True,
        self_id=system._own_id,
        refuse_self=system._refuse_self,
        table={**ASSUMED, Kind.NOTE: replace(sort, columns=columns)},
    )
    server.says(answer([{"note_id": "7"}]))
    body = "<p>Likes <b>gardens</b> &amp; light</p><p>5 &lt; 6</p>"
    await activities.create(Kind.NOTE, "55501", {"body": body})
    assert server.seen[0].json == {"data": {"note_body": "Likes gardens & light\n5 < 6"}}
    server.says(answer([NOTE | {"note_body": "Likes gardens & light\n5 < 6"}]))
    shown = await activities.one(Kind.NOTE, "55501", "82001")
    assert shown.fields["body"] == "Likes gardens &amp; light<br>5 &lt; 6"
    await system.close()
