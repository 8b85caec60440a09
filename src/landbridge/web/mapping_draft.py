"""A mapping that somebody is editing: its rows as typed, and what is wrong at the row it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from starlette.datastructures import FormData

from landbridge.mapping_edits import (
    CHOICES,
    FieldEdit,
    LabelEdit,
    choices_of,
    field_edits,
    label_edits,
    with_choices,
    with_fields,
    with_labels,
)
from landbridge.sync.fields import HIGHLEVEL_FIELDS, REZORA_FIELDS, native_field
from landbridge.sync.mapping import MappingError
from landbridge.sync.model import Side
from landbridge.sync.rules import Policy
from landbridge.sync.suggestions import OwnField, Suggestion, fitting
from landbridge.sync.values import CONVERTERS

LONGEST_WORD = 500
FITTING = ""  # let Landbridge choose how the values are read
DIRECTIONS = {"both": "Both ways", "to_rezora": "To Rezora", "to_highlevel": "To HighLevel"}
WINS = {
    "three_way:highlevel": "HighLevel wins",
    "three_way:rezora": "Rezora wins",
    "hold:": "Ask me",
    "source:highlevel": "HighLevel owns it",
    "source:rezora": "Rezora owns it",
    "fill_blank:highlevel": "Fill blanks, else HighLevel",
    "fill_blank:rezora": "Fill blanks, else Rezora",
    "immutable:": "Never change it",
}
WINS_MEAN = (
    ("wins", "its value stands, the other one is kept in the journal"),
    ("Ask me", "nothing is written until you have answered"),
    ("owns it", "an edit on the other side is put back"),
    ("Fill blanks", "a value beats a blank, also one that somebody cleared"),
    ("Never change it", "nothing is written, and you are told"),
)
"""What the choices above mean, by the words that they have in common."""
_SIDED = ("three_way", "source", "fill_blank")
_PLACE = re.compile(r'(field|label) (?:(\d+)(?: \(".*?"\))?|"(.*?)")(?:, (\w+))?: (.*)', re.DOTALL)
_PAIRS = {  # several fields of one side that one converter takes together
    Side.HIGHLEVEL: {"firstName, lastName": "First and last name"},
    Side.REZORA: {
        f"contact_{place}_street, contact_{place}_street2": f"{place.capitalize()} address, both street lines"
        for place in ("home", "business")
    },
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem of a mapping; ``row`` counts from 0 and is -1 where it belongs to none."""

    table: str
    row: int
    key: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The text as it is being edited; ``base`` tells which saved one it began with.

    ``policy`` is None while something is wrong with it.
    """

    text: str
    base: str
    fields: Sequence[FieldEdit] = ()
    labels: Sequence[LabelEdit] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)
    policy: Policy | None = None
    troubles: Sequence[Trouble] = ()
    unreadable: bool = False

    def at(self, table: str, row: int, key: str = "") -> list[str]:
        """What is wrong with a row, or with one value of it."""
        return [one.sentence for one in self._of(table, row) if not key or one.key == key]

    @property
    def general(self) -> list[str]:
        """What belongs to no row of the page."""
        return [one.sentence for one in self.troubles if one.row < 0]

    def _of(self, table: str, row: int) -> Iterator[Trouble]:
        return (one for one in self.troubles if (one.table, one.row) == (table, row))


def print_of(text: str) -> str:
    """Equal for equal texts: it tells whether somebody else saved meanwhile."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def draft_of(text: str, base: str, policy: Policy | MappingError) -> Draft:
    """A text with what reading it gave."""
    try:
        fields, labels, choices = field_edits(text), label_edits(text), choices_of(text)
    except MappingError as error:
        troubles = [Trouble("", -1, "", problem) for problem in error.problems]
        return Draft(text, base, troubles=troubles, unreadable=True)
    if isinstance(policy, MappingError):
        return Draft(text, base, fields, labels, choices, None, _located(policy.problems, fields))
    return Draft(text, base, fields, labels, choices, policy)


def _located(problems: Sequence[str], fields: Sequence[FieldEdit]) -> list[Trouble]:
    """``field 3 ("city"), rezora: ...`` belongs to the third row, at that value."""
    found = []
    for problem in problems:
        match = _PLACE.fullmatch(problem)
        row = -1
        if match and match[2]:
            row = int(match[2]) - 1
        elif match and match[1] == "field":
            named = [number for number, edit in enumerate(fields) if edit.name == match[3]]
            again = match[5].startswith("two rules")
            row = named[-1 if again else 0] if named else -1
        if match is None or row < 0:
            found.append(Trouble("", -1, "", problem))
        else:
            found.append(Trouble(match[1], row, match[4] or "", match[5]))
    return found


def edited(form: FormData, types: Mapping[str, str], suggested: Sequence[Suggestion]) -> str:
    """The text that the posted rows make; what the button asks for is done as well.

    Raises ``MappingError`` where the text itself is no TOML any more.
    """
    text, do = str(form.get("text", "")).replace("\r\n", "\n"), str(form.get("do", ""))
    if "fields" in form:
        before = field_edits(text)
        rows: list[FieldEdit | None] = [_field(form, number, one, types) for number, one in enumerate(before)]
        rows = [None if do == f"remove-{number}" else row for number, row in enumerate(rows)]
        if do == "add":
            rows.append(FieldEdit("new field", "", "", "text"))
        for one in suggested:
            if do == f"suggest-{one.rule.highlevel[0]}-{one.rule.rezora[0]}":
                rows.append(_named_apart(FieldEdit.of(one.rule), before))
        text = with_fields(text, rows)
    if "labels" in form:
        marks: list[LabelEdit | None] = [
            _label(form, number, one) for number, one in enumerate(label_edits(text))
        ]
        marks = [None if do == f"remove-label-{number}" else row for number, row in enumerate(marks)]
        if do == "add-label":
            marks.append(LabelEdit())
        text = with_labels(text, marks)
    return with_choices(text, _choices(form)) if "choices" in form else text


def _choices(form: FormData) -> dict[str, Any]:
    """A number that is none stays the text it is, so that it is named as wrong and not lost."""
    found: dict[str, Any] = {}
    for key, kind in CHOICES.items():
        typed = _word(form, f"choice-{key}", "")
        whole = kind is int and typed.isascii() and typed.isdecimal()
        found[key] = typed == "on" if kind is bool else int(typed) if whole else typed
    return found


def _field(form: FormData, number: int, before: FieldEdit, types: Mapping[str, str]) -> FieldEdit:
    typed = {
        key: _word(form, f"{key}-{number}", getattr(before, key)) for key in ("name", "highlevel", "rezora")
    }
    strategy, _, prefer = _word(form, f"wins-{number}", f"{before.strategy}:{before.prefer}").partition(":")
    converter = _word(form, f"converter-{number}", before.converter)
    if converter == FITTING:
        converter = fitting(_split(typed["highlevel"]), _split(typed["rezora"]), types)
    direction = _word(form, f"direction-{number}", before.direction)
    return FieldEdit(
        **typed, converter=converter, direction=direction, strategy=strategy, prefer=prefer or before.prefer
    )


def _label(form: FormData, number: int, before: LabelEdit) -> LabelEdit:
    tag, named = (_word(form, f"{key}-{number}", getattr(before, key)) for key in ("tag", "list"))
    return replace(
        before, tag=tag, list=named, direction=_word(form, f"label-direction-{number}", before.direction)
    )


def _named_apart(row: FieldEdit, before: Sequence[FieldEdit]) -> FieldEdit:
    """Names are unique in a mapping."""
    taken = {one.name for one in before}
    name, number = row.name, 2
    while name in taken:
        name, number = f"{row.name} {number}", number + 1
    return replace(row, name=name)


def _word(form: FormData, key: str, before: str) -> str:
    return " ".join(str(form.get(key, before)).split())[:LONGEST_WORD]


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


@dataclass(frozen=True, slots=True)
class Options:
    """One group of a list to choose from: values with their titles."""

    title: str
    options: Sequence[tuple[str, str]]


def native_options(of: str, own: Sequence[OwnField] | None, chosen: str) -> list[Options]:
    """The fields of one side by the names that people know; what is chosen is always among them."""
    side = Side(of)
    known = HIGHLEVEL_FIELDS if side is Side.HIGHLEVEL else REZORA_FIELDS
    plain = [*_PAIRS[side].items(), *((name, one.title) for name, one in known.items() if one.writable)]
    fixed = [(name, one.title) for name, one in known.items() if not one.writable]
    if side is Side.HIGHLEVEL:
        more = [f"additional{kind}s.{number}" for kind in ("Phone", "Email") for number in range(3)]
        fixed += [(name, one.title) for name in more if (one := native_field(side, name)) is not None]
    groups = [Options("Can be written", plain), Options("Can only be read", fixed)]
    if own:
        groups.insert(1, Options("Your own fields", [(each.native, each.name) for each in own]))
    if chosen and chosen not in {value for group in groups for value, _ in group.options}:
        groups.insert(0, Options("As it is", [(chosen, chosen)]))
    return groups


def wins_of(edit: FieldEdit) -> str:
    """What the list of who wins shows for a row; a word that is none of them stands for itself."""
    return f"{edit.strategy}:{edit.prefer if edit.strategy in _SIDED else ''}"


CONVERTER_CHOICES = {name: converter.title for name, converter in CONVERTERS.items()} | {
    FITTING: "Whatever fits the fields"
}
"""How values can be read, by the name of the converter; the last is chosen by us."""
