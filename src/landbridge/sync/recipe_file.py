"""Recipe files: read, checked and written as TOML."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from landbridge.sync.fields import CUSTOM_FIELD
from landbridge.sync.mapping import MappingError
from landbridge.sync.mapping_checks import listed, meant
from landbridge.sync.recipe_conditions import Condition, Test
from landbridge.sync.recipe_templates import CONTACT_NAMES, IMPERSONAL, NAMES, template_problems
from landbridge.sync.recipe_times import (
    DAYS,
    SCHEDULE_FORMS,
    WAIT_FORMS,
    Wait,
    is_zone,
    read_hours,
    read_rhythm,
    read_wait,
)
from landbridge.sync.recipes import (
    LIST_TRIGGERS,
    NEEDS,
    OWN_TRIGGERS,
    OWNER,
    SCHEDULE,
    TAG_TRIGGERS,
    TEMPLATES,
    Action,
    Do,
    Limits,
    Recipe,
)
from landbridge.sync.table_reader import TableReader

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._'-]{0,79}")
_USER_ID = re.compile(r"[A-Za-z0-9_-]{6,64}")
_TOP = ("name", "on", "tag", "list", "at", "delay", "limits", "if", "do")
_LIMITS = {"per_contact_hour": 100, "per_day": 5_000}
_ACTIONS_AT_MOST = 10
_CONDITIONS_AT_MOST = 20
_LONGEST_FILE = 50_000
_BESIDE = {Test.HOURS: ("zone",), Test.WEEKDAYS: ("zone",)}
_NAMES_ALLOWED = "letters, digits, spaces and . _ ' -, up to 80, the first a letter or a digit"


class RecipeError(MappingError):
    """A recipe that cannot be used.

    ``problems`` has one line each: the place, what is wrong, what is allowed; ``str()`` is all of them.
    """

    fix = "Correct the lines named here and save again; docs/recipes.md shows every key."


def read_recipe(text: str, events: Collection[str]) -> Recipe:
    """The recipe that a file describes; ``events`` are the types of HighLevel's webhook events.

    Raises ``RecipeError`` with every problem found.
    """
    if len(text) > _LONGEST_FILE:
        raise RecipeError([f"The file has {len(text):,} letters; allowed: up to {_LONGEST_FILE:,}."])
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError([f"The file is not TOML: {error}."]) from None
    reader = _Reader(events)
    recipe = reader.recipe(document)
    if reader.problems:
        raise RecipeError(reader.problems)
    return recipe


class _Reader(TableReader):
    """Turns a TOML document into a recipe and collects what is wrong on the way."""

    def __init__(self, events: Collection[str]) -> None:
        super().__init__()
        self._triggers = (*OWN_TRIGGERS, *events)

    def recipe(self, document: Mapping[str, Any]) -> Recipe:
        """The recipe; only good when ``problems`` stayed empty."""
        place = "the file"
        self._only(place, document, _TOP)
        name = self._text(place, document, "name")
        if name and not _NAME.fullmatch(name):
            self._wrong(f"{place}, name", name, _NAMES_ALLOWED)
        on = self._word(place, document, "on", self._triggers)
        rhythm = None
        if on == SCHEDULE:
            at = self._text(place, document, "at")
            rhythm = read_rhythm(at)
            if at and rhythm is None:
                self._wrong(f"{place}, at", at, SCHEDULE_FORMS)
        elif "at" in document:
            self._wrong(f"{place}, at", document["at"], f'nothing; a time is for on = "{SCHEDULE}" only')
        recipe = Recipe(
            name,
            on,
            tuple(self._action(*one) for one in self._tables(document, "do", _ACTIONS_AT_MOST)),
            self._mark(place, document, on),
            rhythm,
            self._wait(place, document, "delay", Wait()),
            tuple(self._condition(*one) for one in self._tables(document, "if", _CONDITIONS_AT_MOST)),
            self._limits(document.get("limits", {})),
        )
        self._whole(recipe, document)
        return recipe

    def _whole(self, recipe: Recipe, document: Mapping[str, Any]) -> None:
        if not document.get("do"):
            self.problems.append(
                "do: is missing; allowed: tables that begin with [[do]], one for each action."
            )
        if recipe.on == SCHEDULE and not any(
            one.test not in (Test.WEEKDAYS, Test.HOURS) for one in recipe.conditions
        ):
            self.problems.append(
                "if: is missing; a schedule looks at all contacts, so say which: a field, a tag or a list."
            )

    def _mark(self, place: str, document: Mapping[str, Any], on: str) -> str:
        found = ""
        for key, triggers in (("tag", TAG_TRIGGERS), ("list", LIST_TRIGGERS)):
            if on in triggers:
                found = self._text(place, document, key)
            elif key in document:
                allowed = f"nothing; {key} here is for on = {listed(triggers)}"
                self._wrong(f"{place}, {key}", document[key], allowed)
        return found

    def _tables(
        self, document: Mapping[str, Any], key: str, most: int
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        found = document.get(key, [])
        if not isinstance(found, list):
            self._wrong(key, found, f"tables in double brackets, as in [[{key}]]")
            return
        if len(found) > most:
            self.problems.append(f"{key}: there are {len(found)}; allowed: up to {most}.")
        for number, table in enumerate(found[:most], 1):
            if isinstance(table, dict):
                yield f"{key} {number}", table
            else:
                self._wrong(f"{key} {number}", table, f"a table that begins with [[{key}]]")

    def _action(self, place: str, table: Mapping[str, Any]) -> Action:
        word = self._word(place, table, "action", tuple(Do))
        if not word:
            return Action(Do.HOLD)
        do = Do(word)
        needed, others = NEEDS[do]
        self._only(place, table, ("action", *needed, *others))
        texts = {
            key: self._text(place, table, key)
            for key in (*needed, *others)
            if key != "due" and (key in needed or key in table)
        }
        names = IMPERSONAL if do is Do.NOTIFY else NAMES
        for key in texts.keys() & set(TEMPLATES):
            self.problems += template_problems(f"{place}, {key}", texts[key], names)
        assignee = texts.get("assignee", "")
        if assignee and not _USER_ID.fullmatch(assignee) and assignee != OWNER:
            self._wrong(
                f"{place}, assignee", assignee, f'"{OWNER}" for the contact\'s, or a HighLevel user id'
            )
        due = self._wait(place, table, "due", None)
        made = Action(do, **texts)  # type: ignore[arg-type]  # only "due" is no text, and not among these
        return made if due is None else replace(made, due=due)

    def _condition(self, place: str, table: Mapping[str, Any]) -> Condition:
        wanted = not self._flag(place, table, "not", default=False)
        if "field" in table:
            return self._of_field(place, table, wanted=wanted)
        tests = [
            one for one in Test if one.value in table and one not in (Test.EQUALS, Test.CONTAINS, Test.EXISTS)
        ]
        if len(tests) != 1:
            allowed = [
                "field",
                *(one for one in Test if one not in (Test.EQUALS, Test.CONTAINS, Test.EXISTS)),
            ]
            self.problems.append(f"{place}: must ask one thing; allowed: one of {listed(allowed)}.")
            return Condition(Test.IN_SCOPE)
        test = tests[0]
        self._only(place, table, (test.value, "not", *_BESIDE.get(test, ())))
        zone = self._zone(place, table)
        if test in (Test.TAG, Test.LIST):
            return Condition(test, name=self._text(place, table, test.value), wanted=wanted)
        if test in (Test.IN_SCOPE, Test.OPTED_OUT):
            return Condition(test, wanted=self._flag(place, table, test.value, default=True) is wanted)
        if test is Test.WEEKDAYS:
            return Condition(test, days=self._days(place, table), zone=zone, wanted=wanted)
        value = self._text(place, table, test.value)
        if value and read_hours(value) is None:
            self._wrong(f"{place}, hours", value, "two times of day, such as 09:00-17:00")
        return Condition(test, value=value, zone=zone, wanted=wanted)

    def _of_field(self, place: str, table: Mapping[str, Any], *, wanted: bool) -> Condition:
        name = self._text(place, table, "field")
        if name and name not in CONTACT_NAMES and not CUSTOM_FIELD.fullmatch(name):
            allowed = f"{listed(CONTACT_NAMES)}, customFields.ID"
            self._wrong(f"{place}, field", name, allowed, meant(name, CONTACT_NAMES))
        asked = [one for one in (Test.EQUALS, Test.CONTAINS, Test.EXISTS) if one.value in table]
        self._only(
            place, table, ("field", "not", *(one.value for one in (Test.EQUALS, Test.CONTAINS, Test.EXISTS)))
        )
        if len(asked) != 1:
            self.problems.append(f"{place}: must compare once; allowed: one of equals, contains, exists.")
            return Condition(Test.EXISTS, name)
        if asked[0] is Test.EXISTS:
            return Condition(
                Test.EXISTS, name, wanted=self._flag(place, table, "exists", default=True) is wanted
            )
        return Condition(asked[0], name, self._text(place, table, asked[0].value), wanted=wanted)

    def _days(self, place: str, table: Mapping[str, Any]) -> tuple[str, ...]:
        value = table.get("weekdays")
        if isinstance(value, list) and value and all(one in DAYS for one in value):
            return tuple(day for day in DAYS if day in value)
        self._wrong(f"{place}, weekdays", value, f"a list of days in quotes: {listed(DAYS)}")
        return ()

    def _zone(self, place: str, table: Mapping[str, Any]) -> str:
        if "zone" not in table:
            return ""
        zone = self._text(place, table, "zone")
        if zone and not is_zone(zone):
            self._wrong(
                f"{place}, zone", zone, "a name such as America/Denver; leave it out for the location's"
            )
        return zone

    def _limits(self, table: Any) -> Limits:
        if not isinstance(table, dict):
            self._wrong("limits", table, "a table that begins with [limits]")
            return Limits()
        self._only("limits", table, tuple(_LIMITS))
        good = {}
        for key, most in _LIMITS.items():
            value = table.get(key)
            if key not in table:
                continue
            if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
                good[key] = value
            else:
                self._wrong(f"limits, {key}", value, f"a whole number from 1 to {most:,}")
        return Limits(**good)

    def _wait(self, place: str, table: Mapping[str, Any], key: str, default: Wait | None) -> Any:
        if key not in table:
            return default
        value = table[key]
        wait = read_wait(value) if isinstance(value, str) else None
        if wait is None:
            self._wrong(f"{place}, {key}", value, WAIT_FORMS)
        return wait or Wait()

    def _flag(self, place: str, table: Mapping[str, Any], key: str, *, default: bool) -> bool:
        value = table.get(key, default)
        if not isinstance(value, bool):
            self._wrong(f"{place}, {key}", value, "true or false")
        return value is True

    def _word(self, place: str, table: Mapping[str, Any], key: str, words: Sequence[str]) -> str:
        value = table.get(key)
        if isinstance(value, str) and value in words:
            return str(value)
        near = meant(value, words) if isinstance(value, str) else ""
        self._wrong(f"{place}, {key}", value, f"one of {listed(words)}", near)
        return ""


def write_recipe(recipe: Recipe) -> str:
    """The file of a recipe; reading it gives the same recipe."""
    return "\n".join(_lines(recipe)) + "\n"


def _lines(recipe: Recipe) -> Iterator[str]:
    yield f"name = {_toml(recipe.name)}"
    yield f"on = {_toml(recipe.on)}"
    if recipe.mark:
        yield f"{'tag' if recipe.on in TAG_TRIGGERS else 'list'} = {_toml(recipe.mark)}"
    if recipe.rhythm is not None:
        yield f"at = {_toml(recipe.rhythm.text)}"
    yield f"delay = {_toml(recipe.delay.text)}"
    for condition in recipe.conditions:
        yield from ("", "[[if]]", *_condition_lines(condition))
    for action in recipe.actions:
        yield from ("", "[[do]]", f"action = {_toml(action.do)}")
        needed, others = NEEDS[action.do]
        for key in (*needed, *others):
            if key == "due":
                yield f"due = {_toml(action.due.text)}"
            elif getattr(action, key):
                yield f"{key} = {_toml(getattr(action, key))}"
    limits = recipe.limits
    yield from (
        "",
        "[limits]",
        f"per_contact_hour = {limits.per_contact_hour}",
        f"per_day = {limits.per_day}",
    )


def _condition_lines(one: Condition) -> Iterator[str]:
    if one.test in (Test.EQUALS, Test.CONTAINS):
        yield from (f"field = {_toml(one.name)}", f"{one.test} = {_toml(one.value)}")
    elif one.test is Test.EXISTS:
        yield from (f"field = {_toml(one.name)}", f"exists = {str(one.wanted).lower()}")
    elif one.test in (Test.TAG, Test.LIST):
        yield f"{one.test} = {_toml(one.name)}"
    elif one.test in (Test.IN_SCOPE, Test.OPTED_OUT):
        yield f"{one.test} = {str(one.wanted).lower()}"
    elif one.test is Test.WEEKDAYS:
        yield f"weekdays = [{', '.join(map(_toml, one.days))}]"
    else:
        yield f"hours = {_toml(one.value)}"
    if one.zone:
        yield f"zone = {_toml(one.zone)}"
    if not one.wanted and one.test not in (Test.EXISTS, Test.IN_SCOPE, Test.OPTED_OUT):
        yield "not = true"


def _toml(value: str) -> str:
    # JSON's escapes are a part of TOML's, which also asks for DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
