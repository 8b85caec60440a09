"""All bridges at once, for the page that shows hundreds: a few grouped queries, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, and_, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import driver as leases
from landbridge.store.runs import WHOLE
from landbridge.store.tables import alert, bridge, driver, due, hold, observed, run

PURPOSES = ("sync", "plan", "undo", "live", "poll")
DONE = "done:"  # before a purpose: the newest run of it that ended well


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a list of bridges says of one run; ``purpose`` may have ``DONE`` before it in keys."""

    id: int
    purpose: str
    state: str
    sentence: str
    fix: str
    started_at: float
    ended_at: float | None


@dataclass(slots=True)
class Sketch:
    """What is known of one bridge; ``runs`` are the newest of each purpose (``DONE``: that ended well)."""

    runs: dict[str, Glimpse] = field(default_factory=dict)
    holds: int = 0
    alerts: int = 0
    due: int = 0
    busy: bool = False

    @property
    def whole(self) -> Glimpse | None:
        """The newest run that read both sides whole."""
        found = [self.runs[DONE + each] for each in WHOLE if DONE + each in self.runs]
        return max(found, key=lambda one: one.id, default=None)


async def sketches(connection: AsyncConnection, now: float) -> dict[int, Sketch]:
    """Every bridge, by its id."""
    ids = (await connection.execute(select(bridge.c.id))).scalars()
    found = {key: Sketch() for key in ids}
    for row in await connection.execute(union_all(*_newest())):
        shown = (row.id, row.purpose, row.state, row.sentence, row.fix, row.started_at, row.ended_at)
        found[row.bridge_id].runs[row.key] = Glimpse(*shown)
    waiting = {
        "holds": select(hold.c.bridge_id, func.count()),
        "alerts": select(alert.c.bridge_id, func.count()).where(alert.c.closed_at.is_(None)),
        "due": select(due.c.bridge_id, func.count()),
    }
    for name, asked in waiting.items():
        for key, number in await connection.execute(_number_of(asked)):
            if key in found:
                setattr(found[key], name, number)
    for row in await connection.execute(select(driver)):
        found[row.bridge_id].busy = leases.is_live(row.owner, row.expires_at, now)
    return found


async def standing_of(connection: AsyncConnection, since: dict[int, int]) -> dict[int, tuple[int, int]]:
    """How many people are equal and how many there are, of some bridges, as the named runs saw them."""
    found = dict.fromkeys(since, (0, 0))
    terms = [and_(observed.c.bridge_id == key, observed.c.run_id >= run_id) for key, run_id in since.items()]
    parts: Sequence[Select[Any]] = [
        select(literal(key).label("key"), observed.c.standing, func.count().label("number"))
        .where(term, observed.c.speaks.is_(True))
        .group_by(observed.c.standing)
        for key, term in zip(since, terms, strict=True)
    ]
    if not parts:
        return found
    for row in await connection.execute(union_all(*parts)):
        equal, total = found[row.key]
        found[row.key] = (equal + row.number * (row.standing == "equal"), total + row.number)
    return found


def _newest() -> list[Select[Any]]:
    """The newest run of each purpose, and the newest good one of those that read both sides whole."""
    return [_run_of(purpose) for purpose in PURPOSES] + [_run_of(purpose, "done") for purpose in WHOLE]


def _run_of(purpose: str, state: str = "") -> Select[Any]:
    one = run.alias()
    query = select(one.c.id).where(one.c.bridge_id == bridge.c.id, one.c.purpose == purpose)
    if state:
        query = query.where(one.c.state == state)
    newest = query.order_by(one.c.id.desc()).limit(1).scalar_subquery()
    shown = (
        run.c.id,
        run.c.purpose,
        run.c.state,
        run.c.sentence,
        run.c.fix,
        run.c.started_at,
        run.c.ended_at,
    )
    key = literal(f"{DONE if state else ''}{purpose}").label("key")
    return select(run.c.bridge_id, key, *shown).select_from(bridge.join(run, run.c.id == newest))


def _number_of(query: Select[Any]) -> Select[Any]:
    """Counted by bridge."""
    return query.group_by(query.selected_columns[0])
