"""The fleet with somebody who watches its runs: each is told when it begins and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from structlog.contextvars import bound_contextvars

from landbridge.engine.fleet import DryRun, Fleet, UndoRun
from landbridge.engine.undo import UndoOrder
from landbridge.engine.work import Only, Watch
from landbridge.store.bridges import Bridge
from landbridge.store.database import StoreFailure
from landbridge.store.driver import LeaseLost
from landbridge.store.runs import Run

RunSeen = Callable[[Run | None], None]
"""Takes the run as it ended, or None where none began; not called for one that was cut off."""


class WatchesRuns(Protocol):
    """Who is told; ``landbridge.instruments.Instruments`` fits it."""

    def run(self, bridge_id: int, purpose: str, cause: str) -> AbstractContextManager[RunSeen]:
        """Before a run begins; everything of it happens inside."""
        ...

    def step(self, bridge_id: int) -> AbstractContextManager[None]:
        """One step of that run, perhaps in another context."""
        ...


class WatchedFleet(Fleet):
    """The same runs; ``watcher`` is told of each."""

    def __init__(self, *parts: Any, watcher: WatchesRuns, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._watcher = watcher

    async def sync(self, bridge: Bridge, *, cause: str, **how: Any) -> Run:
        """A full sync; see ``Fleet.sync``."""
        with self._watched(bridge, "sync", cause) as seen:
            run = await super().sync(bridge, cause=cause, **how)
            seen(run)
        return run

    async def _partly(
        self, bridge: Bridge, purpose: str, at: str, cause: str, watch: Watch | None, only: Only = frozenset()
    ) -> Run | None:
        """A run about some records; see ``Fleet.live``, ``Fleet.sample`` and ``Fleet.poll``."""
        with self._watched(bridge, purpose, cause) as seen:
            run = await super()._partly(bridge, purpose, at, cause, watch, only)
            seen(run)
        return run

    async def dry_run(self, bridge: Bridge, **how: Any) -> DryRun:
        """A dry run; see ``Fleet.dry_run``."""
        with self._watched(bridge, "plan", "command") as seen:
            found = await super().dry_run(bridge, **how)
            seen(found.run)
        return found

    async def undo(self, bridge: Bridge, order: UndoOrder, *, cause: str, preview: bool) -> UndoRun:
        """An undo; see ``Fleet.undo``."""
        with self._watched(bridge, "undo", cause) as seen:
            found = await super().undo(bridge, order, cause=cause, preview=preview)
            seen(found.run)
        return found

    async def advance(self, run_id: int, stage: str) -> str:
        """One step; DBOS may run it in a context of its own, so its lines are told anew whose they are."""
        bridge_id = self._works[run_id].bridge.id
        with bound_contextvars(bridge=bridge_id, run=run_id), self._watcher.step(bridge_id):
            return await super().advance(run_id, stage)

    @contextmanager
    def _watched(self, bridge: Bridge, purpose: str, cause: str) -> Iterator[RunSeen]:
        with bound_contextvars(bridge=bridge.id), self._watcher.run(bridge.id, purpose, cause) as seen:
            try:
                yield seen
            except LeaseLost:  # it had begun
                raise
            except StoreFailure:  # another process has the bridge
                seen(None)
                raise
