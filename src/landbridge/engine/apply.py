"""Carrying out a slice: intents first, then the calls, then everything known of them in one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from landbridge.engine.consent import carry_opt_out
from landbridge.engine.reconcile import Case, next_cases
from landbridge.engine.scan import learn_labels, wanted_labels
from landbridge.engine.work import Stage, Work
from landbridge.store import journal, links, observed, runs
from landbridge.store.driver import renew
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.links import Intent, KeptLink
from landbridge.store.observed import Standing
from landbridge.sync.model import Link, Side
from landbridge.sync.plan import ChangeLabel, Create, OptOut, Update
from landbridge.systems.base import (
    Gone,
    Label,
    Malformed,
    Rejected,
    SystemFailure,
    Unavailable,
)

PASSES = 2  # how often creates without an answer are looked up and tried again within one run
FAILURES_IN_A_ROW = 10  # then it is the system that fails, not the record


@dataclass(slots=True)
class Result:
    """What became of one case."""

    case: Case
    rezora_id: str = ""
    base_rezora: dict[str, str] = field(default_factory=dict)
    unread: bool = False
    entries: list[Entry] = field(default_factory=list)
    holds: list[OpenHold] = field(default_factory=list)
    unanswered: bool = False
    not_created: bool = False
    failed: bool = False  # not everything planned was done: what was not is still to do


async def apply_slices(work: Work, stage: Stage) -> Stage:
    """Some slices of contacts, each with two commits and the calls between them.

    While the calls of one slice are under way, the next is planned and its intents are noted, and the
    results of the one before are recorded: the other side never waits for our database.
    """
    bridge_id = work.bridge.id
    work.passes = stage.passes
    async with work.database.read() as connection:
        unsettled = await links.open_intent_ids(connection, bridge_id) - work.unanswered
        total = await observed.count(connection, bridge_id, work.run_id, Side.HIGHLEVEL)
    if unsettled:
        return stage.to("rezora")  # a driver died here: look what its creates became before sending any
    await _make_labels(work)
    if not stage.cursor:
        work.show("Writing to Rezora", 0, total)
    cases, after = await _prepared(work, stage.cursor)
    recording: asyncio.Future[None] = asyncio.ensure_future(asyncio.sleep(0))
    for left in reversed(range(work.config.slices_per_step)):
        more = after is not None and left > 0
        ahead = asyncio.ensure_future(_prepared(work, after or "")) if more else None
        results, failure = await _carry_out_all(work, cases)
        await recording
        following = stage.to("apply", after) if after is not None else _behind_the_last(work, stage, results)
        if failure is not None:
            begun = (await ahead)[0] if ahead else []
            results += [Result(case, not_created=True) for case in begun]
            await _record(work, results, stage)
            raise failure
        recording = asyncio.ensure_future(_record(work, results, following))
        if ahead is None:
            break
        cases, after = await ahead
    await recording
    return following


async def _prepared(work: Work, after: str) -> tuple[list[Case], str | None]:
    """The next slice, planned, and its creates noted ahead."""
    cases, following = await next_cases(work, after)
    await _note_intents(work, cases)
    return cases, following


def _behind_the_last(work: Work, stage: Stage, results: Sequence[Result]) -> Stage:
    """Everything was tried once: look for creates without an answer, or be done."""
    unanswered = bool(work.unanswered) or any(result.unanswered for result in results)
    if unanswered and stage.passes < PASSES:
        return Stage("rezora", accept=stage.accept, passes=stage.passes + 1)
    return stage.to("finish")


async def _make_labels(work: Work) -> None:
    """Lists the mapping fills and Rezora does not have yet, one after the other."""
    await learn_labels(work)
    for name in wanted_labels(work):
        if name.casefold() in work.labels:
            continue
        made = await work.systems[Side.REZORA].create_label(name)
        work.labels[name.casefold()] = made
        work.progress.counts["writes"] += 1
        entry = Entry("new list", Side.REZORA, made.id, rule=f"list {name}")
        async with work.database.write() as connection:
            await journal.write(connection, work.bridge.id, work.run_id, [entry], work.clock.now())


async def _note_intents(work: Work, cases: Sequence[Case]) -> None:
    """Make the creates of this slice durable before the first of them leaves."""
    intents = [
        Intent(action.source_id, work.planner.body_print(action.fields))
        for case in cases
        if case.plan
        for action in case.plan.actions
        if isinstance(action, Create)
    ]
    if not intents:
        return
    async with work.database.write() as connection:
        now = work.clock.now()
        await renew(connection, work.lease, now)
        await links.note_intents(connection, work.bridge.id, work.run_id, intents, now)


async def _carry_out_all(work: Work, cases: Sequence[Case]) -> tuple[list[Result], Exception | None]:
    """All cases, so many at a time; on a failure of the whole system the rest is not begun."""
    waiting = deque(cases)
    results: list[Result] = []
    stops: list[Exception] = []
    in_a_row = 0

    async def worker() -> None:
        nonlocal in_a_row
        while waiting and not stops and not work.lost.is_set():
            case = waiting.popleft()
            result = Result(case)
            try:
                await _carry_out(work, result)
                in_a_row = 0
            except (Rejected, Gone, Malformed, Unavailable) as failure:
                in_a_row += 1
                _refused(work, result, failure)
                if in_a_row >= FAILURES_IN_A_ROW and not isinstance(failure, Rejected):
                    stops.append(failure)
            except SystemFailure as failure:
                _stopped(result, failure.sentence, sent=failure.sent != "no")
                stops.append(failure)
            except Exception as error:  # what was done so far must be recorded whatever happens
                _stopped(result, type(error).__name__, sent=True)
                stops.append(error)
            results.append(result)
            work.step()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(work.config.concurrency, len(cases))):
            group.create_task(worker())
    results.extend(Result(case, not_created=True) for case in waiting)
    return results, stops[0] if stops else None


def _stopped(result: Result, why: str, *, sent: bool) -> None:
    """The whole run stops at this case: a create that may have left is looked up, all else is still to do."""
    result.failed = True
    open_create = _creates(result) and not result.rezora_id
    result.unanswered = open_create and sent
    result.not_created = open_create and not sent
    key = result.case.highlevel.record.id
    result.entries.append(Entry("failed", Side.REZORA, result.rezora_id, key, note=why))


def _refused(work: Work, result: Result, failure: SystemFailure) -> None:
    """A failure of one record: a create may have happened all the same, anything else is held."""
    key = result.case.highlevel.record.id
    result.failed = True
    work.progress.counts["failed"] += 1
    result.entries.append(Entry("failed", Side.REZORA, result.rezora_id, key, note=failure.sentence))
    if _creates(result) and not result.rezora_id and failure.sent != "no":
        result.unanswered = True
        if isinstance(failure, Rejected):
            work.refused[key] = f"{failure.sentence} {failure.fix}"
        if work.passes < PASSES:
            return  # looked up, and tried again if need be, at the end of this run
    result.not_created = _creates(result) and not result.unanswered and not result.rezora_id
    detail = f"{failure.sentence} {failure.fix}"
    cause = "refused" if isinstance(failure, Rejected | Gone) else "unknown_outcome"
    result.holds.append(OpenHold(cause, key, result.rezora_id, detail=detail))


async def _carry_out(work: Work, result: Result) -> None:
    """One case: suppression first, then fields, then lists (sync-correctness.md section 5)."""
    case = result.case
    if case.plan is None:
        return
    if case.rezora is not None:
        result.rezora_id = case.rezora.record.id
    result.base_rezora = dict(case.plan.base_rezora)
    if case.kept is None and case.rezora is not None and not case.plan.excluded:
        work.progress.counts["linked"] += 1
        note = "The same person by e-mail or phone, with a compatible name"
        result.entries.append(
            Entry("link", Side.REZORA, result.rezora_id, case.highlevel.record.id, note=note)
        )
    for action in case.plan.actions:
        match action:
            case Create():
                await _create(work, result, action)
            case OptOut():
                await _opt_out(work, result, action)
            case Update():
                await _update(work, result, action)
            case ChangeLabel():
                await _change_label(work, result, action.label, present=action.present)


async def _create(work: Work, result: Result, action: Create) -> None:
    result.rezora_id = await work.systems[Side.REZORA].create(action.fields)
    result.unread = True
    _count(work, "created", 1)
    result.entries.append(
        Entry("create", Side.REZORA, result.rezora_id, action.source_id, after=action.fields)
    )
    for name in action.labels:
        await _change_label(work, result, name, present=True)


async def _opt_out(work: Work, result: Result, action: OptOut) -> None:
    """Of a contact whose own address is another one than that which opted out."""
    source_id = result.case.highlevel.record.id
    entries, stuck = await carry_opt_out(work, action.record_id, source_id)
    result.entries += entries
    if not stuck:
        result.holds.append(OpenHold("opt_out_did_not_stick", source_id, action.record_id))


async def _update(work: Work, result: Result, action: Update) -> None:
    """Write the changed fields only, and take what the side shows afterwards as its base."""
    system = work.systems[action.side]
    seen = await system.contact(action.record_id)
    work.progress.counts["reads"] += 1
    if any(seen.fields.get(name, old) != old for name, old in action.before.items()):
        result.failed = True  # it moved since it was planned: planned again by the next sync
        note = "Not written: the other side changed it meanwhile"
        source = result.case.highlevel.record.id
        result.entries.append(Entry("failed", action.side, action.record_id, source, note=note))
        return
    await system.update(action.record_id, action.fields)
    _count(work, "updated", 1)
    shown = await system.contact(action.record_id)
    work.progress.counts["reads"] += 1
    kept = {name: shown.fields[name] for name in action.fields if name in shown.fields}
    result.base_rezora |= kept
    note = "Shown differently afterwards" if kept != dict(action.fields) else ""
    if action.conflicts:
        note = " ".join(filter(None, (note, "Both sides had changed: " + ", ".join(action.conflicts))))
    result.entries.append(
        Entry(
            "update",
            action.side,
            action.record_id,
            result.case.highlevel.record.id,
            ", ".join(action.rules),
            action.before,
            action.fields,
            note,
        )
    )


async def _change_label(work: Work, result: Result, name: str, *, present: bool) -> None:
    rezora, label = work.systems[Side.REZORA], _label(work, name)
    if present:
        await rezora.add_label(result.rezora_id, label)
    else:
        await rezora.remove_label(result.rezora_id, label)
    _count(work, "listed" if present else "unlisted", 1)
    result.entries.append(
        Entry(
            "join" if present else "leave",
            Side.REZORA,
            result.rezora_id,
            result.case.highlevel.record.id,
            f"list {name}",
        )
    )


def _label(work: Work, name: str) -> Label:
    if name.casefold() not in work.labels:
        raise Rejected(
            f"Rezora has no list named {name!r}.", fix="Run the sync again; it makes the list.", sent="no"
        )
    return work.labels[name.casefold()]


def _count(work: Work, what: str, writes: int) -> None:
    work.progress.counts[what] += 1
    work.progress.counts["writes"] += writes


async def _record(work: Work, results: Sequence[Result], following: Stage) -> None:
    """Everything that is known of the slice, in one transaction: links, bases, journal, standings, cursor."""
    bridge_id, run_id, now = work.bridge.id, work.run_id, work.clock.now()
    for result in results:
        if result.unanswered:
            work.unanswered.add(result.case.highlevel.record.id)
    new, changed = _links(results)
    known = [r for r in results if _creates(r) and not r.unanswered]
    holds = [hold for result in results for hold in _holds(work, result)]
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await links.add(connection, bridge_id, new, now)
        await links.change(connection, changed)
        await links.close_intents(
            connection,
            bridge_id,
            done=[r.case.highlevel.record.id for r in known if r.rezora_id],
            dropped=[r.case.highlevel.record.id for r in known if not r.rezora_id],
        )
        await journal.write(connection, bridge_id, run_id, [e for r in results for e in r.entries], now)
        await journal.save_holds(connection, bridge_id, run_id, holds, now)
        standings = [_standing(result) for result in results]
        await observed.set_standings(connection, bridge_id, Side.HIGHLEVEL, standings)
        await runs.advance(
            connection,
            run_id,
            following.text(),
            work.progress.done,
            work.progress.total,
            work.progress.counts,
        )


def _creates(result: Result) -> bool:
    plan = result.case.plan
    return plan is not None and any(isinstance(action, Create) for action in plan.actions)


def _links(results: Sequence[Result]) -> tuple[list[KeptLink], list[KeptLink]]:
    """Links to add and links to change; nothing moves for a case that failed half-way."""
    new: list[KeptLink] = []
    changed: list[KeptLink] = []
    for result in results:
        case = result.case
        if case.plan is None or not result.rezora_id or case.plan.excluded:
            continue
        failed = result.failed
        if failed and case.kept is not None:
            continue
        bases = (
            case.plan.base_highlevel if result.unread or not failed else {},
            _certain(result.base_rezora, created=result.unread, failed=failed),
        )
        unread = Side.REZORA if result.unread else None
        link = Link(case.highlevel.record.id, result.rezora_id, *bases, unread)
        quiet = not case.plan.actions and not case.plan.holds
        kept = KeptLink(case.kept.id if case.kept else 0, link, case.settled if quiet else "")
        if case.kept is None:
            new.append(kept)
        elif kept != case.kept:
            changed.append(kept)
    return new, changed


def _certain(base: Mapping[str, str], *, created: bool, failed: bool) -> Mapping[str, str]:
    """Of a base that was planned, what surely holds: after a failure no list, and fields only if created."""
    if not failed:
        return base
    return {name: value for name, value in base.items() if created and not name.startswith("label:")}


def _holds(work: Work, result: Result) -> list[OpenHold]:
    """Holds of the plan and of carrying it out."""
    case = result.case
    key = case.highlevel.record.id
    rezora_id = result.rezora_id or (case.kept.link.rezora_id if case.kept else "")
    planned = case.plan.holds if case.plan else ()
    return [
        OpenHold(
            hold.cause,
            key,
            rezora_id,
            hold.rule,
            hold.highlevel,
            hold.rezora,
            work.refused.get(key, "") if hold.cause == "refused" else "",
        )
        for hold in planned
    ] + [replace(hold, rezora_id=rezora_id) for hold in result.holds]


def _standing(result: Result) -> Standing:
    key = result.case.highlevel.record.id
    if result.holds:
        return Standing(key, "held", result.holds[0].cause)
    if result.unanswered or result.not_created or result.failed:
        return Standing(key, "waiting", "")
    return Standing(key, *result.case.standing)
