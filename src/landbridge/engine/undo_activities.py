"""Undoing what was written of a task, note or appointment: only where it still shows just that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from landbridge.engine.work import Work
from landbridge.store import activities, activity_links, decisions, journal, links
from landbridge.store.driver import renew
from landbridge.store.journal import Entry
from landbridge.store.links import KeptLink
from landbridge.sync.activity import Activity
from landbridge.sync.activity_rules import CONVERTERS
from landbridge.sync.merge import UNDONE
from landbridge.sync.model import Side
from landbridge.systems.base import Gone

CHANGED = "It was changed since, and shows another value than the one that was written."
GONE = "It is not there any more."
CREATED = "It stays; say that created records are meant too (--created) to delete it."
DELETED = "What was deleted does not come back by itself; its text is in this entry."


@dataclass(frozen=True, slots=True)
class PutBack:
    """What was put back, or would be; ``reason`` says why nothing was."""

    now: Mapping[str, str] = field(default_factory=dict)
    back: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


async def put_back(work: Work, entry: Entry, *, created: bool, preview: bool) -> PutBack:
    """Undo one entry of the journal; raises ``Rejected`` where the side refuses it."""
    reason = _why_not(work, entry, created=created)
    shown = None if reason else await _shown(work, entry)
    if reason or shown is None:
        return PutBack(reason=reason or GONE)
    if any(not _same(shown, name, value) for name, value in entry.after.items()):
        return PutBack(reason=CHANGED)
    back = {} if entry.action == "create" else {name: entry.before.get(name, "") for name in entry.after}
    if not preview:
        await _write(work, entry, shown, back)
    return PutBack(entry.after, back)


def _why_not(work: Work, entry: Entry, *, created: bool) -> str:
    """The reason that the entry itself gives, or an empty string."""
    if entry.action not in ("create", "update"):
        reasons = {"delete": DELETED, "failed": "It was not done."}
        return reasons.get(entry.action, "There is nothing to put back.")
    if entry.action == "create" and not created:
        return CREATED
    return "" if work.may_write(entry.side) else f"This bridge may not write to {entry.side.title}."


async def _shown(work: Work, entry: Entry) -> Activity | None:
    """As its side shows it now; None where it is gone."""
    async with work.database.read() as connection:
        known = await activities.one(connection, work.bridge.id, entry.side, entry.kind, entry.record_id)
    contact_id = known.contact_id if known else _whose(entry)
    if not contact_id:
        return None
    work.progress.counts["reads"] += 1
    try:
        return await work.systems[entry.side].activities.one(entry.kind, contact_id, entry.record_id)
    except Gone:
        return None


def _whose(entry: Entry) -> str:
    """What a recipe made names its contact, also where the sync does not carry that kind."""
    return entry.source_id if entry.note.startswith("recipe ") else ""


def _same(shown: Activity, name: str, value: str) -> bool:
    """Does it still say what was written? A side may have put it in other marks."""
    converter = CONVERTERS[shown.kind].get(name)
    now = (shown.fields.get(name, ""),)
    return converter is not None and converter.canon(shown.side, now) == converter.canon(shown.side, (value,))


async def _write(work: Work, entry: Entry, shown: Activity, back: Mapping[str, str]) -> None:
    """Note it ahead, send it, and remember that a person undid it: the next sync does not write it again."""
    system, now = work.systems[entry.side].activities, work.clock.now()
    undone = replace(
        entry, action="undo", before=entry.after, after=back, note=f"Undoes entry {entry.id}", id=0
    )
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        (key,) = await journal.begin(connection, work.bridge.id, work.run_id, [undone], now)
    if back:
        await system.update(entry.kind, shown.contact_id, shown.id, back)
        fresh = await system.one(entry.kind, shown.contact_id, shown.id)
    else:
        await system.delete(entry.kind, shown.contact_id, shown.id)
        fresh = None
    work.progress.counts["writes"] += 1
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await journal.finish(connection, {key: undone})
        kept = await activity_links.of(connection, work.bridge.id, entry.kind, entry.side, shown.id)
        if fresh is None:
            await activities.forget(connection, work.bridge.id, entry.side, entry.kind, [shown.id])
            if kept is not None:
                await links.close(connection, {kept.id: f"deleted_in_{entry.side.value}"})
        else:
            await activities.save(connection, work.bridge.id, work.run_id, [fresh])
            if kept is not None:
                await links.change(connection, [_undone(kept, fresh, back)])
                pair = kept.link.highlevel_id, kept.link.rezora_id
                for name in back:  # as for contacts (``restore.Restorer._finish``)
                    rule = f"{entry.kind.value} {name}"
                    await decisions.drop_choice(connection, work.bridge.id, pair, rule)


def _undone(kept: KeptLink, fresh: Activity, back: Mapping[str, str]) -> KeptLink:
    """The link with what the side shows now, and a note on each field that a person put back."""
    base = {**kept.link.base(fresh.side), **{name: fresh.fields.get(name, "") for name in back}}
    notes = {**kept.link.notes, **dict.fromkeys(back, UNDONE)}
    link = replace(kept.link, notes=notes)
    if fresh.side is Side.HIGHLEVEL:
        return replace(kept, link=replace(link, base_highlevel=base))
    return replace(kept, link=replace(link, base_rezora=base))
