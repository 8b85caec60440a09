"""Where each record stands: in sync, left out, held or waiting, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.links import live
from landbridge.store.observed import Sighting, sighting
from landbridge.store.rows import batches
from landbridge.store.tables import link, observed
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
    query = (
        select(observed.c.standing, observed.c.reason, func.count())
        .where(observed.c.bridge_id == bridge_id, observed.c.run_id >= since, ~_is_second(bridge_id, since))
        .group_by(observed.c.standing, observed.c.reason)
    )
    return {(standing, reason): number for standing, reason, number in await connection.execute(query)}


async def left_out(connection: AsyncConnection, bridge_id: int, side: Side, reason: str) -> frozenset[str]:
    """Ids of one side's records that were left out for this reason when a sync last looked."""
    query = select(observed.c.id).where(
        observed.c.bridge_id == bridge_id,
        observed.c.side == side.value,
        observed.c.standing == "excluded",
        observed.c.reason == reason,
    )
    return frozenset((await connection.execute(query)).scalars())


async def listed(
    connection: AsyncConnection, bridge_id: int, since: int, standing: str, after: int, limit: int
) -> list[tuple[Sighting, str]]:
    """People of one standing with their reasons, a linked pair once, ``after`` so many of them."""
    query = (
        select(observed)
        .where(
            observed.c.bridge_id == bridge_id,
            observed.c.run_id >= since,
            observed.c.standing == standing,
            ~_is_second(bridge_id, since),
        )
        .order_by(observed.c.side, observed.c.id)
        .offset(after)
        .limit(limit)
    )
    return [(sighting(row), row.reason) for row in await connection.execute(query)]


def _is_second(bridge_id: int, since: int) -> ColumnElement[bool]:
    """A Rezora record that a linked HighLevel record of the same run speaks for, or the account's own."""
    first = observed.alias()
    spoken_for = exists().where(
        *live(bridge_id),
        link.c.rezora_id == observed.c.id,
        first.c.bridge_id == bridge_id,
        first.c.side == Side.HIGHLEVEL.value,
        first.c.id == link.c.highlevel_id,
        first.c.run_id >= since,
    )
    return (observed.c.side == Side.REZORA.value) & (spoken_for | observed.c.read_only)
