"""Rich text of notes and tasks: what a reader sees of it, and when two texts say the same.

None of this decides what may be sent on or shown: that is ``systems/clean_html.py``.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from landbridge.sync.rich_tokens import BLOCKS, UNSENDABLE, Token, tidy

MARKS = {"b": "b", "strong": "b", "i": "i", "em": "i", "u": "u", "ins": "u"}
"""Inline marks that are compared, and the element each is written as."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FOOTER = re.compile(
    r"— (?:[^<>\n—]{1,100} in )?(?:HighLevel|Rezora), \d{1,2} (?:" + "|".join(MONTHS) + r") \d{4} \d\d:\d\d"
)
"""The line that Landbridge adds below a note, as a reader sees it (``systems/clean_html.py`` writes it)."""

_PIECES = re.compile(r"\s+|\S+")
_OPENING, _CLOSING = r"(?:\{|%(?:25)*7[Bb])", r"(?:\}|%(?:25)*7[Dd])"
_DOUBLED = re.compile(rf"({_OPENING})(?={_OPENING})|({_CLOSING})(?={_CLOSING})")
_ENDS_OPEN, _ENDS_CLOSED = re.compile(f"{_OPENING}$"), re.compile(f"{_CLOSING}$")
_BEGINS_OPEN, _BEGINS_CLOSED = re.compile(_OPENING), re.compile(_CLOSING)
_LINK = re.compile(r"(https?)://[^/?#]|(mailto|tel):.", re.IGNORECASE)


class _Marks(NamedTuple):
    link: str = ""
    b: bool = False
    i: bool = False
    u: bool = False

    def meet(self, other: _Marks) -> _Marks:
        """What both carry."""
        return _Marks(
            self.link if self.link == other.link else "",
            self.b and other.b,
            self.i and other.i,
            self.u and other.u,
        )


_Row = list[tuple[str, _Marks]]


def plain(text: str) -> str:
    """The visible text, trimmed: a line for each line a reader sees, list items after ``- ``.

    Plain text is taken as it is, but for white space. Never raises; linear in the length.
    """
    return "\n".join("".join(piece for piece, _ in row) for row in _rows(text))


def same(text: str) -> str:
    """A canonical form: two texts that say the same to a reader have the same one.

    HTML with ``<br>`` for line breaks and the marks ``a``, ``b``, ``i`` and ``u`` only; plain text and HTML
    give the same form where they show the same. White space, blank lines around the text, our own
    footer and spaces between doubled braces (``inert``) make no difference. Never raises; idempotent.
    """
    rows = [row for row in _rows(text) if not FOOTER.fullmatch("".join(piece for piece, _ in row))]
    return "<br>".join(_written(row) for row in _trimmed(rows))


def inert(text: str, gap: str = " ") -> str:
    """The text with doubled braces apart, so that no merge tag (``{{...}}``) in it is filled in.

    A space is put between them: seen by people, kept by every system, and left out of account by
    ``same``. A zero-width character would do neither: stores drop it, which would arm the tag again.
    """
    return _DOUBLED.sub(lambda found: found[0] + gap, text)


def safe_link(link: str) -> str:
    """The address if a link may lead there (http, https, mailto, tel), braces apart; else empty."""
    trimmed = re.sub(r"\s", "%20", UNSENDABLE.sub("", re.sub(r"[\t\r\n]", "", link)).strip())
    found = _LINK.match(trimmed)
    if not found:
        return ""
    scheme = found[1] or found[2]
    return inert(scheme.lower() + trimmed[len(scheme) :], "%20")


def joins_braces(before: str, after: str) -> bool:
    """Would these two texts, one after the other, make a doubled brace?"""
    tail = before[-64:]
    return bool(
        (_ENDS_OPEN.search(tail) and _BEGINS_OPEN.match(after))
        or (_ENDS_CLOSED.search(tail) and _BEGINS_CLOSED.match(after))
    )


def _rows(text: str) -> Sequence[_Row]:
    """The lines a reader sees, blank ones at both ends left out."""
    rows: list[_Row] = [[]]
    state = _Reader(rows)
    for token in tidy(text):
        state.take(token)
    return _trimmed(rows)


class _Reader:
    """Takes tokens and fills lines; keeps which marks are on."""

    def __init__(self, rows: list[_Row]) -> None:
        self._rows = rows
        self._gap = False
        self._deep = {"b": 0, "i": 0, "u": 0, "pre": 0}
        self._link = ""
        self._item = False

    def take(self, token: Token) -> None:
        if token.kind == "text":
            self._text(token.value)
            return
        name, step = token.value, 1 if token.kind == "open" else -1
        if name == "br":
            self._break()
        elif name in BLOCKS:
            self._block()
            self._item = step > 0 and (self._item or name == "li")
        if name == "a":
            self._link = safe_link(token.link) if step > 0 else ""
        mark = MARKS.get(name, name)
        if mark in self._deep:
            self._deep[mark] = max(0, self._deep[mark] + step)

    def _text(self, text: str) -> None:
        if self._deep["pre"] and "\n" in text:
            first, *rest = text.split("\n")
            self._words(first)
            for line in rest:
                self._break()
                self._words(line)
        else:
            self._words(text)

    def _words(self, text: str) -> None:
        deep = self._deep
        marks = _Marks(self._link, deep["b"] > 0, deep["i"] > 0, deep["u"] > 0)
        for piece in _PIECES.findall(text):
            row = self._rows[-1]
            if piece.isspace():
                self._gap = bool(row)
                continue
            if self._item:
                row.extend((("-", _Marks()), (" ", _Marks())))
                self._item = False
            elif self._gap and not joins_braces(row[-1][0], piece):
                row.append((" ", row[-1][1].meet(marks)))
            row.append((piece, marks))
            self._gap = False

    def _break(self) -> None:
        self._rows.append([])
        self._gap = False

    def _block(self) -> None:
        if self._rows[-1]:
            self._break()


def _trimmed(rows: Sequence[_Row]) -> Sequence[_Row]:
    full = [number for number, row in enumerate(rows) if row]
    return rows[full[0] : full[-1] + 1] if full else []


def _written(row: _Row) -> str:
    """One line as canonical HTML."""
    runs: list[tuple[list[str], _Marks]] = []
    for piece, marks in row:
        if runs and runs[-1][1] == marks:
            runs[-1][0].append(piece)
        else:
            runs.append(([piece], marks))
    return "".join(_run("".join(pieces), marks) for pieces, marks in runs)


def _run(text: str, marks: _Marks) -> str:
    written = html.escape(unicodedata.normalize("NFC", text), quote=False)
    for name in ("u", "i", "b"):
        if getattr(marks, name):
            written = f"<{name}>{written}</{name}>"
    return f'<a href="{html.escape(marks.link)}">{written}</a>' if marks.link else written
