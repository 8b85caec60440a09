"""The address of webhooks: each outcome's answer, limits while reading, no session and no other site."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

import webhook_posts
from inprocess import folder, new_database
from landbridge.app import open_app
from landbridge.settings import load_settings
from landbridge.store.database import Database
from landbridge.store.inbox import Outcome
from landbridge.systems.highlevel.webhooks import LARGEST
from landbridge.web.site import build_site
from landbridge.web.webhooks import STATUS
from web_client import Client, browse
from web_scenes import FakeProduct, StillClock
from webhook_posts import LOCKED, Inbox, body, bridge_in, ed25519, public, signed

PATH = "/webhooks/highlevel"

SCOPE = {
    "type": "http",
    "method": "POST",
    "scheme": "http",
    "http_version": "1.1",
    "path": PATH,
    "root_path": "",
    "query_string": b"",
    "headers": [],
}


class Site:
    """The real site over a receiver of one bridge."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        product = FakeProduct()
        product.receive = inbox.receiver.receive  # type: ignore[method-assign]  # all else stays made up
        self.client = Client(build_site(product, StillClock()))

    async def post(self, raw: bytes, **headers: str) -> int:
        return (await self.client.ask("POST", PATH, raw, signed(raw) | headers)).status


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    home = folder()
    inbox = Inbox(home)
    await inbox.bridge()
    yield Site(inbox)
    await inbox.receiver.close()
    await inbox.database.close()
    shutil.rmtree(home)


@pytest.mark.parametrize("outcome", Outcome)
async def test_every_outcome_has_its_answer(outcome: Outcome) -> None:
    answer = await browse(FakeProduct(outcome=outcome)).ask("POST", PATH, body())
    assert (answer.status, answer.text) == (STATUS[outcome], f"{outcome.value}\n")
    assert answer.status < 500
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_only_what_may_come_again_is_answered_429() -> None:
    assert [outcome for outcome in Outcome if STATUS[outcome] == 429] == [Outcome.REFUSED]
    assert STATUS.keys() == set(Outcome)


async def test_it_is_stored_before_it_is_answered(site: Site) -> None:
    raw = body()
    assert await site.post(raw) == 200
    assert len(await site.inbox.due()) == 1
    assert await site.post(raw) == 200
    assert await site.inbox.counts() == {"accepted": 1, "duplicate": 1}


async def test_refusals_over_http(site: Site) -> None:
    assert await site.post(body(), x_ghl_signature="N/A") == 401
    assert await site.post(b"{") == 400
    assert await site.post(b"[" * 50) == 400
    assert await site.post(body(locationId="of-nobody")) == 200
    assert await site.post(body(timestamp="2020-01-01T00:00:00Z")) == 200
    site.inbox.database.why = LOCKED
    assert await site.post(body()) == 429
    assert (await site.inbox.due(), await site.inbox.deliveries()) == ([], [])


async def test_a_failure_of_any_kind_is_429_and_tells_nothing() -> None:
    product = FakeProduct(failure=RuntimeError("canary-5512"))
    with capture_logs() as logs:
        answer = await browse(product).ask("POST", PATH, body())
    assert (answer.status, answer.text) == (429, "refused\n")
    assert "canary" not in str(logs)
    assert [line["event"] for line in logs] == ["webhook_refused"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_but_post_is_taken(method: str) -> None:
    product = FakeProduct()
    assert (await browse(product).ask(method, PATH)).status == 405
    assert product.received == []


async def test_a_body_that_is_too_large_is_not_read_to_its_end(site: Site) -> None:
    read: list[int] = []
    start: dict[str, Any] = {}

    async def receive() -> dict[str, Any]:
        read.append(1)
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    async def send(message: Any) -> None:
        start.setdefault("status", message.get("status"))

    await site.client.site(dict(SCOPE), receive, send)
    assert len(read) <= LARGEST // 65_536 + 1
    assert await site.inbox.counts() == {"oversized": 1}
    assert await site.post(b" " * (LARGEST + 1)) == 413
    assert start["status"] == 413


async def test_a_sender_who_hangs_up_has_no_effect(site: Site) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        del message

    await site.client.site(dict(SCOPE), receive, send)
    assert await site.inbox.due() == []


ELSEWHERE = [
    {"sec-fetch-site": "cross-site"},
    {"origin": "https://services.example.com"},
    {"host": "sync.example.com"},
    {"host": ""},
    {"cookie": "landbridge=somebody"},
]


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_where_it_comes_from_does_not_matter_only_who_signed_it(
    site: Site, headers: dict[str, str]
) -> None:
    raw = body()
    assert (await site.client.ask("POST", PATH, raw, signed(raw) | headers)).status == 200
    assert (await site.client.ask("POST", PATH, raw, headers)).status == 401


@pytest.mark.parametrize(
    "path", ["/webhooks/highlevel/", "/webhooks/highlevel/x", "/webhooks", "//webhooks/highlevel"]
)
async def test_the_exemption_is_for_this_one_path(path: str) -> None:
    product = FakeProduct()
    answer = await browse(product).ask("POST", path, body(), {"sec-fetch-site": "cross-site"})
    assert answer.status == 403
    assert product.received == []


async def test_its_answers_have_the_headers_of_all_answers() -> None:
    headers = (await browse(FakeProduct()).ask("POST", PATH, body())).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers


async def test_it_is_no_part_of_the_described_api() -> None:
    assert PATH not in (await browse(FakeProduct()).get("/api/v1/openapi.json")).json["paths"]


SIGNATURES = st.sampled_from([{}, signed(body()), {"x-ghl-signature": "N/A"}, {"x-wh-signature": "AAAA"}])


@settings(deadline=None)  # the machine may be busy
@given(st.binary(max_size=300), SIGNATURES, st.booleans())
async def test_no_bytes_are_ever_answered_with_5xx(raw: bytes, headers: dict[str, str], sign: bool) -> None:
    home = folder()
    site = Site(Inbox(home))
    answer = await site.client.ask("POST", PATH, raw, signed(raw) if sign else headers)
    assert answer.status in (200, 400, 401)
    assert await site.inbox.due() == []
    await site.inbox.database.close()
    shutil.rmtree(home)


async def test_the_app_takes_its_keys_and_its_app_id_from_the_settings(tmp_path: Path) -> None:
    environ = {
        "LANDBRIDGE_HOME": str(tmp_path),
        "LANDBRIDGE_HIGHLEVEL_WEBHOOK_KEYS": f"{public(ed25519('old'))},\n {public(ed25519('new'))}",
        "LANDBRIDGE_HIGHLEVEL_CLIENT_ID": "app1-key",
    }
    database = Database(f"sqlite+aiosqlite:///{new_database(tmp_path)}")
    clock = webhook_posts.StillClock()
    async with open_app(load_settings(environ), clock, database=database) as app:
        await bridge_in(database)
        client = Client(build_site(app, clock))
        for number, (name, status) in enumerate([("old", 200), ("new", 200), ("first", 401)]):
            raw = body(number=number, appId="app1" if number else "app2")
            assert (await client.ask("POST", PATH, raw, signed(raw, ed25519(name)))).status == status
        assert await app.arrivals() == {"unknown": 1, "accepted": 1, "forged": 1}
