"""When each bridge runs by itself, as people set it, and when it does next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import upsert
from landbridge.store.tables import schedule

PURPOSES = ("sync", "poll")


@dataclass(frozen=True, slots=True)
class Schedule:
    """One purpose of one bridge; ``text`` is what people typed, ``next_at`` epoch seconds."""

    bridge_id: int
    purpose: str
    text: str
    zone: str = "UTC"
    quiet: str = ""
    enabled: bool = True
    next_at: float = 0.0
    last_at: float | None = None


async def every_schedule(connection: AsyncConnection) -> dict[tuple[int, str], Schedule]:
    """All that is kept, by bridge and purpose."""
    rows = await connection.execute(select(schedule))
    return {(row.bridge_id, row.purpose): _schedule(row) for row in rows}


async def schedules_of(connection: AsyncConnection, bridge_id: int) -> dict[str, Schedule]:
    """What is kept of one bridge, by purpose."""
    rows = await connection.execute(select(schedule).where(schedule.c.bridge_id == bridge_id))
    return {row.purpose: _schedule(row) for row in rows}


async def save(connection: AsyncConnection, kept: Schedule) -> None:
    """Keep a schedule; what ran last is left as it is."""
    row = {
        "bridge_id": kept.bridge_id,
        "purpose": kept.purpose,
        "cron": kept.text,
        "zone": kept.zone,
        "quiet": kept.quiet,
        "enabled": kept.enabled,
        "next_at": kept.next_at,
        "last_at": kept.last_at,
    }
    await upsert(connection, schedule, [row], keys=("bridge_id", "purpose"), keep=("last_at",))


async def move(
    connection: AsyncConnection, seen: Schedule, next_at: float, started_at: float | None = None
) -> bool:
    """Set the next start, if it is still the one that was seen: of several processes only one starts it."""
    values: dict[str, Any] = {"next_at": next_at}
    if started_at is not None:
        values["last_at"] = started_at
    query = update(schedule).where(
        schedule.c.bridge_id == seen.bridge_id,
        schedule.c.purpose == seen.purpose,
        schedule.c.next_at == seen.next_at,
        schedule.c.enabled == seen.enabled,
        schedule.c.cron == seen.text,
    )
    return (await connection.execute(query.values(values))).rowcount == 1


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(
        row.bridge_id,
        row.purpose,
        row.cron,
        row.zone,
        row.quiet,
        row.enabled,
        row.next_at,
        row.last_at,
    )
