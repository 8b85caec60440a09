"""The converters: how a value of one side is written on the other, and when two values mean the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from landbridge.sync.addresses import e164, is_country, is_email, local_phone, normal_email
from landbridge.sync.model import Side
from landbridge.sync.names import compatible_names, join_name, split_name
from landbridge.sync.states import STATE_CODES
from landbridge.sync.texts import caseless, clean, fold, plain

__all__ = [
    "CONVERTERS",
    "Context",
    "Converter",
    "compatible_names",
    "converters",
    "e164",
    "is_country",
    "is_email",
    "normal_email",
]

Values = tuple[str, ...]
Convert = Callable[[Values, Values], Values]
Canon = Callable[[Values], str]


@dataclass(frozen=True, slots=True)
class Converter:
    """One way to carry a value across, both ways.

    ``highlevel`` and ``rezora`` are the numbers of fields it takes on each side; values and hints have
    exactly so many. No text makes it raise. Laws, for all values and hints (tested as properties):
    what is written means what was read; a target that already means it is left as it is.
    """

    name: str
    title: str
    highlevel: int
    rezora: int
    write_rezora: Convert
    write_highlevel: Convert
    canon_highlevel: Canon
    canon_rezora: Canon

    def to_rezora(self, values: Values, hint: Values = ()) -> Values:
        """The Rezora values for these HighLevel ones; ``hint`` is what Rezora shows now, or nothing."""
        if len(hint) != self.rezora:
            return self.write_rezora(values, ("",) * self.rezora)
        if self.canon_rezora(hint) == self.canon_highlevel(values):
            return hint
        return self.write_rezora(values, hint)

    def to_highlevel(self, values: Values, hint: Values = ()) -> Values:
        """The HighLevel values for these Rezora ones; ``hint`` is what HighLevel shows now, or nothing."""
        if len(hint) != self.highlevel:
            return self.write_highlevel(values, ("",) * self.highlevel)
        if self.canon_highlevel(hint) == self.canon_rezora(values):
            return hint
        return self.write_highlevel(values, hint)

    def canon(self, side: Side, values: Values) -> str:
        """The form in which values are compared, empty for an empty value; never written to a side."""
        return self.canon_highlevel(values) if side is Side.HIGHLEVEL else self.canon_rezora(values)


@dataclass(frozen=True, slots=True)
class Context:
    """What reading a value depends on; ``default_country`` is the ISO 3166 code of the location."""

    default_country: str = "US"


def converters(context: Context) -> Mapping[str, Converter]:
    """All converters by name, for one bridge."""
    country = context.default_country
    phone = _same(
        "phone",
        "Phone number",
        canon=lambda text: e164(text, country) or fold(text),
        rezora=lambda text: local_phone(text, country),
        highlevel=lambda text: e164(text, country) or clean(text),
    )
    known = {converter.name: converter for converter in (*_FIXED, phone)}
    return MappingProxyType({name: known[name] for name in _ORDER})


# In which people read about them.
_ORDER: Values = ("text", "name", "full_name", "email", "phone", "date", "street", "state", "postal_code")
_ORDER += ("choice", "number", "flag")


def _same(
    name: str,
    title: str,
    *,
    canon: Callable[[str], str],
    rezora: Callable[[str], str] = clean,
    highlevel: Callable[[str], str] = clean,
) -> Converter:
    """A converter of one field to one, compared alike on both sides."""

    def canon_one(values: Values) -> str:
        return canon(values[0])

    return Converter(
        name,
        title,
        1,
        1,
        lambda values, _: (rezora(values[0]),),
        lambda values, _: (highlevel(values[0]),),
        canon_one,
        canon_one,
    )


# --- name: firstName, lastName <-> contact_name -------------------------------------------------


def _name_to_rezora(values: Values, _: Values) -> Values:
    return (join_name(values[0], values[1]),)


def _name_to_highlevel(values: Values, hint: Values) -> Values:
    return split_name(values[0], (hint[0], hint[1]))


def _canon_joined(values: Values) -> str:
    return fold(" ".join(values))


# --- street: address1 <-> street, street2 -------------------------------------------------------

_STREET_WORD = re.compile(r"[^\s,]+")


def _canon_street(values: Values) -> str:
    """A line break, a comma and a space between the parts of a street all mean the same."""
    return fold(" ".join(values).replace(",", " "))


def _street_to_highlevel(values: Values, _: Values) -> Values:
    return (", ".join(part.rstrip(" ,") for part in map(clean, values) if _canon_street((part,))),)


def _street_to_rezora(values: Values, hint: Values) -> Values:
    """At the first line break; else where the street or the second line shown now ends or begins."""
    lines = [
        line
        for line in (clean(line).rstrip(" ,") for line in values[0].splitlines())
        if _canon_street((line,))
    ]
    if len(lines) > 1:
        return lines[0], ", ".join(lines[1:])
    text = clean(lines[0]) if lines else ""
    words = list(_STREET_WORD.finditer(text))
    folded = [fold(word.group()) for word in words]
    first, second = _canon_street(hint[:1]).split(), _canon_street(hint[1:]).split()
    if second and len(second) < len(words):
        if folded[-len(second) :] == second:
            return _cut_street(text, words[-len(second)].start())
        if first and len(first) < len(words) and folded[: len(first)] == first:
            return _cut_street(text, words[len(first)].start())
    return text, ""


def _cut_street(text: str, place: int) -> Values:
    return text[:place].rstrip(" ,\t\n\r"), text[place:]


# --- single values ------------------------------------------------------------------------------

_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_NUMBER = re.compile(r"([+-]?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]+))?")
_TRUE = frozenset(("1", "true", "yes", "y", "on"))
_FALSE = frozenset(("0", "false", "no", "n", "off"))


def _date(text: str) -> str:
    """The calendar date as written, whatever time or zone stands behind it; else the text."""
    match = _DATE.fullmatch(fold(text))
    if match is None:
        return ""
    try:
        return date.fromisoformat(match[1]).isoformat()
    except ValueError:  # the thirtieth of February
        return ""


def _number(text: str) -> str:
    """Plain decimal digits without grouping and idle zeros, or nothing when it is no number."""
    match = _NUMBER.fullmatch(fold(text))
    if match is None:
        return ""
    whole = match[2].replace(",", "").lstrip("0") or "0"
    fraction = (match[3] or "").rstrip("0")
    value = f"{whole}.{fraction}" if fraction else whole
    return f"-{value}" if match[1] == "-" and value != "0" else value


def _state(text: str) -> str:
    """The two-letter code of a US or Canadian state or province, else the text without case."""
    return STATE_CODES.get(plain(text.replace(",", " ").replace(".", "")), caseless(text))


def _postal_code(text: str) -> str:
    return caseless(text).replace(" ", "").replace("-", "")


def _options(text: str) -> list[str]:
    return [option for option in map(clean, text.splitlines()) if option]


def _choice(text: str) -> str:
    return "\n".join(sorted({caseless(option) for option in _options(text)}))


def _flag(text: str) -> str:
    folded = caseless(text)
    return "1" if folded in _TRUE else "0" if folded in _FALSE else folded


def _flag_to_highlevel(text: str) -> str:
    return {"1": "Yes", "0": "No"}.get(_flag(text)) or clean(text)


def _flag_to_rezora(text: str) -> str:
    flag = _flag(text)
    return flag if flag in ("0", "1") else clean(text)


_FIXED = (
    _same("text", "Text as it is", canon=fold),
    Converter(
        "name",
        "First and last name in two fields, full name in one",
        2,
        1,
        _name_to_rezora,
        _name_to_highlevel,
        _canon_joined,
        _canon_joined,
    ),
    _same("full_name", "Full name in one field on both sides", canon=fold),
    _same("email", "E-mail address", canon=normal_email),
    _same(
        "date",
        "Calendar date",
        canon=lambda text: _date(text) or fold(text),
        rezora=lambda text: _date(text) or clean(text),
        highlevel=lambda text: _date(text) or clean(text),
    ),
    Converter(
        "street",
        "Street in one field, street and second line in two",
        1,
        2,
        _street_to_rezora,
        _street_to_highlevel,
        _canon_street,
        _canon_street,
    ),
    _same("state", "State or province", canon=_state),
    _same("postal_code", "ZIP or postal code", canon=_postal_code),
    _same(
        "choice",
        "One or several options by their names",
        canon=_choice,
        rezora=lambda text: "\n".join(_options(text)),
        highlevel=lambda text: "\n".join(_options(text)),
    ),
    _same(
        "number",
        "Number",
        canon=lambda text: _number(text) or fold(text),
        highlevel=lambda text: _number(text) or clean(text),
    ),
    _same("flag", "Yes or no", canon=_flag, rezora=_flag_to_rezora, highlevel=_flag_to_highlevel),
)

CONVERTERS: Mapping[str, Converter] = converters(Context())
