"""A bridge's tasks and appointments as an iCalendar (RFC 5545), for programs that subscribe to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from icalendar import Alarm, Calendar, Event, Todo, vText

from landbridge.engine.recurrence import repetition
from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind
from landbridge.sync.recipe_times import zone_of
from landbridge.sync.rich_text import plain

REFRESH = timedelta(hours=1)
COMPLETED_DAYS = 30
"""A completed task whose time is longer past is left out."""

MORNING = timedelta(hours=9)
"""A reminder of something that has a date and no time comes at this time of the day."""

LONGEST = 10_000  # characters of one text; calendars cut long before
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # SEQUENCE is an integer of 31 bits in many programs
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x09\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_STAMP = re.compile(rb"DTSTAMP:[^\r\n]*\r\n")
_STATUS: Mapping[str, str] = {"cancelled": "CANCELLED", "new": "TENTATIVE"}  # else CONFIRMED
_WORDS: Mapping[str, str] = {
    "new": "Not confirmed yet.",
    "cancelled": "Cancelled.",
    "showed": "The contact showed up.",
    "noshow": "The contact did not show up.",
    "completed": "Completed.",
}


@dataclass(frozen=True, slots=True)
class Reminders:
    """How many minutes before an appointment begins, and before a task is due, a calendar reminds."""

    appointments: tuple[int, ...] = (1440, 60)
    tasks: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Agenda:
    """What goes into one calendar: tasks and appointments, and the names of contacts by their id.

    ``zone`` is the location's IANA time zone. Something of which nothing is due or begins is left out.
    """

    title: str
    zone: str
    activities: Sequence[Activity]
    names: Mapping[str, str] = field(default_factory=dict)


def write_calendar(
    agenda: Agenda, now: float, reminders: Reminders | None = None, *, tasks_as_events: bool = False
) -> bytes:
    """The calendar, UTF-8 with CRLF; ``now`` is epoch seconds, the moment it is made (DTSTAMP).

    ``tasks_as_events``: tasks as events of no length, for programs that show no tasks of a subscription.
    """
    writer = _Writer(agenda, datetime.fromtimestamp(int(now), UTC), reminders or Reminders())
    calendar = _frame(agenda)
    listed = _listed(agenda.activities)
    for one in agenda.activities:
        if one.kind is Kind.APPOINTMENT:
            made: Event | Todo | None = writer.appointment(one, listed)
        else:
            made = writer.task(one, as_event=tasks_as_events)
        if made is not None:
            calendar.add_component(made)
    if writer.zoned:
        first = min(writer.zoned) - timedelta(days=366)  # so that the rule before the first is there
        calendar.add_missing_timezones(first_date=first, last_date=max(date(2038, 1, 1), *writer.zoned))
    written: bytes = calendar.to_ical()
    return written


def print_of(calendar: bytes) -> str:
    """Equal for calendars that differ in the moment they were made only."""
    return sha256(_STAMP.sub(b"", calendar)).hexdigest()[:32]


def _frame(agenda: Agenda) -> Calendar:
    calendar = Calendar()
    title = _line(agenda.title)
    calendar.add("prodid", "-//Landbridge//Calendar feed//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", vText(title))
    calendar.add("x-wr-calname", vText(title))
    calendar.add("x-wr-timezone", vText(str(zone_of(agenda.zone))))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText("PT1H"))
    return calendar


@dataclass(frozen=True, slots=True)
class _Listed:
    """Appointments that are listed one by one: the series they are of, and when each of them begins."""

    series: frozenset[str]
    starts: frozenset[tuple[str, str]]


def _listed(activities: Iterable[Activity]) -> _Listed:
    instances = [one for one in activities if one.kind is Kind.APPOINTMENT and one.fields.get("series")]
    return _Listed(
        frozenset(one.fields["series"] for one in instances),
        frozenset((one.fields["series"], one.fields.get("start", "")) for one in instances),
    )


class _Writer:
    """Writes the parts of one calendar."""

    def __init__(self, agenda: Agenda, now: datetime, reminders: Reminders) -> None:
        self._names = agenda.names
        self._zone = zone_of(agenda.zone)
        self._now = now
        self._reminders = reminders
        self.zoned: list[date] = []  # days at which something with a rule of the zone begins

    def appointment(self, one: Activity, listed: _Listed) -> Event | None:
        """An event; None for one that is no appointment, or is there as instances already."""
        fields, status = one.fields, one.fields.get("status", "")
        start, end = self._moment(fields.get("start", "")), self._moment(fields.get("end", ""))
        if start is None or status == "invalid" or one.deleted:
            return None
        repeats, whole = fields.get("recurrence", ""), _is_whole_day(start, end)
        if one.id in listed.series:
            if (one.id, fields.get("start", "")) in listed.starts:
                return None
            repeats = ""
        event = Event()
        self._head(event, one, "Appointment", "Cancelled: " if status == "cancelled" else "")
        rule = repetition(repeats, start.date() if whole else start, self._zone) if repeats else None
        self._times(event, start, end, whole=whole, zoned=rule is not None)
        if rule is not None:
            event.add("rrule", rule)
        event.add("status", _STATUS.get(status, "CONFIRMED"))
        place = _line(plain(fields.get("location", "")))
        if place:
            event.add("location", place)
        _describe(event, _WORDS.get(status, ""), fields.get("notes", ""))
        if status not in ("cancelled", "showed", "noshow", "completed"):
            self._remind(event, self._reminders.appointments, "START", whole=whole)
        return event

    def task(self, one: Activity, *, as_event: bool) -> Event | Todo | None:
        """A task, or the event that stands for it; None without a due time, and for one long done."""
        due, done = self._moment(one.fields.get("due", "")), one.fields.get("completed") == "1"
        if due is None or one.deleted or (done and due < self._now - timedelta(days=COMPLETED_DAYS)):
            return None
        whole = due.time() == time()
        at = due.date() if whole else due.astimezone(UTC)
        part = Event() if as_event else Todo()
        self._head(part, one, "Task", ("Done: " if done else "To do: ") if as_event else "")
        part.add("dtstart" if as_event else "due", at)
        if as_event:
            part.add("transp", "TRANSPARENT")  # a task keeps no time free
        else:
            part.add("status", "COMPLETED" if done else "NEEDS-ACTION")
            if done:
                part.add("percent-complete", 100)
        _describe(part, "Completed." if done else "", one.fields.get("body", ""))
        if not done:
            self._remind(part, self._reminders.tasks, "START" if as_event else "END", whole=whole)
        return part

    def _moment(self, text: str) -> datetime | None:
        """An instant in the location's zone."""
        try:
            found = datetime.fromisoformat(text.replace("Z", "+00:00"))
            aware = found if found.tzinfo else found.replace(tzinfo=UTC)
            return aware.astimezone(self._zone).replace(microsecond=0)
        except (ValueError, OverflowError):
            return None

    def _head(self, part: Event | Todo, one: Activity, fallback: str, prefix: str) -> None:
        title = _line(plain(one.fields.get("title", ""))) or fallback
        name = _line(self._names.get(one.contact_id, ""))
        if name and "@" not in name and name.casefold() not in title.casefold():
            title = f"{title} – {name}"
        part.add("uid", f"{one.kind.value}-{_line(one.id)}@landbridge")
        part.add("summary", prefix + title)
        part.add("dtstamp", self._now)
        changed = self._moment(one.changed_at)
        part.add("sequence", max(0, int((changed - _EPOCH).total_seconds())) if changed else 0)
        if changed:
            part.add("last-modified", changed.astimezone(UTC))

    def _times(
        self, event: Event, start: datetime, end: datetime | None, *, whole: bool, zoned: bool
    ) -> None:
        """A rule is of the location's clock; whatever happens once is an instant."""
        if zoned and not whole:
            self.zoned.append(start.date())
        for name, at in (("dtstart", start), ("dtend", end if end and end > start else None)):
            if at is not None:
                event.add(name, at.date() if whole else at if zoned else at.astimezone(UTC))

    def _remind(self, part: Event | Todo, minutes: Collection[int], related: str, *, whole: bool) -> None:
        leads = {_lead(each, whole=whole) for each in minutes}
        for lead in sorted(leads):
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", str(part["summary"]))
            alarm.add("trigger", lead, parameters={"RELATED": related})
            part.add_component(alarm)


def _lead(minutes: int, *, whole: bool) -> timedelta:
    """From the begin to the reminder; of a whole day, whole days before, in the morning."""
    if whole:
        return MORNING - timedelta(days=minutes // 1440)
    return -timedelta(minutes=minutes)


def _is_whole_day(start: datetime, end: datetime | None) -> bool:
    """From a local midnight to a later one."""
    return end is not None and start.time() == end.time() == time() and end.date() > start.date()


def _describe(part: Event | Todo, status: str, text: str) -> None:
    described = "\n\n".join(filter(None, (status, _lines(plain(text)))))
    if described:
        part.add("description", described)


def _line(text: str) -> str:
    """The text in one line, without signs that end a line anywhere."""
    return " ".join(_lines(text).split())


def _lines(text: str) -> str:
    return _CONTROLS.sub("", _BREAKS.sub("\n", text))[:LONGEST].strip()
