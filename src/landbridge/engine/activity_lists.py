"""Lists that follow from activities: who belongs on them now is put on; only those are taken off again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from landbridge.engine.activity_scan import SLICE
from landbridge.engine.apply import make_labels
from landbridge.engine.cases import cases_of
from landbridge.engine.scan import learn_labels
from landbridge.engine.work import Stage, Work
from landbridge.store import activities, journal, links, observed, rule_members
from landbridge.store.driver import renew
from landbridge.store.journal import Entry
from landbridge.store.links import KeptLink
from landbridge.sync.activity import Activity
from landbridge.sync.activity_lists import holds
from landbridge.sync.model import Side
from landbridge.sync.recipe_times import zone_of
from landbridge.sync.rules import ListRule, When
from landbridge.systems.base import Gone, Label, Malformed, Rejected, Unavailable

KEY = 100  # characters of a rule and its list, as the members are kept by


@dataclass(frozen=True, slots=True)
class Found:
    """Rezora ids by rule: of whom it is true, and who is on its list already, whoever put them there."""

    wanted: dict[ListRule, set[str]]
    there: dict[ListRule, set[str]]


async def keep_lists(work: Work, stage: Stage) -> Stage:
    """All lists of the mapping, for all linked contacts."""
    following = stage.to("mark" if work.purpose == "poll" else "finish")
    if not work.may_write(Side.REZORA):
        return following
    await _leave_former_lists(work)
    if not work.policy.lists:
        return following
    now = datetime.fromtimestamp(
        work.clock.now(), zone_of(work.bridge.highlevel.capability.get("time_zone") or "UTC")
    )
    found = Found({rule: set() for rule in work.policy.lists}, {rule: set() for rule in work.policy.lists})
    last = 0
    while True:
        async with work.database.read() as connection:
            some = await links.after(connection, work.bridge.id, last, SLICE)
        if not some:
            break
        last = some[-1].id
        await _sort(work, some, found, now)
    for rule in work.policy.lists:
        await _keep_list(work, rule, found.wanted[rule], found.there[rule])
    return following


def key_of(rule: ListRule) -> str:
    """How members are kept: with the list, which the mapping may name otherwise one day."""
    return f"{rule.when.value} {rule.list.casefold()}"[:KEY]


async def _leave_former_lists(work: Work) -> None:
    """Whoever a rule put on a list that it names no more is taken off it."""
    current = {key_of(rule) for rule in work.policy.lists}
    async with work.database.read() as connection:
        former = [key for key in await rule_members.rules(connection, work.bridge.id) if key not in current]
        kept = {key: await rule_members.members(connection, work.bridge.id, key) for key in former}
    if work.dry:
        work.progress.counts["list"] += sum(len(some) for some in kept.values())
        return
    if former and not work.labels:
        work.labels = {one.name.casefold(): one for one in await work.systems[Side.REZORA].labels()}
        work.progress.counts["reads"] += 1
    for key, members in kept.items():
        when, _, name = key.partition(" ")
        for rezora_id in sorted(members):
            if (label := work.labels.get(name)) is not None:
                await _change(work, ListRule(When(when), label.name), label, rezora_id, present=False)
                continue
            async with work.database.write() as connection:  # the list is no more
                await renew(connection, work.lease, work.clock.now())
                await rule_members.forget(connection, work.bridge.id, key, rezora_id)


async def _sort(work: Work, some: Sequence[KeptLink], found: Found, now: datetime) -> None:
    """Add those of whom a rule is true; whoever may not be e-mailed, or is not known to, is on no list."""
    async with work.database.read() as connection:
        ids = [kept.link.highlevel_id for kept in some]
        known = await activities.of_contacts(connection, work.bridge.id, Side.HIGHLEVEL, ids)
        seen = await observed.by_ids(
            connection, work.bridge.id, work.generation, Side.REZORA, [kept.link.rezora_id for kept in some]
        )
    by_contact: dict[str, list[Activity]] = {}
    for one in known:
        by_contact.setdefault(one.contact_id, []).append(one)
    true: dict[ListRule, set[str]] = {rule: set() for rule in work.policy.lists}
    for kept in some:
        theirs, rezora_id = by_contact.get(kept.link.highlevel_id, []), kept.link.rezora_id
        for rule in work.policy.lists:
            if theirs and holds(rule.when, theirs, now):
                true[rule].add(rezora_id)
            if rezora_id in seen and rule.list in (seen[rezora_id].record.labels or ()):
                found.there[rule].add(rezora_id)
    named = set().union(*true.values())
    sendable = await _sendable(work, [seen[one] for one in sorted(named) if one in seen])
    for rule, rezora_ids in true.items():
        found.wanted[rule] |= rezora_ids & sendable


async def _sendable(work: Work, seen: Sequence[observed.Sighting]) -> frozenset[str]:
    """Rezora ids of those who are known to be open to e-mail on both sides, and not suppressed."""
    found = set()
    for case in await cases_of(work, Side.REZORA, seen):
        known = [sight for sight in (case.highlevel, case.rezora) if sight is not None]
        closed = (await work.knowledge()).suppressed
        if len(known) == len(Side) and not any(
            sight.record.opted_out is not False or closed.get(sight.email_key) for sight in known
        ):
            found.add(case.ids[1])
    return frozenset(found)


async def _keep_list(work: Work, rule: ListRule, wanted: set[str], there: set[str]) -> None:
    """Put on whoever belongs there and is not; take off only whom this rule put on."""
    async with work.database.read() as connection:
        members = await rule_members.members(connection, work.bridge.id, key_of(rule))
    if work.dry:
        work.progress.counts["list"] += len(wanted - members - there) + len(members - wanted)
        return
    if not wanted and not members:
        return
    await learn_labels(work)
    await make_labels(work)
    label = work.labels.get(rule.list.casefold())
    if label is None:
        return
    for rezora_id in sorted(wanted - members - there):
        await _change(work, rule, label, rezora_id, present=True)
    for rezora_id in sorted(members - wanted):
        await _change(work, rule, label, rezora_id, present=False)


async def _change(work: Work, rule: ListRule, label: Label, rezora_id: str, *, present: bool) -> None:
    """One membership, noted with its rule; a refusal leaves it for the next time."""
    system, note = work.systems[Side.REZORA], f"Because of its activities: {rule.when.value}"
    action = "join" if present else "leave"
    try:
        await (system.add_label if present else system.remove_label)(rezora_id, label)
    except Gone:
        present = False  # the contact is no more
    except (Rejected, Malformed, Unavailable) as failure:
        action, note = "failed", failure.sentence
    work.progress.counts["listed" if present else "unlisted"] += 1
    work.progress.counts["writes"] += 1
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        entry = Entry(action, Side.REZORA, rezora_id, rule=f"list {rule.list}", note=note)
        await journal.write(connection, work.bridge.id, work.run_id, [entry], now)
        if action == "join" and present:
            await rule_members.note(connection, work.bridge.id, key_of(rule), [rezora_id], now)
        elif action != "failed":
            await rule_members.forget(connection, work.bridge.id, key_of(rule), rezora_id)
