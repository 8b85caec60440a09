"""Consent: how strict an (address, channel) is, in one order in which nothing ever moves down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from landbridge.sync.addresses import e164, normal_email
from landbridge.sync.model import Record

EMAIL = "email"

# Where each side shows a person's addresses; the first e-mail is the one that is mailed.
_EMAILS = ("email", "contact_email")
_PHONES = ("phone", "contact_phone_mobile", "contact_phone_home", "contact_phone_work")
IDENTITY = frozenset((*_EMAILS, *_PHONES, "firstName", "lastName", "contact_name"))
"""The fields by which a person is recognised, whatever the mapping says."""


class Level(IntEnum):
    """The order of property S8; a level only ever grows."""

    SENDABLE = 0
    BOUNCED = 1
    UNSUBSCRIBED = 2
    COMPLAINED = 3
    ERASED = 4


@dataclass(frozen=True, slots=True)
class Restriction:
    """One address that must not be written to on one channel."""

    address: str
    channel: str
    level: Level = Level.UNSUBSCRIBED


def email_of(record: Record) -> str:
    """The canonical e-mail address of a record, empty for none."""
    return normal_email(next((record.fields[name] for name in _EMAILS if record.fields.get(name)), ""))


def phone_of(record: Record, country: str) -> str:
    """The first phone number of a record in E.164, empty for none."""
    shown = (e164(record.fields[name], country) for name in _PHONES if record.fields.get(name))
    return next(filter(None, shown), "")


def restrictions(record: Record, country: str) -> tuple[Restriction, ...]:
    """What a record says of its addresses; what it does not say restricts nothing here."""
    found = []
    email = email_of(record)
    if record.opted_out and email:
        found.append(Restriction(email, EMAIL))
    phone = phone_of(record, country) if record.barred else ""
    if phone:
        found += [Restriction(phone, channel) for channel in sorted(record.barred or ())]
    return tuple(found)
