"""Looking through the journal: entries that fit, newest first, a page at a time, in bounded time.

A page is read along one index, which the filter chooses: records, a run, a span of time, an action, or a
kind. What else is asked for is looked at entry by entry, some ten thousand of them at most (``LOOKED_AT``):
then the page says how far it came, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.journal import NEWEST_OF_FEW, Entry, entry_of
from landbridge.store.rows import batches
from landbridge.store.tables import journal, run
from landbridge.sync.model import Kind, Side

LOOKED_AT = 25_000
"""Entries looked at for one page where each has to be fetched; measured: about a tenth of a second."""

IN_ORDER, COVERED = 2, 10
"""How many times as many, where entries lie in the order of the page, or the index tells all by itself."""

LIST_ACTIONS = ("join", "leave", "new list")
"""What is done to tags and lists."""

RECIPE_NOTE = "recipe "
"""How the note of an entry that a recipe caused begins (``engine/recipe_actions.py``)."""

CAUSES: Mapping[str, Sequence[str]] = {
    "person": ("page", "api", "command", "assistant", "asked"),
    "schedule": ("schedule", "look up"),
    "event": ("event",),
    "recipe": (),
    "undo": (),
}
"""What an entry can be caused by, and the causes of runs (``run.cause``) that stand for it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are looked for; what is blank does not count.

    ``listed`` are changes of tags and lists. ``cause`` is a key of ``CAUSES``. ``records`` are ids by side:
    what was written to them or made from them. ``about`` is a field of either system, or a rule of the
    mapping. ``since`` and ``until`` are epoch seconds, ``before`` is the id of an entry.
    """

    side: Side | None = None
    kind: Kind | None = None
    listed: bool = False
    action: str = ""
    run_id: int = 0
    record_id: str = ""
    since: float = 0.0
    until: float = 0.0
    before: int = 0
    cause: str = ""
    records: Mapping[Side, Collection[str]] = field(default_factory=dict)
    about: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Entries that fit, newest first; ``following`` is where the next page begins, 0 behind the last.

    ``far``: the page is not full, as many entries were looked at that do not fit; the time of the last.
    """

    entries: Sequence[Entry]
    following: int = 0
    far: float | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """One entry: where a page ends."""

    id: int
    at: float


@dataclass(frozen=True, slots=True)
class _Path:
    """Terms that an index serves, and what is looked at entry by entry; in the order of time, or of ids."""

    terms: Sequence[ColumnElement[bool]]
    rest: Sequence[ColumnElement[bool]]
    by_time: bool
    few: bool = False  # the terms name what the index finds by several values
    times: int = 0  # how many times ``LOOKED_AT`` are looked at; 0: nothing is left to look at


async def search(
    connection: AsyncConnection, bridge_id: int, wanted: Wanted, limit: int, looked_at: int = LOOKED_AT
) -> Found:
    """One page; ``looked_at`` is for tests."""
    if wanted.records:
        return await _of_records(connection, bridge_id, wanted, limit)
    path = _path(bridge_id, wanted, connection.dialect.name)
    place = await _place(connection, bridge_id, wanted.before) if wanted.before else None
    if wanted.before and place is None:
        return Found([])
    above = [*path.terms, *_bounds(path, wanted, place, None)]
    floor = await _floor(connection, path, above, looked_at * path.times) if path.times else None
    terms = [*path.terms, *_bounds(path, wanted, place, floor), *path.rest]
    query = _newest(select(journal).where(*terms), path).limit(limit + 1)
    entries = [entry_of(row) for row in await connection.execute(query)]
    if len(entries) > limit:
        return Found(entries[:limit], entries[limit - 1].id)
    return Found(entries, floor.id, floor.at) if floor is not None else Found(entries)


async def _of_records(connection: AsyncConnection, bridge_id: int, wanted: Wanted, limit: int) -> Found:
    """What was written to these records or made from them; each by an index of its own."""
    terms = [journal.c.bridge_id == bridge_id]
    terms += [term for term in _asked(wanted, connection.dialect.name).values() if term is not None]
    if wanted.before:
        terms.append(journal.c.id < wanted.before)
    found: dict[int, Entry] = {}
    for side, ids in wanted.records.items():
        for some in batches(sorted(ids)):
            for at, column in ((side, journal.c.record_id), (side.other, journal.c.source_id)):
                query = select(journal).where(journal.c.side == at.value, column.in_(some), *terms)
                rows = await connection.execute(query.order_by(NEWEST_OF_FEW).limit(limit + 1))
                found |= {row.id: entry_of(row) for row in rows}
    newest = [found[key] for key in sorted(found, reverse=True)]
    return Found(newest[:limit], newest[limit - 1].id if len(newest) > limit else 0)


_COVERED = frozenset({"side", "kind", "action", "lists", "not lists"})
"""What ``ix_journal_at`` tells by itself."""


def _path(bridge_id: int, wanted: Wanted, dialect: str) -> _Path:
    """The index that leaves the least to look at; a kind only where it is not that of most entries."""
    asked = {name: term for name, term in _asked(wanted, dialect).items() if term is not None}
    skipped = "kind" if wanted.kind is Kind.CONTACT else ""
    span = bool(wanted.since or wanted.until)
    first = ("record", "run", "span", "action", "kind") if span else ("record", "run", "action", "kind")
    found = (name for name in first if (name in asked or name == "span") and name != skipped)
    chosen = next(found, "")
    if span and chosen != "span":
        asked["span"] = and_(*_span(wanted))
    terms = [journal.c.bridge_id == bridge_id, *([asked.pop(chosen)] if chosen in asked else [])]
    covered = bool(asked) and asked.keys() <= _COVERED
    by_time = chosen == "span" or (not chosen and covered)
    times = COVERED if by_time and covered else 1 if chosen else IN_ORDER
    few = chosen == "record"
    return _Path(terms, list(asked.values()), by_time, few, times if asked and not few else 0)


def _bounds(
    path: _Path, wanted: Wanted, place: _Place | None, floor: _Place | None
) -> list[ColumnElement[bool]]:
    """Behind the place and no further than the floor.

    Along the time each end is one plain term: SQLite begins at the first it finds, and a second one, or a
    pair of columns, is compared entry by entry.
    """
    at, key = journal.c.at, journal.c.id
    if not path.by_time:
        above = [key < place.id] if place else []
        return [*above, *([key >= floor.id] if floor else [])]
    terms = [] if place or floor else _span(wanted)
    if place:
        terms += [at <= place.at, or_(at < place.at, key < place.id)]
    elif wanted.until and floor:
        terms.append(at < wanted.until)
    if floor:
        terms += [at >= floor.at, or_(at > floor.at, key >= floor.id)]
    elif wanted.since and place:
        terms.append(at >= wanted.since)
    return terms


def _asked(wanted: Wanted, dialect: str) -> dict[str, ColumnElement[bool] | None]:
    """Each thing that is asked for as a term."""
    kind, not_lists = wanted.kind, wanted.kind is Kind.CONTACT and not wanted.listed
    return {
        "record": _of_record(wanted) if wanted.record_id else None,
        "run": journal.c.run_id == wanted.run_id if wanted.run_id else None,
        "action": journal.c.action == wanted.action if wanted.action else None,
        "kind": _of_kind(kind) if kind else None,
        "side": journal.c.side == wanted.side.value if wanted.side else None,
        "not lists": journal.c.action.not_in(LIST_ACTIONS) if not_lists else None,
        "lists": journal.c.action.in_(LIST_ACTIONS) if wanted.listed else None,
        "cause": _caused(wanted.cause) if wanted.cause else None,
        "field": _of_field(wanted.about, dialect) if wanted.about else None,
    }


def _of_kind(kind: Kind) -> ColumnElement[bool]:
    same = journal.c.kind == kind.value
    if kind is Kind.CONTACT:
        return same
    return and_(same, text("journal.kind != 'contact'"))  # the very words of the partial index, for SQLite


def _of_record(wanted: Wanted) -> ColumnElement[bool]:
    """With its side, by which the index begins."""
    sides = [wanted.side] if wanted.side else list(Side)
    return and_(journal.c.side.in_([side.value for side in sides]), journal.c.record_id == wanted.record_id)


def _span(wanted: Wanted) -> list[ColumnElement[bool]]:
    since = [journal.c.at >= wanted.since] if wanted.since else []
    return [*since, *([journal.c.at < wanted.until] if wanted.until else [])]


def _caused(cause: str) -> ColumnElement[bool]:
    by_recipe = journal.c.note.startswith(RECIPE_NOTE)
    by_undo = journal.c.action == "undo"
    if cause == "recipe":
        return by_recipe
    if cause == "undo":
        return by_undo
    runs = exists().where(run.c.id == journal.c.run_id, run.c.cause.in_(CAUSES.get(cause, ())))
    asked = or_(journal.c.run_id == 0, runs) if cause == "person" else runs
    return and_(asked, ~by_recipe, ~by_undo)


def _of_field(name: str, dialect: str) -> ColumnElement[bool]:
    """A key of what was there before or after (``rows.pack``), or one of the rules that caused it."""
    key = f'"{name}":'.encode()
    rules = literal(", ") + journal.c.rule + literal(", ")
    named = rules.contains(f", {name}, ", autoescape=True)
    return or_(_holds(journal.c.before, key, dialect), _holds(journal.c.after, key, dialect), named)


def _holds(column: ColumnElement[Any], key: bytes, dialect: str) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return func.position(literal(key).op("IN")(column)) > 0
    return func.instr(column, key) > 0


async def _place(connection: AsyncConnection, bridge_id: int, before: int) -> _Place | None:
    """Where the last page ended; None for no entry of this bridge."""
    mine = (journal.c.bridge_id == bridge_id) & (journal.c.id == before)
    row = (await connection.execute(select(journal.c.id, journal.c.at).where(mine))).first()
    return None if row is None else _Place(row.id, row.at)


async def _floor(
    connection: AsyncConnection, path: _Path, terms: Sequence[ColumnElement[bool]], looked_at: int
) -> _Place | None:
    """The last entry of the path that this page looks at; None where it comes to the end."""
    query = _newest(select(journal.c.id).where(*terms), path)  # only what the index holds
    rows = list(await connection.execute(query.offset(looked_at - 1).limit(2)))
    if len(rows) < 2:
        return None
    last = select(journal.c.id, journal.c.at).where(journal.c.id == rows[0].id)
    found = (await connection.execute(last)).one()
    return _Place(found.id, found.at)


def _newest(query: Select[Any], path: _Path) -> Select[Any]:
    if path.few:
        return query.order_by(NEWEST_OF_FEW)
    columns = (journal.c.at, journal.c.id) if path.by_time else (journal.c.id,)
    return query.order_by(*(column.desc() for column in columns))
