"""The inbox: what waits, by cause; a button for each answer; many at once behind a confirmation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from landbridge.access.roles import Person, Role
from landbridge.engine.answers import NotPossible
from landbridge.engine.desk import ALLOWED
from landbridge.store.database import StoreFailure
from landbridge.store.journal import Entry, OpenHold
from landbridge.sync.model import Kind, Side
from landbridge.sync.reasons import HELD
from landbridge.web.differences import marked
from landbridge.web.hold_words import WAYS, changes
from landbridge.web.holds import SHOWN
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
    assert answer.headers["location"] == f"{PATH}/both_changed?done=use-rezora&said=12#hold-7"
    page = (await browser.get(f"{PATH}?done=use-rezora")).page
    assert "Answered: Keep Rezora’s value." in page.text
    typed = await browser.post(f"{PATH}/12", {"use": "edit", "value": "Lyons"})
    assert product.asked[-1] == ("resolve", 12, "edit", "Lyons", OWNER.name)
    assert typed.headers["location"] == f"{PATH}?done=edit&said=12"


async def test_after_an_answer_the_page_says_what_the_next_sync_writes_and_where() -> None:
    product = FakeProduct.of(status())
    browser = browse(product)
    answer = await browser.post(f"{PATH}/1", {"use": "use-highlevel", "cause": "both_changed"})
    page = (await browser.get(answer.headers["location"])).page
    told = page.one("section", role="status")
    assert "Rezora gets “Fort Collins” in place of “Loveland”." in page.words(told)
    await browser.post(f"{PATH}/1", {"use": "edit", "value": "Estes Park"})
    page = (await browser.get(f"{PATH}?done=edit&said=1")).page
    assert "HighLevel gets “Estes Park” in place of “Fort Collins”." in page.text
    closed = (await browser.get(f"{PATH}?done=apart&said=99")).page
    assert "Answered: Two people. The two stay apart" in closed.text


async def test_an_answer_is_taken_back_where_it_was_given() -> None:
    product = FakeProduct.of(status())
    browser = browse(product)
    await browser.post(f"{PATH}/1", {"use": "use-highlevel"})
    form = (await browser.get(PATH)).page.one("form", action=f"{PATH}/1/take-back")
    assert form.attributes["method"] == "post"
    where = {"cause": "both_changed", "after": "1.5,2"}
    preview = (await browser.post(f"{PATH}/1/take-back", where)).page
    assert product.asked[-1][0] == "resolve", "shown first, nothing is done"
    assert "Keep HighLevel’s value. Answered by Olivia Owen, 1 minute ago." in preview.text
    assert "would carry it out: Rezora gets “Fort Collins” in place of “Loveland”." in preview.text
    assert "No sync has begun to carry the answer out" in preview.text
    form = preview.one("form", action=f"{PATH}/1/take-back")
    sent = {one.attributes["name"]: one.attributes["value"] for one in preview.all("input", type="hidden")}
    back = await browser.post(form.attributes["action"], sent)
    assert product.asked[-1] == ("take back", 1, OWNER.name)
    assert back.headers["location"] == f"{PATH}/both_changed?after=1.5%2C2&done=taken-back&said=1#hold-1"
    page = (await browser.get(f"{PATH}?done=taken-back&said=1")).page
    assert "The answer is taken back." in page.text
    assert not page.all("form", action=f"{PATH}/1/take-back")
    product.failure = NotPossible("This hold has no answer that could be taken back.", "Nothing to do.")
    for once in ({}, {"confirmed": "yes"}):
        late = await browser.post(f"{PATH}/1/take-back", once)
        assert (late.status, "no answer that could be taken back" in late.page.text) == (409, True)


async def test_what_a_cut_off_sync_wrote_for_an_answer_is_shown_to_stay_with_its_undo() -> None:
    product = FakeProduct.of(status())
    browser = browse(product)
    await browser.post(f"{PATH}/1", {"use": "edit", "value": "Estes Park"})
    before, after = {"city": "Fort Collins"}, {"city": "Estes Park"}
    entry = Entry("update", Side.HIGHLEVEL, "c1", "91", "city", before, after, id=7, run_id=3)
    product.answers.written = [entry]
    preview = (await browser.post(f"{PATH}/1/take-back", {"contact": "c1"})).page
    assert "Use this value: “Estes Park”." in preview.text
    assert "This stays. A sync was cut off or refused" in preview.text
    row = preview.one("tr", id="entry-7")
    assert "Fort Collins → Estes Park" in preview.words(row)
    assert len(preview.all("form", action="/bridges/1/undo")) == 1
    leave = next(a for a in preview.all("a") if a.text == "Leave the answer")
    assert leave.attributes["href"] == "/bridges/1/contacts/c1#hold-1"


async def test_both_values_stand_beside_what_both_last_agreed_on_with_the_difference_marked() -> None:
    hold = OpenHold("both_changed", "c1", "91", "city", "Fort Collins", "Fort Morgan", opened_at=NOW, id=1)
    page = (await browse(FakeProduct.of(status(holds=[hold]))).get(PATH)).page
    shown = page.one("dl", class_="both three")
    assert page.words(shown) == (
        "HighLevel edited sinceFort Collins Rezora edited sinceFort Morgan When they last agreedBoulder"
    )
    assert [one.text for one in page.all("mark")] == ["Collins", "Morgan"]


async def test_a_number_that_cannot_be_counted_leaves_the_telling_to_the_page() -> None:
    class Busy(FakeProduct):
        async def hold_counts(self, bridge: object) -> dict[str, int]:
            raise StoreFailure("The database is locked.", "Try again in a moment.")

    browser = browse(Busy({1: status()}))
    assert (await browser.get("/bridges/1/runs")).status == 200
    told = await browser.get(PATH)
    assert (told.status, "The database is locked." in told.page.text) == (409, True)


async def test_the_tab_has_the_number_on_every_page_of_the_bridge_and_none_where_nothing_waits() -> None:
    product = FakeProduct.of(status())
    for path in (PATH, "/bridges/1/activity", "/bridges/1"):
        page = (await browse(product).get(path)).page
        (number,) = page.all("span", class_="number-of")
        assert number.text == "5"
        assert number.within("a", href=PATH)
    for path, of in (("/holds", product), (PATH, FakeProduct.of(SCENES["quiet"]))):
        assert (await browse(of).get(path)).page.all("span", class_="number-of") == []


async def test_a_hold_of_a_task_has_words_of_its_own() -> None:
    hold = OpenHold(
        "activity_deleted_and_edited", "t1", "901", opened_at=NOW, id=1, kind=Kind.TASK, name="Call"
    )
    page = (await browse(FakeProduct.of(status(holds=[hold]))).get(PATH)).page
    words = [one.text for one in page.all("button", name="use") if one.within("article")]
    assert words == ["Keep it where it is", "Delete it there too"]
    assert "· task" in page.words(page.one("article"))


@pytest.mark.parametrize(
    ("text", "other", "shown"),
    [
        ("303-555-0119", "303-555-0164", "303-555-<mark>0119</mark>"),
        ("Ada Brook", "Ada Marie Brook", "Ada Brook"),
        ("Ada Marie Brook", "Ada Brook", "Ada <mark>Marie </mark>Brook"),
        ("Lyons", "Ward", "Lyons"),
        ("<b>x</b> one", "<b>x</b> two", "&lt;b&gt;x&lt;/b&gt; <mark>one</mark>"),
        ("", "Ward", ""),
        ("a " * 2_000, "b a", "a " * 2_000),
    ],
)
def test_only_what_differs_is_marked(text: str, other: str, shown: str) -> None:
    assert str(marked(text, other)) == shown


def test_what_is_written_is_told_for_values_and_for_tags() -> None:
    hold = OpenHold("both_changed", rule="city", highlevel_shows="Lyons", rezora_shows="")
    assert [one.sentence for one in changes(hold, "use-highlevel")] == [
        "Rezora gets “Lyons” in place of nothing."
    ]
    assert changes(hold, "ignore") == []
    assert [one.side for one in changes(hold, "edit", "Lyons")] == [Side.REZORA], "the other has it already"
    mark = OpenHold("edited_in_rezora", rule="buyer", highlevel_shows="no", rezora_shows="yes")
    assert changes(mark, "use-rezora")[0].sentence == "It is put on in HighLevel."


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
    assert "What the next sync does, for the first 10" in asks.page.text
    assert asks.page.text.count("Rezora gets “Boulder” in place of “Lyons”.") == 10
    done = await browser.post(f"{PATH}/both_changed/all", {"use": "use-highlevel", "confirmed": "yes"})
    assert product.asked == [("resolve all", "both_changed", "use-highlevel", OWNER.name)]
    assert done.status == 200, "why some stay is kept nowhere, so it is told at once"
    assert "2 holds answered" in done.page.text
    assert "One stays as it was: 1There is more than one candidate; choose one of them." in done.page.text
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
