"""The stages of a sync that are about activities: weigh, carry, forecast."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence

from landbridge.engine.activity_carry import carry
from landbridge.engine.activity_cases import ActivityCase, cases_of, looked_up, weight_of
from landbridge.engine.activity_kinds import Carried, carried
from landbridge.engine.activity_scan import SLICE, read_unsettled, replace_swept
from landbridge.engine.reconcile import Braked
from landbridge.engine.work import Planned, Stage, Work
from landbridge.store import activities, activity_links, links
from landbridge.store.driver import renew
from landbridge.store.links import KeptLink
from landbridge.sync.actions import Create, Delete, Update
from landbridge.sync.activity_plan import Key, Step
from landbridge.sync.guard import Weight, weigh
from landbridge.sync.model import Side

RESTORED = "activity_restored"  # the cause of a hold


async def weigh_activities(work: Work, stage: Stage) -> Stage:
    """The brake, for each kind by itself, before the first write of any (property S17)."""
    kinds = [one for one in carried(work) if one.both]
    following = stage.to("forecast_activities" if work.dry else "carry_activities")
    if not kinds:
        return replace_swept(following if work.dry else stage.to("lists"), 0)
    work.show("Weighing the activities", 0, 0)
    if stage.doubt and not work.dry:
        await _mark_the_unsure(work, kinds)
    heavy: Counter[str] = Counter()
    async for _, cases in slices(work, kinds):
        for case in cases:
            heavy[case.carried.kind] += weight_of(case)
    for one in kinds:
        async with work.database.read() as connection:
            linked = await activity_links.count(connection, work.bridge.id, one.kind)
        weight = Weight(linked=linked, overwrites=heavy[one.kind], what=f"linked {one.kind.value}s")
        sentence = weigh(work.config.brake, weight)
        if sentence and work.dry:
            work.progress.counts["braked"] = 1
        elif sentence and not stage.accept:
            raise Braked(sentence)
    return following


async def _mark_the_unsure(work: Work, kinds: Sequence[Carried]) -> None:
    """After a restore: what is alone may be new, or its other half deleted since the copy was made (L11)."""
    async for _, cases in slices(work, kinds):
        alone = [
            (case.contacts.id, case.carried.kind, _left(step))
            for case in cases
            for step in case.steps
            if any(hold.cause == RESTORED for hold in step.plan.holds)
        ]
        async with work.database.write() as connection:
            now = work.clock.now()
            await renew(connection, work.lease, now)
            await activity_links.mark(connection, work.bridge.id, alone, "restored", now)


def _left(step: Step) -> Key:
    """The one activity of a step that is alone."""
    if step.highlevel_id:
        return Side.HIGHLEVEL, step.highlevel_id
    return Side.REZORA, step.rezora_id


async def carry_activities(work: Work, stage: Stage) -> Stage:
    """Some contacts: everything their activities call for."""
    kinds = [one for one in carried(work) if one.both]
    async with work.database.read() as connection:
        some = await links.after(connection, work.bridge.id, stage.swept, SLICE)
        total = 0 if stage.swept else await links.count(connection, work.bridge.id)
    if not some:
        return replace_swept(stage.to("lists"), 0)
    if not stage.swept:
        work.show("Carrying tasks, notes and appointments", 0, total)
    await read_unsettled(work, some, kinds)
    cases = await cases_of(work, some, kinds)
    work.progress.done += len(some)
    following = replace_swept(stage, some[-1].id)
    await carry(work, cases, following)
    return following


async def forecast_activities(work: Work, stage: Stage) -> Stage:
    """The dry run: what would be created, changed and deleted, and what waits."""
    async for _, cases in slices(work, [one for one in carried(work) if one.both]):
        for case in cases:
            known, _, _ = await looked_up(work, case, {})  # as the sync does: what is missing may be gone
            _forecast(work, known)
    await _forecast_the_others(work)
    return stage.to("lists")


async def _forecast_the_others(work: Work) -> None:
    """Those whose contacts only the sync itself will link: how many there are, what reading costs."""
    counts = work.progress.counts
    async with work.database.read() as connection:
        there = await activities.count(connection, work.bridge.id, Side.HIGHLEVEL)
        linked = await links.count(connection, work.bridge.id)
    for one in carried(work):
        counts[f"{one.kind.value}s_there"] = there.get(one.kind, 0)
        for side in one.readable:
            if one.kind not in work.systems[side].activities.listed:
                counts["calls"] += linked + counts["create"] + counts["link"]


def _forecast(work: Work, case: ActivityCase) -> None:
    kind, ids = case.carried.kind.value, case.contacts.link
    words = {Create: "created", Update: "updated", Delete: "deleted"}
    found: Counter[tuple[str, Side]] = Counter()
    for step in case.steps:
        for action in step.plan.actions:
            found[next(word for of, word in words.items() if isinstance(action, of)), action.side] += 1
        work.progress.counts[f"{kind}s_held"] += len(step.plan.holds)
    for (word, side), number in sorted(found.items()):
        work.progress.counts[f"{kind}s_{word}"] += number
        what = f"{number} {kind}" if number == 1 else f"{number} {kind}s"
        line = Planned(ids.highlevel_id, "", f"{word} {what} in {side.title}", "", ids.rezora_id)
        work.lines.append(line)


async def slices(
    work: Work, kinds: Sequence[Carried]
) -> AsyncIterator[tuple[Sequence[KeptLink], list[ActivityCase]]]:
    """All linked contacts, some at a time, with their cases."""
    last = 0
    while True:
        async with work.database.read() as connection:
            some = await links.after(connection, work.bridge.id, last, SLICE)
        if not some:
            return
        yield some, await cases_of(work, some, kinds)
        last = some[-1].id
