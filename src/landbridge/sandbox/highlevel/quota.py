"""The published limits, counted per app and location, with the headers seen live (highlevel.md 1.10)."""

from __future__ import annotations

from collections import deque
from typing import Any

from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.wire import SandboxClock

_DAY_MS = 86_400_000


class _Bucket:
    """What one app used of one location's budget."""

    __slots__ = ("day_began", "day_used", "times", "window_began")

    def __init__(self) -> None:
        self.times: deque[int] = deque()  # of the running window, epoch ms
        self.window_began = 0
        self.day_began = 0
        self.day_used = 0


class Quota:
    """Burst and day per key; a refused call costs nothing. Whether live refusals count is not documented."""

    def __init__(self, clock: SandboxClock, config: HighLevelConfig) -> None:
        self._clock = clock
        self._config = config
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str) -> bool:
        """Count one call; False when the burst or the day is spent."""
        if not self._config.burst:
            return True
        bucket, now = self._current(key)
        if len(bucket.times) >= self._config.burst or bucket.day_used >= self._config.daily:
            return False
        if not bucket.times:
            bucket.window_began = now
        bucket.times.append(now)
        if not bucket.day_used:
            bucket.day_began = now
        bucket.day_used += 1
        return True

    def headers(self, key: str) -> dict[str, str]:
        """The lower-case headers of every answer; ``daily-reset`` is milliseconds left. None when off."""
        config = self._config
        if not config.burst:
            return {}
        bucket, now = self._current(key)
        left = _DAY_MS - (now - bucket.day_began) if bucket.day_used else _DAY_MS
        return {
            "x-ratelimit-max": str(config.burst),
            "x-ratelimit-remaining": str(max(config.burst - len(bucket.times), 0)),
            "x-ratelimit-interval-milliseconds": str(config.interval_ms),
            "x-ratelimit-limit-daily": str(config.daily),
            "x-ratelimit-daily-remaining": str(max(config.daily - bucket.day_used, 0)),
            "x-ratelimit-daily-reset": str(left),
        }

    def reset(self) -> None:
        """Forget everything used."""
        self._buckets.clear()

    def dump(self) -> dict[str, Any]:
        """What was used, as plain values."""
        return {
            key: [list(bucket.times), bucket.window_began, bucket.day_began, bucket.day_used]
            for key, bucket in self._buckets.items()
        }

    def load(self, snapshot: dict[str, Any]) -> None:
        """Take over what ``dump`` gave."""
        self._buckets.clear()
        for key, (times, window_began, day_began, day_used) in snapshot.items():
            bucket = self._buckets[key] = _Bucket()
            bucket.times.extend(times)
            bucket.window_began, bucket.day_began, bucket.day_used = window_began, day_began, day_used

    def _current(self, key: str) -> tuple[_Bucket, int]:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket()
        now = int(self._clock.now() * 1000)
        times = bucket.times
        if self._config.window == "fixed":
            if times and now - bucket.window_began >= self._config.interval_ms:
                times.clear()
        else:
            edge = now - self._config.interval_ms
            while times and times[0] <= edge:
                times.popleft()
        if bucket.day_used and now - bucket.day_began >= _DAY_MS:
            bucket.day_used = 0
        return bucket, now
