"""The whole sandbox with its real worlds: both sides are read over HTTP, saved, and begun again."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.people import people
from landbridge.sandbox.rezora.config import RezoraConfig
from landbridge.sandbox.server import Sandbox, SandboxConfig
from sandbox_core_world import Caller, calling

COUNT = 200
HIGHLEVEL = {
    "Authorization": f"Bearer {FULL_PIT}",
    "Version": "2021-07-28",
    "Content-Type": "application/json",
}
_ACCOUNT = f"{RezoraConfig().username}:{RezoraConfig().password}"
REZORA = {"Authorization": "Basic " + b64encode(_ACCOUNT.encode()).decode()}
LOCATION = "sbxLocation000000001"


async def highlevel_contacts(caller: Caller) -> list[dict[str, Any]]:
    sent = {"locationId": LOCATION, "pageLimit": 500}
    status, got = await caller.send("POST", "/highlevel/contacts/search", sent, HIGHLEVEL)
    assert status in (200, 201), got
    assert got["total"] == len(got["contacts"])
    contacts: list[dict[str, Any]] = got["contacts"]
    return contacts


async def rezora_contacts(caller: Caller) -> list[dict[str, str]]:
    status, got = await caller.send("GET", "/rezora/v1/contacts.json", headers=REZORA)
    assert status == 200, got
    return [contact for contact in got if contact["contact_self"] == "0"]


async def test_the_seeded_people_are_read_from_both_sides() -> None:
    seeded = people(7, COUNT)
    async with Sandbox(SandboxConfig(people=COUNT)) as sandbox, calling(sandbox) as caller:
        contacts = await highlevel_contacts(caller)
        assert len(contacts) == COUNT
        assert {c["email"].lower() for c in contacts if c.get("email")} == {
            person.email.lower() for person in seeded if person.email
        }
        known = await rezora_contacts(caller)
        assert {contact["contact_email"].lower() for contact in known} == {
            person.email.lower() for person in seeded if person.in_rezora
        }
        counted = sandbox.history.summary()
        assert (counted["total"], counted["mutating"]) == (2, 0)


async def test_a_contact_is_written_and_read_back_on_both_sides() -> None:
    async with Sandbox(SandboxConfig(people=0)) as sandbox, calling(sandbox) as caller:
        sent = {"locationId": LOCATION, "firstName": "Ada", "email": "ada@example.com"}
        status, got = await caller.send("POST", "/highlevel/contacts/", sent, HIGHLEVEL)
        assert status == 201, got
        assert [contact["id"] for contact in await highlevel_contacts(caller)] == [got["contact"]["id"]]
        headers = {**REZORA, "Content-Type": "application/json"}
        contact = {"data": {"contact_name": "Ada Byron", "contact_email": "ada@example.com"}}
        status, made = await caller.send("POST", "/rezora/v1/contacts.json", contact, headers)
        assert status in (200, 201), made
        (kept,) = await rezora_contacts(caller)
        assert kept["contact_id"] == made[0]["contact_id"]
        assert sandbox.history.summary()["mutating"] == 2


async def test_both_worlds_survive_a_restart(tmp_path: Path) -> None:
    config = SandboxConfig(people=30, file=tmp_path / "sandbox.db")
    async with Sandbox(config) as sandbox, calling(sandbox) as caller:
        before = (await highlevel_contacts(caller), await rezora_contacts(caller))
    async with Sandbox(config) as sandbox, calling(sandbox) as caller:
        assert (await highlevel_contacts(caller), await rezora_contacts(caller)) == before


async def test_settings_of_the_real_worlds_change_while_they_run() -> None:
    async with Sandbox(SandboxConfig(people=1)) as sandbox, calling(sandbox) as caller:
        await caller.post("/_sandbox/config", {"rezora": {"password": "another-made-up-key"}})
        assert (await caller.send("GET", "/rezora/v1/contacts.json", headers=REZORA))[0] == 401
        await caller.post("/_sandbox/config", {"highlevel": {"burst": 1}})
        await caller.post("/_sandbox/clock", {"freeze": True})
        await highlevel_contacts(caller)
        sent = {"locationId": LOCATION, "pageLimit": 1}
        status, _ = await caller.send("POST", "/highlevel/contacts/search", sent, HIGHLEVEL)
        assert status == 429
        await caller.post("/_sandbox/reset", {"people": 2, "highlevel": {"burst": 0}})
        for _ in range(3):
            assert len(await highlevel_contacts(caller)) == 2


async def test_a_users_edit_moves_a_contact_on_either_side() -> None:
    async with Sandbox(SandboxConfig(people=60)) as sandbox, calling(sandbox) as caller:
        edits = [("highlevel", (await highlevel_contacts(caller))[0]["id"], {"firstName": "Typed"})]
        edits.append(("rezora", (await rezora_contacts(caller))[0]["contact_id"], {"contact_title": "Typed"}))
        for side, contact, fields in edits:
            command = {"side": side, "action": "update", "kind": "contact", "id": contact, "fields": fields}
            await caller.post("/_sandbox/edit", command)
            (state,) = (await caller.get(f"/_sandbox/state?side={side}")).values()
            assert "Typed" in str(state)
        users = (await caller.get("/_sandbox/history?actor=user"))["entries"]
        assert [entry["side"] for entry in users] == ["highlevel", "rezora"]
