"""Links and intents: which records belong together, and which creates are under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, exists, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import batches, execute_many, pack, unpack
from landbridge.store.tables import intent, link, observed
from landbridge.sync.model import Kind, Link, Side


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A link as stored; ``settled`` names the prints and the mapping at which nothing was left to do."""

    id: int
    link: Link
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A create that was about to be sent; ``print`` is the fingerprint of its canonical body."""

    source_id: str
    print: str
    attempts: int = 0


def live(bridge_id: int) -> tuple[ColumnElement[bool], ...]:
    """The live links of contacts of a bridge; the indexes of ``link`` serve exactly these three terms."""
    return link.c.bridge_id == bridge_id, link.c.kind == Kind.CONTACT.value, link.c.live.is_(True)


async def by_highlevel(
    connection: AsyncConnection, bridge_id: int, ids: Sequence[str]
) -> dict[str, KeptLink]:
    """Live links by HighLevel id."""
    found: dict[str, KeptLink] = {}
    for some in batches(ids):
        query = select(link).where(*live(bridge_id), link.c.highlevel_id.in_(some))
        for row in await connection.execute(query):
            pair = Link(
                row.highlevel_id,
                row.rezora_id,
                unpack(row.base_highlevel),
                unpack(row.base_rezora),
                Side(row.unread) if row.unread else None,
            )
            found[row.highlevel_id] = KeptLink(row.id, pair, row.settled)
    return found


async def add(connection: AsyncConnection, bridge_id: int, links: Sequence[KeptLink], now: float) -> None:
    """Keep new links; the unique indexes refuse a second live link of either record."""
    if links:
        rows = [
            {
                "bridge_id": bridge_id,
                "kind": Kind.CONTACT.value,
                "live": True,
                "created_at": now,
                **_columns(kept),
            }
            | {"highlevel_id": kept.link.highlevel_id, "rezora_id": kept.link.rezora_id}
            for kept in links
        ]
        await execute_many(connection, insert(link), rows)


async def change(connection: AsyncConnection, links: Sequence[KeptLink]) -> None:
    """Store new bases."""
    if links:
        statement = (
            update(link)
            .where(link.c.id == bindparam("key"))
            .values({name: bindparam(f"new_{name}") for name in _columns(links[0])})
        )
        rows = [{"key": kept.id} | {f"new_{k}": v for k, v in _columns(kept).items()} for kept in links]
        await execute_many(connection, statement, rows)


async def count(connection: AsyncConnection, bridge_id: int) -> int:
    """How many live links a bridge has."""
    query = select(func.count()).select_from(link).where(*live(bridge_id))
    return (await connection.execute(query)).scalar_one()


async def missing(
    connection: AsyncConnection, bridge_id: int, run_id: int, side: Side
) -> list[tuple[str, str]]:
    """Live links (HighLevel id, Rezora id) whose record on that side a run's full listing did not show."""
    column = link.c.highlevel_id if side is Side.HIGHLEVEL else link.c.rezora_id
    seen = exists().where(
        observed.c.bridge_id == bridge_id,
        observed.c.side == side.value,
        observed.c.id == column,
        observed.c.run_id == run_id,
    )
    query = select(link.c.highlevel_id, link.c.rezora_id).where(
        link.c.bridge_id == bridge_id, link.c.live, ~seen
    )
    return [(row.highlevel_id, row.rezora_id) for row in await connection.execute(query)]


async def open_intents(connection: AsyncConnection, bridge_id: int) -> list[Intent]:
    """Creates whose outcome is not known."""
    query = select(intent).where(*_open(bridge_id))
    return [Intent(row.source_id, row.print, row.attempts) for row in await connection.execute(query)]


async def open_intent_ids(connection: AsyncConnection, bridge_id: int) -> frozenset[str]:
    """The source ids of the creates whose outcome is not known."""
    query = select(intent.c.source_id).where(*_open(bridge_id))
    return frozenset((await connection.execute(query)).scalars())


async def note_intents(
    connection: AsyncConnection, bridge_id: int, run_id: int, intents: Sequence[Intent], now: float
) -> None:
    """Write ahead: these creates are about to be sent."""
    if intents:
        common = {
            "bridge_id": bridge_id,
            "run_id": run_id,
            "side": Side.REZORA.value,
            "state": "open",
            "at": now,
        }
        rows = [
            {"source_id": i.source_id, "print": i.print, "attempts": i.attempts, **common} for i in intents
        ]
        await execute_many(connection, insert(intent), rows)


async def close_intents(
    connection: AsyncConnection, bridge_id: int, *, done: Sequence[str], dropped: Sequence[str]
) -> None:
    """Intents, by their source ids, whose outcome is known: ``dropped`` where nothing was created."""
    for state, sources in (("done", done), ("dropped", dropped)):
        for some in batches(sources):
            query = update(intent).where(*_open(bridge_id), intent.c.source_id.in_(some))
            await connection.execute(query.values(state=state))


def _open(bridge_id: int) -> tuple[ColumnElement[bool], ...]:
    """Open creates in Rezora; a literal, as SQLite uses a partial index for its very words only."""
    state: ColumnElement[str] = literal_column("'open'")
    return intent.c.bridge_id == bridge_id, intent.c.side == Side.REZORA.value, intent.c.state == state


def _columns(kept: KeptLink) -> dict[str, object]:
    return {
        "base_highlevel": pack(kept.link.base_highlevel),
        "base_rezora": pack(kept.link.base_rezora),
        "unread": kept.link.unread.value if kept.link.unread else "",
        "settled": kept.settled,
    }
