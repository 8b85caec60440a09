"""What a fresh location holds, and the contacts made of seeded people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from landbridge.sandbox.highlevel import changes, custom_fields
from landbridge.sandbox.highlevel.addresses import Contact
from landbridge.sandbox.highlevel.calendars import add_calendar
from landbridge.sandbox.highlevel.state import State

if TYPE_CHECKING:
    from landbridge.sandbox.people import Person

_USERS = (("Dana", "Example", "admin"), ("Robin", "Sample", "user"), ("Alex", "Placeholder", "user"))
_FIELDS = (
    {"name": "Preferred area", "dataType": "TEXT"},
    {"name": "Budget", "dataType": "MONETORY"},
    {"name": "Home anniversary", "dataType": "DATE"},
    {"name": "Timeline", "dataType": "SINGLE_OPTIONS", "options": ["Now", "3 months", "6 months", "Later"]},
    {
        "name": "Interests",
        "dataType": "MULTIPLE_OPTIONS",
        "options": ["Buying", "Selling", "Renting", "Investing"],
    },
)


def furnish(state: State) -> None:
    """Users, two calendars in one group and a few custom fields."""
    location_id = state.config.location_id
    for number, (first, last, role) in enumerate(_USERS, start=1):
        user = {
            "id": state.ids.text(),
            "name": f"{first} {last}",
            "firstName": first,
            "lastName": last,
            "email": f"{first.lower()}@harbor-street.example.com",
            "phone": f"+1512555010{number}",
            "extension": "",
            "permissions": {"contactsEnabled": True, "appointmentsEnabled": True, "tagsEnabled": True},
            "roles": {
                "type": "account",
                "role": role,
                "locationIds": [location_id],
                "restrictSubAccount": False,
            },
            "deleted": False,
        }
        state.put("users", user)
    group = {
        "id": state.ids.text(),
        "locationId": location_id,
        "name": "Appointments",
        "description": "",
        "slug": "appointments",
        "isActive": True,
    }
    state.put("calendar_groups", group)
    first_user = next(iter(state.tables["users"]))
    member = {"userId": first_user, "priority": 0.5, "isPrimary": True}
    for name, minutes in (("Home showings", 60), ("Phone calls", 30)):
        add_calendar(
            state, {"name": name, "groupId": group["id"], "slotDuration": minutes, "teamMembers": [member]}
        )
    for field in _FIELDS:
        custom_fields.add(state, field)


def seed(state: State, people: Iterable[Person]) -> None:
    """Add people as contacts that are there since ``added_at``; no events, no duplicates rule, no lag."""
    for person in people:
        state.put_contact(contact_of(state, person), at_once=True)


def contact_of(state: State, person: Person) -> Contact:
    """The contact record of a person; empty texts become null."""
    contact = changes.blank(state, int(person.added_at * 1000) or None)
    texts = {
        "firstName": person.first_name,
        "lastName": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "address1": person.street,
        "city": person.city,
        "state": person.state,
        "postalCode": person.postal_code,
        "country": person.country or state.config.country,
        "companyName": person.company,
        "dateOfBirth": person.date_of_birth,
        "source": person.source,
    }
    contact |= {name: text or None for name, text in texts.items()}
    contact["tags"] = [state.define_tag(name)["name"] for name in dict.fromkeys(person.tags)]
    if person.extra_emails:
        contact["additionalEmails"] = [{"email": email} for email in person.extra_emails]
    if person.extra_phones:
        contact["additionalPhones"] = [{"phone": phone} for phone in person.extra_phones]
    if person.dnd_email:
        contact["dndSettings"] = {"Email": {"status": "active", "message": "Unsubscribed", "code": "103"}}
    contact["createdBy"] = {
        "source": "WEB_USER",
        "channel": "APP",
        "sourceId": next(iter(state.tables["users"]), ""),
        "timestamp": contact["dateAdded"],
    }
    return contact
