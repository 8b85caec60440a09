"""The mark of a database that was restored from an older copy: what it says is not believed any more."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import links
from landbridge.store.recipe_tables import firing, recipe_cursor
from landbridge.store.recipes import BEGUN, SKIPPED, WAITING
from landbridge.store.tables import choice, run

RESTORE = "restore"  # the purpose of the row that is the mark
CUT_OFF = "It was cut off, and the database was restored since."
MAYBE_DONE = "The database was restored from an older copy; this may have been done since that was made."
NEXT = (
    "The next sync reads both sides whole; what differs waits for you, and nobody is created, changed or"
    " deleted unasked."
)


@dataclass(frozen=True, slots=True)
class Mark:
    """When a bridge was restored last (epoch seconds); ``run_id`` tells its marks apart, 0 for none."""

    run_id: int = 0
    at: float = 0.0


async def mark(
    connection: AsyncConnection, bridge_id: int, now: float, sentence: str, *, above: int = 0
) -> int:
    """Believe nothing of this bridge until a whole sync has compared both sides (property L11).

    What was under way is over; answers of people that were not carried out yet are asked for again, as they
    may have been carried out or taken back since; what recipes had begun or were late with is not done a
    second time, and they look at what is there now as at their first start. The mark is a row among the runs
    with an id higher than ``above``, so that no id of a run is given twice. Returns that id.
    """
    mine = (run.c.bridge_id == bridge_id) & (run.c.state == "running")
    over = {"state": "failed", "ended_at": now, "sentence": CUT_OFF, "fix": "Nothing to do."}
    await connection.execute(update(run).where(mine).values(**over))
    await links.doubt(connection, bridge_id)
    await connection.execute(delete(choice).where(choice.c.bridge_id == bridge_id))
    late = or_(firing.c.state == BEGUN, (firing.c.state == WAITING) & (firing.c.due_at <= now))
    skipped = update(firing).where(firing.c.bridge_id == bridge_id, late)
    await connection.execute(skipped.values(state=SKIPPED, detail=MAYBE_DONE, at=now))
    await connection.execute(delete(recipe_cursor).where(recipe_cursor.c.bridge_id == bridge_id))
    highest = (await connection.execute(select(func.max(run.c.id)))).scalar_one() or 0
    row = {
        "id": max(highest, above) + 1,
        "bridge_id": bridge_id,
        "purpose": RESTORE,
        "cause": "restore",
        "state": "done",
        "stage": "",
        "sentence": sentence,
        "fix": NEXT,
        "started_at": now,
        "ended_at": now,
    }
    await connection.execute(insert(run).values(row))
    if connection.dialect.name == "postgresql":  # its counter does not see an id that was given
        following = func.setval(func.pg_get_serial_sequence("run", "id"), row["id"])
        await connection.execute(select(following))
    return max(highest, above) + 1


async def newest(connection: AsyncConnection, bridge_id: int) -> Mark:
    """The newest mark of a bridge."""
    query = select(run.c.id, run.c.started_at).where(run.c.bridge_id == bridge_id, run.c.purpose == RESTORE)
    row = (await connection.execute(query.order_by(run.c.id.desc()).limit(1))).first()
    return Mark() if row is None else Mark(row.id, row.started_at)


async def in_doubt(connection: AsyncConnection, bridge_id: int) -> bool:
    """Was it restored since the newest sync that came to a good end?"""
    marked = (await newest(connection, bridge_id)).run_id
    if not marked:
        return False
    query = select(run.c.id).where(
        run.c.bridge_id == bridge_id, run.c.purpose == "sync", run.c.state == "done", run.c.id > marked
    )
    return (await connection.execute(query.limit(1))).first() is None
