"""What a dry run would change, contact by contact and field by field: examples for people, counts exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from landbridge.store.journal import OpenHold
from landbridge.sync.actions import Action, ChangeLabel, Create, Delete, OptOut, Update
from landbridge.sync.model import Side
from landbridge.sync.rules import Policy

if TYPE_CHECKING:  # what a driver works with has these examples in it
    from landbridge.engine.cases import Case

MOST = 2_000  # examples kept in memory
_FREE = 1_000  # kept whatever they are; from there on each kind of change still gets its share
_EACH = 90
MAY_EMAIL, NO_EMAIL = "may be e-mailed", "no e-mail"
ON, OFF = "on it", "not on it"

WHATS: Mapping[str, str] = {
    "create_rezora": "Created in Rezora",
    "create_highlevel": "Created in HighLevel",
    "update_rezora": "Updated in Rezora",
    "update_highlevel": "Updated in HighLevel",
    "link": "Linked, the same person on both sides",
    "list": "Lists and tags",
    "opt_out": "E-mail stopped",
    "delete": "Deleted, as you approved",
    "hold": "Waits for you",
    "left_out": "Left out",
}
"""What can happen to a contact, as people read it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One mapped field of one side, before and after; ``names`` are that side's own field names.

    ``kind`` is ``field``, ``label`` (a tag or list, named by ``title``) or ``consent``; of the last two the
    values are words. ``before`` is blank for a new contact.
    """

    side: Side
    title: str
    names: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    kind: str = "field"


@dataclass(frozen=True, slots=True)
class Example:
    """One contact of a dry run: ``whats`` are keys of ``WHATS``, ``why`` the sign by which it is linked."""

    highlevel_id: str
    rezora_id: str
    name: str
    whats: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    why: str = ""
    reasons: tuple[str, ...] = ()  # keys of HELD, or of EXCLUDED

    @property
    def record_id(self) -> str:
        """The id it goes by: HighLevel's, if there is one."""
        return self.highlevel_id or self.rezora_id

    @property
    def writes(self) -> bool:
        """Would a sync write anything for it, or link it?"""
        return not {"hold", "left_out"}.issuperset(self.whats)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two contacts that may be one person, where a person has to say so; ``cause`` is a key of HELD."""

    cause: str
    highlevel_id: str
    highlevel_name: str
    rezora_id: str
    rezora_name: str
    detail: str


@dataclass(slots=True)
class Examples:
    """What a dry run collects on its way; ``counts`` are of all contacts, ``kept`` at most ``MOST``."""

    counts: Counter[str] = field(default_factory=Counter)
    kept: list[Example] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    unsure: int = 0  # candidates in all
    _of: Counter[str] = field(default_factory=Counter)

    def add(self, case: Case, policy: Policy) -> None:
        """Count a case, and keep it as an example if there is room for one of its kind."""
        whats = tuple(_whats(case))
        self.counts.update(whats)
        if not whats or len(self.kept) >= MOST:
            return
        if len(self.kept) < _FREE or min(self._of[what] for what in whats) < _EACH:
            self._of.update(whats)
            self.kept.append(_example(case, whats, policy))

    def doubt(self, holds: Sequence[OpenHold], names: Mapping[str, str]) -> None:
        """Keep who may be whom; ``names`` by record id."""
        self.unsure += len(holds)
        for hold in holds[: MOST - len(self.candidates)]:
            highlevel, rezora = hold.highlevel_id, hold.rezora_id
            shown = names.get(highlevel, ""), names.get(rezora, "")
            self.candidates.append(Candidate(hold.cause, highlevel, shown[0], rezora, shown[1], hold.detail))

    def of(self, what: str = "") -> list[Example]:
        """The examples of one kind of change, or all."""
        return [example for example in self.kept if not what or what in example.whats]

    def find(self, record_id: str) -> Example | None:
        """The example of a contact, by its id on either side."""
        same = (one for one in self.kept if record_id in (one.highlevel_id, one.rezora_id))
        return next(same, None) if record_id else None

    def suggested(self, count: int = 5) -> list[Example]:
        """So many contacts to try a sync on: one of each kind of change first."""
        able = [example for example in self.kept if example.writes]
        chosen: dict[str, Example] = {}
        for what in WHATS:
            found = next((one for one in able if what in one.whats and one.record_id not in chosen), None)
            if found is not None and len(chosen) < count:
                chosen[found.record_id] = found
        for one in able:
            if len(chosen) >= count:
                break
            chosen.setdefault(one.record_id, one)
        return list(chosen.values())


def _whats(case: Case) -> Iterator[str]:
    """What would happen to a contact; nothing for one that is equal, or waits for an edit to settle."""
    plan = case.plan
    if plan is None or case.waits:
        return
    kinds = {_what(action): None for action in plan.actions}
    if case.kept is None and case.highlevel and case.rezora and not (plan.excluded or plan.holds):
        kinds["link"] = None
    if plan.holds:
        kinds["hold"] = None
    if plan.excluded or plan.closed:
        kinds["left_out"] = None
    yield from (what for what in WHATS if what in kinds)


def _what(action: Action) -> str:
    match action:
        case Create() | Update():
            return f"{type(action).__name__.lower()}_{action.side.value}"
        case ChangeLabel():
            return "list"
        case OptOut():
            return "opt_out"
        case Delete():
            return "delete"


def _example(case: Case, whats: tuple[str, ...], policy: Policy) -> Example:
    plan = case.plan
    assert plan is not None  # noqa: S101  # without a plan nothing would happen
    changes = [change for action in plan.actions for change in _changes(case, action, policy)]
    reasons = [hold.cause for hold in plan.holds] + [each for each in (plan.excluded, plan.closed) if each]
    why = _sign(case) if "link" in whats else ""
    return Example(*case.ids, case.first.name, whats, tuple(changes), why, tuple(dict.fromkeys(reasons)))


def _sign(case: Case) -> str:
    """By what matching took the two for one person, in the order in which it looks (``match.py``)."""
    one, two = case.highlevel, case.rezora
    if one is None or two is None:
        return ""
    if one.record.marker == two.record.id:
        return "marker"
    return "email" if one.email and one.email == two.email else "phone"


def _changes(case: Case, action: Action, policy: Policy) -> Iterator[Change]:
    """One action as people compare it: per rule of the mapping, with both values."""
    side = action.side
    if isinstance(action, ChangeLabel):
        words = ((OFF,), (ON,)) if action.present else ((ON,), (OFF,))
        yield Change(side, action.label, (), *words, kind="label")
    elif isinstance(action, OptOut):
        yield Change(side, "e-mail consent", (), (MAY_EMAIL,), (NO_EMAIL,), kind="consent")
    elif isinstance(action, Create | Update):
        sight = case.highlevel if side is Side.HIGHLEVEL else case.rezora
        shown = sight.record.fields if isinstance(action, Update) and sight else {}
        left = dict(action.fields)
        for rule in policy.rules:
            names = rule.names(side)
            if left.keys().isdisjoint(names):
                continue
            before = tuple(shown.get(name, "") for name in names)
            after = tuple(left.pop(name, shown.get(name, "")) for name in names)
            if any(after) or any(before):
                yield Change(side, rule.name, names, before, after)
        for name, value in left.items():
            if value or shown.get(name):
                yield Change(side, name, (name,), (shown.get(name, ""),), (value,))
        for label in action.labels if isinstance(action, Create) else ():
            yield Change(side, label, (), (OFF,), (ON,), kind="label")
