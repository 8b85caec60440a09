"""What goes wrong on the way: one clear sentence with its fix, and nothing half-written."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from landbridge.store import links
from landbridge.sync.mapping import MappingError, write_policy
from landbridge.sync.rules import default_policy
from landbridge.systems.base import SystemFailure, WrongCredentials
from landbridge_rig import Rig, landbridge

Fault = dict[str, object]


def bodies(rig: Rig) -> Counter[tuple[str, ...]]:
    """How often each contact is in Rezora."""
    ids = ("contact_id", "contact_date")
    return Counter(
        tuple(f"{k}={v}" for k, v in sorted(contact.items()) if k not in ids)
        for contact in rig.rezora_contacts()
    )


async def finished(rig: Rig) -> tuple[str, str, str]:
    run = await rig.app.sync(rig.bridge, cause="test")
    return run.state, run.sentence, run.fix


LOST = [
    {"kind": "lost_answer", "times": 5},
    {"kind": "applied_then_500", "times": 5},
    {"kind": "fail_before", "times": 5},
    {"kind": "cut_body", "times": 3},
    {"kind": "html", "times": 3},
]


@pytest.mark.parametrize("kind", LOST, ids=[str(f["kind"]) for f in LOST])
async def test_a_create_whose_answer_is_lost_makes_one_contact_and_not_two(
    tmp_path: Path, kind: Fault
) -> None:
    async with landbridge(tmp_path / "plain", 90, empty_rezora=True) as rig:
        await finished(rig)
        wanted = bodies(rig)
    async with landbridge(tmp_path / "faulty", 90, empty_rezora=True) as rig:
        rig.fault(side="rezora", method="POST", path="/v1/contacts.json", skip=10, **kind)
        state, sentence, _ = await finished(rig)
        assert (state, sentence) == ("done", "")
        assert bodies(rig) == wanted
        before = rig.mutating()
        await finished(rig)
        assert rig.mutating() == before
        status = await rig.app.status(rig.bridge)
        assert (status.waiting, status.on_hold) == (0, 0)
        async with rig.app.database.read() as connection:
            assert await links.open_intents(connection, rig.bridge.id) == []


def highlevel_bodies(rig: Rig) -> Counter[tuple[str, str, str]]:
    """How often each person is in HighLevel."""
    return Counter(
        (str(c["firstName"]), str(c["lastName"]), str(c["email"])) for c in rig.highlevel_contacts()
    )


def only_in_rezora(rig: Rig, count: int) -> None:
    """People whom only Rezora has."""
    for number in range(count):
        fields = {"contact_name": f"Nova{number} Quist", "contact_email": f"nova{number}@example.org"}
        rig.sandbox.edit("rezora", {"action": "create", "kind": "contact", "fields": fields})


AT_ONCE = write_policy(replace(default_policy(), settle_seconds=0))


@pytest.mark.parametrize("kind", LOST, ids=[str(f["kind"]) for f in LOST])
@pytest.mark.parametrize("mapping", [AT_ONCE, None], ids=["at once", "after waiting"])
async def test_a_create_in_highlevel_whose_answer_is_lost_makes_one_contact_and_not_two(
    tmp_path: Path, kind: Fault, mapping: str | None
) -> None:
    async with landbridge(tmp_path, 10, mapping=mapping) as rig:
        await finished(rig)
        wanted = highlevel_bodies(rig)
        only_in_rezora(rig, 40)
        rig.fault(side="highlevel", method="POST", path_regex="^/contacts/?$", skip=10, **kind)
        state, sentence, _ = await finished(rig)
        assert (state, sentence) == ("done", "")
        wanted.update((f"Nova{n}", "Quist", f"nova{n}@example.org") for n in range(40))
        assert highlevel_bodies(rig) <= wanted
        if mapping is None:  # what failed after the wait is looked up and made up for by the next run
            await finished(rig)
        assert highlevel_bodies(rig) == wanted
        before = rig.mutating()
        await finished(rig)
        assert rig.mutating() == before
        status = await rig.app.status(rig.bridge)
        assert (status.waiting, status.on_hold) == (0, 0)
        async with rig.app.database.read() as connection:
            assert await links.open_intents(connection, rig.bridge.id) == []


WRONG: list[tuple[str, Fault, str]] = [
    (
        "refused connection",
        {"kind": "refuse", "side": "highlevel", "path": "/contacts/search"},
        "HighLevel at",
    ),
    ("HTML", {"kind": "html", "side": "highlevel", "path": "/contacts/search"}, "web page"),
    ("cut JSON", {"kind": "cut_body", "side": "rezora", "path": "/v1/contacts.json"}, "Rezora"),
    ("500", {"kind": "fail_before", "side": "rezora", "path": "/v1/contacts.json"}, "Rezora"),
]


@pytest.mark.parametrize(("wrong", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
async def test_a_broken_answer_ends_the_run_with_a_sentence_a_fix_and_no_write(
    tmp_path: Path, wrong: Fault, says: str
) -> None:
    async with landbridge(tmp_path, 30) as rig:
        rig.fault(**wrong, times=None)
        state, sentence, fix = await finished(rig)
        assert state == "failed"
        assert says in sentence
        assert sentence.endswith(".")
        assert fix
        assert rig.mutating() == 0
        assert (await rig.app.status(rig.bridge)).sentence == sentence
        rig.sandbox.faults.clear()
        assert (await finished(rig))[0] == "done"


async def test_a_wrong_rezora_password_is_told_before_anything_is_stored(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10) as rig:
        with pytest.raises(WrongCredentials) as refused:
            await rig.app.connect_rezora("sandbox-agent", "wrong")
        assert "Rezora" in refused.value.sentence
        assert "account manager" in refused.value.fix
        assert (await finished(rig))[0] == "done"  # the old credential still works


async def test_a_token_that_highlevel_does_not_know_is_told_before_anything_is_stored(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10) as rig:
        with pytest.raises(SystemFailure) as refused:
            await rig.app.connect_highlevel(token="pit-unknown", location=rig.bridge.highlevel.external_id)
        assert "pit-unknown" not in refused.value.sentence + refused.value.fix
        assert (await finished(rig))[0] == "done"


async def test_a_mapped_field_of_an_unknown_type_stops_the_run_with_its_name(tmp_path: Path) -> None:
    mapping = """
[[field]]
name = "email"
highlevel = ["email"]
rezora = ["contact_email"]
converter = "email"
direction = "to_rezora"

[[field]]
name = "title"
highlevel = ["customFields.nobodyKnowsThis"]
rezora = ["contact_title"]
converter = "text"
direction = "to_rezora"
"""
    async with landbridge(tmp_path, 10, mapping=mapping) as rig:
        state, sentence, fix = await finished(rig)
        assert state == "failed"
        assert "nobodyKnowsThis" in sentence
        assert "mapping" in fix
        assert rig.mutating() == 0


async def test_a_mapping_with_mistakes_is_refused_whole(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 5) as rig:
        with pytest.raises(MappingError) as wrong:
            await rig.app.create_bridge("test", 'default_county = "US"\n[[field]]\nname = "x"\n')
        assert "default_country" in str(wrong.value)
        assert (await rig.app.bridges.bridge()).policy == rig.bridge.policy


async def test_a_create_that_highlevel_refuses_is_held_and_the_others_are_not_delayed(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10, mapping=AT_ONCE) as rig:
        await finished(rig)
        equal = (await rig.app.status(rig.bridge)).equal
        only_in_rezora(rig, 12)
        wrong = {"kind": "status", "status": 422, "times": 1, "skip": 3}
        rig.fault(side="highlevel", method="POST", path_regex="^/contacts/?$", **wrong)
        state, _, _ = await finished(rig)
        assert state == "done"
        status = await rig.app.status(rig.bridge)
        assert [(h.cause, bool(h.detail), h.highlevel_id) for h in status.holds] == [("refused", True, "")]
        assert status.equal == equal + 11
        await finished(rig)
        status = await rig.app.status(rig.bridge)
        assert (status.on_hold, status.equal) == (0, equal + 12)


async def test_one_refused_contact_is_held_and_the_others_are_not_delayed(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 60, empty_rezora=True) as rig:
        rig.fault(
            side="rezora",
            method="POST",
            path="/v1/contacts.json",
            skip=7,
            times=1,
            kind="status",
            status=422,
        )
        state, _, _ = await finished(rig)
        assert state == "done"
        status = await rig.app.status(rig.bridge)
        assert [(h.cause, bool(h.detail)) for h in status.holds] == [("refused", True)]
        assert status.equal > 40
        await finished(rig)
        assert (await rig.app.status(rig.bridge)).on_hold == 0
