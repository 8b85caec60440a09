"""What one pair of contacts calls for: the one function behind dry run, preview and sync."""

from __future__ import annotations

from collections.abc import Mapping

from landbridge.sync.actions import (
    Action,
    ChangeLabel,
    Create,
    Delete,
    Hold,
    OptOut,
    Plan,
    Situation,
    Update,
)
from landbridge.sync.alone import Newcomer
from landbridge.sync.draft import Draft
from landbridge.sync.field_plan import plan_rule
from landbridge.sync.labels import label_key, present
from landbridge.sync.marks import plan_label, write_options
from landbridge.sync.merge import values_of
from landbridge.sync.model import Link, Record, Side
from landbridge.sync.rules import Direction, LabelRule, OnDelete, Policy
from landbridge.sync.scope import LEFT, OUTSIDE
from landbridge.sync.values import Converter

__all__ = [
    "Action",
    "ChangeLabel",
    "Create",
    "Delete",
    "Hold",
    "OptOut",
    "Plan",
    "Planner",
    "Situation",
    "Update",
    "plan",
]

RECORD_CELLS = (
    "gone, other unchanged",
    "gone, other edited",
    "gone, approved",
    "alone, created",
    "alone, left out",
    "alone, never again",
    "paired, first contact",
    "paired, linked",
)
"""Every row of the record table of section 4 that one situation can meet."""


def plan(policy: Policy, converters: Mapping[str, Converter], situation: Situation) -> Plan:
    """Decide for one pair; for many pairs keep a ``Planner``."""
    return Planner(policy, converters).plan(situation)


class Planner:
    """Decides for the pairs of one bridge; pure and repeatable. The tables are section 4 of
    sync-correctness.md.
    """

    def __init__(self, policy: Policy, converters: Mapping[str, Converter]) -> None:
        self.policy = policy
        self._rules = [(rule, converters[rule.converter]) for rule in policy.rules]
        self._labels = list(policy.labels)
        self._new = {side: Newcomer(policy, self._rules, side) for side in Side}

    def plan(self, situation: Situation) -> Plan:  # noqa: PLR0911  # one line a kind of situation
        """What one pair of contacts, or one contact alone, calls for."""
        highlevel, rezora = situation.highlevel, situation.rezora
        if situation.paused:
            return Plan(excluded="paused")
        if highlevel is not None and rezora is not None:
            if rezora.read_only or highlevel.read_only:
                return Plan(excluded="self_contact")
            if outside := self.policy.scope.why_not(highlevel):
                return _plan_outside(outside, linked=situation.link is not None)
            return self._plan_pair(highlevel, rezora, situation)
        alone = highlevel or rezora
        if alone is None:
            return Plan(closed="deleted_on_both_sides", cells=("gone, other unchanged",))
        if situation.link is not None:
            if situation.gone is None:
                return Plan(excluded="not_seen")  # missing in a listing is no proof (property S7)
            return self._plan_gone(alone, situation.link, situation)
        return self._new[alone.side.other].plan(alone, situation)

    def body_print(self, side: Side, fields: Mapping[str, str]) -> str:
        """Equal for a body we sent to ``side`` and the record it became there."""
        return self._new[side].body_print(fields)

    def changed_since_base(self, link: Link, record: Record) -> bool:
        """Did somebody edit a mapped field or mark of this record since both sides agreed?"""
        base = link.base(record.side)
        for rule, converter in self._rules:
            now = values_of(record.fields, rule.names(record.side))
            then = values_of(base, rule.names(record.side))
            if now is None or then is None or now == then:
                continue
            if converter.canon(record.side, now) != converter.canon(record.side, then):
                return True
        for label in self._labels:
            shows, before = present(label, record), base.get(label_key(label))
            if shows is not None and before is not None and shows != (before == "1"):
                return True
        return False

    def _plan_gone(self, survivor: Record, link: Link, situation: Situation) -> Plan:
        """One record was deleted: the other one is never deleted unasked, and never brought back."""
        reason = f"deleted_in_{survivor.side.other.value}"
        choice = situation.choices.get("")
        edited = self.changed_since_base(link, survivor)
        if edited and choice is not None and choice.use == "delete" and choice.value != "deleted_and_edited":
            choice = None  # that word was given before the edit
        if choice is not None and choice.use in ("keep", "ignore", "create", "delete"):
            delete = (Delete(survivor.side, survivor.id),) if choice.use == "delete" else ()
            reborn = choice.use == "create"
            return Plan(delete, closed=reason, reborn=reborn, cells=("gone, approved",))
        if edited:
            return Plan(holds=(Hold("deleted_and_edited"),), cells=("gone, other edited",))
        if self.policy.on_delete is OnDelete.ASK and not survivor.read_only:
            return Plan(holds=(Hold("delete_waits"),), cells=("gone, other unchanged",))
        return Plan(closed=reason, cells=("gone, other unchanged",))

    def _plan_pair(self, highlevel: Record, rezora: Record, situation: Situation) -> Plan:
        """Two records that belong together."""
        link = situation.link or Link(highlevel.id, rezora.id)
        records = {Side.HIGHLEVEL: highlevel, Side.REZORA: rezora}
        bases = {side: dict(link.base(side)) for side in Side}
        if link.unread is not None:
            self._read_back(bases, records, link.unread)
        believe = not (link.rebase or situation.unsure)
        draft = Draft(records, bases, dict(link.notes), believe=believe)
        out = situation.suppressed or any(record.opted_out is not False for record in records.values())
        if self.policy.opt_out:
            _plan_opt_out(draft, situation, self.policy.only)
        for rule, converter in self._rules:
            plan_rule(draft, rule, converter, situation.choices.get(rule.name))
        for label in self._labels:
            plan_label(draft, label, situation.choices.get(label.name), out=out)
        self._plan_default_list(draft, out=out)
        write_options(draft, self._labels)
        met = "paired, linked" if situation.link else "paired, first contact"
        return Plan(
            tuple(draft.actions()),
            tuple(draft.holds),
            "",
            bases[Side.HIGHLEVEL],
            bases[Side.REZORA],
            draft.notes,
            cells=(met, *draft.cells),
        )

    def _plan_default_list(self, draft: Draft[Record], *, out: bool) -> None:
        """Who was created with the default list is on it until somebody takes him off."""
        name = self.policy.default_list
        rule = LabelRule("", name, Direction.TO_REZORA)
        if not name or any(label.list.casefold() == name.casefold() for label in self._labels):
            return
        if draft.bases[Side.HIGHLEVEL].get(label_key(rule)) == "1":
            plan_label(draft, rule, None, out=out, tagged=True)

    def _read_back(
        self, bases: dict[Side, dict[str, str]], records: Mapping[Side, Record], unread: Side
    ) -> None:
        """What we sent was never read back: what that side shows is the base, unless both sides moved.

        A value that the side rewrote cannot be told from one that somebody edited there; where the other
        side moved as well, the value as sent stays the base, so that the rule's strategy decides.
        """
        for rule, converter in self._rules:
            shown = values_of(records[unread].fields, rule.names(unread))
            sent = values_of(bases[unread], rule.names(unread))
            if shown is None or sent is None:
                continue
            names = rule.names(unread.other)
            moved = values_of(records[unread.other].fields, names) != values_of(bases[unread.other], names)
            same = converter.canon(unread, shown) == converter.canon(unread, sent)
            if same or not moved:
                bases[unread] |= dict(zip(rule.names(unread), shown, strict=True))


def _plan_outside(why: str, *, linked: bool) -> Plan:
    """Both sides have the person, and HighLevel's contact is outside the scope, or may be.

    A link ends quietly: no delete, no tombstone. Unknown ends nothing.
    """
    if linked and why == OUTSIDE:
        return Plan(closed=LEFT, cells=("paired, left the scope",))
    return Plan(excluded=why)


def _plan_opt_out(draft: Draft[Record], situation: Situation, only: Side | None) -> None:
    """Only ever towards less e-mail (property S8); unknown is never read as sendable."""
    shown = {side: draft.records[side].opted_out for side in Side}
    if not (situation.suppressed or any(shown.values())):
        return
    for side in (Side.REZORA, Side.HIGHLEVEL):
        if shown[side] is False and side in situation.lifted:
            draft.holds.append(Hold("opt_out_lifted", "", *_consent_words(shown)))
        elif shown[side] is False and only is side.other:
            draft.holds.append(Hold(f"opted_out_in_{only.value}", "", *_consent_words(shown)))
        elif shown[side] is False:
            draft.opt_outs.append(side)
        elif shown[side] is None and side is Side.REZORA:
            draft.holds.append(Hold("opt_out_did_not_stick"))


def _consent_words(shown: Mapping[Side, bool | None]) -> tuple[str, str]:
    words = {True: "no e-mail", False: "may be e-mailed", None: "not known"}
    return words[shown[Side.HIGHLEVEL]], words[shown[Side.REZORA]]
