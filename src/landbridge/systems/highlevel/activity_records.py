"""Tasks, notes and appointments as HighLevel shows them, and as it takes them (highlevel.md 2.1.2 to 2.3.1).

Times are shown with an offset and are given as instants in UTC; one that cannot be read, or has no offset,
is absent, as guessing its zone would move it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from landbridge.sync.activity import FIELDS, STATUSES, Activity
from landbridge.sync.model import Kind, Side
from landbridge.systems.base import Rejected
from landbridge.systems.moments import instant

Text = str | int | float | bool | None | UnsetType

_ONLY_V3 = frozenset({"completed", "active"})  # statuses that the dated versions show and do not take (5.5)
_TASK = {
    "title": "title",
    "body": "body",
    "due": "dueDate",
    "completed": "completed",
    "assigned_to": "assignedTo",  # not carried by a sync; a recipe says for whom its task is (2.1.2)
}
_APPOINTMENT = {
    "title": "title",
    "start": "startTime",
    "end": "endTime",
    "location": "address",
    "status": "appointmentStatus",
}
QUIET: Mapping[str, bool] = {"ignoreFreeSlotValidation": True, "toNotify": False}
"""Sent with each appointment: it was agreed elsewhere, so it is booked whatever the calendar's free slots
say, and no automation runs for it: a sync that copies 300 old appointments must not text 300 people."""


class Task(msgspec.Struct, rename="camel", gc=False):
    """A task of either route; the search calls its id ``_id`` and adds times (highlevel.md 2.3.1)."""

    id: str = ""
    search_id: str = msgspec.field(name="_id", default="")
    title: Text = UNSET
    body: Text = UNSET
    due_date: Text = UNSET
    completed: Text = UNSET
    assigned_to: Text = UNSET
    contact_id: Text = UNSET
    date_updated: Text = UNSET
    updated_at: Text = UNSET
    deleted: Text = UNSET


class Note(msgspec.Struct, rename="camel", gc=False):
    """A note; it tells no time of change."""

    id: str = ""
    body: Text = UNSET
    user_id: Text = UNSET
    date_added: Text = UNSET
    contact_id: Text = UNSET


class Event(msgspec.Struct, rename="camel", gc=False):
    """An appointment; answers carry the misspelt status too (highlevel.md 2.2)."""

    id: str = ""
    title: Text = UNSET
    calendar_id: Text = UNSET
    contact_id: Text = UNSET
    appointment_status: Text = UNSET
    misspelt_status: Text = msgspec.field(name="appoinmentStatus", default=UNSET)
    assigned_user_id: Text = UNSET
    notes: Text = UNSET
    address: Text = UNSET
    rrule: Text = UNSET
    master_event_id: Text = UNSET
    start_time: Text = UNSET
    end_time: Text = UNSET
    date_updated: Text = UNSET
    deleted: Text = UNSET


def task(shown: Task, contact_id: str = "") -> Activity:
    """A task; ``contact_id`` is whom it was asked of, where the answer does not say."""
    fields = _texts(title=shown.title, body=shown.body, assigned_to=shown.assigned_to)
    fields |= _moments(due=shown.due_date)
    if isinstance(shown.completed, bool):
        fields["completed"] = "1" if shown.completed else "0"
    return Activity(
        side=Side.HIGHLEVEL,
        kind=Kind.TASK,
        id=shown.id or shown.search_id,
        contact_id=_text(shown.contact_id) or contact_id,
        fields=fields,
        changed_at=_text(shown.date_updated) or _text(shown.updated_at),
        deleted=shown.deleted is True,
    )


def note(shown: Note, contact_id: str = "") -> Activity:
    """A note with its HTML body."""
    return Activity(
        side=Side.HIGHLEVEL,
        kind=Kind.NOTE,
        id=shown.id,
        contact_id=_text(shown.contact_id) or contact_id,
        fields=_texts(body=shown.body, author=shown.user_id) | _moments(made_at=shown.date_added),
    )


def appointment(shown: Event, contact_id: str = "") -> Activity:
    """An appointment; a status that is none of ``STATUSES`` is absent."""
    fields = _texts(
        title=shown.title,
        location=shown.address,
        notes=shown.notes,
        calendar=shown.calendar_id,
        assigned_to=shown.assigned_user_id,
        recurrence=shown.rrule,
        series=shown.master_event_id,
    )
    fields |= _moments(start=shown.start_time, end=shown.end_time)
    status = (_text(shown.appointment_status) or _text(shown.misspelt_status)).lower()
    if status in STATUSES:
        fields["status"] = status
    return Activity(
        side=Side.HIGHLEVEL,
        kind=Kind.APPOINTMENT,
        id=shown.id,
        contact_id=_text(shown.contact_id) or contact_id,
        fields=fields,
        changed_at=_text(shown.date_updated),
        deleted=shown.deleted is True,
    )


def task_body(fields: Mapping[str, str], *, new: bool) -> dict[str, Any]:
    """A task as it is sent; raises ``Rejected`` without a title or a due date: HighLevel demands both."""
    _check_names(Kind.TASK, [name for name in fields if name not in _TASK])
    body: dict[str, Any] = {_TASK[name]: value for name, value in fields.items()}
    _demand(Kind.TASK, fields, "title", new=new)
    _demand(Kind.TASK, fields, "due", new=new)
    if "due" in fields:
        body["dueDate"] = _moment(Kind.TASK, "due", fields["due"])
    if new or "completed" in fields:
        body["completed"] = _flag(fields.get("completed", "0"))
    return body


def note_body(fields: Mapping[str, str], *, new: bool) -> dict[str, Any]:
    """A note as it is sent; raises ``Rejected`` without a body."""
    _check_names(Kind.NOTE, fields)
    _demand(Kind.NOTE, fields, "body", new=new)
    return dict(fields)


def appointment_body(fields: Mapping[str, str], *, new: bool, v3: bool) -> dict[str, Any]:
    """An appointment as it is sent, without its calendar; raises ``Rejected`` without a start."""
    _check_names(Kind.APPOINTMENT, fields)
    _demand(Kind.APPOINTMENT, fields, "start", new=new)
    given = {name: value for name, value in fields.items() if value or not new}
    if "end" in given:
        _demand(Kind.APPOINTMENT, given, "end", new=False)
    body: dict[str, Any] = {_APPOINTMENT[name]: value for name, value in given.items()}
    for name in ("start", "end"):
        if name in given:
            body[_APPOINTMENT[name]] = _moment(Kind.APPOINTMENT, name, given[name])
    status = given.get("status")
    if status is not None and (status not in STATUSES or (status in _ONLY_V3 and not v3)):
        raise refused(
            "HighLevel does not take this status of an appointment.",
            "Give the appointment one of: new, confirmed, cancelled, showed, noshow, invalid.",
        )
    return {**body, **QUIET}


def refused(sentence: str, fix: str) -> Rejected:
    """A write that is refused here, before anything is sent."""
    return Rejected(sentence, fix=fix, side=Side.HIGHLEVEL, sent="no")


def _check_names(kind: Kind, fields: Iterable[str]) -> None:
    for name in fields:
        if name not in FIELDS[kind]:
            shown = name if name.isidentifier() and len(name) < 40 else "this one"
            raise refused(
                f"Landbridge does not write the field {shown} of a HighLevel {kind}.",
                "Report this: the field comes from Landbridge itself.",
            )


def _demand(kind: Kind, fields: Mapping[str, str], name: str, *, new: bool) -> None:
    if fields.get(name, "" if new else "unchanged").strip():
        return
    words = {"due": "due date", "start": "start", "end": "end", "title": "title", "body": "text"}
    raise refused(
        f"HighLevel takes no {kind} without a {words[name]}; nothing was sent.",
        f"Give the {kind} a {words[name]}, then sync again.",
    )


def _moment(kind: Kind, name: str, value: str) -> str:
    moment = instant(value)
    if moment is None:
        raise refused(
            f"The {name} of this {kind} is no time that HighLevel could take; nothing was sent.",
            f"Set the {name} of the {kind} again, then sync again.",
        )
    return moment


def _flag(value: str) -> bool:
    if value not in ("0", "1"):
        raise refused(
            "Whether this task is completed is neither 1 nor 0; nothing was sent.",
            "Mark the task as completed or open again, then sync again.",
        )
    return value == "1"


def _texts(**shown: Text) -> dict[str, str]:
    return {name: _text(value) for name, value in shown.items() if value is not UNSET}


def _moments(**shown: Text) -> dict[str, str]:
    """Null is empty; what is no instant is absent."""
    found: dict[str, str] = {}
    for name, value in shown.items():
        if value is None or value == "":
            found[name] = ""
        elif isinstance(value, str) and (moment := instant(value)) is not None:
            found[name] = moment
    return found


def _text(value: Text) -> str:
    if value is None or value is UNSET:
        return ""
    return value if isinstance(value, str) else str(value)
