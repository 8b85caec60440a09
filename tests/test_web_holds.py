"""The inbox: what waits, by cause; a button for each answer; many at once behind a confirmation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from landbridge.access.roles import Person, Role
from landbridge.engine.answers import NotPossible
from landbridge.engine.desk import ALLOWED
from landbridge.store.journal import OpenHold
from landbridge.sync.reasons import HELD
from landbridge.web.holds import SHOWN, WAYS
from web_client import browse
from web_scenes import NOW, OWNER, SCENES, FakeProduct, OpenDoors, others, status

PATH = "/bridges/1/holds"


def many(cause: str, count: int) -> FakeProduct:
    """So many holds of one cause."""
    holds = [
        OpenHold(
            cause, f"c{n}", f"9{n}", "city", "Boulder", "Lyons", opened_at=NOW - 60.0 * (n % 7), id=n + 1
        )
        for n in range(count)
    ]
    return FakeProduct.of(status(holds=sorted(holds, key=lambda hold: (hold.opened_at, hold.id))))


def test_every_answer_has_its_words() -> None:
    assert {use for uses in ALLOWED.values() for use in uses} == set(WAYS)


async def test_what_waits_stands_by_cause_with_both_values_and_a_button_for_each_answer() -> None:
    product = FakeProduct.of(status())
    page = (await browse(product).get(PATH)).page
    causes = {hold.cause for hold in status().holds}
    headings = [page.words(one).partition(" ·")[0] for one in page.all("h2")]
    assert {HELD[cause].title for cause in causes} <= set(headings)
    hold = next(hold for hold in status().holds if hold.cause == "edited_in_rezora")
    article = page.one("article", id=f"hold-{hold.id}")
    assert hold.highlevel_shows in article.text
    assert hold.rezora_shows in article.text
    buttons = [
        button.attributes["value"]
        for button in page.all("button")
        if button.within("article", id=f"hold-{hold.id}")
    ]
    assert buttons == ["use-highlevel", "use-rezora", "ignore", "edit"]


async def test_an_answer_is_given_in_the_name_of_whoever_gives_it_and_the_list_goes_on() -> None:
    product = FakeProduct.of(status())
    browser = browse(product)
    form = {"use": "use-rezora", "cause": "both_changed", "following": "7"}
    answer = await browser.post(f"{PATH}/12", form)
    assert product.asked == [("resolve", 12, "use-rezora", "", OWNER.name)]
    assert answer.status == 303
    assert answer.headers["location"] == f"{PATH}/both_changed?done=use-rezora#hold-7"
    page = (await browser.get(f"{PATH}?done=use-rezora")).page
    assert "Answered: Keep Rezora’s value." in page.text
    typed = await browser.post(f"{PATH}/12", {"use": "edit", "value": "Lyons"})
    assert product.asked[-1] == ("resolve", 12, "edit", "Lyons", OWNER.name)
    assert typed.headers["location"] == f"{PATH}?done=edit"


async def test_one_that_is_settled_meanwhile_says_so_kindly() -> None:
    product = FakeProduct.of(status(), failure=NotPossible("There is no open hold 12.", "Look again."))
    answer = await browse(product).post(f"{PATH}/12", {"use": "ignore"})
    assert answer.status == 409
    assert "There is no open hold 12." in answer.page.text
    assert answer.page.all("article"), "and the list is still there"


async def test_many_are_answered_at_once_behind_a_page_that_says_what_it_means() -> None:
    product = many("both_changed", 120)
    browser = browse(product)
    asks = await browser.post(f"{PATH}/both_changed/all", {"use": "use-highlevel"})
    assert product.asked == [], "nothing is answered yet"
    assert "all 120?" in asks.page.words(asks.page.one("h1"))
    done = await browser.post(f"{PATH}/both_changed/all", {"use": "use-highlevel", "confirmed": "yes"})
    assert product.asked == [("resolve all", "both_changed", "use-highlevel", OWNER.name)]
    assert done.headers["location"] == f"{PATH}/both_changed?done=use-highlevel&left=1"
    told = (await browser.get(done.headers["location"])).page
    assert "1 hold could not take this answer and stays." in told.text
    for use in ("edit", "allow", "nonsense"):
        assert (
            await browser.post(f"{PATH}/both_changed/all", {"use": use, "confirmed": "yes"})
        ).status == 404
    assert (await browser.post(f"{PATH}/no_cause/all", {"use": "retry"})).status == 404


async def test_a_cause_has_pages_and_the_page_of_all_shows_the_first_few() -> None:
    browser = browse(many("both_changed", SHOWN + 3))
    assert len((await browser.get(PATH)).page.all("article")) == 5
    first = (await browser.get(f"{PATH}/both_changed")).page
    assert len(first.all("article")) == SHOWN
    (more,) = [link for link in first.all("a") if link.text == "Show the next 50"]
    rest = (await browser.get(more.attributes["href"].replace("&amp;", "&"))).page
    seen = [article.attributes["id"] for page in (first, rest) for article in page.all("article")]
    assert len(rest.all("article")) == 3
    assert len(set(seen)) == SHOWN + 3
    assert len((await browser.get(f"{PATH}/both_changed?after=nonsense")).page.all("article")) == SHOWN


async def test_when_nothing_waits_the_page_says_what_was_looked_at() -> None:
    browser = browse(FakeProduct.of(SCENES["quiet"]))
    page = (await browser.get(PATH)).page
    assert "Nothing waits for you" in page.text
    assert "compared everybody on both sides" in page.text
    assert (await browser.get(f"{PATH}/both_changed")).headers["location"] == PATH
    assert (await browser.get(f"{PATH}/no_cause")).status == 404
    new = (await browse(FakeProduct.of(SCENES["new"])).get(PATH)).page
    assert "The first sync has not ended yet." in new.text


async def test_a_viewer_sees_everything_and_no_button() -> None:
    viewer = Person(7, "Vera", Role.VIEWER)
    product = FakeProduct.of(status(), doors=OpenDoors(viewer))
    page = (await browse(product).get(PATH)).page
    assert page.all("article")
    assert page.inside("button") == []


async def test_all_bridges_are_on_one_page() -> None:
    quiet = replace(SCENES["quiet"], bridge=replace(status().bridge, id=9, name="Quiet Street"))
    page = (await browse(FakeProduct.of(*others(2), quiet)).get("/holds")).page
    links = [link.attributes["href"] for link in page.all("a") if link.within("tbody")]
    assert links == ["/bridges/1/holds", "/bridges/2/holds"]
    nothing = (await browse(FakeProduct.of(SCENES["quiet"])).get("/holds")).page
    assert "Nothing waits for you on any bridge." in nothing.text


@pytest.mark.parametrize("cause", sorted(HELD))
async def test_every_cause_can_be_shown(cause: str) -> None:
    page = (await browse(many(cause, 2)).get(f"{PATH}/{cause}")).page
    offered = [b.attributes["value"] for b in page.all("button") if b.within("article", id="hold-1")]
    assert sorted(offered) == sorted(ALLOWED.get(cause, ()))
