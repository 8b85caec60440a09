"""A tiny world of one kind of record and a way to run a sandbox with two of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from landbridge.sandbox.people import Person
from landbridge.sandbox.server import Sandbox
from landbridge.sandbox.wire import Answer, Ids, Request, SandboxClock
from landbridge.sandbox.worlds import Maker, SandboxConfig


@dataclass(slots=True)
class TinyConfig:
    greeting: str = "hello"
    burst: int = 100
    identifiers: tuple[str, ...] = ("email",)
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class FrozenTinyConfig:
    greeting: str = "good day"


class TinyWorld:
    """GET and POST /contacts, GET and DELETE /contacts/{id}, GET /hello, GET /broken."""

    def __init__(self, clock: SandboxClock, ids: Ids, config: Any) -> None:
        self.clock, self.ids, self.config = clock, ids, config
        self.contacts: dict[str, dict[str, object]] = {}
        self.added = asyncio.Event()

    def answer(self, request: Request) -> Answer:
        if request.path == "/hello":
            return _answer({"greeting": self.config.greeting, "query": dict(request.query)})
        if request.path == "/broken":
            raise RuntimeError("this route is broken on purpose")
        if request.path == "/contacts" and request.method == "GET":
            return _answer({"contacts": list(self.contacts.values()), "total": len(self.contacts)})
        if request.path == "/contacts":
            return _answer(self._add(json.loads(request.body)), 201)
        contact = request.path.removeprefix("/contacts/")
        if contact not in self.contacts:
            return _answer({"message": "not found"}, 404)
        if request.method == "DELETE":
            return _answer(self.contacts.pop(contact))
        return _answer(self.contacts[contact])

    def seed(self, people: Sequence[Person]) -> None:
        for person in people:
            self._add({"email": person.email})

    def seed_activities(self, count: int, seed: int) -> None:
        """It has none."""

    def edit(self, command: Mapping[str, object]) -> dict[str, object]:
        if command.get("action") != "update":
            raise ValueError("action must be update.")
        contact = self.contacts[str(command["id"])]
        fields = command["fields"]
        assert isinstance(fields, dict)
        contact |= fields
        return dict(contact)

    def dump(self) -> dict[str, Any]:
        return {"contacts": self.contacts}

    def load(self, state: Mapping[str, Any]) -> None:
        self.contacts = dict(state["contacts"])

    def reset(self) -> None:
        self.contacts.clear()

    def _add(self, fields: dict[str, object]) -> dict[str, object]:
        contact = {"id": self.ids.text(), **fields}
        self.contacts[str(contact["id"])] = contact
        self.added.set()
        return contact


TINY: dict[str, Maker] = {"highlevel": TinyWorld, "rezora": TinyWorld}


def tiny_config(**settings: Any) -> SandboxConfig:
    defaults: dict[str, Any] = {"people": 3, "highlevel": TinyConfig(), "rezora": FrozenTinyConfig()}
    return SandboxConfig(**(defaults | settings))


class Caller:
    """Asks a running sandbox over real HTTP, one connection a request so that no client repeats by itself."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox, self.session = sandbox, session

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and decoded JSON (None for an empty body)."""
        sent = None if body is None else json.dumps(body).encode()
        async with self.session.request(
            method, self.sandbox.url + path, data=sent, headers=headers
        ) as answer:
            got = await answer.read()
            return answer.status, json.loads(got) if got else None

    async def get(self, path: str) -> Any:
        """The decoded body of a GET that must succeed."""
        status, got = await self.send("GET", path)
        assert status == 200, got
        return got

    async def post(self, path: str, body: object) -> Any:
        """The decoded body of a POST that must succeed."""
        status, got = await self.send("POST", path, body)
        assert status in (200, 201), got
        return got

    async def fault(self, **fault: object) -> None:
        """Put one fault in force."""
        await self.post("/_sandbox/faults", {"faults": [fault]})

    def emails(self, side: str = "highlevel") -> list[str]:
        """What the world holds now, asked behind HTTP's back."""
        world = self.sandbox.worlds[side]
        assert isinstance(world, TinyWorld)
        return [str(contact.get("email", "")) for contact in world.contacts.values()]


@asynccontextmanager
async def running(config: SandboxConfig | None = None) -> AsyncIterator[Caller]:
    """A started sandbox of two tiny worlds."""
    async with Sandbox(config or tiny_config(), makers=TINY) as sandbox, calling(sandbox) as caller:
        yield caller


@asynccontextmanager
async def calling(sandbox: Sandbox) -> AsyncIterator[Caller]:
    """A client of a started sandbox."""
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Caller(sandbox, session)


def _answer(tree: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(tree).encode(), {"content-type": "application/json"})
