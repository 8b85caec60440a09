"""Who is who: links, creates whose answer was lost, people who match, twins, and those a person looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from landbridge.engine.work import Stage, Work
from landbridge.store import decisions, journal, links, observed, runs
from landbridge.store.decisions import Tombstone
from landbridge.store.driver import renew
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.links import Intent, KeptLink
from landbridge.store.observed import PAIRED
from landbridge.sync.fingerprint import adopt
from landbridge.sync.match import Apart, LinkedPair, Pairing, Person, kept_apart, match
from landbridge.sync.model import Link, Side
from landbridge.sync.names import compatible_names
from landbridge.sync.similar import similar

AMBIGUOUS = "several_candidates"
TWIN = "twin"
MAYBE = "maybe_same"
REFUSED = "refused"  # a create that was refused and surely not made


@dataclass(slots=True)
class Matches:
    """What matching found: partners to note on both sides' records, links, holds and tombstones."""

    partners: dict[Side, dict[str, str]] = field(default_factory=lambda: {side: {} for side in Side})
    adopted: list[KeptLink] = field(default_factory=list)
    holds: list[OpenHold] = field(default_factory=list)
    tombstones: list[Tombstone] = field(default_factory=list)
    settled: list[tuple[Side, str]] = field(default_factory=list)  # intents whose record was found
    dropped: list[tuple[Side, str]] = field(default_factory=list)  # intents that made nothing
    asked: set[tuple[Side, str]] = field(default_factory=set)  # intents of which a person says what they made


async def match_people(work: Work, stage: Stage) -> Stage:
    """Find creates whose answer was lost, then who is who; the whole account at once."""
    work.show("Matching people", 0, 0)
    bridge_id, since = work.bridge.id, work.generation
    async with work.database.read() as connection:
        intents = await links.open_intents(connection, bridge_id)
        rows = {side: await observed.people(connection, bridge_id, since, side) for side in Side}
        apart = await decisions.kept_apart(connection, bridge_id)
        buried = await decisions.buried(connection, bridge_id)
    found = Matches()
    await _adopt(work, found, intents, rows, frozenset(apart))
    free = {side: unlinked(rows[side], found.partners[side]) for side in Side}
    linked = list(linked_pairs(rows, found))
    pairing = await asyncio.to_thread(  # seconds for 100,000 people: others go on
        match, free[Side.HIGHLEVEL], free[Side.REZORA], linked=linked, apart=frozenset(apart)
    )
    note_pairing(found, pairing)
    alone = {side: [one for one in free[side] if one.id not in found.partners[side]] for side in Side}
    for one in await asyncio.to_thread(
        similar, alone[Side.HIGHLEVEL], alone[Side.REZORA], apart=frozenset(apart)
    ):
        found.partners[Side.HIGHLEVEL].setdefault(one.highlevel_id, MAYBE)
        found.partners[Side.REZORA].setdefault(one.rezora_id, MAYBE)
        found.holds.append(OpenHold(MAYBE, one.highlevel_id, one.rezora_id, detail=one.reason))
    _bury_the_forgotten(found, stage, alone, rows, buried)
    _close_intents(work, found, intents)
    following = stage.to("forecast" if work.dry else "weigh" if stage.passes == 0 else "apply")
    await _store(work, found, following)
    if work.dry:
        work.examples.doubt(found.holds, {row.id: row.name for side in Side for row in rows[side]})
    work.unanswered.clear()
    work.asked = found.asked
    work.known = None
    return following


async def _adopt(
    work: Work,
    found: Matches,
    intents: Sequence[Intent],
    rows: Mapping[Side, Sequence[Row[Any]]],
    apart: Apart,
) -> None:
    """Creates without an answer, found again by the print of what was sent; markers are match's own rule."""
    for target in Side:
        wanted = [intent for intent in intents if intent.side is target]
        if not wanted:
            continue
        sources = {row.id for row in rows[target.other] if row.linked_to is None}
        free = [row.id for row in rows[target] if row.linked_to is None and not row.marker]
        async with work.database.read() as connection:
            shown = await observed.by_ids(connection, work.bridge.id, work.generation, target, free)
        prints = [(key, work.planner.body_print(target, sight.record.fields)) for key, sight in shown.items()]
        open_prints = [(i.source_id, i.print) for i in wanted if i.source_id in sources]
        for source, record in adopt(open_prints, prints).items():
            pair = (source, record) if target is Side.REZORA else (record, source)
            default = work.policy.default_list if target is Side.REZORA else ""
            base = {f"label:{default}": "1"} if default else {}
            found.adopted.append(KeptLink(0, Link(*pair, base)))
            _pair(found, *pair)
            found.settled.append((target, source))
        _renamed_meanwhile(found, target, wanted, rows, apart)


def _renamed_meanwhile(
    found: Matches,
    target: Side,
    wanted: Sequence[Intent],
    rows: Mapping[Side, Sequence[Row[Any]]],
    apart: Apart,
) -> None:
    """A record with the address of a create without an answer may be that create, renamed since: ask.

    The intent stays open until a person has said so, or the question is gone.
    """
    there: dict[str, list[str]] = {}
    for row in rows[target]:
        if row.linked_to is None and row.email and row.id not in found.partners[target]:
            there.setdefault(row.email, []).append(row.id)
    sources = {row.id: row for row in rows[target.other] if row.linked_to is None}
    for intent in wanted:
        source = sources.get(intent.source_id)
        if source is None or intent.source_id in found.partners[target.other]:
            continue
        for record in there.get(source.email, ()):
            other = next(row for row in rows[target] if row.id == record)
            if any(
                row.email == other.email and compatible_names(row.name, other.name)
                for row in sources.values()
            ):
                continue  # it is somebody else of this address, whom the usual rules pair
            if kept_apart(apart, source.id, record):
                continue
            pair = (source.id, record) if target is Side.REZORA else (record, source.id)
            found.partners[target.other][source.id] = found.partners[target][record] = AMBIGUOUS
            found.asked.add((target, source.id))
            why = "One may be the other, created by a sync whose answer was lost and renamed since."
            found.holds.append(OpenHold(AMBIGUOUS, pair[0], pair[1], detail=why))


def _pair(found: Matches, highlevel: str, rezora: str) -> None:
    found.partners[Side.HIGHLEVEL][highlevel] = PAIRED + rezora
    found.partners[Side.REZORA][rezora] = PAIRED + highlevel


def person(side: Side, row: Row[Any]) -> Person:
    """A row of identity keys as the core knows people."""
    return Person(side, row.id, row.name, row.email, row.phone, marker=row.marker)


def unlinked(rows: Sequence[Row[Any]], taken: Mapping[str, str]) -> list[Person]:
    """Those who belong to nobody yet."""
    return [
        person(Side.HIGHLEVEL if row.side == Side.HIGHLEVEL.value else Side.REZORA, row)
        for row in rows
        if row.linked_to is None and row.id not in taken
    ]


def linked_pairs(rows: Mapping[Side, Sequence[Row[Any]]], found: Matches) -> Iterable[LinkedPair]:
    """Everybody who is linked, or was just found again."""
    there = {row.id: row for row in rows[Side.REZORA]}
    new = {kept.link.highlevel_id: kept.link.rezora_id for kept in found.adopted}
    for row in rows[Side.HIGHLEVEL]:
        partner = there.get(row.linked_to or new.get(row.id, ""))
        if partner is not None:
            yield LinkedPair(person(Side.HIGHLEVEL, row), person(Side.REZORA, partner))


def note_pairing(found: Matches, pairing: Pairing) -> None:
    """Partners, or why there is none, and what a person has to look at."""
    for highlevel, rezora, _reason in pairing.pairs:
        _pair(found, highlevel, rezora)
    for group in pairing.ambiguous:
        for side, ids in ((Side.HIGHLEVEL, group.highlevel_ids), (Side.REZORA, group.rezora_ids)):
            found.partners[side] |= dict.fromkeys(ids, AMBIGUOUS)
        found.holds += [
            OpenHold(AMBIGUOUS, highlevel, rezora, detail=group.reason)
            for highlevel in group.highlevel_ids
            for rezora in group.rezora_ids
        ]
    for twin in pairing.twins:
        found.partners[twin.side][twin.id] = TWIN
        ids = (twin.id, twin.of_rezora_id) if twin.side is Side.HIGHLEVEL else (twin.of_highlevel_id, twin.id)
        other = twin.of_highlevel_id if twin.side is Side.HIGHLEVEL else twin.of_rezora_id
        found.holds.append(OpenHold(TWIN, *ids, rule=other, detail=twin.reason))


def _bury_the_forgotten(
    found: Matches,
    stage: Stage,
    alone: Mapping[Side, Sequence[Person]],
    rows: Mapping[Side, Sequence[Row[Any]]],
    buried: Mapping[tuple[Side, str], str],
) -> None:
    """Who is alone although a marker says otherwise, or nobody knows why after a restore, is not created."""
    there = {row.id for row in rows[Side.REZORA]}
    for side in Side:
        for person in alone[side]:
            if (side, person.id) in buried or found.partners[side].get(person.id):
                continue
            if person.marker and person.marker not in there:
                stone = Tombstone(side, person.id, f"deleted_in_{side.other.value}", person.marker)
                found.tombstones.append(stone)
            elif stage.doubt:
                found.tombstones.append(Tombstone(side, person.id, "restored"))


def _close_intents(work: Work, found: Matches, intents: Sequence[Intent]) -> None:
    """What became of each create without an answer: its record is there, or nothing was made."""
    settled = set(found.settled)
    for intent in intents:
        key = (intent.side, intent.source_id)
        if key in settled or key in found.asked:
            continue
        if found.partners[intent.side.other].get(intent.source_id, "").startswith(PAIRED):
            found.settled.append(key)
            continue
        found.dropped.append(key)
        if key in work.refused:
            found.partners[intent.side.other].setdefault(intent.source_id, REFUSED)


async def _store(work: Work, found: Matches, following: Stage) -> None:
    bridge_id, run_id, now = work.bridge.id, work.run_id, work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        if not work.dry:
            await links.add(connection, bridge_id, found.adopted, now)
            await links.close_intents(connection, bridge_id, done=found.settled, dropped=found.dropped)
            await decisions.bury(connection, bridge_id, found.tombstones, now)
            await journal.save_holds(connection, bridge_id, run_id, found.holds, now)
            entries = [_found_again(side, kept) for kept in found.adopted for side in [_target(found, kept)]]
            await journal.write(connection, bridge_id, run_id, entries, now)
        for side in Side:
            await observed.set_partners(connection, bridge_id, work.generation, side, found.partners[side])
        await runs.advance(connection, run_id, following.text(), 0, 0, work.progress.counts)


def _target(found: Matches, kept: KeptLink) -> Side:
    made_in_rezora = (Side.REZORA, kept.link.highlevel_id) in found.settled
    return Side.REZORA if made_in_rezora else Side.HIGHLEVEL


def _found_again(target: Side, kept: KeptLink) -> Entry:
    note = "Created earlier; its answer was lost, and it was found again"
    return Entry("create", target, kept.link.id(target), kept.link.id(target.other), note=note)
