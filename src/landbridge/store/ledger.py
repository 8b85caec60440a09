"""What each day brought, a bridge: records written, failures and calls, by the purpose of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import Insert, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.ledger_tables import carried, ledger
from landbridge.store.rows import execute_many, new_row

OPERATIONS = "operations"  # the purpose of calls that people and programs made by name
RUNS, RUNS_FAILED = "runs", "runs_failed"
NOT_KEPT = frozenset({"quota_day_left", "moved", "look_up"})  # no amounts, or of no use a day later
WITHIN = (1, 2, 3, 5, 8, 13, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600, 7200, 86_400, 10**9)
"""Upper bounds, in seconds, of the groups in which it is counted how long changes took to be carried."""
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of one thing on one day (UTC), for one purpose."""

    day: str
    purpose: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """How soon changes were carried after Landbridge heard of them; seconds are upper bounds of groups."""

    number: int = 0
    median: int = 0
    most: int = 0  # 99 of 100 were carried within so many


def day_of(now: float) -> str:
    """The day that a moment belongs to, in UTC."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


async def add(
    connection: AsyncConnection, bridge_id: int, now: float, purpose: str, counts: Mapping[str, int]
) -> None:
    """Add to the day's amounts, in the transaction that ends what they are of."""
    rows = [
        {"bridge_id": bridge_id, "day": day_of(now), "purpose": purpose, "name": name, "number": number}
        for name, number in counts.items()
        if number and name not in NOT_KEPT
    ]
    await execute_many(connection, _adding(connection.dialect.name), rows)


@cache
def _adding(dialect: str) -> Insert:
    new = new_row(dialect, ledger)
    keys = ["bridge_id", "day", "purpose", "name"]
    return new.on_conflict_do_update(
        index_elements=keys, set_={"number": ledger.c.number + new.excluded.number}
    )


async def since(connection: AsyncConnection, bridge_id: int, day: str) -> list[Amount]:
    """All amounts of a bridge from a day on."""
    query = select(ledger).where(ledger.c.bridge_id == bridge_id, ledger.c.day >= day)
    rows = await connection.execute(query.order_by(ledger.c.day))
    return [Amount(row.day, row.purpose, row.name, row.number) for row in rows]


async def note_carried(
    connection: AsyncConnection, bridge_id: int, now: float, waited: Sequence[float]
) -> None:
    """Changes were carried after so many seconds each."""
    tallies: dict[int, int] = {}
    for seconds in waited:
        bound = next(bound for bound in WITHIN if seconds <= bound)
        tallies[bound] = tallies.get(bound, 0) + 1
    rows = [
        {"bridge_id": bridge_id, "hour": int(now) // HOUR, "within": bound, "number": number}
        for bound, number in tallies.items()
    ]
    await execute_many(connection, _carrying(connection.dialect.name), rows)


@cache
def _carrying(dialect: str) -> Insert:
    new = new_row(dialect, carried)
    return new.on_conflict_do_update(
        index_elements=["bridge_id", "hour", "within"],
        set_={"number": carried.c.number + new.excluded.number},
    )


async def freshness(connection: AsyncConnection, bridge_id: int, now: float) -> Freshness:
    """Of the last 24 hours."""
    query = select(carried.c.within, func.sum(carried.c.number)).where(
        carried.c.bridge_id == bridge_id, carried.c.hour > int(now) // HOUR - 24
    )
    groups = list(await connection.execute(query.group_by(carried.c.within).order_by(carried.c.within)))
    total = sum(number for _, number in groups)
    return Freshness(total, _share(groups, total * 0.5), _share(groups, total * 0.99))


def _share(groups: Sequence[Sequence[int]], wanted: float) -> int:
    """Within how many seconds at least so many were carried."""
    found = 0
    for bound, number in groups:
        found += number
        if found >= wanted:
            return bound
    return 0
