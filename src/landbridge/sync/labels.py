"""Tags, lists and options: (HighLevel ∪ Rezora) − removed since base, mark by mark (section 8, set3)."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.sync.model import Record, Side
from landbridge.sync.rules import LabelRule


@dataclass(frozen=True, slots=True)
class Presence:
    """One mark on one side: as it shows now and as it last showed; None is unknown."""

    now: bool | None
    base: bool | None


@dataclass(frozen=True, slots=True)
class LabelVerdict:
    """Which sides to change and to what, and the bases that follow (None: forget it).

    ``held`` is the cause for which it waits for a person, or empty.
    """

    change: dict[Side, bool]
    base: dict[Side, bool | None]
    held: str = ""


UNKNOWN = LabelVerdict({}, {})


def present(rule: LabelRule, record: Record) -> bool | None:
    """Does the record carry the rule's mark on its side? None when the answer does not say."""
    if name := rule.field(record.side):
        value = record.fields.get(name)
        return None if value is None else value.strip().casefold() == rule.option(record.side).casefold()
    if record.labels is None:
        return None
    return shown_name(rule, record) != ""


def shown_name(rule: LabelRule, record: Record) -> str:
    """The tag or list as the record shows it, empty when it does not carry it."""
    wanted = rule.tag if record.side is Side.HIGHLEVEL else rule.list
    return next((name for name in record.labels or () if name.casefold() == wanted.casefold()), "")


def label_key(rule: LabelRule) -> str:
    """Labels live in the base beside the fields, under a name no field can have."""
    return f"label:{rule.key}"


def decide_label(
    rule: LabelRule, sights: dict[Side, Presence], *, out: bool, believe: bool = True
) -> LabelVerdict:
    """Add what one side added, remove what one side removed; never replace the rest.

    ``out``: the person gets no e-mail, so nobody is put on a list, and being off one is no edit.
    """
    now = {side: sights[side].now for side in Side}
    if now[Side.HIGHLEVEL] is None or now[Side.REZORA] is None:
        return UNKNOWN
    shows = {side: bool(now[side]) for side in Side}
    base = {side: sights[side].base for side in Side}
    if out:
        return _decide_out(rule, shows, base)
    known = all(base[side] is not None for side in Side)
    moved = any(bool(base[side]) != shows[side] for side in Side)
    apart = shows[Side.HIGHLEVEL] != shows[Side.REZORA]
    if known and apart and not moved:  # a person undid the last change
        lacking = next(side for side in Side if not shows[side])
        return LabelVerdict({}, {}, "undone" if rule.direction.reaches(lacking) else "")
    if apart and not believe:
        return LabelVerdict({}, {}, "restored")
    removed = known and any(base[side] and not shows[side] for side in Side)
    wanted = any(shows.values()) and not removed
    change = {side: wanted for side in Side if shows[side] != wanted and rule.direction.reaches(side)}
    after = {side: change.get(side, shows[side]) for side in Side}
    if after[Side.HIGHLEVEL] != after[Side.REZORA]:
        return LabelVerdict(change, {})  # the direction forbids it: remembered as it was, so it stays so
    return LabelVerdict(change, {**after})


def _decide_out(rule: LabelRule, shows: dict[Side, bool], base: dict[Side, bool | None]) -> LabelVerdict:
    """Nobody joins a list who gets no e-mail; a tag that was removed still takes the person off."""
    leaves = bool(base[Side.HIGHLEVEL]) and not shows[Side.HIGHLEVEL] and shows[Side.REZORA]
    change = {Side.REZORA: False} if leaves and rule.direction.reaches(Side.REZORA) else {}
    after: dict[Side, bool | None] = {side: change.get(side, shows[side]) for side in Side}
    if after[Side.HIGHLEVEL] != after[Side.REZORA]:
        after[Side.REZORA] = None  # decided anew once the person may be e-mailed again
    return LabelVerdict(change, after)
