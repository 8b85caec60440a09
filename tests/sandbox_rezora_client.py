"""A few lines that speak Rezora v1 to an in-memory world, for the tests of the sandbox itself."""

from __future__ import annotations

from base64 import b64encode

import msgspec

from landbridge.sandbox.rezora import RezoraConfig, RezoraWorld
from landbridge.sandbox.wire import Answer, Ids, Request, SandboxClock

ADA = {"contact_name": "Ada Byron", "contact_email": "ada@example.org"}
SELF, PRIMARY_SPHERE = "55500", "900"
JANUARY = 1767605400.0
"""2026-01-05 09:30:00 UTC."""


def basic(username: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


class Client:
    """One world with a frozen clock, and requests with the agent's credentials unless told otherwise."""

    def __init__(self, config: RezoraConfig | None = None) -> None:
        self.clock = SandboxClock(JANUARY)
        self.config = config or RezoraConfig()
        self.world = RezoraWorld(self.clock, Ids(1), self.config)
        self.agent = basic(self.config.username, self.config.password)
        self.company = basic(self.config.company_username, self.config.company_password)

    def send(
        self, method: str, path: str, body: bytes = b"", *, credentials: str | None = None, **headers: str
    ) -> Answer:
        """One request; header names with ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["authorization"] = self.agent if credentials is None else credentials
        return self.world.answer(Request(method, "/v1/" + path, {}, named, body))

    def ask(
        self, method: str, path: str, fields: dict[str, str] | None = None, *, company: bool = False
    ) -> tuple[int, list[dict[str, str]]]:
        """A JSON request and its answer: HTTP status and rows."""
        body = b"" if fields is None else msgspec.json.encode({"data": fields})
        credentials = self.company if company else None
        answer = self.send(
            method, path + ".json", body, credentials=credentials, content_type="application/json"
        )
        return answer.status, msgspec.json.decode(answer.body, type=list[dict[str, str]])

    def rows(self, path: str, *, company: bool = False) -> list[dict[str, str]]:
        """The rows of a GET that must succeed."""
        status, rows = self.ask("GET", path, company=company)
        assert status == 200, rows
        return rows

    def new_contact(self, **fields: str) -> str:
        """Create a contact and return its id."""
        status, rows = self.ask("POST", "contacts", ADA | fields)
        assert status == 200, rows
        return rows[0]["contact_id"]

    def new_list(self, name: str) -> str:
        """Create a list and return its id."""
        status, rows = self.ask("POST", "lists", {"list_name": name})
        assert status == 200, rows
        return rows[0]["list_id"]

    def join(self, list_id: str, contact_id: str) -> str:
        """Put a contact on a list and return the membership's id."""
        status, rows = self.ask("POST", f"lists/{list_id}/contacts", {"contact_id": contact_id})
        assert status == 200, rows
        return rows[0]["contacttolist_id"]
