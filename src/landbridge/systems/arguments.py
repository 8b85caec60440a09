"""What somebody gives an operation, checked against its table: every problem at once, before any call."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import msgspec

from landbridge.systems.base import SystemFailure
from landbridge.systems.operations import Kind, Operation, Parameter

LARGEST_NUMBER = 2**53  # up to here all readers of JSON agree on whole numbers (RFC 8259, 6)
LONGEST_ID = 200  # ids of both systems are far shorter
_UNSAFE = re.compile(r"[/\\@\x00-\x1f\x7f]")  # with an @ it is an address of a person, which no URL may hold
_WORDS: Mapping[Kind, str] = {
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
    "object": 'an object, such as {"key": "value"}',
    "strings": 'a list of texts, such as ["a", "b"]',
    "objects": 'a list of objects, such as [{"key": "value"}]',
    "list": 'a list, such as [1, "a"]',
    "file": 'an object with "name", "field" and "base64"',
}
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class ArgumentProblem:
    """What is wrong with one parameter, and what to do; never with the value, which may name a person."""

    name: str
    sentence: str
    fix: str


class WrongArguments(SystemFailure):
    """Parameters that an operation does not take; nothing was sent. ``problems`` are all of them."""

    fix = "Correct what is named and try again; `landbridge ops show` lists what the operation takes."
    sent = "no"

    def __init__(self, operation: str, problems: Sequence[ArgumentProblem]) -> None:
        told = "\n".join(f"{problem.sentence} {problem.fix}" for problem in problems)
        super().__init__(f"{operation} was not called.\n{told}")
        self.problems = tuple(problems)


def checked(
    operation: Operation, given: Mapping[str, object], filled: Mapping[str, str]
) -> dict[str, object]:
    """The arguments to send, by parameter name; raises ``WrongArguments`` with every problem.

    ``filled`` is what the account knows: ``location`` and ``company``, blank where it does not. A location
    that is given must be the account's own.
    """
    problems = _unknown(operation, given)
    arguments: dict[str, object] = {}
    for parameter in operation.parameters:
        own = filled.get(parameter.filled, "") if parameter.filled else ""
        if parameter.name not in given or (given[parameter.name] is None and not parameter.empty):
            if own:
                arguments[parameter.name] = own
            elif parameter.required:
                problems.append(_missing(parameter))
            continue
        value = _as_query(parameter, given[parameter.name])
        problem = _wrong(parameter, value, own)
        if problem is None:
            arguments[parameter.name] = value
        else:
            problems.append(problem)
    if problems:
        raise WrongArguments(operation.name, problems)
    return arguments


def from_text(parameter: Parameter, text: str) -> object:
    """A value typed on the command line or in a form; what cannot be read stays a text, for ``checked``.

    ``null`` is nothing, where nothing is allowed.
    """
    if parameter.empty and text == "null":
        return None
    match parameter.type:
        case "string":
            value: object = text
        case "number":
            value = _number(text)
        case "boolean":
            lowered = text.strip().lower()
            value = True if lowered in _YES else False if lowered in _NO else text
        case "strings" if not text.lstrip().startswith("["):
            value = [part.strip() for part in text.split(",") if part.strip()]
        case _:
            value = _json(text)
    return value


def _json(text: str) -> object:
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, RecursionError):
        return text


def meant(name: str, known: Sequence[str]) -> str:
    """``Did you mean x?``, or nothing when no name is near."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


def _as_query(parameter: Parameter, value: object) -> object:
    """In a query everything is text: a number where the table says text is meant as its digits."""
    if parameter.place == "query" and parameter.type == "string" and type(value) in (int, float):
        return str(value)
    return value


def _unknown(operation: Operation, given: Mapping[str, object]) -> list[ArgumentProblem]:
    names = [parameter.name for parameter in operation.parameters]
    takes = f"It takes {', '.join(names)}." if names else "It takes no parameters."
    return [
        ArgumentProblem(name, f"{name} is no parameter of {operation.name}.", meant(name, names) or takes)
        for name in given
        if name not in names
    ]


def _missing(parameter: Parameter) -> ArgumentProblem:
    return ArgumentProblem(parameter.name, f"{parameter.name} is missing.", f"Give it: {parameter.about}")


def _wrong(parameter: Parameter, value: object, own: str) -> ArgumentProblem | None:
    """The first thing that is wrong with a value."""
    name = parameter.name
    if value is None:  # allowed here
        return None
    if not _FITS[parameter.type](value):
        return ArgumentProblem(name, f"{name} is not {_WORDS[parameter.type]}.", f"It is: {parameter.about}")
    if parameter.filled == "location" and own and value != own:
        sentence = f"{name} is another location than the connected one."
        return ArgumentProblem(name, sentence, "Leave it out: it is filled in from the account.")
    if parameter.place == "path":
        return _wrong_in_path(name, str(value))
    if parameter.required and value == "":
        return ArgumentProblem(name, f"{name} is empty.", f"Give it: {parameter.about}")
    return _not_listed(parameter, value)


def _not_listed(parameter: Parameter, value: object) -> ArgumentProblem | None:
    """A word that is none of the known ones."""
    strange = [one for one in (value if isinstance(value, list) else [value]) if one not in parameter.enum]
    if not parameter.enum or not strange:
        return None
    known = [str(one) for one in parameter.enum]
    near = meant(str(strange[0]), known) or "Use one of these."
    return ArgumentProblem(parameter.name, f"{parameter.name} is none of: {', '.join(known)}.", near)


def _wrong_in_path(name: str, value: str) -> ArgumentProblem | None:
    """A part of a path is one part: an empty one or one with a slash would make another call of it."""
    if not value.strip(". \t\r\n") or _UNSAFE.search(value) or len(value) > LONGEST_ID:
        sentence = f"{name} is empty, too long, or has a slash or an @ in it."
        return ArgumentProblem(name, sentence, "Give the id alone, as HighLevel or Rezora shows it.")
    return None


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return (
        isinstance(value, int | float) and abs(value) <= LARGEST_NUMBER
    )  # neither infinite nor "not a number"


def _all_are(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _is_file(value: object) -> bool:
    if (
        not isinstance(value, dict)
        or value.keys() != {"name", "field", "base64"}
        or not all(isinstance(v, str) and v for v in value.values())
    ):
        return False
    try:
        base64.b64decode(str(value["base64"]), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _number(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


_FITS: Mapping[Kind, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "strings": _all_are(str),
    "objects": _all_are(dict),
    "list": lambda value: isinstance(value, list),
    "file": _is_file,
}
