"""An entry of the journal as people ask about it: who or what caused it, whose it is, by which operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import activities, contacts, runs
from landbridge.store.journal import Entry
from landbridge.store.journal_search import CAUSES, RECIPE_NOTE
from landbridge.store.runs import Run
from landbridge.sync.model import Kind, Side

UNDOABLE = ("create", "update", "join", "leave", "undo")
"""Actions that ``undo.py`` can put back, if the record still shows them."""

_BY = ", by "  # how the note of an answer or of a call ends (``desk.py``, ``calling.py``)
_PERSON = ("decided", "allowed", "operation")
_WORDS = {"create": "create", "update": "update", "delete": "delete"}
_OPERATIONS: Mapping[tuple[Side, Kind], Mapping[str, str]] = {
    (Side.HIGHLEVEL, Kind.CONTACT): {
        "create": "contacts.create",
        "update": "contacts.update",
        "opt_out": "contacts.update",
        "delete": "contacts.delete",
        "join": "contacts.add_tags",
        "leave": "contacts.remove_tags",
    },
    (Side.HIGHLEVEL, Kind.TASK): {word: f"contacts.{word}_task" for word in _WORDS},
    (Side.HIGHLEVEL, Kind.NOTE): {word: f"contacts.{word}_note" for word in _WORDS},
    (Side.HIGHLEVEL, Kind.APPOINTMENT): {
        "create": "calendars.create_appointment",
        "update": "calendars.update_appointment",
        "delete": "calendars.delete_event",
    },
    (Side.REZORA, Kind.CONTACT): {
        "create": "rezora.create_contact",
        "join": "rezora.add_member",
        "leave": "rezora.remove_member",
        "new list": "rezora.create_list",
    },
}
"""The operation of the catalog that a write is; for the rest of Rezora's the catalog has none."""


@dataclass(frozen=True, slots=True)
class Told:
    """``cause`` is a key of ``journal_search.CAUSES``, ``by`` the recipe, the person or the run's cause.

    ``contact`` is the id that the page of the person goes by, empty where nobody is known; ``operation`` the
    name in the catalog, empty where the call is not documented or nothing was written.
    """

    entry: Entry
    cause: str
    by: str
    contact: str = ""
    name: str = ""
    operation: str = ""

    @property
    def undoable(self) -> bool:
        """Is there anything to put back, as far as the entry itself says?"""
        return self.entry.action in UNDOABLE and self.entry.run_id > 0


async def tell(connection: AsyncConnection, bridge_id: int, entries: Sequence[Entry]) -> list[Told]:
    """Each entry with what is known around it, from the store alone."""
    known = await runs.of_ids(connection, {entry.run_id for entry in entries if entry.run_id})
    owners = await _owners(connection, bridge_id, entries)
    whose = {entry.id: _contact_of(entry, owners) for entry in entries}
    names: dict[tuple[Side, str], str] = {}
    for side in Side:
        ids = {key for at, key in whose.values() if at is side and key}
        found = await contacts.names_of(connection, bridge_id, side, ids)
        names |= {(side, key): name for key, name in found.items()}
    return [
        told_of(entry, known.get(entry.run_id), whose[entry.id][1], names.get(whose[entry.id], ""))
        for entry in entries
    ]


def told_of(entry: Entry, run: Run | None, contact: str = "", name: str = "") -> Told:
    """From what is known already; ``run`` is None for what a person did between runs."""
    cause, by = _caused(entry, run)
    known = _OPERATIONS.get((entry.side, entry.kind), {})
    operation = entry.rule if entry.action == "operation" else known.get(entry.action, "")
    return Told(entry, cause, by, contact, name, operation)


def _caused(entry: Entry, run: Run | None) -> tuple[str, str]:
    if entry.note.startswith(RECIPE_NOTE):
        return "recipe", entry.note.removeprefix(RECIPE_NOTE).partition(": ")[0]
    if entry.action == "undo":
        return "undo", run.cause if run else ""
    if run is None:
        named = entry.action in _PERSON and _BY in entry.note
        return "person", entry.note.rpartition(_BY)[2] if named else ""
    cause = next((cause for cause, words in CAUSES.items() if run.cause in words), "person")
    return cause, run.cause


_Owners = Mapping[tuple[Side, Kind, str], str]


async def _owners(connection: AsyncConnection, bridge_id: int, entries: Sequence[Entry]) -> _Owners:
    """Whose the tasks, notes and appointments are that these entries name, by side, kind and id."""
    named: dict[tuple[Side, Kind], set[str]] = {}
    for entry in entries:
        if entry.kind is not Kind.CONTACT:
            for side, key in ((entry.side, entry.record_id), (entry.side.other, entry.source_id)):
                named.setdefault((side, entry.kind), set()).add(key)
    found: dict[tuple[Side, Kind, str], str] = {}
    for (side, kind), ids in named.items():
        known = await activities.contacts_of(connection, bridge_id, side, kind, ids)
        found |= {(side, kind, key): contact for key, contact in known.items()}
    return found


def _contact_of(entry: Entry, owners: _Owners) -> tuple[Side, str]:
    """Whose record it is; HighLevel's id before Rezora's, as the contact's page goes by it."""
    ids = {entry.side: entry.record_id, entry.side.other: entry.source_id}
    if entry.action == "operation":
        return entry.side, ""
    if entry.kind is not Kind.CONTACT:
        source = entry.source_id if entry.note.startswith(RECIPE_NOTE) else ""  # a recipe names the contact
        ids = {side: owners.get((side, entry.kind, key), "") for side, key in ids.items()}
        ids[Side.HIGHLEVEL] = ids[Side.HIGHLEVEL] or source
    side = Side.HIGHLEVEL if ids[Side.HIGHLEVEL] else Side.REZORA
    return side, ids[side]
