"""What one mapped field of one pair calls for, noted in a draft."""

from __future__ import annotations

from landbridge.sync.actions import Hold
from landbridge.sync.draft import Draft, Shows
from landbridge.sync.merge import (
    RESTORED,
    Outcome,
    Sight,
    Values,
    Verdict,
    decide,
    difference,
    values_of,
)
from landbridge.sync.model import Choice, Side
from landbridge.sync.rules import Rule
from landbridge.sync.values import Converter


def sights_of(draft: Draft[Shows], rule: Rule) -> dict[Side, Sight]:
    """One field as both sides show it, and showed it last."""
    return {
        side: Sight(
            values_of(draft.records[side].fields, rule.names(side)),
            values_of(draft.bases[side], rule.names(side)),
        )
        for side in Side
    }


def plan_rule(draft: Draft[Shows], rule: Rule, converter: Converter, choice: Choice | None) -> None:
    """One mapped field of one pair; what it calls for is noted in the draft."""
    sights = sights_of(draft, rule)
    verdict = decide(
        rule,
        converter.canon,
        sights[Side.HIGHLEVEL],
        sights[Side.REZORA],
        note=draft.notes.get(rule.name, ""),
        believe=draft.believe,
    )
    draft.cells.append(verdict.cell)
    if verdict.outcome is Outcome.HOLD:
        plan_hold(draft, rule, converter, sights, verdict, choice)
    elif verdict.outcome is Outcome.WRITE:
        _plan_write(draft, rule, converter, sights, verdict.target or Side.REZORA, conflict=verdict.conflict)
    elif verdict.outcome is Outcome.SETTLE:
        _settle(draft, rule, sights)


def _settle(draft: Draft[Shows], rule: Rule, sights: dict[Side, Sight]) -> None:
    draft.notes.pop(rule.name, None)
    for side in Side:
        draft.bases[side] |= dict(zip(rule.names(side), sights[side].now or (), strict=True))


def plan_hold(
    draft: Draft[Shows],
    rule: Rule,
    converter: Converter,
    sights: dict[Side, Sight],
    verdict: Verdict,
    choice: Choice | None,
) -> None:
    """Wait, unless a person has decided about exactly these two values."""
    shown = {side: " / ".join(filter(None, sights[side].now or ())) for side in Side}
    seen = choice is not None and {Side.HIGHLEVEL: choice.highlevel, Side.REZORA: choice.rezora} == shown
    if choice is None or not seen:
        if verdict.cause == "restored":
            draft.notes[rule.name] = RESTORED
        draft.holds.append(Hold(verdict.cause, rule.name, shown[Side.HIGHLEVEL], shown[Side.REZORA]))
    elif choice.use == "ignore":
        _settle(draft, rule, sights)
        canon = {side: converter.canon(side, sights[side].now or ()) for side in Side}
        draft.notes[rule.name] = difference(canon[Side.HIGHLEVEL], canon[Side.REZORA])
    elif choice.use == "value":
        _plan_value(draft, rule, converter, sights, choice.value)
    else:
        _plan_write(draft, rule, converter, sights, Side(choice.use).other, conflict=True)


def _plan_write(
    draft: Draft[Shows],
    rule: Rule,
    converter: Converter,
    sights: dict[Side, Sight],
    target: Side,
    *,
    conflict: bool,
) -> None:
    """Note the changed fields of one rule for its target, and the bases that follow."""
    source_now, target_now = sights[target.other].now or (), sights[target].now or ()
    written = convert(converter, target, source_now, target_now)
    draft.write(target, rule.names(target), written, target_now)
    draft.rules[target].append(rule.name)
    if conflict:
        draft.conflicts[target].append(rule.name)
    draft.bases[target.other] |= dict(zip(rule.names(target.other), source_now, strict=True))
    draft.notes.pop(rule.name, None)


def _plan_value(
    draft: Draft[Shows], rule: Rule, converter: Converter, sights: dict[Side, Sight], value: str
) -> None:
    """A value typed by a person, for both sides; it is read as the side shows it that has one field."""
    single = Side.REZORA if len(rule.rezora) == 1 else Side.HIGHLEVEL
    typed = (value,)
    for side in Side:
        now = sights[side].now or ()
        written = typed if side is single else convert(converter, side, typed, now)
        if converter.canon(side, written) == converter.canon(side, now):
            written = now  # this side means it already, in its own spelling (property L9)
        draft.write(side, rule.names(side), written, now)
        draft.rules[side].append(rule.name)
        draft.conflicts[side].append(rule.name)
    draft.notes.pop(rule.name, None)


def convert(converter: Converter, target: Side, values: Values, hint: Values) -> Values:
    """The values as the target side writes them."""
    if target is Side.REZORA:
        return converter.to_rezora(values, hint)
    return converter.to_highlevel(values, hint)
