"""The recipes page and its API: switches, values, dry runs, one's own; nothing typed is ever lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest

from recipe_scenes import OWN, PEOPLE, product_with_recipes
from web_client import Answer, Client, browse
from web_scenes import BRIDGE, HOSTILE, FakeProduct

PATH = "/bridges/1/recipes"
API = "/api/v1/bridges/1/recipes"
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


@pytest.fixture
async def product() -> AsyncIterator[FakeProduct]:
    async with product_with_recipes() as made:
        yield made


@pytest.fixture
def browser(product: FakeProduct) -> Client:
    return browse(product)


async def send(browser: Client, path: str, **form: str) -> Answer:
    return await browser.ask("POST", path, urlencode(form).encode(), FORM)


async def ask(browser: Client, path: str, body: Any = None, method: str = "POST") -> Answer:
    raw = b"" if body is None else json.dumps(body).encode()
    return await browser.ask(method, path, raw, JSON)


async def test_the_page_shows_every_recipe_with_its_switch_and_what_they_did(browser: Client) -> None:
    page = (await browser.get(PATH)).page
    text = page.text
    for shown in ("Follow-up task for each new contact", "Tag to list", "Call new buyers", "Notes to Rezora"):
        assert shown in text
    assert "Rezora has no list named 'Buyers'." in text
    assert "The contact is paused." in text
    assert [one.attributes["value"] for one in page.all("input", id="recipe-follow-up-title")] == [
        "Welcome {{contact.first_name}}"
    ]
    assert page.all("style") == []
    assert [script.text for script in page.all("script")] == [""]
    labelled = {one.attributes["for"] for one in page.all("label")}
    fields = {one.attributes["id"] for one in [*page.all("input"), *page.all("textarea")]}
    assert fields == labelled


async def test_nothing_is_on_and_nothing_was_done_at_first() -> None:
    async with product_with_recipes(empty=True) as product:
        text = (await browse(product).get(PATH)).page.text
    assert "Nothing yet." in text
    assert "None yet." in text
    assert "Switch off" not in text


async def test_a_built_in_is_switched_on_with_its_values_and_off_again(
    browser: Client, product: FakeProduct
) -> None:
    answer = await send(browser, f"{PATH}/tag-to-list", tag="vip", list="VIP", do="on")
    assert (answer.status, answer.headers["location"]) == (303, f"{PATH}#recipe-tag-to-list")
    card = await product.recipes.card(BRIDGE, "tag-to-list")
    assert (card.enabled, card.values) == (True, {"tag": "vip", "list": "VIP"})
    assert "[[do]]" in card.text
    await send(browser, f"{PATH}/tag-to-list", tag="vip", list="VIP", do="off")
    assert not (await product.recipes.card(BRIDGE, "tag-to-list")).enabled


async def test_a_refused_value_stays_in_its_form_with_the_problem_beside_it(
    browser: Client, product: FakeProduct
) -> None:
    answer = await send(
        browser, f"{PATH}/follow-up", title="Hi {{contact.fist_name}}", delay="soon", due="1 day", do="on"
    )
    assert answer.status == 422
    (title,) = answer.page.all("input", id="recipe-follow-up-title")
    assert title.attributes["value"] == "Hi {{contact.fist_name}}"
    assert title.attributes["aria-invalid"] == "true"
    (delay,) = answer.page.all("input", id="recipe-follow-up-delay")
    assert delay.attributes["value"] == "soon"
    assert 'did you mean "contact.first_name"?' in answer.page.text
    assert "docs/recipes.md shows every key" in answer.page.text
    assert (await product.recipes.card(BRIDGE, "follow-up")).values[
        "title"
    ] == "Welcome {{contact.first_name}}"


async def test_a_text_with_problems_is_kept_and_each_problem_names_its_line(browser: Client) -> None:
    text = OWN.replace("tag_added", "tag_aded").replace("first_name", "fist_name")
    answer = await send(browser, PATH, text=text, do="save")
    assert answer.status == 422
    (area,) = answer.page.all("textarea")
    assert area.text.strip() == text.strip()
    told = answer.page.text
    assert "Line 2:" in told
    assert 'on = "tag_aded"' in told
    assert "Line 8:" in told
    assert "did you mean" in told


async def test_a_recipe_of_ones_own_is_saved_off_edited_switched_and_removed(
    browser: Client, product: FakeProduct
) -> None:
    text = OWN.replace("Call new buyers", "O'Hara 1").replace("\n", "\r\n")
    answer = await send(browser, PATH, text=text, do="save")
    assert answer.status == 303
    assert not (await product.recipes.card(BRIDGE, "O'Hara 1")).enabled
    edited = (await browser.get(f"{PATH}?edit=O%27Hara%201")).page
    assert 'name = "O\'Hara 1"' in edited.one("textarea").text
    await send(browser, f"{PATH}/O'Hara 1", do="on")
    assert (await product.recipes.card(BRIDGE, "O'Hara 1")).enabled
    assert (await send(browser, f"{PATH}/O'Hara 1/remove")).status == 303
    assert "O'Hara 1" not in {card.name for card in await product.recipes.cards(BRIDGE)}
    refused = await send(browser, f"{PATH}/follow-up/remove")
    assert refused.status == 409
    assert "Switch it off instead." in refused.page.text


async def test_a_dry_run_shows_who_and_what_and_keeps_an_unsaved_text(browser: Client) -> None:
    page = (await browser.get(f"{PATH}?name=follow-up")).page
    for name in PEOPLE.values():
        assert f"Task: Welcome {name.split()[0]}" in page.text
    text = OWN.replace('on = "tag_added"\ntag = "buyer"', 'on = "contact_new"')
    answer = await send(browser, PATH, text=text, do="try")
    assert answer.status == 200
    assert "Task: Call Ada" in answer.page.text
    assert answer.page.one("textarea").text.strip() == text.strip()


async def test_a_part_of_the_sync_has_its_switch_and_nothing_to_try(browser: Client) -> None:
    page = (await browser.get(PATH)).page
    assert page.one("button", aria_label="Switch on: Notes to Rezora").attributes["value"] == "on"
    assert page.all("a", aria_label="Try on yesterday: Notes to Rezora") == []
    assert (await send(browser, f"{PATH}/notes-to-rezora", do="on")).status == 303
    assert (await browser.get(f"{PATH}?name=notes-to-rezora")).status == 409


async def test_hostile_texts_are_shown_as_text(browser: Client, product: FakeProduct) -> None:
    answer = await send(browser, PATH, text=HOSTILE, do="save")
    assert answer.status == 422
    assert HOSTILE in answer.page.one("textarea").text
    answer = await send(browser, f"{PATH}/tag-to-list", tag=HOSTILE, list="x", do="save")
    page = (await browser.get(PATH)).page
    assert page.one("input", id="recipe-tag-to-list-tag").attributes["value"] == HOSTILE
    assert [script.text for script in page.all("script")] == [""]


# The API


async def test_the_api_does_all_that_the_page_does(browser: Client) -> None:
    found = (await browser.get(API)).json
    assert [one["name"] for one in found if one["enabled"]] == ["follow-up"]
    assert len(found) == 10
    values = (await ask(browser, f"{API}/tag-to-list/values", {"values": {"list": "VIP"}})).json
    assert values["values"] == {"tag": "buyer", "list": "VIP"}
    assert (await ask(browser, f"{API}/tag-to-list/on")).json["enabled"] is True
    assert (await ask(browser, f"{API}/tag-to-list/off")).json["enabled"] is False
    made = (await ask(browser, API, {"text": OWN.replace("Call new buyers", "Mine")})).json
    assert (made["name"], made["enabled"], made["built_in"]) == ("Mine", False, False)
    assert (await browser.get(f"{API}/Mine")).json["text"].startswith('name = "Mine"')
    trial = (await ask(browser, f"{API}/follow-up/try")).json
    assert [line["outcome"] for line in trial["lines"]] == ["would", "would"]
    assert (await ask(browser, f"{API}/Mine", method="DELETE")).status == 200
    assert (await browser.get(f"{API}/Mine")).status == 409
    firings = (await browser.get("/api/v1/bridges/1/firings?recipe=follow-up")).json
    assert [one["state"] for one in firings] == ["skipped", "done"]


async def test_the_api_tells_every_problem_at_once(browser: Client) -> None:
    answer = await ask(browser, API, {"text": 'name = "!"\non = "x"'})
    assert answer.status == 422
    assert answer.json["error"].count("\n") == 2
    assert "docs/recipes.md" in answer.json["fix"]
    wrong = await ask(browser, f"{API}/tag-to-list/values", {"values": {"lst": "x"}})
    assert (wrong.status, wrong.json["error"]) == (
        409,
        "Tag to list has no value 'lst' (did you mean \"list\"?).",
    )
    unknown = await ask(browser, f"{API}/nobody/on")
    assert unknown.status == 409
