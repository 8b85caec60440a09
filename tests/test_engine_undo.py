"""Undoing what a sync wrote: only where it still shows, never towards more e-mail, never carried again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from landbridge.engine.answers import NotPossible
from landbridge.engine.undo import UndoLine, UndoOrder
from landbridge.store import links
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Side
from landbridge.sync.rules import Direction, LabelRule, Policy, default_policy
from landbridge_rig import Rig, landbridge

ADA = {
    "firstName": "Ada",
    "lastName": "Brook",
    "email": "ada@example.com",
    "city": "Lyons",
    "postalCode": "80540",
}


def with_list() -> str:
    labels = (LabelRule("buyer", "Buyers", Direction.BOTH),)
    return write_policy(Policy(rules=default_policy().rules, labels=labels))


async def synced(rig: Rig) -> Mapping[str, int]:
    run = await rig.app.sync(rig.bridge, cause="test", accept=True)
    assert (run.state, run.sentence) == ("done", "")
    return run.counts


def edit(rig: Rig, side: str, **command: Any) -> str:
    return str(rig.sandbox.edit(side, command)["id"])


def here(rig: Rig) -> Mapping[str, Any]:
    (contact,) = rig.highlevel_contacts()
    return contact


def there(rig: Rig) -> Mapping[str, Any]:
    (contact,) = rig.rezora_contacts()
    return contact


async def pair(rig: Rig, **fields: str) -> tuple[str, str]:
    """Somebody who is in sync, read back on both sides."""
    highlevel = edit(rig, "highlevel", action="create", fields=ADA | fields)
    await synced(rig)
    await synced(rig)
    return highlevel, there(rig)["contact_id"]


async def entry_id(rig: Rig, action: str) -> int:
    return next(entry.id for entry in await rig.app.journal(rig.bridge) if entry.action == action)


async def undone(rig: Rig, *, preview: bool = False, **order: Any) -> list[UndoLine]:
    made = await rig.app.undo(rig.bridge, UndoOrder(**order), cause="test", preview=preview)
    assert made.run.state == "done", made.run.sentence
    return made.lines


async def edited(rig: Rig, **fields: str) -> int:
    """An edit in HighLevel that a sync carried; the id of its entry."""
    edit(rig, "highlevel", action="update", id=here(rig)["id"], fields=fields)
    await synced(rig)
    return await entry_id(rig, "update")


async def test_a_preview_says_what_the_undo_then_does_and_writes_nothing(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await pair(rig)
        number = await edited(rig, city="Nederland")
        before = rig.mutating()
        (shown,) = await undone(rig, entry_id=number, preview=True)
        assert (shown.outcome, shown.before, shown.after) == (
            "undo",
            {"contact_home_city": "Nederland"},
            {"contact_home_city": "Lyons"},
        )
        assert (rig.mutating(), there(rig)["contact_home_city"]) == (before, "Nederland")
        (done,) = await undone(rig, entry_id=number)
        assert (done.outcome, done.before, done.after) == ("undone", shown.before, shown.after)
        assert there(rig)["contact_home_city"] == "Lyons"
        assert rig.mutating() == before + 1


async def test_what_was_undone_is_held_and_not_carried_again(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await pair(rig)
        number = await edited(rig, city="Nederland")
        await undone(rig, entry_id=number)
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before
        (question,) = await rig.app.holds(rig.bridge)
        assert (question.hold.cause, question.hold.rule) == ("undone", "city")
        await rig.app.resolve(rig.bridge, question.hold.id, "use-rezora", by="a test")
        await synced(rig)
        assert here(rig)["city"] == "Lyons"
        assert await rig.app.holds(rig.bridge) == []


async def test_an_answer_carried_out_in_part_is_not_carried_again_once_that_part_is_undone(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        edit(rig, "highlevel", action="create", fields={**ADA, "city": "Ward"})
        fields = {
            "contact_name": "Ada Brook",
            "contact_email": ADA["email"],
            "contact_home_city": "Nederland",
        }
        rezora = edit(rig, "rezora", action="create", fields=fields)
        await synced(rig)
        (question,) = await rig.app.holds(rig.bridge, "differs_at_first_contact")
        await rig.app.resolve(rig.bridge, question.hold.id, "edit", "Estes Park", by="a test")
        rig.fault(
            side="rezora",
            method="PUT",
            path=f"/v1/contacts/{rezora}.json",
            kind="status",
            status=400,
            times=None,
        )
        await synced(rig)
        rig.sandbox.faults.clear()
        assert (here(rig)["city"], there(rig)["contact_home_city"]) == ("Estes Park", "Nederland")
        (line,) = await undone(rig, entry_id=await entry_id(rig, "update"))
        assert line.outcome == "undone"
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before, "the answer fits the values again, and counts no more"
        assert (here(rig)["city"], there(rig)["contact_home_city"]) == ("Ward", "Nederland")
        (waits,) = await rig.app.holds(rig.bridge)
        assert (waits.hold.rule, waits.decided) == ("city", "")


async def test_one_field_of_an_entry_is_undone_by_its_name_or_that_of_its_rule(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await pair(rig)
        number = await edited(rig, city="Nederland", postalCode="80466")
        with pytest.raises(NotPossible, match="did not write"):
            await undone(rig, entry_id=number, field="street")
        await undone(rig, entry_id=number, field="zip code")
        assert (there(rig)["contact_home_city"], there(rig)["contact_home_zip"]) == ("Nederland", "80540")
        await undone(rig, entry_id=number, field="contact_home_city")
        assert there(rig)["contact_home_city"] == "Lyons"


async def test_a_field_that_was_edited_since_stays_and_the_others_go_back(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        _, rezora = await pair(rig)
        number = await edited(rig, city="Nederland", postalCode="80466")
        edit(rig, "rezora", action="update", id=rezora, fields={"contact_home_city": "Ward"})
        lines = await undone(rig, entry_id=number)
        assert {line.what: line.outcome for line in lines} == {
            "contact_home_zip": "undone",
            "contact_home_city": "skipped",
        }
        assert (there(rig)["contact_home_city"], there(rig)["contact_home_zip"]) == ("Ward", "80540")


async def test_a_name_goes_back_whole_or_not_at_all(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await pair(rig)
        edit(rig, "rezora", action="update", id=rezora, fields={"contact_name": "Eve Stone"})
        await synced(rig)
        assert (here(rig)["firstName"], here(rig)["lastName"]) == ("Eve", "Stone")
        number = await entry_id(rig, "update")
        edit(rig, "highlevel", action="update", id=highlevel, fields={"lastName": "Hill"})
        (line,) = await undone(rig, entry_id=number)
        assert line.outcome == "skipped"
        assert (here(rig)["firstName"], here(rig)["lastName"]) == ("Eve", "Hill")


async def test_an_undo_is_undone_the_same_way(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await pair(rig)
        await undone(rig, entry_id=await edited(rig, city="Nederland"))
        number = await entry_id(rig, "undo")
        assert "Undid entry" in (await rig.app.journal(rig.bridge))[0].note
        await undone(rig, entry_id=number)
        assert there(rig)["contact_home_city"] == "Nederland"
        before = rig.mutating()
        await synced(rig)
        assert (rig.mutating(), await rig.app.holds(rig.bridge)) == (before, [])


async def test_all_of_a_record_goes_back_newest_first_in_preview_and_in_truth(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        _, rezora = await pair(rig)
        for city in ("Nederland", "Ward"):
            await edited(rig, city=city)
        for preview in (True, False):
            lines = await undone(rig, record_id=rezora, preview=preview)
            told = [
                (line.before.get("contact_home_city"), line.after.get("contact_home_city")) for line in lines
            ]
            assert told[:2] == [("Ward", "Nederland"), ("Nederland", "Lyons")]
        assert there(rig)["contact_home_city"] == "Lyons"


async def test_a_created_contact_stays_unless_it_is_meant_and_untouched(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        highlevel, rezora = await pair(rig)
        number = await entry_id(rig, "create")
        (line,) = await undone(rig, entry_id=number)
        assert (line.outcome, "--created" in line.reason) == ("skipped", True)
        edit(rig, "rezora", action="update", id=rezora, fields={"contact_home_city": "Ward"})
        (line,) = await undone(rig, entry_id=number, created=True)
        assert (line.outcome, line.reason) == ("skipped", "It was changed since it was created.")
        edit(rig, "rezora", action="update", id=rezora, fields={"contact_home_city": "Lyons"})
        (line,) = await undone(rig, entry_id=number, created=True)
        assert (line.outcome, rig.rezora_contacts()) == ("undone", [])
        before = rig.mutating()
        await synced(rig)
        assert (rig.mutating(), len(rig.highlevel_contacts())) == (before, 1)
        (left_out,) = (await rig.app.contacts(rig.bridge, "left-out")).contacts
        assert (left_out.highlevel_id, left_out.cause) == (highlevel, "deleted_in_rezora")
        (line,) = await undone(rig, entry_id=await entry_id(rig, "undo"))
        assert line.outcome == "skipped"


async def test_a_run_goes_back_and_says_of_everything_else_why_it_stays(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True, mapping=with_list()) as rig:
        await synced(rig)
        (first,) = await rig.app.runs.recent(rig.bridge.id)
        lines = await undone(rig, run_id=first.id, created=True)
        assert rig.rezora_contacts() == []
        assert all(line.reason for line in lines if line.outcome == "skipped")
        status = await rig.app.status(rig.bridge)
        assert status.total == 30
        assert status.recent[0].purpose == "undo"
        before = rig.mutating()
        await synced(rig)
        assert rig.mutating() == before


async def listed(rig: Rig) -> tuple[str, str]:
    """Somebody who was put on a list by a sync."""
    ids = await pair(rig)
    edit(rig, "highlevel", action="add_tags", id=ids[0], tags=["buyer"])
    await synced(rig)
    assert buyers(rig) == {ids[1]}
    return ids


def buyers(rig: Rig) -> set[str]:
    account = rig.rezora.account
    (key,) = [row["list_id"] for row in account.lists.values() if row["list_name"] == "Buyers"]
    return set(account.members[key])


async def base(rig: Rig, highlevel: str) -> tuple[str, str]:
    async with rig.app.database.read() as connection:
        kept = (await links.by_side(connection, rig.bridge.id, Side.HIGHLEVEL, [highlevel]))[highlevel].link
    return kept.base_highlevel["label:Buyers"], kept.base_rezora["label:Buyers"]


async def test_a_join_is_undone_and_both_sides_are_remembered_as_they_are(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True, mapping=with_list()) as rig:
        highlevel, _ = await listed(rig)
        number = await entry_id(rig, "join")
        (line,) = await undone(rig, entry_id=number, preview=True)
        assert (line.outcome, len(buyers(rig))) == ("undo", 1)
        (line,) = await undone(rig, entry_id=number)
        assert (line.outcome, buyers(rig)) == ("undone", set())
        assert await base(rig, highlevel) == ("1", "0")
        (line,) = await undone(rig, entry_id=number)
        assert line.outcome == "skipped"
        (line,) = await undone(rig, entry_id=await entry_id(rig, "undo"))
        assert (line.outcome, len(buyers(rig))) == ("undone", 1)
        assert await base(rig, highlevel) == ("1", "1")


async def test_an_undone_join_is_not_carried_again(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True, mapping=with_list()) as rig:
        await listed(rig)
        await undone(rig, entry_id=await entry_id(rig, "join"))
        await synced(rig)
        assert buyers(rig) == set()
        assert here(rig)["tags"] == ["buyer"]


async def test_nobody_who_opted_out_is_put_on_a_list_again(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True, mapping=with_list()) as rig:
        highlevel, rezora = await listed(rig)
        edit(rig, "highlevel", action="remove_tags", id=highlevel, tags=["buyer"])
        await synced(rig)
        number = await entry_id(rig, "leave")
        edit(rig, "highlevel", action="set_dnd", id=highlevel, channels={"Email": "active"})
        await synced(rig)
        (line,) = await undone(rig, entry_id=number)
        assert (line.outcome, buyers(rig)) == ("skipped", set())
        assert "opted out" in line.reason
        (line,) = await undone(rig, entry_id=await entry_id(rig, "opt_out"))
        assert (line.outcome, there(rig)["contact_unsubscribe"]) == ("skipped", "1")
        assert rezora not in rig.rezora.would_mail()


async def test_a_leave_is_undone_on_either_side(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True, mapping=with_list()) as rig:
        _, rezora = await listed(rig)
        edit(rig, "rezora", action="remove_from_list", id=rezora, list="Buyers")
        await synced(rig)
        assert here(rig)["tags"] == []
        number = await entry_id(rig, "leave")
        (line,) = await undone(rig, entry_id=number, preview=True)
        assert line.outcome == "undo"
        (line,) = await undone(rig, entry_id=number)
        assert (line.outcome, here(rig)["tags"]) == ("undone", ["buyer"])


async def test_an_address_that_opted_out_since_does_not_come_back(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await pair(rig)
        number = await edited(rig, email="new@example.com")
        other = edit(rig, "highlevel", action="create", fields={"firstName": "Ben", "email": ADA["email"]})
        edit(rig, "highlevel", action="set_dnd", id=other, channels={"Email": "active"})
        await synced(rig)
        (line,) = await undone(rig, entry_id=number)
        assert (line.outcome, there(rig)["contact_email"]) == ("skipped", "new@example.com")


async def test_a_contact_that_is_gone_and_a_side_that_may_not_be_written_are_told(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        _, rezora = await pair(rig)
        number = await edited(rig, city="Nederland")
        edit(rig, "rezora", action="delete", id=rezora)
        (line,) = await undone(rig, entry_id=number)
        assert (line.outcome, line.reason) == ("skipped", "The contact is gone from Rezora.")


async def test_a_refused_undo_is_journaled_as_failed(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        await pair(rig)
        number = await edited(rig, city="Nederland")
        rig.fault(side="rezora", method="PUT", kind="status", status=422)
        (line,) = await undone(rig, entry_id=number)
        assert (line.outcome, there(rig)["contact_home_city"]) == ("failed", "Nederland")
        assert (await rig.app.journal(rig.bridge))[0].action == "failed"


@pytest.mark.parametrize(
    "order", [{}, {"entry_id": 1, "run_id": 1}, {"run_id": 1, "field": "city"}, {"record_id": "nobody"}]
)
async def test_an_order_without_a_sense_is_refused(tmp_path: Path, order: dict[str, Any]) -> None:
    async with landbridge(tmp_path, 0, empty_rezora=True) as rig:
        with pytest.raises(NotPossible):
            await undone(rig, **order)
