"""Looking for what moved since the last listing: the records become due, and are carried like any event's."""

from __future__ import annotations

from collections.abc import Sequence

from landbridge.engine.scan import list_rezora, note_listed, take_in
from landbridge.engine.work import Stage, Work
from landbridge.store import due, observed, runs, watermarks
from landbridge.store.driver import renew
from landbridge.store.due import Due, Urgency
from landbridge.store.observed import Sighting
from landbridge.sync.model import Side
from landbridge.systems.base import Malformed

LOOK_BACK = 900.0  # seconds before the newest change seen: an index may trail (sync-correctness.md section 5)


async def look_at_highlevel(work: Work, stage: Stage) -> Stage:
    """One page of the contacts that HighLevel says were changed; deletes are never listed.

    The place to begin is HighLevel's own time of the newest change that a listing showed, so that a wrong
    clock of ours loses nothing (property L10). A record that was only read by id does not move it.
    """
    async with work.database.read() as connection:
        newest = await watermarks.read(connection, work.bridge.id, Side.HIGHLEVEL)
    if newest is None:
        return stage.to("look_rezora")
    work.show("Looking for changes in HighLevel", 0, 0)
    page = await work.systems[Side.HIGHLEVEL].contacts(stage.cursor or None, since=newest - LOOK_BACK)
    work.progress.counts["reads"] += 1
    seen = [work.sight(record) for record in page.records]
    note_listed(work, page.records)
    following = (
        stage.to("look_highlevel", page.cursor) if page.cursor is not None else stage.to("look_rezora")
    )
    await _name(work, Side.HIGHLEVEL, seen, following)
    return following


async def look_at_rezora(work: Work, stage: Stage) -> Stage:
    """Everything, as Rezora has no feed of changes (rezora.md 1.2); what is listed no more is looked up."""
    work.show("Looking for changes in Rezora", 0, 0)
    page = await list_rezora(work)
    seen = [work.sight(record) for record in page.records]
    async with work.database.read() as connection:
        known = await observed.prints(connection, work.bridge.id, work.generation, Side.REZORA)
    missing = sorted(known.keys() - {sight.record.id for sight in seen})
    if len(missing) > work.config.brake.limit(len(known)):
        raise Malformed(
            f"Rezora listed {len(seen):,} contacts and left out {len(missing):,} that were there before;"
            " nothing was concluded from it.",
            fix="If so many were deleted, start a whole sync: it looks at each of them, and asks.",
        )
    following = stage.to("live")
    await _name(work, Side.REZORA, seen, following, missing)
    return following


async def mark(work: Work, stage: Stage) -> Stage:
    """Everything that was found is carried, or due: the next look begins where this one ended."""
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        if work.listed is not None:
            await watermarks.move(connection, work.bridge.id, Side.HIGHLEVEL, work.listed)
    return stage.to("")


async def _name(
    work: Work, side: Side, seen: Sequence[Sighting], following: Stage, missing: Sequence[str] = ()
) -> None:
    """What does not look as it did is due. Rezora's lists come with a listing only, so that is kept."""
    ids = [sight.record.id for sight in seen]
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        known = await observed.prints(connection, work.bridge.id, work.generation, side, ids)
        moved = [sight for sight in seen if known.get(sight.record.id) != sight.print]
        if side is Side.REZORA:
            await take_in(work, connection, side, moved)
        named = [Due(side, sight.record.id, _urgency(sight), cause="poll") for sight in moved]
        named += [Due(side, record_id, Urgency.SCAN, cause="poll") for record_id in missing]
        await due.name(connection, work.bridge.id, named, work.clock.now())
        progress = work.progress
        progress.counts["moved"] += len(named)
        await runs.advance(
            connection, work.run_id, following.text(), progress.done, progress.total, progress.counts
        )
    work.known = None


def _urgency(sight: Sighting) -> Urgency:
    return Urgency.OPT_OUT if sight.record.opted_out else Urgency.SCAN
