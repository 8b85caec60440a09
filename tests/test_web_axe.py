"""Everybody can use every page: axe-core finds nothing, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from axe import findings, findings_everywhere
from browser_world import World, world
from landbridge.web.site import build_site
from page_walk import DOORS, places, routes_of, values_of, values_of_steps
from web_browser import Tab, serving
from web_client import browse
from web_scenes import SCENES, FakeProduct, NobodyYet, OpenDoors, StillClock

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def used() -> AsyncIterator[tuple[World, str]]:
    """A world, and where its pages are."""
    async with world() as made, serving(made.site()) as address:
        yield made, address


async def test_axe_finds_nothing_on_any_page(tab: Tab, used: tuple[World, str]) -> None:
    made, address = used
    walk = {"/no-such-page": ["/no-such-page"]} | places(made.site(), await values_of(made))
    del walk["/first"]  # only before there is anybody: below
    await tab.log_in(address, await made.login())
    assert not await findings_of(tab, address, walk)


async def test_axe_finds_nothing_on_any_step_of_the_set_up(tab: Tab) -> None:
    async with world(begun=True) as made, serving(made.site()) as address:
        await tab.log_in(address, await made.login())
        walk = places(made.site(), values_of_steps(made), steps=True) | {"/setup": ["/setup"]}
        assert len(walk) == 9
        assert not await findings_of(tab, address, walk)


async def findings_of(tab: Tab, address: str, walk: dict[str, list[str]]) -> str:
    """What is wrong on these pages, a line each; every one must be there and be where it is asked for."""
    wrong: list[str] = []
    for route, path in [(route, path) for route, paths in walk.items() for path in paths]:
        if route in DOORS:
            await tab.log_out()
        status = await tab.open(address + path)
        assert status == (404 if path == "/no-such-page" else 200), path
        assert tab.page.url == address + path, f"{path} leads to {tab.page.url}"
        assert await tab.run("document.contentType") == "text/html", path
        wrong += [f"{path}: {', '.join(found)}" for found in await findings_everywhere(tab)]
    return "\n".join(wrong)


async def test_axe_finds_nothing_on_the_very_first_page(tab: Tab) -> None:
    product = FakeProduct(people=NobodyYet(), doors=OpenDoors(None))
    async with serving(build_site(product, StillClock())) as address:
        await tab.open(address)
        assert tab.page.url == f"{address}/first"
        assert await findings_everywhere(tab) == []


async def test_axe_finds_what_is_wrong(tab: Tab, used: tuple[World, str]) -> None:
    await tab.open(used[1])
    await tab.run("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=/x><input>')")
    assert {rule for rule, _, _ in await findings(tab)} >= {"image-alt", "label"}
    await tab.run("document.querySelector('h1, h2').className = 'pale'")
    await tab.run(
        "const sheet = new CSSStyleSheet(); sheet.replaceSync('.pale { color: #ddd !important }');"
        "document.adoptedStyleSheets.push(sheet)"
    )
    assert "color-contrast" in {rule for rule, _, _ in await findings(tab)}


async def test_a_page_that_is_not_walked_is_named() -> None:
    site = browse(FakeProduct.of(SCENES["done"])).site
    named = ("bridge_id", "record_id", "run_id", "cause", "purpose", "secret", "version_id")
    alone = ("/operations/{name} name", "/docs/{name:path} name")
    known = {name: ["1"] for name in (*named, *alone)}
    assert {*places(site, known), *places(site, {"key": ["1"]}, steps=True)} == set(routes_of(site))
    with pytest.raises(AssertionError, match=r"operations/\{name\}.*page_walk"):
        places(site, known | {"/operations/{name} name": []})
