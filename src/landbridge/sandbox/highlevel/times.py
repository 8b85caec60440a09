"""Moments as HighLevel writes and reads them: epoch milliseconds inside, ISO text outside."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# The years 1 and 9999 are left out, so that no time zone leads beyond what a datetime holds.
_EARLIEST_MS = datetime(2, 1, 1, tzinfo=UTC).timestamp() * 1000
_LATEST_MS = datetime(9998, 12, 31, tzinfo=UTC).timestamp() * 1000


def iso(ms: int) -> str:
    """UTC with milliseconds and Z, as every time of a contact is written (highlevel.md 5.5)."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name."""
    return ZoneInfo(name)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def local_iso(ms: int, time_zone: str) -> str:
    """ISO with the offset of the location, as appointments are answered (highlevel.md 5.5)."""
    return datetime.fromtimestamp(ms / 1000, zone(time_zone)).isoformat(timespec="seconds")


def local_plain(ms: int, time_zone: str) -> str:
    """``YYYY-MM-DD HH:mm:ss`` without a zone, as on the contact's appointments (highlevel.md 2.1.2)."""
    return datetime.fromtimestamp(ms / 1000, zone(time_zone)).strftime("%Y-%m-%d %H:%M:%S")


def epoch_ms(value: object, time_zone: str = "UTC") -> int | None:
    """Epoch milliseconds of ISO text, of digits or of a number; None when it is no time.

    Text without an offset is read in ``time_zone``.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    elif isinstance(value, str):
        found = _read(value.strip(), time_zone)
    else:
        return None
    return int(found) if _EARLIEST_MS <= found <= _LATEST_MS else None


def digits_ms(text: str) -> int | None:
    """Epoch milliseconds written in digits, as windows are asked for; None for anything else."""
    plain = text.isascii() and text.isdigit() and len(text) <= 15
    return int(text) if plain and int(text) <= _LATEST_MS else None


def _read(text: str, time_zone: str) -> float:
    """Epoch milliseconds of a text, NaN when it is no time; up to eight digits are a date, not a number."""
    if len(text) > 8 and text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone(time_zone))
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return math.nan
