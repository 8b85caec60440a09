"""Tags: on contacts, in bulk, and their definitions (highlevel.md 2.1.2, 2.3, 5.3)."""

from __future__ import annotations

from typing import Any

from landbridge.sandbox.highlevel import changes
from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.fields import read_tags
from landbridge.sandbox.highlevel.refusals import bad_request, unprocessable
from landbridge.sandbox.highlevel.state import Record, State

Reply = dict[str, Any]

_TAGS = Shape({"tags": "texts"}, ("tags",))
_NAME = Shape({"name": "text"}, ("name",))
_BULK = Shape(
    {"contacts": "texts", "tags": "texts", "locationId": "text", "removeAllTags": "flag"},
    ("contacts", "tags", "locationId"),
)


def add_tags(state: State, call: Call) -> Reply:
    """``POST /contacts/{contactId}/tags``; answers the whole list."""
    _TAGS.check(call.body)
    contact = state.contact(call.parameters["contactId"])
    added = [name for name in read_tags(state, call.body["tags"]) if name not in contact["tags"]]
    after = changes.retag(state, contact["id"], contact["tags"] + added)
    return {"tags": after["tags"], "tagsAdded": added}


def remove_tags(state: State, call: Call) -> Reply:
    """``DELETE /contacts/{contactId}/tags`` with a body; definitions stay."""
    _TAGS.check(call.body)
    contact = state.contact(call.parameters["contactId"])
    removed = [name for name in _spelt(state, call.body["tags"]) if name in contact["tags"]]
    after = changes.retag(state, contact["id"], [name for name in contact["tags"] if name not in removed])
    return {"tags": after["tags"], "tagsRemoved": removed}


def bulk_tags(state: State, call: Call) -> Reply:
    """``POST /contacts/bulk/tags/update/{type}``; unknown contacts are counted (an assumption)."""
    _BULK.check(call.body)
    way, ids = call.parameters["type"], call.body["contacts"]
    if way not in ("add", "remove"):
        raise unprocessable(["type must be one of the following values: add, remove"])
    if state.config.bulk_tags_max and len(ids) > state.config.bulk_tags_max:
        raise unprocessable([f"contacts must contain no more than {state.config.bulk_tags_max} elements"])
    names = read_tags(state, call.body["tags"]) if way == "add" else _spelt(state, call.body["tags"])
    everything = way == "remove" and call.body.get("removeAllTags", False)
    responses = [_bulk_one(state, contact_id, way, names, everything) for contact_id in ids]
    errors = sum(1 for response in responses if response["type"] == "error")
    return {"succeded": True, "succeeded": True, "errorCount": errors, "responses": responses}


def _bulk_one(state: State, contact_id: str, way: str, names: list[str], everything: bool) -> Reply:
    contact = state.contacts.get(contact_id)
    if contact is None:
        return {
            "contactId": contact_id,
            "message": f"Contact with id {contact_id} not found",
            "type": "error",
        }
    old = contact["tags"]
    added = [name for name in names if name not in old] if way == "add" else []
    removed = [name for name in old if everything or name in names] if way == "remove" else []
    changes.retag(state, contact_id, [name for name in old if name not in removed] + added)
    return {
        "contactId": contact_id,
        "message": "Tags updated",
        "type": "success",
        "oldTags": old,
        "tagsAdded": added,
        "tagsRemoved": removed,
    }


def _spelt(state: State, names: list[str]) -> list[str]:
    """Names as the location keeps them, without defining any."""
    tidy = [name.strip() for name in names]
    return [name.lower() for name in tidy] if state.config.tag_case == "lower" else tidy


def list_definitions(state: State, _: Call) -> Reply:
    """``GET /locations/{locationId}/tags``, unpaged."""
    return {"tags": list(state.tables["tags"].values())}


def define(state: State, call: Call) -> Reply:
    """``POST /locations/{locationId}/tags``; an existing name is refused (an assumption)."""
    _NAME.check(call.body)
    name = _spelt(state, [call.body["name"]])[0]
    if name in state.tag_ids:
        raise bad_request("The tag name is already exist.")
    return {"tag": state.define_tag(name)}


def get_definition(state: State, call: Call) -> Reply:
    """``GET /locations/{locationId}/tags/{tagId}``."""
    return {"tag": _definition(state, call)}


def rename(state: State, call: Call) -> Reply:
    """``PUT /locations/{locationId}/tags/{tagId}``: contacts get the new name (an assumption)."""
    _NAME.check(call.body)
    tag = _definition(state, call)
    old, new = tag["name"], _spelt(state, [call.body["name"]])[0]
    if state.tag_ids.get(new, tag["id"]) != tag["id"]:
        raise bad_request("The tag name is already exist.")
    del state.tag_ids[old]
    state.tag_ids[new] = tag["id"]
    tag["name"] = new
    for contact in [one for one in state.contacts.values() if old in one["tags"]]:
        changes.retag(state, contact["id"], [new if name == old else name for name in contact["tags"]])
    return {"tag": tag}


def delete_definition(state: State, call: Call) -> Reply:
    """``DELETE /locations/{locationId}/tags/{tagId}``; contacts lose it if ``tag_delete_strips``."""
    tag = _definition(state, call)
    state.remove("tags", tag["id"])
    del state.tag_ids[tag["name"]]
    if state.config.tag_delete_strips:
        for contact in [one for one in state.contacts.values() if tag["name"] in one["tags"]]:
            changes.retag(state, contact["id"], [name for name in contact["tags"] if name != tag["name"]])
    return {"succeded": True, "succeeded": True}


def _definition(state: State, call: Call) -> Record:
    return state.get("tags", "Tag", call.parameters["tagId"])


_ONE = "/locations/{locationId}/tags/{tagId}"
ROUTES = (
    Route("POST", "/contacts/{contactId}/tags", add_tags, "contacts.write", 201),
    Route("DELETE", "/contacts/{contactId}/tags", remove_tags, "contacts.write"),
    # The files state no scope for the bulk calls; asking for the write one keeps a read-only grant read-only.
    Route("POST", "/contacts/bulk/tags/update/{type}", bulk_tags, "contacts.write", 201, location="body"),
    Route(
        "GET", "/locations/{locationId}/tags", list_definitions, "locations/tags.readonly", location="path"
    ),
    Route("POST", "/locations/{locationId}/tags", define, "locations/tags.write", location="path"),
    Route("GET", _ONE, get_definition, "locations/tags.readonly", location="path"),
    Route("PUT", _ONE, rename, "locations/tags.write", location="path"),
    Route("DELETE", _ONE, delete_definition, "locations/tags.write", location="path"),
)
