"""The activities of some contacts as cases: what both sides show, what is linked, and what that calls for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.activity_kinds import Carried
from landbridge.engine.work import Work
from landbridge.store import activities, activity_links, journal, observed
from landbridge.store.activity_links import Ties
from landbridge.store.links import KeptLink
from landbridge.sync.activity import Activity
from landbridge.sync.activity_plan import Key, Pair, Scene, Step
from landbridge.sync.model import Choice, Kind, Side
from landbridge.systems.base import Gone, Malformed, Rejected, SystemFailure, Unavailable

UNREAD = (Rejected, Malformed, Unavailable)  # of one record; it stops no other


@dataclass(frozen=True, slots=True)
class ActivityCase:
    """One kind of one pair of contacts, and a step for each activity of theirs."""

    contacts: KeptLink
    carried: Carried
    scene: Scene
    ties: Ties
    steps: Sequence[Step]


async def cases_of(work: Work, some: Sequence[KeptLink], kinds: Sequence[Carried]) -> list[ActivityCase]:
    """Every kind of these contacts, planned; nothing is concluded from what was not listed.

    Contacts of whom a half is paused or gone have none: where the other one's activities belong is said by
    whoever decides about the contact, and HighLevel shows those of a merged contact under the one that stays.
    """
    known = await work.knowledge()
    async with work.database.read() as connection:
        gone = [
            await observed.gone(connection, work.bridge.id, side, [kept.link.id(side) for kept in some])
            for side in Side
        ]
        still = known.paused.union(*gone)
        there = [kept for kept in some if not any((side, kept.link.id(side)) in still for side in Side)]
        tied = await activity_links.ties(connection, work.bridge.id, [kept.id for kept in there])
        refused = await journal.activities_held_for(connection, work.bridge.id, "activity_refused")
        seen = await _seen(connection, work.bridge.id, there, kinds)
    cases = []
    for kept in there:
        for carried in kinds:
            if not carried.both:
                continue
            ties = tied.get((kept.id, carried.kind), Ties())
            scene = Scene(
                carried.kind,
                seen.get((kept.id, carried.kind), {}),
                {key: one.link for key, one in ties.links.items()},
                spent=frozenset(ties.spent),
                ignored=frozenset(ties.ignored),
                unsure=frozenset(ties.unsure),
                sent=ties.sent,
                writable=carried.writable,
                choices=_choices(known.choices, carried.kind),
                refused=refused.get(carried.kind, {}),
                doubted=work.doubt,
            )
            cases.append(planned(ActivityCase(kept, carried, scene, ties, ())))
    return cases


async def _seen(
    connection: AsyncConnection, bridge_id: int, some: Sequence[KeptLink], kinds: Sequence[Carried]
) -> dict[tuple[int, Kind], dict[Key, Activity]]:
    """What each of these contacts shows, but for what is linked under others: that came by a merge."""
    seen: dict[tuple[int, Kind], dict[Key, Activity]] = defaultdict(dict)
    for side in Side:
        pairs = {kept.link.id(side): kept.id for kept in some}
        shown = await activities.of_contacts(connection, bridge_id, side, list(pairs))
        for one_kind in kinds:
            ours = {one.id: one for one in shown if one.kind is one_kind.kind}
            linked = await activity_links.owners(connection, bridge_id, one_kind.kind, side, list(ours))
            for one_id, one in ours.items():
                pair = pairs[one.contact_id]
                if linked.get(one_id, pair) == pair:
                    seen[pair, one.kind][side, one_id] = one
    return seen


def weight_of(case: ActivityCase) -> int:
    """How much of a case the brake counts: what would be replaced or deleted, and what may have vanished."""
    return sum(step.plan.overwrites or _may_vanish(step, case) for step in case.steps)


def _may_vanish(step: Step, case: ActivityCase) -> bool:
    """Linked, and missing on a side: once a read by id proves it gone, its other half is deleted."""
    keys = zip(Side, step.ids, strict=True)
    return step.plan.excluded == "not_seen" and any(key not in case.scene.seen for key in keys)


def planned(case: ActivityCase) -> ActivityCase:
    """The case with what it calls for."""
    return replace(case, steps=case.carried.planner.plan(case.scene))


async def looked_up(
    work: Work, case: ActivityCase, unread: dict[Key, SystemFailure]
) -> tuple[ActivityCase, list[Activity], list[Key]]:
    """The case with everything read by id that no listing showed; what was there, and what is gone.

    Of what could not be read (``unread``) nothing is concluded.
    """
    there: list[Activity] = []
    lost: list[Key] = []
    for side, one_id in case.carried.planner.missing(case.scene):
        if side not in case.carried.readable:
            continue
        try:
            there.append(await read_one(work, case, side, one_id))
        except Gone:
            lost.append((side, one_id))
        except UNREAD as failure:
            unread[side, one_id] = failure
    if not there and not lost:
        return case, there, lost
    seen = {**case.scene.seen, **{(one.side, one.id): one for one in there}}
    scene = replace(case.scene, seen=seen, gone=case.scene.gone | frozenset(lost))
    return planned(replace(case, scene=scene)), there, lost


async def read_one(work: Work, case: ActivityCase, side: Side, one_id: str) -> Activity:
    """Read one by id; raises ``Gone`` on proof."""
    system, contact_id = work.systems[side].activities, case.contacts.link.id(side)
    shown = await system.one(case.carried.kind, contact_id, one_id)
    work.progress.counts["reads"] += 1
    return shown


def _choices(made: Mapping[Pair, Mapping[str, Choice]], kind: Kind) -> dict[Pair, dict[str, Choice]]:
    """Decisions about a kind; their rule is kept as ``note body``, or ``note`` for the whole."""
    found: dict[Pair, dict[str, Choice]] = {}
    for pair, by_rule in made.items():
        for rule, choice in by_rule.items():
            word, _, name = rule.partition(" ")
            if word == kind.value and (not name or name in _FIELD_NAMES):
                found.setdefault(pair, {})[name] = replace(choice, rule=name)
    return found


_FIELD_NAMES = frozenset(("title", "body", "due", "completed", "start", "end", "location", "status"))
