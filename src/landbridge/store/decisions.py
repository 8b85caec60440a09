"""What people decided and what was deleted: choices, people kept apart, pauses, tombstones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import upsert
from landbridge.store.tables import apart, choice, pause, tombstone
from landbridge.sync.model import Choice, Side

Pair = tuple[str, str]  # HighLevel id, Rezora id; one is empty for a record that is alone


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record that is never the source of a create, and why; ``partner`` is the record it belonged to."""

    side: Side
    id: str
    reason: str
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """An open decision with who made it, and when (epoch seconds)."""

    choice: Choice
    by: str
    at: float


async def save_choice(
    connection: AsyncConnection, bridge_id: int, pair: Pair, made: Choice, by: str, now: float
) -> None:
    """Keep what a person decided, until a run has carried it out; a later word replaces it."""
    row = {
        "bridge_id": bridge_id,
        "highlevel_id": pair[0],
        "rezora_id": pair[1],
        "rule": made.rule,
        "use": made.use,
        "value": made.value,
        "highlevel_shows": made.highlevel,
        "rezora_shows": made.rezora,
        "made_by": by,
        "made_at": now,
    }
    await upsert(connection, choice, [row], keys=("bridge_id", "highlevel_id", "rezora_id", "rule"))


async def choices(connection: AsyncConnection, bridge_id: int) -> dict[Pair, dict[str, Choice]]:
    """All open decisions, by pair and rule."""
    found: dict[Pair, dict[str, Choice]] = {}
    for row in await connection.execute(select(choice).where(choice.c.bridge_id == bridge_id)):
        made = Choice(row.rule, row.use, row.value, row.highlevel_shows, row.rezora_shows)
        found.setdefault((row.highlevel_id, row.rezora_id), {})[row.rule] = made
    return found


async def given(connection: AsyncConnection, bridge_id: int, pair: Pair, rule: str) -> Given | None:
    """One open decision, None where there is none."""
    query = select(choice).where(
        choice.c.bridge_id == bridge_id,
        choice.c.highlevel_id == pair[0],
        choice.c.rezora_id == pair[1],
        choice.c.rule == rule,
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    made = Choice(row.rule, row.use, row.value, row.highlevel_shows, row.rezora_shows)
    return Given(made, row.made_by, row.made_at)


async def drop_choices(connection: AsyncConnection, bridge_id: int, pairs: Iterable[Pair]) -> None:
    """These were carried out, or what they spoke of is gone."""
    for highlevel_id, rezora_id in pairs:
        await connection.execute(
            delete(choice).where(
                choice.c.bridge_id == bridge_id,
                choice.c.highlevel_id == highlevel_id,
                choice.c.rezora_id == rezora_id,
            )
        )


async def drop_choice(connection: AsyncConnection, bridge_id: int, pair: Pair, rule: str) -> None:
    """A person takes one decision back."""
    await connection.execute(
        delete(choice).where(
            choice.c.bridge_id == bridge_id,
            choice.c.highlevel_id == pair[0],
            choice.c.rezora_id == pair[1],
            choice.c.rule == rule,
        )
    )


async def keep_apart(connection: AsyncConnection, bridge_id: int, one: str, two: str, now: float) -> None:
    """These two are two people, whatever they have in common."""
    row = {"bridge_id": bridge_id, "one": one, "two": two, "at": now}
    await upsert(connection, apart, [row], keys=("bridge_id", "one", "two"))


async def kept_apart(connection: AsyncConnection, bridge_id: int) -> frozenset[Pair]:
    """All pairs that a person kept apart."""
    query = select(apart.c.one, apart.c.two).where(apart.c.bridge_id == bridge_id)
    return frozenset((one, two) for one, two in await connection.execute(query))


async def save_pause(
    connection: AsyncConnection, bridge_id: int, side: Side, record_id: str, note: str, now: float
) -> None:
    """Take a record out of the sync; opt-outs are carried all the same."""
    row = {"bridge_id": bridge_id, "side": side.value, "id": record_id, "note": note, "at": now}
    await upsert(connection, pause, [row], keys=("bridge_id", "side", "id"))


async def end_pause(connection: AsyncConnection, bridge_id: int, side: Side, record_id: str) -> bool:
    """Put it back; False when it was not paused."""
    result = await connection.execute(
        delete(pause).where(
            pause.c.bridge_id == bridge_id, pause.c.side == side.value, pause.c.id == record_id
        )
    )
    return result.rowcount > 0


async def paused(connection: AsyncConnection, bridge_id: int) -> frozenset[tuple[Side, str]]:
    """All paused records."""
    query = select(pause.c.side, pause.c.id).where(pause.c.bridge_id == bridge_id)
    return frozenset((Side(side), record_id) for side, record_id in await connection.execute(query))


async def bury(
    connection: AsyncConnection, bridge_id: int, tombstones: Sequence[Tombstone], now: float
) -> None:
    """Remember deletes; the newest reason stands."""
    rows = [
        {
            "bridge_id": bridge_id,
            "side": stone.side.value,
            "id": stone.id,
            "reason": stone.reason,
            "partner": stone.partner,
            "at": now,
        }
        for stone in tombstones
    ]
    keys = ("bridge_id", "side", "id")
    await upsert(connection, tombstone, rows, keys=keys, keep=("at",))


async def unbury(connection: AsyncConnection, bridge_id: int, side: Side, record_id: str) -> None:
    """The record is back, or a person wants it created again."""
    await connection.execute(
        delete(tombstone).where(
            tombstone.c.bridge_id == bridge_id, tombstone.c.side == side.value, tombstone.c.id == record_id
        )
    )


async def buried(connection: AsyncConnection, bridge_id: int) -> Mapping[tuple[Side, str], str]:
    """All tombstones: record to reason."""
    query = select(tombstone).where(tombstone.c.bridge_id == bridge_id)
    return {(Side(row.side), row.id): row.reason for row in await connection.execute(query)}
