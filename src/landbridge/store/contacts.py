"""Finding contacts by name or address, and all that is stored of one of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import links
from landbridge.store.journal import Entry, OpenHold, entry_of, hold_of, named_holds
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting, sighting
from landbridge.store.tables import hold, journal, link, observed
from landbridge.sync.model import Side

LOOKED_AT = 100_000  # entries of the journal: about a tenth of a second


@dataclass(frozen=True, slots=True)
class Line:
    """One contact of a list; ``partner`` is the id of the record it is linked with, empty for none."""

    side: Side
    id: str
    name: str
    email: str
    standing: str
    reason: str
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """One record as seen last; ``there`` is False once it was missing when both sides were read whole."""

    seen: Sighting
    standing: str
    reason: str
    there: bool


async def find(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, text: str, after: str, limit: int
) -> list[Line]:
    """Contacts of one side by the order of their ids, after an id; of Rezora those without a partner.

    ``text`` is part of a name or of an e-mail address, or a whole id; empty for everybody. Each page is read
    from the primary key on (keyset), however far down the list it is.
    """
    query = select(
        observed.c.id, observed.c.name, observed.c.email, observed.c.standing, observed.c.reason
    ).where(
        observed.c.bridge_id == bridge_id,
        observed.c.side == side.value,
        observed.c.id > after,
        observed.c.run_id >= since,
        observed.c.read_only.is_(False),
    )
    if text:
        query = query.where(_matches(text, sqlite=connection.dialect.name == "sqlite"))
    if side is Side.REZORA:
        query = query.where(~exists().where(*links.live(bridge_id), link.c.rezora_id == observed.c.id))
    rows = list(await connection.execute(query.order_by(observed.c.id).limit(limit)))
    linked = await links.by_side(connection, bridge_id, side, [row.id for row in rows])
    partners = {key: kept.link.id(side.other) for key, kept in linked.items()}
    return [
        Line(side, row.id, row.name, row.email, row.standing, row.reason, partners.get(row.id, ""))
        for row in rows
    ]


def _matches(text: str, *, sqlite: bool) -> ColumnElement[bool]:
    """Without case: SQLite's LIKE is so for ASCII by itself, which is twice as fast as to fold each row."""
    spellings = {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
    named: list[ColumnElement[bool]] = [
        observed.c.name.contains(each, autoescape=True)
        if sqlite
        else observed.c.name.icontains(each, autoescape=True)
        for each in sorted(spellings)
    ]
    by_name = false() if "@" in text else or_(*named)  # no name has one, and an address is looked up faster
    return by_name | observed.c.email.contains(text.lower(), autoescape=True) | (observed.c.id == text)


async def sight(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, record_id: str
) -> Sight | None:
    """One record, None for one that was never seen."""
    query = select(observed).where(
        observed.c.bridge_id == bridge_id, observed.c.side == side.value, observed.c.id == record_id
    )
    row = (await connection.execute(query)).first()
    return None if row is None else Sight(sighting(row), row.standing, row.reason, row.run_id >= since)


async def pair_of(connection: AsyncConnection, bridge_id: int, side: Side, record_id: str) -> KeptLink | None:
    """The link of a record, None where it has none."""
    return (await links.by_side(connection, bridge_id, side, [record_id])).get(record_id)


async def holds_of(connection: AsyncConnection, bridge_id: int, ids: Mapping[Side, str]) -> list[OpenHold]:
    """What waits for a person about these records, oldest first."""
    columns = {Side.HIGHLEVEL: hold.c.highlevel_id, Side.REZORA: hold.c.rezora_id}
    named = or_(*(columns[side] == key for side, key in ids.items()))
    query = named_holds().where(hold.c.bridge_id == bridge_id, named)
    return [hold_of(row) for row in await connection.execute(query.order_by(hold.c.opened_at, hold.c.id))]


async def entries_of(
    connection: AsyncConnection, bridge_id: int, records: Mapping[Side, Collection[str]], limit: int
) -> list[Entry]:
    """What was written to these records, or made from them, newest first.

    No index leads from a record to its entries, so only the newest ``LOOKED_AT`` of the journal are read.
    """
    newest = select(func.max(journal.c.id)).where(journal.c.bridge_id == bridge_id).scalar_subquery()
    named: list[ColumnElement[bool]] = []
    for side, ids in records.items():
        named.append((journal.c.side == side.value) & journal.c.record_id.in_(list(ids)))
        named.append((journal.c.side == side.other.value) & journal.c.source_id.in_(list(ids)))
    query = select(journal).where(
        journal.c.bridge_id == bridge_id, journal.c.id > newest - LOOKED_AT, or_(*named)
    )
    rows: list[Row[Any]] = list(await connection.execute(query.order_by(journal.c.id.desc()).limit(limit)))
    return [entry_of(row) for row in rows]
