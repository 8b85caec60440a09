"""A made-up bridge with recipes: real ones in a database of their own, some of which did something."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import insert

from inprocess import folder, new_database
from landbridge.engine.recipe_book import RecipeBook
from landbridge.store import observed, recipes
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.observed import Sighting
from landbridge.store.recipes import DONE, FAILED, SKIPPED, WAITING, Firing
from landbridge.store.tables import delivery
from landbridge.sync.model import Kind, Record, Side
from landbridge.sync.rules import ActivityRule, default_policy
from web_scenes import BRIDGE, NOW, FakeProduct, StillClock, status

OWN = """\
name = "Call new buyers"
on = "tag_added"
tag = "buyer"
delay = "1 hour"

[[do]]
action = "create_task"
title = "Call {{contact.first_name}}"
"""
PEOPLE = {"AbCd1234EfGh5678IjKl": "Ada Byron", "MnOp1234QrSt5678UvWx": "Bea Lane"}


async def carry(bridge: Bridge, _kind: Kind, _rule: ActivityRule | None) -> Bridge:
    """The mapping of these scenes does not change."""
    return bridge


@asynccontextmanager
async def product_with_recipes(*, empty: bool = False) -> AsyncIterator[FakeProduct]:
    """A bridge whose recipes are kept in a database of their own; ``empty`` leaves out what they did."""
    home = folder()
    database = Database(f"sqlite+aiosqlite:///{new_database(home)}")
    book = RecipeBook(database, StillClock(), lambda _bridge: default_policy(), carry)
    try:
        if not empty:
            await _furnish(database, book)
        yield FakeProduct.of(status(), recipes=book)
    finally:
        await database.close()
        shutil.rmtree(home, ignore_errors=True)


async def _furnish(database: Database, book: RecipeBook) -> None:
    await book.set_values(BRIDGE, "follow-up", {"title": "Welcome {{contact.first_name}}"})
    await book.switch(BRIDGE, "follow-up", on=True)
    await book.save(BRIDGE, OWN)
    one, two = PEOPLE
    on = {"on": "contact_new", "at": f"{NOW - 7200}"}
    listed = {"on": "tag_added", "mark": "buyer"}
    told = "The contact is paused."
    missing = "Rezora has no list named 'Buyers'. Make the list in Rezora, or name another one in the recipe."
    async with database.write() as connection:
        fired = [
            Firing("follow-up", "new 1", one, DONE, "", NOW - 7200, NOW - 7100, 1, on),
            Firing("follow-up", "new 2", two, SKIPPED, told, NOW - 3600, NOW - 3600, 0, on),
            Firing("tag-to-list", "tag 1", one, FAILED, missing, NOW - 1800, NOW - 1700, 1, listed),
            Firing("Call new buyers", "tag 2", two, WAITING, "", NOW + 1500, NOW - 600, 0, listed),
        ]
        await recipes.fire(connection, BRIDGE.id, fired)
        for number, (key, name) in enumerate(PEOPLE.items()):
            first = name.split()[0]
            record = Record(Side.HIGHLEVEL, key, {"firstName": first}, frozenset(), opted_out=False)
            sight = Sighting(record, "p", name, "", "")
            await observed.save(connection, BRIDGE.id, 1, [sight], NOW)
            row = {
                "webhook_id": f"w{number}",
                "bridge_id": BRIDGE.id,
                "type": "ContactCreate",
                "kind": "contact",
                "record_id": key,
                "at": NOW - 80_000,
                "received_at": NOW - 80_000 + number,
                "contact_id": key,
            }
            await connection.execute(insert(delivery).values(row))
