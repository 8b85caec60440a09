"""HTML as tokens: a reader that never fails, never loses visible text and takes linear time."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.entities import html5
from typing import NamedTuple

_NAMES = frozenset(
    """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo big blockquote body br
    button canvas caption center cite code col colgroup datalist dd del details dfn dialog dir div dl dt em
    embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr
    html i iframe img input ins kbd label legend li link main map mark math menu meta meter nav noembed
    noframes noscript object ol optgroup option output p param picture pre progress q rp rt ruby s samp
    script search section select slot small source span strike strong style sub summary sup svg table tbody
    td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp
    """.split()  # noqa: SIM905  # a page of quotation marks would hide the names
)
BLOCKS = frozenset(
    """
    address article aside blockquote caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol option p pre search
    section summary title tr ul xmp
    """.split()  # noqa: SIM905  # a page of quotation marks would hide the names
)
"""Elements that begin and end on a line of their own."""


_TAG = re.compile(r"</?(?:" + "|".join(sorted(_NAMES)) + r")(?:[\s/][^<>]*)?>", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|([A-Za-z][A-Za-z0-9]{1,31}));")
_LONG_REFERENCE = re.compile(r"&#(?:0*(\d+)|[xX]0*([0-9a-fA-F]+))(;?)")
_ADDRESS = re.compile(r"<(?:[^\s<>@]{1,64}@[^\s<>@]{1,255}|(?:https?|mailto|tel):[^\s<>]{1,2000})>")
_NAME = re.compile(r"</?([A-Za-z][^\s/>]*+)")
_ATTRIBUTE = re.compile(
    r"[\s/]*+([^\s/>=]*+)(\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>]*+)))?"  # all of it may be empty
)
UNSENDABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""What no field of either side can hold (``sync/texts.py``)."""

DEEPEST = 60  # blocks inside of one another
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


class Token(NamedTuple):
    """A piece of HTML: ``text`` (decoded), or an element's ``open`` or ``close`` with its name.

    ``link`` is the ``href`` of an opened ``a``, as written; else empty.
    """

    kind: str
    value: str
    link: str = ""


def is_html(text: str) -> bool:
    """Is the text HTML: has it an element, a comment or a character reference?"""
    if _TAG.search(text):
        return True
    start = text.find("<!--")
    if start >= 0 and text.find("-->", start) >= 0:
        return True
    return any(not found[1] or f"{found[1]};" in html5 for found in _REFERENCE.finditer(text))


def tokens(text: str) -> Iterator[Token]:
    """The text as tokens; of plain text each line feed is a ``br``.

    Contents of ``script`` and ``style`` and comments are left out. A tag that never ends is text, and so
    is an address in angle brackets: both are what people type.
    """
    text = UNSENDABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if is_html(text):
        yield from _html_tokens(text)
        return
    for number, line in enumerate(text.split("\n")):
        if number:
            yield Token("open", "br")
        yield Token("text", line)


def tidy(text: str) -> Iterator[Token]:
    """The text as ``tokens`` whose blocks are balanced, at most ``DEEPEST`` deep, as a browser nests them.

    A tag that closes nothing ends a line all the same: an empty ``div`` stands for it. Cells of a table
    are told apart by a space.
    """
    nest = _Nest()
    for token in tokens(text):
        if token.value in ("td", "th") and token.kind != "text":
            yield Token("text", " ")
        elif token.kind == "text" or token.value not in BLOCKS:
            yield token
        else:
            yield from nest.opened(token.value) if token.kind == "open" else nest.closed(token.value)
    yield from nest.closed_to("")


class _Nest:
    """The blocks that are open."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def opened(self, name: str) -> Iterator[Token]:
        """The element, after the ends of those that cannot hold it."""
        if "p" in self._open:
            yield from self.closed_to("p")
        if name == "li":
            held = next((other for other in reversed(self._open) if other != "div"), "")
            if held == "li":
                yield from self.closed_to("li")
        if name in _HEADINGS and self._open and self._open[-1] in _HEADINGS:
            yield from self.closed_to(self._open[-1])
        yield Token("open", name)
        if len(self._open) < DEEPEST:
            self._open.append(name)
        else:
            yield Token("close", name)

    def closed(self, name: str) -> Iterator[Token]:
        """The end of the innermost such element, and of those inside of it."""
        if name in self._open:
            yield from self.closed_to(name)
            return
        if "p" in self._open:
            yield from self.closed_to("p")
        yield Token("open", "div")
        yield Token("close", "div")

    def closed_to(self, name: str) -> Iterator[Token]:
        """The ends of all elements up to and with the innermost such one; of all where there is none."""
        while self._open:
            other = self._open.pop()
            yield Token("close", other)
            if other == name:
                return


def _html_tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text)
    while at < end:
        start = text.find("<", at)
        start = end if start < 0 else start
        if start > at:
            yield Token("text", _decoded(text[at:start]))
        if start == end:
            return
        address = _ADDRESS.match(text, start)
        if address:
            yield Token("text", address[0])
            at = address.end()
            continue
        found = _NAME.match(text, start)
        if not found:
            token, at = _no_element(text, start)
        else:
            token, at = _element(text, found)
        if token:
            yield token
            if token.kind == "open" and token.value in ("script", "style"):
                at = _after_raw(text, at, token.value)


def _no_element(text: str, start: int) -> tuple[Token | None, int]:
    """A comment or the like, or a bracket that is just a bracket; and where it goes on."""
    if text.startswith("<!--", start):
        end = text.find("-->", start + 2)  # <!--> is a whole comment
        mark = 3
    elif text.startswith(("<!", "<?", "</"), start):
        end, mark = text.find(">", start), 1
    else:
        return Token("text", "<"), start + 1
    return (None, end + mark) if end >= 0 else (Token("text", _decoded(text[start:])), len(text))


def _element(text: str, found: re.Match[str]) -> tuple[Token | None, int]:
    """The tag whose name was found, and where it goes on; the rest as text where it never ends."""
    link, at = "", found.end()
    while at < len(text) and text[at] != ">":
        attribute = _ATTRIBUTE.match(text, at)
        if attribute is None or attribute.end() == at:  # a lone "=": part of no attribute
            at += 1
            continue
        at = attribute.end()
        if attribute[1].lower() == "href" and not link:
            link = attribute[3] or attribute[4] or attribute[5] or ""
    if at >= len(text):
        return Token("text", _decoded(text[found.start() :])), len(text)
    kind = "close" if text.startswith("</", found.start()) else "open"
    name = found[1].lower()
    return Token(kind, name, _decoded(link) if kind == "open" and name == "a" else ""), at + 1


def _after_raw(text: str, at: int, name: str) -> int:
    """Where the content of a script or style has ended."""
    found = re.compile(rf"</{name}[\s/>]", re.IGNORECASE).search(text, at)
    return found.start() if found else len(text)


def _decoded(text: str) -> str:
    """Character references as characters; those of no character as U+FFFD."""
    if "&" not in text:
        return text
    return UNSENDABLE.sub("", html.unescape(_LONG_REFERENCE.sub(_shortened, text)))


def _shortened(found: re.Match[str]) -> str:
    """A numeric reference without leading zeros: Python refuses to read numbers of thousands of digits."""
    digits = found[1] or found[2]
    if len(digits) > 7:
        return "\ufffd"
    return f"&#{'x' if found[2] else ''}{digits}{found[3]}"
