"""A sync all the way: what the sandbox saw, what the store remembers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from landbridge.sandbox.history import Wanted
from landbridge.store import decisions, journal, links
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Side
from landbridge.sync.rules import Direction, LabelRule, Policy, default_policy
from landbridge_rig import Rig, counted, landbridge

WAYS = pytest.mark.parametrize("one_way", [True, False], ids=["one-way", "two-way"])


def with_lists(direction: Direction = Direction.TO_REZORA) -> str:
    """The default mapping, and two lists."""
    labels = (LabelRule("buyer", "Buyers", direction), LabelRule("newsletter", "News", direction))
    return write_policy(Policy(rules=default_policy().rules, labels=labels))


def edit_rezora(rig: Rig, contact: Mapping[str, Any], **fields: str) -> None:
    rig.sandbox.edit("rezora", {"action": "update", "id": contact["contact_id"], "fields": fields})


def edit_highlevel(rig: Rig, contact: Mapping[str, Any], **fields: str | None) -> None:
    rig.sandbox.edit("highlevel", {"action": "update", "id": contact["id"], "fields": fields})


def disturb(rig: Rig, contact: Mapping[str, Any], status: str) -> None:
    """Switch *do not disturb* for e-mail on or off, by hand in HighLevel."""
    rig.sandbox.edit("highlevel", {"action": "set_dnd", "id": contact["id"], "channels": {"Email": status}})


def new_in_rezora(rig: Rig, **fields: str) -> str:
    return str(rig.sandbox.edit("rezora", {"action": "create", "kind": "contact", "fields": fields})["id"])


def in_highlevel(rig: Rig, record_id: str) -> Mapping[str, Any]:
    return next(c for c in rig.highlevel_contacts() if c["id"] == record_id)


def in_rezora(rig: Rig, record_id: str) -> Mapping[str, Any]:
    return next(c for c in rig.rezora_contacts() if c["contact_id"] == record_id)


def on_both(rig: Rig) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Somebody with a city whom both sides have: as HighLevel shows him, and as Rezora does."""
    people = {str(c["email"]).lower(): c for c in rig.highlevel_contacts() if c.get("email")}
    shown = [c for c in rig.rezora_contacts() if c["contact_home_city"]]
    target = next(c for c in shown if c["contact_email"].lower() in people)
    return people[target["contact_email"].lower()], target


def _mailed(rig: Rig) -> tuple[Mapping[str, Any], str]:
    """Somebody whom Rezora would mail: as HighLevel shows him, and his id in Rezora."""
    mailed = rig.rezora.would_mail()
    by_email = {c["contact_email"].lower(): c for c in rig.rezora_contacts() if c["contact_id"] in mailed}
    person = next(c for c in rig.highlevel_contacts() if str(c.get("email") or "").lower() in by_email)
    return person, by_email[person["email"].lower()]["contact_id"]


async def _second_is_silent(rig: Rig) -> bool:
    before = rig.mutating()
    await synced(rig)
    return rig.mutating() == before


async def synced(rig: Rig, *, accept: bool = False) -> dict[str, int]:
    run = await rig.app.sync(rig.bridge, cause="test", accept=accept)
    assert (run.state, run.sentence) == ("done", "")
    return dict(run.counts)


@WAYS
async def test_a_first_sync_brings_everybody_over_or_says_why_not_and_a_second_writes_nothing(
    tmp_path: Path, one_way: bool
) -> None:
    async with landbridge(tmp_path, 300, mapping=with_lists(), read_only=one_way) as rig:
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
        assert (rig.mutating("highlevel") == 0) is one_way


async def test_whom_only_rezora_has_is_created_in_highlevel_with_our_mark_and_counted_once(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, 60) as rig:
        cy = new_in_rezora(
            rig,
            contact_name="Cy Twombly",
            contact_email="cy@example.org",
            contact_phone_mobile="303-555-0142",
            contact_home_city="Lexington",
        )
        counts = await synced(rig)
        assert counts["created_highlevel"] == 1
        (made,) = [c for c in rig.highlevel_contacts() if c["email"] == "cy@example.org"]
        assert (made["firstName"], made["lastName"], made["city"]) == ("Cy", "Twombly", "Lexington")
        assert made["phone"] == "+13035550142"
        assert cy in made["customFields"].values()
        status = await rig.app.status(rig.bridge)
        assert status.equal + status.left_out + status.on_hold == status.total == 61
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before
        assert (await rig.app.status(rig.bridge)).total == 61


@pytest.mark.parametrize("how", ["connection", "mapping"])
async def test_whom_only_rezora_has_stays_there_where_nobody_may_be_created_in_highlevel(
    tmp_path: Path, how: str
) -> None:
    mapping = write_policy(Policy(rules=default_policy().rules, create_in_highlevel=False))
    only = how == "connection"
    async with landbridge(tmp_path, 30, mapping=None if only else mapping, read_only=only) as rig:
        new_in_rezora(rig, contact_name="Cy Twombly", contact_email="cy@example.org")
        await synced(rig)
        assert "cy@example.org" not in [c["email"] for c in rig.highlevel_contacts()]
        status = await rig.app.status(rig.bridge)
        assert status.total == 31
        assert [s.count for s in status.excluded if s.key == "create_off_highlevel"] == [1]


async def test_who_opted_out_in_rezora_is_not_created_in_highlevel(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30) as rig:
        cy = new_in_rezora(rig, contact_name="Cy Twombly", contact_email="cy@example.org")
        rig.sandbox.edit("rezora", {"action": "unsubscribe", "id": cy})
        await synced(rig)
        assert "cy@example.org" not in [c["email"] for c in rig.highlevel_contacts()]
        assert "opted_out" in {share.key for share in (await rig.app.status(rig.bridge)).excluded}


async def test_the_same_person_twice_in_rezora_is_created_once_and_the_other_waits(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30) as rig:
        for city in ("Lexington", "Rome"):
            new_in_rezora(
                rig, contact_name="Cy Twombly", contact_email="cy@example.org", contact_home_city=city
            )
        await synced(rig)
        assert [c["email"] for c in rig.highlevel_contacts()].count("cy@example.org") == 1
        assert [h.cause for h in (await rig.app.status(rig.bridge)).holds] == ["twin"]


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


async def test_a_cleared_field_is_cleared_on_the_other_side(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await synced(rig)
        await synced(rig)
        person, target = on_both(rig)
        edit_highlevel(rig, person, city="")
        await synced(rig)
        assert in_rezora(rig, target["contact_id"])["contact_home_city"] == ""
        assert await _second_is_silent(rig)


async def test_an_edit_in_rezora_is_carried_to_highlevel_and_only_that_field(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        await synced(rig)
        await synced(rig)
        person, target = on_both(rig)
        edit_rezora(rig, target, contact_home_city="Nederland")
        before = len(rig.sandbox.history.read(Wanted(actor="api", mutating=True)))
        counts = await synced(rig)
        writes = rig.sandbox.history.read(Wanted(actor="api", mutating=True))[before:]
        assert [(w.side, w.method) for w in writes] == [("highlevel", "PUT")]
        assert counts["updated_highlevel"] == 1
        now = in_highlevel(rig, person["id"])
        assert {key for key in now if now[key] != person[key]} == {"city", "dateUpdated", "updatedMs"}
        assert now["city"] == "Nederland"
        async with rig.app.database.read() as connection:
            (entry,) = await journal.recent(connection, rig.bridge.id, 1)
        assert (entry.action, entry.side, entry.rule) == ("update", Side.HIGHLEVEL, "city")
        assert (entry.before, entry.after) == ({"city": person["city"]}, {"city": "Nederland"})
        assert await _second_is_silent(rig)


async def test_edits_of_two_fields_on_two_sides_are_both_carried(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await synced(rig)
        await synced(rig)
        person, target = on_both(rig)
        edit_highlevel(rig, person, city="Lyons")
        edit_rezora(rig, target, contact_home_zip="80540")
        await synced(rig)
        here, there = in_highlevel(rig, person["id"]), in_rezora(rig, target["contact_id"])
        assert (here["city"], here["postalCode"]) == ("Lyons", "80540")
        assert (there["contact_home_city"], there["contact_home_zip"]) == ("Lyons", "80540")
        assert await _second_is_silent(rig)


async def test_the_same_field_edited_on_both_sides_goes_by_its_strategy(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await synced(rig)
        await synced(rig)
        person, target = on_both(rig)
        edit_highlevel(rig, person, city="Lyons", email="new@example.org")
        edit_rezora(rig, target, contact_home_city="Nederland", contact_email="newer@example.org")
        await synced(rig)
        here, there = in_highlevel(rig, person["id"]), in_rezora(rig, target["contact_id"])
        assert (here["city"], there["contact_home_city"]) == ("Lyons", "Lyons")
        assert (here["email"], there["contact_email"]) == ("new@example.org", "newer@example.org")
        holds = (await rig.app.status(rig.bridge)).holds
        assert [(h.cause, h.rule) for h in holds] == [("both_changed", "email")]
        async with rig.app.database.read() as connection:
            (entry,) = [e for e in await journal.recent(connection, rig.bridge.id) if e.action == "update"][
                :1
            ]
        assert entry.before["contact_home_city"] == "Nederland"  # the value that lost is not lost


async def test_an_edit_in_rezora_is_kept_and_shown_by_a_one_way_bridge(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True, read_only=True) as rig:
        await synced(rig)
        await synced(rig)
        _, target = on_both(rig)
        edit_rezora(rig, target, contact_home_city="Nederland")
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before
        (hold,) = [h for h in (await rig.app.status(rig.bridge)).holds if h.cause == "edited_in_rezora"]
        assert (hold.rule, hold.rezora_shows) == ("city", "Nederland")


async def test_an_opt_out_reaches_rezora_and_nobody_is_ever_subscribed_again(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 120, mapping=with_lists()) as rig:
        await synced(rig)
        person, target = _mailed(rig)
        disturb(rig, person, "active")
        await synced(rig)
        assert target not in rig.rezora.would_mail()
        assert rig.rezora.resubscribed == []
        disturb(rig, person, "inactive")
        await synced(rig)
        assert target not in rig.rezora.would_mail()
        assert rig.rezora.resubscribed == []
        assert await _second_is_silent(rig)
        (hold,) = [h for h in (await rig.app.status(rig.bridge)).holds if h.cause == "opt_out_lifted"]
        assert hold.highlevel_id == person["id"]
        assert (hold.highlevel_shows, hold.rezora_shows) == ("may be e-mailed", "no e-mail")


async def test_an_opt_out_in_rezora_reaches_highlevel(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        await synced(rig)
        person, target = on_both(rig)
        rig.sandbox.edit("rezora", {"action": "unsubscribe", "id": target["contact_id"]})
        before = rig.mutating()
        counts = await synced(rig)
        assert counts["opted_out"] == 1
        assert rig.mutating("highlevel") == rig.mutating() - before == 1
        assert in_highlevel(rig, person["id"])["dndSettings"]["Email"]["status"] == "active"
        assert await _second_is_silent(rig)


async def test_a_one_way_bridge_shows_an_opt_out_in_rezora_that_it_may_not_carry(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True, read_only=True) as rig:
        await synced(rig)
        _, target = on_both(rig)
        rig.sandbox.edit("rezora", {"action": "unsubscribe", "id": target["contact_id"]})
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before
        assert "opted_out_in_rezora" in {share.key for share in (await rig.app.status(rig.bridge)).held}


async def test_a_one_way_bridge_carries_an_opt_out_to_rezora_and_never_back(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 120, mapping=with_lists(), read_only=True) as rig:
        await synced(rig)
        person, target = _mailed(rig)
        disturb(rig, person, "active")
        await synced(rig)
        assert target not in rig.rezora.would_mail()
        disturb(rig, person, "inactive")
        await synced(rig)
        assert target not in rig.rezora.would_mail()
        assert rig.rezora.resubscribed == []
        held = {share.key for share in (await rig.app.status(rig.bridge)).held}
        assert held & {"opt_out_lifted", "opted_out_in_rezora"}


async def test_tags_and_lists_go_both_ways(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, mapping=with_lists(Direction.BOTH), empty_rezora=True) as rig:
        await synced(rig)
        await synced(rig)
        lists = {entry["list_name"]: entry["list_id"] for entry in rig.rezora.dump()["lists"]}
        people = {str(c["email"]).lower(): c for c in rig.highlevel_contacts() if c.get("email")}
        mailed = [c for c in rig.rezora_contacts() if c["contact_email"].lower() in people]
        joins = next(c for c in mailed if "buyer" not in people[c["contact_email"].lower()]["tags"])
        leaves = next(c for c in mailed if "buyer" in people[c["contact_email"].lower()]["tags"])
        there = {"list": lists["Buyers"]}
        rig.sandbox.edit("rezora", {"action": "add_to_list", "id": joins["contact_id"], **there})
        rig.sandbox.edit("rezora", {"action": "remove_from_list", "id": leaves["contact_id"], **there})
        before = rig.mutating()
        await synced(rig)
        tags = [in_highlevel(rig, people[c["contact_email"].lower()]["id"])["tags"] for c in (joins, leaves)]
        assert ("buyer" in tags[0], "buyer" in tags[1]) == (True, False)
        assert rig.mutating("highlevel") == rig.mutating() - before == 2
        assert await _second_is_silent(rig)


@WAYS
@pytest.mark.parametrize("side", Side)
async def test_a_contact_deleted_on_one_side_is_never_created_again_and_the_other_one_stays(
    tmp_path: Path, side: Side, one_way: bool
) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True, read_only=one_way) as rig:
        await synced(rig)
        person, target = on_both(rig)
        gone = {Side.HIGHLEVEL: person["id"], Side.REZORA: target["contact_id"]}
        rig.sandbox.edit(side.value, {"action": "delete", "id": gone[side]})
        before = rig.mutating()
        for _ in range(2):
            await synced(rig)
            assert rig.mutating() == before
            status = await rig.app.status(rig.bridge)
            assert [s.count for s in status.excluded if s.key == f"deleted_in_{side.value}"] == [1]
            assert status.on_hold == 0
        async with rig.app.database.read() as connection:
            buried = await decisions.buried(connection, rig.bridge.id)
            kept = await links.by_side(connection, rig.bridge.id, side, [gone[side]])
        assert buried[side, gone[side]] == "deleted"
        assert buried[side.other, gone[side.other]] == f"deleted_in_{side.value}"
        assert kept == {}


async def test_a_contact_deleted_on_one_side_and_edited_on_the_other_waits(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await synced(rig)
        await synced(rig)
        person, target = on_both(rig)
        rig.sandbox.edit("rezora", {"action": "delete", "id": target["contact_id"]})
        edit_highlevel(rig, person, city="Lyons")
        before = rig.mutating()
        for _ in range(2):
            await synced(rig)
            assert rig.mutating() == before
            assert [h.cause for h in (await rig.app.status(rig.bridge)).holds] == ["deleted_and_edited"]


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
        new_in_rezora(rig, contact_name="Cy Twombly", contact_email="cy@example.org")
        before = rig.mutating()
        dry = await rig.app.plan(rig.bridge)
        assert dry.run.state == "done"
        assert rig.mutating() == before
        start = counted(rig.sandbox, actor="api")
        counts = await synced(rig)
        assert dry.run.counts["create"] == counts["created"]
        assert dry.run.counts["create_highlevel"] == counts["created_highlevel"] == 1
        assert dry.run.counts["link"] == counts["linked"]
        assert dry.run.counts.get("opt_out", 0) == counts.get("opted_out", 0)
        new_lists = 2
        calls = counted(rig.sandbox, actor="api") - start
        assert dry.run.counts["calls"] == calls - dry.run.counts["reads"] - new_lists
        assert {line.action for line in dry.lines} >= {"create", "leave out"}


async def test_a_dry_run_counts_the_same_people_as_the_sync(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60) as rig:
        dry = await rig.app.plan(rig.bridge)
        await synced(rig)
        standings = ("equal", "held", "excluded", "waiting")
        planned = [n for name, n in dry.run.counts.items() if name.partition(".")[0] in standings]
        assert sum(planned) == (await rig.app.status(rig.bridge)).total


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
