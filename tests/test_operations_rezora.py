"""Rezora's agent-level operations and Landbridge's own, each called once against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from landbridge.engine import catalog
from landbridge.engine.answers import NotPossible
from landbridge.store.database import StoreFailure
from landbridge.store.driver import Drivers
from landbridge.systems.base import Gone, Rejected
from landbridge.systems.rezora.operations import rezora_operations
from landbridge_rig import Rig, landbridge


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with landbridge(tmp_path, people=12) as made:
        yield made


SETTLED = ("settle_seconds = 10", "settle_seconds = 0")


async def call(rig: Rig, name: str, by: str = "command", **given: Any) -> Any:
    return (await rig.app.call(rig.bridge, name, given, by=by)).answer


async def test_every_agent_level_operation_of_rezora_works(rig: Rig) -> None:
    called = set()

    async def ask(name: str, **given: Any) -> Any:
        called.add(f"rezora.{name}")
        return await call(rig, f"rezora.{name}", **given)

    ((made,),) = [await ask("create_contact", contact_name="Ada Brook", contact_email="ada@example.com")]
    contact = made["contact_id"]
    (shown,) = await ask("get_contact", contactId=contact)
    assert shown["contact_name"] == "Ada Brook"
    assert contact in {row["contact_id"] for row in await ask("list_contacts")}
    (new,) = await ask("create_list", list_name="Tours")
    which = new["list_id"]
    await ask("rename_list", listId=which, list_name="Tours in May")
    assert (await ask("get_list", listId=which))[0]["list_name"] == "Tours in May"
    await ask("add_member", listId=which, contact_id=contact)
    assert [row["contact_id"] for row in await ask("list_members", listId=which)] == [contact]
    assert (await ask("get_member", listId=which, contactId=contact))[0]["list_id"] == which
    await ask("remove_member", listId=which, contactId=contact)
    await ask("delete_list", listId=which)
    assert which not in {row["list_id"] for row in await ask("list_lists")}
    assert called == {one.name for one in rezora_operations().values() if not one.level}
    entries = [entry for entry in await rig.app.journal(rig.bridge) if entry.action == "operation"]
    writes = [one.name for one in rezora_operations().values() if one.writes and not one.level]
    assert sorted(entry.rule for entry in entries) == sorted(writes)


async def test_the_primary_sphere_is_not_written(rig: Rig) -> None:
    lists = await call(rig, "rezora.list_lists")
    sphere = next(row["list_id"] for row in lists if row["list_type"] == "1")
    rig.sandbox.history.forget()
    for name, given in (
        ("rename_list", {"list_name": "x"}), ("delete_list", {}), ("add_member", {"contact_id": "1"}),
        ("remove_member", {"contactId": "1"}),
    ):  # fmt: skip
        with pytest.raises(Rejected, match="Primary Sphere"):
            await call(rig, f"rezora.{name}", listId=sphere, **given)
    assert rig.mutating("rezora") == 0


@pytest.mark.parametrize("key", ["0", "-1", "1.5", "x", "01"])
async def test_an_id_that_is_no_positive_number_is_not_sent(rig: Rig, key: str) -> None:
    rig.sandbox.history.forget()
    with pytest.raises(Rejected, match="usable id"):
        await call(rig, "rezora.delete_list", listId=key)
    assert rig.mutating() == 0


async def test_an_unknown_id_is_gone(rig: Rig) -> None:
    with pytest.raises(Gone):
        await call(rig, "rezora.get_contact", contactId="999999")


async def test_every_action_of_our_own_works(rig: Rig) -> None:
    """In the order in which somebody would use them."""
    called = set()

    async def ask(name: str, **given: Any) -> Any:
        called.add(f"landbridge.{name}")
        return await call(rig, f"landbridge.{name}", **given)

    planned = await ask("plan", lines=3)
    assert planned["counts"]["create"] > 0
    assert len(planned["lines"]) == 3
    assert rig.mutating() == 0
    synced = await ask("sync", accept_large_change=True)
    assert (synced["state"], synced["counts"]["created"]) == ("done", planned["counts"]["create"])
    status = await ask("status")
    assert status["total"] == 12
    listing = await ask("list_contacts", standing="in-sync")
    one = listing["contacts"][0]
    assert (await ask("look_for_changes"))["state"] == "done"
    looked = await ask("sync_contacts", contacts=[one["highlevel_id"]])
    assert (looked["named"], looked["run"]["state"]) == (1, "done")
    assert (await ask("sync_business", business="nobody"))["named"] == 0
    await ask("pause_contact", contact=one["highlevel_id"], note="away")
    paused = await ask("list_contacts", standing="left-out")
    assert one["highlevel_id"] in {each["highlevel_id"] for each in paused["contacts"]}
    await ask("resume_contact", contact=one["rezora_id"])
    with pytest.raises(NotPossible):
        await ask("recreate_contact", contact=one["highlevel_id"])
    holds = (await ask("list_holds"))["holds"]
    for name, given in (("get_hold", {"hold": 9999}), ("resolve_hold", {"hold": 9999, "action": "keep"})):
        with pytest.raises(NotPossible, match="no open hold 9999"):
            await ask(name, **given)
    assert (await ask("resolve_holds", cause="both_changed", action="ignore"))["done"] == 0
    assert isinstance(holds, list)
    entry = next(e for e in (await ask("journal", count=500))["entries"] if e["action"] == "create")
    preview = await ask("preview_undo", entry=entry["id"], created=True)
    assert preview["lines"][0]["outcome"] == "undo"
    assert (await ask("undo", entry=entry["id"], created=True))["lines"][0]["outcome"] == "undone"
    await ask("set_schedule", purpose="sync", when="daily at 03:30", zone="America/Denver")
    assert (await ask("switch_off_schedule", purpose="poll"))["enabled"] is False
    assert [each["text"] for each in (await ask("list_schedules"))["schedules"]] == [
        "daily at 03:30",
        "default",
    ]
    assert (await ask("list_alerts"))["alerts"] == []
    assert called == set(catalog.own_operations())


async def test_a_page_only_starts_a_sync_and_does_not_wait_for_it(rig: Rig) -> None:
    assert await call(rig, "landbridge.sync", by="page") == {"started": True}
    assert await call(rig, "landbridge.look_for_changes", by="api") == {"started": True}


async def test_contacts_that_are_named_while_another_process_works_are_left_to_it(rig: Rig) -> None:
    await call(rig, "landbridge.sync", accept_large_change=True)
    drivers = Drivers(rig.app.database)
    await drivers.take(rig.bridge.id, "elsewhere:1:another", rig.app.clock.now())
    assert await call(rig, "landbridge.sync_contacts", contacts=["c1"]) == {"named": 1}
    with pytest.raises(StoreFailure, match="process is working"):
        await call(rig, "landbridge.sync")


async def test_numbers_of_our_own_are_whole(rig: Rig) -> None:
    for value in (1.5, -1):
        with pytest.raises(NotPossible, match="whole number"):
            await call(rig, "landbridge.get_hold", hold=value)


async def test_a_sync_after_an_operation_carries_what_it_changed(rig: Rig) -> None:
    """To the sync a call by hand is what an edit of a person is; it waits until that has settled."""
    await call(rig, "landbridge.sync", accept_large_change=True)
    one = (await call(rig, "landbridge.list_contacts", standing="in-sync"))["contacts"][0]
    await call(rig, "contacts.update", contactId=one["highlevel_id"], city="Nederland")
    await rig.app.create_bridge("test", rig.bridge.policy.replace(*SETTLED))
    rig.bridge = (await rig.app.all_bridges())[0]
    await call(rig, "landbridge.sync_contacts", contacts=[one["highlevel_id"]])
    (there,) = await call(rig, "rezora.get_contact", contactId=one["rezora_id"])
    assert there["contact_home_city"] == "Nederland"
