"""Live work where it is hard: beside a whole sync, behind the brake, and when something always fails."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator

import pytest

from landbridge.engine.fleet import Fleet
from landbridge.engine.work import Stage, Work
from landbridge.store import due, watermarks
from landbridge.store.due import Due, Urgency
from landbridge.store.ledger import Freshness
from landbridge.sync.model import Side
from live_stories import H, R, done, left, live, named, poll
from simulation import Simulation
from stories import ada, holds, linked, synced


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = Simulation()
    yield made
    made.close()


def crowd(world: Simulation, people: int = 40) -> list[tuple[str, str]]:
    """So many pairs that are in sync."""
    for number in range(people):
        ada(world, firstName=f"Ada{number}", lastName=f"Number {number}x", email=f"n{number}@example.org")
    for _ in range(2):
        synced(world)
    world.clock.advance(4000.0)
    return world.pairs()


def test_it_is_kept_how_long_a_change_took_from_when_it_was_heard_of(world: Simulation) -> None:
    pair = linked(world)
    synced(world)
    world.edit("highlevel", action="update", id=pair[0], fields={"city": "Lyons"})
    done(live(world, (H, pair[0])))

    async def kept() -> Freshness:
        app = await world.open()
        assert world.bridge is not None
        return (await app.status(world.bridge)).pulse.freshness

    found = world.run(kept())
    assert (found.number, found.median, found.most) == (1, 60, 60)


def hour(world: Simulation) -> None:
    """The crew at work for an hour."""

    async def work() -> None:
        crew = (await world.open())._crew
        end = world.clock.now() + 3600.0
        while world.clock.now() < end:
            await crew.look()
            while any(not task.done() for task in crew._tasks.values()):
                await asyncio.gather(*crew._tasks.values())
            world.clock.advance(10.0)

    world.run(work())


def in_the_midst(monkeypatch: pytest.MonkeyPatch, at: str, happens: Callable[[], Awaitable[None]]) -> None:
    """Something happens once, while a whole sync is about to do that stage."""
    original = Fleet._live_between
    told: list[Stage] = []

    async def between(self: Fleet, work: Work, stage: Stage) -> None:
        if stage.at == at and not told:
            told.append(stage)
            await happens()
        await original(self, work, stage)

    monkeypatch.setattr(Fleet, "_live_between", between)


def runs(world: Simulation, what: str) -> list[tuple[str, str]]:
    with sqlite3.connect(world.path) as store:
        found = store.execute(
            "SELECT purpose, state FROM run WHERE purpose = ? ORDER BY id", [what]
        ).fetchall()
    store.close()
    return found


@pytest.mark.parametrize("at", ["highlevel", "match", "apply"])
def test_somebody_new_in_the_midst_of_a_sync_is_not_made_twice(
    world: Simulation, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(world)
    fields = {"contact_name": "Grace Hopper", "contact_email": "grace@example.org"}
    world.edit("rezora", action="create", fields=fields)
    world.clock.advance(60.0)

    async def entered() -> None:
        app = await world.open()
        assert world.bridge is not None
        made = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
        async with app.database.write() as connection:
            await watermarks.move(connection, world.bridge.id, R, world.clock.now() - 5.0)
            await due.name(connection, world.bridge.id, [Due(H, made)], world.clock.now())

    in_the_midst(monkeypatch, at, entered)
    synced(world)
    world.settle()
    assert (len(world.contacts("rezora")), len(world.contacts("highlevel"))) == (2, 2)
    assert holds(world) == set()


def test_an_opt_out_is_carried_while_a_person_is_asked_about_a_large_change(world: Simulation) -> None:
    pairs = crowd(world)
    for record, _ in pairs:
        world.edit("highlevel", action="update", id=record, fields={"city": "Lyons"})
    world.clock.advance(60.0)
    run = live(world, *((H, record) for record, _ in pairs))
    assert run is not None
    assert (run.state, "What came before is written" in run.sentence) == ("braked", True)
    world.edit("highlevel", action="set_dnd", id=pairs[0][0], channels={"Email": "active"})
    named(world, (H, pairs[0][0]), urgency=Urgency.OPT_OUT)
    hour(world)
    assert world.contacts("rezora")[pairs[0][1]]["contact_unsubscribe"] == "1"
    cities = [one["contact_home_city"] for one in world.contacts("rezora").values()]
    assert (cities.count("Lyons"), left(world)) == (0, 40)
    assert len(runs(world, "live")) < 5
    synced(world, accept=True)
    hour(world)
    assert {one["contact_home_city"] for one in world.contacts("rezora").values()} == {"Lyons"}


def test_a_listing_that_is_not_believed_holds_back_newcomers_only(world: Simulation) -> None:
    pairs = crowd(world)
    for _, record in pairs[10:]:
        world.edit("rezora", action="delete", id=record)
    new = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    world.edit("highlevel", action="set_dnd", id=pairs[0][0], channels={"Email": "active"})
    world.edit("highlevel", action="update", id=pairs[1][0], fields={"city": "Lyons"})
    world.clock.advance(60.0)
    run = live(world, (H, pairs[0][0]), (H, pairs[1][0]), (H, new))
    assert run is not None
    assert run.state == "done"
    there = world.contacts("rezora")
    assert there[pairs[0][1]]["contact_unsubscribe"] == "1"
    assert there[pairs[1][1]]["contact_home_city"] == "Lyons"
    assert (len(there), left(world)) == (10, 1)


def test_an_address_that_opted_out_in_rezora_unheard_is_not_written_onto_a_sendable_contact(
    world: Simulation,
) -> None:
    pair = linked(world)
    fields = {"contact_name": "Bob Byron", "contact_email": "bob@example.org"}
    bob = world.edit("rezora", action="create", fields=fields)["id"]
    for _ in range(2):
        synced(world)
    world.edit("rezora", action="unsubscribe", id=bob)
    world.edit("highlevel", action="update", id=pair[0], fields={"email": "bob@example.org"})
    done(live(world, (H, pair[0])))
    shown = world.contacts("rezora")[pair[1]]
    assert (shown["contact_email"] != "bob@example.org") or shown["contact_unsubscribe"] == "1"


def test_looks_do_not_get_a_mass_of_changes_past_the_brake_bit_by_bit(world: Simulation) -> None:
    pairs = crowd(world, 100)
    for _, record in pairs:
        world.edit("rezora", action="update", id=record, fields={"contact_home_city": "Lyons"})
    for _ in range(6):
        poll(world)
        world.clock.advance(30.0)
        hour(world)
    cities = [one["city"] for one in world.contacts("highlevel").values()]
    assert cities.count("Lyons") <= 48
    assert "braked" in {state for _, state in runs(world, "poll") + runs(world, "live")}


def test_a_mass_of_changes_in_the_midst_of_a_sync_stops_it(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = crowd(world, 100)

    async def edited() -> None:
        app = await world.open()
        assert world.bridge is not None
        for record, _ in pairs:
            world.edit("highlevel", action="update", id=record, fields={"city": "Lyons"})
        world.clock.advance(60.0)
        async with app.database.write() as connection:
            named = [Due(H, record) for record, _ in pairs]
            await due.name(connection, world.bridge.id, named, world.clock.now())

    in_the_midst(monkeypatch, "apply", edited)
    assert synced(world, accept=False) == "braked"
    cities = [one["contact_home_city"] for one in world.contacts("rezora").values()]
    assert cities.count("Lyons") <= 48


@pytest.mark.parametrize("status", [403, 429])
def test_one_record_that_is_always_refused_blocks_nobody(world: Simulation, status: int) -> None:
    pairs = crowd(world, 2)
    for record, _ in pairs:
        world.edit("highlevel", action="update", id=record, fields={"city": "Lyons"})
    path = f"/contacts/{pairs[0][0]}"
    world.fault(kind="status", status=status, side="highlevel", method="GET", path=path, times=9999)
    done(live(world, *((H, record) for record, _ in pairs)))
    assert world.contacts("rezora")[pairs[1][1]]["contact_home_city"] == "Lyons"
    assert left(world) == 1


def test_a_grant_that_is_lost_ends_the_run_with_its_own_sentence(world: Simulation) -> None:
    pair = linked(world)
    path = f"/contacts/{pair[0]}"
    world.fault(kind="status", status=401, side="highlevel", method="GET", path=path, times=9999)
    run = live(world, (H, pair[0]))
    assert run is not None
    assert run.state == "failed"
    assert "unexpected" not in run.sentence


def test_a_contact_that_waits_for_its_edit_to_settle_may_be_deleted_meanwhile(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = linked(world)
    world.clock.advance(60.0)
    world.edit("highlevel", action="update", id=pair[0], fields={"city": "Ly"})

    async def deleted() -> None:
        app = await world.open()
        assert world.bridge is not None
        world.edit("highlevel", action="delete", id=pair[0])
        async with app.database.write() as connection:
            await due.name(connection, world.bridge.id, [Due(H, pair[0])], world.clock.now())

    in_the_midst(monkeypatch, "settle", deleted)
    run = world.sync()
    assert run is not None
    assert (run.state, run.sentence) == ("done", "")


def test_a_side_that_was_empty_at_first_is_looked_at_all_the_same(world: Simulation) -> None:
    fields = {"contact_name": "Bob Byron", "contact_email": "bob@example.org"}
    world.edit("rezora", action="create", fields=fields)
    synced(world)
    world.clock.advance(4000.0)
    (made,) = world.contacts("highlevel")
    world.edit("highlevel", action="update", id=made, fields={"city": "Lyons"})
    assert done(poll(world))["moved"] <= 1
    world.edit("highlevel", action="update", id=made, fields={"state": "CO"})
    assert done(poll(world))["moved"] == 1
    (there,) = world.contacts("rezora").values()
    assert there["contact_home_state"] == "CO"


def test_a_failed_opt_out_of_somebody_nobody_named_is_tried_again(world: Simulation) -> None:
    pair = linked(world)
    fields = {"contact_name": "Bob Byron", "contact_email": "ada@example.org"}
    cousin = world.edit("rezora", action="create", fields=fields)["id"]
    for _ in range(2):
        synced(world)
    world.edit("highlevel", action="set_dnd", id=pair[0], channels={"Email": "active"})
    path = f"/v1/contacts/{cousin}.json"
    world.fault(kind="status", status=503, side="rezora", method="PUT", path=path, times=99)
    live(world, (H, pair[0]))
    assert world.contacts("rezora")[cousin]["contact_unsubscribe"] == "0"
    world.sandbox.faults.clear()
    hour(world)
    assert world.contacts("rezora")[cousin]["contact_unsubscribe"] == "1"


def test_a_persons_word_for_a_large_change_is_not_taken_back_by_a_schedule(world: Simulation) -> None:
    linked(world)
    ran: list[tuple[str, bool]] = []

    async def story() -> None:
        app = await world.open()
        bridge = world.bridge
        assert bridge is not None
        gate = asyncio.Event()

        async def sync(_bridge: object, cause: str, accept: bool) -> None:
            ran.append((cause, accept))
            await gate.wait()

        app._crew.sync = sync  # stands in for a sync of the real engine
        app._crew.start_sync(bridge, cause="schedule")
        await asyncio.sleep(0)
        app._crew.start_sync(bridge, cause="page", accept=True)
        app._crew.start_sync(bridge, cause="schedule")
        gate.set()
        while len(ran) < 2 or app._crew.busy(bridge.id):
            await asyncio.sleep(0)

    world.run(story())
    assert ran == [("schedule", False), ("page", True)]


def test_the_crew_rests_whatever_went_wrong(world: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = linked(world)
    named(world, (Side.HIGHLEVEL, pair[0]))
    tries = 0

    async def broken(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError("No space left on device")

    async def story() -> None:
        app = await world.open()
        monkeypatch.setattr(app._crew, "live", broken)
        for _ in range(20):
            await app._crew.look()
            await asyncio.gather(*app._crew._tasks.values())

    world.run(story())
    assert tries == 1
