"""The documentation as it is installed with the product: chapters, pages, and a search through them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path

_INSTALLED = Path(__file__).parent / "docs"  # where the build puts them (hatch_build.py)
_CHECKOUT = Path(__file__).parents[2] / "docs"
INDEX = "index"  # the page whose tables say which pages there are, and in which order
PICTURES = {".png": "image/png", ".svg": "image/svg+xml"}

_ROW = re.compile(r"^\| \[([^\]]+)\]\(([^)#\s]+)\.md\) \| (.+) \|$")
_HEADING = re.compile(r"^#{1,6} (.+)$")
_SNIPPET = 220  # letters of a section that a search shows
_NEAR = 3  # what is so many times less fit than the best is left out
_LONG = 4000  # a section of so many letters is half as fit as a short one with the same words


@dataclass(frozen=True, slots=True)
class Entry:
    """One page as the index names it; ``name`` is its path below docs/, without ``.md``."""

    name: str
    title: str
    answers: str  # one sentence of Markdown


@dataclass(frozen=True, slots=True)
class Chapter:
    """Pages that belong together."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One section that a search found; ``anchor`` is empty for the beginning of a page."""

    name: str
    page: str
    title: str
    anchor: str
    snippet: str


class Handbook:
    """The pages in one folder, read once: they change with the installed version only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._texts = {
            path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.md"))
        }
        self.chapters = tuple(_chapters(self._texts.get(INDEX, "")))
        self.titles = {entry.name: entry.title for chapter in self.chapters for entry in chapter.entries}

    def text(self, name: str) -> str | None:
        """The Markdown of a page; None where there is none of that name."""
        return self._texts.get(name)

    def picture(self, name: str) -> tuple[Path, str] | None:
        """Where a picture of that path below docs/ is, and its media type; None where there is none."""
        path = self.folder / name
        kind = PICTURES.get(path.suffix)
        return (path, kind) if kind and name in self._pictures() else None

    def search(self, words: str, most: int = 20) -> list[Finding]:
        """Sections that fit the words, the fittest first.

        A sentence that the product showed may be given whole: a word counts the more the fewer sections have
        it, and of all that the words count for, a section must have half. What is read first in the order of
        the index counts for more: pages for those who use it come before pages for those who change it.
        """
        sections = [(section, f"{section.title} {section.snippet}".lower()) for section in self._sections()]
        wanted = {word: re.compile(rf"\b{word}") for word in re.findall(r"\w{2,}", words.lower())}
        counts = {
            word: log((1 + len(sections)) / (1 + sum(bool(begins.search(text)) for _, text in sections)))
            for word, begins in wanted.items()
        }
        enough, found = sum(counts.values()) / 2, []
        later = {name: 1 + place / len(self.titles) for place, name in enumerate(self.titles)}
        for section, text in sections:
            fit = sum(count for word, count in counts.items() if wanted[word].search(text))
            named = sum(count for word, count in counts.items() if wanted[word].search(section.title.lower()))
            if fit >= enough > 0:
                found.append(((fit + named) / (1 + len(text) / _LONG) / later[section.name], section))
        found.sort(key=lambda pair: -pair[0])
        near = [section for fit, section in found[:most] if fit * _NEAR >= found[0][0]]
        return [_shortened(section, counts) for section in near]

    def _sections(self) -> Iterator[Finding]:
        """Every section, whole, in the order of the index."""
        for name, title in self.titles.items():
            anchors, heading, lines = Anchors(), "", list[str]()
            for kind, line in [*_lines(self._texts.get(name, "")), ("heading", "")]:
                if kind == "text":
                    lines.append(line)
                    continue
                if heading:
                    text = _plain(" ".join(lines))
                    yield Finding(name, title, _plain(heading), anchors.of(heading), text)
                heading, lines = line, []

    def _pictures(self) -> set[str]:
        return {
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.suffix in PICTURES
        }


@cache
def handbook() -> Handbook:
    """The documentation of this installation, or of the checkout it runs from."""
    return Handbook(_INSTALLED if _INSTALLED.is_dir() else _CHECKOUT)


class Anchors:
    """Addresses of the headings within one page, as GitHub makes them; ask in the order of the page."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, heading: str) -> str:
        """The address of the next heading, given as Markdown or as text."""
        plain = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        self._seen[plain] += 1
        return plain if self._seen[plain] == 1 else f"{plain}-{self._seen[plain] - 1}"


def _chapters(index: str) -> Iterator[Chapter]:
    title, entries = "", list[Entry]()
    for line in index.splitlines():
        row, heading = _ROW.match(line), re.match(r"^## (.+)$", line)
        if heading:
            if entries:
                yield Chapter(title, tuple(entries))
            title, entries = heading[1], []
        elif row:
            entries.append(Entry(row[2], row[1], row[3]))
    if entries:
        yield Chapter(title, tuple(entries))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Lines with what they are; what stands in a fenced block is no heading, and comments are nothing."""
    fenced = False
    for line in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        yield ("heading", heading[1]) if heading else ("text", line.removeprefix("> "))


def _plain(markdown: str) -> str:
    """Markdown without its signs, for a search and a snippet."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"[`*|]|-{3,}", " ", text).split())


def _shortened(section: Finding, wanted: Mapping[str, float]) -> Finding:
    text = section.snippet
    lower = text.lower()
    rarest = sorted(wanted, key=lambda word: -wanted[word])
    first = next((at for word in rarest if (at := lower.find(word)) >= 0), 0)
    start = max(0, first - 60)
    start = text.find(" ", start) + 1 if start else 0
    cut = text[start : start + _SNIPPET]
    snippet = ("… " if start else "") + cut + (" …" if start + _SNIPPET < len(text) else "")
    return Finding(section.name, section.page, section.title, section.anchor, snippet)
