"""A bridge with a scope, all the way: leaving unlinks, returning links again, opt-outs reach everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from landbridge.engine.answers import NotPossible
from landbridge.store import decisions, journal, links
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Side
from landbridge.sync.rules import default_policy
from landbridge.sync.scope import Scope
from landbridge_rig import Rig, landbridge

CLIENTS = write_policy(replace(default_policy(), scope=Scope(tags=("Client",))))
EVERYBODY = write_policy(default_policy())
PEOPLE = 40


def tag(rig: Rig, contact: Mapping[str, Any], action: str = "add_tags") -> None:
    rig.sandbox.edit("highlevel", {"action": action, "id": contact["id"], "tags": ["client"]})


async def synced(rig: Rig, *, accept: bool = False) -> dict[str, int]:
    run = await rig.app.sync(rig.bridge, cause="test", accept=accept)
    assert (run.state, run.sentence) == ("done", "")
    return dict(run.counts)


async def planned(rig: Rig, mapping: str | None = None) -> dict[str, int]:
    before = rig.mutating()
    dry = await rig.app.plan(rig.bridge, mapping=mapping)
    assert (dry.run.state, rig.mutating()) == ("done", before)
    return dict(dry.run.counts)


async def linked(rig: Rig) -> set[str]:
    async with rig.app.database.read() as connection:
        return {kept.link.highlevel_id for kept in await links.every(connection, rig.bridge.id)}


def somebody(rig: Rig, count: int) -> list[Mapping[str, Any]]:
    """Contacts whom Rezora would take and has not: an address of their own, a name, no opt-out."""
    people = [c for c in rig.highlevel_contacts() if c["email"] and c["firstName"] and not c["dnd"]]
    emails = [c["email"].lower() for c in people]
    open_ = [
        c
        for c in people
        if emails.count(c["email"].lower()) == 1
        and c["email"].count("@") == 1
        and " " not in c["email"]
        and all(channel["status"] == "inactive" for channel in c["dndSettings"].values())
    ]
    return open_[:count]


async def test_who_leaves_is_unlinked_and_who_returns_is_linked_again_without_a_duplicate(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, PEOPLE, mapping=CLIENTS, empty_rezora=True) as rig:
        one, *others = somebody(rig, 3)
        for contact in (one, *others):
            tag(rig, contact)
        counts = await synced(rig)
        assert counts["created"] == 3
        assert await linked(rig) == {one["id"], *(c["id"] for c in others)}
        status = await rig.app.status(rig.bridge)
        assert {s.key: s.count for s in status.excluded} == {"out_of_scope": PEOPLE - 3}

        tag(rig, one, "remove_tags")
        assert (await planned(rig))["leave_scope"] == 1
        in_rezora, before = len(rig.rezora_contacts()), rig.mutating()
        assert (await synced(rig))["unlinked"] == 1
        assert (rig.mutating(), len(rig.rezora_contacts())) == (before, in_rezora)
        assert await linked(rig) == {c["id"] for c in others}
        async with rig.app.database.read() as connection:
            assert await decisions.buried(connection, rig.bridge.id) == {}
            entry = (await journal.recent(connection, rig.bridge.id, 1))[0]
        assert (entry.action, entry.record_id) == ("unlink", one["id"])
        assert "unlinked" not in await synced(rig)
        assert rig.mutating() == before

        tag(rig, one)
        assert (await planned(rig))["enter_scope"] == 1
        counts = await synced(rig)
        assert (counts["linked"], counts.get("created", 0)) == (1, 0)
        assert len(rig.rezora_contacts()) == in_rezora
        assert one["id"] in await linked(rig)
        again = rig.mutating()
        await synced(rig)
        assert rig.mutating() == again


async def test_edits_outside_the_scope_are_not_carried_and_the_hold_of_a_pair_that_left_closes(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, PEOPLE, mapping=CLIENTS, empty_rezora=True) as rig:
        (one,) = somebody(rig, 1)
        tag(rig, one)
        await synced(rig)
        (there,) = rig.rezora_contacts()
        rezora_id = there["contact_id"]
        for side, record_id, fields in (
            ("highlevel", one["id"], {"email": "one@example.org"}),
            ("rezora", rezora_id, {"contact_email": "two@example.org"}),
        ):
            rig.sandbox.edit(side, {"action": "update", "id": record_id, "fields": fields})
        await synced(rig)
        assert [q.hold.cause for q in await rig.app.holds(rig.bridge)] == ["both_changed"]
        tag(rig, one, "remove_tags")
        await synced(rig)
        assert await rig.app.holds(rig.bridge) == []
        assert await linked(rig) == set()
        rig.sandbox.edit("highlevel", {"action": "update", "id": one["id"], "fields": {"city": "Ward"}})
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before


async def test_an_opt_out_reaches_everybody_of_the_address_whatever_the_scope(tmp_path: Path) -> None:
    async with landbridge(tmp_path, PEOPLE, mapping=CLIENTS, empty_rezora=True) as rig:
        (one,) = somebody(rig, 1)
        assert "client" not in one["tags"]
        fields = {"contact_name": "Somebody Else", "contact_email": one["email"]}
        command = {"action": "create", "kind": "contact", "fields": fields}
        made = str(rig.sandbox.edit("rezora", command)["id"])
        await synced(rig)
        assert await linked(rig) == set()
        rig.sandbox.edit("rezora", {"action": "unsubscribe", "id": made})
        assert (await synced(rig))["opted_out"] == 1
        (shown,) = [c for c in rig.highlevel_contacts() if c["id"] == one["id"]]
        assert shown["dndSettings"]["Email"]["status"] == "active"
        assert await linked(rig) == set()


async def test_who_is_only_in_rezora_stays_there(tmp_path: Path) -> None:
    async with landbridge(tmp_path, PEOPLE, mapping=CLIENTS, empty_rezora=True) as rig:
        fields = {"contact_name": "Cy Twombly", "contact_email": "cy@example.org"}
        rig.sandbox.edit("rezora", {"action": "create", "kind": "contact", "fields": fields})
        await synced(rig)
        assert len(rig.highlevel_contacts()) == PEOPLE
        assert rig.mutating() == 0


async def test_another_scope_is_tried_out_before_it_is_stored_and_a_mass_leaving_asks(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 120, mapping=EVERYBODY, empty_rezora=True) as rig:
        await synced(rig)
        people = await linked(rig)
        assert len(people) > 50
        some = [c for c in rig.highlevel_contacts() if c["id"] in people][:20]
        for contact in some:
            tag(rig, contact)
        await synced(rig)
        counts = await planned(rig, CLIENTS)
        assert (counts["leave_scope"], counts["braked"]) == (len(people) - 20, 1)
        assert "leave_scope" not in await planned(rig)  # nothing of the trial was kept
        assert rig.bridge.policy == EVERYBODY
        assert await linked(rig) == people

        rig.bridge = await rig.app.create_bridge("test", CLIENTS)
        run = await rig.app.sync(rig.bridge, cause="test")
        assert (run.state, "outside the scope" in run.sentence) == ("braked", True)
        assert await linked(rig) == people
        before = rig.mutating()
        assert (await synced(rig, accept=True))["unlinked"] == len(people) - 20
        assert await linked(rig) == {c["id"] for c in some}
        assert rig.mutating() == before
        assert (await planned(rig, EVERYBODY))["enter_scope"] >= len(people) - 20


async def test_a_search_that_trails_the_record_ends_no_link(tmp_path: Path) -> None:
    scope = Scope(tags=("client",))
    mapping = write_policy(replace(default_policy(), scope=scope, settle_seconds=0))
    async with landbridge(tmp_path, PEOPLE, mapping=mapping, empty_rezora=True) as rig:
        (one,) = somebody(rig, 1)
        tag(rig, one)
        await synced(rig)
        tag(rig, one, "remove_tags")
        rig.sandbox.configure({"highlevel": {"search_lag_seconds": 3600}})
        tag(rig, one)
        assert "unlinked" not in await synced(rig)
        assert await linked(rig) == {one["id"]}


async def test_a_user_and_a_business_of_highlevel_are_a_scope_too(tmp_path: Path) -> None:
    async with landbridge(tmp_path, PEOPLE, mapping=EVERYBODY, empty_rezora=True) as rig:
        one, two = somebody(rig, 2)
        rig.sandbox.edit("highlevel", {"action": "update", "id": one["id"], "fields": {"assignedTo": "me"}})
        rig.sandbox.edit("highlevel", {"action": "update", "id": two["id"], "fields": {"assignedTo": None}})
        mine = write_policy(replace(default_policy(), scope=Scope(assigned_to=("me",))))
        rig.bridge = await rig.app.create_bridge("test", mine)
        assert (await synced(rig))["created"] == 1
        assert await linked(rig) == {one["id"]}
        rig.sandbox.edit("highlevel", {"action": "update", "id": one["id"], "fields": {"assignedTo": "you"}})
        assert (await synced(rig))["unlinked"] == 1
        assert await linked(rig) == set()
        async with rig.app.database.read() as connection:
            assert (
                (await decisions.buried(connection, rig.bridge.id))
                .keys()
                .isdisjoint({(Side.HIGHLEVEL, one["id"])})
            )


async def test_nobody_is_promised_to_be_created_in_highlevel_while_the_scope_is_restricted(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, 10, mapping=EVERYBODY, empty_rezora=True) as rig:
        await synced(rig)
        (one, *_) = somebody(rig, 1)
        rig.sandbox.edit("highlevel", {"action": "delete", "id": one["id"]})
        await synced(rig)
        (there,) = [c for c in rig.rezora_contacts() if c["contact_email"].lower() == one["email"].lower()]
        rig.bridge = await rig.app.create_bridge("test", CLIENTS)
        with pytest.raises(NotPossible, match="scope is restricted"):
            await rig.app.again(rig.bridge, there["contact_id"])
