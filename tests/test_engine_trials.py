"""Dry runs in the background: one at a time, watched, kept for half an hour, and never a write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from landbridge.engine.answers import NotPossible
from landbridge.engine.fleet import DryRun
from landbridge.engine.trials import KEEP_SECONDS, LINES_KEPT, Trials
from landbridge.engine.work import Planned, Progress, Watch
from landbridge.store.bridges import Bridge
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
