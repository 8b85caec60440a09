"""Looking through the journal: entries that fit, newest first, a page at a time, in bounded time.

A page is read along one index, which the filter chooses: a record, a run, a span of time, an action, or a
kind. What else is asked for is looked at entry by entry, ``LOOKED_AT`` of them at most: then the page says
how far it came, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.journal import Entry, entry_of
from landbridge.store.rows import IDS_PER_STATEMENT
from landbridge.store.tables import journal, run
from landbridge.sync.model import Kind, Side

LOOKED_AT = 50_000
"""Entries looked at for one page: about a tenth of a second."""

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
class _Path:
    """Terms that an index serves, the columns of its order, and what is looked at entry by entry."""

    terms: Sequence[ColumnElement[bool]]
    order: Sequence[ColumnElement[Any]]
    rest: Sequence[ColumnElement[bool]]
    bounded: bool


async def search(
    connection: AsyncConnection, bridge_id: int, wanted: Wanted, limit: int, looked_at: int = LOOKED_AT
) -> Found:
    """One page."""
    path = _path(bridge_id, wanted, connection.dialect.name)
    terms = list(path.terms)
    if wanted.before:
        place = await _place(connection, bridge_id, path, wanted.before)
        if place is None:
            return Found([])
        terms.append(tuple_(*path.order) < place)
    floor = await _floor(connection, path, terms, looked_at) if path.bounded else None
    if floor is not None:
        terms.append(tuple_(*path.order) >= tuple_(*(literal(floor[column.name]) for column in path.order)))
    query = _newest(select(journal).where(*terms, *path.rest), path).limit(limit + 1)
    entries = [entry_of(row) for row in await connection.execute(query)]
    if len(entries) > limit:
        return Found(entries[:limit], entries[limit - 1].id)
    return Found(entries, floor["id"], floor["at"]) if floor is not None else Found(entries)


_INDEXED = ("records", "record", "run", "span", "action", "kind")
"""What an index serves, that which leaves the least to look at first."""


def _path(bridge_id: int, wanted: Wanted, dialect: str) -> _Path:
    """The index that leaves the least to look at; a kind only where it is not that of most entries."""
    asked = {name: term for name, term in _asked(wanted, dialect).items() if term is not None}
    skipped = "kind" if wanted.kind is Kind.CONTACT else ""
    chosen = next((name for name in _INDEXED if name in asked and name != skipped), "")
    terms = [journal.c.bridge_id == bridge_id, *([asked.pop(chosen)] if chosen else [])]
    order: list[ColumnElement[Any]] = [journal.c.at, journal.c.id] if chosen == "span" else [journal.c.id]
    return _Path(terms, order, list(asked.values()), bool(asked) and chosen not in ("records", "record"))


def _asked(wanted: Wanted, dialect: str) -> dict[str, ColumnElement[bool] | None]:
    """Each thing that is asked for as a term."""
    kind, not_lists = wanted.kind, wanted.kind is Kind.CONTACT and not wanted.listed
    return {
        "records": _of_records(wanted.records) if wanted.records else None,
        "record": _of_record(wanted) if wanted.record_id else None,
        "run": journal.c.run_id == wanted.run_id if wanted.run_id else None,
        "span": _span(wanted) if wanted.since or wanted.until else None,
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


def _span(wanted: Wanted) -> ColumnElement[bool]:
    since = [journal.c.at >= wanted.since] if wanted.since else []
    return and_(*since, *([journal.c.at < wanted.until] if wanted.until else []))


def _of_records(records: Mapping[Side, Collection[str]]) -> ColumnElement[bool]:
    """Each by an index of its own; as one term, so that a page of them has an order."""
    found = []
    for side, ids in records.items():
        some = list(ids)[:IDS_PER_STATEMENT]
        for at, column in ((side, journal.c.record_id), (side.other, journal.c.source_id)):
            found.append(and_(journal.c.side == at.value, column.in_(some)))
    return or_(*found)


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


async def _place(
    connection: AsyncConnection, bridge_id: int, path: _Path, before: int
) -> ColumnElement[Any] | None:
    """Where the last page ended, in the order of the path."""
    if len(path.order) == 1:
        return tuple_(literal(before))
    mine = (journal.c.bridge_id == bridge_id) & (journal.c.id == before)
    row = (await connection.execute(select(*path.order).where(mine))).first()
    return None if row is None else tuple_(*(literal(value) for value in row))


async def _floor(
    connection: AsyncConnection, path: _Path, terms: Sequence[ColumnElement[bool]], looked_at: int
) -> Mapping[str, Any] | None:
    """The last entry of the path that this page looks at; None where it comes to the end."""
    query = _newest(select(journal.c.id).where(*terms), path).offset(looked_at - 1).limit(2)
    rows = list(await connection.execute(query))
    if len(rows) < 2:
        return None
    found: Row[Any] = (
        await connection.execute(select(journal.c.id, journal.c.at).where(journal.c.id == rows[0].id))
    ).one()
    return {"id": found.id, "at": found.at}


def _newest(query: Select[Any], path: _Path) -> Select[Any]:
    return query.order_by(*(column.desc() for column in path.order))
