"""Rows in batches: upsert on either database, and field maps as compact JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Dialect, Insert, Table, Update, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Item = TypeVar("Item")
IDS_PER_STATEMENT = 500  # SQLite takes at most 32,766 bound values; a page is the natural size

_fields = msgspec.json.Decoder(dict[str, str])
_names = msgspec.json.Decoder(list[str])
_encoder = msgspec.json.Encoder(order="sorted")


def pack(fields: Mapping[str, str] | Sequence[str]) -> bytes:
    """A field map or a list of names as bytes; equal content gives equal bytes."""
    return _encoder.encode(fields)


def unpack(packed: bytes) -> dict[str, str]:
    """A field map again."""
    return _fields.decode(packed)


def unpack_names(packed: bytes | None) -> frozenset[str] | None:
    """A set of names again; None stays None."""
    return None if packed is None else frozenset(_names.decode(packed))


def batches(items: Sequence[Item], size: int = IDS_PER_STATEMENT) -> Iterator[Sequence[Item]]:
    """The items, so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def new_row(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what happens on a conflict, as the dialect of the connection has it."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


async def execute_many(
    connection: AsyncConnection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]
) -> None:
    """One statement for many rows, handed to the driver as they are.

    SQLAlchemy compiles the statement once and is then left out: converting each value by itself took
    more time than SQLite did (texts, numbers and bytes need no conversion on either database).
    """
    if not rows:
        return
    written, names, fixed = _compiled(statement, connection.dialect, tuple(rows[0]))
    values = [tuple(row[name] if given else fixed[name] for name, given in names) for row in rows]
    await connection.exec_driver_sql(written, values)


@lru_cache(maxsize=32)
def _compiled(
    statement: Insert | Update, dialect: Dialect, columns: tuple[str, ...]
) -> tuple[str, list[tuple[str, bool]], dict[str, Any]]:
    """SQL, its values in order (whether a row gives each), and its constants.

    Kept for statements that are the same object each time: small batches would mostly compile.
    """
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    fixed = dict(compiled.params)  # constants of the statement, such as a bridge's id in its WHERE
    for column in getattr(compiled, "insert_prefetch", ()):
        fixed[column.key] = column.default.arg
    return str(compiled), [(name, name in columns) for name in compiled.positiontup or ()], fixed


async def upsert(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str],
    keep: Sequence[str] = (),
    known: Sequence[str] = (),
) -> None:
    """Insert, or update where ``keys`` are there already.

    Columns in ``keep`` keep their old value; those in ``known`` are not overwritten by an unknown (None).
    """
    if not rows:
        return
    new = new_row(connection.dialect.name, table)
    changed = [name for name in rows[0] if name not in keys and name not in keep]
    values: dict[str, Any] = {name: new.excluded[name] for name in changed}
    values |= {name: func.coalesce(new.excluded[name], table.c[name]) for name in known}
    statement = new.on_conflict_do_update(index_elements=list(keys), set_=values)
    await execute_many(connection, statement, rows)
