"""Request bodies against a list of allowed properties, refused in the vendor's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from landbridge.sandbox.highlevel.refusals import unprocessable


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


# A word for each type: the test and what the vendor's validator says when it fails. ``?`` allows null.
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "text": (_is_text, "must be a string"),
    "flag": (lambda value: isinstance(value, bool), "must be a boolean value"),
    "number": (_is_number, "must be a number conforming to the specified constraints"),
    "texts": (_is_texts, "must be an array of strings"),
    "list": (lambda value: isinstance(value, list), "must be an array"),
    "object": (lambda value: isinstance(value, dict), "must be an object"),
    "any": (lambda _: True, ""),
}
_KINDS |= {f"{kind}?": rule for kind, rule in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Shape:
    """Which properties a body may have, of which type (``text``, ``text?`` ...), and which it must have."""

    fields: Mapping[str, str]
    required: tuple[str, ...] = ()

    def problems(self, body: Mapping[str, Any], prefix: str = "") -> list[str]:
        """What is wrong, one sentence each; empty when nothing is."""
        found = [
            f"{prefix}{name} should not be empty" for name in self.required if body.get(name) in (None, "")
        ]
        for name, value in body.items():
            kind = self.fields.get(name)
            if kind is None:
                found.append(f"{prefix}property {name} should not exist")
            elif value is None and kind[-1] == "?":
                continue
            else:
                fits, sentence = _KINDS[kind]
                if not fits(value):
                    found.append(f"{prefix}{name} {sentence}")
        return found

    def check(self, body: Mapping[str, Any]) -> None:
        """Refuse the body with 422 and every problem."""
        found = self.problems(body)
        if found:
            raise unprocessable(found)

    def without(self, *names: str) -> Shape:
        """The same shape where these are neither allowed nor required, and nothing else is required."""
        return Shape({name: kind for name, kind in self.fields.items() if name not in names})
