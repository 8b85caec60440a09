"""What a write may say about a contact, and how it is stored (highlevel.md 2.1.1, 5.3 to 5.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from landbridge.sandbox.highlevel.addresses import Contact, additional
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.highlevel.custom_values import clears, read_custom_fields
from landbridge.sandbox.highlevel.phones import e164
from landbridge.sandbox.highlevel.refusals import unprocessable
from landbridge.sandbox.highlevel.shapes import CHANNELS
from landbridge.sandbox.highlevel.state import State

Changes = dict[str, Any]

_COMMON = {
    "firstName": "text?",
    "lastName": "text?",
    "name": "text?",
    "email": "text?",
    "phone": "text?",
    "address1": "text?",
    "city": "text?",
    "state": "text?",
    "postalCode": "text",
    "country": "text",
    "website": "text?",
    "timezone": "text?",
    "dateOfBirth": "any?",
    "dnd": "flag",
    "dndSettings": "object",
    "inboundDndSettings": "object",
    "tags": "texts",
    "customFields": "list",
}
_ADDITIONAL = {"additionalEmails": "list", "additionalPhones": "list"}
_NEW = {
    "locationId": "text",
    "gender": "text",
    "companyName": "text?",
    "source": "text",
    "assignedTo": "text",
}
_CREATE = Shape(_COMMON | _NEW, ("locationId",))
_UPDATE = Shape(_COMMON | {"source": "text?", "assignedTo": "text?"})
_CREATE_ADDITIONAL = Shape({**_CREATE.fields, **_ADDITIONAL}, ("locationId",))
_UPDATE_ADDITIONAL = Shape({**_UPDATE.fields, **_ADDITIONAL})
UPSERT = Shape({**_CREATE.fields, "createNewIfDuplicateAllowed": "flag"}, ("locationId",))
# The CRM's own screens may write everything (edits of the sandbox).
SCREEN = Shape(
    {
        **_UPDATE_ADDITIONAL.fields,
        "companyName": "text?",
        "gender": "text?",
        "businessId": "text?",
        "type": "text",
        "phoneLabel": "text?",
    }
)

_PLAIN = (
    "address1",
    "city",
    "state",
    "postalCode",
    "website",
    "timezone",
    "source",
    "assignedTo",
    "gender",
    "companyName",
    "businessId",
    "phoneLabel",
    "type",
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_YEAR_FIRST = re.compile(r"(\d{4})([/._-])(\d{1,2})\2(\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([/._-])(\d{1,2})\2(\d{4})")
_OUTBOUND = Shape({"status": "text", "message": "text", "code": "text"}, ("status",))
_INBOUND = Shape({"status": "text", "message": "text"}, ("status",))


def create_shape(config: HighLevelConfig) -> Shape:
    """What ``POST /contacts/`` takes; additional addresses are undocumented there (highlevel.md 5.5)."""
    return _CREATE_ADDITIONAL if config.additional_writable else _CREATE


def update_shape(config: HighLevelConfig) -> Shape:
    """What ``PUT /contacts/{id}`` takes: neither locationId, nor gender, nor companyName."""
    return _UPDATE_ADDITIONAL if config.additional_writable else _UPDATE


def read_fields(state: State, body: Mapping[str, Any], current: Contact, *, v3: bool = False) -> Changes:
    """The stored fields a checked body changes on ``current``; what it leaves out stays.

    Raises 422 for values of the wrong form and 400 for a phone that is none.
    """
    changes: Changes = {}
    config = state.config
    for name, value in body.items():
        reader = _READERS.get(name)
        if reader is not None:
            if value is not None and value != "":
                changes[name] = reader(value, config)
            elif clears(config, value):
                changes[name] = None
    if "name" in body:
        changes |= _names(body, config)
    if "customFields" in body:
        changes["customFields"] = read_custom_fields(
            state, body["customFields"], current["customFields"], v3=v3
        )
    _read_dnd(config, body, current, changes, v3=v3)
    if "tags" in body:
        changes["tags"] = read_tags(state, body["tags"])
    _read_additional(config, body, current, changes)
    return changes


def read_tags(state: State, names: Iterable[str]) -> list[str]:
    """Tag names as the location keeps them, each once; unknown ones become defined (highlevel.md 5.3)."""
    kept: dict[str, None] = {}
    for name in names:
        tidy = name.strip()
        if tidy:
            kept[tidy.lower() if state.config.tag_case == "lower" else tidy] = None
    for name in kept:
        state.define_tag(name)
    return list(kept)


def _names(body: Mapping[str, Any], config: HighLevelConfig) -> Changes:
    """``name`` alone is split at its first space; with first or last name beside it, it says nothing."""
    name = body["name"]
    if "firstName" in body or "lastName" in body or (not name and not clears(config, name)):
        return {}
    first, _, last = (name or "").strip().partition(" ")
    return {"firstName": first or None, "lastName": last.strip() or None}


def _as_text(value: str, _: HighLevelConfig) -> str:
    return value


def _as_email(value: str, _: HighLevelConfig) -> str:
    if not _EMAIL.fullmatch(value.strip()):
        raise unprocessable(["email must be an email"])
    return value.strip()


def _as_phone(value: str, config: HighLevelConfig) -> str:
    return e164(value, config.country)


def _as_country(value: str, _: HighLevelConfig) -> str:
    if len(value) != 2 or not value.isalpha():
        raise unprocessable(["country must be a valid enum value"])
    return value.upper()


def _as_birth(value: object, _: HighLevelConfig) -> str:
    """``YYYY-MM-DD`` from the eight documented forms."""
    text = value if isinstance(value, str) else ""
    if found := _YEAR_FIRST.fullmatch(text):
        year, _mark, month, day = found.groups()
    elif found := _YEAR_LAST.fullmatch(text):
        month, _mark, day, year = found.groups()
    else:
        raise unprocessable(["dateOfBirth must be a valid date"])
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise unprocessable(["dateOfBirth must be a valid date"]) from None


_READERS: dict[str, Callable[[Any, HighLevelConfig], Any]] = {
    **dict.fromkeys(("firstName", "lastName", *_PLAIN), _as_text),
    "email": _as_email,
    "phone": _as_phone,
    "country": _as_country,
    "dateOfBirth": _as_birth,
}


def _read_dnd(
    config: HighLevelConfig, body: Mapping[str, Any], current: Contact, changes: Changes, *, v3: bool
) -> None:
    if "dnd" in body:
        changes["dnd"] = body["dnd"]
    if "dndSettings" in body:
        changes["dndSettings"] = _read_channels(config, body["dndSettings"], current["dndSettings"], v3=v3)
    if "inboundDndSettings" in body:
        inbound = body["inboundDndSettings"]
        problems = Shape({"all": "object"}).problems(inbound, "inboundDndSettings.")
        if not problems and "all" in inbound:
            problems = _status_problems(
                _INBOUND, inbound["all"], "inboundDndSettings.all.", ("active", "inactive")
            )
        if problems:
            raise unprocessable(problems)
        changes["inboundDndSettings"] = inbound


def _read_channels(
    config: HighLevelConfig, sent: Mapping[str, Any], current: Mapping[str, Any], *, v3: bool
) -> dict[str, Any]:
    """The channels after a write: named ones change, the others stay."""
    stored_name = (
        {shown: name for name, shown in CHANNELS.items()} if v3 else {name: name for name in CHANNELS}
    )
    after = dict(current)
    problems = Shape(dict.fromkeys(stored_name, "object")).problems(sent, "dndSettings.")
    for channel, setting in sent.items() if not problems else ():
        where = f"dndSettings.{channel}."
        problems += _status_problems(_OUTBOUND, setting, where, ("active", "inactive", "permanent"))
        name = stored_name[channel]
        fixed = after.get(name, {}).get("status") == "permanent" and not config.permanent_liftable
        if not fixed:
            after[name] = setting
    if problems:
        raise unprocessable(problems)
    return after


def _status_problems(
    shape: Shape, setting: Mapping[str, Any], where: str, allowed: tuple[str, ...]
) -> list[str]:
    problems = shape.problems(setting, where)
    if not problems and setting["status"] not in allowed:
        problems = [f"{where}status must be one of the following values: {', '.join(allowed)}"]
    return problems


def _read_additional(
    config: HighLevelConfig, body: Mapping[str, Any], current: Contact, changes: Changes
) -> None:
    """Additional addresses: plain texts or the objects of the read shape; never the main one again."""
    for name, field in (("additionalEmails", "email"), ("additionalPhones", "phone")):
        if name in body:
            entries = [_plain_address(entry, field, name) for entry in body[name]]
        elif field in changes and changes[field] in additional(current, field):
            entries = additional(current, field)
        else:
            continue
        main = changes.get(field, current[field])
        read = [
            _as_email(entry, config) if field == "email" else _as_phone(entry, config) for entry in entries
        ]
        changes[name] = [{field: entry} for entry in dict.fromkeys(read) if entry != main]


def _plain_address(entry: object, field: str, name: str) -> str:
    value = entry.get(field) if isinstance(entry, dict) else entry
    if not isinstance(value, str):
        raise unprocessable([f"each value in {name} must be a string or an object with {field}"])
    return value
