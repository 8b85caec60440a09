"""Tasks and notes of a contact, and the location's task search (highlevel.md 2.1.2, 2.3.1, 4.2)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox_highlevel_client import Client, client

TASK = {"title": "Call back", "dueDate": "2026-10-01T10:00:00+02:00", "completed": False}


@pytest.fixture
def c() -> Client:
    return client()


def add_task(c: Client, contact_id: str, **changed: object) -> dict[str, Any]:
    reply = c.send("POST", f"/contacts/{contact_id}/tasks", {**TASK, **changed})
    assert reply.status == 201
    task: dict[str, Any] = reply.json["task"]
    return task


def search_tasks(c: Client, **body: object) -> dict[str, Any]:
    reply = c.send("POST", f"/locations/{c.location}/tasks/search", body)
    assert reply.status == 200
    return reply.json


def test_a_task_goes_through_its_life_and_edits_are_silent(c: Client) -> None:
    contact_id = c.create(firstName="Ann")["id"]
    task = add_task(c, contact_id)
    path = f"/contacts/{contact_id}/tasks/{task['id']}"
    assert task["dueDate"] == "2026-10-01T08:00:00.000Z"
    assert "dateAdded" not in task
    assert c.send("PUT", path, {"title": "Write"}).json["task"]["title"] == "Write"
    assert c.send("PUT", path + "/completed", {"completed": True}).json["task"]["completed"] is True
    assert c.send("PUT", path + "/completed", {"completed": False}).json["task"]["completed"] is False
    assert [one["id"] for one in c.send("GET", f"/contacts/{contact_id}/tasks").json["tasks"]] == [task["id"]]
    assert c.send("DELETE", path).json["succeded"] is True
    assert c.send("GET", path).status == 400
    assert c.event_types() == ["ContactCreate", "TaskCreate", "TaskComplete", "TaskDelete"]


def test_a_task_needs_title_date_and_state(c: Client) -> None:
    path = f"/contacts/{c.create(firstName='Ann')['id']}/tasks"
    missing = c.send("POST", path, {"priority": 1})
    assert missing.json["message"] == [
        "title should not be empty",
        "dueDate should not be empty",
        "completed should not be empty",
        "property priority should not exist",
    ]
    assert c.send("POST", path, {**TASK, "dueDate": "some day"}).status == 422


def test_a_task_belongs_to_its_contact(c: Client) -> None:
    ann, bo = (c.create(firstName=name)["id"] for name in ("Ann", "Bo"))
    task = add_task(c, ann)
    assert c.send("GET", f"/contacts/{bo}/tasks/{task['id']}").status == 400


def test_task_search_shows_the_other_record(c: Client) -> None:
    user = c.send("GET", f"/users/?locationId={c.location}").json["users"][0]
    ann = c.create(firstName="Ann")["id"]
    task = add_task(c, ann, assignedTo=user["id"], body="Soon")
    c.clock.advance(5)
    c.send("PUT", f"/contacts/{ann}/tasks/{task['id']}", {"body": "Later"})
    (found,) = search_tasks(c)["tasks"]
    assert found["_id"] == task["id"]
    assert "id" not in found
    assert found["dateAdded"] == found["createdAt"] == "2026-09-21T14:13:20.000Z"
    assert found["dateUpdated"] == found["updatedAt"] == "2026-09-21T14:13:25.000Z"
    assert found["contactDetails"]["firstName"] == "Ann"
    assert found["assignedToUserDetails"]["id"] == user["id"]
    assert found["searchAfter"] == [1_790_000_000_000, task["id"]]


def test_task_search_filters_pages_and_counts_when_asked(c: Client) -> None:
    ann, bo = (c.create(firstName=name)["id"] for name in ("Ann", "Bo"))
    for number in range(3):
        add_task(c, ann, title=f"Ann {number}", dueDate=f"2026-09-0{number + 1}T00:00:00Z")
        c.clock.advance(1)
    add_task(c, bo, title="Bo", completed=True, assignedTo="u1")
    assert [one["title"] for one in search_tasks(c)["tasks"]] == ["Bo", "Ann 2", "Ann 1", "Ann 0"]
    assert [one["title"] for one in search_tasks(c, limit=1, skip=1)["tasks"]] == ["Ann 2"]
    assert [one["title"] for one in search_tasks(c, contactId=[bo])["tasks"]] == ["Bo"]
    assert [one["title"] for one in search_tasks(c, assignedTo=["u1"])["tasks"]] == ["Bo"]
    assert len(search_tasks(c, completed=False)["tasks"]) == 3
    assert len(search_tasks(c, overdue=True)["tasks"]) == 3
    assert len(search_tasks(c, unAssigned=True)["tasks"]) == 3
    assert [one["title"] for one in search_tasks(c, query="ann 1")["tasks"]] == ["Ann 1"]
    due = {"gt": "2026-09-01T00:00:00Z", "lte": "2026-09-02T00:00:00Z"}
    assert [one["title"] for one in search_tasks(c, dueDate=due)["tasks"]] == ["Ann 1"]
    assert "total" not in search_tasks(c)
    assert search_tasks(c, limit=1, count=True)["total"] == 4
    page = search_tasks(c, limit=2, sortKey="dueDate", sortDirection="asc")["tasks"]
    rest = search_tasks(c, sortKey="dueDate", sortDirection="asc", searchAfter=page[-1]["searchAfter"])[
        "tasks"
    ]
    assert [one["title"] for one in page + rest] == ["Ann 0", "Ann 1", "Ann 2", "Bo"]


def test_task_search_has_a_largest_limit(c: Client) -> None:
    path = f"/locations/{c.location}/tasks/search"
    assert c.send("POST", path, {"limit": 1001}).status == 422
    assert c.send("POST", path, {"sortKey": "title"}).status == 422


def test_notes_come_newest_first_with_their_plain_text(c: Client) -> None:
    path = f"/contacts/{c.create(firstName='Ann')['id']}/notes"
    first = c.send("POST", path, {"body": "<p>Likes <b>gardens</b></p><p>Ann &amp; Bo</p>", "pinned": True})
    c.send("POST", path, {"body": "Second"})
    note = first.json["note"]
    assert first.status == 201
    assert (note["bodyText"], note["userId"], note["pinned"]) == ("Likes gardens\nAnn & Bo", None, True)
    assert [one["body"][:6] for one in c.send("GET", path).json["notes"]] == ["Second", "<p>Lik"]
    one = f"{path}/{note['id']}"
    assert c.send("PUT", one, {"title": "Garden"}).json["note"]["title"] == "Garden"
    assert c.send("GET", one).json["note"]["body"] == note["body"]
    assert c.send("DELETE", one).json["succeded"] is True
    assert c.send("GET", one).status == 400
    assert c.send("POST", path, {"title": "No body"}).status == 422
    assert c.event_types()[1:] == ["NoteCreate", "NoteCreate", "NoteUpdate", "NoteDelete"]


def test_activities_move_the_contacts_update_time_only_by_choice(c: Client) -> None:
    contact = c.create(firstName="Ann")
    c.clock.advance(5)
    c.send("POST", f"/contacts/{contact['id']}/notes", {"body": "x"})
    assert c.contact(contact["id"])["dateUpdated"] == contact["dateUpdated"]
    c.world.config.moved_by = ("note", "task")
    add_task(c, contact["id"])
    assert c.contact(contact["id"])["dateUpdated"] > contact["dateUpdated"]


def test_activities_of_a_deleted_contact_are_gone(c: Client) -> None:
    contact_id = c.create(firstName="Ann")["id"]
    add_task(c, contact_id)
    c.send("DELETE", f"/contacts/{contact_id}")
    assert search_tasks(c)["tasks"] == []
