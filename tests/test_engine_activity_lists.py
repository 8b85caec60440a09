"""Lists that follow from activities, and the calendar, with a Rezora that has no activities at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from activity_stories import add, change, pair, world_of, writes
from landbridge.sync.rules import ListRule, When
from simulation import Simulation
from stories import synced

LISTS = (
    ListRule(When.APPOINTMENT_THIS_WEEK, "Appointment this week"),
    ListRule(When.FOLLOW_UP_DUE, "Follow-up due"),
    ListRule(When.NO_SHOW, "No-show"),
)


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = world_of(*LISTS, activities=False)
    made.clock.advance(3_600.0)
    yield made
    made.close()


def day(world: Simulation, days: float, hour: int = 15) -> datetime:
    now = datetime.fromtimestamp(world.clock.now(), UTC)
    return now.replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=days)


def book(world: Simulation, contact: str, days: float, **more: str) -> str:
    start = day(world, days)
    times = {"startTime": start.isoformat(), "endTime": (start + timedelta(hours=1)).isoformat()}
    return add(world, "appointment", contact, **times, **more)


def lists_of(world: Simulation, contact: str) -> set[str]:
    names = {rule.list for rule in LISTS}
    return world.members().get(contact, set()) & names


def sync(world: Simulation) -> None:
    world.clock.advance(120.0)
    assert synced(world) == "done"


def test_an_appointment_of_this_week_puts_on_the_list_and_time_takes_off(world: Simulation) -> None:
    left, right = pair(world)
    book(world, left, 3)
    sync(world)
    assert lists_of(world, right) == {"Appointment this week"}
    before = writes(world)
    sync(world)
    assert writes(world) == before
    world.clock.advance(5 * 86_400.0)
    sync(world)
    assert lists_of(world, right) == set()


def test_one_of_next_month_or_cancelled_does_not_count(world: Simulation) -> None:
    left, right = pair(world)
    book(world, left, 20)
    book(world, left, 2, appointmentStatus="cancelled")
    sync(world)
    assert lists_of(world, right) == set()


def test_a_task_due_today_is_on_the_list_until_it_is_done(world: Simulation) -> None:
    left, right = pair(world)
    one = add(world, "task", left, dueDate=day(world, -1).isoformat())
    add(world, "task", left, dueDate=day(world, 9).isoformat())
    sync(world)
    assert lists_of(world, right) == {"Follow-up due"}
    change(world, "task", one, completed=True)
    sync(world)
    assert lists_of(world, right) == set()


def test_a_no_show_is_on_the_list_until_there_is_a_new_appointment(world: Simulation) -> None:
    left, right = pair(world)
    book(world, left, -2, appointmentStatus="noshow")
    sync(world)
    assert lists_of(world, right) == {"No-show"}
    book(world, left, 20)
    sync(world)
    assert lists_of(world, right) == set()


@pytest.mark.parametrize("side", ["highlevel", "rezora"])
def test_whoever_opted_out_is_on_no_list(world: Simulation, side: str) -> None:
    left, right = pair(world)
    book(world, left, 3)
    if side == "rezora":
        world.edit("rezora", action="unsubscribe", id=right)
    else:
        world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    sync(world)
    assert lists_of(world, right) == set()


def test_whoever_opts_out_later_is_taken_off(world: Simulation) -> None:
    left, right = pair(world)
    book(world, left, 3)
    sync(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    sync(world)
    assert lists_of(world, right) == set()


def test_whom_a_person_takes_off_stays_off_while_it_lasts(world: Simulation) -> None:
    left, right = pair(world)
    book(world, left, 3)
    sync(world)
    world.edit("rezora", action="remove_from_list", id=right, list="Appointment this week")
    sync(world)
    assert lists_of(world, right) == set()


def test_whom_a_person_put_on_is_not_taken_off(world: Simulation) -> None:
    left, right = pair(world)
    world.edit("rezora", action="add_to_list", id=right, list="No-show")
    book(world, left, -2, appointmentStatus="noshow")
    sync(world)
    book(world, left, 20)
    sync(world)
    assert lists_of(world, right) == {"No-show"}


def test_the_calendar_has_everything_though_rezora_has_nothing(world: Simulation) -> None:
    left, _ = pair(world)
    book(world, left, 3, title="Tour of 12 Oak St")
    add(world, "task", left, title="Send the offer", dueDate=day(world, 2).isoformat())
    sync(world)

    async def read() -> bytes:
        app = await world.open()
        assert world.bridge is not None
        shown = await app.feeds.renew(world.bridge)
        secret = shown.address.rsplit("/", 1)[1].removesuffix(".ics")
        found = await app.feeds.read(secret)
        assert found is not None
        return found.content

    calendar = icalendar.Calendar.from_ical(world.run(read()))
    (event,) = calendar.walk("VEVENT")
    (todo,) = calendar.walk("VTODO")
    assert "Tour of 12 Oak St" in str(event["SUMMARY"]) and event.decoded("DTSTART") == day(world, 3)
    assert "Send the offer" in str(todo["SUMMARY"]) and todo.decoded("DUE") == day(world, 2)
    alarms = sorted(alarm.decoded("TRIGGER") for alarm in event.walk("VALARM"))
    assert alarms == [timedelta(days=-1), timedelta(hours=-1)]
