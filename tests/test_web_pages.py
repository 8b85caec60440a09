"""The status page and the list of bridges, in every state they can meet."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from web_client import Page, browse
from web_scenes import (
    BRAKED,
    BRIDGE,
    FAILED,
    HIGHLEVEL,
    HOSTILE,
    HOSTILE_BRIDGE,
    NOW,
    REZORA,
    SCENES,
    FakeProduct,
    hostile,
    others,
    status,
)

HTMX = {"hx-request": "true"}
STARTS = {
    "nothing connected": FakeProduct(),
    "HighLevel connected": FakeProduct(connected=[HIGHLEVEL]),
    "both connected": FakeProduct(connected=[HIGHLEVEL, REZORA]),
    "two locations": FakeProduct(connected=[HIGHLEVEL, replace(HIGHLEVEL, id=7, external_id="x"), REZORA]),
    "hostile accounts": FakeProduct(connected=[HOSTILE_BRIDGE.highlevel, HOSTILE_BRIDGE.rezora]),
}


async def pages_of(name: str) -> list[Page]:
    """The pages that show this state, and one that does not exist."""
    if name not in READ:
        browser = browse(EVERYTHING[name])
        answers = [await browser.get(path) for path in ("/", "/setup", "/nowhere")]
        assert [answer.status for answer in answers] == [200, 200, 404]
        READ[name] = [answer.page for answer in answers]
    return READ[name]


async def shown(name: str) -> Page:
    return (await browse(FakeProduct.of(SCENES[name])).get("/")).page


EVERYTHING = {name: FakeProduct.of(scene) for name, scene in SCENES.items()} | STARTS
EVERYTHING["several"] = FakeProduct.of(*others(3))
READ: dict[str, list[Page]] = {}


@pytest.mark.parametrize("name", EVERYTHING)
async def test_every_page_in_every_state_is_free_of_inline_script_and_style(name: str) -> None:
    for page in await pages_of(name):
        assert page.all("style") == []
        assert [script.text for script in page.all("script")] == [""]
        for element in page.elements:
            wrong = {key for key in element.attributes if key == "style" or key.startswith(("on", "hx-on"))}
            assert wrong == set(), element.tag
            linked = [
                element.attributes.get(key, "") for key in ("src", "href", "action", "hx-get", "hx-post")
            ]
            assert not any("script:" in address or "//" in address for address in linked), linked
            assert "js:" not in "".join(element.attributes.values())


@pytest.mark.parametrize("name", EVERYTHING)
async def test_every_page_can_be_read_without_eyes(name: str) -> None:
    for page in await pages_of(name):
        assert page.one("html").attributes["lang"] == "en"
        assert [e.text for e in page.all("title") if e.within("head")] != [""]
        assert page.one("main").attributes["id"] == "main"
        levels = [int(e.tag[1]) for e in page.elements if e.tag in ("h1", "h2", "h3", "h4")]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(deeper - upper <= 1 for upper, deeper in pairwise(levels)), levels
        ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
        assert len(ids) == len(set(ids))
        for element in page.elements:
            for key in ("aria-labelledby", "aria-describedby"):
                assert set(element.attributes.get(key, "").split()) <= set(ids)


@pytest.mark.parametrize("name", EVERYTHING)
async def test_every_field_button_and_picture_has_a_name(name: str) -> None:
    for page in await pages_of(name):
        labelled = {label.attributes["for"] for label in page.all("label")}
        fields = [e for e in page.elements if e.tag in ("input", "select", "textarea")]
        named = [e for e in fields if e.attributes.get("type") != "hidden"]
        assert {field.attributes["id"] for field in named} == labelled
        assert all(page.words(element) for element in page.all("button") + page.all("a"))
        assert all("alt" in image.attributes for image in page.all("img"))
        assert all("aria-label" in bar.attributes for bar in page.all("progress"))
        assert all(svg.attributes["role"] == "img" for svg in page.all("svg"))
        for svg in page.all("svg"):
            title, desc = svg.attributes["aria-labelledby"].split()
            assert page.one("title", id=title).text
            assert page.one("desc", id=desc).text


@pytest.mark.parametrize("name", SCENES)
async def test_the_fragment_is_the_region_of_the_page_to_the_letter(name: str) -> None:
    browser = browse(FakeProduct.of(SCENES[name]))
    page, fragment = await browser.get("/"), await browser.get("/bridges/1/status")
    region = fragment.text.strip()
    assert region.startswith('<div id="live"')
    assert region.endswith("</div>")
    assert region in page.text
    assert fragment.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", SCENES)
async def test_the_state_is_told_in_one_sentence_to_everybody(name: str) -> None:
    page = await shown(name)
    live = page.one("p", role="status")
    assert page.words(live) == SCENES[name].sentence
    assert live.within("div", id="live")


@pytest.mark.parametrize(
    ("name", "seconds"), [("running", 2), ("done", 10), ("interrupted", 10), ("failed", 10)]
)
async def test_the_page_asks_often_while_a_run_goes_on(name: str, seconds: int) -> None:
    live = (await shown(name)).one("div", id="live")
    assert live.attributes["hx-get"] == "/bridges/1/status"
    assert live.attributes["hx-trigger"] == f"every {seconds}s"
    assert live.attributes["hx-swap"] == "outerMorph"


@pytest.mark.parametrize(
    ("name", "badge", "button"),
    [
        ("new", "Not started", "Start the first sync"),
        ("running", "Syncing", "Syncing…"),
        ("interrupted", "Interrupted", "Continue the sync"),
        ("done", "Up to date", "Sync now"),
        ("failed", "Failed", "Try again"),
        ("braked", "Waits for your word", "Try again"),
    ],
)
async def test_the_state_has_a_word_and_the_button_says_what_it_does(
    name: str, badge: str, button: str
) -> None:
    page = await shown(name)
    assert page.words(page.one("p", class_="badge")) == badge
    assert page.words(page.one("button", id="sync")) == button


async def test_a_running_sync_shows_its_step_and_its_progress() -> None:
    page = await shown("running")
    assert page.words(page.one("li", aria_current="step")) == "Write the changes"
    bar = page.one("progress").attributes
    assert (float(bar["value"]), bar["max"]) == (0.552, "1")
    assert "Writing the changes: 1,104 of 2,000 · started 1 minute ago · 812 created" in page.text


async def test_a_step_of_unknown_length_shows_a_bar_without_an_end() -> None:
    page = await shown("looking up")
    assert "value" not in page.one("progress").attributes
    assert "Looking up creates that got no answer" in page.text


@pytest.mark.parametrize(("name", "run"), [("failed", FAILED), ("braked", BRAKED)])
async def test_a_run_that_stopped_shows_its_fix(name: str, run: object) -> None:
    page = await shown(name)
    fix = getattr(run, "fix").replace("`", "")  # noqa: B009  # the parameter is a run
    assert f"What to do: {fix}" in page.text


async def test_trouble_of_an_account_leads_to_connecting_again() -> None:
    page = await shown("failed")
    links = [page.words(link) for link in page.all("a", href="/connect#rezora")]
    assert links == ["Connect Rezora again", "Connect again"]


async def test_only_a_braked_run_can_be_accepted() -> None:
    assert (await shown("braked")).one("input", name="accept").attributes["value"] == "yes"
    for name in SCENES.keys() - {"braked"}:
        assert (await shown(name)).all("input", name="accept") == [], name


async def test_figures_reasons_and_their_fixes_are_shown() -> None:
    page = await shown("done")
    figures = {page.words(e.inside[-1]): page.words(e) for e in page.all("dd")}
    assert figures == {
        "In sync1,838": "1,838",
        "Left out150": "150",
        "Waiting for you12": "12",
        "Waiting for their turn0": "0",
    }
    for share in [*SCENES["done"].excluded, *SCENES["done"].held]:
        reason = share.reason
        told = f"{share.count} {reason.title} {reason.sentence} What to do: {reason.fix}"
        assert told.replace("`", "") in page.text


async def test_the_charts_say_in_words_what_they_draw() -> None:
    page = await shown("done")
    words = {svg.attributes["class"]: page.words(svg) for svg in page.all("svg")}
    assert "1,838 in sync, 0 waiting for their turn, 150 left out, 12 waiting for you." in words["stack"]
    assert (
        "run 1: 1,704 created, 88 updated, 426 opt-outs and list changes; run 3: 61 created" in words["bars"]
    )


async def test_a_hold_shows_both_values_its_field_reason_and_fix() -> None:
    page = await shown("done")
    row = next(page.words(row) for row in page.all("tr") if "c1Qh2mW1xTzYb4Kd9LpR" in row.text)
    assert row == (
        "HighLevel c1Qh2mW1xTzYb4Kd9LpR Rezora 90003 city Fort Collins Loveland"
        " Edited on both sides. Choose which value stands; the other one stays in the journal."
        " Answer with landbridge holds resolve 1 and use-highlevel, use-rezora, edit or ignore. 2 days ago"
    )


async def test_a_hold_that_is_not_about_a_value_shows_none() -> None:
    page = await shown("done")
    row = next(page.words(row) for row in page.all("tr") if "e3Jr1yB8nCeHw6Za2UgD" in row.text)
    assert " consent – – Unsubscribed in Rezora." in row


async def test_no_more_than_fifty_holds_are_on_the_page() -> None:
    page = await shown("many holds")
    assert len([row for row in page.all("tr") if "Fort Collins" in row.text]) == 50
    assert "The 50 oldest are shown." in page.text


async def test_a_journal_entry_shows_before_and_after() -> None:
    page = await shown("done")
    assert "contact_city nothing → Boulder Shown differently afterwards" in page.text
    assert "3 fields: contact_name, contact_email, contact_city" in page.text
    assert "ada.brook" not in page.text  # a create's values are in the journal, the page has names only


async def test_the_page_says_plainly_what_is_carried_and_how_sure_that_is() -> None:
    text = (await shown("quiet")).text
    assert (
        "switch it on" in text and "tasks, notes and appointments. They are not in that documentation" in text
    )
    assert "With a read-only HighLevel connection towards Rezora only" in text


@pytest.mark.parametrize("writes", [True, False], ids=["two-way", "one-way"])
async def test_the_page_says_which_ways_the_bridge_goes(writes: bool) -> None:
    capability = dict(BRIDGE.highlevel.capability) | {"can_write": writes}
    bridge = replace(BRIDGE, highlevel=replace(BRIDGE.highlevel, capability=capability))
    text = (await browse(FakeProduct.of(replace(SCENES["quiet"], bridge=bridge))).get("/")).page.text
    assert f"HighLevel {'↔' if writes else '→'} Rezora" in text
    assert ("Nothing is written here: the bridge is one-way" in text) is not writes
    assert "2,000 contacts of both sides in all" in text


async def test_times_are_relative_words_with_the_exact_time_behind() -> None:
    page = await shown("done")
    times = [e for e in page.all("time") if page.words(e) == "3 minutes ago"]
    assert times[0].attributes == {"datetime": "2026-11-23T11:57:00Z", "title": "2026-11-23 11:57:00 UTC"}
    assert page.one("header", class_="head").text.split()[-2:] == ["12:00:00", "UTC"]
    assert NOW == 1_795_435_200.0


async def test_text_of_people_and_apis_is_shown_and_never_obeyed() -> None:
    page = (await browse(FakeProduct.of(hostile())).get("/")).page
    assert page.one("h1").text == HOSTILE
    assert len(page.all("script")) == 1  # htmx
    assert page.text.count("<script>alert('x')</script>") > 20


async def test_several_bridges_are_a_list_and_each_has_its_page() -> None:
    browser = browse(FakeProduct.of(*others(3)))
    page = (await browser.get("/")).page
    links = [link.attributes["href"] for link in page.all("a") if link.within("td")]
    assert links == ["/bridges/1", "/bridges/2", "/bridges/3"]
    second = (await browser.get("/bridges/2")).page
    assert second.words(second.one("h1")) == "Bridge 2"
    assert second.words(second.one("p", class_="crumb")) == "All bridges › Bridge 2"
    assert (await browser.get("/bridges/9")).status == 404
    assert (await browser.get("/bridges/9/status")).status == 404


async def test_the_sync_button_starts_a_sync_and_goes_back_to_the_page() -> None:
    product = FakeProduct.of(status())
    answer = await browse(product).post("/bridges/1/sync")
    assert (answer.status, answer.headers["location"]) == (303, "/bridges/1")
    assert product.started == [(1, "page", False)]


async def test_the_sync_button_of_htmx_gets_the_region_of_the_started_run() -> None:
    product = FakeProduct.of(SCENES["braked"])
    answer = await browse(product).post("/bridges/1/sync", {"accept": "yes"}, headers=HTMX)
    assert answer.status == 200
    assert answer.page.one("div", id="live").attributes["hx-trigger"] == "every 2s"
    assert product.started == [(1, "page", True)]


async def test_a_running_sync_is_not_started_twice() -> None:
    product = FakeProduct.of(SCENES["running"])
    assert (await browse(product).post("/bridges/1/sync", headers=HTMX)).status == 200
    assert product.started == []


async def test_a_sync_of_an_unknown_bridge_makes_htmx_load_the_page_again() -> None:
    answer = await browse(FakeProduct.of(status())).post("/bridges/9/sync", headers=HTMX)
    assert (answer.status, answer.headers["hx-refresh"]) == (404, "true")


async def test_the_bridge_of_a_page_is_the_one_asked_for() -> None:
    named = replace(status(), bridge=replace(BRIDGE, id=4, name="Fourth"))
    browser = browse(FakeProduct.of(status(), named))
    assert (await browser.get("/bridges/4/status")).page.one("h1").text == "Fourth"


async def test_the_page_says_when_it_runs_next() -> None:
    timed = replace(status(), next_sync=NOW + 12 * 60, next_poll=NOW + 30)
    page = (await browse(FakeProduct.of(timed)).get("/")).page
    (line,) = [element for element in page.all("p") if element.attributes.get("id") == "next"]
    assert line.text == "Next sync in 12 minutes · Next look at Rezora in less than a minute"
    page = (await browse(FakeProduct.of(status())).get("/")).page
    assert [element for element in page.all("p") if element.attributes.get("id") == "next"] == []


async def test_the_page_tells_what_waits_between_syncs_and_what_webhooks_came() -> None:
    quiet = (await browse(FakeProduct.of(status())).get("/")).page.one("main").text
    assert "Nothing waits" in quiet
    assert "No webhook came today" in quiet
    busy = replace(
        status(), due=2, due_since=NOW - 90, carried_at=NOW - 5, arrivals={"accepted": 1200, "forged": 3}
    )
    told = (await browse(FakeProduct.of(busy)).get("/")).page.one("main").text
    assert "2 contacts to be looked at" in told
    assert "Webhooks today: 1,200 taken, 3 turned away." in told


@pytest.mark.parametrize(
    ("path", "form", "asked"),
    [
        ("changes", "", ("look for changes", 1)),
        ("contact", "contact=+90112+", ("look at", "90112", "page")),
    ],
)
async def test_the_page_looks_at_some_contacts_on_demand(
    path: str, form: str, asked: tuple[object, ...]
) -> None:
    product = FakeProduct.of(status())
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await browse(product).ask("POST", f"/bridges/1/{path}", form.encode(), headers)
    assert (answer.status, answer.headers["location"]) == (303, "/bridges/1")
    assert product.asked == [asked]


async def test_before_the_first_sync_there_is_nothing_between_syncs() -> None:
    page = (await browse(FakeProduct.of(SCENES["new"])).get("/")).page
    assert "Between syncs" not in page.one("main").text
