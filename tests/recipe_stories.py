"""Recipes in a simulated world: what people do and see in both systems and at the pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from landbridge.app import App
from landbridge.engine.recipe_book import Card, Trial
from landbridge.store.bridges import Bridge
from landbridge.store.recipes import Firing
from simulation import Simulation

T = TypeVar("T")


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
