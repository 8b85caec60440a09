"""The pages of contacts: one person side by side, the list, its search, and what never leaves them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calendar_scenes import ADA
from contact_scenes import THERE, FakeBook, hostile, lonely, view
from landbridge.engine.contact_lists import EVERYBODY, Search
from landbridge.settings import load_settings
from landbridge.sync.reasons import EXCLUDED
from landbridge.web.site import build_site
from web_client import Client, Page, browse
from web_scenes import BRIDGE, HOSTILE, FakeProduct, StillClock, status

LIST = "/bridges/1/contacts"
API = "/api/v1/bridges/1/contacts"


def product(book: FakeBook | None = None) -> FakeProduct:
    return FakeProduct.of(status(), contact_book=book or FakeBook(view()))


async def shown(path: str = f"{LIST}/{ADA}", book: FakeBook | None = None) -> Page:
    answer = await browse(product(book)).get(path)
    assert answer.status == 200
    return answer.page


async def test_both_sides_are_side_by_side_with_the_base_and_the_reason() -> None:
    page = await shown()
    (city,) = [row for row in page.all("tr", class_="differs") if row.text.strip().startswith("city")]
    assert page.words(city) == "city differs Fort Collins Loveland Boulder"
    (why,) = [row for row in page.all("tr", class_="why differs") if "Both sides changed" in row.text]
    assert "Choose which value stands" in why.text
    assert len(page.all("tr", class_="differs")) == 2


async def test_the_timeline_says_which_side_has_what_and_when_in_the_zone_of_the_location() -> None:
    page = await shown()
    items = [page.words(item) for item in page.all("li") if "happening" in item.attributes.get("class", "")]
    assert len(items) == 8
    assert items[0].startswith("20 hours ago Sun 22 Nov 2026, 09:00 Task Call back · open · overdue")
    assert "In HighLevel and Rezora; the two differ in due" in items[2]
    assert any("Called back. In Rezora" in item for item in items)
    assert "this account does not answer for them: Landbridge keeps those of HighLevel" in page.text


async def test_the_page_says_what_this_bridge_does_not_read() -> None:
    book = FakeBook(view())
    assert "does not read" not in (await shown(book=book)).text
    book.left = ["notes"]
    assert (
        "This bridge does not read notes yet. Switch that on: landbridge bridge carry notes"
        in (await shown(book=book)).text
    )


async def test_long_texts_are_folded_and_whole() -> None:
    page = await shown()
    (folded,) = page.all("details")
    assert "Long. " * 119 in folded.text


async def test_the_history_has_before_and_after() -> None:
    page = await shown()
    assert "contact_email ada@example.org → ada.brook@example.net" in page.text
    assert "Created in Rezora (task)" in page.text


async def test_holds_come_with_their_answers() -> None:
    assert "landbridge holds resolve 7" in (await shown()).text


async def test_the_button_asks_for_this_contact() -> None:
    made = product()
    client = browse(made)
    answer = await client.post(f"{LIST}/{ADA}/sync")
    assert (answer.status, answer.headers["location"]) == (303, f"{LIST}/{ADA}?asked=yes")
    assert made.asked == [("look at", ADA, "page")]
    assert "Asked for" in (await client.get(answer.headers["location"])).page.text
    assert (await client.post(f"{LIST}/{ADA}/sync", headers={"sec-fetch-site": "cross-site"})).status == 403


async def test_a_link_leads_to_highlevel_by_the_address_of_the_settings() -> None:
    (link,) = [a for a in (await shown()).all("a") if a.text == "Open in HighLevel"]
    assert link.attributes["href"] == (
        f"https://app.gohighlevel.com/v2/location/{BRIDGE.highlevel.external_id}/contacts/detail/{ADA}"
    )
    assert link.attributes["rel"] == "noopener noreferrer"
    own = load_settings({}, {"highlevel_contact_page": "https://crm.example.com/{location}/{contact}"})
    site = build_site(replace(product(), settings=own), StillClock())
    page = (await Client(site).get(f"{LIST}/{ADA}")).page
    assert any(a.attributes["href"].startswith("https://crm.example.com/") for a in page.all("a"))


async def test_a_page_goes_by_the_id_in_highlevel() -> None:
    answer = await browse(product()).get(f"{LIST}/{THERE}")
    assert (answer.status, answer.headers["location"]) == (303, f"{LIST}/{ADA}")


async def test_of_who_is_alone_and_empty_the_page_says_so() -> None:
    page = await shown(f"{LIST}/lone", FakeBook(lonely()))
    assert "Contact without a name" in page.text
    assert "only there" in page.text
    assert "There are none that Landbridge has seen." in page.text
    assert "Landbridge has written nothing for this contact" in page.text


@pytest.mark.parametrize("key", ["nobody", "x" * 65, "a%2Fb", "%00", "a%20b"])
async def test_an_unknown_contact_has_no_page(key: str) -> None:
    assert (await browse(product()).get(f"{LIST}/{key}")).status == 404
    assert (await browse(product()).get(f"/bridges/9/contacts/{ADA}")).status == 404


async def test_what_people_typed_is_shown_and_never_obeyed() -> None:
    answer = await browse(product(FakeBook(hostile()))).get(f"{LIST}/{ADA}")
    assert "<script>alert" not in answer.text
    assert not any("onmouseover" in element.attributes for element in answer.page.elements)
    assert [script.attributes.get("src", "")[:8] for script in answer.page.all("script")] == ["/static/"]
    assert HOSTILE in answer.page.one("h1").text


async def test_the_list_leads_to_each_contact_and_to_the_next_page() -> None:
    book = FakeBook(view())
    page = await shown(LIST, book)
    (link,) = [a for a in page.all("a") if a.text == "Ada Brook"]
    assert link.attributes["href"] == f"{LIST}/{ADA}"
    assert "Edited on both sides" in page.text
    (more,) = [a for a in page.all("a") if a.text == "Show the next 50"]
    assert more.attributes["href"] == f"{LIST}?list=everybody&after=last+place"
    await shown(more.attributes["href"], book)
    assert book.asked == [EVERYBODY, Search(after="last place")]


async def test_each_list_has_its_number_and_reasons_narrow_it_with_their_fix() -> None:
    book = FakeBook(view())
    page = await shown(f"{LIST}?list=left-out&reason=no_email", book)
    inside = [a for a in page.all("a") if a.within("nav", **{"class": "chips"})]
    chips = {page.words(a): a.attributes["href"] for a in inside}
    assert chips["Waiting for you 12,840"] == f"{LIST}?list=held"
    assert chips["E-mail address not valid 2"] == f"{LIST}?list=left-out&reason=bad_email"
    assert chips["No e-mail address 1,091"] == f"{LIST}?list=left-out"  # off again
    assert EXCLUDED["no_email"].sentence in page.text
    (more,) = [a for a in page.all("a") if a.text == "Show the next 50"]
    assert more.attributes["href"] == f"{LIST}?list=left-out&reason=no_email&after=last+place"
    assert book.asked == [Search("", "left-out", "no_email")]


async def test_a_search_is_in_no_address() -> None:
    book = FakeBook(view())
    client = browse(product(book))
    page = (await client.post(LIST, {"text": " ada@example.net ", "list": "only-rezora"})).page
    assert page.one("input", id="text").attributes["value"] == "ada@example.net"
    assert not any("ada@" in link.attributes["href"] for link in page.all("a"))
    (again,) = page.all("form", class_="more")
    assert again.attributes["method"] == "post"
    assert book.asked == [Search("ada@example.net", "only-rezora")]
    page = (await client.post(LIST, {"text": "nobody"})).page
    assert "Nobody matches" in page.text


async def test_before_the_first_sync_the_list_says_what_to_expect() -> None:
    assert "the first sync reads both systems" in (await shown(LIST, FakeBook())).text


async def test_the_api_has_what_the_pages_have() -> None:
    client = browse(product())
    found = (
        await client.ask("POST", f"{API}/find", b'{"text": "ada"}', {"content-type": "application/json"})
    ).json
    assert [one["id"] for one in found["contacts"]] == [ADA]
    assert found["following"] == "last place"
    lists = (await client.get(f"{API}/lists")).json
    assert (lists["lists"]["held"], lists["left_out"]["no_email"]) == (12_840, 1_091)
    one = (await client.get(f"{API}/{ADA}")).json
    assert (one["highlevel_id"], one["rezora_id"], one["standing"]) == (ADA, THERE, "Edited on both sides")
    city = next(field for field in one["fields"] if field["field"] == "city")
    assert (city["highlevel"], city["rezora"], city["base_rezora"], city["state"]) == (
        "Fort Collins",
        "Loveland",
        "Boulder",
        "differs",
    )
    assert one["coming"][0]["title"] == "Call back"
    answer = await client.get(f"{API}/nobody")
    assert (answer.status, "error" in answer.json) == (404, True)
