"""Runs: one row a pass, with its cursor, its progress and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import ledger
from landbridge.store.database import Database
from landbridge.store.tables import run

WHOLE = ("plan", "sync")  # purposes of runs that read both sides whole
LIVE = ("live", "poll")  # purposes of runs that look at some records only
EVERY_PURPOSE = (*WHOLE, *LIVE, "undo")


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a bridge. ``state``: running, done, failed or braked."""

    id: int
    bridge_id: int
    purpose: str
    cause: str
    state: str
    stage: str
    done: int
    total: int
    started_at: float
    ended_at: float | None = None
    sentence: str = ""
    fix: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


class Runs:
    """Finds and keeps runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest_id(self, bridge_id: int) -> int:
        """The id of the newest run, 0 for none."""
        async with self._database.read() as connection:
            query = select(func.max(run.c.id)).where(run.c.bridge_id == bridge_id)
            return (await connection.execute(query)).scalar_one() or 0

    async def start(
        self, bridge_id: int, purpose: str, cause: str, stage: str, now: float, *, above: int = 0
    ) -> Run:
        """Open a run; its id is higher than ``above``, which only matters after a restore."""
        row: dict[str, Any] = {
            "bridge_id": bridge_id,
            "purpose": purpose,
            "cause": cause,
            "state": "running",
            "stage": stage,
        }
        if above:
            row["id"] = above + 1
        async with self._database.write() as connection:
            run_id = (
                await connection.execute(insert(run).values(**row, started_at=now).returning(run.c.id))
            ).scalar_one()
        return Run(run_id, bridge_id, purpose, cause, "running", stage, 0, 0, now)

    async def get(self, run_id: int) -> Run:
        """One run."""
        async with self._database.read() as connection:
            return _run((await connection.execute(select(run).where(run.c.id == run_id))).one())

    async def unfinished(self, bridge_id: int) -> Run | None:
        """The newest run that was cut off, if any; what is live needs no end, as due records stay due."""
        return await self._newest(bridge_id, "running", ("plan", "sync", "undo"))

    async def latest_done(self, bridge_id: int) -> Run | None:
        """The newest run that read both sides whole."""
        return await self._newest(bridge_id, "done", WHOLE)

    async def asked(self, bridge_id: int) -> bool:
        """Is a person asked about a large change, and has let no whole sync pass since?"""
        ids = []
        for state, purposes in (("braked", ("sync", *LIVE)), ("done", ("sync",))):
            found = await self._newest(bridge_id, state, purposes)
            ids.append(0 if found is None else found.id)
        return ids[0] > ids[1]

    async def synced(self, bridge_id: int) -> bool:
        """Was a whole sync ever done?"""
        query = select(run.c.id).where(
            run.c.bridge_id == bridge_id, run.c.state == "done", run.c.purpose == "sync"
        )
        async with self._database.read() as connection:
            return (await connection.execute(query.limit(1))).first() is not None

    async def find(self, bridge_id: int, run_id: int) -> Run | None:
        """One run of a bridge, None for another's."""
        query = select(run).where(run.c.bridge_id == bridge_id, run.c.id == run_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _run(row)

    async def recent(
        self,
        bridge_id: int,
        count: int = 10,
        purposes: Sequence[str] = (*WHOLE, "undo"),
        *,
        before: int = 0,
    ) -> list[Run]:
        """The newest runs of some purposes, newest first; live ones are many, and mostly short.

        ``before``: only those with a lower id.
        """
        query = select(run).where(run.c.bridge_id == bridge_id, run.c.purpose.in_(purposes))
        if before:
            query = query.where(run.c.id < before)
        query = query.order_by(run.c.id.desc()).limit(count)
        async with self._database.read() as connection:
            return [_run(row) for row in await connection.execute(query)]

    async def newest_of(self, bridge_id: int, purpose: str) -> Run | None:
        """The newest run of a purpose, in whatever state."""
        query = select(run).where(run.c.bridge_id == bridge_id, run.c.purpose == purpose)
        async with self._database.read() as connection:
            row = (await connection.execute(query.order_by(run.c.id.desc()).limit(1))).first()
        return None if row is None else _run(row)

    async def synced_until(self, bridge_id: int) -> float | None:
        """When the newest good sync ended; before there was one, when the first began."""
        of_bridge = (run.c.bridge_id == bridge_id, run.c.purpose == "sync")
        good = select(func.max(run.c.ended_at)).where(*of_bridge, run.c.state == "done")
        first = select(func.min(run.c.started_at)).where(*of_bridge)
        async with self._database.read() as connection:
            ended: float | None = (await connection.execute(good)).scalar_one()
            return ended if ended is not None else (await connection.execute(first)).scalar_one()

    async def progress(self, run_id: int, done: int, total: int, counts: Mapping[str, int]) -> None:
        """For people who watch; the truth of a run is in its records."""
        async with self._database.write() as connection:
            await connection.execute(
                update(run).where(run.c.id == run_id).values(done=done, total=total, counts=dict(counts))
            )

    async def set_stage(self, run_id: int, stage: str) -> None:
        """Move the cursor of a run."""
        async with self._database.write() as connection:
            await connection.execute(update(run).where(run.c.id == run_id).values(stage=stage))

    async def end_stale(self, bridge_id: int, purposes: Sequence[str], now: float) -> None:
        """Runs whose process died, of purposes that are not taken up again."""
        note = {"sentence": "It was cut off; what was due is due still.", "fix": "Nothing to do."}
        stale = (run.c.bridge_id == bridge_id) & (run.c.state == "running") & run.c.purpose.in_(purposes)
        async with self._database.write() as connection:
            await _enter(connection, stale, "failed", now)
            await connection.execute(update(run).where(stale).values(state="failed", ended_at=now, **note))

    async def finish(self, run_id: int, state: str, now: float, sentence: str = "", fix: str = "") -> None:
        """Close a run, and enter what it did in the ledger of the day."""
        async with self._database.write() as connection:
            await _enter(connection, (run.c.id == run_id) & (run.c.state == "running"), state, now)
            await connection.execute(
                update(run)
                .where(run.c.id == run_id)
                .values(state=state, ended_at=now, sentence=sentence, fix=fix)
            )

    async def _newest(self, bridge_id: int, state: str, purposes: Sequence[str]) -> Run | None:
        query = (
            select(run)
            .where(run.c.bridge_id == bridge_id, run.c.state == state, run.c.purpose.in_(purposes))
            .order_by(run.c.id.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _run(row)


async def _enter(connection: AsyncConnection, which: ColumnElement[bool], state: str, now: float) -> None:
    """Runs that end now; one that has ended already is in the ledger."""
    for row in list(
        await connection.execute(select(run.c.bridge_id, run.c.purpose, run.c.counts).where(which))
    ):
        counts = {ledger.RUNS: 1, ledger.RUNS_FAILED: int(state == "failed")}
        await ledger.add(connection, row.bridge_id, now, row.purpose, row.counts | counts)


async def counted_since(connection: AsyncConnection, bridge_id: int, since: float, but: int) -> Counter[str]:
    """The counts of all runs that began since then, added up, but of one run."""
    query = select(run.c.counts).where(
        run.c.bridge_id == bridge_id, run.c.started_at >= since, run.c.id != but
    )
    whole: Counter[str] = Counter()
    for (counts,) in await connection.execute(query):
        whole.update(counts)
    return whole


async def advance(
    connection: AsyncConnection, run_id: int, stage: str, done: int, total: int, counts: Mapping[str, int]
) -> None:
    """Move the cursor, in the transaction of the work it stands for."""
    await connection.execute(
        update(run).where(run.c.id == run_id).values(stage=stage, done=done, total=total, counts=dict(counts))
    )


def _run(row: Row[Any]) -> Run:
    return Run(
        row.id,
        row.bridge_id,
        row.purpose,
        row.cause,
        row.state,
        row.stage,
        row.done,
        row.total,
        row.started_at,
        row.ended_at,
        row.sentence,
        row.fix,
        row.counts,
    )
