"""axe-core in a page: what keeps people from using it, by WCAG 2.2 AA and good practice.

The file is fetched with the other browser files (``hatch_build.py``), into ``tests/vendor``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from web_browser import Tab

FILE = Path(__file__).parent / "vendor/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # all that a page's light can change
WIDE, NARROW = 1440, 400
_RUN = """async wanted => {
  const found = await axe.run(document, {runOnly: wanted, resultTypes: ["violations"], preload: false});
  return found.violations.flatMap(each => each.nodes.map(node =>
    [each.id, node.target.join(" "),
     node.any.concat(node.all, node.none).map(one => one.message).join("; ")]));
}"""


@cache
def _source() -> str:
    assert FILE.exists(), f"{FILE} is missing; `make install` fetches it."
    return FILE.read_text(encoding="utf-8")


async def findings(tab: Tab, rules: dict[str, Any] | None = None) -> list[list[str]]:
    """Rule, element and reason of everything that is wrong on the page as it is shown now."""
    if not await tab.run("'axe' in window"):
        await tab.page.evaluate(_source())  # not by a script element, which the policy refuses
    found: list[list[str]] = await tab.page.evaluate(_RUN, rules or {"type": "tag", "values": TAGS})
    return found


async def findings_everywhere(tab: Tab) -> list[list[str]]:
    """The same wide and narrow, light and dark, and whether the page fits.

    By dark only what depends on colours is looked at again.
    """
    found = []
    for width in (WIDE, NARROW):
        for dark in (False, True):
            await tab.look(width=width, height=900, dark=dark)
            rules = {"type": "rule", "values": OF_COLOURS} if dark else None
            name = f"{width} px, {'dark' if dark else 'light'}"
            found += [[name, *each] for each in await findings(tab, rules)]
        if await tab.run("document.documentElement.scrollWidth") > width:
            found.append([name, "wider than the window"])
    return found
