"""How the stories of the guards begin, and what they look at."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from simulation import Simulation


def ada(world: Simulation, **more: Any) -> str:
    """One contact in HighLevel."""
    fields = {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.org", "city": "Boulder"}
    return str(world.edit("highlevel", action="create", fields=fields | more)["id"])


def linked(world: Simulation, **more: Any) -> tuple[str, str]:
    """One contact in both, after two syncs."""
    left = ada(world, **more)
    for _ in range(2):
        world.clock.advance(60.0)
        synced(world)
    (right,) = world.contacts("rezora")
    return left, right


def synced(world: Simulation, *, accept: bool = True) -> str:
    world.clock.advance(60.0)
    run = world.sync(accept=accept)
    assert run is not None
    return run.state


def holds(world: Simulation) -> set[str]:
    with sqlite3.connect(world.path) as store:
        found = {row[0] for row in store.execute("SELECT cause FROM hold")}
    store.close()
    return found


def journaled(world: Simulation) -> set[str]:
    with sqlite3.connect(world.path) as store:
        found = {row[0] for row in store.execute("SELECT action FROM journal")}
    store.close()
    return found


def replaced(world: Simulation) -> list[Any]:
    """What updates replaced, by the journal."""
    with sqlite3.connect(world.path) as store:
        rows = store.execute("SELECT before FROM journal WHERE action = 'update'").fetchall()
    store.close()
    return [json.loads(row[0]) for row in rows]


def reasons(world: Simulation) -> set[str]:
    with sqlite3.connect(world.path) as store:
        found = {row[0] for row in store.execute("SELECT reason FROM observed")}
    store.close()
    return found
