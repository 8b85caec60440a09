"""Putting back what a run wrote, from the journal: only where both sides still show exactly that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from landbridge.engine.answers import NotPossible
from landbridge.engine.restore import Restorer
from landbridge.engine.undo_activities import put_back
from landbridge.engine.work import Work
from landbridge.store import journal, observed
from landbridge.store.journal import Entry
from landbridge.store.mentions import ERASED
from landbridge.sync.model import Kind, Side
from landbridge.systems.base import Gone, Rejected

UNDO, UNDONE, SKIPPED, FAILED = "undo", "undone", "skipped", "failed"
"""What becomes of an entry: it would be undone (a preview), it was, it stays, or it was refused."""

NEVER: Mapping[str, str] = {
    "opt_out": "An opt-out is never taken back by Landbridge; only the person may do that.",
    "link": "A link writes nothing; pause the contact, or delete one of the two.",
    "unlink": "The end of a link writes nothing; `landbridge contacts again ID` creates the contact anew.",
    "merged": "The merge was made in HighLevel; it is undone there, if at all.",
    "decided": "A decision writes nothing by itself; undo what the sync wrote because of it.",
    "allowed": "It writes nothing.",
    "delete": "A deleted contact cannot be brought back; `landbridge contacts again ID` creates it anew.",
    "new list": "The list stays; delete it in Rezora if nobody needs it.",
    "failed": "It was not done.",
    "operation": "It was called by hand; call another operation to change it again.",
}
CREATED = "The contact stays; say that created contacts are meant too (--created) to delete it."


VALUES_GONE = "The person was erased, and with them what was there before."


@dataclass(frozen=True, slots=True)
class UndoOrder:
    """What to undo: one entry (of it one field), all of one record, or all of one run.

    ``created``: contacts that Landbridge created are deleted again, if nobody has touched them since.
    ``since``: of a record, only what was written from then on; epoch seconds, 0 for everything.
    """

    entry_id: int = 0
    field: str = ""
    record_id: str = ""
    run_id: int = 0
    created: bool = False
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class UndoLine:
    """One entry of the journal: what would be, or was, put back, or why it was left as it is.

    ``before`` is what the record shows, ``after`` what it shows once this is undone.
    """

    entry_id: int
    side: Side
    record_id: str
    what: str
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    outcome: str = SKIPPED
    reason: str = ""


async def undo(work: Work, order: UndoOrder, lines: list[UndoLine], *, preview: bool) -> None:
    """Undo what was ordered, newest first; a preview reads the same and writes nothing.

    Fills ``lines`` as it goes, so that they tell what was done if a system fails half-way.
    """
    entries = await chosen(work, order)
    restorer = Restorer(work, preview=preview)
    work.show("Undoing", 0, len(entries))
    for entry in entries:
        try:
            lines += await _undo_one(work, restorer, entry, order)
        except Gone:
            lines.append(_skipped(entry, f"The contact is gone from {entry.side.title}."))
        except Rejected as failure:
            lines.append(replace(_skipped(entry, failure.sentence), outcome=FAILED))
        work.step()
    for line in lines:
        work.progress.counts[line.outcome] += 1


async def chosen(work: Work, order: UndoOrder) -> list[Entry]:
    """The entries that were ordered, newest first; raises ``NotPossible`` where there is none."""
    ways = [bool(order.entry_id), bool(order.record_id), bool(order.run_id)]
    if sum(ways) != 1 or (order.field and not order.entry_id) or (order.since and not order.record_id):
        raise NotPossible(
            "Name one thing to undo: an entry, a record or a run.",
            "Use --entry N (with --field NAME for one field of it), --record ID (with --since), or --run N.",
        )
    async with work.database.read() as connection:
        records: list[tuple[Side, str] | None] = [None]
        if order.record_id:
            sides = [
                side
                for side in Side
                if await observed.one(connection, work.bridge.id, side, order.record_id) is not None
            ]
            records = [(side, order.record_id) for side in sides]
        found = [
            entry
            for record in records
            for entry in await journal.entries_of(
                connection,
                work.bridge.id,
                entry_id=order.entry_id,
                run_id=order.run_id,
                record=record,
                since=order.since,
            )
        ]
    if not found:
        raise NotPossible(
            "The journal has nothing of that.", "Look at `landbridge journal` for entries, and their runs."
        )
    return [_narrowed(work, entry, order.field) if order.field else entry for entry in found]


def _narrowed(work: Work, entry: Entry, name: str) -> Entry:
    """One field of an entry, by its own name or by that of its rule in the mapping."""
    of_rule = [key for rule in work.policy.rules if rule.name == name for key in rule.names(entry.side)]
    names = [key for key in entry.after if key == name or key in of_rule]
    if not names:
        fields = ", ".join(entry.after) or "none"
        raise NotPossible(f"Entry {entry.id} did not write {name!r}.", f"It wrote: {fields}.")
    return replace(
        entry,
        before={key: entry.before[key] for key in names if key in entry.before},
        after={key: entry.after[key] for key in names},
    )


async def _undo_one(work: Work, restorer: Restorer, entry: Entry, order: UndoOrder) -> list[UndoLine]:
    if entry.kind is not Kind.CONTACT and entry.state != ERASED:
        put = await put_back(work, entry, created=order.created, preview=restorer.preview)
        return [_skipped(entry, put.reason) if put.reason else _line(restorer, entry, put.now, put.back)]
    if reason := _why_not(work, entry, order):
        return [_skipped(entry, reason)]
    if entry.action == "create":
        return [await _delete(restorer, entry)]
    label = label_of(entry)
    if label is not None:
        return [await _put_label(restorer, entry, *label)]
    return await _put_fields(restorer, entry)


def _why_not(work: Work, entry: Entry, order: UndoOrder) -> str:
    """The reason that the entry itself gives for leaving it as it is, or an empty string."""
    if entry.state == ERASED:
        return VALUES_GONE
    if entry.action not in ("create", "update", "join", "leave", "undo"):
        return NEVER.get(entry.action, "There is nothing to put back.")
    if entry.action == "create" and not order.created:
        return CREATED
    if entry.action == "undo" and not entry.after:
        return NEVER["delete"]
    return "" if work.may_write(entry.side) else f"This bridge may not write to {entry.side.title}."


def label_of(entry: Entry) -> tuple[str, bool] | None:
    """The tag or list that an entry changed, and whether the record carried it afterwards."""
    name = entry.rule.partition(" ")[2]
    if entry.action in ("join", "leave"):
        return name, entry.action == "join"
    if entry.action == "undo" and entry.rule in entry.after and set(entry.after.values()) <= {"yes", "no"}:
        return name, entry.after[entry.rule] == "yes"
    return None


async def _put_fields(restorer: Restorer, entry: Entry) -> list[UndoLine]:
    """The fields that still show what was written; the others are somebody's edit, and stay."""
    kept = await restorer.fields_to_keep(entry)
    back = {name: entry.before.get(name, "") for name in entry.after if name not in kept}
    lines = []
    if back:
        now = {name: entry.after[name] for name in back}
        await restorer.put_fields(entry, now, back)
        lines.append(_line(restorer, entry, now, back))
    for reason in dict.fromkeys(kept.values()):
        names = [name for name in kept if kept[name] == reason]
        lines.append(replace(_skipped(entry, reason), what=", ".join(names)))
    return lines


async def _put_label(restorer: Restorer, entry: Entry, name: str, was_put_on: bool) -> UndoLine:
    """Off a list it was put on, on a list it was taken off."""
    if reason := await restorer.why_not_label(entry, name, shown=was_put_on):
        return _skipped(entry, reason)
    words = {True: "yes", False: "no"}
    now, back = {entry.rule: words[was_put_on]}, {entry.rule: words[not was_put_on]}
    await restorer.put_label(entry, name, now, back, present=not was_put_on)
    return _line(restorer, entry, now, back)


async def _delete(restorer: Restorer, entry: Entry) -> UndoLine:
    """A contact that Landbridge created, as it created it."""
    if reason := await restorer.why_not_delete(entry):
        return _skipped(entry, reason)
    await restorer.delete(entry)
    return replace(_line(restorer, entry, entry.after, {}), what="the contact")


def _line(restorer: Restorer, entry: Entry, now: Mapping[str, str], back: Mapping[str, str]) -> UndoLine:
    outcome = UNDO if restorer.preview else UNDONE
    return replace(_skipped(entry, ""), what=", ".join(now), before=now, after=back, outcome=outcome)


def _skipped(entry: Entry, reason: str) -> UndoLine:
    what = entry.rule or ", ".join(entry.after) or entry.action
    return UndoLine(entry.id, entry.side, entry.record_id, what, reason=reason)
