"""Outgoing webhooks through the API, the page and the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from landbridge.engine.catalog import OWN_TRIGGERS
from landbridge.web.site import build_site
from test_cli import run
from test_outgoing import ADDRESS, UPDATE, Scene, scene
from web_browser import Tab, serving
from web_client import Client, let_in

JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
PATH = "/api/v1/bridges/1/webhooks"


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


def browser(s: Scene) -> Client:
    return Client(build_site(let_in(s.rig.app), s.rig.clock))


async def ask(s: Scene, method: str, path: str, body: object = None) -> tuple[int, Any]:
    sent = b"" if body is None else json.dumps(body).encode()
    answer = await browser(s).ask(method, path, sent, JSON)
    return answer.status, answer.json if answer.body else None


async def test_a_program_adds_follows_repeats_and_removes(s: Scene) -> None:
    order = {"url": ADDRESS, "triggers": ["contact.synced"], "name": "Zap"}
    status, made = await ask(s, "POST", PATH, order)
    assert (status, made["host"], made["secret"][:6]) == (200, "hooks.example.com", "whsec_")
    await s.wrote(UPDATE)
    await s.step()
    (message,) = (await ask(s, "GET", f"{PATH}/1/messages"))[1]
    assert (message["state"], message["due_at"], message["told"]) == (
        "delivered",
        None,
        "It answered with status 204.",
    )
    assert json.loads(message["body"])["data"]["highlevel_id"] == "c1"
    assert (await ask(s, "POST", f"{PATH}/messages/{message['id']}/replay"))[1]["message"] == message[
        "message"
    ]
    assert (await ask(s, "POST", f"{PATH}/1/test"))[1]["trigger"] == "landbridge.test"
    assert (await ask(s, "POST", f"{PATH}/1/switch", {"enabled": False}))[1]["enabled"] is False
    (listed,) = (await ask(s, "GET", PATH))[1]
    assert listed.keys() == made.keys() - {"secret"}
    assert "very-secret" not in json.dumps([listed, made, message])
    assert (await ask(s, "DELETE", f"{PATH}/1"))[0] == 200
    assert (await ask(s, "GET", PATH))[1] == []


@pytest.mark.parametrize(
    ("order", "status", "fix"),
    [
        ({"url": "http://inner.example.com/", "triggers": ["hold.opened"]}, 409, "https://"),
        ({"url": ADDRESS, "triggers": ["hold.open"]}, 409, "hold.opened"),
        ({"url": ADDRESS, "triggers": []}, 409, "Name one"),
        ({"address": ADDRESS}, 422, "openapi"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_fix(s: Scene, order: object, status: int, fix: str) -> None:
    found, body = await ask(s, "POST", PATH, order)
    assert (found, fix in body["fix"]) == (status, True)
    assert (await ask(s, "POST", f"{PATH}/9/test"))[0] == 409
    assert s.receiver.got == []


async def test_a_person_adds_an_address_and_sees_its_secret_once(s: Scene) -> None:
    tab = browser(s)
    page = (await tab.get("/bridges/1/webhooks")).page
    boxes = [box.attributes["value"] for box in page.all("input", type="checkbox")]
    assert boxes == [trigger.name for trigger in OWN_TRIGGERS]
    answer = await tab.post(
        "/bridges/1/webhooks", {"address": ADDRESS, "name": "Zap", "trigger": "hold.opened"}
    )
    secret = answer.page.words(answer.page.one("section", aria_labelledby="made-title"))
    assert "whsec_" in secret
    assert answer.headers["cache-control"] == "no-store"
    assert "very-secret" not in answer.text
    again = (await tab.get("/bridges/1/webhooks")).text
    assert "whsec_" not in again
    await s.step()
    assert (await tab.post("/bridges/1/webhooks/1/test")).status == 303
    page = (await tab.get("/bridges/1/webhooks")).page
    assert "Delivered" in page.text
    assert (await tab.post("/bridges/1/webhooks/messages/1/replay")).status == 303
    assert len(s.receiver.got) == 2
    for what in ("off", "on", "remove"):
        assert (await tab.post(f"/bridges/1/webhooks/1/{what}")).status == 303
    assert "No address follows" in (await tab.get("/bridges/1/webhooks")).text


async def test_a_refused_address_is_told_and_nothing_else_is_lost(s: Scene) -> None:
    form = {"address": "https://u:very-secret@example.com", "name": "<b>Zap", "trigger": "hold.opened"}
    answer = await browser(s).post("/bridges/1/webhooks", form)
    assert answer.status == 422
    page = answer.page
    assert "user name" in page.words(page.one("div", id="add-problem"))
    assert page.one("input", name="name").attributes["value"] == "<b>Zap"
    assert page.one("input", value="hold.opened").attributes.get("checked") == ""
    assert "very-secret" not in answer.text


async def test_other_sites_may_add_nothing(s: Scene) -> None:
    answer = await browser(s).post(
        "/bridges/1/webhooks", {"address": ADDRESS}, {"sec-fetch-site": "cross-site"}
    )
    assert answer.status == 403
    assert await s.rig.app.outgoing.subscriptions(s.bridge) == []


@pytest.mark.asyncio(loop_scope="session")  # the browser's
async def test_the_page_fits_and_keeps_to_the_policy(tab: Tab, tmp_path: Path) -> None:
    async with scene(tmp_path) as s, serving(build_site(let_in(s.rig.app), s.rig.clock)) as address:
        await s.follow("contact.synced", "hold.opened")
        s.receiver.script = [500]
        await s.wrote(UPDATE, UPDATE)
        await s.step()
        await tab.open(f"{address}/bridges/1/webhooks")
        for width in (1440, 400):
            await tab.look(width=width)
            assert await tab.run("document.documentElement.scrollWidth") <= width
        assert tab.complaints == []


async def test_the_commands_of_a_script(s: Scene, tmp_path: Path) -> None:
    """In processes of their own, beside the application that has the database open."""
    added = await run(
        tmp_path, "hooks", "add", ADDRESS, "--trigger", "hold.opened", "--label", "Zap", "--json"
    )
    assert (added.code, added.json["host"], added.json["secret"][:6]) == (0, "hooks.example.com", "whsec_")
    assert "Zap" in (await run(tmp_path, "hooks", "list")).out
    wrong = await run(tmp_path, "hooks", "add", "http://a.example.com", "--trigger", "hold.opened")
    assert (wrong.code, "https://" in wrong.err) == (2, True)
    assert (await run(tmp_path, "hooks", "off", "1", "--json")).json["enabled"] is False
    assert "Nothing was sent" in (await run(tmp_path, "hooks", "log", "1")).out
    assert (await run(tmp_path, "hooks", "replay", "1")).code == 2
    assert (await run(tmp_path, "hooks", "remove", "1")).code == 0
    assert (await run(tmp_path, "hooks", "list", "--json")).json == []


async def test_the_commands_of_the_catalog(s: Scene, tmp_path: Path) -> None:
    """Find, show, and the refusals of a call: nobody confirms a write in a script."""
    listed = await run(tmp_path, "ops", "list", "--app", "businesses", "--json")
    assert listed.json[0]["name"] == "businesses.get"
    shown = await run(tmp_path, "ops", "show", "contacts.create_note", "--json")
    assert shown.json["parameters_schema"]["required"] == ["contactId", "body"]
    unasked = await run(tmp_path, "ops", "call", "contacts.delete", "--contactId", "c1")
    assert (unasked.code, "--yes" in unasked.err) == (2, True)
    status = await run(tmp_path, "ops", "call", "landbridge.status", "--json")
    assert (status.code, status.json["answer"]["bridge"]) == (0, "test")
    wrong = await run(tmp_path, "ops", "call", "contacts.get", "--contact", "c1", "--json")
    assert wrong.code == 2
    assert "Did you mean contactId?" in wrong.json["error"]
    strange = await run(tmp_path, "ops", "call", "contacts.get", "c1")
    assert (strange.code, "--name value" in strange.err) == (2, True)
    piped = await run(tmp_path, "ops", "call", "landbridge.get_hold", "--parameters", "-", text='{"hold": 3}')
    assert "no open hold 3" in piped.err
    assert "69" in (await run(tmp_path, "ops", "list", "--triggers")).out
    assert len((await run(tmp_path, "ops", "list", "--triggers", "--json")).json) == 69
    alone = await run(tmp_path, "mcp", "--allow-writes")
    assert (alone.code, "--allow" in alone.err) == (2, True)
    unknown = await run(tmp_path, "mcp", "--only", "contact.get")
    assert (unknown.code, "contacts.get" in unknown.err) == (2, True)
