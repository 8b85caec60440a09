"""Webhooks all the way: from an edit in HighLevel through its own signed webhook to the write in Rezora."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.sandbox.history import Wanted
from simulation import Simulation
from stories import ada, linked, synced


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = Simulation()
    made.sandbox.configure({"highlevel": {"webhook_faults": {}}})
    yield made
    made.close()


def cities(world: Simulation) -> list[str]:
    return sorted(one["contact_home_city"] for one in world.contacts("rezora").values())


def counted(world: Simulation) -> dict[str, int]:
    """Webhooks by what became of them."""

    async def count() -> dict[str, int]:
        return await (await world.open()).arrivals()

    found = world.run(count())
    assert isinstance(found, dict)
    return found


def test_an_edit_is_told_by_a_webhook_and_carried(world: Simulation) -> None:
    left, _ = linked(world)
    world.highlevel.webhooks.clear()
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    world.clock.advance(30.0)
    assert world.events() == 1
    world.partly("live")
    assert cities(world) == ["Lyons"]
    world.events()  # the echoes of what we wrote
    before = world.mutating()
    world.partly("live")
    assert world.mutating() == before


@pytest.mark.parametrize("why", ["database is locked", "database or disk is full"])
def test_what_could_not_be_stored_is_sent_again_and_carried(
    world: Simulation, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [linked(world)[0]]
    ids += [ada(world, firstName=f"Ada{n}", lastName="Hopper", email=f"n{n}@example.org") for n in range(9)]
    for _ in range(2):
        synced(world)
    world.highlevel.webhooks.clear()
    for record in ids:
        world.edit("highlevel", action="update", id=record, fields={"city": "Lyons"})
    world.clock.advance(30.0)

    async def burst() -> None:
        app = await world.open()

        @asynccontextmanager
        async def refuse() -> AsyncIterator[AsyncConnection]:
            raise OperationalError("INSERT", {}, sqlite3.OperationalError(why))
            yield  # type: ignore[unreachable]  # makes it a generator

        with monkeypatch.context() as patched:
            patched.setattr(app.database, "write", refuse)
            await world.deliver()

    world.run(burst())
    assert {tuple(one["answers"]) for one in world.highlevel.webhooks.as_json()["pending"]} == {(429,)}
    world.partly("live")
    assert cities(world) == ["Boulder"] * 10
    world.clock.advance(700.0)  # HighLevel tries again after ten minutes
    assert world.events() == 10
    assert counted(world)["refused"] >= 10
    world.partly("live")
    assert cities(world) == ["Lyons"] * 10


@pytest.mark.parametrize("outcome", ["forged", "stale"])
def test_what_is_wrong_has_no_effect_but_a_counter(world: Simulation, outcome: str) -> None:
    left, _ = linked(world)
    world.highlevel.webhooks.clear()
    fault = {"forged": "forge", "stale": "stale"}[outcome]
    world.sandbox.configure({"highlevel": {"webhook_faults": {fault: 1.0, "lose": 1.0}}})
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    world.clock.advance(30.0)
    world.events()
    before = world.mutating()
    world.partly("live")
    assert counted(world)[outcome] == 1
    assert (world.mutating(), cities(world)) == (before, ["Boulder"])


def test_a_hundred_events_of_one_contact_are_one_look_and_one_write(world: Simulation) -> None:
    left, _ = linked(world)
    world.highlevel.webhooks.clear()
    for number in range(100):
        world.edit("highlevel", action="update", id=left, fields={"city": f"Town {number}"})
    world.clock.advance(30.0)
    assert world.events() == 100
    before = world.mutating()
    run = world.partly("live")
    assert run is not None
    assert run.counts["reads"] <= 4
    assert (world.mutating() - before, cities(world)) == (1, ["Town 99"])


def test_an_opt_out_overtakes_what_came_before_it(world: Simulation) -> None:
    left, _ = linked(world)
    others = [
        ada(world, firstName=f"Ada{n}", lastName="Hopper", email=f"n{n}@example.org") for n in range(60)
    ]
    for _ in range(2):
        synced(world)
    world.highlevel.webhooks.clear()
    seen = world.sandbox.history.last_number
    for record in others[:20]:
        world.edit("highlevel", action="update", id=record, fields={"city": "Lyons"})
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    world.clock.advance(30.0)
    world.events()
    world.partly("live")
    writes = [
        entry.request_body or b""
        for entry in world.sandbox.history.read(Wanted(since=seen, side="rezora", mutating=True))
    ]
    assert b'"contact_unsubscribe": "1"' in writes[0] or b'"contact_unsubscribe":"1"' in writes[0]
    assert len(writes) == 21
