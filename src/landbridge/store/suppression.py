"""Addresses that must not be written to, kept as keyed hashes that outlive every record and every link."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import batches, execute_many, new_row
from landbridge.store.tables import suppression
from landbridge.sync.consent import EMAIL, Level


@dataclass(frozen=True, slots=True)
class Addresses:
    """Turns the addresses of one bridge into keys that say nothing of them; equal for equal addresses only.

    The bridge is part of the key, so that two tenants' lists cannot be compared (property S10).
    """

    pepper: bytes
    bridge_id: int

    def __repr__(self) -> str:
        return f"Addresses(bridge_id={self.bridge_id})"

    def key(self, address: str) -> str:
        """32 hexadecimal digits, empty for an empty address."""
        if not address:
            return ""
        text = f"{self.bridge_id}:{address}".encode("utf-8", "replace")
        return hmac.digest(self.pepper, text, "sha256")[:16].hex()


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One address, as its key, on one channel."""

    address: str
    channel: str = EMAIL
    level: Level = Level.UNSUBSCRIBED
    source: str = ""


async def remember(
    connection: AsyncConnection, bridge_id: int, found: Iterable[Suppressed], now: float
) -> None:
    """Note restrictions; a level that is known already only ever grows (property S8)."""
    rows = [
        {
            "bridge_id": bridge_id,
            "address": one.address,
            "channel": one.channel,
            "level": int(one.level),
            "source": one.source,
            "at": now,
        }
        for one in found
    ]
    if not rows:
        return
    new = new_row(connection.dialect.name, suppression)
    greater = func.greatest if connection.dialect.name == "postgresql" else func.max
    statement = new.on_conflict_do_update(
        index_elements=["bridge_id", "address", "channel"],
        set_={"level": greater(suppression.c.level, new.excluded.level)},
    )
    await execute_many(connection, statement, rows)


async def known(connection: AsyncConnection, bridge_id: int) -> dict[str, frozenset[str]]:
    """The closed channels by the key of the address."""
    query = select(suppression.c.address, suppression.c.channel).where(suppression.c.bridge_id == bridge_id)
    found: dict[str, set[str]] = {}
    for address, channel in await connection.execute(query):
        found.setdefault(address, set()).add(channel)
    return {address: frozenset(channels) for address, channels in found.items()}


async def forget(connection: AsyncConnection, bridge_id: int, addresses: Sequence[str], channel: str) -> None:
    """A person vouches that somebody asked for e-mail again; the only way down, and no sync takes it."""
    for some in batches(addresses):
        await connection.execute(
            delete(suppression).where(
                suppression.c.bridge_id == bridge_id,
                suppression.c.channel == channel,
                suppression.c.address.in_(some),
            )
        )
