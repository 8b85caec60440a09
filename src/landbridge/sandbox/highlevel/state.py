"""Everything the sandbox location holds, and the few ways in which it changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from landbridge.sandbox.highlevel.addresses import AddressIndex, Contact
from landbridge.sandbox.highlevel.bodies import LIFECYCLE
from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.highlevel.grants import Grants
from landbridge.sandbox.highlevel.quota import Quota
from landbridge.sandbox.highlevel.refusals import unknown
from landbridge.sandbox.highlevel.search_index import SearchIndex
from landbridge.sandbox.highlevel.times import iso
from landbridge.sandbox.highlevel.webhooks import Webhooks
from landbridge.sandbox.wire import Ids, SandboxClock

Record = dict[str, Any]

# Tables of plain records by id, in the order in which they were made.
TABLES = (
    "tasks",
    "notes",
    "appointments",
    "appointment_notes",
    "blocked_slots",
    "calendars",
    "calendar_groups",
    "users",
    "businesses",
    "tags",
    "custom_fields",
    "custom_values",
)
_BY_CONTACT = ("tasks", "notes", "appointments")


class State:
    """One location's records.

    A stored contact is never changed in place: every change is a new dict, so the search index may lag.
    """

    def __init__(self, clock: SandboxClock, ids: Ids, config: HighLevelConfig) -> None:
        self.clock = clock
        self.ids = ids
        self.config = config
        self.grants = Grants(clock, ids, config)
        self.quota = Quota(clock, config)
        self.webhooks = Webhooks(config)
        self.by_api = False  # whether a request of an app, not a person, is behind what happens now
        self.clear()

    def clear(self) -> None:
        """Forget every record, index and event; grants and quota stay."""
        self.contacts: dict[str, Contact] = {}
        self.deleted: dict[str, tuple[float, Contact]] = {}  # when, in epoch seconds, and what
        self.tables: dict[str, dict[str, Record]] = {name: {} for name in TABLES}
        self.events: deque[Record] = deque(maxlen=self.config.events_kept)
        self.event_count = 0
        self._removed: Record = {}  # the newest, for the webhook that tells of it
        self.webhooks.clear()
        self._rebuild()

    def _rebuild(self) -> None:
        self.addresses = AddressIndex()
        self.index = SearchIndex(self.clock, self.config)
        self._by_contact: dict[str, dict[str, list[str]]] = {name: {} for name in _BY_CONTACT}
        self.tag_ids = {tag["name"]: tag["id"] for tag in self.tables["tags"].values()}

    def now_ms(self) -> int:
        """Epoch milliseconds of the sandbox clock."""
        return int(self.clock.now() * 1000)

    # Contacts

    def contact(self, contact_id: str) -> Contact:
        """The live record; an unknown id is refused in the configured way."""
        found = self.contacts.get(contact_id)
        return found if found is not None else self.refuse_unknown("Contact", contact_id)

    def refuse_unknown(self, kind: str, record_id: str) -> NoReturn:
        """Answer that nobody has this id."""
        raise unknown(self.config.unknown_id_status, kind, record_id)

    def put_contact(self, contact: Contact, *, at_once: bool = False) -> Contact:
        """Store a new record or a new version of one; ``at_once`` spares the search lag."""
        before = self.contacts.get(contact["id"])
        self.contacts[contact["id"]] = contact
        self.addresses.put(before, contact)
        self.index.put(contact, at_once=at_once)
        return contact

    def change_contact(self, contact_id: str, changes: Mapping[str, Any], *, moves: bool = True) -> Contact:
        """A new version with these fields, its ``dateUpdated`` now unless ``moves`` is False."""
        changed = {**self.contacts[contact_id], **changes}
        if moves:
            changed["updatedMs"] = now = self.now_ms()
            changed["dateUpdated"] = iso(now)
        return self.put_contact(changed)

    def remove_contact(self, contact_id: str, *, merged: bool = False) -> Contact:
        """Delete a contact with its tasks and notes; its appointments stay, marked deleted.

        It can be restored unless it was ``merged`` into another.
        """
        self._removed = gone = self.contacts.pop(contact_id)
        if not merged:
            self.deleted[contact_id] = (self.clock.now(), gone)
        self.addresses.remove(gone)
        self.index.drop(contact_id)
        for name in ("tasks", "notes"):
            for record_id in self._by_contact[name].pop(contact_id, ()):
                del self.tables[name][record_id]
        for record in self.of_contact("appointments", contact_id):
            record["deleted"] = True
        return gone

    def touched(self, kind: str, contact_id: str) -> None:
        """Move ``dateUpdated`` of a contact when changes of this kind do so (``config.moved_by``)."""
        if kind in self.config.moved_by and contact_id in self.contacts:
            self.change_contact(contact_id, {})

    # Other records

    def put(self, table: str, record: Record) -> Record:
        """Store a new record of any other kind under its id."""
        self.tables[table][record["id"]] = record
        if table in _BY_CONTACT:
            self._by_contact[table].setdefault(record["contactId"], []).append(record["id"])
        return record

    def get(self, table: str, kind: str, record_id: str) -> Record:
        """A record by id; ``kind`` is the word for it in the refusal."""
        found = self.tables[table].get(record_id)
        return found if found is not None else self.refuse_unknown(kind, record_id)

    def remove(self, table: str, record_id: str) -> Record:
        """Take a record out."""
        self._removed = gone = self.tables[table].pop(record_id)
        if table in _BY_CONTACT:
            self._by_contact[table][gone["contactId"]].remove(record_id)
        return gone

    def of_contact(self, table: str, contact_id: str) -> list[Record]:
        """A contact's tasks, notes or appointments, oldest first."""
        records = self.tables[table]
        return [records[record_id] for record_id in self._by_contact[table].get(contact_id, ())]

    def hand_over(self, table: str, from_id: str, to_id: str) -> None:
        """Give one contact's records to another, as a merge does."""
        moved = self._by_contact[table].pop(from_id, [])
        for record_id in moved:
            self.tables[table][record_id]["contactId"] = to_id
        self._by_contact[table].setdefault(to_id, []).extend(moved)

    def define_tag(self, name: str) -> Record:
        """The definition of a tag, made when there is none (highlevel.md 5.3)."""
        tag_id = self.tag_ids.get(name)
        if tag_id is not None:
            return self.tables["tags"][tag_id]
        tag = {"id": self.ids.text(), "name": name, "locationId": self.config.location_id}
        self.tag_ids[name] = tag["id"]
        return self.put("tags", tag)

    # Events

    def emit(self, event: str, record_id: str, contact_id: str = "") -> None:
        """Note what happened (type, ids, time), and let a webhook tell of it if one is to be sent."""
        self.event_count += 1
        entry = {
            "number": self.event_count,
            "type": event,
            "id": record_id,
            "locationId": self.config.location_id,
            "timestamp": iso(self.now_ms()),
        }
        if contact_id:
            entry["contactId"] = contact_id
        self.events.append(entry)
        if self.config.echo_api_writes or not self.by_api or event in LIFECYCLE:
            self.webhooks.tell(event, entry, self._newest(record_id), self.clock.now())

    def _newest(self, record_id: str) -> Record:
        """A record as it is, or as it was when it was removed; empty if that is not known."""
        if record_id in self.contacts:
            return self.contacts[record_id]
        for name in _BY_CONTACT:
            if record_id in self.tables[name]:
                return self.tables[name][record_id]
        return self._removed if self._removed.get("id") == record_id else {}

    # Snapshots

    def dump(self) -> Record:
        """Everything as plain values, ready for JSON."""
        return {
            "contacts": list(self.contacts.values()),
            "deleted": [[at, contact] for at, contact in self.deleted.values()],
            "tables": {name: list(records.values()) for name, records in self.tables.items()},
            "events": list(self.events),
            "event_count": self.event_count,
            "grants": self.grants.dump(),
            "quota": self.quota.dump(),
        }

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Take over what ``dump`` gave; the search index is up to date afterwards."""
        self.clear()
        for name, records in snapshot["tables"].items():
            self.tables[name] = {record["id"]: dict(record) for record in records}
        self._rebuild()
        self._load_contacts(snapshot["contacts"])
        self.deleted = {contact["id"]: (at, contact) for at, contact in snapshot.get("deleted", ())}
        for name in _BY_CONTACT:
            for record in self.tables[name].values():
                self._by_contact[name].setdefault(record["contactId"], []).append(record["id"])
        self.events.extend(snapshot["events"])
        self.event_count = snapshot["event_count"]
        self.grants.load(snapshot["grants"])
        self.quota.load(snapshot["quota"])

    def _load_contacts(self, contacts: Iterable[Contact]) -> None:
        for contact in contacts:
            self.put_contact(dict(contact), at_once=True)
