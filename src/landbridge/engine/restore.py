"""The writes of an undo: a fresh read before, a note ahead, the call, and what the side shows after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from landbridge.engine.scan import read_again
from landbridge.engine.work import Work
from landbridge.store import decisions, journal, links, observed, standings, suppression
from landbridge.store.decisions import Tombstone
from landbridge.store.driver import renew
from landbridge.store.journal import Entry
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.store.standings import Standing
from landbridge.sync.consent import EMAIL
from landbridge.sync.labels import label_key, present
from landbridge.sync.merge import UNDONE
from landbridge.sync.model import Link, Record, Side
from landbridge.sync.rules import Direction, LabelRule
from landbridge.sync.values import normal_email
from landbridge.systems.base import Gone, Label, Rejected

CHANGED = "It was changed since, and shows another value than the one that was written."
_EMAILS = ("email", "contact_email")


class Restorer:
    """Reads and writes for one undo; as a preview it only keeps in mind what it would have written."""

    def __init__(self, work: Work, *, preview: bool) -> None:
        self.work = work
        self.preview = preview
        self._imagined: dict[tuple[Side, str], Sighting] = {}
        self._members: dict[str, set[str]] = {}

    async def fields_to_keep(self, entry: Entry) -> dict[str, str]:
        """Fields of an entry that are not put back, and why: the record does not show what was written.

        A rule of several fields, such as a name of two, is put back whole or not at all.
        """
        record = (await self._sight(entry.side, entry.record_id)).record
        kept = {name: CHANGED for name, value in entry.after.items() if record.fields.get(name) != value}
        for name in _EMAILS:
            if (
                name in entry.after
                and name not in kept
                and await self._stopped(record, entry.before.get(name))
            ):
                kept[name] = "The address it would go back to opted out."
        for rule in self.work.policy.rules:
            names = [name for name in rule.names(entry.side) if name in entry.after]
            for broken in [name for name in names if name in kept]:
                kept |= {name: kept[broken] for name in names if name not in kept}
        return kept

    async def put_fields(self, entry: Entry, now: Mapping[str, str], back: Mapping[str, str]) -> None:
        """Write the old values, and note at the link that this field waits for a person now."""
        key = entry.side, entry.record_id
        if self.preview:
            sight = await self._sight(*key)
            record = replace(sight.record, fields={**sight.record.fields, **back})
            self._imagined[key] = replace(sight, record=record)
            return
        undone = _entry(entry, now, back)
        system = self.work.systems[entry.side]
        begun = await self._send(undone, partial(system.update, entry.record_id, back))
        fresh = await read_again(self.work, *key)
        kept = await self._link(*key)
        changed = [_settled_fields(self.work, kept, fresh, tuple(back))] if kept is not None else []
        options = [rule.name for rule in self.work.policy.labels if rule.field(entry.side) in back]
        rules = [*_named(self.work, entry.side, tuple(back)), *options]
        await self._finish(begun, undone, [fresh], changed, rules)

    async def why_not_label(self, entry: Entry, name: str, *, shown: bool) -> str:
        """The reason for which a tag or list stays as it is, or an empty string."""
        sight = await self._sight(entry.side, entry.record_id)
        if entry.side is Side.REZORA and await self._list(name) is None:
            return "Rezora has no list of this name any more."
        if await self._carries(sight.record, name) != shown:
            return "It was changed since: the contact shows the opposite already."
        other = await self._partner(entry.side, entry.record_id)
        people = [sight, other] if other is not None else [sight]
        if not shown and any([await self._gets_no_email(one) for one in people]):
            return "The person opted out, and is put on nothing again."
        return ""

    async def put_label(
        self, entry: Entry, name: str, now: Mapping[str, str], back: Mapping[str, str], *, present: bool
    ) -> None:
        """Put the record on, or take it off, and remember both sides as they show it now."""
        if self.preview:
            await self._imagine_label(entry, name, present=present)
            return
        label = await self._list(name) if entry.side is Side.REZORA else Label(name, name)
        assert label is not None  # noqa: S101  # why_not_label has looked
        system, undone = self.work.systems[entry.side], _entry(entry, now, back)
        change = system.add_label if present else system.remove_label
        begun = await self._send(undone, partial(change, entry.record_id, label))
        await self._imagine_label(entry, name, present=present)
        fresh = await self._with_labels(await read_again(self.work, entry.side, entry.record_id))
        kept = await self._link(entry.side, entry.record_id)
        other = await self._partner(entry.side, entry.record_id)
        changed, rules = [], [*_named_rules(self.work, entry.side, name)]
        if kept is not None and other is not None:
            changed = [_settled_labels(kept, fresh.record, other.record, rules)]
        await self._finish(begun, undone, [fresh], changed, [rule.name for rule in rules])

    async def why_not_delete(self, entry: Entry) -> str:
        """The reason for which a created contact stays, or an empty string."""
        if not entry.after:
            return "It is not known what was sent when this contact was created."
        record = (await self._sight(entry.side, entry.record_id)).record
        if any(record.fields.get(name) != value for name, value in entry.after.items()):
            return "It was changed since it was created."
        return ""

    async def delete(self, entry: Entry) -> None:
        """The created record goes, the link ends, and neither record is the source of a new one."""
        if self.preview:
            return
        sight = await self._sight(entry.side, entry.record_id)
        undone = _entry(entry, sight.record.fields, {})
        system = self.work.systems[entry.side]
        begun = await self._send(undone, partial(system.delete, entry.record_id))
        kept = await self._link(entry.side, entry.record_id)
        other = kept.link.id(entry.side.other) if kept is not None else entry.source_id
        reason, now = f"deleted_in_{entry.side.value}", self.work.clock.now()
        stones = [Tombstone(entry.side, entry.record_id, "deleted", other)]
        if other:
            stones.append(Tombstone(entry.side.other, other, reason, entry.record_id))
        async with self.work.database.write() as connection:
            await renew(connection, self.work.lease, now)
            if kept is not None:
                await links.close(connection, {kept.id: reason})
            await decisions.bury(connection, self.work.bridge.id, stones, now)
            standing = Standing(entry.side.other, other, "excluded", reason)
            await standings.note(connection, self.work.bridge.id, [standing])
            await observed.unsee(connection, self.work.bridge.id, entry.side, entry.record_id)
            await journal.finish(connection, {begun: undone})

    async def _sight(self, side: Side, record_id: str) -> Sighting:
        """As the side shows it now; in a preview, as it would show it by now."""
        if (side, record_id) in self._imagined:
            return self._imagined[side, record_id]
        fresh = await self._with_labels(await read_again(self.work, side, record_id))
        if self.preview:
            self._imagined[side, record_id] = fresh
        return fresh

    async def _with_labels(self, sight: Sighting) -> Sighting:
        """Rezora shows no lists on a contact: those that were asked for are known from their members."""
        if sight.record.side is Side.HIGHLEVEL:
            return sight
        labels = {name for name in sight.record.labels or () if name.casefold() not in self._members} | {
            self.work.labels[name].name
            for name, ids in self._members.items()
            if sight.record.id in ids and name in self.work.labels
        }
        known = sight.record.labels is not None or bool(self._members)
        return replace(sight, record=replace(sight.record, labels=frozenset(labels) if known else None))

    async def _carries(self, record: Record, name: str) -> bool:
        if record.side is Side.HIGHLEVEL:
            return name.casefold() in {one.casefold() for one in record.labels or ()}
        return record.id in self._members[name.casefold()]

    async def _list(self, name: str) -> Label | None:
        """A list of Rezora by its name, with its members read once."""
        system = self.work.systems[Side.REZORA]
        if name.casefold() not in self.work.labels:
            self.work.labels |= {label.name.casefold(): label for label in await system.labels()}
        label = self.work.labels.get(name.casefold())
        if label is not None and name.casefold() not in self._members:
            self._members[name.casefold()] = set(await system.members(label))
        return label

    async def _imagine_label(self, entry: Entry, name: str, *, present: bool) -> None:
        """What is known of members and tags follows what was written, or would have been."""
        if entry.side is Side.REZORA:
            ids = self._members[name.casefold()]
            (ids.add if present else ids.discard)(entry.record_id)
        elif self.preview:
            sight = await self._sight(entry.side, entry.record_id)
            rest = {one for one in sight.record.labels or () if one.casefold() != name.casefold()}
            labels = frozenset(rest | {name} if present else rest)
            record = replace(sight.record, labels=labels)
            self._imagined[entry.side, entry.record_id] = replace(sight, record=record)

    async def _link(self, side: Side, record_id: str) -> KeptLink | None:
        async with self.work.database.read() as connection:
            found = await links.by_side(connection, self.work.bridge.id, side, [record_id])
        return found.get(record_id)

    async def _partner(self, side: Side, record_id: str) -> Sighting | None:
        """The other record of a pair, as it was last seen."""
        kept = await self._link(side, record_id)
        if kept is None:
            return None
        async with self.work.database.read() as connection:
            return await observed.one(connection, self.work.bridge.id, side.other, kept.link.id(side.other))

    async def _gets_no_email(self, sight: Sighting) -> bool:
        """Opted out, or nobody knows, or the address opted out somewhere."""
        return sight.record.opted_out is not False or await self._suppressed(sight.email_key)

    async def _stopped(self, record: Record, address: str | None) -> bool:
        """Would an address that opted out become sendable again?"""
        if not address or record.opted_out:
            return False
        return await self._suppressed(self.work.addresses.key(normal_email(address)))

    async def _suppressed(self, key: str) -> bool:
        async with self.work.database.read() as connection:
            known = await suppression.known(connection, self.work.bridge.id)
        return EMAIL in known.get(key, frozenset())

    async def _send(self, entry: Entry, call: Callable[[], Awaitable[None]]) -> int:
        """Note ahead and write; the key of the note, for what became of it. A refusal is noted and raised."""
        work, now = self.work, self.work.clock.now()
        async with work.database.write() as connection:
            await renew(connection, work.lease, now)
            (key,) = await journal.begin(connection, work.bridge.id, work.run_id, [entry], now)
        try:
            await call()
        except (Gone, Rejected) as failure:
            await self._finish(key, replace(entry, action="failed", note=failure.sentence), [], [])
            raise
        work.progress.counts["writes"] += 1
        return key

    async def _finish(
        self,
        begun: int,
        entry: Entry,
        seen: Sequence[Sighting],
        changed: Sequence[KeptLink],
        rules: Sequence[str] = (),
    ) -> None:
        """What became of it, in one transaction; a sight stays of the run that listed the record.

        An answer about these rules is forgotten: given for the values that show now again, and carried out
        in part, it would be carried out once more (``field_plan.plan_hold``).
        """
        work, now = self.work, self.work.clock.now()
        fresh_until = now + work.config.index_lag_seconds
        async with work.database.write() as connection:
            await renew(connection, work.lease, now)
            for sight in seen:
                key = sight.record.side, sight.record.id
                run_id = await observed.run_of(connection, work.bridge.id, *key) or work.run_id
                await observed.save(connection, work.bridge.id, run_id, [sight], now, fresh_until)
            await links.change(connection, changed)
            for kept in changed:
                pair = kept.link.highlevel_id, kept.link.rezora_id
                for rule in rules:
                    await decisions.drop_choice(connection, work.bridge.id, pair, rule)
            await journal.finish(connection, {begun: entry})


def _entry(undone: Entry, now: Mapping[str, str], back: Mapping[str, str]) -> Entry:
    note = f"Undid entry {undone.id}"
    return Entry("undo", undone.side, undone.record_id, undone.source_id, undone.rule, now, back, note)


def _settled_fields(work: Work, kept: KeptLink, fresh: Sighting, names: tuple[str, ...]) -> KeptLink:
    """The base is what the side shows; the note keeps the sync from carrying the value over again."""
    side, link = fresh.record.side, kept.link
    base = dict(link.base(side)) | {n: fresh.record.fields[n] for n in names if n in fresh.record.fields}
    notes = dict.fromkeys(_named(work, side, names), UNDONE)
    link = replace(link, notes={**link.notes, **notes})
    for rule in work.policy.labels:
        shown = present(rule, fresh.record) if rule.field(side) in names else None
        if shown is not None:
            base[label_key(rule)] = "1" if shown else "0"
    return KeptLink(kept.id, _based(link, side, base))


def _named(work: Work, side: Side, names: tuple[str, ...]) -> list[str]:
    """The rules of the mapping that speak of these fields."""
    return [rule.name for rule in work.policy.rules if set(rule.names(side)) & set(names)]


def _settled_labels(kept: KeptLink, one: Record, two: Record, rules: Sequence[LabelRule]) -> KeptLink:
    """Both sides are remembered as they show the mark now."""
    link = kept.link
    for record in (one, two):
        base = dict(link.base(record.side))
        for rule in rules:
            shown = present(rule, record) if rule.name else None
            base[label_key(rule)] = "1" if shown else "0"
        link = _based(link, record.side, base)
    return KeptLink(kept.id, link)


def _based(link: Link, side: Side, base: Mapping[str, str]) -> Link:
    if side is Side.HIGHLEVEL:
        return replace(link, base_highlevel=base)
    return replace(link, base_rezora=base)


def _named_rules(work: Work, side: Side, name: str) -> Iterator[LabelRule]:
    """The rules of the mapping that speak of this tag or list, and the one that the default list is."""
    for rule in work.policy.labels:
        mark = rule.tag if side is Side.HIGHLEVEL else rule.list
        if not rule.field(side) and mark.casefold() == name.casefold():
            yield rule
    default = work.policy.default_list
    if side is Side.REZORA and default.casefold() == name.casefold():
        yield LabelRule("", default, Direction.TO_REZORA)
