"""A browser of few parts for the tests: calls the site without a network, keeps cookies, reads HTML."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI

from landbridge.app import App
from landbridge.web.site import build_site
from web_scenes import FakeProduct, OpenDoors, StillClock, TwoPeople

HOST = "127.0.0.1:8780"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        content = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        return content.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def page(self) -> Page:
        return Page.read(self.text)


def let_in(app: App) -> App:
    """The same application, at which everybody is logged in as an owner."""
    app.doors = OpenDoors()
    app.people = TwoPeople()
    return app


@dataclass
class Client:
    """One browser."""

    site: FastAPI
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def post(
        self, path: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        return await self.ask("POST", path, urlencode(form or {}).encode(), sent | dict(headers or {}))

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Underscores in header names stand for hyphens; an empty value sends no header."""
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        given = {"host": HOST} | named
        if self.cookies:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        url = urlsplit(path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": url.path,
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items() if value],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8780),
        }
        answer = await self._call(scope, body)
        for line in answer.cookies:
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0].strip('"')
        return answer

    async def _call(self, scope: dict[str, Any], body: bytes) -> Answer:
        start: dict[str, Any] = {}
        chunks: list[bytes] = []

        requests = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            for request in requests:
                return request
            await asyncio.Event().wait()  # the browser stays on the line
            raise AssertionError

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        try:
            await self.site(scope, receive, send)
        except Exception:
            if not start:  # the server logs what is raised behind an answer
                raise
        pairs = [(name.decode().lower(), value.decode()) for name, value in start["headers"]]
        cookies = tuple(value for name, value in pairs if name == "set-cookie")
        return Answer(start["status"], dict(pairs), b"".join(chunks), cookies)


class Counter:
    """Stands before the product of whoever asks, so that one site serves all tests of default settings."""

    def __init__(self) -> None:
        self.product = FakeProduct()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.product, name)


@dataclass
class Visitor(Client):
    """A browser at the site of one product."""

    counter: Counter = field(default_factory=Counter)
    product: FakeProduct = field(default_factory=FakeProduct)

    async def _call(self, scope: dict[str, Any], body: bytes) -> Answer:
        self.counter.product = self.product
        return await super()._call(scope, body)


@cache
def _site() -> tuple[FastAPI, Counter]:
    counter = Counter()
    return build_site(counter, StillClock()), counter


def browse(product: FakeProduct) -> Client:
    """A browser at the site of this product."""
    site, counter = _site()
    return Visitor(site, counter=counter, product=product)


@dataclass
class Element:
    """One element: its attributes, and all text inside of it."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[Element, ...]  # of what, outermost first
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def within(self, tag: str, **attributes: str) -> bool:
        return any(
            outer.tag == tag and attributes.items() <= outer.attributes.items() for outer in self.inside
        )


VOID = {"meta", "link", "img", "input", "br", "hr", "rect", "path"}


class Page(HTMLParser):
    """A parsed page; raises when an element is not closed as it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []

    @classmethod
    def read(cls, text: str) -> Page:
        page = cls()
        page.feed(text)
        page.close()
        assert not page._open, f"not closed: {[element.tag for element in page._open]}"
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.pieces.append(data)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Elements of that tag with these attributes; ``_`` stands for ``-``."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [e for e in self.elements if e.tag == tag and wanted.items() <= e.attributes.items()]

    def inside(self, tag: str) -> list[Element]:
        """Elements of that tag in the page itself, not in the menu above it."""
        return [element for element in self.all(tag) if element.within("main")]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} <{tag}> with {attributes}"
        return found[0]

    def words(self, element: Element) -> str:
        return " ".join(element.text.split())

    @property
    def text(self) -> str:
        return " ".join(self.one("body").text.split())
