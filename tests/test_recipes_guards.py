"""Each guard of the recipes, with what goes wrong where it is missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from landbridge.app import App
from landbridge.store.bridges import Bridge
from recipe_stories import World

TASK = '\n[[do]]\naction = "create_task"\ntitle = "Call {{contact.first_name}}"'


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.sync_now()
    yield made
    made.close()


def by_hand(world: World, contact_id: str) -> None:
    fields = {"title": "By hand", "dueDate": "2026-12-01T09:00:00Z", "completed": False}
    world.edit("highlevel", kind="task", action="create", contactId=contact_id, fields=fields)


def test_nothing_at_all_is_done_for_somebody_who_may_not_be_put_on_the_list(world: World) -> None:
    world.make_list("VIP")
    one, other = world.linked_person("Ada")
    world.edit("rezora", action="unsubscribe", id=other)
    world.sync_now()
    world.write(
        'name = "Both"\non = "tag_added"\ntag = "vip"\n[[do]]\naction = "add_tag"\ntag = "greeted"'
        '\n[[do]]\naction = "add_to_list"\nlist = "VIP"'
    )
    world.tag(one, "vip")
    world.look(times=2)
    assert world.outcomes() == ["skipped"]
    assert world.tags(one) == {"vip"}


def test_a_task_whose_answer_was_lost_starts_nothing_even_before_it_is_found_again(world: World) -> None:
    world.on("follow-up")
    world.write('name = "Echo"\non = "TaskCreate"' + TASK)
    world.person("Ada")
    path = "/contacts/[^/]+/tasks$"
    world.fault(side="highlevel", method="POST", path_regex=path, kind="lost_answer", times=1)
    world.look()
    assert world.outcomes("follow-up") == ["begun"]
    world.look(1.0)  # the event of that task is there, and nobody knows yet whose it is
    assert world.outcomes("Echo") == []
    world.look(times=5)
    assert (world.outcomes("follow-up"), world.outcomes("Echo")) == (["done"], [])
    assert len(world.tasks()) == 1


def test_what_happened_while_all_recipes_were_off_is_no_event(world: World) -> None:
    world.on("follow-up")
    world.ask(lambda app, bridge: app.recipes.switch(bridge, "follow-up", on=False))
    world.person("Ada")
    world.look(times=2)
    world.on("follow-up")
    world.look(times=2)
    world.sync_now()
    assert world.firings() == []
    world.person("Bea")
    world.look(times=2)
    assert [task["title"] for task in world.tasks()] == ["Follow up with Bea Byron"]


def test_an_event_that_came_before_a_second_recipe_was_on_does_not_start_it(world: World) -> None:
    world.on("tag-to-list")
    one = world.person("Ada")
    world.look(times=2)
    by_hand(world, one)
    world.clock.advance(1.0)
    world.events()
    world.clock.advance(1.0)
    world.write('name = "Later"\non = "TaskCreate"' + TASK)
    world.look(times=2)
    assert world.outcomes("Later") == []
    by_hand(world, one)
    world.look(times=2)
    assert world.outcomes("Later") == ["done"]


def test_a_system_that_does_not_answer_is_tried_again_and_then_told(world: World) -> None:
    world.on("follow-up")
    world.person("Ada")
    path = "/contacts/[^/]+/tasks$"
    world.fault(side="highlevel", method="POST", path_regex=path, kind="fail_before", times=None)
    world.look(times=2)
    assert world.outcomes() == ["begun"]
    world.look(3_700.0, times=12)
    (firing,) = world.firings()
    assert firing.state == "failed"
    assert "could not carry out POST" in firing.detail
    assert world.tasks() == []


def test_a_fault_in_a_recipe_fails_no_sync(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("landbridge.engine.fleet.run_recipes", broken)
    world.person("Ada")
    world.sync_now()
    world.sync_now()
    assert len(world.contacts("rezora")) == 1


def test_a_contact_that_is_not_in_rezora_yet_is_waited_for(world: World) -> None:
    world.make_list("VIP")
    world.on("tag-to-list", tag="vip", list="VIP")
    one = world.person("Ada", email="")
    world.look(times=2)
    world.tag(one, "vip")
    world.look()
    (firing,) = world.firings()
    assert (firing.state, firing.detail) == ("waiting", "Waits until the contact is in Rezora too.")
    world.edit("highlevel", action="update", id=one, fields={"email": "ada@example.org"})
    for _ in range(4):
        world.sync_now()
    world.look(130.0, times=2)
    assert world.outcomes() == ["done"]
    (lists,) = world.members().values()
    assert lists == {"VIP"}


def test_a_system_that_is_down_is_not_asked_again_every_second(world: World) -> None:
    from landbridge.store import recipes

    world.make_list("VIP")
    world.on("list-to-tag", list="VIP")
    world.on("follow-up")
    for name in ("Ada", "Bea", "Cleo"):
        world.person(name)
    path = "/contacts/[^/]+/tasks$"
    world.fault(side="highlevel", method="POST", path_regex=path, kind="status", status=401, times=None)
    world.fault(side="rezora", path_regex="/lists/", kind="fail_before", times=None)

    async def waiting(app: App, _bridge: Bridge) -> set[int]:
        async with app.database.read() as connection:
            return await recipes.bridges_with_work(connection, world.clock.now())

    world.look()
    assert world.ask(waiting) == set()
    world.sandbox.faults.clear()
    world.look(130.0, times=4)
    world.sync_now()
    assert sorted(task["title"][-9:-6] for task in world.tasks()) == ["Ada", "Bea", "leo"]


def test_a_schedule_is_not_missed_between_two_looks(world: World) -> None:
    world.person("Ada", city="Boulder")
    world.sync_now()
    world.write(
        'name = "Noon"\non = "schedule"\nat = "daily at 12:00"\n[[if]]\nfield = "city"\nexists = true' + TASK
    )
    world.look(7_000.0, times=26)
    assert world.outcomes("Noon") in (["done"] * 2, ["done"] * 3)


def test_a_note_is_made_once_and_what_a_name_holds_is_no_markup_and_no_merge_tag(world: World) -> None:
    world.write(
        'name = "Greet"\non = "contact_new"\n[[do]]\naction = "add_note"\nbody = "Hi {{contact.first_name}}!"'
    )
    world.person("Ada<b>{{user.email}}", email="ada@example.org")
    path = "/contacts/[^/]+/notes$"
    world.fault(side="highlevel", method="POST", path_regex=path, kind="lost_answer", times=1)
    world.look(times=6)
    (note,) = world.notes()
    assert "{{" not in note["body"]
    assert "<b>" not in note["body"]
    assert "user.email" in note["body"]
    assert world.outcomes() == ["done"]
    assert world.journaled("recipe Greet")[-1] == ("create", "highlevel", "done", "note")
