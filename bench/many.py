"""A database as a large office has it after a year, made without a network: the same one each time."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert

from landbridge.store import activities, journal, ledger, links, observed, standings
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.store.rows import execute_many
from landbridge.store.runs import Runs
from landbridge.store.standings import Standing
from landbridge.store.tables import journal as journal_table
from landbridge.sync.activity import Activity
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Kind, Link, Record, Side
from landbridge.sync.rules import default_policy

SOME = 2_000  # contacts written at once
HOLDS = 400
LEFT_OUT = ("no_email", "opted_out", "bad_email", "paused", "no_name")
FIRST = ("Ada", "Bea", "Cleo", "Dov", "Éric", "Fay", "Gil")
LAST = ("Brook", "Stone", "Hill", "Field", "Øst", "Marsh")
DAY = 86_400.0


async def fill(database: Database, contacts: int, entries: int, bridges: int, now: float) -> Bridge:
    """One bridge of so many pairs with a long journal and 400 holds, and so many small ones beside it."""
    bridge = await _bridge(database, 0)
    runs = Runs(database)
    run = await runs.start(bridge.id, "sync", "bench", "", now - DAY)
    for start in range(0, contacts, SOME):
        await _some(database, bridge.id, run.id, range(start, min(start + SOME, contacts)), now)
    await _alone(database, bridge.id, run.id, contacts, now)
    await _write_journal(database, bridge.id, run.id, entries, contacts, now)
    await runs.progress(
        run.id, 0, 0, {"created": contacts, "calls_highlevel": 812, "quota_day_left": 199_188}
    )
    await runs.finish(run.id, "done", now - DAY + 900)
    await _days(database, bridge.id, now)
    for number in range(1, bridges):
        await _small(database, number, now)
    return bridge


def id_of(side: Side, number: int) -> str:
    """Ids as long as the systems' own."""
    return f"h{number:019}" if side is Side.HIGHLEVEL else str(10_000_000 + number)


def stands(number: int, contacts: int) -> tuple[str, str]:
    """Nine of ten are equal; the first 400 wait for a person."""
    if number < min(HOLDS, contacts // 2):
        return "held", "both_changed"
    if number % 10 == 0:
        return "excluded", LEFT_OUT[number // 10 % len(LEFT_OUT)]
    return ("waiting", "") if number % 997 == 0 else ("equal", "")


def _sight(side: Side, number: int, contacts: int) -> Sighting:
    fields = {f"field{each}": "some value" for each in range(25)}
    out = stands(number, contacts)[1] == "opted_out"
    record = Record(side, id_of(side, number), fields, frozenset({"Buyer"}), opted_out=out)
    name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}{number}"
    phone = f"+1303{number:07}"
    further = f"key{number}" if number % 20 == 0 else ""
    return Sighting(
        record, "p" * 32, name, f"p{number}@example.org", phone,
        email_key=f"e{number:031}", phone_key=f"f{number:031}", further=further,
    )  # fmt: skip


async def _some(database: Database, bridge_id: int, run_id: int, some: range, now: float) -> None:
    contacts = 100_000
    async with database.write() as connection:
        for side in Side:
            sights = [_sight(side, each, contacts) for each in some]
            await observed.save(connection, bridge_id, run_id, sights, now)
        pairs = [Link(id_of(Side.HIGHLEVEL, each), id_of(Side.REZORA, each)) for each in some]
        await links.add(connection, bridge_id, [KeptLink(0, pair) for pair in pairs], now)
        told = [Standing(side, id_of(side, n), *stands(n, contacts)) for n in some for side in Side]
        await standings.note(connection, bridge_id, told)
        fields = {"title": "Call back", "due": "2026-11-25T09:00:00Z", "completed": "0"}
        tasks = [
            Activity(Side.HIGHLEVEL, Kind.TASK, f"t{pair.highlevel_id}", pair.highlevel_id, fields)
            for pair in pairs
        ]
        await activities.save(connection, bridge_id, run_id, tasks)
        held = [n for n in some if stands(n, contacts)[0] == "held"]
        holds = [
            OpenHold(
                "both_changed", id_of(Side.HIGHLEVEL, n), id_of(Side.REZORA, n), "city", "Lyons", "Boulder"
            )
            for n in held
        ]
        await journal.save_holds(connection, bridge_id, run_id, holds, now - DAY)


async def _alone(database: Database, bridge_id: int, run_id: int, contacts: int, now: float) -> None:
    """A hundred people whom only one side has, on each side."""
    async with database.write() as connection:
        for side in Side:
            numbers = range(
                contacts + 100 * list(Side).index(side), contacts + 100 * list(Side).index(side) + 100
            )
            sights = [_sight(side, each, contacts) for each in numbers]
            await observed.save(connection, bridge_id, run_id, sights, now)


async def _write_journal(
    database: Database, bridge_id: int, run_id: int, entries: int, contacts: int, now: float
) -> None:
    """Updates of everybody in turn, evenly over a year."""
    known = journal._row(bridge_id, run_id, Entry("update", Side.REZORA, "", "", "city"), now)
    for start in range(0, entries, 20_000):
        rows: list[Mapping[str, object]] = [
            known
            | {
                "at": now - 365 * DAY * (entries - n) / entries,
                "record_id": id_of(Side.REZORA, n * 7919 % contacts),
                "source_id": id_of(Side.HIGHLEVEL, n * 7919 % contacts),
            }
            for n in range(start, min(start + 20_000, entries))
        ]
        async with database.write() as connection:
            await execute_many(connection, insert(journal_table), rows)


async def _days(database: Database, bridge_id: int, now: float) -> None:
    """Thirty days of the ledger, and a day of live work."""
    async with database.write() as connection:
        for back in range(30):
            counts = {
                "created": 10 + back,
                "updated": 200 - back,
                "failed": back % 3,
                "calls_highlevel": 4_000,
            }
            await ledger.add(connection, bridge_id, now - back * DAY, "live", counts)
        for hour in range(24):
            await ledger.note_carried(connection, bridge_id, now - hour * 3600, [0.8, 2.5, 4.0, 9.0, 40.0])


async def _bridge(database: Database, number: int) -> Bridge:
    bridges = Bridges(database)
    left = await bridges.save_account(Side.HIGHLEVEL, f"location{number}", f"Office {number}", {}, 0.0)
    right = await bridges.save_account(Side.REZORA, f"office{number}", f"Office {number}", {}, 0.0)
    return await bridges.create(f"Office {number}", left, right, write_policy(default_policy()), 0.0)


async def _small(database: Database, number: int, now: float) -> None:
    """An office of twenty people; of fifty one has failed, and of sixty one waits for an answer."""
    bridge, runs = await _bridge(database, number), Runs(database)
    run = await runs.start(bridge.id, "sync", "schedule", "", now - 3600)
    async with database.write() as connection:
        sights = [_sight(Side.HIGHLEVEL, each, 20) for each in range(20)]
        await observed.save(connection, bridge.id, run.id, sights, now)
        await standings.note(
            connection, bridge.id, [Standing(Side.HIGHLEVEL, one.record.id, "equal") for one in sights]
        )
        if number % 60 == 0:
            await journal.save_holds(connection, bridge.id, run.id, [OpenHold("both_changed", "h1")], now)
    if number % 50 == 0:
        await runs.finish(run.id, "failed", now - 3500, "Rezora cannot be reached.", "Check the network.")
    else:
        await runs.finish(run.id, "done", now - 3500)
