"""What people answer to holds, and what the next sync makes of it, seen in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from landbridge.engine.answers import NotPossible
from landbridge.engine.desk import ALLOWED, Question
from landbridge.store import decisions, journal, links
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Side
from landbridge.sync.reasons import HELD
from landbridge.sync.rules import OnDelete, Policy, default_policy
from landbridge_rig import Rig, landbridge

ADA = {"firstName": "Ada", "lastName": "Brook", "email": "ada@example.com", "phone": "+13035550101"}
ADA_THERE = {"contact_name": "Ada Brook", "contact_email": "ada@example.com"}


async def synced(rig: Rig) -> Mapping[str, int]:
    run = await rig.app.sync(rig.bridge, cause="test", accept=True)
    assert (run.state, run.sentence) == ("done", "")
    return run.counts


def edit(rig: Rig, side: str, **command: Any) -> str:
    return str(rig.sandbox.edit(side, command)["id"])


def here(rig: Rig, record_id: str) -> Mapping[str, Any]:
    return next(c for c in rig.highlevel_contacts() if c["id"] == record_id)


def there(rig: Rig, record_id: str) -> Mapping[str, Any]:
    return next(c for c in rig.rezora_contacts() if c["contact_id"] == record_id)


async def the_hold(rig: Rig, cause: str) -> Question:
    """The one open hold of that cause."""
    (found,) = await rig.app.holds(rig.bridge, cause)
    return found


async def answered(rig: Rig, cause: str, use: str, value: str = "") -> None:
    hold = (await the_hold(rig, cause)).hold
    await rig.app.resolve(rig.bridge, hold.id, use, value, by="a test")


async def pair(rig: Rig, **fields: str) -> tuple[str, str]:
    """Somebody who is in sync."""
    highlevel = edit(rig, "highlevel", action="create", fields={**ADA, "city": "Lyons"} | fields)
    await synced(rig)
    async with rig.app.database.read() as connection:
        kept = await links.by_side(connection, rig.bridge.id, Side.HIGHLEVEL, [highlevel])
    return highlevel, kept[highlevel].link.rezora_id


async def apart_in_city(rig: Rig) -> tuple[str, str]:
    """A pair whose two cities differ, seen at first contact."""
    highlevel = edit(rig, "highlevel", action="create", fields={**ADA, "city": "Lyons"})
    rezora = edit(rig, "rezora", action="create", fields={**ADA_THERE, "contact_home_city": "Boulder"})
    await synced(rig)
    return highlevel, rezora


def test_every_cause_of_a_hold_says_what_may_be_answered() -> None:
    assert set(ALLOWED) == set(HELD)


@pytest.mark.parametrize(
    ("use", "value", "cities"),
    [
        ("use-highlevel", "", ("Lyons", "Lyons")),
        ("use-rezora", "", ("Boulder", "Boulder")),
        ("edit", "Nederland", ("Nederland", "Nederland")),
        ("ignore", "", ("Lyons", "Boulder")),
    ],
)
async def test_the_answer_about_a_field_is_shown_by_the_dry_run_and_carried_out_by_the_sync(
    tmp_path: Path, use: str, value: str, cities: tuple[str, str]
) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await apart_in_city(rig)
        question = await the_hold(rig, "differs_at_first_contact")
        assert (question.hold.rule, question.decided) == ("city", "")
        before = rig.mutating()
        await answered(rig, "differs_at_first_contact", use, value)
        assert (await the_hold(rig, "differs_at_first_contact")).decided == use
        dry = await rig.app.plan(rig.bridge)
        assert rig.mutating() == before
        wanted = {city for city in cities if city not in ("Lyons", "Boulder")} or set(cities)
        assert any(line.action == "update" for line in dry.lines) == (len(wanted) == 1)
        await synced(rig)
        assert (here(rig, highlevel)["city"], there(rig, rezora)["contact_home_city"]) == cities
        assert await rig.app.holds(rig.bridge) == []
        before = rig.mutating()
        await synced(rig)
        assert (rig.mutating(), await rig.app.holds(rig.bridge)) == (before, [])
        entries = await rig.app.journal(rig.bridge)
        assert [e.rule for e in entries if e.action == "decided"] == ["city"]


async def test_an_answer_counts_only_while_both_sides_show_what_the_person_saw(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await apart_in_city(rig)
        await answered(rig, "differs_at_first_contact", "use-rezora")
        edit(rig, "rezora", action="update", id=rezora, fields={"contact_home_city": "Nederland"})
        await synced(rig)
        assert here(rig, highlevel)["city"] == "Lyons"
        question = await the_hold(rig, "differs_at_first_contact")
        assert (question.hold.rezora_shows, question.decided) == ("Nederland", "")


async def test_what_cannot_be_written_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        edit(rig, "highlevel", action="create", fields={**ADA, "companyName": "Alder"})
        edit(rig, "rezora", action="create", fields={**ADA_THERE, "contact_company": "Birch"})
        await synced(rig)
        hold = (await the_hold(rig, "differs_at_first_contact")).hold
        refused = {"use-rezora": "companyName", "link": "no answer", "edit": "A value goes with"}
        for use, words in refused.items():
            with pytest.raises(NotPossible, match=words):
                await rig.app.resolve(rig.bridge, hold.id, use, by="a test")
        with pytest.raises(NotPossible, match="no open hold"):
            await rig.app.resolve(rig.bridge, hold.id + 1, "ignore", by="a test")
        async with rig.app.database.read() as connection:
            assert await decisions.choices(connection, rig.bridge.id) == {}


async def test_a_typed_value_must_be_one_of_its_kind(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await pair(rig)
        edit(rig, "highlevel", action="update", id=highlevel, fields={"email": "one@example.com"})
        edit(rig, "rezora", action="update", id=rezora, fields={"contact_email": "two@example.com"})
        await synced(rig)
        for value in ("nobody", "..."):
            with pytest.raises(NotPossible, match="e-mail address"):
                await answered(rig, "both_changed", "edit", value)
        await answered(rig, "both_changed", "edit", "three@example.com")
        await synced(rig)
        assert here(rig, highlevel)["email"] == there(rig, rezora)["contact_email"] == "three@example.com"


async def test_a_bridge_that_may_not_write_to_highlevel_refuses_to_choose_so(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True, read_only=True) as rig:
        await apart_in_city(rig)
        for use, value in (("use-rezora", ""), ("edit", "Nederland")):
            with pytest.raises(NotPossible, match="may not write to HighLevel"):
                await answered(rig, "differs_at_first_contact", use, value)
        await answered(rig, "differs_at_first_contact", "use-highlevel")


async def maybe(rig: Rig) -> tuple[str, str]:
    """Two who may be one person."""
    one = {**ADA, "firstName": "Margaret", "email": "margaret@example.com"}
    two = {"contact_name": "Margaret Brook", "contact_email": "margaert@example.com"}
    ids = (
        edit(rig, "highlevel", action="create", fields=one),
        edit(rig, "rezora", action="create", fields=two),
    )
    await synced(rig)
    return ids


async def test_two_who_are_one_person_are_linked_at_once(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await maybe(rig)
        await answered(rig, "maybe_same", "link")
        async with rig.app.database.read() as connection:
            kept = await links.by_side(connection, rig.bridge.id, Side.HIGHLEVEL, [highlevel])
        assert kept[highlevel].link.rezora_id == rezora
        await synced(rig)
        assert (len(rig.highlevel_contacts()), len(rig.rezora_contacts())) == (1, 1)
        assert (await the_hold(rig, "differs_at_first_contact")).hold.rule == "email"


async def test_two_who_are_two_people_are_created_on_the_other_sides(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await maybe(rig)
        assert len(rig.rezora_contacts()) == 1
        tally = await rig.app.resolve_all(rig.bridge, "maybe_same", "apart", by="a test")
        assert (tally.done, tally.skipped) == (1, {})
        await synced(rig)
        assert (len(rig.highlevel_contacts()), len(rig.rezora_contacts())) == (2, 2)
        assert await rig.app.holds(rig.bridge) == []


async def test_of_several_candidates_one_is_linked_and_the_linked_refuse_another(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        edit(rig, "highlevel", action="create", fields=ADA)
        for _ in range(2):
            edit(rig, "rezora", action="create", fields=ADA_THERE)
        await synced(rig)
        first, second = [q.hold for q in await rig.app.holds(rig.bridge, "several_candidates")]
        tally = await rig.app.resolve_all(rig.bridge, "several_candidates", "link", by="a test")
        assert (tally.done, set(tally.skipped)) == (0, {first.id, second.id})
        await rig.app.resolve(rig.bridge, first.id, "link", by="a test")
        with pytest.raises(NotPossible, match="linked with another one"):
            await rig.app.resolve(rig.bridge, second.id, "link", by="a test")
        await synced(rig)
        assert (await the_hold(rig, "twin")).hold.rezora_id == second.rezora_id


async def test_a_twin_that_is_somebody_else_is_created(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await pair(rig)
        edit(rig, "highlevel", action="create", fields={**ADA, "phone": "", "city": "Nederland"})
        await synced(rig)
        await answered(rig, "twin", "retry")
        await synced(rig)
        assert len(rig.rezora_contacts()) == 1
        await answered(rig, "twin", "apart")
        await synced(rig)
        assert len(rig.rezora_contacts()) == 2
        assert await rig.app.holds(rig.bridge) == []


async def deleted_and_edited(rig: Rig, gone: str) -> tuple[str, str]:
    """A pair of which one was deleted and the other edited."""
    highlevel, rezora = await pair(rig)
    if gone == "rezora":
        edit(rig, "rezora", action="delete", id=rezora)
        edit(rig, "highlevel", action="update", id=highlevel, fields={"city": "Nederland"})
    else:
        edit(rig, "highlevel", action="delete", id=highlevel)
        edit(rig, "rezora", action="update", id=rezora, fields={"contact_home_city": "Nederland"})
    await synced(rig)
    return highlevel, rezora


@pytest.mark.parametrize("gone", ["rezora", "highlevel"])
@pytest.mark.parametrize(("use", "left"), [("keep", 1), ("delete", 0), ("create", 2)])
async def test_a_contact_deleted_on_one_side_and_edited_on_the_other(
    tmp_path: Path, use: str, left: int, gone: str
) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await deleted_and_edited(rig, gone)
        await answered(rig, "deleted_and_edited", use)
        for _ in range(2):
            await synced(rig)
            assert len(rig.highlevel_contacts()) + len(rig.rezora_contacts()) == left
        assert await rig.app.holds(rig.bridge) == []


def asking() -> str:
    return write_policy(Policy(rules=default_policy().rules, on_delete=OnDelete.ASK))


@pytest.mark.parametrize(("use", "left"), [("keep", 1), ("delete", 0)])
async def test_a_delete_that_waits(tmp_path: Path, use: str, left: int) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True, mapping=asking()) as rig:
        _, rezora = await pair(rig)
        edit(rig, "rezora", action="delete", id=rezora)
        await synced(rig)
        await answered(rig, "delete_waits", use)
        await synced(rig)
        assert len(rig.highlevel_contacts()) == left


@pytest.mark.parametrize(("use", "made"), [("create", 1), ("ignore", 0)])
async def test_a_contact_not_created_after_a_restore(tmp_path: Path, use: str, made: int) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        edit(rig, "highlevel", action="create", fields=ADA)
        await rig.app.sync(rig.bridge, cause="test", restored=True)
        assert rig.rezora_contacts() == []
        await answered(rig, "restored_alone", use)
        for _ in range(2):
            await synced(rig)
            assert len(rig.rezora_contacts()) == made
        assert await rig.app.holds(rig.bridge) == []


async def test_what_was_refused_is_tried_again_when_a_person_says_so(tmp_path: Path) -> None:
    at_once = write_policy(Policy(rules=default_policy().rules, settle_seconds=0))
    async with landbridge(tmp_path, 0, empty_rezora=True, mapping=at_once) as rig:
        rig.fault(
            side="rezora", method="POST", path="/v1/contacts.json", kind="status", status=400, times=None
        )
        edit(rig, "highlevel", action="create", fields=ADA)
        for _ in range(3):
            await synced(rig)
        calls = rig.mutating("rezora")
        await synced(rig)
        assert rig.mutating("rezora") == calls  # parked
        rig.sandbox.faults.clear()
        await answered(rig, "refused", "retry")
        await synced(rig)
        assert len(rig.rezora_contacts()) == 1
        assert await rig.app.holds(rig.bridge) == []


async def lifted(rig: Rig) -> tuple[str, str]:
    """A pair whose opt-out was taken back in HighLevel."""
    highlevel, rezora = await pair(rig)
    edit(rig, "highlevel", action="set_dnd", id=highlevel, channels={"Email": "active"})
    await synced(rig)
    assert there(rig, rezora)["contact_unsubscribe"] == "1"
    edit(rig, "highlevel", action="set_dnd", id=highlevel, channels={"Email": "inactive"})
    await synced(rig)
    assert await rig.app.holds(rig.bridge, "opt_out_lifted")
    return highlevel, rezora


async def answered_first(rig: Rig, cause: str, use: str) -> None:
    hold = (await rig.app.holds(rig.bridge, cause))[0].hold
    await rig.app.resolve(rig.bridge, hold.id, use, by="a test")


async def test_an_opt_out_that_stands_is_carried_again(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await lifted(rig)
        await answered_first(rig, "opt_out_lifted", "out")
        await synced(rig)
        assert here(rig, highlevel)["dndSettings"]["Email"]["status"] in ("active", "permanent")
        assert there(rig, rezora)["contact_unsubscribe"] == "1"
        assert await rig.app.holds(rig.bridge) == []


async def test_e_mail_is_allowed_again_only_when_no_side_shows_the_opt_out(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await lifted(rig)
        with pytest.raises(NotPossible, match="still stands in Rezora"):
            await answered_first(rig, "opt_out_lifted", "allow")
        with pytest.raises(NotPossible, match="one person"):
            await rig.app.resolve_all(rig.bridge, "opt_out_lifted", "allow", by="a test")
        edit(rig, "rezora", action="resubscribe", id=rezora)
        await synced(rig)
        before = rig.mutating()
        await answered_first(rig, "opt_out_lifted", "allow")
        for _ in range(2):
            await synced(rig)
            assert there(rig, rezora)["contact_unsubscribe"] == "0"
            assert here(rig, highlevel)["dndSettings"]["Email"]["status"] == "inactive"
            assert await rig.app.holds(rig.bridge) == []
        assert rig.mutating() == before
        assert rig.rezora.resubscribed == []
        assert "allowed" in {entry.action for entry in await rig.app.journal(rig.bridge)}


async def test_nobody_is_allowed_whose_address_is_opted_out_on_another_contact(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        _, rezora = await lifted(rig)
        spouse = edit(rig, "highlevel", action="create", fields={"firstName": "Ben", "email": ADA["email"]})
        edit(rig, "highlevel", action="set_dnd", id=spouse, channels={"Email": "active"})
        edit(rig, "rezora", action="resubscribe", id=rezora)
        await synced(rig)
        with pytest.raises(NotPossible, match="still stands in HighLevel"):
            await answered_first(rig, "opt_out_lifted", "allow")


async def test_a_paused_contact_is_left_alone_until_it_is_resumed(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await pair(rig)
        await rig.app.pause(rig.bridge, rezora, "on holiday")
        (paused,) = (await rig.app.contacts(rig.bridge, "left-out")).contacts
        assert (paused.highlevel_id, paused.rezora_id, paused.cause) == (highlevel, rezora, "paused")
        edit(rig, "highlevel", action="update", id=highlevel, fields={"city": "Nederland"})
        await synced(rig)
        assert there(rig, rezora)["contact_home_city"] == "Lyons"
        await rig.app.resume(rig.bridge, highlevel)
        await synced(rig)
        assert there(rig, rezora)["contact_home_city"] == "Nederland"
        with pytest.raises(NotPossible, match="not paused"):
            await rig.app.resume(rig.bridge, highlevel)
        with pytest.raises(NotPossible, match="No contact of that id"):
            await rig.app.pause(rig.bridge, "nobody")


@pytest.mark.parametrize("gone", ["rezora", "highlevel"])
@pytest.mark.parametrize("born", ["rezora", "highlevel"])
async def test_a_deleted_contact_comes_back_only_when_a_person_says_so(
    tmp_path: Path, gone: str, born: str
) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        if born == "highlevel":
            highlevel, rezora = await pair(rig)
        else:
            rezora = edit(rig, "rezora", action="create", fields=ADA_THERE)
            await synced(rig)
            highlevel = rig.highlevel_contacts()[0]["id"]
        ids = {"highlevel": highlevel, "rezora": rezora}
        edit(rig, gone, action="delete", id=ids.pop(gone))
        (survivor,) = ids.values()
        for _ in range(2):
            await synced(rig)
            assert len(rig.highlevel_contacts()) + len(rig.rezora_contacts()) == 1
        (shown,) = (await rig.app.contacts(rig.bridge, "left-out")).contacts
        assert shown.cause == f"deleted_in_{gone}"
        assert "contacts again" in shown.reason.fix
        await rig.app.again(rig.bridge, survivor)
        await synced(rig)
        assert (len(rig.highlevel_contacts()), len(rig.rezora_contacts())) == (1, 1)
        with pytest.raises(NotPossible, match="linked"):
            await rig.app.again(rig.bridge, survivor)
        assert (await rig.app.contacts(rig.bridge, "in-sync")).total == 1


async def test_the_lists_hold_everybody_once(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 130) as rig:
        await synced(rig)
        status = await rig.app.status(rig.bridge)
        totals, seen = {}, []
        for standing in ("in-sync", "left-out", "held", "waiting"):
            listing = await rig.app.contacts(rig.bridge, standing)
            totals[standing] = listing.total
            assert len(listing.contacts) == min(listing.total, 100)
            assert all(one.reason.fix for one in listing.contacts)
            seen += [(one.highlevel_id, one.rezora_id) for one in listing.contacts]
            following = listing.following if standing == "in-sync" else ""
            if following:
                rest = await rig.app.contacts(rig.bridge, standing, following)
                assert (len(rest.contacts), rest.following) == (listing.total - 100, "")
                seen += [(one.highlevel_id, one.rezora_id) for one in rest.contacts]
        assert totals["in-sync"] > 100
        assert len(seen) == len(set(seen)) == status.total
        assert sum(totals.values()) == status.total
        with pytest.raises(NotPossible, match="no place"):
            await rig.app.contacts(rig.bridge, "in-sync", "2")
        with pytest.raises(NotPossible, match="no list"):
            await rig.app.contacts(rig.bridge, "equal")


async def test_holds_that_only_a_hand_can_settle_say_so(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True, read_only=True) as rig:
        _, rezora = await pair(rig)
        edit(rig, "rezora", action="unsubscribe", id=rezora)
        await synced(rig)
        question = await the_hold(rig, "opted_out_in_rezora")
        assert question.actions == ()
        with pytest.raises(NotPossible, match="closes by itself"):
            await answered(rig, "opted_out_in_rezora", "ignore")
        assert await journal_is_quiet(rig)


async def journal_is_quiet(rig: Rig) -> bool:
    async with rig.app.database.read() as connection:
        return all(e.action != "decided" for e in await journal.recent(connection, rig.bridge.id, 100))
