"""Changes made by people in the CRM's own screens, for tests: ``POST /_sandbox/edit``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from landbridge.sandbox.highlevel import appointments, changes, notes, tasks
from landbridge.sandbox.highlevel.addresses import Contact, additional
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.fields import SCREEN, read_fields, read_tags
from landbridge.sandbox.highlevel.refusals import Refusal
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import iso

RESTORABLE_SECONDS = 60 * 24 * 3600.0
Command = Mapping[str, Any]
Outcome = dict[str, Any]


def edit(state: State, command: Command) -> Outcome:
    """Carry out one command; see ``HighLevelWorld.edit``. Raises ValueError with one sentence."""
    kind, action = command.get("kind", "contact"), command.get("action", "")
    found = _EDITS.get((kind, action))
    if found is None:
        known = ", ".join(f"{one} {other}" for one, other in _EDITS)
        raise ValueError(f"There is no edit {kind!r} {action!r}; use one of: {known}.")
    try:
        return found(state, command)
    except Refusal as refusal:
        message = refusal.body["message"]
        text = "; ".join(message) if isinstance(message, list) else message
        raise ValueError(f"The edit was refused: {text}.") from None
    except KeyError as missing:
        raise ValueError(f"The edit {kind!r} {action!r} needs {missing}.") from None


def _told(contact: Contact) -> Outcome:
    return {"id": contact["id"], "dateUpdated": contact["dateUpdated"]}


def _create_contact(state: State, command: Command) -> Outcome:
    SCREEN.check(command["fields"])
    contact = changes.blank(state)
    contact |= read_fields(state, command["fields"], contact)
    user = next(iter(state.tables["users"]), "")
    contact["createdBy"] = {
        "source": "WEB_USER",
        "channel": "APP",
        "sourceId": user,
        "timestamp": contact["dateAdded"],
    }
    return _told(changes.add(state, contact))


def _update_contact(state: State, command: Command) -> Outcome:
    contact = state.contact(command["id"])
    SCREEN.check(command["fields"])
    return _told(changes.commit(state, contact["id"], read_fields(state, command["fields"], contact)))


def _delete_contact(state: State, command: Command) -> Outcome:
    contact = state.contact(command["id"])
    state.remove_contact(contact["id"])
    state.emit("ContactDelete", contact["id"])
    return {"id": contact["id"]}


def _restore_contact(state: State, command: Command) -> Outcome:
    """Bring a deleted contact back within 60 days, without its notes and tasks.

    That much is HighLevel's help page "How To Delete Contacts and Their Data". Assumed: it has its old id,
    its ``dateUpdated`` does not move, ContactCreate is fired, and no duplicate is looked for.
    """
    at, contact = state.deleted.get(command["id"], (0.0, {}))
    if at < state.clock.now() - RESTORABLE_SECONDS:
        raise ValueError("No contact with this id was deleted in the last 60 days.")
    del state.deleted[contact["id"]]
    defined = state.tables["custom_fields"]
    values = {name: value for name, value in contact["customFields"].items() if name in defined}
    return _told(changes.add(state, contact | {"customFields": values}))


def _add_tags(state: State, command: Command) -> Outcome:
    contact = state.contact(command["id"])
    added = [name for name in read_tags(state, command["tags"]) if name not in contact["tags"]]
    return _told(changes.retag(state, contact["id"], contact["tags"] + added))


def _remove_tags(state: State, command: Command) -> Outcome:
    contact = state.contact(command["id"])
    left = [name for name in contact["tags"] if name not in command["tags"]]
    return _told(changes.retag(state, contact["id"], left))


def _set_dnd(state: State, command: Command) -> Outcome:
    """``dnd`` for all channels, ``channels`` as ``{"Email": "active"}``; the CRM may lift ``permanent``."""
    contact = state.contact(command["id"])
    settings = dict(contact["dndSettings"])
    code, message = (
        command.get("code", "103"),
        command.get("message", "Updated by a user"),
    )  # highlevel.md 5.3
    for channel, status in command.get("channels", {}).items():
        settings[channel] = {"status": status, "message": message, "code": code}
    changed = {"dnd": command.get("dnd", contact["dnd"]), "dndSettings": settings}
    return _told(changes.commit(state, contact["id"], changed))


def _merge(state: State, command: Command) -> Outcome:
    """``others`` into ``id``: gaps are filled, addresses and tags joined, records handed over.

    What a live merge keeps and tells is open question 10; events can be switched off.
    """
    kept = state.contact(command["id"])
    for other_id in command["others"]:
        other = state.contact(other_id)
        if other_id == kept["id"]:
            raise ValueError("A contact cannot be merged into itself; name other ids.")
        joined = _joined(kept, other)
        for table in ("tasks", "notes", "appointments"):
            state.hand_over(table, other_id, kept["id"])
        state.remove_contact(other_id, merged=True)
        kept = state.change_contact(kept["id"], joined)
        if state.config.merge_events:
            state.emit("ContactDelete", other_id)
    if state.config.merge_events:
        state.emit("ContactUpdate", kept["id"])
    return _told(kept)


def _joined(kept: Contact, other: Contact) -> Outcome:
    joined: Outcome = {
        name: other[name] for name, value in kept.items() if value is None and other[name] is not None
    }
    joined["tags"] = list(dict.fromkeys(kept["tags"] + other["tags"]))
    joined["customFields"] = other["customFields"] | kept["customFields"]
    for field, name in (("email", "additionalEmails"), ("phone", "additionalPhones")):
        main = kept[field] or other[field]
        every = [*additional(kept, field), other[field], *additional(other, field)]
        joined[name] = [{field: one} for one in dict.fromkeys(every) if one and one != main]
    return joined


def _maker(add: Callable[[State, str, Outcome], Record], shape: Shape) -> Callable[[State, Command], Outcome]:
    def make(state: State, command: Command) -> Outcome:
        contact = state.contact(command["contactId"])
        shape.check(command["fields"])
        return {"id": add(state, contact["id"], dict(command["fields"]))["id"]}

    return make


def _create_appointment(state: State, command: Command) -> Outcome:
    ids = {"contactId": command["contactId"], "locationId": state.config.location_id}
    body = {"ignoreFreeSlotValidation": True} | dict(command["fields"]) | ids
    body.setdefault("calendarId", next(iter(state.tables["calendars"]), ""))
    appointments.CREATE.check(body)
    return {"id": appointments.add(state, body, source="calendar_page")["id"]}


def _changer(table: str, kind: str, shape: Shape, change: Callable[[State, Record, Outcome], Record]) -> Any:
    def make(state: State, command: Command) -> Outcome:
        record = state.get(table, kind, command["id"])
        shape.check(command["fields"])
        changed = change(state, record, dict(command["fields"]))
        return {"id": changed["id"]}

    return make


def _remover(
    table: str, kind: str, remove: Callable[[State, Record], None]
) -> Callable[[State, Command], Outcome]:
    def make(state: State, command: Command) -> Outcome:
        record = state.get(table, kind, command["id"])
        remove(state, record)
        return {"id": record["id"]}

    return make


def _expire_access(state: State, _: Command) -> Outcome:
    return {"ended": state.grants.expire_access()}


def _revoke_refresh(state: State, _: Command) -> Outcome:
    return {"ended": state.grants.revoke_refresh()}


def _uninstall(state: State, _: Command) -> Outcome:
    state.grants.uninstall()
    state.emit("UNINSTALL", state.config.location_id)
    return {"at": iso(state.now_ms())}


def _configure(state: State, command: Command) -> Outcome:
    """Set fields of ``HighLevelConfig`` while the world runs."""
    known = {field.name: getattr(state.config, field.name) for field in dataclasses.fields(state.config)}
    for name, value in command["fields"].items():
        if name not in known:
            raise ValueError(f"There is no setting {name!r}; use one of: {', '.join(known)}.")
        setattr(state.config, name, tuple(value) if isinstance(known[name], tuple) else value)
    return {"set": sorted(command["fields"])}


_EDITS: dict[tuple[str, str], Callable[[State, Command], Outcome]] = {
    ("contact", "create"): _create_contact,
    ("contact", "update"): _update_contact,
    ("contact", "delete"): _delete_contact,
    ("contact", "restore"): _restore_contact,
    ("contact", "add_tags"): _add_tags,
    ("contact", "remove_tags"): _remove_tags,
    ("contact", "set_dnd"): _set_dnd,
    ("contact", "merge"): _merge,
    ("task", "create"): _maker(tasks.add, tasks.CREATE),
    ("task", "update"): _changer("tasks", "Task", tasks.UPDATE, tasks.change),
    ("task", "delete"): _remover("tasks", "Task", tasks.remove),
    ("note", "create"): _maker(notes.add, notes.CREATE),
    ("note", "update"): _changer("notes", "Note", notes.UPDATE, notes.change),
    ("note", "delete"): _remover("notes", "Note", notes.remove),
    ("appointment", "create"): _create_appointment,
    ("appointment", "update"): _changer(
        "appointments", "Appointment", appointments.UPDATE, appointments.change
    ),
    ("appointment", "delete"): _remover("appointments", "Appointment", appointments.remove),
    ("app", "expire_access"): _expire_access,
    ("app", "revoke_refresh"): _revoke_refresh,
    ("app", "uninstall"): _uninstall,
    ("config", "set"): _configure,
}
