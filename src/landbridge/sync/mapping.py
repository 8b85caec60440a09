"""Mapping files: read, checked and written as TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from landbridge.sync.fields import HIGHLEVEL_FIELDS, REZORA_FIELDS, NativeField
from landbridge.sync.mapping_checks import (
    custom_field_problems,
    listed,
    meant,
    policy_problems,
    unknown_words,
)
from landbridge.sync.mapping_text import policy_text
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.sync.rules import (
    FIELD_STRATEGIES,
    ActivityRule,
    Direction,
    LabelRule,
    ListRule,
    OnDelete,
    OnGone,
    Policy,
    Rule,
    Strategy,
    When,
    default_policy,
)
from landbridge.sync.scope import Scope
from landbridge.sync.table_reader import TableReader

__all__ = [
    "HIGHLEVEL_FIELDS",
    "REZORA_FIELDS",
    "Direction",
    "LabelRule",
    "MappingError",
    "NativeField",
    "Policy",
    "Rule",
    "Scope",
    "Strategy",
    "check_custom_fields",
    "default_policy",
    "policy_problems",
    "read_policy",
    "write_policy",
]


class MappingError(Exception):
    """A mapping that cannot be used.

    ``problems`` has one line each: the place, what is wrong, what is allowed; ``str()`` is all of them.
    """

    fix = "Correct the lines named here and run the command again; docs/mapping.md shows every key."

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read_policy(text: str) -> Policy:
    """The policy that a mapping file describes; raises ``MappingError`` with every problem found."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingError([f"The file is not TOML: {error}."]) from None
    reader = _Reader()
    policy = reader.policy(document)
    if reader.problems:
        # Rules that could be read are checked now; what depends on the others waits for the next try.
        words = [problem for rule in policy.rules for problem in unknown_words(rule)]
        raise MappingError([*reader.problems, *words])
    if problems := policy_problems(policy):
        raise MappingError(problems)
    return policy


def write_policy(policy: Policy) -> str:
    """The mapping file of a policy, with comments that teach; reading it gives the same policy."""
    return policy_text(policy)


def check_custom_fields(policy: Policy, known: Mapping[str, str]) -> None:
    """Compare mapped custom fields with the account's own: ``known`` is the vendor's data type by field id.

    Raises ``MappingError`` for an id the account does not have, and for a type that has no converter
    or needs another one (types: highlevel.md 5.4).
    """
    if problems := custom_field_problems(policy, known):
        raise MappingError(problems)


_TOP = {
    "opt_out": bool,
    "default_country": str,
    "require_email": bool,
    "create_in_rezora": bool,
    "default_list": str,
    "create_in_highlevel": bool,
    "on_delete": str,
    "settle_seconds": int,
    "scope": dict,
    "tasks": dict,
    "notes": dict,
    "appointments": dict,
    "field": list,
    "label": list,
    "list": list,
}
_SCOPE = ("tags", "assigned_to", "business")
_FIELD = ("name", "highlevel", "rezora", "converter", "direction", "strategy", "prefer")
_LABEL = (
    "tag",
    "list",
    "direction",
    "highlevel_field",
    "highlevel_option",
    "rezora_field",
    "rezora_option",
)
_ACTIVITY = ("direction", "on_delete")
_LIST = ("when", "list")
_KIND = {
    bool: "true or false",
    str: "a text in quotes",
    int: "a whole number from 0 to 3600",
    dict: "a table that begins with its name in brackets, as in [scope]",
    list: "tables in double brackets, as in [[field]]",
}
_MOST_SETTLE_SECONDS = 3600

Word = TypeVar("Word", bound=StrEnum)


class _Reader(TableReader):
    """Turns a TOML document into a policy and collects what is wrong with its shape on the way."""

    def policy(self, document: Mapping[str, Any]) -> Policy:
        """The policy; only good when ``problems`` stayed empty."""
        self._only("the file", document, tuple(_TOP))
        good = {}
        for key, kind in _TOP.items():
            value = document.get(key)
            fits = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
            if fits and isinstance(value, int):
                fits = 0 <= value <= _MOST_SETTLE_SECONDS
            if key in document and not fits:
                self._wrong(key, value, _KIND[kind])
            elif key in document:
                good[key] = document[key]
        rules = tuple(self._rule(*numbered) for numbered in self._tables(good.pop("field", []), "field"))
        scope = self._scope(good.pop("scope", {}))
        if "on_delete" in good:
            good["on_delete"] = self._word("the file", good, "on_delete", OnDelete)
        labels = tuple(self._label(*numbered) for numbered in self._tables(good.pop("label", []), "label"))
        lists = tuple(self._list(*numbered) for numbered in self._tables(good.pop("list", []), "list"))
        activities = tuple(
            self._activity(kind, good.pop(f"{kind.value}s"))
            for kind in ACTIVITIES
            if f"{kind.value}s" in good
        )
        return Policy(rules, labels, scope=scope, activities=activities, lists=lists, **good)

    def _activity(self, kind: Kind, table: Mapping[str, Any]) -> ActivityRule:
        place = f"{kind.value}s"
        self._only(place, table, _ACTIVITY)
        return ActivityRule(
            kind,
            self._word(place, table, "direction", Direction),
            self._word(
                place, table, "on_delete", OnGone, OnGone.UNLINK if kind is Kind.NOTE else OnGone.DELETE
            ),
        )

    def _list(self, place: str, table: Mapping[str, Any]) -> ListRule:
        self._only(place, table, _LIST)
        return ListRule(self._word(place, table, "when", When), self._text(place, table, "list"))

    def _scope(self, table: Mapping[str, Any]) -> Scope:
        self._only("scope", table, _SCOPE)
        return Scope(**{key: self._texts("scope", table, key) for key in _SCOPE if key in table})

    def _tables(self, found: list[Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for number, table in enumerate(found, 1):
            if isinstance(table, dict):
                title = table.get("name", table.get("tag", table.get("list")))
                yield f'{name} {number} ("{title}")' if isinstance(title, str) else f"{name} {number}", table
            else:
                self._wrong(f"{name} {number}", table, f"a table that begins with [[{name}]]")

    def _rule(self, place: str, table: Mapping[str, Any]) -> Rule:
        self._only(place, table, _FIELD)
        return Rule(
            self._text(place, table, "name"),
            self._names(place, table, "highlevel"),
            self._names(place, table, "rezora"),
            self._text(place, table, "converter"),
            self._word(place, table, "direction", Direction),
            self._word(place, table, "strategy", Strategy, Strategy.THREE_WAY),
            self._word(place, table, "prefer", Side, Side.HIGHLEVEL),
        )

    def _label(self, place: str, table: Mapping[str, Any]) -> LabelRule:
        self._only(place, table, _LABEL)
        marks = {key: self._text(place, table, key) for key in _LABEL if key != "direction" and key in table}
        for side, name in (("highlevel", "tag"), ("rezora", "list")):
            option = [key for key in (f"{side}_field", f"{side}_option") if key in table]
            if len(option) == 1 or bool(option) == (name in table):
                self._wrong(
                    f"{place}, {name}",
                    table.get(name),
                    f"either {name}, or {side}_field with {side}_option",
                )
        direction = self._word(place, table, "direction", Direction)
        return LabelRule(**{"tag": "", "list": ""} | marks, direction=direction)

    def _names(self, place: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key)
        names = [value] if isinstance(value, str) else value
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return tuple(names)
        self._wrong(f"{place}, {key}", value, "a field name in quotes, or a list of them")
        return ()

    def _texts(self, place: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = table[key]
        if isinstance(value, list) and value and all(isinstance(one, str) and one.strip() for one in value):
            return tuple(value)
        self._wrong(f"{place}, {key}", value, "a list of texts in quotes; leave the key out for all")
        return ()

    def _word(
        self, place: str, table: Mapping[str, Any], key: str, words: type[Word], default: Word | None = None
    ) -> Word:
        value = table.get(key, default)
        if isinstance(value, str) and value in list(words):
            return words(value)
        allowed = [word.value for word in (FIELD_STRATEGIES if words is Strategy else words)]
        near = meant(value, allowed) if isinstance(value, str) else ""
        self._wrong(f"{place}, {key}", value, f"one of {listed(allowed)}", near)
        return next(iter(words))
