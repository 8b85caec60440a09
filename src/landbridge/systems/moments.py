"""Moments between the systems' wires and ours: instants in UTC to the second, and wall clocks in one zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_WALL = "%Y-%m-%d %H:%M:%S"


def instant(text: str) -> str | None:
    """ISO 8601 with an offset, as ``2026-11-25T09:00:00Z``; None for anything else, also without an offset.

    Parts of a second are dropped, so that one moment always reads the same.
    """
    try:
        moment = datetime.fromisoformat(text)
        return _utc(moment) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def from_wall_clock(text: str, zone: ZoneInfo) -> str | None:
    """The instant of ``YYYY-MM-DD HH:MM:SS`` as a clock in ``zone`` shows it; None for any other text.

    An hour that comes twice, as clocks go back, means the first one; one that clocks leave out, as they go
    forward, is read as if they had not yet.
    """
    try:
        shown = datetime.strptime(text, _WALL)  # noqa: DTZ007  # the wire has no zone: it is the next step
        return _utc(shown.replace(tzinfo=zone, fold=0))
    except (ValueError, OverflowError):
        return None


def to_wall_clock(text: str, zone: ZoneInfo) -> str | None:
    """What a clock in ``zone`` shows at this instant, ``YYYY-MM-DD HH:MM:SS``; None when it is no instant.

    The second of an hour that comes twice looks like the first one, and comes back as that.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return None
        return moment.astimezone(zone).replace(tzinfo=None, microsecond=0).isoformat(" ", "seconds")
    except (ValueError, OverflowError):
        return None


def _utc(moment: datetime) -> str:
    there = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return f"{there.isoformat(timespec='seconds')}Z"
