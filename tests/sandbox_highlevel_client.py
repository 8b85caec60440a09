"""A tiny client of the HighLevel sandbox for its tests: one world, one token, JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from landbridge.sandbox.highlevel import HighLevelConfig, HighLevelWorld
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.wire import Answer, Ids, Request, SandboxClock

START = 1_790_000_000.0  # 2026-09-21, a Monday in the sandbox's own time
REDIRECT = "http://127.0.0.1:8431/connect/highlevel/callback"


@dataclass(slots=True)
class Reply:
    """An answer with its JSON read."""

    status: int
    json: dict[str, Any]
    headers: dict[str, str]


@dataclass(slots=True)
class Client:
    """Sends requests with a token and a version, as an app would."""

    world: HighLevelWorld
    clock: SandboxClock
    token: str = FULL_PIT
    version: str = "2021-07-28"
    location: str = field(init=False)

    def __post_init__(self) -> None:
        self.location = self.world.config.location_id

    def raw(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """One request without token or version unless given."""
        parts = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return self.world.answer(Request(method, parts.path, query, headers or {}, body))

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """One JSON request."""
        sent = {"authorization": f"Bearer {self.token}", "version": self.version, **headers}
        answer = self.raw(method, path, b"" if body is None else json.dumps(body).encode(), sent)
        return Reply(answer.status, json.loads(answer.body), answer.headers)

    def form(self, path: str, fields: dict[str, str], **headers: str) -> Reply:
        """One form."""
        sent = {"content-type": "application/x-www-form-urlencoded", **headers}
        answer = self.raw("POST", path, urlencode(fields).encode(), sent)
        return Reply(answer.status, json.loads(answer.body), answer.headers)

    def create(self, **fields: object) -> dict[str, Any]:
        """A contact made by API, as answered."""
        reply = self.send("POST", "/contacts/", {"locationId": self.location, **fields})
        assert reply.status == 201, reply.json
        contact: dict[str, Any] = reply.json["contact"]
        return contact

    def contact(self, contact_id: str) -> dict[str, Any]:
        """A contact as read."""
        reply = self.send("GET", f"/contacts/{contact_id}")
        assert reply.status == 200, reply.json
        contact: dict[str, Any] = reply.json["contact"]
        return contact

    def search(self, **body: object) -> Reply:
        """One page of the contact search; 500 records unless told otherwise."""
        return self.send("POST", "/contacts/search", {"locationId": self.location, "pageLimit": 500, **body})

    def found(self, *filters: object, **body: object) -> set[str]:
        """First names a filter finds."""
        reply = self.search(filters=list(filters), **body)
        assert reply.status == 200, reply.json
        return {contact["firstName"] for contact in reply.json["contacts"]}

    def event_types(self) -> list[str]:
        """Types of the events so far."""
        return [event["type"] for event in self.world.events]

    # The app

    def consent(self, scopes: Sequence[str], state: str = "", decision: str = "allow") -> dict[str, str]:
        """The query of the redirect after the consent page."""
        asked = {"response_type": "code", "client_id": self.world.config.client_id, "redirect_uri": REDIRECT}
        query = urlencode({**asked, "scope": " ".join(scopes), "state": state})
        form = urlencode({"decision": decision}).encode()
        answer = self.raw("POST", f"/v2/oauth/chooselocation?{query}", form)
        assert answer.status == 302
        return {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }

    def app(self, **fields: str) -> dict[str, str]:
        """Token fields of the app, in v2 names."""
        config = self.world.config
        return {"client_id": config.client_id, "client_secret": config.client_secret, **fields}

    def connect(self, *scopes: str, user_type: str = "Location") -> dict[str, Any]:
        """A pair of tokens through consent; the client uses the access token from now on."""
        code = self.consent(scopes)["code"]
        fields = self.app(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT, user_type=user_type
        )
        reply = self.form("/oauth/token", fields)
        assert reply.status == 200, reply.json
        self.token = reply.json["access_token"]
        return reply.json

    def refresh(self, token: str) -> Reply:
        """One refresh."""
        return self.form("/oauth/token", self.app(grant_type="refresh_token", refresh_token=token))


def client(**config: Any) -> Client:
    """A fresh world with a frozen clock and no quota unless asked for."""
    clock = SandboxClock(START)
    world = HighLevelWorld(clock, Ids(7), HighLevelConfig(**{"burst": 0, **config}))
    return Client(world, clock)
