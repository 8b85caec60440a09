"""Followers, campaigns, workflows and the business of a contact (highlevel.md 2.1.2)."""

from __future__ import annotations

from typing import Any

from landbridge.sandbox.highlevel import changes
from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.refusals import unprocessable
from landbridge.sandbox.highlevel.state import State

Reply = dict[str, Any]

_FOLLOWERS = Shape({"followers": "texts"}, ("followers",))
_ENTRY = Shape({"eventStartTime": "text"})
_BUSINESS = Shape({"locationId": "text", "ids": "texts", "businessId": "text?"}, ("locationId", "ids"))
_BUSINESS_MOST = 50
_DONE = {"succeded": True, "succeeded": True}


def add_followers(state: State, call: Call) -> Reply:
    """``POST /contacts/{contactId}/followers``."""
    _FOLLOWERS.check(call.body)
    contact = state.contact(call.parameters["contactId"])
    added = [user for user in dict.fromkeys(call.body["followers"]) if user not in contact["followers"]]
    return {"followers": _follow(state, contact["id"], contact["followers"] + added), "followersAdded": added}


def remove_followers(state: State, call: Call) -> Reply:
    """``DELETE /contacts/{contactId}/followers`` with a body."""
    _FOLLOWERS.check(call.body)
    contact = state.contact(call.parameters["contactId"])
    removed = [user for user in contact["followers"] if user in call.body["followers"]]
    left = [user for user in contact["followers"] if user not in removed]
    return {"followers": _follow(state, contact["id"], left), "followersRemoved": removed}


def _follow(state: State, contact_id: str, followers: list[str]) -> list[str]:
    changes.commit(state, contact_id, {"followers": followers}, moves="follower" in state.config.moved_by)
    return followers


def join_campaign(state: State, call: Call) -> Reply:
    """``POST /contacts/{contactId}/campaigns/{campaignId}``."""
    return _join(state, call, "campaigns", call.parameters["campaignId"])


def leave_campaign(state: State, call: Call) -> Reply:
    """``DELETE /contacts/{contactId}/campaigns/{campaignId}``."""
    return _leave(state, call, "campaigns", call.parameters["campaignId"])


def leave_all_campaigns(state: State, call: Call) -> Reply:
    """``DELETE /contacts/{contactId}/campaigns/removeAll`` (v3: ``remove-all``)."""
    contact = state.contact(call.parameters["contactId"])
    changes.commit(state, contact["id"], {"campaigns": []}, moves=False)
    return dict(_DONE)


def join_workflow(state: State, call: Call) -> Reply:
    """``POST /contacts/{contactId}/workflow/{workflowId}``; nothing runs in the sandbox."""
    _ENTRY.check(call.body)
    return _join(state, call, "workflows", call.parameters["workflowId"])


def leave_workflow(state: State, call: Call) -> Reply:
    """``DELETE /contacts/{contactId}/workflow/{workflowId}``."""
    _ENTRY.check(call.body)
    return _leave(state, call, "workflows", call.parameters["workflowId"])


def _join(state: State, call: Call, name: str, entry_id: str) -> Reply:
    contact = state.contact(call.parameters["contactId"])
    if entry_id not in contact[name]:
        changes.commit(state, contact["id"], {name: [*contact[name], entry_id]}, moves=False)
    return dict(_DONE)


def _leave(state: State, call: Call, name: str, entry_id: str) -> Reply:
    contact = state.contact(call.parameters["contactId"])
    left = [one for one in contact[name] if one != entry_id]
    changes.commit(state, contact["id"], {name: left}, moves=False)
    return dict(_DONE)


def bulk_business(state: State, call: Call) -> Reply:
    """``POST /contacts/bulk/business``: link up to 50 contacts to a business, or detach them with null."""
    _BUSINESS.check(call.body)
    problems = [] if "businessId" in call.body else ["businessId should not be empty"]
    if len(call.body["ids"]) > _BUSINESS_MOST:
        problems.append(f"ids must contain no more than {_BUSINESS_MOST} elements")
    business_id = call.body.get("businessId")
    if business_id is not None and business_id not in state.tables["businesses"]:
        problems.append(f"Business with id {business_id} not found")
    problems += [f"Contact with id {one} not found" for one in call.body["ids"] if one not in state.contacts]
    if problems:
        raise unprocessable(problems)
    for contact_id in call.body["ids"]:
        moves = "business" in state.config.moved_by
        changes.commit(state, contact_id, {"businessId": business_id}, moves=moves)
    return {"success": True, "ids": call.body["ids"]}


_FOLLOW = "/contacts/{contactId}/followers"
_CAMPAIGN = "/contacts/{contactId}/campaigns/"
_WORKFLOW = "/contacts/{contactId}/workflow/{workflowId}"
ROUTES = (
    Route("POST", _FOLLOW, add_followers, "contacts.write", 201),
    Route("DELETE", _FOLLOW, remove_followers, "contacts.write"),
    Route("POST", _CAMPAIGN + "{campaignId}", join_campaign, "contacts.write", 201),
    Route("DELETE", _CAMPAIGN + "{campaignId}", leave_campaign, "contacts.write"),
    Route("DELETE", _CAMPAIGN + "removeAll", leave_all_campaigns, "contacts.write", generation="v2"),
    Route("DELETE", _CAMPAIGN + "remove-all", leave_all_campaigns, "contacts.write", generation="v3"),
    Route("POST", _WORKFLOW, join_workflow, "contacts.write"),
    Route("DELETE", _WORKFLOW, leave_workflow, "contacts.write"),
    Route("POST", "/contacts/bulk/business", bulk_business, "contacts.write", location="body"),
)
