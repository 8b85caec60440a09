"""The mappings of a bridge as they were saved: the newest is in force, and any can be taken again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.mapping_tables import mapping_version
from landbridge.store.tables import bridge


@dataclass(frozen=True, slots=True)
class MappingVersion:
    """One text, and who saved it when (epoch seconds); ``saved_by`` is blank where that was not noted."""

    id: int
    text: str
    saved_by: str
    saved_at: float


async def keep(connection: AsyncConnection, bridge_id: int, text: str, by: str, now: float) -> None:
    """Note the text that is about to be in force, and the former one if it was never noted."""
    newest = await versions(connection, bridge_id, 1)
    former = newest[0].text if newest else await _former(connection, bridge_id)
    if former != text:
        row = {"bridge_id": bridge_id, "text": text, "saved_by": by[:100], "saved_at": now}
        await connection.execute(insert(mapping_version).values(row))


async def _former(connection: AsyncConnection, bridge_id: int) -> str | None:
    """The text of a bridge that has no versions yet; it becomes the first of them."""
    query = select(bridge.c.policy, bridge.c.created_at).where(bridge.c.id == bridge_id)
    found = (await connection.execute(query)).first()
    if found is None:
        return None
    row = {"bridge_id": bridge_id, "text": found.policy, "saved_at": found.created_at}
    await connection.execute(insert(mapping_version).values(row))
    return str(found.policy)


async def versions(connection: AsyncConnection, bridge_id: int, count: int) -> list[MappingVersion]:
    """The newest ones, newest first."""
    query = select(mapping_version).where(mapping_version.c.bridge_id == bridge_id)
    rows = await connection.execute(query.order_by(mapping_version.c.id.desc()).limit(count))
    return [_version(row) for row in rows]


async def version(connection: AsyncConnection, bridge_id: int, version_id: int) -> MappingVersion | None:
    """One of a bridge."""
    query = select(mapping_version).where(
        mapping_version.c.bridge_id == bridge_id, mapping_version.c.id == version_id
    )
    row = (await connection.execute(query)).first()
    return None if row is None else _version(row)


def _version(row: Row[tuple[object, ...]]) -> MappingVersion:
    return MappingVersion(row.id, row.text, row.saved_by, row.saved_at)
