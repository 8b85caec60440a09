"""Every page has its picture in the docs, or a reason why not; `make pictures` takes them again."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from page_walk import routes_of
from web_client import browse
from web_scenes import FakeProduct

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """docs/make_pictures.py, which is no module of ours."""
    spec = importlib.util.spec_from_file_location("make_pictures", DOCS / "make_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_has_a_picture_or_a_reason(maker: ModuleType) -> None:
    told = {**maker.PAGES, **maker.NO_PICTURE}
    assert sorted(told) == routes_of(browse(FakeProduct()).site), "see PAGES in docs/make_pictures.py"
    assert not set(maker.PAGES) & set(maker.NO_PICTURE)


def test_the_pictures_are_those_that_are_taken(maker: ModuleType) -> None:
    there = {path.name for path in (DOCS / "pictures").glob("*.png")}
    assert there == {f"{name}.png" for name in maker.names()}, (
        "run `make pictures`, and remove what is left over"
    )


def test_every_picture_is_shown_somewhere(maker: ModuleType) -> None:
    pages = " ".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    assert {name for name in maker.names() if f"pictures/{name}.png" not in pages} == set()
