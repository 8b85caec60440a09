"""The set-up for programs: the same steps over the API and on the command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from setup_scenes import LOGIN, Walk, wizard

HERE = "/api/v1/bridges/1"


async def call(walk: Walk, method: str, path: str, body: object = None) -> Any:
    answer = await walk.client.ask(
        method,
        path,
        json.dumps(body).encode() if body is not None else b"",
        {"content-type": "application/json"},
    )
    walk.answer = answer
    return answer.json if answer.body and answer.status != 204 else None


async def test_from_nothing_to_live_over_the_api(tmp_path: Path) -> None:
    async with wizard(tmp_path, 20) as walk:
        place = HighLevelConfig().location_id
        order = {"token": FULL_PIT, "location": place, "read_only": False}
        found = await call(walk, "POST", "/api/v1/accounts/highlevel", order)
        assert (found["id"], found["capability"]["can_write"]) == (place, True)
        assert FULL_PIT not in walk.answer.text  # type: ignore[union-attr]
        assert (await call(walk, "POST", "/api/v1/accounts/rezora", LOGIN))["id"] == LOGIN["username"]
        wrong = await call(walk, "POST", "/api/v1/setups", {"highlevel": place, "rezora": "nobody"})
        assert wrong["error"] == "There is no connected account 'nobody'."
        pair = {"highlevel": place, "rezora": LOGIN["username"]}
        made = await call(walk, "POST", "/api/v1/setups", pair)
        assert made == {"bridge": 1, "name": "Harbor Street Realty", "live": False}
        assert await call(walk, "GET", "/api/v1/setups") == [made]
        assert "still being set up" in (await call(walk, "POST", f"{HERE}/sync"))["error"]
        assert (await call(walk, "GET", f"{HERE}/test"))["state"] == "none"
        refused = await call(walk, "POST", f"{HERE}/sample", {"contacts": ["c1"]})
        assert refused["error"] == "There is no test sync to go by."
        await call(walk, "POST", f"{HERE}/test")
        test = await until(walk, f"{HERE}/test?what=create_rezora")
        assert test["contacts"]["create_rezora"] == test["counts"]["create_rezora"]
        assert test["calls"] > 0
        one = test["examples"][0]
        assert {change["side"] for change in one["changes"]} == {"rezora"}
        await call(walk, "POST", f"{HERE}/sample", {"contacts": [one["highlevel_id"]]})
        sample = await until(walk, f"{HERE}/sample")
        assert sample["good"]
        assert sample["checked"][0]["checks"][0]["now"]
        unknown = await call(walk, "POST", f"{HERE}/sample", {"contacts": ["nobody"]})
        assert "is none of the contacts" in unknown["error"]
        on = await call(walk, "POST", f"{HERE}/switch-on")
        assert on["live"]
        assert await call(walk, "GET", "/api/v1/setups") == []


async def until(walk: Walk, path: str) -> Any:
    for _ in range(2_000):
        found = await call(walk, "GET", path)
        if found["state"] in ("done", "failed"):
            assert found["state"] == "done", found
            return found
        await asyncio.sleep(0.01)  # the sandbox answers over a socket
    raise AssertionError(found)


async def test_the_scope_is_set_and_the_rest_of_the_mapping_stays(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await walk.app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
        await walk.app.connect_rezora(LOGIN["username"], LOGIN["password"])
        before = (await walk.app.create_bridge("main", live=False)).policy
        await call(walk, "PUT", f"{HERE}/scope", {"tags": ["buyer"]})
        (bridge,) = await walk.app.all_bridges()
        assert bridge.policy.replace('[scope]\ntags = ["buyer"]\n', "").strip() == before.strip()
        await call(walk, "PUT", f"{HERE}/scope", {"tags": []})
        assert (await walk.app.all_bridges())[0].policy.strip() == before.strip()
        assert not (await walk.app.all_bridges())[0].live
