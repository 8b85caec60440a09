"""Plain data of the sandbox: a request, an answer, and its own clock and ids."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as received; header names are lower case, ``query`` keeps the last of repeats."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Answer:
    """One HTTP answer; header names are lower case."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class SandboxClock:
    """The sandbox's time: the machine's, shifted or frozen on demand (``POST /_sandbox/clock``)."""

    def __init__(self, frozen_at: float | None = None) -> None:
        self._shift = 0.0
        self._frozen_at = frozen_at

    def now(self) -> float:
        """Epoch seconds, UTC."""
        base = time.time() if self._frozen_at is None else self._frozen_at
        return base + self._shift

    def advance(self, seconds: float) -> None:
        """Move forward (or back)."""
        self._shift += seconds

    def freeze(self, at: float | None = None) -> None:
        """Stop at a time, or where it is."""
        self._frozen_at, self._shift = (self.now() if at is None else at), 0.0

    def release(self) -> None:
        """Run with the machine again, without a shift."""
        self._frozen_at, self._shift = None, 0.0

    def iso(self) -> str:
        """As HighLevel writes times: ``2026-01-05T09:30:00.000Z``."""
        moment = datetime.fromtimestamp(self.now(), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Ids:
    """Repeatable ids: 20 letters and digits as HighLevel's, growing numbers as Rezora's."""

    ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._numbers: dict[str, int] = {}

    def text(self, length: int = 20) -> str:
        """A fresh HighLevel-like id."""
        return "".join(self._random.choices(self.ALPHABET, k=length))

    def number(self, kind: str, start: int) -> str:
        """The next number of this kind, as a string."""
        value = self._numbers.get(kind, start - 1) + 1
        self._numbers[kind] = value
        return str(value)
