"""Businesses, the companies contacts can be linked to (highlevel.md 2.4)."""

from __future__ import annotations

from typing import Any

from landbridge.sandbox.highlevel import changes
from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import iso

Reply = dict[str, Any]

_TEXTS = ("phone", "email", "website", "address", "city", "state", "postalCode", "country", "description")
_FIELDS = {"name": "text"} | dict.fromkeys(_TEXTS, "text")
_CREATE = Shape(_FIELDS | {"locationId": "text"}, ("name", "locationId"))
_UPDATE = Shape(_FIELDS)


def list_businesses(state: State, call: Call) -> Reply:
    """``GET /businesses/``: 100 a page by default."""
    limit, skip = call.number("limit", 100), call.number("skip", 0)
    return {"businesses": list(state.tables["businesses"].values())[skip : skip + limit]}


def get_business(state: State, call: Call) -> Reply:
    """``GET /businesses/{businessId}``."""
    return {"business": _business(state, call)}


def create_business(state: State, call: Call) -> Reply:
    """``POST /businesses/``; the key of the answer is misspelt in the files too."""
    _CREATE.check(call.body)
    now = iso(state.now_ms())
    origin = {"source": "INTEGRATION", "channel": "OAUTH", "sourceId": call.grant.client_id}
    business = {
        "id": state.ids.text(),
        "createdBy": origin,
        "updatedBy": origin,
        "createdAt": now,
        "updatedAt": now,
    }
    record = state.put("businesses", business | call.body)
    state.emit("RecordCreate", record["id"])
    return {"success": True, "buiseness": record}


def update_business(state: State, call: Call) -> Reply:
    """``PUT /businesses/{businessId}``."""
    _UPDATE.check(call.body)
    business = _business(state, call)
    business |= call.body | {"updatedAt": iso(state.now_ms())}
    state.index.forget()
    state.emit("RecordUpdate", business["id"])
    return {"success": True, "buiseness": business}


def delete_business(state: State, call: Call) -> Reply:
    """``DELETE /businesses/{businessId}``: linked contacts are detached (an assumption)."""
    business_id = state.remove("businesses", _business(state, call)["id"])["id"]
    for contact in [one for one in state.contacts.values() if one["businessId"] == business_id]:
        changes.commit(state, contact["id"], {"businessId": None}, moves=False)
    state.emit("RecordDelete", business_id)
    return {"success": True}


def _business(state: State, call: Call) -> Record:
    return state.get("businesses", "Business", call.parameters["businessId"])


_ONE = "/businesses/{businessId}"
ROUTES = (
    Route("GET", "/businesses/", list_businesses, "businesses.readonly", location="query"),
    Route("POST", "/businesses/", create_business, "businesses.write", 201, location="body"),
    Route("GET", _ONE, get_business, "businesses.readonly"),
    Route("PUT", _ONE, update_business, "businesses.write"),
    Route("DELETE", _ONE, delete_business, "businesses.write"),
)
