"""Rich text that may be sent to a system or shown on a page, and the footer that says where a note is from.

``clean`` writes the text anew from its tokens (``sync/rich_tokens.py``), so that what a reader sees is never
lost; nh3 then has the last word on what is safe.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import datetime

import nh3

from landbridge.sync.model import Side
from landbridge.sync.rich_text import MARKS, MONTHS, inert, joins_braces, safe_link
from landbridge.sync.rich_tokens import BLOCKS, Token, is_html, tidy

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_MARKS = ("b", "i", "u")
TAGS = _HEADINGS | {*_MARKS, "a", "blockquote", "br", "div", "li", "ol", "p", "ul"}
"""Elements that are kept; the text of all others is kept without them. Of attributes, ``href`` of a link."""

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
LONGEST_AUTHOR = 100

_SPACE = r"(?:\s|&nbsp;|&#160;)"
_LINE = (
    rf"(?:—|&mdash;|&#8212;){_SPACE}(?:[^<>\n—]{{1,600}}{_SPACE}in{_SPACE})?(?:HighLevel|Rezora),"
    rf"{_SPACE}\d{{1,2}}{_SPACE}(?:{'|'.join(MONTHS)}){_SPACE}\d{{4}}{_SPACE}\d\d:\d\d"
)
_AS_WRITTEN = re.compile(rf"(?:<p>{_LINE}</p>|(?:\n\n|\A){_LINE})\Z")
_ANYWHERE = re.compile(rf"(?:(?<=[>\n])|\A)[ \t]*{_LINE}(?=\s*(?:<|\n|\Z))")
_EMPTY_END = re.compile(r"(?:<(p|div|span)(?:\s[^<>]*)?></\1>|<br\s*/?>|\s|&nbsp;)\Z")


def clean(text: str) -> str:
    """The text, HTML or plain, as HTML that is safe to show and to send; idempotent, never raises.

    Links lead to http, https, mailto and tel only. Doubled braces are put apart (``rich_text.inert``),
    so that neither system fills in a merge tag. What a reader sees is kept, and ``rich_text.same`` of the
    result is that of the text.
    """
    writer = _Writer()
    for token in tidy(text):
        writer.take(token)
    return nh3.clean(
        writer.written(),
        tags=set(TAGS),
        attributes={"a": {"href"}},
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel="noopener noreferrer",
    )


def with_footer(body: str, author: str, made_at: datetime, side: Side = Side.HIGHLEVEL) -> str:
    """The body with a last line such as ``— Jane Doe in HighLevel, 25 Nov 2026 09:00``.

    ``made_at`` is shown as it is: give it in the account's zone. A footer that is there is replaced.
    Author and markup cannot make the line unrecognisable: signs that could are left out of the name.
    """
    name = inert(" ".join(re.sub(r"[<>;{}—\x00-\x1f\x7f-\x9f]", " ", author).split()))[
        :LONGEST_AUTHOR
    ].strip()
    day = f"{made_at.day} {MONTHS[made_at.month - 1]} {made_at.year:04d} {made_at:%H:%M}"
    line = f"— {name} in {side.title}, {day}" if name else f"— {side.title}, {day}"
    bare = without_footer(body)
    if is_html(bare):
        return f"{bare}<p>{html.escape(line, quote=False)}</p>"
    return f"{bare}\n\n{line}" if bare else line


def without_footer(body: str) -> str:
    """The body without our footer, exactly as it was if nobody wrote it anew since.

    Where a system did (other elements around the line, text below it), the line alone is taken out.
    """
    exact = _AS_WRITTEN.search(body)
    if exact:
        return body[: exact.start()]
    rest, number = _ANYWHERE.subn("", body)
    if not number:
        return body
    while found := _EMPTY_END.search(rest, max(0, len(rest) - 300)):
        rest = rest[: found.start()]
    return rest


class _Writer:
    """Writes tidy tokens; marks stand around text only, inside of all blocks, so that none cross."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._deep: Counter[str] = Counter()  # marks that are on
        self._link = ""
        self._written_marks: tuple[str, ...] = ()  # tags that are open inside of the innermost block
        self._tail = ""  # the end of the visible text so far

    def written(self) -> str:
        """All of it, every element closed."""
        self._end_marks()
        return "".join(self._out)

    def take(self, token: Token) -> None:
        """The next token."""
        name, step = MARKS.get(token.value, token.value), 1 if token.kind == "open" else -1
        if token.kind == "text":
            first, *rest = token.value.split("\n")
            self._text(first)
            for line in rest:
                self._out.append("<br>" if self._deep["pre"] else " ")
                self._text(line)
            return
        if name == "br":
            self._out.append("<br>")
        elif name == "a":
            self._link = safe_link(token.link) if step > 0 else ""
        elif name in BLOCKS:
            self._end_marks()
            self._out.append(f"<{'/' if step < 0 else ''}{name if name in TAGS else 'div'}>")
        if name in (*_MARKS, "pre"):
            self._deep[name] = max(0, self._deep[name] + step)

    def _text(self, text: str) -> None:
        if not text:
            return
        apart = inert(text)
        if joins_braces(self._tail, apart):
            apart = " " + apart
        self._tail = (self._tail + apart)[-64:]
        self._begin_marks()
        self._out.append(html.escape(apart, quote=False))

    def _begin_marks(self) -> None:
        wanted = tuple(name for name in _MARKS if self._deep[name])
        if self._link:
            wanted = (f'a href="{html.escape(self._link)}"', *wanted)
        if wanted != self._written_marks:
            self._end_marks()
            self._out.extend(f"<{tag}>" for tag in wanted)
            self._written_marks = wanted

    def _end_marks(self) -> None:
        self._out.extend(f"</{tag.split()[0]}>" for tag in reversed(self._written_marks))
        self._written_marks = ()
