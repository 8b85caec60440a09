"""The calendar's page, its API, and the private address: one answer for all that is wrong, and no trace."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from typing import Any, cast

import aiohttp
import pytest
import structlog
import uvicorn
from icalendar import Calendar

from calendar_scenes import Scene, appointment, scene, secret_of, task
from landbridge.app import App
from landbridge.cli import serving
from landbridge.engine.feeds import CalendarAddress
from landbridge.settings import load_settings
from landbridge.store.database import StoreFailure
from landbridge.web.site import build_site
from web_client import Answer, Client, browse
from web_scenes import NOW, FakeFeeds, FakeProduct, StillClock, status

SEEN = (
    appointment("a1", start="2026-11-25T16:00:00Z", end="2026-11-25T17:00:00Z"),
    task("t1", due="2026-11-25T16:00:00Z"),
)
PAGE = "/bridges/1/calendar"
API = "/api/v1/bridges/1/calendar"


def product_of(made: Scene) -> FakeProduct:
    return FakeProduct.of(status(bridge=made.bridge), feeds=made.feeds)


async def read(made: Scene, path: str, **headers: str) -> Answer:
    return await Client(build_site(product_of(made), StillClock())).get(path, **headers)


async def test_the_address_answers_with_a_calendar_and_needs_nothing_else() -> None:
    async with scene(SEEN) as made:
        secret = secret_of((await made.feeds.renew(made.bridge)).address)
        answer = await read(made, f"/feeds/{secret}.ics")
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "set-cookie" not in answer.headers
        assert len(Calendar.from_ical(answer.text).walk("VTODO")) == 1
        answer = await read(made, f"/feeds/{secret}.ics?tasks=events")
        assert len(Calendar.from_ical(answer.text).walk("VEVENT")) == 2


async def test_what_is_not_new_is_not_sent_again() -> None:
    async with scene(SEEN) as made:
        path = f"/feeds/{secret_of((await made.feeds.renew(made.bridge)).address)}.ics"
        tag = (await read(made, path)).headers["etag"]
        made.clock.at = NOW + 3600  # another DTSTAMP, and nothing else
        again = await read(made, path, if_none_match=f'"other", {tag}')
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        await made.keep(task("t2", due="2026-11-26T16:00:00Z"))
        assert (await read(made, path, if_none_match=tag)).status == 200


async def test_every_wrong_address_gets_the_same_answer() -> None:
    async with scene(SEEN) as made:
        old = secret_of((await made.feeds.renew(made.bridge)).address)
        await made.feeds.renew(made.bridge)
        wrong = [
            old,
            "x" * 43,
            "x",
            "x" * 5_000,
            "..%2F..%2Fetc",
            "' OR 1=1 --".replace(" ", "%20"),
            "%00" * 20,
        ]
        answers = [await read(made, f"/feeds/{secret}.ics") for secret in wrong]
        await made.feeds.revoke(made.bridge)
        answers.append(await read(made, f"/feeds/{old}.ics"))
    assert {(answer.status, answer.body) for answer in answers} == {
        (404, b"There is no calendar at this address.\n")
    }
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


async def test_a_failure_tells_nothing_and_may_be_tried_again() -> None:
    feeds = FakeFeeds()
    feeds.failure = RuntimeError("secret detail")
    answer = await browse(FakeProduct.of(status(), feeds=feeds)).get(f"/feeds/{'x' * 43}.ics")
    assert (answer.status, answer.headers["retry-after"]) == (503, "600")
    assert "detail" not in answer.text


class Kept(logging.Handler):
    """All lines that a logger hands out, with everything known of them."""

    def __init__(self) -> None:
        super().__init__(0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {vars(record)}")


@contextlib.contextmanager
def everything_logged() -> Iterator[Kept]:
    """The standard library's log at its most talkative level, and all of structlog's."""
    kept, root = Kept(), logging.getLogger()

    def keep(_: Any, name: str, event: Any) -> Any:
        kept.lines.append(f"{name} {event}")
        raise structlog.DropEvent

    level, before = root.level, structlog.get_config()
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    structlog.configure(processors=[keep], wrapper_class=structlog.make_filtering_bound_logger(0))
    try:
        yield kept
    finally:
        root.removeHandler(kept)
        root.setLevel(level)
        structlog.configure(**before)


@pytest.mark.parametrize("fails", [False, True])
async def test_the_secret_is_in_no_line_of_any_log(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    """The real server as it is configured, but for the level, at which it would log every request."""
    with everything_logged() as kept:

        class Loud(serving.Server):
            def __init__(self, config: uvicorn.Config) -> None:
                for name in ("uvicorn.error", "uvicorn.access"):
                    found = logging.getLogger(name)
                    found.setLevel(logging.DEBUG)
                    if found.handlers or name == "uvicorn.error":  # without one uvicorn logs no request
                        found.addHandler(kept)
                super().__init__(config)

        monkeypatch.setattr(serving, "Server", Loud)
        async with scene(SEEN) as made:
            secret = secret_of((await made.feeds.renew(made.bridge)).address)
            product = product_of(made)
            product.settings = load_settings({}, {"web_port": _free_port()})
            if fails:
                product.feeds = FakeFeeds()
                product.feeds.failure = RuntimeError("no disk")
            async with serving.serving(cast(App, product)) as address, aiohttp.ClientSession() as session:
                async with session.get(f"{address}/feeds/{secret}.ics") as answer:
                    assert answer.status == (503 if fails else 200)
                async with session.get(f"{address}/feeds/{secret[:-1]}.ics") as answer:
                    assert answer.status == 404
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).removeHandler(kept)
    said = "calendar_failed" if fails else "calendar_made"
    assert any(said in line for line in kept.lines)
    assert any("uvicorn.error" in line for line in kept.lines)
    assert [line for line in kept.lines if secret[:-1] in line] == []


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_the_page_makes_an_address_shows_it_and_says_how_to_subscribe() -> None:
    feeds = FakeFeeds()
    client = browse(FakeProduct.of(status(), feeds=feeds))
    page = (await client.get(PAGE)).page
    assert "There is no address yet" in page.text
    assert "This bridge does not read tasks and appointments yet." in page.text
    assert [button.text for button in page.inside("button")] == ["Make the address"]
    answer = await client.post(PAGE)
    assert (answer.status, answer.headers["location"]) == (303, PAGE)
    page = (await client.get(PAGE)).page
    assert page.one("input", id="address").attributes["value"] == feeds.calendar.address
    assert page.one("input", id="events").attributes["value"] == f"{feeds.calendar.address}?tasks=events"
    assert "not read by a calendar program yet" in page.text
    for name in ("Google Calendar", "Apple Calendar", "Outlook"):
        assert name in page.text
    assert [button.text for button in page.inside("button")] == ["Make a new address", "Revoke"]
    assert (await client.post(f"{PAGE}/revoke")).status == 303
    assert feeds.asked == ["renew", "revoke"]


async def test_the_page_says_when_it_was_read_and_where_it_works() -> None:
    feeds = FakeFeeds(CalendarAddress("http://127.0.0.1:8780/feeds/x.ics", NOW - 86_400, NOW - 120))
    page = (await browse(FakeProduct.of(status(), feeds=feeds)).get(PAGE)).page
    assert "last read by a calendar program 2 minutes ago" in page.text
    assert "is reached from this computer only" in page.text
    public = load_settings({}, {"public_url": "https://bridge.example.com"})
    product = FakeProduct.of(status(), feeds=feeds, settings=public)
    page = (await Client(build_site(product, StillClock())).get(PAGE)).page
    assert "is reached from this computer only" not in page.text


async def test_a_sealed_address_that_cannot_be_opened_is_told_and_can_be_replaced() -> None:
    feeds = FakeFeeds()
    feeds.failure = StoreFailure("It was sealed with another key.", "Make a new address.")
    answer = await browse(FakeProduct.of(status(), feeds=feeds)).get(PAGE)
    assert answer.status == 200
    assert "It was sealed with another key." in answer.page.text
    assert answer.page.inside("button")


async def test_the_api_does_what_the_page_does() -> None:
    async with scene(SEEN) as made:
        client = Client(build_site(product_of(made), StillClock()))
        assert (await client.get(API)).json == {"address": "", "created_at": 0.0, "read_at": None}
        made_now = (await client.ask("POST", API)).json
        assert made_now["address"].startswith("https://bridge.example.com/feeds/")
        assert (await client.get(API)).json == made_now
        assert (await client.ask("DELETE", API)).json["address"] == ""
        answer = await client.ask("DELETE", API)
        assert (answer.status, answer.json["error"]) == (409, "This bridge has no calendar address.")


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/revoke", API])
async def test_another_site_changes_nothing(path: str) -> None:
    feeds = FakeFeeds()
    client = browse(FakeProduct.of(status(), feeds=feeds))
    assert (await client.post(path, headers={"sec-fetch-site": "cross-site"})).status == 403
    assert feeds.asked == []


async def test_the_address_is_no_part_of_the_described_api() -> None:
    described = (await browse(FakeProduct()).get("/api/v1/openapi.json")).json
    assert not any("feeds" in path for path in described["paths"])
    assert "/api/v1/bridges/{bridge_id}/calendar" in described["paths"]
