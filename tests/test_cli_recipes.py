"""The commands about recipes, as scripts use them."""

from __future__ import annotations

from pathlib import Path

from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge_rig import write_settings
from test_cli import connect_both, run

OWN = """\
name = "Mine"
on = "contact_new"
[[do]]
action = "add_note"
body = "Hello {{contact.first_name}}"
"""


async def test_a_person_lists_tries_writes_and_switches_recipes(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "mine.toml"
    file.write_text(OWN, encoding="utf-8")
    async with Sandbox(SandboxConfig(people=3, highlevel=HighLevelConfig(burst=0))) as sandbox:
        write_settings(sandbox, home)
        await connect_both(home)
        await run(home, "bridge", "create", "--name", "main")
        listed = (await run(home, "recipes", "list", "--json")).json
        assert [one["name"] for one in listed][:2] == ["follow-up", "unsubscribe-task"]
        assert not any(one["enabled"] for one in listed)
        on = await run(
            home, "recipes", "on", "tag-to-list", "--set", "tag=vip", "--set", "list=VIP", "--json"
        )
        assert (on.json["enabled"], on.json["values"]) == (True, {"tag": "vip", "list": "VIP"})
        shown = await run(home, "recipes", "show", "tag-to-list")
        assert "list = 'VIP': List in Rezora. It must exist." in shown.out
        assert 'on = "tag_added"' in shown.out
        assert (await run(home, "recipes", "off", "tag-to-list", "--json")).json["enabled"] is False
        added = await run(home, "recipes", "add", str(file))
        assert added.out == "Kept: Mine (off).\n"
        tried = await run(home, "recipes", "try", "Mine", "--json")
        assert tried.json["lines"] == []
        assert (await run(home, "recipes", "firings", "--json")).json == []
        assert (await run(home, "recipes", "remove", "Mine", "--json")).json["done"] == "removed"


async def test_every_mistake_is_told_with_its_fix(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "mine.toml"
    file.write_text(
        OWN.replace("add_note", "add_nte").replace("contact_new", "contact_old"), encoding="utf-8"
    )
    async with Sandbox(SandboxConfig(people=0, highlevel=HighLevelConfig(burst=0))) as sandbox:
        write_settings(sandbox, home)
        await connect_both(home)
        await run(home, "bridge", "create", "--name", "main")
        wrong = await run(home, "recipes", "add", str(file))
        assert wrong.code == 2
        assert "the file, on:" in wrong.err
        assert "do 1, action:" in wrong.err
        assert "docs/recipes.md" in wrong.err.replace("\n", "")
        for arguments in (
            ("on", "nobody"),
            ("try", "notes-to-rezora"),
            ("remove", "follow-up"),
            ("try", "nobody"),
        ):
            ended = await run(home, "recipes", *arguments)
            assert (ended.code, "Fix:" in ended.err) == (2, True), arguments
        ended = await run(home, "recipes", "on", "tag-to-list", "--set", "tag")
        assert (ended.code, "NAME=VALUE" in ended.err) == (2, True)
        ended = await run(home, "recipes", "add", str(tmp_path / "none.toml"))
        assert ended.code == 2
