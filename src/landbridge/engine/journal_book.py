"""Looking back: what was written, filtered and page by page; the runs; and all of it as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import msgspec

from landbridge.store import journal
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.journal import Entry, Wanted
from landbridge.store.runs import EVERY_PURPOSE, Run, Runs

PAGE = 50
BATCH = 1_000  # entries read between two pieces of a file
HEAD = ("id", "at", "run", "kind", "action", "side", "record", "source", "rule", "before", "after", "note")
# A spreadsheet takes what begins so for a formula (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class JournalBook:
    """The journal and the runs of one store, read only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, bridge: Bridge, wanted: Wanted, limit: int = PAGE) -> list[Entry]:
        """The newest that fit, newest first; ``wanted.before`` goes on where a page ended."""
        async with self._database.read() as connection:
            return await journal.search(connection, bridge.id, wanted, limit)

    async def runs(self, bridge: Bridge, before: int = 0) -> list[Run]:
        """Runs of every purpose, newest first; ``before`` goes on where a page ended."""
        return await Runs(self._database).recent(bridge.id, PAGE, EVERY_PURPOSE, before=before)

    async def run(self, bridge: Bridge, run_id: int) -> Run | None:
        """One run of this bridge, None for any other."""
        return await Runs(self._database).find(bridge.id, run_id)

    async def written(self, bridge: Bridge, run_id: int) -> dict[str, int]:
        """How many entries a run wrote, by action."""
        async with self._database.read() as connection:
            return await journal.actions_of(connection, bridge.id, run_id)

    async def as_csv(self, bridge: Bridge, wanted: Wanted) -> AsyncIterator[str]:
        """All that fit as CSV, newest first, piece by piece; no cell is taken for a formula."""
        yield _row(HEAD)
        async for entry in self._all(bridge, wanted):
            yield _row(tuple(map(_cell, _columns(entry).values())))

    async def as_json(self, bridge: Bridge, wanted: Wanted) -> AsyncIterator[str]:
        """All that fit as JSON, one object a line, newest first."""
        async for entry in self._all(bridge, wanted):
            yield msgspec.json.encode(_columns(entry)).decode() + "\n"

    async def _all(self, bridge: Bridge, wanted: Wanted) -> AsyncIterator[Entry]:
        while True:
            found = await self.entries(bridge, wanted, BATCH)
            for entry in found:
                yield entry
            if len(found) < BATCH:
                return
            wanted = replace(wanted, before=found[-1].id)


def facts_of(entry: Entry) -> dict[str, object]:
    """An entry as files, the API and commands show it; ``at`` is in epoch seconds, UTC."""
    return {
        "id": entry.id,
        "run": entry.run_id,
        "at": entry.at,
        "action": entry.action,
        "side": entry.side.value,
        "record": entry.record_id,
        "source": entry.source_id,
        "rule": entry.rule,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "note": entry.note,
        "state": entry.state,
    }


def _columns(entry: Entry) -> dict[str, object]:
    """The same as files have it, in the order of their head."""
    facts = facts_of(entry) | {"kind": entry.kind.value}
    return {name: facts[name] for name in HEAD}


def _cell(value: object) -> str:
    text = msgspec.json.encode(value).decode() if isinstance(value, Mapping) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
