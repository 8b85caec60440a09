"""The contents of one account, with the indexes and cached JSON that keep requests cheap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from landbridge.sandbox.rezora import columns
from landbridge.sandbox.rezora.config import RezoraConfig
from landbridge.sandbox.wire import Ids, SandboxClock

Row = dict[str, str]
ContactKind = Literal["self", "normal", "synced", "master"]


class Contact:
    """One contact: its documented fields, its kind (which v1 never shows), and its JSON until it changes."""

    __slots__ = ("_encoded", "fields", "kind")

    def __init__(self, fields: Row, kind: ContactKind = "normal") -> None:
        self.fields = fields
        self.kind: ContactKind = kind
        self._encoded: bytes | None = None

    def change(self, changes: Mapping[str, str]) -> None:
        """Overwrite fields; go through ``Account.change_contact``, which keeps the e-mail index right."""
        self.fields.update(changes)
        self._encoded = None

    def encoded(self) -> bytes:
        """The contact as a JSON object."""
        if self._encoded is None:
            self._encoded = msgspec.json.encode(self.fields)
        return self._encoded


class Account:
    """One agent account and its company; every method keeps the indexes consistent."""

    def __init__(self, clock: SandboxClock, ids: Ids, config: RezoraConfig) -> None:
        self.config = config
        self._clock = clock
        self._ids = ids
        self.highest = dict.fromkeys(columns.FIRST_NUMBERS, 0)
        self.reset()

    def reset(self) -> None:
        """A new account; its ids are new too, so that nothing old can be mistaken for it."""
        self._empty()
        self._found()

    def _empty(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.lists: dict[str, Row] = {}
        self.members: dict[str, dict[str, Row]] = {}
        self.agents: dict[str, Row] = {}
        self.groups: dict[str, Row] = {}
        self.group_agents: dict[str, dict[str, Row]] = {}
        self.activities: dict[str, dict[str, dict[str, Row]]] = {kind: {} for kind in columns.ACTIVITIES}
        self.resubscribed: list[str] = []
        self._lists_of: dict[str, set[str]] = {}
        self._by_email: dict[str, set[str]] = {}

    def _found(self) -> None:
        """A new account: Primary Sphere, self contact, and two agents in the company."""
        self.add_list(self.config.primary_sphere_name, list_type="1")
        own = {"contact_name": self.config.agent_name, "contact_email": self.config.agent_email}
        self.add_contact(own, kind="self")
        self._add_agent("77", self.config.agent_name, self.config.agent_email)
        self._add_agent("78", "Casey Placeholder", "casey.placeholder@example.com")

    def _add_agent(self, user_id: str, name: str, email: str) -> None:
        first, _, last = name.partition(" ")
        own = {"user_id": user_id, "user_fname": first, "user_lname": last, "user_email": email}
        row = dict.fromkeys(columns.AGENT, "") | columns.AGENT_FLAGS | own
        self.agents[user_id] = row | {"user_date": self.stamp()}

    def number(self, kind: str) -> str:
        """A fresh id, above every id of that kind this account ever had (also after ``load``)."""
        number = self._ids.number(f"rezora-{kind}", columns.FIRST_NUMBERS[kind])
        while int(number) <= self.highest[kind]:
            number = self._ids.number(f"rezora-{kind}", columns.FIRST_NUMBERS[kind])
        self.highest[kind] = int(number)
        return number

    def stamp(self) -> str:
        """Now as Rezora writes times: ``YYYY-MM-DD HH:MM:SS``; UTC is an assumption (rezora.md 1.1)."""
        return datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%d %H:%M:%S")

    def now(self) -> float:
        """Epoch seconds of the sandbox clock."""
        return self._clock.now()

    # Activities

    def add_activity(self, kind: str, owner: str, values: Mapping[str, str]) -> Row:
        """Store a task, note or appointment of a contact; missing fields are empty, the id is made here."""
        row = dict.fromkeys(columns.ACTIVITIES[kind], "")
        if kind == "task":
            row["task_completed"] = "0"
        if kind == "note":
            row["note_date"] = self.stamp()
        row |= values
        row[f"{kind}_id"] = self.number(kind)
        self.activities[kind].setdefault(owner, {})[row[f"{kind}_id"]] = row
        return row

    # Contacts

    def add_contact(
        self, values: Mapping[str, str], kind: ContactKind = "normal", stamp: str | None = None
    ) -> Contact:
        """Store a contact from known field names; missing ones are empty, the server fields are made here."""
        record_id = self.number("contact")
        fields = {name: values.get(name, "") for name in columns.CONTACT}
        fields["contact_id"] = record_id
        fields["contact_date"] = stamp or self.stamp()
        fields["contact_self"] = "1" if kind == "self" else "0"
        fields["contact_unsubscribe"] = values.get("contact_unsubscribe", "0")
        contact = self.contacts[record_id] = Contact(fields, kind)
        self._index(contact)
        if self.config.everyone_in_primary_sphere:
            self.add_member(self.primary_sphere["list_id"], record_id)
        return contact

    def change_contact(self, contact: Contact, changes: Mapping[str, str]) -> None:
        """Overwrite fields of a contact."""
        self._unindex(contact)
        contact.change(changes)
        self._index(contact)

    def remove_contact(self, record_id: str) -> None:
        """Delete a contact with its memberships and activities."""
        self._unindex(self.contacts.pop(record_id))
        for list_id in self._lists_of.pop(record_id, ()):
            del self.members[list_id][record_id]
        for kept in self.activities.values():
            kept.pop(record_id, None)

    def contacts_with_email(self, address: str) -> set[str]:
        """Ids of the contacts with that address, compared without case; the live set of the index."""
        return self._by_email.get(address.casefold(), set())

    def _index(self, contact: Contact) -> None:
        address = contact.fields["contact_email"].casefold()
        if address:
            self._by_email.setdefault(address, set()).add(contact.fields["contact_id"])

    def _unindex(self, contact: Contact) -> None:
        address = contact.fields["contact_email"].casefold()
        holders = self._by_email.get(address)
        if holders is not None:
            holders.discard(contact.fields["contact_id"])
            if not holders:
                del self._by_email[address]

    # Lists and memberships

    @property
    def primary_sphere(self) -> Row:
        """The one list of type 1."""
        return next(row for row in self.lists.values() if row["list_type"] == "1")

    def list_named(self, name: str) -> Row | None:
        """The list of that name, compared without case."""
        wanted = name.casefold()
        return next((row for row in self.lists.values() if row["list_name"].casefold() == wanted), None)

    def add_list(self, name: str, list_type: str = "0") -> Row:
        """Make an empty list."""
        list_id = self.number("list")
        row = dict(zip(columns.LIST, (list_id, name, self.stamp(), list_type), strict=True))
        self.lists[list_id] = row
        self.members[list_id] = {}
        return row

    def remove_list(self, list_id: str) -> None:
        """Delete a list and its memberships; the contacts stay (rezora.md 2.4)."""
        self.empty_list(list_id)
        del self.lists[list_id], self.members[list_id]

    def empty_list(self, list_id: str) -> None:
        """Take everyone off a list."""
        for record_id in list(self.members[list_id]):
            self.remove_member(list_id, record_id)

    def add_member(self, list_id: str, record_id: str) -> Row:
        """Put a contact on a list it is not on."""
        values = (self.number("contacttolist"), record_id, list_id, self.stamp())
        row = self.members[list_id][record_id] = dict(zip(columns.MEMBER, values, strict=True))
        self._lists_of.setdefault(record_id, set()).add(list_id)
        return row

    def remove_member(self, list_id: str, record_id: str) -> None:
        """Take a contact off a list it is on."""
        del self.members[list_id][record_id]
        self._lists_of[record_id].discard(list_id)

    def mailable(self) -> Iterator[str]:
        """Ids of contacts that are subscribed and on at least one list."""
        for record_id, list_ids in self._lists_of.items():
            if list_ids and self.contacts[record_id].fields["contact_unsubscribe"] == "0":
                yield record_id

    # Snapshots

    def dump(self) -> dict[str, Any]:
        """Everything as plain JSON values, independent of later changes."""
        return {
            "contacts": [{"kind": c.kind, "fields": dict(c.fields)} for c in self.contacts.values()],
            "lists": [dict(row) for row in self.lists.values()],
            "members": [dict(row) for rows in self.members.values() for row in rows.values()],
            "agents": [dict(row) for row in self.agents.values()],
            "groups": [dict(row) for row in self.groups.values()],
            "group_agents": [dict(row) for rows in self.group_agents.values() for row in rows.values()],
            "activities": {
                kind: {owner: [dict(row) for row in rows.values()] for owner, rows in kept.items()}
                for kind, kept in self.activities.items()
            },
            "highest": dict(self.highest),
            "resubscribed": list(self.resubscribed),
        }

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Become what ``dump`` wrote."""
        self._empty()
        for entry in snapshot["contacts"]:
            contact = Contact(dict(entry["fields"]), entry["kind"])
            self.contacts[contact.fields["contact_id"]] = contact
            self._index(contact)
        self.lists = {row["list_id"]: dict(row) for row in snapshot["lists"]}
        self.members = {list_id: {} for list_id in self.lists}
        for row in snapshot["members"]:
            self.members[row["list_id"]][row["contact_id"]] = dict(row)
            self._lists_of.setdefault(row["contact_id"], set()).add(row["list_id"])
        self.agents = {row["user_id"]: dict(row) for row in snapshot["agents"]}
        self.groups = {row["group_id"]: dict(row) for row in snapshot["groups"]}
        self.group_agents = {group_id: {} for group_id in self.groups}
        for row in snapshot["group_agents"]:
            self.group_agents[row["group_id"]][row["user_id"]] = dict(row)
        for kind, kept in snapshot["activities"].items():
            self.activities[kind] = {
                owner: {row[f"{kind}_id"]: dict(row) for row in rows} for owner, rows in kept.items()
            }
        highest = snapshot["highest"]
        self.highest = {kind: max(highest[kind], own) for kind, own in self.highest.items()}
        self.resubscribed = list(snapshot["resubscribed"])
