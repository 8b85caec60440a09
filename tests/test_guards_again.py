"""Stories found by long runs of the state machine: opt-outs after a restore, creates that were renamed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from simulation import Simulation
from stories import ada, holds, linked, synced


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = Simulation()
    yield made
    made.close()


def answer(world: Simulation, cause: str, use: str) -> None:
    """A person answers the one hold of that cause."""

    async def say() -> None:
        app = await world.open()
        assert world.bridge is not None
        (asked,) = await app.holds(world.bridge, cause)
        await app.resolve(world.bridge, asked.hold.id, use, by="test")
        wanted = "create" if use == "apart" else use  # who is somebody else may be made once more
        world.checker.answered(wanted, asked.hold.rule, asked.hold.highlevel_id, asked.hold.rezora_id)

    world.run(say())


def test_an_older_copy_of_the_database_does_not_bring_back_who_opted_out_and_is_gone(
    world: Simulation,
) -> None:
    left, right = linked(world)
    world.backup()
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    world.edit("rezora", action="delete", id=right)
    synced(world)
    world.edit("highlevel", action="delete", id=left)
    world.restore()
    again = {"contact_name": "Ada Byron", "contact_email": "ADA@example.org"}
    made = world.edit("rezora", action="create", fields=again)["id"]
    synced(world)
    assert world.contacts("rezora")[made]["contact_unsubscribe"] == "1"
    assert world.contacts("highlevel") == {}


def test_a_copy_from_before_the_first_sync_still_knows_whose_opt_outs_are_kept_beside_it(
    world: Simulation,
) -> None:
    world.backup()
    left, _ = linked(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    synced(world)
    world.restore()
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "inactive"})
    synced(world)
    assert world.contacts("highlevel")[left]["dndSettings"]["Email"]["status"] == "active"


def test_a_copy_that_was_made_in_the_middle_of_a_run_is_told_as_well(world: Simulation) -> None:
    linked(world)
    world.clock.advance(60.0)
    world.sync(crash_at=20)
    world.backup()  # of a run that is under way, as the copy sees it
    made = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    synced(world)
    (there,) = [key for key, one in world.contacts("rezora").items() if "Hopper" in one["contact_name"]]
    world.edit("rezora", action="update", id=there, fields={"contact_email": "hopper@example.org"})
    world.restore()
    for _ in range(2):
        synced(world)
    assert len(world.contacts("rezora")) == 2
    assert made in world.contacts("highlevel")
    assert "restored_alone" in holds(world)


def test_a_sync_after_one_that_had_only_to_say_its_end_reads_both_sides(world: Simulation) -> None:
    left, right = linked(world)
    for at in range(1, 60):
        world.edit("highlevel", action="update", id=left, fields={"city": f"Town {at}"})
        world.clock.advance(60.0)
        world.sync(crash_at=at)
        synced(world)
        assert world.contacts("rezora")[right]["contact_home_city"] == f"Town {at}"


def test_who_was_allowed_again_stays_so_after_an_older_copy_came_back(world: Simulation) -> None:
    left, right = linked(world)
    world.backup()
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    synced(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "inactive"})
    world.edit("rezora", action="resubscribe", id=right)
    synced(world)
    for _ in range(2):
        if "opt_out_lifted" in holds(world):
            answer(world, "opt_out_lifted", "allow")
        synced(world)
    world.restore()
    before = world.mutating()
    synced(world)
    assert world.contacts("rezora")[right]["contact_unsubscribe"] == "0"
    assert world.mutating() == before


def test_who_opted_in_again_is_shown_although_the_other_half_is_gone(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("rezora", action="unsubscribe", id=right)
    synced(world)
    world.edit("rezora", action="delete", id=right)
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    synced(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "inactive"})
    before = world.mutating()
    synced(world)
    assert world.mutating() == before
    assert holds(world) >= {"opt_out_lifted", "deleted_and_edited"}


def renamed_create(world: Simulation) -> str:
    """A create of which the answer was lost, and which somebody renamed before it was found again."""
    ada(world)
    world.fault(kind="lost_answer", side="rezora", method="POST", path="/v1/contacts.json")
    world.fault(kind="refuse", side="rezora", method="GET", path="/v1/contacts.json", skip=1, times=9)
    synced(world)
    world.sandbox.faults.clear()
    (made,) = world.contacts("rezora")
    world.edit("rezora", action="update", id=made, fields={"contact_name": "Grace Hopper"})
    return made


def test_a_renamed_create_is_asked_about_until_somebody_says_what_it_is(world: Simulation) -> None:
    made = renamed_create(world)
    for _ in range(3):
        before = world.mutating()
        synced(world)
        assert world.mutating() == before
        assert list(world.contacts("rezora")) == [made]
        assert "several_candidates" in holds(world)
    answer(world, "several_candidates", "link")
    synced(world)
    assert list(world.contacts("rezora")) == [made]
    assert "several_candidates" not in holds(world)


def test_a_renamed_create_that_is_somebody_else_after_all_is_made_once_more(world: Simulation) -> None:
    made = renamed_create(world)
    synced(world)
    answer(world, "several_candidates", "apart")
    synced(world)
    synced(world)
    names = {contact["contact_name"] for contact in world.contacts("rezora").values()}
    assert names == {"Grace Hopper", "Ada Byron"}
    assert made in world.contacts("rezora")


def test_a_delete_that_was_approved_is_not_done_to_what_was_edited_since(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("rezora", action="delete", id=right)
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    synced(world)
    answer(world, "deleted_and_edited", "delete")
    world.edit("highlevel", action="update", id=left, fields={"city": "Denver"})
    synced(world)
    assert left in world.contacts("highlevel")
    assert "deleted_and_edited" in holds(world)
    answer(world, "deleted_and_edited", "delete")
    synced(world)
    assert world.contacts("highlevel") == {}


def test_one_contact_that_cannot_be_looked_up_hides_nobody_else(world: Simulation) -> None:
    left, right = linked(world)
    other = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    synced(world)
    (second,) = set(world.contacts("rezora")) - {right}
    for gone in (right, second):
        world.edit("rezora", action="delete", id=gone)
    world.fault(kind="html", side="rezora", method="GET", path=f"/v1/contacts/{right}.json", times=99)
    synced(world)
    with sqlite3.connect(world.path) as store:
        found = dict(store.execute("SELECT highlevel_id, live FROM link").fetchall())
    store.close()
    assert found == {left: 1, other: 0}
    assert "unknown_outcome" in holds(world)
