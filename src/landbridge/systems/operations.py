"""What an operation is: one call of an API as a declaration, read from a table and checked once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from landbridge.sync.model import Side

Place = Literal["path", "query", "body", "whole", "form"]
Kind = Literal["string", "number", "boolean", "object", "strings", "objects", "list", "file"]
PLACES: tuple[Place, ...] = get_args(Place)
KINDS: tuple[Kind, ...] = get_args(Kind)
METHODS = ("GET", "POST", "PUT", "DELETE", "")  # none for an action of our own
FILLED = ("", "location", "company")

_NAME = re.compile(r"[a-z]+(\.[a-z][a-z_]*[a-z])")
_HOLE = re.compile(r"\{(\w+)\}")
_OPERATION_KEYS = frozenset(
    {"name", "title", "about", "call", "scope", "level", "writes", "repeat", "deprecated", "answers"}
    | {"empty_body", "assumption"} | set(PLACES)
)  # fmt: skip
_PARAMETER_KEYS = frozenset({"type", "about", "required", "empty", "enum", "filled", "secret"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing an operation takes.

    ``place`` is where it goes; ``whole`` is the whole body, ``form`` a part of a multipart form. ``empty``:
    null is allowed. ``filled``: comes from the account. ``secret``: never shown, never in the journal.
    """

    name: str
    place: Place
    type: Kind
    about: str
    required: bool = False
    empty: bool = False
    enum: tuple[str | int | float, ...] = ()
    filled: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One action: what it does, what it takes, and whether it is safe.

    ``side`` is None for an action of Landbridge's own, which has no method and path. ``level`` is
    ``agency`` or ``company`` where a location's or an agent's credential does not reach. ``repeat``: doing
    it twice is the same as once, so a lost answer may be asked for again. ``answers`` names the answer's
    parts. ``assumption`` says what of it the vendor's documents leave open; empty for nothing.
    """

    name: str
    title: str
    about: str
    app: str
    side: Side | None
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    answers: str
    scope: str = ""
    level: str = ""
    version: str = ""
    writes: bool = False
    repeat: bool = False
    deprecated: bool = False
    empty_body: bool = False
    assumption: str = ""

    @property
    def call(self) -> str:
        """Method and path, ``PUT /contacts/{contactId}``; empty for an action of our own."""
        return f"{self.method} {self.path}".strip()

    @property
    def kind(self) -> str:
        """``write`` or ``read``."""
        return "write" if self.writes else "read"

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of this name."""
        return next((one for one in self.parameters if one.name == name), None)

    def at(self, place: Place) -> tuple[Parameter, ...]:
        """The parameters of one place, in the order of the table."""
        return tuple(one for one in self.parameters if one.place == place)


def read_operations(text: str, side: Side | None) -> tuple[Operation, ...]:
    """The operations of one table (TOML); raises ``ValueError`` with every problem of it, a line each."""
    table = tomllib.loads(text)
    app, version = str(table.get("app", "")), str(table.get("version", ""))
    found = [_operation(row, app, version, side) for row in table.get("operation", ())]
    problems = [problem for row in table.get("operation", ()) for problem in _strange_keys(row)]
    problems += [problem for one in found for problem in _problems(one)]
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(found)


def unique(operations: Sequence[Operation]) -> dict[str, Operation]:
    """The operations by name; raises ``ValueError`` for a name that is there twice."""
    named: dict[str, Operation] = {}
    for one in operations:
        if one.name in named:
            raise ValueError(f"The operation {one.name} is there twice.")
        named[one.name] = one
    return named


def _operation(row: Mapping[str, Any], app: str, version: str, side: Side | None) -> Operation:
    method, _, path = str(row.get("call", "")).partition(" ")
    parameters = [
        _parameter(name, place, entry)
        for place in PLACES
        if place in row
        for name, entry in row[place].items()
    ]
    return Operation(
        name=str(row.get("name", "")),
        title=str(row.get("title", "")),
        about=str(row.get("about", "")),
        app=app,
        side=side,
        method=method,
        path=path,
        parameters=tuple(parameters),
        answers=str(row.get("answers", "")),
        scope=str(row.get("scope", "")),
        level=str(row.get("level", "")),
        version=version,
        writes=bool(row.get("writes", False)),
        repeat=bool(row.get("repeat", False)),
        deprecated=bool(row.get("deprecated", False)),
        empty_body=bool(row.get("empty_body", False)),
        assumption=str(row.get("assumption", "")),
    )


def _parameter(name: str, place: Place, entry: Mapping[str, Any]) -> Parameter:
    return Parameter(
        name=name,
        place=place,
        type=entry.get("type", "string"),
        about=str(entry.get("about", "")),
        required=bool(entry.get("required", False)),
        empty=bool(entry.get("empty", False)),
        enum=tuple(entry.get("enum", ())),
        filled=str(entry.get("filled", "")),
        secret=bool(entry.get("secret", False)),
    )


def _strange_keys(row: Mapping[str, Any]) -> list[str]:
    found = [f"{row.get('name')}: {key} is no key of an operation" for key in row.keys() - _OPERATION_KEYS]
    for place in PLACES:
        for name, entry in row.get(place, {}).items():
            found += [
                f"{row.get('name')}: {name}: {key} is no key of a parameter"
                for key in entry.keys() - _PARAMETER_KEYS
            ]
    return found


def _problems(one: Operation) -> list[str]:
    """What is wrong with one operation."""
    holes = _HOLE.findall(one.path)
    names = [parameter.name for parameter in one.parameters]
    wrong = [
        (not _NAME.fullmatch(one.name), "its name is not like app.do_this"),
        (not (one.title and one.about.endswith(".") and one.answers), "title, about or answers is missing"),
        (one.method not in METHODS, "its method is none"),
        ((one.side is None) != (one.method == ""), "it needs a call, and one of our own has none"),
        (bool(one.method) and not one.path.startswith("/"), "its path does not begin with a slash"),
        (sorted(holes) != sorted(p.name for p in one.at("path")), "path and path parameters differ"),
        (len(names) != len(set(names)), "a parameter is there twice"),
        (one.method == "GET" and one.writes, "a GET writes nothing"),
        (one.method in ("PUT", "DELETE") and not one.writes, f"a {one.method} writes"),
        (not one.writes and not one.repeat, "a read can be repeated"),
        (len(one.at("whole")) > 1 or (bool(one.at("whole")) and bool(one.at("body"))), "it has two bodies"),
    ]
    found = [f"{one.name}: {words}" for is_wrong, words in wrong if is_wrong]
    return found + [
        f"{one.name}: {parameter.name} has a wrong type, sentence or filling"
        for parameter in one.parameters
        if parameter.type not in KINDS
        or not parameter.about.endswith(".")
        or parameter.filled not in FILLED
        or (parameter.place == "path" and not (parameter.required and parameter.type == "string"))
    ]
