"""Takes the pictures of docs/pictures (`make pictures`): every page, wide and on a phone, in Chromium.

They show a made-up bridge on the sandbox that is the same every time (`tests/browser_world.py`); states which
that bridge is not in are scenes. A test fails while a page has neither a picture nor a reason here.
"""

from __future__ import annotations

import asyncio
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from browser_world import World, world  # noqa: E402  # the path is set above
from landbridge.sync.recipe_library import LIBRARY  # noqa: E402  # the same
from landbridge.web.setup_frame import STEPS  # noqa: E402  # the same
from landbridge.web.site import build_site  # noqa: E402  # the same
from page_walk import DOORS, STEP, places, values_of, values_of_steps  # noqa: E402  # the same
from provide_browser import Machine, NoBrowserError, provide  # noqa: E402  # the same
from recipe_scenes import product_with_recipes  # noqa: E402  # the same
from web_browser import Tab, chromium, new_tab, serving  # noqa: E402  # the same
from web_scenes import (  # noqa: E402  # the same
    SCENES,
    FakeProduct,
    NobodyYet,
    OpenDoors,
    StillClock,
    others,
)

FOLDER = HERE / "pictures"
# Each page and the name of its picture; `name-phone` is the same at 400 px, `name-dark` by dark.
PAGES = {
    "/": "bridges",
    "/account": "account",
    "/bridges/{bridge_id:int}": "status",
    "/bridges/{bridge_id:int}/activity": "activity",
    "/bridges/{bridge_id:int}/calendar": "calendar",
    "/bridges/{bridge_id:int}/contacts": "contacts",
    "/bridges/{bridge_id:int}/contacts/{record_id}": "contact",
    "/bridges/{bridge_id:int}/holds": "holds",
    "/bridges/{bridge_id:int}/mapping": "mapping",
    "/bridges/{bridge_id:int}/recipes": "recipes",
    "/bridges/{bridge_id:int}/runs": "runs",
    "/bridges/{bridge_id:int}/runs/{run_id:int}": "run",
    "/bridges/{bridge_id:int}/settings": "bridge-settings",
    "/bridges/{bridge_id:int}/webhooks": "webhooks",
    "/connect": "connections",
    "/docs": "help",
    "/first": "first",
    "/keys": "keys",
    "/login": "login",
    "/operations": "operations",
    "/operations/{name}": "operation",
    "/people": "people",
    "/setup": "setup",
    **{f"{STEP}{step}": f"setup-{step}" for step in STEPS},
}
NO_PICTURE = {
    "/bridges/{bridge_id:int}/mapping/text": "the mapping as a text in one field",
    "/bridges/{bridge_id:int}/mapping/versions/{version_id:int}": "two texts side by side",
    "/docs/{name:path}": "these pages",
    f"{STEP}fields/text": "the mapping as a text in one field",
    "/bridges/{bridge_id:int}/holds/{cause}": "looks like the page of all causes",
    "/holds": "a list of links to the pages of bridges",
    "/people/logins": "a table of times",
    "/welcome/{purpose}/{secret}": "looks like the page of the first owner",
}
DARK = ("status", "contact", "holds", "activity", "setup-test")
SCENE_OF = {  # a page that the made-up bridge does not show
    "bridges": (FakeProduct.of(*others(3)), "/"),
    "first": (FakeProduct(people=NobodyYet(), doors=OpenDoors(None)), "/first"),
}
STATES = {  # of the overview: name, scene, by dark
    "running": (SCENES["running"], False),
    "failed": (SCENES["failed"], False),
    "braked": (SCENES["braked"], True),
}
CARDS = [f"recipe-{key}" for key in LIBRARY]
WIDE, PHONE, DEEP = (1440, 1000), (400, 860), (1440, 1500)
TALL = ("contact",)
COLOURS = 256  # of a palette; true colours would be three times as large


def names() -> set[str]:
    """The names of all pictures."""
    every = {f"{name}{view}" for name in PAGES.values() for view in ("", "-phone")}
    return every | {f"{name}-dark" for name in DARK} | {*STATES, *CARDS, "recipe-trial", "recipe-own"}


async def main(folder: Path) -> int:
    """Take all of them; the exit code."""
    try:
        path = provide(Machine())
    except NoBrowserError as missing:
        print(f"No picture was taken. {missing}")
        return 1
    async with chromium(path) as browser, new_tab(browser) as tab:
        async with world() as made:
            await pages(tab, made, folder, places(made.site(), await values_of(made)))
        async with world(begun=True) as made:
            await pages(tab, made, folder, places(made.site(), values_of_steps(made), steps=True))
        for name, (product, address) in SCENE_OF.items():
            await scene(tab, folder, name, product, address)
        for name, (state, dark) in STATES.items():
            await scene(tab, folder, name, FakeProduct.of(state), "/", dark=dark)
        await recipes(tab, folder)
    for complaint in tab.complaints:
        print(f"The browser complains: {complaint}")
    return 1 if tab.complaints else 0


async def pages(tab: Tab, made: World, folder: Path, walk: dict[str, list[str]]) -> None:
    """These pages of the made-up bridge."""
    async with serving(made.site()) as address:
        await tab.log_in(address, await made.login())
        for path, addresses in walk.items():
            name = PAGES.get(path, "")
            if path in DOORS:
                await tab.log_out()
            if not name or name in SCENE_OF:
                continue
            await tab.open(address + addresses[0])
            await views(tab, folder, name)


async def scene(
    tab: Tab, folder: Path, name: str, product: FakeProduct, path: str, *, dark: bool = False
) -> None:
    """A page of a made-up product."""
    async with serving(build_site(product, StillClock())) as address:
        await tab.open(address + path)
        if name in SCENE_OF:
            await views(tab, folder, name)
        else:
            await picture(tab, folder, name, WIDE, dark=dark)
        await tab.page.goto("about:blank")  # or it asks for news when nobody answers any more


async def views(tab: Tab, folder: Path, name: str) -> None:
    """The page that is shown: wide, on a phone, and some by dark."""
    await picture(tab, folder, name, DEEP if name in TALL else WIDE)
    if name in DARK:
        await picture(tab, folder, f"{name}-dark", WIDE, dark=True)
    await picture(tab, folder, f"{name}-phone", PHONE)


async def picture(tab: Tab, folder: Path, name: str, size: tuple[int, int], *, dark: bool = False) -> None:
    """One file."""
    await tab.look(width=size[0], height=size[1], dark=dark)
    await asyncio.to_thread(keep, folder, name, await tab.picture(whole=False))


def keep(folder: Path, name: str, taken: bytes) -> None:
    """One file, with a palette."""
    few = Image.open(BytesIO(taken)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(folder / f"{name}.png", optimize=True)
    print(f"{name}.png: {(folder / f'{name}.png').stat().st_size // 1000} kB")


async def recipes(tab: Tab, folder: Path) -> None:
    """Each card of the page of recipes."""
    async with (
        product_with_recipes() as product,
        serving(build_site(product, StillClock())) as address,
    ):
        await tab.open(f"{address}/bridges/1/recipes?name=follow-up")
        places_of = {name: name for name in CARDS} | {"recipe-trial": "trial", "recipe-own": "recipe-own"}
        for name, element in places_of.items():
            taken = await tab.page.locator(f"#{element}").screenshot()
            await asyncio.to_thread(keep, folder, name, taken)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(FOLDER)))
