"""Finding contacts by name or address, and all that is stored of one of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import links
from landbridge.store.journal import Entry, OpenHold, entry_of, hold_of, named_holds
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting, sighting
from landbridge.store.roll import speaking
from landbridge.store.rows import batches
from landbridge.store.tables import hold, journal, observed
from landbridge.sync.model import Side


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people a list shows; what is empty leaves nobody out.

    ``needles`` are all in what is looked through (``sync/finding.py``); ``ids`` are found beside them.
    """

    side: Side | None = None
    standing: str = ""
    reason: str = ""
    alone: bool = False  # not linked
    opted_out: bool = False
    needles: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ends: the key by which the next one begins (keyset)."""

    side: Side
    standing: str
    reason: str
    id: str


@dataclass(frozen=True, slots=True)
class Group:
    """So many people of one side who stand alike; how many of them are not linked, and opted out."""

    side: Side
    standing: str
    reason: str
    number: int
    alone: int
    opted_out: int


async def listed(
    connection: AsyncConnection, bridge_id: int, since: int, wanted: Wanted, after: Place | None, limit: int
) -> list[Line]:
    """People, a linked pair once: HighLevel's, then those that only Rezora has, by standing, reason and id.

    Read from ``ix_observed_roll`` alone, from the place on, so a page far down costs what the first one
    does; a search looks through that index. Names and addresses are then read of the page only.
    """
    found: list[tuple[Side, Any]] = []
    sides = list(Side)[list(Side).index(after.side) if after else 0 :]
    for side in sides:
        if wanted.side not in (None, side):
            continue
        roll = observed.c
        query: Select[Any] = select(roll.id, roll.standing, roll.reason).where(
            *speaking(bridge_id, since, side)
        )
        query = query.where(*_narrowed(wanted, connection.dialect.name))
        if after is not None and after.side is side:
            begin = tuple_(literal(after.standing), literal(after.reason), literal(after.id))
            query = query.where(tuple_(roll.standing, roll.reason, roll.id) > begin)
        query = query.order_by(roll.standing, roll.reason, roll.id).limit(limit - len(found))
        found += [(side, row) for row in await connection.execute(query)]
        if len(found) >= limit:
            break
    return await _lines(connection, bridge_id, found)


async def groups(connection: AsyncConnection, bridge_id: int, since: int) -> list[Group]:
    """How many people there are of each sort, for the numbers on the filters.

    Grouped in the order of the index only, so that nothing is sorted: half the time for 100,000.
    """
    columns = observed.c.standing, observed.c.reason
    told = (
        func.count().label("number"),
        func.sum(case((observed.c.paired.is_(False), 1), else_=0)).label("alone"),
        func.sum(case((observed.c.opted_out.is_(True), 1), else_=0)).label("opted_out"),
    )
    found: list[Group] = []
    for side in Side:
        query = select(*columns, *told).where(*speaking(bridge_id, since, side)).group_by(*columns)
        found += [
            Group(side, row.standing, row.reason, row.number, row.alone, row.opted_out)
            for row in await connection.execute(query)
        ]
    return found


def _narrowed(wanted: Wanted, dialect: str) -> list[ColumnElement[bool]]:
    terms: list[ColumnElement[bool]] = []
    if wanted.standing:
        terms.append(observed.c.standing == wanted.standing)
    if wanted.reason:
        terms.append(observed.c.reason == wanted.reason)
    if wanted.alone:
        terms.append(observed.c.paired.is_(False))
    if wanted.opted_out:
        terms.append(observed.c.opted_out.is_(True))
    place = func.strpos if dialect == "postgresql" else func.instr  # no pattern, so nothing to escape
    inside = [place(observed.c.search, needle) > 0 for needle in wanted.needles]
    if inside:
        terms.append(or_(and_(*inside), observed.c.id.in_(wanted.ids)))
    return terms


async def _lines(
    connection: AsyncConnection, bridge_id: int, found: Sequence[tuple[Side, Any]]
) -> list[Line]:
    """The lines of a page, with names, addresses and partners."""
    shown: dict[tuple[Side, str], tuple[Any, str]] = {}
    for side in Side:
        ids = [row.id for at, row in found if at is side]
        if ids:
            query: Select[Any] = select(observed.c.id, observed.c.name, observed.c.email).where(
                observed.c.bridge_id == bridge_id, observed.c.side == side.value, observed.c.id.in_(ids)
            )
            partners = await links.partners(connection, bridge_id, side, ids)
            for row in await connection.execute(query):
                shown[side, row.id] = row, partners.get(row.id, "")
    return [
        Line(side, row.id, known.name, known.email, row.standing, row.reason, partner)
        for side, row in found
        for known, partner in [shown[side, row.id]]
    ]


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

    Their ids are found first, by the indexes of records and sources: asked for the newest ones at once,
    SQLite would rather walk through the whole journal.
    """
    keys: set[int] = set()
    for side, ids in records.items():
        for some in batches(list(ids)):
            for named in (
                (journal.c.side == side.value) & journal.c.record_id.in_(some),
                (journal.c.side == side.other.value) & journal.c.source_id.in_(some),
            ):
                query = select(journal.c.id).where(journal.c.bridge_id == bridge_id, named)
                keys |= set((await connection.execute(query)).scalars())
    newest = sorted(keys, reverse=True)[:limit]
    rows = await connection.execute(select(journal).where(journal.c.id.in_(newest)))
    return sorted((entry_of(row) for row in rows), key=lambda entry: -entry.id)
