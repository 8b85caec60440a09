"""Looking for what moved since the last listing: the records become due, and are carried like any event's."""

from __future__ import annotations

from collections.abc import Sequence

from landbridge.engine.calls import Result
from landbridge.engine.cases import Case, cases_of
from landbridge.engine.outcome import record
from landbridge.engine.scan import list_rezora, next_beginning, note_listed, sights, take_in
from landbridge.engine.work import Stage, Work
from landbridge.store import due, observed, runs, watermarks
from landbridge.store.driver import renew
from landbridge.store.due import Due, Urgency
from landbridge.store.observed import Sighting
from landbridge.sync.model import Side
from landbridge.systems.base import Malformed

SPREAD = 30.0  # seconds between two looks at Rezora before creates
JUST_LOOKED = 5.0  # seconds for which a look of this run is as good as a new one
CAUSE = "poll"
LOOK_BACK = 900.0  # seconds before the newest change seen: an index may trail (sync-correctness.md section 5)


async def look_at_highlevel(work: Work, stage: Stage) -> Stage:
    """One page of the contacts that HighLevel says were changed; deletes are never listed."""
    cursor = await _page_of_highlevel(work, stage.cursor or None)
    following = stage.to("look_rezora") if cursor is None else stage.to("look_highlevel", cursor)
    return await _advanced(work, following)


async def look_at_rezora(work: Work, stage: Stage) -> Stage:
    """Everything, as Rezora has no feed of changes (rezora.md 1.2); what is listed no more is looked up."""
    await _whole_rezora(work)
    return await _advanced(work, stage.to("look_tasks"))


async def look_before_creating(work: Work) -> None:
    """Whoever is about to be created may be there by now, or have opted out there, without an event."""
    cursor = await _page_of_highlevel(work, None)
    while cursor is not None:
        cursor = await _page_of_highlevel(work, cursor)
    await _whole_rezora(work)


async def may_look_at(work: Work) -> float:
    """The earliest time of the next look before a create: Rezora asks for few, spread calls (rezora.md)."""
    async with work.database.read() as connection:
        last = await watermarks.read(connection, work.bridge.id, Side.REZORA)
    now = work.clock.now()
    return now if last is None or not 0 <= now - last < SPREAD else last + SPREAD


def looked(work: Work) -> bool:
    """Did this very run look at both sides a moment ago?"""
    return work.looked_at is not None and 0 <= work.clock.now() - work.looked_at <= JUST_LOOKED


async def _page_of_highlevel(work: Work, cursor: str | None) -> str | None:
    """What moved; gives the cursor of the next page.

    The place to begin is HighLevel's own time of the newest change that a listing showed, so that a wrong
    clock of ours loses nothing (property L10). A record that was only read by id does not move it.
    """
    async with work.database.read() as connection:
        newest = await watermarks.read(connection, work.bridge.id, Side.HIGHLEVEL)
    since = None if newest is None else newest - LOOK_BACK  # nothing was listed yet: then everything is
    work.show("Looking for changes in HighLevel", 0, 0)
    page = await work.systems[Side.HIGHLEVEL].contacts(cursor, since=since)
    work.progress.counts["reads"] += 1
    note_listed(work, page.records)
    await _name(work, Side.HIGHLEVEL, await sights(work, page.records))
    return page.cursor


async def _whole_rezora(work: Work) -> None:
    work.show("Looking for changes in Rezora", 0, 0)
    page = await list_rezora(work)
    seen = await sights(work, page.records)
    async with work.database.read() as connection:
        known = await observed.prints(connection, work.bridge.id, work.generation, Side.REZORA)
    missing = sorted(known.keys() - {sight.record.id for sight in seen})
    if len(missing) > work.config.brake.limit(len(known)):
        raise Malformed(
            f"Rezora listed {len(seen):,} contacts and left out {len(missing):,} that were there before;"
            " nothing was concluded from it.",
            fix="If so many were deleted, start a whole sync: it looks at each of them, and asks.",
        )
    await _name(work, Side.REZORA, seen, missing)
    work.looked_at = work.clock.now()


async def _advanced(work: Work, following: Stage) -> Stage:
    progress = work.progress
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await runs.advance(
            connection, work.run_id, following.text(), progress.done, progress.total, progress.counts
        )
    return following


async def mark(work: Work, stage: Stage) -> Stage:
    """Everything that was found is carried, or due: the next look begins where this one ended."""
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        if (listed := next_beginning(work)) is not None:
            await watermarks.move(connection, work.bridge.id, Side.HIGHLEVEL, listed)
    return stage.to("")


async def _name(work: Work, side: Side, seen: Sequence[Sighting], missing: Sequence[str] = ()) -> None:
    """What does not look as it did is due, and remembered as the listing shows it."""
    ids, now = [sight.record.id for sight in seen], work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        known = await observed.prints(connection, work.bridge.id, work.generation, side, ids)
        moved = [sight for sight in seen if known.get(sight.record.id) != sight.print]
        if moved:
            await take_in(work, connection, side, moved)
        named = [Due(side, sight.record.id, _urgency(sight), cause=CAUSE) for sight in moved]
        named += [Due(side, record_id, Urgency.SCAN, cause=CAUSE) for record_id in missing]
        await due.name(connection, work.bridge.id, named, now)
        if side is Side.REZORA:
            await watermarks.move(connection, work.bridge.id, side, now)
    work.known = None
    at_rest = await _at_rest(work, side, [sight.record.id for sight in moved])
    if at_rest:
        await record(work, [Result(case) for case in at_rest], work.outer or Stage("live"))
        index = 0 if side is Side.HIGHLEVEL else 1
        async with work.database.write() as connection:
            await renew(connection, work.lease, work.clock.now())
            fresh = [Due(side, case.ids[index], cause=CAUSE) for case in at_rest]
            await due.clear(connection, work.bridge.id, fresh)
    work.progress.counts["moved"] += len(named) - len(at_rest)


async def _at_rest(work: Work, side: Side, moved: Sequence[str]) -> list[Case]:
    """Pairs that call for nothing although one side looks new: we made or wrote that record ourselves."""
    async with work.database.read() as connection:
        seen = await observed.by_ids(connection, work.bridge.id, work.generation, side, moved)
    found = await cases_of(work, side, list(seen.values()))
    return [
        case
        for case in found
        if case.kept is not None
        and not (case.elsewhere or case.waits or case.quiet)
        and case.plan is not None
        and not (case.plan.actions or case.plan.holds or case.plan.closed or case.plan.excluded)
    ]


def _urgency(sight: Sighting) -> Urgency:
    return Urgency.OPT_OUT if sight.record.opted_out else Urgency.SCAN
