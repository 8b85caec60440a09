"""Dry runs in the background: one at a time, watched, kept for half an hour, and never a write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from landbridge.engine.answers import NotPossible
from landbridge.engine.endings import until_lost
from landbridge.engine.fleet import DryRun
from landbridge.engine.together import ended
from landbridge.engine.trials import KEEP_SECONDS, LINES_KEPT, Trials
from landbridge.engine.work import Planned, Progress, Watch, Work
from landbridge.store.bridges import Bridge
from landbridge.store.driver import LeaseLost
from landbridge.systems.base import Unreachable
from landbridge_rig import landbridge
from web_scenes import BRIDGE, NOW, StillClock, run


class Planning:
    """A planner that waits until it is told how to end."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.tried: list[str | None] = []
        self.watch: Watch = lambda _: None
        self.ends: Callable[[], DryRun] = lambda: DryRun(run(9, purpose="plan"), [])

    async def __call__(self, bridge: Bridge, *, mapping: str | None, watch: Watch) -> DryRun:
        self.tried.append(mapping)
        self.watch = watch
        await self.go_on.wait()
        return self.ends()


class Later(StillClock):
    """A clock that can be moved."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> float:
        return self.at


async def until_ended(trials: Trials) -> None:
    await asyncio.gather(*trials._tasks.values(), return_exceptions=True)


async def test_a_trial_is_told_of_from_its_start_to_its_end() -> None:
    planning, clock = Planning(), Later()
    trials = Trials(planning, clock)
    assert trials.state(BRIDGE) is None
    trials.start(BRIDGE, "the text", "page")
    await asyncio.sleep(0)
    planning.watch(Progress("Reading HighLevel", 500, 2_000))
    known = trials.state(BRIDGE)
    assert known is not None
    assert (known.state, known.done, known.total, known.running) == ("reading", 500, 2_000, True)
    planning.watch(Progress("Planning", 20, 60))
    known = trials.state(BRIDGE)
    assert known is not None
    assert (known.state, known.doing) == ("planning", "Planning")
    planning.ends = lambda: DryRun(run(9, purpose="plan"), [Planned("c", "n", "a", "r")] * (LINES_KEPT + 5))
    planning.go_on.set()
    await until_ended(trials)
    known = trials.state(BRIDGE)
    assert known is not None
    assert known.result is not None
    assert (known.state, known.mapping, len(known.result.lines)) == ("done", "the text", LINES_KEPT)
    assert planning.tried == ["the text"]
    clock.at += KEEP_SECONDS + 1
    assert trials.state(BRIDGE) is None


async def test_there_is_one_at_a_time_for_each_bridge() -> None:
    planning = Planning()
    trials = Trials(planning, StillClock())
    trials.start(BRIDGE, None, "page")
    with pytest.raises(NotPossible, match="under way already"):
        trials.start(BRIDGE, "other", "page")
    await asyncio.sleep(0)
    trials.stop(BRIDGE)
    await until_ended(trials)
    known = trials.state(BRIDGE)
    assert known is not None
    assert (known.state, known.sentence) == ("failed", "The test was stopped.")
    trials.start(BRIDGE, "other", "page")
    await trials.close()
    assert len(planning.tried) == 1  # closed before it began


async def test_what_goes_wrong_is_said_with_its_fix() -> None:
    planning = Planning()
    trials = Trials(planning, StillClock())

    def lost() -> DryRun:
        raise Unreachable("HighLevel cannot be reached.")

    planning.go_on.set()
    for ends, sentence, fix in (
        (lost, "HighLevel cannot be reached.", "network"),
        (
            lambda: DryRun(run(9, state="failed", sentence="No access.", fix="Connect again."), []),
            "No access.",
            "Connect again.",
        ),
        (lambda: DryRun(None, []), "The test stopped unexpectedly.", "nothing was written"),  # type: ignore[arg-type]
    ):
        planning.ends = ends
        trials.start(BRIDGE, None, "page")
        await until_ended(trials)
        known = trials.state(BRIDGE)
        assert known is not None
        assert (known.state, known.sentence) == ("failed", sentence)
        assert fix in known.fix


async def test_a_real_trial_writes_nothing_and_tells_what_it_found(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 30) as rig:
        rig.app.trials.start(rig.bridge, None, "page")
        await until_ended(rig.app.trials)
        known = rig.app.trials.state(rig.bridge)
        assert known is not None
        assert known.result is not None
        assert known.result.run.counts["create"] > 0
        assert (known.result.run.purpose, rig.mutating()) == ("plan", 0)


async def test_one_that_is_stopped_before_its_first_step_does_not_stay_under_way() -> None:
    trials = Trials(Planning(), Later())
    trials.start(BRIDGE, None, "page")
    trials.stop(BRIDGE)
    await until_ended(trials)
    await asyncio.sleep(0)
    found = trials.state(BRIDGE)
    assert found is not None
    assert (found.running, found.sentence) == (False, "The test was stopped.")
    trials.start(BRIDGE, None, "page")  # and another one may begin
    await trials.close()


class Cleaning:
    """Work that needs some turns of the loop to end once it was cancelled, and counts how often that was."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.ended = False

    async def __call__(self) -> None:
        waits = asyncio.get_running_loop().create_future()
        try:
            await waits
        finally:
            for _ in range(5):
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    self.cancelled += 1
            self.ended = True


async def test_what_is_ended_is_cancelled_once_and_waited_for() -> None:
    work = Cleaning()
    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await ended(task, asyncio.ensure_future(asyncio.sleep(0)))
    assert (work.ended, work.cancelled) == (True, 0)
    await ended()


async def test_a_run_that_is_cancelled_is_over_when_its_driver_is_told() -> None:
    work, driven = SimpleNamespace(lost=asyncio.Event()), Cleaning()
    task = asyncio.ensure_future(until_lost(cast("Work", work), driven()))
    for _ in range(3):
        await asyncio.sleep(0)
    await ended(task)
    assert task.cancelled()
    assert (driven.ended, driven.cancelled) == (True, 0)


async def test_a_run_whose_bridge_was_taken_over_is_over_as_well() -> None:
    work, driven = SimpleNamespace(lost=asyncio.Event()), Cleaning()
    asyncio.get_running_loop().call_later(0.01, work.lost.set)
    with pytest.raises(LeaseLost):
        await until_lost(cast("Work", work), driven())
    assert driven.ended
