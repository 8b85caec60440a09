"""How the stories of tasks, notes and appointments begin, and what they look at."""

from __future__ import annotations

import sqlite3
from typing import Any

from landbridge.sandbox.history import Wanted
from landbridge.sync.model import Kind
from landbridge.sync.rules import ActivityRule, Direction, ListRule, OnGone, Policy
from simulation import Simulation, policy
from stories import linked, synced

RULES = (
    ActivityRule(Kind.TASK, Direction.BOTH),
    ActivityRule(Kind.NOTE, Direction.BOTH, OnGone.UNLINK),
    ActivityRule(Kind.APPOINTMENT, Direction.TO_REZORA),
)
DUE = "2026-06-03T15:00:00.000Z"


def mapping(*lists: ListRule, rules: tuple[ActivityRule, ...] = RULES) -> Policy:
    """The simulation's mapping with activities."""
    base = policy()
    return Policy(base.rules, base.labels, activities=rules, lists=lists)


def world_of(
    *lists: ListRule, rules: tuple[ActivityRule, ...] = RULES, activities: bool = True, **rezora: Any
) -> Simulation:
    """Two accounts that have activities, or of which only HighLevel has any."""
    return Simulation(mapping=mapping(*lists, rules=rules), activities=activities, **rezora)


def pair(world: Simulation) -> tuple[str, str]:
    """One contact on both sides."""
    return linked(world)


def add(world: Simulation, kind: str, contact: str, **fields: Any) -> str:
    """Somebody adds one in HighLevel."""
    known: dict[str, dict[str, Any]] = {
        "task": {"title": "Call back", "dueDate": DUE, "completed": False},
        "note": {"body": "<p>Wants a <b>garden</b></p>"},
        "appointment": {
            "title": "Tour of 12 Oak St",
            "startTime": "2026-06-02T09:00:00-06:00",
            "endTime": "2026-06-02T10:00:00-06:00",
        },
    }
    command = {"kind": kind, "action": "create", "contactId": contact, "fields": known[kind] | fields}
    return str(world.sandbox.edit("highlevel", command)["id"])


def change(world: Simulation, kind: str, one_id: str, **fields: Any) -> None:
    """Somebody edits one in HighLevel."""
    world.sandbox.edit("highlevel", {"kind": kind, "action": "update", "id": one_id, "fields": fields})


def remove(world: Simulation, kind: str, one_id: str) -> None:
    """Somebody deletes one in HighLevel."""
    world.sandbox.edit("highlevel", {"kind": kind, "action": "delete", "id": one_id})


def rezora(world: Simulation, kind: str, contact: str) -> dict[str, dict[str, str]]:
    """What Rezora has of a kind of a contact, by id: rows that a test may change like a person."""
    return world.rezora.account.activities[kind].setdefault(contact, {})


def highlevel(world: Simulation, kind: str) -> dict[str, dict[str, Any]]:
    """What HighLevel has of a kind, by id."""
    return {row["id"]: row for row in world.highlevel.dump()["tables"][f"{kind}s"]}


def held(world: Simulation) -> list[tuple[str, str]]:
    """Kind and cause of the holds of activities."""
    with sqlite3.connect(world.path) as store:
        found = store.execute("SELECT kind, cause FROM hold WHERE kind != 'contact' ORDER BY kind, cause")
        rows = found.fetchall()
    store.close()
    return rows


def writes(world: Simulation) -> int:
    """Calls of ours so far that can change something."""
    found = world.sandbox.history.summary(Wanted(actor="api", mutating=True))["mutating"]
    assert isinstance(found, int)
    return found


def thorough(world: Simulation) -> None:
    """A sync that reads the activities of everybody."""
    world.clock.advance(90_000.0)
    assert synced(world) == "done"


def quiet(world: Simulation) -> None:
    """A further thorough sync writes nothing."""
    before = writes(world)
    thorough(world)
    assert writes(world) == before
