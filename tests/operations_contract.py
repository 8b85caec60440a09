"""A HighLevel that holds every request against the vendor's OpenAPI files, and a Landbridge that calls it.

What the sandbox plays is answered by the sandbox, everything else with an answer that is made up. Without
the files the requests are answered and not checked.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import structlog
from multidict import CIMultiDict
from yarl import URL

from inprocess import new_database
from landbridge.app import App, open_app
from landbridge.connections import RezoraLogin
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.highlevel.config import HighLevelConfig as SandboxHighLevel
from landbridge.sandbox.wire import Request
from landbridge.settings import load_settings
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.sync.model import Side
from landbridge.systems.base import Grant
from landbridge.systems.highlevel.operations import highlevel_operations
from landbridge.systems.operations import Operation, Parameter
from operations_files import SHOWN_OTHERWISE, Documented, documented, flat, resolved
from systems_fakes import InstantClock
from test_sandbox_highlevel_openapi import Fit, Scene, is_played
from test_sandbox_highlevel_openapi import Operation as Played

LOCATION = SandboxHighLevel().location_id
COMPANY = "made0up0company00001"
ID = "made0up0id0000000001"
ALL_SCOPES = tuple(sorted({one.scope for one in highlevel_operations().values()} - {""}))
LIMITS = {"x-ratelimit-limit-daily": "200000", "x-ratelimit-daily-remaining": "199990"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it left."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes

    @property
    def call(self) -> str:
        return f"{self.method} {self.url.raw_path}"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Content:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self._body


class _Answered:
    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = CIMultiDict({"content-type": "application/json", **headers})
        self.content = _Content(body)

    def close(self) -> None:
        """Nothing is open."""


class Died(BaseException):
    """The process dies while a request is under way."""


@dataclass
class ContractServer:
    """A connection pool; every request must be one of the files, with the right token and version.

    ``script`` holds answers (status, body, headers) that come before any others.
    """

    sent: list[Sent] = field(default_factory=list)
    script: list[tuple[int, object, Mapping[str, str]]] = field(default_factory=list)
    scene: Scene | None = None
    scopes: tuple[str, ...] = ALL_SCOPES
    dies: bool = False

    @asynccontextmanager
    async def request(
        self, method: str, url: URL, *, data: bytes | None, headers: Mapping[str, str], allow_redirects: bool
    ) -> AsyncIterator[_Answered]:
        assert not allow_redirects, "a call must not follow a redirect"
        assert url.host == "highlevel.example", "a call goes to the API and nowhere else"
        one = Sent(method, url, {name.lower(): value for name, value in headers.items()}, data or b"")
        self.sent.append(one)
        if self.dies:
            raise Died
        if self.script:
            status, answer, more = self.script.pop(0)
            yield _Answered(status, json.dumps(answer).encode(), LIMITS | dict(more))
            return
        problems = self.problems(one)
        if problems:
            body = {"statusCode": 422, "message": problems, "error": "Unprocessable Entity"}
            yield _Answered(422, json.dumps(body).encode(), LIMITS)
            return
        yield self._answer(one)

    async def close(self) -> None:
        """Nothing is open."""

    def problems(self, one: Sent) -> list[str]:
        """What of a request is not as the files say; nothing where the files are not."""
        found = [] if one.headers.get("authorization") == f"Bearer {FULL_PIT}" else ["token"]
        if not documented():
            return found
        facts = _route(one)
        if facts is None:
            return [*found, f"there is no {one.call}"]
        scopes = {s for way in facts.item.get("security", ()) for names in way.values() for s in names}
        if not scopes <= set(self.scopes):
            found.append(f"scope {scopes}")
        if one.headers.get("version") not in facts.versions:
            found.append("version")
        return found + _wrong_query(facts, one) + _wrong_body(facts, one)

    def _answer(self, one: Sent) -> _Answered:
        if self.scene is None:
            return _Answered(200, json.dumps({"ok": one.call}).encode(), LIMITS)
        query = {name: values[-1] for name, values in parse_qs(one.url.raw_query_string).items()}
        told = self.scene.c.world.answer(Request(one.method, one.url.raw_path, query, one.headers, one.body))
        return _Answered(told.status, told.body, told.headers)


def _route(one: Sent) -> Documented | None:
    """The operation that a path belongs to; a literal segment wins over a hole."""
    parts = one.url.raw_path.split("/")
    fits = [
        facts
        for call, facts in documented().items()
        if call.partition(" ")[0] == one.method and _same(facts.path.split("/"), parts)
    ]
    return min(fits, key=lambda facts: facts.path.count("{"), default=None)


def _same(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        (a.startswith("{") and unquote(b).strip() != "") or a == b
        for a, b in zip(pattern, parts, strict=True)
    )


def _wrong_query(facts: Documented, one: Sent) -> list[str]:
    known = {p["name"]: p for p in facts.parameters if p["in"] == "query"}
    given = parse_qs(one.url.raw_query_string, keep_blank_values=True)
    found = [f"query {name} should not exist" for name in given.keys() - known.keys()]
    for name, parameter in known.items():
        schema = resolved(facts.file, parameter.get("schema", {}))
        values = given.get(name, [])
        if parameter.get("required") and not values:
            found.append(f"query {name} is required")
        if len(values) > 1 and schema.get("type") != "array":
            found.append(f"query {name} is there twice")
        for value in values:
            if schema.get("type") == "number" and not value.lstrip("-").replace(".", "", 1).isdigit():
                found.append(f"query {name} should be a number")
            if schema.get("type") == "boolean" and value not in ("true", "false"):
                found.append(f"query {name} should be true or false")
            if schema.get("enum") and value not in map(str, schema["enum"]):
                found.append(f"query {name} should be one of {schema['enum']}")
    return found


def _wrong_body(facts: Documented, one: Sent) -> list[str]:
    kind, schema = facts.content
    if not kind:
        return ["a body should not exist"] if one.body else []
    if kind not in one.headers.get("content-type", ""):
        return [f"the body should be {kind}"]
    if kind.startswith("multipart"):
        parts = [part for part in one.body.split(b"\r\n") if part.startswith(b"Content-Disposition")]
        return [] if parts and b"filename=" in parts[-1] else ["the form should have a file"]
    body = one.json
    properties, required = flat(facts.file, schema)
    if schema.get("type") == "array" or not properties:
        return Fit(facts.file).problems(body, schema)
    whole = {"type": "object", "properties": properties, "required": list(required)}
    sent = {name: value for name, value in body.items() if name not in SHOWN_OTHERWISE}
    unknown = [f"body {name} should not exist" for name in body.keys() - properties.keys()]
    return unknown + Fit(facts.file).problems(sent, whole)


@dataclass
class ContractRig:
    """A Landbridge whose location is the contract server."""

    app: App
    bridge: Bridge
    server: ContractServer
    clock: InstantClock


def _database_in(home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    return new_database(home)


@asynccontextmanager
async def contract_rig(
    home: Path,
    *,
    scopes: tuple[str, ...] = (),
    kind: str = "pit",
    can_write: bool = True,
    **settings: object,
) -> AsyncIterator[ContractRig]:
    """One bridge; ``scopes`` are those the grant tells of itself, none for a token that tells nothing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    clock, server = InstantClock(), ContractServer()
    given = {"home": home, "highlevel_api_url": "https://highlevel.example", "log_level": "error"}
    made = load_settings({}, given | settings)
    database = Database(f"sqlite+aiosqlite:///{_database_in(home)}")
    try:
        async with open_app(made, clock, database=database, transport=lambda: server) as app:
            facts = {"can_write": can_write}
            here = await app.bridges.save_account(
                Side.HIGHLEVEL, LOCATION, "Harbor Street", facts, clock.now()
            )
            there = await app.bridges.save_account(
                Side.REZORA, "harbor-api", "Harbor Street", {}, clock.now()
            )
            oauth = kind == "oauth"
            grant = Grant(
                kind="oauth" if oauth else "pit",
                access_token=FULL_PIT,
                scopes=scopes,
                location_id=LOCATION,
                company_id=COMPANY if oauth else "",
            )
            await app._vault.replace(here.id, grant)
            await app._vault.replace(there.id, RezoraLogin("harbor-api", "made-up"))
            yield ContractRig(app, await app.create_bridge("test"), server, clock)
    finally:
        structlog.reset_defaults()


def playable(one: Operation) -> Scene | None:
    """The sandbox with what the operation needs, if the sandbox plays it."""
    played = Played(one.app, False, one.method, one.path)
    if one.app == "opportunities" or not is_played(played):
        return None
    return Scene(played)


def arguments_for(one: Operation, scene: Scene | None) -> dict[str, object]:
    """What to call an operation with: what the scene has, else an example of every parameter."""
    if scene is None:
        return {p.name: example(one, p) for p in one.parameters if p.filled != "location"}
    values = dict(zip(one.path.split("/"), scene.path().split("/"), strict=True))
    found: dict[str, object] = {part[1:-1]: value for part, value in values.items() if part.startswith("{")}
    body = scene.body()
    if isinstance(body, dict):
        found |= body
    for name, (value, *_) in parse_qs(scene.query()).items():
        parameter = one.parameter(name)
        if parameter is not None and parameter.place == "query":
            found[name] = int(value) if parameter.type == "number" else value
    return {name: value for name, value in found.items() if name not in ("locationId", "location_id")}


def example(one: Operation, parameter: Parameter) -> object:
    """A value that fits: by the files where they are, else by the type."""
    if parameter.enum and parameter.type != "strings":
        return parameter.enum[0]
    if parameter.name == "country":
        return "US"
    facts = documented().get(one.call)
    if facts is not None and parameter.type in ("object", "objects", "list", "strings"):
        kind, schema = facts.content
        whole = parameter.place == "whole"
        properties = {parameter.name: schema} if whole else flat(facts.file, schema)[0] if kind else {}
        if parameter.name in properties:
            return _example(facts.file, properties[parameter.name])
    plain: dict[str, object] = {
        "string": ID, "number": 10, "boolean": True, "object": {"key": "value"}, "strings": ["a", "b"],
        "objects": [{"key": "value"}], "list": [], "file": {"name": "a.txt", "field": ID, "base64": "aGk="},
    }  # fmt: skip
    return plain[parameter.type]


def _example(file: Path, schema: Mapping[str, Any]) -> Any:
    schema = resolved(file, schema)
    for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        return _example(file, part)
    if schema.get("enum"):
        return schema["enum"][0]
    properties, _ = flat(file, schema)
    if properties:
        return {name: _example(file, part) for name, part in properties.items()}
    if schema.get("type") == "array":
        return [_example(file, schema.get("items", {}))]
    plain = {"number": 1, "integer": 1, "boolean": True, "string": "text"}
    return plain.get(schema.get("type", ""), {})
