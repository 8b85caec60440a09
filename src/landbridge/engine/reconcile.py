"""From what was observed to plans: matching the whole account, weighing it, planning slice by slice."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from landbridge.engine.work import Planned, Stage, Work
from landbridge.store import journal, links, observed, runs
from landbridge.store.driver import renew
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.sync.fingerprint import adopt
from landbridge.sync.guard import Weight, weigh
from landbridge.sync.match import Person, match
from landbridge.sync.model import Link, Side
from landbridge.sync.plan import ChangeLabel, Create, Hold, OptOut, Plan, Situation, Update
from landbridge.sync.reasons import EXCLUDED, HELD

AMBIGUOUS = "?"  # a partner that is not one: several candidates
BREATH = 20  # contacts planned at a stretch, a few milliseconds
REFUSED = "!"  # a create that was refused and surely not made


@dataclass(frozen=True, slots=True)
class Case:
    """One HighLevel contact with all that belongs to it; ``plan`` is None when nothing moved."""

    highlevel: Sighting
    rezora: Sighting | None
    kept: KeptLink | None
    plan: Plan | None
    settled: str

    @property
    def standing(self) -> tuple[str, str]:
        """Where the contact stands once the plan is carried out: (standing, reason)."""
        if self.plan is None:
            return "equal", ""
        if self.plan.holds:
            return "held", self.plan.holds[0].cause
        if self.plan.excluded:
            return "excluded", self.plan.excluded
        return "equal", ""


class Braked(Exception):  # noqa: N818  # a stop that was asked for, not an error
    """The brake stopped the run before its first write."""

    fix = "Look at `landbridge plan`; if the change is meant, run `landbridge sync --accept-large-change`."

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


async def match_people(work: Work, stage: Stage) -> Stage:
    """Find creates whose answer was lost, then who is who; the whole account at once."""
    work.show("Matching people", 0, 0)
    bridge_id, run_id = work.bridge.id, work.run_id
    async with work.database.read() as connection:
        intents = await links.open_intents(connection, bridge_id)
        right = await observed.unlinked(connection, bridge_id, run_id, Side.REZORA)
        left = await observed.unlinked(connection, bridge_id, run_id, Side.HIGHLEVEL) if right else []
        shown = (
            await observed.by_ids(connection, bridge_id, run_id, Side.REZORA, [row.id for row in right])
            if intents
            else {}
        )
    prints = [(key, work.planner.body_print(sight.record.fields)) for key, sight in shown.items()]
    present = {row.id for row in left}
    partners = adopt([(i.source_id, i.print) for i in intents if i.source_id in present], prints)
    adopted = [KeptLink(0, Link(source, target)) for source, target in partners.items()]
    taken = set(partners.values())
    there = [
        Person(Side.REZORA, row.id, row.name, row.email, row.phone) for row in right if row.id not in taken
    ]
    addresses = {person.email for person in there} | {person.phone for person in there}
    pairing = match(
        [
            Person(Side.HIGHLEVEL, row.id, row.name, row.email, row.phone)
            for row in left
            if row.id not in partners and (row.email in addresses or row.phone in addresses)
        ],  # a person whose addresses nobody else has needs no matching
        there,
    )
    sources = [intent.source_id for intent in intents]
    found = set(partners)
    partners |= {highlevel: rezora for highlevel, rezora, _reason in pairing.pairs}
    partners |= {key: AMBIGUOUS for group in pairing.ambiguous for key in group.highlevel_ids}
    partners |= {source: REFUSED for source in work.refused if source not in partners}
    first = "forecast" if work.purpose == "plan" else "suppress"
    following = stage.to(first if stage.passes == 0 else "apply")
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        if work.purpose == "sync":  # a dry run changes nothing, not even what we remember
            await links.add(connection, bridge_id, adopted, work.clock.now())
            await links.close_intents(
                connection,
                bridge_id,
                done=[source for source in sources if source in found],
                dropped=[source for source in sources if source not in found],
            )
        await observed.set_partners(connection, bridge_id, run_id, partners)
        await runs.advance(connection, run_id, following.text(), 0, 0, work.progress.counts)
    work.unanswered.clear()
    work.suppressed = None
    return following


async def weigh_plan(work: Work, stage: Stage) -> Stage:
    """The brake looks at all pairs before the first write (property S17)."""
    work.show("Weighing the plan", 0, 0)
    weight = await _weight(work)
    sentence = weigh(work.config.brake, weight)
    if sentence and not stage.accept:
        raise Braked(sentence)
    return stage.to("apply")


async def _weight(work: Work) -> Weight:
    bridge_id, run_id = work.bridge.id, work.run_id
    async with work.database.read() as connection:
        linked = await links.count(connection, bridge_id)
        linked += await observed.partnered(connection, bridge_id, run_id)
        gone = [await links.missing(connection, bridge_id, run_id, side) for side in Side]
        known = await journal.known_missing(connection, bridge_id)
    overwrites = 0
    if linked:
        after: str | None = ""
        while after is not None:
            cases, after = await next_cases(work, after)
            overwrites += sum(1 for case in cases if case.plan and case.plan.overwrites)
    return Weight(
        linked=linked,
        overwrites=overwrites,
        missing=sum(1 for pairs in gone for highlevel, _ in pairs if highlevel not in known),
    )


async def next_cases(work: Work, after: str) -> tuple[list[Case], str | None]:
    """Plan the next slice of HighLevel contacts in the order of their ids; None behind the last."""
    bridge_id, run_id, size = work.bridge.id, work.run_id, work.config.slice_size
    async with work.database.read() as connection:
        if work.suppressed is None:
            work.suppressed = await observed.suppressed(connection, bridge_id, run_id)
        seen = await observed.slice_of(connection, bridge_id, run_id, after, size)
        kept = await links.by_highlevel(connection, bridge_id, [sight.record.id for sight in seen])
        wanted = [
            kept[s.record.id].link.rezora_id if s.record.id in kept else s.partner
            for s in seen
            if s.record.id in kept or s.partner
        ]
        rezora = await observed.by_ids(connection, bridge_id, run_id, Side.REZORA, wanted) if wanted else {}
    cases = []
    for number, sight in enumerate(seen):
        if number % BREATH == 0:
            await asyncio.sleep(0)  # calls under way go on while this slice is planned
        cases.append(_case(work, sight, kept.get(sight.record.id), rezora))
    return cases, seen[-1].record.id if len(seen) == size else None


def _case(work: Work, sight: Sighting, kept: KeptLink | None, rezora: dict[str, Sighting]) -> Case:
    other = rezora.get(kept.link.rezora_id if kept else sight.partner)
    addresses = {sight.email, other.email if other else ""} - {""}
    suppressed = not addresses.isdisjoint(work.suppressed or ())
    settled = (
        f"{sight.print}:{other.print}:{work.policy_print}:{int(suppressed)}" if other is not None else ""
    )
    if kept is not None and settled and kept.settled == settled:
        return Case(sight, other, kept, None, settled)
    if kept is None and sight.partner == AMBIGUOUS:
        return Case(sight, None, None, Plan(holds=(Hold("several_candidates"),)), "")
    if kept is None and sight.partner == REFUSED:
        return Case(sight, None, None, Plan(holds=(Hold("refused"),)), "")
    situation = Situation(
        sight.record, other.record if other else None, kept.link if kept else None, suppressed=suppressed
    )
    return Case(sight, other, kept, work.planner.plan(situation), settled)


async def forecast(work: Work, stage: Stage) -> Stage:
    """The dry run: plan everything, carry out nothing."""
    counts = work.progress.counts
    async with work.database.read() as connection:
        total = await observed.count(connection, work.bridge.id, work.run_id, Side.HIGHLEVEL)
        addresses = await observed.suppressed(connection, work.bridge.id, work.run_id)
        sendable = await observed.sendable_in(connection, work.bridge.id, work.run_id, addresses)
    opt_outs = len(sendable) if work.policy.opt_out else 0
    counts.update(opt_out=opt_outs, calls=2 * opt_outs)  # the write, and reading it back
    work.show("Planning", 0, total)
    after: str | None = ""
    while after is not None:
        cases, after = await next_cases(work, after)
        for case in cases:
            counts.update(_counted(case))
            work.lines.extend(_planned(case))
            work.step()
    weight = await _weight(work)
    if weigh(work.config.brake, weight):
        counts["braked"] = 1
    return stage.to("finish")


def _counted(case: Case) -> Counter[str]:
    """What one case adds to the counts of a dry run."""
    counts: Counter[str] = Counter()
    standing, reason = case.standing
    counts[f"{standing}.{reason}" if reason else standing] += 1
    if case.plan is None:
        return counts
    if case.kept is None and case.rezora is not None and not case.plan.excluded:
        counts["link"] += 1
    for action in case.plan.actions:
        match action:
            case Create():
                counts["create"] += 1
                counts["calls"] += 1 + len(action.labels)
            case Update():
                counts["update"] += 1
                counts["calls"] += 3  # a look, the write, and reading it back
            case OptOut():
                pass  # carried before all pairs, and counted there
            case ChangeLabel():
                counts["list"] += 1
                counts["calls"] += 1
    return counts


def _planned(case: Case) -> list[Planned]:
    """The lines of one case that a person wants to see: everything but 'nothing to do'."""
    if case.plan is None:
        return []
    key, name = case.highlevel.record.id, case.highlevel.name
    lines = []
    for action in case.plan.actions:
        match action:
            case Create():
                lines.append(Planned(key, name, "create", "Only in HighLevel"))
            case Update():
                lines.append(Planned(key, name, "update", "Changed: " + ", ".join(action.rules)))
            case OptOut():
                lines.append(Planned(key, name, "opt out", "The address opted out"))
            case ChangeLabel():
                lines.append(Planned(key, name, "list" if action.present else "unlist", action.label))
    if case.kept is None and case.rezora is not None and not case.plan.excluded:
        lines.append(Planned(key, name, "link", "The same person is in Rezora"))
    for hold in case.plan.holds:
        title = HELD[hold.cause].title
        lines.append(Planned(key, name, "hold", f"{title}: {hold.rule}" if hold.rule else title))
    if case.plan.excluded:
        lines.append(Planned(key, name, "leave out", EXCLUDED[case.plan.excluded].title))
    return lines


async def finish(work: Work, stage: Stage) -> Stage:
    """Show what is missing on a side, and close what this whole run did not meet again."""
    bridge_id, run_id, now = work.bridge.id, work.run_id, work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        gone = await links.missing(connection, bridge_id, run_id, Side.HIGHLEVEL)
        holds = [journal.OpenHold("missing_in_highlevel", highlevel, rezora) for highlevel, rezora in gone]
        await journal.save_holds(connection, bridge_id, run_id, holds, now)
        await journal.close_unseen_holds(connection, bridge_id, run_id)
        await runs.advance(
            connection, run_id, "", work.progress.done, work.progress.total, work.progress.counts
        )
    return stage.to("")
