"""How the stories of live work name records, carry what is due, and look what moved."""

from __future__ import annotations

from collections import Counter
from typing import Any

from landbridge.store import due
from landbridge.store.due import Due, Urgency
from landbridge.store.runs import Run
from landbridge.sync.model import Side
from simulation import Simulation

H, R = Side.HIGHLEVEL, Side.REZORA


def named(world: Simulation, *records: tuple[Side, str], urgency: Urgency = Urgency.LIVE) -> None:
    """Events named these records."""

    async def name() -> None:
        app = await world.open()
        assert world.bridge is not None
        async with app.database.write() as connection:
            found = [Due(side, record_id, urgency) for side, record_id in records]
            await due.name(connection, world.bridge.id, found, world.clock.now())

    world.run(name())


def live(world: Simulation, *records: tuple[Side, str]) -> Run | None:
    """Carry what these events named, a minute later."""
    named(world, *records)
    world.clock.advance(60.0)

    async def carry() -> Run | None:
        app = await world.open()
        assert world.bridge is not None
        return await app.live(world.bridge)

    world.checker.run_begins()
    run = world.run(carry())
    world.checker.run_ended(whole=False)
    assert run is None or isinstance(run, Run)
    return run


def carried(world: Simulation, *records: tuple[Side, str]) -> dict[str, Any]:
    """The counts of everything that follows these events; of Rezora an edit settles from when it is seen."""
    counts = Counter(done(live(world, *records)))
    counts.update(done(live(world)))
    return counts


def left(world: Simulation) -> int:
    """How many records are due."""

    async def count() -> int:
        app = await world.open()
        assert world.bridge is not None
        async with app.database.read() as connection:
            return await due.count(connection, world.bridge.id)

    found = world.run(count())
    assert isinstance(found, int)
    return found


def done(run: Run | None) -> dict[str, Any]:
    """The counts of a run that was carried to its end."""
    assert run is not None
    assert (run.state, run.sentence) == ("done", "")
    return dict(run.counts)


def poll(world: Simulation) -> Run | None:
    """Look what moved on both sides, a minute later."""
    world.clock.advance(60.0)

    async def look() -> Run | None:
        app = await world.open()
        assert world.bridge is not None
        return await app.poll(world.bridge, cause="test")

    world.checker.run_begins()
    run = world.run(look())
    world.checker.run_ended(whole=False)
    assert run is None or isinstance(run, Run)
    return run
