"""Who works on which bridge: one at a time, live work at once, resting after failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from landbridge.engine.crew import FIRST_REST, LOOK_UP_SECONDS, Crew
from landbridge.store import due, recipes
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database, StoreFailure
from landbridge.store.due import Due
from landbridge.store.recipes import Firing
from landbridge.store.runs import Run, Runs
from landbridge.sync.model import Side


@dataclass(slots=True)
class Clock:
    """Stands still until told."""

    at: float = 1_780_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, _seconds: float) -> None:
        await asyncio.Event().wait()


@dataclass(slots=True)
class Stage:
    """A crew, and what it was told to do."""

    database: Database
    bridge: Bridge
    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)
    outcome: Run | StoreFailure | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    crew: Crew = field(init=False)

    def __post_init__(self) -> None:
        self.gate.set()
        self.crew = Crew(self.database, self.clock, self.live, self.live, self.sync)

    async def live(self, _bridge: Bridge) -> Run | None:
        self.said.append("live")
        await self.gate.wait()
        if isinstance(self.outcome, StoreFailure):
            raise self.outcome
        async with self.database.write() as connection:
            named = await due.first(connection, self.bridge.id, self.clock.now(), 100)
            await due.clear(connection, self.bridge.id, named if self.outcome else [])
        return self.outcome

    async def sync(self, _bridge: Bridge, cause: str, accept: bool) -> Run | None:  # as the crew calls it
        self.said.append(f"sync for {cause}" + (", accepted" if accept else ""))
        return None

    async def name(self) -> None:
        async with self.database.write() as connection:
            await due.name(connection, self.bridge.id, [Due(Side.HIGHLEVEL, "h1")], self.clock.now())

    async def rest(self) -> None:
        """Until everything that was begun has ended."""
        while self.crew.busy(self.bridge.id):
            await asyncio.sleep(0)


def run(state: str = "done", **counts: int) -> Run:
    return Run(9, 1, "live", "event", state, "", 0, 0, 0.0, counts=counts)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await database.migrate()
    bridges = Bridges(database)
    left = await bridges.save_account(Side.HIGHLEVEL, "loc", "Location", {}, 0.0)
    right = await bridges.save_account(Side.REZORA, "user", "User", {}, 0.0)
    made = Stage(database, await bridges.create("main", left, right, "", 0.0))
    yield made
    await made.crew.close()
    await database.close()


async def test_nothing_due_starts_nothing(stage: Stage) -> None:
    await stage.crew.look()
    assert stage.said == []


async def test_what_is_due_is_carried_by_one_at_a_time(stage: Stage) -> None:
    stage.outcome = run()
    stage.gate.clear()
    await stage.name()
    await stage.crew.look()
    await asyncio.sleep(0)
    await stage.crew.look()
    assert stage.said == ["live"]
    stage.gate.set()
    await stage.rest()
    await stage.crew.look()
    assert stage.said == ["live"]


async def test_a_call_wakes_the_crew_without_a_pause(stage: Stage) -> None:
    stage.outcome = run()
    keeping = asyncio.ensure_future(stage.crew.keep_live())
    await asyncio.sleep(0)
    await stage.name()
    stage.crew.wake(stage.bridge.id)
    while not stage.said:
        await asyncio.sleep(0)
    keeping.cancel()
    assert stage.said == ["live"]


async def test_calls_for_a_bridge_that_is_busy_or_rests_wake_nobody(stage: Stage) -> None:
    stage.gate.clear()
    await stage.name()
    await stage.crew.look()
    stage.crew.wake(stage.bridge.id)
    assert not stage.crew.woken.is_set()
    stage.gate.set()
    await stage.rest()
    await asyncio.sleep(0)
    stage.crew.woken.clear()
    stage.crew.wake(stage.bridge.id)  # the outcome was none: it rests
    assert not stage.crew.woken.is_set()
    stage.crew.start_sync(stage.bridge, cause="page")
    await stage.rest()
    await asyncio.sleep(0)
    stage.crew.woken.clear()
    stage.crew.wake(stage.bridge.id)
    assert stage.crew.woken.is_set()


@pytest.mark.parametrize("outcome", [None, StoreFailure("Busy.", "Wait."), run("failed")])
async def test_after_a_failure_the_bridge_rests_longer_each_time(
    stage: Stage, outcome: Run | StoreFailure | None
) -> None:
    stage.outcome = outcome
    for times, rest in ((1, FIRST_REST), (2, 2 * FIRST_REST), (3, 4 * FIRST_REST)):
        await stage.name()
        await stage.crew.look()
        await stage.rest()
        stage.clock.at += rest - 0.01
        await stage.crew.look()
        assert len(stage.said) == times
        stage.clock.at += 0.02


async def test_nothing_goes_on_while_a_person_is_asked_about_a_large_change(stage: Stage) -> None:
    runs = Runs(stage.database)
    await stage.name()
    asked = await runs.start(stage.bridge.id, "sync", "page", "", stage.clock.now())
    await runs.finish(asked.id, "braked", stage.clock.now())
    await stage.crew.look()
    assert stage.said == []
    accepted = await runs.start(stage.bridge.id, "sync", "page", "", stage.clock.now())
    await runs.finish(accepted.id, "done", stage.clock.now())
    await stage.crew.look()
    await stage.rest()
    assert stage.said == ["live"]


async def test_a_sync_that_is_asked_for_meanwhile_follows(stage: Stage) -> None:
    stage.outcome = run()
    stage.gate.clear()
    await stage.name()
    await stage.crew.look()
    await asyncio.sleep(0)
    assert stage.crew.asked(stage.bridge.id) is None
    stage.crew.start_sync(stage.bridge, cause="page", accept=True)
    assert stage.said == ["live"]
    assert stage.crew.asked(stage.bridge.id) == stage.clock.at
    stage.gate.set()
    while len(stage.said) < 2:
        await asyncio.sleep(0)
    assert stage.said == ["live", "sync for page, accepted"]
    await stage.rest()
    assert stage.crew.asked(stage.bridge.id) is None


async def test_a_create_without_an_answer_is_looked_up_but_not_all_the_time(stage: Stage) -> None:
    stage.outcome = run(look_up=1)
    for expected in (1, 1, 2):
        await stage.name()
        await stage.crew.look()
        await stage.rest()
        await asyncio.sleep(0)
        await stage.rest()
        assert stage.said.count("sync for look up") == expected
        stage.clock.at += LOOK_UP_SECONDS / 2


async def test_a_recipe_that_is_due_is_live_work(stage: Stage) -> None:
    async with stage.database.write() as connection:
        await recipes.fire(connection, stage.bridge.id, [Firing("a", "b", due_at=stage.clock.at + 60)])
    await stage.crew.look()
    assert stage.said == []
    stage.clock.at += 61
    await stage.crew.look()
    await stage.rest()
    assert stage.said == ["live"]
