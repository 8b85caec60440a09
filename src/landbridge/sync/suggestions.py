"""Fields of both sides that no rule speaks of and that are alike: by their names, and by what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from landbridge.sync.fields import CUSTOM_FIELD_CONVERTERS, HIGHLEVEL_FIELDS, REZORA_FIELDS, native_field
from landbridge.sync.model import Side
from landbridge.sync.rules import Direction, Policy, Rule
from landbridge.sync.values import CONVERTERS

NEAR = 72.0  # of 100: below, names have a word in common and no more
MORE_PHONES = 3  # extra numbers of HighLevel that are offered; their number is not limited
_LISTED = ("SINGLE_OPTIONS", "RADIO")
_KINDS: Mapping[str, str] = {  # what a Rezora field holds beyond plain text (rezora.md 2.1)
    "contact_name": "full_name",
    "contact_email": "email",
    "contact_type": "choice",
    "contact_date": "date",
    **{f"contact_phone_{one}": "phone" for one in ("home", "work", "mobile", "fax")},
    **{f"contact_{place}_state": "state" for place in ("home", "business")},
    **{f"contact_{place}_zip": "postal_code" for place in ("home", "business")},
}
_ALIKE: Mapping[str, tuple[str, ...]] = {  # what people call these fields
    "contact_title": ("job title", "position", "role", "occupation"),
    "contact_type": ("lead temperature", "temperature", "lead type", "rating", "hot or not"),
    "contact_company": ("company", "business name", "brokerage", "employer"),
    "contact_phone_work": ("work phone", "office phone", "business phone"),
    "contact_phone_home": ("home phone", "landline"),
    "contact_phone_fax": ("fax", "fax number"),
    "contact_business_street": ("office address", "work address", "business street"),
    "contact_business_city": ("office city", "work city"),
    "contact_business_state": ("office state", "work state"),
    "contact_business_zip": ("office zip", "work zip", "business postal code"),
}


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field that HighLevel's owner made; ``type`` is the vendor's word (highlevel.md 5.4)."""

    id: str
    name: str
    type: str

    @property
    def native(self) -> str:
        """As a mapping names it."""
        return f"customFields.{self.id}"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule that could be added, and how sure it is (0 to 100)."""

    rule: Rule
    highlevel_title: str
    rezora_title: str
    score: float


def suggestions(policy: Policy, own: Sequence[OwnField] = ()) -> list[Suggestion]:
    """Rules for fields that no rule or mark names, the most alike first; each field at most once."""
    used = policy.field_names()
    rezora = [name for name, field in REZORA_FIELDS.items() if name not in used and field.writable]
    found = [
        Suggestion(rule, title, REZORA_FIELDS[name].title, score)
        for native, title, kind in _left(policy, own)
        for name in rezora
        if (score := _score(native, title, kind, name)) >= NEAR
        if (rule := _rule(native, title, kind, name)) is not None
    ]
    taken: set[str] = set()
    best = []
    for one in sorted(found, key=lambda one: (-one.score, one.rule.name)):
        pair = {one.rule.highlevel[0], one.rule.rezora[0]}
        if taken.isdisjoint(pair):
            best.append(one)
            taken |= pair
    return best


def fitting(highlevel: Sequence[str], rezora: Sequence[str], types: Mapping[str, str]) -> str:
    """The converter for these fields; ``types`` are the vendor's types by native name of own fields."""
    if len(highlevel) == len(("first", "last")):
        return "name"
    if len(rezora) == len(("first line", "second line")):
        return "street"
    if not highlevel or not rezora:
        return "text"
    wanted = _KINDS.get(rezora[0], "text")
    able = CUSTOM_FIELD_CONVERTERS.get(types.get(highlevel[0], ""), ())
    if not able or wanted in able:
        return wanted
    return able[0]


def _left(policy: Policy, own: Sequence[OwnField]) -> Iterator[tuple[str, str, str]]:
    """Native name, title and vendor's type of the fields of HighLevel that are not mapped."""
    used = policy.field_names()
    names = [*HIGHLEVEL_FIELDS, *(f"additionalPhones.{number}" for number in range(MORE_PHONES))]
    for name in names:
        field = native_field(Side.HIGHLEVEL, name)
        if field is not None and name not in used:
            yield name, field.title, ""
    for one in own:
        if one.native not in used and one.type in CUSTOM_FIELD_CONVERTERS:
            yield one.native, one.name, one.type


def _score(native: str, title: str, kind: str, rezora: str) -> float:
    names = (REZORA_FIELDS[rezora].title, rezora.removeprefix("contact_").replace("_", " "))
    named = max(_near(title, name) for name in (*names, *_ALIKE.get(rezora, ())))
    phone = _KINDS.get(rezora) == "phone" and "fax" not in rezora
    phones = phone and (kind == "PHONE" or native.startswith("additionalPhones"))
    return max(named, NEAR) if phones else named


def _near(one: str, two: str) -> float:
    """Word by word and without case; a short name must fit as a whole, or everything would be near."""
    left, right = (re.sub(r"[^a-z0-9]+", " ", text.lower()).strip() for text in (one, two))
    return float(fuzz.token_sort_ratio(left, right)) if left and right else 0.0


def _rule(native: str, title: str, kind: str, rezora: str) -> Rule | None:
    converter = fitting([native], [rezora], {native: kind} if kind else {})
    if rezora == "contact_type" and (kind not in _LISTED or converter != "choice"):
        return None  # Rezora knows four words only; free text would be refused
    known = CONVERTERS[converter]
    if (known.highlevel, known.rezora) != (1, 1):
        return None
    field = native_field(Side.HIGHLEVEL, native)
    direction = Direction.BOTH if field is not None and field.writable else Direction.TO_REZORA
    return Rule(" ".join(title.lower().split())[:60], (native,), (rezora,), converter, direction)
