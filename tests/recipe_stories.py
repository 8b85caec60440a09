"""Recipes in a simulated world: HighLevel's tasks and notes over its own routes, and what people see."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from inprocess import Crasher
from landbridge.app import App
from landbridge.engine.recipe_book import Card, Trial
from landbridge.sandbox.highlevel.config import FULL_PIT, HighLevelConfig
from landbridge.sandbox.server import Sandbox
from landbridge.store.bridges import Bridge
from landbridge.store.recipes import Firing
from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind, Side
from landbridge.systems.activities import ActivityPage
from landbridge.systems.base import Gone, ReconnectNeeded, Rejected, System, Unavailable
from simulation import Simulation

T = TypeVar("T")
ROUTES = {Kind.TASK: "tasks", Kind.NOTE: "notes"}
TASK_NAMES = {"title": "title", "body": "body", "due": "dueDate", "assigned_to": "assignedTo"}


class SandboxActivities:
    """Tasks, notes and appointments of the sandbox, over HTTP routes as any client would."""

    def __init__(self, sandbox: Sandbox, crasher: Crasher) -> None:
        self._sandbox = sandbox
        self._crasher = crasher

    @property
    def listed(self) -> frozenset[Kind]:
        """Tasks, by the location's search."""
        return frozenset({Kind.TASK})

    async def probe(self) -> tuple[frozenset[Kind], frozenset[Kind]]:
        """All."""
        return frozenset(ROUTES), frozenset(ROUTES)

    async def listing(self, kind: Kind, cursor: str | None = None) -> ActivityPage:
        """All tasks of the location; ids are under ``_id`` there (highlevel.md 2.3.1)."""
        path = f"locations/{HighLevelConfig().location_id}/tasks/search"
        answer = await self._call("POST", path, body={"limit": 100})
        rows = [{**row, "id": row["_id"]} for row in answer["tasks"]]
        return ActivityPage([self._activity(kind, row) for row in rows], None)

    async def of_contact(self, kind: Kind, contact_id: str) -> Sequence[Activity]:
        """All of one kind."""
        answer = await self._call("GET", f"contacts/{contact_id}/{ROUTES[kind]}")
        return [self._activity(kind, row) for row in answer[ROUTES[kind]]]

    async def one(self, kind: Kind, contact_id: str, activity_id: str) -> Activity:
        """By id."""
        if kind is Kind.APPOINTMENT:
            answer = await self._call("GET", f"calendars/events/appointments/{activity_id}", "2021-04-15")
            row = answer.get("appointment") or answer["event"]
            fields = {"status": row["appointmentStatus"], "start": row["startTime"]}
            return Activity(Side.HIGHLEVEL, kind, row["id"], row["contactId"], fields)
        answer = await self._call("GET", f"contacts/{contact_id}/{ROUTES[kind]}/{activity_id}")
        return self._activity(kind, answer[kind.value])

    async def create(self, kind: Kind, contact_id: str, fields: Mapping[str, str]) -> str:
        """One task or note."""
        if kind is Kind.TASK:
            body: dict[str, Any] = {TASK_NAMES[k]: v for k, v in fields.items() if k != "completed" and v}
            body["completed"] = fields["completed"] == "1"
        else:
            body = {"body": fields["body"]}
        answer = await self._call("POST", f"contacts/{contact_id}/{ROUTES[kind]}", body=body)
        return str(answer[kind.value]["id"])

    async def update(self, kind: Kind, contact_id: str, activity_id: str, fields: Mapping[str, str]) -> None:
        """Not used."""
        raise AssertionError

    async def delete(self, kind: Kind, contact_id: str, activity_id: str) -> None:
        """Not used."""
        raise AssertionError

    async def people(self) -> Mapping[str, str]:
        """Nobody."""
        return {}

    def _activity(self, kind: Kind, row: Mapping[str, Any]) -> Activity:
        names = {"body": "body"} if kind is Kind.NOTE else TASK_NAMES
        fields = {ours: str(row.get(theirs) or "") for ours, theirs in names.items()}
        return Activity(Side.HIGHLEVEL, kind, row["id"], row.get("contactId", ""), fields)

    async def _call(self, method: str, path: str, version: str = "2021-07-28", body: Any = None) -> Any:
        name = f"{method} {path.rsplit('/', maxsplit=1)[-1]}"
        self._crasher.checkpoint(f"before {name}")
        headers = {
            "authorization": f"Bearer {FULL_PIT}",
            "version": version,
            "content-type": "application/json",
        }
        raw = b"" if body is None else json.dumps(body).encode()
        exchange = await self._sandbox.exchange(method, f"/highlevel/{path}", headers, raw)
        self._crasher.checkpoint(f"after {name}")
        if exchange.ends == "hung up" or exchange.answer.status >= 500:
            raise Unavailable("HighLevel did not answer.")
        if exchange.answer.status == 401:
            raise ReconnectNeeded("The grant is lost.")
        if exchange.answer.status in (400, 404) and method == "GET":
            raise Gone("It is not there.")
        if exchange.answer.status >= 400:
            raise Rejected(f"HighLevel refused it: {exchange.answer.body.decode()}")
        return json.loads(exchange.answer.body)


class Unjudged:
    """In the place of the checker."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_args, **_rest: None


class World(Simulation):
    """Two accounts in agreement, with one bridge whose recipes can be switched on."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.checker = Unjudged()  # type: ignore[assignment]  # it knows a sync's writes, not a recipe's
        self.webhooks()
        self.activities = self.opened
        self.reopen()

    def opened(self, _system: System) -> SandboxActivities:
        """As a client of HighLevel's would be opened."""
        return SandboxActivities(self.sandbox, self.crasher)

    def ask(self, work: Callable[[App, Bridge], Awaitable[T]]) -> T:
        """What somebody does at the pages."""

        async def inside() -> T:
            app = await self.open()
            assert self.bridge is not None
            return await work(app, self.bridge)

        return self.run(inside())

    def on(self, name: str, **values: str) -> Card:
        """Switch a built-in recipe on."""

        async def work(app: App, bridge: Bridge) -> Card:
            if values:
                await app.recipes.set_values(bridge, name, values)
            return await app.recipes.switch(bridge, name, on=True)

        card = self.ask(work)
        self.look()
        return card

    def off(self, name: str) -> None:
        """Switch one off."""
        self.ask(lambda app, bridge: app.recipes.switch(bridge, name, on=False))

    def write(self, text: str) -> None:
        """Keep a recipe of one's own, and switch it on."""

        async def work(app: App, bridge: Bridge) -> None:
            card = await app.recipes.save(bridge, text)
            await app.recipes.switch(bridge, card.name, on=True)

        self.ask(work)
        self.look()

    def look(self, seconds: float = 60.0, times: int = 1) -> None:
        """Time passes, webhooks arrive, live work is done."""
        for _ in range(times):
            self.clock.advance(seconds)
            self.events()
            self.partly("live")

    def sync_now(self) -> None:
        """Everything is read, after a while."""
        self.clock.advance(60.0)
        run = self.sync()
        assert run is not None
        assert (run.state, run.sentence) == ("done", "")

    def firings(self, name: str = "") -> list[Firing]:
        """The newest first."""
        return self.ask(lambda app, bridge: app.recipes.firings(bridge, name, 500))

    def outcomes(self, name: str = "") -> list[str]:
        """Of the firings, oldest first."""
        return [one.state for one in reversed(self.firings(name))]

    def trial(self, name: str = "", text: str = "") -> Trial:
        """A dry run on yesterday."""
        return self.ask(lambda app, bridge: app.recipes.try_out(bridge, name, text))

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks in HighLevel."""
        found: list[dict[str, Any]] = list(self.highlevel.state.tables["tasks"].values())
        return found

    def notes(self) -> list[dict[str, Any]]:
        """All notes in HighLevel."""
        found: list[dict[str, Any]] = list(self.highlevel.state.tables["notes"].values())
        return found

    def person(self, first: str = "Ada", **more: Any) -> str:
        """Somebody makes a contact in HighLevel."""
        fields = {"firstName": first, "lastName": "Byron", "email": f"{first.lower()}@example.org"}
        return str(self.edit("highlevel", action="create", fields=fields | more)["id"])

    def linked_person(self, first: str = "Ada", **more: Any) -> tuple[str, str]:
        """Somebody who is in both, settled."""
        before = set(self.contacts("rezora"))
        one = self.person(first, **more)
        for _ in range(3):
            self.sync_now()
        (other,) = set(self.contacts("rezora")) - before
        return one, other

    def make_list(self, name: str) -> None:
        """Somebody makes a list in Rezora, if it is not there."""
        if name not in {row["list_name"] for row in self.rezora.dump()["lists"]}:
            self.sandbox.edit("rezora", {"kind": "list", "action": "create", "name": name})

    def webhooks(self, **faults: float) -> None:
        """What happens to them on their way."""
        fields = {"webhook_faults": faults}
        self.sandbox.edit("highlevel", {"kind": "config", "action": "set", "fields": fields})

    def tag(self, contact_id: str, *tags: str) -> None:
        """Somebody sets the tags of a contact."""
        for action in ("remove_tags", "add_tags"):
            had = self.tags(contact_id)
            changed = sorted(had - set(tags) if action == "remove_tags" else set(tags) - had)
            if changed:
                self.edit("highlevel", action=action, id=contact_id, tags=changed)

    def tags(self, contact_id: str) -> set[str]:
        """As HighLevel shows them."""
        return set(self.contacts("highlevel")[contact_id]["tags"])

    def journaled(self, note: str) -> list[tuple[str, str, str, str]]:
        """Entries with that cause: action, side, state, kind."""
        with sqlite3.connect(self.path) as store:
            rows = store.execute(
                "SELECT action, side, state, kind FROM journal WHERE note = ? ORDER BY id", (note,)
            ).fetchall()
        store.close()
        return rows
