"""Blocked time and the notes of appointments (highlevel.md 2.2)."""

from __future__ import annotations

from typing import Any

from landbridge.sandbox.highlevel.appointments import appointment, in_window, moment
from landbridge.sandbox.highlevel.calendars import calendar, slot_ms
from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.refusals import bad_request, unprocessable
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import iso, local_iso

Reply = dict[str, Any]

_BLOCK = Shape(
    {
        "title": "text",
        "calendarId": "text",
        "assignedUserId": "text",
        "locationId": "text",
        "startTime": "text",
        "endTime": "text",
    },
    ("locationId", "startTime"),
)
_NOTE = Shape({"body": "text", "userId": "text"}, ("body",))
_NOTE_MOST = 5000
_PAGE_MOST = 20
_HALF_HOUR_MS = 1_800_000


def list_blocks(state: State, call: Call) -> Reply:
    """``GET /calendars/blocked-slots``: events of the same record, without a contact."""
    empty = {"contactId": "", "groupId": "", "appointmentStatus": "confirmed", "users": []}
    return {"events": [empty | _block(state, record) for record in in_window(state, call, "blocked_slots")]}


def create_block(state: State, call: Call) -> Reply:
    """``POST /calendars/events/block-slots``: for a calendar or a user, not both."""
    now = state.now_ms()
    record = {"id": state.ids.text(), "deleted": False, "groupId": "", "addedMs": now}
    return _block(state, state.put("blocked_slots", record | _read_block(state, call)))


def update_block(state: State, call: Call) -> Reply:
    """``PUT /calendars/events/block-slots/{eventId}``."""
    record = state.get("blocked_slots", "Event", call.parameters["eventId"])
    record |= _read_block(state, call)
    return _block(state, record)


def _read_block(state: State, call: Call) -> Record:
    body = call.body
    _BLOCK.check(body)
    if bool(body.get("calendarId")) is bool(body.get("assignedUserId")):
        raise bad_request("Either calendarId or assignedUserId is required, not both")
    length = slot_ms(calendar(state, body["calendarId"])) if body.get("calendarId") else _HALF_HOUR_MS
    start = moment(state, body["startTime"], "startTime")
    end = moment(state, body["endTime"], "endTime") if body.get("endTime") else start + length
    if end <= start:
        raise bad_request("endTime must be after startTime")
    return {
        "title": body.get("title", "Blocked"),
        "calendarId": body.get("calendarId", ""),
        "assignedUserId": body.get("assignedUserId", ""),
        "locationId": state.config.location_id,
        "startMs": start,
        "endMs": end,
        "updatedMs": state.now_ms(),
    }


def _block(state: State, record: Record) -> Record:
    kept = {name: value for name, value in record.items() if not name.endswith("Ms")}
    return kept | {
        "startTime": local_iso(record["startMs"], state.config.time_zone),
        "endTime": local_iso(record["endMs"], state.config.time_zone),
        "dateAdded": iso(record["addedMs"]),
        "dateUpdated": iso(record["updatedMs"]),
    }


# Notes of an appointment


def list_notes(state: State, call: Call) -> Reply:
    """``GET /calendars/appointments/{appointmentId}/notes``: at most 20 a page, newest first (assumed)."""
    event = appointment(state, call.parameters["appointmentId"])
    limit, offset = call.number("limit", 10, most=_PAGE_MOST), call.number("offset", 0)
    notes = [
        note for note in state.tables["appointment_notes"].values() if note["appointmentId"] == event["id"]
    ]
    page = notes[::-1][offset : offset + limit]
    return {"notes": [_note(note) for note in page], "hasMore": offset + limit < len(notes)}


def create_note(state: State, call: Call) -> Reply:
    """``POST /calendars/appointments/{appointmentId}/notes``: a body of at most 5000."""
    event = appointment(state, call.parameters["appointmentId"])
    _check_note(call.body)
    user_id = call.body.get("userId", "")
    user = state.tables["users"].get(user_id)
    note = {
        "id": state.ids.text(),
        "appointmentId": event["id"],
        "contactId": event["contactId"],
        "body": call.body["body"],
        "userId": user_id,
        "dateAdded": iso(state.now_ms()),
        "createdBy": {"id": user_id, "name": user["name"] if user else ""},
    }
    return {"note": _note(state.put("appointment_notes", note))}


def update_note(state: State, call: Call) -> Reply:
    """``PUT /calendars/appointments/{appointmentId}/notes/{noteId}``."""
    _check_note(call.body)
    note = _of_event(state, call)
    note |= call.body
    return {"note": _note(note)}


def delete_note(state: State, call: Call) -> Reply:
    """``DELETE /calendars/appointments/{appointmentId}/notes/{noteId}``."""
    state.remove("appointment_notes", _of_event(state, call)["id"])
    return {"success": True}


def _check_note(body: Reply) -> None:
    _NOTE.check(body)
    if len(body["body"]) > _NOTE_MOST:
        raise unprocessable([f"body must be shorter than or equal to {_NOTE_MOST} characters"])


def _of_event(state: State, call: Call) -> Record:
    note = state.get("appointment_notes", "Note", call.parameters["noteId"])
    if note["appointmentId"] != call.parameters["appointmentId"]:
        state.refuse_unknown("Note", note["id"])
    return note


def _note(note: Record) -> Record:
    return {name: value for name, value in note.items() if name != "appointmentId"}


_BLOCKS = "/calendars/events/block-slots"
_NOTES = "/calendars/appointments/{appointmentId}/notes"
_READ, _WRITE = "calendars/events.readonly", "calendars/events.write"
ROUTES = (
    Route("GET", "/calendars/blocked-slots", list_blocks, _READ, location="query"),
    Route("POST", _BLOCKS, create_block, _WRITE, 201, location="body"),
    Route("PUT", _BLOCKS + "/{eventId}", update_block, _WRITE, 201, location="body"),
    Route("GET", _NOTES, list_notes, _READ),
    Route("POST", _NOTES, create_note, _WRITE, 201),
    Route("PUT", _NOTES + "/{noteId}", update_note, _WRITE),
    Route("DELETE", _NOTES + "/{noteId}", delete_note, _WRITE),
)
