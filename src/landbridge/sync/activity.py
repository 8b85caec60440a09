"""Tasks, notes and appointments in the words both systems are told apart from: one record of one side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landbridge.sync.model import Kind, Side

FIELDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TASK: ("title", "body", "due", "completed"),
    Kind.NOTE: ("body",),
    Kind.APPOINTMENT: ("title", "start", "end", "location", "status"),
}
"""What is carried of each kind, under names of our own; each system's client translates them.

``due``, ``start`` and ``end`` are instants, ISO 8601 in UTC to the second (``2026-11-25T09:00:00Z``);
``completed`` is ``1`` or ``0``; a note's ``body`` is HTML, as are the bodies HighLevel shows;
``status`` is one of ``STATUSES``.
"""

SHOWN: Mapping[Kind, tuple[str, ...]] = {
    Kind.TASK: ("assigned_to",),
    Kind.NOTE: ("author", "made_at"),
    Kind.APPOINTMENT: ("notes", "calendar", "assigned_to", "recurrence", "series"),
}
"""What is shown to people and not carried. ``author`` and ``assigned_to`` are ids of users, ``recurrence``
an RRULE (RFC 5545), ``series`` the id of the appointment that an instance repeats."""

STATUSES = ("new", "confirmed", "cancelled", "showed", "noshow", "invalid", "completed", "active")
"""What may become of an appointment, in HighLevel's words (highlevel.md 5.5)."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One task, note or appointment as one side shows it.

    ``fields`` are named as in ``FIELDS`` and ``SHOWN``; a name that is missing is *absent* (unknown), ``""``
    is empty. ``changed_at`` is the side's own time of the last change, blank where it tells none.
    ``deleted``: the side shows it, and says that it was deleted (HighLevel's appointments do so).
    """

    side: Side
    kind: Kind
    id: str
    contact_id: str
    fields: Mapping[str, str]
    changed_at: str = ""
    deleted: bool = False
