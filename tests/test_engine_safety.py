"""What must never happen: each test is a way in which it once could."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from landbridge.engine import apply, reconcile
from landbridge.engine.steps import STEPS
from landbridge.sandbox.history import Wanted
from landbridge.store import journal
from landbridge.store.database import StoreFailure
from landbridge.store.runs import Run
from landbridge.sync.mapping import write_policy
from landbridge.sync.rules import Direction, LabelRule, Policy, default_policy
from landbridge_rig import QuickClock, Rig, landbridge


def mapping(default_list: str = "", *labels: LabelRule) -> str:
    return write_policy(Policy(rules=default_policy().rules, labels=labels, default_list=default_list))


async def sync(rig: Rig, *, accept: bool = False) -> Run:
    return await rig.app.sync(rig.bridge, cause="test", accept=accept)


def new_in_highlevel(rig: Rig, **fields: Any) -> str:
    made = rig.sandbox.edit("highlevel", {"action": "create", "fields": fields})
    return str(made["id"] if "id" in made else made["contact"]["id"])  # type: ignore[index]  # the world's answer


def in_rezora(rig: Rig, **fields: str) -> str:
    return str(rig.sandbox.edit("rezora", {"action": "create", "kind": "contact", "fields": fields})["id"])


async def test_consent_that_the_answer_does_not_tell_is_not_taken_for_a_yes(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 120, mapping=mapping("Everybody"), empty_rezora=True) as rig:
        rig.fault(
            kind="drop_field", side="highlevel", path="/contacts/search", field="dndSettings", times=None
        )
        await sync(rig)
        out = {c["email"] for c in rig.highlevel_contacts() if c["dndSettings"]}
        assert out
        mailed = {c["contact_id"] for c in rig.rezora_contacts() if c["contact_email"] in out}
        assert not mailed & rig.rezora.would_mail()


async def test_an_opt_out_reaches_everybody_of_that_address_linked_or_not_and_before_the_brake(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        await sync(rig)
        spouse = in_rezora(rig, contact_name="Robin Quist", contact_email="Home@example.org")
        news = str(
            rig.sandbox.edit("rezora", {"action": "create_list", "kind": "list", "name": "News"})["id"]
        )
        rig.sandbox.edit("rezora", {"action": "add_to_list", "id": spouse, "list": news})
        assert spouse in rig.rezora.would_mail()
        person = new_in_highlevel(rig, firstName="Kim", lastName="Quist", email="home@example.org")
        rig.sandbox.edit("highlevel", {"action": "set_dnd", "id": person, "channels": {"Email": "active"}})
        for contact in rig.highlevel_contacts():
            edit = {"action": "update", "id": contact["id"], "fields": {"city": "Everywhere"}}
            rig.sandbox.edit("highlevel", edit)
        assert (await sync(rig)).state == "braked"
        assert spouse not in rig.rezora.would_mail()


async def test_a_run_that_stops_remembers_no_write_that_was_not_made(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await sync(rig)
        await sync(rig)
        target = next(c for c in rig.rezora_contacts() if c["contact_home_city"])
        person = next(c for c in rig.highlevel_contacts() if c["email"] == target["contact_email"])
        edit = {"action": "update", "id": person["id"], "fields": {"city": "Lyons"}}
        rig.sandbox.edit("highlevel", edit)
        rig.fault(kind="status", side="rezora", method="PUT", path="/v1/contacts/", status=401, times=1)
        assert (await sync(rig)).state == "failed"
        assert (await sync(rig)).state == "done"
        (now,) = [c for c in rig.rezora_contacts() if c["contact_id"] == target["contact_id"]]
        assert now["contact_home_city"] == "Lyons"


async def test_a_join_that_failed_once_is_made_by_the_next_sync(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 20, mapping=mapping("Everybody"), empty_rezora=True) as rig:
        rig.fault(kind="status", side="rezora", method="POST", path="/v1/lists/", status=422, times=1)
        await sync(rig)
        await sync(rig)
        assert {c["contact_id"] for c in rig.rezora_contacts()} == rig.rezora.would_mail()
        status = await rig.app.status(rig.bridge)
        assert (status.waiting, status.on_hold) == (0, 0)


async def test_an_edit_made_while_the_plan_was_carried_out_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await sync(rig)
        await sync(rig)
        target = next(c for c in rig.rezora_contacts() if c["contact_home_city"])
        person = next(c for c in rig.highlevel_contacts() if c["email"] == target["contact_email"])
        rig.sandbox.edit("highlevel", {"action": "update", "id": person["id"], "fields": {"city": "Lyons"}})

        async def agent_edits_meanwhile(work: Any, stage: Any) -> Any:
            fields = {"contact_home_city": "Nederland"}
            rig.sandbox.edit("rezora", {"action": "update", "id": target["contact_id"], "fields": fields})
            return await reconcile.weigh_plan(work, stage)

        monkeypatch.setitem(STEPS, "weigh", agent_edits_meanwhile)
        before = rig.mutating()
        await sync(rig)
        assert rig.mutating() == before
        (now,) = [c for c in rig.rezora_contacts() if c["contact_id"] == target["contact_id"]]
        assert now["contact_home_city"] == "Nederland"


async def test_an_edit_in_highlevel_made_while_the_plan_was_carried_out_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = write_policy(Policy(rules=default_policy().rules, settle_seconds=0))
    async with landbridge(tmp_path, 30, mapping=at_once, empty_rezora=True) as rig:
        await sync(rig)
        await sync(rig)
        target = next(c for c in rig.rezora_contacts() if c["contact_home_city"])
        person = next(c for c in rig.highlevel_contacts() if c["email"] == target["contact_email"])
        fields = {"contact_email": "theirs@example.org"}
        rig.sandbox.edit("rezora", {"action": "update", "id": target["contact_id"], "fields": fields})

        async def agent_edits_meanwhile(work: Any, stage: Any) -> Any:
            edit = {"action": "update", "id": person["id"], "fields": {"email": "ours@example.org"}}
            rig.sandbox.edit("highlevel", edit)
            return await reconcile.weigh_plan(work, stage)

        monkeypatch.setitem(STEPS, "weigh", agent_edits_meanwhile)
        before = rig.mutating()
        await sync(rig)
        assert rig.mutating() == before
        (now,) = [c for c in rig.highlevel_contacts() if c["id"] == person["id"]]
        assert now["email"] == "ours@example.org"
        assert ("both_changed", "email") in {
            (hold.cause, hold.rule) for hold in (await rig.app.status(rig.bridge)).holds
        }


async def test_a_run_that_stops_remembers_no_write_to_highlevel_that_was_not_made(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await sync(rig)
        await sync(rig)
        target = next(c for c in rig.rezora_contacts() if c["contact_home_city"])
        person = next(c for c in rig.highlevel_contacts() if c["email"] == target["contact_email"])
        fields = {"contact_home_city": "Nederland"}
        rig.sandbox.edit("rezora", {"action": "update", "id": target["contact_id"], "fields": fields})
        rig.fault(kind="status", side="highlevel", method="PUT", path="/contacts/", status=401, times=1)
        assert (await sync(rig)).state == "failed"
        assert (await sync(rig)).state == "done"
        (now,) = [c for c in rig.highlevel_contacts() if c["id"] == person["id"]]
        assert now["city"] == "Nederland"


async def test_the_brake_weighs_what_would_be_written_to_highlevel_too(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        await sync(rig)
        await sync(rig)
        for contact in rig.rezora_contacts():
            fields = {"contact_home_city": "Everywhere", "contact_home_street": "9 Elm Rd"}
            rig.sandbox.edit("rezora", {"action": "update", "id": contact["contact_id"], "fields": fields})
        before = rig.mutating()
        assert (await sync(rig)).state == "braked"
        assert rig.mutating() == before


async def test_the_brake_asks_about_contacts_that_are_gone_from_highlevel(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        await sync(rig)
        emails = {c["contact_email"] for c in rig.rezora_contacts()}
        for contact in [c for c in rig.highlevel_contacts() if c["email"] in emails][:30]:
            rig.sandbox.edit("highlevel", {"action": "delete", "id": contact["id"]})
        before = rig.mutating()
        assert (await sync(rig)).state == "braked"
        assert (await sync(rig, accept=True)).state == "done"
        assert (await sync(rig)).state == "done"
        assert rig.mutating() == before
        status = await rig.app.status(rig.bridge)
        assert [s.count for s in status.excluded if s.key == "deleted_in_highlevel"] == [30]


async def test_an_edit_of_a_moment_ago_is_waited_for_and_then_carried_in_the_same_run(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await sync(rig)
        await sync(rig)
        target = next(c for c in rig.rezora_contacts() if c["contact_home_city"])
        person = next(c for c in rig.highlevel_contacts() if c["email"] == target["contact_email"])
        clock = rig.app.clock
        assert isinstance(clock, QuickClock)
        clock.slept = 0.0
        rig.sandbox.edit("highlevel", {"action": "update", "id": person["id"], "fields": {"city": "Lyons"}})
        run = await sync(rig)
        assert run.counts["updated"] == 1
        assert clock.slept >= default_policy().settle_seconds
        assert (await rig.app.status(rig.bridge)).waiting == 0


async def test_an_edit_that_goes_on_while_the_run_waits_is_left_for_the_next_one_and_shown_as_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with landbridge(tmp_path, 30, empty_rezora=True) as rig:
        await sync(rig)
        await sync(rig)
        target = next(c for c in rig.rezora_contacts() if c["contact_home_city"])
        person = next(c for c in rig.highlevel_contacts() if c["email"] == target["contact_email"])
        edit = {"action": "update", "id": person["id"], "fields": {"city": "Lyo"}}
        rig.sandbox.edit("highlevel", edit)

        async def typed_on(work: Any, stage: Any) -> Any:
            rig.sandbox.edit("highlevel", edit | {"fields": {"city": "Lyons"}})
            return await apply.settle(work, stage)

        monkeypatch.setitem(STEPS, "settle", typed_on)
        before = rig.mutating()
        await sync(rig)
        assert rig.mutating() == before
        assert (await rig.app.status(rig.bridge)).waiting == 1
        monkeypatch.undo()
        await sync(rig)
        (now,) = [c for c in rig.rezora_contacts() if c["contact_id"] == target["contact_id"]]
        assert now["contact_home_city"] == "Lyons"
        assert (await rig.app.status(rig.bridge)).waiting == 0


async def test_a_dry_run_after_a_lost_create_does_not_make_us_forget_it(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 12, empty_rezora=True) as rig:
        rig.fault(kind="lost_answer", side="rezora", method="POST", path="/v1/contacts.json", times=1)
        rig.fault(kind="refuse", side="rezora", method="GET", path="/v1/contacts.json", times=None, skip=1)
        assert (await sync(rig)).state == "failed"
        there = {c["contact_email"] for c in rig.rezora_contacts()}
        rig.sandbox.faults.clear()
        await rig.app.plan(rig.bridge)
        await sync(rig)
        emails = [c["contact_email"] for c in rig.rezora_contacts()]
        assert there <= set(emails)
        bodies = [
            tuple(v for k, v in c.items() if k not in ("contact_id", "contact_date"))
            for c in rig.rezora_contacts()
        ]
        assert len(bodies) == len(set(bodies))


async def test_the_brake_asks_once_about_contacts_that_are_gone(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        await sync(rig)
        for contact in rig.rezora_contacts()[:30]:
            rig.sandbox.edit("rezora", {"action": "delete", "id": contact["contact_id"]})
        assert (await sync(rig)).state == "braked"
        assert (await sync(rig, accept=True)).state == "done"
        assert (await sync(rig)).state == "done"


async def test_a_list_is_found_whatever_its_letters_are_and_each_write_is_in_the_journal(
    tmp_path: Path,
) -> None:
    rule = LabelRule("buyer", "Buyers", Direction.TO_REZORA)
    async with landbridge(tmp_path, 40, mapping=mapping("All", rule), empty_rezora=True) as rig:
        rig.sandbox.edit("rezora", {"action": "create_list", "kind": "list", "name": "buyers"})
        run = await sync(rig)
        assert run.state == "done"
        async with rig.app.database.read() as connection:
            entries = await journal.recent(connection, rig.bridge.id, 1_000)
        assert len(entries) == rig.mutating() == run.counts["writes"]


async def test_two_syncs_at_once_are_one_sync_and_a_refusal(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 30) as rig:
        first, second = await asyncio.gather(sync(rig), sync(rig), return_exceptions=True)
        states = sorted(r.state if isinstance(r, Run) else type(r).__name__ for r in (first, second))
        assert states == sorted(["done", StoreFailure.__name__])
        assert await rig.app.runs.unfinished(rig.bridge.id) is None


async def test_something_unexpected_ends_the_run_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_work: Any, _stage: Any) -> Any:
        raise ZeroDivisionError

    async with landbridge(tmp_path, 10) as rig:
        monkeypatch.setitem(STEPS, "weigh", broken)
        run = await sync(rig)
        assert (run.state, "unexpected" in run.sentence) == ("failed", True)
        assert rig.sandbox.history.read(Wanted(actor="api", mutating=True)) == []


async def test_an_opt_out_that_rezora_ignores_takes_the_contact_off_our_lists_and_is_shown(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, 30, mapping=mapping("Everybody"), empty_rezora=True) as rig:
        await sync(rig)
        rig.sandbox.configure({"rezora": {"unsubscribe_writable": False}})
        target = next(c for c in rig.rezora_contacts() if c["contact_id"] in rig.rezora.would_mail())
        person = next(c for c in rig.highlevel_contacts() if c["email"] == target["contact_email"])
        rig.sandbox.edit(
            "highlevel", {"action": "set_dnd", "id": person["id"], "channels": {"Email": "active"}}
        )
        await sync(rig)
        assert target["contact_id"] not in rig.rezora.would_mail()
        assert "opt_out_did_not_stick" in {hold.cause for hold in (await rig.app.status(rig.bridge)).holds}
