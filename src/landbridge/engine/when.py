"""When a bridge runs: what people type, the next start after an instant, time zones and quiet hours."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from landbridge.engine.answers import NotPossible

DEFAULT = "default"
LONGEST_EVERY_SECONDS = 31 * 86_400
FORMS = (
    "`hourly`, `daily at 03:30`, `weekly on sunday at 03:30`, `every 15 minutes`, five cron fields such as"
    " `30 3 * * 1-5`, or `default`"
)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_LONGEST_TEXT = 100  # as long as the store's column
_A_LONG_GAP = timedelta(hours=26)  # more than any day, and than what a change of the clocks takes away


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of each day, local time, in which nothing starts; past midnight when the end comes first."""

    begin: time
    end: time

    def covers(self, at: time) -> bool:
        """Is this time of day within? The end is not."""
        if self.begin < self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class When:
    """A schedule: five cron fields in a time zone, or an interval; ``text`` is what people typed."""

    text: str
    zone: ZoneInfo
    quiet: Quiet | None = None
    cron: str = ""
    every: float = 0.0  # seconds, for an interval


def read_when(text: str, zone: str = "UTC", quiet: str = "", *, default_seconds: float = 3600.0) -> When:
    """A schedule as people type it; ``default`` is an interval of ``default_seconds``.

    Raises ``NotPossible`` that names what is wrong and what is allowed.
    """
    words = " ".join(text.lower().split())
    place, hours = _zone(zone), read_quiet(quiet)
    if words in ("", DEFAULT):
        return When(DEFAULT, place, hours, every=default_seconds)
    seconds = _interval(words)
    if seconds:
        return When(words, place, hours, every=seconds)
    cron = _cron(words)
    _demand_cron(text, cron)
    return When(words if cron != words else cron.upper(), place, hours, cron=cron)


def read_quiet(text: str) -> Quiet | None:
    """``22:00-06:00``; None for an empty text. Raises ``NotPossible``."""
    if not text.strip():
        return None
    found = re.fullmatch(r"\s*(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})\s*", text)
    begin, end = (_time_of_day(part) for part in found.groups()) if found else (None, None)
    if begin is None or end is None:
        raise NotPossible(
            f"The quiet hours {text!r} cannot be understood.",
            "Give a beginning and an end, such as 22:00-06:00.",
        )
    if begin == end:
        raise NotPossible(
            f"The quiet hours {text!r} cover the whole day, so nothing would ever run.",
            "Give an end that differs from the beginning, or switch the schedule off.",
        )
    return Quiet(begin, end)


def next_start(when: When, after: float, share: float = 0.0, window: float = 0.0) -> float:
    """The first start after an instant, epoch seconds.

    ``share`` from 0 to 1 is the bridge's own: an interval begins at that part of itself, and whatever
    starts at a time of day, or at the end of the quiet hours, starts up to ``window`` seconds later.
    """
    late = share * window
    if when.every:
        phase = share * when.every
        at = phase + ((after - phase) // when.every + 1) * when.every
    else:
        at = _next_match(when, after - late) + late
    free = free_from(when, at)
    return free + late if free > at else at


def free_from(when: When, at: float) -> float:
    """This instant, or the end of the quiet hours that it lies in."""
    if when.quiet is None:
        return at
    here = datetime.fromtimestamp(at, when.zone)
    if not when.quiet.covers(here.time()):
        return at
    for day in range(3):
        naive = datetime.combine(here.date() + timedelta(days=day), when.quiet.end)
        for instant in _instants(naive, when.zone):
            if instant > at:
                return instant
    raise AssertionError("every day ends")


def spread(number: int) -> float:
    """From 0 to 1, far apart for neighbouring ids, and the same at every start.

    Multiples of the golden ratio share out a circle more evenly than chance does.
    """
    return number * 0.6180339887498949 % 1.0


def in_words(seconds: float) -> str:
    """An interval as one can type it."""
    for name in ("day", "hour", "minute"):
        if seconds >= _UNITS[name] and seconds % _UNITS[name] == 0:
            count = int(seconds // _UNITS[name])
            return f"every {count} {name}{'s' if count > 1 else ''}"
    return f"every {seconds:g} seconds"


def _next_match(when: When, after: float) -> float:
    """The cron fields' next instant; of a doubled local time the first, of a missing one the next valid."""
    for found in CronSim(when.cron, datetime.fromtimestamp(after, when.zone)):
        at = found.timestamp()
        if at > after:  # within a doubled hour cronsim first gives the time that is over
            return at
    raise NotPossible(f"The schedule {when.text!r} never comes.", f"Use {FORMS}.")


def _instants(naive: datetime, zone: ZoneInfo) -> Iterator[float]:
    """The instants at which the clocks of a place show this: two when they went back, else one.

    A time that the clocks leap over is taken for the instant after the leap, as cronsim does.
    """
    moved = naive
    while moved != moved.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None):
        moved += timedelta(minutes=1)
        if moved - naive > _A_LONG_GAP:  # a whole day was left out, as on Samoa in 2011
            break
    for fold in (0, 1):
        yield moved.replace(tzinfo=zone, fold=fold).timestamp()


def _interval(words: str) -> float:
    """Seconds of ``hourly`` and ``every 15 minutes``; 0 for everything else."""
    if words == "hourly":
        return 3600.0
    found = re.fullmatch(r"every (?:(\d{1,7}) )?(minute|hour|day)s?", words)
    if not found:
        return 0.0
    seconds = float(found[1] or 1) * _UNITS[found[2]]
    if not 60 <= seconds <= LONGEST_EVERY_SECONDS:
        raise NotPossible(
            f"The schedule {words!r} is too often or too seldom.",
            "Choose an interval from one minute to 31 days.",
        )
    return seconds


def _cron(words: str) -> str:
    """The five fields for words; what are no words of ours is taken for cron fields as it stands."""
    found = re.fullmatch(r"(?:daily|every day) at (\S+)", words)
    on = re.fullmatch(r"(?:weekly on|every) (\w+) at (\S+)", words)
    at = _time_of_day(found[1] if found else on[2] if on else "")
    day = next((n for n, name in enumerate(_DAYS) if on and on[1] in (name, name[:3])), None)
    if at is None or (day is None and not found):
        return words
    return f"{at.minute} {at.hour} * * {'*' if day is None else day}"


def _demand_cron(text: str, cron: str) -> None:
    """Five fields that name a time which comes; raises ``NotPossible``."""
    fields = cron.split()
    shown = text.strip()[:60]
    if len(fields) != 5 or len(cron) > _LONGEST_TEXT or not re.search(r"\d|\*", cron):
        raise NotPossible(f"The schedule {shown!r} cannot be understood.", f"Use {FORMS}.")
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        what = str(error).removeprefix("Bad ")
        raise NotPossible(
            f"In the schedule {shown!r} the field {what} cannot be understood, or its day never comes.",
            "The fields are minute, hour, day of the month, month and day of the week, such as 30 3 * * 1-5.",
        ) from None
    except StopIteration:
        raise NotPossible(f"The schedule {shown!r} names a time that never comes.", f"Use {FORMS}.") from None


def _time_of_day(text: str) -> time | None:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder or a path is no zone either
        known = {each.lower(): each for each in available_timezones()}
        near = difflib.get_close_matches(name.lower(), known, 1)
        hint = f"Did you mean {known[near[0]]}?" if near else "Use a name such as Europe/Zurich or UTC."
        raise NotPossible(f"There is no time zone {name[:60]!r}.", hint) from None
