"""Step three of the set-up is the editor of the mapping: what is typed is kept, whatever way one leaves."""

from __future__ import annotations

from pathlib import Path

from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sync.mapping import read_policy
from setup_scenes import LOGIN, Walk, connected, wizard

HERE = "/setup/1/fields"


def value(walk: Walk, name: str) -> str:
    return walk.page.one("input", name=name).attributes["value"]


async def test_the_step_has_all_that_the_page_of_the_mapping_has(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        assert walk.at == HERE
        page = walk.page
        for name in ("name-0", "highlevel-0", "direction-0", "rezora-0", "wins-0", "converter-0"):
            assert page.all("input" if name == "name-0" else "select", name=name), name
        assert "own fields of HighLevel known" in walk.words  # read before the first look
        assert "Fields that are alike" in walk.words
        assert page.all("optgroup", label="Your own fields")
        assert {one.text for one in page.all("button", value="save")} == {"Go on"}
        assert not page.all("nav", aria_label="Pages of Harbor Street Realty")
        await walk.open("/bridges/1/mapping")
        assert walk.at == HERE  # there is one editor while a bridge is being set up
        before = walk.mutating()
        await walk.press("Show what would change")
        await walk.until("Nothing was written.")
        assert "what it means for three of your contacts" in walk.words
        first = [one for one in walk.page.all("p", class_="who") if one.within("tr")][:3]
        assert len({one.text for one in first}) == 3
        assert walk.mutating() == before
        await walk.press("Go on")
        assert walk.at == "/setup/1/scope"


async def test_what_is_typed_is_kept_until_it_is_saved(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        before = (await walk.app.all_bridges())[0].policy
        await walk.press("Back", **{"name-0": "whole name", "choice-settle_seconds": "soon"})
        assert walk.at == "/setup/1/rezora"
        await walk.open(HERE)
        assert (value(walk, "name-0"), value(walk, "choice-settle_seconds")) == ("whole name", "soon")
        await walk.open(f"{HERE}/text")
        assert 'settle_seconds = "soon"' in walk.answer.text.replace("&#34;", '"')  # type: ignore[union-attr]
        await walk.open(HERE)
        await walk.press("Go on")
        assert walk.at == HERE
        assert "to put right before this can be saved" in walk.words
        assert (await walk.app.all_bridges())[0].policy == before
        await walk.press("Check", **{"choice-settle_seconds": "45"})
        await walk.press("Read them from HighLevel", **{"name-1": "mail"})
        assert value(walk, "name-1") == "mail"
        assert (value(walk, "name-0"), value(walk, "choice-settle_seconds")) == ("whole name", "45")
        await walk.press("Go on")
        assert walk.at == "/setup/1/scope"
        policy = read_policy((await walk.app.all_bridges())[0].policy)
        assert (policy.rules[0].name, policy.settle_seconds) == ("whole name", 45)
        setup = await walk.app.setups.find("1")
        assert setup is not None
        assert setup.said("fields", "text") == ""  # what is saved is kept there alone
        versions = await walk.app.mappings.versions((await walk.app.all_bridges())[0])
        assert versions[0].saved_by == "Ada"


async def test_what_is_typed_as_text_is_kept_and_saved_too(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        text = (await walk.app.all_bridges())[0].policy
        await walk.open(f"{HERE}/text")
        await walk.press("Check", text="[")
        assert "The file is not TOML" in walk.words
        await walk.press("Back to the table", text="[ # half")
        await walk.press("Correct it as text.")
        assert "[ # half" in walk.page.one("textarea").text
        await walk.press("Back to the table", text=text.replace('"city"', '"town"', 1))
        assert "to put right" not in walk.words
        await walk.open("/setup/1/rezora")
        await walk.open(HERE)
        await walk.press("Edit it as text")
        assert '"town"' in walk.page.one("textarea").text
        await walk.press("Go on", text="# mine\n" + text)
        assert walk.at == "/setup/1/scope"
        assert (await walk.app.all_bridges())[0].policy.startswith("# mine\n")


async def test_the_next_step_begins_its_own_test_while_one_is_under_way(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        await walk.press("Show what would change")
        await walk.open("/setup/1/scope")
        await walk.press("Go on, and start the test sync")
        (bridge,) = await walk.app.all_bridges()
        trial = walk.app.trials.state(bridge)
        assert trial is not None
        assert trial.sentence != "The test was stopped."
        assert trial.mapping == bridge.policy
        await walk.until("What a sync would do")


async def test_a_bridge_that_a_command_made_gets_its_set_up(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await walk.app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
        await walk.app.connect_rezora(LOGIN["username"], LOGIN["password"])
        await walk.app.create_bridge("office", live=False)
        for _ in range(2):
            await walk.open("/bridges/1/mapping")
            assert walk.at == HERE
            assert "Who and when" in walk.words
        assert len(await walk.app.setups.unfinished()) == 1
