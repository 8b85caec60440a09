"""The bodies of webhooks: flat JSON as documented, with what real ones leave out (highlevel.md 4.2)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.highlevel.shapes import custom_fields, full_name
from landbridge.sandbox.highlevel.times import iso, local_iso

Record = Mapping[str, Any]
Body = dict[str, Any]

LIFECYCLE = ("INSTALL", "UNINSTALL")
_CONTACT = (
    "id",
    "address1",
    "city",
    "companyName",
    "country",
    "source",
    "dateAdded",
    "dateOfBirth",
    "dnd",
    "email",
    "firstName",
    "lastName",
    "phone",
    "postalCode",
    "state",
    "tags",
    "website",
    "assignedTo",
)
_NOTE = ("id", "body", "contactId", "dateAdded")
_TASK = ("id", "title", "body", "assignedTo", "contactId", "dueDate")
_THIN_TASK = ("id", "title", "assignedTo", "dueDate")  # issue 332: no contactId, no body
_APPOINTMENT = (
    "id",
    "address",
    "title",
    "calendarId",
    "contactId",
    "groupId",
    "appointmentStatus",
    "assignedUserId",
    "users",
    "notes",
)


def body(config: HighLevelConfig, event: str, entry: Record, record: Record, now_ms: int) -> Body:
    """One delivery: the record's fields at top level, then the envelope. Absent values are left out."""
    fields = _fields(config, event, entry, record)
    type_ = "AppointmentCreate" if _mistyped(config, event) else event
    return fields | {
        "type": type_,
        "locationId": config.location_id,
        "appId": config.client_id.partition("-")[0],
        "versionId": config.app_version_id,
        "webhookId": webhook_id(entry, event),
        "timestamp": iso(now_ms),
    }


def webhook_id(entry: Record, event: str) -> str:
    """A uuid of its own for each event; another one after a reset, when numbers begin again."""
    told = f"{entry['number']} {entry['timestamp']} {event} {entry['id']}"
    return str(uuid.UUID(bytes=hashlib.sha256(told.encode()).digest()[:16], version=4))


def _mistyped(config: HighLevelConfig, event: str) -> bool:
    """The documents' own examples of an update and a delete say AppointmentCreate."""
    return config.webhook_types_as_in_docs and event.startswith("Appointment")


def _fields(config: HighLevelConfig, event: str, entry: Record, record: Record) -> Body:
    if event in LIFECYCLE:
        installed = {"installType": "Location", "companyId": config.company_id}
        return installed if event == "INSTALL" else {}
    if event.startswith("Contact"):
        return _contact(event, entry, record)
    if event.startswith("Note"):
        return _ids(entry) | _some(record, _NOTE)
    if event.startswith("Task"):
        thin = event == "TaskCreate" and config.thin_task_create
        added = {"dateAdded": iso(record["addedMs"])} if record else {}
        return (
            (_some(record, _THIN_TASK) or {"id": entry["id"]}) | added
            if thin
            else _task(entry, record) | added
        )
    if event.startswith("Appointment"):
        return {"appointment": _appointment(config, entry, record)}
    owners: Body = {"owners": [], "followers": [], "properties": []}
    return {"id": entry["id"]} | (owners if event.startswith("Record") else {})


def _contact(event: str, entry: Record, record: Record) -> Body:
    fields = {"id": entry["id"]} | _some(record, _CONTACT)
    if record:
        name = full_name(record)
        fields |= {"attachments": [], "customFields": custom_fields(dict(record))}
        fields |= {"name": name} if name else {}
        if event == "ContactDndUpdate":
            fields["dndSettings"] = record["dndSettings"]
    return fields


def _task(entry: Record, record: Record) -> Body:
    return _ids(entry) | _some(record, _TASK)


def _appointment(config: HighLevelConfig, entry: Record, record: Record) -> Body:
    if not record:
        return _ids(entry)
    times = {
        "startTime": local_iso(record["startMs"], config.time_zone),
        "endTime": local_iso(record["endMs"], config.time_zone),
        "dateAdded": iso(record["addedMs"]),
        "dateUpdated": iso(record["updatedMs"]),
        "source": record["createdBy"]["source"],
    }
    return _some(record, _APPOINTMENT) | times


def _ids(entry: Record) -> Body:
    return {name: entry[name] for name in ("id", "contactId") if name in entry}


def _some(record: Record, names: Iterable[str]) -> Body:
    return {name: record[name] for name in names if record.get(name) is not None}
