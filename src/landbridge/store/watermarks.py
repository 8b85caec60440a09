"""Up to when one side was listed; moved only by a run that succeeded.

Of contacts by that side's own clock, of tasks, notes and appointments the time at which a reading began.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import upsert
from landbridge.store.tables import watermark
from landbridge.sync.model import Kind, Side


async def read(
    connection: AsyncConnection, bridge_id: int, side: Side, kind: Kind = Kind.CONTACT
) -> float | None:
    """Epoch seconds, or None before the first listing."""
    query = select(watermark.c.at).where(
        watermark.c.bridge_id == bridge_id,
        watermark.c.side == side.value,
        watermark.c.kind == kind.value,
    )
    found: float | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def move(
    connection: AsyncConnection, bridge_id: int, side: Side, at: float, kind: Kind = Kind.CONTACT
) -> None:
    """The newest change that a listing showed."""
    row = {"bridge_id": bridge_id, "side": side.value, "kind": kind.value, "at": at}
    await upsert(connection, watermark, [row], keys=("bridge_id", "side", "kind"))
