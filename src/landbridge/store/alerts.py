"""What people are told about: one row while it lasts, and whether they have been told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.tables import alert, due, hold

NOTICE = "recipe:"  # begins the cause of what a recipe tells: nothing that lasts, so it is told once


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that lasts, or is over since ``closed_at``; ``sent_at`` is None until that was told."""

    id: int
    bridge_id: int
    cause: str
    sentence: str
    fix: str
    opened_at: float
    sent_at: float | None = None
    attempts: int = 0
    closed_at: float | None = None


async def open_of(connection: AsyncConnection, bridge_id: int) -> dict[str, Alert]:
    """What lasts in a bridge, by cause."""
    query = select(alert).where(alert.c.bridge_id == bridge_id, alert.c.closed_at.is_(None))
    return {row.cause: _alert(row) for row in await connection.execute(query)}


async def raise_alert(
    connection: AsyncConnection, bridge_id: int, cause: str, sentence: str, fix: str, now: float
) -> None:
    """Open an alert; one that is open already only gets its newest words. In a transaction that writes."""
    same = (alert.c.bridge_id == bridge_id, alert.c.cause == cause, alert.c.closed_at.is_(None))
    words = {"sentence": sentence, "fix": fix}
    if (await connection.execute(update(alert).where(*same).values(words))).rowcount:
        return
    row = {"bridge_id": bridge_id, "cause": cause, "opened_at": now, "attempts": 0, **words}
    await connection.execute(insert(alert).values(row))


async def close_alert(connection: AsyncConnection, known: Alert, now: float) -> None:
    """The cause is gone. Who was told of it is told of this too; otherwise there is nothing to tell."""
    sent_at = now if known.sent_at is None else None
    query = update(alert).where(alert.c.id == known.id, alert.c.closed_at.is_(None))
    await connection.execute(query.values(closed_at=now, sent_at=sent_at, attempts=0))


async def untold(connection: AsyncConnection, told_before: float) -> list[Alert]:
    """What nobody has been told yet, and what lasts and was told before this time; oldest first."""
    again = alert.c.closed_at.is_(None) & (alert.c.sent_at < told_before)
    query = select(alert).where(or_(alert.c.sent_at.is_(None), again)).order_by(alert.c.id)
    return [_alert(row) for row in await connection.execute(query)]


async def note_told(connection: AsyncConnection, alert_id: int, now: float) -> None:
    """Every channel took it; what a recipe told is over with that."""
    await connection.execute(update(alert).where(alert.c.id == alert_id).values(sent_at=now, attempts=0))
    notice = (alert.c.id == alert_id, alert.c.cause.startswith(NOTICE), alert.c.closed_at.is_(None))
    await connection.execute(update(alert).where(*notice).values(closed_at=now))


async def note_failed(connection: AsyncConnection, alert_id: int) -> None:
    """A channel did not take it."""
    query = update(alert).where(alert.c.id == alert_id)
    await connection.execute(query.values(attempts=alert.c.attempts + 1))


async def recent(connection: AsyncConnection, bridge_id: int, count: int = 50) -> list[Alert]:
    """The newest alerts of a bridge, those that last first."""
    query = select(alert).where(alert.c.bridge_id == bridge_id)
    query = query.order_by(alert.c.closed_at.is_not(None), alert.c.id.desc()).limit(count)
    return [_alert(row) for row in await connection.execute(query)]


async def holds_before(connection: AsyncConnection, bridge_id: int, opened_before: float) -> int:
    """How many open holds are older."""
    query = select(func.count()).where(hold.c.bridge_id == bridge_id, hold.c.opened_at < opened_before)
    return (await connection.execute(query)).scalar_one()


async def due_before(connection: AsyncConnection, bridge_id: int, at: float) -> int:
    """How many records should have been looked at before this time, and were not."""
    query = select(func.count()).where(due.c.bridge_id == bridge_id, due.c.at < at)
    return (await connection.execute(query)).scalar_one()


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        row.id,
        row.bridge_id,
        row.cause,
        row.sentence,
        row.fix,
        row.opened_at,
        row.sent_at,
        row.attempts,
        row.closed_at,
    )
