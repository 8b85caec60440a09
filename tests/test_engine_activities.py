"""Tasks, notes and appointments between two whole accounts, followed all the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from activity_stories import (
    DUE,
    RULES,
    add,
    change,
    held,
    highlevel,
    mapping,
    pair,
    quiet,
    remove,
    rezora,
    thorough,
    world_of,
    writes,
)
from landbridge.engine.undo import UndoOrder
from landbridge.engine.work import EngineConfig
from landbridge.sandbox.history import Wanted
from landbridge.sync.model import Kind
from landbridge.sync.rich_text import plain
from landbridge.sync.rules import ActivityRule, Direction
from simulation import Simulation
from stories import synced


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = world_of()
    yield made
    made.close()


def test_everything_of_a_contact_is_there_after_one_sync(world: Simulation) -> None:
    left, right = pair(world)
    add(world, "task", left)
    add(world, "note", left)
    add(world, "appointment", left)
    thorough(world)
    (task,) = rezora(world, "task", right).values()
    assert (task["task_title"], task["task_completed"]) == ("Call back", "0")
    (note,) = rezora(world, "note", right).values()
    assert "<b>garden</b>" in note["note_body"] and "— HighLevel, " in note["note_body"]
    (tour,) = rezora(world, "appointment", right).values()
    assert (tour["appointment_title"], tour["appointment_status"]) == ("Tour of 12 Oak St", "confirmed")
    quiet(world)


def test_rezora_s_own_are_created_in_highlevel(world: Simulation) -> None:
    left, right = pair(world)
    rows = rezora(world, "task", right)
    rows["99001"] = {
        "task_id": "99001",
        "task_title": "Send the flyer",
        "task_body": "",
        "task_due": "2026-06-03 09:00:00",
        "task_completed": "0",
    }
    thorough(world)
    (task,) = highlevel(world, "task").values()
    assert (task["title"], task["contactId"], task["completed"]) == ("Send the flyer", left, False)
    quiet(world)


def test_done_on_either_side_is_done_on_both(world: Simulation) -> None:
    left, right = pair(world)
    one, two = add(world, "task", left), add(world, "task", left, title="Write")
    thorough(world)
    change(world, "task", one, completed=True)
    (row,) = [row for row in rezora(world, "task", right).values() if row["task_title"] == "Write"]
    row["task_completed"] = "1"
    thorough(world)
    assert all(row["task_completed"] == "1" for row in rezora(world, "task", right).values())
    assert highlevel(world, "task")[two]["completed"] is True
    change(world, "task", one, completed=False)
    thorough(world)
    opened = [
        row["task_title"] for row in rezora(world, "task", right).values() if row["task_completed"] == "0"
    ]
    assert opened == ["Call back"]
    quiet(world)


def test_an_edit_is_carried_and_a_conflict_waits(world: Simulation) -> None:
    left, right = pair(world)
    one = add(world, "note", left)
    thorough(world)
    change(world, "note", one, body="<p>Wants a pool</p>")
    thorough(world)
    (note,) = rezora(world, "note", right).values()
    assert "Wants a pool" in note["note_body"]
    change(world, "note", one, body="<p>Wants a big pool</p>")
    note["note_body"] = "<p>Wants a small pool</p>"
    thorough(world)
    assert held(world) == [("note", "both_changed")]
    assert "big" in highlevel(world, "note")[one]["body"] and "small" in note["note_body"]
    quiet(world)


def test_a_task_deleted_on_one_side_goes_on_the_other(world: Simulation) -> None:
    left, right = pair(world)
    one, two = add(world, "task", left), add(world, "task", left, title="Write")
    thorough(world)
    remove(world, "task", one)
    (key,) = [key for key, row in rezora(world, "task", right).items() if row["task_title"] == "Write"]
    del rezora(world, "task", right)[key]
    thorough(world)
    assert rezora(world, "task", right) == {} and highlevel(world, "task") == {}
    assert two
    quiet(world)


def test_a_note_deleted_on_one_side_stays_on_the_other_and_never_returns(world: Simulation) -> None:
    left, right = pair(world)
    one = add(world, "note", left)
    thorough(world)
    remove(world, "note", one)
    thorough(world)
    assert len(rezora(world, "note", right)) == 1 and highlevel(world, "note") == {}
    quiet(world)


def test_a_cancelled_and_a_deleted_appointment_are_carried(world: Simulation) -> None:
    left, right = pair(world)
    one, two = add(world, "appointment", left), add(world, "appointment", left, title="Signing")
    thorough(world)
    change(world, "appointment", one, appointmentStatus="noshow")
    remove(world, "appointment", two)
    thorough(world)
    (tour,) = rezora(world, "appointment", right).values()
    assert tour["appointment_status"] == "noshow"
    quiet(world)


def test_twin_notes_stay_two(world: Simulation) -> None:
    left, right = pair(world)
    for _ in range(3):
        add(world, "note", left, body="Called, no answer")
    thorough(world)
    assert len(rezora(world, "note", right)) == 3
    quiet(world)


@pytest.mark.parametrize(
    "fault", ["lost_answer", "applied_then_500", "fail_before", "cut_body", "refuse", "html"]
)
def test_a_create_without_an_answer_makes_one(world: Simulation, fault: str) -> None:
    left, right = pair(world)
    add(world, "task", left)
    add(world, "note", left)
    world.fault(kind=fault, side="rezora", method="POST", times=2)
    for _ in range(3):
        thorough(world)
    assert len(rezora(world, "task", right)) == 1
    assert len(rezora(world, "note", right)) == 1
    quiet(world)


def test_an_event_carries_the_activity_at_once(world: Simulation) -> None:
    left, right = pair(world)
    thorough(world)
    one = add(world, "note", left)
    for _ in range(30):  # some webhooks are lost
        change(world, "note", one, body="<p>Wants a pool</p>")
        world.clock.advance(30.0)
        world.events()
    world.partly("live")
    (note,) = rezora(world, "note", right).values()
    assert "pool" in note["note_body"]


def test_an_edited_task_is_found_by_a_look(world: Simulation) -> None:
    left, right = pair(world)
    one = add(world, "task", left)
    thorough(world)
    change(world, "task", one, title="Call at noon")  # fires nothing
    world.clock.advance(1_000.0)
    run = world.partly("poll")
    assert run is not None and run.state == "done"
    (task,) = rezora(world, "task", right).values()
    assert task["task_title"] == "Call at noon"


def test_without_activities_in_rezora_nothing_is_sent_there() -> None:
    world = world_of(activities=False)
    try:
        left, _ = pair(world)
        add(world, "task", left, dueDate=DUE)
        before = writes(world)
        thorough(world)
        assert writes(world) == before
    finally:
        world.close()


def test_one_way_creates_nothing_in_highlevel() -> None:
    rules = (ActivityRule(Kind.TASK, Direction.TO_REZORA), *RULES[1:])
    world = world_of(rules=rules)
    try:
        _, right = pair(world)
        rezora(world, "task", right)["9"] = {
            "task_id": "9",
            "task_title": "Own",
            "task_body": "",
            "task_due": "2026-06-03 09:00:00",
            "task_completed": "0",
        }
        quiet(world)
        assert highlevel(world, "task") == {}
    finally:
        world.close()


def test_what_moved_with_a_merge_belongs_to_the_other_contact(world: Simulation) -> None:
    left, right = pair(world)
    other = str(
        world.edit(
            "highlevel",
            action="create",
            fields={"firstName": "Grace", "lastName": "Hopper", "email": "g@example.org"},
        )["id"]
    )
    add(world, "note", other, body="Grace's own")
    thorough(world)
    thorough(world)
    world.edit("highlevel", action="merge", id=left, others=[other])
    for _ in range(3):
        thorough(world)
    (note,) = rezora(world, "note", right).values()
    assert "Grace's own" in note["note_body"]
    quiet(world)


# Undo


def undo(world: Simulation, *, created: bool = False, preview: bool = False) -> list[tuple[str, str, str]]:
    """The newest sync is undone; what became of each entry of an activity."""

    async def work() -> list[tuple[str, str, str]]:
        app = await world.open()
        assert world.bridge is not None
        run = await app.runs.newest_of(world.bridge.id, "sync")
        assert run is not None
        order = UndoOrder(run_id=run.id, created=created)
        done = await app.undo(world.bridge, order, cause="test", preview=preview)
        return [(line.side.value, line.outcome, line.reason) for line in done.lines]

    return world.run(work())


def test_an_edit_that_was_carried_is_put_back_and_stays_so(world: Simulation) -> None:
    left, right = pair(world)
    one = add(world, "task", left)
    thorough(world)
    change(world, "task", one, title="Call at noon")
    thorough(world)
    before = writes(world)
    assert undo(world, preview=True) == [("rezora", "undo", "")] and writes(world) == before
    assert undo(world) == [("rezora", "undone", "")]
    (task,) = rezora(world, "task", right).values()
    assert task["task_title"] == "Call back"
    thorough(world)
    assert task["task_title"] == "Call back" and held(world) == [("task", "undone")]
    quiet(world)


def test_what_was_created_goes_again_only_if_that_is_meant_and_nobody_touched_it(world: Simulation) -> None:
    left, right = pair(world)
    add(world, "note", left)
    thorough(world)
    assert [line[1] for line in undo(world)] == ["skipped"]
    (note,) = rezora(world, "note", right).values()
    note["note_body"] += " edited"
    world.clock.advance(60.0)
    add(world, "task", left)
    thorough(world)
    assert {line[1] for line in undo(world, created=True)} <= {"undone", "skipped"}
    assert rezora(world, "task", right) == {} and len(rezora(world, "note", right)) == 1
    quiet(world)


# How often contacts are read one by one


class Daily(Simulation):
    """As people have it: everybody's notes are read once a day."""

    def _engine_config(self) -> EngineConfig:
        return replace(super()._engine_config(), sweep_seconds=86_400.0)


@pytest.fixture
def daily() -> Iterator[Simulation]:
    made = Daily(mapping=mapping(), activities=True)
    yield made
    made.close()


def note_reads(world: Simulation) -> int:
    wanted = Wanted(side="highlevel", method="GET", path_contains="/notes")
    found = world.sandbox.history.summary(wanted)["total"]
    assert isinstance(found, int)
    return found


def test_notes_of_everybody_once_a_day_and_of_newcomers_at_once(daily: Simulation) -> None:
    left, right = pair(daily)
    first = note_reads(daily)
    add(daily, "note", left)
    new = str(
        daily.edit(
            "highlevel",
            action="create",
            fields={"firstName": "Grace", "lastName": "Hopper", "email": "g@example.org"},
        )["id"]
    )
    add(daily, "note", new, body="Welcome")
    assert synced(daily) == "done"
    (other,) = set(daily.contacts("rezora")) - {right}
    assert [row["note_body"][:7] for row in rezora(daily, "note", other).values()] == ["Welcome"]
    assert rezora(daily, "note", right) == {}, "no event came, and the day is not over"
    assert note_reads(daily) == first + 1
    daily.clock.advance(86_400.0)
    assert synced(daily) == "done"
    assert len(rezora(daily, "note", right)) == 1


def test_a_dry_run_does_not_count_as_the_reading_of_the_day(daily: Simulation) -> None:
    fields = {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.org"}
    left = str(daily.edit("highlevel", action="create", fields=fields)["id"])
    add(daily, "note", left)
    daily.clock.advance(60.0)

    async def plan() -> dict[str, int]:
        app = await daily.open()
        assert daily.bridge is not None
        return dict((await app.plan(daily.bridge)).run.counts)

    before = writes(daily)
    counts = daily.run(plan())
    assert writes(daily) == before and counts["calls"] >= 4
    assert synced(daily) == "done"
    (right,) = daily.contacts("rezora")
    assert len(rezora(daily, "note", right)) == 1


# Hostile notes

HOSTILE = (
    "<script>alert(1)</script><b onclick=steal()>Hello</b>",
    "<img src=x onerror=alert(1)>Likes the view<svg/onload=alert(2)>",
    "{{contact.email}} {{{{ raw }}}} {% if x %} ${7*7} #{1+1}",
    '=HYPERLINK("http://evil.example","Click")',
    '<a href="javascript:alert(1)">here</a> and <a href="https://example.org/?a=1&b=2">there</a>',
    "\u202egnirts desrever\u202c and \u200f\u0639\u0631\u0628\u0649\u200e mixed",
    "👩‍👩‍👧‍👦 🏡 e\u0301 \U0001f1e8\U0001f1ed",
    "<p>not <b>closed <i>at <u>all <table><tr><td>cell <!-- comment",
    "&lt;script&gt;shown as text&lt;/script&gt; &amp;amp; &nbsp;x",
    "a < b and c > d && e",
    "line one\r\nline two\n\n\nline five\t\ttab",
    "long " * 20_000,
)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_note_neither_runs_nor_loops_nor_loses_text(number: int) -> None:
    body = HOSTILE[number]
    world = world_of(max_length=0)
    try:
        left, right = pair(world)
        one = add(world, "note", left, body=body)
        thorough(world)
        (row,) = rezora(world, "note", right).values()
        sent = row["note_body"]
        lower = sent.lower()
        wrong = ("<script", "<img", "<svg", "onclick", 'href="javascript:', "{{")
        assert [word for word in wrong if word in lower] == []
        assert highlevel(world, "note")[one]["body"] == body, "what somebody wrote is as they wrote it"
        seen, kept = plain(sent).replace("{ {", "{{").split(), plain(body).split()
        assert [word for word in kept if word not in " ".join(seen)] == []
        for _ in range(3):
            quiet(world)
    finally:
        world.close()


def test_a_rezora_that_cuts_notes_never_cuts_the_one_in_highlevel() -> None:
    world = world_of(limits={"note_body": 60}, too_long="truncate")
    try:
        left, right = pair(world)
        body = "A long note about a house with a garden, a pool, two garages and a view of the lake"
        one = add(world, "note", left, body=body)
        thorough(world)
        quiet(world)
        (row,) = rezora(world, "note", right).values()
        assert len(row["note_body"]) <= 60
        row["note_body"] = row["note_body"][:30] + " (edited)"
        thorough(world)
        quiet(world)
        assert highlevel(world, "note")[one]["body"] == body
        assert held(world) != []
    finally:
        world.close()


def test_what_was_deleted_after_the_copy_was_made_does_not_come_back_with_it(world: Simulation) -> None:
    left, right = pair(world)
    thorough(world)
    world.backup()
    one = add(world, "note", left)
    add(world, "note", left, body="Another one")
    thorough(world)
    rows = rezora(world, "note", right)
    (gone,) = [key for key, row in rows.items() if "garden" in row["note_body"]]
    del rows[gone]
    world.restore()
    thorough(world)
    assert len(rezora(world, "note", right)) == 1 and held(world) == [("note", "activity_restored")]
    quiet(world)
    assert len(rezora(world, "note", right)) == 1 and one in highlevel(world, "note")


def test_an_event_that_does_not_say_whose_task_it_is_finds_it(world: Simulation) -> None:
    left, right = pair(world)
    thorough(world)
    world.highlevel.webhooks.take_ready(world.clock.now() + 9_000.0)  # whatever came so far
    add(world, "task", left)
    with closing(sqlite3.connect(world.path)) as store:
        store.execute(
            "INSERT INTO due (bridge_id, side, kind, id, number, urgency, at, since, attempts, cause)"
            " VALUES (1, 'highlevel', 'task', '*', 1, 1, 0, 0, 0, 'webhook TaskCreate')"
        )
        store.commit()
    run = world.partly("live")
    assert run is not None and run.state == "done"
    assert len(rezora(world, "task", right)) == 1
