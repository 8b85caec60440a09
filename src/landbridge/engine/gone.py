"""Linked contacts that a listing no longer shows: looked up by id, merged, deleted, or there after all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from landbridge.engine.cases import Case, counted, planned, situation_of
from landbridge.engine.reconcile import Braked
from landbridge.engine.scan import read_again, remember
from landbridge.engine.work import Stage, Work
from landbridge.store import decisions, journal, links, observed, standings
from landbridge.store.decisions import Tombstone
from landbridge.store.driver import renew
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.store.standings import Standing
from landbridge.sync.actions import Delete, Hold, Plan
from landbridge.sync.guard import Weight, weigh
from landbridge.sync.model import Choice, Side
from landbridge.sync.names import compatible_names
from landbridge.systems.base import Gone, Malformed, Rejected, SystemFailure, Unavailable

ASKED = ("delete_waits", "deleted_and_edited", "several_candidates")
FAILURES_IN_A_ROW = 10  # then it is the system that fails, not the record


@dataclass(slots=True)
class Vanished:
    """A link of which one record or both were not listed, and what a look by id found.

    ``failure``: the look itself failed, so nothing is known of it in this run.
    """

    kept: KeptLink
    seen: dict[Side, Sighting] = field(default_factory=dict)
    gone: list[Side] = field(default_factory=list)
    failure: SystemFailure | None = None


async def find_the_missing(work: Work, stage: Stage) -> Stage:
    """Nothing is called deleted before a read by id says so (property S7); a mass of it asks first.

    Links whose deleted record is back are opened again. A HighLevel contact that is gone may have been
    merged: whoever holds its address under a compatible name now is taken for the survivor.
    """
    if not work.dry:
        await _heal(work)
    async with work.database.read() as connection:
        missing = await links.missing(connection, work.bridge.id, work.generation)
        linked = await links.count(connection, work.bridge.id)
        told = await journal.pairs_held_for(connection, work.bridge.id, ASKED)
    news = sum(1 for kept in missing if (kept.link.highlevel_id, kept.link.rezora_id) not in told)
    choices = (await work.knowledge()).choices
    deletes = sum(1 for kept in missing if _approved(kept, choices))
    sentence = weigh(work.config.brake, Weight(linked=linked, missing=news, deletes=deletes))
    if sentence and not stage.accept:
        if not work.dry:
            raise Braked(sentence)
        work.progress.counts["braked"] = 1
    work.show("Looking for contacts that are gone", 0, len(missing))
    await settle_gone(work, await _look_at_all(work, missing))
    return stage.to("match")


async def settle_gone(work: Work, vanished: Sequence[Vanished]) -> None:
    """Links of which a record is proved gone: merged, closed, or asked about."""
    survivors = await _survivors(work, vanished)
    for one in vanished:
        if one.gone:
            await _settle(work, one, survivors)
    work.known = None


def _approved(kept: KeptLink, choices: Mapping[tuple[str, str], Mapping[str, Choice]]) -> bool:
    """Did a person say that the other record shall be deleted too?"""
    made = choices.get((kept.link.highlevel_id, kept.link.rezora_id), {}).get("")
    return made is not None and made.use == "delete"


async def _heal(work: Work) -> None:
    """A record that was deleted is there again: its link lives again."""
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        entries = []
        for highlevel, rezora in await links.reopen(connection, work.bridge.id, work.generation):
            await decisions.unbury(connection, work.bridge.id, Side.HIGHLEVEL, highlevel)
            await decisions.unbury(connection, work.bridge.id, Side.REZORA, rezora)
            note = "Both contacts are there again"
            entries.append(Entry("link", Side.REZORA, rezora, highlevel, note=note))
        await journal.write(connection, work.bridge.id, work.run_id, entries, now)


async def _look_at_all(work: Work, missing: Sequence[KeptLink]) -> list[Vanished]:
    """Each by id; one that cannot be read is shown and hides nobody else."""
    found: list[Vanished] = []
    for kept in missing:
        found.append(await _look(work, kept))
        last = found[-FAILURES_IN_A_ROW:]
        if len(last) == FAILURES_IN_A_ROW and all(one.failure for one in last) and last[-1].failure:
            raise last[-1].failure
    failed = [
        OpenHold(
            "unknown_outcome",
            one.kept.link.highlevel_id,
            one.kept.link.rezora_id,
            detail=f"{one.failure.sentence} {one.failure.fix}",
        )
        for one in found
        if one.failure is not None
    ]
    if failed and not work.dry:
        now = work.clock.now()
        async with work.database.write() as connection:
            await renew(connection, work.lease, now)
            await journal.save_holds(connection, work.bridge.id, work.run_id, failed, now)
    return [one for one in found if one.failure is None]


async def _look(work: Work, kept: KeptLink) -> Vanished:
    """Read by id what the listing did not show."""
    found = Vanished(kept)
    for side in Side:
        record_id = kept.link.id(side)
        async with work.database.read() as connection:
            listed = await observed.by_ids(connection, work.bridge.id, work.generation, side, [record_id])
        if record_id in listed:
            found.seen[side] = listed[record_id]
            continue
        try:
            sight = await read_again(work, side, record_id)
        except Gone:
            found.gone.append(side)
            await _unsee(work, side, record_id)
        except (Unavailable, Malformed) as failure:
            found.failure = failure
        else:
            await remember(work, [sight])
            found.seen[side] = sight
    work.step()
    return found


async def _unsee(work: Work, side: Side, record_id: str) -> None:
    if not work.dry:
        async with work.database.write() as connection:
            await renew(connection, work.lease, work.clock.now())
            await observed.unsee(connection, work.bridge.id, side, record_id)


async def _survivors(work: Work, vanished: Sequence[Vanished]) -> Mapping[str, list[Sighting]]:
    """HighLevel contacts that hold an address of a gone one, among any of their own, by the gone id."""
    wanted: dict[str, list[Sighting]] = {}
    async with work.database.read() as connection:
        for one in vanished:
            if Side.HIGHLEVEL in one.gone and Side.REZORA not in one.gone:
                key = one.kept.link.highlevel_id
                before = await observed.one(connection, work.bridge.id, Side.HIGHLEVEL, key)
                if before is not None and (before.email or before.phone):
                    wanted.setdefault(key, []).append(before)
    found: dict[str, list[Sighting]] = {}
    for key, (before,) in wanted.items():
        keys = [work.addresses.key(before.email), work.addresses.key(before.phone)]
        async with work.database.read() as connection:
            near = await observed.holders(connection, work.bridge.id, work.generation, Side.HIGHLEVEL, keys)
        found[key] = [sight for sight in near if _holds_address(work, sight, before)]
    return found


def _holds_address(work: Work, sight: Sighting, before: Sighting) -> bool:
    """Does this contact hold an address of the gone one, as its main or as an additional one?"""
    if not compatible_names(sight.name, before.name):
        return False
    own = {sight.email, sight.phone, *work.additional(sight.record)}
    return not own.isdisjoint({before.email, before.phone} - {""})


async def _settle(work: Work, one: Vanished, survivors: Mapping[str, list[Sighting]]) -> None:
    """Merged, deleted, or to be asked about."""
    link = one.kept.link
    held = [s for s in survivors.get(link.highlevel_id, []) if Side.HIGHLEVEL in one.gone]
    if len(held) == 1 and Side.REZORA in one.seen:
        await _merge(work, one, held[0])
        return
    plan = await _plan(work, one, several=len(held) > 1)
    if not work.dry and any(isinstance(action, Delete) for action in plan.actions):
        plan = await _plan_again(work, one)
    work.config.cells.update(plan.cells)
    highlevel, rezora = one.seen.get(Side.HIGHLEVEL), one.seen.get(Side.REZORA)
    case = Case(highlevel, rezora, one.kept, plan)
    if work.dry:
        work.progress.counts.update(counted(case) if case.highlevel or case.rezora else {})
        work.lines.extend(planned(case) if case.highlevel or case.rezora else [])
    else:
        await _carry_out(work, one, case, plan)


async def _plan(work: Work, one: Vanished, *, several: bool = False) -> Plan:
    """What the planner says of a link whose record is proved gone."""
    link = one.kept.link
    choices = (await work.knowledge()).choices.get((link.highlevel_id, link.rezora_id), {})
    if several and "" not in choices:
        return Plan(holds=(Hold("several_candidates"),))
    seen = one.seen.get(Side.HIGHLEVEL), one.seen.get(Side.REZORA)
    situation = await situation_of(work, *seen, one.kept)
    return work.planner.plan(replace(situation, gone=one.gone[0], choices=_still_meant(one, choices)))


def _still_meant(one: Vanished, choices: Mapping[str, Choice]) -> Mapping[str, Choice]:
    """A person who said "delete" had one survivor before their eyes; one edited since is asked about anew."""
    made = choices.get("")
    if made is None or made.use != "delete" or made.highlevel == _looks(one):
        return choices
    return {rule: choice for rule, choice in choices.items() if rule}


def _looks(one: Vanished) -> str:
    """The print of the record that is left, empty where none is."""
    return "".join(sight.print for sight in one.seen.values())


async def _plan_again(work: Work, one: Vanished) -> Plan:
    """Just before a delete: is the record still there, and as both sides last agreed (property S7)?"""
    (side,) = one.seen
    try:
        one.seen[side] = await read_again(work, side, one.kept.link.id(side))
    except Gone:
        one.gone.append(side)
        one.seen.clear()
    return await _plan(work, one)


async def _merge(work: Work, one: Vanished, survivor: Sighting) -> None:
    """The contact lives on in another: the link moves there, unless that one has a partner already."""
    if work.dry:
        work.progress.counts["merged"] += 1
        return
    link, bridge_id, now = one.kept.link, work.bridge.id, work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        taken = await links.by_side(connection, bridge_id, Side.HIGHLEVEL, [survivor.record.id])
        stones = [Tombstone(Side.HIGHLEVEL, link.highlevel_id, "merged", survivor.record.id)]
        if taken:
            await links.close(connection, {one.kept.id: "merged"})
            stones.append(Tombstone(Side.REZORA, link.rezora_id, "merged", survivor.record.id))
            note = "Merged in HighLevel into a contact that has its own in Rezora; the link was ended"
        else:
            await links.move(connection, one.kept.id, survivor.record.id)
            note = "Merged in HighLevel; the link follows the contact that is left"
        await decisions.bury(connection, bridge_id, stones, now)
        entry = Entry("merged", Side.HIGHLEVEL, survivor.record.id, link.rezora_id, note=note)
        await journal.write(connection, bridge_id, work.run_id, [entry], now)


async def _carry_out(work: Work, one: Vanished, case: Case, plan: Plan) -> None:
    """End the link, delete if a person said so, or ask."""
    link, bridge_id = one.kept.link, work.bridge.id
    entries: list[Entry] = []
    holds = [
        OpenHold(hold.cause, link.highlevel_id, link.rezora_id, hold.rule, seen=_looks(one))
        for hold in plan.holds
    ]
    deleted: list[Side] = []
    for action in plan.actions:
        if isinstance(action, Delete):
            try:
                deleted += await _delete(work, one, action)
            except Rejected as failure:
                detail = f"{failure.sentence} {failure.fix}"
                holds.append(OpenHold("refused", link.highlevel_id, link.rezora_id, detail=detail))
    closed = plan.closed if not holds else ""
    now = work.clock.now()
    if closed:
        where = " and ".join(side.title for side in (*one.gone, *deleted))
        note = (
            f"Gone from {where}; the other record was left as it is" if not deleted else f"Gone from {where}"
        )
        entries.append(
            Entry("unlink", one.gone[0], link.id(one.gone[0]), link.id(one.gone[0].other), note=note)
        )
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await journal.write(connection, bridge_id, work.run_id, entries, now)
        await journal.save_holds(connection, bridge_id, work.run_id, holds, now)
        if closed:
            await links.close(connection, {one.kept.id: closed})
            await decisions.bury(connection, bridge_id, _stones(one, closed, reborn=plan.reborn), now)
            await decisions.drop_choices(connection, bridge_id, [(link.highlevel_id, link.rezora_id)])
            for side in one.seen if plan.reborn else ():
                pair = (link.highlevel_id, "") if side is Side.HIGHLEVEL else ("", link.rezora_id)
                await decisions.save_choice(
                    connection, bridge_id, pair, Choice("", "create"), "a person", now
                )
        if case.highlevel or case.rezora:
            first = case.first.record
            standing = Standing(first.side, first.id, *case.standing)
            await standings.note(connection, bridge_id, [standing])
    work.known = None


def _stones(one: Vanished, reason: str, *, reborn: bool) -> list[Tombstone]:
    """The deleted record never comes back by us; the one that is left is not the source of a new one."""
    link = one.kept.link
    stones = [Tombstone(side, link.id(side), "deleted", link.id(side.other)) for side in one.gone]
    if not reborn:
        stones += [Tombstone(side, link.id(side), reason, link.id(side.other)) for side in one.seen]
    return stones


async def _delete(work: Work, one: Vanished, action: Delete) -> list[Side]:
    """One record, as it was read a moment ago; noted ahead."""
    link, sight = one.kept.link, one.seen[action.side]
    entry = Entry(
        "delete",
        action.side,
        action.record_id,
        link.id(action.side.other),
        before=sight.record.fields,
        note="Deleted on the other side; approved by a person",
    )
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        (key,) = await journal.begin(connection, work.bridge.id, work.run_id, [entry], work.clock.now())
    await work.systems[action.side].delete(action.record_id)
    work.progress.counts["deleted"] += 1
    work.progress.counts["writes"] += 1
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await journal.finish(connection, {key: entry})
    return [action.side]
