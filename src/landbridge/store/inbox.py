"""The inbox: each webhook once, as ids, with the records it names due in the same transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache

from sqlalchemy import Insert, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import due
from landbridge.store.due import Due
from landbridge.store.rows import batches, execute_many, new_row
from landbridge.store.tables import account, arrivals, bridge, delivery
from landbridge.sync.model import Side

# Longer than a delivery is believed at all (hours), so that what was pruned cannot be replayed.
KEPT_SECONDS = 30 * 86_400.0
UNINSTALLED = "HighLevel says that the app was uninstalled from this location."
UNINSTALLED_FIX = "Connect HighLevel again on the set-up page; nothing was deleted."


class Outcome(StrEnum):
    """What became of a delivery; the last six have no effect but a counter."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"  # authentic, and about none of our kinds of record
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"  # of a location, or an app, that is not ours
    STALE = "stale"
    FORGED = "forged"
    OVERSIZED = "oversized"
    DEEP = "deep"
    MALFORMED = "malformed"
    REFUSED = "refused"  # could not be stored now


@dataclass(frozen=True, slots=True)
class Delivery:
    """One verified webhook: what it names, never what it carries.

    ``account`` is the external id of the HighLevel account. ``ended``: the app was removed there.
    ``contact_id`` is that of the contact a task, a note or an appointment belongs to, blank if not told.
    """

    webhook_id: str
    type: str
    account: str
    at: float
    kind: str = ""
    record_id: str = ""
    due: Due | None = None
    ended: bool = False
    contact_id: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a batch, in its order, and the bridges that have something to do now."""

    outcomes: tuple[Outcome, ...]
    bridges: frozenset[int]


Tally = tuple[str, str, str]  # day, type, outcome


def day_of(now: float) -> str:
    """The day a delivery is counted under, in UTC."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def tally(now: float, outcome: Outcome, kind: str = "") -> Tally:
    """Under what a delivery is counted.

    The type counts only where the delivery was authentic and ours: nobody else can make the table grow.
    """
    typed = kind if outcome in (Outcome.ACCEPTED, Outcome.IGNORED, Outcome.DUPLICATE) else ""
    return day_of(now), typed, outcome.value


async def accept(connection: AsyncConnection, deliveries: Sequence[Delivery], now: float) -> Accepted:
    """Keep these deliveries, make due what they name, and count them; the caller's transaction decides."""
    bridges = await _bridges(connection, {one.account for one in deliveries})
    known = await _known(connection, [one.webhook_id for one in deliveries])
    outcomes, fresh = [], []
    for one in deliveries:
        if one.account not in bridges:
            outcomes.append(Outcome.UNKNOWN)
        elif one.webhook_id in known:
            outcomes.append(Outcome.DUPLICATE)
        else:
            known.add(one.webhook_id)
            fresh.append(one)
            outcomes.append(Outcome.ACCEPTED)
    await _keep(connection, fresh, bridges, now)
    named: dict[int, list[Due]] = {}
    for one in fresh:
        bridge_id = bridges[one.account]
        if one.due is not None and bridge_id is not None:
            named.setdefault(bridge_id, []).append(one.due)
    for bridge_id, records in named.items():
        await due.name(connection, bridge_id, records, now)
    for one in fresh:
        if one.ended:
            await _end(connection, one)
    pairs = zip(outcomes, deliveries, strict=True)
    await count(connection, Counter(tally(now, outcome, one.type) for outcome, one in pairs))
    return Accepted(tuple(outcomes), frozenset(named))


_BRIDGES = (
    select(account.c.external_id, bridge.c.id)
    .select_from(account.outerjoin(bridge, bridge.c.highlevel_account == account.c.id))
    .where(
        account.c.side == Side.HIGHLEVEL.value,
        account.c.external_id.in_(bindparam("ids", expanding=True)),
    )
)
_KNOWN = select(delivery.c.webhook_id).where(delivery.c.webhook_id.in_(bindparam("ids", expanding=True)))


async def _bridges(connection: AsyncConnection, names: set[str]) -> dict[str, int | None]:
    """The bridge of each known account; None for an account that is in no bridge yet."""
    found = await connection.execute(_BRIDGES, {"ids": sorted(names)})
    return {row.external_id: row.id for row in found}


async def _known(connection: AsyncConnection, webhook_ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for some in batches(webhook_ids):
        known |= {found for (found,) in await connection.execute(_KNOWN, {"ids": list(some)})}
    return known


async def _keep(
    connection: AsyncConnection, fresh: Sequence[Delivery], bridges: Mapping[str, int | None], now: float
) -> None:
    """Another process may have kept the same webhook meanwhile (PostgreSQL only: SQLite has one writer).

    Both then name the record, which costs one look and nothing else.
    """
    rows = [
        {
            "webhook_id": one.webhook_id,
            "bridge_id": bridges[one.account],
            "type": one.type,
            "kind": one.kind,
            "record_id": one.record_id,
            "at": one.at,
            "received_at": now,
            "contact_id": one.contact_id,
        }
        for one in fresh
    ]
    await execute_many(connection, _keeping(connection.dialect.name), rows)


@cache
def _keeping(dialect: str) -> Insert:
    new = new_row(dialect, delivery)
    return new.on_conflict_do_nothing(index_elements=["webhook_id"])


async def _end(connection: AsyncConnection, one: Delivery) -> None:
    """The account has a trouble, so its bridge pauses; everything else stays as it is.

    Not if the app was installed again later: deliveries come in any order, some an hour late.
    """
    newer = select(func.count()).select_from(delivery)
    newer = newer.where(delivery.c.type == "INSTALL", delivery.c.record_id == one.record_id)
    if (await connection.execute(newer.where(delivery.c.at > one.at))).scalar_one():
        return
    ours = (account.c.side == Side.HIGHLEVEL.value) & (account.c.external_id == one.account)
    words = {"trouble": UNINSTALLED, "trouble_fix": UNINSTALLED_FIX}
    await connection.execute(update(account).where(ours).values(words))


async def count(connection: AsyncConnection, counted: Mapping[Tally, int]) -> None:
    """Add to the counters of arrivals."""
    rows = [
        {"day": day, "type": kind, "outcome": outcome, "number": number}
        for (day, kind, outcome), number in counted.items()
    ]
    await execute_many(connection, _counting(connection.dialect.name), rows)


@cache
def _counting(dialect: str) -> Insert:
    new = new_row(dialect, arrivals)
    return new.on_conflict_do_update(
        index_elements=["day", "type", "outcome"],
        set_={"number": arrivals.c.number + new.excluded.number},
    )


async def counts(connection: AsyncConnection, day: str) -> dict[Tally, int]:
    """What came on a day, as counted so far."""
    rows = await connection.execute(select(arrivals).where(arrivals.c.day == day))
    return {(row.day, row.type, row.outcome): row.number for row in rows}


async def prune(connection: AsyncConnection, now: float, limit: int = 5_000) -> int:
    """Forget deliveries older than 30 days, at most so many at a time; gives how many.

    Rows are in the order of their ids, so only the oldest are looked at and nothing needs an index.
    """
    oldest = select(delivery.c.id, delivery.c.received_at).order_by(delivery.c.id).limit(limit)
    old = [row.id for row in await connection.execute(oldest) if row.received_at < now - KEPT_SECONDS]
    for some in batches(old):
        await connection.execute(delete(delivery).where(delivery.c.id.in_(some)))
    return len(old)
