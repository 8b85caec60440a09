"""What one pair of contacts calls for: the one function behind dry run, preview and sync."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from landbridge.sync.addresses import is_email
from landbridge.sync.fingerprint import digest
from landbridge.sync.merge import Outcome, Sight, Values, Verdict, decide
from landbridge.sync.model import Link, Record, Side
from landbridge.sync.rules import LabelRule, Policy, Rule
from landbridge.sync.values import Converter


@dataclass(frozen=True, slots=True)
class Create:
    """A new contact on ``side``, from the record ``source_id`` of the other side."""

    side: Side
    source_id: str
    fields: Mapping[str, str]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """Only the changed fields of one record; ``before`` is what they show now."""

    side: Side
    record_id: str
    fields: Mapping[str, str]
    before: Mapping[str, str]
    rules: tuple[str, ...]
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OptOut:
    """Stop e-mail to a record; always the first action of a plan."""

    side: Side
    record_id: str


@dataclass(frozen=True, slots=True)
class ChangeLabel:
    """Put a record on a list, or take it off."""

    side: Side
    record_id: str
    label: str
    present: bool


Action = Create | Update | OptOut | ChangeLabel


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that waits for a person; ``cause`` is a key of ``reasons.HELD``."""

    cause: str
    rule: str = ""
    highlevel: str = ""
    rezora: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the planner may know of one pair; ``suppressed``: the address opted out somewhere."""

    highlevel: Record | None
    rezora: Record | None
    link: Link | None = None
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in their order, holds, and the bases that hold once all actions are done.

    ``excluded`` is a key of ``reasons.EXCLUDED`` or empty.
    """

    actions: tuple[Action, ...] = ()
    holds: tuple[Hold, ...] = ()
    excluded: str = ""
    base_highlevel: Mapping[str, str] = field(default_factory=dict)
    base_rezora: Mapping[str, str] = field(default_factory=dict)

    @property
    def overwrites(self) -> bool:
        """Would a value that is shown now be replaced?"""
        return any(isinstance(action, Update) and any(action.before.values()) for action in self.actions)


def plan(policy: Policy, converters: Mapping[str, Converter], situation: Situation) -> Plan:
    """Decide for one pair; for many pairs keep a ``Planner``."""
    return Planner(policy, converters).plan(situation)


class Planner:
    """Decides for the pairs of one bridge; pure and repeatable. The table is section 4 of
    sync-correctness.md.
    """

    def __init__(self, policy: Policy, converters: Mapping[str, Converter]) -> None:
        self.policy = policy
        self._rules = [(rule, converters[rule.converter]) for rule in policy.rules]
        towards = [(rule, known) for rule, known in self._rules if rule.direction.reaches(Side.REZORA)]
        self._created = [(rule.highlevel, rule.rezora, known.to_rezora) for rule, known in towards]
        self._prints = [(rule.rezora, known.canon) for rule, known in towards]
        self._blank = {name: "" for rule, _ in towards for name in rule.rezora}
        self._based_on = [name for rule in policy.rules for name in rule.highlevel]
        self._labels = [rule for rule in policy.labels if rule.direction.reaches(Side.REZORA)]

    def plan(self, situation: Situation) -> Plan:
        """What one pair of contacts calls for."""
        if situation.highlevel is None:
            return Plan(holds=(Hold("missing_in_highlevel"),))
        if situation.rezora is None:
            if situation.link is not None:
                return Plan(holds=(Hold("missing_in_rezora"),))  # never created again (property S6)
            return self._plan_create(situation.highlevel, suppressed=situation.suppressed)
        if situation.rezora.read_only:
            return Plan(excluded="self_contact")
        return self._plan_pair(situation.highlevel, situation.rezora, situation)

    def body_print(self, fields: Mapping[str, str]) -> str:
        """The mapped Rezora fields in canonical form: equal for a body we sent and the record it became."""
        return digest(
            [canon(Side.REZORA, tuple([fields.get(n, "") for n in names])) for names, canon in self._prints]
        )

    def _plan_create(self, source: Record, *, suppressed: bool) -> Plan:
        """A contact that only HighLevel has."""
        fields = self._translated(source.fields)
        excluded = self._why_not(source, fields, suppressed=suppressed)
        if excluded:
            return Plan(excluded=excluded)
        tagged = {rule.list: _tagged(source, rule) for rule in self._labels}
        labels = tuple(name for name, joins in tagged.items() if joins)
        if self.policy.default_list and self.policy.default_list not in labels:
            labels += (self.policy.default_list,)
        base_highlevel = {name: source.fields[name] for name in self._based_on if name in source.fields}
        base_highlevel |= {_label_key(name): "1" if joins else "0" for name, joins in tagged.items()}
        base_highlevel |= {_label_key(name): "1" for name in labels}
        base_rezora = self._blank | fields | {_label_key(name): "1" for name in labels}
        return Plan((Create(Side.REZORA, source.id, fields, labels),), (), "", base_highlevel, base_rezora)

    def _read_back(self, bases: dict[Side, dict[str, str]], highlevel: Record, rezora: Record) -> None:
        """What we sent to Rezora was never read back: what it shows is the base, unless both sides moved.

        A value that Rezora rewrote cannot be told from one that somebody edited there; where HighLevel
        moved as well, the value as sent stays the base, so that the rule's strategy decides.
        """
        for rule, converter in self._rules:
            shown = _values(rezora.fields, rule.rezora)
            sent = _values(bases[Side.REZORA], rule.rezora)
            if shown is None or sent is None:
                continue
            moved = _values(highlevel.fields, rule.highlevel) != _values(
                bases[Side.HIGHLEVEL], rule.highlevel
            )
            same = converter.canon(Side.REZORA, shown) == converter.canon(Side.REZORA, sent)
            if same or not moved:
                bases[Side.REZORA] |= dict(zip(rule.rezora, shown, strict=True))

    def _translated(self, shown: Mapping[str, str]) -> dict[str, str]:
        """The Rezora fields a new contact gets: values only, blanks are not sent."""
        fields: dict[str, str] = {}
        for names, targets, to_rezora in self._created:
            values = _values(shown, names)
            if values is not None and any(values):
                written = zip(targets, to_rezora(values), strict=True)
                fields |= {name: value for name, value in written if value}
        return fields

    def _why_not(self, source: Record, fields: Mapping[str, str], *, suppressed: bool) -> str:  # noqa: PLR0911  # one line a reason
        """The reason for which a contact is not created, or an empty string."""
        email = fields.get("contact_email", "")
        if not self.policy.create_in_rezora:
            return "create_off"
        if source.opted_out is not False:
            return "opted_out" if source.opted_out else "consent_unknown"
        if suppressed:
            return "address_opted_out"
        if not email and not any(name.startswith("contact_phone") for name in fields):
            return "no_address"
        if not email and self.policy.require_email:
            return "no_email"
        if email and not is_email(email):
            return "bad_email"
        return "" if fields.get("contact_name") else "no_name"

    def _plan_pair(self, highlevel: Record, rezora: Record, situation: Situation) -> Plan:
        """Two records that belong together."""
        link = situation.link or Link(highlevel.id, rezora.id)
        bases = {Side.HIGHLEVEL: dict(link.base_highlevel), Side.REZORA: dict(link.base_rezora)}
        if link.unread is Side.REZORA:
            self._read_back(bases, highlevel, rezora)
        draft = _Draft(bases)
        if self.policy.opt_out:
            _plan_opt_out(draft, highlevel, rezora, suppressed=situation.suppressed)
        for rule, converter in self._rules:
            _plan_rule(draft, rule, converter, highlevel, rezora)
        wanted = {rule.list: _tagged(highlevel, rule) for rule in self._labels}
        default = self.policy.default_list
        if default and bases[Side.HIGHLEVEL].get(_label_key(default)) == "1":
            wanted.setdefault(default, True)
        out = situation.suppressed or highlevel.opted_out is not False or rezora.opted_out is not False
        _plan_labels(draft, wanted, rezora, out=out)
        actions = tuple(draft.actions(rezora.id, highlevel.id))
        return Plan(actions, tuple(draft.holds), "", bases[Side.HIGHLEVEL], bases[Side.REZORA])


class _Draft:
    """Collects what the fields of one pair call for."""

    def __init__(self, bases: dict[Side, dict[str, str]]) -> None:
        self.bases = bases
        self.fields: dict[Side, dict[str, str]] = {side: {} for side in Side}
        self.before: dict[Side, dict[str, str]] = {side: {} for side in Side}
        self.rules: dict[Side, list[str]] = {side: [] for side in Side}
        self.conflicts: list[str] = []
        self.holds: list[Hold] = []
        self.labels: list[ChangeLabel] = []
        self.opt_out = False

    def actions(self, rezora_id: str, highlevel_id: str) -> Iterator[Action]:
        """In the order of section 5: suppression, fields, labels."""
        if self.opt_out:
            yield OptOut(Side.REZORA, rezora_id)
        for side, record_id in ((Side.REZORA, rezora_id), (Side.HIGHLEVEL, highlevel_id)):
            if self.fields[side]:
                yield Update(
                    side,
                    record_id,
                    self.fields[side],
                    self.before[side],
                    tuple(self.rules[side]),
                    tuple(self.conflicts),
                )
        yield from self.labels


def _plan_opt_out(draft: _Draft, highlevel: Record, rezora: Record, *, suppressed: bool) -> None:
    """Only ever towards less e-mail (property S8); unknown is never read as sendable."""
    wants_out = highlevel.opted_out is True or suppressed
    if wants_out and rezora.opted_out is False:
        draft.opt_out = True
    if wants_out and rezora.opted_out is None:
        draft.holds.append(Hold("opt_out_did_not_stick"))
    if rezora.opted_out is True and highlevel.opted_out is False:
        draft.holds.append(Hold("opted_out_in_rezora"))


def _plan_rule(draft: _Draft, rule: Rule, converter: Converter, highlevel: Record, rezora: Record) -> None:
    """One mapped field of one pair."""
    sights = {
        Side.HIGHLEVEL: Sight(
            _values(highlevel.fields, rule.highlevel), _values(draft.bases[Side.HIGHLEVEL], rule.highlevel)
        ),
        Side.REZORA: Sight(
            _values(rezora.fields, rule.rezora), _values(draft.bases[Side.REZORA], rule.rezora)
        ),
    }
    verdict = decide(rule, converter.canon, sights[Side.HIGHLEVEL], sights[Side.REZORA])
    if verdict.outcome is Outcome.WRITE:
        _draft_write(draft, rule, converter, sights, verdict)
    elif verdict.outcome is Outcome.SETTLE:
        for side in Side:
            draft.bases[side] |= dict(zip(rule.names(side), sights[side].now or (), strict=True))
    elif verdict.outcome is Outcome.HOLD:
        shown = {side: " / ".join(filter(None, sights[side].now or ())) for side in Side}
        draft.holds.append(Hold(verdict.cause, rule.name, shown[Side.HIGHLEVEL], shown[Side.REZORA]))


def _draft_write(
    draft: _Draft, rule: Rule, converter: Converter, sights: dict[Side, Sight], verdict: Verdict
) -> None:
    """Note the changed fields of one rule for its target, and the bases that follow."""
    target = verdict.target or Side.REZORA
    source_now, target_now = sights[target.other].now or (), sights[target].now or ()
    written = _convert(converter, target, source_now, target_now)
    names = rule.names(target)
    for name, value, old in zip(names, written, target_now, strict=True):
        if value != old:
            draft.fields[target][name] = value
            draft.before[target][name] = old
    draft.rules[target].append(rule.name)
    if verdict.conflict:
        draft.conflicts.append(rule.name)
    draft.bases[target] |= dict(zip(names, written, strict=True))
    draft.bases[target.other] |= dict(zip(rule.names(target.other), source_now, strict=True))


def _plan_labels(draft: _Draft, wanted: Mapping[str, bool], rezora: Record, *, out: bool) -> None:
    """Tags towards lists: a tag joins, a tag removed since base leaves.

    Nobody joins who opted out, or of whom that is not known; who was taken off a list in Rezora stays off.
    """
    if rezora.labels is None:
        return
    for name, tagged in wanted.items():
        key, listed = _label_key(name), name in rezora.labels
        base = {side: draft.bases[side].get(key) for side in Side}
        agreed = base[Side.HIGHLEVEL] == base[Side.REZORA] == "1"
        if tagged and not listed and not agreed and not out:
            draft.labels.append(ChangeLabel(Side.REZORA, rezora.id, name, present=True))
            listed = True
        elif not tagged and listed and base[Side.HIGHLEVEL] == "1":
            draft.labels.append(ChangeLabel(Side.REZORA, rezora.id, name, present=False))
            listed = False
        if not (tagged and out):
            draft.bases[Side.HIGHLEVEL][key] = "1" if tagged else "0"
            if listed or not (tagged and agreed):
                draft.bases[Side.REZORA][key] = "1" if listed else "0"


def _tagged(record: Record, rule: LabelRule) -> bool:
    """Tags compare case-folded (section 8, set3)."""
    wanted = rule.tag.casefold()
    return any(tag.casefold() == wanted for tag in record.labels or ())


def _label_key(name: str) -> str:
    """Labels live in the base beside the fields, under a name no field can have."""
    return f"label:{name}"


def _values(fields: Mapping[str, str], names: tuple[str, ...]) -> Values | None:
    """The named values, or None when any of them is absent."""
    found = tuple([fields[name] for name in names if name in fields])  # a list is faster than a generator
    return found if len(found) == len(names) else None


def _convert(converter: Converter, target: Side, values: Values, hint: Values) -> Values:
    if target is Side.REZORA:
        return converter.to_rezora(values, hint)
    return converter.to_highlevel(values, hint)
