"""One contact on both sides, field by field, with its activities and what was written; and finding one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.contact_lists import (
    EVERYBODY,
    Counts,
    Found,
    Search,
    count_lists,
    place_of,
    place_text,
    wanted_of,
)
from landbridge.engine.field_rows import FieldRow, field_rows
from landbridge.engine.timeline import Timeline, timeline_of
from landbridge.store import activities, activity_links, contacts
from landbridge.store.bridges import Bridge
from landbridge.store.contacts import Sight
from landbridge.store.database import Database
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.links import KeptLink
from landbridge.store.runs import Runs
from landbridge.sync.activity import Activity
from landbridge.sync.model import ACTIVITIES, Kind, Link, Side
from landbridge.sync.reasons import EXCLUDED, HELD, Reason
from landbridge.sync.rules import Policy
from landbridge.systems.base import Clock, stored_kinds

PAGE = 50
ENTRIES = 50
IN_SYNC = Reason("In sync", "The contact is equal on both sides.", "Nothing to do.")
WAITING = Reason(
    "Waiting", "The contact was not compared or written yet.", "Nothing to do: the next sync carries it."
)
GONE = Reason(
    "Not there any more",
    "The last sync that read both systems whole did not see this contact.",
    "Nothing to do; what was known of it is kept for people to look at.",
)


@dataclass(frozen=True, slots=True)
class KeptWhere:
    """Which activities Rezora's account has, and which are kept by Landbridge alone, in words for people."""

    sentence: str
    carried: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class ContactView:
    """All that is known of one person; a side that has no record of them is missing in ``ids``."""

    name: str
    ids: Mapping[Side, str]
    linked: bool
    standing: Reason
    rows: Sequence[FieldRow]
    timeline: Timeline
    holds: Sequence[OpenHold]
    entries: Sequence[Entry]
    kept: KeptWhere
    unread: Side | None = None  # where the contact was created and has not been read since

    @property
    def record_id(self) -> str:
        """The id that the page of this contact goes by: HighLevel's, if there is one."""
        return self.ids.get(Side.HIGHLEVEL) or self.ids[Side.REZORA]


class ContactBook:
    """Contacts of one store, from the store alone: no call leaves the machine."""

    def __init__(self, database: Database, clock: Clock, policy_of: Callable[[Bridge], Policy]) -> None:
        self._database = database
        self._clock = clock
        self._policy_of = policy_of

    def not_read(self, bridge: Bridge) -> list[str]:
        """Which of tasks, notes and appointments the mapping leaves alone, so that nobody reads them."""
        policy = self._policy_of(bridge)
        return [f"{kind.value}s" for kind in ACTIVITIES if policy.activity(kind) is None]

    async def find(self, bridge: Bridge, search: Search = EVERYBODY, *, size: int = PAGE) -> Found:
        """A page of people, a linked pair once; raises ``NotPossible`` for a list that there is not."""
        since = await self._since(bridge)
        async with self._database.read() as connection:
            wanted = await wanted_of(connection, bridge.id, search)
            after = place_of(search.after)
            lines = await contacts.listed(connection, bridge.id, since, wanted, after, size + 1)
        return Found(lines[:size], place_text(lines[size - 1]) if len(lines) > size else "")

    async def counts(self, bridge: Bridge) -> Counts:
        """How many people each list has."""
        since = await self._since(bridge)
        async with self._database.read() as connection:
            return count_lists(await contacts.groups(connection, bridge.id, since))

    async def contact(self, bridge: Bridge, record_id: str) -> ContactView | None:
        """The person with that id on either side; None for an id that was never seen."""
        since = await self._since(bridge)
        async with self._database.read() as connection:
            for side in Side:
                sight = await contacts.sight(connection, bridge.id, since, side, record_id)
                if sight is None:  # just created there, and not read since: its partner leads to it
                    kept = await contacts.pair_of(connection, bridge.id, side, record_id)
                    if kept is not None:
                        other = kept.link.id(side.other)
                        sight = await contacts.sight(connection, bridge.id, since, side.other, other)
                if sight is not None:
                    return await self._view(connection, bridge, since, sight)
        return None

    async def _since(self, bridge: Bridge) -> int:
        """The newest run that read both sides whole; before there was one, the first."""
        latest = await Runs(self._database).latest_done(bridge.id)
        return latest.id if latest else 1

    async def _view(
        self, connection: AsyncConnection, bridge: Bridge, since: int, sight: Sight
    ) -> ContactView:
        side, key = sight.seen.record.side, sight.seen.record.id
        kept = await contacts.pair_of(connection, bridge.id, side, key)
        ids, sights = {side: key}, {side: sight}
        if kept is not None:
            ids[side.other] = kept.link.id(side.other)
            other = await contacts.sight(connection, bridge.id, since, side.other, ids[side.other])
            if other is not None:
                sights[side.other] = other
        policy = self._policy_of(bridge)
        seen = await _activities(connection, bridge.id, ids)
        shown = [sights[each].seen for each in Side if each in sights]
        holds = await contacts.holds_of(connection, bridge.id, ids)
        records = {each.record.side: each.record for each in shown}
        waiting = {hold.rule: hold for hold in holds if hold.kind is Kind.CONTACT}
        return ContactView(
            name=next((each.name for each in shown if each.name), ""),
            ids={each: ids[each] for each in Side if each in ids},
            linked=kept is not None,
            standing=_standing(sights[next(each for each in Side if each in sights)]),
            rows=field_rows(policy, records, kept.link if kept else None, waiting),
            timeline=timeline_of(seen, await _tied(connection, bridge.id, kept), self._clock.now()),
            holds=holds,
            entries=await _entries(connection, bridge.id, ids, seen),
            kept=kept_where(bridge),
            unread=next((each for each in ids if each not in sights), None),
        )


def kept_where(bridge: Bridge) -> KeptWhere:
    """Said plainly: does Rezora's account have activities, or does Landbridge keep them?"""
    reads, _ = stored_kinds(bridge.rezora.capability)
    has = [f"{kind.value}s" for kind in ACTIVITIES if kind in reads]
    lacks = [f"{kind.value}s" for kind in ACTIVITIES if kind not in reads]
    start = "Rezora does not document tasks, notes and appointments"
    if not has:
        sentence = (
            f"{start}, and this account does not answer for them: Landbridge keeps those of HighLevel,"
            " on this page and in the calendar feed."
        )
    elif lacks:
        sentence = (
            f"{start}; this account answers for {_and(has)}. Landbridge keeps the {_and(lacks)} of"
            " HighLevel, on this page and in the calendar feed."
        )
    else:
        sentence = f"{start}; this account answers for all three, so they can be carried between both sides."
    return KeptWhere(sentence, reads)


def _and(words: Sequence[str]) -> str:
    return " and ".join(words)


def _standing(sight: Sight) -> Reason:
    if not sight.there:
        return GONE
    if sight.standing == "equal":
        return IN_SYNC
    known = (EXCLUDED | HELD).get(sight.reason)
    if known is None and sight.reason and sight.standing != "waiting":
        return Reason(sight.reason, sight.reason, "Update Landbridge to the version that wrote this.")
    return known or WAITING


async def _activities(connection: AsyncConnection, bridge_id: int, ids: Mapping[Side, str]) -> list[Activity]:
    found: list[Activity] = []
    for side, key in ids.items():
        found += await activities.of_contacts(connection, bridge_id, side, [key])
    return found


async def _tied(
    connection: AsyncConnection, bridge_id: int, kept: KeptLink | None
) -> list[tuple[Kind, Link]]:
    """Which activities of a pair are one and the same."""
    if kept is None:
        return []
    ties = await activity_links.ties(connection, bridge_id, [kept.id])
    return [(kind, one.link) for (_, kind), found in ties.items() for one in found.links.values()]


async def _entries(
    connection: AsyncConnection, bridge_id: int, ids: Mapping[Side, str], seen: Sequence[Activity]
) -> list[Entry]:
    records = {side: [key, *(one.id for one in seen if one.side is side)] for side, key in ids.items()}
    return await contacts.entries_of(connection, bridge_id, records, ENTRIES)
