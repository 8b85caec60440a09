"""The documentation in the product: every page of it, safe, and found by a search."""

from __future__ import annotations

import pytest

from landbridge.handbook import INDEX, handbook
from landbridge.systems.base import WrongCredentials
from landbridge.web.problems import problem_of
from landbridge.web.prose import address, prose
from landbridge.web.words import coded
from web_client import browse
from web_scenes import FakeProduct, OpenDoors

NAMES = sorted(handbook().titles)


async def test_the_first_page_lists_all_pages() -> None:
    page = (await browse(FakeProduct()).get("/docs")).page
    linked = [link.attributes["href"] for link in page.inside("a")]
    assert linked == [f"/docs/{entry.name}" for chapter in handbook().chapters for entry in chapter.entries]
    assert page.one("a", href="/docs", aria_current="page").text == "Help"


@pytest.mark.parametrize("name", NAMES)
async def test_each_page_is_whole_and_its_links_lead_somewhere(name: str) -> None:
    browser = browse(FakeProduct())
    answer = await browser.get(f"/docs/{name}")
    assert answer.status == 200
    page = answer.page
    titles = page.inside("h1")
    assert len(titles) == 1
    assert titles[0].text
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for link in page.inside("a"):
        path, _, anchor = link.attributes["href"].partition("#")
        if not path:
            assert anchor in ids, anchor
        elif path != "/docs":
            assert path.startswith("https://") or path.removeprefix("/docs/") in NAMES, path
    for picture in page.inside("img"):
        assert picture.attributes["alt"]
        shown = await browser.get(picture.attributes["src"])
        assert (shown.status, shown.headers["content-type"].partition("/")[0]) == (200, "image")
    assert not [e for e in page.elements if "style" in e.attributes]
    assert page.one("a", href=f"/docs/{name}", aria_current="page").text == handbook().titles[name]


async def test_a_sentence_that_was_shown_leads_to_what_it_means() -> None:
    page = (await browse(FakeProduct()).get("/docs?q=User+name,+password+or+token+were+refused.")).page
    assert page.one("input", id="q").attributes["value"] == "User name, password or token were refused."
    assert page.inside("a")[0].attributes["href"] == "/docs/errors#wrongcredentials"
    nothing = (await browse(FakeProduct()).get("/docs?q=<b>xyzzy")).page
    assert "Nothing fits" in nothing.text
    assert nothing.all("b") == []


async def test_a_page_that_is_not_there_says_so() -> None:
    browser = browse(FakeProduct())
    for path in ("gone", "../pyproject", "make_site.py", "pictures/gone.png", "index"):
        answer = await browser.get(f"/docs/{path}")
        assert answer.status == 404, path
        assert "The documentation has no page of this name." in answer.page.text


async def test_whoever_cannot_log_in_can_read_how() -> None:
    page = (await browse(FakeProduct(doors=OpenDoors(None))).get("/docs/people")).page
    assert "A lost password" in page.text
    assert page.all("a", href="/operations") == []
    assert page.all("form", action="/logout") == []


async def test_programs_get_the_pages_as_markdown() -> None:
    browser = browse(FakeProduct())
    listed = (await browser.get("/api/v1/docs")).json
    assert [entry["name"] for entry in listed] == list(handbook().titles)
    assert (await browser.get("/api/v1/docs/errors")).text == handbook().text("errors")
    assert (await browser.get("/api/v1/docs/gone")).status == 404
    assert (await browser.get("/api/v1/docs-search?q=wrongcredentials")).json[0]["name"] == "errors"
    assert (await browser.get("/api/v1/docs-search?q=x")).status == 422
    unknown = browse(FakeProduct(doors=OpenDoors(None)))
    assert (await unknown.get("/api/v1/docs")).status == 401


@pytest.mark.parametrize(
    ("link", "name", "leads"),
    [
        ("errors.md#gone", "cli", "/docs/errors#gone"),
        ("../errors.md", "decisions/one", "/docs/errors"),
        ("index.md", "cli", "/docs"),
        ("pictures/sync.svg", "cli", "/docs/pictures/sync.svg"),
        ("#below", "cli", "#below"),
        ("https://example.com/a.md", "cli", "https://example.com/a.md"),
        ("../README.md", "cli", "/docs"),
        ("../../etc/x.png", "cli", "/docs"),
        ("//example.com/x.md", "cli", "/docs"),
    ],
)
def test_links_stay_in_the_product(link: str, name: str, leads: str) -> None:
    assert address(link, name, {"errors", "cli", "decisions/one"}) == leads


def test_what_could_run_or_load_is_taken_out_of_a_page() -> None:
    hostile = (
        "# A\n\n<script>x()</script><p onclick='x()' style='color:red'>b</p><iframe src='/'></iframe>"
        "\n\n[c](javascript:x()) <!-- not shown -->\n\n## D\n\n## D\n"
    )
    rendered = prose(hostile, INDEX, set())
    assert [
        word
        for word in ("<script", 'javascript:x()"', "onclick", "style", "iframe", "not shown")
        if word in rendered.html
    ] == []
    assert rendered.parts == (("d", "D"), ("d-1", "D"))


def test_cells_of_a_table_have_the_words_above_them_for_narrow_screens() -> None:
    rendered = prose("| a `b` | |\n|---|---|\n| [one](x.md) | 2 |\n| 3 | 4 |\n", INDEX, {"x"}).html
    assert rendered.count('<td data-label="a b"><div>') == 2
    assert (
        '<td data-label="a b"><div><a href="/docs/x" rel="noopener noreferrer">one</a></div></td>' in rendered
    )
    assert rendered.count("<td><div>") == 2  # nothing stands above


def test_an_error_names_where_more_is_said() -> None:
    assert problem_of(WrongCredentials("No.")).more == "errors#wrongcredentials"
    assert coded("See docs/settings.md.") == 'See <a href="/docs/settings">docs/settings.md</a>.'


async def test_a_problem_leads_to_the_documentation() -> None:
    page = (await browse(FakeProduct()).get("/nowhere")).page
    assert [link.attributes["href"] for link in page.inside("a")][-1].startswith("/docs/")
