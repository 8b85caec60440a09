"""A sync all the way: what the sandbox saw, what the store remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from landbridge.sandbox.history import Wanted
from landbridge.store import journal
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Side
from landbridge.sync.rules import Direction, LabelRule, Policy, default_policy
from landbridge_rig import Rig, counted, landbridge


def with_lists() -> str:
    """The default mapping, and two lists."""
    labels = (
        LabelRule("buyer", "Buyers", Direction.TO_REZORA),
        LabelRule("newsletter", "News", Direction.TO_REZORA),
    )
    policy = default_policy()
    return write_policy(Policy(rules=policy.rules, labels=labels))


async def synced(rig: Rig, *, accept: bool = False) -> dict[str, int]:
    run = await rig.app.sync(rig.bridge, cause="test", accept=accept)
    assert (run.state, run.sentence) == ("done", "")
    return dict(run.counts)


async def test_a_first_sync_brings_everybody_over_or_says_why_not_and_a_second_writes_nothing(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, 300, mapping=with_lists()) as rig:
        await synced(rig)
        status = await rig.app.status(rig.bridge)
        assert status.total == 300
        assert status.equal + status.left_out + status.on_hold == 300
        assert status.waiting == 0
        assert status.equal > 240
        before = rig.mutating()
        for _ in range(2):
            await synced(rig)
            assert rig.mutating() == before
        assert await rig.app.status(rig.bridge) is not None


async def test_contacts_are_equal_on_both_sides_field_by_field(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 200, empty_rezora=True) as rig:
        await synced(rig)
        here = {c["contact_email"].lower(): c for c in rig.rezora_contacts()}
        compared = 0
        for contact in rig.highlevel_contacts():
            there = here.get(str(contact.get("email") or "").lower())
            shared = sum(
                1 for c in rig.rezora_contacts() if there and c["contact_email"] == there["contact_email"]
            )
            if there is None or shared > 1:
                continue
            name = " ".join(f"{contact.get('firstName') or ''} {contact.get('lastName') or ''}".split())
            assert there["contact_name"] == name
            assert there["contact_home_city"] == " ".join((contact.get("city") or "").split())
            compared += 1
        assert compared > 120


async def test_the_reads_of_a_first_sync_are_the_fewest_possible(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 230, empty_rezora=True, highlevel_page_size=50) as rig:
        start = counted(rig.sandbox, actor="api")
        counts = await synced(rig)
        calls = counted(rig.sandbox, actor="api") - start
        assert counts["reads"] == 5 + 1  # ceil(230 / 50) pages and one full read of Rezora
        assert calls == counts["reads"] + counts["writes"]


async def test_only_the_edited_field_is_written_and_everything_is_in_the_journal(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 80) as rig:
        await synced(rig)
        edited = next(
            c for c in rig.highlevel_contacts() if c.get("email") and c.get("city") and c.get("firstName")
        )
        rig.sandbox.edit("highlevel", {"action": "update", "id": edited["id"], "fields": {"city": "Lyons"}})
        before = len(rig.sandbox.history.read(Wanted(actor="api", mutating=True)))
        await synced(rig)
        writes = rig.sandbox.history.read(Wanted(actor="api", mutating=True))[before:]
        async with rig.app.database.read() as connection:
            entries = await journal.recent(connection, rig.bridge.id, 1)
        standing = [e for e in entries if e.action == "update"]
        if standing:  # unless the contact is one that is left out
            assert [w.method for w in writes] == ["PUT"]
            assert standing[0].after == {"contact_home_city": "Lyons"}
            assert standing[0].before["contact_home_city"] == edited["city"]
            assert standing[0].rule == "city"
        assert len(writes) <= 1


async def test_an_opt_out_reaches_rezora_and_nobody_is_ever_subscribed_again(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 120, mapping=with_lists()) as rig:
        await synced(rig)
        mailed = rig.rezora.would_mail()
        by_email = {c["contact_email"].lower(): c for c in rig.rezora_contacts() if c["contact_id"] in mailed}
        person = next(c for c in rig.highlevel_contacts() if str(c.get("email") or "").lower() in by_email)
        target = by_email[person["email"].lower()]["contact_id"]
        rig.sandbox.edit(
            "highlevel", {"action": "set_dnd", "id": person["id"], "channels": {"Email": "active"}}
        )
        await synced(rig)
        assert target not in rig.rezora.would_mail()
        assert rig.rezora.resubscribed == []
        rig.sandbox.edit(
            "highlevel", {"action": "set_dnd", "id": person["id"], "channels": {"Email": "inactive"}}
        )
        await synced(rig)
        assert target not in rig.rezora.would_mail()
        status = await rig.app.status(rig.bridge)
        assert "opted_out_in_rezora" in {share.key for share in status.held}


async def test_an_edit_in_rezora_is_kept_and_shown(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        await synced(rig)
        await synced(rig)
        target = next(c for c in rig.rezora_contacts() if c["contact_home_city"])
        edit = {"action": "update", "id": target["contact_id"], "fields": {"contact_home_city": "Nederland"}}
        rig.sandbox.edit("rezora", edit)
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before
        (hold,) = [h for h in (await rig.app.status(rig.bridge)).holds if h.cause == "edited_in_rezora"]
        assert (hold.rule, hold.rezora_shows) == ("city", "Nederland")


async def test_a_contact_deleted_in_rezora_is_never_created_again(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        await synced(rig)
        gone = rig.rezora_contacts()[0]
        rig.sandbox.edit("rezora", {"action": "delete", "id": gone["contact_id"]})
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before
        assert "missing_in_rezora" in {hold.cause for hold in (await rig.app.status(rig.bridge)).holds}


async def test_a_mass_change_stops_before_the_first_write_until_a_person_accepts_it(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 120, empty_rezora=True) as rig:
        await synced(rig)
        for contact in rig.highlevel_contacts():
            edit = {"action": "update", "id": contact["id"], "fields": {"city": "Everywhere"}}
            rig.sandbox.edit("highlevel", edit)
        before = rig.mutating()
        run = await rig.app.sync(rig.bridge, cause="test")
        assert run.state == "braked"
        assert "Nothing was written" in run.sentence
        assert rig.mutating() == before
        counts = await synced(rig, accept=True)
        assert counts["updated"] > 25


async def test_a_dry_run_writes_nothing_and_announces_what_the_sync_then_does(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 150, mapping=with_lists()) as rig:
        before = rig.mutating()
        dry = await rig.app.plan(rig.bridge)
        assert dry.run.state == "done"
        assert rig.mutating() == before
        counts = await synced(rig)
        assert dry.run.counts["create"] == counts["created"]
        assert dry.run.counts["link"] == counts["linked"]
        creates_and_joins = counts["created"] + counts["listed"]
        checked = 2 * counts.get("opted_out", 0) + 3 * counts.get("updated", 0)  # each write is read back
        assert dry.run.counts["opt_out"] == counts.get("opted_out", 0)
        assert dry.run.counts["calls"] == creates_and_joins + checked
        assert {line.action for line in dry.lines} >= {"create", "leave out"}


async def test_a_read_only_connection_never_writes_to_highlevel_and_is_refused_before_sending(
    tmp_path: Path,
) -> None:
    from landbridge.systems.base import ReadOnlyGrant

    async with landbridge(tmp_path, 60, read_only=True) as rig:
        await synced(rig)
        assert rig.mutating("highlevel") == 0
        calls = counted(rig.sandbox, actor="api")
        systems = await rig.app._connections.open_both(rig.bridge)
        with pytest.raises(ReadOnlyGrant, match="nothing was sent"):
            await systems[Side.HIGHLEVEL].update("anyone", {"city": "Lyons"})
        for system in systems.values():
            await system.close()
        assert counted(rig.sandbox, actor="api") == calls
