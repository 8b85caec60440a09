"""What is tried again, how often, and after how long: the retry classes of sync-correctness.md section 5."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from email.utils import formatdate

import pytest
from aiohttp import web

from landbridge.systems.base import (
    Forbidden,
    Malformed,
    RateLimited,
    Rejected,
    SystemFailure,
    Unavailable,
    Unreachable,
    WrongCredentials,
)
from landbridge.systems.http import HttpClient, HttpConfig, decode_as
from landbridge.systems.quota import Quota
from landbridge.systems.retry import FullJitter, may_repeat, retry_after_seconds
from systems_fakes import (
    InstantClock,
    OneToken,
    Reply,
    TinyServer,
    answer,
    client_of,
    cut,
    hang_up,
    page,
    tiny_server,
)

GOOD = answer({"good": "yes"})
EXPIRED = answer({"statusCode": 401, "message": "Invalid token: access token is invalid"}, 401)


@pytest.fixture
async def server() -> AsyncIterator[TinyServer]:
    async with tiny_server(GOOD) as running:
        yield running


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


@pytest.fixture
async def client(server: TinyServer, clock: InstantClock) -> AsyncIterator[HttpClient]:
    made = client_of(server.url, clock)
    yield made
    await made.close()


async def read(client: HttpClient, *, urgent: bool = False) -> dict[str, str]:
    decode = decode_as(dict[str, str])
    return await client.request("GET", "/things", decode=decode, idempotent=True, urgent=urgent)


async def create(client: HttpClient) -> dict[str, str]:
    return await client.request(
        "POST", "/things", json={"a": "b"}, decode=decode_as(dict[str, str]), idempotent=False
    )


TEMPORARY = [
    pytest.param(answer({}, 408), id="408"),
    pytest.param(answer({}, 425), id="425"),
    pytest.param(answer({}, 429), id="429"),
    pytest.param(answer({}, 500), id="500"),
    pytest.param(page("Bad gateway", 502), id="502 as a web page"),
    pytest.param(answer({}, 503), id="503"),
    pytest.param(hang_up, id="reset"),
    pytest.param(cut, id="cut answer"),
    pytest.param(answer(b'{"good": "y'), id="cut JSON"),
    pytest.param(page("Sign in"), id="web page"),
    pytest.param(answer({"statusCode": 500, "message": "no"}), id="error inside a success"),
]


@pytest.mark.parametrize("bad", TEMPORARY)
async def test_a_read_is_tried_again_until_it_succeeds(
    client: HttpClient, server: TinyServer, bad: Reply
) -> None:
    server.says(bad, bad, GOOD)
    assert await read(client) == {"good": "yes"}
    assert len(server.seen) == 3


@pytest.mark.parametrize("bad", TEMPORARY)
async def test_a_read_is_given_up_after_the_last_attempt(
    client: HttpClient, server: TinyServer, bad: Reply
) -> None:
    server.says(bad)
    with pytest.raises((Unavailable, RateLimited, Malformed)):
        await read(client)
    assert len(server.seen) == 5


@pytest.mark.parametrize("bad", TEMPORARY)
async def test_a_create_is_never_tried_again_and_its_outcome_is_unknown(
    client: HttpClient, server: TinyServer, bad: Reply
) -> None:
    server.says(bad)
    with pytest.raises((Unavailable, Malformed)) as caught:
        await create(client)
    assert len(server.seen) == 1
    assert caught.value.sent == "maybe"


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
async def test_every_refusal_of_a_create_may_have_happened(
    client: HttpClient, server: TinyServer, status: int
) -> None:
    server.says(answer({"statusCode": status, "message": "no"}, status))
    with pytest.raises(SystemFailure) as caught:
        await create(client)
    assert len(server.seen) == 1
    assert caught.value.sent == "maybe"


@pytest.mark.parametrize("status", [400, 403, 409, 422])
async def test_a_refusal_is_not_tried_again(client: HttpClient, server: TinyServer, status: int) -> None:
    server.says(answer({"statusCode": status, "message": "no"}, status))
    with pytest.raises((Rejected, Forbidden)) as caught:
        await read(client)
    assert len(server.seen) == 1
    assert caught.value.sent == "yes"


async def test_a_refused_connection_is_tried_again_even_for_a_create(clock: InstantClock) -> None:
    async with tiny_server(GOOD) as gone:
        url = gone.url
    client = client_of(url, clock, quota=Quota(100, 10, 0, clock=clock))
    with pytest.raises(Unreachable) as caught:
        await create(client)
    await client.close()
    assert len(clock.slept) == 4
    assert caught.value.sent == "no"
    address = url.removeprefix("http://")
    assert str(caught.value) == f"HighLevel at {address} does not answer (connection refused)."
    assert "landbridge settings" in caught.value.fix
    assert client.quota.usage().used == 0


async def test_a_silent_server_is_a_time_out(server: TinyServer, clock: InstantClock) -> None:
    silent = asyncio.Event()

    async def wait(_: web.BaseRequest) -> web.StreamResponse:
        await silent.wait()
        return web.Response()

    server.says(wait)
    client = client_of(server.url, clock, config=HttpConfig(timeout_seconds=0.02, attempts=2))
    with pytest.raises(Unavailable, match="no answer in time") as caught:
        await read(client)
    silent.set()
    await client.close()
    assert len(server.seen) == 2
    assert caught.value.sent == "maybe"


async def test_a_kept_connection_that_was_closed_is_not_retried_behind_our_back(
    client: HttpClient, server: TinyServer
) -> None:
    await read(client)
    server.says(hang_up)
    with pytest.raises(Unavailable):
        await client.request("PUT", "/things", json={}, decode=decode_as(dict[str, str]), idempotent=True)
    assert len(server.seen) == 5


def test_a_spent_day_is_not_waited_for_here_however_soon_it_ends() -> None:
    assert not may_repeat(RateLimited("Spent.", wait_seconds=5, daily=True), idempotent=True)
    assert may_repeat(RateLimited("Too many.", wait_seconds=5), idempotent=True)
    assert not may_repeat(ValueError("ours"), idempotent=True)


async def test_pauses_grow_are_random_and_have_a_ceiling() -> None:
    rng = random.Random(7)  # repeatable pauses
    jitter = FullJitter(0.5, 60.0, rng)
    for attempt in range(1, 40):
        ceiling = min(60.0, 0.5 * 2 ** (attempt - 1))
        pauses = [jitter.pause(attempt) for _ in range(50)]
        assert 0 <= min(pauses) <= ceiling * 0.3
        assert ceiling * 0.7 <= max(pauses) <= ceiling


async def test_the_pauses_of_a_call_keep_below_their_ceilings(
    client: HttpClient, server: TinyServer, clock: InstantClock
) -> None:
    server.says(answer({}, 500))
    with pytest.raises(Unavailable):
        await read(client)
    assert len(clock.slept) == 4
    assert all(pause <= ceiling for pause, ceiling in zip(clock.slept, (0.5, 1.0, 2.0, 4.0), strict=True))


async def test_a_429_waits_for_the_quota_one_interval_when_nothing_is_said(
    server: TinyServer, clock: InstantClock
) -> None:
    client = client_of(server.url, clock, quota=Quota(100, 10, 0, clock=clock))
    server.says(answer({}, 429), GOOD)
    assert await read(client) == {"good": "yes"}
    await client.close()
    assert sum(clock.slept) == pytest.approx(10)


async def test_retry_after_is_kept_to(client: HttpClient, server: TinyServer, clock: InstantClock) -> None:
    server.says(answer({}, 429, retry_after="7"), answer({}, 503, retry_after="20"), GOOD)
    assert await read(client) == {"good": "yes"}
    assert sum(clock.slept) == pytest.approx(27)


async def test_a_pause_longer_than_a_minute_is_for_the_engine(
    client: HttpClient, server: TinyServer, clock: InstantClock
) -> None:
    server.says(answer({}, 429, retry_after="1800"))
    with pytest.raises(RateLimited) as caught:
        await read(client)
    assert caught.value.wait_seconds == 1800
    assert caught.value.retriable
    assert len(server.seen) == 1
    with pytest.raises(RateLimited) as again:  # nor does another call leave meanwhile
        await create(client)
    assert again.value.sent == "no"
    assert len(server.seen) == 1
    assert clock.slept == []


async def test_a_spent_day_is_told_and_not_tried_again(server: TinyServer, clock: InstantClock) -> None:
    client = client_of(server.url, clock, quota=Quota(100, 10, 200_000, clock=clock))
    day = {"x_ratelimit_limit_daily": "10000", "x_ratelimit_daily_remaining": "0"}
    server.says(answer({}, 429, **day, x_ratelimit_daily_reset="3600000"))
    with pytest.raises(RateLimited) as caught:
        await read(client)
    await client.close()
    assert caught.value.daily
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("999999", 3600),
        (" 5 ", 5),
        (formatdate(1767605400 + 90, usegmt=True), 90),
        (formatdate(1767605400 + 90_000, usegmt=True), 3600),
        (formatdate(1767605400 - 90, usegmt=True), None),
        ("", None),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_read_and_clamped(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, 1767605400) == seconds


async def test_an_expired_token_is_renewed_once_and_the_read_repeated(
    server: TinyServer, clock: InstantClock
) -> None:
    token = OneToken(newer=True)
    client = client_of(server.url, clock, authorise=token)
    server.says(EXPIRED, GOOD)
    assert await read(client) == {"good": "yes"}
    await client.close()
    assert [seen.headers["authorization"] for seen in server.seen] == [
        "Bearer first-secret-token",
        "Bearer second-secret-token",
    ]
    assert (token.refused, token.accepted) == (1, 1)
    assert clock.slept == []


async def test_a_token_refused_twice_is_not_renewed_again(server: TinyServer, clock: InstantClock) -> None:
    token = OneToken(newer=True)
    client = client_of(server.url, clock, authorise=token)
    server.says(EXPIRED)
    with pytest.raises(WrongCredentials):
        await read(client)
    await client.close()
    assert (len(server.seen), token.refused, token.accepted) == (2, 1, 0)


async def test_a_create_refused_for_its_token_is_looked_up_before_it_is_sent_again(
    server: TinyServer, clock: InstantClock
) -> None:
    token = OneToken(newer=True)
    client = client_of(server.url, clock, authorise=token)
    server.says(EXPIRED, GOOD)
    with pytest.raises(Unavailable, match="was renewed") as caught:
        await create(client)
    assert caught.value.sent == "maybe"
    assert len(server.seen) == 1
    assert await create(client) == {"good": "yes"}
    await client.close()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("The token is not authorized for this scope.", Forbidden),
        ("Command timed out", Unavailable),
    ],
)
async def test_a_401_that_is_no_matter_of_the_token_renews_nothing(
    server: TinyServer, clock: InstantClock, message: str, kind: type[SystemFailure]
) -> None:
    token = OneToken(newer=True)
    client = client_of(server.url, clock, authorise=token)
    server.says(answer({"statusCode": 401, "message": message}, 401))
    with pytest.raises(kind):
        await read(client)
    await client.close()
    assert token.refused == 0


class NoGrant(OneToken):
    async def headers(self) -> dict[str, str]:
        raise Unavailable("The token address does not answer.", sent="no")


async def test_a_credential_that_cannot_be_had_is_not_asked_for_again_here(
    server: TinyServer, clock: InstantClock
) -> None:
    client = client_of(server.url, clock, authorise=NoGrant())
    with pytest.raises(Unavailable) as caught:
        await create(client)
    assert caught.value.sent == "no"
    assert (server.seen, clock.slept) == ([], [])


async def test_an_urgent_call_waits_neither_for_a_place_nor_for_a_slot(server: TinyServer) -> None:
    clock = InstantClock()
    quota = Quota(20, 10.0, 0, clock=clock)
    client = client_of(server.url, clock, quota=quota, config=HttpConfig(connections=1))
    slots = [await quota.reserve()]
    slots[0].answered({})
    slots += [await quota.reserve() for _ in range(18)]
    bulk = asyncio.ensure_future(read(client))
    await asyncio.sleep(0)
    assert await read(client, urgent=True) == {"good": "yes"}
    assert not bulk.done()
    for slot in slots[1:]:
        slot.unsent()
    assert await bulk == {"good": "yes"}
    assert client.ledger().calls == 2
    await client.close()


async def test_the_ledger_counts_what_left_and_not_what_did_not(server: TinyServer) -> None:
    clock = InstantClock()
    client = client_of(server.url, clock)
    server.says(answer({"message": "busy"}, 503), GOOD)
    await read(client)
    assert client.ledger().calls == 2  # a retry is a call, too
    nowhere = client_of("http://127.0.0.1:1", clock, config=HttpConfig(attempts=2))
    with pytest.raises(Unreachable):
        await read(nowhere)
    assert nowhere.ledger().calls == 0
    await client.close()
    await nowhere.close()
