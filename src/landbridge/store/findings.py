"""What in the database points to something that is wrong: runs, leases, what waits, webhooks, quota."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import driver as leases
from landbridge.store.ledger import day_of
from landbridge.store.tables import account, alert, bridge, delivery, driver, due, run
from landbridge.sync.model import Side


@dataclass(frozen=True, slots=True)
class Findings:
    """Bridges by name; ages in seconds.

    ``cut_off``: a sync that nobody goes on with. ``endless``: one that has gone on for longer than is said.
    ``left``: leases whose process died or hangs. ``late``: what should have been looked at that long ago.
    ``silent``: bridges of which no webhook came for as long as is said, ``never`` those of which none ever
    did. ``spent``: bridges with little of HighLevel's day left. ``untold``: alerts that no channel takes.
    """

    bridges: int
    cut_off: Sequence[str]
    endless: Sequence[str]
    left: int
    due: int
    late: int
    late_bridges: Sequence[str]
    silent: Sequence[str]
    never: Sequence[str]
    spent: Sequence[str]
    untold: int
    newest: float  # the latest time that anything was written at


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is worth telling, in seconds; ``share`` of HighLevel's day."""

    endless: float = 12 * 3600.0
    late: float = 1800.0
    silent: float = 7 * 86_400.0
    share: float = 0.1
    attempts: int = 3


async def integrity(connection: AsyncConnection) -> str:
    """What SQLite says is wrong with its file; blank for nothing. PostgreSQL has no such question."""
    if connection.dialect.name != "sqlite":
        await connection.execute(select(1))
        return ""
    found = (await connection.execute(text("PRAGMA quick_check(1)"))).scalar_one()
    return "" if found == "ok" else str(found)[:200]


async def find(connection: AsyncConnection, now: float, daily: int, limits: Limits | None = None) -> Findings:
    """Everything that can be told from the database alone; ``daily`` is HighLevel's quota, 0 for none."""
    limits = limits or Limits()
    names: dict[int, str] = {row.id: row.name for row in await connection.execute(select(bridge))}
    held = list(await connection.execute(select(driver).where(driver.c.expires_at > 0.0)))
    live = {row.bridge_id for row in held if leases.is_live(row.owner, row.expires_at, now)}
    running = await _running(connection)
    late = await _late(connection, now - limits.late)
    seen = await _webhooks(connection)
    return Findings(
        bridges=len(names),
        cut_off=_named(names, (key for key in running if key not in live)),
        endless=_named(
            names, (key for key, since in running.items() if key in live and now - since > limits.endless)
        ),
        left=len(held) - len(live),
        due=(await connection.execute(select(func.count()).select_from(due))).scalar_one(),
        late=sum(late.values()),
        late_bridges=_named(names, late),
        silent=_named(names, (key for key, at in seen.items() if at and now - at > limits.silent)),
        never=_named(names, (key for key, at in seen.items() if not at)),
        spent=_named(names, await _spent(connection, now, daily * limits.share)),
        untold=await _untold(connection, limits.attempts),
        newest=(await connection.execute(select(func.max(run.c.started_at)))).scalar_one() or 0.0,
    )


def _named(names: Mapping[int, str], ids: Iterable[int]) -> list[str]:
    return [names[key] for key in ids if key in names]


def _newest_run(column: ColumnElement[object], *terms: ColumnElement[bool]) -> ColumnElement[object]:
    """Of each bridge's newest run of that sort."""
    query = select(column).where(run.c.bridge_id == bridge.c.id, *terms)
    return query.order_by(run.c.id.desc()).limit(1).scalar_subquery()


async def _running(connection: AsyncConnection) -> dict[int, float]:
    """Since when the newest whole sync of a bridge has been running, where it is."""
    sync = run.c.purpose == "sync"
    columns = (bridge.c.id, _newest_run(run.c.state, sync), _newest_run(run.c.started_at, sync))
    return {row[0]: row[2] for row in await connection.execute(select(*columns)) if row[1] == "running"}


async def _late(connection: AsyncConnection, before: float) -> dict[int, int]:
    query = select(due.c.bridge_id, func.count()).where(due.c.at < before).group_by(due.c.bridge_id)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def _webhooks(connection: AsyncConnection) -> dict[int, float]:
    """When the newest webhook of each bridge came, 0 for never."""
    newest = select(delivery.c.received_at).where(delivery.c.bridge_id == bridge.c.id)
    newest = newest.order_by(delivery.c.id.desc()).limit(1)
    found = await connection.execute(select(bridge.c.id, newest.scalar_subquery()))
    return {row[0]: row[1] or 0.0 for row in found}


async def _spent(connection: AsyncConnection, now: float, least: float) -> list[int]:
    """Bridges whose newest run of today saw less than so many calls left of the day."""
    columns = (bridge.c.id, _newest_run(run.c.counts), _newest_run(run.c.started_at))
    spent = []
    for bridge_id, counts, started_at in await connection.execute(select(*columns)):
        left = (counts or {}).get("quota_day_left")
        if left is not None and left < least and day_of(started_at) == day_of(now):
            spent.append(bridge_id)
    return spent


async def _untold(connection: AsyncConnection, attempts: int) -> int:
    query = select(func.count()).select_from(alert).where(alert.c.sent_at.is_(None))
    return (await connection.execute(query.where(alert.c.attempts >= attempts))).scalar_one()


async def troubles(connection: AsyncConnection) -> list[tuple[Side, str, str, str]]:
    """Side, title, sentence and fix of each account that cannot be used now."""
    rows = await connection.execute(select(account).where(account.c.trouble != "").order_by(account.c.id))
    return [(Side(row.side), row.title or row.external_id, row.trouble, row.trouble_fix) for row in rows]
