"""What makes a mapping unusable: one line for each problem, with the place, the fault and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from landbridge.sync.fields import (
    CUSTOM_FIELD,
    CUSTOM_FIELD_CONVERTERS,
    HIGHLEVEL_FIELDS,
    REFUSED,
    REZORA_FIELDS,
    native_field,
)
from landbridge.sync.model import Kind, Side
from landbridge.sync.rules import (
    FIELD_STRATEGIES,
    REFUSED_STRATEGIES,
    Direction,
    LabelRule,
    Policy,
    Rule,
    Strategy,
)
from landbridge.sync.values import CONVERTERS, is_country

_IDS_SHOWN = 20


def policy_problems(policy: Policy) -> list[str]:
    """Everything that makes a policy unusable, one line each; empty when it is good."""
    return [
        *country_problems(policy.default_country),
        *_email_problems(policy),
        *(problem for rule in policy.rules for problem in (*unknown_words(rule), *_misfits(rule))),
        *_repeated_rules(policy.rules),
        *_repeated_labels(policy.labels),
        *_label_fields(policy.labels, policy.rules),
        *_appointments(policy),
        *_repeated_lists(policy),
    ]


def _appointments(policy: Policy) -> Iterator[str]:
    """A new appointment in HighLevel needs a calendar, which no other system names (highlevel.md 2.2)."""
    rule = policy.activity(Kind.APPOINTMENT)
    if rule is not None and rule.direction is Direction.TO_HIGHLEVEL:
        yield (
            'appointments, direction: "to_highlevel" alone is not possible, as HighLevel books into its own'
            ' calendars; allowed: "to_rezora", or "both" to carry edits of linked appointments back.'
        )


def _repeated_lists(policy: Policy) -> Iterator[str]:
    """One list cannot stand for two things, nor be kept by a label as well."""
    names = [rule.list.casefold() for rule in policy.lists]
    named = {rule.list.casefold() for rule in policy.labels} | {policy.default_list.casefold()} - {""}
    for rule, name in zip(policy.lists, names, strict=True):
        if names.count(name) > 1 or name in named:
            yield (
                f"list {shown(rule.list)}: is kept by another rule of this mapping already;"
                " allowed: a list of its own."
            )


def country_problems(code: str) -> Iterator[str]:
    """The country must be one whose phone numbers can be read."""
    if not is_country(code):
        yield (
            f"default_country: {shown(code)} is not a country;"
            ' allowed: a two-letter code in capitals, such as "US" or "CA".'
        )


def unknown_words(rule: Rule) -> Iterator[str]:
    """Field names and converters that do not exist or cannot be mapped; blanks are left to the reader."""
    for side in Side:
        for name in rule.names(side):
            if problem := _unknown_name(side, name):
                yield f'field "{rule.name}", {side.value}: {problem}'
    if rule.converter and rule.converter not in CONVERTERS:
        near = meant(rule.converter, CONVERTERS)
        yield (
            f'field "{rule.name}", converter: {shown(rule.converter)} is not known{near};'
            f" allowed: {listed(CONVERTERS)}."
        )


def _unknown_name(side: Side, name: str) -> str:
    if why := REFUSED[side].get(name):
        return f'"{name}" cannot be mapped: {why}.'
    if native_field(side, name):
        return ""
    known = HIGHLEVEL_FIELDS if side is Side.HIGHLEVEL else REZORA_FIELDS
    more = ", additionalPhones.<n>, additionalEmails.<n>, customFields.<id>" if side is Side.HIGHLEVEL else ""
    return f"{side.title} has no field {shown(name)}{meant(name, known)}; allowed: {listed(known)}{more}."


def _misfits(rule: Rule) -> Iterator[str]:
    """Known words that do not go together."""
    place = f'field "{rule.name}"'
    for side in Side:
        for name in rule.names(side):
            field = native_field(side, name)
            if field and not field.writable and rule.direction.reaches(side):
                yield (
                    f'{place}, {side.value}: "{name}" cannot be written ({field.why});'
                    f' allowed: direction = "{_toward(side.other)}".'
                )
    if converter := CONVERTERS.get(rule.converter):
        for side, count in ((Side.HIGHLEVEL, converter.highlevel), (Side.REZORA, converter.rezora)):
            if len(rule.names(side)) != count:
                yield (
                    f"{place}, {side.value}: wrong number of fields, {len(rule.names(side))};"
                    f' allowed: {count} with the converter "{rule.converter}".'
                )
    yield from _strategy_problems(rule)


def _strategy_problems(rule: Rule) -> Iterator[str]:
    place = f'field "{rule.name}"'
    if rule.strategy not in FIELD_STRATEGIES:
        yield (
            f'{place}, strategy: "{rule.strategy}" cannot be chosen: {REFUSED_STRATEGIES[rule.strategy]};'
            f" allowed: {listed(FIELD_STRATEGIES)}."
        )
    elif rule.strategy is Strategy.SOURCE and not rule.direction.reaches(rule.prefer.other):
        yield (
            f"{place}, prefer: {rule.prefer.title} is the source, but the direction does not lead away from"
            f' it; allowed: direction = "{_toward(rule.prefer.other)}" or prefer = "{rule.prefer.other}".'
        )


def _toward(side: Side) -> Direction:
    return Direction.TO_REZORA if side is Side.REZORA else Direction.TO_HIGHLEVEL


def _email_problems(policy: Policy) -> Iterator[str]:
    names = (("email",), ("contact_email",))
    rule = next((rule for rule in policy.rules if (rule.highlevel, rule.rezora) == names), None)
    if rule is None or rule.converter != "email":
        yield (
            'field: the e-mail rule is missing, by which contacts are recognised; add highlevel = "email",'
            ' rezora = "contact_email", converter = "email".'
        )
    elif policy.create_in_rezora and not rule.direction.reaches(Side.REZORA):
        yield (
            f'field "{rule.name}", direction: contacts created in Rezora would have no address;'
            " allowed: both, to_rezora, or create_in_rezora = false."
        )


def _repeated_rules(rules: Iterable[Rule]) -> Iterator[str]:
    """Names once; one writer for each field; no field twice in one rule."""
    seen: set[str] = set()
    writers: dict[tuple[Side, str], str] = {}
    for rule in rules:
        if rule.name in seen:
            yield f'field "{rule.name}", name: two rules have this name; allowed: each name once.'
        seen.add(rule.name)
        for side in Side:
            names = rule.names(side)
            if len(set(names)) < len(names):
                yield f'field "{rule.name}", {side.value}: a field is named twice; allowed: each once.'
            for name in dict.fromkeys(names) if rule.direction.reaches(side) else ():
                if (side, name) in writers:
                    yield (
                        f'field "{rule.name}", {side.value}: "{name}" is already written by the field'
                        f' "{writers[side, name]}"; allowed: one writer for each field.'
                    )
                writers.setdefault((side, name), rule.name)


def _repeated_labels(labels: Iterable[LabelRule]) -> Iterator[str]:
    """One writer for each list and each tag, else two rules undo one another."""
    seen: set[tuple[Side, str]] = set()
    for number, rule in enumerate(labels, 1):
        for key, side in (("list", Side.REZORA), ("tag", Side.HIGHLEVEL)):
            field = rule.field(side)
            plain = rule.list if side is Side.REZORA else rule.tag
            name = f"{field}={rule.option(side)}" if field else plain
            if not rule.direction.reaches(side):
                continue
            if (side, name.casefold()) in seen:
                yield (
                    f'label {number} ("{rule.name}"), {key}: another label rule already fills this {key};'
                    f" allowed: one rule for each {key}."
                )
            seen.add((side, name.casefold()))


def _label_fields(labels: Iterable[LabelRule], rules: Iterable[Rule]) -> Iterator[str]:
    """Fields whose options are marks must be known, writable where the rule leads, and nobody else's."""
    written = {(side, name) for rule in rules for side in Side for name in rule.names(side)}
    for number, rule in enumerate(labels, 1):
        for side in Side:
            name = rule.field(side)
            place = f'label {number} ("{rule.name}"), {side.value}_field'
            if not name:
                continue
            field = native_field(side, name)
            if field is None:
                yield f"{place}: {_unknown_name(side, name)}"
            elif not field.writable and rule.direction.reaches(side):
                yield (
                    f'{place}: "{name}" cannot be written ({field.why});'
                    f' allowed: direction = "{_toward(side.other)}".'
                )
            elif (side, name) in written:
                yield f'{place}: "{name}" is mapped by a [[field]] already; allowed: one or the other.'


def custom_field_problems(policy: Policy, known: Mapping[str, str]) -> list[str]:
    """Mapped custom fields that the account does not have, or whose type the converter does not read."""
    return [
        f'field "{rule.name}", highlevel: {problem}'
        for rule in policy.rules
        for name in rule.highlevel
        if (match := CUSTOM_FIELD.fullmatch(name)) and (problem := _custom_field(rule, match[1], known))
    ] + [
        f'label "{rule.name}", highlevel_field: this location has no custom field "{match[1]}"'
        f"{meant(match[1], known)}; remove the rule, or use an id that the location has: {_ids(known)}."
        for rule in policy.labels
        if (match := CUSTOM_FIELD.fullmatch(rule.highlevel_field)) and match[1] not in known
    ]


def _custom_field(rule: Rule, field_id: str, known: Mapping[str, str]) -> str:
    kind = known.get(field_id)
    if kind is None:
        return (
            f'this location has no custom field "{field_id}"{meant(field_id, known)};'
            f" remove the rule, or use an id that the location has: {_ids(known)}."
        )
    fitting = CUSTOM_FIELD_CONVERTERS.get(kind)
    if fitting is None:
        return (
            f'custom field "{field_id}" has the unknown field type {shown(kind)}, which no converter reads;'
            f" remove the rule, or map a field of one of the types {listed(CUSTOM_FIELD_CONVERTERS)}."
        )
    if rule.converter not in fitting:
        return (
            f'custom field "{field_id}" has the type {kind}, which the converter "{rule.converter}" cannot'
            f" read; allowed: {listed(fitting)}."
        )
    return ""


def _ids(known: Mapping[str, str]) -> str:
    """The first ids of a location, each with its type."""
    some = [f"{field_id} ({kind})" for field_id, kind in sorted(known.items())[:_IDS_SHOWN]]
    return listed(some + ["..."] * (len(known) > _IDS_SHOWN)) or "it has none"


def shown(value: object) -> str:
    """A wrong value as its line shows it, cut to a readable length."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def meant(word: str, allowed: Iterable[str]) -> str:
    """`` (did you mean ...?)``, or nothing when no allowed word is near."""
    known = {word.casefold(): word for word in allowed}
    near = get_close_matches(word.casefold()[:100], known, n=1, cutoff=0.6)
    return f' (did you mean "{known[near[0]]}"?)' if near else ""


def listed(words: Iterable[str]) -> str:
    """The allowed words of a problem line."""
    return ", ".join(words)
