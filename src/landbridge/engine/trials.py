"""Dry runs in the background: one at a time for each bridge, watched by pages, kept for half an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import structlog

from landbridge.engine.answers import NotPossible
from landbridge.engine.fleet import DryRun
from landbridge.engine.work import Progress, Watch
from landbridge.store.bridges import Bridge
from landbridge.store.database import StoreFailure
from landbridge.systems.base import Clock, SystemFailure

KEEP_SECONDS = 1_800.0
LINES_KEPT = 2_000
_READING = ("Reading", "Getting")  # how the words of a stage begin that reads

log = structlog.get_logger()


class Plan(Protocol):
    """A dry run of a bridge; ``landbridge.app.App.plan`` fits it."""

    def __call__(self, bridge: Bridge, *, mapping: str | None, watch: Watch) -> Awaitable[DryRun]:
        """What a sync would do."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """One dry run; ``state`` is ``reading``, ``planning``, ``done`` or ``failed``. Times in epoch seconds.

    ``done`` of ``total`` is how far its stage is, ``doing`` that stage in words. ``mapping`` is the text that
    was tried, None for the bridge's own.
    """

    mapping: str | None
    by: str
    started_at: float
    state: str = "reading"
    doing: str = "Getting ready"
    done: int = 0
    total: int = 0
    sentence: str = ""
    fix: str = ""
    ended_at: float | None = None
    result: DryRun | None = None

    @property
    def running(self) -> bool:
        """Is it under way?"""
        return self.ended_at is None


@dataclass(slots=True)
class Trials:
    """The dry runs of this process."""

    plan: Plan
    clock: Clock
    _trials: dict[int, Trial] = field(default_factory=dict)
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def start(self, bridge: Bridge, mapping: str | None, by: str) -> None:
        """Begin one, in the place of what an earlier one found.

        Raises ``NotPossible`` while one is under way.
        """
        known = self.state(bridge)
        if known is not None and known.running:
            raise NotPossible("A test is under way already.", "Wait until it has ended, or stop it.")
        self._trials[bridge.id] = Trial(mapping, by, self.clock.now())
        self._tasks[bridge.id] = asyncio.ensure_future(self._quietly(bridge, mapping))

    def state(self, bridge: Bridge) -> Trial | None:
        """The newest one of a bridge; None when there was none, or it ended half an hour ago."""
        found = self._trials.get(bridge.id)
        if found and found.ended_at is not None and self.clock.now() - found.ended_at > KEEP_SECONDS:
            del self._trials[bridge.id]
            return None
        return found

    def stop(self, bridge: Bridge) -> None:
        """End one that is under way; it has written nothing, so nothing is left of it."""
        task = self._tasks.get(bridge.id)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """Stop all of them."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _quietly(self, bridge: Bridge, mapping: str | None) -> None:
        change = partial(self._change, bridge.id)
        try:
            found = await self.plan(bridge, mapping=mapping, watch=lambda now: self._watch(bridge.id, now))
            del found.lines[LINES_KEPT:]
            if found.run.state == "done":
                change(state="done", result=found)
            else:
                change(state="failed", sentence=found.run.sentence, fix=found.run.fix)
        except asyncio.CancelledError:
            change(state="failed", sentence="The test was stopped.", fix="Start it again when you like.")
            raise
        except (SystemFailure, StoreFailure) as failure:
            change(state="failed", sentence=str(failure), fix=failure.fix)
        except Exception:  # whatever it is, the page must not say "running" for ever
            log.exception("trial_failed", bridge=bridge.id)
            fix = "Look at the log of Landbridge, then start it again; nothing was written."
            change(state="failed", sentence="The test stopped unexpectedly.", fix=fix)

    def _watch(self, bridge_id: int, now: Progress) -> None:
        state = "reading" if now.stage.startswith(_READING) else "planning"
        known = self._trials[bridge_id]
        self._trials[bridge_id] = replace(known, state=state, doing=now.stage, done=now.done, total=now.total)

    def _change(self, bridge_id: int, **changes: object) -> None:
        ended = {"ended_at": self.clock.now(), **changes}
        self._trials[bridge_id] = replace(self._trials[bridge_id], **ended)  # type: ignore[arg-type]
