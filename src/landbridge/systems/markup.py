"""Bodies between HTML and plain text, for a wire that carries the other of the two."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

_ENDS_A_LINE = frozenset(
    {"p", "div", "li", "ul", "ol", "tr", "blockquote", *(f"h{level}" for level in range(1, 7))}
)
_NOT_SHOWN = frozenset({"script", "style", "head", "title"})


class _Text(HTMLParser):
    """Collects what a browser would show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NOT_SHOWN:
            self._hidden += 1
        elif tag == "br" or (tag in _ENDS_A_LINE and self.parts and not self.parts[-1].endswith("\n")):
            self.parts.append("\n")
        if tag == "li":
            self.parts.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _NOT_SHOWN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag in _ENDS_A_LINE and self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def text_of(body: str) -> str:
    """The text of an HTML body: a line a block, points of a list behind ``- ``; marks are dropped."""
    reader = _Text()
    reader.feed(body)
    reader.close()
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    return "\n".join(lines).strip("\n")


def html_of(text: str) -> str:
    """Plain text as HTML that shows the same: escaped, with ``<br>`` for each new line."""
    return html.escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>")
