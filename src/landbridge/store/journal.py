"""The journal of what was done, and the holds that wait for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import execute_many, pack, unpack, upsert
from landbridge.store.tables import hold, journal, observed
from landbridge.sync.model import Side


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done to one record: enough to explain it, and to undo it by hand."""

    action: str
    side: Side
    record_id: str
    source_id: str = ""
    rule: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Something that waits; ``cause`` is a key of ``reasons.HELD``."""

    cause: str
    highlevel_id: str = ""
    rezora_id: str = ""
    rule: str = ""
    highlevel_shows: str = ""
    rezora_shows: str = ""
    detail: str = ""
    opened_at: float = 0.0
    name: str = ""  # of the contact, as last seen; only read, never stored here


async def write(
    connection: AsyncConnection, bridge_id: int, run_id: int, entries: Sequence[Entry], now: float
) -> None:
    """Append entries, in the transaction that records their effect."""
    if entries:
        rows = [
            {
                "bridge_id": bridge_id,
                "run_id": run_id,
                "at": now,
                "action": entry.action,
                "side": entry.side.value,
                "record_id": entry.record_id,
                "source_id": entry.source_id,
                "rule": entry.rule,
                "before": pack(entry.before),
                "after": pack(entry.after),
                "note": entry.note,
            }
            for entry in entries
        ]
        await execute_many(connection, insert(journal), rows)


async def recent(connection: AsyncConnection, bridge_id: int, count: int = 20) -> list[Entry]:
    """The newest entries, newest first."""
    query = select(journal).where(journal.c.bridge_id == bridge_id).order_by(journal.c.id.desc()).limit(count)
    return [_entry(row) for row in await connection.execute(query)]


async def save_holds(
    connection: AsyncConnection, bridge_id: int, run_id: int, holds: Sequence[OpenHold], now: float
) -> None:
    """Open holds, or see them again; the time they were opened stays."""
    rows = [
        {
            "bridge_id": bridge_id,
            "run_id": run_id,
            "cause": h.cause,
            "highlevel_id": h.highlevel_id,
            "rezora_id": h.rezora_id,
            "rule": h.rule,
            "highlevel_shows": h.highlevel_shows,
            "rezora_shows": h.rezora_shows,
            "detail": h.detail,
            "opened_at": now,
        }
        for h in holds
    ]
    keys = ("bridge_id", "highlevel_id", "rezora_id", "rule", "cause")
    await upsert(connection, hold, rows, keys=keys, keep=("opened_at",))


async def close_unseen_holds(connection: AsyncConnection, bridge_id: int, run_id: int) -> None:
    """Holds that a whole run did not meet again are settled."""
    await connection.execute(delete(hold).where(hold.c.bridge_id == bridge_id, hold.c.run_id < run_id))


async def holds(connection: AsyncConnection, bridge_id: int, limit: int = 200) -> list[OpenHold]:
    """Open holds, oldest first, with the names of their contacts."""
    contact = (
        (observed.c.bridge_id == hold.c.bridge_id)
        & (observed.c.side == Side.HIGHLEVEL.value)
        & (observed.c.id == hold.c.highlevel_id)
    )
    query = (
        select(hold, func.coalesce(observed.c.name, "").label("name"))
        .join(observed, contact, isouter=True)
        .where(hold.c.bridge_id == bridge_id)
        .order_by(hold.c.opened_at, hold.c.id)
        .limit(limit)
    )
    return [_hold(row) for row in await connection.execute(query)]


async def known_missing(connection: AsyncConnection, bridge_id: int) -> frozenset[str]:
    """HighLevel ids of linked contacts of which people have been told that one side lacks them."""
    causes = ("missing_in_highlevel", "missing_in_rezora")
    query = select(hold.c.highlevel_id).where(hold.c.bridge_id == bridge_id, hold.c.cause.in_(causes))
    return frozenset((await connection.execute(query)).scalars())


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        row.action,
        Side(row.side),
        row.record_id,
        row.source_id,
        row.rule,
        unpack(row.before),
        unpack(row.after),
        row.note,
        row.at,
    )


def _hold(row: Row[Any]) -> OpenHold:
    return OpenHold(
        row.cause,
        row.highlevel_id,
        row.rezora_id,
        row.rule,
        row.highlevel_shows,
        row.rezora_shows,
        row.detail,
        row.opened_at,
        row.name,
    )
