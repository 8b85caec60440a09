"""Records that may be out of step: keys, not events, each with its urgency and its time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from sqlalchemy import ColumnElement, Insert, case, delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import execute_many, new_row
from landbridge.store.tables import due
from landbridge.sync.model import Kind, Side


class Urgency(IntEnum):
    """What goes first: an opt-out before everything, a person's edit before a scan."""

    OPT_OUT = 0
    LIVE = 1
    ASKED = 2
    SCAN = 3


@dataclass(frozen=True, slots=True)
class Due:
    """One record to look at; ``number`` is raised by every event that names it."""

    side: Side
    id: str
    urgency: Urgency = Urgency.LIVE
    kind: Kind = Kind.CONTACT
    at: float = 0.0
    cause: str = ""
    number: int = 1
    attempts: int = 0
    since: float = 0.0


async def name(connection: AsyncConnection, bridge_id: int, records: Sequence[Due], now: float) -> None:
    """These records may be out of step; a record named already keeps its place, or moves forward."""
    rows = [
        {
            "bridge_id": bridge_id,
            "side": one.side.value,
            "kind": one.kind.value,
            "id": one.id,
            "number": 1,
            "urgency": int(one.urgency),
            "at": one.at or now,
            "since": now,
            "attempts": 0,
            "cause": one.cause,
        }
        for one in records
    ]
    await execute_many(connection, _naming(connection.dialect.name), rows)


@cache
def _naming(dialect: str) -> Insert:
    new = new_row(dialect, due)
    was, told = due.c, new.excluded
    return new.on_conflict_do_update(
        index_elements=["bridge_id", "side", "kind", "id"],
        set_={
            "number": was.number + 1,
            "urgency": case((told.urgency < was.urgency, told.urgency), else_=was.urgency),
            "at": case((told.at < was.at, told.at), else_=was.at),
            "attempts": 0,
            "cause": told.cause,
        },
    )


async def first(
    connection: AsyncConnection,
    bridge_id: int,
    now: float,
    limit: int,
    most: Urgency = Urgency.SCAN,
    kinds: Sequence[Kind] = (Kind.CONTACT,),
    *,
    only: Collection[tuple[Side, str]] = (),
) -> list[Due]:
    """The most urgent records of these kinds that may be looked at now; ``most`` leaves the less urgent out.

    ``only``, if it names any, leaves all other records out. The id of an activity's row is that of its
    contact: all of that kind of that contact are looked at.
    """
    query = (
        select(due)
        .where(
            due.c.bridge_id == bridge_id,
            due.c.at <= now,
            due.c.urgency <= int(most),
            due.c.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(due.c.urgency, due.c.at, due.c.id)
        .limit(limit)
    )
    if only:
        wanted = [(side.value, record_id) for side, record_id in sorted(only)]
        query = query.where(tuple_(due.c.side, due.c.id).in_(wanted))
    return [
        Due(
            Side(row.side),
            row.id,
            Urgency(row.urgency),
            Kind(row.kind),
            row.at,
            row.cause,
            row.number,
            row.attempts,
            row.since,
        )
        for row in await connection.execute(query)
    ]


async def clear(connection: AsyncConnection, bridge_id: int, done: Sequence[Due]) -> None:
    """Looked at; a record that was named again meanwhile stays."""
    for one in done:
        await connection.execute(delete(due).where(*_same(bridge_id, one), due.c.number == one.number))


async def calm(connection: AsyncConnection, bridge_id: int, carried: Sequence[Due]) -> None:
    """Their opt-outs are carried; everything else of them has time."""
    for one in carried:
        query = update(due).where(*_same(bridge_id, one), due.c.number == one.number)
        await connection.execute(query.values(urgency=int(Urgency.LIVE)))


async def postpone(
    connection: AsyncConnection, bridge_id: int, one: Due, at: float, *, failed: bool = True
) -> None:
    """Look again no earlier than ``at``; a new event may still move it forward."""
    attempts = due.c.attempts + 1 if failed else due.c.attempts
    query = update(due).where(*_same(bridge_id, one), due.c.number == one.number)
    await connection.execute(query.values(at=at, attempts=attempts))


async def bridges_with_work(connection: AsyncConnection, now: float) -> dict[int, Urgency]:
    """Bridges of which a record may be looked at now, with the urgency of the most urgent one."""
    query = select(due.c.bridge_id, func.min(due.c.urgency)).where(due.c.at <= now)
    rows = await connection.execute(query.group_by(due.c.bridge_id))
    return {bridge_id: Urgency(urgency) for bridge_id, urgency in rows}


async def count(connection: AsyncConnection, bridge_id: int) -> int:
    """How many records of a bridge are named."""
    query = select(func.count()).select_from(due).where(due.c.bridge_id == bridge_id)
    return (await connection.execute(query)).scalar_one()


async def oldest(connection: AsyncConnection, bridge_id: int) -> float | None:
    """Since when the one has waited that was named first."""
    query = select(func.min(due.c.since)).where(due.c.bridge_id == bridge_id)
    found: float | None = (await connection.execute(query)).scalar_one()
    return found


def _same(bridge_id: int, one: Due) -> tuple[ColumnElement[bool], ...]:
    return (
        due.c.bridge_id == bridge_id,
        due.c.side == one.side.value,
        due.c.kind == one.kind.value,
        due.c.id == one.id,
    )
