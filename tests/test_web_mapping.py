"""The pages of the mapping and of the settings of a bridge, and their API, over the real product."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from landbridge.access.roles import Role
from landbridge.sync.mapping import read_policy
from landbridge.web.rights import needed
from landbridge.web.site import build_site
from landbridge_rig import Rig, counted, landbridge
from web_client import Answer, Client, Page, let_in

MAPPING, SETTINGS, API = "/bridges/1/mapping", "/bridges/1/settings", "/api/v1/bridges/1"
JSON = {"content-type": "application/json"}


class House:
    """One bridge that has synced, and a browser at it."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.browser = Client(build_site(let_in(rig.app), rig.app.clock))

    async def policy(self) -> str:
        return (await self.rig.app.bridges.bridge()).policy

    async def ask(self, path: str, body: Any = None, method: str = "POST") -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        return await self.browser.ask(method, f"{API}/{path}", raw, JSON)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with landbridge(tmp_path / "home", 12) as rig:
        await rig.app.sync(rig.bridge, cause="command")
        yield House(rig)


def form_of(page: Page) -> dict[str, str]:
    """What a browser would send of the table, without a button."""
    form: dict[str, str] = {}
    for one in page.elements:
        if not one.within("form", id="editor"):
            continue
        if one.tag == "input" and (one.attributes.get("type") != "checkbox" or "checked" in one.attributes):
            form[one.attributes["name"]] = one.attributes.get("value", "on")
        if one.tag == "option" and "selected" in one.attributes:
            select = next(outer for outer in one.inside if outer.tag == "select")
            form[select.attributes["name"]] = one.attributes["value"]
    return form


async def test_a_mapping_is_edited_looked_at_tried_saved_and_taken_back(house: House) -> None:
    before, calls = await house.policy(), counted(house.rig.sandbox)
    page = (await house.browser.get(MAPPING)).page
    assert page.one("h1").text == "Mapping"
    assert "Below each field: what it means for three of your contacts" in page.text
    assert counted(house.rig.sandbox) == calls  # drawing it asks nobody
    assert page.all("style") == []
    form = form_of(page)
    assert form["text"] == before
    untouched = await house.browser.post(MAPPING, form | {"do": "save"})
    assert (untouched.status, await house.policy()) == (303, before)

    # A row is changed and another one added; nothing is stored, and the page says what it would mean.
    city = next(key for key, value in form.items() if key.startswith("name-") and value == "city")[5:]
    answer = await house.browser.post(MAPPING, form | {f"wins-{city}": "hold:", "do": "look"})
    assert answer.status == 200
    assert "“city”: when both sides changed it, it waits for you." in answer.page.text
    assert await house.policy() == before
    answer = await house.browser.post(MAPPING, form_of(answer.page) | {"do": "add-label"})
    draft = form_of(answer.page)
    wrong = await house.browser.post(MAPPING, draft | {"tag-0": "buyer", "list-0": "", "do": "save"})
    assert wrong.status == 422
    assert await house.policy() == before
    assert wrong.page.one("input", name="tag-0").attributes["value"] == "buyer"
    (said,) = wrong.page.all("p", role="alert")
    assert "not blank" in said.text or "is not allowed" in said.text
    assert said.within("td")
    good = form_of(wrong.page) | {"list-0": "Buyers"}

    # The real planner, under the edited mapping; then the save, and the way back.
    tried = await house.browser.post(MAPPING, good | {"do": "try"})
    assert (tried.status, tried.headers["location"]) == (303, f"{MAPPING}?told=tried#trial")
    await house.rig.app.trials._tasks[1]
    shown = (await house.browser.get(f"{MAPPING}?told=tried")).page
    assert "Nothing was written." in shown.text
    assert "under the edited mapping, which is not saved" in shown.text
    assert "In agreement afterwards" in (await house.browser.get(f"{MAPPING}/trial")).text
    assert await house.policy() == before
    saved = await house.browser.post(MAPPING, form_of(shown) | {"do": "save"})
    assert (saved.status, saved.headers["location"]) == (303, f"{MAPPING}?told=saved")
    policy = read_policy(await house.policy())
    assert [label.list for label in policy.labels] == ["Buyers"]
    after = (await house.browser.get(f"{MAPPING}?told=saved")).page
    assert "The next sync compares every contact anew" in after.text
    assert "The tag “buyer” and “Buyers” mean the same from now on" in after.text
    first = (await house.rig.app.mappings.versions(house.rig.bridge))[-1]
    earlier = (await house.browser.get(f"{MAPPING}/versions/{first.id}")).page
    assert "nobody is taken off" in earlier.text
    back = await house.browser.post(f"{MAPPING}/versions/{first.id}")
    assert (back.status, await house.policy()) == (303, before)
    assert (await house.browser.get(f"{MAPPING}/versions/99")).status == 409


async def test_two_people_do_not_save_over_one_another_unseen(house: House) -> None:
    form = form_of((await house.browser.get(MAPPING)).page)
    await house.browser.post(MAPPING, form | {"choice-default_country": "CA", "do": "save"})
    late = await house.browser.post(MAPPING, form | {"choice-default_country": "GB", "do": "save"})
    assert late.status == 409
    assert "Somebody else saved this mapping" in late.page.text
    assert read_policy(await house.policy()).default_country == "CA"
    again = await house.browser.post(MAPPING, form_of(late.page) | {"do": "save"})
    assert (again.status, read_policy(await house.policy()).default_country) == (303, "GB")


async def test_between_table_and_text_nothing_that_was_typed_is_lost(house: House) -> None:
    before = await house.policy()
    form = form_of((await house.browser.get(MAPPING)).page) | {"name-0": "whole name"}
    text = (await house.browser.post(MAPPING, form | {"do": "text"})).page.one("textarea").text
    assert 'name = "whole name"' in text
    draft = {"text": text.removeprefix("\n").replace('"US"', '"CA"'), "do": "table"}
    page = (await house.browser.post(f"{MAPPING}/text", draft)).page
    assert page.one("input", name="choice-default_country").attributes["value"] == "CA"
    assert page.one("input", name="name-0").attributes["value"] == "whole name"
    assert await house.policy() == before


async def test_the_text_has_the_same_checks_and_comes_as_a_file(house: House) -> None:
    before = await house.policy()
    down = await house.browser.get(f"{MAPPING}/file")
    assert down.text == before
    assert down.headers["content-disposition"] == 'attachment; filename="mapping-1.toml"'
    area = (await house.browser.get(f"{MAPPING}/text")).page.one("textarea")
    assert area.text.removeprefix("\n") == before
    for text, status, told in (
        (before.replace('"email"', '"emial"', 2), 422, "put right"),
        ("[", 422, "not TOML"),
        ("# mine\r\n" + before.replace("\n", "\r\n"), 303, ""),
    ):
        answer = await house.browser.post(f"{MAPPING}/text", {"text": text, "do": "save"})
        assert answer.status in (status, 409)
        if status == 422:
            assert told in answer.page.text
            assert answer.page.one("textarea").text.removeprefix("\n") == text
    boundary = "----x"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="do"\r\n\r\nupload\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="m.toml"\r\n\r\n'
    ).encode()
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    end = f"\r\n--{boundary}--\r\n".encode()
    sent = await house.browser.ask(
        "POST", f"{MAPPING}/text", body + b"# sent\n" + before.encode() + end, kind
    )
    assert "Nothing is wrong with it, and it is not saved yet" in sent.page.text
    assert sent.page.one("textarea").text.removeprefix("\n").startswith("# sent\n")
    odd = await house.browser.ask("POST", f"{MAPPING}/text", body + b"\xff\xfe" + end, kind)
    assert (odd.status, "no text in UTF-8" in odd.page.text) == (422, True)


async def test_the_cards_of_the_settings_say_what_they_did(house: House) -> None:
    browser, app = house.browser, house.rig.app
    page = (await browser.get(SETTINGS)).page
    assert page.one("input", id="bridge-name").attributes["value"] == "test"
    for path, form, told in (
        ("name", {"name": "Shore"}, "name"),
        ("schedule-sync", {"choice": "daily at 03:30", "zone": "Europe/Zurich", "quiet": "22:00-06:00"}, ""),
        ("schedule-poll", {"choice": "off"}, ""),
        ("scope", {"who": "some", "tags": "vip\nclient, vip"}, "scope"),
        ("activities", {"note": "on", "note-direction": "both", "note-gone": "unlink"}, "activities"),
        ("pause", {}, "pause"),
    ):
        answer = await browser.post(f"{SETTINGS}/{path}", form)
        assert (answer.status, answer.headers["location"]) == (
            303,
            f"{SETTINGS}?done={path}#{told or path}",
        )
    bridge = await app.bridges.bridge()
    policy = read_policy(bridge.policy)
    assert (bridge.name, policy.scope.tags) == ("Shore", ("vip", "client"))
    assert [rule.kind.value for rule in policy.activities] == ["note"]
    timings = {one.purpose: one for one in await app.timings(bridge)}
    assert (timings["sync"].text, timings["sync"].zone) == ("daily at 03:30", "Europe/Zurich")
    assert not timings["poll"].enabled
    paused = (await browser.get(f"{SETTINGS}?done=pause")).page
    assert "Paused since" in paused.text
    assert "Saved." in paused.text
    status = (await browser.get("/bridges/1")).page
    assert "Paused since" in status.text
    assert [one for one in status.all("button") if one.text == "Sync now"] == []
    refused = await browser.post("/bridges/1/sync")
    assert (refused.status, "Paused since" in refused.page.text) == (409, True)
    assert (await browser.post(f"{SETTINGS}/resume")).status == 303
    assert "Next: " in (await browser.get(SETTINGS)).page.text


REFUSED: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("name", {"name": " "}, "Name:", ""),
    ("schedule-sync", {"choice": "own", "text": "at dawn", "zone": "UTC"}, "at dawn", "at dawn"),
    ("schedule-sync", {"choice": "own", "text": ""}, "nothing was typed", ""),
    ("schedule-poll", {"choice": "hourly", "zone": "Mars/Base"}, "Mars/Base", "Mars/Base"),
    ("scope", {"who": "some", "tags": " "}, "nobody would be synced", ""),
    ("activities", {"task": "on", "task-direction": "up"}, "a choice was not understood", ""),
    ("erase", {"who": "nobody@example.org"}, "Nobody with this id", "nobody@example.org"),
    ("disconnect/rezora", {"name": "tset"}, "not the name of this bridge", "tset"),
)


async def test_what_is_refused_is_said_at_its_card_and_stays(house: House) -> None:
    before = await house.policy()
    for path, form, told, kept in REFUSED:
        answer = await house.browser.post(f"{SETTINGS}/{path}", form)
        assert answer.status == 409, path
        (alert,) = answer.page.all("div", role="alert")
        assert told in alert.text
        assert any(outer.attributes.get("class", "").startswith("card") for outer in alert.inside)
        if kept:
            assert kept in [one.attributes.get("value") for one in answer.page.all("input")]
    assert await house.policy() == before
    assert (await house.browser.post(f"{SETTINGS}/nothing")).status == 404


async def test_a_person_is_erased_after_a_look_and_the_data_taken_along(house: House) -> None:
    someone = next(one for one in house.rig.highlevel_contacts() if one.get("email"))
    looked = await house.browser.post(f"{SETTINGS}/erase", {"who": someone["email"]})
    assert "what both systems showed of the contact" in looked.page.text
    assert someone["email"] not in str(looked.headers)
    done = await house.browser.post(f"{SETTINGS}/erase/confirm", {"record_id": someone["id"]})
    assert "In HighLevel and Rezora nothing was changed" in done.page.text
    assert "Erased here, not in HighLevel" in (await house.browser.get("/bridges/1")).page.text
    sent = await house.browser.get(f"{SETTINGS}/data.zip")
    assert re.fullmatch(
        r'attachment; filename="landbridge-test-[0-9-]+\.zip"', sent.headers["content-disposition"]
    )
    with zipfile.ZipFile(io.BytesIO(sent.body)) as opened:
        assert someone["email"].encode() not in b"".join(map(opened.read, opened.namelist()))


async def test_programs_do_the_same(house: House) -> None:
    before = await house.policy()
    checked = (await house.ask("mapping/check", {"text": before.replace('"city"', '"cty"')})).json
    assert "did you mean" in checked["problems"][0]
    saved = await house.ask("mapping", {"text": before.replace('"US"', '"CA"')})
    assert saved.json["changes"] == ["Phone numbers without a country are read as of CA."]
    assert (await house.ask("mapping", {"text": "["})).status == 422
    versions = (await house.browser.get(f"{API}/mapping/versions")).json
    assert (await house.ask(f"mapping/versions/{versions[-1]['id']}/restore")).json["text"] == before
    assert (await house.browser.get(f"{API}/mapping/fields")).json == []
    assert (await house.ask("mapping/fields")).json
    assert (await house.browser.get(f"{API}/mapping/suggestions")).json
    assert (await house.browser.get(f"{API}/mapping/trial")).json is None
    assert (await house.ask("mapping/trial", {"text": before})).json["state"] == "reading"
    assert (await house.ask("mapping/trial", {})).status == 409
    await house.rig.app.trials._tasks[1]
    assert (await house.browser.get(f"{API}/mapping/trial")).json["counts"]["equal"] > 0
    assert (await house.ask("settings/name", {"name": "Shore"})).json["name"] == "Shore"
    assert (await house.ask("scope", {"tags": ["vip"]}, "PUT")).json["scope"]["tags"] == ["vip"]
    assert (await house.ask("carry/task", {})).status == 200
    assert (await house.ask("alerts/test")).json == []
    assert (await house.ask("pause")).json["paused_by"]
    assert "Paused" in (await house.browser.get(f"{API}/settings")).json["stopped"]
    assert (await house.ask("resume")).json["stopped"] == ""
    assert (await house.ask("erase/preview", {"who": "nobody"})).status == 409
    someone = next(one for one in house.rig.highlevel_contacts() if one.get("email"))
    assert (await house.ask("erase", {"who": someone["id"]})).json["highlevel_id"] == someone["id"]
    assert (await house.browser.get(f"{API}/data")).body.startswith(b"PK")
    assert (await house.ask("disconnect/rezora", {"name": "wrong"})).status == 409
    assert "disconnected" in (await house.ask("disconnect/rezora", {"name": "Shore"})).json["sentence"]


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", MAPPING, Role.VIEWER),
        ("POST", MAPPING, Role.OPERATOR),
        ("POST", f"{SETTINGS}/pause", Role.OPERATOR),
        ("GET", f"{SETTINGS}/data.zip", Role.OWNER),
        ("HEAD", f"{SETTINGS}/data.zip", Role.OWNER),
        ("POST", f"{SETTINGS}/erase", Role.OWNER),
        ("POST", f"{SETTINGS}/erase/confirm", Role.OWNER),
        ("POST", f"{SETTINGS}/disconnect/rezora", Role.OWNER),
        ("GET", f"{API}/data", Role.OWNER),
        ("POST", f"{API}/erase", Role.OWNER),
        ("POST", f"{API}/erase/preview", Role.OWNER),
        ("POST", f"{API}/disconnect/highlevel", Role.OWNER),
    ],
)
def test_only_owners_take_data_away_or_destroy(method: str, path: str, role: Role) -> None:
    assert needed(method, path) is role
