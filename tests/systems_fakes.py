"""Clocks that never wait or simulate, a tiny HTTP server with scripted answers, and systems on a sandbox."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from landbridge.sandbox.faults import read_faults
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.highlevel.config import HighLevelConfig as SandboxHighLevel
from landbridge.sandbox.rezora.config import RezoraConfig as SandboxRezora
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.sync.model import Side
from landbridge.systems.base import Clock, Grant
from landbridge.systems.highlevel.answers import HighLevelDialect
from landbridge.systems.highlevel.client import HighLevelSystem, open_highlevel
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.http import Authorise, Dialect, HttpClient, HttpConfig
from landbridge.systems.memory import MemoryGrants
from landbridge.systems.quota import Quota
from landbridge.systems.rezora.client import RezoraSystem
from landbridge.systems.rezora.config import RezoraConfig

LOCATION = "sbxLocation000000001"
PEOPLE = 23
PAGE = 5

JANUARY = 1767605400.0
"""2026-01-05 09:30:00 UTC."""


class InstantClock:
    """Sleeping moves the time and takes none."""

    def __init__(self, now: float = JANUARY) -> None:
        self._now = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self._now += seconds


class SimulatedClock:
    """Many tasks in one made-up time, which moves on only when all of them wait."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, next(self._order), future))
        await future

    async def run(self, *work: Awaitable[object]) -> None:
        """Until all of the work is done."""
        whole = asyncio.gather(*work)
        while not whole.done():
            for _ in range(8):  # let every task run until it waits
                await asyncio.sleep(0)
            if self._sleepers and not whole.done():
                self.time, _, future = heapq.heappop(self._sleepers)
                if not future.done():
                    future.set_result(None)
        await whole


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the tiny server got it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return msgspec.json.decode(self.body)


Reply = web.StreamResponse | Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class TinyServer:
    """Answers from a script, the last line of which repeats."""

    script: list[Reply] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, request.raw_path, headers, await request.read()))
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if callable(reply) and not isinstance(reply, web.StreamResponse):
            return await reply(request)
        return reply

    def says(self, *replies: Reply) -> None:
        """What to answer from now on."""
        self.script[:] = replies
        self.seen.clear()


@asynccontextmanager
async def tiny_server(*replies: Reply) -> AsyncIterator[TinyServer]:
    """A server on loopback for as long as the block lasts."""
    server = TinyServer(list(replies))
    runner = web.ServerRunner(web.Server(server.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def answer(body: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names with ``_`` for ``-``. Made anew for every request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def reply(_: web.BaseRequest) -> web.StreamResponse:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return web.Response(body=content, status=status, headers={"content-type": "application/json"} | named)

    return reply


async def hang_up(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def cut(request: web.BaseRequest) -> web.StreamResponse:
    """Promise more than is sent."""
    response = web.StreamResponse(headers={"content-type": "application/json", "content-length": "900"})
    await response.prepare(request)
    await response.write(b'{"contacts": [')
    assert request.transport is not None
    request.transport.close()
    return response


def page(text: str, status: int = 200) -> Reply:
    """A web page where an API should be."""
    return answer(f"<html><body>{text}</body></html>".encode(), status, content_type="text/html")


class OneToken:
    """Credentials that can be renewed once, if at all."""

    def __init__(self, newer: bool = False) -> None:
        self.token = "first-secret-token"
        self.newer = newer
        self.refused = 0
        self.accepted = 0

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def on_unauthorised(self, refused: Mapping[str, str]) -> bool:
        self.refused += 1
        if self.newer:
            self.token = "second-secret-token"
        return self.newer

    async def on_accepted(self, accepted: Mapping[str, str]) -> None:
        self.accepted += 1


def client_of(
    url: str,
    clock: Clock,
    *,
    authorise: Authorise | None = None,
    config: HttpConfig | None = None,
    quota: Quota | None = None,
    dialect: Dialect | None = None,
    side: Side = Side.HIGHLEVEL,
) -> HttpClient:
    """An HTTP client with what a test does not care about filled in."""
    return HttpClient(
        url,
        side,
        clock=clock,
        rng=random.Random(1),  # repeatable pauses
        config=config or HttpConfig(),
        quota=quota or Quota(0, daily=0, clock=clock),
        authorise=authorise or OneToken(),
        dialect=dialect or HighLevelDialect(),
    )


def http() -> HttpConfig:
    return HttpConfig(attempts=3)


def rng() -> random.Random:
    return random.Random(4)  # repeatable pauses


def highlevel_of(
    sandbox: Sandbox,
    clock: InstantClock,
    grant: Grant,
    *,
    marker_field: str = "",
    quota: Quota | None = None,
    **config: Any,
) -> HighLevelSystem:
    return open_highlevel(
        HighLevelConfig(api_url=sandbox.highlevel_url, page_size=PAGE, **config),
        MemoryGrants(grant),
        http=http(),
        quota=quota or Quota(0, daily=0, clock=clock),
        clock=clock,
        rng=rng(),
        marker_field=marker_field,
    )


def rezora_of(
    sandbox: Sandbox, clock: InstantClock, *, quota: Quota | None = None, **config: Any
) -> RezoraSystem:
    account = SandboxRezora()
    login = {"username": account.username, "password": account.password} | config
    return RezoraSystem(
        RezoraConfig(api_url=f"{sandbox.rezora_url}/v1", **login),
        http=http(),
        quota=quota or Quota(0, daily=0, clock=clock),
        clock=clock,
        rng=rng(),
    )


PIT = Grant(kind="pit", access_token=FULL_PIT, location_id=LOCATION)
VERSIONS = ["2021-07-28", "v3"]


@asynccontextmanager
async def running(**config: Any) -> AsyncIterator[Sandbox]:
    settings = {"highlevel": SandboxHighLevel(burst=0)} | config
    async with Sandbox(SandboxConfig(people=PEOPLE, **settings)) as sandbox:
        yield sandbox


def fault(sandbox: Sandbox, **fields: object) -> None:
    for found in read_faults(fields):
        sandbox.faults.add(found)
