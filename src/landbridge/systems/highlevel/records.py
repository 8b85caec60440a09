"""Contacts as HighLevel shows them, and fields as HighLevel takes them (highlevel.md 2.1.1, 5.3 to 5.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from landbridge.sync.model import Record, Side
from landbridge.systems.base import Rejected

Text = str | int | float | bool | None | UnsetType

_OPT_OUT = "dndSettings.Email.status"
CHANNELS = {
    "email": "Email",
    "call": "Call",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "gmb": "GMB",
    "fb": "FB",
    "rcs": "RCS",  # seen in answers, in no schema (highlevel.md 2.8): that it can be written is assumed
}
"""Channels in HighLevel's spelling for the dated versions, by the lower-case names of ``Record.barred``."""
CHANNELS_V3 = {name: "whatsApp" if name == "whatsapp" else name for name in CHANNELS}
_BUT_EMAIL = frozenset({"call", "sms", "whatsapp", "gmb", "fb"})
_NONE: frozenset[str] = frozenset()
# The schema allows null everywhere but here (highlevel.md 5.5).
_NEVER_NULL = frozenset({"postalCode", "country", "gender"})
_RESTRICTED = ("active", "permanent")
_SEVERAL = frozenset({"CHECKBOX", "MULTIPLE_OPTIONS"})
_NUMBERS = frozenset({"NUMERICAL", "MONETORY"})
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_CUSTOM = "customFields."


class CustomValue(msgspec.Struct, rename="camel", gc=False):
    """A custom field's value; answers never carry its key or name (highlevel.md 5.4)."""

    id: str
    value: Any = UNSET
    field_value: Any = UNSET
    old_field_value: Any = msgspec.field(name="field_value", default=UNSET)


class Contact(msgspec.Struct, rename="camel", gc=False):
    """A contact of any read route; ``address`` is what the search calls ``address1`` (highlevel.md 6)."""

    id: str
    first_name: Text = UNSET
    last_name: Text = UNSET
    email: Text = UNSET
    phone: Text = UNSET
    address1: Text = UNSET
    address: Text = UNSET
    city: Text = UNSET
    state: Text = UNSET
    postal_code: Text = UNSET
    country: Text = UNSET
    company_name: Text = UNSET
    website: Text = UNSET
    date_of_birth: Text = UNSET
    source: Text = UNSET
    timezone: Text = UNSET
    assigned_to: Text = UNSET
    business_id: Text = UNSET
    type: Text = UNSET
    additional_emails: list[Any] | UnsetType | None = UNSET
    additional_phones: list[Any] | UnsetType | None = UNSET
    custom_fields: list[CustomValue] | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET
    dnd: bool | UnsetType | None = UNSET
    dnd_settings: dict[str, Any] | UnsetType | None = UNSET
    date_updated: Text = UNSET
    search_after: list[Any] | UnsetType | None = UNSET


_SHOWN = tuple(
    (field.name, field.encode_name)
    for field in msgspec.structs.fields(Contact)
    if field.type == Text and field.name not in ("address", "date_updated")
)
_NAMES = tuple(name for _, name in _SHOWN)
_values = attrgetter(*(attribute for attribute, _ in _SHOWN))
UPDATE_FIELDS = frozenset(_NAMES) - {"type", "companyName", "businessId"} | {"name"}
CREATE_FIELDS = UPDATE_FIELDS | {"companyName", "gender"}


def record(contact: Contact, marker_field: str = "") -> Record:
    """The contact under its native field names: null is "", and what the answer lacks is absent.

    The custom field ``marker_field`` is shown as ``Record.marker`` and in no other way.
    """
    marker = ""
    fields: dict[str, str] = {}
    for name, value in zip(_NAMES, _values(contact), strict=True):
        if value.__class__ is str:
            fields[name] = value
        elif value is not UNSET:
            fields[name] = _text(value)
    if contact.address1 is UNSET and contact.address is not UNSET:
        fields["address1"] = _text(contact.address)
    birthday = fields.get("dateOfBirth")
    if birthday and len(birthday) > 10:
        fields["dateOfBirth"] = _calendar_date(birthday)
    if contact.additional_emails:
        fields.update(_numbered("additionalEmails", "email", contact.additional_emails))
    if contact.additional_phones:
        fields.update(_numbered("additionalPhones", "phone", contact.additional_phones))
    if contact.custom_fields:
        for item in contact.custom_fields:
            if item.id == marker_field:
                marker = _custom_text(item)
            else:
                fields[_CUSTOM + item.id] = _custom_text(item)
    return Record(
        side=Side.HIGHLEVEL,
        id=contact.id,
        fields=fields,
        labels=None if contact.tags is UNSET else frozenset(contact.tags or ()),
        opted_out=opted_out(contact),
        changed_at=_text(contact.date_updated) if contact.date_updated is not UNSET else "",
        barred=barred(contact),
        marker=marker,
    )


def opted_out(contact: Contact) -> bool | None:
    """Whether e-mail is barred; ``active`` means that *do not disturb* is on (highlevel.md 5.3).

    The stricter of ``dnd`` and the channel counts. Answers have come without ``dndSettings`` (issue 43):
    then only ``dnd: true`` says anything.
    """
    if contact.dnd is True:
        return True
    channels = contact.dnd_settings
    if channels is UNSET or (channels is None and contact.dnd is not False):
        return None
    channels = channels or {}
    return _status(channels, "Email") in _RESTRICTED or _status(channels, "email") in _RESTRICTED


def barred(contact: Contact) -> frozenset[str] | None:
    """Barred channels but e-mail, in lower case; None where the answer does not say (issue 43).

    ``dnd: true`` stands for all channels (highlevel.md 5.3). Assumed: where it comes with barred channels,
    these are what it means; where none of them is barred, the stricter counts.
    """
    channels = contact.dnd_settings
    if channels:
        closed = frozenset(name.lower() for name in channels if _status(channels, name) in _RESTRICTED)
        if closed or contact.dnd is not True:
            return closed - {"email"}
    if contact.dnd is True:
        return _BUT_EMAIL
    return None if channels is UNSET or (channels is None and contact.dnd is not False) else _NONE


def _status(channels: Mapping[str, Any], name: str) -> str:
    channel = channels.get(name)
    status = channel.get("status") if isinstance(channel, dict) else channel
    return status.lower() if isinstance(status, str) else ""


def opt_out_body(contact: Contact, spelling: Mapping[str, str] = CHANNELS) -> dict[str, Any] | None:
    """E-mail barred, and every other barred channel said again; None when e-mail is barred already.

    Whether ``dndSettings`` replaces the channels it leaves out is not documented: said again, none is lost
    if it does, and as no open channel is sent, none is opened. ``spelling`` is that of the version.
    """
    channels = contact.dnd_settings or {}
    closed = {name: {"status": _status(channels, name)} for name in channels}
    closed = {name: value for name, value in closed.items() if value["status"] in _RESTRICTED}
    if "Email" in closed or "email" in closed:
        return None
    return {"dndSettings": {spelling["email"]: {"status": "active"}} | closed}


def needs_types(fields: Iterable[str]) -> bool:
    """Whether the types of custom fields must be known to write these."""
    return any(name.startswith(_CUSTOM) for name in fields)


def marked(fields: Mapping[str, str], marker_field: str, marker: str) -> Mapping[str, str]:
    """The fields of a create with the other side's id among them, where both field and id are known."""
    return {**fields, _CUSTOM + marker_field: marker} if marker_field and marker else fields


def create_body(
    location_id: str,
    fields: Mapping[str, str],
    types: Mapping[str, str],
    spelling: Mapping[str, str] = CHANNELS,
    closed: frozenset[str] = _NONE,
) -> dict[str, Any]:
    """The body of a create; blank fields are left out, ``closed`` channels are barred from the start.

    Raises ``Rejected`` for a field it does not take, and for a channel that HighLevel does not have: left
    out, it would be open.
    """
    given = {name: value for name, value in fields.items() if value != ""}
    body = {"locationId": location_id} | _body(given, CREATE_FIELDS, types, spelling)
    if not closed <= spelling.keys():
        raise Rejected(
            "HighLevel has no channel of that name to bar.",
            fix="Report this: the channel comes from Landbridge itself.",
            side=Side.HIGHLEVEL,
            sent="no",
        )
    if closed:
        said = {spelling[name]: {"status": "active"} for name in sorted(closed)}
        body["dndSettings"] = body.get("dndSettings", {}) | said
    return body


def update_body(
    fields: Mapping[str, str], types: Mapping[str, str], spelling: Mapping[str, str] = CHANNELS
) -> dict[str, Any]:
    """The body of a partial update: never ``tags``, which would replace them all, nor ``locationId``."""
    return _body(fields, UPDATE_FIELDS, types, spelling)


def _body(
    fields: Mapping[str, str], allowed: frozenset[str], types: Mapping[str, str], spelling: Mapping[str, str]
) -> dict[str, Any]:
    body: dict[str, Any] = {}
    custom: list[dict[str, Any]] = []
    for name, value in fields.items():
        if name in allowed:
            body[name] = None if value == "" and name not in _NEVER_NULL else value
        elif name.startswith(_CUSTOM) and len(name) > len(_CUSTOM):
            key = name.removeprefix(_CUSTOM)
            custom.append({"id": key, "field_value": _custom_value(value, types.get(key, ""))})
        elif name == _OPT_OUT and value == "active":
            body["dndSettings"] = {spelling["email"]: {"status": "active"}}
        else:
            raise _not_taken(name)
    if custom:
        body["customFields"] = custom
    return body


def _not_taken(name: str) -> Rejected:
    if name == "companyName":
        why = "HighLevel takes companyName only when a contact is created."
    elif name == _OPT_OUT:
        why = "Landbridge never opens a channel that HighLevel has barred."
    else:
        shown = name if name.isidentifier() and len(name) < 40 else "this one"
        why = f"HighLevel has no writable contact field {shown}."
    return Rejected(
        why, fix="Take the field out of the mapping's way to HighLevel.", side=Side.HIGHLEVEL, sent="no"
    )


def _custom_value(value: str, kind: str) -> Any:
    """By the field's type: options are lists, numbers are numbers (highlevel.md 5.4)."""
    if kind in _SEVERAL:
        return value.split("\n") if value else []
    if kind in _NUMBERS and _NUMBER.fullmatch(value):
        number = float(value)
        return int(number) if number.is_integer() and "." not in value else number
    return value


def _custom_text(item: CustomValue) -> str:
    if item.value.__class__ is str:
        return item.value
    values: Sequence[Any] = (item.value, item.field_value, item.old_field_value)
    value = next((found for found in values if found is not UNSET), None)
    return "\n".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    """Null is "", numbers are without a needless ".0", and what has no text form is JSON."""
    if isinstance(value, str):
        return value
    if value is None or value is UNSET:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return msgspec.json.encode(value).decode()


def _numbered(name: str, key: str, items: Sequence[Any]) -> dict[str, str]:
    """Extra addresses in the order shown: plain texts or ``{"email": ...}`` (highlevel.md 2.1.1)."""
    texts = (item.get(key) if isinstance(item, dict) else item for item in items)
    return {f"{name}.{number}": _text(text) for number, text in enumerate(texts)}


def _calendar_date(text: str) -> str:
    """Webhooks show a birthday at midnight UTC; a calendar date is never shifted (sync-correctness.md 8)."""
    return text[:10] if re.match(r"\d{4}-\d{2}-\d{2}T", text) else text
