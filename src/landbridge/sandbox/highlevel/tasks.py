"""Tasks of a contact, and the location's task search with its other record (highlevel.md 2.1.2, 2.3.1)."""

from __future__ import annotations

from typing import Any

from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.refusals import unprocessable
from landbridge.sandbox.highlevel.shapes import full_name
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import epoch_ms, iso

Reply = dict[str, Any]

_FIELDS = {"title": "text", "body": "text?", "dueDate": "text", "completed": "flag", "assignedTo": "text?"}
CREATE = Shape(_FIELDS, ("title", "dueDate", "completed"))
UPDATE = Shape(_FIELDS)
_COMPLETED = Shape({"completed": "flag"}, ("completed",))
_SEARCH = Shape(
    {
        "contactId": "texts",
        "assignedTo": "texts",
        "completed": "flag",
        "query": "text",
        "businessId": "text",
        "limit": "number",
        "skip": "number",
        # Sent by a production exporter beyond the files (highlevel.md 2.3.1).
        "count": "flag",
        "overdue": "flag",
        "unAssigned": "flag",
        "dueDate": "object",
        "sortKey": "text",
        "sortDirection": "text",
        "searchAfter": "list",
    }
)
_SORT_KEYS = {"dateAdded": "addedMs", "dateUpdated": "updatedMs", "dueDate": "dueMs"}


def shown(task: Record) -> Record:
    """A task on the contact's routes: no times but ``dueDate``."""
    names = ("id", "title", "body", "assignedTo", "dueDate", "completed", "contactId")
    return {name: task[name] for name in names if task[name] is not None}


def list_tasks(state: State, call: Call) -> Reply:
    """``GET /contacts/{contactId}/tasks``: open and done, unpaged."""
    contact = state.contact(call.parameters["contactId"])
    return {"tasks": [shown(task) for task in state.of_contact("tasks", contact["id"])]}


def get_task(state: State, call: Call) -> Reply:
    """``GET /contacts/{contactId}/tasks/{taskId}``."""
    return {"task": shown(_task(state, call))}


def create_task(state: State, call: Call) -> Reply:
    """``POST /contacts/{contactId}/tasks``; there are no undated tasks."""
    CREATE.check(call.body)
    contact = state.contact(call.parameters["contactId"])
    return {"task": shown(add(state, contact["id"], call.body))}


def update_task(state: State, call: Call) -> Reply:
    """``PUT /contacts/{contactId}/tasks/{taskId}``: partial; fires nothing but a completion."""
    UPDATE.check(call.body)
    return {"task": shown(change(state, _task(state, call), call.body))}


def complete_task(state: State, call: Call) -> Reply:
    """``PUT .../completed``: also reopens with false."""
    _COMPLETED.check(call.body)
    return {"task": shown(change(state, _task(state, call), call.body))}


def delete_task(state: State, call: Call) -> Reply:
    """``DELETE /contacts/{contactId}/tasks/{taskId}``."""
    remove(state, _task(state, call))
    return {"succeded": True, "succeeded": True}


def add(state: State, contact_id: str, body: Reply) -> Record:
    """Store a new task and fire TaskCreate."""
    task = record_of(state, contact_id, body, _due(state, body["dueDate"]), state.now_ms())
    state.put("tasks", task)
    state.emit("TaskCreate", task["id"], contact_id)
    state.touched("task", contact_id)
    return task


def record_of(state: State, contact_id: str, body: Reply, due: int, added: int) -> Record:
    """A task as it is kept; times in epoch milliseconds."""
    return {
        "id": state.ids.text(),
        "contactId": contact_id,
        "title": body["title"],
        "body": body.get("body"),
        "assignedTo": body.get("assignedTo"),
        "completed": body.get("completed", False),
        "dueMs": due,
        "dueDate": iso(due),
        "addedMs": added,
        "updatedMs": added,
    }


def change(state: State, task: Record, body: Reply) -> Record:
    """Change a task. An edit is silent, only a completion fires (highlevel.md 4.2)."""
    was_done = task["completed"]
    if "dueDate" in body:
        task["dueMs"] = due = _due(state, body["dueDate"])
        task["dueDate"] = iso(due)
    task |= {name: body[name] for name in ("title", "body", "completed", "assignedTo") if name in body}
    task["updatedMs"] = state.now_ms()
    if task["completed"] and not was_done:
        state.emit("TaskComplete", task["id"], task["contactId"])
    state.touched("task", task["contactId"])
    return task


def remove(state: State, task: Record) -> None:
    """Delete a task and fire TaskDelete."""
    state.remove("tasks", task["id"])
    state.emit("TaskDelete", task["id"], task["contactId"])
    state.touched("task", task["contactId"])


def _task(state: State, call: Call) -> Record:
    contact = state.contact(call.parameters["contactId"])
    task = state.get("tasks", "Task", call.parameters["taskId"])
    return task if task["contactId"] == contact["id"] else state.refuse_unknown("Task", task["id"])


def _due(state: State, value: str) -> int:
    moment = epoch_ms(value, state.config.time_zone)
    if moment is None:
        raise unprocessable(["dueDate must be a valid ISO 8601 date string"])
    return moment


def search_tasks(state: State, call: Call) -> Reply:
    """``POST /locations/{locationId}/tasks/search``; a total only when ``count`` is asked.

    Largest ``limit``, default order (newest added first) and ``searchAfter`` in the body are assumptions.
    """
    body = call.body
    _SEARCH.check(body)
    limit, skip = body.get("limit", 25), body.get("skip", 0)
    most = state.config.task_search_max
    if not 0 <= limit <= most or skip < 0:
        raise unprocessable([f"limit must not be greater than {most}, limit and skip must not be negative"])
    key = _SORT_KEYS.get(body.get("sortKey", "dateAdded"))
    direction = body.get("sortDirection", "desc").lower()
    if key is None or direction not in ("asc", "desc"):
        raise unprocessable([f"sortKey must be one of {', '.join(_SORT_KEYS)}, sortDirection asc or desc"])
    found = [
        (task[key], task["id"]) for task in state.tables["tasks"].values() if _matches(state, task, body)
    ]
    found.sort(reverse=direction == "desc")
    left = _behind(found, body.get("searchAfter"), descending=direction == "desc")
    tasks = [state.tables["tasks"][task_id] for _, task_id in left[int(skip) : int(skip + limit)]]
    reply: Reply = {"tasks": [_found(state, task, task[key]) for task in tasks]}
    return reply | {"total": len(found)} if body.get("count") else reply


def _behind(
    found: list[tuple[int, str]], after: list[Any] | None, *, descending: bool
) -> list[tuple[int, str]]:
    if not after:
        return found
    if len(after) != 2 or not isinstance(after[0], int) or not isinstance(after[1], str):
        raise unprocessable(["searchAfter must be the array of a record"])
    mark = (after[0], after[1])
    return [entry for entry in found if (entry < mark if descending else entry > mark)]


def _matches(state: State, task: Record, body: Reply) -> bool:
    now = state.now_ms()
    due = body.get("dueDate", {})
    tests = (
        "contactId" not in body or not body["contactId"] or task["contactId"] in body["contactId"],
        "assignedTo" not in body or not body["assignedTo"] or task["assignedTo"] in body["assignedTo"],
        "completed" not in body or task["completed"] == body["completed"],
        not body.get("query") or body["query"].lower() in f"{task['title']} {task['body'] or ''}".lower(),
        not body.get("unAssigned") or not task["assignedTo"],
        not body.get("overdue") or (not task["completed"] and task["dueMs"] < now),
        not body.get("businessId") or state.contacts[task["contactId"]]["businessId"] == body["businessId"],
        "gt" not in due or task["dueMs"] > _due(state, due["gt"]),
        "lte" not in due or task["dueMs"] <= _due(state, due["lte"]),
    )
    return all(tests)


def _found(state: State, task: Record, sorted_by: int) -> Record:
    """The record of task search: ``_id``, both spellings of the times, details of contact and user."""
    contact = state.contacts[task["contactId"]]
    user = state.tables["users"].get(task["assignedTo"] or "")
    added, updated = iso(task["addedMs"]), iso(task["updatedMs"])
    done = task["completed"]
    return {
        "_id": task["id"],
        "locationId": state.config.location_id,
        "title": task["title"],
        "body": task["body"],
        "dueDate": task["dueDate"],
        "completed": done,
        "status": "completed" if done else "incomplete",
        "statusGroup": "completed" if done else "incomplete",
        "contactId": task["contactId"],
        "contactDetails": {"firstName": contact["firstName"], "lastName": contact["lastName"]}
        | {"id": contact["id"], "name": full_name(contact)},
        "assignedTo": task["assignedTo"],
        "assignedToUserDetails": {
            "id": user["id"],
            "firstName": user["firstName"],
            "lastName": user["lastName"],
        }
        if user
        else None,
        "businessId": contact["businessId"],
        "deleted": False,
        "dateAdded": added,
        "createdAt": added,
        "dateUpdated": updated,
        "updatedAt": updated,
        "searchAfter": [sorted_by, task["id"]],
    }


_ALL = "/contacts/{contactId}/tasks"
_ONE = "/contacts/{contactId}/tasks/{taskId}"
ROUTES = (
    Route("GET", _ALL, list_tasks, "contacts.readonly"),
    Route("POST", _ALL, create_task, "contacts.write", 201),
    Route("GET", _ONE, get_task, "contacts.readonly"),
    Route("PUT", _ONE, update_task, "contacts.write"),
    Route("PUT", _ONE + "/completed", complete_task, "contacts.write"),
    Route("DELETE", _ONE, delete_task, "contacts.write"),
    Route(
        "POST",
        "/locations/{locationId}/tasks/search",
        search_tasks,
        "locations/tasks.readonly",
        location="path",
    ),
)
