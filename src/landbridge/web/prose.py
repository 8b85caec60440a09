"""Markdown of our own pages as safe HTML, its links led to /docs."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from posixpath import dirname, join, normpath

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from landbridge.handbook import INDEX, PICTURES, Anchors

DOCS = "/docs"
_TAGS = {
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "a",
    "ul",
    "ol",
    "li",
    "code",
    "pre",
    "em",
    "strong",
    "hr",
    "br",
}
_TAGS |= {"blockquote", "table", "thead", "tbody", "tr", "th", "td", "img", "div"}
_ATTRIBUTES = {f"h{level}": {"id"} for level in range(1, 7)}
_ATTRIBUTES |= {
    "a": {"href"},
    "img": {"src", "alt"},
    "div": {"class", "tabindex"},
    "pre": {"tabindex"},
    "td": {"data-label"},
}
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prose:
    """A page as HTML, and its chapters: anchor and title of each second-level heading."""

    html: Markup
    parts: tuple[tuple[str, str], ...]


def prose(text: str, name: str, known: Container[str]) -> Prose:
    """Render one page; ``name`` is where its relative links begin, ``known`` are the names of all pages."""
    tokens = _markdown().parse(text)
    _label_cells(tokens)
    anchors, parts = Anchors(), list[tuple[str, str]]()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[place + 1]
            token.attrs["id"] = anchors.of(heading.content)
            if token.tag == "h2":
                parts.append((str(token.attrs["id"]), _words(heading)))
        for child in token.children or ():
            for attribute in ("href", "src"):
                if attribute in child.attrs:
                    child.attrs[attribute] = address(str(child.attrs[attribute]), name, known)
    return Prose(_safe(_markdown().renderer.render(tokens, _markdown().options, {})), tuple(parts))


def line(text: str, name: str, known: Container[str]) -> Markup:
    """One sentence of Markdown as HTML, without a paragraph around it."""
    html = prose(text, name, known).html
    return Markup(html.removeprefix("<p>").removesuffix("</p>"))  # noqa: S704  # sanitised by prose()


def address(link: str, name: str, known: Container[str]) -> str:
    """Where a link of a page leads to within the product; to the first page if to nothing that is shipped.

    Addresses elsewhere and within the page stay as they are.
    """
    if _ELSEWHERE.match(link) or link.startswith("#"):
        return link
    target, sign, anchor = link.partition("#")
    path = normpath(join(dirname(name), target))
    page = path.removesuffix(".md")
    if path.endswith(".md") and (page in known or page == INDEX):
        return (DOCS if page == INDEX else f"{DOCS}/{page}") + sign + anchor
    picture = path.endswith(tuple(PICTURES)) and not path.startswith("..")
    return f"{DOCS}/{path}" if picture else DOCS


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")  # raw HTML goes through; nh3 has the last word


def _words(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _label_cells(tokens: list[Token]) -> None:
    """Give each cell the words above its column, which narrow screens show beside it."""
    above, column = list[str](), 0
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            above = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            above.append(_words(tokens[place + 1]))
        elif token.type == "td_open":
            if above[column]:
                token.attrs["data-label"] = above[column]
            column += 1


def _safe(html: str) -> Markup:
    """Wide tables and code can be scrolled by keyboard; what is not named above is taken out."""
    html = html.replace("<table>", '<div class="wide-table" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
    html = re.sub(
        r"(<td[^>]*>)(.*?)</td>", r"\1<div>\2</div></td>", html
    )  # one item of the grid of a narrow row
    html = html.replace("<th></th>", "<td></td>")  # an empty heading is none
    clean = nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"https", "http", "mailto"}, strip_comments=True
    )
    return Markup(clean.strip())  # noqa: S704  # nh3 made it safe
