"""Who is on a list because of a rule about activities: only they are taken off again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import upsert
from landbridge.store.tables import rule_member


async def members(connection: AsyncConnection, bridge_id: int, rule: str) -> frozenset[str]:
    """Rezora ids of those whom we put on the list of a rule."""
    query = select(rule_member.c.rezora_id).where(
        rule_member.c.bridge_id == bridge_id, rule_member.c.rule == rule
    )
    return frozenset((await connection.execute(query)).scalars())


async def note(
    connection: AsyncConnection, bridge_id: int, rule: str, rezora_ids: Sequence[str], now: float
) -> None:
    """We put these on it."""
    rows = [{"bridge_id": bridge_id, "rule": rule, "rezora_id": one, "since": now} for one in rezora_ids]
    await upsert(connection, rule_member, rows, keys=("bridge_id", "rule", "rezora_id"), keep=("since",))


async def forget(connection: AsyncConnection, bridge_id: int, rule: str, rezora_id: str) -> None:
    """It is on it no more, or no longer because of us."""
    await connection.execute(
        delete(rule_member).where(
            rule_member.c.bridge_id == bridge_id,
            rule_member.c.rule == rule,
            rule_member.c.rezora_id == rezora_id,
        )
    )
