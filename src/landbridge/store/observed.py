"""What each side showed last, record by record, and where each record stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.links import live
from landbridge.store.rows import batches, execute_many, pack, unpack, unpack_names, upsert
from landbridge.store.tables import link, observed
from landbridge.sync.model import Record, Side


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record as a run saw it, with its fingerprint and the canonical keys of identity."""

    record: Record
    print: str
    name: str = ""
    email: str = ""
    phone: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one record stands: equal, excluded, held or waiting, and why."""

    id: str
    standing: str
    reason: str = ""


async def save(connection: AsyncConnection, bridge_id: int, run_id: int, seen: Sequence[Sighting]) -> None:
    """Remember a page of records; standing and partner stay."""
    rows = [
        {
            "bridge_id": bridge_id,
            "side": sight.record.side.value,
            "id": sight.record.id,
            "run_id": run_id,
            "fields": pack(sight.record.fields),
            "labels": None if sight.record.labels is None else pack(sorted(sight.record.labels)),
            "opted_out": sight.record.opted_out,
            "read_only": sight.record.read_only,
            "print": sight.print,
            "name": sight.name,
            "email": sight.email,
            "phone": sight.phone,
        }
        for sight in seen
    ]
    await upsert(connection, observed, rows, keys=("bridge_id", "side", "id"), known=("opted_out",))


async def unlinked(connection: AsyncConnection, bridge_id: int, run_id: int, side: Side) -> list[Row[Any]]:
    """Identity keys (id, name, email, phone, print) of the records that no live link holds."""
    column = link.c.highlevel_id if side is Side.HIGHLEVEL else link.c.rezora_id
    linked = exists().where(*live(bridge_id), column == observed.c.id)
    keys = (observed.c.id, observed.c.name, observed.c.email, observed.c.phone, observed.c.print)
    query = select(*keys).where(*_in_run(bridge_id, run_id, side), ~linked)
    return list(await connection.execute(query.order_by(observed.c.id)))


async def suppressed(connection: AsyncConnection, bridge_id: int, run_id: int) -> frozenset[str]:
    """Canonical e-mail addresses that opted out on either side (property S8: keyed by address)."""
    query = select(observed.c.email).where(
        observed.c.bridge_id == bridge_id,
        observed.c.run_id == run_id,
        observed.c.opted_out.is_(True),
        observed.c.email != "",
    )
    return frozenset((await connection.execute(query.distinct())).scalars())


async def sendable_in(
    connection: AsyncConnection, bridge_id: int, run_id: int, emails: frozenset[str]
) -> list[str]:
    """Rezora contacts of these addresses that are shown as sendable, whoever they belong to."""
    found: list[str] = []
    for some in batches(sorted(emails)):
        query = select(observed.c.id).where(
            *_in_run(bridge_id, run_id, Side.REZORA),
            observed.c.email.in_(some),
            observed.c.opted_out.is_(False),
            observed.c.read_only.is_(False),
        )
        found += (await connection.execute(query)).scalars()
    return found


async def set_opted_out(connection: AsyncConnection, bridge_id: int, record_id: str) -> None:
    """Rezora shows the contact as unsubscribed now."""
    query = update(observed).where(
        observed.c.bridge_id == bridge_id, observed.c.side == Side.REZORA.value, observed.c.id == record_id
    )
    await connection.execute(query.values(opted_out=True))


async def slice_of(
    connection: AsyncConnection, bridge_id: int, run_id: int, after: str, limit: int
) -> list[Sighting]:
    """The next HighLevel records of a run in the order of their ids."""
    query = (
        select(observed)
        .where(*_in_run(bridge_id, run_id, Side.HIGHLEVEL), observed.c.id > after)
        .order_by(observed.c.id)
        .limit(limit)
    )
    return [_sighting(row) for row in await connection.execute(query)]


async def by_ids(
    connection: AsyncConnection, bridge_id: int, run_id: int, side: Side, ids: Sequence[str]
) -> dict[str, Sighting]:
    """Records of a run by their ids."""
    found: dict[str, Sighting] = {}
    for some in batches(ids):
        query = select(observed).where(*_in_run(bridge_id, run_id, side), observed.c.id.in_(some))
        found |= {row.id: _sighting(row) for row in await connection.execute(query)}
    return found


async def all_of(connection: AsyncConnection, bridge_id: int, run_id: int, side: Side) -> list[Sighting]:
    """Every record of one side that a run saw."""
    query = select(observed).where(*_in_run(bridge_id, run_id, side)).order_by(observed.c.id)
    return [_sighting(row) for row in await connection.execute(query)]


async def count(connection: AsyncConnection, bridge_id: int, run_id: int, side: Side) -> int:
    """How many records of one side a run saw."""
    query = select(func.count()).select_from(observed).where(*_in_run(bridge_id, run_id, side))
    return (await connection.execute(query)).scalar_one()


async def partnered(connection: AsyncConnection, bridge_id: int, run_id: int) -> int:
    """How many HighLevel records of a run are matched and not linked yet."""
    query = select(func.count()).select_from(observed).where(*_in_run(bridge_id, run_id, Side.HIGHLEVEL))
    return (await connection.execute(query.where(observed.c.partner != ""))).scalar_one()


async def set_partners(
    connection: AsyncConnection, bridge_id: int, run_id: int, partners: Mapping[str, str]
) -> None:
    """Note the matches of a run on the HighLevel records; all others have none."""
    await connection.execute(
        update(observed)
        .where(*_in_run(bridge_id, run_id, Side.HIGHLEVEL), observed.c.partner != "")
        .values(partner="")
    )
    statement = (
        update(observed)
        .where(
            observed.c.bridge_id == bridge_id,
            observed.c.side == Side.HIGHLEVEL.value,
            observed.c.id == bindparam("key"),
        )
        .values(partner=bindparam("new_partner"))
    )
    rows = [{"key": key, "new_partner": partner} for key, partner in partners.items()]
    await execute_many(connection, statement, rows)


async def set_standings(
    connection: AsyncConnection, bridge_id: int, side: Side, standings: Sequence[Standing]
) -> None:
    """Note where records stand."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for found in standings:
        groups[found.standing, found.reason].append(found.id)
    for (standing, reason), ids in groups.items():
        for some in batches(ids):
            query = update(observed).where(
                observed.c.bridge_id == bridge_id, observed.c.side == side.value, observed.c.id.in_(some)
            )
            await connection.execute(query.values(standing=standing, reason=reason))


async def standings(connection: AsyncConnection, bridge_id: int, run_id: int) -> dict[tuple[str, str], int]:
    """How many HighLevel contacts stand where: (standing, reason) to count."""
    query = (
        select(observed.c.standing, observed.c.reason, func.count())
        .where(*_in_run(bridge_id, run_id, Side.HIGHLEVEL))
        .group_by(observed.c.standing, observed.c.reason)
    )
    return {(standing, reason): number for standing, reason, number in await connection.execute(query)}


def _in_run(bridge_id: int, run_id: int, side: Side) -> tuple[Any, ...]:
    return observed.c.bridge_id == bridge_id, observed.c.run_id == run_id, observed.c.side == side.value


def _sighting(row: Row[Any]) -> Sighting:
    record = Record(
        Side(row.side), row.id, unpack(row.fields), unpack_names(row.labels), row.opted_out, row.read_only
    )
    return Sighting(record, row.print, row.name, row.email, row.phone, row.partner)
