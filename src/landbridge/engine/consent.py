"""Opt-outs before everything else: whoever has an address that opted out is written first, on both sides."""

from __future__ import annotations

from contextlib import suppress as suppress_errors
from dataclasses import replace

from landbridge.engine.scan import learn_labels, read_again, remember, wanted_labels
from landbridge.engine.work import Stage, Work
from landbridge.store import due, journal, links, observed
from landbridge.store.driver import renew
from landbridge.store.due import Due, Urgency
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.observed import Near, Sighting
from landbridge.sync.model import Side
from landbridge.systems.base import Gone, Malformed, Rejected, Unavailable

AGAIN = 60.0  # seconds until an opt-out that could not be written is tried again
FAILURES_IN_A_ROW = 10  # then it is the system that fails, not the record
NOT_STUCK = "opt_out_did_not_stick"


async def suppress(work: Work, stage: Stage) -> Stage:
    """Opt-outs of the whole account."""
    await carry_opt_outs(work)
    return stage.to("gone")


async def carry_opt_outs(work: Work, near: Near | None = None) -> None:
    """Every sendable record of an address that opted out anywhere, at any time, linked to anybody or not.

    An opt-out belongs to the address (property S8), comes before any other write (section 5), and is not
    held back by the brake: it only ever means less e-mail. Rezora, which mails, comes first. An opt-out
    that a person took back on one side is shown and not fought over (``opt_out_lifted``).
    """
    if not work.policy.opt_out:
        return
    for side in (Side.REZORA, Side.HIGHLEVEL):
        if not work.may_write(side):
            continue  # the pair's own plan says so (``opted_out_in_...``)
        async with work.database.read() as connection:
            found = await observed.sendable(connection, work.bridge.id, work.generation, side, near)
        work.show("Carrying opt-outs", 0, len(found))
        in_a_row = 0
        for sight in found:
            try:
                await _carry(work, side, sight)
                in_a_row = 0
            except (Unavailable, Malformed) as failure:  # one that always fails must not stop the others
                in_a_row += 1
                if in_a_row >= FAILURES_IN_A_ROW:
                    raise
                detail = f"{failure.sentence} {failure.fix}"
                hold = OpenHold("unknown_outcome", *_ids(side, sight.record.id), detail=detail)
                await _note(work, [], [hold])
                await _again_soon(work, side, sight.record.id)
            work.step()
    work.known = None


async def _carry(work: Work, side: Side, sight: Sighting) -> None:
    """One record: taken back by a person, refused before, or to be written now."""
    record_id = sight.record.id
    hold = OpenHold(NOT_STUCK, *_ids(side, record_id), seen=sight.print)
    known = (await work.knowledge()).refusals.get(_ids(side, record_id))
    if known is not None and known.cause == NOT_STUCK and known.seen == sight.print:
        if not work.dry:
            await _note(work, [], [replace(hold, detail=known.detail)])
        return
    if sight.lifted:
        fresh = await read_again(work, side, record_id)
        if fresh.record.opted_out is not False:
            await remember(work, [fresh])  # the listing was older than the record
        elif not work.dry and not await _told_by_its_pair(work, side, record_id):
            words = ("may be e-mailed", "no e-mail")
            shows = words if side is Side.HIGHLEVEL else words[::-1]
            await _note(work, [], [OpenHold("opt_out_lifted", *_ids(side, record_id), "", *shows)])
        return
    if work.dry:
        work.progress.counts.update(opt_out=1, calls=2)  # the write, and reading it back
        return
    try:
        stuck = await carry_opt_out(work, side, record_id)
    except Gone:
        return
    except Rejected as failure:
        detail = f"{failure.sentence} {failure.fix}"
        await _note(work, [], [replace(hold, detail=detail)])
        return
    if not stuck:
        await _note(work, [], [hold])


async def _again_soon(work: Work, side: Side, record_id: str) -> None:
    """Whoever failed is looked at again, named by an event or not."""
    if work.dry:
        return
    now = work.clock.now()
    named = Due(side, record_id, Urgency.OPT_OUT, at=now + AGAIN, cause="opt-out failed")
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await due.name(connection, work.bridge.id, [named], now)


async def _told_by_its_pair(work: Work, side: Side, record_id: str) -> bool:
    """A pair of which both records are there shows it in its own plan, with both ids."""
    async with work.database.read() as connection:
        kept = await links.by_side(connection, work.bridge.id, side, [record_id])
        partners = [found.link.id(side.other) for found in kept.values()]
        return bool(await observed.by_ids(connection, work.bridge.id, work.generation, side.other, partners))


async def carry_opt_out(work: Work, side: Side, record_id: str, source_id: str = "") -> bool:
    """Write, read back; where it did not stick in Rezora, off the lists we fill (rezora.md 4.3).

    Noted ahead in the journal. Returns whether the side shows the record as opted out now.
    """
    system = work.systems[side]
    entry = Entry("opt_out", side, record_id, source_id, rule="consent")
    key = await _begin(work, entry)
    try:
        await system.opt_out(record_id)
    except (Gone, Rejected) as failure:
        await _finish(work, key, replace(entry, action="failed", note=failure.sentence))
        raise
    work.touched.add((side, record_id))
    work.progress.counts["opted_out"] += 1
    work.progress.counts["writes"] += 1
    fresh = await read_again(work, side, record_id)
    await remember(work, [fresh])
    await _finish(work, key, entry)
    stuck = fresh.record.opted_out is True
    if not stuck and side is Side.REZORA:
        await _off_the_lists(work, record_id, source_id)
    return stuck


async def _off_the_lists(work: Work, record_id: str, source_id: str) -> None:
    await learn_labels(work)
    for name in wanted_labels(work):
        if name.casefold() in work.labels:
            entry = Entry("leave", Side.REZORA, record_id, source_id, f"list {name}")
            key = await _begin(work, entry)
            with suppress_errors(Gone, Rejected):  # not on that list
                await work.systems[Side.REZORA].remove_label(record_id, work.labels[name.casefold()])
            work.progress.counts["writes"] += 1
            await _finish(work, key, entry)


def _ids(side: Side, record_id: str) -> tuple[str, str]:
    return (record_id, "") if side is Side.HIGHLEVEL else ("", record_id)


async def _begin(work: Work, entry: Entry) -> int:
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        (key,) = await journal.begin(connection, work.bridge.id, work.run_id, [entry], now)
    return key


async def _finish(work: Work, key: int, entry: Entry) -> None:
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await journal.finish(connection, {key: entry})


async def _note(work: Work, entries: list[Entry], holds: list[OpenHold]) -> None:
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await journal.write(connection, work.bridge.id, work.run_id, entries, now)
        await journal.save_holds(connection, work.bridge.id, work.run_id, holds, now)
