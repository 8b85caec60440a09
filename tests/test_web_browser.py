"""What only a browser can tell: the policy holds, the page lives, fits a phone, and can be read."""

from __future__ import annotations

from typing import Any

import pytest

from axe import findings
from calendar_scenes import ADA
from contact_scenes import FakeBook, hostile, lonely, view
from landbridge.engine.status import Status
from landbridge.web.site import build_site
from web_browser import Browser, Tab, new_tab, serving
from web_client import Counter
from web_scenes import (
    CALENDAR,
    HIGHLEVEL,
    LATER,
    REZORA,
    SCENES,
    FakeFeeds,
    FakeJournal,
    FakeProduct,
    OpenDoors,
    StillClock,
    others,
    status,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

POLL = """new Promise(done => {
  document.addEventListener("htmx:after:swap", () => requestAnimationFrame(() => done(true)), {once: true});
  htmx.trigger("#live", "every");
})"""
PRESS = """new Promise(done => {
  document.addEventListener("htmx:after:swap", () => requestAnimationFrame(() => done(true)), {once: true});
  document.getElementById("sync").focus();
  document.getElementById("sync").click();
})"""
# Text whose contrast to what is behind it is under 4.5 to 1 (WCAG 2.2, 1.4.3), with the ratio.
FAINT = """(() => {
  const parse = text => [...text.match(/[\\d.]+/g).map(Number), 1].slice(0, 4);
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const lit = c => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => sum + weight * linear(c[i] / 255), 0);
  const outer = element => element ? [element, ...outer(element.parentElement)] : [];
  const behind = element => outer(element).map(e => parse(getComputedStyle(e).backgroundColor))
    .reduceRight((under, colour) => over(colour, under), [255, 255, 255, 1]);
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || element.closest("script, svg")) continue;
    const ground = behind(element), colour = parse(getComputedStyle(element).color);
    const opacity = outer(element).reduce((o, e) => o * getComputedStyle(e).opacity, colour[3]);
    const ink = over([...colour.slice(0, 3), opacity], ground);
    const [dark, light] = [lit(ink), lit(ground)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) found.push([text.slice(0, 40), ratio]);
  }
  return found;
})()"""
TOPS = "[...document.querySelectorAll('h2')].map(e => [e.id, e.getBoundingClientRect().top])"


def site(product: FakeProduct) -> Any:
    return build_site(product, StillClock())


def one(scene: Status) -> FakeProduct:
    return FakeProduct.of(scene)


VIEWS = {
    **{name: (one(SCENES[name]), "/") for name in ("new", "running", "done", "failed", "braked", "hostile")},
    "several": (FakeProduct.of(*others(2)), "/"),
    "nothing yet": (FakeProduct(), "/"),
    "to pair": (FakeProduct(connected=[HIGHLEVEL, REZORA]), "/"),
    "set up": (one(status()), "/setup"),
    "calendar": (FakeProduct.of(status(), feeds=FakeFeeds(CALENDAR)), "/bridges/1/calendar"),
    "no calendar": (one(status()), "/bridges/1/calendar"),
    "contact": (FakeProduct.of(status(), contact_book=FakeBook(view())), f"/bridges/1/contacts/{ADA}"),
    "holds": (one(status()), "/bridges/1/holds"),
    "holds of a cause": (one(status()), "/bridges/1/holds/both_changed"),
    "hostile holds": (one(SCENES["hostile"]), "/bridges/1/holds"),
    "nothing waits": (one(SCENES["quiet"]), "/bridges/1/holds"),
    "holds everywhere": (one(status()), "/holds"),
    "activity": (one(status()), "/bridges/1/activity"),
    "runs": (one(status()), "/bridges/1/runs"),
    "run": (one(status()), f"/bridges/1/runs/{LATER[0].id}"),
    "hostile activity": (
        FakeProduct.of(SCENES["hostile"], journal_book=FakeJournal(SCENES["hostile"].entries)),
        "/bridges/1/activity",
    ),
    "people": (one(status()), "/people"),
    "logins": (one(status()), "/people/logins"),
    "keys": (one(status()), "/keys"),
    "account": (one(status()), "/account"),
    "login": (FakeProduct(doors=OpenDoors(None)), "/login"),
    "lonely contact": (FakeProduct.of(status(), contact_book=FakeBook(lonely())), "/bridges/1/contacts/lone"),
    "hostile contact": (
        FakeProduct.of(status(), contact_book=FakeBook(hostile())),
        f"/bridges/1/contacts/{ADA}",
    ),
    "contacts": (FakeProduct.of(status(), contact_book=FakeBook(view())), "/bridges/1/contacts"),
    "help that was searched": (one(status()), "/docs?q=User+name,+password+or+token+were+refused."),
    "wide tables of help": (one(status()), "/docs/settings"),
    "no contacts": (one(status()), "/bridges/1/contacts"),
}


# What the bridge that axe looks at elsewhere (test_web_axe.py) is not in.
ONLY_HERE = {"new", "running", "failed", "braked", "nothing yet", "to pair", "nothing waits", "no calendar"}


async def test_no_page_breaks_the_policy_overflows_a_phone_or_is_hard_to_read(tab: Tab) -> None:
    asked = Counter()
    async with serving(build_site(asked, StillClock())) as address:
        for name, (product, path) in VIEWS.items():
            asked.product = product
            await tab.open(address + path, width=400, height=900)
            assert await tab.run("document.documentElement.scrollWidth") == 400, name
            assert await tab.run(FAINT) == [], name
            assert name not in ONLY_HERE or await findings(tab) == [], name
            await tab.look(dark=True)
            assert await tab.run(FAINT) == [], f"{name}, dark"
    assert tab.complaints == []


async def test_the_policy_refuses_inline_style_and_script_and_would_be_heard(tab: Tab) -> None:
    async with serving(site(one(status()))) as address:
        await tab.open(address)
        await tab.run(
            "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\" onclick=\"1\">')"
        )
        await tab.run("document.querySelector('p[onclick]').click()")  # newer browsers look at it only then
        await tab.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    heard = " ".join(tab.complaints)
    assert "style-src-attr" in heard
    assert "script-src-attr" in heard


async def test_a_poll_brings_the_news_and_moves_nothing(tab: Tab) -> None:
    product = one(status())
    async with serving(site(product)) as address:
        await tab.open(address)
        before = dict(await tab.run(TOPS))
        await tab.run("document.getElementById('sync').focus()")
        product.statuses[1] = status(busy=True, running=SCENES["running"].running)
        await tab.run(POLL)
        assert await tab.run("document.querySelector('.badge').textContent") == "Syncing"
        assert await tab.run("document.querySelector('#live').getAttribute('hx-trigger')") == "every 2s"
        assert await tab.run("document.activeElement.id") == "sync"
        assert dict(await tab.run(TOPS)) == before
    assert tab.complaints == []


async def test_the_sync_button_starts_a_run_in_place_and_keeps_the_focus(tab: Tab) -> None:
    product = one(status())
    async with serving(site(product)) as address:
        await tab.open(address)
        await tab.run("window.same = true")
        await tab.run(PRESS)
        assert await tab.run("document.getElementById('sync').textContent") == "Syncing…"
        assert await tab.run("document.activeElement.id") == "sync"
        assert await tab.run("window.same") is True  # no new page was loaded
    assert product.started == [(1, "page", False)]
    assert tab.complaints == []


async def test_the_page_is_whole_without_script(real_browser: Browser) -> None:
    product = one(status())
    async with new_tab(real_browser, scripts=False) as tab, serving(site(product)) as address:
        await tab.open(address)
        await tab.page.keyboard.press("Tab")
        assert await tab.page.locator(":focus").text_content() == "Skip to content"
        assert await tab.page.locator("section").count() == 9
