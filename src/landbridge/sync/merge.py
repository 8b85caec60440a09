"""One field of one pair: what the two sides show now against what each showed last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from landbridge.sync.model import Side
from landbridge.sync.rules import Rule, Strategy

Values = tuple[str, ...]


class Outcome(StrEnum):
    """What one field calls for."""

    NOTHING = "nothing"  # equal, or unknown
    SETTLE = "settle"  # no write; remember what both sides show now
    WRITE = "write"  # carry the value to ``target``
    HOLD = "hold"  # a person decides


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one field; ``conflict`` marks a write that overrides the other side's own edit."""

    outcome: Outcome
    target: Side | None = None
    cause: str = ""
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """One field on one side: as it shows now and as it last showed; None is absent, that is unknown."""

    now: Values | None
    base: Values | None


NOTHING = Verdict(Outcome.NOTHING)
SETTLE = Verdict(Outcome.SETTLE)
DIFFERS = Verdict(Outcome.HOLD, cause="differs")

Canon = Callable[[Side, Values], str]


def decide(  # noqa: PLR0911  # one return for each row of the table
    rule: Rule, canon: Canon, highlevel: Sight, rezora: Sight
) -> Verdict:
    """The table of sync-correctness.md section 4 for one field.

    Values are compared in canonical form only; an absent value on either side plans nothing.
    """
    if highlevel.now is None or rezora.now is None:
        return NOTHING
    now = {Side.HIGHLEVEL: canon(Side.HIGHLEVEL, highlevel.now), Side.REZORA: canon(Side.REZORA, rezora.now)}
    equal = now[Side.HIGHLEVEL] == now[Side.REZORA]
    if highlevel.base is None or rezora.base is None:
        return SETTLE if equal else _first_contact(rule, now)
    if highlevel.now == highlevel.base and rezora.now == rezora.base:
        return NOTHING if equal else DIFFERS
    changed = {
        Side.HIGHLEVEL: now[Side.HIGHLEVEL] != canon(Side.HIGHLEVEL, highlevel.base),
        Side.REZORA: now[Side.REZORA] != canon(Side.REZORA, rezora.base),
    }
    if not any(changed.values()):
        return NOTHING if equal else DIFFERS
    if equal:
        return SETTLE  # the same edit on both sides must be recorded, else it is undone later
    if all(changed.values()):
        return _both_changed(rule)
    return _one_changed(rule, Side.HIGHLEVEL if changed[Side.HIGHLEVEL] else Side.REZORA)


def _first_contact(rule: Rule, now: dict[Side, str]) -> Verdict:
    """No base yet: fill blanks, else a person decides (section 4, last row)."""
    for source in Side:
        if now[source] and not now[source.other]:
            if rule.direction.reaches(source.other):
                return Verdict(Outcome.WRITE, source.other)
            return Verdict(Outcome.HOLD, cause=f"only_in_{source.value}")
    if rule.strategy is Strategy.SOURCE and rule.direction.reaches(rule.prefer.other):
        return Verdict(Outcome.WRITE, rule.prefer.other, conflict=True)
    return Verdict(Outcome.HOLD, cause="differs_at_first_contact")


def _one_changed(rule: Rule, changed: Side) -> Verdict:
    """One side was edited: carry it over, or say why not."""
    if rule.strategy is Strategy.IMMUTABLE:
        return Verdict(Outcome.HOLD, cause="immutable")
    if rule.strategy is Strategy.SOURCE and changed is not rule.prefer and rule.direction.reaches(changed):
        return Verdict(Outcome.WRITE, changed, conflict=True)  # the owner's value is put back
    if rule.direction.reaches(changed.other):
        return Verdict(Outcome.WRITE, changed.other)
    return Verdict(Outcome.HOLD, cause=f"edited_in_{changed.value}")


def _both_changed(rule: Rule) -> Verdict:
    """A conflict: the rule's strategy decides, and the loser's value goes to the journal."""
    if rule.strategy in (Strategy.HOLD, Strategy.IMMUTABLE):
        return Verdict(Outcome.HOLD, cause="both_changed")
    loser = rule.prefer.other
    if rule.direction.reaches(loser):
        return Verdict(Outcome.WRITE, loser, conflict=True)
    return Verdict(Outcome.HOLD, cause=f"edited_in_{rule.prefer.value}")
