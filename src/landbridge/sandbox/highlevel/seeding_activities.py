"""Notes, tasks and appointments of the first contacts of a seeded location: no events, no time of the app.

Assumed of a series: its first appointment carries the rule, the others name it as ``masterEventId`` and have
ids of the form seen live (highlevel.md 2.2).
"""

from __future__ import annotations

import itertools
from datetime import datetime, time, timedelta

from landbridge.sandbox.agenda import Booking, agenda, clock_changes, monday
from landbridge.sandbox.highlevel import appointments, notes, tasks
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import epoch_ms


def seed_activities(state: State, count: int, seed: int) -> None:
    """Give the first ``count`` contacts what agents noted, planned and booked with them."""
    zone = state.config.time_zone
    week = monday(state.clock.now(), zone)
    before = _ms(state, datetime.combine(week - timedelta(days=7), time(12)))
    changes = clock_changes(week, zone)
    users = list(state.tables["users"]) or [""]
    calendars = list(state.tables["calendars"].values())
    for number, contact_id in enumerate(itertools.islice(state.contacts, count)):
        made = agenda(seed, number, week, changes)
        user = users[number % len(users)]
        for note in made.notes:
            body = {"body": note.body, "userId": user}
            state.put("notes", notes.record_of(state, contact_id, body, _ms(state, note.made)))
        for task in made.tasks:
            planned = {
                "title": task.title,
                "body": task.body,
                "completed": task.completed,
                "assignedTo": user,
            }
            due = _ms(state, task.due)
            state.put("tasks", tasks.record_of(state, contact_id, planned, due, min(due, before)))
        for booking in made.bookings:
            _book(state, contact_id, booking, calendars[number % len(calendars)], user, before)


def _book(state: State, contact_id: str, booking: Booking, calendar: Record, user: str, before: int) -> None:
    body = {
        "title": booking.title,
        "appointmentStatus": booking.status,
        "address": booking.address or None,
        "assignedUserId": user,
        "rrule": booking.repeats or None,
    }
    start, end = _ms(state, booking.start), _ms(state, booking.end)
    added = min(start, before)
    first = appointments.record_of(state, calendar, contact_id, body, (start, end), added, "calendar_page")
    state.put("appointments", first)
    for later_start, later_end in booking.more:
        span = (_ms(state, later_start), _ms(state, later_end))
        again = appointments.record_of(
            state, calendar, contact_id, body | {"rrule": None}, span, added, "calendar_page"
        )
        again |= {
            "id": f"{first['id']}_{span[0]}_{(span[1] - span[0]) // 1000}",
            "masterEventId": first["id"],
            "isRecurring": True,
        }
        state.put("appointments", again)


def _ms(state: State, local: datetime) -> int:
    moment = epoch_ms(local.isoformat(), state.config.time_zone)
    assert moment is not None  # noqa: S101  # made by the agenda
    return moment
