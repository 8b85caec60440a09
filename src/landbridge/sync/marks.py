"""Tags, lists and options of one pair: what is added, taken off, or waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from landbridge.sync.actions import ChangeLabel, Hold
from landbridge.sync.draft import Draft
from landbridge.sync.labels import Presence, decide_label, label_key, present, shown_name
from landbridge.sync.merge import RESTORED, difference
from landbridge.sync.model import Choice, Record, Side
from landbridge.sync.rules import LabelRule


def plan_label(
    draft: Draft[Record], rule: LabelRule, choice: Choice | None, *, out: bool, tagged: bool | None = None
) -> None:
    """One tag, list or option of one pair."""
    key = label_key(rule)
    shows = {side: present(rule, draft.records[side]) for side in Side}
    if tagged is not None:
        shows[Side.HIGHLEVEL] = tagged
    sights = {side: Presence(shows[side], _flag(draft.bases[side].get(key))) for side in Side}
    note = draft.notes.get(key, "")
    verdict = decide_label(rule, sights, out=out, believe=draft.believe and note != RESTORED)
    if verdict.held:
        _plan_label_hold(draft, rule, choice, shows, verdict.held)
        return
    if verdict.base:
        draft.notes.pop(key, None)
    for side, wanted in verdict.change.items():
        _change_mark(draft, rule, side, wanted=wanted)
    for side, carried in verdict.base.items():
        if carried is None:
            draft.bases[side].pop(key, None)
        else:
            draft.bases[side][key] = "1" if carried else "0"


def _plan_label_hold(
    draft: Draft[Record],
    rule: LabelRule,
    choice: Choice | None,
    shows: Mapping[Side, bool | None],
    cause: str,
) -> None:
    """A mark on one side only: wait, unless a person has decided."""
    key = label_key(rule)
    words = {side: "yes" if shows[side] else "no" for side in Side}
    accepted = difference(words[Side.HIGHLEVEL], words[Side.REZORA])
    seen = choice is not None and (choice.highlevel, choice.rezora) == tuple(words.values())
    if choice is None or not seen or choice.use not in ("highlevel", "rezora", "ignore"):
        if draft.notes.get(key) != accepted:
            draft.holds.append(Hold(cause, rule.name, words[Side.HIGHLEVEL], words[Side.REZORA]))
            draft.notes[key] = cause
        return
    if choice.use == "ignore":
        draft.notes[key] = accepted
        for side in Side:
            draft.bases[side][key] = "1" if shows[side] else "0"
        return
    target = Side(choice.use).other
    draft.notes.pop(key, None)
    _change_mark(draft, rule, target, wanted=bool(shows[target.other]))
    for side in Side:
        draft.bases[side][key] = "1" if shows[target.other] else "0"


def _change_mark(draft: Draft[Record], rule: LabelRule, side: Side, *, wanted: bool) -> None:
    """Add or take off a tag or list; an option waits for the other options of its field."""
    record = draft.records[side]
    if rule.field(side):
        draft.options.append((side, rule, wanted))
        return
    known = shown_name(rule, record) or (rule.tag if side is Side.HIGHLEVEL else rule.list)
    draft.labels.append(ChangeLabel(side, record.id, known, present=wanted))


def write_options(draft: Draft[Record], labels: Sequence[LabelRule]) -> None:
    """Write the options that were decided: a field shows one of them, so a second one has to wait.

    Taking an option off makes room for another one. What waits is not taken for agreed: else the next run
    would read its absence as somebody's edit and take the mark off the other side.
    """
    for side, name in dict.fromkeys((side, rule.field(side)) for side, rule, _ in draft.options):
        changes = [(rule, on) for at, rule, on in draft.options if (at, rule.field(at)) == (side, name)]
        old = draft.records[side].fields.get(name, "")
        shown = [rule for rule in labels if rule.field(side) == name and present(rule, draft.records[side])]
        leaving = [rule for rule, on in changes if not on]
        joining = [rule for rule, on in changes if on]
        free = not any(rule not in leaving for rule in shown)
        if free and joining:
            _write_option(draft, side, joining.pop(0), name, old)
        elif free and leaving:
            _write_option(draft, side, leaving[0], name, old, blank=True)
        for rule in joining:
            for other in Side:
                draft.bases[other].pop(label_key(rule), None)
            words = {at: "yes" if present(rule, draft.records[at]) else "no" for at in Side}
            draft.holds.append(Hold("one_option_only", rule.name, words[Side.HIGHLEVEL], words[Side.REZORA]))


def _write_option(
    draft: Draft[Record], side: Side, rule: LabelRule, name: str, old: str, *, blank: bool = False
) -> None:
    draft.write(side, (name,), ("" if blank else rule.option(side),), (old,))
    draft.rules[side].append(rule.name)


def _flag(text: str | None) -> bool | None:
    return None if text is None else text == "1"
