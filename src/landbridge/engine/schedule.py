"""When runs start by themselves: what was cut off first, then each bridge by its schedules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from landbridge.engine.answers import NotPossible
from landbridge.engine.when import DEFAULT, When, free_from, in_words, next_start, read_when, spread
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.driver import Drivers
from landbridge.store.runs import Run, Runs
from landbridge.store.schedules import PURPOSES, Schedule, every_schedule, move, save, schedules_of
from landbridge.systems.base import Clock

PAUSE_SECONDS = 5.0
SECONDS_PER_BRIDGE = 1.0  # many bridges at 03:30 start so far apart on average; one starts at 03:30
LONGEST_WINDOW_SECONDS = 900.0  # and none much later than asked for
LATE_SECONDS = 300.0  # a start missed by more was missed by all: the machine or its clock was off
_ROUNDING_SECONDS = 1.0

Start = Callable[[Bridge, str], None]
Unfinished = Callable[[], Awaitable[list[Bridge]]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Timing:
    """One purpose of a bridge as people see it; ``next_at`` is None when nothing starts by itself."""

    purpose: str
    text: str
    words: str
    zone: str
    quiet: str
    enabled: bool
    next_at: float | None
    last_at: float | None


class Timetable:
    """The schedules of all bridges; ``defaults`` are the intervals in seconds where nobody set one."""

    def __init__(self, database: Database, clock: Clock, defaults: Mapping[str, float]) -> None:
        self._database = database
        self._clock = clock
        self._defaults = defaults
        self._bridges = Bridges(database)
        self._runs = Runs(database)
        self._drivers = Drivers(database)
        self._unreadable: set[tuple[int, str]] = set()
        self._spread: set[tuple[int, str]] = set()  # put off once already

    async def timings(self, bridge: Bridge) -> list[Timing]:
        """How a bridge's purposes are set, and when each starts next."""
        async with self._database.read() as connection:
            kept = await schedules_of(connection, bridge.id)
        waits = waits_for_a_person(await self._runs.newest_of(bridge.id, "sync"))
        return [
            self._timing(kept.get(purpose) or self._unset(bridge.id, purpose), waits) for purpose in PURPOSES
        ]

    async def following(self, bridges: Sequence[int], paused: Collection[int]) -> dict[int, float]:
        """When each of these bridges runs next by itself, whatever for; none of those that do not."""
        async with self._database.read() as connection:
            kept = await every_schedule(connection)
        found: dict[int, float] = {}
        for bridge_id in bridges:
            for purpose in PURPOSES:
                known = kept.get((bridge_id, purpose))
                at = None if known is None else self._timing(known, waits=bridge_id in paused).next_at
                if at is not None:
                    found[bridge_id] = min(at, found.get(bridge_id, at))
        return found

    async def set(
        self, bridge: Bridge, purpose: str, text: str, zone: str | None = None, quiet: str | None = None
    ) -> Timing:
        """Give a purpose its schedule, and switch it on; a zone or quiet hours that are None stay.

        Raises ``NotPossible`` with nothing changed.
        """
        known = await self._kept(bridge, purpose)
        zone = known.zone if zone is None else zone
        quiet = known.quiet if quiet is None else quiet
        when = read_when(text, zone, quiet, default_seconds=self._defaults[purpose])
        at = await self._following(when, bridge.id)
        hours = str(when.quiet or "")
        return await self._keep(
            replace(known, text=when.text, zone=zone, quiet=hours, enabled=True, next_at=at)
        )

    async def off(self, bridge: Bridge, purpose: str) -> Timing:
        """Nothing of this purpose starts by itself any more; what is set stays for later."""
        return await self._keep(replace(await self._kept(bridge, purpose), enabled=False))

    async def start_due(self, unfinished: Unfinished, start: Start) -> None:
        """Finish what was cut off, then start what is due: at most one run a bridge."""
        started = set()
        for bridge in await unfinished():
            newest = await self._runs.newest_of(bridge.id, "sync")
            if newest is not None and newest.state == "running":
                started.add(bridge.id)
                log.info("run_started", bridge=bridge.id, cause="cut off")
                start(bridge, "sync")
        bridges = [bridge for bridge in await self._bridges.bridges() if bridge.live]
        window = window_for(len(bridges))
        async with self._database.read() as connection:
            kept = await every_schedule(connection)
        for bridge in bridges:
            for purpose in PURPOSES:
                known = kept.get((bridge.id, purpose)) or await self._first(bridge.id, purpose, window)
                if bridge.id not in started and await self._begins(known, window):
                    started.add(bridge.id)
                    log.info("run_started", bridge=bridge.id, cause="schedule", purpose=purpose)
                    start(bridge, purpose)

    async def late_after(self, bridge: Bridge, since: float, times: int) -> float | None:
        """When syncs have failed to come so many times since an instant; None when none is expected."""
        known = await self._kept(bridge, "sync")
        when = self.read(known) if known.enabled else None
        if when is None:
            return None
        for _ in range(times):
            since = next_start(when, since, spread(bridge.id), LONGEST_WINDOW_SECONDS)
        return since

    def read(self, known: Schedule) -> When | None:
        """What a schedule means; None, and a line in the log, when it means nothing any more."""
        try:
            return read_when(
                known.text, known.zone, known.quiet, default_seconds=self._defaults[known.purpose]
            )
        except NotPossible as refusal:  # such as a time zone that a newer table has no longer
            if (known.bridge_id, known.purpose) not in self._unreadable:
                log.warning("schedule_unreadable", bridge=known.bridge_id, why=refusal.sentence)
            self._unreadable.add((known.bridge_id, known.purpose))
            return None

    async def _begins(self, known: Schedule, window: float) -> bool:
        """Does a run begin now? Whatever the answer, the next start is set right."""
        when = self.read(known) if known.enabled else None
        if when is None:
            return False
        now, share = self._clock.now(), spread(known.bridge_id)
        following = next_start(when, now, share, window)
        late = share * window
        later = following if known.next_at > now else await self._postponed(known, when, following, late)
        if later is None:
            async with self._database.write() as connection:
                return await move(connection, known, following, now)
        # Later than the schedule can say: our clock was ahead, and must not block the bridge (L10).
        wrong = known.next_at > following + _ROUNDING_SECONDS
        if later != known.next_at and (wrong or known.next_at <= now):
            async with self._database.write() as connection:
                await move(connection, known, later)
        return False

    async def _postponed(self, known: Schedule, when: When, following: float, late: float) -> float | None:
        """The time at which a run that is due starts instead; None when it starts now."""
        now = self._clock.now()
        newest = await self._runs.newest_of(known.bridge_id, "sync")
        if waits_for_a_person(newest) or (newest is not None and newest.state == "running"):
            return following  # a whole sync that goes on looks at everything
        if await self._drivers.busy(known.bridge_id, now):
            return known.next_at  # stays due until the other run is over
        free = free_from(when, now)
        key = (known.bridge_id, known.purpose)
        missed = now - known.next_at > LATE_SECONDS and key not in self._spread
        if free > now or missed:
            # Missed, so all bridges are late at once: they start one after the other, each once.
            self._spread.add(key)  # and are not put off again by a process that is slow to look
            return min(following, free + late)
        self._spread.discard(key)
        return None

    async def _first(self, bridge_id: int, purpose: str, window: float) -> Schedule:
        """A bridge without a row: the default, counted from its newest sync."""
        known = self._unset(bridge_id, purpose)
        when = self.read(known)
        newest = await self._runs.newest_of(bridge_id, "sync")
        after = self._clock.now() if newest is None else newest.started_at
        at = next_start(when, after, spread(bridge_id), window) if when else after
        made = replace(known, next_at=at)
        async with self._database.write() as connection:
            await save(connection, made)
        return made

    async def _following(self, when: When, bridge_id: int) -> float:
        window = window_for(len(await self._bridges.bridges()))
        return next_start(when, self._clock.now(), spread(bridge_id), window)

    async def _kept(self, bridge: Bridge, purpose: str) -> Schedule:
        if purpose not in PURPOSES:
            raise NotPossible(f"There is no schedule for {purpose!r}.", f"Use one of: {', '.join(PURPOSES)}.")
        async with self._database.read() as connection:
            kept = await schedules_of(connection, bridge.id)
        return kept.get(purpose) or self._unset(bridge.id, purpose)

    async def _keep(self, made: Schedule) -> Timing:
        async with self._database.write() as connection:
            await save(connection, made)
        return self._timing(made, waits_for_a_person(await self._runs.newest_of(made.bridge_id, "sync")))

    def _unset(self, bridge_id: int, purpose: str) -> Schedule:
        return Schedule(bridge_id, purpose, DEFAULT)

    def _timing(self, known: Schedule, waits: bool) -> Timing:
        when = self.read(known)
        words = in_words(when.every) if when and when.text == DEFAULT else known.text
        shown = known.next_at if known.enabled and known.next_at and when and not waits else None
        return Timing(
            known.purpose, known.text, words, known.zone, known.quiet, known.enabled, shown, known.last_at
        )


def waits_for_a_person(newest: Run | None) -> bool:
    """A bridge that never synced waits for a look at its plan, and so does one that the brake stopped."""
    return newest is None or newest.state == "braked"


def window_for(bridges: int) -> float:
    """Within how many seconds of a time of day so many bridges start."""
    return min(bridges * SECONDS_PER_BRIDGE, LONGEST_WINDOW_SECONDS)


async def keep_in_step(timetable: Timetable, clock: Clock, unfinished: Unfinished, start: Start) -> None:
    """Runs until cancelled: starts what is due, looks again every few seconds.

    ``unfinished`` names bridges with a run that was cut off and that nobody drives; ``start`` begins a
    run of a purpose (``sync`` or ``poll``) in the background and comes back at once.
    """
    while True:
        try:
            await timetable.start_due(unfinished, start)
        except Exception:  # the database, for a moment: webhooks are answered meanwhile, and this comes again
            log.exception("schedule_not_read")
        await clock.sleep(PAUSE_SECONDS)
