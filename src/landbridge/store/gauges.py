"""How all bridges stand, as figures for those who watch many: a few grouped queries, not one a bridge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import driver as leases
from landbridge.store.alerts import NOTICE
from landbridge.store.ledger import HOUR
from landbridge.store.ledger_tables import carried
from landbridge.store.tables import account, alert, bridge, delivery, driver, due, hold, run

BRIDGE_STATES = ("all", "busy", "braked", "cut_off", "never_synced", "troubled")


@dataclass(frozen=True, slots=True)
class Gauges:
    """Figures of one moment; what is a sequence has one figure for each bridge that has it, in seconds.

    ``bridges`` counts bridges by state, and a bridge may be in several. ``carried`` is how soon 99 of 100
    changes of the last 24 hours were carried. ``drivers``: leases that are live, and that were left behind.
    """

    bridges: Mapping[str, int] = field(default_factory=dict)
    sync_ages: Sequence[float] = ()
    carried: Sequence[float] = ()
    due: int = 0
    due_ages: Sequence[float] = ()
    holds: Mapping[str, int] = field(default_factory=dict)
    alerts: Mapping[str, int] = field(default_factory=dict)
    troubled: Mapping[str, int] = field(default_factory=dict)
    drivers: Mapping[str, int] = field(default_factory=dict)
    webhook_age: float | None = None


async def gauges(connection: AsyncConnection, now: float) -> Gauges:
    """All of them."""
    live, lost = await _drivers(connection, now)
    states, ages = await _syncs(connection, live, now)
    troubled = await _counted(connection, account.c.side, account.c.trouble != "")
    states["troubled"] = await _troubled_bridges(connection)
    rows = list(
        await connection.execute(
            select(func.count(), func.min(due.c.since)).select_from(due).group_by(due.c.bridge_id)
        )
    )
    alerts: Counter[str] = Counter()
    for cause, number in (await _counted(connection, alert.c.cause, alert.c.closed_at.is_(None))).items():
        alerts["recipe" if cause.startswith(NOTICE) else cause] += number
    newest = select(delivery.c.received_at).order_by(delivery.c.id.desc()).limit(1)
    received = (await connection.execute(newest)).scalar_one_or_none()
    return Gauges(
        bridges=states,
        sync_ages=ages,
        carried=await _carried(connection, now),
        due=sum(number for number, _ in rows),
        due_ages=[max(now - since, 0.0) for _, since in rows],
        holds=await _counted(connection, hold.c.cause),
        alerts=dict(alerts),
        troubled=troubled,
        drivers={"live": len(live), "lost": lost},
        webhook_age=None if received is None else max(now - received, 0.0),
    )


async def _counted(
    connection: AsyncConnection, column: ColumnElement[str], *terms: ColumnElement[bool]
) -> dict[str, int]:
    query = select(column, func.count()).where(*terms).group_by(column)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def _drivers(connection: AsyncConnection, now: float) -> tuple[set[int], int]:
    """Bridges with a live driver, and how many leases nobody gave back: their process died or hangs."""
    held = list(await connection.execute(select(driver).where(driver.c.expires_at > 0.0)))
    live = {row.bridge_id for row in held if leases.is_live(row.owner, row.expires_at, now)}
    return live, len(held) - len(live)


async def _troubled_bridges(connection: AsyncConnection) -> int:
    """Bridges of which an account cannot be used."""
    troubled = select(account.c.id).where(account.c.trouble != "")
    either = or_(bridge.c.highlevel_account.in_(troubled), bridge.c.rezora_account.in_(troubled))
    return (await connection.execute(select(func.count()).select_from(bridge).where(either))).scalar_one()


async def _syncs(
    connection: AsyncConnection, live: set[int], now: float
) -> tuple[dict[str, int], list[float]]:
    """Bridges by state, and how long ago each that synced did so well."""
    columns = (bridge.c.id, _newest(run.c.state), _newest(run.c.ended_at, run.c.state == "done"))
    states, ages = dict.fromkeys(BRIDGE_STATES, 0), []
    for bridge_id, state, ended_at in await connection.execute(select(*columns)):
        states["all"] += 1
        states["busy"] += bridge_id in live
        states["braked"] += state == "braked"
        states["cut_off"] += state == "running" and bridge_id not in live
        if ended_at is None:
            states["never_synced"] += 1
        else:
            ages.append(max(now - ended_at, 0.0))
    return states, ages


def _newest(column: ColumnElement[object], *terms: ColumnElement[bool]) -> ScalarSelect[object]:
    """Of the newest whole sync of a bridge."""
    query = select(column).where(run.c.bridge_id == bridge.c.id, run.c.purpose == "sync", *terms)
    return query.order_by(run.c.id.desc()).limit(1).scalar_subquery()


async def _carried(connection: AsyncConnection, now: float) -> list[float]:
    """Of each bridge: within how many seconds 99 of 100 of the last day's changes were carried."""
    query = (
        select(carried.c.bridge_id, carried.c.within, func.sum(carried.c.number))
        .where(carried.c.hour > int(now) // HOUR - 24)
        .group_by(carried.c.bridge_id, carried.c.within)
        .order_by(carried.c.bridge_id, carried.c.within)
    )
    groups: dict[int, list[tuple[int, int]]] = {}
    for bridge_id, within, number in await connection.execute(query):
        groups.setdefault(bridge_id, []).append((within, number))
    return [_within(found) for found in groups.values()]


def _within(groups: Sequence[tuple[int, int]]) -> float:
    """The upper bound, in seconds, under which 99 of 100 are."""
    wanted, found = sum(number for _, number in groups) * 0.99, 0
    for bound, number in groups:
        found += number
        if found >= wanted:
            return float(bound)
    return 0.0
