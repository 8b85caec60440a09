"""A bridge with tasks and appointments in a store, for tests and pictures of the calendar and of contacts."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from inprocess import folder, new_database
from landbridge.engine.calendar_feed import Reminders
from landbridge.engine.feeds import Feeds
from landbridge.store import activities, observed
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.keyring import Key
from landbridge.store.observed import Sighting
from landbridge.store.runs import Runs
from landbridge.store.vault import Vault
from landbridge.sync.activity import Activity
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Kind, Record, Side
from landbridge.sync.rules import default_policy
from web_scenes import HIGHLEVEL, NOW, REZORA

ADA, BEA = "c7Qh2mW1xTzYb4Kd9LpR", "k2Vn8sE5uAjGf0Xc3MtO"
LATE = NOW + 2 * 86_400  # 2026-11-25 12:00:00 UTC, a Wednesday


class MovableClock:
    """Stands at ``at``."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here sleeps, not even {seconds} s")


def appointment(key: str, contact: str = ADA, side: Side = Side.HIGHLEVEL, **fields: str) -> Activity:
    given = {"title": "Showing", "status": "confirmed"} | fields
    return Activity(side, Kind.APPOINTMENT, key, contact, given, "2026-11-20T10:00:00Z")


def task(key: str, contact: str = ADA, side: Side = Side.HIGHLEVEL, **fields: str) -> Activity:
    return Activity(side, Kind.TASK, key, contact, {"title": "Call back", "completed": "0"} | fields)


@dataclass(slots=True)
class Scene:
    """One bridge, its store and its calendars."""

    database: Database
    bridge: Bridge
    feeds: Feeds
    clock: MovableClock
    run: int

    async def keep(self, *seen: Activity) -> None:
        async with self.database.write() as connection:
            await activities.save(connection, self.bridge.id, self.run, seen)

    async def know(self, side: Side, key: str, name: str, email: str = "", **fields: str) -> None:
        """A contact that was seen."""
        record = Record(side, key, fields, opted_out=False)
        async with self.database.write() as connection:
            sight = Sighting(record, "p", name, email)
            await observed.save(connection, self.bridge.id, self.run, [sight], NOW)

    async def read(self, *, tasks_as_events: bool = False) -> bytes:
        """The calendar, by the address that its page shows."""
        secret = secret_of((await self.feeds.show(self.bridge)).address)
        found = await self.feeds.read(secret, tasks_as_events=tasks_as_events)
        assert found is not None
        return found.content


def secret_of(address: str) -> str:
    return address.rpartition("/")[2].removesuffix(".ics")


def feeds_over(
    database: Database, clock: MovableClock, key: bytes = b"k" * 32, reminders: Reminders | None = None
) -> Feeds:
    return Feeds(database, Vault(database, Key(key)), clock, "https://bridge.example.com", reminders)


@asynccontextmanager
async def scene(seen: Sequence[Activity] = ()) -> AsyncIterator[Scene]:
    """A store with one bridge, two contacts in HighLevel, and these activities."""
    home = folder()
    database = Database(f"sqlite+aiosqlite:///{new_database(home)}")
    clock = MovableClock()
    bridges = Bridges(database)
    left = await bridges.save_account(
        Side.HIGHLEVEL, HIGHLEVEL.external_id, HIGHLEVEL.title, HIGHLEVEL.capability, NOW
    )
    right = await bridges.save_account(Side.REZORA, REZORA.external_id, REZORA.title, REZORA.capability, NOW)
    bridge = await bridges.create("Harbor Street", left, right, write_policy(default_policy()), NOW)
    run = await Runs(database).start(bridge.id, "sync", "test", "", NOW)
    made = Scene(database, bridge, feeds_over(database, clock), clock, run.id)
    await made.know(Side.HIGHLEVEL, ADA, "Ada Brook", "ada.brook@example.net")
    await made.know(Side.HIGHLEVEL, BEA, "bea@example.net", "bea@example.net")
    await made.keep(*seen)
    await Runs(database).finish(run.id, "done", NOW)
    try:
        yield made
    finally:
        await database.close()
        shutil.rmtree(home)
