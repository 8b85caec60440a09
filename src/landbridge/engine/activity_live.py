"""Live: of activities that events named, all of that kind of that contact are read on both sides."""

from __future__ import annotations

from collections.abc import Sequence

from landbridge.engine.activity_carry import carry
from landbridge.engine.activity_cases import cases_of, weight_of
from landbridge.engine.activity_kinds import carried
from landbridge.engine.activity_scan import Failed, keep, read_some
from landbridge.engine.window import brake_activities
from landbridge.engine.work import Stage, Work
from landbridge.store import activities, due, links, watermarks
from landbridge.store.driver import renew
from landbridge.store.due import Due, Urgency
from landbridge.store.links import KeptLink
from landbridge.sync.activity import Activity
from landbridge.sync.model import ACTIVITIES, Kind, Side

BATCH = 24  # contacts looked at together
ANY = "*"  # the id of a due task whose event did not say whose it is
AGAIN = 60.0  # seconds until what failed is looked at again, times the attempts so far
ATTEMPTS = 8  # then it waits for the next event or whole sync
LOOK_SECONDS = 900.0  # between two readings of all tasks
LOOKS_A_DAY = 10_000  # calls at most, a twentieth of HighLevel's day (highlevel.md 1.10)
PAGE = 100  # tasks a call


async def drain_activities(work: Work) -> bool:
    """One batch of due activities; False when none may be looked at now."""
    async with work.database.read() as connection:
        now = work.clock.now()
        named = await due.first(connection, work.bridge.id, now, BATCH, kinds=ACTIVITIES)
    if not named:
        return False
    work.show("Carrying activities", work.progress.done, work.progress.done + len(named))
    known = {one.kind: one for one in carried(work)}
    if Kind.TASK in known and any(one.id == ANY for one in named):
        await look_at_tasks(work, newest=True)
    kept = await _contacts(work, named)
    wanted = {
        (one.kind, kept[one.id].id): (kept[one.id], known[one.kind])
        for one in named
        if one.id in kept and one.kind in known
    }
    unread: Failed = []
    found = await read_some(
        work,
        [(pair, (side, kinds.kind)) for pair, kinds in wanted.values() for side in sorted(kinds.readable)],
        unread,
    )
    await keep(work, found)
    failed = {(kind, pair.id) for pair, _, kind, _ in unread}
    for kind, kinds in known.items():
        some = [pair for pair, at in wanted.values() if at.kind is kind and (kind, pair.id) not in failed]
        if some and kinds.both and kind not in work.lacking:
            cases = await cases_of(work, some, [kinds])
            await brake_activities(work, kind, sum(weight_of(case) for case in cases))
            outcomes = await carry(work, cases)
            failed |= {(kind, one.case.contacts.id) for one in outcomes if one.open}
    failed |= {(at.kind, pair.id) for pair, at in wanted.values() if at.kind in work.lacking}
    await _put_back(work, named, kept, failed)
    return True


async def _contacts(work: Work, named: Sequence[Due]) -> dict[str, KeptLink]:
    """The links of the contacts that the events named; whoever has none yet is read once he has one."""
    async with work.database.read() as connection:
        ids = [one.id for one in named if one.id != ANY]
        return await links.by_side(connection, work.bridge.id, Side.HIGHLEVEL, ids)


async def _put_back(
    work: Work, named: Sequence[Due], kept: dict[str, KeptLink], failed: set[tuple[Kind, int]]
) -> None:
    """Clear what was looked at; what failed comes again later."""
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        for one in named:
            key = (one.kind, kept[one.id].id if one.id in kept else 0)
            if key in failed and one.attempts + 1 < ATTEMPTS:
                await due.postpone(connection, work.bridge.id, one, now + AGAIN * (one.attempts + 1))
            else:
                await due.clear(connection, work.bridge.id, [one])
    work.progress.done += len(named)


# Tasks: an edit fires no event (highlevel.md 4.2), so all of them are read again now and then


async def look_in_turn(work: Work, stage: Stage) -> Stage:
    """Read all tasks if that was not done for a while; the more there are, the more seldom."""
    task = next((one for one in carried(work) if one.kind is Kind.TASK), None)
    if task is not None and Side.HIGHLEVEL in task.readable:
        async with work.database.read() as connection:
            last = await watermarks.read(connection, work.bridge.id, Side.HIGHLEVEL, Kind.TASK)
            number = (await activities.count(connection, work.bridge.id, Side.HIGHLEVEL)).get(Kind.TASK, 0)
        pause = max(LOOK_SECONDS, (number / PAGE + 1) * 86_400 / LOOKS_A_DAY)
        if last is None or not 0 <= work.clock.now() - last < pause:
            await look_at_tasks(work)
    return stage.to("live")


async def look_at_tasks(work: Work, *, newest: bool = False) -> None:
    """Every task of HighLevel; contacts of whom one is new or looks otherwise are due.

    ``newest``: only as far as there is something new on a page. HighLevel seems to list the newest first
    (highlevel.md 2.3.1); if it does not, what is missed is found by the next look at everything.
    """
    system = work.systems[Side.HIGHLEVEL].activities
    if Kind.TASK not in system.listed:
        return
    began, cursor = work.clock.now(), None
    async with work.database.read() as connection:
        known = await activities.prints(connection, work.bridge.id, Side.HIGHLEVEL, Kind.TASK)
    while True:
        work.show("Looking for changed tasks", 0, 0)
        page = await system.listing(Kind.TASK, cursor)
        work.progress.counts["reads"] += 1
        moved = [one for one in page.records if _moved(one, known)]
        await _name(work, moved)
        cursor = page.cursor
        if cursor is None or (newest and not moved):
            break
    if newest:
        return
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await watermarks.move(connection, work.bridge.id, Side.HIGHLEVEL, began, Kind.TASK)


def _moved(one: Activity, known: dict[str, tuple[str, str]]) -> bool:
    return known.get(one.id, ("", ""))[0] != activities.print_of(one)


async def _name(work: Work, moved: Sequence[Activity]) -> None:
    """Their contacts are due, if they are linked: of the others nothing is carried."""
    ids = sorted({one.contact_id for one in moved})
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        kept = await links.by_side(connection, work.bridge.id, Side.HIGHLEVEL, ids)
        named = [Due(Side.HIGHLEVEL, one, Urgency.SCAN, Kind.TASK, cause="poll") for one in kept]
        await due.name(connection, work.bridge.id, named, now)
