"""Calendars, their groups and free slots (highlevel.md 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.refusals import bad_request, unprocessable
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import digits_ms, is_zone, local_iso, zone

Reply = dict[str, Any]

_GROUP_FIELDS = {
    "name": "text",
    "description": "text",
    "slug": "text",
    "locationId": "text",
    "isActive": "flag",
}
_GROUP = Shape(_GROUP_FIELDS, ("locationId", "name", "description", "slug"))
_GROUP_CHANGE = Shape(
    {"name": "text", "description": "text", "slug": "text"}, ("name", "description", "slug")
)
_GROUP_STATUS = Shape({"isActive": "flag"}, ("isActive",))
_SLUG = Shape({"locationId": "text", "slug": "text"}, ("locationId", "slug"))
_WINDOW_MOST_MS = 31 * 86_400_000
_MEANT = {
    "name": "text",
    "groupId": "text",
    "slug": "text",
    "isActive": "flag",
    "slotDuration": "number",
    "slotDurationUnit": "text",
    "teamMembers": "list",
    "openHours": "list",
}
_CLOCK = {"openHour": range(24), "openMinute": range(60), "closeHour": range(24), "closeMinute": range(60)}
_MINUTES = {"mins": 1, "hours": 60}


def list_calendars(state: State, call: Call) -> Reply:
    """``GET /calendars/``: unpaged; drafts (not active) only with ``showDrafted``, true by default."""
    group, drafts = call.query("groupId"), call.query("showDrafted", "true") != "false"
    found = [
        calendar
        for calendar in state.tables["calendars"].values()
        if (not group or calendar["groupId"] == group) and (drafts or calendar["isActive"])
    ]
    return {"calendars": found}


def get_calendar(state: State, call: Call) -> Reply:
    """``GET /calendars/{calendarId}``."""
    return {"calendar": calendar(state, call.parameters["calendarId"])}


def create_calendar(state: State, call: Call) -> Reply:
    """``POST /calendars/``; its many settings are stored as sent, only names and slots mean anything here."""
    missing = [f"{name} should not be empty" for name in ("name", "locationId") if not call.body.get(name)]
    _check_calendar(call.body, missing)
    return {"calendar": add_calendar(state, call.body)}


def update_calendar(state: State, call: Call) -> Reply:
    """``PUT /calendars/{calendarId}``: partial."""
    found = calendar(state, call.parameters["calendarId"])
    _check_calendar(call.body, [])
    found |= {name: value for name, value in call.body.items() if name not in ("id", "locationId")}
    return {"calendar": found}


def _check_calendar(body: Reply, problems: list[str]) -> None:
    """422 for settings the sandbox works with and cannot; all others are taken as they are."""
    meant = Shape({name: kind for name, kind in _MEANT.items() if name in body})
    problems += meant.problems({name: body[name] for name in meant.fields})
    if not problems and body.get("slotDuration", 1) <= 0:
        problems.append("slotDuration must not be less than 1")
    if not problems and not all(map(_is_member, body.get("teamMembers", ()))):
        problems.append("teamMembers.userId must be a string")
    if not problems and not all(map(_is_opening, body.get("openHours", ()))):
        problems.append("openHours must be an array of daysOfTheWeek and hours")
    if problems:
        raise unprocessable(problems)


def _is_member(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("userId"), str)


def _is_opening(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("daysOfTheWeek"), list):
        return False
    return isinstance(entry.get("hours"), list) and all(
        isinstance(span, dict) and all(span.get(name) in limits for name, limits in _CLOCK.items())
        for span in entry["hours"]
    )


def delete_calendar(state: State, call: Call) -> Reply:
    """``DELETE /calendars/{calendarId}``; its appointments stay readable by id (an assumption)."""
    state.remove("calendars", calendar(state, call.parameters["calendarId"])["id"])
    return {"success": True}


def calendar(state: State, calendar_id: str) -> Record:
    """A calendar by id."""
    return state.get("calendars", "Calendar", calendar_id)


def add_calendar(state: State, body: Reply) -> Record:
    """Store a calendar with half-hour slots from nine to five on weekdays, unless told otherwise."""
    hours = [{"openHour": 9, "openMinute": 0, "closeHour": 17, "closeMinute": 0}]
    record = {
        "id": state.ids.text(),
        "locationId": state.config.location_id,
        "groupId": "",
        "description": "",
        "slug": body["name"].lower().replace(" ", "-"),
        "calendarType": "round_robin",
        "isActive": True,
        "slotDuration": 30,
        "slotDurationUnit": "mins",
        "teamMembers": [],
        "openHours": [{"daysOfTheWeek": [day], "hours": hours} for day in range(1, 6)],
    }
    return state.put("calendars", record | body)


def slot_ms(found: Record) -> int:
    """How long a slot of the calendar is."""
    return int(found["slotDuration"] * _MINUTES.get(found["slotDurationUnit"], 1) * 60_000)


# Free slots


def free_slots(state: State, call: Call) -> Reply:
    """``GET /calendars/{calendarId}/free-slots``: by date, at most 31 days; buffers are not reckoned with."""
    found = calendar(state, call.parameters["calendarId"])
    start, end = digits_ms(call.query("startDate")), digits_ms(call.query("endDate"))
    if start is None or end is None or not 0 <= end - start <= _WINDOW_MOST_MS:
        raise bad_request("startDate and endDate must be epoch milliseconds at most 31 days apart")
    name = call.query("timezone") or state.config.time_zone
    if not is_zone(name):
        raise bad_request("timezone must be the name of a time zone")
    days: dict[str, Any] = {}
    for slot in _open_slots(found, start, end, state.config.time_zone):
        if not busy(state, found["id"], slot, slot + slot_ms(found)):
            text = local_iso(slot, name)
            days.setdefault(text[:10], {"slots": []})["slots"].append(text)
    return days


def busy(state: State, calendar_id: str, start: int, end: int, *, but: str = "") -> bool:
    """Whether an appointment or a block of the calendar overlaps the span."""
    for table in ("appointments", "blocked_slots"):
        for record in state.tables[table].values():
            if record["calendarId"] != calendar_id or record["deleted"] or record["id"] == but:
                continue
            if record.get("appointmentStatus") not in ("cancelled", "invalid", "noshow") and (
                record["startMs"] < end and start < record["endMs"]
            ):
                return True
    return False


def _open_slots(found: Record, start: int, end: int, time_zone: str) -> Iterator[int]:
    step = slot_ms(found)
    day = datetime.fromtimestamp(start / 1000, zone(time_zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    while day.timestamp() * 1000 <= end:
        weekday = day.isoweekday() % 7  # Sunday is 0 in the vendor's files
        for hours in found["openHours"]:
            if weekday in hours["daysOfTheWeek"]:
                yield from _slots_of_day(day, hours["hours"], step, start, end)
        day += timedelta(days=1)


def _slots_of_day(day: datetime, hours: list[Record], step: int, start: int, end: int) -> Iterator[int]:
    for span in hours:
        opens = day.replace(hour=span["openHour"], minute=span["openMinute"])
        closes = day.replace(hour=span["closeHour"], minute=span["closeMinute"])
        slot = round(opens.timestamp() * 1000)
        while slot + step <= closes.timestamp() * 1000:
            if start <= slot <= end:
                yield slot
            slot += step


# Groups


def list_groups(state: State, _: Call) -> Reply:
    """``GET /calendars/groups``."""
    return {"groups": list(state.tables["calendar_groups"].values())}


def create_group(state: State, call: Call) -> Reply:
    """``POST /calendars/groups``."""
    _GROUP.check(call.body)
    group = {"id": state.ids.text(), "isActive": True} | call.body
    return {"group": state.put("calendar_groups", group)}


def validate_slug(state: State, call: Call) -> Reply:
    """``POST /calendars/groups/validate-slug``."""
    _SLUG.check(call.body)
    taken = {group["slug"] for group in state.tables["calendar_groups"].values()}
    return {"available": call.body["slug"] not in taken}


def update_group(state: State, call: Call) -> Reply:
    """``PUT /calendars/groups/{groupId}``."""
    _GROUP_CHANGE.check(call.body)
    group = _group(state, call)
    group |= call.body
    return {"group": group}


def set_group_status(state: State, call: Call) -> Reply:
    """``PUT /calendars/groups/{groupId}/status``."""
    _GROUP_STATUS.check(call.body)
    _group(state, call)["isActive"] = call.body["isActive"]
    return {"success": True}


def delete_group(state: State, call: Call) -> Reply:
    """``DELETE /calendars/groups/{groupId}``: its calendars stay, without a group."""
    group_id = state.remove("calendar_groups", _group(state, call)["id"])["id"]
    for found in state.tables["calendars"].values():
        if found["groupId"] == group_id:
            found["groupId"] = ""
    return {"success": True}


def _group(state: State, call: Call) -> Record:
    return state.get("calendar_groups", "Group", call.parameters["groupId"])


_GROUPS = "/calendars/groups"
_ONE_GROUP = "/calendars/groups/{groupId}"
_ONE = "/calendars/{calendarId}"
ROUTES = (
    Route("GET", "/calendars/", list_calendars, "calendars.readonly", location="query"),
    Route("POST", "/calendars/", create_calendar, "calendars.write", location="body"),
    Route("GET", _ONE, get_calendar, "calendars.readonly"),
    Route("PUT", _ONE, update_calendar, "calendars.write"),
    Route("DELETE", _ONE, delete_calendar, "calendars.write"),
    Route("GET", _ONE + "/free-slots", free_slots, "calendars.readonly"),
    Route("GET", _GROUPS, list_groups, "calendars/groups.readonly", location="query"),
    Route("POST", _GROUPS, create_group, "calendars/groups.write", 201, location="body"),
    Route("POST", _GROUPS + "/validate-slug", validate_slug, "calendars/groups.write", location="body"),
    Route("PUT", _ONE_GROUP, update_group, "calendars/groups.write"),
    Route("PUT", _ONE_GROUP + "/status", set_group_status, "calendars/groups.write"),
    Route("DELETE", _ONE_GROUP, delete_group, "calendars/groups.write"),
)
