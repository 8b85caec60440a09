"""What a made-up agent noted, planned and booked with one contact: the same for the same seed and week."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

TWIN = "Called, no answer"
"""A note that contacts have twice, word for word: two calls, not a copy."""
_NOTES = (
    "<p>Met at the open house on Harbor Street. Liked the <strong>kitchen</strong>, not the stairs.</p>",
    "<p>Looking for:</p><ul><li>3 bedrooms</li><li>a garden</li><li>under 20 min to downtown</li></ul>",
    "<p>Pre-approved up to $425,000. Lender: First Harbor &amp; Sons.</p>",
    "Wants to sell before buying. Send the <em>net sheet</em> first.",
    "<p>Their dog needs a fenced yard.<br>No HOA, if possible.</p>",
    "<p>Ärger mit dem Vermieter – möchte bis Mai umziehen.</p>",
    "Prefers text messages; call only after 6 pm.",
    "<p>Sent comps for <a href='https://www.example.com/comps/118-elm'>118 Elm St</a>.</p>",
)
_TASKS = (
    ("Send comparable sales", "<p>Three houses within <strong>0.5 miles</strong>, sold since spring.</p>"),
    ("Follow up after the showing", ""),
    ("Order the home inspection", "<p>Ask for Thursday or Friday.</p>"),
    ("Prepare the listing agreement", "Commission &amp; term as discussed."),
    ("Send the buyer's guide", ""),
    ("Call about the appraisal", "<p>Appraiser: 555-0142.<br>Case 77-B.</p>"),
)
_STREETS = ("118 Elm St", "4 Harbor Walk, Unit 2", "2210 Congress Ave", "77 Côte d'Azur Ln")
_VISITS = ("Showing", "Second showing", "Buyer consultation", "Listing appointment", "Closing")
STATUSES = ("confirmed", "showed", "noshow", "cancelled", "new")


@dataclass(frozen=True, slots=True)
class Note:
    """An HTML body, and when it was written: a local time."""

    body: str
    made: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """A task; ``due`` is a local time, midnight for a whole day."""

    title: str
    body: str
    due: datetime
    completed: bool


@dataclass(frozen=True, slots=True)
class Booking:
    """An appointment in local times. ``repeats`` is an RRULE; ``more`` are the later times of the series."""

    title: str
    start: datetime
    end: datetime
    address: str = ""
    status: str = "confirmed"
    repeats: str = ""
    more: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Agenda:
    """Everything with one contact."""

    notes: tuple[Note, ...]
    tasks: tuple[Task, ...]
    bookings: tuple[Booking, ...]


def monday(now: float, zone: str) -> date:
    """The Monday of the week that a clock in the zone shows at this moment (epoch seconds)."""
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    return today - timedelta(days=today.weekday())


def clock_changes(start: date, zone: str) -> tuple[date, ...]:
    """The days within a year on which the zone's clocks change; none in many zones."""
    place = ZoneInfo(zone)

    def offset(day: date) -> timedelta | None:
        return datetime.combine(day, time(), UTC).astimezone(place).utcoffset()

    days = [start + timedelta(days=number) for number in range(366)]
    return tuple(day for day in days if offset(day) != offset(day + timedelta(days=1)))


def agenda(seed: int, number: int, week: date, changes: Sequence[date]) -> Agenda:
    """The agenda of the so many-th contact, around ``week``; every kind of thing within ten contacts."""
    pick = random.Random(f"{seed}:{number}")  # repeatable, not secret
    return Agenda(
        _notes(pick, number, week), _tasks(pick, number, week), _bookings(pick, number, week, changes)
    )


def _notes(pick: random.Random, number: int, week: date) -> tuple[Note, ...]:
    bodies = pick.sample(_NOTES, 1 + number % 3)
    if number % 4 == 1:
        bodies += [TWIN, TWIN]
    made = sorted(_at(week, -pick.randint(1, 200), pick.randint(8, 18), pick.randint(0, 59)) for _ in bodies)
    return tuple(Note(body, when) for body, when in zip(bodies, made, strict=True))


def _tasks(pick: random.Random, number: int, week: date) -> tuple[Task, ...]:
    found = []
    for index, (title, body) in enumerate(pick.sample(_TASKS, 1 + number % 2)):
        done = (number + index) % 3 == 2
        days = -pick.randint(2, 60) if done else pick.randint(0, 30)
        hour = 0 if number % 5 == 3 else pick.randint(8, 18)
        found.append(Task(title, body, _at(week, days, hour), done))
    return tuple(found)


def _bookings(pick: random.Random, number: int, week: date, changes: Sequence[date]) -> tuple[Booking, ...]:
    status = STATUSES[number % len(STATUSES)]
    days = -pick.randint(3, 90) if status in ("showed", "noshow") else pick.randint(0, 40)
    start = _at(week, days, pick.randint(9, 17), pick.choice((0, 30)))
    title, street = pick.choice(_VISITS), pick.choice(_STREETS)
    found = [Booking(title, start, start + timedelta(hours=1), street, status)]
    if number % 5 == 0:
        found.append(_series(_at(week, 1, 10)))
    if number % 5 == 2:
        whole = _at(week, pick.randint(5, 20), 0)
        found.append(Booking("Open house weekend", whole, whole + timedelta(days=1 + number % 2), street))
    if number % 5 == 4:
        found += [
            Booking("Walk-through", _at(day, shift, 9), _at(day, shift, 10), street)
            for day in changes[:2]
            for shift in (-1, 0, 1)
        ]
    return tuple(found)


def _series(first: datetime) -> Booking:
    """Four Tuesdays; each keeps its hour on the clock also where the clocks change between."""
    times = [
        (start, start + timedelta(minutes=30)) for start in (first + timedelta(weeks=w) for w in range(4))
    ]
    (start, end), *more = times
    return Booking("Weekly market update", start, end, repeats="FREQ=WEEKLY;COUNT=4", more=tuple(more))


def _at(day: date, days: int, hour: int, minute: int = 0) -> datetime:
    """A local time, without a zone."""
    return datetime.combine(day + timedelta(days=days), time(hour, minute))
