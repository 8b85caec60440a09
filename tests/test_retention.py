"""History is kept as long as the settings say, and forgotten a few rows at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from landbridge.engine import retention
from landbridge.engine.retention import Kept, Retention, keep_short
from landbridge.store import retention as store
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.ledger_tables import carried, ledger
from landbridge.store.people_tables import login
from landbridge.store.runs import Runs
from landbridge.store.tables import arrivals, delivery, journal, run
from landbridge.sync.model import Side
from landbridge.web.rights import needed
from web_client import browse
from web_scenes import FakeProduct, StillClock, status

NOW = 1_780_000_000.0
DAY = 86_400.0


class Slept(StillClock):
    """Counts pauses, which take no time."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def now(self) -> float:
        return NOW

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) > 20:
            raise asyncio.CancelledError
        await asyncio.sleep(0)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await opened.migrate()
    yield opened
    await opened.close()


async def a_bridge(database: Database) -> Bridge:
    bridges = Bridges(database)
    left = await bridges.save_account(Side.HIGHLEVEL, "loc1", "Shore Homes", {}, NOW)
    right = await bridges.save_account(Side.REZORA, "agent1", "Agent", {}, NOW)
    return await bridges.create("main", left, right, "", NOW)


async def put(database: Database, table: Table, rows: list[dict[str, Any]]) -> None:
    async with database.write() as connection:
        await connection.execute(insert(table), rows)


async def left_of(database: Database, column: Any) -> list[Any]:
    async with database.read() as connection:
        return [value for (value,) in await connection.execute(select(column).order_by(column))]


def entry(age: float, **more: Any) -> dict[str, Any]:
    blank = {
        "run_id": 1,
        "action": "update",
        "side": "rezora",
        "record_id": "1",
        "before": b"{}",
        "after": b"{}",
    }
    return {"bridge_id": 1, "at": NOW - age * DAY, **blank, **more}


def a_run(key: int, age: float, purpose: str = "sync", state: str = "done") -> dict[str, Any]:
    at = NOW - age * DAY
    return {"id": key, "bridge_id": 1, "purpose": purpose, "cause": "x", "state": state, "stage": "",
            "started_at": at, "ended_at": at if state != "running" else None}  # fmt: skip


def day(age: float) -> str:
    return datetime.fromtimestamp(NOW - age * DAY, UTC).date().isoformat()


def history(database: Database, clock: Slept | None = None) -> Retention:
    return Retention(database, clock or Slept(), Kept(journal=100, inbox=30, ledger=60, logins=10))


async def test_what_is_older_goes_and_what_is_younger_stays(database: Database) -> None:
    bridge = await a_bridge(database)
    ages = (400, 101, 99, 61, 59, 31, 29, 11, 9, 0)
    await put(database, journal, [entry(age, id=number) for number, age in enumerate(ages, 1)])
    hooks = [
        {"webhook_id": f"w{age}", "bridge_id": 1, "type": "x", "at": 0.0, "received_at": NOW - age * DAY}
        for age in ages
    ]
    await put(database, delivery, hooks)
    tries = [{"at": NOW - age * DAY, "outcome": "wrong", "email_key": "", "address_key": ""} for age in ages]
    await put(database, login, tries)
    days = [{"bridge_id": 1, "day": day(age), "purpose": "sync", "name": "runs", "number": 1} for age in ages]
    await put(database, ledger, days)
    await put(
        database, arrivals, [{"day": day(age), "type": "", "outcome": "x", "number": 1} for age in ages]
    )
    hours = [{"bridge_id": 1, "hour": int(NOW - age * DAY) // 3600, "within": 1, "number": 1} for age in ages]
    await put(database, carried, hours)
    gone = await history(database).prune()
    assert gone == {"journal": 2, "runs": 0, "inbox": 6, "ledger": 12, "logins": 8}
    assert await left_of(database, journal.c.id) == list(range(3, 11))
    assert await left_of(database, delivery.c.webhook_id) == ["w0", "w11", "w29", "w9"]
    assert await left_of(database, login.c.at) == [NOW - 9 * DAY, NOW]
    for table in (ledger, arrivals):
        assert await left_of(database, table.c.day) == sorted(day(age) for age in ages if age < 60)
    assert len(await left_of(database, carried.c.hour)) == 6
    assert (await history(database).reach(bridge)).oldest == NOW - 99 * DAY
    assert set((await history(database).prune()).values()) == {0}


async def test_an_entry_of_which_nobody_knows_what_became_stays_and_hides_no_other(
    database: Database,
) -> None:
    await a_bridge(database)
    await put(database, journal, [entry(400, id=1, state="begun"), entry(300, id=2, state="done")])
    assert (await history(database).prune())["journal"] == 1
    assert await left_of(database, journal.c.id) == [1]


async def test_runs_go_but_for_what_says_what_is_known_of_both_sides(database: Database) -> None:
    await a_bridge(database)
    runs = [
        a_run(1, 400), a_run(2, 390, "live"), a_run(3, 380, state="running"), a_run(4, 370),
        a_run(5, 360, "poll"), a_run(6, 350, "sync", "braked"), a_run(7, 1, "live"),
    ]  # fmt: skip
    await put(database, run, runs)
    before = await Runs(database).synced(1), await Runs(database).asked(1), await Runs(database).newest_id(1)
    assert (await history(database).prune())["runs"] == 2
    assert await left_of(database, run.c.id) == [3, 4, 5, 6, 7]
    assert before == (
        await Runs(database).synced(1),
        await Runs(database).asked(1),
        await Runs(database).newest_id(1),
    )


async def test_many_go_in_small_transactions_with_pauses_between(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_bridge(database)
    monkeypatch.setattr(retention, "BATCH", 7)
    await put(database, journal, [entry(400) for _ in range(30)])
    sizes: list[int] = []
    prune = store.prune_journal

    async def counted(*given: Any) -> int:
        sizes.append(await prune(*given))
        return sizes[-1]

    monkeypatch.setattr(store, "prune_journal", counted)
    clock = Slept()
    assert (await history(database, clock).prune())["journal"] == 30
    assert sizes == [7, 7, 7, 7, 2, 0]
    assert clock.pauses == [retention.PAUSE_SECONDS] * 5


async def test_the_daily_work_goes_on_after_a_day_on_which_it_failed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    async def fails(_self: Retention) -> dict[str, int]:
        nonlocal tried
        tried += 1
        raise OSError("disk full")

    monkeypatch.setattr(Retention, "prune", fails)
    clock = Slept()
    with pytest.raises(asyncio.CancelledError):
        await keep_short(history(database, clock), clock)
    assert tried == 20 and clock.pauses[:3] == [retention.FIRST_SECONDS, DAY, DAY]


async def test_the_page_and_the_api_say_how_far_back_undo_reaches() -> None:
    client = browse(FakeProduct({1: status()}))
    text = (await client.get("/bridges/1/activity")).text
    assert "Kept for 730 days; the oldest is of" in text and "undo reaches no further" in text
    assert (await client.get("/api/v1/retention")).json["journal_days"] == 730
    assert (await client.post("/api/v1/retention/forget")).json["runs"] == 2
    assert str(needed("POST", "/api/v1/retention/forget")) == "owner"
    assert str(needed("GET", "/api/v1/retention")) == "viewer"


async def test_nothing_is_forgotten_by_asking(database: Database) -> None:
    bridge = await a_bridge(database)
    assert (await history(database).reach(bridge)).oldest is None
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(run))).scalar_one() == 0
