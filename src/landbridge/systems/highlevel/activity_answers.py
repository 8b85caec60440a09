"""The answers around tasks, notes and appointments: what each route wraps its records in."""

from __future__ import annotations

import msgspec

from landbridge.systems.highlevel.activity_records import Event, Note, Task


class TasksFound(msgspec.Struct):
    """Tasks of a contact, or a page of the search."""

    tasks: list[Task]


class NotesFound(msgspec.Struct):
    """Notes of a contact."""

    notes: list[Note]


class EventsFound(msgspec.Struct):
    """Appointments of a contact, or of a calendar."""

    events: list[Event]


class OneAnswer(msgspec.Struct):
    """One record: under its name, or bare as a booked appointment (highlevel.md 2.1.2, 2.2)."""

    id: str = ""
    task: Task | None = None
    note: Note | None = None
    appointment: Event | None = None
    event: Event | None = None


class Deleted(msgspec.Struct):
    """The outcome of a deletion."""

    succeded: bool | None = None  # the vendor's spelling; live answers carry both (highlevel.md 2.8)
    succeeded: bool | None = None


class Named(msgspec.Struct):
    """A calendar or a user."""

    id: str
    name: str | None = None


class CalendarsFound(msgspec.Struct):
    """All calendars."""

    calendars: list[Named]


class UsersFound(msgspec.Struct):
    """All users, or a page of the search for them."""

    users: list[Named]


class Company(msgspec.Struct, rename="camel"):
    """A location, as far as the agency goes that it belongs to."""

    company_id: str | None = None


class LocationFound(msgspec.Struct):
    """A location record."""

    location: Company
