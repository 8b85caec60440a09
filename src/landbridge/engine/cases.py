"""The whole account as cases, slice by slice: each pair, and each contact that is alone, with its plan."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landbridge.engine.scan import is_settling
from landbridge.engine.work import Planned, Work
from landbridge.store import links, observed
from landbridge.store.links import KeptLink
from landbridge.store.observed import PAIRED, Sighting
from landbridge.sync.actions import ChangeLabel, Create, Delete, Hold, OptOut, Plan, Situation, Update
from landbridge.sync.addresses import normal_email
from landbridge.sync.consent import EMAIL
from landbridge.sync.merge import RESTORED
from landbridge.sync.model import Choice, Side
from landbridge.sync.reasons import EXCLUDED, HELD
from landbridge.sync.scope import LEFT, OUTSIDE

BREATH = 20  # contacts planned at a stretch, a few milliseconds
NO_CHOICE: Mapping[str, Choice] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """A pair, or a contact that is alone; ``plan`` is None when nothing moved or when it has to wait.

    ``quiet``: its holds are kept elsewhere already. ``waits``: edited a moment ago, so the plan is for
    later; ``awaited``: it was waited for.
    """

    highlevel: Sighting | None
    rezora: Sighting | None
    kept: KeptLink | None
    plan: Plan | None
    settled: str = ""
    quiet: bool = False
    waits: bool = False
    awaited: bool = False
    read_at: float | None = None  # when both sides were read by id for this very plan

    @property
    def first(self) -> Sighting:
        """The record under which the case is told: HighLevel's where there is one."""
        found = self.highlevel or self.rezora
        assert found is not None  # noqa: S101  # a case has at least one record
        return found

    @property
    def ids(self) -> tuple[str, str]:
        """HighLevel id and Rezora id, empty for none."""
        return (
            self.highlevel.record.id if self.highlevel else "",
            self.rezora.record.id if self.rezora else "",
        )

    @property
    def elsewhere(self) -> bool:
        """Of a link one record is gone: the stage of the deleted has said where it stands."""
        return self.kept is not None and not all(self.ids)

    @property
    def standing(self) -> tuple[str, str]:
        """Where the contact stands once the plan is carried out: (standing, reason)."""
        if self.waits:
            return "waiting", "settling"
        if self.plan is None:
            return "equal", ""
        if self.plan.holds:
            return "held", self.plan.holds[0].cause
        if self.plan.excluded:
            return "excluded", self.plan.excluded
        if self.plan.closed == LEFT:
            return "excluded", OUTSIDE
        return "equal", ""


async def next_cases(work: Work, after: str) -> tuple[list[Case], str | None]:
    """Plan the next slice, HighLevel's contacts first, then those that only Rezora has; None at the end.

    The cursor is the side and the last id of the slice, as in ``highlevel:abc``.
    """
    name, _, last = after.partition(":")
    side = Side(name) if name else Side.HIGHLEVEL
    bridge_id, since, size = work.bridge.id, work.generation, work.config.slice_size
    async with work.database.read() as connection:
        seen = await observed.slice_of(connection, bridge_id, since, side, last, size)
    cases = await cases_of(work, side, seen)
    if len(seen) == size:
        return cases, f"{side.value}:{seen[-1].record.id}"
    return cases, f"{Side.REZORA.value}:" if side is Side.HIGHLEVEL else None


async def cases_of(work: Work, side: Side, seen: Sequence[Sighting]) -> list[Case]:
    """Cases of these records of one side, each with its link and its partner."""
    bridge_id, since = work.bridge.id, work.generation
    await work.knowledge()
    async with work.database.read() as connection:
        kept = await links.by_side(connection, bridge_id, side, [sight.record.id for sight in seen])
        wanted = {sight.record.id: _partner(side, sight, kept) for sight in seen}
        ids = [other for other in wanted.values() if other]
        others = await observed.by_ids(connection, bridge_id, since, side.other, ids) if ids else {}
    cases = []
    for number, sight in enumerate(seen):
        if number % BREATH == 0:
            await asyncio.sleep(0)  # calls under way go on while this slice is planned
        record_id = sight.record.id
        other = others.get(wanted[record_id])
        highlevel, rezora = (sight, other) if side is Side.HIGHLEVEL else (other, sight)
        cases.append(await case_of(work, highlevel, rezora, kept.get(record_id)))
    return cases


def _partner(side: Side, sight: Sighting, kept: Mapping[str, KeptLink]) -> str:
    if sight.record.id in kept:
        return kept[sight.record.id].link.id(side.other)
    return sight.partner.removeprefix(PAIRED) if sight.partner.startswith(PAIRED) else ""


async def case_of(
    work: Work,
    highlevel: Sighting | None,
    rezora: Sighting | None,
    kept: KeptLink | None,
    *,
    awaited: bool = False,
) -> Case:
    """One case, planned unless nothing moved since it was last found settled.

    ``awaited``: the run has waited long enough for an edit to settle.
    """
    situation = await situation_of(work, highlevel, rezora, kept)
    settled = _settled(work, highlevel, rezora, situation)
    if kept is not None and settled and kept.settled == settled:
        return Case(highlevel, rezora, kept, None, settled)
    if kept is None and (reason := _unmatched(highlevel, rezora)):
        plan = Plan(holds=(Hold(reason),))
        return Case(highlevel, rezora, None, plan, settled, quiet=reason != "refused")
    held = await _parked(work, highlevel, rezora, settled)
    if held is not None:
        return Case(highlevel, rezora, kept, Plan(holds=(held,)), settled)
    if kept is not None and (highlevel is None or rezora is None):
        return Case(highlevel, rezora, kept, None)
    plan = work.planner.plan(situation)
    work.config.cells.update(plan.cells)
    sights = [sight for sight in (highlevel, rezora) if sight is not None]
    # What differs in doubt is held and not carried, so nothing half-typed travels: all is looked at now,
    # as the next run would take those who are new to it for a first contact.
    waits = not (awaited or work.doubt)
    waits = waits and any(is_settling(work, sight, known=kept is not None) for sight in sights)
    return Case(
        highlevel,
        rezora,
        kept,
        plan,
        "" if situation.choices else settled,
        waits=waits and bool(plan.actions or plan.closed),
        awaited=awaited,
    )


def _unmatched(highlevel: Sighting | None, rezora: Sighting | None) -> str:
    """Why matching left a contact that is alone to a person; empty where it did not."""
    alone = (highlevel or rezora) if highlevel is None or rezora is None else None
    return "" if alone is None or alone.partner.startswith(PAIRED) else alone.partner


async def situation_of(
    work: Work, highlevel: Sighting | None, rezora: Sighting | None, kept: KeptLink | None
) -> Situation:
    """All that is known of a pair, or of one contact."""
    known = await work.knowledge()
    sights = {Side.HIGHLEVEL: highlevel, Side.REZORA: rezora}
    present = [sight for sight in sights.values() if sight is not None]
    ids = (highlevel.record.id if highlevel else "", rezora.record.id if rezora else "")
    choices = known.choices.get(ids, NO_CHOICE)
    addresses = [sight.email_key for sight in present]
    addresses += [
        work.addresses.key(normal_email(choice.value)) for choice in choices.values() if choice.use == "value"
    ]  # a person may type an address that opted out
    closed = [known.suppressed.get(address, frozenset()) for address in addresses if address]
    barred = [known.suppressed.get(sight.phone_key, frozenset()) for sight in present if sight.phone_key]
    keys = [(side, sight.record.id) for side, sight in sights.items() if sight is not None]
    stones = [known.buried[key] for key in keys if key in known.buried]
    alone = kept is None and len(present) == 1  # a dry run notes no stone, and shows what a sync would
    return Situation(
        highlevel.record if highlevel else None,
        rezora.record if rezora else None,
        kept.link if kept else None,
        suppressed=any(EMAIL in channels for channels in closed),
        choices=choices,
        tombstone=stones[0] if stones else RESTORED if work.doubt and alone else "",
        paused=any(key in known.paused for key in keys),
        lifted=frozenset(side for side, sight in sights.items() if sight is not None and sight.lifted),
        barred=frozenset().union(*barred) - {EMAIL},
        unsure=work.doubt,
    )


def _settled(work: Work, highlevel: Sighting | None, rezora: Sighting | None, situation: Situation) -> str:
    """Prints of all that a plan depends on; empty where a plan must be made anyway."""
    if situation.choices or situation.unsure or (situation.link and situation.link.rebase):
        return ""
    flags = f"{int(situation.suppressed)}{int(situation.paused)}{len(situation.lifted)}"
    prints = [sight.print[:24] if sight else "-" for sight in (highlevel, rezora)]
    return ":".join((*prints, work.policy_print, flags))


async def _parked(
    work: Work, highlevel: Sighting | None, rezora: Sighting | None, settled: str
) -> Hold | None:
    """What was refused as often as is sensible, with nothing changed since, is shown and not sent again."""
    ids = (highlevel.record.id if highlevel else "", rezora.record.id if rezora else "")
    refusal = (await work.knowledge()).refusals.get(ids)
    if refusal is None or not settled or refusal.seen != settled:
        return None
    return Hold(refusal.cause) if refusal.attempts >= work.config.refusals else None


def counted(case: Case) -> Counter[str]:
    """What one case adds to the counts of a dry run."""
    counts: Counter[str] = Counter()
    standing, reason = case.standing
    counts[f"{standing}.{reason}" if reason else standing] += 1
    if case.plan is None:
        return counts
    if case.kept is None and case.highlevel and case.rezora and not case.plan.excluded:
        counts["link"] += 1
    if any(isinstance(action, Update | ChangeLabel | OptOut) for action in case.plan.actions):
        counts["calls"] += 2  # both sides are read by id just before
    if case.plan.closed == LEFT:
        counts["leave_scope"] += 1
        counts["calls"] += 1  # HighLevel is read by id just before
    for action in case.plan.actions:
        match action:
            case Create():
                counts[f"create_{action.side.value}"] += 1
                counts["create"] += 1
                counts["calls"] += 1 + len(action.labels)
            case Update():
                counts["update"] += 1
                counts["calls"] += 2  # the write, and reading it back
            case OptOut():
                counts["opt_out"] += 1
                counts["calls"] += 2
            case ChangeLabel():
                counts["list"] += 1
                counts["calls"] += 1
            case Delete():
                counts["delete"] += 1
                counts["calls"] += 2
    return counts


def planned(case: Case) -> list[Planned]:
    """The lines of one case that a person wants to see: everything but 'nothing to do'."""
    if case.plan is None:
        return []
    key, name, rezora = case.ids[0], case.first.name, case.ids[1]
    lines = []
    for action in case.plan.actions:
        where = action.side.title
        match action:
            case Create():
                lines.append(("create", f"In {where}: only in {action.side.other.title}"))
            case Update():
                lines.append(("update", f"In {where}: " + ", ".join(action.rules)))
            case OptOut():
                lines.append(("opt out", f"In {where}: the address opted out"))
            case ChangeLabel():
                lines.append(("list" if action.present else "unlist", f"In {where}: {action.label}"))
            case Delete():
                lines.append(("delete", f"In {where}: approved by you"))
    if case.kept is None and case.highlevel and case.rezora and not case.plan.excluded:
        lines.append(("link", "The same person is on both sides"))
    if case.plan.closed:
        lines.append(("unlink", EXCLUDED[case.plan.closed].title))
    for hold in case.plan.holds:
        title = HELD[hold.cause].title
        lines.append(("hold", f"{title}: {hold.rule}" if hold.rule else title))
    if case.plan.excluded:
        lines.append(("leave out", EXCLUDED[case.plan.excluded].title))
    return [Planned(key, name, action, reason, rezora) for action, reason in lines]
