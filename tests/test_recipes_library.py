"""Every built-in recipe, end to end: from what somebody does in one system to what the other shows."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from landbridge.sandbox.highlevel.config import FULL_PIT, HighLevelConfig
from landbridge.sync.mapping import read_policy
from landbridge.sync.recipe_library import LIBRARY
from recipe_stories import World

LOCATION = HighLevelConfig().location_id


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def task_of(world: World) -> tuple[str, str]:
    (task,) = world.tasks()
    return task["title"], task["contactId"]


def test_follow_up_for_a_contact_made_in_highlevel_and_for_one_made_by_the_sync(world: World) -> None:
    world.sync_now()
    world.on("follow-up", delay="1 hour", title="Call {{contact.first_name}}", assignee="owner")
    owner = next(iter(world.highlevel.state.tables["users"]))
    one = world.person("Ada", assignedTo=owner)
    world.look(times=2)
    assert world.tasks() == []
    world.look(3_700.0)
    assert task_of(world) == ("Call Ada", one)
    assert world.tasks()[0]["assignedTo"] == owner
    assert world.tasks()[0]["dueDate"].endswith("00.000Z")
    world.edit(
        "rezora", action="create", fields={"contact_name": "Bea Lane", "contact_email": "bea@example.org"}
    )
    for _ in range(3):
        world.sync_now()
    world.look(3_700.0)
    assert sorted(task["title"] for task in world.tasks()) == ["Call Ada", "Call Bea"]


def test_task_when_somebody_unsubscribes_in_rezora(world: World) -> None:
    one, other = world.linked_person("Ada")
    world.linked_person("Bea")
    world.on("unsubscribe-task")
    world.edit("rezora", action="unsubscribe", id=other)
    world.sync_now()
    world.look()
    world.sync_now()
    assert task_of(world) == ("Ada Byron unsubscribed: stay in touch by phone", one)
    assert world.outcomes() == ["done"]


def test_tag_to_list(world: World) -> None:
    world.make_list("VIP")
    one, other = world.linked_person("Ada")
    world.on("tag-to-list", tag="vip", list="VIP")
    world.tag(one, "vip")
    world.look(times=2)
    assert world.members()[other] == {"VIP"}
    assert world.journaled("recipe tag-to-list") == [("join", "rezora", "done", "contact")]


def test_list_to_tag(world: World) -> None:
    world.make_list("VIP")
    one, other = world.linked_person("Ada")
    world.on("list-to-tag", tag="vip", list="VIP")
    world.edit("rezora", action="add_to_list", id=other, list="VIP")
    world.sync_now()
    world.look(times=2)
    assert world.tags(one) == {"vip"}
    assert world.outcomes() == ["done"]


def test_list_on_no_show(world: World) -> None:
    world.make_list("No-show")
    one, other = world.linked_person("Ada")
    world.on("no-show-list")
    fields = {"startTime": "2026-06-01T10:00:00-06:00", "endTime": "2026-06-01T10:30:00-06:00"}
    made = world.edit("highlevel", kind="appointment", action="create", contactId=one, fields=fields)
    world.look(times=2)
    assert world.members().get(other) is None
    for title in ("first", "second"):  # an event that comes again is of the same no-show
        changed = {"appointmentStatus": "noshow", "title": title}
        world.edit("highlevel", kind="appointment", action="update", id=made["id"], fields=changed)
        world.look()
    assert world.members()[other] == {"No-show"}
    assert world.outcomes() == ["done"]


def test_welcome_list_for_a_new_business(world: World) -> None:
    world.make_list("Welcome")
    one, other = world.linked_person("Ada")
    world.on("business-welcome")
    post(
        world,
        "/highlevel/contacts/bulk/business",
        {"locationId": LOCATION, "ids": [one], "businessId": business(world)},
    )
    world.look(times=2)
    for _ in range(2):
        world.sync_now()
    assert world.members()[other] == {"Welcome"}
    assert world.outcomes() == ["done"]


def business(world: World) -> str:
    made = post(world, "/highlevel/businesses/", {"name": "Shore Homes", "locationId": LOCATION})
    found = made.get("buiseness") or made.get("business")
    assert found is not None
    return str(found["id"])


def post(world: World, path: str, body: dict[str, object]) -> dict[str, dict[str, str]]:
    """A call of another app."""
    headers = {
        "authorization": f"Bearer {FULL_PIT}",
        "version": "2021-07-28",
        "content-type": "application/json",
    }
    exchange = world.run(world.sandbox.exchange("POST", path, headers, json.dumps(body).encode()))
    assert exchange.answer.status in (200, 201), exchange.answer.body
    answer: dict[str, dict[str, str]] = json.loads(exchange.answer.body)
    return answer


@pytest.mark.parametrize("key", ["tasks-both-ways", "notes-to-rezora", "appointment-reminders"])
def test_what_the_sync_itself_does_has_its_switch_here(world: World, key: str) -> None:
    """Its table comes into the mapping and goes again; everything else of the mapping stays."""
    before = world.ask(lambda app, bridge: app.bridges.bridge(bridge.name)).policy
    card = world.on(key)
    assert (card.enabled, card.a_recipe) == (True, False)
    changed = world.ask(lambda app, bridge: app.bridges.bridge(bridge.name)).policy
    rule = LIBRARY[key].carries
    assert rule is not None and read_policy(changed).activities == (rule,)
    world.off(key)
    assert world.ask(lambda app, bridge: app.bridges.bridge(bridge.name)).policy.rstrip() == before.rstrip()


def test_everything_is_off_by_default(world: World) -> None:
    cards = world.ask(lambda app, bridge: app.recipes.cards(bridge))
    assert len(cards) == 9
    assert not any(card.enabled for card in cards)
    world.sync_now()
    world.person("Ada")
    world.look(times=3)
    world.sync_now()
    assert (world.tasks(), world.firings()) == ([], [])
