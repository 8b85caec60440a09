"""All that is stored of one bridge as an archive of tables, made while it is sent; no secret is in it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.mapping_tables import mapping_version
from landbridge.store.tables import activity, hold, journal, link, observed
from landbridge.systems.base import Clock

PAGE = 1_000
_RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take such a cell for a formula


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One table of the archive: its columns in order, and what orders its rows."""

    name: str
    table: Table
    columns: Sequence[str]
    order: Sequence[str] = ("id",)


_SHEETS = (
    _Sheet(
        "standings",
        observed,
        ("side", "id", "name", "email", "phone", "standing", "reason", "opted_out", "fields", "labels"),
        ("side", "id"),
    ),
    _Sheet(
        "links",
        link,
        (
            "id",
            "kind",
            "highlevel_id",
            "rezora_id",
            "live",
            "closed_for",
            "created_at",
            "base_highlevel",
            "base_rezora",
        ),
    ),
    _Sheet(
        "holds",
        hold,
        (
            "id",
            "cause",
            "kind",
            "highlevel_id",
            "rezora_id",
            "rule",
            "highlevel_shows",
            "rezora_shows",
            "detail",
            "opened_at",
        ),
    ),
    _Sheet(
        "journal",
        journal,
        (
            "id",
            "run_id",
            "at",
            "action",
            "kind",
            "side",
            "record_id",
            "source_id",
            "rule",
            "before",
            "after",
            "note",
            "state",
        ),
    ),
    _Sheet("activities", activity, ("side", "kind", "id", "contact_id", "fields"), ("side", "kind", "id")),
    _Sheet("mapping-versions", mapping_version, ("id", "saved_by", "saved_at", "text")),
)
_TIMES = ("at", "created_at", "opened_at", "saved_at")
_README = """\
Data of the Landbridge bridge "{name}", as of {at}.

mapping.toml            the mapping in force, to the letter
mapping-versions        earlier mappings, with who saved them when
standings               every contact of both systems as it was seen last, and where it stands
links                   which records belong together, and what both sides showed when they last agreed
holds                   what waits for a person
journal                 what was written, with before and after
activities              tasks, notes and appointments as they were seen last

Each table is there twice: .json is exact; in .csv a cell that a spreadsheet would take for a formula begins
with an apostrophe, also a phone number with a plus. Times are UTC. There is no token, no password and no key
in it, and of the addresses that opted out nothing: they are kept as hashes, which say nothing elsewhere. It
does hold names, addresses and notes of people: keep it accordingly.
"""


class OwnArchive:
    """Archives of one store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def name(self, bridge: Bridge) -> str:
        """A file name for it."""
        kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in bridge.name).strip("-").lower()
        day = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%d")
        return f"landbridge-{kept or bridge.id}-{day}.zip"

    async def chunks(self, bridge: Bridge) -> AsyncIterator[bytes]:
        """The archive, piece by piece: one page of rows is in memory at a time."""
        pipe = _Pipe()
        with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
            at = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%d %H:%M UTC")
            archive.writestr("README.txt", _README.format(name=bridge.name, at=at))
            archive.writestr("mapping.toml", bridge.policy)
            async with self._database.read() as connection:
                for sheet in _SHEETS:
                    for kind, writer in (("csv", _Csv(sheet)), ("json", _Json())):
                        with archive.open(f"{sheet.name}.{kind}", "w") as file:
                            async for rows in _pages(connection, bridge.id, sheet):
                                file.write(writer.rows(rows))
                                yield pipe.taken()
                            file.write(writer.end())
                    yield pipe.taken()
        yield pipe.taken()


class _Pipe(io.RawIOBase):
    """Takes what an archive writes, and gives it away again; it cannot be wound back."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        """What came since the last time."""
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return whole


async def _pages(
    connection: AsyncConnection, bridge_id: int, sheet: _Sheet
) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows of a bridge, so many at a time, in the order of their key."""
    columns = [sheet.table.c[name] for name in dict.fromkeys([*sheet.columns, *sheet.order])]
    keys: list[Column[Any]] = [sheet.table.c[name] for name in sheet.order]
    last: Row[Any] | None = None
    while True:
        query = select(*columns).where(sheet.table.c.bridge_id == bridge_id).order_by(*keys).limit(PAGE)
        if last is not None:
            query = query.where(_behind(keys, [getattr(last, name) for name in sheet.order]))
        rows = list(await connection.execute(query))
        if not rows:
            return
        yield [{name: _value(name, getattr(row, name)) for name in sheet.columns} for row in rows]
        last = rows[-1]


def _behind(keys: Sequence[Column[Any]], values: Sequence[Any]) -> Any:
    """Rows whose key comes later: ``(a > 1) or (a = 1 and b > 2)``."""
    first, value = keys[0], values[0]
    if len(keys) == 1:
        return first > value
    return (first > value) | ((first == value) & _behind(keys[1:], values[1:]))


def _value(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return msgspec.json.decode(value)
    if name in _TIMES and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    return value


class _Csv:
    """A table for spreadsheets, its columns in the first line."""

    def __init__(self, sheet: _Sheet) -> None:
        self._columns = sheet.columns
        self._text = io.StringIO()
        self._writer = csv.writer(self._text)
        self._writer.writerow(self._columns)

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """These lines."""
        self._writer.writerows([_cell(row[name]) for name in self._columns] for row in rows)
        return self.end()

    def end(self) -> bytes:
        """What was not given away yet."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode()


class _Json:
    """One list, an object a line."""

    def __init__(self) -> None:
        self._before = b"[\n"

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """These objects."""
        text = self._before + b",\n".join(msgspec.json.encode(row) for row in rows)
        self._before = b",\n"
        return text

    def end(self) -> bytes:
        """The end of the list."""
        return b"[]\n" if self._before.startswith(b"[") else b"\n]\n"


def _cell(value: Any) -> str:
    """Harmless in a spreadsheet; what is no text is compact JSON."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(_RISKY) and isinstance(value, str) else text
