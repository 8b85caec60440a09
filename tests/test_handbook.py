"""The documentation that is installed with the product: which pages there are, and finding the right one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from landbridge.handbook import Anchors, Handbook, handbook

INDEX = """# Documentation

| page | what it answers |
|---|---|
| [First](first.md) | before any chapter |

## Begin

| page | what it answers |
|---|---|
| [One](one.md) | what the first says |
| [Two](decisions/two.md) | what the second says |

## Words

None.
"""
ONE = """# One

<!-- not for readers -->
It begins here.

## The quota is spent

Wait for `http_timeout_seconds`, or see [two](decisions/two.md).

```sh
# no heading
```

## Twice

## Twice

The second of the two.
"""


@pytest.fixture
def small(tmp_path: Path) -> Handbook:
    (tmp_path / "decisions").mkdir()
    (tmp_path / "index.md").write_text(INDEX, encoding="utf-8")
    (tmp_path / "one.md").write_text(ONE, encoding="utf-8")
    (tmp_path / "decisions/two.md").write_text("# Two\n\nThe quota, and much else.\n", encoding="utf-8")
    (tmp_path / "drawing.svg").write_text("<svg/>", encoding="utf-8")
    (tmp_path / "make.py").write_text("", encoding="utf-8")
    return Handbook(tmp_path)


def test_the_tables_of_the_index_are_the_chapters(small: Handbook) -> None:
    assert [(c.title, [e.name for e in c.entries]) for c in small.chapters] == [
        ("", ["first"]),
        ("Begin", ["one", "decisions/two"]),
    ]
    assert small.titles["decisions/two"] == "Two"


def test_pages_are_found_by_name_and_nothing_else_is(small: Handbook) -> None:
    assert small.text("decisions/two") == "# Two\n\nThe quota, and much else.\n"
    assert [small.text(name) for name in ("gone", "../one", "one.md", "make")] == [None] * 4
    assert small.picture("drawing.svg") == (small.folder / "drawing.svg", "image/svg+xml")
    assert [small.picture(name) for name in ("make.py", "one.md", "../drawing.svg", "gone.png")] == [None] * 4


def test_a_search_finds_sections_the_fittest_first(small: Handbook) -> None:
    found = small.search("Quota spent")
    assert [(f.name, f.title, f.anchor) for f in found] == [
        ("one", "The quota is spent", "the-quota-is-spent")
    ]
    assert found[0].snippet.startswith("Wait for http_timeout_seconds , or see two.")
    assert [f.name for f in small.search("quota")] == ["one", "decisions/two"]
    assert small.search("second")[0].anchor == "twice-1"


def test_a_search_finds_no_comments_and_nothing_for_nothing(small: Handbook) -> None:
    assert [small.search(words) for words in ("readers", "", "?", "xyzzy")] == [[]] * 4


def test_addresses_of_headings_are_those_of_github() -> None:
    anchors = Anchors()
    assert [anchors.of(h) for h in ("What `x` is – a word", "One & two", "One & two")] == [
        "what-x-is--a-word",
        "one--two",
        "one--two-1",
    ]


@pytest.mark.parametrize(
    ("words", "name", "anchor"),
    [
        ("User name, password or token were refused.", "errors", "wrongcredentials"),
        ("lost password", "people", "a-lost-password"),
        ("rate limit", "errors", "ratelimited"),
    ],
)
def test_what_the_product_says_is_found_in_its_documentation(words: str, name: str, anchor: str) -> None:
    assert (name, anchor) in [(f.name, f.anchor) for f in handbook().search(words)[:3]]


def shown(*arguments: str) -> Result:
    from landbridge.cli import main  # here, so that the other tests do not wait for all of the product

    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["docs", *arguments])


def test_the_terminal_shows_the_list_a_page_and_what_is_searched_for() -> None:
    assert "how-sync-works" in shown().stdout
    assert "User name, password or token were refused." in shown("docs/errors.md").stdout
    assert json.loads(shown("--json").stdout)[0]["name"] == next(iter(handbook().titles))
    assert json.loads(shown("errors", "--json").stdout)["markdown"] == handbook().text("errors")
    found = json.loads(shown("--search", "lost password", "--json").stdout)
    assert (found[0]["name"], found[0]["anchor"]) == ("people", "a-lost-password")
    assert "landbridge docs people" in shown("--search", "lost password").stdout
    assert "No section" in shown("--search", "xyzzy").stdout


def test_the_terminal_says_that_there_is_no_such_page() -> None:
    gone = shown("gone")
    assert gone.exit_code == 2
    assert "The documentation has no page of this name." in gone.stderr
