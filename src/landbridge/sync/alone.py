"""A contact that only one side has: what it becomes on the other, or why it stays where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from landbridge.sync.actions import Create, Hold, Plan, Situation
from landbridge.sync.addresses import is_email
from landbridge.sync.fingerprint import digest
from landbridge.sync.labels import label_key, present
from landbridge.sync.merge import difference, values_of
from landbridge.sync.model import Record, Side
from landbridge.sync.rules import LabelRule, Policy, Rule
from landbridge.sync.values import Converter

_EMAIL = {Side.HIGHLEVEL: "email", Side.REZORA: "contact_email"}
_PHONE = {Side.HIGHLEVEL: "phone", Side.REZORA: "contact_phone"}


class Newcomer:
    """Contacts to be created on ``target``, from records that the other side has alone."""

    def __init__(self, policy: Policy, rules: Sequence[tuple[Rule, Converter]], target: Side) -> None:
        self.policy = policy
        self._target = target
        self._rules = [(rule, known) for rule, known in rules if rule.direction.reaches(target)]
        self._one_way = [(rule, known) for rule, known in rules if not rule.direction.reaches(target)]
        self._based_on = [name for rule, _ in rules for name in rule.names(target.other)]
        self._blank = {name: "" for rule, _ in self._rules for name in rule.names(target)}
        self._labels = [rule for rule in policy.labels if rule.direction.reaches(target)]

    def plan(self, source: Record, situation: Situation) -> Plan:
        """The create, or the reason for none."""
        choice = situation.choices.get("")
        wanted = choice is not None and choice.use == "create"
        if source.read_only:
            return Plan(excluded="self_contact")
        if outside := self.policy.scope.why_not(source):
            return Plan(excluded=outside, cells=("alone, left out",))
        unsure = situation.tombstone == "restored" and not wanted
        if situation.tombstone and not (wanted or unsure):
            return Plan(excluded=situation.tombstone, cells=("alone, never again",))
        carried = self._carried(source)
        fields = self._translated(source.fields)
        fields |= {
            rule.field(self._target): rule.option(self._target)
            for rule in carried
            if rule.field(self._target)
        }
        excluded = self._why_not(source, fields, suppressed=situation.suppressed)
        if excluded:
            return Plan(excluded=excluded, cells=("alone, left out",))
        if unsure:  # the database is older than what happened: nobody who could be created is, unasked
            return Plan(holds=(Hold("restored_alone"),), cells=("alone, never again",))
        labels = tuple(dict.fromkeys(self._label(rule) for rule in carried if not rule.field(self._target)))
        default = self.policy.default_list if self._target is Side.REZORA else ""
        if default and default.casefold() not in {name.casefold() for name in labels}:
            labels += (default,)
        create = Create(self._target, source.id, fields, labels, situation.barred)
        bases, notes = self._bases(source, fields, labels, carried)
        return Plan(
            (create,), (), "", bases[Side.HIGHLEVEL], bases[Side.REZORA], notes, cells=("alone, created",)
        )

    def body_print(self, fields: Mapping[str, str]) -> str:
        """The mapped fields of the target in canonical form."""
        target = self._target
        return digest(
            [
                known.canon(target, tuple([fields.get(name, "") for name in rule.names(target)]))
                for rule, known in self._rules
            ]
        )

    def _carried(self, source: Record) -> list[LabelRule]:
        """The marks that go with the contact: of two options of one field the first only."""
        carried: list[LabelRule] = []
        taken: set[str] = set()
        for rule in self._labels:
            name = rule.field(self._target)
            if present(rule, source) and name not in taken:
                carried.append(rule)
                taken |= {name} - {""}
        return carried

    def _label(self, rule: LabelRule) -> str:
        return rule.list if self._target is Side.REZORA else rule.tag

    def _bases(
        self, source: Record, fields: Mapping[str, str], labels: Sequence[str], carried: Sequence[LabelRule]
    ) -> tuple[dict[Side, dict[str, str]], dict[str, str]]:
        """What both sides are taken to show once the contact is created, and where they differ by rule."""
        shown = {name: source.fields[name] for name in self._based_on if name in source.fields}
        made = self._blank | dict(fields)
        notes = {}
        for rule, known in self._one_way:
            values = tuple(source.fields.get(name, "") for name in rule.names(source.side))
            made |= {name: "" for name in rule.names(self._target) if name not in made}
            canon = {source.side: known.canon(source.side, values), self._target: ""}
            if canon[source.side]:
                notes[rule.name] = difference(canon[Side.HIGHLEVEL], canon[Side.REZORA])
        for label in self.policy.labels:
            there = present(label, source)
            waits = there and label in self._labels and label not in carried  # there is no room for it
            if there is not None and not waits:
                shown[label_key(label)] = "1" if there else "0"
                made[label_key(label)] = "1" if label in carried else "0"
        default = self.policy.default_list
        if self._target is Side.REZORA and default in labels:
            shown[f"label:{default}"] = made[f"label:{default}"] = "1"
        return {source.side: shown, self._target: made}, notes

    def _translated(self, shown: Mapping[str, str]) -> dict[str, str]:
        """The fields a new contact gets: values only, blanks are not sent."""
        fields: dict[str, str] = {}
        for rule, known in self._rules:
            values = values_of(shown, rule.names(self._target.other))
            if values is not None and any(values):
                to = known.to_rezora if self._target is Side.REZORA else known.to_highlevel
                written = zip(rule.names(self._target), to(values), strict=True)
                fields |= {name: value for name, value in written if value}
        return fields

    def _why_not(self, source: Record, fields: Mapping[str, str], *, suppressed: bool) -> str:  # noqa: PLR0911  # one line a reason
        """The reason for which a contact is not created, or an empty string."""
        email = fields.get(_EMAIL[self._target], "")
        if not self.policy.creates(self._target):
            return f"create_off_{self._target.value}"
        if source.opted_out is not False:
            return "opted_out" if source.opted_out else "consent_unknown"
        if suppressed:
            return "address_opted_out"
        if not email and not any(name.startswith(_PHONE[self._target]) for name in fields):
            return "no_address"
        if email and not is_email(email):
            return "bad_email"
        if self._target is Side.HIGHLEVEL:
            return ""
        if not email and self.policy.require_email:
            return "no_email"
        return "" if fields.get("contact_name") else "no_name"
