"""Makes Rezora contacts and lists of the sandbox's people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from landbridge.sandbox.agenda import agenda, monday
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


def seed_activities(account: Account, count: int, seed: int) -> None:
    """What the agent entered in Rezora itself, other than in HighLevel: ``agenda`` with another seed.

    A series is one appointment here; times are a clock's, in no zone (rezora.md 1.1).
    """
    week = monday(account.now(), "UTC")
    owners = [one.fields["contact_id"] for one in account.contacts.values() if one.kind != "self"]
    for number, owner in enumerate(owners[:count]):
        made = agenda(seed + 1, number, week, ())
        for note in made.notes[:1]:
            row = {"note_body": note.body, "note_date": _stamp(note.made)}
            account.add_activity("note", owner, row)
        for task in made.tasks[:1]:
            done = "1" if task.completed else "0"
            row = {"task_title": task.title, "task_body": task.body, "task_due": _stamp(task.due)}
            account.add_activity("task", owner, row | {"task_completed": done})
        for booking in made.bookings[:1]:
            row = {
                "appointment_title": booking.title,
                "appointment_start": _stamp(booking.start),
                "appointment_end": _stamp(booking.end),
                "appointment_location": booking.address,
                "appointment_status": booking.status,
            }
            account.add_activity("appointment", owner, row)


def _stamp(local: datetime) -> str:
    return local.strftime("%Y-%m-%d %H:%M:%S")


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
