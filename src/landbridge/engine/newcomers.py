"""Who a few new contacts are, among everybody who shares an address with them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.matching import MAYBE, Matches, linked_pairs, note_pairing, person, unlinked
from landbridge.engine.work import Work
from landbridge.store import decisions, journal, links, observed
from landbridge.store.decisions import Tombstone
from landbridge.store.driver import renew
from landbridge.store.journal import OpenHold
from landbridge.store.observed import Near, Sighting
from landbridge.sync.match import Apart, Pairing, Person, match
from landbridge.sync.model import Side
from landbridge.sync.similar import similar

Rows = Mapping[Side, Sequence[Row[Any]]]


async def match_newcomers(work: Work, newcomers: Sequence[Sighting]) -> set[tuple[Side, str]]:
    """Note whom these contacts match, or why nobody, as matching the whole account would.

    Returns those of which a create is under way without an answer: a whole sync has to look what became
    of it. Whom an address leads to is looked at too, and whom theirs lead to, so that "unique" means what
    it says.
    """
    fresh = {(sight.record.side, sight.record.id): sight for sight in newcomers}
    async with work.database.read() as connection:
        intents = await links.open_intents(connection, work.bridge.id)
        rows = await _neighbours(work, connection, newcomers)
        apart = frozenset(await decisions.kept_apart(connection, work.bridge.id))
    unclear = {(intent.side.other, intent.source_id) for intent in intents} & fresh.keys()
    found = Matches()
    free = {side: unlinked(rows[side], {}) for side in Side}
    pairing = match(free[Side.HIGHLEVEL], free[Side.REZORA], linked=linked_pairs(rows, found), apart=apart)
    note_pairing(found, _about(pairing, fresh.keys()))
    alone = {
        side: [one for one in free[side] if (side, one.id) in fresh and one.id not in found.partners[side]]
        for side in Side
    }
    await _maybe_the_same(work, found, alone, apart)
    _bury_the_marked(found, alone, rows)
    await _store(work, found, fresh.keys())
    work.known = None
    return set(unclear)


async def _neighbours(work: Work, connection: AsyncConnection, newcomers: Sequence[Sighting]) -> Rows:
    """Everybody two addresses away, and the partners of those who are linked."""
    keys = frozenset(key for sight in newcomers for key in (sight.email_key, sight.phone_key) if key)
    ids = frozenset(sight.record.id for sight in newcomers)
    marks = frozenset(sight.record.marker for sight in newcomers if sight.record.marker)
    near = Near(keys, ids | marks, ids)
    rows: dict[Side, list[Row[Any]]] = {}
    for _ in range(2):
        for side in Side:
            rows[side] = await observed.people(connection, work.bridge.id, work.generation, side, near)
        every = [row for side in Side for row in rows[side]]
        keys |= {key for row in every for key in (row.email_key, row.phone_key) if key}
        partners = {row.linked_to for row in every if row.linked_to}
        near = Near(keys, ids | marks | partners | {row.id for row in every}, ids)
    for side in Side:
        rows[side] = await observed.people(connection, work.bridge.id, work.generation, side, near)
    return rows


def _about(pairing: Pairing, fresh: Collection[tuple[Side, str]]) -> Pairing:
    """Only what says something of the new ones: the neighbourhood of the others was not looked at."""
    h, r = Side.HIGHLEVEL, Side.REZORA
    return Pairing(
        tuple(pair for pair in pairing.pairs if (h, pair[0]) in fresh or (r, pair[1]) in fresh),
        tuple(
            group
            for group in pairing.ambiguous
            if any((h, one) in fresh for one in group.highlevel_ids)
            or any((r, one) in fresh for one in group.rezora_ids)
        ),
        (),
        (),
        tuple(twin for twin in pairing.twins if (twin.side, twin.id) in fresh),
    )


async def _maybe_the_same(
    work: Work, found: Matches, alone: Mapping[Side, Sequence[Person]], apart: Apart
) -> None:
    """Compare those who match nobody with everybody who belongs to nobody on the other side."""
    for side in Side:
        if not alone[side]:
            continue
        async with work.database.read() as connection:
            others = await observed.unlinked(connection, work.bridge.id, work.generation, side.other)
        there = [person(side.other, row) for row in others if row.id not in found.partners[side.other]]
        both = (alone[side], there) if side is Side.HIGHLEVEL else (there, alone[side])
        for one in await asyncio.to_thread(similar, *both, apart=apart):  # seconds for 100,000 people
            found.partners[Side.HIGHLEVEL].setdefault(one.highlevel_id, MAYBE)
            found.partners[Side.REZORA].setdefault(one.rezora_id, MAYBE)
            found.holds.append(OpenHold(MAYBE, one.highlevel_id, one.rezora_id, detail=one.reason))


def _bury_the_marked(found: Matches, alone: Mapping[Side, Sequence[Person]], rows: Rows) -> None:
    """A mark of ours on a contact whose other half is not there: that half was deleted."""
    there = {row.id for row in rows[Side.REZORA]}
    for one in alone[Side.HIGHLEVEL]:
        if one.marker and one.marker not in there and not found.partners[Side.HIGHLEVEL].get(one.id):
            found.tombstones.append(Tombstone(Side.HIGHLEVEL, one.id, "deleted_in_rezora", one.marker))


async def _store(work: Work, found: Matches, fresh: Collection[tuple[Side, str]]) -> None:
    for side in Side:  # a newcomer who matches nobody any more says so
        nobody = {record_id: "" for at, record_id in fresh if at is side}
        found.partners[side] = nobody | found.partners[side]
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await decisions.bury(connection, work.bridge.id, found.tombstones, now)
        await journal.save_holds(connection, work.bridge.id, work.run_id, found.holds, now)
        for side in Side:
            await observed.note_partners(connection, work.bridge.id, side, found.partners[side])
