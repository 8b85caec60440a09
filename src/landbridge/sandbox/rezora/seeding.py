"""Makes Rezora contacts and lists of the sandbox's people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from landbridge.sandbox.people import Person
from landbridge.sandbox.rezora.account import Account

NORTH_AMERICAN = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")


def seed_account(account: Account, people: Iterable[Person]) -> None:
    """Add those people who are ``in_rezora``, and the lists they are on."""
    for person in people:
        if not person.in_rezora:
            continue
        stamp = datetime.fromtimestamp(person.added_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        contact = account.add_contact(fields_of(person), stamp=stamp if person.added_at else None)
        record_id = contact.fields["contact_id"]
        for name in person.rezora_lists:
            row = account.list_named(name) or account.add_list(name)
            if record_id not in account.members[row["list_id"]]:
                account.add_member(row["list_id"], record_id)


def fields_of(person: Person) -> dict[str, str]:
    """The person under Rezora's names; one name field, no country (rezora.md 2.1)."""
    name = " ".join(part for part in (person.first_name, person.last_name) if part)
    phones = [as_typed(phone) for phone in (person.phone, *person.extra_phones)]
    fields = {
        "contact_name": name or person.company,
        "contact_email": person.email,
        "contact_company": person.company,
        "contact_home_street": person.street,
        "contact_home_city": person.city,
        "contact_home_state": person.state,
        "contact_home_zip": person.postal_code,
        "contact_unsubscribe": "1" if person.rezora_unsubscribed else "0",
    }
    names = ("contact_phone_mobile", "contact_phone_home", "contact_phone_work")
    return fields | dict(zip(names, phones, strict=False))


def as_typed(phone: str) -> str:
    """``+13035550100`` -> ``303-555-0100``, the style of Rezora's samples; other numbers stay as they are."""
    american = NORTH_AMERICAN.fullmatch(phone)
    return "-".join(american.groups()) if american else phone
