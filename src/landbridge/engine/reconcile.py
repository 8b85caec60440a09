"""Between reading and writing: the brake, the dry run, and the end of a run."""

from __future__ import annotations

from landbridge.engine.cases import counted, next_cases, planned
from landbridge.engine.scan import next_beginning
from landbridge.engine.work import Stage, Work
from landbridge.store import journal, links, observed, roll, runs, standings, watermarks
from landbridge.store.driver import renew
from landbridge.sync.guard import Weight, weigh
from landbridge.sync.model import Side
from landbridge.sync.scope import LEFT, OUTSIDE


class Braked(Exception):  # noqa: N818  # a stop that was asked for, not an error
    """The brake stopped the run before its first write."""

    fix = "Look at `landbridge plan`; if the change is meant, run `landbridge sync --accept-large-change`."

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


async def weigh_plan(work: Work, stage: Stage) -> Stage:
    """The brake looks at all pairs before the first write (property S17)."""
    work.show("Weighing the plan", 0, 0)
    sentence = weigh(work.config.brake, await weight(work))
    if sentence and not stage.accept:
        raise Braked(sentence)
    return stage.to("apply")


async def weight(work: Work) -> Weight:
    """What the plan would do to records that exist on both sides already."""
    bridge_id, since = work.bridge.id, work.generation
    async with work.database.read() as connection:
        linked = await links.count(connection, bridge_id)
        linked += await observed.partnered(connection, bridge_id, since)
    overwrites = leaving = 0
    after: str | None = "" if linked else None
    while after is not None:
        cases, after = await next_cases(work, after)
        overwrites += sum(1 for case in cases if case.plan and case.plan.overwrites)
        leaving += sum(1 for case in cases if case.plan and case.plan.closed == LEFT)
    return Weight(linked=linked, overwrites=overwrites, leaving=leaving)


async def forecast(work: Work, stage: Stage) -> Stage:
    """The dry run: plan everything, carry out nothing."""
    async with work.database.read() as connection:
        total = await observed.count(connection, work.bridge.id, work.generation)
        outside = await standings.left_out(connection, work.bridge.id, Side.HIGHLEVEL, OUTSIDE)
    work.show("Planning", 0, total)
    after: str | None = ""
    while after is not None:
        cases, after = await next_cases(work, after)
        for case in cases:
            work.progress.counts.update(counted(case))
            if case.ids[0] in outside and case.standing[0] != "excluded":
                work.progress.counts["enter_scope"] += 1
            work.lines.extend(planned(case))
            work.examples.add(case, work.policy)
            work.step()
    if weigh(work.config.brake, await weight(work)):
        work.progress.counts["braked"] = 1
    return stage.to("activities")


async def finish(work: Work, stage: Stage) -> Stage:
    """Close what this whole run did not meet again."""
    bridge_id, run_id, now = work.bridge.id, work.run_id, work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await roll.settle(connection, bridge_id, run_id)
        if not work.dry:
            await journal.close_unseen_holds(connection, bridge_id, run_id)
            if (listed := next_beginning(work)) is not None:
                await watermarks.move(connection, bridge_id, Side.HIGHLEVEL, listed)
        await runs.advance(
            connection, run_id, "", work.progress.done, work.progress.total, work.progress.counts
        )
    return stage.to("")
