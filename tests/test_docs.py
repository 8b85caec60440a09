"""Documented or it does not exist: settings, dependencies, make targets, links, licence."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer

from landbridge.engine.catalog_page import operations_page
from landbridge.handbook import Handbook
from landbridge.settings import Settings
from landbridge.settings_page import settings_page

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def without_code(text: str) -> str:
    """The prose of a page: no fenced blocks, no `code`."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE))


def code(text: str) -> str:
    """The code of a page, a piece a line."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.DOTALL))


def anchors(text: str) -> set[str]:
    """Addresses of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken_links(page: Path) -> list[str]:
    """Links of a page to files or headings that are not there."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = page.parent / target if target else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


def dependencies() -> set[str]:
    """Names, with extras, of all packages that pyproject.toml and both package.json ask for."""
    project = tomllib.loads(read("pyproject.toml"))
    extras: dict[str, list[str]] = project["project"].get("optional-dependencies", {})
    groups: dict[str, list[str]] = project["dependency-groups"]
    npm = json.loads(read("package.json"))
    requirements = [
        *project["project"]["dependencies"],
        *chain.from_iterable(extras.values()),
        *chain.from_iterable(groups.values()),
        *project["build-system"]["requires"],
        *npm["dependencies"],
        *npm["devDependencies"],
        *json.loads(read("tests/chromium/package.json"))["dependencies"],
    ]
    return {re.split(r"[<>=!~; ]", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_on_the_settings_page(name: str) -> None:
    assert f"| `{name}` |" in read("docs/settings.md")


def test_the_settings_page_is_what_the_code_says() -> None:
    assert read("docs/settings.md") == settings_page(), "run `make docs`"


def test_the_operations_page_is_what_the_tables_say() -> None:
    assert read("docs/operations.md") == operations_page(), "run `make docs`"
    assert read("docs/operations.md").count("\n| `") == 126 + 22 + 21 + 5 + 64


def test_every_dependency_has_its_reason_and_none_is_left_over() -> None:
    told = re.findall(r"^\| `([^`]+)` \|", read("docs/dependencies.md"), flags=re.MULTILINE)
    assert sorted(told) == sorted(dependencies())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_every_page_is_in_the_index() -> None:
    index = read("docs/index.md")
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")} - {
        "index.md"
    }
    assert {page for page in pages if f"({page})" not in index} == set()


def test_the_site_has_the_pages_of_the_index_in_its_order() -> None:
    chapters = Handbook(ROOT / "docs").chapters
    assert len(chapters) > 4
    wanted = [{"Home": "index.md"}] + [
        {chapter.title: [{entry.title: f"{entry.name}.md"} for entry in chapter.entries]}
        for chapter in chapters
    ]
    assert tomllib.loads(read("zensical.toml"))["project"]["nav"] == wanted, "run `make docs`"


def test_the_site_loads_nothing_from_elsewhere() -> None:
    project = tomllib.loads(read("zensical.toml"))["project"]
    assert project["theme"]["font"] is False
    assert "extra_javascript" not in project
    assert "offline" not in project.get("plugins", {})  # it loads a script from a CDN
    for page in PAGES:  # so would drawings that the browser makes of code
        assert "```mermaid" not in page.read_text(encoding="utf-8"), page


def test_every_diagram_is_as_it_is_drawn_and_says_in_words_what_it_shows() -> None:
    spec = spec_from_file_location("make_diagrams", ROOT / "docs/make_diagrams.py")
    assert spec and spec.loader
    program = module_from_spec(spec)
    sys.modules[spec.name] = program  # where dataclasses look up the names in annotations
    spec.loader.exec_module(program)
    for name, drawing in program.DRAWINGS.items():
        written = read(f"docs/pictures/{name}.svg")
        assert written == program.svg(drawing), "run `make docs`"
        assert all(tag in written for tag in ('role="img"', '<title id="t">', '<desc id="d">'))
        assert any(f"pictures/{name}.svg" in page.read_text(encoding="utf-8") for page in PAGES), name


def test_make_commands_in_the_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE))
    used = {
        target
        for page in PAGES
        for target in re.findall(r"[`\n]make ([a-z]+)", page.read_text(encoding="utf-8"))
    }
    assert {"demo", "test", "check"} <= used
    assert used <= targets


def unknown_commands(text: str, program: Any) -> list[str]:
    """Commands and options in the code of a page that the program does not have."""
    unknown = []
    for line in re.findall(r"(?<![\w/=.-])landbridge ([a-z][^`\n#|<]*)", code(text)):
        words, command = line.split(), program
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        any_option = command.context_settings.get("ignore_unknown_options", False)  # they are parameters
        if command is program or not (any_option or given <= known):
            unknown.append(line.strip())
    return unknown


@pytest.fixture(scope="module")
def program() -> Any:
    """The command line as a tree of commands."""
    from landbridge.cli import main  # here, so that the other tests do not wait for all of the product

    return typer.main.get_command(main)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_in_the_docs_exist_with_their_options(page: Path, program: Any) -> None:
    assert unknown_commands(page.read_text(encoding="utf-8"), program) == []


def test_the_check_of_commands_finds_what_it_should() -> None:
    tool = typer.Typer()
    tool.command("serve")(lambda port=1: None)
    tool.command("plan")(lambda: None)
    text = "`landbridge serve --port 2` `landbridge fly` landbridge dig\n```\nlandbridge plan --fast # x\n```"
    assert unknown_commands(text, typer.main.get_command(tool)) == ["fly", "plan --fast"]


def test_the_makefile_explains_every_target_people_use() -> None:
    explained = set(re.findall(r"^([a-z]+):.*## \S", read("Makefile"), flags=re.MULTILINE))
    assert explained >= {"help", "install", "demo", "test", "check", "bench", "docs", "clean"}


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert read("CHANGELOG.md").count("\n## [Unreleased]\n") == 1


def test_the_licence_is_apache_2_to_the_letter() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2


def test_the_check_of_links_finds_what_it_should(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A title, with `code`\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](gone.md) [c](there.md#a-title-with-code) [d](there.md#other) `[e](gone.md)`\n"
        "[f](https://example.com/gone)\n```\n[g](gone.md)\n```\n![h](gone.png)\n",
        encoding="utf-8",
    )
    assert broken_links(page) == ["gone.md", "there.md#other", "gone.png"]
