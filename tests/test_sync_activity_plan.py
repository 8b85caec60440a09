"""What tasks, notes and appointments of one pair of contacts call for: every row of the tables, and laws."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.sync.actions import Create, Delete, Update
from landbridge.sync.activity import Activity
from landbridge.sync.activity_plan import ActivityPlanner, Scene, Sent, Step
from landbridge.sync.activity_rules import body_print, instant
from landbridge.sync.model import Choice, Kind, Link, Side
from landbridge.sync.rules import ActivityRule, Direction, OnGone

G, Z = Side.HIGHLEVEL, Side.REZORA
DUE = "2026-11-25T09:00:00Z"
TASK = {"title": "Call back", "body": "About the offer", "due": DUE, "completed": "0"}


def task(side: Side, one_id: str, **fields: str) -> Activity:
    return Activity(side, Kind.TASK, one_id, "c", TASK | fields)


def note(side: Side, one_id: str, body: str) -> Activity:
    return Activity(side, Kind.NOTE, one_id, "c", {"body": body})


def scene(kind: Kind, *seen: Activity, **known: object) -> Scene:
    return Scene(kind, {(one.side, one.id): one for one in seen}, **known)  # type: ignore[arg-type]  # of Scene


def steps(
    shown: Scene, direction: Direction = Direction.BOTH, on_delete: OnGone = OnGone.DELETE
) -> list[Step]:
    return ActivityPlanner(ActivityRule(shown.kind, direction, on_delete)).plan(shown)


def only(shown: Scene, **rule: object) -> Step:
    (step,) = steps(shown, **rule)  # type: ignore[arg-type]  # of steps
    return step


def linked(*, highlevel: str = "g", rezora: str = "1", base: dict[str, str] | None = None) -> dict[int, Link]:
    based = TASK if base is None else base
    return {7: Link(highlevel, rezora, based, based)}


def test_one_side_only_is_created_on_the_other() -> None:
    step = only(scene(Kind.TASK, task(G, "g")))
    assert step.plan.actions == (Create(Z, "g", TASK),)
    assert step.plan.base(G) == TASK and step.plan.base(Z) == {}
    assert only(scene(Kind.TASK, task(Z, "1"))).plan.actions == (Create(G, "1", TASK),)


def test_nothing_is_invented_for_a_create() -> None:
    undated = only(scene(Kind.TASK, task(Z, "1", due="")))
    assert not undated.plan.actions and undated.plan.holds[0].cause == "task_without_due"
    blank = only(scene(Kind.NOTE, note(G, "g", "")))
    assert not blank.plan.actions and blank.plan.excluded == "blank"
    booked = Activity(Z, Kind.APPOINTMENT, "1", "c", {"title": "Tour", "start": DUE, "end": DUE})
    assert only(scene(Kind.APPOINTMENT, booked)).plan.excluded == "needs_calendar"


def test_one_way_creates_nothing_against_it() -> None:
    step = only(scene(Kind.TASK, task(Z, "1")), direction=Direction.TO_REZORA)
    assert not step.plan.actions and step.plan.excluded == "one_way"


def test_a_side_that_may_not_be_written_gets_nothing() -> None:
    shown = scene(Kind.TASK, task(Z, "1"), writable=frozenset({Z}))
    assert only(shown).plan.excluded == "not_writable"
    edited = scene(
        Kind.TASK, task(G, "g"), task(Z, "1", title="Call"), links=linked(), writable=frozenset({Z})
    )
    assert only(edited).plan.actions == () and only(edited).plan.excluded == "not_writable"


def test_an_edit_is_carried_alone() -> None:
    shown = scene(Kind.TASK, task(G, "g", title="Call at noon"), task(Z, "1"), links=linked())
    (action,) = only(shown).plan.actions
    assert isinstance(action, Update)
    assert (action.side, action.fields) == (Z, {"title": "Call at noon"})
    assert action.before == {"title": "Call back"}


@pytest.mark.parametrize("side", list(Side))
def test_done_and_reopened_are_carried(side: Side) -> None:
    done = {side: task(side, "g" if side is G else "1", completed="1")}
    other = task(side.other, "1" if side is G else "g")
    (action,) = only(scene(Kind.TASK, done[side], other, links=linked())).plan.actions
    assert isinstance(action, Update) and action.fields == {"completed": "1"}
    based = linked(base=TASK | {"completed": "1"})
    reopened = scene(
        Kind.TASK, replace(done[side], fields=TASK), replace(other, fields=TASK | {"completed": "1"})
    )
    (action,) = only(replace(reopened, links=based)).plan.actions
    assert isinstance(action, Update) and (action.side, action.fields) == (side.other, {"completed": "0"})


def test_done_wins_where_nothing_is_known_of_before() -> None:
    shown = scene(Kind.TASK, task(G, "g"), task(Z, "1", completed="1"))
    (action,) = only(shown).plan.actions
    assert isinstance(action, Update) and (action.side, action.fields) == (G, {"completed": "1"})


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    assert instant("2026-11-25T10:00:00+01:00") == DUE
    shown = scene(Kind.TASK, task(G, "g", due="2026-11-25T10:00:00+01:00"), task(Z, "1"), links=linked())
    assert only(shown).plan.actions == ()


def test_texts_that_both_rewrote_wait_for_a_person() -> None:
    shown = scene(Kind.TASK, task(G, "g", body="A"), task(Z, "1", body="B"), links=linked())
    plan = only(shown).plan
    assert not plan.actions
    assert (plan.holds[0].cause, plan.holds[0].rule) == ("both_changed", "body")
    chosen = {("g", "1"): {"body": Choice("body", "rezora", "", "A", "B")}}
    (action,) = only(replace(shown, choices=chosen)).plan.actions
    assert isinstance(action, Update) and (action.side, action.fields) == (G, {"body": "B"})


def test_a_text_that_was_cut_never_goes_back_by_itself() -> None:
    link = Link("g", "1", {"body": "A long note about the house"}, {"body": "A long note"})
    shown = scene(Kind.NOTE, note(G, "g", "A long note about the house"), note(Z, "1", "A long not!"))
    plan = only(replace(shown, links={7: link})).plan
    assert not plan.actions and plan.holds[0].cause == "activity_shortened"


# Deletes


@pytest.mark.parametrize("lost", list(Side))
def test_a_delete_follows_only_on_proof(lost: Side) -> None:
    survivor = task(lost.other, "g" if lost is Z else "1")
    missing = scene(Kind.TASK, survivor, links=linked())
    assert only(missing).plan.excluded == "not_seen"
    gone = replace(missing, gone=frozenset({(lost, "g" if lost is G else "1")}))
    plan = only(gone).plan
    assert plan.actions == (Delete(survivor.side, survivor.id),)
    assert plan.closed == f"deleted_in_{lost.value}"


def test_what_was_edited_since_is_not_deleted() -> None:
    shown = scene(Kind.TASK, task(G, "g", title="New"), links=linked(), gone=frozenset({(Z, "1")}))
    plan = only(shown).plan
    assert not plan.actions and plan.holds[0].cause == "activity_deleted_and_edited"
    kept = only(replace(shown, choices={("g", "1"): {"": Choice("", "keep")}})).plan
    assert kept.closed and not kept.actions


def test_unlink_leaves_the_other_half_and_never_brings_it_back() -> None:
    shown = scene(Kind.TASK, task(G, "g"), links=linked(), gone=frozenset({(Z, "1")}))
    plan = only(shown, on_delete=OnGone.UNLINK).plan
    assert not plan.actions and plan.closed == "deleted_in_rezora"
    after = scene(Kind.TASK, task(G, "g"), spent=frozenset({(G, "g"), (Z, "1")}))
    assert only(after).plan.excluded == "deleted_in_rezora"


def test_an_appointment_that_says_it_was_deleted_is_gone() -> None:
    fields = {"title": "Tour", "start": DUE, "end": DUE, "location": "", "status": "confirmed"}
    ours = Activity(G, Kind.APPOINTMENT, "g", "c", fields, deleted=True)
    theirs = Activity(Z, Kind.APPOINTMENT, "1", "c", fields)
    shown = scene(Kind.APPOINTMENT, ours, theirs, links=linked(base=fields))
    assert only(shown, direction=Direction.TO_REZORA).plan.actions == (Delete(Z, "1"),)
    assert steps(scene(Kind.APPOINTMENT, ours)) == []


# Twins, and creates without an answer


def test_twins_are_counted_not_merged() -> None:
    said = "Called, no answer"
    found = steps(scene(Kind.NOTE, note(G, "a", said), note(G, "b", said), note(Z, "1", said)))
    assert sorted(step.ids for step in found) == [("a", "1"), ("b", "")]
    (made,) = [action for step in found for action in step.plan.actions]
    assert made == Create(Z, "b", {"body": said})


def test_a_create_without_an_answer_is_found_again() -> None:
    sent = Sent(Z, "a", body_print(Kind.NOTE, {"body": "Hello"}))
    shown = scene(Kind.NOTE, note(G, "a", "Hello, edited"), note(Z, "1", "<p>Hello</p>"), sent=[sent])
    assert only(shown).ids == ("a", "1")


def test_a_second_one_that_came_late_is_never_spread() -> None:
    sent = Sent(Z, "a", body_print(Kind.NOTE, {"body": "Hello"}), open=False, attempts=2)
    link = Link("a", "1", {"body": "Hello"}, {"body": "Hello"})
    shown = scene(
        Kind.NOTE,
        note(G, "a", "Hello"),
        note(Z, "1", "Hello"),
        note(Z, "2", "Hello"),
        sent=[sent],
        links={7: link},
    )
    double = next(step for step in steps(shown) if step.ids == ("", "2"))
    assert not double.plan.actions and double.plan.holds[0].cause == "activity_double"
    wanted = replace(shown, choices={("", "2"): {"": Choice("", "create")}})
    double = next(step for step in steps(wanted) if step.ids == ("", "2"))
    assert double.plan.actions == (Create(G, "2", {"body": "Hello"}),)


def test_what_was_refused_waits_until_it_changes() -> None:
    shown = scene(Kind.NOTE, note(G, "a", "Hello"))
    refused = replace(shown, refused={("a", ""): shown.look(("a", ""))})
    assert only(refused).plan.holds[0].cause == "activity_refused"
    edited = scene(Kind.NOTE, note(G, "a", "Hello there"), refused=refused.refused)
    assert only(edited).plan.actions


# Laws

BODIES = st.sampled_from(
    ["Called, no answer", "<p>Sent the <b>offer</b></p>", "{{contact.email}}", "Größe 🏡"]
)


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(BODIES, max_size=5), st.lists(BODIES, max_size=3))
def test_two_random_sides_come_to_rest(chance: random.Random, ours: list[str], theirs: list[str]) -> None:
    """Perturb both sides again and again: it comes to rest at once, both show the same, no text is lost."""
    world = World(chance, ours, theirs)
    for _ in range(4):
        before = world.texts()
        world.perturb()
        edited = world.edited
        world.run()
        assert not world.run(), "a second run has nothing to do"
        assert world.texts(G) == world.texts(Z)
        for body, number in before.items():
            assert world.texts(G).get(body, 0) >= number - edited, body


class World:
    """Two sides of notes and their links, on which plans are carried out."""

    def __init__(self, chance: random.Random, ours: list[str], theirs: list[str]) -> None:
        self.chance = chance
        self.notes: dict[Side, dict[str, str]] = {G: {}, Z: {}}
        self.links: dict[int, Link] = {}
        self.spent: set[tuple[Side, str]] = set()
        self.number = 0
        self.edited = 0
        for side, bodies in ((G, ours), (Z, theirs)):
            for body in bodies:
                self.add(side, body)
        self.run()

    def add(self, side: Side, body: str) -> str:
        self.number += 1
        self.notes[side][str(self.number)] = body
        return str(self.number)

    def perturb(self) -> None:
        """An edit on one side of some notes, a delete, a new one."""
        self.edited = 0
        for link in list(self.links.values()):
            side = self.chance.choice(list(Side))
            deed = self.chance.random()
            if deed < 0.2:
                del self.notes[side][link.id(side)]
                self.edited += 1
            elif deed < 0.4:
                self.notes[side][link.id(side)] += f" edit {self.chance.random()}"
                self.edited += 1
        if self.chance.random() < 0.5:
            self.add(self.chance.choice(list(Side)), f"new {self.chance.random()}")

    def run(self) -> int:
        """Plan and carry out; how many writes there were."""
        seen = {(side, key): note(side, key, body) for side in Side for key, body in self.notes[side].items()}
        gone = {
            (side, link.id(side))
            for link in self.links.values()
            for side in Side
            if link.id(side) not in self.notes[side]
        }
        shown = Scene(Kind.NOTE, seen, dict(self.links), frozenset(gone), spent=frozenset(self.spent))
        found = steps(shown)
        self.chance.shuffle(found)
        return sum(self.carry(step) for step in found)

    def carry(self, step: Step) -> int:
        ids = {G: step.highlevel_id, Z: step.rezora_id}
        for action in step.plan.actions:
            if isinstance(action, Create):
                ids[action.side] = self.add(action.side, action.fields["body"])
            elif isinstance(action, Update):
                self.notes[action.side][action.record_id] = action.fields["body"]
            elif isinstance(action, Delete):
                del self.notes[action.side][action.record_id]
        if step.plan.closed:
            del self.links[step.key]
            self.spent |= set(ids.items())
        elif all(ids.values()) and not step.plan.excluded:
            self.number += 1
            ours, theirs = ({"body": self.notes[side][ids[side]]} for side in Side)
            self.links[step.key or self.number] = Link(ids[G], ids[Z], ours, theirs)
        return len(step.plan.actions)

    def texts(self, side: Side = G) -> dict[str, int]:
        found: dict[str, int] = {}
        for body in self.notes[side].values():
            found[body] = found.get(body, 0) + 1
        return found


@settings(max_examples=200, deadline=None)
@given(st.lists(BODIES, max_size=5), st.lists(BODIES, max_size=5), st.randoms(use_true_random=False))
def test_the_plan_is_mirrored_and_does_not_hang_on_order(
    ours: list[str], theirs: list[str], chance: random.Random
) -> None:
    ids = {G: [f"g{n}" for n in range(len(ours))], Z: [f"z{n}" for n in range(len(theirs))]}
    seen = [note(G, key, body) for key, body in zip(ids[G], ours, strict=True)]
    seen += [note(Z, key, body) for key, body in zip(ids[Z], theirs, strict=True)]
    plain = steps(scene(Kind.NOTE, *seen))
    chance.shuffle(seen)
    assert sorted(map(repr, steps(scene(Kind.NOTE, *seen)))) == sorted(map(repr, plain))
    mirrored = steps(scene(Kind.NOTE, *(replace(one, side=one.side.other) for one in seen)))
    assert sorted(step.ids[::-1] for step in mirrored) == sorted(step.ids for step in plain)
