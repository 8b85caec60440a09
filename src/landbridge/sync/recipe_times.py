"""When a recipe acts: waits such as "2 days" or "next working day at 09:00", schedules, hours of a day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WORKING = frozenset(range(5))  # Monday to Friday; public holidays are not known
LONGEST_DAYS = 366
WAIT_FORMS = (
    "at once, 30 minutes, 2 hours, 3 days, 2 working days, 1 week, each of days and longer also with"
    " a time as in `3 days at 09:00`; tomorrow at 09:00, next working day at 09:00, next monday at 09:00"
)
SCHEDULE_FORMS = "daily at 09:00, weekdays at 09:00, monday at 09:00 (any day), monthly on 1 at 09:00"

_CLOCK = r"(?:(?:at )?(\d{1,2}:\d{2}))"
_COUNTED = re.compile(rf"(\d{{1,5}}) (minute|hour|day|week|working day)s?(?: {_CLOCK})?")
_NEXT = re.compile(rf"(tomorrow|next working day|next ({'|'.join(DAYS)})) {_CLOCK}")
_SCHEDULE = re.compile(rf"(daily|weekdays|monthly on (\d{{1,2}})|{'|'.join(DAYS)}) at (\d{{1,2}}:\d{{2}})")
_HOURS = re.compile(r"(\d{1,2}:\d{2})-(\d{1,2}:\d{2})")
_SECONDS = {"minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class Wait:
    """How long after an event; ``unit`` is minute, hour, day, working day, or the name of a weekday.

    ``clock`` is the time of day it then becomes, None for the same time as the event. Days are those of
    the location's calendar: three days after 09:00 is 09:00, also when the clocks change in between.
    """

    count: int = 0
    unit: str = "minute"
    clock: time | None = None
    text: str = "at once"


def read_wait(text: str) -> Wait | None:
    """A wait as people write it (``WAIT_FORMS``), or None where it is none."""
    words = " ".join(text.lower().split())
    if words in ("at once", "now", "0 minutes"):
        return Wait()
    if found := _COUNTED.fullmatch(words):
        count, unit, clock = int(found[1]), found[2], _clock(found[3])
        if unit == "week":
            count, unit = count * 7, "day"
        if (found[3] and clock is None) or (found[3] and unit in _SECONDS):
            return None
        days = count * _SECONDS[unit] / 86_400 if unit in _SECONDS else count
        return Wait(count, unit, clock, words) if days <= LONGEST_DAYS else None
    if found := _NEXT.fullmatch(words):
        clock = _clock(found[3])
        unit = found[2] or {"tomorrow": "day"}.get(found[1], "working day")
        return None if clock is None else Wait(1, unit, clock, words)
    return None


def moment(wait: Wait, after: float, zone: str) -> float:
    """The instant, in epoch seconds, never before ``after``.

    A time of day that the clocks leap over becomes the one an hour later; of one that comes twice it is
    the first.
    """
    if wait.unit in _SECONDS:
        return after + wait.count * _SECONDS[wait.unit]
    local = datetime.fromtimestamp(after, zone_of(zone))
    day = _later_day(local.date(), wait)
    clock = wait.clock if wait.clock is not None else local.time().replace(tzinfo=None)
    return max(after, instant(day, clock, zone))


def instant(day: date, clock: time, zone: str) -> float:
    """Epoch seconds of a time of day at a place."""
    return datetime.combine(day, clock, zone_of(zone)).replace(fold=0).astimezone(UTC).timestamp()


def instant_text(at: float, zone: str) -> str:
    """An instant as the clocks of a place show it, ISO 8601 to the second, without an offset."""
    return datetime.fromtimestamp(at, zone_of(zone)).replace(tzinfo=None).isoformat(timespec="seconds")


def utc_text(at: float) -> str:
    """An instant as activities carry it: ISO 8601 in UTC to the second."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _later_day(day: date, wait: Wait) -> date:
    if wait.unit == "day":
        return day + timedelta(days=wait.count)
    if wait.unit == "working day":
        for _ in range(wait.count):
            day += timedelta(days=1)
            while day.weekday() not in WORKING:
                day += timedelta(days=1)
        return day
    ahead = (DAYS.index(wait.unit) - day.weekday() - 1) % 7 + 1
    return day + timedelta(days=ahead)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a scheduled recipe looks at all contacts: ``days`` are weekdays from 0, or ``monthly`` a day."""

    clock: time
    days: frozenset[int]
    monthly: int = 0
    text: str = ""


def read_rhythm(text: str) -> Rhythm | None:
    """A schedule as people write it (``SCHEDULE_FORMS``), or None where it is none."""
    words = " ".join(text.lower().split())
    found = _SCHEDULE.fullmatch(words)
    clock = _clock(found[3]) if found else None
    if found is None or clock is None:
        return None
    every = frozenset(range(7))
    if found[2]:
        day = int(found[2])
        return Rhythm(clock, every, day, words) if 1 <= day <= 28 else None
    days = {"daily": every, "weekdays": WORKING}.get(found[1])
    return Rhythm(clock, frozenset({DAYS.index(found[1])}) if days is None else days, 0, words)


def next_time(rhythm: Rhythm, after: float, zone: str) -> float:
    """The first instant of a schedule behind ``after``, in epoch seconds."""
    day = datetime.fromtimestamp(after, zone_of(zone)).date() - timedelta(days=1)
    for ahead in range(70):
        one = day + timedelta(days=ahead)
        fits = one.day == rhythm.monthly if rhythm.monthly else one.weekday() in rhythm.days
        if fits and (at := instant(one, rhythm.clock, zone)) > after:
            return at
    raise AssertionError("every schedule has a time within two months")


def read_hours(text: str) -> tuple[time, time] | None:
    """``09:00-17:00``, also over midnight; None where it is none. The end is not in it."""
    found = _HOURS.fullmatch(text.strip())
    start, end = (_clock(found[1]), _clock(found[2])) if found else (None, None)
    return None if start is None or end is None or start == end else (start, end)


def within(hours: tuple[time, time], at: time) -> bool:
    """Is a time of day in these hours?"""
    start, end = hours
    return start <= at < end if start < end else at >= start or at < end


def zone_of(name: str) -> ZoneInfo:
    """The zone of a name, UTC where this machine does not know it."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        return ZoneInfo("UTC")


def is_zone(name: str) -> bool:
    """Does this machine know a zone of that name?"""
    return name == "UTC" or (bool(name) and zone_of(name).key == name)


def _clock(text: str | None) -> time | None:
    hour, _, minute = (text or "").partition(":")
    if not minute or int(hour) > 23 or int(minute) > 59:
        return None
    return time(int(hour), int(minute))
