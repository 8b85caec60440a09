"""The catalog: every operation of both systems and of Landbridge itself, and every trigger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from landbridge.engine.answers import NotPossible
from landbridge.systems.arguments import meant
from landbridge.systems.highlevel.operations import highlevel_operations
from landbridge.systems.operations import Kind, Operation, Parameter, read_operations, unique
from landbridge.systems.rezora.operations import rezora_operations
from landbridge.systems.triggers import Trigger, highlevel_triggers

OWN_TRIGGERS: tuple[Trigger, ...] = (
    Trigger(
        "contact.synced", "landbridge", "A contact was created, linked or changed by Landbridge.",
        "ids, side, what was done, names of the fields",
    ),
    Trigger(
        "contact.conflict", "landbridge", "Both sides show different values, and a person has to choose.",
        "ids, hold, cause, name of the field",
    ),
    Trigger(
        "hold.opened", "landbridge", "Something waits for a person; conflicts are among them.",
        "ids, hold, cause, name of the field",
    ),
    Trigger(
        "contact.opted_out", "landbridge", "Landbridge stopped e-mail to a contact, as the other side had.",
        "ids, side",
    ),
    Trigger("recipe.fired", "landbridge", "A recipe did something.", "ids, name of the recipe"),
)  # fmt: skip

_JSON: Mapping[Kind, Mapping[str, object]] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
    "strings": {"type": "array", "items": {"type": "string"}},
    "objects": {"type": "array", "items": {"type": "object"}},
    "list": {"type": "array", "items": {}},
    "file": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("name", "field", "base64")},
        "required": ["name", "field", "base64"],
        "additionalProperties": False,
    },
}


class UnknownOperation(NotPossible):
    """There is no operation of that name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter; what is blank filters nothing. ``kind`` is ``read`` or ``write``."""

    text: str = ""
    app: str = ""
    scope: str = ""
    kind: str = ""


@cache
def own_operations() -> Mapping[str, Operation]:
    """Landbridge's own actions by name."""
    text = (files(__package__) / "own_operations.toml").read_text(encoding="utf-8")
    return unique(read_operations(text, None))


@cache
def operations() -> Mapping[str, Operation]:
    """All operations by name: HighLevel's, Rezora's, our own."""
    every = [*highlevel_operations().values(), *rezora_operations().values(), *own_operations().values()]
    return MappingProxyType(unique(every))


@cache
def triggers() -> Mapping[str, Trigger]:
    """All triggers by name: HighLevel's 64, then our own."""
    return MappingProxyType({**highlevel_triggers(), **{one.name: one for one in OWN_TRIGGERS}})


def operation(name: str) -> Operation:
    """The operation of that name; raises ``UnknownOperation``, which says what may be meant."""
    found = operations().get(name)
    if found is None:
        fix = meant(name, list(operations())) or "`landbridge ops list` shows all of them."
        raise UnknownOperation(f"There is no operation {name}.", fix)
    return found


def find(wanted: Wanted) -> list[Operation]:
    """Operations that fit, in the order of the tables; every word of the text must occur."""
    words = wanted.text.lower().split()
    return [one for one in operations().values() if _fits(one, wanted, words)]


def apps() -> list[str]:
    """Names of the apps, in the order of the tables."""
    return list(dict.fromkeys(one.app for one in operations().values()))


def scopes() -> list[str]:
    """Scopes that operations name, in alphabetical order."""
    return sorted({one.scope for one in operations().values()} - {""})


def json_schema(one: Operation) -> dict[str, object]:
    """What an operation takes, as JSON Schema; what the account fills in is not required."""
    return {
        "type": "object",
        "properties": {parameter.name: _property(parameter) for parameter in one.parameters},
        "required": [p.name for p in one.parameters if p.required and p.filled != "location"],
        "additionalProperties": False,
    }


def facts(one: Operation) -> dict[str, object]:
    """One operation for programs, without its parameters."""
    return {
        "name": one.name,
        "title": one.title,
        "about": one.about,
        "app": one.app,
        "kind": one.kind,
        "call": one.call,
        "scope": one.scope,
        "level": one.level,
        "safe_to_repeat": one.repeat,
        "deprecated": one.deprecated,
        "answers": one.answers,
        "assumption": one.assumption,
    }


def notes_of(one: Operation) -> list[str]:
    """Sentences about an operation that people should know before they call it."""
    level = {
        "agency": "It takes the token of an agency; one of a location is refused.",
        "company": "It takes company-level credentials; the connection of an agent does not reach it.",
    }
    found = [
        f"It is {one.call} of {one.side.title}'s API." if one.side else "It is Landbridge's own.",
        "It writes." if one.writes else "It only reads.",
        f"It needs the scope {one.scope}." if one.scope else "",
        level.get(one.level, ""),
        "" if one.repeat else "It is not safe to repeat: a lost answer is not asked for again.",
        "HighLevel has marked it as out of date." if one.deprecated else "",
        f"Assumption: {one.assumption}" if one.assumption else "",
        f"It answers: {one.answers}.",
    ]
    return [words for words in found if words]


def _property(parameter: Parameter) -> dict[str, object]:
    schema = dict(_JSON[parameter.type]) | {"description": parameter.about}
    if parameter.enum and parameter.type == "strings":
        schema["items"] = {"type": "string", "enum": list(parameter.enum)}
    elif parameter.enum:
        schema["enum"] = [*parameter.enum, *([None] if parameter.empty else [])]
    if parameter.empty:
        schema["type"] = [schema["type"], "null"]
    return schema


def _fits(one: Operation, wanted: Wanted, words: Sequence[str]) -> bool:
    told = f"{one.name} {one.title} {one.about} {one.call}".lower()
    return (
        wanted.app in ("", one.app)
        and wanted.scope in ("", one.scope)
        and wanted.kind in ("", one.kind)
        and all(word in told for word in words)
    )
