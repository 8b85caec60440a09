"""Moments as HighLevel writes and reads them: epoch milliseconds inside, ISO text outside."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


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
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.lstrip("-").isdigit() and len(text) > 8:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(time_zone))
    return round(moment.timestamp() * 1000)
