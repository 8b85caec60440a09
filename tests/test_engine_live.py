"""Live: what events named is read by id on both sides and carried; everything else is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from landbridge.sync.model import Side
from live_stories import carried, done, left, live, named, poll
from simulation import Simulation
from stories import ada, holds, journaled, linked, reasons, synced

H, R = Side.HIGHLEVEL, Side.REZORA


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = Simulation()
    yield made
    made.close()


def test_nothing_is_carried_before_the_first_whole_sync(world: Simulation) -> None:
    left_id = ada(world)
    assert live(world, (H, left_id)) is None
    assert world.contacts("rezora") == {}
    assert left(world) == 1


@pytest.mark.parametrize("side", Side)
def test_an_edit_on_either_side_reaches_the_other(world: Simulation, side: Side) -> None:
    pair = dict(zip(Side, linked(world), strict=True))
    names = {H: "city", R: "contact_home_city"}
    world.edit(side.value, action="update", id=pair[side], fields={names[side]: "Lyons"})
    counts = carried(world, (side, pair[side]))
    assert world.contacts(side.other.value)[pair[side.other]][names[side.other]] == "Lyons"
    assert (counts["updated"], left(world)) == (1, 0)
    before = world.mutating()
    live(world, *pair.items())
    assert world.mutating() == before


def test_somebody_new_is_created_and_the_echo_changes_nothing(world: Simulation) -> None:
    linked(world)
    made = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    done(live(world, (H, made)))
    (there,) = [key for key, one in world.contacts("rezora").items() if "Hopper" in one["contact_name"]]
    before = world.mutating()
    done(live(world, (H, made), (R, there)))
    synced(world)
    assert world.mutating() == before


def test_somebody_new_in_both_is_linked_and_not_created_twice(world: Simulation) -> None:
    linked(world)
    made = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    fields = {"contact_name": "Grace Hopper", "contact_email": "GRACE@example.org"}
    there = world.edit("rezora", action="create", fields=fields)["id"]
    counts = carried(world, (H, made), (R, there))
    assert (counts.get("created", 0), counts["linked"]) == (0, 1)
    assert len(world.contacts("rezora")) == 2


def test_a_second_record_of_somebody_in_sync_does_not_spread(world: Simulation) -> None:
    linked(world)
    world.sandbox.configure({"highlevel": {"allow_duplicates": True}})
    twin = ada(world)
    done(live(world, (H, twin)))
    assert len(world.contacts("rezora")) == 1
    assert "twin" in holds(world)


def test_an_opt_out_is_carried_to_everybody_of_that_address(world: Simulation) -> None:
    pair = linked(world)
    fields = {"contact_name": "Bob Byron", "contact_email": "ada@example.org"}
    cousin = world.edit("rezora", action="create", fields=fields)["id"]
    synced(world)
    world.edit("highlevel", action="set_dnd", id=pair[0], channels={"Email": "active"})
    done(live(world, (H, pair[0])))
    shown = world.contacts("rezora")
    assert [shown[one]["contact_unsubscribe"] for one in (pair[1], cousin)] == ["1", "1"]


def test_a_deleted_contact_ends_its_link_and_nothing_else(world: Simulation) -> None:
    pair = linked(world)
    world.edit("rezora", action="delete", id=pair[1])
    done(live(world, (R, pair[1])))
    assert pair[0] in world.contacts("highlevel")
    assert "deleted_in_rezora" in reasons(world)
    done(live(world, (H, pair[0])))
    synced(world)
    assert world.contacts("rezora") == {}


def test_what_is_still_being_typed_waits(world: Simulation) -> None:
    pair = linked(world)
    world.clock.advance(60.0)
    named(world, (H, pair[0]))
    world.edit("highlevel", action="update", id=pair[0], fields={"city": "Ly"})
    world.clock.advance(1.0)

    async def carry() -> None:
        app = await world.open()
        assert world.bridge is not None
        await app.live(world.bridge)

    world.run(carry())
    assert world.contacts("rezora")[pair[1]]["contact_home_city"] == "Boulder"
    assert left(world) == 1
    world.edit("highlevel", action="update", id=pair[0], fields={"city": "Lyons"})
    world.clock.advance(11.0)
    world.run(carry())
    assert world.contacts("rezora")[pair[1]]["contact_home_city"] == "Lyons"
    assert left(world) == 0


def test_a_record_that_cannot_be_read_comes_again_and_blocks_nobody(world: Simulation) -> None:
    pair = linked(world)
    other = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    synced(world)
    synced(world)
    for record in (pair[0], other):
        world.edit("highlevel", action="update", id=record, fields={"city": "Lyons"})
    world.fault(kind="html", side="highlevel", method="GET", path=f"/contacts/{pair[0]}", times=99)
    done(live(world, (H, pair[0]), (H, other)))
    cities = [one["contact_home_city"] for one in world.contacts("rezora").values()]
    assert sorted(cities) == ["Boulder", "Lyons"]
    assert left(world) == 1
    assert "failed" in journaled(world)
    world.sandbox.faults.clear()
    world.clock.advance(900.0)
    done(live(world))
    assert [one["contact_home_city"] for one in world.contacts("rezora").values()] == ["Lyons", "Lyons"]


def test_a_hold_closes_when_somebody_settles_it_by_hand(world: Simulation) -> None:
    pair = linked(world)
    world.edit("highlevel", action="update", id=pair[0], fields={"email": "one@example.org"})
    world.edit("rezora", action="update", id=pair[1], fields={"contact_email": "two@example.org"})
    done(live(world, (H, pair[0])))
    assert "both_changed" in holds(world)
    world.edit("rezora", action="update", id=pair[1], fields={"contact_email": "one@example.org"})
    done(live(world, (R, pair[1])))
    assert holds(world) == set()


def test_a_mass_of_changes_within_an_hour_stops_and_asks(world: Simulation) -> None:
    for number in range(40):
        ada(world, firstName="Ada", lastName=f"Number {number}x", email=f"n{number}@example.org")
    synced(world)
    synced(world)
    ids = list(world.contacts("highlevel"))
    for some in (ids[:20], ids[20:]):
        for record in some:
            world.edit("highlevel", action="update", id=record, fields={"city": "Lyons"})
        run = live(world, *((H, record) for record in some))
    assert run is not None
    assert (run.state, left(world)) == ("braked", 20)
    cities = [one["contact_home_city"] for one in world.contacts("rezora").values()]
    assert cities.count("Lyons") == 20


def test_a_create_without_an_answer_is_left_to_a_whole_sync(world: Simulation) -> None:
    linked(world)
    made = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    world.fault(kind="lost_answer", side="rezora", method="POST", path="/v1/contacts.json")
    assert done(live(world, (H, made)))["look_up"] == 1
    done(live(world, (H, made)))
    assert len(world.contacts("rezora")) == 2
    synced(world)
    assert len(world.contacts("rezora")) == 2
    world.settle()


def test_what_comes_in_during_a_whole_sync_does_not_wait_for_its_end(world: Simulation) -> None:
    pair = linked(world)
    other = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    synced(world)
    world.edit("highlevel", action="update", id=pair[0], fields={"city": "Lyons"})
    world.clock.advance(60.0)
    named(world, (H, pair[0]))
    synced(world)
    assert left(world) == 0
    assert other in world.contacts("highlevel")
    world.settle()


def test_looking_for_changes_reads_little_and_carries_them_all(world: Simulation) -> None:
    pair = linked(world)
    for number in range(5):
        ada(world, firstName="Ada", lastName=f"Number {number}x", email=f"n{number}@example.org")
    synced(world)
    synced(world)
    world.clock.advance(3600.0)
    counts = done(poll(world))
    assert (counts["moved"], counts["reads"]) == (0, 4)  # of HighLevel a page, of Rezora all, lists, members
    world.edit("highlevel", action="update", id=pair[0], fields={"city": "Lyons"})
    world.edit("rezora", action="update", id=pair[1], fields={"contact_home_state": "CO"})
    made = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    done(poll(world))
    done(live(world))
    assert world.contacts("rezora")[pair[1]]["contact_home_city"] == "Lyons"
    assert world.contacts("highlevel")[pair[0]]["state"] == "CO"
    assert made in world.contacts("highlevel")
    assert len(world.contacts("rezora")) == 7
    world.settle()


def test_somebody_new_in_rezora_is_created_with_one_look(world: Simulation) -> None:
    linked(world)
    fields = {"contact_name": "Grace Hopper", "contact_email": "grace@example.org"}
    world.edit("rezora", action="create", fields=fields)
    done(poll(world))
    world.clock.advance(20.0)
    done(live(world))
    assert len(world.contacts("highlevel")) == 2
    assert left(world) == 0


def test_somebody_new_who_opted_out_in_rezora_meanwhile_is_not_created_there(world: Simulation) -> None:
    linked(world)
    fields = {"contact_name": "Grace Hopper", "contact_email": "grace@example.org"}
    there = world.edit("rezora", action="create", fields=fields)["id"]
    world.edit("rezora", action="unsubscribe", id=there)
    made = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    carried(world, (H, made))
    assert len(world.contacts("rezora")) == 2
    assert world.contacts("highlevel")[made]["dndSettings"]["Email"]["status"] == "active"


def test_newcomers_shortly_after_one_another_share_a_look_at_rezora(world: Simulation) -> None:
    linked(world)
    done(live(world, (H, ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org"))))
    before = len(world.contacts("rezora"))
    world.clock.advance(-55.0)
    done(live(world, (H, ada(world, firstName="Katherine", lastName="Johnson", email="kj@example.org"))))
    assert len(world.contacts("rezora")) == before
    assert left(world) == 1
    done(live(world))
    assert len(world.contacts("rezora")) == before + 1


def test_a_delete_in_rezora_is_found_by_looking(world: Simulation) -> None:
    pair = linked(world)
    world.edit("rezora", action="delete", id=pair[1])
    done(poll(world))
    assert "deleted_in_rezora" in reasons(world)
    assert pair[0] in world.contacts("highlevel")


def test_an_empty_answer_is_not_believed(world: Simulation) -> None:
    for number in range(30):
        ada(world, firstName="Ada", lastName=f"Number {number}x", email=f"n{number}@example.org")
    synced(world)
    synced(world)
    for record in world.contacts("rezora"):
        world.edit("rezora", action="delete", id=record)
    run = poll(world)
    assert run is not None
    assert run.state == "failed"
    assert "nothing was concluded" in run.sentence
    assert left(world) == 0


def test_what_a_failed_look_had_not_reached_is_found_by_the_next(world: Simulation) -> None:
    pair = linked(world)
    synced(world)
    world.clock.advance(3600.0)
    world.edit("highlevel", action="update", id=pair[0], fields={"city": "Lyons"})
    world.fault(kind="refuse", side="rezora", times=99)
    run = poll(world)
    assert run is not None
    assert run.state == "failed"
    world.sandbox.faults.clear()
    world.clock.advance(7200.0)
    done(poll(world))
    assert world.contacts("rezora")[pair[1]]["contact_home_city"] == "Lyons"
