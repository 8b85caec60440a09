"""Who works on which bridge in this process: one at a time for each, live work before scheduled work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from landbridge.engine.together import ended
from landbridge.store import due, recipes
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database, StoreFailure
from landbridge.store.due import Urgency
from landbridge.store.runs import Run, Runs
from landbridge.systems.base import Clock

LOOK_SECONDS = 1.0  # how often the due table is looked at when nobody calls: events of other processes
FIRST_REST, LONGEST_REST = 2.0, 60.0  # seconds a bridge rests after live work failed as a whole
LOOK_UP_SECONDS = 900.0  # at least so long between two whole syncs that look for creates without an answer

Drive = Callable[[Bridge], Awaitable[Run | None]]

log = structlog.get_logger()


@dataclass(slots=True)
class _Rest:
    """Live work of a bridge that failed waits, longer each time."""

    until: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Crew:
    """Background work of one process.

    ``live`` carries what is due; ``poll`` looks what moved first; ``sync`` runs a whole sync for a cause,
    accepting a large change or not.
    """

    database: Database
    clock: Clock
    live: Drive
    poll: Drive
    sync: Callable[[Bridge, str, bool], Awaitable[Run | None]]
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _rests: dict[int, _Rest] = field(default_factory=dict)
    _looked_up: dict[int, float] = field(default_factory=dict)
    _next_sync: dict[int, tuple[Bridge, str, bool]] = field(default_factory=dict)
    _asked: dict[int, float] = field(default_factory=dict)

    def wake(self, bridge_id: int) -> None:
        """Something is due: look at once, unless somebody is at this bridge, or has to let it rest."""
        rest = self._rests.get(bridge_id)
        if not self.busy(bridge_id) and (rest is None or rest.until <= self.clock.now()):
            self.woken.set()

    def busy(self, bridge_id: int) -> bool:
        """Does this process work on the bridge right now?"""
        task = self._tasks.get(bridge_id)
        return task is not None and not task.done()

    @property
    def resting(self) -> int:
        """Bridges whose live work failed as a whole, so that it waits before it is tried again."""
        now = self.clock.now()
        return sum(rest.until > now for rest in self._rests.values())

    def asked(self, bridge_id: int) -> float | None:
        """Since when a whole sync of this process is wanted or under way, in epoch seconds; None for none."""
        return self._asked.get(bridge_id)

    def start_sync(self, bridge: Bridge, *, cause: str, accept: bool = False) -> None:
        """A whole sync in the background; after what is under way, if anything is."""
        self._asked.setdefault(bridge.id, self.clock.now())
        if self.busy(bridge.id):
            _, before, accepted = self._next_sync.get(bridge.id, (bridge, cause, False))
            first = before if accepted else cause  # a person's word is not taken back by a schedule
            self._next_sync[bridge.id] = (bridge, first, accept or accepted)
        else:
            self._begin(bridge.id, partial(self._sync_quietly, bridge, cause, accept=accept))

    def start_poll(self, bridge: Bridge) -> None:
        """Look what moved, in the background; whatever is under way finds it as well."""
        if not self.busy(bridge.id):
            self._begin(bridge.id, partial(self._live_quietly, bridge, self.poll))

    async def stop(self, bridge_id: int) -> None:
        """End what this process does on a bridge; a run that is cut off continues with the next sync."""
        self._next_sync.pop(bridge_id, None)
        task = self._tasks.get(bridge_id)
        if task is not None and not task.done():
            await ended(task)

    async def look(self) -> None:
        """Start live work wherever something is due and nobody is at it."""
        now = self.clock.now()
        async with self.database.read() as connection:
            found = await due.bridges_with_work(connection, now)
            found |= dict.fromkeys(
                await recipes.bridges_with_work(connection, now) - found.keys(), Urgency.ASKED
            )
        waiting = [key for key in found if not self.busy(key) and self._rests.get(key, _Rest()).until <= now]
        if not waiting:
            return
        known = {bridge.id: bridge for bridge in await Bridges(self.database).bridges() if bridge.running}
        for key in waiting:
            if key in known and (found[key] is Urgency.OPT_OUT or await self._may_go_on(key)):
                self._begin(key, partial(self._live_quietly, known[key], self.live))

    async def keep_live(self) -> None:
        """Until cancelled: look whenever somebody calls, and every second for those who cannot."""
        while True:
            self.woken.clear()
            try:
                await self.look()
            except Exception:  # the database, for a moment: what is due stays due
                log.exception("live_not_looked")
            called = asyncio.ensure_future(self.woken.wait())
            paused = asyncio.ensure_future(self.clock.sleep(LOOK_SECONDS))
            try:
                await asyncio.wait({called, paused}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                called.cancel()
                paused.cancel()

    async def close(self) -> None:
        """Stop; due records and unfinished runs stay for the next process."""
        self._next_sync.clear()
        await ended(*self._tasks.values())

    async def _may_go_on(self, bridge_id: int) -> bool:
        """Not while a person is asked whether a large change is meant; opt-outs do not wait for that."""
        return not await Runs(self.database).asked(bridge_id)

    def _begin(self, bridge_id: int, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(work())
        self._tasks[bridge_id] = task
        task.add_done_callback(partial(self._ended, bridge_id))

    def _ended(self, bridge_id: int, task: asyncio.Task[None]) -> None:
        following = self._next_sync.pop(bridge_id, None)
        if not task.cancelled() and following is not None:
            bridge, cause, accept = following
            self._begin(bridge_id, partial(self._sync_quietly, bridge, cause, accept=accept))
        self.woken.set()  # what came in meanwhile is looked at

    async def _sync_quietly(self, bridge: Bridge, cause: str, *, accept: bool) -> None:
        try:
            await self.sync(bridge, cause, accept)
            self._rests.pop(bridge.id, None)  # live work may have waited for just this
        except StoreFailure as failure:  # another process has the bridge; its run is on the page
            log.info("sync_not_started", bridge=bridge.id, why=failure.sentence)
        except Exception:  # disk full, locked: the run is unfinished, and tried again
            log.exception("sync_failed", bridge=bridge.id)
        finally:
            if bridge.id not in self._next_sync:
                self._asked.pop(bridge.id, None)

    async def _live_quietly(self, bridge: Bridge, drive: Drive) -> None:
        rest = self._rests.setdefault(bridge.id, _Rest())
        try:
            run = await drive(bridge)
        except StoreFailure as failure:  # another process has the bridge, and carries it
            log.info("live_not_started", bridge=bridge.id, why=failure.sentence)
            run = None
        except Exception:  # disk full, locked: everything stays due, and the bridge rests
            log.exception("live_failed", bridge=bridge.id)
            run = None
        if run is not None and run.state == "done":
            rest.failures = 0
            if run.counts.get("look_up"):
                self._look_up(bridge)
            return
        rest.failures += 1
        rest.until = self.clock.now() + min(LONGEST_REST, FIRST_REST * 2.0 ** (rest.failures - 1))

    def _look_up(self, bridge: Bridge) -> None:
        """A create got no answer: a whole sync finds out what became of it, not more often than sensible."""
        now = self.clock.now()
        if now - self._looked_up.get(bridge.id, 0.0) >= LOOK_UP_SECONDS:
            self._looked_up[bridge.id] = now
            self.start_sync(bridge, cause="look up")
