"""Up to where the recipes of a bridge have looked, and what they saw of each contact and list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import links
from landbridge.store.observed import Sighting, sighting
from landbridge.store.recipe_tables import recipe_cursor, recipe_sight
from landbridge.store.rows import batches, pack, unpack, unpack_names, upsert
from landbridge.store.tables import delivery, hold, journal, observed, run
from landbridge.sync.model import Side


@dataclass(frozen=True, slots=True)
class Cursor:
    """The newest delivery, journal entry, hold and run that were looked at, and when.

    ``not_before``: something was not clear, and is looked at again then. ``wake_at``: the next schedule.
    """

    delivery: int
    journal: int
    hold: int
    run: int
    at: float
    not_before: float = 0.0
    wake_at: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A contact of HighLevel (its fields and tags), or a list of Rezora (``labels`` are members).

    ``print`` is the fingerprint of the sight it was taken from. Journal entries behind ``journal`` may be
    the cause of what changes next.
    """

    id: str
    print: str
    fields: Mapping[str, str]
    labels: frozenset[str] | None
    opted_out: bool | None
    journal: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery as the recipes read it; ``contact_id`` is blank where the event did not say it."""

    id: int
    webhook_id: str
    type: str
    kind: str
    record_id: str
    contact_id: str
    received_at: float


@dataclass(frozen=True, slots=True)
class Noted:
    """A journal entry as the recipes read it."""

    id: int
    at: float
    action: str
    side: Side
    record_id: str
    source_id: str
    rule: str
    state: str
    kind: str


async def cursor(connection: AsyncConnection, bridge_id: int) -> Cursor | None:
    """Where the recipes are, None before their first look."""
    query = select(recipe_cursor).where(recipe_cursor.c.bridge_id == bridge_id)
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return Cursor(row.delivery, row.journal, row.hold, row.run, row.at, row.not_before, row.wake_at)


async def newest(connection: AsyncConnection, bridge_id: int, now: float) -> Cursor:
    """A cursor behind everything that is there now."""
    tops: list[int] = []
    for table in (delivery, journal, hold, run):
        query = select(func.max(table.c.id)).where(table.c.bridge_id == bridge_id)
        tops.append((await connection.execute(query)).scalar_one() or 0)
    return Cursor(tops[0], tops[1], tops[2], tops[3], now)


async def save_cursor(connection: AsyncConnection, bridge_id: int, moved: Cursor) -> None:
    """Keep where the recipes are, in the transaction that keeps what they found."""
    row = {"bridge_id": bridge_id, **asdict(moved)}
    await upsert(connection, recipe_cursor, [row], keys=("bridge_id",))


async def moved_since(
    connection: AsyncConnection,
    bridge_id: int,
    since_run: int,
    *,
    every: bool = False,
    also: Sequence[str] = (),
) -> list[tuple[Sighting, Seen | None]]:
    """Contacts of HighLevel that may show something new, each with what was seen of it before.

    ``every``: all of them, as some fields are in no fingerprint; ``also`` are looked at whatever they show.
    """
    same = (
        (recipe_sight.c.bridge_id == observed.c.bridge_id)
        & (recipe_sight.c.side == observed.c.side)
        & (recipe_sight.c.id == observed.c.id)
    )
    query = (
        select(observed.c.id, recipe_sight.c.id.label("known"))
        .select_from(observed.outerjoin(recipe_sight, same))
        .where(
            observed.c.bridge_id == bridge_id,
            observed.c.side == Side.HIGHLEVEL.value,
            observed.c.run_id >= since_run,
        )
    )
    if not every:
        query = query.where(or_(recipe_sight.c.id.is_(None), recipe_sight.c.print != observed.c.print))
    ids = sorted({row.id for row in await connection.execute(query)} | set(also))
    before = await seen(connection, bridge_id, Side.HIGHLEVEL, ids)
    found = []
    for some in batches(ids):
        rows = select(observed).where(
            observed.c.bridge_id == bridge_id,
            observed.c.side == Side.HIGHLEVEL.value,
            observed.c.id.in_(some),
        )
        found += [(sighting(row), before.get(row.id)) for row in await connection.execute(rows)]
    return found


async def seen(
    connection: AsyncConnection, bridge_id: int, side: Side, ids: Sequence[str]
) -> dict[str, Seen]:
    """What the recipes saw of these contacts or lists last."""
    found: dict[str, Seen] = {}
    for some in batches(ids):
        query = select(recipe_sight).where(
            recipe_sight.c.bridge_id == bridge_id,
            recipe_sight.c.side == side.value,
            recipe_sight.c.id.in_(some),
        )
        found |= {row.id: _seen(row) for row in await connection.execute(query)}
    return found


async def save_seen(connection: AsyncConnection, bridge_id: int, side: Side, found: Sequence[Seen]) -> None:
    """Keep what was seen."""
    rows = [
        {
            "bridge_id": bridge_id,
            "side": side.value,
            "id": one.id,
            "print": one.print,
            "fields": pack(one.fields),
            "labels": None if one.labels is None else pack(sorted(one.labels)),
            "opted_out": one.opted_out,
            "journal": one.journal,
        }
        for one in found
    ]
    await upsert(connection, recipe_sight, rows, keys=("bridge_id", "side", "id"))


async def arrived(
    connection: AsyncConnection,
    bridge_id: int,
    *,
    after: int = 0,
    since: float = 0.0,
    until: float = 0.0,
    limit: int = 1_000,
) -> list[Arrived]:
    """Deliveries behind one, or received in a span, oldest first."""
    query = select(delivery).where(delivery.c.bridge_id == bridge_id, delivery.c.id > after)
    if until:
        query = query.where(delivery.c.received_at >= since, delivery.c.received_at < until)
    rows = await connection.execute(query.order_by(delivery.c.id).limit(limit))
    return [
        Arrived(r.id, r.webhook_id, r.type, r.kind, r.record_id, r.contact_id, r.received_at) for r in rows
    ]


async def noted(
    connection: AsyncConnection,
    bridge_id: int,
    *,
    after: int = 0,
    since: float = 0.0,
    until: float = 0.0,
    actions: Sequence[str] = (),
) -> list[Noted]:
    """Journal entries behind one, or of a span, oldest first; of these actions, if any are named."""
    columns = [journal.c[name] for name in Noted.__dataclass_fields__]
    query = select(*columns).where(journal.c.bridge_id == bridge_id, journal.c.id > after)
    if until:
        query = query.where(journal.c.at >= since, journal.c.at < until)
    elif since:
        query = query.where(journal.c.at >= since)
    if actions:
        query = query.where(journal.c.action.in_(actions))
    rows = await connection.execute(query.order_by(journal.c.id))
    return [
        Noted(r.id, r.at, r.action, Side(r.side), r.record_id, r.source_id, r.rule, r.state, r.kind)
        for r in rows
    ]


async def holds_since(connection: AsyncConnection, bridge_id: int, after: int) -> list[Row[Any]]:
    """Open holds behind one (id, cause, highlevel_id, opened_at), oldest first."""
    query = select(hold.c.id, hold.c.cause, hold.c.highlevel_id, hold.c.opened_at)
    query = query.where(hold.c.bridge_id == bridge_id, hold.c.id > after).order_by(hold.c.id)
    return list(await connection.execute(query))


async def everybody(connection: AsyncConnection, bridge_id: int, since_run: int) -> list[Sighting]:
    """All contacts of HighLevel that a run from that one on saw."""
    query = select(observed).where(
        observed.c.bridge_id == bridge_id,
        observed.c.side == Side.HIGHLEVEL.value,
        observed.c.run_id >= since_run,
    )
    return [sighting(row) for row in await connection.execute(query.order_by(observed.c.id))]


async def partners(connection: AsyncConnection, bridge_id: int, rezora_ids: Sequence[str]) -> dict[str, str]:
    """HighLevel ids of linked contacts by their Rezora ids."""
    found = await links.by_side(connection, bridge_id, Side.REZORA, rezora_ids)
    return {key: kept.link.highlevel_id for key, kept in found.items()}


def _seen(row: Row[Any]) -> Seen:
    return Seen(row.id, row.print, unpack(row.fields), unpack_names(row.labels), row.opted_out, row.journal)
