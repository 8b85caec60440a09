"""The control pages that move the clock, change settings, begin again, and edit as a user would."""

from __future__ import annotations

import pytest

from sandbox_core_world import running, tiny_config


async def test_a_frozen_clock_stands_and_moves_only_when_told() -> None:
    async with running() as caller:
        got = await caller.post("/_sandbox/clock", {"freeze": "2026-01-05T09:30:00Z"})
        assert got == {"now": "2026-01-05T09:30:00.000Z", "epoch": 1767605400.0, "frozen": True}
        got = await caller.post("/_sandbox/clock", {"advance": 90})
        assert got["now"] == "2026-01-05T09:31:30.000Z"
        await caller.get("/rezora/hello")
        (entry,) = (await caller.get("/_sandbox/history"))["entries"]
        assert entry["at"] == "2026-01-05T09:31:30.000+00:00"
        got = await caller.post("/_sandbox/clock", {"release": True})
        assert got["frozen"] is False
        assert got["epoch"] > 1767605490


async def test_a_time_without_a_zone_is_utc() -> None:
    async with running() as caller:
        got = await caller.post("/_sandbox/clock", {"freeze": "2026-01-05T09:30:00"})
        assert got["now"] == "2026-01-05T09:30:00.000Z"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "advance"),
        ({"advance": "soon"}, "advance must be a number of seconds"),
        ({"freeze": "noon"}, "freeze must be true or an ISO time"),
        ({"release": 3}, "release must be true"),
        ({"rewind": 3}, "rewind is not known here; allowed are advance, freeze, release"),
        ([], "The body must be a JSON object"),
    ],
)
async def test_a_wrong_clock_command_is_refused_and_changes_nothing(sent: object, words: str) -> None:
    async with running() as caller:
        await caller.post("/_sandbox/clock", {"freeze": "2026-01-05T09:30:00Z"})
        status, got = await caller.send("POST", "/_sandbox/clock", sent)
        assert status == 400
        assert words in got["error"]
        assert (await caller.get("/_sandbox/clock"))["now"] == "2026-01-05T09:30:00.000Z"


async def test_a_reset_begins_again_with_the_same_people_and_ids() -> None:
    async with running() as caller:
        before = await caller.get("/_sandbox/state")
        await caller.post("/highlevel/contacts", {"email": "new@example.com"})
        await caller.fault(kind="refuse", path="/never")
        await caller.post("/_sandbox/clock", {"freeze": True})
        assert await caller.post("/_sandbox/reset", {}) == {"seed": 7, "people": 3, "activities": 0}
        assert await caller.get("/_sandbox/state") == before
        assert (await caller.get("/_sandbox/history"))["last_number"] == 0
        assert (await caller.get("/_sandbox/faults"))["faults"] == []
        assert (await caller.get("/_sandbox/clock"))["frozen"] is False


async def test_a_reset_takes_other_people_and_settings_and_the_next_forgets_them() -> None:
    async with running() as caller:
        sent = {"seed": 9, "people": 12, "highlevel": {"burst": 5, "identifiers": ["phone", "email"]}}
        assert await caller.post("/_sandbox/reset", sent) == {"seed": 9, "people": 12, "activities": 0}
        assert len(caller.emails()) == 12
        settings = await caller.get("/_sandbox/config")
        assert settings["highlevel"]["burst"] == 5
        assert settings["highlevel"]["identifiers"] == ["phone", "email"]
        assert settings["highlevel"]["greeting"] == "hello"
        await caller.post("/_sandbox/reset", {})
        assert (await caller.get("/_sandbox/config"))["highlevel"]["burst"] == 100
        assert len(caller.emails()) == 3


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"people": -1}, "people must be from 0"),
        ({"people": "many"}, "people must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"count": 3}, "count is not known here; allowed are seed, people, activities, highlevel, rezora"),
        ({"highlevel": []}, "highlevel must be an object of settings"),
        ({"highlevel": {"bursts": 1}}, "highlevel.bursts is not a setting; allowed are greeting, burst"),
        ({"highlevel": {"burst": "x"}}, "Expected `int`, got `str` - at `$.burst`"),
    ],
)
async def test_a_wrong_reset_is_refused_by_name_and_changes_nothing(sent: object, words: str) -> None:
    async with running() as caller:
        await caller.post("/highlevel/contacts", {"email": "new@example.com"})
        status, got = await caller.send("POST", "/_sandbox/reset", sent)
        assert status == 400
        assert words in got["error"]
        assert "new@example.com" in caller.emails()


async def test_settings_change_while_the_state_stays() -> None:
    async with running() as caller:
        await caller.post("/highlevel/contacts", {"email": "new@example.com"})
        sent = {"highlevel": {"greeting": "hi"}, "rezora": {"greeting": "welcome"}}
        got = await caller.post("/_sandbox/config", sent)
        assert (got["highlevel"]["greeting"], got["rezora"]["greeting"]) == ("hi", "welcome")
        assert (await caller.get("/highlevel/hello"))["greeting"] == "hi"
        assert (await caller.get("/rezora/hello"))["greeting"] == "welcome"
        assert "new@example.com" in caller.emails()


async def test_a_wrong_setting_changes_neither_side() -> None:
    async with running() as caller:
        sent = {"highlevel": {"greeting": "hi"}, "rezora": {"greeting": 5}}
        status, got = await caller.send("POST", "/_sandbox/config", sent)
        assert (status, got["error"][:7]) == (400, "rezora:")
        assert (await caller.get("/highlevel/hello"))["greeting"] == "hello"


async def test_a_users_edit_is_applied_and_told_apart_from_api_calls() -> None:
    async with running(tiny_config(people=1)) as caller:
        (contact,) = (await caller.get("/_sandbox/state?side=rezora"))["rezora"]["contacts"]
        command = {
            "side": "rezora",
            "action": "update",
            "kind": "contact",
            "id": contact,
            "fields": {"email": "typed@example.com"},
        }
        edited = await caller.post("/_sandbox/edit", command)
        assert edited["email"] == "typed@example.com"
        assert caller.emails("rezora") == ["typed@example.com"]
        (entry,) = (await caller.get("/_sandbox/history?actor=user"))["entries"]
        assert (entry["side"], entry["method"], entry["path"]) == ("rezora", "UPDATE", f"/contact/{contact}")
        assert entry["mutating"] is True
        assert entry["request_body"]["fields"] == {"email": "typed@example.com"}
        assert (await caller.get("/_sandbox/history?actor=api"))["entries"] == []
        assert len(await caller.post("/_sandbox/edit", [command, command])) == 2


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"action": "update"}, "side must be one of highlevel, rezora"),
        ({"side": "rezora", "action": "paint"}, "action must be update."),
        ([{"side": "rezora", "action": "paint"}], "edit 0: action must be update."),
        ([3], "edit 0: send an object with side"),
    ],
)
async def test_a_wrong_edit_is_refused_with_its_reason(sent: object, words: str) -> None:
    async with running() as caller:
        status, got = await caller.send("POST", "/_sandbox/edit", sent)
        assert status == 400
        assert words in got["error"]
        assert caller.sandbox.history.read() == []
