"""Everything known of a slice in one transaction: links, bases, journal, holds, standings, cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from landbridge.engine.calls import Result, certain
from landbridge.engine.cases import Case
from landbridge.engine.scan import learn_restrictions
from landbridge.engine.work import Stage, Work
from landbridge.store import decisions, due, journal, links, observed, runs, standings
from landbridge.store.driver import renew
from landbridge.store.due import Due, Urgency
from landbridge.store.journal import OpenHold
from landbridge.store.links import KeptLink
from landbridge.store.standings import Standing
from landbridge.sync.model import Link, Side


async def record(work: Work, results: Sequence[Result], following: Stage) -> None:
    """Store what became of a slice, and the cursor behind it."""
    bridge_id, run_id, now = work.bridge.id, work.run_id, work.clock.now()
    known = await work.knowledge()
    for result in results:
        _notice(work, result)
    new, changed = _links(results)
    closed = _closed(results)
    settled = [r for r in results if r.creates is not None and not r.unanswered]
    holds = [hold for result in results for hold in _holds(work, result)]
    done = [r for r in results if r.case.plan is not None and not (r.failed or r.unanswered or r.case.waits)]
    fresh = [sight for result in results for sight in result.fresh]
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await observed.save(connection, bridge_id, run_id, fresh, now, now + work.config.index_lag_seconds)
        await learn_restrictions(work, connection, fresh)
        await links.add(connection, bridge_id, new, now)
        await links.change(connection, changed)
        await links.close(connection, closed)
        await links.close_intents(
            connection,
            bridge_id,
            done=[key for result in settled if result.made for key in _intents(result)],
            dropped=[key for result in settled if not result.made for key in _intents(result)],
        )
        if work.purpose != "sync":  # a sync reads the activities of everybody itself
            await due.name(connection, bridge_id, list(_activities_of(work, new)), now)
        for kept in new:
            for side in Side:
                if (side, kept.link.id(side)) in known.buried:
                    await decisions.unbury(connection, bridge_id, side, kept.link.id(side))
        await decisions.drop_choices(
            connection, bridge_id, [result.case.ids for result in done if result.case.ids in known.choices]
        )
        await journal.finish(connection, {key: e for r in results for key, e in r.finished.items()})
        await journal.write(connection, bridge_id, run_id, [e for r in results for e in r.entries], now)
        await journal.save_holds(connection, bridge_id, run_id, holds, now)
        await standings.note(connection, bridge_id, [s for r in results for s in _standings(r)])
        await runs.advance(
            connection,
            run_id,
            following.text(),
            work.progress.done,
            work.progress.total,
            work.progress.counts,
        )


def _activities_of(work: Work, new: Sequence[KeptLink]) -> Iterator[Due]:
    """What belongs to contacts that were linked just now."""
    for kept in new:
        for rule in work.policy.activities:
            yield Due(Side.HIGHLEVEL, kept.link.highlevel_id, Urgency.LIVE, rule.kind, cause="linked")


def _notice(work: Work, result: Result) -> None:
    """What the rest of the run has to know of this case."""
    made = result.creates
    if result.unanswered and made is not None:
        work.unanswered.add((made.side, made.source_id))
    if result.case.waits and not result.failed:
        first = result.case.first.record
        work.waiting.add((first.side, first.id))


def _intents(result: Result) -> Iterator[tuple[Side, str]]:
    if result.creates is not None:
        yield result.creates.side, result.creates.source_id


def _links(results: Sequence[Result]) -> tuple[list[KeptLink], list[KeptLink]]:
    """Links to add and links to change; nothing moves for a case that failed half-way."""
    new: list[KeptLink] = []
    changed: list[KeptLink] = []
    for result in results:
        case = result.case
        if case.plan is None or case.plan.excluded or case.plan.closed or case.waits or not all(result.ids):
            continue
        if case.quiet or (result.failed and case.kept is not None):
            continue
        kept = KeptLink(case.kept.id if case.kept else 0, _link(result), _settled(case))
        if case.kept is None:
            new.append(kept)
        elif kept != case.kept:
            changed.append(kept)
    return new, changed


def _closed(results: Sequence[Result]) -> dict[int, str]:
    """Links that end, with the reason; no tombstone: whoever returns is matched again by identity."""
    return {
        result.case.kept.id: result.case.plan.closed
        for result in results
        if result.case.kept and result.case.plan and result.case.plan.closed
        if not (result.failed or result.not_created or result.case.waits)
    }


def _link(result: Result) -> Link:
    """The pair with the bases that hold now."""
    plan, failed = result.case.plan, result.failed
    assert plan is not None  # noqa: S101  # the caller has looked
    if result.found:
        return Link(*result.ids)  # it was there before: nothing is known of when they agreed
    bases = {}
    for side in Side:
        planned = {**plan.base(side), **result.shown[side]}
        whole = not failed or result.unread is side.other  # what a create was made from is as it was
        bases[side] = certain(planned, created=result.unread is not None, failed=not whole)
    notes = plan.notes if not failed else {}
    return Link(*result.ids, bases[Side.HIGHLEVEL], bases[Side.REZORA], result.unread, notes)


def _settled(case: Case) -> str:
    """The prints at which nothing is left to do; none while anything is."""
    plan = case.plan
    return case.settled if plan is not None and not plan.actions and not plan.holds else ""


def _holds(work: Work, result: Result) -> list[OpenHold]:
    """Holds of the plan and of carrying it out; a refusal counts how often it was tried."""
    case = result.case
    if case.quiet or case.waits:
        return []
    ids = result.ids if case.kept else case.ids
    before = work.known.refusals.get(case.ids) if work.known else None
    told = _refusal(work, case)
    found = []
    for hold in case.plan.holds if case.plan else ():
        parked = before is not None and hold.cause == before.cause and not told
        if parked and before is not None:
            found.append(replace(before, highlevel_id=ids[0], rezora_id=ids[1]))
        else:
            shows = (hold.rule, hold.highlevel, hold.rezora)
            detail = told if hold.cause == "refused" else ""
            found.append(OpenHold(hold.cause, *ids, *shows, detail, seen=case.settled))
    found += [replace(held, highlevel_id=ids[0], rezora_id=ids[1]) for held in result.holds]
    return [_numbered(held, before) if told or held in result.holds else held for held in found]


def _numbered(held: OpenHold, before: OpenHold | None) -> OpenHold:
    """One try more, if the same was refused before."""
    again = before is not None and before.cause == held.cause and before.seen == held.seen
    return replace(held, attempts=before.attempts + 1) if before is not None and again else held


def _refusal(work: Work, case: Case) -> str:
    """The sentence with which a create was refused in this run."""
    first = case.first.record
    return work.refused.get((first.side.other, first.id), "")


def _standings(result: Result) -> Iterator[Standing]:
    """Where both records of a case stand."""
    case = result.case
    if case.elsewhere:
        return
    standing, reason = case.standing
    if result.holds:
        standing, reason = "held", result.holds[0].cause
    elif result.unanswered or result.not_created or result.failed:
        standing, reason = "waiting", ""
    for sight in (case.highlevel, case.rezora):
        if sight is not None:
            yield Standing(sight.record.side, sight.record.id, standing, reason)
