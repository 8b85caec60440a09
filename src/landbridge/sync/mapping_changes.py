"""What another mapping changes, in sentences for people: which fields, and what the next sync does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from landbridge.sync.model import ACTIVITIES, Side
from landbridge.sync.rules import Direction, LabelRule, OnDelete, Policy, Rule, Strategy

DIRECTIONS = {
    Direction.BOTH: "both ways",
    Direction.TO_REZORA: "to Rezora only",
    Direction.TO_HIGHLEVEL: "to HighLevel only",
}


def mapping_changes(before: Policy, after: Policy) -> list[str]:
    """One sentence for each thing that is not as it was; empty where both mean the same."""
    return [
        *_fields(before.rules, after.rules),
        *_labels(before.labels, after.labels),
        *_scope(before, after),
        *_choices(before, after),
        *_activities(before, after),
    ]


def _pairs(rules: Sequence[Rule]) -> dict[tuple[tuple[str, ...], tuple[str, ...]], Rule]:
    """By both sides' names: what a rule is called does not matter to what it does."""
    return {(rule.highlevel, rule.rezora): rule for rule in rules}


def _fields(before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[str]:
    was, is_now = _pairs(before), _pairs(after)
    for key in (one for one in is_now if one not in was):
        yield _new(is_now[key])
    for key in (one for one in was if one not in is_now):
        yield f"“{was[key].name}” is carried no more: what is there stays on both sides."
    for key in (one for one in is_now if one in was):
        yield from _changed(was[key], is_now[key])


def _new(rule: Rule) -> str:
    start = f"“{rule.name}” is carried from now on, {DIRECTIONS[rule.direction]}"
    if rule.strategy is Strategy.SOURCE:
        return f"{start}: what {rule.prefer.title} shows is written over what the other side has."
    if rule.strategy is Strategy.IMMUTABLE:
        return f"{start}: nothing is written over it; where both sides differ, it waits for you."
    return (
        f"{start}: a blank side gets the other’s value, and where both have one and differ, it waits for you."
    )


def _changed(was: Rule, now: Rule) -> Iterator[str]:
    if was.direction is not now.direction:
        yield f"“{now.name}” goes {DIRECTIONS[now.direction]}, no longer {DIRECTIONS[was.direction]}."
    if (was.strategy, was.prefer) != (now.strategy, now.prefer):
        yield f"“{now.name}”: when both sides changed it, {_wins(now)}."
    if was.converter != now.converter:
        yield f"“{now.name}” is read as {now.converter} and compared anew."


def _wins(rule: Rule) -> str:
    side = rule.prefer.title
    return {
        Strategy.HOLD: "it waits for you",
        Strategy.SOURCE: f"{side} owns it, and an edit elsewhere is put back",
        Strategy.FILL_BLANK: f"a value beats a blank, else {side}’s stands",
        Strategy.IMMUTABLE: "nothing is written, and you are told",
    }.get(rule.strategy, f"{side}’s value stands")


def _labels(before: Sequence[LabelRule], after: Sequence[LabelRule]) -> Iterator[str]:
    was, is_now = ({(rule.name, rule.key): rule for rule in rules} for rules in (before, after))
    for key in (one for one in is_now if one not in was):
        rule = is_now[key]
        yield (
            f"The tag “{rule.name}” and “{_rezora(rule)}” mean the same from now on,"
            f" {DIRECTIONS[rule.direction]}: whoever has one of them gets the other."
        )
    for key in (one for one in was if one not in is_now):
        rule = was[key]
        yield f"The tag “{rule.name}” and “{_rezora(rule)}” are carried no more: nobody is taken off."
    for key in (one for one in is_now if one in was):
        if was[key].direction is not is_now[key].direction:
            yield f"The tag “{is_now[key].name}” goes {DIRECTIONS[is_now[key].direction]} now."


def _rezora(rule: LabelRule) -> str:
    return rule.list or f"{rule.rezora_field} = {rule.rezora_option}"


def _scope(before: Policy, after: Policy) -> Iterator[str]:
    if before.scope == after.scope:
        return
    if not after.scope.restricted:
        yield "The bridge is about all contacts again: those outside the former scope come in."
        return
    yield (
        "The bridge is about other contacts than before: whoever is outside is unlinked and stays as is on"
        " both sides; whoever comes in is matched like anybody new."
    )


def _choices(before: Policy, after: Policy) -> Iterator[str]:
    if before.opt_out != after.opt_out:
        yield (
            "Opt-outs are carried between the systems again."
            if after.opt_out
            else "Opt-outs are carried no more: who unsubscribes in one system may get mail from the other."
        )
    for side in Side:
        key = f"create_in_{side.value}"
        if getattr(before, key) != getattr(after, key):
            words = "are created again" if getattr(after, key) else "are not created any more"
            yield f"Contacts that only {side.other.title} has {words} in {side.title}."
    if before.require_email != after.require_email:
        yield (
            "Contacts without an e-mail address are left out."
            if after.require_email
            else "Contacts without an e-mail address are carried too."
        )
    if before.default_list != after.default_list:
        yield (
            f"Contacts created in Rezora join the list “{after.default_list}”."
            if after.default_list
            else "Contacts created in Rezora join no list by themselves."
        )
    if before.default_country != after.default_country:
        yield f"Phone numbers without a country are read as of {after.default_country}."
    if before.on_delete is not after.on_delete:
        yield (
            "When a contact is deleted on one side, you are asked about the other."
            if after.on_delete is OnDelete.ASK
            else "When a contact is deleted on one side, the other stays."
        )
    if before.settle_seconds != after.settle_seconds:
        yield f"A contact that was edited less than {after.settle_seconds} seconds ago waits."


def _activities(before: Policy, after: Policy) -> Iterator[str]:
    for kind in ACTIVITIES:
        was, now = before.activity(kind), after.activity(kind)
        if was == now:
            continue
        title = f"{kind.value.capitalize()}s"
        if now is None:
            yield f"{title} are carried no more: what is there stays on both sides."
        else:
            yield f"{title} go along with their contacts, {DIRECTIONS[now.direction]}."
    if before.lists != after.lists:
        yield "The lists that follow from tasks and appointments are others: they are filled anew."
