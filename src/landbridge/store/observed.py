"""What each side showed last, record by record, and where each record stands.

A record is there if a run from ``since`` on saw it: since the newest run that read both sides whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import roll
from landbridge.store.links import id_column, live
from landbridge.store.rows import batches, execute_many, new_row, pack, unpack, unpack_names
from landbridge.store.tables import link, observed, suppression
from landbridge.sync.consent import EMAIL
from landbridge.sync.finding import looked_through
from landbridge.sync.model import Record, Side

PAIRED = "="  # a partner that begins with it is the id of the other side's record; else it is a reason


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record as a run saw it, with its fingerprint and the canonical keys of identity."""

    record: Record
    print: str
    name: str = ""
    email: str = ""
    phone: str = ""
    partner: str = ""
    first_seen: float = 0.0
    lifted: bool = False
    email_key: str = ""
    phone_key: str = ""
    further: str = ""  # keyed hashes of additional addresses, with blanks between


async def save(
    connection: AsyncConnection,
    bridge_id: int,
    run_id: int,
    seen: Sequence[Sighting],
    now: float,
    fresh_until: float = 0.0,
) -> None:
    """Remember records; standing and partner stay.

    ``fresh_until`` is given for records read by id: until then a search, which may lag a few seconds
    (highlevel.md 2.1.3), does not replace them by something older. An opt-out that was seen and is shown
    no more was lifted by somebody. An opt-out that is not told keeps the last known one.
    """
    rows = [_row(bridge_id, run_id, sight, now, fresh_until) for sight in seen]
    new = new_row(connection.dialect.name, observed)
    was, told = observed.c, new.excluded
    stale = (told.fresh_until == 0.0) & (was.fresh_until > now) & (told.changed_at < was.changed_at)
    same = was.print == told.print
    lifted = case(
        (told.opted_out.is_(True), false()),
        (was.opted_out.is_(True) & told.opted_out.is_(False), true()),
        else_=was.lifted,
    )
    changes: dict[str, ColumnElement[Any]] = {
        name: told[name] for name in _TOLD if name not in ("opted_out", "barred")
    }
    changes |= {name: func.coalesce(told[name], was[name]) for name in ("opted_out", "barred")}
    changes |= {"lifted": lifted, "first_seen": case((same, was.first_seen), else_=told.first_seen)}
    changes["speaks"] = case((told.speaks.is_(False), false()), else_=was.speaks)
    changes["fresh_until"] = case((told.fresh_until > 0.0, told.fresh_until), else_=was.fresh_until)
    values = {name: case((stale, was[name]), else_=value) for name, value in changes.items()}
    statement = new.on_conflict_do_update(
        index_elements=["bridge_id", "side", "id"], set_=values | {"run_id": told.run_id}
    )
    await execute_many(connection, statement, rows)
    for side in Side:
        ids = [sight.record.id for sight in seen if sight.record.side is side]
        await roll.take_up(connection, bridge_id, side, ids)


_TOLD = (
    "fields",
    "labels",
    "opted_out",
    "barred",
    "read_only",
    "print",
    "name",
    "email",
    "phone",
    "marker",
    "changed_at",
    "email_key",
    "phone_key",
    "search",
    "further",
)


def _row(bridge_id: int, run_id: int, sight: Sighting, now: float, fresh_until: float) -> dict[str, Any]:
    record = sight.record
    return {
        "bridge_id": bridge_id,
        "side": record.side.value,
        "id": record.id,
        "run_id": run_id,
        "fields": pack(record.fields),
        "labels": None if record.labels is None else pack(sorted(record.labels)),
        "opted_out": record.opted_out,
        "barred": None if record.barred is None else pack(sorted(record.barred)),
        "read_only": record.read_only,
        "print": sight.print,
        "name": sight.name,
        "email": sight.email,
        "phone": sight.phone,
        "marker": record.marker,
        "changed_at": record.changed_at,
        "first_seen": now,
        "fresh_until": fresh_until,
        "email_key": sight.email_key,
        "phone_key": sight.phone_key,
        "search": looked_through(sight.name, sight.email, sight.phone),
        "further": sight.further,
        "speaks": record.side is Side.HIGHLEVEL or not record.read_only,
    }


@dataclass(frozen=True, slots=True)
class Near:
    """Some records only: by the keys of their addresses, by their ids, or by the marks they carry."""

    keys: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    markers: frozenset[str] = frozenset()


async def people(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, near: Near | None = None
) -> list[Row[Any]]:
    """Identity keys (id, name, email, phone, marker, partner id or None) of every record that is there."""
    other = link.c.rezora_id if side is Side.HIGHLEVEL else link.c.highlevel_id
    joined = observed.outerjoin(link, and_(*live(bridge_id), id_column(side) == observed.c.id))
    keys = (
        observed.c.side,
        observed.c.id,
        observed.c.name,
        observed.c.email,
        observed.c.phone,
        observed.c.marker,
        observed.c.email_key,
        observed.c.phone_key,
    )
    query = select(*keys, other.label("linked_to")).select_from(joined).where(*_there(bridge_id, since, side))
    query = query.where(observed.c.read_only.is_(False))
    found: dict[str, Row[Any]] = {}
    for some in _near(near):
        found |= {row.id: row for row in await connection.execute(query.where(*some))}
    return [found[key] for key in sorted(found)]


async def holders(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, keys: Sequence[str]
) -> list[Sighting]:
    """Records that may hold an address of one of these keys, as their main or as an additional one.

    Those of which it is not known yet whether they have additional ones are among them.
    """
    found: dict[str, Row[Any]] = {}
    wanted = [key for key in dict.fromkeys(keys) if key]
    for key in wanted:
        for held in (
            observed.c.email_key == key,
            observed.c.phone_key == key,
            and_(_HAS_FURTHER, observed.c.further.contains(key, autoescape=True)),
        ):
            rows = await connection.execute(select(observed).where(*_there(bridge_id, since, side), held))
            found |= {row.id: row for row in rows}
    if wanted:
        unknown = select(observed).where(*_there(bridge_id, since, side), observed.c.further.is_(None))
        found |= {row.id: row for row in await connection.execute(unknown.where(_HAS_FURTHER))}
    return [sighting(found[key]) for key in sorted(found)]


# A literal, as SQLite uses a partial index for its very words only.
_HAS_FURTHER = observed.c.further.is_distinct_from(literal_column("''"))


async def unlinked(connection: AsyncConnection, bridge_id: int, since: int, side: Side) -> list[Row[Any]]:
    """Identity keys of the records that belong to nobody."""
    linked = exists().where(*live(bridge_id), id_column(side) == observed.c.id)
    columns = observed.c.id, observed.c.name, observed.c.email, observed.c.phone, observed.c.marker
    query = select(*columns).where(*_there(bridge_id, since, side), observed.c.read_only.is_(False), ~linked)
    return list(await connection.execute(query.order_by(observed.c.id)))


def _near(near: Near | None) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Conditions, each served by an index and small enough for every database; together they are all."""
    if near is None:
        yield ()
        return
    columns = (
        (observed.c.email_key, near.keys),
        (observed.c.phone_key, near.keys),
        (observed.c.id, near.ids),
        (observed.c.marker, near.markers),
    )
    for column, wanted in columns:
        for some in batches(sorted(wanted)):
            yield (column.in_(some),)


async def sendable(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, near: Near | None = None
) -> list[Sighting]:
    """Records that a side shows as sendable although their address, or their other half, opted out."""
    known = exists().where(
        suppression.c.bridge_id == bridge_id,
        suppression.c.address == observed.c.email_key,
        suppression.c.channel == EMAIL,
    )
    partner = observed.alias()
    partner_out = exists().where(
        *live(bridge_id),
        id_column(side) == observed.c.id,
        partner.c.bridge_id == bridge_id,
        partner.c.side == side.other.value,
        partner.c.id == id_column(side.other),
        partner.c.opted_out.is_(True),
    )
    query = select(observed).where(
        *_there(bridge_id, since, side),
        observed.c.opted_out.is_(False),
        observed.c.read_only.is_(False),
        ((observed.c.email_key != "") & known) | partner_out,
    )
    found: dict[str, Row[Any]] = {}
    for some in _near(near):
        found |= {row.id: row for row in await connection.execute(query.where(*some))}
    return [sighting(found[key]) for key in sorted(found)]


async def newly_out(
    connection: AsyncConnection, bridge_id: int, side: Side, out: Sequence[str]
) -> list[Row[Any]]:
    """Of these records, shown as opted out now, those that were not when last seen (id, email_key)."""
    found: list[Row[Any]] = []
    for some in batches(out):
        query = select(observed.c.id, observed.c.email_key).where(
            observed.c.bridge_id == bridge_id,
            observed.c.side == side.value,
            observed.c.id.in_(some),
            observed.c.opted_out.is_(False),
        )
        found += list(await connection.execute(query))
    return found


async def forget_lifts(
    connection: AsyncConnection, bridge_id: int, side: Side, records: Sequence[Row[Any]]
) -> None:
    """A new opt-out: that somebody took an older one back on the other half, or its address, is over."""
    for row in records:
        other = select(id_column(side.other)).where(*live(bridge_id), id_column(side) == row.id)
        same = (observed.c.email_key != "") & (observed.c.email_key == row.email_key)
        half = (observed.c.side == side.other.value) & observed.c.id.in_(other)
        query = update(observed).where(
            observed.c.bridge_id == bridge_id, observed.c.lifted.is_(True), half | same
        )
        await connection.execute(query.values(lifted=False))


async def set_lifted(connection: AsyncConnection, bridge_id: int, side: Side, record_id: str) -> None:
    """Forget that somebody took an opt-out back: a person decided that it stands."""
    query = update(observed).where(*_one(bridge_id, side, record_id))
    await connection.execute(query.values(lifted=False))


async def slice_of(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, after: str, limit: int
) -> list[Sighting]:
    """The next records of one side of a run in the order of their ids; of Rezora those without a partner."""
    query = select(observed).where(*_there(bridge_id, since, side), observed.c.id > after)
    if side is Side.REZORA:
        linked = exists().where(*live(bridge_id), id_column(side) == observed.c.id)
        taken = observed.c.partner.like(f"{PAIRED}%")
        query = query.where(~linked, ~taken, observed.c.read_only.is_(False))
    return [sighting(row) for row in await connection.execute(query.order_by(observed.c.id).limit(limit))]


async def one(connection: AsyncConnection, bridge_id: int, side: Side, record_id: str) -> Sighting | None:
    """The newest sight of one record, whichever run it is of."""
    row = (await connection.execute(select(observed).where(*_one(bridge_id, side, record_id)))).first()
    return None if row is None else sighting(row)


async def unsee(connection: AsyncConnection, bridge_id: int, side: Side, record_id: str) -> None:
    """A read by id proved the record gone: what it showed last stays known, but it is there no more."""
    await connection.execute(update(observed).where(*_one(bridge_id, side, record_id)).values(run_id=0))
    if side is Side.HIGHLEVEL:
        theirs = select(link.c.rezora_id).where(*live(bridge_id), link.c.highlevel_id == record_id)
        left = list((await connection.execute(theirs)).scalars())
        await roll.refresh(connection, bridge_id, Side.REZORA, left)


async def gone(
    connection: AsyncConnection, bridge_id: int, side: Side, ids: Sequence[str]
) -> set[tuple[Side, str]]:
    """Which of these records are proved gone."""
    found: set[tuple[Side, str]] = set()
    for some in batches(ids):
        query = select(observed.c.id).where(
            observed.c.bridge_id == bridge_id,
            observed.c.side == side.value,
            observed.c.id.in_(some),
            observed.c.run_id == 0,
        )
        found |= {(side, one_id) for (one_id,) in await connection.execute(query)}
    return found


async def run_of(connection: AsyncConnection, bridge_id: int, side: Side, record_id: str) -> int:
    """The run that saw a record last, 0 for none and for a record that is gone."""
    query = select(observed.c.run_id).where(*_one(bridge_id, side, record_id))
    return (await connection.execute(query)).scalar_one_or_none() or 0


async def opted_out_under(
    connection: AsyncConnection, bridge_id: int, since: int, keys: Sequence[str]
) -> frozenset[Side]:
    """Sides on which somebody with one of these addresses is opted out, as seen since that run."""
    query = select(observed.c.side).where(
        observed.c.bridge_id == bridge_id,
        observed.c.run_id >= since,
        observed.c.opted_out.is_(True),
        observed.c.email_key.in_(keys),
    )
    return frozenset(Side(side) for (side,) in await connection.execute(query))


async def by_ids(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, ids: Sequence[str]
) -> dict[str, Sighting]:
    """Records of a run by their ids."""
    found: dict[str, Sighting] = {}
    for some in batches(ids):
        query = select(observed).where(*_there(bridge_id, since, side), observed.c.id.in_(some))
        found |= {row.id: sighting(row) for row in await connection.execute(query)}
    return found


async def prints(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, ids: Sequence[str] | None = None
) -> dict[str, str]:
    """Fingerprints by id, of every record of a side or of some."""
    query = select(observed.c.id, observed.c.print).where(*_there(bridge_id, since, side))
    if ids is None:
        return {row.id: row.print for row in await connection.execute(query)}
    found: dict[str, str] = {}
    for some in batches(ids):
        rows = await connection.execute(query.where(observed.c.id.in_(some)))
        found |= {row.id: row.print for row in rows}
    return found


async def count(connection: AsyncConnection, bridge_id: int, since: int) -> int:
    """How many records both sides have."""
    query = select(func.count()).select_from(observed)
    query = query.where(observed.c.bridge_id == bridge_id, observed.c.run_id >= since)
    return (await connection.execute(query)).scalar_one()


async def partnered(connection: AsyncConnection, bridge_id: int, since: int) -> int:
    """How many HighLevel records of a run are matched and not linked yet."""
    query = select(func.count()).select_from(observed).where(*_there(bridge_id, since, Side.HIGHLEVEL))
    return (await connection.execute(query.where(observed.c.partner.like(f"{PAIRED}%")))).scalar_one()


async def set_partners(
    connection: AsyncConnection, bridge_id: int, since: int, side: Side, partners: Mapping[str, str]
) -> None:
    """Note the matches of a run, or why there is none, on the records of one side; all others have none."""
    await connection.execute(
        update(observed).where(*_there(bridge_id, since, side), observed.c.partner != "").values(partner="")
    )
    await note_partners(connection, bridge_id, side, partners)


async def note_partners(
    connection: AsyncConnection, bridge_id: int, side: Side, partners: Mapping[str, str]
) -> None:
    """Note whom these records match, or why nobody."""
    statement = (
        update(observed)
        .where(
            observed.c.bridge_id == bridge_id,
            observed.c.side == side.value,
            observed.c.id == bindparam("key"),
        )
        .values(partner=bindparam("new_partner"))
    )
    rows = [{"key": key, "new_partner": partner} for key, partner in partners.items()]
    await execute_many(connection, statement, rows)


def _one(bridge_id: int, side: Side, record_id: str) -> tuple[Any, ...]:
    return observed.c.bridge_id == bridge_id, observed.c.side == side.value, observed.c.id == record_id


def _there(bridge_id: int, since: int, side: Side) -> tuple[Any, ...]:
    return observed.c.bridge_id == bridge_id, observed.c.run_id >= since, observed.c.side == side.value


def sighting(row: Row[Any]) -> Sighting:
    """A row of the table."""
    record = Record(
        Side(row.side),
        row.id,
        unpack(row.fields),
        unpack_names(row.labels),
        row.opted_out,
        row.read_only,
        row.changed_at,
        barred=unpack_names(row.barred),
        marker=row.marker,
    )
    return Sighting(
        record,
        row.print,
        row.name,
        row.email,
        row.phone,
        row.partner,
        row.first_seen,
        row.lifted,
        row.email_key,
        row.phone_key,
        row.further or "",
    )
