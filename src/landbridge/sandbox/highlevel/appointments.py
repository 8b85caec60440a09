"""Appointments, answered in the location's time zone; windows, and those of a contact (highlevel.md 2.2)."""

from __future__ import annotations

from typing import Any

from landbridge.sandbox.highlevel.calendars import busy, calendar, slot_ms
from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.refusals import bad_request, unprocessable
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import digits_ms, epoch_ms, iso, local_iso, local_plain

Reply = dict[str, Any]

STATUSES = ("new", "confirmed", "cancelled", "showed", "noshow", "invalid")
STATUSES_V3 = (*STATUSES, "completed", "active")
_FIELDS = {
    "title": "text",
    "calendarId": "text",
    "startTime": "text",
    "endTime": "text",
    "appointmentStatus": "text",
    "assignedUserId": "text",
    "address": "text",
    "description": "text",
    "meetingLocationType": "text",
    "meetingLocationId": "text",
    "overrideLocationConfig": "flag",
    "ignoreDateRange": "flag",
    "toNotify": "flag",
    "ignoreFreeSlotValidation": "flag",
    "rrule": "text",
}
CREATE = Shape(
    _FIELDS | {"locationId": "text", "contactId": "text"},
    ("calendarId", "locationId", "contactId", "startTime"),
)
UPDATE = Shape(_FIELDS)  # an appointment cannot change contact


def shown(state: State, record: Record) -> Record:
    """The event record; ``appoinmentStatus`` is the misspelt twin seen live."""
    kept = {name: value for name, value in record.items() if not name.endswith("Ms") and value is not None}
    return kept | {
        "appoinmentStatus": record["appointmentStatus"],
        "startTime": local_iso(record["startMs"], state.config.time_zone),
        "endTime": local_iso(record["endMs"], state.config.time_zone),
        "dateAdded": iso(record["addedMs"]),
        "dateUpdated": iso(record["updatedMs"]),
    }


def get_appointment(state: State, call: Call) -> Reply:
    """``GET /calendars/events/appointments/{eventId}``: deleted ones too, with ``deleted: true``."""
    return {"appointment": shown(state, appointment(state, call.parameters["eventId"]))}


def create_appointment(state: State, call: Call) -> Reply:
    """``POST /calendars/events/appointments``: the bare record."""
    CREATE.check(call.body)
    return shown(state, add(state, call.body, v3=call.v3))


def update_appointment(state: State, call: Call) -> Reply:
    """``PUT /calendars/events/appointments/{eventId}``: partial; the bare record."""
    UPDATE.check(call.body)
    record = appointment(state, call.parameters["eventId"])
    return shown(state, change(state, record, call.body, v3=call.v3))


def delete_event(state: State, call: Call) -> Reply:
    """``DELETE /calendars/events/{eventId}``: an appointment or a block."""
    call.status = state.config.event_delete_status
    event_id = call.parameters["eventId"]
    if event_id in state.tables["blocked_slots"]:
        state.tables["blocked_slots"][event_id]["deleted"] = True
    else:
        remove(state, appointment(state, event_id))
    return {"succeeded": True}


def list_events(state: State, call: Call) -> Reply:
    """``GET /calendars/events``: those that start in the window; bounds inclusive (an assumption)."""
    return {"events": [shown(state, record) for record in in_window(state, call, "appointments")]}


def contact_appointments(state: State, call: Call) -> Reply:
    """``GET /contacts/{contactId}/appointments``: times without any zone."""
    contact = state.contact(call.parameters["contactId"])
    records = state.of_contact("appointments", contact["id"])
    names = (
        "id",
        "calendarId",
        "title",
        "assignedUserId",
        "notes",
        "address",
        "locationId",
        "contactId",
        "groupId",
    )
    zone = state.config.time_zone
    events = []
    for record in records:
        if record["deleted"] and not state.config.deleted_events_listed:
            continue
        kept = {name: record[name] for name in names if record[name] is not None}
        kept |= {
            "status": "booked",
            "appointmentStatus": record["appointmentStatus"],
            "users": record["users"],
        }
        kept |= {
            "startTime": local_plain(record["startMs"], zone),
            "endTime": local_plain(record["endMs"], zone),
            "dateAdded": local_plain(record["addedMs"], "UTC"),
            "dateUpdated": local_plain(record["updatedMs"], "UTC"),
            "assignedResources": record["assignedResources"],
        }
        events.append(kept)
    return {"events": events}


def appointment(state: State, event_id: str) -> Record:
    """An appointment by id, deleted or not."""
    return state.get("appointments", "Appointment", event_id)


def in_window(state: State, call: Call, table: str) -> list[Record]:
    """Records of the table that start in the asked window, of one calendar, user or group."""
    wanted = {name: call.query(name) for name in ("calendarId", "userId", "groupId") if call.query(name)}
    if not wanted:
        raise bad_request("Either of userId, calendarId or groupId is required")
    start, end = digits_ms(call.query("startTime")), digits_ms(call.query("endTime"))
    if start is None or end is None:
        raise bad_request("startTime and endTime must be epoch milliseconds")
    found = [
        record
        for record in state.tables[table].values()
        if start <= record["startMs"] <= end
        and (state.config.deleted_events_listed or not record["deleted"])
        and all(
            record["assignedUserId" if name == "userId" else name] == value for name, value in wanted.items()
        )
    ]
    return sorted(found, key=lambda record: (record["startMs"], record["id"]))


def add(state: State, body: Reply, *, v3: bool = False, source: str = "third_party") -> Record:
    """Book an appointment and fire AppointmentCreate; ``confirmed`` by default (highlevel.md 5.5)."""
    found = calendar(state, body["calendarId"])
    contact = state.contact(body["contactId"])
    _check(body, v3=v3)
    start = moment(state, body["startTime"], "startTime")
    end = moment(state, body["endTime"], "endTime") if "endTime" in body else start + slot_ms(found)
    _check_span(state, found["id"], start, end, body)
    record = record_of(state, found, contact["id"], body, (start, end), state.now_ms(), source)
    state.put("appointments", record)
    _told(state, "AppointmentCreate", record)
    return record


def record_of(
    state: State,
    found: Record,
    contact_id: str,
    body: Reply,
    span: tuple[int, int],
    added: int,
    source: str,
) -> Record:
    """An appointment as it is kept; ``found`` is its calendar, times are in epoch milliseconds."""
    members = [member["userId"] for member in found["teamMembers"]]
    return {
        "id": state.ids.text(),
        "title": body.get("title") or found["name"],
        "calendarId": found["id"],
        "locationId": state.config.location_id,
        "contactId": contact_id,
        "groupId": found["groupId"],
        "appointmentStatus": body.get("appointmentStatus", "confirmed"),
        "assignedUserId": body.get("assignedUserId") or (members[0] if members else ""),
        "users": [],
        "notes": None,
        "description": body.get("description"),
        "address": body.get("address"),
        "meetingLocationType": body.get("meetingLocationType"),
        "isRecurring": bool(body.get("rrule")),
        "rrule": body.get("rrule"),
        "assignedResources": [],
        "createdBy": {"userId": None, "source": source},
        "deleted": False,
        "startMs": span[0],
        "endMs": span[1],
        "addedMs": added,
        "updatedMs": added,
    }


def change(state: State, record: Record, body: Reply, *, v3: bool = False) -> Record:
    """Change an appointment and fire AppointmentUpdate; cancelling is a change of status."""
    _check(body, v3=v3)
    if "calendarId" in body:
        record["groupId"] = calendar(state, body["calendarId"])["groupId"]
    if "startTime" in body or "endTime" in body:
        where = str(body.get("calendarId", record["calendarId"]))
        start = moment(state, body["startTime"], "startTime") if "startTime" in body else record["startMs"]
        length = record["endMs"] - record["startMs"]
        end = moment(state, body["endTime"], "endTime") if "endTime" in body else start + length
        _check_span(state, where, start, end, body, but=record["id"])
        record |= {"startMs": start, "endMs": end}
    stored = _FIELDS.keys() & record.keys()
    record |= {name: value for name, value in body.items() if name in stored}
    record["updatedMs"] = state.now_ms()
    _told(state, "AppointmentUpdate", record)
    return record


def remove(state: State, record: Record) -> None:
    """Mark an appointment deleted and fire AppointmentDelete; it stays readable by id."""
    record |= {"deleted": True, "updatedMs": state.now_ms()}
    _told(state, "AppointmentDelete", record)


def moment(state: State, text: str, name: str) -> int:
    """Epoch milliseconds of an ISO time; without an offset it is the location's (an assumption)."""
    found = epoch_ms(text, state.config.time_zone)
    if found is None:
        raise unprocessable([f"{name} must be a valid ISO 8601 date string"])
    return found


def _told(state: State, event: str, record: Record) -> None:
    state.emit(event, record["id"], record["contactId"])
    state.touched("appointment", record["contactId"])


def _check(body: Reply, *, v3: bool) -> None:
    allowed = STATUSES_V3 if v3 else STATUSES
    if body.get("appointmentStatus", "new") not in allowed:
        raise unprocessable([f"appointmentStatus must be one of the following values: {', '.join(allowed)}"])
    if body.get("rrule") and not body.get("ignoreFreeSlotValidation"):
        raise bad_request("rrule is accepted only with ignoreFreeSlotValidation")


def _check_span(state: State, calendar_id: str, start: int, end: int, body: Reply, *, but: str = "") -> None:
    if end <= start:
        raise bad_request("endTime must be after startTime")
    if not body.get("ignoreFreeSlotValidation") and busy(state, calendar_id, start, end, but=but):
        raise bad_request("The slot you have selected is no longer available.")


_EVENTS = "/calendars/events"
_ONE = "/calendars/events/appointments/{eventId}"
_READ, _WRITE = "calendars/events.readonly", "calendars/events.write"
ROUTES = (
    Route("GET", _EVENTS, list_events, _READ, location="query"),
    Route("GET", _ONE, get_appointment, _READ),
    Route("POST", _EVENTS + "/appointments", create_appointment, _WRITE, location="body"),
    Route("PUT", _ONE, update_appointment, _WRITE),
    Route("DELETE", _EVENTS + "/{eventId}", delete_event, _WRITE),
    Route("GET", "/contacts/{contactId}/appointments", contact_appointments, "contacts.readonly"),
)
