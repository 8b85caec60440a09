"""Contacts: get, create, upsert, update, delete, find a duplicate, list (highlevel.md 2.1.2, 5.2)."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any
from urllib.parse import urlencode

from landbridge.sandbox.highlevel import changes, shapes
from landbridge.sandbox.highlevel.addresses import Contact
from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.fields import UPSERT, create_shape, read_fields, update_shape
from landbridge.sandbox.highlevel.phones import e164
from landbridge.sandbox.highlevel.refusals import Refusal, bad_request
from landbridge.sandbox.highlevel.search_filters import says
from landbridge.sandbox.highlevel.state import State
from landbridge.sandbox.highlevel.times import iso

Reply = dict[str, Any]
_LIST_MOST = 100


def get(state: State, call: Call) -> Reply:
    """``GET /contacts/{contactId}``."""
    return {"contact": shapes.shown(state.contact(call.parameters["contactId"]), v3=call.v3)}


def create(state: State, call: Call) -> Reply:
    """``POST /contacts/``; refused when another contact has the address and duplicates are barred."""
    create_shape(state.config).check(call.body)
    _refuse_empty(call.body)
    contact = _new(state, call)
    changes.refuse_duplicate(state, contact)
    return {"contact": shapes.created(changes.add(state, contact), v3=call.v3)}


def update(state: State, call: Call) -> Reply:
    """``PUT /contacts/{contactId}``: partial, but ``tags`` replaces all."""
    contact_id = call.parameters["contactId"]
    update_shape(state.config).check(call.body)
    current = state.contact(contact_id)
    changed = read_fields(state, call.body, current, v3=call.v3)
    if state.config.update_checks_duplicates:
        moved = {name: changed[name] for name in ("email", "phone") if _differs(changed, current, name)}
        changes.refuse_duplicate(state, moved, but=contact_id)
    after = changes.commit(state, contact_id, changed)
    return _success(call) | {"contact": shapes.shown(after, v3=call.v3)}


def upsert(state: State, call: Call) -> Reply:
    """``POST /contacts/upsert``: the first matching address decides, the other one's owner is left alone."""
    UPSERT.check(call.body)
    _refuse_empty(call.body)
    asked_new = call.body.get("createNewIfDuplicateAllowed", False) and state.config.allow_duplicates
    draft = _new(state, call)
    match = None if asked_new else _match(state, draft)
    if match is None:
        return {"new": True, "contact": shapes.shown(changes.add(state, draft), v3=call.v3)}
    contact_id, field = match
    current = state.contacts[contact_id]
    changed = read_fields(state, call.body, current, v3=call.v3)
    other = "phone" if field == "email" else "email"
    address = changed.get(other)
    if address and state.addresses.holder(other, address, but=contact_id):
        del changed[other]
    after = changes.commit(state, contact_id, changed)
    return {"new": False, "contact": shapes.shown(after, v3=call.v3)}


def delete(state: State, call: Call) -> Reply:
    """``DELETE /contacts/{contactId}``; the contact appears nowhere afterwards."""
    contact_id = call.parameters["contactId"]
    state.contact(contact_id)
    state.remove_contact(contact_id)
    state.emit("ContactDelete", contact_id)
    return {"succeded": True, "succeeded": True}


def find_duplicate(state: State, call: Call) -> Reply:
    """``GET /contacts/search/duplicate``: null when there is none."""
    asked = {"email": call.query("email"), "phone": call.query("number")}
    if not any(asked.values()):
        raise bad_request("Either email or number is required")
    order = ("email", "phone") if state.config.allow_duplicates else state.config.unique_identifiers
    for field in order:
        address = asked[field]
        if address and field == "phone":
            address = e164(address, state.config.country)
        holder = state.addresses.holder(field, address) if address else None
        if holder is not None:
            return {"contact": shapes.shown(state.contacts[holder], v3=call.v3), "matchingField": field}
    return {"contact": None}


def list_all(state: State, call: Call) -> Reply:
    """``GET /contacts/``, deprecated: newest first, at most 100, its own casing of names."""
    limit = call.number("limit", 20, most=_LIST_MOST)
    words = call.query("query").lower().split()
    state.index.catch_up()
    entries = state.index.order("dateAdded").entries
    if call.query("startAfterId"):
        end = bisect_left(entries, (call.number("startAfter", 0), call.query("startAfterId")))
        left = entries[:end]
    else:
        left = entries
    contacts = state.index.contacts
    if words:
        entries = [entry for entry in entries if says(contacts[entry[1]], words)]
        left = [entry for entry in left if says(contacts[entry[1]], words)]
    page = [contacts[contact_id] for _, contact_id in reversed(left[-limit:] if limit else [])]
    meta = _list_meta(state, call, len(entries), page, len(left) > len(page))
    return {"contacts": [shapes.listed(one, v3=call.v3) for one in page], "count": len(entries), "meta": meta}


def by_business(state: State, call: Call) -> Reply:
    """``GET /contacts/business/{businessId}``; ``count`` was never seen live and is not sent."""
    limit, skip = call.number("limit", 25, most=_LIST_MOST), call.number("skip", 0)
    words = call.query("query").lower().split()
    wanted = call.parameters["businessId"]
    found = [one for one in state.contacts.values() if one["businessId"] == wanted and says(one, words)]
    return {"contacts": [shapes.listed(one, v3=call.v3) for one in found[skip : skip + limit]]}


def _new(state: State, call: Call) -> Contact:
    """The contact a create or upsert would make; nothing is stored yet."""
    draft = changes.blank(state)
    draft |= read_fields(state, call.body, draft, v3=call.v3)
    draft["createdBy"] = {
        "source": "INTEGRATION",
        "channel": "OAUTH" if call.grant.kind == "oauth" else "PIT",  # the second word is an assumption
        "sourceId": call.grant.client_id,
        "timestamp": iso(draft["addedMs"]),
    }
    return draft


def _refuse_empty(body: dict[str, Any]) -> None:
    """A create with nothing but the location is 400 with a body claiming 422 (highlevel.md 5.1)."""
    if not any(
        value for name, value in body.items() if name not in ("locationId", "createNewIfDuplicateAllowed")
    ):
        text = "at least one of email, phone, name, firstName, lastName is required"
        raise Refusal(400, {"statusCode": 422, "message": [text], "error": "Unprocessable Entity"})


def _match(state: State, draft: Contact) -> tuple[str, str] | None:
    """The contact an upsert means and the field it was found by, in the location's order."""
    for field in state.config.unique_identifiers:
        holder = state.addresses.holder(field, draft[field]) if draft[field] else None
        if holder is not None:
            return holder, field
    return None


def _differs(changed: dict[str, Any], current: Contact, name: str) -> bool:
    return bool(changed.get(name)) and changed[name] != current[name]


def _success(call: Call) -> Reply:
    """The flag of the update answer: live both spellings, in v3 only the right one (highlevel.md 2.8)."""
    return {"succeeded": True} if call.v3 else {"succeded": True, "succeeded": True}


def _list_meta(state: State, call: Call, total: int, page: list[Contact], more: bool) -> Reply:
    meta: Reply = {"total": total, "nextPageUrl": None, "startAfterId": None, "startAfter": None}
    if page and more:
        last = page[-1]
        meta |= {"startAfterId": last["id"], "startAfter": last["addedMs"]}
        query = {**call.request.query, "startAfter": last["addedMs"], "startAfterId": last["id"]}
        meta["nextPageUrl"] = f"{state.config.public_url}/contacts/?{urlencode(query)}"
    return meta


ROUTES = (
    Route("GET", "/contacts/search/duplicate", find_duplicate, "contacts.readonly", location="query"),
    Route("GET", "/contacts/", list_all, "contacts.readonly", location="query", generation="v2"),
    Route("GET", "/contacts/{contactId}", get, "contacts.readonly"),
    Route("POST", "/contacts/", create, "contacts.write", 201, location="body"),
    Route("POST", "/contacts/upsert", upsert, "contacts.write", location="body"),
    Route("PUT", "/contacts/{contactId}", update, "contacts.write"),
    Route("DELETE", "/contacts/{contactId}", delete, "contacts.write"),
    Route("GET", "/contacts/business/{businessId}", by_business, "contacts.readonly", location="query"),
)
