"""Takes the pictures of docs/pictures: the real pages over made-up bridges, in headless Chromium."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from calendar_scenes import ADA  # noqa: E402  # the path is set above
from contact_scenes import FakeBook, view  # noqa: E402  # the same
from landbridge.settings import load_settings  # noqa: E402  # the same
from landbridge.sync.recipe_library import LIBRARY  # noqa: E402  # the same
from landbridge.web.site import build_site  # noqa: E402  # the same
from provide_browser import Machine, NoBrowserError, provide  # noqa: E402  # the same
from recipe_scenes import product_with_recipes  # noqa: E402  # the same
from web_browser import Tab, chromium, new_tab, serving  # noqa: E402  # the same
from web_scenes import CALENDAR, HIGHLEVEL, SCENES, FakeFeeds, FakeProduct, StillClock  # noqa: E402  # the same

PUBLIC = load_settings({}, {"public_url": "https://bridge.example.com"})
WIDE = {"width": 1440, "height": 1000}
PHONE = {"width": 400, "height": 860}
PICTURES: dict[
    str, tuple[FakeProduct, str, dict[str, Any]]
] = {  # name: what is shown, at which address, and the window
    "status": (FakeProduct.of(SCENES["done"]), "/", {**WIDE}),
    "running": (FakeProduct.of(SCENES["running"]), "/", {**WIDE}),
    "failed": (FakeProduct.of(SCENES["failed"]), "/", {**WIDE, "height": 700}),
    "dark": (FakeProduct.of(SCENES["braked"]), "/", {**WIDE, "dark": True}),
    "setup": (FakeProduct(connected=[HIGHLEVEL]), "/", {**WIDE}),
    "calendar": (
        FakeProduct.of(
            SCENES["done"], feeds=FakeFeeds(CALENDAR), contact_book=FakeBook(view()), settings=PUBLIC
        ),
        "/bridges/1/calendar",
        {**WIDE},
    ),
    "contact": (
        FakeProduct.of(SCENES["done"], contact_book=FakeBook(view())),
        f"/bridges/1/contacts/{ADA}",
        {**WIDE, "height": 1500},
    ),
    "phone": (FakeProduct.of(SCENES["running"]), "/", {**PHONE}),
}


async def main(folder: Path) -> int:
    """Take all of them; the exit code."""
    try:
        path = provide(Machine())
    except NoBrowserError as missing:
        print(f"No picture was taken. {missing}")
        return 1
    async with chromium(path) as browser, new_tab(browser) as tab:
        for name, (product, path, window) in PICTURES.items():
            async with serving(build_site(product, StillClock())) as address:
                await tab.open(address + path, **window)
                picture = await tab.picture(whole=False)
            await asyncio.to_thread((folder / f"{name}.png").write_bytes, picture)
            print(f"{name}.png: {len(picture) // 1000} kB")
        await recipes(tab, folder)
    for complaint in tab.complaints:
        print(f"The browser complains: {complaint}")
    return 1 if tab.complaints else 0


async def recipes(tab: Tab, folder: Path) -> None:
    """The page of recipes, and each card of it."""
    async with (
        product_with_recipes() as product,
        serving(build_site(product, StillClock())) as address,
    ):
        await tab.open(f"{address}/bridges/1/recipes", **WIDE)
        for name in ("", "phone"):
            if name:
                await tab.open(f"{address}/bridges/1/recipes", **PHONE)
            picture = await tab.picture(whole=False)
            await asyncio.to_thread((folder / f"recipes{'-' * bool(name)}{name}.png").write_bytes, picture)
        await tab.open(f"{address}/bridges/1/recipes?name=follow-up", **WIDE)
        places = [(f"recipe-{key}", f"recipe-{key}") for key in LIBRARY]
        for name, element in [*places, ("recipe-trial", "trial"), ("recipe-own", "recipe-own")]:
            picture = await tab.page.locator(f"#{element}").screenshot()
            await asyncio.to_thread((folder / f"{name}.png").write_bytes, picture)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(HERE / "pictures")))
