"""Tasks, notes and appointments as both sides showed them last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import batches, execute_many, new_row, pack, unpack
from landbridge.store.tables import activity
from landbridge.sync.activity import Activity
from landbridge.sync.fingerprint import fields_print
from landbridge.sync.model import Kind, Side


async def save(connection: AsyncConnection, bridge_id: int, run_id: int, seen: Sequence[Activity]) -> None:
    """Keep what was read; the newest sight replaces an older one."""
    rows = [
        {
            "bridge_id": bridge_id,
            "side": one.side.value,
            "kind": one.kind.value,
            "id": one.id,
            "contact_id": one.contact_id,
            "run_id": run_id,
            "fields": pack(one.fields),
            "print": print_of(one),
            "changed_at": one.changed_at,
            "moment": moment(one),
        }
        for one in seen
        if not one.deleted
    ]
    await execute_many(connection, _saving(connection.dialect.name), rows)


@cache
def _saving(dialect: str) -> Insert:
    new = new_row(dialect, activity)
    kept = ("contact_id", "run_id", "fields", "print", "changed_at", "moment")
    return new.on_conflict_do_update(
        index_elements=["bridge_id", "side", "kind", "id"], set_={name: new.excluded[name] for name in kept}
    )


async def of_contacts(
    connection: AsyncConnection,
    bridge_id: int,
    side: Side,
    contact_ids: Sequence[str],
    kind: Kind | None = None,
) -> list[Activity]:
    """Everything known of these contacts on one side, by their ids there."""
    found: list[Activity] = []
    for some in batches(contact_ids):
        query = select(activity).where(
            activity.c.bridge_id == bridge_id,
            activity.c.side == side.value,
            activity.c.contact_id.in_(some),
        )
        if kind is not None:
            query = query.where(activity.c.kind == kind.value)
        # Sorted here: told to, SQLite walks an index in that order, through all activities of the bridge.
        rows = sorted(await connection.execute(query), key=lambda row: (row.kind, row.moment or 0.0, row.id))
        found += [activity_of(row) for row in rows]
    return found


async def one(
    connection: AsyncConnection, bridge_id: int, side: Side, kind: Kind, activity_id: str
) -> Activity | None:
    """One as it was shown last."""
    query = select(activity).where(
        activity.c.bridge_id == bridge_id,
        activity.c.side == side.value,
        activity.c.kind == kind.value,
        activity.c.id == activity_id,
    )
    row = (await connection.execute(query)).first()
    return None if row is None else activity_of(row)


async def keep_only(
    connection: AsyncConnection, bridge_id: int, side: Side, kind: Kind, contact_id: str, ids: Collection[str]
) -> None:
    """A contact was read whole: what it does not show any more is not remembered."""
    await connection.execute(
        delete(activity).where(
            activity.c.bridge_id == bridge_id,
            activity.c.side == side.value,
            activity.c.kind == kind.value,
            activity.c.contact_id == contact_id,
            activity.c.id.not_in(list(ids)),
        )
    )


async def forget_unseen(
    connection: AsyncConnection, bridge_id: int, side: Side, kind: Kind, run_id: int
) -> None:
    """The account was listed whole by this run: what it did not show is not remembered."""
    await connection.execute(
        delete(activity).where(
            activity.c.bridge_id == bridge_id,
            activity.c.side == side.value,
            activity.c.kind == kind.value,
            activity.c.run_id < run_id,
        )
    )


async def prints(
    connection: AsyncConnection, bridge_id: int, side: Side, kind: Kind
) -> dict[str, tuple[str, str]]:
    """Fingerprint and contact of everything known of a kind on one side, by id."""
    query = select(activity.c.id, activity.c.print, activity.c.contact_id).where(
        activity.c.bridge_id == bridge_id, activity.c.side == side.value, activity.c.kind == kind.value
    )
    return {row.id: (row.print, row.contact_id) for row in await connection.execute(query)}


async def count(connection: AsyncConnection, bridge_id: int, side: Side) -> dict[Kind, int]:
    """How many of each kind one side shows."""
    query = (
        select(activity.c.kind, func.count())
        .where(activity.c.bridge_id == bridge_id, activity.c.side == side.value)
        .group_by(activity.c.kind)
    )
    return {Kind(kind): number for kind, number in await connection.execute(query)}


async def between(
    connection: AsyncConnection,
    bridge_id: int,
    side: Side,
    kinds: Collection[Kind],
    start: float,
    end: float,
    limit: int = 5_000,
) -> list[Activity]:
    """Of one side, what is due or begins in a span of epoch seconds, soonest first."""
    query = (
        select(activity)
        .where(
            activity.c.bridge_id == bridge_id,
            activity.c.side == side.value,
            activity.c.kind.in_([kind.value for kind in kinds]),
            activity.c.moment >= start,
            activity.c.moment < end,
        )
        .order_by(activity.c.moment, activity.c.id)
        .limit(limit)
    )
    return [activity_of(row) for row in await connection.execute(query)]


async def contact_of(
    connection: AsyncConnection, bridge_id: int, side: Side, kind: Kind, record_id: str
) -> str:
    """Whose activity this is, blank where no run has seen it."""
    query = select(activity.c.contact_id).where(
        activity.c.bridge_id == bridge_id,
        activity.c.side == side.value,
        activity.c.kind == kind.value,
        activity.c.id == record_id,
    )
    return (await connection.execute(query)).scalar_one_or_none() or ""


async def forget(
    connection: AsyncConnection, bridge_id: int, side: Side, kind: Kind, ids: Sequence[str]
) -> None:
    """These are gone."""
    for some in batches(ids):
        await connection.execute(
            delete(activity).where(
                activity.c.bridge_id == bridge_id,
                activity.c.side == side.value,
                activity.c.kind == kind.value,
                activity.c.id.in_(some),
            )
        )


def print_of(one: Activity) -> str:
    """Changes exactly when something that it shows does."""
    return fields_print(one.fields)


def moment(one: Activity) -> float | None:
    """When it is due or begins, in epoch seconds; None for a note, and for a time that cannot be read."""
    text = one.fields.get("due") or one.fields.get("start") or ""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def activity_of(row: Row[Any]) -> Activity:
    """A row of the table."""
    return Activity(
        Side(row.side), Kind(row.kind), row.id, row.contact_id, unpack(row.fields), row.changed_at
    )
