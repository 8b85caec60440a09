"""The OAuth round trip through the application: connect, expire, refuse, reconnect."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import pytest

from landbridge.store.database import StoreFailure
from landbridge_rig import Rig, landbridge

SESSION = "browser-1"


async def allow(rig: Rig) -> tuple[str, str]:
    """What a person does on the consent page; the code and the state that come back."""
    url = await rig.app.connect_url(SESSION)
    async with aiohttp.ClientSession() as browser:
        async with browser.get(url) as consent:
            page = await consent.text()
        action = re.search(r'<form[^>]*action="([^"]*)"', page)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        answers = {name: unescape(value) for name, value in fields.items()} | {"decision": "allow"}
        target = urljoin(url, unescape(action.group(1)) if action else "")
        async with browser.post(target, data=answers, allow_redirects=False) as back:
            query = parse_qs(urlsplit(back.headers["Location"]).query)
    return query["code"][0], query["state"][0]


def app_edit(rig: Rig, action: str) -> None:
    rig.sandbox.edit("highlevel", {"kind": "app", "action": action})


async def outcome(rig: Rig) -> tuple[str, str, str]:
    run = await rig.app.sync(rig.bridge, cause="test")
    return run.state, run.sentence, run.fix


async def test_a_connect_works_once_and_only_in_the_browser_that_started_it(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10) as rig:
        code, state = await allow(rig)
        with pytest.raises(StoreFailure, match="does not belong"):
            await rig.app.finish_connect(code, state, "another-browser")
        account = (await rig.app.finish_connect(code, state, SESSION)).account
        assert account.external_id == rig.bridge.highlevel.external_id
        with pytest.raises(StoreFailure, match="does not belong"):
            await rig.app.finish_connect(code, state, SESSION)
        assert (await outcome(rig))[0] == "done"


async def test_an_expired_access_token_is_renewed_without_anybody_noticing(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10) as rig:
        await rig.app.finish_connect(*await allow(rig), SESSION)
        app_edit(rig, "expire_access")
        assert await outcome(rig) == ("done", "", "")


async def test_a_refused_refresh_ends_in_one_sentence_with_its_fix_and_connecting_again_mends_it(
    tmp_path: Path,
) -> None:
    async with landbridge(tmp_path, 10) as rig:
        await rig.app.finish_connect(*await allow(rig), SESSION)
        rig.sandbox.configure({"highlevel": {"reconnect": False}})
        app_edit(rig, "expire_access")
        app_edit(rig, "revoke_refresh")
        state, sentence, fix = await outcome(rig)
        assert state == "failed"
        assert "HighLevel" in sentence
        assert "connect" in fix.lower()
        assert (await rig.app.status(rig.bridge)).sentence == sentence
        assert rig.mutating() == 0
        (told, other) = await rig.app.accounts()
        assert (told.trouble, told.trouble_fix, other.trouble) == (sentence, fix, "")
        await rig.app.finish_connect(*await allow(rig), SESSION)
        rig.bridge = await rig.app.bridges.bridge()
        assert (await outcome(rig))[0] == "done"
        assert [account.trouble for account in await rig.app.accounts()] == ["", ""]
