"""docs/errors.md names every error of the tree, with what is done and the fix."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from landbridge.systems import base
from landbridge.systems.base import RateLimited, SystemFailure, Unavailable, Unreachable
from landbridge.systems.errors import WHAT_HAPPENS, errors_page, tree

PAGE = Path(__file__).parent.parent / "docs/errors.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == errors_page(), "run `make docs`"


def test_every_error_class_is_documented() -> None:
    written = {
        name
        for name, kind in inspect.getmembers(base, inspect.isclass)
        if issubclass(kind, SystemFailure) and kind.__module__ == base.__name__
    }
    assert written == {kind.__name__ for kind in tree()} == set(WHAT_HAPPENS)
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in written if f"\n## {name}\n" not in page] == []


def test_the_tree_drawn_in_base_is_the_tree() -> None:
    drawn = [
        word
        for line in (ast.get_docstring(ast.parse(inspect.getsource(base))) or "").splitlines()
        if (word := line.strip("│├└─ ").split(" ")[0]) in WHAT_HAPPENS
    ]
    assert drawn == [kind.__name__ for kind in tree()]


@pytest.mark.parametrize("kind", list(tree()))
def test_every_error_has_a_fix_that_tells_what_to_do(kind: type[SystemFailure]) -> None:
    assert kind.fix.endswith(".")
    assert len(kind.fix.split()) >= 5
    assert kind.sent in ("no", "maybe", "yes")


def test_what_the_caller_says_wins() -> None:
    failure = Unavailable("No.", sent="no", fix="Wait.", status=503, trace_id="t")
    assert (failure.sent, failure.fix, failure.status, failure.trace_id) == ("no", "Wait.", 503, "t")
    assert Unreachable("No.").sent == "no"
    assert Unavailable("No.").wait_seconds == 0
    assert RateLimited("No.").wait_seconds == 10
