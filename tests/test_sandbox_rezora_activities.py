"""Tasks, notes and appointments in the sandbox's Rezora: absent by default, assumed in form when on."""

from __future__ import annotations

import pytest

from landbridge.sandbox.rezora import RezoraConfig
from sandbox_rezora_client import Client

DONE = [{"status": "200"}]
KINDS = [
    ("task", {"task_title": "Call back", "task_due": "2026-02-01 10:00:00"}),
    ("note", {"note_body": "Likes gardens"}),
    ("appointment", {"appointment_title": "Viewing", "appointment_start": "2026-02-01 10:00:00"}),
]


@pytest.mark.parametrize(
    "path", ["contacts/55500/tasks", "contacts/55500/notes/1", "contacts/55500/appointments"]
)
def test_an_account_without_activities_answers_404(path: str) -> None:
    assert Client().ask("GET", path)[0] == 404


@pytest.mark.parametrize(("kind", "fields"), KINDS)
def test_an_activity_is_made_read_changed_and_deleted(kind: str, fields: dict[str, str]) -> None:
    client = Client(RezoraConfig(activities=True))
    path = f"contacts/{client.new_contact()}/{kind}s"
    status, [answer] = client.ask("POST", path, fields)
    assert (status, list(answer)) == (200, [f"{kind}_id"])
    one = f"{path}/{answer[f'{kind}_id']}"
    [row] = client.rows(one)
    assert row | fields == row
    assert client.rows(path) == [row]
    name = next(iter(fields))
    assert client.ask("PUT", one, {name: "Changed"}) == (200, DONE)
    assert client.rows(one) == [row | {name: "Changed"}]
    assert client.ask("DELETE", one) == (200, DONE)
    assert client.ask("GET", one)[0] == 404
    assert client.rows(path) == []


@pytest.mark.parametrize(("kind", "fields"), KINDS)
def test_the_activity_collection_delete_empties_that_contact_only(kind: str, fields: dict[str, str]) -> None:
    client = Client(RezoraConfig(activities=True))
    first, second = (f"contacts/{client.new_contact()}/{kind}s" for _ in range(2))
    client.ask("POST", first, fields)
    client.ask("POST", second, fields)
    assert client.ask("DELETE", first) == (200, DONE)
    assert (client.rows(first), len(client.rows(second))) == ([], 1)


def test_server_made_activity_fields_are_set() -> None:
    client = Client(RezoraConfig(activities=True))
    client.ask("POST", "contacts/55500/tasks", {"task_title": "Call"})
    client.ask("POST", "contacts/55500/notes", {"note_body": "Hi", "note_date": "1999-01-01 00:00:00"})
    assert client.rows("contacts/55500/tasks")[0]["task_completed"] == "0"
    assert client.rows("contacts/55500/notes")[0]["note_date"] == "2026-01-05 09:30:00"


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        ("task", {"task_body": "x"}, "task_title"),
        ("task", {"task_title": "x", "task_due": "tomorrow"}, "task_due"),
        ("task", {"task_title": "x", "task_completed": "yes"}, "task_completed"),
        ("note", {"note_id": "5"}, "note_body"),
        (
            "appointment",
            {"appointment_title": "x", "appointment_end": "2026-02-30 10:00:00"},
            "appointment_end",
        ),
    ],
)
def test_a_wrong_activity_is_refused_naming_the_field(kind: str, fields: dict[str, str], named: str) -> None:
    client = Client(RezoraConfig(activities=True))
    status, [error] = client.ask("POST", f"contacts/55500/{kind}s", fields)
    assert status == 400
    assert named in error["message"]
    assert client.rows(f"contacts/55500/{kind}s") == []


def test_an_emptied_due_time_is_accepted_and_a_full_put_clears_the_rest() -> None:
    client = Client(RezoraConfig(activities=True, put_partial=False))
    fields = {
        "task_title": "Call",
        "task_body": "b",
        "task_due": "2026-02-01 10:00:00",
        "task_completed": "1",
    }
    [made] = client.ask("POST", "contacts/55500/tasks", fields)[1]
    client.ask("PUT", f"contacts/55500/tasks/{made['task_id']}", {"task_title": "Call", "task_due": ""})
    [row] = client.rows("contacts/55500/tasks")
    assert (row["task_body"], row["task_due"], row["task_completed"]) == ("", "", "0")


def test_activities_belong_to_their_contact_and_go_with_it() -> None:
    client = Client(RezoraConfig(activities=True))
    contact_id, other = client.new_contact(), client.new_contact()
    [made] = client.ask("POST", f"contacts/{contact_id}/tasks", {"task_title": "Call"})[1]
    assert client.ask("GET", f"contacts/{other}/tasks/{made['task_id']}")[0] == 404
    client.ask("DELETE", f"contacts/{contact_id}")
    assert client.ask("GET", f"contacts/{contact_id}/tasks")[0] == 404
    assert client.world.dump()["activities"]["task"] == {}
