"""How tasks, notes and appointments are ASSUMED to look in Rezora: the one place to correct.

No public document mentions them (rezora.md 3 and 4.6). Paths, names and formats follow the documented style
of contacts and lists. An account that speaks otherwise, or not at all, is found out when it is connected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from landbridge.sync.model import Kind

Form = Literal["plain", "html", "text", "time", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """A field's name there and its form.

    ``plain`` is as it is; ``html`` a body that Rezora keeps as HTML, ``text`` one that it keeps as plain
    text; ``time`` is ``YYYY-MM-DD HH:MM:SS`` in the account's zone; ``flag`` is 0 or 1. What is not
    ``writable`` is made by Rezora.
    """

    name: str
    form: Form = "plain"
    writable: bool = True
    required: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """One kind: its word in the path ``contacts/ID/<path>/ID``, its id's name, its fields by our names."""

    path: str
    id: str
    columns: Mapping[str, Column]


ASSUMED: Mapping[Kind, Sort] = {
    Kind.TASK: Sort(
        path="tasks",
        id="task_id",
        columns={
            "title": Column("task_title", required=True),
            "body": Column("task_body", "html"),
            "due": Column("task_due", "time"),
            "completed": Column("task_completed", "flag"),
        },
    ),
    Kind.NOTE: Sort(
        path="notes",
        id="note_id",
        columns={
            "body": Column("note_body", "html", required=True),
            "made_at": Column("note_date", "time", writable=False),
        },
    ),
    Kind.APPOINTMENT: Sort(
        path="appointments",
        id="appointment_id",
        columns={
            "title": Column("appointment_title", required=True),
            "start": Column("appointment_start", "time"),
            "end": Column("appointment_end", "time"),
            "location": Column("appointment_location"),
            "status": Column("appointment_status"),
        },
    ),
}
"""Correct here what a real account shows to be wrong; nothing else names these words.

A status is carried as HighLevel says it (``confirmed``, ``noshow``, ...)."""
