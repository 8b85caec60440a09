"""Thousands of edits on both sides while webhooks are lost, doubled, late and out of order: ``make storm``.

``python tests/storm.py EDITS CONTACTS SEED`` prints the figures; ``tests/test_storm.py`` runs a small one.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass

from rich.progress import Progress

from landbridge.sync.guard import Brake
from simulation import Simulation

EDITS, CONTACTS, SEED = 10_000, 500, 1
ROUND = 25  # edits between two deliveries of webhooks
POLL_SECONDS = 900.0
CITIES = ("Boulder", "Denver", "Lyons", "Zürich", "Golden", "Aspen", "Vail", "Leadville", "Ouray", "Salida")
STATES = ("CO", "CA", "TX", "NY", "WA", "OR", "UT", "NM", "AZ", "NV")
STREETS = ("Main St", "Oak Ave", "Pine St", "Elm St", "Maple Dr", "Cedar Ln")


@dataclass(slots=True)
class Storm:
    """What was done, and what it took."""

    edits: int = 0
    webhooks: int = 0
    lost: int = 0
    live: int = 0
    polls: int = 0
    writes_of_the_scan: int = 0
    writes_after: int = 0
    seconds: float = 0.0


def storm(edits: int, contacts: int, seed: int, progress: Progress | None = None) -> Storm:
    """Raises ``AssertionError`` where both sides do not agree after the next scan, or it is not at rest."""
    chance, told, began = random.Random(seed), Storm(), time.monotonic()
    world = Simulation(seed=seed, brake=Brake(share=1.0, records=10 * edits))
    bar = progress.add_task("Storm", total=edits) if progress else None
    try:
        people(world, contacts)
        polled = world.clock.now()
        while told.edits < edits:
            for _ in range(min(ROUND, edits - told.edits)):
                edit(world, chance)
                told.edits += 1
            world.clock.advance(chance.uniform(1.0, 30.0))
            told.webhooks += world.events()
            if world.clock.now() - polled >= POLL_SECONDS:
                polled, told.polls = world.clock.now(), told.polls + 1
                world.partly("poll")
            else:
                told.live += 1
                world.partly("live")
            if progress and bar is not None:
                progress.update(bar, completed=told.edits)
        told.lost = world.highlevel.webhooks.counts["lost"]
        _come_to_rest(world, told)
    finally:
        world.close()
    told.seconds = time.monotonic() - began
    return told


def people(world: Simulation, contacts: int) -> None:
    """Everybody in HighLevel, and in Rezora after two syncs."""
    for number in range(contacts):
        fields = {"firstName": f"Ada{number}", "lastName": f"Byron{number}", "city": "Boulder"}
        world.edit("highlevel", action="create", fields=fields | {"email": f"p{number}@example.org"})
    for _ in range(2):
        world.clock.advance(60.0)
        world.sync()
    world.highlevel.webhooks.clear()


def edit(world: Simulation, chance: random.Random) -> None:
    """One edit by somebody on either side, of one field or tag of one contact."""
    side = chance.choice(("highlevel", "rezora"))
    record = chance.choice(sorted(world.contacts(side)))
    kind = chance.randrange(5)
    if kind == 4 and side == "highlevel":
        action = chance.choice(("add_tags", "remove_tags"))
        world.edit(side, action=action, id=record, tags=[chance.choice(("buyer", "hot lead", "vip"))])
        return
    names = {
        "highlevel": ("city", "state", "address1", "postalCode", "city"),
        "rezora": (
            "contact_home_city",
            "contact_home_state",
            "contact_home_street",
            "contact_home_zip",
            "contact_home_city",
        ),
    }
    numbers = tuple(f"{chance.randrange(80_000, 82_000)}" for _ in range(2))
    values = (CITIES, STATES, STREETS, numbers, CITIES)
    world.edit(side, action="update", id=record, fields={names[side][kind]: chance.choice(values[kind])})


def _come_to_rest(world: Simulation, told: Storm) -> None:
    """The next scan, with the calls it makes; on the one after none may be left."""
    world.clock.advance(60.0)
    before = world.mutating()
    run = world.sync()
    assert run is not None, "the scan did not end"
    assert run.state == "done", run.sentence
    told.writes_of_the_scan = world.mutating() - before
    world.clock.advance(60.0)
    before = world.mutating()
    world.sync()
    told.writes_after = world.mutating() - before
    world.checker.after_settling()
    assert told.writes_after == 0, f"{told.writes_after} mutating calls on the run after"


def main(edits: int, contacts: int, seed: int) -> int:
    """Print the figures."""
    with Progress() as progress:
        told = storm(edits, contacts, seed, progress)
    print(f"{told.edits:,} edits over {contacts:,} contacts, seed {seed}, {told.seconds:,.0f} s")
    print(f"{told.webhooks:,} webhooks delivered, {told.lost:,} lost")
    print(f"{told.live:,} live runs, {told.polls} looks for changes")
    print(f"{told.writes_of_the_scan} mutating calls of the next scan, {told.writes_after} of the run after")
    return 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:4]]
    sys.exit(main(*(given + [EDITS, CONTACTS, SEED][len(given) :])))
