"""Every place at which the process can die, also while it recovers; and what may not matter at all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from simulation import Simulation

PEOPLE: tuple[tuple[str, str, str, list[str]], ...] = (
    ("Ada", "Byron", "Boulder", ["buyer"]),
    ("Grace", "Hopper", "Denver", []),
    ("José", "O'Brien", "", ["hot lead"]),
)


def story(world: Simulation) -> None:
    """Two accounts after a first sync, and one edit of each kind since."""
    for number, (first, last, city, tags) in enumerate(PEOPLE):
        fields = {"firstName": first, "lastName": last, "email": f"h{number}@example.org", "city": city}
        world.edit("highlevel", action="create", fields=fields | {"tags": tags})
    rezora = {"contact_name": "Katherine Johnson", "contact_email": "r1@example.org", "contact_type": "Hot"}
    world.edit("rezora", action="create", fields=rezora)
    world.clock.advance(60.0)
    world.sync()
    world.clock.advance(60.0)
    left = {c["email"]: key for key, c in world.contacts("highlevel").items()}
    right = {c["contact_email"]: key for key, c in world.contacts("rezora").items()}
    world.edit("highlevel", action="update", id=left["h0@example.org"], fields={"city": "Lyons"})
    world.edit("rezora", action="update", id=right["h0@example.org"], fields={"contact_home_zip": "80301"})
    world.edit("rezora", action="unsubscribe", id=right["h1@example.org"])
    world.edit("highlevel", action="remove_tags", id=left["h2@example.org"], tags=["hot lead"])
    world.edit("highlevel", action="add_tags", id=left["h2@example.org"], tags=["buyer"])
    world.edit("rezora", action="delete", id=right["r1@example.org"])
    more = {"firstName": "Anne-Marie", "lastName": "Hopper", "email": "h9@example.org"}
    world.edit("highlevel", action="create", fields=more)
    other = {"contact_name": "Annie Easley", "contact_email": "r9@example.org"}
    world.edit("rezora", action="create", fields=other)
    world.clock.advance(60.0)


def outcome(world: Simulation) -> Any:
    """Both accounts without their ids and times, and what people are shown."""
    left = sorted(
        (
            *(c[name] for name in ("email", "firstName", "lastName", "city", "postalCode")),
            sorted(c["tags"]),
            str(sorted((key, value["status"]) for key, value in c["dndSettings"].items())),
        )
        for c in world.contacts("highlevel").values()
    )
    members = world.members()
    shown = ("email", "name", "home_city", "home_zip", "type", "unsubscribe")
    right = sorted(
        (*(c[f"contact_{name}"] for name in shown), sorted(members.get(key, ())))
        for key, c in world.contacts("rezora").items()
    )
    assert world.bridge is not None
    status = world.run(_status(world))
    return left, right, sorted((share.key, share.count) for share in (*status.excluded, *status.held))


async def _status(world: Simulation) -> Any:
    app = await world.open()
    assert world.bridge is not None
    return await app.status(world.bridge)


def told(*crashes: int) -> tuple[Any, int]:
    """The story to its end, dying at these places in one run after the other."""
    world = Simulation()
    try:
        story(world)
        places = 0
        for at in crashes:
            world.sync(crash_at=at)
            places = max(places, world.places)
        world.settle()
        return outcome(world), places
    finally:
        world.close()


def places() -> int:
    """In how many places a run of the story can die."""
    world = Simulation()
    try:
        story(world)
        world.sync(crash_at=1_000_000)
        return world.places
    finally:
        world.close()


COUNT = places()


@pytest.mark.parametrize("start", range(1, 9))
def test_wherever_the_process_dies_the_end_is_the_same(start: int) -> None:
    wanted, _ = told()
    assert COUNT > 60
    for at in range(start, COUNT + 1, 8):
        assert told(at)[0] == wanted, f"died at place {at} of {COUNT}"


@pytest.mark.parametrize("seed", range(4))
def test_so_it_is_when_it_dies_again_while_it_recovers(seed: int) -> None:
    chance = random.Random(seed)
    wanted, _ = told()
    for _ in range(12):
        crashes = [chance.randint(1, COUNT) for _ in range(chance.randint(2, 4))]
        assert told(*crashes)[0] == wanted, crashes


def test_running_twice_is_running_once_and_the_clock_does_not_matter() -> None:
    wanted, _ = told()
    for skew in (-86_400.0, 86_400.0):
        world = Simulation()
        try:
            story(world)
            world.clock.skew = skew
            world.sync()
            world.sync()
            world.settle()
            assert outcome(world) == wanted
        finally:
            world.close()


def test_a_person_who_has_nothing_to_do_with_it_changes_nothing_for_the_others() -> None:
    wanted, _ = told()
    world = Simulation(seed=5)
    try:
        stranger = {"firstName": "Zoe", "lastName": "Zimmer", "email": "z@example.org"}
        world.edit("highlevel", action="create", fields=stranger)
        story(world)
        world.settle()
        left, right, shares = outcome(world)
        others = (
            [row for row in left if row[0] != "z@example.org"],
            [row for row in right if row[0] != "z@example.org"],
        )
        assert (*others, shares) == wanted
    finally:
        world.close()
