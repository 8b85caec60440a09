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
from landbridge.settings import load_settings  # noqa: E402  # the path is set above
from landbridge.web.site import build_site  # noqa: E402  # the same
from web_browser import CHROMIUM, chromium, serving  # noqa: E402  # the path is set above
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
        FakeProduct.of(SCENES["done"], feeds=FakeFeeds(CALENDAR), settings=PUBLIC),
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
    if CHROMIUM is None:
        print(
            "Chromium is missing, so no picture was taken. Install it (Debian, Ubuntu: apt install chromium)."
        )
        return 1
    async with chromium() as tab:
        for name, (product, path, window) in PICTURES.items():
            async with serving(build_site(product, StillClock())) as address:
                await tab.open(address + path, **window)
                picture = await tab.picture(whole=False)
            await asyncio.to_thread((folder / f"{name}.png").write_bytes, picture)
            print(f"{name}.png: {len(picture) // 1000} kB")
    for complaint in tab.complaints:
        print(f"The browser complains: {complaint}")
    return 1 if tab.complaints else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(HERE / "pictures")))
