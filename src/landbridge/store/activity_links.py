"""Which activities belong together, and which creates of them are under way; each under two contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, case, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.links import KeptLink, columns, id_column, kept_from
from landbridge.store.rows import batches, execute_many
from landbridge.store.tables import intent, link, observed
from landbridge.sync.activity_plan import Sent
from landbridge.sync.model import Kind, Link, Side

Key = tuple[Side, str]
MOVED = "moved"  # why the link of an activity ended: it stands under another contact now


@dataclass(slots=True)
class Ties:
    """What is stored about one kind of one pair of contacts.

    ``links`` are live; ``spent`` are halves of links that a delete has ended; ``sent`` are creates. Of
    activities that belong to none, ``ignored`` are those that a person leaves where they are, and ``unsure``
    those that were alone when the database was restored from an older copy.
    """

    links: dict[int, KeptLink] = field(default_factory=dict)
    spent: set[Key] = field(default_factory=set)
    ignored: set[Key] = field(default_factory=set)
    unsure: set[Key] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)


async def ties(
    connection: AsyncConnection, bridge_id: int, contacts: Sequence[int]
) -> dict[tuple[int, Kind], Ties]:
    """By the key of the contacts' link, and by kind; nothing is left out but what was never anything."""
    found: dict[tuple[int, Kind], Ties] = {}
    for some in batches(contacts):
        query = (
            select(link).where(link.c.bridge_id == bridge_id, link.c.contact.in_(some)).order_by(link.c.id)
        )
        for row in await connection.execute(query):
            one = found.setdefault((row.contact, Kind(row.kind)), Ties())
            if row.live:
                one.links[row.id] = kept_from(row)
            else:
                ended = {"ignored": one.ignored, "restored": one.unsure}
                into = one.spent if row.closed_for.startswith("deleted_in_") else ended.get(row.closed_for)
                if into is not None:
                    into |= {(side, found_id) for side, found_id in _halves(row) if found_id}
        query = select(intent).where(intent.c.bridge_id == bridge_id, intent.c.contact.in_(some))
        for row in await connection.execute(query.order_by(intent.c.id)):
            one = found.setdefault((row.contact, Kind(row.kind)), Ties())
            is_open = row.state == "open"
            one.sent.append(Sent(Side(row.side), row.source_id, row.print, is_open, row.attempts))
    return found


def _halves(row: Row[Any]) -> Sequence[Key]:
    return (Side.HIGHLEVEL, row.highlevel_id), (Side.REZORA, row.rezora_id)


async def mark(
    connection: AsyncConnection,
    bridge_id: int,
    alone: Sequence[tuple[int, Kind, Key]],
    word: str,
    now: float,
) -> None:
    """Activities that belong to none, each under its contacts: ``ignored`` or ``restored`` (see ``Ties``)."""
    rows = []
    for contact, kind, (side, one_id) in alone:
        ids = (one_id, "") if side is Side.HIGHLEVEL else ("", one_id)
        of = {"bridge_id": bridge_id, "kind": kind.value, "contact": contact}
        rows.append(of | columns(KeptLink(0, Link(*ids))) | _ended(ids, word, now))
    await execute_many(connection, insert(link), rows)


def _ended(ids: tuple[str, str], word: str, now: float) -> dict[str, Any]:
    halves = {"highlevel_id": ids[0], "rezora_id": ids[1]}
    return halves | {"live": False, "closed_for": word, "created_at": now}


async def of(
    connection: AsyncConnection, bridge_id: int, kind: Kind, side: Side, activity_id: str
) -> KeptLink | None:
    """The live link of one activity."""
    query = select(link).where(*_live(bridge_id, kind), id_column(side) == activity_id)
    row = (await connection.execute(query)).first()
    return None if row is None else kept_from(row)


async def owners(
    connection: AsyncConnection, bridge_id: int, kind: Kind, side: Side, ids: Sequence[str]
) -> dict[str, int]:
    """The contacts' link under which each of these activities is linked, by the activity's id.

    Left out are contacts of whom the half on that side is gone: they own nothing there any more.
    """
    found: dict[str, int] = {}
    column, theirs = id_column(side), link.alias("theirs")
    contact_id = theirs.c.highlevel_id if side is Side.HIGHLEVEL else theirs.c.rezora_id
    gone = exists().where(
        theirs.c.id == link.c.contact,
        observed.c.bridge_id == bridge_id,
        observed.c.side == side.value,
        observed.c.id == contact_id,
        observed.c.run_id == 0,
    )
    for some in batches(ids):
        query = select(column, link.c.contact).where(*_live(bridge_id, kind), column.in_(some), ~gone)
        found |= {row[0]: row[1] for row in await connection.execute(query)}
    return found


def _live(bridge_id: int, kind: Kind) -> tuple[ColumnElement[bool], ...]:
    return link.c.bridge_id == bridge_id, link.c.kind == kind.value, link.c.live.is_(True)


async def take_over(
    connection: AsyncConnection, bridge_id: int, contact: int, kind: Kind, new: Sequence[Link]
) -> None:
    """End the links that other contacts, merged into this one, have with these activities."""
    for side in Side:
        for some in batches([one.id(side) for one in new]):
            moved = update(link).where(
                *_live(bridge_id, kind), link.c.contact != contact, id_column(side).in_(some)
            )
            await connection.execute(moved.values(live=False, closed_for=MOVED, settled=""))


async def add(
    connection: AsyncConnection,
    bridge_id: int,
    new: Sequence[tuple[int, Kind, KeptLink]],
    now: float,
) -> None:
    """New links, each with its contacts' link; the unique indexes refuse a second live one of either half."""
    rows = [
        {
            "bridge_id": bridge_id,
            "kind": kind.value,
            "contact": contact,
            "live": True,
            "created_at": now,
            "closed_for": "",
            "highlevel_id": kept.link.highlevel_id,
            "rezora_id": kept.link.rezora_id,
            **columns(kept),
        }
        for contact, kind, kept in new
    ]
    await execute_many(connection, insert(link), rows)


async def note(
    connection: AsyncConnection,
    bridge_id: int,
    run_id: int,
    creates: Sequence[tuple[int, Kind, Side, str, str]],
    now: float,
) -> None:
    """Write ahead, before they are sent: creates as contacts' link, kind, side, source and print."""
    fresh = []
    for contact, kind, side, source, body in creates:
        same = (
            intent.c.bridge_id == bridge_id,
            intent.c.side == side.value,
            intent.c.kind == kind.value,
            intent.c.source_id == source,
            intent.c.state == "open",
        )
        values = {"attempts": intent.c.attempts + 1, "print": body, "at": now, "run_id": run_id}
        known = await connection.execute(update(intent).where(*same).values(**values))
        if not known.rowcount:
            fresh.append(
                {
                    "bridge_id": bridge_id,
                    "run_id": run_id,
                    "side": side.value,
                    "source_id": source,
                    "print": body,
                    "state": "open",
                    "attempts": 1,
                    "at": now,
                    "kind": kind.value,
                    "contact": contact,
                }
            )
    await execute_many(connection, insert(intent), fresh)


async def settle(
    connection: AsyncConnection, bridge_id: int, kind: Kind, side: Side, outcome: Mapping[str, bool]
) -> None:
    """What became of creates, by source: made, or surely not sent."""
    for state, made in (("done", True), ("dropped", False)):
        for some in batches([source for source, done in outcome.items() if done is made]):
            query = update(intent).where(
                intent.c.bridge_id == bridge_id,
                intent.c.side == side.value,
                intent.c.kind == kind.value,
                intent.c.state == "open",
                intent.c.source_id.in_(some),
            )
            fewer = case((intent.c.attempts > 1, intent.c.attempts - 1), else_=0)
            values = {"state": state} if made else {"state": state, "attempts": fewer}
            await connection.execute(query.values(**values))


async def count(connection: AsyncConnection, bridge_id: int, kind: Kind) -> int:
    """How many live links of a kind a bridge has."""
    query = select(func.count()).select_from(link)
    query = query.where(*_live(bridge_id, kind))
    return (await connection.execute(query)).scalar_one()
