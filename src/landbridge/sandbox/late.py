"""Zombies: requests whose client gave up, waiting to be applied later than others sent after them."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.sandbox.wire import Request


@dataclass(slots=True)
class LateRequest:
    """A request that is still to be applied: after so many further requests to its side, or at a time."""

    side: str
    request: Request
    number: int
    requests_left: int | None
    due_at: float | None


class LateRequests:
    """All waiting zombies, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[LateRequest] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, late: LateRequest) -> None:
        """Let one more wait."""
        self._waiting.append(late)

    def seen(self, side: str) -> None:
        """One further request to this side was answered."""
        for late in self._waiting:
            if late.side == side and late.requests_left is not None:
                late.requests_left -= 1

    def take_ripe(self, now: float) -> list[LateRequest]:
        """Those whose time has come, which no longer wait."""
        ripe = [late for late in self._waiting if _is_ripe(late, now)]
        if ripe:
            self._waiting = [late for late in self._waiting if late not in ripe]
        return ripe

    def clear(self) -> None:
        """Forget all; they are never applied."""
        self._waiting.clear()


def _is_ripe(late: LateRequest, now: float) -> bool:
    by_count = late.requests_left is not None and late.requests_left <= 0
    return by_count or (late.due_at is not None and late.due_at <= now)
