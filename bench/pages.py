"""How long each page takes with 100,000 contacts and a journal of a million entries, and how heavy it is."""

from __future__ import annotations

import asyncio
import gzip
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from rich.console import Console
from rich.table import Table
from sqlalchemy import event

from bench.many import fill, id_of
from landbridge.app import open_app
from landbridge.settings import load_settings
from landbridge.store import observed
from landbridge.store.database import Database
from landbridge.sync.model import Side
from landbridge.web.site import build_site

console = Console(highlight=False, width=140)
AIM = 200.0  # milliseconds
ASKED = 20
BRIDGES = 300
FIRST_LOAD_AIM = 200.0  # kB
NOW = 1_795_435_200.0  # 2026-11-23 12:00:00 UTC
HOST = b"127.0.0.1:8780"
LISTS = ("in-sync", "held", "left-out", "waiting", "paused", "only-highlevel", "only-rezora", "opted-out")


class _Clock:
    """Stands still for people, and goes on for whoever measures."""

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class _Question:
    """One request; a form is posted."""

    title: str
    path: str
    form: dict[str, str] | None = None


@dataclass(slots=True)
class _Measured:
    """What came back, and what it took."""

    status: int = 0
    sizes: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    queries: int = 0
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class _LoggedIn:
    """The site, as the browser of somebody who is logged in asks for it: the door is part of every page."""

    site: Any
    session: str

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        cookie = (b"cookie", f"landbridge-login={self.session}".encode())
        await self.site({**scope, "headers": [*scope["headers"], cookie]}, receive, send)


def pages(contacts: int, entries: int = 1_000_000) -> None:
    """Print median, worst, size and queries of every page, and the weight of a first load."""
    asyncio.run(_measure(contacts, entries))


async def _measure(contacts: int, entries: int) -> None:
    with tempfile.TemporaryDirectory(prefix="landbridge-bench-") as folder:
        home = Path(folder)
        database = Database(f"sqlite+aiosqlite:///{home / 'bench.sqlite3'}")
        await database.migrate()
        began = time.monotonic()
        bridge = await fill(database, contacts, entries, BRIDGES, NOW)
        console.print(f"Filled in {time.monotonic() - began:.0f} s", style="dim")
        settings = load_settings({}, {"home": str(home)})
        async with open_app(settings, _Clock(), database=database) as app:
            owner = await app.people.first("Owner", "owner@example.com", "four words of a bench")
            site = _LoggedIn(build_site(app, _Clock()), await app.doors.open_for(owner))
            asked: list[str] = []

            def keep(_: object, __: object, statement: str, *___: object) -> None:
                if not statement.startswith("BEGIN"):
                    asked.append(statement)

            event.listen(database.engine.sync_engine, "before_cursor_execute", keep)
            table = Table(
                title=f"{contacts:,} contacts, {entries:,} journal entries, {BRIDGES} bridges;"
                f" each page asked {ASKED} times",
                title_justify="left",
            )
            for column in ("", "median ms", "worst ms", "kB sent", "queries", f"under {AIM:.0f} ms"):
                table.add_column(column, justify="right" if column else "left")
            for question in _questions(bridge.id, contacts):
                found = await _ask(site, question, asked)
                median, worst = statistics.median(found.milliseconds), max(found.milliseconds)
                fine = "yes" if median < AIM else "no"
                told = fine if found.status in (200, 303) else f"status {found.status}"
                size = f"{found.sizes[-1] / 1000:.1f}"
                table.add_row(question.title, f"{median:.0f}", f"{worst:.0f}", size, str(found.queries), told)
            console.print(table)
            await _survivors(database, bridge.id, contacts)
            await _first_load(site, bridge.id)


def _questions(bridge_id: int, contacts: int) -> Sequence[_Question]:
    one, search = f"/bridges/{bridge_id}", f"/bridges/{bridge_id}/contacts"
    far = f"highlevel:equal::{id_of(Side.HIGHLEVEL, contacts * 9 // 10)}"
    lists = [_Question(f"contacts: {name}", f"{search}?list={name}") for name in LISTS]
    return (
        _Question(f"all bridges ({BRIDGES})", "/"),
        _Question("all bridges, one state", "/?state=needs"),
        _Question("a bridge", one),
        _Question("its live part", f"{one}/status"),
        _Question("contacts: everybody", search),
        _Question("contacts: far down", f"{search}?{urlencode({'after': far})}"),
        *lists,
        _Question("contacts: one reason", f"{search}?list=left-out&reason=no_email"),
        _Question("search, one hit", search, {"text": f"p{contacts - 1}@example.org"}),
        _Question("search, many hits", search, {"text": "brook"}),
        _Question("search, no hit", search, {"text": "zzzz"}),
        _Question("search, two words, no hit", search, {"text": "ada zzzz"}),
        _Question("search a phone number", search, {"text": f"(303) {contacts // 2:07}"}),
        _Question("search an id", search, {"text": id_of(Side.REZORA, contacts // 2)}),
        _Question("search in a list, no hit", search, {"text": "zzzz", "list": "left-out"}),
        _Question("one contact", f"{search}/{id_of(Side.HIGHLEVEL, contacts // 2)}"),
        _Question("what waits", f"{one}/holds"),
        _Question("what waits, one cause", f"{one}/holds/both_changed"),
        _Question("activity", f"{one}/activity"),
        _Question("activity: one system", f"{one}/activity?side=highlevel"),
        _Question("activity: notes, of which there are none", f"{one}/activity?kind=note"),
        _Question("activity: deletes, of which there are none", f"{one}/activity?action=delete"),
        _Question("activity: one run", f"{one}/activity?run=1"),
        _Question("activity: before all days", f"{one}/activity?until=1999-12-31"),
        _Question("runs", f"{one}/runs"),
        _Question("recipes", f"{one}/recipes"),
        _Question("calendar", f"{one}/calendar"),
        _Question("webhooks", f"{one}/webhooks"),
        _Question("operations", "/operations"),
        _Question("people", "/people"),
        _Question("set-up", "/setup"),
        _Question("API: status", f"/api/v1{one}/status"),
        _Question("API: list held", f"/api/v1{one}/contacts?standing=held"),
        _Question("API: holds", f"/api/v1{one}/holds"),
        _Question("API: journal", f"/api/v1{one}/journal"),
        _Question("API: all bridges", "/api/v1/overview"),
    )


async def _ask(site: Any, question: _Question, asked: list[str]) -> _Measured:
    found = _Measured()
    for _ in range(ASKED):
        asked.clear()
        began = time.perf_counter()
        status, body = await _call(site, question)
        found.milliseconds.append((time.perf_counter() - began) * 1000)
        found.status, found.queries, found.body = status, len(asked), body
        found.sizes.append(len(body))
    return found


async def _call(site: Any, question: _Question) -> tuple[int, bytes]:
    """One request through the application itself, compressed as a browser asks for it."""
    url, body = urlsplit(question.path), urlencode(question.form or {}).encode()
    headers = [(b"host", HOST), (b"accept-encoding", b"gzip"), (b"sec-fetch-site", b"same-origin")]
    if question.form is not None:
        headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": "GET" if question.form is None else "POST", "path": url.path, "raw_path": url.path.encode(),
        "query_string": url.query.encode(), "headers": headers, "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8780),
    }  # fmt: skip
    status, parts = 0, []

    requests = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        for request in requests:
            return request
        await asyncio.Event().wait()  # the browser stays on the line
        raise AssertionError

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await site(scope, receive, send)
    return status, b"".join(parts)


async def _survivors(database: Database, bridge_id: int, contacts: int) -> None:
    """Who may hold the address of a contact that was deleted in HighLevel: asked for each of them."""
    took, found = [], 0
    for number in range(ASKED):
        began = time.perf_counter()
        keys = [f"e{number * 97 % contacts:031}", f"key{number * 20}"]
        async with database.read() as connection:
            found += len(await observed.holders(connection, bridge_id, 1, Side.HIGHLEVEL, keys))
        took.append((time.perf_counter() - began) * 1000)
    median = statistics.median(took)
    console.print(f"Who holds a deleted contact's address: {median:.1f} ms, {found} found for {ASKED}")


async def _first_load(site: Any, bridge_id: int) -> None:
    """The page and everything it asks for, by someone who was never here."""
    _, sent = await _call(site, _Question("", f"/bridges/{bridge_id}"))
    html = gzip.decompress(sent).decode()
    table = Table(title="First load of a bridge's page, compressed", title_justify="left")
    for column in ("", "kB sent"):
        table.add_column(column, justify="right" if column else "left")
    total = len(sent)
    table.add_row("page", f"{total / 1000:.1f}")
    for path in sorted({part.partition('"')[0] for part in html.split('"/static/')[1:]}):
        _, body = await _call(site, _Question("", f"/static/{path}"))
        table.add_row(path.partition("?")[0], f"{len(body) / 1000:.1f}")
        total += len(body)
    table.add_row("together", f"{total / 1000:.1f}")
    table.add_row(f"aim: under {FIRST_LOAD_AIM:.0f}", "yes" if total / 1000 < FIRST_LOAD_AIM else "no")
    console.print(table)
