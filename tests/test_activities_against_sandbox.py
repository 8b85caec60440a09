"""One suite for the activities of every system: both against the sandbox, and the ones in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from landbridge.sandbox.highlevel.config import READ_ONLY_PIT
from landbridge.sandbox.highlevel.config import HighLevelConfig as SandboxHighLevel
from landbridge.sandbox.rezora.config import RezoraConfig as SandboxRezora
from landbridge.sandbox.server import Sandbox
from landbridge.sync.activity import FIELDS, Activity
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.systems.activities import Activities
from landbridge.systems.base import (
    Forbidden,
    Gone,
    Malformed,
    ReadOnlyGrant,
    Rejected,
    System,
    SystemFailure,
    Unavailable,
)
from landbridge.systems.highlevel.config import READ_SCOPES, WRITE_SCOPES
from landbridge.systems.memory import MemorySystem
from systems_fakes import PIT, InstantClock, fault, highlevel_of, rezora_of, running

SENT: dict[Kind, dict[str, str]] = {
    Kind.TASK: {
        "title": "Send comparable sales",
        "body": "<p>Three houses within <strong>0.5 miles</strong>.</p>",
        "due": "2026-11-25T15:00:00Z",
        "completed": "0",
    },
    Kind.NOTE: {"body": "<p>Likes gardens &amp; light.</p>"},
    Kind.APPOINTMENT: {
        "title": "Second showing",
        "start": "2026-11-25T15:00:00Z",
        "end": "2026-11-25T16:30:00Z",
        "location": "118 Elm St",
        "status": "confirmed",
    },
}
CHANGED = {
    Kind.TASK: {"due": "2026-12-01T16:00:00Z"},
    Kind.NOTE: {"body": "<p>Likes gardens only.</p>"},
    Kind.APPOINTMENT: {"status": "noshow"},
}
CLEARED = {Kind.TASK: "body", Kind.APPOINTMENT: "location"}
UNKNOWN = "99999999"


@dataclass(slots=True)
class Place:
    """Activities under test; ``calendar`` is what HighLevel's appointments are booked in."""

    system: System
    contact_id: str
    calendar: str = ""
    sandbox: Sandbox | None = None
    own_known: bool = False  # whether Rezora has told which contact is the account's own

    @property
    def activities(self) -> Activities:
        return self.system.activities

    def sent(self, kind: Kind, **more: str) -> dict[str, str]:
        """Everything that is carried of a kind."""
        booked = {"calendar": self.calendar} if kind is Kind.APPOINTMENT and self.calendar else {}
        return SENT[kind] | booked | more

    @property
    def writes(self) -> int:
        assert self.sandbox is not None
        return int(str(self.sandbox.history.summary()["mutating"]))


def state_of(sandbox: Sandbox) -> Any:
    return sandbox.highlevel.dump()["tables"]


async def new_contact(system: System) -> str:
    if system.side is Side.REZORA:
        return await system.create({"contact_name": "Grace Brewster", "contact_email": "grace@example.net"})
    return await system.create({"firstName": "Grace", "email": "grace@example.net"})


@pytest.fixture(params=["highlevel", "highlevel v3", "rezora", "memory as highlevel", "memory as rezora"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    kind: str = request.param
    clock = InstantClock()
    if kind.startswith("memory"):
        system: System = MemorySystem(Side(kind.removeprefix("memory as ")))
        calendar = "c1" if system.side is Side.HIGHLEVEL else ""
        yield Place(system, await new_contact(system), calendar)
        return
    async with running(rezora=SandboxRezora(activities=True)) as sandbox:
        if kind == "rezora":
            system, calendar = rezora_of(sandbox, clock, zone="America/Chicago"), ""
        else:
            version = "v3" if kind.endswith("v3") else "2021-07-28"
            system = highlevel_of(sandbox, clock, PIT, version=version)
            calendar = state_of(sandbox)["calendars"][0]["id"]
        yield Place(system, await new_contact(system), calendar, sandbox)
        await system.close()


def carried(one: Activity) -> dict[str, str]:
    """What of it is carried."""
    return {name: value for name, value in one.fields.items() if name in FIELDS[one.kind]}


async def everything(activities: Activities, kind: Kind) -> list[Activity]:
    found: list[Activity] = []
    cursor: str | None = None
    while True:
        page = await activities.listing(kind, cursor)
        found += page.records
        cursor = page.cursor
        if cursor is None:
            return found


# what all of them do


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_what_was_sent_is_shown(place: Place, kind: Kind) -> None:
    activity_id = await place.activities.create(kind, place.contact_id, place.sent(kind))
    shown = await place.activities.one(kind, place.contact_id, activity_id)
    assert carried(shown) == SENT[kind]
    told = (shown.side, shown.kind, shown.id, shown.contact_id, shown.deleted)
    assert told == (place.system.side, kind, activity_id, place.contact_id, False)
    (listed,) = await place.activities.of_contact(kind, place.contact_id)
    assert (listed.id, carried(listed)) == (activity_id, SENT[kind])


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_an_update_changes_these_fields_and_no_other(place: Place, kind: Kind) -> None:
    activity_id = await place.activities.create(kind, place.contact_id, place.sent(kind))
    await place.activities.update(kind, place.contact_id, activity_id, CHANGED[kind])
    shown = await place.activities.one(kind, place.contact_id, activity_id)
    assert carried(shown) == SENT[kind] | CHANGED[kind]
    await place.activities.update(kind, place.contact_id, activity_id, {})
    assert await place.activities.one(kind, place.contact_id, activity_id) == shown


async def test_a_start_alone_does_not_move_the_end(place: Place) -> None:
    kind = Kind.APPOINTMENT
    activity_id = await place.activities.create(kind, place.contact_id, place.sent(kind))
    await place.activities.update(kind, place.contact_id, activity_id, {"start": "2026-11-25T14:00:00Z"})
    shown = carried(await place.activities.one(kind, place.contact_id, activity_id))
    assert (shown["start"], shown["end"]) == ("2026-11-25T14:00:00Z", "2026-11-25T16:30:00Z")
    await place.activities.update(kind, place.contact_id, activity_id, {"end": "2026-11-25T18:00:00Z"})
    shown = carried(await place.activities.one(kind, place.contact_id, activity_id))
    assert (shown["start"], shown["end"]) == ("2026-11-25T14:00:00Z", "2026-11-25T18:00:00Z")


@pytest.mark.parametrize("kind", CLEARED)
async def test_a_field_can_be_cleared(place: Place, kind: Kind) -> None:
    activity_id = await place.activities.create(kind, place.contact_id, place.sent(kind))
    await place.activities.update(kind, place.contact_id, activity_id, {CLEARED[kind]: ""})
    shown = await place.activities.one(kind, place.contact_id, activity_id)
    assert shown.fields[CLEARED[kind]] == ""


async def test_a_task_is_completed_and_opened_again(place: Place) -> None:
    activity_id = await place.activities.create(Kind.TASK, place.contact_id, place.sent(Kind.TASK))
    for completed in ("1", "0", "1"):
        await place.activities.update(Kind.TASK, place.contact_id, activity_id, {"completed": completed})
        shown = await place.activities.one(Kind.TASK, place.contact_id, activity_id)
        assert carried(shown) == SENT[Kind.TASK] | {"completed": completed}
    with pytest.raises(Rejected):
        await place.activities.update(Kind.TASK, place.contact_id, activity_id, {"completed": "yes"})


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_a_deleted_one_is_gone_and_stays_so(place: Place, kind: Kind) -> None:
    keep, drop = [await place.activities.create(kind, place.contact_id, place.sent(kind)) for _ in range(2)]
    for _ in range(2):
        await place.activities.delete(kind, place.contact_id, drop)
    await place.activities.delete(kind, place.contact_id, UNKNOWN)
    with pytest.raises(Gone):
        await place.activities.one(kind, place.contact_id, drop)
    assert [one.id for one in await place.activities.of_contact(kind, place.contact_id)] == [keep]
    if kind in place.activities.listed:
        assert drop not in {one.id for one in await everything(place.activities, kind) if not one.deleted}


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_an_unknown_one_is_gone(place: Place, kind: Kind) -> None:
    with pytest.raises(Gone):
        await place.activities.one(kind, place.contact_id, UNKNOWN)
    with pytest.raises(Gone):
        await place.activities.update(kind, place.contact_id, UNKNOWN, CHANGED[kind])


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_those_of_a_deleted_contact_are_gone(place: Place, kind: Kind) -> None:
    activity_id = await place.activities.create(kind, place.contact_id, place.sent(kind))
    await place.system.delete(place.contact_id)
    with pytest.raises(Gone):
        await place.activities.one(kind, place.contact_id, activity_id)
    with pytest.raises(Gone):
        await place.activities.of_contact(kind, place.contact_id)


async def test_twins_are_two(place: Place) -> None:
    body = {"body": "Called, no answer"}
    ids = {await place.activities.create(Kind.NOTE, place.contact_id, body) for _ in range(2)}
    assert {one.id for one in await place.activities.of_contact(Kind.NOTE, place.contact_id)} == ids
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("kind", "name", "only"),
    [
        (Kind.TASK, "title", None),
        (Kind.TASK, "due", Side.HIGHLEVEL),
        (Kind.NOTE, "body", None),
        (Kind.APPOINTMENT, "title", Side.REZORA),
        (Kind.APPOINTMENT, "start", Side.HIGHLEVEL),
        (Kind.APPOINTMENT, "calendar", Side.HIGHLEVEL),
    ],
)
async def test_what_a_side_demands_is_asked_for_before_anything_is_sent(
    place: Place, kind: Kind, name: str, only: Side | None
) -> None:
    sent = place.sent(kind)
    without = {key: value for key, value in sent.items() if key != name}
    if only is not None and place.system.side is not only:
        assert await place.activities.create(kind, place.contact_id, without)
        return
    writes = place.writes if place.sandbox else 0
    for fields in (without, sent | {name: ""}, sent | {name: " "}):
        if name == "calendar" and fields.get(name) == " ":
            continue
        with pytest.raises(Rejected) as caught:
            await place.activities.create(kind, place.contact_id, fields)
        assert caught.value.sent == "no"
        assert kind.value in caught.value.sentence + caught.value.fix
    if place.sandbox:
        assert place.writes == writes


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_what_is_only_shown_is_not_written(place: Place, kind: Kind) -> None:
    activity_id = await place.activities.create(kind, place.contact_id, place.sent(kind))
    with pytest.raises(Rejected):
        await place.activities.create(kind, place.contact_id, place.sent(kind, author="u1"))
    with pytest.raises(Rejected):
        await place.activities.update(kind, place.contact_id, activity_id, {"author": "u1"})


async def test_the_listed_kinds_show_everything_once(place: Place) -> None:
    assert Kind.NOTE not in place.activities.listed
    expected = {Kind.TASK, Kind.APPOINTMENT} if place.system.side is Side.HIGHLEVEL else set()
    assert place.activities.listed == expected
    for kind in ACTIVITIES:
        made = {await place.activities.create(kind, place.contact_id, place.sent(kind)) for _ in range(7)}
        if kind in expected:
            found = await everything(place.activities, kind)
            assert len(found) == len(made)
            assert {one.id for one in found} == made
            assert [carried(one) for one in found] == [SENT[kind]] * 7
            assert {one.contact_id for one in found} == {place.contact_id}
        else:
            with pytest.raises(Rejected):
                await place.activities.listing(kind)


async def test_a_listing_alone_reads_as_the_one_by_id(place: Place) -> None:
    for kind in place.activities.listed:
        activity_id = await place.activities.create(kind, place.contact_id, place.sent(kind))
        (listed,) = await everything(place.activities, kind)
        alone = await place.activities.one(kind, place.contact_id, activity_id)
        assert {name: alone.fields.get(name, "") for name in listed.fields} == dict(listed.fields)
        if place.sandbox and kind is Kind.TASK:
            assert (bool(listed.changed_at), alone.changed_at) == (True, "")  # highlevel.md 2.1.2


async def test_the_probe_tells_kinds_and_the_capability_repeats_them(place: Place) -> None:
    writes = place.writes if place.sandbox else 0
    assert await place.activities.probe() == (frozenset(ACTIVITIES), frozenset(ACTIVITIES))
    capability = await place.system.probe()
    assert capability.kinds == capability.writes == ("contact", "task", "note", "appointment")
    if place.sandbox:
        assert place.writes == writes


async def test_people_are_known_by_name_where_they_may_be(place: Place) -> None:
    if isinstance(place.system, MemorySystem):
        place.system.activities.users = {"u1": "Dana Example"}
    names = await place.activities.people()
    assert ("Dana Example" in names.values()) == (place.system.side is Side.HIGHLEVEL)


async def test_each_call_of_a_contact_is_one_request(place: Place) -> None:
    if place.sandbox is None:
        return
    for kind in ACTIVITIES:
        activities, owner = place.activities, place.contact_id
        activity_id = await activities.create(kind, owner, place.sent(kind))
        again = 1 if (kind, place.system.side) == (Kind.APPOINTMENT, Side.HIGHLEVEL) else 0
        for call, requests in (
            (activities.one(kind, owner, activity_id), 1),
            (activities.of_contact(kind, owner), 1 + again),  # for times with an offset
            (activities.create(kind, owner, place.sent(kind)), 1),
            (activities.update(kind, owner, activity_id, CHANGED[kind]), 1),
            (activities.update(kind, owner, activity_id, SENT[kind]), 1),
            (activities.update(kind, owner, activity_id, {}), 0),
            (activities.delete(kind, owner, activity_id), 1),
            (activities.probe(), 0 if place.system.side is Side.HIGHLEVEL else 4 - bool(place.own_known)),
        ):
            before = place.system.ledger().calls
            await call
            assert place.system.ledger().calls - before == requests
        place.own_known = True


# HighLevel


@asynccontextmanager
async def highlevel(**config: Any) -> AsyncIterator[Place]:
    scopes = config.pop("scopes", None)
    world = config.pop("world", {})
    activities = config.pop("activities", 0)
    async with running(highlevel=SandboxHighLevel(burst=0, **world), activities=activities) as sandbox:
        grant = PIT if scopes is None else replace(PIT, scopes=tuple(scopes))
        system = highlevel_of(sandbox, InstantClock(), grant, **config)
        tables = state_of(sandbox)
        contact_id = str(sandbox.highlevel.dump()["contacts"][0]["id"])
        yield Place(system, contact_id, tables["calendars"][0]["id"], sandbox)
        await system.close()


def calls_of(place: Place) -> list[str]:
    assert place.sandbox is not None
    return [f"{entry.method} {entry.path}" for entry in place.sandbox.history.read()]


@pytest.mark.parametrize(("tasks", "calls"), [(0, 1), (1, 1), (9, 1), (10, 2), (19, 2), (20, 3), (23, 3)])
async def test_tasks_are_listed_in_the_fewest_calls(tasks: int, calls: int) -> None:
    async with highlevel(task_page_size=10) as place:
        assert place.sandbox is not None
        for number in range(tasks):
            fields = {"title": f"Task {number}", "dueDate": "2026-02-01T10:00:00Z", "completed": False}
            place.sandbox.highlevel.edit(
                {"kind": "task", "action": "create", "contactId": place.contact_id, "fields": fields}
            )
        found = await everything(place.activities, Kind.TASK)
        assert len({one.id for one in found}) == len(found) == tasks
        assert len(calls_of(place)) == calls


async def test_appointments_are_listed_in_one_call_and_one_a_calendar() -> None:
    async with highlevel(activities=10) as place:
        assert place.sandbox is not None
        tables = state_of(place.sandbox)
        found = await everything(place.activities, Kind.APPOINTMENT)
        assert {one.id for one in found} == {row["id"] for row in tables["appointments"]}
        assert len(found) == len(tables["appointments"]) > 15
        assert len(calls_of(place)) == 1 + len(tables["calendars"]) == 3
        versions = {entry.request_headers["version"] for entry in place.sandbox.history.read()}
        assert versions == {"2021-04-15"}


async def test_seeded_appointments_are_instants_wherever_they_are_read() -> None:
    async with highlevel(activities=10) as place:
        assert place.sandbox is not None
        rows = {row["id"]: row for row in state_of(place.sandbox)["appointments"]}
        listed = await everything(place.activities, Kind.APPOINTMENT)
        for one in listed:
            assert one.fields["start"] == _utc(rows[one.id]["startMs"])
            assert one.fields["end"] == _utc(rows[one.id]["endMs"])
        series = [one for one in listed if one.fields.get("series")]
        assert {one.fields["series"] for one in series} <= rows.keys()
        assert series
        owner = listed[0].contact_id
        mine = {one.id: one for one in listed if one.contact_id == owner}
        alone = await place.activities.of_contact(Kind.APPOINTMENT, owner)
        assert {one.id: carried(one) for one in alone} == {key: carried(one) for key, one in mine.items()}


def _utc(ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_deleted_appointment_that_is_listed_says_so_and_is_gone_by_id() -> None:
    async with highlevel(world={"deleted_events_listed": True}) as place:
        kind = Kind.APPOINTMENT
        activity_id = await place.activities.create(kind, place.contact_id, place.sent(kind))
        await place.activities.delete(kind, place.contact_id, activity_id)
        (listed,) = await everything(place.activities, kind)
        assert (listed.id, listed.deleted) == (activity_id, True)
        with pytest.raises(Gone, match="deleted"):
            await place.activities.one(kind, place.contact_id, activity_id)


async def test_a_cancelled_appointment_is_no_deleted_one() -> None:
    async with highlevel() as place:
        kind = Kind.APPOINTMENT
        activity_id = await place.activities.create(
            kind, place.contact_id, place.sent(kind, status="cancelled")
        )
        (listed,) = await everything(place.activities, kind)
        assert (listed.deleted, listed.fields["status"]) == (False, "cancelled")
        assert (await place.activities.one(kind, place.contact_id, activity_id)).fields == listed.fields


@pytest.mark.parametrize(
    ("kept", "reads", "writes", "listed"),
    [
        (READ_SCOPES + WRITE_SCOPES, ACTIVITIES, ACTIVITIES, (Kind.TASK, Kind.APPOINTMENT)),
        (READ_SCOPES, ACTIVITIES, (), (Kind.TASK, Kind.APPOINTMENT)),
        (("contacts.readonly", "contacts.write"), (Kind.TASK, Kind.NOTE), (Kind.TASK, Kind.NOTE), ()),
        (
            (
                "contacts.readonly",
                "calendars.readonly",
                "calendars/events.readonly",
                "calendars/events.write",
            ),
            ACTIVITIES,
            (Kind.APPOINTMENT,),
            (Kind.APPOINTMENT,),
        ),
        (("contacts.readonly", "calendars/events.write"), (Kind.TASK, Kind.NOTE), (), ()),
        (("locations.readonly",), (), (), ()),
    ],
)
async def test_the_scopes_tell_what_may_be_done(
    kept: tuple[str, ...], reads: tuple[Kind, ...], writes: tuple[Kind, ...], listed: tuple[Kind, ...]
) -> None:
    async with highlevel(scopes=kept) as place:
        assert await place.activities.probe() == (frozenset(reads), frozenset(writes))
        assert place.activities.listed == frozenset(listed)
        assert calls_of(place) == []
        if "locations.readonly" in kept:
            notes = " ".join((await place.system.probe()).notes)
            for scope in ("calendars.readonly", "calendars/events.readonly", "locations/tasks.readonly"):
                assert (scope in notes) == (scope not in kept)
            assert place.sandbox is not None
            place.sandbox.history.forget()
        for kind in set(ACTIVITIES) - set(writes):
            for call in (
                place.activities.create(kind, place.contact_id, place.sent(kind)),
                place.activities.update(kind, place.contact_id, "x", CHANGED[kind]),
                place.activities.delete(kind, place.contact_id, "x"),
            ):
                with pytest.raises(ReadOnlyGrant):
                    await call
        for kind in {Kind.TASK, Kind.APPOINTMENT} - set(listed):
            with pytest.raises(Forbidden, match="scope") as caught:
                await place.activities.listing(kind)
            assert caught.value.sent == "no"
        assert calls_of(place) == []


async def test_a_read_only_bridge_writes_nothing_whatever_the_grant_may() -> None:
    async with highlevel(read_only=True) as place:
        assert await place.activities.probe() == (frozenset(ACTIVITIES), frozenset())
        for kind in ACTIVITIES:
            with pytest.raises(ReadOnlyGrant):
                await place.activities.create(kind, place.contact_id, place.sent(kind))
        assert (await place.system.probe()).writes == ()
        assert place.writes == 0


async def test_a_token_that_may_not_list_is_asked_once_and_then_read_contact_by_contact() -> None:
    pit = "pit-00000000-0000-4000-8000-00000000c0de"
    scopes = ("contacts.readonly", "locations.readonly")
    async with running(highlevel=SandboxHighLevel(burst=0, pits={pit: scopes})) as sandbox:
        system = highlevel_of(sandbox, InstantClock(), replace(PIT, access_token=pit))
        contact_id = str(sandbox.highlevel.dump()["contacts"][0]["id"])
        assert system.activities.listed == {Kind.TASK, Kind.APPOINTMENT}
        for kind in (Kind.TASK, Kind.APPOINTMENT):
            with pytest.raises(Forbidden, match="lacks the scope"):
                await system.activities.listing(kind)
        assert system.activities.listed == frozenset()
        assert await system.activities.of_contact(Kind.TASK, contact_id) == []
        assert await system.activities.people() == {}
        await system.close()


async def test_a_read_only_token_is_told_by_highlevel() -> None:
    async with running() as sandbox:
        system = highlevel_of(sandbox, InstantClock(), replace(PIT, access_token=READ_ONLY_PIT))
        contact_id = str(sandbox.highlevel.dump()["contacts"][0]["id"])
        with pytest.raises(Forbidden, match="lacks the scope"):
            await system.activities.create(Kind.NOTE, contact_id, {"body": "x"})
        await system.close()


@pytest.mark.parametrize(("count", "calls"), [(3, 2), (25, 3), (30, 3), (50, 4)])
async def test_users_are_read_page_by_page_in_v3(count: int, calls: int) -> None:
    async with highlevel(version="v3") as place:
        assert place.sandbox is not None
        tables: Any = place.sandbox.highlevel.state.tables  # type: ignore[attr-defined]  # the real world has it
        first = next(iter(tables["users"].values()))
        while len(tables["users"]) < count:
            number = len(tables["users"])
            tables["users"][f"u{number}"] = first | {"id": f"u{number}", "name": f"User {number}"}
        assert len(await place.activities.people()) == count
        assert len(calls_of(place)) == calls  # the location, for its company, and the pages


async def test_appointments_of_a_calendar_that_goes_meanwhile_do_not_stop_the_others() -> None:
    async with highlevel(activities=10) as place:
        page = await place.activities.listing(Kind.APPOINTMENT)
        assert page.records
        assert page.cursor is not None
        rest = await place.activities.listing(Kind.APPOINTMENT, page.cursor)
        assert rest.cursor is None
        assert not {one.id for one in rest.records} & {one.id for one in page.records}


# both real ones, when things go wrong


def _real(sandbox: Sandbox, side: Side) -> System:
    if side is Side.HIGHLEVEL:
        return highlevel_of(sandbox, InstantClock(), PIT)
    return rezora_of(sandbox, InstantClock())


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kind", ["refuse", "fail_before", "429", "cut_body", "html", "lost_answer"])
async def test_a_read_that_fails_once_is_read_again(side: Side, kind: str) -> None:
    async with running(rezora=SandboxRezora(activities=True), activities=3) as sandbox:
        system = _real(sandbox, side)
        contact_id = await new_contact(system)
        await system.activities.create(Kind.NOTE, contact_id, SENT[Kind.NOTE])
        fault(sandbox, kind=kind, side=side.value, method="GET")
        (shown,) = await system.activities.of_contact(Kind.NOTE, contact_id)
        assert carried(shown) == SENT[Kind.NOTE]
        await system.close()


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kind", ACTIVITIES)
@pytest.mark.parametrize("what", ["lost_answer", "applied_then_500", "cut_body", "html"])
async def test_a_create_without_its_answer_is_never_sent_twice(side: Side, kind: Kind, what: str) -> None:
    async with running(rezora=SandboxRezora(activities=True)) as sandbox:
        system = _real(sandbox, side)
        contact_id = await new_contact(system)
        booked = {"calendar": state_of(sandbox)["calendars"][0]["id"]} if kind is Kind.APPOINTMENT else {}
        fault(sandbox, kind=what, side=side.value, method="POST")
        with pytest.raises((Unavailable, Malformed)) as caught:
            await system.activities.create(kind, contact_id, SENT[kind] | booked)
        assert caught.value.sent == "maybe"
        made = 0 if what == "html" else 1  # a proxy's page: nothing has arrived
        assert len(await system.activities.of_contact(kind, contact_id)) == made
        await system.close()


@pytest.mark.parametrize("side", Side)
async def test_an_error_inside_a_success_is_an_error(side: Side) -> None:
    async with running(rezora=SandboxRezora(activities=True)) as sandbox:
        system = _real(sandbox, side)
        contact_id = await new_contact(system)
        fault(sandbox, kind="ok_with_error", side=side.value, method="GET", times=None)
        for kind in ACTIVITIES:
            with pytest.raises(SystemFailure) as caught:
                await system.activities.of_contact(kind, contact_id)
            assert not isinstance(caught.value, Gone)
        await system.close()


async def test_highlevel_and_rezora_show_one_appointment_alike() -> None:
    """What is read on one side and written to the other comes back the same, over both clock changes."""
    moments = ("2026-03-08T07:30:00Z", "2026-03-08T08:30:00Z", "2026-11-01T05:30:00Z", "2026-11-01T08:30:00Z")
    async with running(rezora=SandboxRezora(activities=True)) as sandbox:
        left = highlevel_of(sandbox, InstantClock(), PIT)
        right = rezora_of(sandbox, InstantClock(), zone="America/Chicago")
        calendar = state_of(sandbox)["calendars"][0]["id"]
        mine, theirs = await new_contact(left), await new_contact(right)
        kind = Kind.APPOINTMENT
        for start in moments:
            end = start.replace(":30:", ":45:")
            sent = SENT[kind] | {"start": start, "end": end}
            here = await left.activities.create(kind, mine, sent | {"calendar": calendar})
            shown = carried(await left.activities.one(kind, mine, here))
            there = await right.activities.create(kind, theirs, shown)
            assert carried(await right.activities.one(kind, theirs, there)) == shown == sent
        await left.close()
        await right.close()


# Rezora


async def test_an_account_that_stops_to_show_activities_proves_nobody_gone() -> None:
    async with running(rezora=SandboxRezora(activities=True)) as sandbox:
        system = rezora_of(sandbox, InstantClock())
        contact_id = await new_contact(system)
        ids = {kind: await system.activities.create(kind, contact_id, SENT[kind]) for kind in ACTIVITIES}
        sandbox.configure({"rezora": {"activities": False}})
        for kind in ACTIVITIES:
            for call in (
                system.activities.one(kind, contact_id, ids[kind]),
                system.activities.of_contact(kind, contact_id),
                system.activities.update(kind, contact_id, ids[kind], CHANGED[kind]),
                system.activities.delete(kind, contact_id, ids[kind]),
            ):
                with pytest.raises(Forbidden, match=f"shows no {kind}s any more"):
                    await call
        assert (await system.probe()).kinds == ("contact",)
        await system.close()


@pytest.mark.parametrize("kind", ACTIVITIES)
async def test_an_account_that_blanks_what_a_put_leaves_out_is_sent_everything(kind: Kind) -> None:
    async with running(rezora=SandboxRezora(activities=True, put_partial=False)) as sandbox:
        system = rezora_of(sandbox, InstantClock(), put_partial=False, zone="America/Chicago")
        contact_id = await new_contact(system)
        activity_id = await system.activities.create(kind, contact_id, SENT[kind])
        await system.activities.update(kind, contact_id, activity_id, CHANGED[kind])
        shown = await system.activities.one(kind, contact_id, activity_id)
        assert carried(shown) == SENT[kind] | CHANGED[kind]
        await system.close()


async def test_the_own_contact_is_not_given_anything() -> None:
    async with running(rezora=SandboxRezora(activities=True)) as sandbox:
        system = rezora_of(sandbox, InstantClock())
        own = next(one.id for one in (await system.contacts()).records if one.read_only)
        for kind in ACTIVITIES:
            for call in (
                system.activities.create(kind, own, SENT[kind]),
                system.activities.update(kind, own, "7", CHANGED[kind]),
                system.activities.delete(kind, own, "7"),
            ):
                with pytest.raises(Rejected, match="own contact"):
                    await call
        assert int(str(sandbox.history.summary()["mutating"])) == 0
        await system.close()
