"""The calls of one case, in the order of sync-correctness.md section 5, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from landbridge.engine.cases import Case, case_of
from landbridge.engine.consent import carry_opt_out
from landbridge.engine.scan import read_again
from landbridge.engine.work import Work
from landbridge.store import decisions, journal, links
from landbridge.store.driver import renew
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.observed import Sighting
from landbridge.sync.actions import Action, ChangeLabel, Create, OptOut, Plan, Update
from landbridge.sync.model import Side
from landbridge.sync.names import compatible_names
from landbridge.systems.base import Duplicate, Gone, Label, Rejected, SystemFailure

JUST_NOW = 2.0  # seconds between a read by id and the write that rests on it


@dataclass(slots=True)
class Result:
    """What became of one case."""

    case: Case
    made: str = ""  # the id of the record that was created, or found in its place
    unread: Side | None = None  # the side whose base is as sent
    shown: dict[Side, dict[str, str]] = field(default_factory=lambda: {side: {} for side in Side})
    fresh: list[Sighting] = field(default_factory=list)  # read back by id
    entries: list[Entry] = field(default_factory=list)
    finished: dict[int, Entry] = field(default_factory=dict)
    holds: list[OpenHold] = field(default_factory=list)
    found: bool = False  # a record that was there already takes the place of the create
    unanswered: bool = False
    not_created: bool = False
    failed: bool = False  # not everything planned was done: what was not is still to do

    @property
    def creates(self) -> Create | None:
        """The create of this case, if it is one."""
        actions = self.case.plan.actions if self.case.plan and not self.case.waits else ()
        return next((action for action in actions if isinstance(action, Create)), None)

    @property
    def ids(self) -> tuple[str, str]:
        """HighLevel id and Rezora id, with the one that was made."""
        highlevel, rezora = self.case.ids
        return highlevel or self.made, rezora or self.made


def stopped(result: Result, why: str, *, sent: bool) -> None:
    """The whole run stops at this case: a create that may have left is looked up, all else is still to do."""
    result.failed = True
    made = result.creates
    open_create = made is not None and not result.made
    result.unanswered = open_create and sent
    result.not_created = open_create and not sent
    _note_failure(result, why)


def refused(work: Work, result: Result, failure: SystemFailure, *, last: bool) -> None:
    """A failure of one record: a create may have happened all the same, anything else is held."""
    result.failed = True
    work.progress.counts["failed"] += 1
    _note_failure(result, failure.sentence)
    made = result.creates
    detail = f"{failure.sentence} {failure.fix}"
    if made is not None and not result.made and failure.sent != "no":
        result.unanswered = True
        if isinstance(failure, Rejected):
            work.refused[made.side, made.source_id] = detail
        if not last:
            return  # looked up, and tried again if need be, at the end of this run
    result.not_created = made is not None and not result.unanswered and not result.made
    cause = "refused" if isinstance(failure, Rejected | Gone) else "unknown_outcome"
    result.holds.append(OpenHold(cause, *result.case.ids, detail=detail, seen=result.case.settled))


def _note_failure(result: Result, why: str) -> None:
    made = result.creates
    side = made.side if made else Side.REZORA
    ids = result.ids if side is Side.REZORA else result.ids[::-1]
    result.entries.append(Entry("failed", side, ids[1], ids[0], note=why))


async def create(work: Work, result: Result, action: Create) -> None:
    """One new record; its labels follow. The intent was noted ahead, and is looked up before any retry."""
    if work.synced_before and not await _still_there(work, result):
        result.not_created = True
        return
    system = work.systems[action.side]
    result.unread = action.side
    try:
        result.made = await system.create(action.fields, marker=action.source_id, barred=action.barred)
    except Duplicate as duplicate:
        await _adopt_candidate(work, result, action, duplicate)
        return
    _count(work, "created", 1)
    work.progress.counts[f"created_{action.side.value}"] += 1
    entry = Entry("create", action.side, result.made, action.source_id, after=action.fields)
    result.entries.append(entry)
    for name in action.labels:
        change = ChangeLabel(action.side, result.made, name, present=True)
        result.entries.append(_label_entry(change, action.source_id))
        await _change_label(work, change)


async def _still_there(work: Work, result: Result) -> bool:
    """Is the source as the listing showed it, or has somebody deleted it, edited it or opted out since?

    A search may trail the truth by seconds. On a first sync of thousands this look would double the calls;
    there the next run puts right what such seconds did.
    """
    if just_read(work, result.case):
        return True
    source = result.case.first
    try:
        fresh = await read_again(work, source.record.side, source.record.id)
    except Gone:
        return False
    return fresh.print == source.print


def just_read(work: Work, case: Case) -> bool:
    """Was the plan made of reads by id so short a while ago that reading again tells nothing new?"""
    return case.read_at is not None and 0 <= work.clock.now() - case.read_at <= JUST_NOW


async def _adopt_candidate(work: Work, result: Result, action: Create, duplicate: Duplicate) -> None:
    """Refused because of another record: that one is a candidate, and is checked like any (section 5).

    It is the record itself if it carries our marker, or the same address under a compatible name, and
    belongs to nobody yet. A shared phone may point at the spouse.
    """
    try:
        candidate = await read_again(work, action.side, duplicate.contact_id)
    except Gone:
        raise duplicate from None
    source = result.case.first
    pair = (action.source_id, candidate.record.id)
    async with work.database.read() as connection:
        taken = await links.by_side(connection, work.bridge.id, action.side, [candidate.record.id])
        apart = await decisions.kept_apart(connection, work.bridge.id)
    same = not {candidate.email, candidate.phone}.isdisjoint({source.email, source.phone} - {""})
    ours = candidate.record.marker == action.source_id
    two_people = pair in apart or pair[::-1] in apart or candidate.record.id in work.adopted
    if taken or two_people or not (ours or (same and compatible_names(candidate.name, source.name))):
        raise duplicate
    work.adopted.add(candidate.record.id)
    result.made, result.found, result.unread = candidate.record.id, True, None
    result.fresh.append(candidate)
    note = "HighLevel had the same person already; the two were linked"
    result.entries.append(Entry("link", action.side, candidate.record.id, action.source_id, note=note))


async def carry_out_pair(work: Work, result: Result) -> None:
    """Two records: read both by id, plan again, note ahead, write, read back."""
    plan = result.case.plan
    if plan is not None and plan.closed:
        await _leave(work, result)
        return
    if plan is None or not plan.actions:
        _note_link(work, result)
        return
    if not await _look_again(work, result):
        return
    _note_link(work, result)
    plan = result.case.plan or Plan()
    entries = [_entry(result, action) for action in plan.actions if not isinstance(action, OptOut)]
    keys = await _begin(work, entries)
    for action in plan.actions:
        if isinstance(action, OptOut):
            await _opt_out(work, result, action)
            continue
        entry = entries.pop(0)
        key = keys.pop(0)
        try:
            await _carry_out(work, result, action)
        except (Rejected, Gone) as failure:
            result.finished[key] = replace(entry, action="failed", note=failure.sentence)
            refused(work, result, failure, last=True)
        else:
            result.finished[key] = _annotated(result, action, entry)


async def _look_again(work: Work, result: Result) -> bool:
    """Read both records and plan again: what is written is decided on what both sides show now."""
    if just_read(work, result.case):
        return not result.case.waits
    fresh: dict[Side, Sighting] = {}
    for sight in (result.case.highlevel, result.case.rezora):
        if sight is not None:
            try:
                fresh[sight.record.side] = await read_again(work, sight.record.side, sight.record.id)
            except Gone:
                result.failed = True  # the next run looks what became of it
                return False
    before = result.case
    sights = fresh[Side.HIGHLEVEL], fresh[Side.REZORA]
    result.case = await case_of(work, *sights, before.kept, awaited=before.awaited)
    result.fresh = list(fresh.values())
    return result.case.plan is not None and not result.case.waits


async def _leave(work: Work, result: Result) -> None:
    """End the link of a pair that left the scope, if HighLevel itself says so: its search may trail it."""
    before = result.case
    try:
        fresh = await read_again(work, Side.HIGHLEVEL, before.ids[0])
    except Gone:
        result.failed = True  # the next run looks what became of it
        return
    result.case = await case_of(work, fresh, before.rezora, before.kept, awaited=True)
    result.fresh = [fresh]
    if result.case.plan is None or not result.case.plan.closed:
        result.failed = (
            True  # it is in the scope; what it calls for is decided by the next run, on both sides
        )
        return
    work.progress.counts["unlinked"] += 1
    highlevel, rezora = result.case.ids
    note = "Left the scope; both contacts were left as they are"
    result.entries.append(Entry("unlink", Side.HIGHLEVEL, highlevel, rezora, note=note))


def _note_link(work: Work, result: Result) -> None:
    if result.case.kept is None and result.case.plan is not None and not result.case.plan.excluded:
        work.progress.counts["linked"] += 1
        highlevel, rezora = result.case.ids
        note = "The same person by marker, e-mail or phone, with a compatible name"
        result.entries.append(Entry("link", Side.REZORA, rezora, highlevel, note=note))


async def _carry_out(work: Work, result: Result, action: Action) -> None:
    match action:
        case Update():
            await _update(work, result, action)
        case ChangeLabel():
            await _change_label(work, action)


async def _opt_out(work: Work, result: Result, action: OptOut) -> None:
    """Of a contact whose own address is another one than that which opted out."""
    other = result.case.ids[0 if action.side is Side.REZORA else 1]
    try:
        stuck = await carry_opt_out(work, action.side, action.record_id, other)
    except (Rejected, Gone) as failure:
        refused(work, result, failure, last=True)
        return
    if not stuck:
        seen = result.case.settled
        result.holds.append(OpenHold("opt_out_did_not_stick", *result.case.ids, seen=seen))


async def _update(work: Work, result: Result, action: Update) -> None:
    """Write the changed fields only, and take what the side shows afterwards as its base."""
    await work.systems[action.side].update(action.record_id, action.fields)
    _count(work, "updated", 1)
    work.progress.counts[f"updated_{action.side.value}"] += 1
    shown = await read_again(work, action.side, action.record_id)
    result.fresh = [sight for sight in result.fresh if sight.record.side is not action.side] + [shown]
    fields = shown.record.fields
    result.shown[action.side] |= {name: fields[name] for name in action.fields if name in fields}


def _annotated(result: Result, action: Action, entry: Entry) -> Entry:
    """The journal's line with what was found out by reading back."""
    if not isinstance(action, Update):
        return entry
    notes = []
    if result.shown[action.side] and any(
        result.shown[action.side].get(name, value) != value for name, value in action.fields.items()
    ):
        notes.append("Shown differently afterwards")
    if action.conflicts:
        notes.append("Both sides had changed: " + ", ".join(action.conflicts))
    return replace(entry, note=". ".join(notes))


async def _change_label(work: Work, action: ChangeLabel) -> None:
    system = work.systems[action.side]
    label = _label(work, action)
    if action.present:
        await system.add_label(action.record_id, label)
    else:
        await system.remove_label(action.record_id, label)
    _count(work, "listed" if action.present else "unlisted", 1)


def _label(work: Work, action: ChangeLabel) -> Label:
    if action.side is Side.HIGHLEVEL:
        return Label(action.label, action.label)  # HighLevel's tags go by their names (highlevel.md 5.3)
    if action.label.casefold() not in work.labels:
        raise Rejected(
            f"Rezora has no list named {action.label!r}.",
            fix="Run the sync again; it makes the list.",
            sent="no",
        )
    return work.labels[action.label.casefold()]


def _entry(result: Result, action: Action) -> Entry:
    """The journal's line of an action, as it is noted ahead."""
    highlevel, rezora = result.case.ids
    if isinstance(action, Update):
        source = highlevel if action.side is Side.REZORA else rezora
        rules = ", ".join(action.rules)
        return Entry("update", action.side, action.record_id, source, rules, action.before, action.fields)
    if isinstance(action, ChangeLabel):
        return _label_entry(action, highlevel if action.side is Side.REZORA else rezora)
    raise TypeError(f"{type(action).__name__} is not noted here")


def _label_entry(action: ChangeLabel, source_id: str) -> Entry:
    word = "list" if action.side is Side.REZORA else "tag"
    return Entry(
        "join" if action.present else "leave",
        action.side,
        action.record_id,
        source_id,
        f"{word} {action.label}",
    )


async def _begin(work: Work, entries: list[Entry]) -> list[int]:
    """Note ahead what is about to be sent: a crash must not lose what a write replaces."""
    if not entries:
        return []
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        return await journal.begin(connection, work.bridge.id, work.run_id, entries, now)


def _count(work: Work, what: str, writes: int) -> None:
    work.progress.counts[what] += 1
    work.progress.counts["writes"] += writes


def certain(base: Mapping[str, str], *, created: bool, failed: bool) -> Mapping[str, str]:
    """Of a base that was planned, what surely holds: after a failure no list, and fields only if created."""
    if not failed:
        return base
    return {name: value for name, value in base.items() if created and not name.startswith("label:")}
