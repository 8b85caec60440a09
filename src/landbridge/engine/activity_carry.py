"""Carrying activities: notes ahead, fresh reads before anything is replaced, the calls, and one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.activity_cases import UNREAD, ActivityCase, looked_up, planned, read_one
from landbridge.engine.together import together
from landbridge.engine.work import Stage, Work
from landbridge.store import activities, activity_links, decisions, journal, links, runs
from landbridge.store.driver import renew
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.links import KeptLink
from landbridge.sync.actions import Action, Create, Delete, Hold, Update
from landbridge.sync.activity import Activity
from landbridge.sync.activity_plan import Key, Pair, Step
from landbridge.sync.activity_rules import body_print
from landbridge.sync.model import Kind, Link, Side
from landbridge.sync.rich_text import plain
from landbridge.systems.base import Forbidden, Gone, Malformed, Rejected, SystemFailure, Unavailable
from landbridge.systems.clean_html import clean, with_footer

EXCERPT = 80  # characters of a title or a note in a hold
PLACE = {Side.HIGHLEVEL: 0, Side.REZORA: 1}
OF_ONE_RECORD = (Rejected, Gone, Malformed, Unavailable)
"""Failures that say nothing of the other records."""


@dataclass(slots=True)
class Outcome:
    """What became of one case."""

    case: ActivityCase
    made: dict[Key, str] = field(default_factory=dict)  # by the source of the create
    unsent: set[Key] = field(default_factory=set)
    unread: dict[Key, SystemFailure] = field(default_factory=dict)
    failed: set[Pair] = field(default_factory=set)
    noted: list[Create] = field(default_factory=list)  # creates that have their intent in this run
    begun: list[Action] = field(default_factory=list)
    seen: list[Activity] = field(default_factory=list)
    lost: list[Key] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    finished: dict[int, Entry] = field(default_factory=dict)
    holds: dict[Pair, list[OpenHold]] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Is something still to do that nobody has to decide about?"""
        return any(not self.holds.get(ids) for ids in self.failed)

    @property
    def kind(self) -> Kind:
        """The kind of the case."""
        return self.case.carried.kind

    def cut_off(self) -> None:
        """Something stopped the whole system: what was not begun is not done, and was surely not sent."""
        for step in self.case.steps:
            if any(action not in self.begun for action in step.plan.actions):
                self.failed.add(step.ids)
        self.unsent |= {(made.side.other, made.source_id) for made in self.noted if made not in self.begun}

    def shown(self, key: Key) -> Activity | None:
        """One as it was shown last."""
        fresh = {(one.side, one.id): one for one in self.seen}
        return fresh.get(key) or self.case.scene.seen.get(key)


async def carry(work: Work, cases: Sequence[ActivityCase], following: Stage | None = None) -> list[Outcome]:
    """Everything these cases call for; raises what stops the whole system, after recording what was done."""
    outcomes, stop = await _all(work, cases)
    await _record(work, outcomes, following if stop is None else None)
    if stop is not None:
        raise stop
    return outcomes


async def _all(work: Work, cases: Sequence[ActivityCase]) -> tuple[list[Outcome], Exception | None]:
    """So many contacts at a time; on a failure of the whole system the rest is not begun."""
    outcomes: list[Outcome] = []

    async def carry_out(case: ActivityCase) -> None:
        outcome = Outcome(case)
        if outcome.kind in work.lacking:
            return
        outcomes.append(outcome)
        try:
            await _one_case(work, outcome)
        except Forbidden as failure:
            outcome.cut_off()
            work.lacking[outcome.kind] = failure
        except Exception:  # what was done so far must be recorded whatever happens
            outcome.cut_off()
            raise

    _, stop = await together(cases, work.config.concurrency, carry_out, work.lost)
    return outcomes, stop


async def _one_case(work: Work, outcome: Outcome) -> None:
    """One kind of one pair of contacts: prove, look again, write, read back."""
    outcome.case, there, outcome.lost = await looked_up(work, outcome.case, outcome.unread)
    outcome.seen += there
    await _look_again(work, outcome)
    wrote: set[Side] = set()
    steps = _without_the_unread(work, outcome)
    planned_now = [action for step in steps for action in step.plan.actions]
    await _note(work, outcome, [action for action in planned_now if isinstance(action, Create)])
    for step in steps:
        for action in step.plan.actions:
            if await _try(work, outcome, step, action) and not isinstance(action, Delete):
                wrote.add(action.side)
    for side in sorted(wrote):
        await _read_back(work, outcome, side)


async def _look_again(work: Work, outcome: Outcome) -> None:
    """Before a value is replaced or a record deleted, both halves are read by id, and planned anew."""
    heavy = [step for step in outcome.case.steps if step.plan.overwrites]
    if not heavy:
        return
    seen, gone = dict(outcome.case.scene.seen), set(outcome.case.scene.gone)
    for step in heavy:
        for side, one_id in zip(Side, step.ids, strict=True):
            if not one_id or (side, one_id) in gone or side not in outcome.case.carried.readable:
                continue
            try:
                seen[side, one_id] = await read_one(work, outcome.case, side, one_id)
                outcome.seen.append(seen[side, one_id])
            except Gone:
                gone.add((side, one_id))
                seen.pop((side, one_id), None)
                outcome.lost.append((side, one_id))
            except UNREAD as failure:
                outcome.unread[side, one_id] = failure
    scene = replace(outcome.case.scene, seen=seen, gone=frozenset(gone))
    outcome.case = planned(replace(outcome.case, scene=scene))


def _without_the_unread(work: Work, outcome: Outcome) -> list[Step]:
    """Nothing is done about one that could not be read, and it keeps none of the others waiting."""
    left = []
    for step in outcome.case.steps:
        unread = [key for key in zip(Side, step.ids, strict=True) if key in outcome.unread]
        if not unread:
            left.append(step)
            continue
        outcome.failed.add(step.ids)
        work.progress.counts["failed"] += 1
        note = outcome.unread[unread[0]].sentence
        outcome.entries.append(Entry("failed", *unread[0], note=note, kind=outcome.kind))
    return left


async def _note(work: Work, outcome: Outcome, creates: Sequence[Create]) -> None:
    """Make creates durable before the first of them leaves."""
    if not creates:
        return
    kind, now = outcome.kind, work.clock.now()
    noted = [
        (outcome.case.contacts.id, kind, made.side, made.source_id, body_print(kind, made.fields))
        for made in creates
    ]
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await activity_links.note(connection, work.bridge.id, work.run_id, noted, now)
    outcome.noted += creates


async def _try(work: Work, outcome: Outcome, step: Step, action: Action) -> bool:
    """One write; whether it was done. A failure of one record does not stop the others."""
    key = await _begin(work, outcome, step, action)
    outcome.begun.append(action)
    try:
        await _write(work, outcome, step, action)
    except SystemFailure as failure:
        outcome.failed.add(step.ids)
        _close(outcome, key, replace(_entry(outcome, step, action), action="failed", note=failure.sentence))
        if isinstance(action, Create) and failure.sent == "no":
            outcome.unsent.add((action.side.other, action.source_id))
        if not isinstance(failure, OF_ONE_RECORD):
            raise
        work.progress.counts["failed"] += 1
        if isinstance(failure, Rejected | Gone):
            _hold(outcome, step, "activity_refused", detail=f"{failure.sentence} {failure.fix}")
        return False
    _close(outcome, key, _entry(outcome, step, action))
    return True


async def _begin(work: Work, outcome: Outcome, step: Step, action: Action) -> int:
    """Note ahead what a write replaces; 0 for a create, which has its intent."""
    if isinstance(action, Create):
        return 0
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        entries = [_entry(outcome, step, action)]
        return (await journal.begin(connection, work.bridge.id, work.run_id, entries, now))[0]


def _close(outcome: Outcome, key: int, entry: Entry) -> None:
    if key:
        outcome.finished[key] = entry
    else:
        outcome.entries.append(entry)


async def _write(work: Work, outcome: Outcome, step: Step, action: Action) -> None:
    system = work.systems[action.side].activities
    contact_id, kind = outcome.case.contacts.link.id(action.side), outcome.kind
    counts = work.progress.counts
    if isinstance(action, Create):
        source = outcome.case.scene.seen[action.side.other, action.source_id]
        sent = outgoing(source, action.fields, await people(work))
        made = await system.create(kind, contact_id, sent)
        outcome.made[action.side.other, action.source_id] = made
        counts[f"{kind.value}s_created"] += 1
    elif isinstance(action, Update):
        source = outcome.case.scene.seen[action.side.other, step.ids[PLACE[action.side.other]]]
        sent = outgoing(source, action.fields, await people(work))
        await system.update(kind, contact_id, action.record_id, sent)
        counts[f"{kind.value}s_updated"] += 1
    elif isinstance(action, Delete):
        await system.delete(kind, contact_id, action.record_id)
        outcome.lost.append((action.side, action.record_id))
        counts[f"{kind.value}s_deleted"] += 1
    counts["writes"] += 1


async def people(work: Work) -> Mapping[str, str]:
    """Names of HighLevel's users, read once a run and only when something is written."""
    if work.people is None:
        try:
            work.people = await work.systems[Side.HIGHLEVEL].activities.people()
            work.progress.counts["reads"] += 1
        except SystemFailure:
            work.people = {}
    return work.people


def outgoing(source: Activity, fields: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """What is sent: rich text is made harmless, and a note says in its last line who wrote it, and when.

    Neither system has a field that we may write for the one or the other.
    """
    sent = dict(fields)
    if "body" not in sent:
        return sent
    sent["body"] = clean(sent["body"])
    if source.kind is Kind.NOTE:
        author = names.get(source.fields.get("author", ""), "")
        made_at = _moment(source.fields.get("made_at", ""))
        if made_at is not None:
            sent["body"] = with_footer(sent["body"], author, made_at, source.side)
    return sent


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


async def _read_back(work: Work, outcome: Outcome, side: Side) -> None:
    """What was stored, in one call: that becomes the base."""
    try:
        contact_id = outcome.case.contacts.link.id(side)
        shown = await work.systems[side].activities.of_contact(outcome.kind, contact_id)
    except SystemFailure:
        return  # the next reading of this contact tells
    work.progress.counts["reads"] += 1
    outcome.seen += shown


def _entry(outcome: Outcome, step: Step, action: Action) -> Entry:
    kind = outcome.kind
    if isinstance(action, Create):
        made = outcome.made.get((action.side.other, action.source_id), "")
        return Entry("create", action.side, made, action.source_id, after=action.fields, kind=kind)
    other = step.ids[PLACE[action.side.other]]
    if isinstance(action, Update):
        rules = ", ".join(action.rules)
        note = "Both sides had changed: " + ", ".join(action.conflicts) if action.conflicts else ""
        return Entry(
            "update",
            action.side,
            action.record_id,
            other,
            rules,
            action.before,
            action.fields,
            note,
            kind=kind,
        )
    assert isinstance(action, Delete)  # noqa: S101  # activities have no other actions
    before = outcome.shown((action.side, action.record_id))
    return Entry(
        "delete",
        action.side,
        action.record_id,
        other,
        before=before.fields if before else {},
        note=f"Deleted in {action.side.other.title}",
        kind=kind,
    )


def _hold(outcome: Outcome, step: Step, cause: str, *, detail: str = "", hold: Hold | None = None) -> None:
    """A hold of one activity, told with enough of it to be recognised."""
    said = [_excerpt(outcome.shown(key)) if key[1] else "" for key in zip(Side, step.ids, strict=True)]
    shows = (hold.highlevel, hold.rezora) if hold is not None and hold.rule else said
    rule = f"{outcome.kind.value} {hold.rule if hold else ''}".strip()
    title = f"{outcome.kind.value.capitalize()} “{said[0] or said[1]}”"
    opened = OpenHold(
        cause,
        *step.ids,
        rule=rule,
        highlevel_shows=shows[0],
        rezora_shows=shows[1],
        detail=f"{title}. {detail}" if detail else title,
        seen=outcome.case.scene.look(step.ids) if cause == "activity_refused" else "",
        kind=outcome.kind,
    )
    outcome.holds.setdefault(step.ids, []).append(opened)


def _excerpt(one: Activity | None) -> str:
    """The beginning of its title or text, as a reader sees it."""
    text = plain(one.fields.get("title") or one.fields.get("body", "")) if one else ""
    return " ".join(text.split())[:EXCERPT]


# --- Recording ----------------------------------------------------------------------------------


async def _record(work: Work, outcomes: Sequence[Outcome], following: Stage | None) -> None:
    """Links, bases, intents, journal, holds and what was seen, in one transaction."""
    bridge_id, run_id, now = work.bridge.id, work.run_id, work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        for outcome in outcomes:
            await _record_one(work, connection, outcome, now)
        done = {key: entry for outcome in outcomes for key, entry in outcome.finished.items()}
        await journal.finish(connection, done)
        entries = [entry for outcome in outcomes for entry in outcome.entries]
        await journal.write(connection, bridge_id, run_id, entries, now)
        if following is not None:
            progress = work.progress
            await runs.advance(
                connection, run_id, following.text(), progress.done, progress.total, progress.counts
            )


async def _record_one(work: Work, connection: AsyncConnection, outcome: Outcome, now: float) -> None:
    bridge_id, kind, contacts = work.bridge.id, outcome.kind, outcome.case.contacts
    await activities.save(connection, bridge_id, work.run_id, outcome.seen)
    for side in Side:
        gone = [one_id for at, one_id in outcome.lost if at is side]
        await activities.forget(connection, bridge_id, side, kind, gone)
        settled = {
            source: True for (at, source), made in outcome.made.items() if at.other is side and made
        } | {source: False for at, source in outcome.unsent if at.other is side}
        settled |= _found(outcome, side)
        await activity_links.settle(connection, bridge_id, kind, side, settled)
    new, changed, closed = _links(outcome)
    await activity_links.take_over(connection, bridge_id, contacts.id, kind, [one.link for one in new])
    await activity_links.add(connection, bridge_id, [(contacts.id, kind, kept) for kept in new], now)
    await links.change(connection, changed)
    await links.close(connection, closed)
    told: dict[Pair, list[OpenHold]] = {}
    for step in outcome.case.steps:
        if step.ids not in outcome.failed:
            for hold in step.plan.holds:
                _hold(outcome, step, hold.cause, hold=hold)
        told[step.ids] = outcome.holds.get(step.ids, [])
    await journal.replace_holds(connection, bridge_id, work.run_id, kind, told, now)
    left_out = [
        (contacts.id, kind, key)
        for step in outcome.case.steps
        for key in zip(Side, step.ids, strict=True)
        if step.plan.excluded == "left_out" and key[1] and key not in outcome.case.ties.ignored
    ]
    await activity_links.mark(connection, bridge_id, left_out, "ignored", now)
    spoken = [step.ids for step in outcome.case.steps if step.ids not in outcome.failed]
    await decisions.drop_choices(
        connection, bridge_id, [ids for ids in spoken if ids in outcome.case.scene.choices]
    )


def _found(outcome: Outcome, side: Side) -> dict[str, bool]:
    """Creates that were sent earlier, and whose record was found now."""
    index = PLACE[side.other]
    asked = {sent.source_id for sent in outcome.case.scene.sent if sent.open and sent.side is side}
    return {step.ids[index]: True for step in outcome.case.steps if step.found and step.ids[index] in asked}


def _links(outcome: Outcome) -> tuple[list[KeptLink], list[KeptLink], dict[int, str]]:
    """Links to add, to change and to end; nothing moves for what failed."""
    new: list[KeptLink] = []
    changed: list[KeptLink] = []
    closed: dict[int, str] = {}
    for step in outcome.case.steps:
        if step.ids in outcome.failed:
            continue
        if step.plan.closed:
            closed[step.key] = step.plan.closed
        ids = _ids(outcome, step)
        if not (step.based and all(ids)):
            continue
        kept = KeptLink(step.key, _link(outcome, step, ids))
        before = outcome.case.ties.links.get(step.key)
        if before is None:
            new.append(kept)
        elif before.link != kept.link:
            changed.append(kept)
    return new, changed, closed


def _ids(outcome: Outcome, step: Step) -> Pair:
    """Both ids, with the one that was made."""
    highlevel, rezora = step.ids
    return (
        highlevel or outcome.made.get((Side.REZORA, rezora), ""),
        rezora or outcome.made.get((Side.HIGHLEVEL, highlevel), ""),
    )


def _link(outcome: Outcome, step: Step, ids: Pair) -> Link:
    """The pair with the bases that hold now: what was written is based on what the side shows of it."""
    bases = {side: dict(step.plan.base(side)) for side in Side}
    written = {
        action.side: frozenset(action.fields)
        for action in step.plan.actions
        if isinstance(action, Create | Update)
    }
    fresh = {(one.side, one.id): one for one in outcome.seen}
    for side, one_id in zip(Side, ids, strict=True):
        if side not in written:
            continue
        shown = fresh.get((side, one_id))
        names = written[side] if step.ids[PLACE[side]] else step.plan.base(side.other).keys()
        for name in names:
            bases[side].pop(name, None)  # sent, and not read back: no base is better than a wrong one
            if shown is not None and name in shown.fields:
                bases[side][name] = shown.fields[name]
    return Link(*ids, bases[Side.HIGHLEVEL], bases[Side.REZORA], notes=step.plan.notes)
