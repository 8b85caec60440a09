"""Forgetting what is older than it is kept for, a few rows at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.ledger_tables import carried, ledger
from landbridge.store.people_tables import login
from landbridge.store.rows import batches
from landbridge.store.tables import arrivals, delivery, journal, run

HOUR = 3600


async def prune_journal(connection: AsyncConnection, before: float, limit: int) -> int:
    """Forget entries older than that, at most so many; gives how many.

    An entry that is only begun is kept: what became of it is not known yet. Entries are in the order of their
    ids, so only the oldest are looked at.
    """
    oldest = select(journal.c.id, journal.c.at).where(journal.c.state != "begun").order_by(journal.c.id)
    old = [row.id for row in await connection.execute(oldest.limit(limit)) if row.at < before]
    for some in batches(old):
        await connection.execute(delete(journal).where(journal.c.id.in_(some)))
    return len(old)


async def prune_runs(connection: AsyncConnection, before: float, limit: int) -> int:
    """Forget runs that ended before that, at most so many; gives how many.

    Of each bridge the newest good sync and all that came after it stay: they say what is known of both sides.
    """
    good = select(run.c.bridge_id, func.max(run.c.id).label("id"))
    kept = good.where(run.c.purpose == "sync", run.c.state == "done").group_by(run.c.bridge_id).subquery()
    query = (
        select(run.c.id)
        .join(kept, (kept.c.bridge_id == run.c.bridge_id) & (run.c.id < kept.c.id))
        .where(run.c.ended_at < before)
        .order_by(run.c.id)
        .limit(limit)
    )
    old = [key for (key,) in await connection.execute(query)]
    for some in batches(old):
        await connection.execute(delete(run).where(run.c.id.in_(some)))
    return len(old)


async def prune_logins(connection: AsyncConnection, before: float, limit: int) -> int:
    """Forget attempts to log in older than that, at most so many; gives how many."""
    old = select(login.c.id).where(login.c.at < before).order_by(login.c.id).limit(limit)
    return (await connection.execute(delete(login).where(login.c.id.in_(old)))).rowcount


async def prune_inbox(connection: AsyncConnection, before: float, limit: int) -> int:
    """Forget deliveries received before that, at most so many; gives how many.

    Rows are in the order of their ids, so only the oldest are looked at and nothing needs an index.
    """
    oldest = select(delivery.c.id, delivery.c.received_at).order_by(delivery.c.id).limit(limit)
    old = [row.id for row in await connection.execute(oldest) if row.received_at < before]
    for some in batches(old):
        await connection.execute(delete(delivery).where(delivery.c.id.in_(some)))
    return len(old)


async def prune_ledger(connection: AsyncConnection, before: float, _limit: int) -> int:
    """Forget the amounts of the oldest day before that, and of its hours; gives how many rows.

    A day at a time: its rows are a few for each bridge.
    """
    day = datetime.fromtimestamp(before, UTC).date().isoformat()
    gone = 0
    for table in (ledger, arrivals):
        oldest = (await connection.execute(select(func.min(table.c.day)))).scalar_one()
        if oldest is not None and oldest < day:
            gone += (await connection.execute(delete(table).where(table.c.day == oldest))).rowcount
    hour = (await connection.execute(select(func.min(carried.c.hour)))).scalar_one()
    if hour is not None and hour < int(before) // HOUR:
        until = min(hour + 24, int(before) // HOUR)
        gone += (await connection.execute(delete(carried).where(carried.c.hour < until))).rowcount
    return gone


async def oldest_entry(connection: AsyncConnection, bridge_id: int | None = None) -> float | None:
    """When the oldest entry of the journal was written, of a bridge or at all; None where there is none."""
    mine: ColumnElement[bool] = true() if bridge_id is None else journal.c.bridge_id == bridge_id
    query = select(journal.c.at).where(mine).order_by(journal.c.id).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()
