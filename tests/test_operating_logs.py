"""The log: a request and its bridge on every line, one form for all, and nobody in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import get_contextvars

from landbridge.engine.watching import WatchedFleet
from landbridge.instruments import Instruments
from landbridge.log_lines import prepare_log, without_texts
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.runs import Run
from landbridge.web.site import build_site
from systems_fakes import InstantClock
from web_client import Client, browse
from web_scenes import FakeProduct, StillClock, status

CANARY = "ada.canary@example.com"


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Where the log goes; everything is as it was afterwards, a logger that keeps its stream too."""
    monkeypatch.setattr("landbridge.web.watching.log", structlog.get_logger())
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        yield io.StringIO()
    finally:
        root.handlers[:], root.level = before, level
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class NotingProduct(FakeProduct):
    """Notes what is bound while a page is made, and writes a line of its own."""

    noted: dict[str, Any]

    async def all_bridges(self) -> list[Bridge]:
        self.noted = dict(get_contextvars())
        structlog.get_logger().warning("a_line")
        return await super().all_bridges()


@dataclass
class RaisingProduct(FakeProduct):
    async def all_bridges(self) -> list[Bridge]:
        raise ValueError(CANARY)


def site_of(product: FakeProduct) -> Client:
    return Client(build_site(product, StillClock()))


async def test_a_request_has_a_number_in_its_answer_and_on_its_lines(stream: io.StringIO) -> None:
    prepare_log("debug", "json", stream)
    product = NotingProduct.of(status())
    answer = await site_of(product).get("/api/v1/bridges/1/status")
    number = answer.headers["x-request-id"]
    assert len(number) == 16
    assert product.noted == {"request": number, "bridge": 1}  # type: ignore[attr-defined]
    line, last = lines(stream)
    assert (line["event"], line["request"], line["bridge"]) == ("a_line", number, 1)
    assert last["event"] == "request"
    assert last["route"] == "/api/v1/bridges/{bridge_id:int}/status"
    assert (last["status"], last["request"], last["level"]) == (200, number, "debug")
    assert get_contextvars() == {}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("f47ac10b-58cc-4372-a567-0e02b2c3d479", True),
        ("short", False),
        ("3035550142", False),
        (CANARY, False),
        ("a" * 65, False),
        ("a" * 16 + "\x1b[31m", False),
    ],
)
async def test_a_number_that_comes_along_is_kept_if_it_looks_like_one(given: str, taken: bool) -> None:
    answer = await browse(FakeProduct.of(status())).get("/healthz", x_request_id=given)
    assert (answer.headers["x-request-id"] == given) is taken


async def test_refusals_and_errors_have_a_number_too() -> None:
    browser = browse(FakeProduct.of(status()))
    assert (await browser.get("/", host="evil.example.com")).headers["x-request-id"]
    assert (await browser.get("/nowhere")).headers["x-request-id"]


async def test_an_error_inside_is_found_by_the_number_of_its_answer(stream: io.StringIO) -> None:
    prepare_log("info", "json", stream)
    broken = await site_of(RaisingProduct.of(status())).get("/api/v1/bridges")
    assert broken.status == 500
    (line,) = lines(stream)
    assert (line["event"], line["route"]) == ("request_failed", "/api/v1/bridges")
    assert line["request"] == broken.headers["x-request-id"]
    assert line["error"] == "ValueError"
    assert CANARY not in stream.getvalue()


async def test_requests_are_counted_and_routes_never_show_what_is_in_an_address(stream: io.StringIO) -> None:
    prepare_log("debug", "json", stream)
    product = FakeProduct.of(status())
    browser = site_of(product)
    for path in (f"/bridges/{CANARY}", "/feeds/secret-part.ics", f"/{CANARY}", f"/static/{CANARY}"):
        await browser.get(path)
    await browser.get("/healthz")
    assert CANARY not in stream.getvalue()
    assert "secret-part" not in stream.getvalue()
    assert [line["route"] for line in lines(stream)] == ["none", "/feeds/", "none", "/static/", "/healthz"]
    shown = product.operating.instruments.metrics.text().decode()
    assert 'landbridge_requests_total{method="GET",status="4xx"} 4.0' in shown
    assert 'landbridge_requests_total{method="GET",status="2xx"} 1.0' in shown


def failing() -> None:
    try:
        int(CANARY)
    except ValueError as error:
        raise KeyError(CANARY) from error


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_shows_where_it_arose_and_none_of_its_words(stream: io.StringIO, form: str) -> None:
    prepare_log("info", form, stream)
    person = CANARY  # what is local to a function is no part of the log either
    try:
        failing()
    except KeyError as error:
        structlog.get_logger().exception("went_wrong")
        structlog.get_logger().error("again", exc_info=error)
    logging.getLogger("some.server").exception("Exception in ASGI application", exc_info=KeyError(person))
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s", CANARY)
    logging.getLogger("some.library").info("said nothing of use")
    shown = stream.getvalue()
    assert CANARY not in shown
    assert "said nothing of use" not in shown
    for told in ("went_wrong", "again", "Exception in ASGI application", "Task exception", "KeyError"):
        assert told in shown
    assert "\x1b[" not in shown
    if form == "json":
        first = lines(stream)[0]
        assert first["error"] == "KeyError from ValueError"
        assert "tests/test_operating_logs.py:" in first["at"]


def test_a_chain_of_exceptions_that_bites_its_tail_comes_to_an_end() -> None:
    one, two = ValueError(CANARY), KeyError(CANARY)
    one.__cause__, two.__cause__ = two, one
    assert without_texts(None, "error", {"exc_info": one})["error"] == "ValueError from KeyError"


async def test_an_error_of_the_database_does_not_quote_what_was_stored() -> None:
    database = Database("sqlite+aiosqlite:///:memory:")
    with pytest.raises(DBAPIError) as raised:
        async with database.read() as connection:
            await connection.execute(select(text("x")).where(text("y = :who")), {"who": CANARY})
    await database.close()
    assert CANARY not in str(raised.value)


async def test_the_lines_of_a_run_say_whose_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[dict[str, Any]] = []

    async def step(*_: Any) -> str:
        noted.append(dict(get_contextvars()))
        return ""

    async def syncing(fleet: Any, *_: Any, **__: Any) -> Run:
        noted.append(dict(get_contextvars()))
        structlog.contextvars.clear_contextvars()  # DBOS begins a context of its own
        await fleet.advance(9, "")
        return Run(9, 1, "sync", "page", "done", "", 0, 0, 0.0)

    monkeypatch.setattr("landbridge.engine.fleet.Fleet.__init__", lambda self: None)
    monkeypatch.setattr("landbridge.engine.fleet.Fleet.sync", syncing)
    monkeypatch.setattr("landbridge.engine.fleet.Fleet.advance", step)
    fleet = WatchedFleet(watcher=Instruments(InstantClock()))
    bridge = status().bridge
    fleet._works = {9: type("W", (), {"bridge": bridge})()}
    await fleet.sync(bridge, cause="page")
    assert noted == [{"bridge": 1}, {"bridge": 1, "run": 9}]
    structlog.contextvars.clear_contextvars()
