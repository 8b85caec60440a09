"""How long it takes to find a contact among many, and to read one page of one: the pages' own code."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from landbridge.engine.contact_book import ContactBook
from landbridge.engine.contact_lists import Search
from landbridge.store import activities, journal, links, observed
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.journal import Entry
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.store.runs import Runs
from landbridge.sync.activity import Activity
from landbridge.sync.mapping import read_policy, write_policy
from landbridge.sync.model import Kind, Link, Record, Side
from landbridge.sync.rules import default_policy
from landbridge.systems.base import RealClock

console = Console(highlight=False, width=120)
AIM = 200.0  # milliseconds
SOME = 1_000  # contacts written at once


def contacts(number: int, rounds: int) -> None:
    """Milliseconds of each question, medians of some rounds."""
    asyncio.run(_measure(number, rounds))


async def _measure(number: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="landbridge-bench-") as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'bench.sqlite3'}")
        await database.migrate()
        bridge = await _fill(database, number)
        book = ContactBook(database, RealClock(), lambda made: read_policy(made.policy))
        far = f"highlevel:waiting::{_id(Side.HIGHLEVEL, number * 9 // 10)}"
        questions: dict[str, Callable[[], Awaitable[object]]] = {
            "first page": lambda: book.find(bridge),
            "a page far down": lambda: book.find(bridge, Search(after=far)),
            "part of a name, many": lambda: book.find(bridge, Search("brook")),
            "part of a name, nobody": lambda: book.find(bridge, Search("zzzz")),
            "an address, one": lambda: book.find(bridge, Search(f"p{number - 1}@example.org")),
            "only in Rezora, nobody": lambda: book.find(bridge, Search("zzzz", "only-rezora")),
            "one contact": lambda: book.contact(bridge, _id(Side.HIGHLEVEL, number // 2)),
        }
        table = Table(
            title=f"Among {number:,} contacts on both sides, medians of {rounds}", title_justify="left"
        )
        for column in ("", "milliseconds", f"aim: under {AIM:.0f}"):
            table.add_column(column, justify="right")
        for name, ask in questions.items():
            took = []
            for _ in range(rounds):
                start = time.perf_counter()
                await ask()
                took.append((time.perf_counter() - start) * 1000)
            median = statistics.median(took)
            table.add_row(name, f"{median:.1f}", "yes" if median < AIM else "no")
        console.print(table)
        await database.close()


async def _fill(database: Database, number: int) -> Bridge:
    """Linked pairs, an activity and a journal entry each."""
    bridges, runs = Bridges(database), Runs(database)
    left = await bridges.save_account(Side.HIGHLEVEL, "bench", "Bench", {}, 0.0)
    right = await bridges.save_account(Side.REZORA, "bench", "Bench", {}, 0.0)
    bridge = await bridges.create("bench", left, right, write_policy(default_policy()), 0.0)
    run = await runs.start(bridge.id, "sync", "bench", "", 0.0)
    for start in range(0, number, SOME):
        async with database.write() as connection:
            some = range(start, min(start + SOME, number))
            for side in Side:
                await observed.save(connection, bridge.id, run.id, [_sight(side, each) for each in some], 0.0)
            pairs = [Link(_id(Side.HIGHLEVEL, each), _id(Side.REZORA, each)) for each in some]
            await links.add(connection, bridge.id, [KeptLink(0, pair) for pair in pairs], 0.0)
            fields = {"title": "Call back", "due": "2026-11-25T09:00:00Z", "completed": "0"}
            tasks = [
                Activity(Side.HIGHLEVEL, Kind.TASK, f"t{pair.highlevel_id}", pair.highlevel_id, fields)
                for pair in pairs
            ]
            await activities.save(connection, bridge.id, run.id, tasks)
            entries = [Entry("create", Side.REZORA, pair.rezora_id, pair.highlevel_id) for pair in pairs]
            await journal.write(connection, bridge.id, run.id, entries, 0.0)
    await runs.finish(run.id, "done", 0.0)
    return bridge


def _id(side: Side, number: int) -> str:
    return f"h{number:019}" if side is Side.HIGHLEVEL else str(10_000_000 + number)


def _sight(side: Side, number: int) -> Sighting:
    fields = {f"field{each}": "some value" for each in range(25)}
    record = Record(side, _id(side, number), fields, frozenset({"Buyer"}), opted_out=False)
    name = f"{('Ada', 'Bea', 'Cleo')[number % 3]} {('Brook', 'Stone', 'Hill', 'Field')[number % 4]}{number}"
    return Sighting(record, "p" * 32, name, f"p{number}@example.org")
