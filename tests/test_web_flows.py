"""What people do on the pages, click by click, and what becomes of it on both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from browser_world import PASSWORD, World, world
from landbridge.access.roles import Role
from landbridge.systems.base import RealClock
from landbridge.web.site import build_site
from landbridge_rig import landbridge
from newcomer import free_port
from web_browser import Tab, serving
from web_client import let_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def used() -> AsyncIterator[tuple[World, str]]:
    """A world, and where its pages are."""
    async with world() as made, serving(made.site()) as address:
        yield made, address


def in_rezora(made: World, field: str) -> set[Any]:
    """What the contacts in Rezora show in a field."""
    return {contact["fields"][field] for contact in made.sandbox.rezora.dump()["contacts"]}


async def log_in(tab: Tab, address: str, email: str) -> None:
    """As a person does."""
    await tab.open(address)
    await tab.page.get_by_label("E-mail").fill(email)
    await tab.page.get_by_label("Password").fill(PASSWORD)
    await tab.page.get_by_role("button", name="Log in").click()


async def press(tab: Tab, name: str) -> None:
    await tab.page.get_by_role("button", name=name, exact=True).click()


async def test_an_operator_answers_a_hold_and_both_sides_show_the_answer(
    tab: Tab, used: tuple[World, str]
) -> None:
    made, address = used
    assert "303-555-0188" in in_rezora(made, "contact_phone_mobile")
    await log_in(tab, address, "omar@example.com")
    await tab.page.get_by_role("link", name="Waiting for you").first.click()
    await press(tab, "Keep HighLevel’s value")
    await expect(tab.page.get_by_role("status")).to_contain_text("The next sync carries it out")
    await made.sync()
    await tab.page.reload()
    await expect(tab.page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    assert "303-555-0188" not in in_rezora(made, "contact_phone_mobile")
    assert "303-555-0142" in in_rezora(made, "contact_phone_mobile")
    assert tab.complaints == []


async def test_an_owner_takes_one_write_back_and_sees_before_what_will_happen(
    tab: Tab, used: tuple[World, str]
) -> None:
    made, address = used
    assert "Boulder" in in_rezora(made, "contact_home_city")
    await log_in(tab, address, "olivia@example.com")
    await tab.page.get_by_role("link", name="Activity").first.click()
    row = tab.page.get_by_role("row").filter(has_text="→ Boulder")
    await row.get_by_role("button", name="Undo").click()
    await expect(tab.page.get_by_text("Goes back", exact=True)).to_be_visible()
    assert "Boulder" in in_rezora(made, "contact_home_city")  # it was only shown
    await press(tab, "Put 1 entry back")
    await expect(tab.page.get_by_text("Went back", exact=True)).to_be_visible()
    assert "Boulder" not in in_rezora(made, "contact_home_city")
    assert tab.complaints == []


async def test_a_viewer_sees_everything_and_changes_nothing(tab: Tab, used: tuple[World, str]) -> None:
    made, address = used
    await log_in(tab, address, "vera@example.com")
    await expect(tab.page.get_by_role("heading", name="Harbor Street")).to_be_visible()
    menu = tab.page.get_by_role("navigation", name="Main")
    await expect(menu.get_by_role("link", name="Operations")).to_be_visible()
    await expect(menu.get_by_role("link", name="People")).to_have_count(0)
    posted = await tab.run("fetch('/bridges/1/sync', {method: 'POST'}).then(answer => answer.status)")
    assert posted == 403
    assert await tab.open(f"{address}/people") == 403
    await expect(tab.page.get_by_text("Your role does not allow this")).to_be_visible()
    await tab.log_in(address, await made.login(Role.OWNER))
    assert await tab.open(f"{address}/people") == 200


async def test_a_connection_that_was_taken_away_is_made_again_on_the_pages(tab: Tab, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with landbridge(tmp_path, 12, public_url=address, web_port=port) as rig:
        site = build_site(let_in(rig.app), RealClock())
        async with serving(site, port):
            tab.hosts.add(rig.sandbox.url.removeprefix("http://"))
            await tab.open(f"{address}/connect")
            await allow(tab)
            rig.sandbox.edit("highlevel", {"kind": "app", "action": "uninstall"})
            refused = await rig.app.sync(rig.bridge, cause="command")
            assert refused.state == "failed"

            await tab.open(address)
            await tab.page.get_by_role("link", name="Connect HighLevel again").click()
            await allow(tab)
            await expect(tab.page.get_by_text("Connected: Harbor Street Realty")).to_be_visible()
            again = await rig.app.sync(rig.bridge, cause="command")
            assert again.state == "done"
            await tab.open(address)
            await expect(tab.page.get_by_text("Up to date", exact=True)).to_be_visible()
            await expect(tab.page.get_by_role("link", name="Connect HighLevel again")).to_have_count(0)
            theirs = rig.sandbox.url  # the consent page has no icon
            assert [told for told in tab.complaints if theirs not in told] == []


async def allow(tab: Tab) -> None:
    """From the page of connections to HighLevel’s consent page and back."""
    await press(tab, "Connect HighLevel, read and write")
    await press(tab, "Allow")
    await tab.page.wait_for_url("**/connect")
