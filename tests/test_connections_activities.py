"""What connecting an account stores of its activities, and in which zone Rezora's clock is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from landbridge.sandbox.rezora import RezoraConfig
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.sync.recipe_times import zone_of
from landbridge.systems.base import named_kinds, stored_kinds
from landbridge_rig import Rig, landbridge

LOGIN = RezoraConfig()
EVERYTHING = ["contact", "task", "note", "appointment"]


async def connected_again(rig: Rig) -> None:
    await rig.app.connect_rezora(LOGIN.username, LOGIN.password)


async def test_a_connect_stores_which_activities_an_account_has(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10) as rig:
        left = await rig.app.bridges.account(Side.HIGHLEVEL, "")
        assert list(left.capability["kinds"]) == list(left.capability["writes"]) == EVERYTHING
        right = await rig.app.bridges.account(Side.REZORA, "")
        assert list(right.capability["kinds"]) == ["contact"]
        assert any("shows no tasks, notes or appointments" in note for note in right.capability["notes"])
        rig.sandbox.configure({"rezora": {"activities": True}})
        await connected_again(rig)
        right = await rig.app.bridges.account(Side.REZORA, "")
        assert list(right.capability["kinds"]) == list(right.capability["writes"]) == EVERYTHING
        assert stored_kinds(right.capability) == (frozenset(ACTIVITIES), frozenset(ACTIVITIES))
        assert any("shows tasks, notes and appointments" in note for note in right.capability["notes"])


async def test_a_read_only_connection_reads_activities_and_writes_none(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10, read_only=True) as rig:
        left = await rig.app.bridges.account(Side.HIGHLEVEL, "")
        assert list(left.capability["kinds"]) == EVERYTHING
        assert list(left.capability["writes"]) == []
        assert stored_kinds(left.capability) == (frozenset(ACTIVITIES), frozenset())


async def test_rezoras_clock_is_that_of_the_location(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 40) as rig:
        rig.sandbox.configure({"rezora": {"activities": True}})
        bridge = rig.bridge
        assert bridge.highlevel.capability["time_zone"] == "America/Chicago"
        systems = await rig.app._connections.open_both(bridge)
        try:
            owner = await systems[Side.REZORA].create(
                {"contact_name": "Ada Byron", "contact_email": "ada@example.org"}
            )
            fields = {"title": "Call", "due": "2026-07-01T15:00:00Z"}
            await systems[Side.REZORA].activities.create(Kind.TASK, owner, fields)
        finally:
            for system in systems.values():
                await system.close()
        (row,) = rig.rezora.dump()["activities"]["task"][owner]
        assert row["task_due"] == "2026-07-01 10:00:00"


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Europe/Zurich", "Europe/Zurich"),
        ("", "UTC"),
        ("Nowhere/At all", "UTC"),
        ("../etc/passwd", "UTC"),
        ("x" * 5000, "UTC"),
    ],
)
def test_a_zone_that_nobody_knows_is_utc(name: str, zone: str) -> None:
    assert zone_of(name).key == zone


def test_what_was_stored_before_activities_were_known_has_none() -> None:
    none: tuple[frozenset[Kind], frozenset[Kind]] = (frozenset(), frozenset())
    assert stored_kinds({}) == none
    assert stored_kinds({"kinds": ["contact"], "can_write": True}) == none
    assert stored_kinds({"kinds": ["contact", "task"]}) == (frozenset({Kind.TASK}), frozenset())
    assert stored_kinds({"kinds": ["task", "memo"], "writes": ["task", "note"]}) == (
        frozenset({Kind.TASK}),
        frozenset({Kind.TASK}),
    )
    assert named_kinds({Kind.APPOINTMENT, Kind.TASK}) == ("contact", "task", "appointment")
