"""The catalog on the page: filters, forms made from the table, confirmation, answers, and hostile text."""

from __future__ import annotations

import html
from collections.abc import Mapping

import pytest

from landbridge.engine import catalog
from landbridge.systems.base import Forbidden, RateLimited
from landbridge.web.operations import LONGEST_SHOWN
from landbridge.web.site import build_site
from web_browser import Tab, serving
from web_client import Answer, Page, browse
from web_scenes import HOSTILE, FakeProduct, StillClock, others, status

JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}


def product(**rest: object) -> FakeProduct:
    return FakeProduct.of(status(), **rest)


async def run(of: FakeProduct, name: str, **form: str) -> Answer:
    fields = {key if key in ("confirm", "bridge") else f"p.{key}": value for key, value in form.items()}
    return await browse(of).post(f"/operations/{name}", fields)


async def test_all_operations_are_listed_by_app() -> None:
    page = (await browse(product()).get("/operations")).page
    links = [a for a in page.all("a") if a.attributes["href"].startswith("/operations/")]
    assert [a.attributes["href"].removeprefix("/operations/") for a in links] == list(catalog.operations())
    assert page.one("a", href="/operations", aria_current="page").text == "Operations"


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("?search=note+add", {"contacts.create_note", "calendars.create_note"}),
        ("?app=businesses&kind=read", {"businesses.get", "businesses.list"}),
        ("?scope=locations/tags.write", {"locations.create_tag"}),
        ("?search=nothing+fits+this", set()),
    ],
)
async def test_filters_narrow_the_list(query: str, fits: set[str]) -> None:
    answer = await browse(product()).get(f"/operations{query}")
    links = [a.attributes["href"] for a in answer.page.all("a")]
    found = {link.removeprefix("/operations/") for link in links if link.startswith("/operations/")}
    assert found == fits if "add" not in query else fits <= found
    api = (await browse(product()).get(f"/api/v1/operations{query}")).json
    assert {one["name"] for one in api} == found


async def test_triggers_are_listed_with_what_is_a_guess() -> None:
    page = (await browse(product()).get("/operations?kind=trigger")).page
    words = page.words(page.one("section", aria_labelledby="triggers-title"))
    assert "69 triggers" in words
    assert "likely, not documented" in words
    assert "contact.synced" in words


@pytest.mark.parametrize("name", catalog.operations())
async def test_every_operation_has_a_page_with_a_field_for_each_parameter(name: str) -> None:
    """The page parses as HTML, and shows no field for what the account fills in."""
    one = catalog.operation(name)
    page = (await browse(product()).get(f"/operations/{name}")).page
    fields = {
        element.attributes["name"].removeprefix("p.")
        for tag in ("input", "select", "textarea")
        for element in page.all(tag)
        if element.attributes.get("name", "").startswith("p.")
    }
    assert fields == {p.name for p in one.parameters if p.filled != "location"}
    assert bool(page.all("input", name="confirm")) is one.writes
    for label in page.all("label"):
        assert len(page.all(_tag_of(page, label.attributes["for"]), id=label.attributes["for"])) == 1


def _tag_of(page: Page, key: str) -> str:
    return next(element.tag for element in page.elements if element.attributes.get("id") == key)


async def test_a_read_is_called_and_its_answer_shown() -> None:
    of = product()
    answer = await run(of, "contacts.get", contactId="c1")
    assert (answer.status, of.asked) == (200, [("call", 1, "contacts.get", {"contactId": "c1"}, "page")])
    shown = answer.page.words(answer.page.one("section", aria_labelledby="result-title"))
    assert '"email": "ada@example.com"' in shown
    assert "199,999 left today" in shown
    assert answer.page.one("input", name="p.contactId").attributes["value"] == "c1"


async def test_a_write_is_confirmed_first() -> None:
    of = product()
    answer = await run(of, "contacts.create_note", contactId="c1", body="Hello there")
    assert (answer.status, of.asked) == (422, [])
    assert "Tick the box" in answer.text
    assert answer.page.one("textarea", name="p.body").text == "Hello there"  # nothing typed is lost
    answer = await run(of, "contacts.create_note", contactId="c1", body="Hello there", confirm="yes")
    assert (answer.status, len(of.asked)) == (200, 1)
    assert "entry 12 of the journal" in answer.page.text


async def test_every_problem_stands_at_its_field() -> None:
    of = product()
    form = {"contactId": "a/b", "dueDate": "2026-01-01", "completed": "perhaps", "confirm": "yes"}
    answer = await run(of, "contacts.create_task", **form)
    assert (answer.status, of.asked) == (422, [])
    page = answer.page
    marked = {e.attributes["name"] for e in page.elements if e.attributes.get("aria-invalid") == "true"}
    assert marked == {"p.contactId", "p.title", "p.completed"}
    assert "slash" in page.words(page.one("p", id="p-contactId-wrong"))
    assert page.one("input", name="p.dueDate").attributes["value"] == "2026-01-01"


async def test_what_is_typed_becomes_what_the_table_says() -> None:
    of = product()
    form = {"contactId": "c1", "tags": "buyer, vip", "dnd": "true", "dndSettings": '{"Email": {}}'}
    answer = await run(of, "contacts.update", **form, firstName="null", confirm="yes")
    assert answer.status == 200, answer.text
    assert of.asked[0][3] == {
        "contactId": "c1", "tags": ["buyer", "vip"], "dnd": True, "dndSettings": {"Email": {}},
        "firstName": None,
    }  # fmt: skip


async def test_a_secret_is_not_shown_again() -> None:
    answer = await run(product(), "users.create", password="canary-secret", firstName="Ada")
    assert answer.status == 422
    assert "canary-secret" not in answer.text
    assert "Ada" in answer.text


@pytest.mark.parametrize(
    ("failure", "status_code"),
    [(Forbidden("Not with this scope.", fix="Add it."), 403), (RateLimited("The quota is spent."), 429)],
)
async def test_a_refusal_is_told_on_the_page(failure: Exception, status_code: int) -> None:
    answer = await run(product(failure=failure), "contacts.get", contactId="c1")
    assert answer.status == status_code
    assert str(failure) in answer.page.words(answer.page.one("div", id="call-problem"))


async def test_hostile_answers_and_words_are_escaped_and_long_ones_cut() -> None:
    of = product(answer={"note": HOSTILE, "long": "x" * LONGEST_SHOWN})
    answer = await run(of, "contacts.get", contactId=HOSTILE.replace("/", ""))
    assert "<script>alert" not in answer.text
    assert html.escape("<script>alert", quote=False) in answer.text
    assert "Only the first part is shown" in answer.page.text
    assert "<script>alert" not in (await browse(of).get("/operations?search=%3Cscript%3Ealert(1)")).text


async def test_of_several_bridges_one_is_chosen() -> None:
    of = FakeProduct.of(*others(2))
    assert (await run(of, "contacts.get", contactId="c1")).status == 409
    assert (await run(of, "contacts.get", contactId="c1", bridge="2")).status == 200
    assert of.asked[0][1] == 2


async def test_no_bridge_no_form_and_no_such_operation_no_page() -> None:
    page = (await browse(FakeProduct()).get("/operations/contacts.get")).page
    assert page.inside("form") == []
    assert "Set one up" in page.text
    assert (await browse(product()).get("/operations/contacts.fly")).status == 404


async def test_snippets_hold_no_token_and_nothing_that_was_typed() -> None:
    answer = await run(product(), "contacts.get", contactId="typed-in")
    codes = " ".join(element.text for element in answer.page.all("pre"))
    assert "/api/v1/operations/contacts.get/call" in codes
    assert "typed-in" not in codes
    assert "Authorization" not in codes


async def test_other_sites_may_call_nothing() -> None:
    of = product()
    headers: Mapping[str, str] = {"sec-fetch-site": "cross-site"}
    answer = await browse(of).post("/operations/contacts.get", {"p.contactId": "c1"}, headers)
    assert (answer.status, of.asked) == (403, [])
    api = await browse(of).ask("POST", "/api/v1/operations/contacts.get/call", b"{}", {**JSON, **headers})
    assert (api.status, of.asked) == (403, [])


async def test_the_api_describes_every_call() -> None:
    described = (await browse(product()).get("/api/v1/openapi.json")).json
    calls = {path for path in described["paths"] if path.endswith("/call")}
    assert calls == {f"/api/v1/operations/{name}/call" for name in catalog.operations()}
    path = described["paths"]["/api/v1/operations/contacts.create_task/call"]["post"]
    schema = path["requestBody"]["content"]["application/json"]["schema"]["properties"]["parameters"]
    assert schema["required"] == ["contactId", "title", "dueDate", "completed"]
    assert {"CalledFacts", "CallProblemFacts"} <= set(described["components"]["schemas"])
    detail = (await browse(product()).get("/api/v1/operations/contacts.create_task")).json
    assert detail["parameters_schema"] == schema
    assert detail["parameters"][0]["place"] == "path"
    unknown = await browse(product()).get("/api/v1/operations/contacts.creat_task")
    assert (unknown.status, unknown.json["fix"]) == (404, "Did you mean contacts.create_task?")


async def test_the_api_lists_triggers() -> None:
    found = (await browse(product()).get("/api/v1/triggers")).json
    assert len(found) == 64 + 5
    assert [one["name"] for one in found if one["source"] == "landbridge"] == [
        "contact.synced", "contact.conflict", "hold.opened", "contact.opted_out", "recipe.fired",
    ]  # fmt: skip


@pytest.mark.asyncio(loop_scope="session")  # the browser's
async def test_the_pages_fit_and_keep_to_the_policy(tab: Tab) -> None:
    async with serving(build_site(product(), StillClock())) as address:
        for path in ("/operations", "/operations?kind=trigger", "/operations/calendars.create"):
            await tab.open(address + path)
            for width in (1440, 400):
                await tab.look(width=width)
                assert await tab.run("document.documentElement.scrollWidth") <= width, path
        assert tab.complaints == []
