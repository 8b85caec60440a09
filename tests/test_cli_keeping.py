"""The commands about mappings and a bridge as a whole, as scripts use them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from landbridge.sync.mapping import write_policy
from landbridge.sync.rules import default_policy
from landbridge_rig import landbridge, write_settings
from test_cli import run


async def test_a_person_keeps_a_bridge_by_commands(tmp_path: Path) -> None:
    home, file, archive = tmp_path / "home", tmp_path / "m.toml", tmp_path / "data.zip"
    file.write_text(write_policy(default_policy()).replace('"US"', '"CA"'), encoding="utf-8")
    async with landbridge(home, 1) as rig:
        write_settings(rig.sandbox, home)
        saved = await run(home, "mapping", "save", str(file), "--json")
        assert saved.json["changes"] == ["Phone numbers without a country are read as of CA."]
        versions = await rig.app.mappings.versions(rig.bridge)
        assert [one.saved_by for one in versions] == ["the command line", ""]
        assert "Paused since" in (await run(home, "bridge", "pause")).out
        refused = await run(home, "sync")
        assert (refused.code, "Paused since" in refused.err) == (2, True)
        nobody = await run(home, "contacts", "erase", "nobody@example.org")
        assert (nobody.code, "Nobody with this id" in nobody.err.replace("\n", " ")) == (2, True)
        await run(home, "bridge", "data-export", str(archive))
        assert zipfile.is_zipfile(archive)
        done = await run(home, "disconnect", "rezora", "--confirm", "test", "--json")
        assert "disconnected" in done.json["sentence"]
        assert (await rig.app.bridges.bridge()).rezora.disconnected_at is not None
