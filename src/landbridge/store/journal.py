"""The journal of what was done, and the holds that wait for a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import batches, execute_many, pack, unpack, upsert
from landbridge.store.tables import hold, journal, observed
from landbridge.sync.model import Kind, Side

RECIPE = "recipe"  # the cause of a hold that a recipe opened: no sync closes it


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done to one record: enough to explain it, and to undo it by hand."""

    action: str
    side: Side
    record_id: str
    source_id: str = ""
    rule: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    at: float = 0.0
    id: int = 0  # only read, never stored here
    run_id: int = 0
    state: str = "done"
    kind: Kind = Kind.CONTACT


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Something that waits; ``cause`` is a key of ``reasons.HELD``."""

    cause: str
    highlevel_id: str = ""
    rezora_id: str = ""
    rule: str = ""
    highlevel_shows: str = ""
    rezora_shows: str = ""
    detail: str = ""
    opened_at: float = 0.0
    name: str = ""  # of the contact, as last seen; only read, never stored here
    id: int = 0
    seen: str = ""  # prints of what was refused: tried again when they change
    attempts: int = 1
    kind: Kind = Kind.CONTACT


# Newest first, of entries that an index finds by more than one value: ordered by the bare id, SQLite reads
# the whole journal backwards until the page is full, which is never where little fits.
NEWEST_OF_FEW = (journal.c.id + 0).desc()


async def write(
    connection: AsyncConnection, bridge_id: int, run_id: int, entries: Sequence[Entry], now: float
) -> None:
    """Append entries, in the transaction that records their effect."""
    if entries:
        await execute_many(connection, insert(journal), [_row(bridge_id, run_id, e, now) for e in entries])


async def begin(
    connection: AsyncConnection, bridge_id: int, run_id: int, entries: Sequence[Entry], now: float
) -> list[int]:
    """Write ahead: these changes are about to be sent. Their ids, in order, are for ``finish``."""
    ids = []
    for entry in entries:
        row = _row(bridge_id, run_id, replace(entry, state="begun"), now)
        ids.append(
            (await connection.execute(insert(journal).values(row).returning(journal.c.id))).scalar_one()
        )
    return ids


async def finish(connection: AsyncConnection, done: Mapping[int, Entry]) -> None:
    """What became of the changes that were begun."""
    for key, entry in done.items():
        values = {"action": entry.action, "state": "done", "note": entry.note}
        await connection.execute(update(journal).where(journal.c.id == key).values(values))


async def name_record(connection: AsyncConnection, key: int, record_id: str) -> None:
    """A create that was begun has made this record."""
    await connection.execute(update(journal).where(journal.c.id == key).values(record_id=record_id))


async def close_begun(connection: AsyncConnection, bridge_id: int) -> None:
    """Changes begun by a driver that died: whether they were made shows in what both sides show now."""
    note = "Landbridge stopped while this was under way; it may have been made."
    query = update(journal).where(journal.c.bridge_id == bridge_id, journal.c.state == "begun")
    await connection.execute(query.values(state="lost", note=note))


def _row(bridge_id: int, run_id: int, entry: Entry, now: float) -> dict[str, Any]:
    return {
        "bridge_id": bridge_id,
        "run_id": run_id,
        "at": now,
        "action": entry.action,
        "side": entry.side.value,
        "record_id": entry.record_id,
        "source_id": entry.source_id,
        "rule": entry.rule,
        "before": pack(entry.before),
        "after": pack(entry.after),
        "note": entry.note,
        "state": entry.state,
        "kind": entry.kind.value,
    }


async def recent(connection: AsyncConnection, bridge_id: int, count: int = 20) -> list[Entry]:
    """The newest entries, newest first."""
    query = select(journal).where(journal.c.bridge_id == bridge_id).order_by(journal.c.id.desc()).limit(count)
    return [entry_of(row) for row in await connection.execute(query)]


async def actions_of(connection: AsyncConnection, bridge_id: int, run_id: int) -> dict[str, int]:
    """How many entries a run has, by action."""
    mine = (journal.c.bridge_id == bridge_id) & (journal.c.run_id == run_id)
    query = select(journal.c.action, func.count()).where(mine).group_by(journal.c.action)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def save_holds(
    connection: AsyncConnection, bridge_id: int, run_id: int, holds: Sequence[OpenHold], now: float
) -> None:
    """Open holds, or see them again; the time they were opened stays."""
    rows = [
        {
            "bridge_id": bridge_id,
            "run_id": run_id,
            "cause": h.cause,
            "highlevel_id": h.highlevel_id,
            "rezora_id": h.rezora_id,
            "rule": h.rule,
            "highlevel_shows": h.highlevel_shows,
            "rezora_shows": h.rezora_shows,
            "detail": h.detail,
            "opened_at": now,
            "seen": h.seen,
            "attempts": h.attempts,
            "kind": h.kind.value,
        }
        for h in holds
    ]
    keys = ("bridge_id", "highlevel_id", "rezora_id", "rule", "cause")
    await upsert(connection, hold, rows, keys=keys, keep=("opened_at",))


async def close_unseen_holds(connection: AsyncConnection, bridge_id: int, run_id: int) -> None:
    """Holds of contacts that a whole run did not meet again are settled."""
    await connection.execute(delete(hold).where(*_of_contacts(bridge_id), hold.c.run_id < run_id))


async def replace_holds(
    connection: AsyncConnection,
    bridge_id: int,
    run_id: int,
    kind: Kind,
    told: Mapping[tuple[str, str], Sequence[OpenHold]],
    now: float,
) -> None:
    """Exactly these holds are open now, of activities that were looked at, by their pair of ids."""
    ids = {at: [pair[place] for pair in told if pair[place]] for place, at in enumerate(Side)}
    for side, column in zip(Side, (hold.c.highlevel_id, hold.c.rezora_id), strict=True):
        for some in batches(ids[side]):
            query = select(hold.c.id, hold.c.highlevel_id, hold.c.rezora_id, hold.c.cause, hold.c.rule).where(
                hold.c.bridge_id == bridge_id, hold.c.kind == kind.value, column.in_(some)
            )
            still = {(pair, one.cause, one.rule) for pair, holds in told.items() for one in holds}
            for row in list(await connection.execute(query)):
                if ((row.highlevel_id, row.rezora_id), row.cause, row.rule) not in still:
                    await drop_hold(connection, row.id)
    await save_holds(connection, bridge_id, run_id, [one for holds in told.values() for one in holds], now)


def _of_contacts(bridge_id: int) -> tuple[ColumnElement[bool], ...]:
    """Those that the sync of contacts opens and closes; one that a recipe opened is for a person."""
    return hold.c.bridge_id == bridge_id, hold.c.kind == Kind.CONTACT.value, hold.c.cause != RECIPE


async def close_settled_holds(
    connection: AsyncConnection,
    bridge_id: int,
    pairs: Mapping[tuple[str, str], Collection[tuple[str, str]]],
) -> None:
    """Holds of these pairs but those that are still open, by cause and rule."""
    for (highlevel, rezora), still in pairs.items():
        query = select(hold.c.id, hold.c.cause, hold.c.rule).where(
            *_of_contacts(bridge_id), hold.c.highlevel_id == highlevel, hold.c.rezora_id == rezora
        )
        for row in list(await connection.execute(query)):
            if (row.cause, row.rule) not in still:
                await connection.execute(delete(hold).where(hold.c.id == row.id))


async def holds(
    connection: AsyncConnection,
    bridge_id: int,
    limit: int = 200,
    *,
    cause: str = "",
    after: tuple[float, int] | None = None,
) -> list[OpenHold]:
    """Open holds, oldest first, with the names of their contacts; of one cause, if one is named.

    ``after``: only those behind one, by the time it was opened and its id.
    """
    query = named_holds().where(hold.c.bridge_id == bridge_id)
    if cause:
        query = query.where(hold.c.cause == cause)
    if after is not None:
        opened_at, hold_id = after
        later = (hold.c.opened_at == opened_at) & (hold.c.id > hold_id)
        query = query.where((hold.c.opened_at > opened_at) | later)
    query = query.order_by(hold.c.opened_at, hold.c.id).limit(limit)
    return [hold_of(row) for row in await connection.execute(query)]


async def hold_counts(connection: AsyncConnection, bridge_id: int) -> dict[str, int]:
    """How many holds are open, by cause."""
    query = select(hold.c.cause, func.count()).where(hold.c.bridge_id == bridge_id).group_by(hold.c.cause)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def hold_by_id(connection: AsyncConnection, bridge_id: int, hold_id: int) -> OpenHold | None:
    """One open hold, None when it is settled."""
    query = named_holds().where(hold.c.bridge_id == bridge_id, hold.c.id == hold_id)
    row = (await connection.execute(query)).first()
    return None if row is None else hold_of(row)


async def drop_hold(connection: AsyncConnection, hold_id: int) -> None:
    """A person settled it."""
    await connection.execute(delete(hold).where(hold.c.id == hold_id))


async def drop_holds_of(
    connection: AsyncConnection, bridge_id: int, cause: str, side: Side, record_id: str
) -> None:
    """A person settled all holds of one cause that name this record."""
    column = hold.c.highlevel_id if side is Side.HIGHLEVEL else hold.c.rezora_id
    await connection.execute(
        delete(hold).where(*_of_contacts(bridge_id), hold.c.cause == cause, column == record_id)
    )


def named_holds() -> Select[Any]:
    """Holds with the name of the contact as HighLevel shows it, else as Rezora does."""
    left, right = observed.alias(), observed.alias()
    query = select(hold, func.coalesce(left.c.name, right.c.name, "").label("name"))
    for seen, side, column in (
        (left, Side.HIGHLEVEL, hold.c.highlevel_id),
        (right, Side.REZORA, hold.c.rezora_id),
    ):
        same = (seen.c.bridge_id == hold.c.bridge_id) & (seen.c.side == side.value) & (seen.c.id == column)
        same &= hold.c.kind == Kind.CONTACT.value
        query = query.join(seen, same, isouter=True)
    return query


async def entries_of(
    connection: AsyncConnection,
    bridge_id: int,
    *,
    entry_id: int = 0,
    run_id: int = 0,
    record: tuple[Side, str] | None = None,
    since: float = 0.0,
) -> list[Entry]:
    """Entries by id, by run or by record, newest first: the order in which they are undone."""
    query = select(journal).where(journal.c.bridge_id == bridge_id)
    if entry_id:
        query = query.where(journal.c.id == entry_id)
    if run_id:
        query = query.where(journal.c.run_id == run_id)
    if record is not None:
        query = query.where(journal.c.side == record[0].value, journal.c.record_id == record[1])
    if since:
        query = query.where(journal.c.at >= since)
    return [entry_of(row) for row in await connection.execute(query.order_by(journal.c.id.desc()))]


async def refusals(connection: AsyncConnection, bridge_id: int) -> dict[tuple[str, str], OpenHold]:
    """Holds of what a side refused or ignored, by pair of ids: not tried again until something changes."""
    causes = ("refused", "unknown_outcome", "opt_out_did_not_stick")
    query = select(hold, literal("").label("name")).where(*_of_contacts(bridge_id), hold.c.cause.in_(causes))
    return {(row.highlevel_id, row.rezora_id): hold_of(row) for row in await connection.execute(query)}


async def activities_held_for(
    connection: AsyncConnection, bridge_id: int, cause: str
) -> dict[Kind, dict[tuple[str, str], str]]:
    """Activities held for one cause, by kind and pair of ids, with how they looked then."""
    query = select(hold.c.kind, hold.c.highlevel_id, hold.c.rezora_id, hold.c.seen).where(
        hold.c.bridge_id == bridge_id, hold.c.cause == cause, hold.c.kind != Kind.CONTACT.value
    )
    found: dict[Kind, dict[tuple[str, str], str]] = {}
    for row in await connection.execute(query):
        found.setdefault(Kind(row.kind), {})[row.highlevel_id, row.rezora_id] = row.seen
    return found


async def pairs_held_for(
    connection: AsyncConnection, bridge_id: int, causes: Sequence[str]
) -> frozenset[tuple[str, str]]:
    """Pairs of ids that people have been told of, for these causes."""
    query = select(hold.c.highlevel_id, hold.c.rezora_id).where(
        *_of_contacts(bridge_id), hold.c.cause.in_(causes)
    )
    return frozenset((row.highlevel_id, row.rezora_id) for row in await connection.execute(query))


def entry_of(row: Row[Any]) -> Entry:
    """A row of the table."""
    return Entry(
        row.action,
        Side(row.side),
        row.record_id,
        row.source_id,
        row.rule,
        unpack(row.before),
        unpack(row.after),
        row.note,
        row.at,
        row.id,
        row.run_id,
        row.state,
        Kind(row.kind),
    )


def hold_of(row: Row[Any]) -> OpenHold:
    """A row of ``named_holds``."""
    return OpenHold(
        row.cause,
        row.highlevel_id,
        row.rezora_id,
        row.rule,
        row.highlevel_shows,
        row.rezora_shows,
        row.detail,
        row.opened_at,
        row.name,
        row.id,
        row.seen,
        row.attempts,
        Kind(row.kind),
    )
