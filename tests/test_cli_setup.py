"""A bridge that is made on the command line to be switched on later."""

from __future__ import annotations

from pathlib import Path

from landbridge.app import open_app
from landbridge.engine.durable import Plain
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge_rig import settings_for, write_settings
from setup_scenes import LOGIN
from test_cli import run


async def test_a_few_contacts_first_and_then_the_switch(tmp_path: Path) -> None:
    async with Sandbox(SandboxConfig(people=20, highlevel=HighLevelConfig(burst=0))) as sandbox:
        async with open_app(settings_for(sandbox, tmp_path), durable=Plain) as app:
            await app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
            await app.connect_rezora(LOGIN["username"], LOGIN["password"])
        write_settings(sandbox, tmp_path)
        assert (await run(tmp_path, "bridge", "create", "--name", "main", "--later")).code == 0
        early = await run(tmp_path, "sync")
        assert early.code == 2
        assert "still being set up" in early.err
        assert "landbridge bridge switch-on" in early.err
        sample = (await run(tmp_path, "bridge", "sample", "--json")).json
        assert (sample["state"], sample["good"], len(sample["contacts"])) == ("done", True, 5)
        assert (await run(tmp_path, "bridge", "scope")).code == 2
        assert "is about buyer" in (await run(tmp_path, "bridge", "scope", "--tag", "buyer")).out
        assert "switched on just now" in (await run(tmp_path, "bridge", "switch-on")).out
        listed = (await run(tmp_path, "bridge", "list", "--json")).json
        assert [one["live"] for one in listed] == [True]
