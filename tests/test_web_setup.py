"""The wizard, from nothing to live, beside a sandbox; and coming back, going back, and what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from landbridge.access.roles import Person, Role
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sync.mapping import read_policy
from landbridge.sync.rules import default_policy
from landbridge.web import who
from landbridge.web.pages import Pages
from landbridge.web.setup_accounts import AccountSteps
from landbridge.web.setup_frame import Frames
from setup_scenes import LOGIN, OWNER, connected, wizard


async def test_from_nothing_to_live_in_few_clicks(tmp_path: Path) -> None:
    async with wizard(tmp_path, owner=False) as walk:
        await walk.open("/")
        await walk.press("Go on", **OWNER)
        assert "Connect the HighLevel location." in walk.words
        await walk.press("Connect HighLevel, read and write")
        for words in (
            "Connected:",
            "Time zone",
            "Read and write: changes go both ways",
            "Landbridge: Rezora ID",
        ):
            assert words in walk.words
        await walk.press("Go on")
        await walk.press("Connect Rezora", **LOGIN)
        assert "How they look there is an assumption." in walk.words
        await walk.press("Go on")
        assert "Which field goes where" in walk.words
        await walk.press("Go on")
        before = walk.mutating()
        await walk.press("Go on, and start the test sync")
        await walk.until("What a sync would do")
        assert walk.mutating() == before  # the test writes nothing
        assert "Created in Rezora" in walk.words
        await walk.press("Go on")
        assert "Choose up to 5 contacts" in walk.words
        await walk.press("Sync these, and read them back")
        await walk.until("everything is there as it was planned")
        bridge = (await walk.app.all_bridges())[0]
        assert not bridge.live
        await walk.press("Go on")
        await walk.press("Switch on")
        assert walk.at == f"/bridges/{bridge.id}"
        assert (await walk.app.all_bridges())[0].live
        await walk.until("contacts are in sync")
        assert len(walk.clicks) == 12, walk.clicks
        await walk.open("/setup")
        assert "Not finished yet" not in walk.words


async def test_who_comes_back_finds_the_step_and_what_was_typed(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await walk.open("/setup/new/rezora")  # not yet: HighLevel comes first
        assert walk.at == "/setup/new/highlevel"
        await walk.press("Connect HighLevel, read and write")
        await walk.open("/setup")
        assert "at “Rezora”" in walk.words
        await walk.press("Go on")
        await walk.press("Connect Rezora", username="somebody", password="no-such-password")
        assert "What to do:" in walk.words
        assert "no-such-password" not in walk.answer.text  # type: ignore[union-attr]
        await walk.open("/setup")
        await walk.press("Go on")
        assert walk.page.one("input", id="username").attributes["value"] == "somebody"
        await walk.press("Connect Rezora", **LOGIN)
        await walk.open("/setup/1/scope")
        typed = {
            "who": "tags",
            "tags": "buyer, seller",
            "quiet": "nonsense",
            "plan": "nightly",
            "kinds": "tasks",
        }
        await walk.press("Go on, and start the test sync", **typed)
        assert "The quiet hours 'nonsense' cannot be understood." in walk.words
        assert walk.page.one("input", id="tags").attributes["value"] == "buyer, seller"
        (bridge,) = await walk.app.all_bridges()
        assert not read_policy(bridge.policy).scope.restricted  # nothing was changed
        await walk.press("Go on, and start the test sync", quiet="22:00-06:00")
        (bridge,) = await walk.app.all_bridges()
        policy = read_policy(bridge.policy)
        assert policy.scope.tags == ("buyer", "seller")
        assert [rule.kind.value for rule in policy.activities] == ["task"]
        sync, poll = await walk.app.timings(bridge)
        assert (sync.text, sync.quiet, poll.text) == ("daily at 02:30", "22:00-06:00", "default")
        await walk.open("/setup/1/scope")
        assert "checked" in walk.page.one("input", value="nightly").attributes
        await walk.until("Name of the bridge")
        walk.app.trials.stop(bridge)


async def test_what_is_being_typed_is_kept(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        answer = await walk.client.post("/setup/1/typed/scope", {"who": "tags", "tags": "buy"})
        assert answer.status == 204
        await walk.open("/setup/1/scope")
        assert walk.page.one("input", id="tags").attributes["value"] == "buy"


async def test_a_tag_is_needed_where_tags_decide(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        await walk.open("/setup/1/scope")
        await walk.press("Go on, and start the test sync", who="tags")
        assert "No tag was named, so nobody would be synced." in walk.words
        assert walk.app.trials.state((await walk.app.all_bridges())[0]) is None


@pytest.mark.parametrize("access", ["read", "write"])
async def test_a_token_is_typed_tried_and_never_shown(tmp_path: Path, access: str) -> None:
    async with wizard(tmp_path, 10) as walk:
        await walk.open("/setup/new/highlevel")
        assert "contacts.readonly" in walk.words
        place = HighLevelConfig().location_id
        await walk.press("Connect with the token", token="pit-wrong", location=place, access=access)
        assert "What to do:" in walk.words
        assert "pit-wrong" not in walk.answer.text  # type: ignore[union-attr]
        assert walk.page.one("input", id="location").attributes["value"] == place
        assert walk.page.one("input", id="token").attributes["type"] == "password"
        await walk.press("Connect with the token", token=FULL_PIT, location=place, access=access)
        assert "Connected:" in walk.words
        assert FULL_PIT not in walk.answer.text  # type: ignore[union-attr]
        (account,) = await walk.app.accounts()
        assert account.capability["can_write"] is (access == "write")
        facts = walk.page.words(walk.page.all("dl")[0])
        assert ("never back" in facts) is (access == "read")


async def test_the_choice_reaches_the_scopes_of_this_connect(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        for access, writes in (("read", False), ("write", True)):
            answer = await walk.client.get(f"/connect/highlevel?access={access}&setup=new")
            assert ("contacts.write" in answer.headers["location"]) is writes
        await walk.open("/")
        await walk.press("Connect HighLevel, read only")
        await walk.press("Go on")
        await walk.press("Connect Rezora", **LOGIN)
        (bridge,) = await walk.app.all_bridges()
        assert walk.app.policy_of(bridge).only == "rezora"


async def test_the_setting_is_above_the_choice(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10, highlevel_read_only=True) as walk:
        await walk.open("/")
        assert "Connect HighLevel, read and write" not in walk.words
        answer = await walk.client.get("/connect/highlevel?access=write&setup=new")
        assert "contacts.write" not in answer.headers["location"]


async def test_a_declined_consent_is_told_at_its_step(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await walk.client.get("/connect/highlevel?access=write&setup=new")
        await walk.open("/oauth/highlevel/callback?error=access_denied")
        assert "access was declined there" in walk.words
        assert walk.page.all("li", aria_current="step")
        assert await walk.app.setups.unfinished() == []


async def test_an_account_of_another_bridge_is_refused(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        await walk.open("/setup/new/highlevel")
        await walk.press("Connect HighLevel, read and write")
        assert "belongs to the bridge" in walk.words


async def test_an_account_that_is_connected_already_is_one_click(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await walk.app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
        await walk.open("/")
        await walk.press("Use this one")
        assert "Connected:" in walk.words


async def test_single_contacts_are_looked_through_by_kind_and_page(tmp_path: Path) -> None:
    async with wizard(tmp_path, 60) as walk:
        await connected(walk)
        await walk.press("Go on")
        await walk.press("Go on, and start the test sync")
        await walk.until("What a sync would do")
        assert len(walk.page.all("article")) == 25
        await walk.press("Next")
        assert "Page 2 of" in walk.words
        (bridge,) = await walk.app.all_bridges()
        trial = walk.app.trials.state(bridge)
        assert trial is not None
        assert trial.result is not None
        await walk.press("Linked, the same person on both sides")
        shown = walk.page.all("article")
        assert len(shown) == min(25, trial.result.examples.counts["link"])
        assert all("by the same" in walk.page.words(one) for one in shown)
        await walk.open("/setup/1/test?what=nonsense&page=999")
        assert "All changes, contact by contact" in walk.words


async def test_a_test_of_another_mapping_is_none_of_this_one(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        await walk.press("Go on")
        await walk.press("Go on, and start the test sync")
        await walk.until("What a sync would do")
        (bridge,) = await walk.app.all_bridges()
        await walk.app.create_bridge(bridge.name, bridge.policy + "\n# changed since\n")
        await walk.open("/setup/1/verify")
        assert "A test sync first" in walk.words
        await walk.press("To the test sync")
        assert "Start the test sync" in walk.words


async def test_a_bridge_that_a_command_made_for_later_goes_on_in_the_wizard(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await walk.app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
        await walk.app.connect_rezora(LOGIN["username"], LOGIN["password"])
        bridge = await walk.app.create_bridge("Later", live=False)
        await walk.open(f"/setup/{bridge.id}")
        assert walk.at == f"/setup/{bridge.id}/fields"
        await walk.press("Go on")
        assert "Everybody in this location" in walk.words
        await walk.open("/setup")
        assert "Not finished yet" in walk.words


@pytest.mark.parametrize(("role", "forms"), [(Role.VIEWER, 0), (Role.OPERATOR, 1), (Role.OWNER, 1)])
async def test_only_what_one_may_do_is_drawn(tmp_path: Path, role: Role, forms: int) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        who.set_asking(Person(7, "Somebody", role))  # what the door does
        frames = Frames(walk.app, Pages(walk.app.clock))
        facts: dict[str, Any] = {"policy": default_policy(), "chosen": None, "timings": [], "trial": None}
        drawn = frames.draw(await frames.frame("1", "on"), **facts)
        assert bytes(drawn.body).count(b">Switch on</button>") == forms
        drawn = await AccountSteps(walk.app, Pages(walk.app.clock)).rezora("1")
        assert bytes(drawn.body).count(b'type="password"') == (role is Role.OWNER)


async def test_choosing_nobody_is_said(tmp_path: Path) -> None:
    async with wizard(tmp_path, 10) as walk:
        await connected(walk)
        await walk.open("/setup/1/verify")
        assert "A test sync first" in walk.words
        answer = await walk.client.post("/setup/1/verify", {"contact": "nobody"})
        assert "0 contacts were chosen." in answer.page.text


@pytest.mark.parametrize(
    "path", ["/setup/7", "/setup/new-9/highlevel", "/setup/abc", "/setup/9999999999999/scope"]
)
async def test_an_unknown_set_up_is_not_there(tmp_path: Path, path: str) -> None:
    async with wizard(tmp_path, 10) as walk:
        assert (await walk.client.get(path)).status == 404
