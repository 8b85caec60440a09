"""New and changed contacts, with the events a change fires (highlevel.md 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from landbridge.sandbox.highlevel.addresses import Contact
from landbridge.sandbox.highlevel.refusals import Refusal, bad_request
from landbridge.sandbox.highlevel.shapes import full_name
from landbridge.sandbox.highlevel.state import State
from landbridge.sandbox.highlevel.times import iso

_NOTHING = (
    "firstName",
    "lastName",
    "email",
    "phone",
    "phoneLabel",
    "address1",
    "city",
    "state",
    "postalCode",
    "country",
    "website",
    "timezone",
    "gender",
    "companyName",
    "businessId",
    "dateOfBirth",
    "source",
    "assignedTo",
    "lastActivity",
)
# The empty lists and dicts are shared by all contacts: a stored contact is never changed in place.
_BLANK: Contact = dict.fromkeys(_NOTHING) | {
    "type": "lead",
    "dnd": False,
    "dndSettings": {},
    "inboundDndSettings": {},
    "additionalEmails": [],
    "additionalPhones": [],
    "tags": [],
    "customFields": {},
    "followers": [],
    "campaigns": [],
    "workflows": [],
    "createdBy": None,
}
_DND = frozenset({"dnd", "dndSettings"})
# Changes of only these fire nothing: inbound DND and the company link are silent, the rest is assumed.
_SILENT = frozenset({"inboundDndSettings", "businessId", "followers", "campaigns", "workflows", "type"})


def blank(state: State, added_ms: int | None = None) -> Contact:
    """A contact with nothing in it but its id and times."""
    now = state.now_ms() if added_ms is None else added_ms
    written = iso(now)
    return _BLANK | {
        "id": state.ids.text(),
        "locationId": state.config.location_id,
        "dateAdded": written,
        "dateUpdated": written,
        "addedMs": now,
        "updatedMs": now,
    }


def add(state: State, contact: Contact) -> Contact:
    """Store a new contact and fire ContactCreate."""
    state.put_contact(contact)
    state.emit("ContactCreate", contact["id"])
    return contact


def commit(state: State, contact_id: str, changes: Mapping[str, Any], *, moves: bool = True) -> Contact:
    """Store changed fields and fire what belongs to them; gives the record after it."""
    before = state.contacts[contact_id]
    differing = {name for name, value in changes.items() if before[name] != value}
    if not differing and not (moves and state.config.unchanged_moves):
        return before
    after = state.change_contact(contact_id, changes, moves=moves)
    if "tags" in differing:
        state.emit("ContactTagUpdate", contact_id)
    if differing & _DND:
        state.emit("ContactDndUpdate", contact_id)
    if differing - _DND - _SILENT - {"tags"} or not differing:
        state.emit("ContactUpdate", contact_id)
    return after


def retag(state: State, contact_id: str, tags: list[str]) -> Contact:
    """Give a contact exactly these tags; ``dateUpdated`` moves if tags move it (open question 1)."""
    if state.contacts[contact_id]["tags"] == tags:
        return state.contacts[contact_id]
    return commit(state, contact_id, {"tags": tags}, moves="tag" in state.config.moved_by)


def refuse_duplicate(state: State, changes: Mapping[str, Any], *, but: str = "") -> None:
    """400 when another contact has the e-mail or phone, in the location's order (highlevel.md 5.2)."""
    if state.config.allow_duplicates:
        return
    for field in state.config.unique_identifiers:
        address = changes.get(field)
        holder = state.addresses.holder(field, address, but=but) if address else None
        if holder is not None:
            raise _duplicated(state.contacts[holder], field)


def _duplicated(contact: Contact, field: str) -> Refusal:
    meta = {"contactId": contact["id"], "contactName": full_name(contact), "matchingField": field}
    return bad_request("This location does not allow duplicated contacts.", meta=meta)
