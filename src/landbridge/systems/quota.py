"""The quota of one account: a sliding log, local and exact, that learns the limits from answers.

A slot is taken before a call leaves and is free again one interval after its *answer* came. The server
counted the call before it answered, so among any calls that it counts within one interval, the last
was sent while all others still held their slots: there are never more of them than slots. That holds
for sliding and for fixed windows alike (highlevel.md 1.10 does not say which).

Opt-outs have a lane of their own: a share of the slots and of the day is kept for them, so that they never
wait behind bulk calls ("suppression first, always, with its own share": sync-correctness.md 5).
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from landbridge.systems.base import Clock, Ledger, RateLimited
from landbridge.systems.retry import LONGEST_PAUSE_SECONDS

DAY_SECONDS = 86_400.0
URGENT_SLOTS = 20  # one slot in so many is for urgent calls only: 5 of 100
URGENT_DAY = 100  # and one call of the day in so many: 2,000 of 200,000
_SHARED_FROM = 10  # with fewer slots none is kept: it would cost bulk calls more than it gives
_NEW_DAY_SECONDS = 60.0  # a reset this much later than the known one belongs to the next day

LIMIT_HEADERS = (
    "x-ratelimit-max",
    "x-ratelimit-remaining",
    "x-ratelimit-interval-milliseconds",
    "x-ratelimit-limit-daily",
    "x-ratelimit-daily-remaining",
    "x-ratelimit-daily-reset",
)
"""On every answer of HighLevel (highlevel.md 1.10); the last one is seen and not documented."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The quota as people may see it; ``burst`` and ``daily`` are 0 when that limit is off."""

    burst: int
    used: int
    free: int
    interval_seconds: float
    daily: int
    daily_used: int
    daily_left: int
    daily_reset_seconds: float
    paused_seconds: float


class Slot:
    """The right to make one call; settled once, by ``answered``, ``lost`` or ``unsent``."""

    __slots__ = ("_quota", "_settled", "reserved_at")

    def __init__(self, quota: Quota, reserved_at: float) -> None:
        self._quota = quota
        self._settled = False
        self.reserved_at = reserved_at

    def answered(self, headers: Mapping[str, str]) -> None:
        """An answer came; its ``x-ratelimit-*`` headers are believed where they slow us down."""
        if not self._settled:
            self._settled = True
            self._quota._answered(self, headers)

    def lost(self) -> None:
        """No answer came; the server may have counted the call."""
        self.answered({})

    def unsent(self) -> None:
        """The call surely did not arrive; the slot is free at once."""
        if not self._settled:
            self._settled = True
            self._quota._unsent(self)

    def __enter__(self) -> Slot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lost()


class Quota:
    """So many calls within an interval and a day; 0 switches either limit off.

    The first call travels alone, so that its headers can teach what the others must keep to: the smaller
    limits of trial accounts, and what other users of the same quota have used of it.
    """

    def __init__(
        self,
        burst: int = 100,
        interval_seconds: float = 10.0,
        daily: int = 200_000,
        *,
        clock: Clock,
        name: str = "The API",
    ) -> None:
        self._clock = clock
        self._name = name
        self._burst = burst
        self._interval = interval_seconds
        self._daily_asked = self._daily = daily
        self._daily_used = 0
        self._daily_reset_at = 0.0
        self._under_way: dict[Slot, None] = {}
        self._answers: deque[float] = deque()  # when each answer came; oldest first
        self._others = 0  # slots that others hold, and until when at most
        self._others_until = 0.0
        self._paused_until = 0.0
        self._taught = burst == 0
        self._turns = {urgent: asyncio.Lock() for urgent in (False, True)}  # first come, first served
        self._urgent = 0  # urgent calls that stand in line
        self._waited = 0.0
        self._told: Mapping[str, str] = {}  # headers of the newest answer that told of a limit
        self._settled = asyncio.Event()

    async def reserve(self, *, urgent: bool = False) -> Slot:
        """Wait for a slot, first come, first served; urgent calls before all others, whenever they came.

        Raises ``RateLimited`` at once when the day is spent, or when the server asked for a pause longer
        than ``LONGEST_PAUSE_SECONDS``: that is for the engine to wait out.
        """
        if not urgent:
            return await self._in_turn(urgent=False)
        self._urgent += 1
        try:
            return await self._in_turn(urgent=True)
        finally:
            self._urgent -= 1
            self._settled.set()  # the others may go on

    async def _in_turn(self, *, urgent: bool) -> Slot:
        async with self._turns[urgent]:
            while (wait := self._wait_seconds(urgent=urgent)) > 0:
                began = self._clock.monotonic()
                if wait == math.inf:
                    self._settled.clear()
                    await self._settled.wait()
                else:
                    await self._clock.sleep(wait)
                self._waited += self._clock.monotonic() - began
            slot = Slot(self, self._clock.monotonic())
            if self._burst:
                self._under_way[slot] = None
            self._daily_used += 1
            return slot

    def pause(self, seconds: float) -> None:
        """Let nothing leave for so long: the server refused a call."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    @property
    def interval_seconds(self) -> float:
        """The interval in force."""
        return self._interval

    @property
    def waited_seconds(self) -> float:
        """How long the next call in line had to wait, added up since this object was made."""
        return self._waited

    def ledger(self, calls: int = 0, waited_before: float = 0.0) -> Ledger:
        """The state as systems tell it: with the calls of one connection, and its share of the waiting."""
        usage = self.usage()
        return Ledger(
            calls=calls,
            burst=usage.burst,
            burst_left=usage.free,
            interval_seconds=usage.interval_seconds,
            daily=usage.daily,
            daily_used=usage.daily_used,
            resets_at=self._clock.now() + usage.daily_reset_seconds if usage.daily else 0.0,
            waited_seconds=self._waited - waited_before,
            headers={name: self._told[name] for name in LIMIT_HEADERS if name in self._told},
        )

    def usage(self) -> Usage:
        """The figures of this moment."""
        now = self._clock.monotonic()
        self._new_day(now)
        used = self._used(now)
        return Usage(
            burst=self._burst,
            used=used,
            free=max(self._burst - used, 0),
            interval_seconds=self._interval,
            daily=self._daily,
            daily_used=self._daily_used,
            daily_left=max(self._daily - self._daily_used, 0),
            daily_reset_seconds=max(self._daily_reset_at - now, 0.0),
            paused_seconds=max(self._paused_until - now, 0.0),
        )

    def _wait_seconds(self, *, urgent: bool) -> float:
        """How long the next call must wait; infinity: until some call is settled, or the urgent ones left."""
        now = self._clock.monotonic()
        self._demand_a_day_not_spent(now, urgent=urgent)
        if self._paused_until > now:
            return self._demand_a_short_pause(self._paused_until - now)
        if not self._burst:
            return 0.0
        if (self._urgent and not urgent) or (not self._taught and self._under_way):
            return math.inf
        kept = 0 if urgent or self._burst < _SHARED_FROM else max(self._burst // URGENT_SLOTS, 1)
        if self._used(now) < self._burst - kept:
            return 0.0
        free_at = next((at + self._interval for at in self._answers if at + self._interval > now), math.inf)
        if self._others and self._others_until > now:
            free_at = min(free_at, self._others_until)
        return free_at - now

    def _demand_a_day_not_spent(self, now: float, *, urgent: bool) -> None:
        self._new_day(now)
        kept = 0 if urgent else self._daily // URGENT_DAY
        if self._daily and self._daily_used >= self._daily - kept:
            left = self._daily_reset_at - now
            raise RateLimited(
                f"{self._name}: the day's quota of {self._daily} calls is spent"
                f"{f', but for {kept} that are kept for opt-outs' if kept else ''}; it is free again in"
                f" {left / 3600:.1f} hours.",
                wait_seconds=left,
                daily=True,
                sent="no",
            )

    def _demand_a_short_pause(self, seconds: float) -> float:
        if seconds > LONGEST_PAUSE_SECONDS:
            raise RateLimited(
                f"{self._name} asked for a pause; it ends in {seconds:.0f} seconds.",
                wait_seconds=seconds,
                sent="no",
            )
        return seconds

    def _used(self, now: float) -> int:
        """Slots held by calls under way, by answers not yet an interval old, and by others."""
        self._forget(now)
        edge = now - self._interval
        recent = len(self._answers)
        for at in self._answers:
            if at > edge:
                break
            recent -= 1
        others = self._others if self._others_until > now else 0
        return len(self._under_way) + recent + others

    def _forget(self, now: float) -> None:
        """Drop answers that no call under way can still be compared with (see ``_learn_others``)."""
        oldest = next(iter(self._under_way)).reserved_at if self._under_way else now
        while self._answers and self._answers[0] <= min(oldest, now) - self._interval:
            self._answers.popleft()

    def _unsent(self, slot: Slot) -> None:
        self._under_way.pop(slot, None)
        self._daily_used -= 1
        self._settled.set()

    def _answered(self, slot: Slot, headers: Mapping[str, str]) -> None:
        now = self._clock.monotonic()
        if "x-ratelimit-remaining" in headers:
            self._told = headers
        if self._burst:
            self._learn_limits(headers)
            self._learn_others(slot, _count(headers, "x-ratelimit-remaining"), headers, now)
            del self._under_way[slot]
            self._answers.append(now)
            self._taught = True
        self._learn_day(headers, now)
        self._settled.set()

    def _learn_limits(self, headers: Mapping[str, str]) -> None:
        most = _count(headers, "x-ratelimit-max")
        if most:
            self._burst = min(self._burst, most)
        milliseconds = _count(headers, "x-ratelimit-interval-milliseconds")
        if milliseconds:
            self._interval = max(self._interval, min(milliseconds / 1000, DAY_SECONDS))

    def _learn_others(
        self, slot: Slot, remaining: int | None, headers: Mapping[str, str], now: float
    ) -> None:
        """What the server counted beyond all calls of ours that it can have counted is somebody else's."""
        most = _count(headers, "x-ratelimit-max")
        if remaining is None or not most:
            return
        edge = slot.reserved_at - self._interval
        ours = len(self._under_way) + sum(at > edge for at in self._answers)
        self._others = max(most - remaining - ours, 0)
        self._others_until = now + self._interval

    def _learn_day(self, headers: Mapping[str, str], now: float) -> None:
        limit = _count(headers, "x-ratelimit-limit-daily")
        remaining = _count(headers, "x-ratelimit-daily-remaining")
        if not self._daily_asked or not limit or remaining is None:
            return
        self._new_day(now)
        self._daily = min(self._daily_asked, limit)
        used = limit - remaining + len(self._under_way)
        milliseconds = _count(headers, "x-ratelimit-daily-reset")  # time left, not a time of day
        reset_at = self._daily_reset_at if milliseconds is None else now + milliseconds / 1000
        if reset_at > self._daily_reset_at + _NEW_DAY_SECONDS:
            self._daily_used = used
        else:
            self._daily_used = max(self._daily_used, used)  # answers may overtake each other
        self._daily_reset_at = reset_at

    def _new_day(self, now: float) -> None:
        if now >= self._daily_reset_at:
            self._daily_used = len(self._under_way)
            self._daily_reset_at = now + DAY_SECONDS


def _count(headers: Mapping[str, str], name: str) -> int | None:
    """A whole number from a header; None when it is missing or something else."""
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
