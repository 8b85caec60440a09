"""One field of one pair: what the two sides show now against what each showed last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from landbridge.sync.model import Side
from landbridge.sync.rules import Rule, Strategy

Values = tuple[str, ...]

RESTORED = "restored"
UNDONE = "undone"
ACCEPTED = "accepted:"
ABSORBS = "1"  # done: of two sides that differ without a base, the one that says so is right
"""Notes on a rule of a link: its base is not to be believed; its last write was undone by a person; a
person said that this very difference (followed by its print) may stay."""


class Outcome(StrEnum):
    """What one field calls for."""

    NOTHING = "nothing"  # equal, or unknown
    SETTLE = "settle"  # no write; remember what both sides show now
    WRITE = "write"  # carry the value to ``target``
    HOLD = "hold"  # a person decides


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one field; ``conflict`` marks a write that overrides the other side's own edit.

    ``cell`` names the row of the table in sync-correctness.md section 4 that was met.
    """

    outcome: Outcome
    target: Side | None = None
    cause: str = ""
    conflict: bool = False
    cell: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Sight:
    """One field on one side: as it shows now and as it last showed; None is absent, that is unknown."""

    now: Values | None
    base: Values | None


Canon = Callable[[Side, Values], str]

CELLS = (
    "unknown",
    "same, equal",
    "same, frozen apart",
    "same, apart with a note",
    "highlevel changed",
    "rezora changed",
    "both changed, equal",
    "both changed, apart",
    "first contact, equal",
    "first contact, blank",
    "first contact, apart",
    "base not believed",
)
"""Every cell of the table that one field can meet."""


def decide(  # noqa: PLR0911  # one return for each row of the table
    rule: Rule, canon: Canon, highlevel: Sight, rezora: Sight, *, note: str = "", believe: bool = True
) -> Verdict:
    """The table of sync-correctness.md section 4 for one field.

    Values are compared in canonical form only; an absent value on either side plans nothing. ``believe``
    is False where the base may be older than what happened since: then a difference is held, whatever
    the base says (property L11).
    """
    if highlevel.now is None or rezora.now is None:
        return Verdict(Outcome.NOTHING, cell="unknown")
    now = {Side.HIGHLEVEL: canon(Side.HIGHLEVEL, highlevel.now), Side.REZORA: canon(Side.REZORA, rezora.now)}
    equal = now[Side.HIGHLEVEL] == now[Side.REZORA]
    if highlevel.base is None or rezora.base is None:
        return _first_contact(rule, now, believe=believe and note != RESTORED)
    changed = {
        Side.HIGHLEVEL: now[Side.HIGHLEVEL] != canon(Side.HIGHLEVEL, highlevel.base),
        Side.REZORA: now[Side.REZORA] != canon(Side.REZORA, rezora.base),
    }
    if not any(changed.values()):
        return _unchanged(now, equal=equal, note=note)
    if equal:  # the same edit on both sides must be recorded, else it is undone later
        return Verdict(Outcome.SETTLE, cell="both changed, equal")
    if note == RESTORED or not believe:
        return Verdict(Outcome.HOLD, cause="restored", cell="base not believed")
    if all(changed.values()):
        return _both_changed(rule, now)
    return _one_changed(rule, Side.HIGHLEVEL if changed[Side.HIGHLEVEL] else Side.REZORA, now)


def values_of(fields: Mapping[str, str], names: tuple[str, ...]) -> Values | None:
    """The named values, or None when any of them is absent."""
    found = tuple([fields[name] for name in names if name in fields])  # a list is faster than a generator
    return found if len(found) == len(names) else None


def difference(highlevel: str, rezora: str) -> str:
    """The note for a difference that a person accepted, from the two canonical values."""
    return f"{ACCEPTED}{highlevel}\x1f{rezora}"


def _unchanged(now: dict[Side, str], *, equal: bool, note: str) -> Verdict:
    """Nobody edited: equal, or apart since an earlier run (a frozen divergence)."""
    if equal:
        return Verdict(Outcome.NOTHING, cell="same, equal")
    if note == difference(now[Side.HIGHLEVEL], now[Side.REZORA]):
        return Verdict(Outcome.NOTHING, cell="same, apart with a note")
    if note in (RESTORED, UNDONE):
        return Verdict(Outcome.HOLD, cause=note, cell="same, apart with a note")
    return Verdict(Outcome.HOLD, cause="differs", cell="same, frozen apart")


def _first_contact(  # noqa: PLR0911  # one return for each row of the table
    rule: Rule, now: dict[Side, str], *, believe: bool
) -> Verdict:
    """No base yet: fill blanks, else a person decides (section 4, last row).

    After a restore the two may have been linked already, and what is blank was cleared since: that waits.
    """
    if now[Side.HIGHLEVEL] == now[Side.REZORA]:
        return Verdict(Outcome.SETTLE, cell="first contact, equal")
    if not believe:
        return Verdict(Outcome.HOLD, cause="restored", cell="base not believed")
    for source in Side:
        if now[source] and not now[source.other]:
            if rule.direction.reaches(source.other):
                return Verdict(Outcome.WRITE, source.other, cell="first contact, blank")
            return Verdict(Outcome.HOLD, cause=f"only_in_{source.value}", cell="first contact, blank")
    if rule.strategy is Strategy.SOURCE and rule.direction.reaches(rule.prefer.other):
        return Verdict(Outcome.WRITE, rule.prefer.other, conflict=True, cell="first contact, apart")
    for done in Side:
        absorbs = rule.strategy is Strategy.ABSORBING and now[done] == ABSORBS
        if absorbs and rule.direction.reaches(done.other):
            return Verdict(Outcome.WRITE, done.other, conflict=True, cell="first contact, apart")
    return Verdict(Outcome.HOLD, cause="differs_at_first_contact", cell="first contact, apart")


def _one_changed(rule: Rule, changed: Side, now: dict[Side, str]) -> Verdict:
    """One side was edited: carry it over, or say why not."""
    cell = f"{changed.value} changed"
    if rule.strategy is Strategy.IMMUTABLE:
        return Verdict(Outcome.HOLD, cause="immutable", cell=cell)
    owned = rule.strategy is Strategy.SOURCE and changed is not rule.prefer
    cleared = rule.strategy is Strategy.FILL_BLANK and not now[changed] and bool(now[changed.other])
    if (owned or cleared) and rule.direction.reaches(changed):  # the other side's value is put back
        return Verdict(Outcome.WRITE, changed, conflict=True, cell=cell)
    if rule.direction.reaches(changed.other) and not cleared:
        return Verdict(Outcome.WRITE, changed.other, cell=cell)
    return Verdict(Outcome.HOLD, cause=f"edited_in_{changed.value}", cell=cell)


def _both_changed(rule: Rule, now: dict[Side, str]) -> Verdict:
    """A conflict: the rule's strategy decides, and the loser's value goes to the journal."""
    cell = "both changed, apart"
    if rule.strategy in (Strategy.HOLD, Strategy.IMMUTABLE):
        return Verdict(Outcome.HOLD, cause="both_changed", cell=cell)
    winner = rule.prefer
    if rule.strategy is Strategy.FILL_BLANK and not now[winner]:
        winner = winner.other  # non-empty beats empty (section 8)
    if rule.direction.reaches(winner.other):
        return Verdict(Outcome.WRITE, winner.other, conflict=True, cell=cell)
    return Verdict(Outcome.HOLD, cause=f"edited_in_{winner.value}", cell=cell)
