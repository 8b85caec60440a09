"""Live: records that events named are read by id on both sides, and carried in small batches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import structlog

from landbridge.engine.activity_live import drain_activities
from landbridge.engine.apply import FAILURES_IN_A_ROW, carry_out_all, make_labels, note_intents
from landbridge.engine.calls import Result
from landbridge.engine.cases import Case, cases_of
from landbridge.engine.consent import carry_opt_outs
from landbridge.engine.gone import Vanished, settle_gone
from landbridge.engine.newcomers import match_newcomers
from landbridge.engine.outcome import record
from landbridge.engine.poll import SPREAD, look_before_creating, looked, may_look_at
from landbridge.engine.scan import learn_restrictions, read_again, take_in
from landbridge.engine.together import together
from landbridge.engine.window import brake
from landbridge.engine.work import Stage, Work
from landbridge.store import due, journal, ledger, links, observed
from landbridge.store.driver import renew
from landbridge.store.due import Due
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.links import KeptLink
from landbridge.store.observed import Near, Sighting
from landbridge.sync.actions import Update
from landbridge.sync.model import Side
from landbridge.sync.scope import LEFT
from landbridge.systems.base import (
    Forbidden,
    Gone,
    Malformed,
    RateLimited,
    Rejected,
    SystemFailure,
    Unavailable,
)

BATCH = 48  # records looked at together: small, so that an opt-out that comes in does not wait for long
AFTER_THE_SYNC = 30.0  # seconds until newcomers are looked at again that came in the midst of a sync
LOOK_UP_SECONDS = 900.0  # a whole sync finds out what became of a create without an answer
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 900.0  # seconds until a record that failed is looked at again
ATTEMPTS = 8  # then it waits for the next event or whole sync, as a hold

Key = tuple[Side, str]


log = structlog.get_logger()


@dataclass(slots=True)
class Batch:
    """Some due records, and what reading them and their partners by id showed."""

    named: Sequence[Due]
    kept: dict[Key, KeptLink] = field(default_factory=dict)  # by the record of either side
    seen: dict[Key, Sighting] = field(default_factory=dict)
    gone: set[Key] = field(default_factory=set)
    failed: dict[Key, SystemFailure] = field(default_factory=dict)
    later: dict[Key, float] = field(default_factory=dict)  # edited a moment ago: not before then
    read_at: float = 0.0

    def troubled(self, key: Key) -> bool:
        """Could this record, or its other half, not be read or written?"""
        kept = self.kept.get(key)
        keys = {key} if kept is None else {(side, kept.link.id(side)) for side in Side}
        return not keys.isdisjoint(self.failed)


async def drain(work: Work, stage: Stage) -> Stage:
    """One batch of due records; the stage stays until none is left that may be looked at now."""
    async with work.database.read() as connection:
        most = due.Urgency.OPT_OUT if work.careful else due.Urgency.SCAN
        named = await due.first(connection, work.bridge.id, work.clock.now(), BATCH, most, only=work.only)
    if not named:
        if not (work.careful or work.only) and await drain_activities(work):
            return stage
        return stage.to("lists" if work.purpose == "poll" else "")
    work.show("Carrying changes", work.progress.done, work.progress.done + len(named))
    work.touched.clear()
    batch = await _read(work, named)
    await _take_in(work, batch)
    await carry_opt_outs(work, _near(work, batch))
    if work.careful:
        async with work.database.write() as connection:
            await renew(connection, work.lease, work.clock.now())
            await due.calm(connection, work.bridge.id, named)
        return stage
    if await _look_before_creating(work, batch):
        await carry_opt_outs(work, _near(work, batch))
    await _settle_the_gone(work, batch)
    await _join(work, batch)
    cases = await _cases(work, batch)
    await _weigh(work, cases)
    await _carry(work, batch, cases, stage)
    await _put_back(work, batch)
    return stage


async def _read(work: Work, named: Sequence[Due]) -> Batch:
    """The named records and their partners, each by id; a thin event is filled in this way."""
    batch = Batch(named, read_at=work.clock.now())
    async with work.database.read() as connection:
        for side in Side:
            ids = [one.id for one in named if one.side is side]
            for kept in (await links.by_side(connection, work.bridge.id, side, ids)).values():
                batch.kept |= {(at, kept.link.id(at)): kept for at in Side}

    async def read(key: Key) -> None:
        try:
            batch.seen[key] = await read_again(work, *key)
        except Gone:
            batch.gone.add(key)
        except (Rejected, Unavailable, Malformed, Forbidden, RateLimited) as failure:
            batch.failed[key] = failure

    keys = dict.fromkeys([(one.side, one.id) for one in named] + list(batch.kept))
    _, stop = await together(keys, work.config.concurrency, read)
    if stop is not None:
        raise stop
    if len(batch.failed) >= FAILURES_IN_A_ROW and not batch.seen:
        raise next(iter(batch.failed.values()))  # it is the system that fails, not the records
    return batch


async def _take_in(work: Work, batch: Batch) -> None:
    """Remember what was read, opt-outs among it, and what is gone.

    In the midst of a whole sync newcomers wait for its end: its own matching has not seen them, so it must
    not find them either. What they say about consent counts at once.
    """
    newcomers = _newcomers(batch) if work.outer is not None else []
    for sight in newcomers:
        key = (sight.record.side, sight.record.id)
        batch.later[key] = work.clock.now() + AFTER_THE_SYNC
        del batch.seen[key]
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await learn_restrictions(work, connection, newcomers)
        for side in Side:
            seen = [sight for (at, _), sight in batch.seen.items() if at is side]
            if seen:
                await take_in(work, connection, side, seen, work.config.index_lag_seconds)
        for side, record_id in batch.gone:
            await observed.unsee(connection, work.bridge.id, side, record_id)
    work.known = None


def _near(work: Work, batch: Batch) -> Near:
    """Everybody whose address is one of the batch's, and the batch itself; of a sample nobody else."""
    keys = frozenset(sight.email_key for sight in batch.seen.values() if sight.email_key and not work.only)
    return Near(keys, frozenset(record_id for _, record_id in batch.seen))


async def _look_before_creating(work: Work, batch: Batch) -> bool:
    """Rezora tells nobody what is new: list both sides first, or leave newcomers until that may be done.

    So too before an address is written: somebody of that address may have opted out there. Whether both
    sides were listed.
    """
    new = [(sight.record.side, sight.record.id) for sight in _newcomers(batch)]
    careful = [*new, *await _readdressed(work, batch)]
    if not careful or looked(work):
        return False
    at = await may_look_at(work)
    if at <= work.clock.now():
        try:
            await look_before_creating(work)
        except SystemFailure as failure:  # the others do not wait for it
            log.info("look_failed", bridge=work.bridge.id, why=failure.sentence)
            at = work.clock.now() + SPREAD
        else:
            return True
    for key in careful:
        batch.later[key] = at
        batch.seen.pop(key, None)
    return False


async def _readdressed(work: Work, batch: Batch) -> list[Key]:
    """Both halves of pairs of which an e-mail address would be written."""
    found: list[Key] = []
    for case in await _cases(work, batch):
        fields = [action.fields for action in _updates(case)]
        if any("email" in written or "contact_email" in written for written in fields):
            found += [(at, one) for at, one in zip(Side, case.ids, strict=True) if one]
    return found


def _updates(case: Case) -> list[Update]:
    moving = case.plan is not None and case.kept is not None and not case.waits
    actions = case.plan.actions if moving and case.plan is not None else ()
    return [action for action in actions if isinstance(action, Update)]


def _newcomers(batch: Batch) -> list[Sighting]:
    """Those who belong to nobody yet."""
    return [s for key, s in batch.seen.items() if key not in batch.kept and not s.record.read_only]


async def _settle_the_gone(work: Work, batch: Batch) -> None:
    """Links of which a record is gone for sure; a mass of them waits for a whole sync, which asks."""
    vanished: dict[int, Vanished] = {}
    for key in batch.gone & batch.kept.keys():
        kept = batch.kept[key]
        if kept.id in vanished or batch.troubled(key):
            continue
        keys = [(side, kept.link.id(side)) for side in Side]
        seen = {side: batch.seen[side, one] for side, one in keys if (side, one) in batch.seen}
        vanished[kept.id] = Vanished(kept, seen, [side for side, one in keys if (side, one) in batch.gone])
    if vanished:
        await brake(work, gone=len(vanished))
        await settle_gone(work, list(vanished.values()))


async def _join(work: Work, batch: Batch) -> None:
    """Who the contacts are that belong to nobody yet."""
    newcomers = _newcomers(batch)
    if not newcomers:
        return
    unclear = await match_newcomers(work, newcomers)
    if unclear:
        async with work.database.read() as connection:
            asked = await journal.pairs_held_for(connection, work.bridge.id, ("several_candidates",))
        known = {one for pair in asked for one in pair}
        if any(record_id not in known for _, record_id in unclear):
            work.progress.counts["look_up"] = 1  # a whole sync looks what became of their creates
        for key in unclear:
            batch.later[key] = work.clock.now() + LOOK_UP_SECONDS
            del batch.seen[key]


async def _cases(work: Work, batch: Batch) -> list[Case]:
    """Each pair once, and each contact that is alone, planned on what was just read."""
    cases: list[Case] = []
    told: set[tuple[str, str]] = set()
    for side in Side:
        ids = [one for at, one in batch.seen if at is side and not batch.troubled((at, one))]
        async with work.database.read() as connection:
            sights = await observed.by_ids(connection, work.bridge.id, work.generation, side, ids)
        for case in await cases_of(work, side, [sights[one] for one in ids if one in sights]):
            if case.ids not in told and not case.elsewhere:
                told.add(case.ids)
                whole = all((at, one) in batch.seen for at, one in zip(Side, case.ids, strict=True) if one)
                cases.append(replace(case, read_at=batch.read_at if whole else None))
    return cases


async def _weigh(work: Work, cases: Sequence[Case]) -> None:
    moving = [case.plan for case in cases if case.plan and not case.waits]
    overwrites = sum(1 for plan in moving if plan.overwrites)
    leaving = sum(1 for plan in moving if plan.closed == LEFT)
    if overwrites or leaving:
        await brake(work, overwrites=overwrites, leaving=leaving)


async def _carry(work: Work, batch: Batch, cases: Sequence[Case], stage: Stage) -> None:
    """The calls, and everything known of them in one transaction."""
    settle = float(work.policy.settle_seconds)
    for case in cases:
        keys = [(at, one) for at, one in zip(Side, case.ids, strict=True) if one]
        if case.waits:
            batch.later |= dict.fromkeys(keys, batch.read_at + settle)
    now = [case for case in cases if not case.waits]
    # A base speaks of every mapped list, so a first pair is not kept before all of them are there.
    if work.only or any(case.plan and case.plan.actions for case in now):
        await make_labels(work)
    await note_intents(work, now)
    results, failure = await carry_out_all(work, now)
    await _close_settled_holds(work, results)
    await record(work, [*results, *(Result(case) for case in cases if case.waits)], stage)
    work.waiting.clear()
    for result in results:
        if result.failed and all(hold.cause == "unknown_outcome" for hold in result.holds):
            batch.failed |= {
                (at, one): _UNKNOWN for at, one in zip(Side, result.case.ids, strict=True) if one
            }
        if result.unanswered:
            work.progress.counts["look_up"] = 1
    work.unanswered.clear()
    if failure is not None:
        raise failure


_UNKNOWN = Unavailable("The contact could not be carried.", fix="It is tried again by itself.")


async def _close_settled_holds(work: Work, results: Sequence[Result]) -> None:
    """What a pair was held for, and is no more."""
    pairs = {
        result.case.ids: _open(result)
        for result in results
        if (result.case.kept or result.made) and not result.failed
    }
    if pairs:
        async with work.database.write() as connection:
            await renew(connection, work.lease, work.clock.now())
            await journal.close_settled_holds(connection, work.bridge.id, pairs)


def _open(result: Result) -> Collection[tuple[str, str]]:
    plan = result.case.plan
    if plan is None:
        return ()  # nothing moved since it was found settled
    planned = {(hold.cause, hold.rule) for hold in plan.holds}
    return planned | {(hold.cause, hold.rule) for hold in result.holds}


async def _put_back(work: Work, batch: Batch) -> None:
    """Clear what was looked at; what failed or still moves comes again later."""
    now = work.clock.now()
    done, holds, entries = [], [], []
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        for one in batch.named:
            key = (one.side, one.id)
            if key in batch.later:
                await due.postpone(connection, work.bridge.id, one, batch.later[key], failed=False)
            elif batch.troubled(key) and one.attempts + 1 < ATTEMPTS:
                await due.postpone(connection, work.bridge.id, one, now + pause(one))
                if key in batch.failed:
                    note = f"{batch.failed[key].sentence} Tried again in {pause(one):.0f} seconds."
                    entries.append(Entry("failed", *key, note=note))
            else:
                done.append(one)
                if batch.troubled(key):
                    holds.append(_given_up(batch, key))
        await due.clear(connection, work.bridge.id, done)
        asked = [one for one in done if one.urgency is not due.Urgency.SCAN]
        carried = [now - one.since for one in asked if not batch.troubled((one.side, one.id))]
        await ledger.note_carried(connection, work.bridge.id, now, carried)
        await journal.save_holds(connection, work.bridge.id, work.run_id, holds, now)
        await journal.write(connection, work.bridge.id, work.run_id, entries, now)
    work.progress.done += len(done)


def _given_up(batch: Batch, key: Key) -> OpenHold:
    """A record that failed as often as is sensible: shown, and looked at again by the next event or sync."""
    kept = batch.kept.get(key)
    ids = (kept.link.highlevel_id, kept.link.rezora_id) if kept else (key[1], "")
    failure = batch.failed.get(key) or next(iter(batch.failed.values()))
    if kept is None and key[0] is Side.REZORA:
        ids = ("", key[1])
    return OpenHold("unknown_outcome", *ids, detail=f"{failure.sentence} {failure.fix}")


def pause(one: Due) -> float:
    """Doubling, and spread by the record's own id: a thousand that failed together do not return so."""
    ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**one.attempts)
    spread = int.from_bytes(blake2b(f"{one.id}:{one.attempts}".encode(), digest_size=2).digest()) / 65535
    return ceiling * (0.5 + spread / 2)
