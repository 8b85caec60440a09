"""The location record, its time zones, custom values and users (highlevel.md 2.3, 2.4)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.refusals import unauthorized
from landbridge.sandbox.highlevel.state import Record, State

Reply = dict[str, Any]

_VALUE = Shape({"name": "text", "value": "text"}, ("name", "value"))


def location_record(state: State) -> Record:
    """The location with the setting that orders upsert's matching (highlevel.md 2.3)."""
    config = state.config
    return {
        "id": config.location_id,
        "companyId": config.company_id,
        "name": config.location_name,
        "email": config.location_email,
        "address": "100 Harbor Street",
        "city": "Austin",
        "state": "TX",
        "country": config.country,
        "postalCode": "78701",
        "timezone": config.time_zone,
        "business": {"name": config.location_name, "timezone": config.time_zone, "country": config.country},
        "social": {},
        "settings": {
            "allowDuplicateContact": config.allow_duplicates,
            "allowDuplicateOpportunity": False,
            "allowFacebookNameMerge": False,
            "disableContactTimezone": False,
            "contactUniqueIdentifiers": list(config.unique_identifiers),
        },
    }


def get_location(state: State, _: Call) -> Reply:
    """``GET /locations/{locationId}``."""
    return {"location": location_record(state)}


def search_locations(state: State, call: Call) -> Reply:
    """``GET /locations/search``: the one location there is."""
    email = call.query("email")
    found = [] if email and email.lower() != state.config.location_email.lower() else [location_record(state)]
    return {"locations": found[call.number("skip", 0) :][: call.number("limit", 10)]}


@lru_cache(maxsize=1)
def _time_zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def list_time_zones(_: State, __: Call) -> Reply:
    """``GET /locations/{locationId}/timezones``; untyped in the files, a list of names is an assumption."""
    return {"timeZones": list(_time_zones())}


# Custom values


def list_values(state: State, _: Call) -> Reply:
    """``GET /locations/{locationId}/customValues``, unpaged."""
    return {"customValues": list(state.tables["custom_values"].values())}


def create_value(state: State, call: Call) -> Reply:
    """``POST /locations/{locationId}/customValues``."""
    _VALUE.check(call.body)
    key = re.sub(r"\W+", "_", call.body["name"].strip().lower()).strip("_")
    value = {
        "id": state.ids.text(),
        "name": call.body["name"],
        "fieldKey": f"{{{{ custom_values.{key} }}}}",
        "value": call.body["value"],
        "locationId": state.config.location_id,
    }
    return {"customValue": state.put("custom_values", value)}


def get_value(state: State, call: Call) -> Reply:
    """``GET /locations/{locationId}/customValues/{id}``."""
    return {"customValue": _value(state, call)}


def update_value(state: State, call: Call) -> Reply:
    """``PUT /locations/{locationId}/customValues/{id}``."""
    _VALUE.check(call.body)
    value = _value(state, call)
    value |= call.body
    return {"customValue": value}


def delete_value(state: State, call: Call) -> Reply:
    """``DELETE /locations/{locationId}/customValues/{id}``."""
    state.remove("custom_values", _value(state, call)["id"])
    return {"succeded": True, "succeeded": True}


def _value(state: State, call: Call) -> Record:
    return state.get("custom_values", "Custom value", call.parameters["id"])


# Users


def list_users(state: State, _: Call) -> Reply:
    """``GET /users/``, deprecated: all users in one answer."""
    return {"users": list(state.tables["users"].values())}


def get_user(state: State, call: Call) -> Reply:
    """``GET /users/{userId}``: the bare record."""
    user = state.get("users", "User", call.parameters["userId"])
    return {name: value for name, value in user.items() if name != "deleted"}


def search_users(state: State, call: Call) -> Reply:
    """``GET /users/search``; without ``companyId`` it answers 401 (highlevel.md 5.1)."""
    if call.query("companyId") != state.config.company_id:
        raise unauthorized("Unauthorized")
    words, role = call.query("query").lower(), call.query("role")
    ids = [one for one in call.query("ids").split(",") if one]
    found = [
        user
        for user in state.tables["users"].values()
        if words in f"{user['name']} {user['email']}".lower()
        and (not role or user["roles"]["role"] == role)
        and (not ids or user["id"] in ids)
    ]
    skip, limit = call.number("skip", 0), call.number("limit", 25)
    return {"users": found[skip : skip + limit], "count": len(found)}


_VALUES = "/locations/{locationId}/customValues"
_READ_VALUES, _WRITE_VALUES = "locations/customValues.readonly", "locations/customValues.write"
ROUTES = (
    Route("GET", "/locations/search", search_locations, "locations.readonly"),
    Route("GET", "/locations/{locationId}", get_location, "locations.readonly", location="path"),
    Route("GET", "/locations/{locationId}/timezones", list_time_zones, "locations.readonly", location="path"),
    Route("GET", _VALUES, list_values, _READ_VALUES, location="path"),
    Route("POST", _VALUES, create_value, _WRITE_VALUES, 201, location="path"),
    Route("GET", _VALUES + "/{id}", get_value, _READ_VALUES, location="path"),
    Route("PUT", _VALUES + "/{id}", update_value, _WRITE_VALUES, location="path"),
    Route("DELETE", _VALUES + "/{id}", delete_value, _WRITE_VALUES, location="path"),
    Route("GET", "/users/search", search_users, "users.readonly"),
    Route("GET", "/users/{userId}", get_user, "users.readonly"),
    Route("GET", "/users/", list_users, "users.readonly", location="query", generation="v2"),
)
