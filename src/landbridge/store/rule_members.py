"""Who is on a list because of a rule about activities: only they are taken off again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import new_row
from landbridge.store.tables import rule_member


async def members(connection: AsyncConnection, bridge_id: int, rule: str) -> frozenset[str]:
    """Rezora ids of those whom we put on the list of a rule."""
    query = select(rule_member.c.rezora_id).where(
        rule_member.c.bridge_id == bridge_id, rule_member.c.rule == rule
    )
    return frozenset((await connection.execute(query)).scalars())


async def rules(connection: AsyncConnection, bridge_id: int) -> list[str]:
    """Rules because of which somebody is on a list, those among them that the mapping has no more."""
    query = select(rule_member.c.rule).where(rule_member.c.bridge_id == bridge_id).distinct()
    return sorted((await connection.execute(query)).scalars())


async def note(
    connection: AsyncConnection, bridge_id: int, rule: str, rezora_ids: Sequence[str], now: float
) -> None:
    """We put these on it."""
    rows = [{"bridge_id": bridge_id, "rule": rule, "rezora_id": one, "since": now} for one in rezora_ids]
    new = new_row(connection.dialect.name, rule_member)
    await connection.execute(new.values(rows).on_conflict_do_nothing())


async def forget(connection: AsyncConnection, bridge_id: int, rule: str, rezora_id: str) -> None:
    """It is on it no more, or no longer because of us."""
    await connection.execute(
        delete(rule_member).where(
            rule_member.c.bridge_id == bridge_id,
            rule_member.c.rule == rule,
            rule_member.c.rezora_id == rezora_id,
        )
    )
