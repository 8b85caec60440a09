"""Texts with places for values, such as "Call {{contact.first_name}}": names from a list, and no code."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from landbridge.sync.mapping_checks import listed, meant, shown
from landbridge.sync.texts import clean

CONTACT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "first_name": "firstName",
        "last_name": "lastName",
        "email": "email",
        "phone": "phone",
        "company": "companyName",
        "street": "address1",
        "city": "city",
        "state": "state",
        "postal_code": "postalCode",
        "country": "country",
        "website": "website",
        "source": "source",
        "type": "type",
        "date_of_birth": "dateOfBirth",
        "date_added": "dateAdded",
        "owner": "assignedTo",
        "business": "businessId",
    }
)
"""The fields that conditions and templates know, and HighLevel's own names of them (highlevel.md 2.1.1)."""

PERSONAL = tuple(f"contact.{name}" for name in ("name", *CONTACT_NAMES))
NAMES = (
    *PERSONAL,
    "contact.id",
    "event.name",
    "event.date",
    "event.tag",
    "event.list",
    "recipe.name",
    "today",
)
"""What a template may name."""

IMPERSONAL = tuple(name for name in NAMES if name not in PERSONAL)
"""What a text may name that leaves by mail or chat: nobody's name or address does."""

LONGEST_VALUE = 500  # letters of one value; a longer one is cut, with three dots
LONGEST_TEMPLATE = 5_000
FILTERS = ("date", "default")
DATES: Mapping[str, str] = MappingProxyType(
    {"": "%Y-%m-%d", "long": "%d %B %Y", "us": "%m/%d/%Y", "day": "%A"}
)

_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


def template_problems(place: str, text: str, names: tuple[str, ...] = NAMES) -> list[str]:
    """Everything that makes a template unusable, one line each."""
    if len(text) > LONGEST_TEMPLATE:
        return [f"{place}: has {len(text):,} letters; allowed: up to {LONGEST_TEMPLATE:,}."]
    found = [problem for inside in _PLACE.findall(text) for problem in _place_problems(place, inside, names)]
    if _BRACES.search(_PLACE.sub("", text)):
        found.append(
            f"{place}: a double brace has no partner, or stands in another one; allowed: {{{{name}}}}, with"
            " the name of one value."
        )
    return found


def _place_problems(place: str, inside: str, names: tuple[str, ...]) -> Iterator[str]:
    name, *filters = (part.strip() for part in inside.split("|"))
    if name not in names:
        if name in NAMES:
            yield (
                f"{place}: {{{{{name}}}}} would send somebody's details by mail or chat; allowed here:"
                f" {listed(names)}. Put details into a task or a note."
            )
        else:
            yield f"{place}: unknown name {shown(name)}{meant(name, names)}; allowed: {listed(names)}."
    for one in filters:
        word, _, argument = (part.strip() for part in one.partition(":"))
        if word not in FILTERS:
            yield f"{place}: unknown filter {shown(word)}{meant(word, FILTERS)}; allowed: {listed(FILTERS)}."
        elif word == "date" and argument not in DATES:
            allowed = listed(f"date: {kind}" if kind else "date" for kind in DATES)
            yield f"{place}: unknown date {shown(argument)}{meant(argument, DATES)}; allowed: {allowed}."
        elif word == "default" and not argument:
            yield f'{place}: "default" lacks its text; allowed: default: some words.'


def render(text: str, values: Mapping[str, str]) -> str:
    """The template with its values as plain text; a name without a value is blank.

    One pass: what a value says is text, also where it looks like a place, a filter or HTML.
    """
    return _PLACE.sub(lambda found: _value(found[1], values), text)


def as_html(text: str) -> str:
    """Plain text for a body that HighLevel shows as HTML: nothing in it is markup."""
    return html.escape(text).replace("\r\n", "\n").replace("\n", "<br>")


def _value(inside: str, values: Mapping[str, str]) -> str:
    name, *filters = (part.strip() for part in inside.split("|"))
    value = clean(values.get(name, ""))
    for one in filters:
        word, _, argument = (part.strip() for part in one.partition(":"))
        if word == "default":
            value = value or argument
        elif word == "date":
            value = _date(value, argument)
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 3]}..."


def _date(value: str, kind: str) -> str:
    """A date or an instant as people write it; what is no date stays as it is."""
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return value
    written = found.strftime(DATES.get(kind, DATES[""]))
    return written.removeprefix("0") if kind == "long" else written
