"""Where each record stands: in sync, left out, held or waiting, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.roll import speaking
from landbridge.store.rows import batches
from landbridge.store.tables import observed
from landbridge.sync.model import Side


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one record stands: equal, excluded, held or waiting, and why; ``paired``: told of the other."""

    side: Side
    id: str
    standing: str
    reason: str = ""


async def note(connection: AsyncConnection, bridge_id: int, standings: Sequence[Standing]) -> None:
    """Note where records stand."""
    groups: dict[tuple[Side, str, str], list[str]] = defaultdict(list)
    for found in standings:
        groups[found.side, found.standing, found.reason].append(found.id)
    for (side, standing, reason), ids in groups.items():
        for some in batches(ids):
            query = update(observed).where(
                observed.c.bridge_id == bridge_id, observed.c.side == side.value, observed.c.id.in_(some)
            )
            await connection.execute(query.values(standing=standing, reason=reason))


async def counts(connection: AsyncConnection, bridge_id: int, since: int) -> dict[tuple[str, str], int]:
    """How many people stand where: (standing, reason) to count; a linked pair counts once."""
    found: Counter[tuple[str, str]] = Counter()
    columns = observed.c.standing, observed.c.reason
    for side in Side:
        query = select(*columns, func.count()).where(*speaking(bridge_id, since, side)).group_by(*columns)
        for standing, reason, number in await connection.execute(query):
            found[standing, reason] += number
    return dict(found)


async def left_out(connection: AsyncConnection, bridge_id: int, side: Side, reason: str) -> frozenset[str]:
    """Ids of one side's records that were left out for this reason when a sync last looked."""
    query = select(observed.c.id).where(
        observed.c.bridge_id == bridge_id,
        observed.c.side == side.value,
        observed.c.standing == "excluded",
        observed.c.reason == reason,
    )
    return frozenset((await connection.execute(query)).scalars())
