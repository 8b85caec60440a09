"""All bridges at a glance, from a real store; and the last days of one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import event

from calendar_scenes import MovableClock
from inprocess import new_database
from landbridge.engine.answers import NotPossible
from landbridge.engine.overview import PAGE, Overview
from landbridge.engine.pulse import Pulses, days_of, forecast
from landbridge.engine.schedule import Timetable
from landbridge.engine.status import status_of
from landbridge.store import alerts, due, journal, ledger, observed, schedules, standings
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.driver import Drivers
from landbridge.store.due import Due
from landbridge.store.journal import OpenHold
from landbridge.store.ledger import Amount, Freshness
from landbridge.store.observed import Sighting
from landbridge.store.runs import Run, Runs
from landbridge.store.schedules import Schedule
from landbridge.store.standings import Standing
from landbridge.sync.model import Record, Side
from landbridge.systems.quota import Usage
from web_scenes import NOW


@dataclass(slots=True)
class Office:
    """A store with bridges, and the two who look at them."""

    database: Database
    clock: MovableClock
    overview: Overview

    async def bridge(self, name: str) -> Bridge:
        bridges = Bridges(self.database)
        left, right = [await bridges.save_account(side, name, name, {}, NOW) for side in Side]
        return await bridges.create(name, left, right, "", NOW)

    async def ran(self, bridge: Bridge, state: str = "done", purpose: str = "sync", **counts: int) -> Run:
        runs = Runs(self.database)
        run = await runs.start(bridge.id, purpose, "test", "", self.clock.now())
        await runs.progress(run.id, 0, 0, counts)
        if state != "running":
            await runs.finish(run.id, state, self.clock.now(), f"It {state}.", "Look at it.")
        return await runs.get(run.id)

    async def people(self, bridge: Bridge, run: Run, equal: int, other: int) -> None:
        async with self.database.write() as connection:
            records = [Record(Side.HIGHLEVEL, f"h{n}", {}) for n in range(equal + other)]
            await observed.save(connection, bridge.id, run.id, [Sighting(one, "p") for one in records], NOW)
            found = [Standing(Side.HIGHLEVEL, f"h{n}", "equal") for n in range(equal)]
            await standings.note(connection, bridge.id, found)

    async def hold(self, bridge: Bridge) -> None:
        async with self.database.write() as connection:
            await journal.save_holds(connection, bridge.id, 1, [OpenHold("both_changed", "h1")], NOW)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    database, clock = Database(f"sqlite+aiosqlite:///{new_database(tmp_path)}"), MovableClock()
    timetable = Timetable(database, clock, {"sync": 3600.0, "poll": 900.0})
    yield Office(database, clock, Overview(database, clock, timetable))
    await database.close()


async def test_bridges_that_need_somebody_come_first_and_then_by_name(office: Office) -> None:
    made = {
        name: await office.bridge(name) for name in ("zulu", "fine", "asks", "new", "busy", "cut", "lost")
    }
    for name in ("zulu", "fine", "asks", "lost"):
        await office.people(made[name], await office.ran(made[name]), 3, 1)
    await office.ran(made["zulu"], "failed")
    await office.hold(made["asks"])
    for name in ("busy", "cut"):
        await office.ran(made[name], "running")
    await Drivers(office.database).take(made["busy"].id, "elsewhere:1:x", NOW)
    await Bridges(office.database).set_trouble(made["lost"].rezora.id, "Refused.", "Connect again.")
    glance = await office.overview.glance()
    assert [(row.bridge.name, row.state) for row in glance.rows] == [
        ("lost", "needs"), ("zulu", "needs"), ("asks", "waits"), ("cut", "waits"), ("new", "new"),
        ("busy", "busy"), ("fine", "fine"),
    ]  # fmt: skip
    rows = {row.bridge.name: row for row in glance.rows}
    assert (rows["lost"].sentence, rows["lost"].fix) == ("Refused.", "Connect again.")
    assert (rows["zulu"].sentence, rows["zulu"].fix) == ("It failed.", "Look at it.")
    assert rows["asks"].sentence == "1 question waits for your answer."
    assert (rows["asks"].waiting, rows["asks"].equal, rows["asks"].total) == (1, 3, 4)
    assert rows["fine"].sentence == "3 of 4 contacts are in sync."
    assert (rows["fine"].last, rows["new"].last) == (NOW, None)
    assert glance.sentence == "7 bridges: 2 fine, 2 wait for you, 2 need you, 1 not started."


async def test_a_sync_that_failed_is_not_over_because_live_work_went_well(office: Office) -> None:
    made = await office.bridge("one")
    await office.ran(made)
    await office.ran(made, "failed", "live")
    assert (await office.overview.glance()).rows[0].state == "needs"
    await office.ran(made, "done", "live")
    assert (await office.overview.glance()).rows[0].state == "fine"
    await office.ran(made, "braked")
    await office.ran(made, "done", "poll")
    assert (await office.overview.glance()).rows[0].state == "needs"


async def test_bridges_are_found_by_name_and_state_fifty_at_a_time(office: Office) -> None:
    for number in range(PAGE + 2):
        await office.bridge(f"Office {number:02}")
    await office.ran(await office.bridge("Élan"))
    first, second = await office.overview.glance(), await office.overview.glance(page=2)
    assert (len(first.rows), len(second.rows), first.pages, second.page) == (PAGE, 3, 2, 2)
    assert second.rows[-1].bridge.name == "Élan"
    assert [row.bridge.name for row in (await office.overview.glance("ÉLA")).rows] == ["Élan"]
    fine = await office.overview.glance(state="fine")
    assert ([row.bridge.name for row in fine.rows], fine.states["new"]) == (["Élan"], PAGE + 2)
    assert (await office.overview.glance(page=99)).page == 2
    assert (await office.overview.glance("nobody", page=-1)).rows == []
    with pytest.raises(NotPossible, match="no state"):
        await office.overview.glance(state="sleepy")


async def test_the_number_of_queries_is_that_of_one_bridge(office: Office) -> None:
    asked: list[str] = []

    def keep(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    await office.ran(await office.bridge("first"))
    event.listen(office.database.engine.sync_engine, "before_cursor_execute", keep)
    await office.overview.glance()
    one, made = len(asked), [await office.bridge(f"more {number}") for number in range(30)]
    for each in made:
        await office.ran(each)
        await office.hold(each)
    asked.clear()
    assert len((await office.overview.glance()).rows) == 31
    assert len(asked) == one


async def test_a_row_says_what_waits_what_was_told_and_when_it_runs_next(office: Office) -> None:
    made, stopped = await office.bridge("one"), await office.bridge("two")
    await office.ran(made)
    await office.ran(stopped, "braked")
    async with office.database.write() as connection:
        for each in (made, stopped):
            await schedules.save(connection, Schedule(each.id, "sync", "every 1 hour", next_at=NOW + 900))
            await schedules.save(connection, Schedule(each.id, "poll", "default", next_at=NOW + 60))
        await alerts.raise_alert(connection, made.id, "quota", "Much.", "Wait.", NOW)
        await alerts.raise_alert(connection, made.id, "brake", "Over.", "Nothing.", NOW)
        await alerts.close_alert(connection, (await alerts.open_of(connection, made.id))["brake"], NOW)
        await due.name(connection, made.id, [Due(Side.HIGHLEVEL, "h1"), Due(Side.REZORA, "1")], NOW)
    two, one = (await office.overview.glance()).rows
    assert (one.alerts, one.due, one.following) == (1, 2, NOW + 60)
    assert (two.following, two.sentence) == (None, "It braked.")


# The last days of one bridge


def pulses(office: Office, usage: Usage | None = None) -> Pulses:
    return Pulses(office.database, office.clock, lambda _: {Side.HIGHLEVEL: usage} if usage else {}, 200_000)


async def test_what_a_run_did_is_in_the_ledger_of_its_day_once(office: Office) -> None:
    made = await office.bridge("one")
    run = await office.ran(made, created=5, updated=2, calls_highlevel=40, calls_rezora=7, quota_day_left=90)
    await Runs(office.database).finish(run.id, "done", NOW)  # as a run that is ended twice
    await office.ran(made, "failed", "live", failed=1, calls_highlevel=3)
    await office.ran(made, "done", "plan", created=999, calls_highlevel=11)
    async with office.database.write() as connection:
        await ledger.add(connection, made.id, NOW, ledger.OPERATIONS, {"calls_highlevel": 2})
    running = await office.ran(made, "running", "live", calls_highlevel=20)
    pulse = await pulses(office).of(made, running, None)
    assert len(pulse.days) == 30
    today = pulse.days[-1]
    assert (today.day, today.created, today.updated, today.failed) == ("2026-11-23", 5, 2, 1)
    assert (today.failed_runs, today.written, pulse.days[0].written) == (1, 7, 0)
    highlevel, rezora = pulse.spending
    assert highlevel.by == {"sync": 40, "live work": 23, "operations": 2, "dry runs and undo": 11}
    assert (highlevel.ours, highlevel.used, highlevel.daily, highlevel.forecast) == (76, 76, 200_000, 152)
    assert (rezora.ours, rezora.daily) == (7, 0)


async def test_a_run_that_died_is_in_the_ledger_when_it_is_found(office: Office) -> None:
    made = await office.bridge("one")
    await office.ran(made, "running", "live", updated=4, calls_rezora=9)
    await Runs(office.database).end_stale(made.id, ("live", "poll"), NOW)
    pulse = await pulses(office).of(made, None, None)
    assert (pulse.days[-1].updated, pulse.days[-1].failed_runs) == (4, 1)
    assert pulse.spending[1].by["live work"] == 9


async def test_highlevel_counts_what_others_call_as_well(office: Office) -> None:
    made = await office.bridge("one")
    run = await office.ran(made, calls_highlevel=40, quota_day_left=199_000)
    usage = Usage(100, 0, 100, 10.0, 200_000, 900, 199_100, 3600.0, 0.0)
    spent = (await pulses(office, usage).of(made, None, run)).spending[0]
    assert (spent.used, spent.left, spent.left_at, spent.ours) == (1_000, 199_000, NOW, 40)
    office.clock.at = NOW + 86_400
    assert (await pulses(office).of(made, None, run)).spending[0].left is None  # that was yesterday's


def test_a_pace_is_told_once_the_day_has_one() -> None:
    midnight = NOW - NOW % 86_400
    assert forecast(10, midnight + 60) is None
    assert forecast(100, midnight + 21_600) == 400


def test_all_records_of_a_day_are_counted_whatever_their_kind() -> None:
    names = {
        "created": 1,
        "tasks_created": 2,
        "updated": 4,
        "notes_updated": 8,
        "opted_out": 16,
        "listed": 32,
    }
    names |= {
        "unlisted": 64,
        "deleted": 128,
        "appointments_deleted": 256,
        "failed": 512,
        "reads": 9,
        "gone": 9,
    }
    day = days_of([Amount("2026-11-23", "live", name, number) for name, number in names.items()], NOW)[-1]
    assert (day.created, day.updated, day.other, day.failed) == (3, 12, 496, 512)


async def test_how_soon_changes_were_carried_is_told_of_the_last_day(office: Office) -> None:
    made = await office.bridge("one")
    async with office.database.write() as connection:
        await ledger.note_carried(connection, made.id, NOW - 90_000, [50_000.0] * 9)
        await ledger.note_carried(connection, made.id, NOW - 3600, [0.4] * 60 + [4.0] * 130)
        await ledger.note_carried(connection, made.id, NOW, [4.5] * 8 + [700.0] * 2)
        assert await ledger.freshness(connection, made.id, NOW) == Freshness(200, 5, 5)
        await ledger.note_carried(connection, made.id, NOW, [200_000.0])
        assert await ledger.freshness(connection, made.id, NOW) == Freshness(201, 5, 900)
        assert await ledger.freshness(connection, made.id + 1, NOW) == Freshness()


async def test_the_step_that_goes_on_says_how_long_it_takes_at_its_pace(office: Office) -> None:
    made = await office.bridge("one")
    run = replace(await office.ran(made, "running"), stage='{"at":"apply"}', done=100, total=1_000)
    seen = pulses(office)
    assert (await seen.of(made, run, None)).seconds_left is None
    office.clock.at += 10
    assert (await seen.of(made, replace(run, done=200), None)).seconds_left == 80.0
    following = replace(run, stage='{"at":"settle"}', done=0)
    assert (await seen.of(made, following, None)).seconds_left is None
    assert (await seen.of(made, None, None)).seconds_left is None


async def test_the_proof_of_agreement_is_one_sentence(office: Office) -> None:
    made = await office.bridge("one")
    assert (await status_of(office.database, made, NOW)).agreement == "Nothing has been compared yet."
    await office.people(made, await office.ran(made), 3, 0)
    told = await status_of(office.database, made, NOW)
    assert told.agreement == "All 3 contacts are equal on both sides."
    await office.people(made, await office.ran(made), 1_200, 34)
    told = await status_of(office.database, made, NOW)
    assert told.agreement == "1,200 of 1,234 contacts are equal on both sides; the other 34:"
