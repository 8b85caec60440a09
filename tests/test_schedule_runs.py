"""Which runs start by themselves, with a clock that the test moves: missed, shifted, braked, many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import update

from landbridge.engine.answers import NotPossible
from landbridge.engine.schedule import PAUSE_SECONDS, Timetable
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.driver import Drivers
from landbridge.store.runs import Runs
from landbridge.store.schedules import schedules_of
from landbridge.store.tables import schedule
from landbridge.sync.model import Side
from systems_fakes import InstantClock

DAY, HOUR = 86_400.0, 3600.0
NOON = 1_795_608_000.0  # 2026-11-25 12:00:00 UTC


@dataclass
class Scene:
    """Some bridges, their timetable, and every run that it started."""

    database: Database
    clock: InstantClock
    timetable: Timetable
    bridges: list[Bridge] = field(default_factory=list)
    cut_off: list[Bridge] = field(default_factory=list)
    started: list[tuple[float, int, str]] = field(default_factory=list)

    async def add(self, count: int = 1, *, synced: str = "done") -> None:
        """Bridges whose newest sync ended like this just now; ``""``: they never synced."""
        bridges = Bridges(self.database)
        for number in range(len(self.bridges), len(self.bridges) + count):
            now = self.clock.now()
            left = await bridges.save_account(Side.HIGHLEVEL, f"loc{number}", "Shore Homes", {}, now)
            right = await bridges.save_account(Side.REZORA, f"agent{number}", "Agent", {}, now)
            made = await bridges.create(f"bridge {number}", left, right, "", now)
            self.bridges.append(made)
            if synced:
                await self.sync(made, synced)

    async def sync(self, bridge: Bridge, state: str = "done", purpose: str = "sync") -> None:
        """A run that ended like this, now."""
        runs, now = Runs(self.database), self.clock.now()
        run = await runs.start(bridge.id, purpose, "schedule", "", now)
        if state != "running":
            await runs.finish(run.id, state, now)

    async def unfinished(self) -> list[Bridge]:
        return self.cut_off

    async def tick(self) -> None:
        """One look, and all that it starts."""
        before = len(self.started)
        await self.timetable.start_due(
            self.unfinished,
            lambda bridge, purpose: self.started.append((self.clock.now(), bridge.id, purpose)),
        )
        for _, bridge_id, purpose in self.started[before:]:
            await self.sync(next(one for one in self.bridges if one.id == bridge_id), purpose=purpose)

    async def pass_time(self, seconds: float, step: float = 60.0) -> None:
        """Look again and again until so much time has passed."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            await self.tick()
            self.clock.advance(step)

    def times(self, purpose: str = "sync") -> list[float]:
        return [at for at, _, done in self.started if done == purpose]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await database.migrate()
    clock = InstantClock(NOON)
    yield Scene(database, clock, Timetable(database, clock, {"sync": HOUR, "poll": 900.0}))
    await database.close()


async def test_by_default_a_bridge_syncs_every_hour_and_looks_every_quarter(scene: Scene) -> None:
    await scene.add()
    await scene.pass_time(4 * HOUR)
    assert len(scene.times()) == 4
    assert len(scene.times("poll")) == 16


async def test_a_bridge_that_never_synced_waits_for_a_person(scene: Scene) -> None:
    await scene.add(synced="")
    await scene.pass_time(3 * HOUR)
    assert scene.started == []
    assert {timing.next_at for timing in await scene.timetable.timings(scene.bridges[0])} == {None}


async def test_a_dry_run_that_was_cut_off_starts_no_first_sync(scene: Scene) -> None:
    await scene.add(synced="")
    await scene.sync(scene.bridges[0], "running", "plan")
    scene.cut_off = [scene.bridges[0]]
    await scene.pass_time(HOUR)
    assert scene.started == []


async def test_a_bridge_that_the_brake_stopped_waits_until_a_person_let_it_pass(scene: Scene) -> None:
    await scene.add(synced="braked")
    for _ in range(12):  # the rule looks past other runs, however many there were since
        await scene.sync(scene.bridges[0], "done", "poll")
    await scene.pass_time(3 * HOUR)
    assert scene.started == []
    await scene.sync(scene.bridges[0])
    await scene.tick()
    assert scene.started == []  # what it missed meanwhile is not made up for
    await scene.pass_time(HOUR)
    assert len(scene.times()) == 1


async def test_a_sync_that_failed_is_tried_again(scene: Scene) -> None:
    await scene.add(synced="failed")
    await scene.pass_time(HOUR)
    assert len(scene.times()) == 1


async def test_what_was_cut_off_is_finished_first_whatever_the_schedule_says(scene: Scene) -> None:
    await scene.add(synced="running")
    scene.cut_off = [scene.bridges[0]]
    await scene.timetable.off(scene.bridges[0], "sync")
    await scene.tick()
    assert scene.started == [(NOON, 1, "sync")]


async def test_a_bridge_that_is_busy_stays_due(scene: Scene) -> None:
    await scene.add()
    await scene.timetable.set(scene.bridges[0], "sync", "daily at 13:00")
    await scene.timetable.off(scene.bridges[0], "poll")
    scene.clock.advance(HOUR - 60)
    lease = await Drivers(scene.database).take(1, f"elsewhere:1:{'x' * 8}", scene.clock.now() + 55)
    await scene.pass_time(90, PAUSE_SECONDS)
    assert scene.started == []
    await Drivers(scene.database).release(lease)
    await scene.pass_time(60, PAUSE_SECONDS)
    assert len(scene.times()) == 1


async def test_of_two_processes_one_starts_a_run(scene: Scene) -> None:
    await scene.add()
    await scene.timetable.set(scene.bridges[0], "sync", "daily at 13:00")
    scene.clock.advance(HOUR + 2)
    other = Timetable(scene.database, scene.clock, {"sync": HOUR, "poll": 900.0})
    async with scene.database.read() as connection:
        seen = (await schedules_of(connection, 1))["sync"]
    assert [await scene.timetable._begins(seen, 1.0), await other._begins(seen, 1.0)] == [True, False]


async def test_a_missed_run_runs_once(scene: Scene) -> None:
    await scene.add()
    await scene.timetable.off(scene.bridges[0], "poll")
    await scene.tick()
    scene.clock.advance(5 * DAY + 17 * 60)
    await scene.pass_time(10 * 60, PAUSE_SECONDS)
    assert len(scene.times()) == 1
    assert scene.times()[0] - NOON < 5 * DAY + 19 * 60


async def test_a_run_that_is_missed_until_quiet_hours_starts_at_their_end(scene: Scene) -> None:
    await scene.add()
    await scene.timetable.off(scene.bridges[0], "poll")
    await scene.timetable.set(scene.bridges[0], "sync", "daily at 13:00", "UTC", "22:00-06:00")
    scene.clock.advance(11 * HOUR)  # the machine was off until 23:00
    await scene.pass_time(8 * HOUR)
    assert [round((at - NOON) / HOUR) for at in scene.times()] == [18]


@pytest.mark.parametrize("text", ["default", "daily at 03:30", "0 */6 * * *"])
@pytest.mark.parametrize("jump", [DAY, -DAY, 30 * DAY, -30 * DAY])
async def test_a_clock_that_jumps_neither_blocks_a_bridge_nor_starts_a_storm(
    scene: Scene, text: str, jump: float
) -> None:
    await scene.add()
    await scene.timetable.off(scene.bridges[0], "poll")
    await scene.timetable.set(scene.bridges[0], "sync", text)
    await scene.pass_time(DAY, 600.0)
    usual = len(scene.times())
    scene.clock.advance(jump)
    await scene.pass_time(HOUR, 600.0)  # an hour in the wrong time
    assert len(scene.times()) <= usual + 6
    scene.clock.advance(-jump)
    scene.started.clear()
    await scene.pass_time(DAY, 600.0)
    assert usual - 1 <= len(scene.times()) <= usual + 1


async def test_many_late_bridges_start_one_after_the_other_each_once(scene: Scene) -> None:
    await scene.add(120)
    for bridge in scene.bridges:
        await scene.timetable.off(bridge, "poll")
        await scene.timetable.set(bridge, "sync", "daily at 03:30")
    scene.clock.advance(3 * DAY)
    await scene.pass_time(10 * 60, 30.0)
    assert Counter(bridge_id for _, bridge_id, _ in scene.started) == dict.fromkeys(range(1, 121), 1)
    assert max(Counter(at // 60 for at in scene.times()).values()) <= 80


async def test_a_schedule_that_is_set_or_switched_off_holds_at_once(scene: Scene) -> None:
    await scene.add()
    bridge = scene.bridges[0]
    made = await scene.timetable.set(bridge, "sync", "Daily at 03:30", "Europe/Zurich", "22:00-03:00")
    assert (made.text, made.zone, made.quiet) == ("daily at 03:30", "Europe/Zurich", "22:00-03:00")
    assert made.next_at is not None
    assert round(made.next_at) in range(int(NOON + 14.5 * HOUR), int(NOON + 14.5 * HOUR) + 2)
    kept = await scene.timetable.set(bridge, "sync", "daily at 04:30")
    assert (kept.zone, kept.quiet) == ("Europe/Zurich", "22:00-03:00")
    assert (await scene.timetable.set(bridge, "sync", "hourly", quiet="")).quiet == ""
    off = await scene.timetable.off(bridge, "sync")
    assert (off.enabled, off.next_at, off.text) == (False, None, "hourly")
    await scene.pass_time(DAY, 600.0)
    assert scene.times() == []


async def test_what_cannot_be_set_changes_nothing(scene: Scene) -> None:
    await scene.add()
    before = await scene.timetable.timings(scene.bridges[0])
    for purpose, text, zone in (("scan", "hourly", "UTC"), ("sync", "never", "UTC"), ("sync", "hourly", "X")):
        with pytest.raises(NotPossible):
            await scene.timetable.set(scene.bridges[0], purpose, text, zone)
    assert await scene.timetable.timings(scene.bridges[0]) == before


async def test_a_schedule_that_means_nothing_any_more_stops_nobody_else(scene: Scene) -> None:
    await scene.add(2)
    await scene.tick()
    async with scene.database.write() as connection:
        await connection.execute(update(schedule).where(schedule.c.bridge_id == 1).values(zone="Old/Town"))
    await scene.pass_time(HOUR)
    assert {bridge_id for _, bridge_id, _ in scene.started} == {2}
    assert {timing.next_at for timing in await scene.timetable.timings(scene.bridges[0])} == {None}
