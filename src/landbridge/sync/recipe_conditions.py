"""Conditions of a recipe: what must hold of a contact and of the moment, and why one does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from landbridge.sync.recipe_templates import CONTACT_NAMES
from landbridge.sync.recipe_times import DAYS, read_hours, within, zone_of
from landbridge.sync.texts import caseless


class Test(StrEnum):
    """What a condition asks."""

    __test__ = False  # no test of pytest's

    EQUALS = "equals"
    CONTAINS = "contains"
    EXISTS = "exists"
    TAG = "tag"
    LIST = "list"
    IN_SCOPE = "in_scope"
    OPTED_OUT = "opted_out"
    WEEKDAYS = "weekdays"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Condition:
    """One question. ``name`` is the field, tag or list; ``value`` what it is compared with.

    ``days`` are weekdays by name. ``zone`` is blank for the location's own. ``wanted`` is False for *not*.
    """

    test: Test
    name: str = ""
    value: str = ""
    days: tuple[str, ...] = ()
    zone: str = ""
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a contact at one moment; None, and a field that is absent, is *not known*.

    ``fields`` go by HighLevel's names, ``now`` is epoch seconds, ``zone`` the location's.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    tags: frozenset[str] | None = None
    lists: frozenset[str] | None = None
    in_scope: bool | None = None
    opted_out: bool | None = None
    now: float = 0.0
    zone: str = "UTC"


def native_name(name: str) -> str:
    """HighLevel's own name of a field that a condition names; custom fields go by ``customFields.ID``."""
    return CONTACT_NAMES.get(name, name)


def unmet(conditions: Sequence[Condition], facts: Facts) -> str:
    """Why a recipe does not act, in one sentence, or empty where every condition holds.

    What is not known never holds, neither as it stands nor with *not*: a recipe acts on what it knows.
    """
    for one in conditions:
        found = _answer(one, facts)
        if found is None:
            return f"Not known: {_words(one)}."
        if found is not one.wanted:
            return f"Condition not met: {_words(one)}."
    return ""


def _answer(one: Condition, facts: Facts) -> bool | None:
    match one.test:
        case Test.TAG:
            return _among(one.name, facts.tags)
        case Test.LIST:
            return _among(one.name, facts.lists)
        case Test.IN_SCOPE:
            return facts.in_scope
        case Test.OPTED_OUT:
            return facts.opted_out
        case Test.WEEKDAYS | Test.HOURS:
            return _timely(one, datetime.fromtimestamp(facts.now, zone_of(one.zone or facts.zone)))
        case _:
            return _field(one, facts.fields.get(native_name(one.name)))


def _among(name: str, known: frozenset[str] | None) -> bool | None:
    return None if known is None else caseless(name) in {caseless(one) for one in known}


def _timely(one: Condition, local: datetime) -> bool | None:
    if one.test is Test.WEEKDAYS:
        return DAYS[local.weekday()] in one.days
    hours = read_hours(one.value)
    return None if hours is None else within(hours, local.time().replace(tzinfo=None))


def _field(one: Condition, value: str | None) -> bool | None:
    if value is None:
        return None
    if one.test is Test.EXISTS:
        return bool(value.strip())
    found, wanted = caseless(value), caseless(one.value)
    return found == wanted if one.test is Test.EQUALS else wanted in found


def _words(one: Condition) -> str:
    """A condition as its own sentence says it."""
    no = "" if one.wanted else "not "
    told = {
        Test.EQUALS: f"{one.name} {no}equals {one.value!r}",
        Test.CONTAINS: f"{one.name} {no}contains {one.value!r}",
        Test.EXISTS: f"{one.name} {'has a value' if one.wanted else 'is blank'}",
        Test.TAG: f"{no}has the tag {one.name!r}",
        Test.LIST: f"{no}on the list {one.name!r}",
        Test.WEEKDAYS: f"{no}on {', '.join(one.days)}",
        Test.HOURS: f"{no}between {one.value}",
    }
    return told.get(one.test, f"{no}{one.test.replace('_', ' ')}")
