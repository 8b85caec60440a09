"""Definitions of custom fields of contacts and opportunities (highlevel.md 2.3, 5.4)."""

from __future__ import annotations

import re
from typing import Any

from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.refusals import unprocessable
from landbridge.sandbox.highlevel.state import Record, State

Reply = dict[str, Any]

DATA_TYPES = (
    "TEXT",
    "LARGE_TEXT",
    "NUMERICAL",
    "PHONE",
    "MONETORY",
    "CHECKBOX",
    "SINGLE_OPTIONS",
    "MULTIPLE_OPTIONS",
    "DATE",
    "TEXTBOX_LIST",
    "FILE_UPLOAD",
    "RADIO",
)
_OPTIONAL = {
    "placeholder": "text",
    "acceptedFormat": "texts",
    "isMultipleFile": "flag",
    "maxNumberOfFiles": "number",
    "textBoxListOptions": "list",
    "options": "texts",  # not in the files, yet what choices are sent under (an assumption)
    "position": "number",
    "model": "text",
}
_CREATE = Shape({"name": "text", "dataType": "text"} | _OPTIONAL, ("name", "dataType"))
_UPDATE = Shape({"name": "text"} | _OPTIONAL, ("name",))


def list_fields(state: State, call: Call) -> Reply:
    """``GET /locations/{locationId}/customFields?model=contact|opportunity|all``; contact by default."""
    model = call.query("model", "contact")
    if model not in ("contact", "opportunity", "all"):
        raise unprocessable(["model must be one of the following values: contact, opportunity, all"])
    fields = state.tables["custom_fields"].values()
    return {"customFields": [field for field in fields if model in ("all", field["model"])]}


def create_field(state: State, call: Call) -> Reply:
    """``POST /locations/{locationId}/customFields``."""
    _CREATE.check(call.body)
    if call.body["dataType"] not in DATA_TYPES:
        raise unprocessable([f"dataType must be one of the following values: {', '.join(DATA_TYPES)}"])
    return {"customField": add(state, call.body)}


def get_field(state: State, call: Call) -> Reply:
    """``GET /locations/{locationId}/customFields/{id}``."""
    return {"customField": _field(state, call)}


def update_field(state: State, call: Call) -> Reply:
    """``PUT /locations/{locationId}/customFields/{id}``: the type and the key stay."""
    _UPDATE.check(call.body)
    field = _field(state, call)
    field |= {name: call.body[name] for name in ("name", "placeholder", "position") if name in call.body}
    if "options" in call.body or "textBoxListOptions" in call.body:
        field["picklistOptions"] = _options(call.body)
    return {"customField": field}


def delete_field(state: State, call: Call) -> Reply:
    """``DELETE /locations/{locationId}/customFields/{id}``: its values leave the contacts (an assumption)."""
    field_id = state.remove("custom_fields", _field(state, call)["id"])["id"]
    for contact in [one for one in state.contacts.values() if field_id in one["customFields"]]:
        left = {name: value for name, value in contact["customFields"].items() if name != field_id}
        state.change_contact(contact["id"], {"customFields": left}, moves=False)
    return {"succeded": True, "succeeded": True}


def add(state: State, body: Reply) -> Record:
    """Define a field; its key is made of its model and name, as ``contact.home_style``."""
    model = body.get("model", "contact")
    key = f"{model}.{re.sub(r'[^a-z0-9]+', '_', body['name'].lower()).strip('_')}"
    taken = {field["fieldKey"] for field in state.tables["custom_fields"].values()}
    number = 2
    while key in taken:
        key, number = f"{key.rstrip('0123456789')}{number}", number + 1
    field = {
        "id": state.ids.text(),
        "name": body["name"],
        "fieldKey": key,
        "placeholder": body.get("placeholder", ""),
        "dataType": body["dataType"],
        "position": body.get("position", 50 * (len(taken) + 1)),
        "picklistOptions": _options(body),
        "locationId": state.config.location_id,
        "model": model,
    }
    return state.put("custom_fields", field)


def _options(body: Reply) -> list[str]:
    boxes = [
        box.get("label", "") if isinstance(box, dict) else str(box)
        for box in body.get("textBoxListOptions", [])
    ]
    return list(body.get("options", boxes))


def _field(state: State, call: Call) -> Record:
    return state.get("custom_fields", "Custom field", call.parameters["id"])


_ALL = "/locations/{locationId}/customFields"
_READ, _WRITE = "locations/customFields.readonly", "locations/customFields.write"
ROUTES = (
    Route("GET", _ALL, list_fields, _READ, location="path"),
    Route("POST", _ALL, create_field, _WRITE, 201, location="path"),
    Route("GET", _ALL + "/{id}", get_field, _READ, location="path"),
    Route("PUT", _ALL + "/{id}", update_field, _WRITE, location="path"),
    Route("DELETE", _ALL + "/{id}", delete_field, _WRITE, location="path"),
)
