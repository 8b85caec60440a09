"""What people or systems store is shown as text on every page, whatever it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from attacks import CORPUS, MARKUP, POLYGLOT, email_of, plan, spaced, strange, words
from browser_world import World, world
from landbridge.web.site import build_site
from page_walk import DOORS, places, values_of, values_of_steps
from web_browser import Tab, serving
from web_scenes import FakeProduct, StillClock, hostile_bridge, status

pytestmark = pytest.mark.asyncio(loop_scope="session")
ONE = "/bridges/{bridge_id:int}/contacts/{record_id}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def attacked() -> AsyncIterator[tuple[World, str]]:
    """A world in which every text is an attack, synced, and where its pages are."""
    async with world(plan()) as made, serving(made.site()) as address:
        yield made, address


async def test_stored_attacks_are_text_on_every_page(tab: Tab, attacked: tuple[World, str]) -> None:
    made, address = attacked
    people = {contact["email"]: contact["id"] for contact in made.contacts()}
    attackers = {people[email_of(number)]: text for number, text in enumerate(CORPUS)}
    wrong, seen = [], ""
    walk = places(made.site(), await values_of(made, attackers))
    del walk["/first"]  # nobody has stored anything yet where it is shown
    await tab.log_in(address, await made.login())
    for path, addresses in walk.items():
        for one in addresses:
            if path in DOORS:
                await tab.log_out()
            answered = await tab.open(address + one)
            found = await strange(tab)
            tab.complaints.clear()
            shown = await words(tab)
            seen += shown
            attack = attackers.get(one.rpartition("/")[2], "") if path == ONE else ""
            if answered != 200 or found or spaced(attack) not in shown:
                wrong.append(f"{one}: {answered}, {attack!r}: {found or 'not shown as it is'}")
    assert not wrong, "\n".join(wrong)
    assert POLYGLOT in seen
    await tab.log_in(address, await made.login())
    await tab.open(f"{address}/bridges/1/contacts")
    await tab.page.get_by_label("Part of a name").fill(POLYGLOT)
    await tab.page.get_by_role("button", name="Find").click()
    assert (await strange(tab), POLYGLOT in await words(tab)) == ([], True)


async def test_stored_attacks_are_text_on_every_step_of_the_set_up(tab: Tab) -> None:
    wrong, seen = [], ""
    async with world(plan(), begun=True) as made, serving(made.site()) as address:
        await tab.log_in(address, await made.login())
        walk = places(made.site(), values_of_steps(made), steps=True)
        for one in [*(one for addresses in walk.values() for one in addresses), "/setup"]:
            answered = await tab.open(address + one)
            found = await strange(tab)
            tab.complaints.clear()
            seen += await words(tab)
            if answered != 200 or found:
                wrong.append(f"{one}: {answered}: {found}")
    assert not wrong, "\n".join(wrong)
    assert [text for text in CORPUS if spaced(text) not in seen] == []


async def test_names_of_bridges_and_accounts_are_text_where_all_are_listed(tab: Tab) -> None:
    bridges = [hostile_bridge(text, number) for number, text in enumerate(CORPUS, 1)]
    product = FakeProduct.of(*(replace(status(), bridge=bridge) for bridge in bridges))
    async with serving(build_site(product, StillClock())) as address:
        for path in ("/", "/setup"):
            await tab.open(address + path)
            assert await strange(tab) == [], path
            shown = await words(tab)
            assert [text for text in CORPUS if spaced(text) not in shown] == [], path


async def test_an_attack_that_came_to_life_would_be_found(tab: Tab) -> None:
    """Each piece of markup in a page without any defence; else the tests above would prove nothing."""
    await tab.page.route("https://evil.example/**", lambda route: route.fulfill(status=204))
    harmless = []
    for text in MARKUP:
        await tab.page.goto("about:blank")
        await tab.page.set_content(f"<!doctype html><title>A page</title><main>{text}</main>")
        if not await strange(tab):
            harmless.append(text)
        tab.complaints.clear()
    assert harmless == []
