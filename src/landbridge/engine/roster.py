"""The lists of contacts by where they stand, and what people do to one contact: pause, resume, again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.answers import NotPossible, check_creates
from landbridge.engine.contact_lists import place_of, place_text
from landbridge.store import contacts, decisions, due, journal, links, observed, standings
from landbridge.store.bridges import Bridge
from landbridge.store.contacts import Line, Wanted
from landbridge.store.database import Database
from landbridge.store.due import Due, Urgency
from landbridge.store.journal import Entry
from landbridge.store.runs import Runs
from landbridge.store.standings import Standing
from landbridge.sync.model import Choice, Side
from landbridge.sync.reasons import EXCLUDED, HELD, Reason
from landbridge.sync.rules import Policy
from landbridge.systems.base import Clock

STANDINGS: Mapping[str, str] = {
    "in-sync": "equal",
    "left-out": "excluded",
    "held": "held",
    "waiting": "waiting",
}
"""The lists as people name them, and the word of the store."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
PAGE = 100
_IN_SYNC = Reason("In sync", "The contact is equal on both sides.", "Nothing to do.")
_WAITING = Reason("Waiting", "The contact was not written yet.", "Nothing to do: the next sync carries it.")
_AGAIN = ("deleted_in_highlevel", "deleted_in_rezora", "merged")


@dataclass(frozen=True, slots=True)
class Contact:
    """One person, a linked pair once, with where it stands and why."""

    highlevel_id: str
    rezora_id: str
    name: str
    standing: str
    cause: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of one list; ``total`` counts the whole list, ``following`` is where the next page begins."""

    standing: str
    total: int
    contacts: list[Contact]
    following: str = ""


class Roster:
    """Contacts of one store, as the newest whole run saw them."""

    def __init__(self, database: Database, clock: Clock, policy_of: Callable[[Bridge], Policy]) -> None:
        self._database = database
        self._clock = clock
        self._policy_of = policy_of

    async def contacts(self, bridge: Bridge, standing: str, after: str = "") -> Listing:
        """One page of one list, behind the place that the page before told."""
        if standing not in STANDINGS:
            raise NotPossible(f"There is no list {standing!r}.", f"Use one of: {', '.join(STANDINGS)}.")
        latest = await Runs(self._database).latest_done(bridge.id)
        if latest is None:
            return Listing(standing, 0, [])
        word, place = STANDINGS[standing], place_of(after)
        async with self._database.read() as connection:
            counts = await standings.counts(connection, bridge.id, latest.id)
            wanted = Wanted(standing=word)
            found = await contacts.listed(connection, bridge.id, latest.id, wanted, place, PAGE + 1)
        total = sum(count for (stands, _), count in counts.items() if stands == word)
        following = place_text(found[PAGE - 1]) if len(found) > PAGE else ""
        return Listing(standing, total, [_contact(line, standing) for line in found[:PAGE]], following)

    async def pause(self, bridge: Bridge, record_id: str, note: str = "") -> None:
        """Take a contact out of the sync; opt-outs are carried all the same."""
        now = self._clock.now()
        async with self._database.write() as connection:
            ids = await _find(connection, bridge.id, record_id)
            side = next(iter(ids))
            await decisions.save_pause(connection, bridge.id, side, ids[side], note, now)
            await _note(connection, bridge.id, ids, "paused", now, ("excluded", "paused"))

    async def resume(self, bridge: Bridge, record_id: str) -> None:
        """Put it back; the next sync carries what was edited meanwhile."""
        now = self._clock.now()
        async with self._database.write() as connection:
            ids = await _find(connection, bridge.id, record_id)
            ended = [await decisions.end_pause(connection, bridge.id, side, key) for side, key in ids.items()]
            if not any(ended):
                raise NotPossible("This contact is not paused.", "Nothing to do.")
            await _note(connection, bridge.id, ids, "resumed", now, ("waiting", ""))

    async def ask(self, bridge: Bridge, record_ids: Sequence[str], cause: str) -> int:
        """Name these contacts, by their id on either side, to be looked at soon; how many were named.

        An id that no run has seen yet may be of somebody new: it is looked up where its form belongs.
        """
        now, named = self._clock.now(), []
        async with self._database.write() as connection:
            for record_id in dict.fromkeys(record_ids):
                if not _ID.fullmatch(record_id):
                    raise NotPossible(
                        f"{record_id[:40]!r} is no contact's id.",
                        "Give the id that `landbridge contacts list` shows, or that of the contact's page.",
                    )
                try:
                    side = next(iter(await _find(connection, bridge.id, record_id)))
                except NotPossible:
                    side = Side.REZORA if record_id.isdecimal() else Side.HIGHLEVEL
                named.append(Due(side, record_id, Urgency.ASKED, cause=cause))
            await due.name(connection, bridge.id, named, now)
        return len(named)

    async def again(self, bridge: Bridge, record_id: str) -> None:
        """Create a contact anew on the side where it was deleted: its tombstone goes, a word stays.

        The word is needed where the record still carries the mark of the one that was deleted: matching
        would take that for a delete it has not heard of.
        """
        policy, now = self._policy_of(bridge), self._clock.now()
        async with self._database.write() as connection:
            found = await _find(connection, bridge.id, record_id)
            side = next(iter(found))
            key = found[side]
            if len(found) > 1:
                raise NotPossible("This contact is linked, so it is on both sides.", "Nothing to do.")
            if (await decisions.buried(connection, bridge.id)).get((side, key)) not in _AGAIN:
                raise NotPossible(
                    "This contact is not left out because of a delete or a merge.",
                    "Look at `landbridge contacts list --standing left-out` for its reason.",
                )
            check_creates(policy, side.other)
            await decisions.unbury(connection, bridge.id, side, key)
            pair = (key, "") if side is Side.HIGHLEVEL else ("", key)
            await decisions.save_choice(connection, bridge.id, pair, Choice("", "create"), "again", now)
            await _note(connection, bridge.id, found, "create again", now, ("waiting", ""))


async def _find(connection: AsyncConnection, bridge_id: int, record_id: str) -> dict[Side, str]:
    """The record of that id and, behind it, its partner; raises ``NotPossible`` for an unknown id."""
    for side in Side:
        linked = await links.by_side(connection, bridge_id, side, [record_id])
        if not linked and await observed.one(connection, bridge_id, side, record_id) is None:
            continue
        ids = {side: record_id}
        if record_id in linked:
            ids[side.other] = linked[record_id].link.id(side.other)
        return ids
    raise NotPossible(
        "No contact of that id was seen in HighLevel or in Rezora.",
        "Give the id that `landbridge contacts list` shows, or run a sync first.",
    )


async def _note(
    connection: AsyncConnection,
    bridge_id: int,
    ids: Mapping[Side, str],
    note: str,
    now: float,
    stands: tuple[str, str],
) -> None:
    """Journal it, and show it in the lists before the next sync does."""
    side = next(iter(ids))
    entry = Entry("decided", side, ids[side], ids.get(side.other, ""), note=note)
    await journal.write(connection, bridge_id, 0, [entry], now)
    found = [Standing(side, key, *stands) for side, key in ids.items()]
    await standings.note(connection, bridge_id, found)


def _contact(line: Line, standing: str) -> Contact:
    ids = {line.side: line.id, line.side.other: line.partner}
    reason = {"in-sync": _IN_SYNC, "waiting": _WAITING}.get(standing) or (EXCLUDED | HELD).get(line.reason)
    known = reason or Reason(line.reason, line.reason, "Update Landbridge to the version that wrote this.")
    return Contact(ids[Side.HIGHLEVEL], ids[Side.REZORA], line.name, standing, line.reason, known)
