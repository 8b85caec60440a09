"""The native fields of both systems: which can be mapped, which can be written, and where that is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from landbridge.sync.model import Side


@dataclass(frozen=True, slots=True)
class NativeField:
    """One field under its side's own name; ``why`` says why it cannot be written, empty when it can."""

    name: str
    title: str
    source: str
    why: str = ""

    @property
    def writable(self) -> bool:
        """May a rule lead into this field?"""
        return not self.why


def _table(*fields: NativeField) -> Mapping[str, NativeField]:
    return MappingProxyType({field.name: field for field in fields})


_HL = "highlevel.md 2.1.1"
_RZ = "rezora.md 2.1"

HIGHLEVEL_FIELDS: Mapping[str, NativeField] = _table(
    NativeField("firstName", "First name", _HL),
    NativeField("lastName", "Last name", _HL),
    NativeField("email", "E-mail", _HL),
    NativeField("phone", "Phone", f"{_HL}, 5.5"),
    NativeField("address1", "Street", f"{_HL}, 6 (search answers call it address)"),
    NativeField("city", "City", _HL),
    NativeField("state", "State", _HL),
    NativeField("postalCode", "Postal code", _HL),
    NativeField("country", "Country", f"{_HL}, 5.5"),
    NativeField("website", "Website", _HL),
    NativeField("timezone", "Time zone", _HL),
    NativeField("source", "Source", _HL),
    NativeField("dateOfBirth", "Date of birth", _HL),
    NativeField("companyName", "Company", f"{_HL}, 5.5", "HighLevel accepts a company name only at create"),
    NativeField("type", "Contact type", _HL, "HighLevel shows it and does not accept it"),
    NativeField("assignedTo", "Owner (user id)", _HL, "a HighLevel user id means nothing in Rezora"),
    NativeField("dateAdded", "Added on", _HL, "HighLevel sets it"),
    NativeField("dateUpdated", "Changed on", _HL, "HighLevel sets it"),
)

# Extra addresses are numbered from 0 in the order HighLevel shows them; writing them is undocumented
# (highlevel.md 5.5). Custom fields go by their id, because answers never carry key or name (5.4).
_ADDITIONAL = re.compile(r"additional(Phone|Email)s\.(0|[1-9][0-9]?)")
CUSTOM_FIELD = re.compile(r"customFields\.([A-Za-z0-9_-]+)")

REZORA_FIELDS: Mapping[str, NativeField] = _table(
    NativeField("contact_name", "Full name", _RZ),
    NativeField("contact_email", "E-mail", _RZ),
    NativeField("contact_type", "Type: Hot, Active, Inactive or none", _RZ),
    NativeField("contact_title", "Job title", _RZ),
    NativeField("contact_company", "Company", _RZ),
    NativeField("contact_phone_home", "Home phone", _RZ),
    NativeField("contact_phone_work", "Work phone", _RZ),
    NativeField("contact_phone_mobile", "Mobile phone", _RZ),
    NativeField("contact_phone_fax", "Fax", _RZ),
    *(
        NativeField(f"contact_{place}_{part}", f"{place.capitalize()} address, {title}", _RZ)
        for place in ("home", "business")
        for part, title in (
            ("street", "street"),
            ("street2", "second line"),
            ("city", "city"),
            ("state", "state"),
            ("zip", "ZIP code"),
        )
    ),
    NativeField("contact_date", "Date of the record", _RZ, "Rezora sets it"),
    NativeField("contact_self", "The account's own contact", _RZ, "Rezora sets it"),
)

_CONSENT = "consent is not a field; `opt_out` carries it, towards less e-mail only"

# Known names that cannot be mapped at all, each with the reason.
REFUSED: Mapping[Side, Mapping[str, str]] = MappingProxyType(
    {
        Side.HIGHLEVEL: MappingProxyType(
            {
                "name": "HighLevel does not show it again as written; use firstName and lastName with the"
                ' converter "name"',
                "tags": "tags are names on a list, not a field; use a [[label]] rule",
                "dnd": _CONSENT,
                "dndSettings": _CONSENT,
                "inboundDndSettings": _CONSENT,
                "gender": "HighLevel takes it at create and never shows it",
                "id": "Landbridge keeps the pair of ids itself",
                "locationId": "it is the account, not a value of the contact",
                "customFields": 'name one field by its id, as in "customFields.<id>"',
                "additionalPhones": 'name one by its number, as in "additionalPhones.0"',
                "additionalEmails": 'name one by its number, as in "additionalEmails.0"',
            }
        ),
        Side.REZORA: MappingProxyType(
            {
                "contact_unsubscribe": _CONSENT,
                "contact_id": "Landbridge keeps the pair of ids itself",
            }
        ),
    }
)


def native_field(side: Side, name: str) -> NativeField | None:
    """The field of that name, or None when it is not known or cannot be mapped."""
    if side is Side.REZORA:
        return REZORA_FIELDS.get(name)
    if name in HIGHLEVEL_FIELDS:
        return HIGHLEVEL_FIELDS[name]
    if match := _ADDITIONAL.fullmatch(name):
        title = f"Additional {'phone' if match[1] == 'Phone' else 'e-mail'} {int(match[2]) + 1}"
        return NativeField(name, title, "highlevel.md 5.5", "HighLevel does not document how to write it")
    if CUSTOM_FIELD.fullmatch(name):
        return NativeField(name, "Custom field", "highlevel.md 5.4")
    return None


# Which converters fit the values of a custom field type (highlevel.md 5.4). TEXTBOX_LIST and
# FILE_UPLOAD hold several texts and files: neither has a converter.
_TEXTS = (
    "text",
    "name",
    "full_name",
    "email",
    "phone",
    "street",
    "state",
    "postal_code",
    "date",
    "number",
    "flag",
)
CUSTOM_FIELD_CONVERTERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "TEXT": _TEXTS,
        "LARGE_TEXT": ("text", "street"),
        "NUMERICAL": ("number",),
        "MONETORY": ("number",),
        "PHONE": ("phone",),
        "DATE": ("date",),
        "SINGLE_OPTIONS": ("choice", "flag"),
        "RADIO": ("choice", "flag"),
        "CHECKBOX": ("choice", "flag"),
        "MULTIPLE_OPTIONS": ("choice",),
    }
)
