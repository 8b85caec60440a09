"""Up to when one side was listed, by that side's own clock; moved only by a run that succeeded."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import upsert
from landbridge.store.tables import watermark
from landbridge.sync.model import Kind, Side


async def read(connection: AsyncConnection, bridge_id: int, side: Side) -> float | None:
    """Epoch seconds, or None before the first listing."""
    query = select(watermark.c.at).where(
        watermark.c.bridge_id == bridge_id,
        watermark.c.side == side.value,
        watermark.c.kind == Kind.CONTACT.value,
    )
    found: float | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def move(connection: AsyncConnection, bridge_id: int, side: Side, at: float) -> None:
    """The newest change that a listing showed."""
    row = {"bridge_id": bridge_id, "side": side.value, "kind": Kind.CONTACT.value, "at": at}
    await upsert(connection, watermark, [row], keys=("bridge_id", "side", "kind"))
