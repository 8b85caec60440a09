"""Links and intents: which records belong together, and which creates are under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import roll
from landbridge.store.rows import batches, execute_many, pack, unpack
from landbridge.store.tables import apart, intent, link, observed
from landbridge.sync.model import Kind, Link, Side

UNLINKED = "contact_unlinked"  # why the link of an activity ended: that of its contacts did


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A link as stored; ``settled`` names the prints and the mapping at which nothing was left to do."""

    id: int
    link: Link
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A create on ``side`` that was about to be sent; ``print`` is the fingerprint of its canonical body."""

    side: Side
    source_id: str
    print: str
    at: float = 0.0


def live(bridge_id: int) -> tuple[ColumnElement[bool], ...]:
    """The live links of contacts of a bridge; the indexes of ``link`` serve exactly these three terms."""
    return link.c.bridge_id == bridge_id, link.c.kind == Kind.CONTACT.value, link.c.live.is_(True)


async def by_side(
    connection: AsyncConnection, bridge_id: int, side: Side, ids: Sequence[str]
) -> dict[str, KeptLink]:
    """Live links by the ids of one side."""
    found: dict[str, KeptLink] = {}
    for some in batches(ids):
        query = select(link).where(*live(bridge_id), id_column(side).in_(some))
        for row in await connection.execute(query):
            kept = kept_from(row)
            found[kept.link.id(side)] = kept
    return found


async def partners(
    connection: AsyncConnection, bridge_id: int, side: Side, ids: Sequence[str]
) -> dict[str, str]:
    """With whom these records of one side are linked, by their ids; their bases are not read."""
    found: dict[str, str] = {}
    mine, theirs = id_column(side), id_column(side.other)
    for some in batches(ids):
        query = select(mine.label("mine"), theirs.label("theirs")).where(*live(bridge_id), mine.in_(some))
        found |= {row.mine: row.theirs for row in await connection.execute(query)}
    return found


async def every(connection: AsyncConnection, bridge_id: int) -> list[KeptLink]:
    """All live links of a bridge."""
    query = select(link).where(*live(bridge_id)).order_by(link.c.id)
    return [kept_from(row) for row in await connection.execute(query)]


async def after(
    connection: AsyncConnection, bridge_id: int, last: int, size: int, *, made_after: float = 0.0
) -> list[KeptLink]:
    """The next live links of contacts behind a key, in their order; of those made after a moment."""
    query = select(link).where(*live(bridge_id), link.c.id > last).order_by(link.c.id).limit(size)
    if made_after:
        query = query.where(link.c.created_at > made_after)
    return [kept_from(row) for row in await connection.execute(query)]


async def made_at(connection: AsyncConnection, keys: Sequence[int]) -> dict[int, float]:
    """When these links were made, in epoch seconds."""
    query = select(link.c.id, link.c.created_at).where(link.c.id.in_(keys))
    return {row.id: row.created_at for row in await connection.execute(query)}


def id_column(side: Side) -> ColumnElement[str]:
    """Where a link keeps the id of that side."""
    return link.c.highlevel_id if side is Side.HIGHLEVEL else link.c.rezora_id


def kept_from(row: Row[Any]) -> KeptLink:
    """A link as stored, of whatever kind."""
    pair = Link(
        row.highlevel_id,
        row.rezora_id,
        unpack(row.base_highlevel),
        unpack(row.base_rezora),
        Side(row.unread) if row.unread else None,
        unpack(row.notes),
        row.rebase,
    )
    return KeptLink(row.id, pair, row.settled)


async def add(connection: AsyncConnection, bridge_id: int, links: Sequence[KeptLink], now: float) -> None:
    """Keep new links; the unique indexes refuse a second live link of either record."""
    if links:
        rows = [
            {
                "bridge_id": bridge_id,
                "kind": Kind.CONTACT.value,
                "live": True,
                "created_at": now,
                "closed_for": "",
                **columns(kept),
            }
            | {"highlevel_id": kept.link.highlevel_id, "rezora_id": kept.link.rezora_id}
            for kept in links
        ]
        await execute_many(connection, insert(link), rows)
        await _tell(connection, bridge_id, [(kept.link.highlevel_id, kept.link.rezora_id) for kept in links])
        await _take_up(connection, bridge_id, [kept.link.highlevel_id for kept in links])


async def _tell(connection: AsyncConnection, bridge_id: int, pairs: Sequence[tuple[str, str]]) -> None:
    """Links of these pairs of contacts were made or ended."""
    for place, side in enumerate(Side):
        await roll.refresh(connection, bridge_id, side, [pair[place] for pair in pairs])


async def _take_up(connection: AsyncConnection, bridge_id: int, highlevel_ids: Sequence[str]) -> None:
    """Two contacts that were linked before: what is known of their activities is theirs again.

    Their links live on, unless a delete of one of the two had ended them: it took activities along.
    """
    for some in batches(highlevel_ids):
        query = select(link.c.id, link.c.highlevel_id, link.c.rezora_id, link.c.closed_for).where(
            link.c.bridge_id == bridge_id,
            link.c.kind == Kind.CONTACT.value,
            link.c.live.is_(False),
            link.c.highlevel_id.in_(some),
        )
        ended = list(await connection.execute(query.order_by(link.c.id)))
        now = await by_side(connection, bridge_id, Side.HIGHLEVEL, [row.highlevel_id for row in ended])
        for row in ended:
            kept = now.get(row.highlevel_id)
            if kept is None or kept.link.rezora_id != row.rezora_id:
                continue
            for table in (link, intent):
                of_old = update(table).where(table.c.contact == row.id)
                await connection.execute(of_old.values(contact=kept.id))
            if not row.closed_for.startswith("deleted_in_"):
                await _revive(connection, bridge_id, kept.id)


async def _revive(connection: AsyncConnection, bridge_id: int, contact: int) -> None:
    """Links that ended with their contacts' link, the newest first, if both halves are free."""
    ended = (link.c.contact == contact, ~link.c.live, link.c.closed_for == UNLINKED)
    for row in list(await connection.execute(select(link).where(*ended).order_by(link.c.id.desc()))):
        other = link.alias()
        taken = exists().where(
            other.c.bridge_id == bridge_id,
            other.c.kind == row.kind,
            other.c.live.is_(True),
            (other.c.highlevel_id == row.highlevel_id) | (other.c.rezora_id == row.rezora_id),
        )
        query = update(link).where(link.c.id == row.id, ~taken)
        await connection.execute(query.values(live=True, closed_for=""))


async def change(connection: AsyncConnection, links: Sequence[KeptLink]) -> None:
    """Store new bases."""
    if links:
        statement = (
            update(link)
            .where(link.c.id == bindparam("key"))
            .values({name: bindparam(f"new_{name}") for name in columns(links[0])})
        )
        rows = [{"key": kept.id} | {f"new_{k}": v for k, v in columns(kept).items()} for kept in links]
        await execute_many(connection, statement, rows)


async def count(connection: AsyncConnection, bridge_id: int) -> int:
    """How many live links a bridge has."""
    query = select(func.count()).select_from(link).where(*live(bridge_id))
    return (await connection.execute(query)).scalar_one()


async def close(connection: AsyncConnection, closed: Mapping[int, str]) -> None:
    """End links (id to reason): their records belong to nobody any more, nor do those that hang on them."""
    for key, reason in closed.items():
        await connection.execute(
            update(link).where(link.c.id == key).values(live=False, closed_for=reason, settled="")
        )
    await _tell_of(connection, list(closed))
    for some in batches(list(closed)):
        hanging = update(link).where(link.c.contact.in_(some), link.c.live.is_(True))
        await connection.execute(hanging.values(live=False, closed_for=UNLINKED, settled=""))


async def _tell_of(connection: AsyncConnection, keys: Sequence[int], more: Sequence[str] = ()) -> None:
    """What became of these links, if they are of contacts; ``more`` are records of HighLevel beside."""
    for some in batches(keys):
        query = select(link.c.bridge_id, link.c.highlevel_id, link.c.rezora_id)
        query = query.where(link.c.id.in_(some), link.c.kind == Kind.CONTACT.value)
        pairs: dict[int, list[tuple[str, str]]] = {}
        for row in await connection.execute(query):
            pairs.setdefault(row.bridge_id, []).append((row.highlevel_id, row.rezora_id))
        for bridge_id, found in pairs.items():
            await roll.refresh(connection, bridge_id, Side.HIGHLEVEL, more)
            await _tell(connection, bridge_id, found)


async def move(connection: AsyncConnection, key: int, highlevel_id: str) -> None:
    """Give a link another HighLevel record: the one that its own was merged into. Nothing is based on it."""
    before = (await connection.execute(select(link.c.highlevel_id).where(link.c.id == key))).scalar_one()
    fresh = {"base_highlevel": pack({}), "base_rezora": pack({}), "notes": pack({})}
    await connection.execute(
        update(link).where(link.c.id == key).values(highlevel_id=highlevel_id, settled="", unread="", **fresh)
    )
    await _tell_of(connection, [key], [before])


async def reopen(connection: AsyncConnection, bridge_id: int, since: int) -> list[tuple[str, str]]:
    """Links that a delete had closed, and whose two records are both there again and belong to nobody.

    Not of people whom a person keeps apart; of several links of one record the newest.
    """
    query = (
        select(link.c.id, link.c.highlevel_id, link.c.rezora_id)
        .where(
            link.c.bridge_id == bridge_id,
            link.c.kind == Kind.CONTACT.value,
            ~link.c.live,
            link.c.closed_for.startswith("deleted_in_"),
            *(_free(bridge_id, since, side) for side in Side),
            ~exists().where(
                apart.c.bridge_id == bridge_id,
                ((apart.c.one == link.c.highlevel_id) & (apart.c.two == link.c.rezora_id))
                | ((apart.c.two == link.c.highlevel_id) & (apart.c.one == link.c.rezora_id)),
            ),
        )
        .order_by(link.c.id.desc())
    )
    healed: list[tuple[str, str]] = []
    taken: set[str] = set()
    for row in list(await connection.execute(query)):
        if taken.isdisjoint((row.highlevel_id, row.rezora_id)):
            values = {"live": True, "closed_for": "", "settled": ""}
            await connection.execute(update(link).where(link.c.id == row.id).values(values))
            healed.append((row.highlevel_id, row.rezora_id))
            taken |= {row.highlevel_id, row.rezora_id}
    await _tell(connection, bridge_id, healed)
    return healed


def _free(bridge_id: int, since: int, side: Side) -> ColumnElement[bool]:
    """The run saw the record of a closed link, and no live link holds it."""
    other = link.alias()
    ours = id_column(side)
    theirs = other.c.highlevel_id if side is Side.HIGHLEVEL else other.c.rezora_id
    seen = exists().where(
        observed.c.bridge_id == bridge_id,
        observed.c.side == side.value,
        observed.c.id == ours,
        observed.c.run_id >= since,
    )
    held = exists().where(
        other.c.bridge_id == bridge_id, other.c.kind == link.c.kind, other.c.live.is_(True), theirs == ours
    )
    return seen & ~held


async def doubt(connection: AsyncConnection, bridge_id: int) -> None:
    """Believe no base of this bridge until a run has compared the two sides."""
    query = update(link).where(link.c.bridge_id == bridge_id, link.c.live.is_(True))
    await connection.execute(query.values(rebase=True, settled=""))


async def missing(connection: AsyncConnection, bridge_id: int, since: int) -> list[KeptLink]:
    """Live links of which a run's full listings did not show both records."""
    seen = [
        exists().where(
            observed.c.bridge_id == bridge_id,
            observed.c.side == side.value,
            observed.c.id == id_column(side),
            observed.c.run_id >= since,
        )
        for side in Side
    ]
    query = select(link).where(*live(bridge_id), ~(seen[0] & seen[1])).order_by(link.c.id)
    return [kept_from(row) for row in await connection.execute(query)]


async def open_intents(connection: AsyncConnection, bridge_id: int) -> list[Intent]:
    """Creates whose outcome is not known."""
    query = select(intent).where(*_of_contacts(bridge_id), _IS_OPEN).order_by(intent.c.id)
    return [
        Intent(Side(row.side), row.source_id, row.print, row.at) for row in await connection.execute(query)
    ]


async def note_intents(
    connection: AsyncConnection, bridge_id: int, run_id: int, intents: Sequence[Intent], now: float
) -> None:
    """Write ahead: these creates are about to be sent."""
    if intents:
        common = {"bridge_id": bridge_id, "run_id": run_id, "state": "open", "at": now, "attempts": 0}
        rows = [{"side": i.side.value, "source_id": i.source_id, "print": i.print, **common} for i in intents]
        await execute_many(connection, insert(intent), rows)


async def close_intents(
    connection: AsyncConnection,
    bridge_id: int,
    *,
    done: Sequence[tuple[Side, str]],
    dropped: Sequence[tuple[Side, str]],
) -> None:
    """Intents, by target side and source id, whose outcome is known: ``dropped`` where nothing was made."""
    for state, keys in (("done", done), ("dropped", dropped)):
        for side in Side:
            for some in batches([source for target, source in keys if target is side]):
                query = update(intent).where(
                    *_of_contacts(bridge_id),
                    intent.c.side == side.value,
                    _IS_OPEN,
                    intent.c.source_id.in_(some),
                )
                await connection.execute(query.values(state=state))


def _of_contacts(bridge_id: int) -> tuple[ColumnElement[bool], ...]:
    return intent.c.bridge_id == bridge_id, intent.c.kind == Kind.CONTACT.value


# A literal, as SQLite uses a partial index for its very words only.
_IS_OPEN = intent.c.state == literal_column("'open'")


def columns(kept: KeptLink) -> dict[str, object]:
    """What of a link may change, as stored."""
    return {
        "base_highlevel": pack(kept.link.base_highlevel),
        "base_rezora": pack(kept.link.base_rezora),
        "unread": kept.link.unread.value if kept.link.unread else "",
        "settled": kept.settled,
        "notes": pack(kept.link.notes),
        "rebase": kept.link.rebase,
    }
