"""Looking back: what was written, filtered and page by page; the runs; and all of it as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from landbridge.engine.journal_told import Told, tell
from landbridge.store import activities, journal, journal_search, links
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.journal import Entry
from landbridge.store.journal_search import LOOKED_AT, Wanted
from landbridge.store.runs import EVERY_PURPOSE, Run, Runs
from landbridge.sync.model import Side

PAGE = 50
BATCH = 1_000  # entries read between two pieces of a file
HEAD = (
    "id", "at", "run", "kind", "action", "side", "record", "source", "rule", "before", "after", "note",
    "state", "cause", "by", "contact", "name", "operation",
)  # fmt: skip
# A spreadsheet takes what begins so for a formula (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Page:
    """Entries that fit, newest first; ``following`` is where the next page begins, 0 behind the last.

    ``far``: many entries that do not fit were looked at, back to this time (epoch seconds), so the page is
    not full though there may be more.
    """

    entries: Sequence[Told]
    following: int = 0
    far: float | None = None


class JournalBook:
    """The journal and the runs of one store, read only."""

    def __init__(self, database: Database, *, looked_at: int = LOOKED_AT) -> None:
        self._database = database
        self._looked_at = looked_at  # entries for one page (``journal_search.py``)

    async def page(self, bridge: Bridge, wanted: Wanted, limit: int = PAGE) -> Page:
        """The newest that fit; ``wanted.before`` goes on where a page ended."""
        async with self._database.read() as connection:
            found = await journal_search.search(connection, bridge.id, wanted, limit, self._looked_at)
            told = await tell(connection, bridge.id, found.entries)
        return Page(told, found.following, found.far)

    async def tell(self, bridge: Bridge, entries: Sequence[Entry]) -> list[Told]:
        """The same entries with who or what caused each."""
        async with self._database.read() as connection:
            return await tell(connection, bridge.id, entries)

    async def records_of(self, bridge: Bridge, contact_id: str) -> dict[Side, Collection[str]]:
        """All records of one person on both sides, by the id on either: for ``Wanted.records``."""
        async with self._database.read() as connection:
            ids = {side: {contact_id} for side in Side}
            for side in Side:
                kept = (await links.by_side(connection, bridge.id, side, [contact_id])).get(contact_id)
                if kept is not None:
                    ids = {each: {kept.link.id(each)} for each in Side}
            for side, keys in ids.items():
                seen = await activities.of_contacts(connection, bridge.id, side, sorted(keys))
                keys.update(one.id for one in seen)
        return dict(ids)

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
        async for told in self._all(bridge, wanted):
            facts = told_facts(told)
            yield _row(tuple(_cell(facts[name]) for name in HEAD))

    async def as_json(self, bridge: Bridge, wanted: Wanted) -> AsyncIterator[str]:
        """All that fit as JSON, one object a line, newest first."""
        async for told in self._all(bridge, wanted):
            yield msgspec.json.encode(told_facts(told)).decode() + "\n"

    async def _all(self, bridge: Bridge, wanted: Wanted) -> AsyncIterator[Told]:
        while True:
            found = await self.page(bridge, wanted, BATCH)
            for told in found.entries:
                yield told
            if not found.following:
                return
            wanted = replace(wanted, before=found.following)


def facts_of(entry: Entry) -> dict[str, object]:
    """An entry as files, the API and commands show it; ``at`` is in epoch seconds, UTC."""
    return {
        "id": entry.id,
        "at": entry.at,
        "run": entry.run_id,
        "kind": entry.kind.value,
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


def told_facts(told: Told) -> dict[str, object]:
    """The same with who or what caused it, and whose it is."""
    return facts_of(told.entry) | {
        "cause": told.cause,
        "by": told.by,
        "contact": told.contact,
        "name": told.name,
        "operation": told.operation,
    }


def _cell(value: object) -> str:
    text = msgspec.json.encode(value).decode() if isinstance(value, Mapping) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
