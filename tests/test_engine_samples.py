"""A few contacts are synced before the first whole sync: only they, as planned, also after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from landbridge.engine.answers import NotPossible
from landbridge.engine.examples import Example
from landbridge.sandbox.history import Wanted
from landbridge.store.bridges import Bridge
from landbridge_rig import landbridge
from setup_world import SetUpWorld


@pytest.fixture
def world() -> Iterator[SetUpWorld]:
    """Six people in HighLevel, three in Rezora, of whom one is in both and one opted out."""
    made = SetUpWorld()
    for number, name in enumerate(("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn")):
        address = f"{name.lower()}@example.org"
        fields = {"firstName": name, "lastName": "Brook", "email": address, "phone": f"+1303555010{number}"}
        made.edit("highlevel", action="create", fields=fields | ({"tags": ["buyer"]} if number == 1 else {}))
    for name in ("Ada Brook", "Gil Hart", "Hana Ito"):
        address = f"{name.split()[0].lower()}@example.org"
        made.edit("rezora", action="create", fields={"contact_name": name, "contact_email": address})
    made.clock.advance(120.0)
    made.asleep()
    made.test_sync()
    yield made
    made.close()


def touched(world: SetUpWorld) -> list[str]:
    """The bodies and paths of everything that was sent and could change something."""
    sent = world.sandbox.history.read(Wanted(mutating=True, actor="api"))
    return [f"{one.path} {(one.request_body or b'').decode()}" for one in sent]


def test_the_suggested_ones_are_of_every_kind(world: SetUpWorld) -> None:
    assert len(world.chosen) == 5
    assert {what for one in world.chosen for what in one.whats} >= {
        "create_rezora",
        "create_highlevel",
        "link",
        "update_rezora",
    }


def test_the_chosen_are_written_as_planned_and_nobody_else(world: SetUpWorld) -> None:
    assert world.mutating() == 0
    sample = world.sample()
    assert sample is not None
    assert sample.good, [(one.example.name, one.checks) for one in sample.checked if not one.good]
    fields = [check for one in sample.checked for check in one.checks]
    assert len(fields) >= 10
    names = {"Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gil", "Hana"}
    others = names - {one.name.split()[0] for one in world.chosen}
    assert len(others) == 3
    text = " ".join(touched(world)).lower()
    assert all(name.lower() not in text for name in others)
    assert len(world.pairs()) == 5


def test_afterwards_the_first_sync_goes_on_and_nobody_is_there_twice(world: SetUpWorld) -> None:
    world.sample()
    world.switch_on()
    world.settle()  # with the checks of every property
    assert len(world.contacts("rezora")) == len(world.contacts("highlevel")) == 8


def test_a_second_sample_finds_nothing_to_do(world: SetUpWorld) -> None:
    world.sample()
    before = world.mutating()
    world.clock.advance(60.0)
    again = world.sample()
    assert again is not None
    assert (again.good, world.mutating()) == (True, before)


def test_a_crash_anywhere_doubles_nobody(world: SetUpWorld) -> None:
    copy_at = [3, 9, 14, 20, 27, 33, 40, 48, 57, 66, 75, 90]
    died = 0
    for at in copy_at:
        died += world.sample(crash_at=at) is None
        world.clock.advance(60.0)
    assert died >= 6, "the places to die at have moved"
    world.clock.advance(1_000.0)
    world.sample()
    world.switch_on()
    world.settle()
    assert len(world.contacts("rezora")) == len(world.contacts("highlevel")) == 8


@pytest.mark.parametrize("kind", ["lost_answer", "applied_then_500"])
def test_a_create_without_an_answer_is_not_sent_again(world: SetUpWorld, kind: str) -> None:
    world.fault(kind=kind, side="rezora", method="POST", path_regex=r"/contacts\.json$", times=9)
    first = world.sample()
    assert first is not None
    assert not first.good
    world.sample()
    world.switch_on()
    world.settle()
    assert len(world.contacts("rezora")) == len(world.contacts("highlevel")) == 8


def test_what_was_edited_since_the_plan_is_shown(world: SetUpWorld) -> None:
    one = next(each for each in world.chosen if "create_rezora" in each.whats)
    world.edit("highlevel", action="update", id=one.highlevel_id, fields={"city": "Elsewhere"})
    world.clock.advance(60.0)
    world.chosen = [one]
    sample = world.sample()
    assert sample is not None
    assert [check.state for check in sample.checked[0].checks] == ["same"] * len(one.changes)
    world.edit("rezora", action="update", id=sample.checked[0].rezora_id, fields={"contact_name": "Bo Brook"})
    again = world.sample()
    assert again is not None
    (checked,) = again.checked
    assert [check.shows for check in checked.checks if check.state == "differs"] == [("Bo Brook",)]
    assert not again.good


def test_an_event_that_comes_in_meanwhile_stays_for_later(world: SetUpWorld) -> None:
    chosen = {one.highlevel_id for one in world.chosen}
    other, found = next(pair for pair in world.contacts("highlevel").items() if pair[0] not in chosen)
    world.run(_named(world, other))
    world.sample()
    assert found["firstName"].lower() not in " ".join(touched(world)).lower()
    assert world.run(_due(world)) == 1


async def _named(world: SetUpWorld, record_id: str) -> None:
    assert world.bridge is not None
    await (await world.open()).ask(world.bridge, [record_id], cause="test")


async def _due(world: SetUpWorld) -> int:
    assert world.bridge is not None
    return (await (await world.open()).status(world.bridge)).due


async def test_before_a_test_sync_there_is_nothing_to_go_by(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10, live=False) as rig:
        one = Example(rig.highlevel_contacts()[0]["id"], "", "Ada", ("create_rezora",))
        sample = await rig.app.setups.samples.run(rig.bridge, [one])
        assert (sample.state, rig.mutating()) == ("failed", 0)
        assert "Run the test sync again" in sample.fix
        for count in (0, 6):
            with pytest.raises(NotPossible, match=f"{count} contacts were chosen"):
                rig.app.setups.samples.start(rig.bridge, [one] * count)


async def test_a_bridge_that_is_not_switched_on_syncs_nothing(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10, live=False) as rig:
        app, bridge = rig.app, rig.bridge
        for start in (app.sync, app.live, app.poll):
            with pytest.raises(NotPossible, match="still being set up"):
                await start(bridge, cause="test")
        with pytest.raises(NotPossible) as refused:
            app.start_sync(bridge, cause="page")
        assert "landbridge bridge switch-on" in refused.value.fix
        await app.ask(bridge, [rig.highlevel_contacts()[0]["id"]], cause="event")
        await app._crew.look()  # a look of the crew begins nothing
        assert not app._crew.busy(bridge.id)
        started: list[str] = []
        await app._timetable.start_due(_nobody, lambda _bridge, purpose: started.append(purpose))
        assert (started, rig.mutating()) == ([], 0)
        on = await app.setups.switch_on(bridge)
        assert on.live
        assert app._crew.busy(bridge.id)  # the first whole sync has begun
        assert (await app.setups.switch_on(on)).live_at == on.live_at


async def _nobody() -> list[Bridge]:
    return []
