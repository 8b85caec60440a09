"""How a contact looks on each route: get, create, search, list and by business (highlevel.md 2.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from landbridge.sandbox.highlevel.addresses import Contact

Shown = dict[str, Any]

# v2 names of the channels and the v3 ones (highlevel.md 2.8); RCS was seen live.
CHANNELS = {
    "Call": "call",
    "Email": "email",
    "SMS": "sms",
    "WhatsApp": "whatsApp",
    "GMB": "gmb",
    "FB": "fb",
    "RCS": "rcs",
}

_ALWAYS = ("id", "locationId", "dnd", "tags", "type", "dateAdded", "dateUpdated", "followers")
_WHERE_KNOWN = (
    "firstName",
    "lastName",
    "email",
    "phone",
    "address1",
    "city",
    "state",
    "postalCode",
    "country",
    "website",
    "timezone",
    "companyName",
    "businessId",
    "dateOfBirth",
    "source",
    "assignedTo",
    "lastActivity",
    "createdBy",
)
# What a stored contact has that search does not show, or shows in another form.
_NOT_SEARCHED = (
    "address1",
    "gender",
    "lastActivity",
    "createdBy",
    "campaigns",
    "workflows",
    "addedMs",
    "updatedMs",
)


def full_name(contact: Mapping[str, Any]) -> str:
    """First and last name with one space, or what there is of them."""
    return " ".join(part for part in (contact["firstName"], contact["lastName"]) if part)


def custom_fields(contact: Contact) -> list[Shown]:
    """``[{id, value}]``, never key or name (highlevel.md 5.4)."""
    return [{"id": field_id, "value": value} for field_id, value in contact["customFields"].items()]


def dnd_settings(contact: Contact, *, v3: bool) -> Shown:
    """The channels under the names of the version."""
    settings: Shown = contact["dndSettings"]
    return {CHANNELS[name]: value for name, value in settings.items()} if v3 else settings


def shown(contact: Contact, *, v3: bool) -> Shown:
    """The record of ``GET``, ``PUT`` and upsert; fields without a value are left out (an assumption)."""
    record = {name: contact[name] for name in _ALWAYS}
    for name in _WHERE_KNOWN:
        value = contact[name]
        if value is not None:
            record[name] = value
    name = full_name(contact)
    if name:
        record["name"] = name
        record["fullNameLowerCase"] = name.lower()
    for cased, lowered in (("firstName", "firstNameLowerCase"), ("lastName", "lastNameLowerCase")):
        if contact[cased]:
            record[lowered] = contact[cased].lower()
    if contact["email"]:
        record["emailLowerCase"] = contact["email"].lower()
    record["additionalEmails"] = contact["additionalEmails"]
    record["additionalPhones"] = contact["additionalPhones"]
    record["dndSettings"] = dnd_settings(contact, v3=v3)
    record["customFields"] = custom_fields(contact)
    return record


def created(contact: Contact, *, v3: bool) -> Shown:
    """The record of the create answer: v2 adds a few fields, v3 is shaped like get (highlevel.md 2.8)."""
    record = shown(contact, v3=v3)
    record["lastUpdatedBy"] = contact["createdBy"]
    if not v3:
        record |= {
            "deleted": False,
            "bounceEmail": False,
            "unsubscribeEmail": False,
            "offers": [],
            "products": [],
        }
        if contact["dateOfBirth"]:
            _, month, day = contact["dateOfBirth"].split("-")
            record |= {"birthMonth": int(month), "birthDay": int(day)}
    return record


def searched(contact: Contact, business: str | None, *, v3: bool) -> Shown:
    """The record of ``POST /contacts/search``: ``address`` for ``address1``, null for what is missing."""
    record = contact.copy()
    for name in _NOT_SEARCHED:
        del record[name]
    first = (contact["firstName"] or "").lower()
    last = (contact["lastName"] or "").lower()
    record["firstNameLowerCase"] = first or None
    record["lastNameLowerCase"] = last or None
    record["contactName"] = (f"{first} {last}" if first and last else first or last) or None
    record["address"] = contact["address1"]
    record["businessName"] = business
    if v3:
        record["dndSettings"] = dnd_settings(contact, v3=True)
    record["customFields"] = custom_fields(contact)
    record["opportunities"] = []
    return record


def listed(contact: Contact, *, v3: bool) -> Shown:
    """The record of the deprecated list and of by-business: lower-cased names, cased in ``...Raw``."""
    record = shown(contact, v3=v3)
    first, last = contact["firstName"] or "", contact["lastName"] or ""
    record |= {
        "contactName": full_name(contact).lower(),
        "firstName": first.lower(),
        "lastName": last.lower(),
        "firstNameRaw": first,
        "lastNameRaw": last,
        "attributions": [],
    }
    return record
