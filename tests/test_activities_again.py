"""Ways in which activities were once lost, doubled or stuck: each story failed before it was mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from activity_stories import (
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
from landbridge.engine.steps import STEPS
from landbridge.engine.work import EngineConfig, Stage, Work
from landbridge.store.runs import Run
from landbridge.sync.mapping import write_policy
from landbridge.sync.rules import ListRule, Policy, When
from landbridge.sync.scope import Scope
from simulation import Simulation
from stories import ada, holds, linked, synced


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = world_of()
    yield made
    made.close()


def once(world: Simulation, *, accept: bool = True) -> Run:
    """A sync of everybody's activities, however it ends."""
    world.clock.advance(90_000.0)
    run = world.sync(accept=accept)
    assert run is not None
    return run


# A run that is stopped in the midst of a contact


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401, "side": "rezora", "method": "PUT", "path_regex": "/tasks/"},
        {"status": 403, "side": "highlevel", "method": "GET", "path_regex": "/tasks/[^/]+$"},
    ],
)
def test_edits_that_a_stopped_run_did_not_write_are_written_later(
    world: Simulation, fault: dict[str, Any]
) -> None:
    left, right = pair(world)
    ids = [add(world, "task", left, title=f"Call {number}") for number in range(3)]
    thorough(world)
    for number, one in enumerate(ids):
        change(world, "task", one, title=f"Write {number}")
    world.fault(kind="status", times=20, **fault)
    once(world)
    world.sandbox.faults.clear()
    thorough(world)
    titles = sorted(row["task_title"] for row in rezora(world, "task", right).values())
    assert titles == ["Write 0", "Write 1", "Write 2"]
    quiet(world)


def test_deletes_that_a_stopped_run_did_not_send_are_sent_later(world: Simulation) -> None:
    left, right = pair(world)
    ids = [add(world, "task", left, title=f"Call {number}") for number in range(3)]
    thorough(world)
    for one in ids:
        remove(world, "task", one)
    world.fault(kind="status", status=401, side="rezora", method="DELETE", times=20)
    once(world)
    world.sandbox.faults.clear()
    thorough(world)
    assert rezora(world, "task", right) == {}
    quiet(world)


def test_creates_that_a_stopped_run_did_not_send_are_no_second_copies(world: Simulation) -> None:
    left, right = pair(world)
    thorough(world)
    for body in ("The first one is sent", "Called, no answer", "Called, no answer"):
        add(world, "note", left, body=body)
        world.clock.advance(60.0)
    world.fault(kind="status", status=401, side="rezora", method="POST", path_regex="/notes", times=20)
    once(world)
    world.sandbox.faults.clear()
    thorough(world)
    assert len(rezora(world, "note", right)) == 3
    rows = rezora(world, "note", right)
    rows["9"] = {"note_id": "9", "note_body": "Called, no answer", "note_date": "2026-05-30 10:00:00"}
    thorough(world)
    assert len(highlevel(world, "note")) == 4, "a fourth of its own, which no create of ours can have made"
    quiet(world)


# The brake


@pytest.mark.parametrize("side", ["highlevel", "rezora"])
def test_a_mass_of_deletes_that_events_told_of_is_stopped(world: Simulation, side: str) -> None:
    left, right = pair(world)
    ids = [add(world, "task", left, title=f"Call {number}") for number in range(30)]
    thorough(world)
    if side == "highlevel":
        for one in ids:
            remove(world, "task", one)
    else:
        rezora(world, "task", right).clear()
    states = []
    for number in range(6):
        add(world, "task", left, title=f"An event {number}")
        world.clock.advance(30.0)
        world.events()
        run = world.partly("live")
        states.append(run.state if run else "")
    there = rezora(world, "task", right) if side == "highlevel" else highlevel(world, "task")
    assert "braked" in states and len(there) >= 30
    once(world)  # which a person has allowed
    thorough(world)
    assert len(rezora(world, "task", right)) == len(highlevel(world, "task")) == 6
    quiet(world)


def test_a_mass_of_deletes_behind_the_brake_of_a_sync_is_stopped(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, right = pair(world)
    ids = [add(world, "task", left, title=f"Call {number}") for number in range(30)]
    thorough(world)
    weigh = STEPS["weigh_activities"]

    async def weigh_and_then(work: Work, stage: Stage) -> Stage:
        following = await weigh(work, stage)
        for one in ids:
            remove(world, "task", one)
        add(world, "task", left, title="An event that is not lost")
        world.clock.advance(30.0)
        await world.deliver()
        return following

    monkeypatch.setitem(STEPS, "weigh_activities", weigh_and_then)
    run = once(world, accept=False)
    assert run.state == "braked" and len(rezora(world, "task", right)) == 30


# An older copy of the database


def answer(world: Simulation, cause: str, use: str) -> None:
    """A person answers every hold of a cause."""

    async def work() -> None:
        app = await world.open()
        assert world.bridge is not None
        for asked in await app.holds(world.bridge):
            if asked.hold.cause == cause:
                await app.resolve(world.bridge, asked.hold.id, use, by="somebody")

    world.run(work())


def test_what_was_deleted_since_the_copy_does_not_come_back(world: Simulation) -> None:
    left, _ = pair(world)
    thorough(world)
    world.backup()
    gone, kept, task = (
        add(world, "note", left),
        add(world, "note", left, body="Stays"),
        add(world, "task", left),
    )
    thorough(world)
    remove(world, "note", gone)
    remove(world, "task", task)
    thorough(world)
    assert world.restore()
    thorough(world)
    thorough(world)
    assert set(highlevel(world, "note")) == {kept} and highlevel(world, "task") == {}
    assert held(world) == [("note", "activity_restored")]
    quiet(world)
    answer(world, "activity_restored", "ignore")
    thorough(world)
    quiet(world)
    assert set(highlevel(world, "note")) == {kept} and held(world) == []


def test_what_is_new_since_the_copy_is_created_once_a_person_says_so(world: Simulation) -> None:
    left, right = pair(world)
    thorough(world)
    world.backup()
    add(world, "note", left, body="Carried already")
    thorough(world)
    assert world.restore()
    add(world, "note", left, body="New")
    thorough(world)
    assert len(rezora(world, "note", right)) == 1
    answer(world, "activity_restored", "create")
    thorough(world)
    assert len(rezora(world, "note", right)) == 2 and held(world) == []
    add(world, "note", left, body="Newer")
    thorough(world)
    assert len(rezora(world, "note", right)) == 3
    quiet(world)


def test_a_sync_in_doubt_that_failed_leaves_the_next_one_in_doubt(world: Simulation) -> None:
    left, right = pair(world)
    thorough(world)
    world.backup()
    fields = {"firstName": "Grace", "lastName": "Hopper", "email": "g@example.org"}
    world.edit("highlevel", action="create", fields=fields)
    note = add(world, "note", left)
    thorough(world)
    (other,) = set(world.contacts("rezora")) - {right}
    world.edit("rezora", action="delete", id=other)
    remove(world, "note", note)
    thorough(world)
    assert world.restore()
    world.fault(kind="status", status=401, side="rezora", times=30)
    assert once(world).state == "failed"
    world.sandbox.faults.clear()
    thorough(world)
    thorough(world)
    assert set(world.contacts("rezora")) == {right} and highlevel(world, "note") == {}


# Answers


def test_what_a_person_leaves_where_it_is_is_not_asked_about_again(world: Simulation) -> None:
    _, right = pair(world)
    rezora(world, "task", right)["9"] = {
        "task_id": "9",
        "task_title": "Own",
        "task_body": "",
        "task_due": "",
        "task_completed": "0",
    }
    thorough(world)
    assert held(world) == [("task", "task_without_due")]
    answer(world, "task_without_due", "ignore")
    for _ in range(3):
        thorough(world)
        assert held(world) == [] and highlevel(world, "task") == {}


# Contacts that leave the scope and come back


@pytest.fixture
def scoped() -> Iterator[Simulation]:
    base = mapping()
    made = Simulation(mapping=replace(base, scope=Scope(tags=("client",))), activities=True)
    yield made
    made.close()


def tag(world: Simulation, contact: str, *tags: str) -> None:
    world.edit("highlevel", action="update", id=contact, fields={"tags": list(tags)})
    thorough(world)
    thorough(world)


def test_activities_of_a_contact_that_left_the_scope_go_on_where_they_stopped(scoped: Simulation) -> None:
    left, right = linked(scoped, tags=["client"])
    one, two = add(scoped, "task", left), add(scoped, "task", left, title="Write")
    add(scoped, "note", left)
    thorough(scoped)
    tag(scoped, left)
    (row,) = [row for row in rezora(scoped, "task", right).values() if row["task_title"] == "Call back"]
    row["task_title"] = "Edited meanwhile"
    remove(scoped, "task", two)
    tag(scoped, left, "client")
    tasks = highlevel(scoped, "task")
    assert set(tasks) == {one} and tasks[one]["title"] == "Edited meanwhile"
    assert [row["task_title"] for row in rezora(scoped, "task", right).values()] == ["Edited meanwhile"]
    assert len(highlevel(scoped, "note")) == len(rezora(scoped, "note", right)) == 1
    quiet(scoped)


def test_a_note_that_was_deleted_before_stays_deleted_after_coming_back(scoped: Simulation) -> None:
    left, right = linked(scoped, tags=["client"])
    one = add(scoped, "note", left)
    thorough(scoped)
    remove(scoped, "note", one)
    thorough(scoped)
    tag(scoped, left)
    tag(scoped, left, "client")
    assert highlevel(scoped, "note") == {} and len(rezora(scoped, "note", right)) == 1
    quiet(scoped)


# One that fails keeps nobody else waiting


def grace(world: Simulation) -> str:
    fields = {"firstName": "Grace", "lastName": "Hopper", "email": "g@example.org"}
    return str(world.edit("highlevel", action="create", fields=fields)["id"])


def test_a_contact_whose_notes_cannot_be_read_keeps_nobody_waiting(world: Simulation) -> None:
    left, right = pair(world)
    new = grace(world)
    thorough(world)
    (other,) = set(world.contacts("rezora")) - {right}
    add(world, "note", new)
    add(world, "note", left, body="Read later")
    world.fault(
        kind="fail_before", side="highlevel", method="GET", path_regex=f"/contacts/{left}/notes", times=None
    )
    assert once(world).counts["failed"] == 1
    assert len(rezora(world, "note", other)) == 1 and rezora(world, "note", right) == {}
    world.sandbox.faults.clear()
    world.clock.advance(60.0)
    world.partly("live")
    assert len(rezora(world, "note", right)) == 1
    quiet(world)


@pytest.mark.parametrize(
    "fault", [{"kind": "html"}, {"kind": "fail_before"}, {"kind": "status", "status": 422}]
)
def test_an_activity_that_cannot_be_read_keeps_none_waiting(world: Simulation, fault: dict[str, Any]) -> None:
    left, right = pair(world)
    one, two = add(world, "task", left, title="Call"), add(world, "task", left, title="Write")
    thorough(world)
    change(world, "task", one, title="Call at noon")
    change(world, "task", two, title="Write at noon")
    world.fault(side="highlevel", method="GET", path_regex=f"/tasks/{one}", times=None, **fault)
    assert once(world).state == "done"
    assert sorted(row["task_title"] for row in rezora(world, "task", right).values()) == [
        "Call",
        "Write at noon",
    ]
    world.sandbox.faults.clear()
    thorough(world)
    assert "Call at noon" in [row["task_title"] for row in rezora(world, "task", right).values()]
    quiet(world)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 403, "side": "highlevel", "path_regex": "/calendars/|/appointments"}, "does not allow"),
        ({"status": 404, "side": "rezora", "path_regex": "/appointments"}, "shows no appointments any more"),
    ],
)
def test_a_kind_that_an_account_no_longer_allows_stops_alone_and_says_so(
    world: Simulation, fault: dict[str, Any], words: str
) -> None:
    left, right = pair(world)
    add(world, "appointment", left)
    thorough(world)
    add(world, "note", left)
    add(world, "task", left)
    world.fault(kind="status", times=None, **fault)
    run = once(world)
    assert run.state == "done" and words in run.sentence and run.fix
    assert len(rezora(world, "note", right)) == len(rezora(world, "task", right)) == 1
    assert len(rezora(world, "appointment", right)) == 1
    world.sandbox.faults.clear()
    add(world, "appointment", left, title="Signing")
    thorough(world)
    assert len(rezora(world, "appointment", right)) == 2
    quiet(world)


def test_a_write_that_is_forbidden_stops_its_kind_alone(world: Simulation) -> None:
    left, right = pair(world)
    thorough(world)
    rezora(world, "note", right)["9"] = {
        "note_id": "9",
        "note_body": "From Rezora",
        "note_date": "2026-05-30 10:00:00",
    }
    add(world, "task", left)
    add(world, "appointment", left)
    world.fault(kind="status", status=403, side="highlevel", method="POST", path_regex="/notes", times=None)
    run = once(world)
    assert run.state == "done" and "does not allow" in run.sentence
    assert len(rezora(world, "task", right)) == len(rezora(world, "appointment", right)) == 1
    world.sandbox.faults.clear()
    thorough(world)
    assert len(highlevel(world, "note")) == 1
    quiet(world)


# A side that cuts long texts


@pytest.fixture
def cutting() -> Iterator[Simulation]:
    made = Simulation(mapping=mapping(), activities=True, limits={"note_body": 50}, too_long="truncate")
    yield made
    made.close()


LONG = "<p>Would like a house with <b>three</b> rooms, a garden and a view of the lake</p>"


@pytest.mark.parametrize("fault", ["lost_answer", "applied_then_500"])
@pytest.mark.parametrize("body", [LONG, "<p>Would like a house, not a flat</p>"])
def test_a_cut_note_whose_answer_was_lost_is_not_made_again(
    cutting: Simulation, fault: str, body: str
) -> None:
    left, right = pair(cutting)
    thorough(cutting)
    add(cutting, "note", left, body=body)
    cutting.fault(kind=fault, side="rezora", method="POST", path_regex="/notes", times=1)
    for _ in range(3):
        once(cutting)
    assert len(highlevel(cutting, "note")) == len(rezora(cutting, "note", right)) == 1
    quiet(cutting)


def test_a_cut_note_that_turns_up_late_is_copied_nowhere(cutting: Simulation) -> None:
    left, right = pair(cutting)
    thorough(cutting)
    add(cutting, "note", left, body=LONG)
    cutting.fault(
        kind="zombie", side="rezora", method="POST", path_regex="/notes", after_requests=30, times=1
    )
    for _ in range(8):
        once(cutting)
    assert len(rezora(cutting, "note", right)) == 2, "the first of them came late"
    assert len(highlevel(cutting, "note")) == 1
    assert ("note", "activity_double") in held(cutting)


def test_an_older_copy_of_the_database_doubles_no_cut_note(cutting: Simulation) -> None:
    left, right = pair(cutting)
    thorough(cutting)
    cutting.backup()
    add(cutting, "note", left, body=LONG)
    thorough(cutting)
    assert cutting.restore()
    thorough(cutting)
    thorough(cutting)
    assert len(highlevel(cutting, "note")) == len(rezora(cutting, "note", right)) == 1
    quiet(cutting)


# Lists that follow from activities


def remap(world: Simulation, policy: Policy) -> None:
    """The mapping is changed."""

    async def work() -> None:
        app = await world.open()
        world.bridge = await app.create_bridge("test", write_policy(policy))

    world.run(work())


def test_another_list_in_the_mapping_takes_its_people_along() -> None:
    world = world_of(ListRule(When.FOLLOW_UP_DUE, "Calls"), activities=False)
    try:
        left, right = pair(world)
        add(world, "task", left, dueDate="2026-01-03T15:00:00.000Z")
        thorough(world)
        assert world.members()[right] == {"Calls"}
        remap(world, mapping(ListRule(When.FOLLOW_UP_DUE, "Follow-up")))
        thorough(world)
        assert world.members()[right] == {"Follow-up"}
        quiet(world)
        remap(world, mapping())
        thorough(world)
        assert world.members().get(right, set()) == set()
        quiet(world)
    finally:
        world.close()


# The dry run


def test_a_dry_run_tells_of_deletes_and_does_exactly_what_the_sync_does(world: Simulation) -> None:
    left, right = pair(world)
    task, note = add(world, "task", left), add(world, "note", left)
    thorough(world)
    remove(world, "task", task)
    change(world, "note", note, body="<p>Wants a pool</p>")
    add(world, "appointment", left)
    world.clock.advance(90_000.0)

    async def plan() -> dict[str, int]:
        app = await world.open()
        assert world.bridge is not None
        return dict((await app.plan(world.bridge)).run.counts)

    before = writes(world)
    told = world.run(plan())
    assert writes(world) == before
    done = once(world).counts
    names = ("tasks_deleted", "notes_updated", "appointments_created")
    assert [told.get(name) for name in names] == [done.get(name) for name in names] == [1, 1, 1]
    assert rezora(world, "task", right) == {}


# What waits for a person does not forget what both sides showed


@pytest.mark.parametrize("kind", ["task", "note"])
def test_one_deleted_here_and_edited_there_waits_as_long_as_it_takes(world: Simulation, kind: str) -> None:
    left, right = pair(world)
    one = add(world, kind, left)
    thorough(world)
    (row,) = rezora(world, kind, right).values()
    remove(world, kind, one)
    row["note_body" if kind == "note" else "task_title"] = "Edited there"
    for _ in range(4):
        thorough(world)
        assert held(world) == [(kind, "activity_deleted_and_edited")]
    assert len(rezora(world, kind, right)) == 1 and highlevel(world, kind) == {}


def test_after_a_refusal_an_edit_is_still_told_from_what_was_there(world: Simulation) -> None:
    left, right = pair(world)
    one = add(world, "task", left, body="With the keys")
    thorough(world)
    (row,) = rezora(world, "task", right).values()
    row["task_due"] = ""
    for _ in range(3):
        thorough(world)
        assert held(world) == [("task", "activity_refused")], "HighLevel has no task without a due date"
    row["task_title"], row["task_due"] = "Call at noon", "2026-06-04 09:00:00"
    thorough(world)
    task = highlevel(world, "task")[one]
    assert (task["title"], task["dueDate"][:10], held(world)) == ("Call at noon", "2026-06-04", [])
    quiet(world)


class Daily(Simulation):
    """As people have it: everybody's notes are read once a day."""

    def _engine_config(self) -> EngineConfig:
        return replace(super()._engine_config(), sweep_seconds=86_400.0)


def test_a_create_that_is_tried_again_is_of_what_is_still_there() -> None:
    world = Daily(mapping=mapping(), activities=True)
    try:
        left, right = pair(world)
        thorough(world)
        one = add(world, "note", left)
        world.fault(kind="fail_before", side="rezora", method="POST", path_regex="/notes", times=20)
        once(world)
        world.sandbox.faults.clear()
        remove(world, "note", one)
        assert synced(world) == "done"
        assert rezora(world, "note", right) == {}, "nobody has this note any more"
    finally:
        world.close()


def test_tasks_of_a_merged_contact_go_on_under_the_one_that_stays(world: Simulation) -> None:
    left, right = pair(world)
    gone = ada(world, firstName="Bo", email="bo@example.com")
    thorough(world)
    (waiting,) = set(world.contacts("rezora")) - {right}
    moved = add(world, "task", gone, title="Send the offer")
    thorough(world)
    assert [row["task_title"] for row in rezora(world, "task", waiting).values()] == ["Send the offer"]
    world.edit("rezora", action="update", id=waiting, fields={"contact_home_city": "Loveland"})
    world.edit("highlevel", action="merge", id=left, others=[gone])
    run = once(world)
    assert run.state == "done", run.sentence
    assert holds(world) == {"deleted_and_edited"}, (
        "nobody has said yet what becomes of the contact that only Rezora has"
    )
    assert [row["task_title"] for row in rezora(world, "task", right).values()] == ["Send the offer"]
    assert [row["task_title"] for row in rezora(world, "task", waiting).values()] == ["Send the offer"]
    change(world, "task", moved, title="Send it today")
    thorough(world)
    assert [row["task_title"] for row in rezora(world, "task", right).values()] == ["Send it today"]
    quiet(world)
