"""The private calendar of each bridge: its address, sealed, and what goes into it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.activities import activity_of
from landbridge.store.rows import batches, upsert
from landbridge.store.tables import activity, feed, observed
from landbridge.store.tokens import token_of
from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind, Side

READ_EVERY = 60.0  # seconds; reads in between are not noted, so that a busy calendar program writes little
_REPEATS, _REPEATS_NOT = b'"recurrence":"', b'"recurrence":""'


@dataclass(frozen=True, slots=True)
class Feed:
    """The calendar of one bridge; ``sealed`` is the secret part of its address (vault.py).

    Times are epoch seconds; ``read_at`` is None before the first read.
    """

    bridge_id: int
    sealed: bytes
    created_at: float
    read_at: float | None


async def of_bridge(connection: AsyncConnection, bridge_id: int) -> Feed | None:
    """The calendar of a bridge, None where there is none."""
    query = select(feed).where(feed.c.bridge_id == bridge_id)
    return _feed((await connection.execute(query)).first())


async def of_secret(connection: AsyncConnection, secret: str) -> Feed | None:
    """The calendar with that secret in its address, None for one that is unknown, old or revoked."""
    query = select(feed).where(feed.c.token == token_of(secret))
    return _feed((await connection.execute(query)).first())


async def save(connection: AsyncConnection, bridge_id: int, secret: str, sealed: bytes, now: float) -> None:
    """Give a bridge a new address; the one it had is dead with this transaction."""
    row = {
        "bridge_id": bridge_id,
        "token": token_of(secret),
        "sealed": sealed,
        "created_at": now,
        "read_at": None,
    }
    await upsert(connection, feed, [row], keys=("bridge_id",))


async def revoke(connection: AsyncConnection, bridge_id: int) -> bool:
    """Take the address away; False when there was none."""
    return (await connection.execute(delete(feed).where(feed.c.bridge_id == bridge_id))).rowcount > 0


async def note_read(connection: AsyncConnection, bridge_id: int, now: float) -> None:
    """Somebody's calendar program read it."""
    await connection.execute(update(feed).where(feed.c.bridge_id == bridge_id).values(read_at=now))


async def repeating(
    connection: AsyncConnection, bridge_id: int, side: Side, start: float, end: float
) -> list[Activity]:
    """Appointments with a recurrence that began in a span of epoch seconds: they may still go on."""
    query = select(activity).where(
        activity.c.bridge_id == bridge_id,
        activity.c.side == side.value,
        activity.c.kind == Kind.APPOINTMENT.value,
        activity.c.moment >= start,
        activity.c.moment < end,
    )
    return [
        activity_of(row)
        for row in await connection.execute(query.order_by(activity.c.moment, activity.c.id))
        if _REPEATS in row.fields and _REPEATS_NOT not in row.fields
    ]


async def names(
    connection: AsyncConnection, bridge_id: int, side: Side, contact_ids: Collection[str]
) -> dict[str, str]:
    """Names of contacts of one side by id, as last seen; those without a name are left out."""
    found: dict[str, str] = {}
    for some in batches(sorted(contact_ids)):
        query = select(observed.c.id, observed.c.name).where(
            observed.c.bridge_id == bridge_id, observed.c.side == side.value, observed.c.id.in_(some)
        )
        found |= {row.id: row.name for row in await connection.execute(query) if row.name}
    return found


def _feed(row: Row[Any] | None) -> Feed | None:
    return None if row is None else Feed(row.bridge_id, row.sealed, row.created_at, row.read_at)
