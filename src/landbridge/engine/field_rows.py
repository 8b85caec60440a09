"""The mapped fields of one contact side by side, and of each that differs the reason in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landbridge.store.journal import OpenHold
from landbridge.sync.merge import Outcome, Sight, decide, values_of
from landbridge.sync.model import Link, Record, Side
from landbridge.sync.reasons import HELD
from landbridge.sync.rules import Policy, Rule
from landbridge.sync.values import Context, Converter, converters

SAME, DIFFERS, UNKNOWN, ALONE = "same", "differs", "unknown", "alone"
"""What a row says: equal, apart, not told by one side, or there is one side only."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field as both sides show it, and as they showed it when they were last seen to agree.

    ``shows`` and ``base`` are None where nothing is known, "" where the field is blank. ``reason`` says why
    the two differ and what happens next; empty where they do not.
    """

    name: str
    shows: Mapping[Side, str | None]
    base: Mapping[Side, str | None]
    state: str
    reason: str = ""
    fix: str = ""
    names: Mapping[Side, str] | None = None


def field_rows(
    policy: Policy,
    records: Mapping[Side, Record],
    link: Link | None,
    waiting: Mapping[str, OpenHold],
) -> list[FieldRow]:
    """A row for each rule of the mapping, then tags and lists, then consent.

    ``waiting`` are open holds of this pair by the name of their rule.
    """
    known = converters(Context(policy.default_country))
    rows = [_row(rule, known[rule.converter], records, link, waiting.get(rule.name)) for rule in policy.rules]
    return [*rows, _labels(records), _consent(records)]


def _row(
    rule: Rule,
    converter: Converter,
    records: Mapping[Side, Record],
    link: Link | None,
    hold: OpenHold | None,
) -> FieldRow:
    now = {
        side: values_of(records[side].fields, rule.names(side)) if side in records else None for side in Side
    }
    base = {side: values_of(link.base(side), rule.names(side)) if link else None for side in Side}
    shows = {side: _joined(now[side]) for side in Side}
    bases = {side: _joined(base[side]) for side in Side}
    names = {side: ", ".join(rule.names(side)) for side in Side}
    state, reason, fix = _said(rule, converter, now, base, link, hold, alone=len(records) < len(Side))
    return FieldRow(rule.name, shows, bases, state, reason, fix, names)


def _said(
    rule: Rule,
    converter: Converter,
    now: Mapping[Side, tuple[str, ...] | None],
    base: Mapping[Side, tuple[str, ...] | None],
    link: Link | None,
    hold: OpenHold | None,
    *,
    alone: bool,
) -> tuple[str, str, str]:
    """The state of the row, the reason, and the fix; decided by the function that decides a sync."""
    highlevel, rezora = now[Side.HIGHLEVEL], now[Side.REZORA]
    if alone:
        return ALONE, "", ""
    if highlevel is None or rezora is None:
        missing = Side.HIGHLEVEL if highlevel is None else Side.REZORA
        return UNKNOWN, f"{missing.title} did not show this field.", "Nothing to do."
    if converter.canon(Side.HIGHLEVEL, highlevel) == converter.canon(Side.REZORA, rezora):
        return SAME, "", ""
    if hold is not None and hold.cause in HELD:
        return DIFFERS, HELD[hold.cause].sentence, HELD[hold.cause].fix
    return DIFFERS, *_decided(rule, converter, (highlevel, rezora), base, link)


def _decided(
    rule: Rule,
    converter: Converter,
    now: tuple[tuple[str, ...], tuple[str, ...]],
    base: Mapping[Side, tuple[str, ...] | None],
    link: Link | None,
) -> tuple[str, str]:
    """What the next sync makes of a difference, and what is to be done."""
    verdict = decide(
        rule,
        converter.canon,
        Sight(now[0], base[Side.HIGHLEVEL]),
        Sight(now[1], base[Side.REZORA]),
        note=link.notes.get(rule.name, "") if link else "",
        believe=not (link and link.rebase),
    )
    if verdict.outcome is Outcome.WRITE and verdict.target is not None:
        source = verdict.target.other
        why = "Both sides changed it" if verdict.conflict else f"{source.title} has the newer value"
        return f"{why}; the next sync carries it to {verdict.target.title}.", "Nothing to do."
    if verdict.outcome is Outcome.HOLD:
        known = HELD[verdict.cause]
        return known.sentence, "Nothing to do yet: the next sync asks you."
    return "Somebody said that the two may differ; it stays so until one side changes.", "Nothing to do."


def _labels(records: Mapping[Side, Record]) -> FieldRow:
    shows = {
        side: None
        if side not in records or (labels := records[side].labels) is None
        else ", ".join(sorted(labels, key=str.casefold))
        for side in Side
    }
    names = {Side.HIGHLEVEL: "tags", Side.REZORA: "lists"}
    return FieldRow("tags and lists", shows, {}, ALONE, names=names)


def _consent(records: Mapping[Side, Record]) -> FieldRow:
    words = {True: "no e-mail", False: "may be e-mailed"}
    out = {side: records[side].opted_out for side in Side if side in records}
    shows = {side: words[said] if (said := out.get(side)) is not None else None for side in Side}
    if len(out) < len(Side) or None in out.values():
        return FieldRow("e-mail consent", shows, {}, ALONE)
    if out[Side.HIGHLEVEL] == out[Side.REZORA]:
        return FieldRow("e-mail consent", shows, {}, SAME)
    reason = (
        "One side opted out, and the stricter one counts: the next sync carries it, or a hold says why not."
    )
    return FieldRow("e-mail consent", shows, {}, DIFFERS, reason, "Nothing to do.")


def _joined(values: Sequence[str] | None) -> str | None:
    return None if values is None else " ".join(filter(None, values))
