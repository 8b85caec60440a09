"""Calendars and appointments answer as highlevel.md 2.2 and 5.5 have it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox_highlevel_client import Client, client

DAY_MS = 86_400_000
TUESDAY = "2026-09-22T10:00:00Z"
WINDOW = "startTime=1790000000000&endTime=1790600000000"


@pytest.fixture
def c() -> Client:
    made = client(time_zone="Europe/Zurich")
    made.version = "2021-04-15"
    return made


def calendars(c: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = c.send("GET", f"/calendars/?locationId={c.location}").json["calendars"]
    return found


def book(c: Client, contact_id: str, **changed: object) -> dict[str, Any]:
    ids = {"calendarId": calendars(c)[0]["id"], "locationId": c.location, "contactId": contact_id}
    reply = c.send("POST", "/calendars/events/appointments", {**ids, "startTime": TUESDAY, **changed})
    assert reply.status == 200, reply.json
    return reply.json


def test_times_are_answered_in_the_zone_of_the_location(c: Client) -> None:
    made = book(c, c.create(firstName="Ann")["id"])
    assert made["startTime"] == "2026-09-22T12:00:00+02:00"
    assert made["endTime"] == "2026-09-22T13:00:00+02:00"
    assert made["dateAdded"] == "2026-09-21T14:13:20.000Z"
    assert made["appointmentStatus"] == made["appoinmentStatus"] == "confirmed"
    assert made["createdBy"]["source"] == "third_party"


def test_an_appointment_is_changed_partly_and_never_to_another_contact(c: Client) -> None:
    contact_id = c.create(firstName="Ann")["id"]
    made = book(c, contact_id, title="Tour")
    path = f"/calendars/events/appointments/{made['id']}"
    c.clock.advance(5)
    moved = c.send("PUT", path, {"startTime": "2026-09-22T15:00:00+02:00"}).json
    assert (moved["title"], moved["endTime"]) == ("Tour", "2026-09-22T16:00:00+02:00")
    assert moved["dateUpdated"] > made["dateUpdated"]
    assert c.send("PUT", path, {"contactId": contact_id}).status == 422
    assert c.send("PUT", path, {"appointmentStatus": "cancelled"}).json["appointmentStatus"] == "cancelled"
    assert c.send("PUT", path, {"appointmentStatus": "completed"}).status == 422
    assert c.send("PUT", path, {"appointmentStatus": "completed"}, version="v3").status == 200
    assert c.event_types()[1:] == ["AppointmentCreate"] + ["AppointmentUpdate"] * 3


def test_a_deleted_appointment_stays_readable_by_id_and_leaves_the_window(c: Client) -> None:
    contact_id = c.create(firstName="Ann")["id"]
    made = book(c, contact_id)
    query = f"/calendars/events?locationId={c.location}&calendarId={made['calendarId']}&{WINDOW}"
    assert [one["id"] for one in c.send("GET", query).json["events"]] == [made["id"]]
    gone = c.send("DELETE", f"/calendars/events/{made['id']}", {})
    assert (gone.status, gone.json["succeeded"]) == (201, True)
    read = c.send("GET", f"/calendars/events/appointments/{made['id']}").json["appointment"]
    assert read["deleted"] is True
    assert c.send("GET", query).json["events"] == []
    c.world.config.deleted_events_listed = True
    assert len(c.send("GET", query).json["events"]) == 1


def test_a_window_needs_its_bounds_and_one_of_calendar_user_or_group(c: Client) -> None:
    made = book(c, c.create(firstName="Ann")["id"])
    base = f"/calendars/events?locationId={c.location}"
    assert c.send("GET", f"{base}&{WINDOW}").status == 400
    assert c.send("GET", f"{base}&userId=u&startTime=2026-09-22&endTime=2026-09-23").status == 400
    for name, value in (("userId", made["assignedUserId"]), ("groupId", made["groupId"])):
        assert len(c.send("GET", f"{base}&{WINDOW}&{name}={value}").json["events"]) == 1
    assert c.send("GET", f"{base}&calendarId={made['calendarId']}&startTime=0&endTime=1").json["events"] == []


def test_a_contact_shows_its_appointments_without_any_zone(c: Client) -> None:
    contact_id = c.create(firstName="Ann")["id"]
    book(c, contact_id)
    (event,) = c.send("GET", f"/contacts/{contact_id}/appointments").json["events"]
    assert event["startTime"] == "2026-09-22 12:00:00"


def test_a_taken_slot_is_refused_unless_told_to_ignore_it(c: Client) -> None:
    contact_id = c.create(firstName="Ann")["id"]
    made = book(c, contact_id)
    body = {"calendarId": made["calendarId"], "locationId": c.location, "contactId": contact_id}
    taken = c.send("POST", "/calendars/events/appointments", body | {"startTime": TUESDAY})
    assert taken.status == 400
    assert book(c, contact_id, ignoreFreeSlotValidation=True)["id"] != made["id"]
    rule = body | {"startTime": "2026-09-23T10:00:00Z", "rrule": "RRULE:FREQ=DAILY;COUNT=2"}
    assert c.send("POST", "/calendars/events/appointments", rule).status == 400
    assert book(c, contact_id, ignoreFreeSlotValidation=True, rrule=rule["rrule"])["isRecurring"] is True


def test_free_slots_leave_out_what_is_booked_and_blocked(c: Client) -> None:
    calendar_id = calendars(c)[0]["id"]
    day = 1_790_028_000_000  # 2026-09-22 00:00 in Zurich
    query = f"/calendars/{calendar_id}/free-slots?startDate={day}&endDate={day + DAY_MS - 1}"
    free = c.send("GET", query).json["2026-09-22"]["slots"]
    assert (free[0], len(free)) == ("2026-09-22T09:00:00+02:00", 8)
    book(c, c.create(firstName="Ann")["id"])
    block = {"calendarId": calendar_id, "locationId": c.location, "startTime": "2026-09-22T09:00:00+02:00"}
    made = c.send("POST", "/calendars/events/block-slots", block)
    assert made.status == 201
    left = c.send("GET", query).json["2026-09-22"]["slots"]
    assert set(free) - set(left) == {"2026-09-22T09:00:00+02:00", "2026-09-22T12:00:00+02:00"}
    listed = f"/calendars/blocked-slots?locationId={c.location}&calendarId={calendar_id}&{WINDOW}"
    assert [one["id"] for one in c.send("GET", listed).json["events"]] == [made.json["id"]]
    assert c.send("DELETE", f"/calendars/events/{made.json['id']}").status == 201
    assert c.send("GET", listed).json["events"] == []
    assert c.send("GET", query.replace(str(day + DAY_MS - 1), str(day + 32 * DAY_MS))).status == 400


def test_a_block_is_for_a_calendar_or_a_user_not_both(c: Client) -> None:
    body = {"locationId": c.location, "startTime": TUESDAY, "title": "Out"}
    path = "/calendars/events/block-slots"
    both = body | {"calendarId": calendars(c)[0]["id"], "assignedUserId": "u1"}
    assert c.send("POST", path, body).status == 400
    assert c.send("POST", path, both).status == 400
    made = c.send("POST", path, body | {"assignedUserId": "u1"}).json
    assert (
        c.send("PUT", f"{path}/{made['id']}", body | {"assignedUserId": "u2"}).json["assignedUserId"] == "u2"
    )


def test_notes_of_an_appointment_are_paged(c: Client) -> None:
    base = f"/calendars/appointments/{book(c, c.create(firstName='Ann')['id'])['id']}/notes"
    ids = [c.send("POST", base, {"body": f"Note {n}"}).json["note"]["id"] for n in range(3)]
    page = c.send("GET", base + "?limit=2&offset=0").json
    assert ([one["id"] for one in page["notes"]], page["hasMore"]) == ([ids[2], ids[1]], True)
    assert c.send("GET", base + "?limit=2&offset=2").json["hasMore"] is False
    assert c.send("GET", base + "?limit=21&offset=0").status == 422
    assert c.send("PUT", f"{base}/{ids[0]}", {"body": "Other"}).json["note"]["body"] == "Other"
    assert c.send("POST", base, {"body": "x" * 5001}).status == 422
    assert c.send("DELETE", f"{base}/{ids[0]}").json["success"] is True


def test_calendars_and_groups_have_their_life(c: Client) -> None:
    group = {"locationId": c.location, "name": "Tours", "description": "", "slug": "tours"}
    assert c.send("POST", "/calendars/groups", group).status == 422
    made = c.send("POST", "/calendars/groups", group | {"description": "All tours"}).json["group"]
    slug = {"locationId": c.location, "slug": "tours"}
    assert c.send("POST", "/calendars/groups/validate-slug", slug).json["available"] is False
    body = {"locationId": c.location, "name": "Open house", "groupId": made["id"], "isActive": False}
    calendar = c.send("POST", "/calendars/", body).json["calendar"]
    listed = f"/calendars/?locationId={c.location}&groupId={made['id']}"
    assert len(c.send("GET", listed).json["calendars"]) == 1
    assert c.send("GET", listed + "&showDrafted=false").json["calendars"] == []
    path = f"/calendars/{calendar['id']}"
    assert c.send("PUT", path, {"name": "Open day"}).json["calendar"]["name"] == "Open day"
    status = f"/calendars/groups/{made['id']}/status"
    assert c.send("PUT", status, {"isActive": False}).json["success"] is True
    assert c.send("DELETE", f"/calendars/groups/{made['id']}").json["success"] is True
    assert c.send("GET", path).json["calendar"]["groupId"] == ""
    assert c.send("DELETE", path).json["success"] is True
    assert c.send("GET", path).status == 400
