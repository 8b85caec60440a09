"""A mapping file as rows that people edit: what is not edited stays to the letter, comments too."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError
from tomlkit.items import Array

from landbridge.sync.mapping import MappingError
from landbridge.sync.rules import LabelRule, Policy, Rule, Strategy

CHOICES: Mapping[str, type] = {
    "opt_out": bool,
    "require_email": bool,
    "create_in_rezora": bool,
    "create_in_highlevel": bool,
    "default_country": str,
    "default_list": str,
    "on_delete": str,
    "settle_seconds": int,
}
"""The choices of a mapping that stand before its tables."""

_FIELD = ("name", "highlevel", "rezora", "converter", "direction", "strategy", "prefer")
_LABEL = ("tag", "list", "direction")
_USUAL = {"strategy": Strategy.THREE_WAY.value, "prefer": "highlevel"}  # of a key that is left out


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """One ``[[field]]`` as typed; several names of a side stand with commas between."""

    name: str = ""
    highlevel: str = ""
    rezora: str = ""
    converter: str = "text"
    direction: str = "both"
    strategy: str = Strategy.THREE_WAY.value
    prefer: str = "highlevel"

    @classmethod
    def of(cls, rule: Rule) -> FieldEdit:
        """A rule as it would be typed."""
        names = ", ".join(rule.highlevel), ", ".join(rule.rezora)
        return cls(rule.name, *names, rule.converter, rule.direction, rule.strategy, rule.prefer)


@dataclass(frozen=True, slots=True)
class LabelEdit:
    """One ``[[label]]`` as typed; ``other`` says in words what is no tag and no list, and stays as it is."""

    tag: str = ""
    list: str = ""
    direction: str = "both"
    other: str = ""


def field_edits(text: str) -> list[FieldEdit]:
    """The field rules of a file, whatever is wrong with them; raises ``MappingError`` where it is no TOML."""
    return [
        FieldEdit(**{key: _typed(table.get(key, _USUAL.get(key, ""))) for key in _FIELD})
        for table in _tables(_parsed(text), "field")
    ]


def label_edits(text: str) -> list[LabelEdit]:
    """The rules for tags and lists of a file."""
    found = []
    for table in _tables(_parsed(text), "label"):
        kept = {key: _typed(value) for key, value in table.items() if key not in _LABEL}
        typed = {key: _typed(table.get(key, "")) for key in _LABEL}
        found.append(LabelEdit(**typed, other=", ".join(f"{key} = {value}" for key, value in kept.items())))
    return found


def choices_of(text: str) -> dict[str, Any]:
    """The choices of a file, those that it does not name as they are by default."""
    found = _parsed(text)
    return {key: found.get(key, _default(key)) for key in CHOICES}


def with_fields(text: str, rows: Sequence[FieldEdit | None]) -> str:
    """The file with its field rules so: a row for each, None for one to take away, further ones are new.

    Raises ``MappingError`` where the file is no TOML; whether the mapping is good is not asked.
    """
    return _with_rows(text, "field", rows, _field_changes, _field_table)


def with_labels(text: str, rows: Sequence[LabelEdit | None]) -> str:
    """The same with the rules for tags and lists."""
    return _with_rows(text, "label", rows, _label_changes, _label_table)


def with_choices(text: str, choices: Mapping[str, Any]) -> str:
    """The file with these choices; one that is so already, or by default, is not touched."""
    _parsed(text)
    document = tomlkit.parse(text)
    for key, value in choices.items():
        if key in document and document[key] == value:
            continue
        if key in document or value != _default(key):
            document[key] = value
    return tomlkit.dumps(document)


def _default(key: str) -> object:
    return getattr(Policy(()), key)


def _with_rows(
    text: str,
    name: str,
    rows: Sequence[Any],
    changes: Callable[[Mapping[str, Any], Any], dict[str, Any]],
    made: Callable[[Any], dict[str, Any]],
) -> str:
    _parsed(text)
    document = tomlkit.parse(text)
    present = _tables(document, name)
    kept = rows[: len(present)]
    for table, row in zip(present, kept, strict=False):
        for key, value in changes(table, row).items() if row is not None else ():
            table[key] = value
    changed = tomlkit.dumps(document)
    for number in range(len(kept) - 1, -1, -1):
        if kept[number] is None:
            changed = _without(changed, name, number)
    for row in rows[len(present) :]:
        if row is not None:
            changed = _with_one_more(changed, name, made(row))
    return changed


def _field_changes(table: Mapping[str, Any], row: FieldEdit) -> dict[str, Any]:
    changes = {}
    for key in _FIELD:
        value = getattr(row, key)
        if value != _typed(table.get(key, _USUAL.get(key, ""))):
            changes[key] = _names(value) if key in ("highlevel", "rezora") else str(value)
    return changes


def _label_changes(table: Mapping[str, Any], row: LabelEdit) -> dict[str, Any]:
    return {key: str(getattr(row, key)) for key in _LABEL if getattr(row, key) != _typed(table.get(key, ""))}


def _field_table(row: FieldEdit) -> dict[str, Any]:
    return {key: value for key, value in _field_changes({}, row).items() if value != _USUAL.get(key)}


def _label_table(row: LabelEdit) -> dict[str, Any]:
    return {key: str(getattr(row, key)) for key in _LABEL}


def label_edit(rule: LabelRule) -> LabelEdit:
    """A rule as it would be typed."""
    return LabelEdit(rule.tag, rule.list, rule.direction)


def _names(typed: str) -> str | list[str]:
    names = [name.strip() for name in typed.split(",") if name.strip()]
    return names if len(names) > 1 else "".join(names)


def _typed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(text)
        tomlkit.parse(text)
    except (tomllib.TOMLDecodeError, ParseError, RecursionError) as error:
        raise MappingError([f"The file is not TOML: {error}."]) from None
    return found


def _tables(document: Mapping[str, Any], name: str) -> list[Any]:
    found = document.get(name, [])
    return list(found) if isinstance(found, list) and all(isinstance(one, dict) for one in found) else []


def _without(text: str, name: str, number: int) -> str:
    """Take one table away by its lines: tomlkit would take the comments behind it as well."""
    wanted = tomllib.loads(text)
    del wanted[name][number]
    if not wanted[name]:
        del wanted[name]
    lines = _lines(text)
    blocks = _blocks(lines, name)
    if number < len(blocks):
        start, end = blocks[number]
        end += 1 if end < len(lines) and not lines[end].strip() else 0
        cut = "".join([*lines[:start], *lines[end:]])
        if _reads_as(cut, wanted):
            return cut
    document = tomlkit.parse(text)
    found: Any = document[name]
    del found[number]
    return tomlkit.dumps(document)


def _with_one_more(text: str, name: str, table: Mapping[str, Any]) -> str:
    """Add one table behind the last of its kind, or at the end."""
    wanted = tomllib.loads(text)
    wanted.setdefault(name, []).append(dict(table))
    made = tomlkit.document()
    made[name] = tomlkit.aot()
    made[name].append(tomlkit.item(dict(table)))
    block = tomlkit.dumps(made).strip("\n") + "\n"
    lines = _lines(text)
    blocks = _blocks(lines, name)
    at = blocks[-1][1] if blocks else len(lines)
    before = "".join(lines[:at])
    glue = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    grown = before + glue + block + "".join(lines[at:])
    if _reads_as(grown, wanted):
        return grown
    document = tomlkit.parse(text)
    found: Any = document.setdefault(name, tomlkit.aot())
    inline = tomlkit.inline_table()
    inline.update(table)
    found.append(inline if isinstance(found, Array) else tomlkit.item(dict(table)))
    return tomlkit.dumps(document)


def _lines(text: str) -> list[str]:
    """Lines as TOML has them: other characters that end a line elsewhere may stand in a text."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _blocks(lines: Sequence[str], name: str) -> list[tuple[int, int]]:
    """From the head of each table to behind its last line that says something."""
    heads = [at for at, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{name}\s*\]\]", line)]
    tables = [at for at, line in enumerate(lines) if re.match(r"\s*\[", line)] + [len(lines)]
    found = []
    for head in heads:
        following = next(at for at in tables if at > head)
        said = [at for at in range(head, following) if (words := lines[at].strip()) and words[0] != "#"]
        found.append((head, said[-1] + 1))
    return found


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False
