"""Seeded notes, tasks and appointments, and the edits of them by people on both sides."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from landbridge.sandbox.agenda import TWIN, agenda, clock_changes, monday
from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.people import people
from landbridge.sandbox.rezora import RezoraConfig
from landbridge.sandbox.server import Sandbox, SandboxConfig
from sandbox_rezora_client import Client

NOON = datetime(2026, 2, 11, 12, tzinfo=UTC).timestamp()
ZONE = "America/Chicago"


def world(count: int = 10, seed: int = 7, **highlevel: Any) -> Sandbox:
    """A sandbox in the middle of one week, with ``count`` contacts that have activities."""
    config = SandboxConfig(
        seed=seed,
        people=40,
        highlevel=HighLevelConfig(**highlevel),
        rezora=RezoraConfig(activities=True),
        activities=count,
    )
    sandbox = Sandbox(config)
    sandbox.clock.freeze(NOON)
    sandbox.worlds.seed(people(seed, 40))
    sandbox.worlds.seed_activities(count, seed)
    return sandbox


def tables(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    return sandbox.highlevel.dump()["tables"]  # type: ignore[no-any-return]  # a world's dump is untyped


def local(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(ZONE))


def test_a_seed_gives_the_same_activities_and_another_one_others() -> None:
    assert world().highlevel.dump() == world().highlevel.dump()
    assert world().rezora.dump() == world().rezora.dump()
    titles = [[row["title"] for row in tables(world(seed=seed))["tasks"]] for seed in (7, 8)]
    assert titles[0] != titles[1]


def test_only_so_many_contacts_have_activities_and_people_stay_as_they_are() -> None:
    sandbox = world(4)
    contacts = [row["id"] for row in sandbox.highlevel.dump()["contacts"]]
    for name in ("notes", "tasks", "appointments"):
        assert {row["contactId"] for row in tables(sandbox)[name]} == set(contacts[:4])
    plain = world(0)
    assert [row["id"] for row in plain.highlevel.dump()["contacts"]] == contacts
    assert all(not tables(plain)[name] for name in ("notes", "tasks", "appointments"))
    assert sandbox.highlevel.dump()["events"] == []


def test_among_ten_contacts_is_everything_that_a_sync_must_bear() -> None:
    found = tables(world())
    bodies = [row["body"] for row in found["notes"]]
    assert any(body.startswith("<p>") for body in bodies)
    twins = [row for row in found["notes"] if row["body"] == TWIN]
    owners = [row["contactId"] for row in twins]
    assert len(owners) == 2 * len(set(owners)) > 2
    assert len({row["id"] for row in twins}) == len(twins)
    assert {row["completed"] for row in found["tasks"]} == {True, False}
    statuses = {row["appointmentStatus"] for row in found["appointments"]}
    assert statuses == {"confirmed", "cancelled", "noshow", "showed", "new"}


def test_a_series_is_a_rule_and_instances_that_name_it() -> None:
    found = {row["id"]: row for row in tables(world())["appointments"]}
    instances = [row for row in found.values() if row.get("masterEventId")]
    assert len(instances) == 6
    for row in instances:
        first = found[row["masterEventId"]]
        assert first["rrule"] == "FREQ=WEEKLY;COUNT=4"
        length = (row["endMs"] - row["startMs"]) // 1000
        assert row["id"] == f"{first['id']}_{row['startMs']}_{length}"
        assert local(row["startMs"]).time() == local(first["startMs"]).time()
        assert (row["rrule"], row["isRecurring"]) == (None, True)


def test_whole_days_run_from_midnight_to_midnight_and_both_clock_changes_have_appointments() -> None:
    found = tables(world())["appointments"]
    whole = [row for row in found if row["title"] == "Open house weekend"]
    assert len(whole) == 2
    for row in whole:
        start, end = local(row["startMs"]), local(row["endMs"])
        assert (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0)
        assert end.date() > start.date()
    days = {local(row["startMs"]).date() for row in found if row["title"] == "Walk-through"}
    changes = (date(2026, 3, 8), date(2026, 11, 1))
    assert {day for day in days if day in changes} == set(changes)
    assert all(local(row["startMs"]).hour == 9 for row in found if row["title"] == "Walk-through")


def test_clock_changes_are_those_of_the_zone() -> None:
    assert clock_changes(date(2026, 2, 9), ZONE) == (date(2026, 3, 8), date(2026, 11, 1))
    assert clock_changes(date(2026, 2, 9), "Europe/Zurich") == (date(2026, 3, 29), date(2026, 10, 25))
    assert clock_changes(date(2026, 2, 9), "Asia/Kolkata") == ()
    assert monday(NOON, ZONE) == date(2026, 2, 9)
    assert agenda(7, 4, date(2026, 2, 9), ()).bookings


def test_rezora_has_its_own_where_it_has_any() -> None:
    account = world().rezora.dump()
    kept = account["activities"]
    assert {kind: sum(map(len, rows.values())) for kind, rows in kept.items()}["note"] > 0
    own = next(one["fields"]["contact_id"] for one in account["contacts"] if one["kind"] == "self")
    assert all(own not in rows for rows in kept.values())
    sandbox = Sandbox(SandboxConfig(people=40, activities=10))
    sandbox.open()
    assert all(not rows for rows in sandbox.rezora.dump()["activities"].values())
    assert tables(sandbox)["notes"]


def test_a_reset_may_ask_for_other_activities() -> None:
    sandbox = Sandbox(SandboxConfig(people=5))
    sandbox.open()
    assert tables(sandbox)["tasks"] == []
    sandbox.reset(activities=3)
    assert {row["contactId"] for row in tables(sandbox)["tasks"]} == {
        row["id"] for row in sandbox.highlevel.dump()["contacts"][:3]
    }
    sandbox.reset()
    assert tables(sandbox)["tasks"] == []


# edits by people


@pytest.mark.parametrize(
    ("kind", "fields", "change"),
    [
        ("task", {"task_title": "Call", "task_due": "2026-02-01 10:00:00"}, {"task_completed": "1"}),
        ("note", {"note_body": "Hi"}, {"note_body": "Hello"}),
        ("appointment", {"appointment_title": "Visit"}, {"appointment_status": "cancelled"}),
    ],
)
def test_an_agent_enters_changes_and_deletes(
    kind: str, fields: dict[str, str], change: dict[str, str]
) -> None:
    client = Client(RezoraConfig(activities=True))
    owner = client.new_contact()
    made = client.world.edit({"kind": kind, "action": "create", "contact": owner, "fields": fields})
    path = f"contacts/{owner}/{kind}s"
    assert client.rows(path) == [made["fields"]]
    assert made["contact"] == owner
    changed = client.world.edit({"kind": kind, "action": "update", "id": made["id"], "fields": change})
    assert client.rows(path) == [changed["fields"]]
    assert changed["fields"] == {**made["fields"], **change}  # type: ignore[dict-item]  # an edit is untyped
    client.world.edit({"kind": kind, "action": "delete", "id": made["id"]})
    assert client.rows(path) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"action": "create", "fields": {"task_title": "x"}}, "give it as 'contact'"),
        ({"action": "create", "contact": "1", "fields": {}}, "no contact with this id"),
        ({"action": "update", "id": "7", "fields": {}}, "no task with this id"),
        ({"action": "complete", "id": "81001"}, "use one of create, update, delete"),
        ({"action": "update", "id": "81001", "fields": {"task_id": "5"}}, "cannot be edited"),
        ({"action": "update", "id": "81001", "fields": {"title": "x"}}, "use Rezora's names"),
        ({"action": "update", "id": "81001", "fields": {"task_due": "soon"}}, "YYYY-MM-DD HH:MM:SS"),
        ({"action": "update", "id": "81001", "fields": {"task_completed": "2"}}, "neither 0 nor 1"),
        ({"action": "update", "id": "81001", "fields": ["x"]}, "not an object"),
    ],
)
def test_an_edit_that_makes_no_sense_says_why(command: dict[str, object], words: str) -> None:
    client = Client(RezoraConfig(activities=True))
    made = client.world.edit(
        {"kind": "task", "action": "create", "contact": client.new_contact(), "fields": {"task_title": "x"}}
    )
    assert made["id"] == "81001"
    before = client.world.dump()
    with pytest.raises(ValueError, match=words):
        client.world.edit({"kind": "task", **command})
    assert client.world.dump() == before


def test_an_account_without_activities_has_no_edits_of_them() -> None:
    client = Client()
    with pytest.raises(ValueError, match="switch `activities` on"):
        client.world.edit({"kind": "note", "action": "create", "contact": client.new_contact()})
