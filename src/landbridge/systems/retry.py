"""When a failed call is tried again, and after how long (retry classes of sync-correctness.md section 5)."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState

from landbridge.systems.base import RateLimited, SystemFailure

LONGEST_PAUSE_SECONDS = 60.0  # longer pauses are for the engine: it can show them and work elsewhere
_LEAST_RETRY_AFTER, _MOST_RETRY_AFTER = 1.0, 3600.0


class FullJitter:
    """A random pause between nothing and a ceiling that doubles; never less than the server asked for.

    Refused by a quota, the call waits in the quota instead, with all others.
    """

    def __init__(self, base_seconds: float, cap_seconds: float, rng: random.Random) -> None:
        self._base = base_seconds
        self._cap = cap_seconds
        self._rng = rng

    def __call__(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, RateLimited):
            return 0.0
        asked = failure.wait_seconds if isinstance(failure, SystemFailure) else 0.0
        return max(asked, self.pause(state.attempt_number))

    def pause(self, attempt: int) -> float:
        """The pause after so many attempts (1 or more), in seconds."""
        return self._rng.uniform(0.0, min(self._cap, self._base * 2.0 ** min(attempt - 1, 60)))


def may_repeat(failure: BaseException, *, idempotent: bool) -> bool:
    """Whether this layer tries again: safe to repeat, or surely not sent, and not too long to wait."""
    return (
        isinstance(failure, SystemFailure)
        and failure.retriable
        and (idempotent or failure.sent == "no")
        and failure.wait_seconds <= LONGEST_PAUSE_SECONDS
        and not (isinstance(failure, RateLimited) and failure.daily)
    )


def retry_after_seconds(value: str, now: float) -> float | None:
    """``Retry-After`` in seconds or as a date, clamped to 1 s to 1 h; None if absent, past or unreadable."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return None
        if seconds <= 0:
            return None
    return min(max(seconds, _LEAST_RETRY_AFTER), _MOST_RETRY_AFTER)
