"""Three real contacts under a mapping: what each side shows, and what the planner would write where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import links, observed, suppression
from landbridge.store.links import KeptLink
from landbridge.store.observed import PAIRED, Sighting
from landbridge.sync.actions import Create, Plan, Situation, Update
from landbridge.sync.consent import EMAIL
from landbridge.sync.merge import values_of
from landbridge.sync.model import Record, Side
from landbridge.sync.plan import Planner
from landbridge.sync.reasons import EXCLUDED, HELD
from landbridge.sync.rules import Policy, Rule
from landbridge.sync.values import Context, converters

SHOWN = 3
LOOKED_AT = 60  # contacts among which the three that say most are chosen


@dataclass(frozen=True, slots=True)
class Cell:
    """One rule for one contact; None where a side has no such contact, or did not show the field.

    ``writes`` is what would be written, by side; ``waits`` the title of the hold that would be opened.
    """

    shows: Mapping[Side, str | None]
    writes: Mapping[Side, str] = field(default_factory=dict)
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One contact; ``cells`` by the name of the rule. ``note`` says why nothing at all would be written."""

    record_id: str
    name: str
    cells: Mapping[str, Cell]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Samples:
    """Up to three contacts; ``following`` leads to others, empty where there are none."""

    contacts: Sequence[Sample] = ()
    following: str = ""


async def samples_of(
    connection: AsyncConnection, bridge_id: int, since: int, policy: Policy, after: str
) -> Samples:
    """Contacts of HighLevel behind an id, those first about which the mapping says most."""
    seen = await observed.slice_of(connection, bridge_id, since, Side.HIGHLEVEL, after, LOOKED_AT + 1)
    looked = seen[:LOOKED_AT]
    kept = await links.by_side(connection, bridge_id, Side.HIGHLEVEL, [one.record.id for one in looked])
    wanted = {one.record.id: _partner(one, kept.get(one.record.id)) for one in looked}
    ids = [other for other in wanted.values() if other]
    others = await observed.by_ids(connection, bridge_id, since, Side.REZORA, ids) if ids else {}
    closed = await suppression.known(connection, bridge_id)
    planner = Planner(policy, converters(Context(policy.default_country)))
    found = []
    for sight in looked:
        other, link = others.get(wanted[sight.record.id]), kept.get(sight.record.id)
        sights = [one for one in (sight, other) if one is not None]
        out = any(EMAIL in closed.get(one.email_key, frozenset()) for one in sights if one.email_key)
        situation = Situation(
            sight.record,
            other.record if other else None,
            link.link if link else None,
            suppressed=out,
        )
        found.append(_sample(policy, sight, situation, planner.plan(situation)))
    found.sort(key=_says, reverse=True)  # stable: of equals the first by id
    return Samples(found[:SHOWN], looked[-1].record.id if len(seen) > LOOKED_AT else "")


def _partner(sight: Sighting, kept: KeptLink | None) -> str:
    if kept is not None:
        return kept.link.rezora_id
    return sight.partner.removeprefix(PAIRED) if sight.partner.startswith(PAIRED) else ""


def _says(sample: Sample) -> tuple[int, int, int]:
    """Both sides, then what would be done, then how much there is to see."""
    cells = list(sample.cells.values())
    return (
        sum(all(cell.shows[side] is not None for side in Side) for cell in cells[:1]),
        sum(bool(cell.writes or cell.waits) for cell in cells),
        sum(bool(cell.shows[side]) for cell in cells for side in Side),
    )


def _sample(policy: Policy, sight: Sighting, situation: Situation, plan: Plan) -> Sample:
    note = ""
    if plan.excluded:
        known = EXCLUDED.get(plan.excluded)
        note = f"Left out: {known.title.lower()}." if known else "Left out."
    elif whole := next((hold for hold in plan.holds if not hold.rule), None):
        note = f"Waits for you: {HELD[whole.cause].title.lower()}." if whole.cause in HELD else ""
    cells = {rule.name: _cell(rule, situation, plan) for rule in policy.rules}
    return Sample(sight.record.id, sight.name, cells, note)


def _cell(rule: Rule, situation: Situation, plan: Plan) -> Cell:
    shows = {side: _shown(situation.record(side), rule, side) for side in Side}
    writes = {}
    for action in plan.actions:
        names = rule.names(action.side)
        if isinstance(action, Update | Create) and not action.fields.keys().isdisjoint(names):
            before = situation.record(action.side)
            known = before.fields if before else {}
            writes[action.side] = _joined([action.fields.get(name, known.get(name, "")) for name in names])
    held = next((hold for hold in plan.holds if hold.rule == rule.name), None)
    waits = HELD[held.cause].title if held is not None and held.cause in HELD else ""
    return Cell(shows, writes, waits)


def _shown(record: Record | None, rule: Rule, side: Side) -> str | None:
    values = None if record is None else values_of(record.fields, rule.names(side))
    return None if values is None else _joined(values)


def _joined(values: Sequence[str]) -> str:
    return " ".join(filter(None, values))
