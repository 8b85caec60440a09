"""Carrying out the plan: notes ahead, then the calls, then everything known of them in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from landbridge.engine.calls import Result, carry_out_pair, create, refused, stopped
from landbridge.engine.cases import Case, case_of, cases_of, next_cases
from landbridge.engine.outcome import record
from landbridge.engine.scan import learn_labels, read_again, remember, wanted_labels
from landbridge.engine.together import together
from landbridge.engine.work import Stage, Work
from landbridge.store import journal, links, observed
from landbridge.store.driver import renew
from landbridge.store.journal import Entry
from landbridge.store.links import Intent
from landbridge.sync.actions import Create
from landbridge.sync.model import Side
from landbridge.systems.base import Gone, Malformed, Rejected, SystemFailure, Unavailable

PASSES = 2  # how often creates without an answer are looked up and tried again within one run
FAILURES_IN_A_ROW = 10  # then it is the system that fails, not the record
SETTLING = 500  # contacts that a run waits for at its end; the others are for the next one


async def apply_slices(work: Work, stage: Stage) -> Stage:
    """Some slices of contacts, each with its notes ahead, its calls, and one commit of what became of them.

    While the calls of one slice are under way, the next is planned and its intents are noted, and the
    results of the one before are recorded: the other side never waits for our database.
    """
    work.passes = stage.passes
    async with work.database.read() as connection:
        intents = await links.open_intents(connection, work.bridge.id)
        total = await observed.count(connection, work.bridge.id, work.generation)
    if {(intent.side, intent.source_id) for intent in intents} - work.unanswered - work.asked:
        return stage.to("highlevel")  # a driver died here: look what its creates became before sending any
    await make_labels(work)
    if not stage.cursor:
        work.show("Writing", 0, total)
    cases, after = await _prepared(work, stage.cursor)
    recording: asyncio.Future[None] = asyncio.ensure_future(asyncio.sleep(0))
    for left in reversed(range(work.config.slices_per_step)):
        more = after is not None and left > 0
        ahead = asyncio.ensure_future(_prepared(work, after or "")) if more else None
        results, failure = await carry_out_all(work, cases)
        await recording
        following = stage.to("apply", after) if after is not None else _behind_the_last(work, stage, results)
        if failure is not None:
            begun = (await ahead)[0] if ahead else []
            results += [Result(case, not_created=True) for case in begun]
            await record(work, results, stage)
            raise failure
        recording = asyncio.ensure_future(record(work, results, following))
        if ahead is None:
            break
        cases, after = await ahead
    await recording
    return following


async def settle(work: Work, stage: Stage) -> Stage:
    """Contacts edited a moment ago: wait, look at them by id, and carry what is still the same."""
    work.passes = PASSES  # what gets no answer here is looked up by the next run
    waiting = sorted(work.waiting)[:SETTLING]
    work.waiting.clear()
    if not waiting:
        return stage.to("activities")
    work.show("Waiting for edits to settle", 0, len(waiting))
    await work.clock.sleep(float(work.policy.settle_seconds))
    cases = []
    for side, record_id in waiting:
        cases += await _seen_again(work, side, record_id)
    await note_intents(work, cases)
    results, failure = await carry_out_all(work, cases)
    await record(work, results, stage if failure else stage.to("activities"))
    if failure is not None:
        raise failure
    return stage.to("activities")


async def _seen_again(work: Work, side: Side, record_id: str) -> list[Case]:
    """The case of one record as both sides show it now; none while somebody is still at it."""
    async with work.database.read() as connection:
        before = await observed.by_ids(connection, work.bridge.id, work.generation, side, [record_id])
    if not before:
        return []  # gone meanwhile, and settled by live work
    (case,) = await cases_of(work, side, list(before.values()))
    fresh = {}
    for sight in (case.highlevel, case.rezora):
        if sight is None:
            continue
        try:
            again = await read_again(work, sight.record.side, sight.record.id)
        except Gone:
            return []  # the next run finds that out the proper way
        fresh[sight.record.side] = again
        if again.print != sight.print:
            await remember(work, [again])
            return []
    sights = fresh.get(Side.HIGHLEVEL), fresh.get(Side.REZORA)
    return [await case_of(work, *sights, case.kept, awaited=True)]


async def _prepared(work: Work, after: str) -> tuple[list[Case], str | None]:
    """The next slice, planned, and its creates noted ahead."""
    cases, following = await next_cases(work, after)
    await note_intents(work, cases)
    return cases, following


def _behind_the_last(work: Work, stage: Stage, results: Sequence[Result]) -> Stage:
    """Everything was tried once: look for creates without an answer, or be done."""
    unanswered = bool(work.unanswered) or any(result.unanswered for result in results)
    if unanswered and stage.passes < PASSES:
        return msgspec.structs.replace(stage.to("highlevel"), passes=stage.passes + 1)
    return stage.to("settle")


async def make_labels(work: Work) -> None:
    """Lists the mapping speaks of and Rezora does not have yet, one after the other."""
    await learn_labels(work)
    for name in wanted_labels(work) if work.may_write(Side.REZORA) else ():
        if name.casefold() in work.labels:
            continue
        made = await work.systems[Side.REZORA].create_label(name)
        work.labels[name.casefold()] = made
        work.progress.counts["writes"] += 1
        entry = Entry("new list", Side.REZORA, made.id, rule=f"list {name}")
        async with work.database.write() as connection:
            await renew(connection, work.lease, work.clock.now())
            await journal.write(connection, work.bridge.id, work.run_id, [entry], work.clock.now())


async def note_intents(work: Work, cases: Sequence[Case]) -> None:
    """Make the creates of this slice durable before the first of them leaves."""
    intents = [
        Intent(action.side, action.source_id, work.planner.body_print(action.side, action.fields))
        for case in cases
        if case.plan and not case.waits
        for action in case.plan.actions
        if isinstance(action, Create)
    ]
    if not intents:
        return
    async with work.database.write() as connection:
        now = work.clock.now()
        await renew(connection, work.lease, now)
        await links.note_intents(connection, work.bridge.id, work.run_id, intents, now)


async def carry_out_all(work: Work, cases: Sequence[Case]) -> tuple[list[Result], Exception | None]:
    """All cases, so many at a time; on a failure of the whole system the rest is not begun."""
    results: list[Result] = []
    in_a_row = 0

    async def carry_out(case: Case) -> None:
        nonlocal in_a_row
        result = Result(case)
        try:
            await _carry_out(work, result)
            in_a_row = 0
        except (Rejected, Gone, Malformed, Unavailable) as failure:
            in_a_row += 1
            refused(work, result, failure, last=work.passes >= PASSES)
            if in_a_row >= FAILURES_IN_A_ROW and not isinstance(failure, Rejected):
                raise
        except SystemFailure as failure:
            stopped(result, failure.sentence, sent=failure.sent != "no")
            raise
        except Exception as error:  # what was done so far must be recorded whatever happens
            stopped(result, type(error).__name__, sent=True)
            raise
        finally:
            results.append(result)
            work.step()

    left, stop = await together(cases, work.config.concurrency, carry_out, work.lost)
    results.extend(Result(case, not_created=True) for case in left)
    return results, stop


async def _carry_out(work: Work, result: Result) -> None:
    """One case: a create, or what a pair calls for."""
    plan = result.case.plan
    if plan is None or plan.excluded or result.case.waits:
        return
    creates = [action for action in plan.actions if isinstance(action, Create)]
    if creates:
        await create(work, result, creates[0])
    elif result.case.highlevel is not None and result.case.rezora is not None:
        await carry_out_pair(work, result)
