"""The web site under fuzz: the API as OpenAPI describes it, every form, every page, the receiver.

A whole Landbridge beside a sandbox in this process, and an owner who is logged in.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlencode

import requests
import schemathesis
from argon2 import PasswordHasher
from hypothesis import strategies as st
from schemathesis import GenerationMode
from starlette.routing import BaseRoute

from fuzz_inputs import EVENT, bodies, texts
from fuzz_targets import ADDRESSES, Target
from landbridge.access import passwords
from landbridge.app import App
from landbridge.systems.outgoing_webhook import WebhookSender
from landbridge.web.security import WEBHOOKS
from landbridge.web.site import build_site
from landbridge_rig import landbridge
from web_client import HOST, Answer, Client
from webhook_posts import ed25519, public, signed

OWN = {"sec-fetch-site": "same-origin"}
FORM = OWN | {"content-type": "application/x-www-form-urlencoded"}
JSON = OWN | {"content-type": "application/json"}
SLOW = {"/api/v1/alerts/test"}  # none is configured, and the answer is always the same


async def nowhere(host: str, port: int) -> Sequence[str]:
    """No fuzzed address is ever looked up."""
    raise OSError(f"{host}:{port} is not looked up here")


class Stranger:
    """An owner's browser and key at a site; both are made anew when an input logged them out."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.client = Client(build_site(app, app.clock))
        self._key = ""
        self.owner = 0

    async def arrive(self) -> None:
        """Become the owner."""
        self.owner = await self.app.people.first("Ada", "ada@example.com", "river anvil candle moss")

    async def page(self, method: str, path: str, body: bytes = b"") -> Answer:
        """A request of the browser."""
        answer = await self.client.ask(method, path, body, FORM)
        if not self.client.cookies.get("landbridge-login") or answer.headers.get("location", "").startswith(
            "/login"
        ):
            self.client.cookies["landbridge-login"] = await self.app.doors.open_for(self.owner)
        return answer

    async def api(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """A request of a program."""
        answer = await self._with_key(method, path, body, headers)
        if answer.status == 401:
            self._key = (await self.app.doors.make_key("fuzz", "owner", by="fuzz")).secret
            answer = await self._with_key(method, path, body, headers)
        return answer

    async def _with_key(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        program = Client(self.client.site)
        return await program.ask(method, path, body, headers | {"authorization": f"Bearer {self._key}"})


def sound(answer: Answer, what: str) -> None:
    """No 5xx but 502, which says in our own words that a system refused or failed; never a traceback."""
    told = f"{what} answered {answer.status}"
    assert answer.status < 500 or answer.status == 502, told
    assert "Traceback (most" not in answer.text, told
    assert answer.headers["x-content-type-options"] == "nosniff", told
    if answer.status == 502 and answer.headers["content-type"].startswith("application/json"):
        assert answer.json["fix"], told


def routes(found: Sequence[BaseRoute]) -> Iterator[Any]:
    """Every route of a site; FastAPI keeps an included router as one route."""
    for route in found:
        inner = getattr(route, "original_router", None)
        yield from routes(inner.routes) if inner is not None else [route]


def _api(stranger: Stranger, schema: Any) -> Target:
    """Requests that OpenAPI allows, and requests that it does not."""
    operations = [found.ok() for found in schema.get_all_operations()]
    ways = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    cases = st.tuples(st.sampled_from(operations), st.sampled_from(ways)).flatmap(
        lambda pair: pair[0].as_strategy(generation_mode=pair[1])
    )

    async def check(case: Any) -> None:
        if case.path in SLOW:
            return
        sent = requests.Request(**case.as_transport_kwargs(base_url=f"http://{HOST}")).prepare()
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
        assert isinstance(body, bytes)
        headers = {
            name: str(value)
            for name, value in sent.headers.items()
            if name.lower() in ("content-type", "accept")
        }
        answer = await stranger.api(str(sent.method), sent.path_url, body, OWN | headers)
        sound(answer, f"{sent.method} {case.path}")

    return Target("the API by OpenAPI", cases, check)


def _odd_bodies(stranger: Stranger, paths: Sequence[tuple[str, str]]) -> Target:
    """What is no JSON, or JSON of another shape than described."""
    given = st.tuples(
        st.sampled_from(paths), bodies({"bridge": 1, "parameters": {}}, {"text": "a"}, {"use": "x"}), texts
    )

    async def check(order: tuple[tuple[str, str], bytes, str]) -> None:
        (method, path), body, text = order
        sound(await stranger.api(method, _filled(path, text), body, JSON), f"{method} {path}")

    return Target("the API with odd bodies", given, check)


def _filled(path: str, text: str) -> str:
    for place in (
        "bridge_id",
        "webhook_id",
        "message_id",
        "person_id",
        "key_id",
        "hold_id",
        "run_id",
        "entry_id",
    ):
        path = path.replace(f"{{{place}:int}}", "1").replace(f"{{{place}}}", "1")
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + (quote(text, safe="") or "x") + rest.partition("}")[2]
    return path


def _pages(stranger: Stranger, found: Sequence[Any]) -> Target:
    """Every page and form, with the fields it knows and some it does not."""
    forms = []
    for route in found:
        dependant = getattr(route, "dependant", None)
        if dependant is None or route.path.startswith("/api/"):
            continue
        names = [one.alias for one in (*dependant.body_params, *dependant.query_params)]
        forms += [(method, route.path, tuple(names)) for method in route.methods - {"HEAD"}]

    @st.composite
    def orders(draw: st.DrawFn) -> tuple[str, str, str, list[tuple[str, str]]]:
        method, path, names = draw(st.sampled_from(sorted(forms)))
        words = texts | st.sampled_from(
            ["1", "0", "on", "highlevel", "rezora", "undo", "viewer", "ada@example.com"]
        )
        fields = [(name, draw(words)) for name in names if draw(st.integers(0, 5))]
        return method, path, draw(texts), fields + draw(st.lists(st.tuples(texts, words), max_size=2))

    async def check(order: tuple[str, str, str, list[tuple[str, str]]]) -> None:
        method, path, text, fields = order
        coded = urlencode(fields)
        full = _filled(path, text)
        if method == "GET":
            answer = await stranger.page(method, f"{full}?{coded}")
        else:
            answer = await stranger.page(method, full, coded.encode())
        sound(answer, f"{method} {path}")

    return Target("pages and forms", orders(), check)


def _headers(stranger: Stranger) -> Target:
    """Headers that no browser sends, to pages that nobody has to log in for, and to others."""
    paths = st.sampled_from(
        ["/", "/login", "/healthz", "/api/v1/bridges", "/feeds/x.ics", "/static/x.css", WEBHOOKS]
    )
    names = ["host", "origin", "sec-fetch-site", "cookie", "authorization", "accept-encoding", "hx-request"]
    names += ["content-length", "if-none-match", "range", "x-forwarded-for", "content-type", "accept"]
    odd = (
        ADDRESSES
        | texts
        | st.sampled_from(["Bearer lb_x", "Bearer", "gzip;q=x", "bytes=9-1", "null", "[::1", "a=b;;=;"])
    )
    latin = odd.map(
        lambda text: text.encode("latin-1", "ignore").decode("latin-1").replace("\n", "").replace("\r", "")
    )

    async def check(given: tuple[str, str, str, dict[str, str]]) -> None:
        method, path, following, headers = given
        target = f"{path}?{urlencode({'next': following, 'v': following})}"
        visitor = Client(stranger.client.site)
        sound(await visitor.ask(method, target, b"", headers), f"{method} {path} with {sorted(headers)}")

    methods = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT"])
    return Target(
        "headers",
        st.tuples(methods, paths, odd, st.dictionaries(st.sampled_from(names), latin, max_size=4)),
        check,
    )


def _receiver(stranger: Stranger) -> Target:
    """Webhooks, signed as HighLevel signs, and with a signature that is none."""

    async def check(given: tuple[bytes, bool, str]) -> None:
        raw, genuine, signature = given
        headers = signed(raw) if genuine else {"x-ghl-signature": signature}
        answer = await stranger.client.ask("POST", WEBHOOKS, raw, headers)
        assert answer.status in (200, 400, 401, 413), f"{answer.status}"
        assert genuine or answer.status != 200

    odd = st.sampled_from(["", "N/A", "AAAA", "=", "*", "A" * 88])
    location = {"locationId": "sbxLocation000000001"}
    return Target("the receiver", st.tuples(bodies(EVENT, EVENT | location), st.booleans(), odd), check)


@asynccontextmanager
async def site_targets() -> AsyncIterator[tuple[Target, ...]]:
    """The targets, up while the block runs."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with (
        patch.object(passwords, "_hasher", lambda: hasher),  # passwords are not what is fuzzed
        tempfile.TemporaryDirectory(prefix="landbridge-fuzz-") as home,
    ):
        keys = public(ed25519())
        async with landbridge(Path(home), people=8, highlevel_webhook_keys=keys) as rig:
            rig.app.outgoing.sender = WebhookSender(resolve=nowhere)
            stranger = Stranger(rig.app)
            await stranger.arrive()
            found = list(routes(stranger.client.site.routes))
            described = json.loads((await stranger.api("GET", "/api/v1/openapi.json", b"", {})).text)
            schema = schemathesis.openapi.from_dict(described)
            changing = [
                (method, route.path)
                for route in found
                if getattr(route, "path", "").startswith("/api/v1") and getattr(route, "dependant", None)
                for method in sorted(route.methods - {"GET", "HEAD"})
            ]
            yield (
                _api(stranger, schema),
                _odd_bodies(stranger, changing),
                _pages(stranger, found),
                _headers(stranger),
                _receiver(stranger),
            )
