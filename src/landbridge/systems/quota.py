"""The quota of one account: a sliding log, local and exact, that learns the limits from answers.

A slot is taken before a call leaves and is free again one interval after its *answer* came. The server
counted the call before it answered, so among any calls that it counts within one interval, the last
was sent while all others still held their slots: there are never more of them than slots. That holds
for sliding and for fixed windows alike (highlevel.md 1.10 does not say which).
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from landbridge.systems.base import Clock, RateLimited
from landbridge.systems.retry import LONGEST_PAUSE_SECONDS

DAY_SECONDS = 86_400.0
_NEW_DAY_SECONDS = 60.0  # a reset this much later than the known one belongs to the next day


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
        self._turn = asyncio.Lock()  # asyncio's lock is first come, first served
        self._settled = asyncio.Event()

    async def reserve(self) -> Slot:
        """Wait for a slot, first come, first served.

        Raises ``RateLimited`` at once when the day is spent, or when the server asked for a pause longer
        than ``LONGEST_PAUSE_SECONDS``: that is for the engine to wait out.
        """
        async with self._turn:
            while (wait := self._wait_seconds()) > 0:
                if wait == math.inf:
                    self._settled.clear()
                    await self._settled.wait()
                else:
                    await self._clock.sleep(wait)
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

    def _wait_seconds(self) -> float:
        """How long the next call must wait; infinity: until some call is settled."""
        now = self._clock.monotonic()
        self._demand_a_day_not_spent(now)
        if self._paused_until > now:
            return self._demand_a_short_pause(self._paused_until - now)
        if not self._burst:
            return 0.0
        if not self._taught and self._under_way:
            return math.inf
        if self._used(now) < self._burst:
            return 0.0
        free_at = next((at + self._interval for at in self._answers if at + self._interval > now), math.inf)
        if self._others and self._others_until > now:
            free_at = min(free_at, self._others_until)
        return free_at - now

    def _demand_a_day_not_spent(self, now: float) -> None:
        self._new_day(now)
        if self._daily and self._daily_used >= self._daily:
            left = self._daily_reset_at - now
            raise RateLimited(
                f"{self._name}: the day's quota of {self._daily} calls is spent; it is free again in"
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
