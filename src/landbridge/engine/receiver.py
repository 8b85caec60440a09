"""Webhooks as they arrive: checked, stored in groups by one writer, answered only when durable."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from landbridge.engine.activity_live import ANY
from landbridge.store import inbox
from landbridge.store.database import Database
from landbridge.store.due import Due, Urgency
from landbridge.store.inbox import Accepted, Delivery, Outcome, Tally, day_of, tally
from landbridge.sync.model import Kind, Side
from landbridge.systems.base import Clock
from landbridge.systems.highlevel.events import Meaning, Names
from landbridge.systems.highlevel.webhooks import LARGEST, Event, Flaw, Keys, NotAccepted, read_event

log = structlog.get_logger()

_FLAWS = {
    Flaw.FORGED: Outcome.FORGED,
    Flaw.OVERSIZED: Outcome.OVERSIZED,
    Flaw.DEEP: Outcome.DEEP,
    Flaw.MALFORMED: Outcome.MALFORMED,
}

_ACTIVITIES = {Names.TASK: Kind.TASK, Names.NOTE: Kind.NOTE, Names.APPOINTMENT: Kind.APPOINTMENT}


@dataclass(frozen=True, slots=True)
class ReceiverConfig:
    """How much is taken at once, and for how long.

    ``window_seconds``: older deliveries have no effect. The vendor's guide says about five minutes, but its
    retries carry the same ``timestamp`` up to 70 minutes later (highlevel.md 4.1), so five would refuse them.
    ``queue``: deliveries that may wait; ``batch``: how many go into one transaction; ``wait_seconds``: after
    so long without an answer from the database a delivery is refused, and sent again by HighLevel.
    ``gather_seconds``: so long a group waits for more before it is written. Each transaction costs a flush to
    disk and a millisecond or two of our own; at 500 a second three milliseconds took a fifth off the CPU.
    ``app_id``: of our marketplace app; blank takes deliveries of every app.
    """

    window_seconds: float = 7_200.0
    queue: int = 5_000
    batch: int = 500
    wait_seconds: float = 5.0
    gather_seconds: float = 0.0
    flush_seconds: float = 5.0
    app_id: str = ""


class Receiver:
    """Takes webhooks from as many requests as come; ``wake`` is told each bridge that has something to do."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keys: Keys,
        config: ReceiverConfig | None = None,
        wake: Callable[[int], None] = lambda bridge_id: None,
        wanted: Callable[[str], bool] = lambda _type: False,
    ) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys
        self._config = config or ReceiverConfig()
        self._wake = wake
        self._wanted = wanted  # a recipe asks for events of this type
        self._waiting: list[tuple[Delivery, asyncio.Future[Outcome]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._flusher: asyncio.Task[None] | None = None
        # What had no effect is counted here and stored with the next batch, or a few seconds later: a flood
        # of forged deliveries costs no writes. Few keys, whatever is sent; lost if the process dies.
        self._uncounted: Counter[Tally] = Counter()
        self._being_counted: Counter[Tally] = Counter()
        self._rounds = 0
        self._turn = asyncio.Lock()

    async def receive(self, raw: bytes, headers: Mapping[str, str]) -> Outcome:
        """One delivery: its raw body, and headers by lower-case name. Returns once it is durable.

        Never raises. Every outcome but ``REFUSED`` is final; HighLevel sends a refused one again.
        """
        outcome, typed = Outcome.REFUSED, ""
        try:
            read = self._read(raw, headers)
            if isinstance(read, Outcome):
                outcome = read
            elif read.meaning is Meaning.NONE and not self._wanted(read.type):
                outcome, typed = Outcome.IGNORED, read.type
            else:
                return await self._stored(_delivery(read, self._clock.now()))
        except NotAccepted as error:
            outcome = _FLAWS[error.flaw]
        except Exception as error:  # whatever it is: an answer other than 429 would lose the event
            log.error("webhook_refused", error=type(error).__name__)  # noqa: TRY400  # a traceback may quote the body
        self._count(outcome, typed)
        return outcome

    @property
    def waiting(self) -> int:
        """Deliveries that are not durable yet."""
        return len(self._waiting)

    def _read(self, raw: bytes, headers: Mapping[str, str]) -> Event | Outcome:
        """The authentic event, or why it has no effect."""
        if len(raw) > LARGEST:
            return Outcome.OVERSIZED  # before the signature: only the beginning of such a body is read
        self._keys.check(raw, headers)
        event = read_event(raw)
        # Signed for another app: somebody's replay of what was theirs. HighLevel has one key for all apps.
        if self._config.app_id and event.app_id not in ("", self._config.app_id):
            return Outcome.UNKNOWN
        # A clock that is wrong by hours makes everything stale, ours or theirs. That costs time and nothing
        # else: the polls find what changed. Stale is answered 200, as a retry could only be staler.
        if event.at is not None and abs(self._clock.now() - event.at) > self._config.window_seconds:
            return Outcome.STALE
        return event

    async def _stored(self, delivery: Delivery) -> Outcome:
        if len(self._waiting) >= self._config.queue:
            self._count(Outcome.REFUSED)
            return Outcome.REFUSED
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, answer))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        try:
            # Of the event loop, not of our clock: this is how long somebody stays on the line. The delivery
            # may still be stored afterwards; the one that is sent again is then a duplicate.
            async with asyncio.timeout(self._config.wait_seconds):
                return await answer
        except TimeoutError:
            self._count(Outcome.REFUSED)
            return Outcome.REFUSED

    async def _write(self) -> None:
        """Everything that waits, one transaction after another; what comes meanwhile is the next group."""
        while self._waiting:
            if self._config.gather_seconds:
                await self._clock.sleep(self._config.gather_seconds)
            size = self._config.batch
            group, self._waiting = self._waiting[:size], self._waiting[size:]
            await self._write_group(group)

    async def _write_group(self, group: list[tuple[Delivery, asyncio.Future[Outcome]]]) -> None:
        outcomes: tuple[Outcome, ...] = (Outcome.REFUSED,) * len(group)
        woken: frozenset[int] = frozenset()
        try:
            accepted = await self._store([delivery for delivery, _ in group])
            outcomes, woken = accepted.outcomes, accepted.bridges
        except Exception as error:  # locked, full, read-only, gone: all the same to the one who waits
            self._count(Outcome.REFUSED, number=len(group))
            log.error("webhooks_refused", number=len(group), error=type(error).__name__)  # noqa: TRY400  # ids of people would be in it
        finally:
            for (_, answer), outcome in zip(group, outcomes, strict=True):
                if not answer.done():
                    answer.set_result(outcome)
        for bridge_id in sorted(woken):
            self._wake(bridge_id)

    async def _store(self, deliveries: list[Delivery]) -> Accepted:
        now = self._clock.now()
        async with self._turn, self._counting() as counted, self._database.write() as connection:
            accepted = await inbox.accept(connection, deliveries, now)
            await inbox.count(connection, counted)
        return accepted

    # Counters

    async def counts(self) -> dict[str, int]:
        """How many deliveries came today, by outcome."""
        day = day_of(self._clock.now())
        found: Counter[Tally] = Counter()
        for _ in range(3):  # again if something was stored meanwhile: it would be missed, or counted twice
            rounds = self._rounds
            async with self._database.read() as connection:
                found = Counter(await inbox.counts(connection, day)) + self._uncounted + self._being_counted
            if rounds == self._rounds:
                break
        today: Counter[str] = Counter()
        for (counted_day, _, outcome), number in found.items():
            if counted_day == day:
                today[outcome] += number
        return dict(today)

    def _count(self, outcome: Outcome, typed: str = "", number: int = 1) -> None:
        self._uncounted[tally(self._clock.now(), outcome, typed)] += number
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_later())

    async def _flush_later(self) -> None:
        await self._clock.sleep(self._config.flush_seconds)
        await self._flush()

    async def _flush(self) -> None:
        try:
            async with self._turn, self._counting() as counted:
                if counted:
                    async with self._database.write() as connection:
                        await inbox.count(connection, counted)
        except Exception as error:  # only counters; they stay for the next time
            log.warning("arrivals_not_counted", error=type(error).__name__)

    @asynccontextmanager
    async def _counting(self) -> AsyncIterator[Counter[Tally]]:
        """What is to be counted now; it stays uncounted if the block fails."""
        counted, self._uncounted = self._uncounted, Counter()
        self._being_counted += counted
        try:
            yield counted
        except BaseException:
            self._uncounted += counted
            raise
        finally:
            self._being_counted -= counted
            self._rounds += 1

    async def close(self) -> None:
        """Store what waits, and the counters."""
        async with self._turn:  # never in the middle of a transaction: SQLite would stay locked
            if self._flusher is not None:
                self._flusher.cancel()
        if self._writer is not None and not self._writer.done():
            await self._writer
        await self._flush()


def _delivery(event: Event, now: float) -> Delivery:
    """What the store keeps of an event. Of an activity its contact is due, where the event says whose it is;
    a task's may not (highlevel.md 4.2).
    """
    named = None
    if event.kind is Names.CONTACT:
        urgency = Urgency.OPT_OUT if event.urgent else Urgency.LIVE
        named = Due(Side.HIGHLEVEL, event.record_id, urgency, Kind.CONTACT, cause=f"webhook {event.type}")
    elif event.kind in _ACTIVITIES and (event.contact_id or event.kind is Names.TASK):
        kind, contact_id = _ACTIVITIES[event.kind], event.contact_id or ANY
        named = Due(Side.HIGHLEVEL, contact_id, Urgency.LIVE, kind, cause=f"webhook {event.type}")
    return Delivery(
        webhook_id=event.webhook_id,
        type=event.type,
        account=event.location_id,
        at=now if event.at is None else event.at,
        kind=event.kind.value,
        record_id=event.record_id,
        due=named,
        ended=event.meaning is Meaning.ENDED,
        contact_id=event.contact_id,
    )
