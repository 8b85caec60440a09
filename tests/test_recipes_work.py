"""Recipes at work: each event once, at its time, judged again, and never because of what we did ourselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from landbridge.app import App
from landbridge.store.bridges import Bridge
from recipe_stories import World

TASK = """
[[do]]
action = "create_task"
title = "Call {{contact.first_name}}"
due = "2 days"
"""


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.person("Zoe")
    for _ in range(3):
        made.sync_now()
    yield made
    made.close()


def test_what_is_there_when_a_recipe_is_switched_on_is_no_event(world: World) -> None:
    world.on("follow-up")
    world.look(times=3)
    world.sync_now()
    assert (world.firings(), world.tasks()) == ([], [])


def test_a_new_contact_gets_one_task_however_often_it_is_told(world: World) -> None:
    world.on("follow-up")
    one = world.person("Ada")
    world.webhooks(double=1.0)
    world.look(times=4)
    world.sync_now()
    world.look(times=2)
    (task,) = world.tasks()
    assert task["contactId"] == one
    assert task["title"] == "Follow up with Ada Byron"
    assert world.outcomes() == ["done"]
    assert world.journaled("recipe follow-up") == [("create", "highlevel", "done", "task")]


def test_a_lost_webhook_is_made_good_by_the_next_sync(world: World) -> None:
    world.on("follow-up")
    world.webhooks(lose=1.0)
    world.person("Ada")
    world.look(times=3)
    assert world.tasks() == []
    world.sync_now()
    assert len(world.tasks()) == 1


def test_a_firing_waits_and_is_judged_again_by_what_the_contact_shows_then(world: World) -> None:
    world.write(
        'name = "Slow"\non = "contact_new"\ndelay = "1 day"\n[[if]]\nfield = "city"\nequals = "Boulder"'
        + TASK
    )
    stays, moves = world.person("Ada", city="Boulder"), world.person("Bea", city="Boulder")
    world.person("Cleo", city="Denver")
    world.look()
    assert sorted(world.outcomes()) == ["waiting", "waiting", "waiting"]
    world.edit("highlevel", action="update", id=moves, fields={"city": "Denver"})
    world.look(times=3)
    assert world.tasks() == []
    world.look(86_400.0)
    assert [task["contactId"] for task in world.tasks()] == [stays]
    told = {one.contact_id: one.detail for one in world.firings() if one.state == "skipped"}
    assert told[moves] == "Condition not met: city equals 'Boulder'."
    assert len(told) == 2


def test_a_recipe_switched_off_meanwhile_does_nothing(world: World) -> None:
    world.write('name = "Slow"\non = "contact_new"\ndelay = "1 hour"' + TASK)
    world.person("Ada")
    world.look()
    world.ask(lambda app, bridge: app.recipes.switch(bridge, "Slow", on=False))
    world.look(7_200.0)
    assert (world.outcomes(), world.tasks()) == (["skipped"], [])


def test_a_contact_that_is_gone_or_paused_gets_nothing(world: World) -> None:
    paused, _ = world.linked_person("Pia")
    world.write('name = "Slow"\non = "tag_added"\ntag = "x"\ndelay = "1 hour"' + TASK)
    gone = world.person("Ada")
    world.look()
    world.tag(gone, "x")
    world.tag(paused, "x")
    world.look()
    assert world.outcomes() == ["waiting", "waiting"]
    world.ask(lambda app, bridge: app.pause(bridge, paused))
    world.edit("highlevel", action="delete", id=gone)
    world.look(7_200.0)
    assert {one.detail for one in world.firings()} == {"The contact is gone.", "The contact is paused."}
    assert world.tasks() == []


# Limits


def test_limits_hold_for_a_contact_and_for_a_day(world: World) -> None:
    world.write(
        'name = "Often"\non = "tag_added"\ntag = "x"' + TASK + "[limits]\nper_contact_hour = 1\nper_day = 2"
    )
    one, two, three = (world.person(name) for name in ("Ada", "Bea", "Cleo"))
    world.look(times=2)
    world.tag(one, "x")
    world.look()
    world.tag(one)
    world.look()
    world.tag(one, "x")
    world.look()
    assert world.outcomes() == ["done", "skipped"]
    assert world.firings()[0].detail == "The limit of 1 for a contact in an hour is reached."
    world.tag(two, "x")
    world.look()
    world.tag(three, "x")
    world.look()
    assert world.firings()[0].detail == "The limit of 2 in 24 hours is reached."
    assert len(world.tasks()) == 2


# No loops


def test_our_own_task_starts_no_recipe_about_tasks(world: World) -> None:
    world.write('name = "Echo"\non = "TaskCreate"\n[limits]\nper_contact_hour = 99\nper_day = 999' + TASK)
    one = world.person("Ada")
    world.look(times=2)
    world.edit(
        "highlevel",
        kind="task",
        action="create",
        contactId=one,
        fields={"title": "By hand", "dueDate": "2026-12-01T09:00:00Z", "completed": False},
    )
    world.look(times=8)
    world.sync_now()
    world.look(times=3)
    assert sorted(task["title"] for task in world.tasks()) == ["By hand", "Call Ada"]
    assert world.outcomes("Echo") == ["done"]


def test_two_recipes_that_would_answer_each_other_do_not(world: World) -> None:
    world.make_list("B")
    world.write('name = "There"\non = "tag_added"\ntag = "a"\n[[do]]\naction = "add_to_list"\nlist = "B"')
    world.write('name = "Back"\non = "list_joined"\nlist = "B"\n[[do]]\naction = "remove_tag"\ntag = "a"')
    world.write('name = "Again"\non = "tag_removed"\ntag = "a"\n[[do]]\naction = "add_tag"\ntag = "a"')
    one, other = world.linked_person("Ada")
    world.tag(one, "a")
    for _ in range(6):
        world.look()
        world.sync_now()
    assert world.members()[other] == {"B"}
    assert world.tags(one) == {"a"}
    assert (world.outcomes("There"), world.outcomes("Back"), world.outcomes("Again")) == (["done"], [], [])


def test_what_the_sync_carries_for_a_recipe_starts_none_either(world: World) -> None:
    """Tag vip → list Buyers, which the mapping carries back as the tag buyer."""
    world.make_list("Buyers")
    world.write(
        'name = "There"\non = "tag_added"\ntag = "vip"\n[[do]]\naction = "add_to_list"\nlist = "Buyers"'
    )
    world.write('name = "Back"\non = "tag_added"\ntag = "buyer"\n[[do]]\naction = "add_tag"\ntag = "loop"')
    one, _ = world.linked_person("Ada")
    world.tag(one, "vip")
    for _ in range(5):
        world.look()
        world.sync_now()
    assert world.tags(one) == {"vip", "buyer"}
    assert world.outcomes("Back") == []


# Opt-outs


def test_somebody_who_opted_out_is_never_put_on_a_list(world: World) -> None:
    world.make_list("VIP")
    world.on("tag-to-list", tag="vip", list="VIP")
    one, other = world.linked_person("Ada")
    two, third = world.linked_person("Bea")
    world.edit("rezora", action="unsubscribe", id=other)
    world.sync_now()
    world.look()
    world.tag(one, "vip")
    world.tag(two, "vip")
    world.look(times=2)
    assert "VIP" not in world.members().get(other, set())
    assert "VIP" in world.members()[third]
    (skipped,) = [one for one in world.firings() if one.state == "skipped"]
    assert (skipped.contact_id, "put on no list" in skipped.detail) == (one, True)


# Failures and crashes


def test_a_list_that_is_missing_is_told_with_its_fix(world: World) -> None:
    world.on("tag-to-list", tag="vip", list="Nowhere")
    one, _ = world.linked_person("Ada")
    world.tag(one, "vip")
    world.look()
    (firing,) = world.firings()
    assert firing.state == "failed"
    assert firing.detail.startswith("Rezora has no list named 'Nowhere'. Make the list in Rezora")


def test_a_create_whose_answer_was_lost_is_looked_for_and_not_made_twice(world: World) -> None:
    world.on("follow-up")
    one = world.person("Ada")
    world.fault(
        side="highlevel", method="POST", path_regex="/contacts/[^/]+/tasks$", kind="lost_answer", times=1
    )
    world.look()
    assert world.outcomes() == ["begun"]
    world.edit("highlevel", action="update", id=one, fields={"firstName": "Adele"})  # its title would differ
    world.look(times=5)
    assert world.outcomes() == ["done"]
    assert [task["title"] for task in world.tasks()] == ["Follow up with Ada Byron"]


def test_the_process_may_die_anywhere_and_there_is_one_task(world: World) -> None:
    world.on("follow-up", delay="1 minute")
    world.write('name = "Echo"\non = "TaskCreate"' + TASK)
    number, crash_at = 0, 1
    while True:
        number += 1
        world.person(f"P{number:03d}")
        world.look(30.0)
        world.clock.advance(90.0)
        world.events()
        died = world.partly("live", crash_at=crash_at) is None
        world.look(times=3)
        if not died:
            break
        crash_at += 3
    assert number > 10
    world.look(90.0, times=3)
    world.sync_now()
    world.look(90.0, times=2)
    titles = [task["title"] for task in world.tasks()]
    assert sorted(titles) == sorted(set(titles))
    assert len(titles) == number
    assert world.outcomes("Echo") == []


# Schedules, holds and notices


def test_a_schedule_looks_at_everybody_it_means_once(world: World) -> None:
    ada = world.person("Ada", city="Boulder")
    world.sync_now()
    world.write(
        'name = "Daily"\non = "schedule"\nat = "daily at 09:00"\n[[if]]\nfield = "city"\nequals = "Boulder"'
        + TASK
    )
    world.look(3_600.0, times=30)
    assert {one.contact_id for one in world.firings()} == {ada}
    assert 1 <= len(world.tasks()) <= 2
    keys = [one.event for one in world.firings()]
    assert len(keys) == len(set(keys)) == len(world.tasks())


def test_a_hold_stays_until_a_person_answers_and_a_notice_is_an_alert(world: World) -> None:
    world.write(
        'name = "Ask"\non = "tag_added"\ntag = "x"'
        '\n[[do]]\naction = "hold"\ntext = "Look at {{contact.first_name}}"'
        '\n[[do]]\naction = "notify"\ntext = "{{recipe.name}} on {{today}}"'
    )
    one, _ = world.linked_person("Ada")
    world.tag(one, "x")
    world.look()
    for _ in range(2):
        world.sync_now()
    (question,) = world.ask(lambda app, bridge: app.holds(bridge))
    assert (question.hold.cause, question.hold.rule, question.hold.detail) == ("recipe", "Ask", "Look at Ada")
    assert question.actions == ("done",)
    (alert,) = world.ask(lambda app, bridge: app.alerts(bridge))
    assert alert.sentence.startswith("Ask on 2026-")
    world.ask(lambda app, bridge: app.resolve(bridge, question.hold.id, "done", by="somebody"))
    assert world.ask(lambda app, bridge: app.holds(bridge)) == []
    world.look(times=3)
    assert world.outcomes("Ask") == ["done"]


def test_a_task_that_a_recipe_made_can_be_undone(world: World) -> None:
    from landbridge.engine.undo import UndoOrder

    world.on("follow-up")
    world.person("Ada")
    world.look(times=2)
    (entry,) = [
        e for e in world.ask(lambda app, bridge: app.journal(bridge, 50)) if e.note == "recipe follow-up"
    ]
    meant, unmeant = UndoOrder(entry.id, created=True), UndoOrder(entry.id)
    made = world.ask(lambda app, bridge: app.undo(bridge, unmeant, cause="test"))
    assert [line.outcome for line in made.lines] == ["skipped"] and len(world.tasks()) == 1
    made = world.ask(lambda app, bridge: app.undo(bridge, meant, cause="test"))
    assert [line.outcome for line in made.lines] == ["undone"] and world.tasks() == []


# Dry runs


def test_a_dry_run_on_yesterday_says_what_and_why_not_and_writes_nothing(world: World) -> None:
    ada, bea = world.person("Ada", city="Boulder"), world.person("Bea", city="Denver")
    world.look(times=2)
    world.clock.advance(86_400.0)
    text = 'name = "New"\non = "contact_new"\n[[if]]\nfield = "city"\nequals = "Boulder"' + TASK
    world.sandbox.history.forget()
    trial = world.trial(text=text)
    told = {line.contact_id: (line.outcome, line.reason) for line in trial.lines}
    assert told[ada] == ("would", "")
    assert told[bea] == ("would not", "Condition not met: city equals 'Boulder'.")
    (line,) = [line for line in trial.lines if line.contact_id == ada]
    assert line.actions[0].startswith("Task: Call Ada, due ")
    assert world.sandbox.history.summary()["total"] == 0
    assert (world.tasks(), world.firings()) == ([], [])


def test_a_dry_run_says_perhaps_where_highlevel_did_not_say_what_changed(world: World) -> None:
    ada = world.person("Ada")
    world.look()
    world.tag(ada, "x")
    world.look()
    world.clock.advance(86_400.0)
    trial = world.trial(text='name = "T"\non = "tag_added"\ntag = "x"' + TASK)
    assert {(line.contact_id, line.outcome) for line in trial.lines} == {(ada, "perhaps")}
    assert "Rezora tells of no change" in world.trial("list-to-tag").note


# What the receiver keeps


def test_events_about_none_of_our_records_are_kept_once_a_recipe_asks_for_them(world: World) -> None:
    def arrive() -> None:
        world.highlevel.state.emit("InvoicePaid", "inv1", next(iter(world.contacts("highlevel"))))
        world.look(times=2)

    arrive()
    assert world.firings() == []
    world.write('name = "Paid"\non = "InvoicePaid"\n[[do]]\naction = "notify"\ntext = "An invoice was paid."')
    arrive()
    assert world.outcomes("Paid") == ["done"]
    (alert,) = world.ask(lambda app, bridge: app.alerts(bridge))
    assert alert.sentence == "An invoice was paid."


def test_the_first_bridge_that_has_work_is_woken_for_it_and_left_alone_after(world: World) -> None:
    from landbridge.store import recipes

    async def waiting(app: App, _bridge: Bridge) -> set[int]:
        async with app.database.read() as connection:
            return await recipes.bridges_with_work(connection, world.clock.now())

    assert world.ask(waiting) == set()
    world.ask(lambda app, bridge: app.recipes.switch(bridge, "follow-up", on=True))
    assert world.ask(waiting) == {1}
    world.look()
    assert world.ask(waiting) == set()
    world.person("Ada")
    world.clock.advance(1.0)
    world.events()
    assert world.ask(waiting) == {1}
    world.look(times=2)
    assert world.ask(waiting) == set()
