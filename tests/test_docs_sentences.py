"""What the pages quote from the product is what the product says: every quoted sentence is in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src/landbridge"
PAGES = ("troubleshooting", "quickstart")
LITERAL = 0.6  # so much of a quoted sentence must stand in the code as it is, not as a blank


@cache
def templates() -> tuple[str, ...]:
    """Every text in the product with an ellipsis for each blank, those of its templates too."""
    return tuple(_texts())


def _texts() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        if "sandbox" in path.relative_to(PACKAGE).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
                )
    for path in (PACKAGE / "web/templates").glob("*.html"):
        yield path.read_text(encoding="utf-8")


def said(sentence: str, text: str) -> bool:
    """Whether the product can say this sentence with this text; either may have an ellipsis for a blank."""
    pieces, parts = sentence.split("…"), text.split("…")
    if all(piece in text for piece in pieces):  # a look before the search, which is slow
        return bool(re.search(".+?".join(map(re.escape, pieces)), text))
    literal = sum(map(len, parts))
    if literal < LITERAL * sum(map(len, pieces)) or not all(part in sentence for part in parts):
        return False
    return bool(re.fullmatch(".*?".join(map(re.escape, parts)), sentence, re.DOTALL))


def quoted(page: str) -> list[str]:
    """The sentences that a page quotes, each a block of lines that begin with >."""
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    return [
        " ".join(line.removeprefix(">").strip() for line in block.splitlines())
        for block in re.findall(r"(?:^>.*\n)+", text, flags=re.MULTILINE)
    ]


def test_troubleshooting_quotes_many_sentences_and_the_product_says_each_of_them() -> None:
    sentences = quoted("troubleshooting")
    assert len(sentences) > 40
    unsaid = [one for one in sentences if not any(said(one, text) for text in templates())]
    assert unsaid == []


@pytest.mark.parametrize(
    "label",
    [
        "Connect HighLevel",
        "API user name",
        "API password",
        "Connect with the token",
        "Go on",
        "Switch on",
        "Sync now",
        "Set-up",
        "Waiting for you",
        "Activity",
    ],
)
def test_what_the_quickstart_says_to_press_is_on_a_page(label: str) -> None:
    assert f"**{label}**" in (ROOT / "docs/quickstart.md").read_text(encoding="utf-8")
    assert any(label in text for text in templates())


@pytest.mark.parametrize(
    ("sentence", "text", "is_said"),
    [
        ("It cannot be read.", "It cannot be read.", True),
        ("… cannot be read.", "HighLevel cannot be read.", True),
        ("Rezora cannot be read.", "… cannot be read.", True),
        ("It is so. Nothing was written.", "It is so. …", False),  # too little of it is in the code
        ("It is quite so, and long. None.", "It is quite so, and long. …", True),
        ("It cannot be written.", "It cannot be read.", False),
        ("Anything at all.", "…", False),
    ],
)
def test_the_check_of_sentences_finds_what_it_should(sentence: str, text: str, *, is_said: bool) -> None:
    assert said(sentence, text) is is_said
