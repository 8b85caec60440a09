"""Notes of a contact: newest first, HTML body with its plain text, no time of change (highlevel.md 2.1.2)."""

from __future__ import annotations

import html
import re
from typing import Any

from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import iso

Reply = dict[str, Any]

_FIELDS = {"body": "text", "userId": "text?", "title": "text?", "color": "text?", "pinned": "flag"}
CREATE = Shape(_FIELDS, ("body",))
UPDATE = Shape(_FIELDS)
_BREAK = re.compile(r"<\s*(br|/p|/div|/li|/h[1-6])[^>]*>", re.IGNORECASE)
_MARK = re.compile(r"<[^>]*>")


def plain_text(body: str) -> str:
    """The text of an HTML body, one line per block; how the live text is made is not documented."""
    text = html.unescape(_MARK.sub("", _BREAK.sub("\n", body)))
    return "\n".join(line.strip() for line in text.strip().split("\n"))


def shown(note: Record) -> Record:
    """A note as answered; ``userId`` is null for notes made without one."""
    names = ("id", "body", "userId", "dateAdded", "contactId", "title", "color", "pinned")
    kept = {name: note[name] for name in names if note[name] is not None or name == "userId"}
    relations = [{"objectKey": "contact", "recordId": note["contactId"]}]  # the form of relations is assumed
    return kept | {"bodyText": plain_text(note["body"]), "relations": relations}


def list_notes(state: State, call: Call) -> Reply:
    """``GET /contacts/{contactId}/notes``: newest first, unpaged."""
    contact = state.contact(call.parameters["contactId"])
    return {"notes": [shown(note) for note in reversed(state.of_contact("notes", contact["id"]))]}


def get_note(state: State, call: Call) -> Reply:
    """``GET /contacts/{contactId}/notes/{id}``."""
    return {"note": shown(_note(state, call))}


def create_note(state: State, call: Call) -> Reply:
    """``POST /contacts/{contactId}/notes``."""
    CREATE.check(call.body)
    contact = state.contact(call.parameters["contactId"])
    return {"note": shown(add(state, contact["id"], call.body))}


def update_note(state: State, call: Call) -> Reply:
    """``PUT /contacts/{contactId}/notes/{id}``: partial."""
    UPDATE.check(call.body)
    return {"note": shown(change(state, _note(state, call), call.body))}


def delete_note(state: State, call: Call) -> Reply:
    """``DELETE /contacts/{contactId}/notes/{id}``."""
    remove(state, _note(state, call))
    return {"succeded": True, "succeeded": True}


def add(state: State, contact_id: str, body: Reply) -> Record:
    """Store a new note and fire NoteCreate."""
    note = record_of(state, contact_id, body, state.now_ms())
    state.put("notes", note)
    state.emit("NoteCreate", note["id"], contact_id)
    state.touched("note", contact_id)
    return note


def record_of(state: State, contact_id: str, body: Reply, added: int) -> Record:
    """A note as it is kept; ``added`` in epoch milliseconds."""
    return {
        "id": state.ids.text(),
        "contactId": contact_id,
        "body": body["body"],
        "userId": body.get("userId"),
        "title": body.get("title"),
        "color": body.get("color"),
        "pinned": body.get("pinned", False),
        "dateAdded": iso(added),
    }


def change(state: State, note: Record, body: Reply) -> Record:
    """Change a note and fire NoteUpdate."""
    note |= {name: body[name] for name in _FIELDS if name in body}
    state.emit("NoteUpdate", note["id"], note["contactId"])
    state.touched("note", note["contactId"])
    return note


def remove(state: State, note: Record) -> None:
    """Delete a note and fire NoteDelete."""
    state.remove("notes", note["id"])
    state.emit("NoteDelete", note["id"], note["contactId"])
    state.touched("note", note["contactId"])


def _note(state: State, call: Call) -> Record:
    contact = state.contact(call.parameters["contactId"])
    note = state.get("notes", "Note", call.parameters["id"])
    return note if note["contactId"] == contact["id"] else state.refuse_unknown("Note", note["id"])


_ALL = "/contacts/{contactId}/notes"
_ONE = "/contacts/{contactId}/notes/{id}"
ROUTES = (
    Route("GET", _ALL, list_notes, "contacts.readonly"),
    Route("POST", _ALL, create_note, "contacts.write", 201),
    Route("GET", _ONE, get_note, "contacts.readonly"),
    Route("PUT", _ONE, update_note, "contacts.write"),
    Route("DELETE", _ONE, delete_note, "contacts.write"),
)
