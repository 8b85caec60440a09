"""The repetition of an appointment (an RRULE, RFC 5545 3.3.10), made fit for a calendar, or left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from icalendar import vRecur

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
"""More often than daily is no appointment, and would keep a calendar program busy for ever."""

_PARTS = frozenset({"FREQ", "UNTIL", "WKST", "BYDAY"})
_MOST = {  # and the largest number that each of these can name; those in _SIGNED count from the end too
    "COUNT": 9_999,
    "INTERVAL": 9_999,
    "BYMONTH": 12,
    "BYMONTHDAY": 31,
    "BYYEARDAY": 366,
    "BYWEEKNO": 53,
    "BYSETPOS": 366,
}
_SIGNED = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
_LONGEST = 500


def repetition(text: str, start: datetime | date, zone: ZoneInfo) -> vRecur | None:
    """The rule for something that starts then; None for one that cannot be read or makes no sense.

    Its end is written as RFC 5545 3.3.10 asks for: in UTC beside a start with a time, else as a date.
    ``start`` is a date for a whole day, else a moment in ``zone``.
    """
    written = text.strip()
    written = written[6:] if written[:6].upper() == "RRULE:" else written
    if not written or len(written) > _LONGEST or "\n" in written or "\r" in written:
        return None
    try:
        rule: vRecur = vRecur.from_ical(written)
        if not _makes_sense(rule):
            return None
        if "UNTIL" in rule:
            rule["UNTIL"] = [_until(rule["UNTIL"][0], start, zone)]
    except (ValueError, OverflowError):
        return None
    return rule


def _makes_sense(rule: vRecur) -> bool:
    if not set(rule) <= _PARTS | _MOST.keys() or ("COUNT" in rule and "UNTIL" in rule):
        return False
    for name, most in _MOST.items():
        for number in map(int, rule.get(name, [])):
            if not 0 < (abs(number) if name in _SIGNED else number) <= most:
                return False
    return [str(each) for each in rule.get("FREQ", [])] in [[each] for each in FREQUENCIES]


def _until(until: datetime | date, start: datetime | date, zone: ZoneInfo) -> datetime | date:
    if not isinstance(start, datetime):
        return until.date() if isinstance(until, datetime) else until
    if not isinstance(until, datetime):
        until = datetime.combine(until, time(23, 59, 59), zone)  # a last day is a day with what is on it
    elif until.tzinfo is None:
        until = until.replace(tzinfo=zone)
    return until.astimezone(UTC).replace(microsecond=0)
