"""Token endpoint, location tokens, installations and the rescue of a lost grant (highlevel.md 1.4 to 1.8)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from landbridge.sandbox.highlevel.call import Call, Route, read_object
from landbridge.sandbox.highlevel.grants import Grant, Pair
from landbridge.sandbox.highlevel.refusals import bad_request, forbidden, unauthorized
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import iso

Reply = dict[str, Any]

# The names inside, v2 and v3 (highlevel.md 1.4).
_NAMES = {
    "client_id": "clientId",
    "client_secret": "clientSecret",
    "grant_type": "grantType",
    "code": "code",
    "refresh_token": "refreshToken",
    "user_type": "userType",
    "redirect_uri": "redirectUri",
}
_ANSWERED = {
    "access_token": "accessToken",
    "token_type": "tokenType",
    "expires_in": "expiresIn",
    "refresh_token": "refreshToken",
}
_PAGE_MOST = 100


def token(state: State, call: Call) -> Reply:
    """``POST /oauth/token``: form in v2, form or JSON in camelCase in v3."""
    sent = _form(call)
    needed = {"authorization_code": "code", "refresh_token": "refresh_token"}
    for name in ("client_id", "client_secret", "grant_type"):
        _require(sent, name, call)
    grant_type = sent["grant_type"]
    if grant_type not in needed:  # client_credentials is in the files without a word of what it gives
        raise bad_request(f"Invalid parameter: {_spelt('grant_type', call)}")
    _require(sent, needed[grant_type], call)
    _check_client(state, sent["client_id"], sent["client_secret"])
    if not state.config.location_active:
        raise bad_request("Location is not active")
    if grant_type == "refresh_token":
        pair = state.grants.renew(sent["refresh_token"])
    else:
        pair = state.grants.exchange(sent["code"], sent.get("redirect_uri", ""), sent.get("user_type", ""))
    return _token_answer(state, pair, v3=call.v3)


def location_token(state: State, call: Call) -> Reply:
    """``POST /oauth/locationToken`` (v3: ``location-token``): v2 comes without a refresh token."""
    sent = _plain_form(call)
    missing = [name for name in ("companyId", "locationId") if not sent.get(name)]
    if missing:
        raise bad_request(f"Missing parameter: {missing[0]}")
    config = state.config
    if sent["companyId"] != config.company_id or sent["locationId"] != config.location_id:
        raise forbidden("The token does not have access to this location")
    if not config.location_active:
        raise bad_request("Location is not active")
    grant = msgspec.structs.replace(call.grant, user_type="Location", location_id=config.location_id)
    answer = _token_answer(state, state.grants.issue(grant, with_refresh=call.v3), v3=call.v3)
    answer |= {"appId": config.client_id.partition("-")[0], "versionId": config.app_version_id}
    return answer


def reconnect(state: State, call: Call) -> Reply:
    """``POST /oauth/reconnect``: a fresh code for an app that is still installed (highlevel.md 1.7).

    How it refuses is not documented; the 400 sentences are assumptions.
    """
    body, config = call.body, state.config
    if not config.reconnect:
        raise bad_request("Cannot reconnect")
    missing = [name for name in ("clientKey", "clientSecret") if not body.get(name)]
    if missing:
        raise bad_request(f"Missing parameter: {missing[0]}")
    _check_client(state, body["clientKey"], body["clientSecret"])
    for_company = body.get("companyId") == config.company_id
    if not for_company and body.get("locationId") != config.location_id:
        raise bad_request("Invalid parameter: locationId")
    if not state.grants.installed_at:
        raise bad_request("The app is not installed on this location")
    code = state.grants.code_for(config.app_scopes, "", "Company" if for_company else "Location")
    ends = state.clock.now() + config.code_seconds
    return {"authorizationCode": code, "expiresAt": iso(int(ends * 1000))}


def installed_locations(state: State, call: Call) -> Reply:
    """``GET /oauth/installedLocations``, paged by skip and limit (20)."""
    found = _installations(state, call)
    skip, limit = call.number("skip", 0), call.number("limit", 20)
    return {"locations": found[skip : skip + limit], "count": len(found), "installToFutureLocations": False}


def installed_locations_v3(state: State, call: Call) -> Reply:
    """``GET /oauth/installed-locations``, paged by ``pageSize`` and ``pageToken``; there is one location."""
    size = call.number("pageSize", 20, most=_PAGE_MOST)
    items = _installations(state, call)[:size]
    pagination = {"hasNextPage": False, "hasPrevPage": False, "currentPageSize": len(items)}
    return {
        "items": items,
        "pagination": pagination | {"totalRecords": len(items)},
        "metadata": {"filterApplied": {}, "sortApplied": {}},
        "installToFutureLocations": False,
    }


def _installations(state: State, call: Call) -> list[Record]:
    config = state.config
    if call.query("companyId") != config.company_id or not call.query("appId"):
        raise bad_request("Missing parameter: companyId, appId")
    installed = bool(state.grants.installed_at)
    asked = call.query("isInstalled")
    if (asked == "true" and not installed) or (asked == "false" and installed):
        return []
    record: Record = {
        "_id": config.location_id,
        "name": config.location_name,
        "address": "100 Harbor Street",
        "isInstalled": installed,
        "versionId": config.app_version_id,
    }
    if installed:
        record["installedAt"] = iso(int(state.grants.installed_at * 1000))
    return [record]


def _plain_form(call: Call) -> dict[str, str]:
    """Form fields, or those of a JSON object."""
    if "json" in call.request.headers.get("content-type", ""):
        return {
            name: str(value) for name, value in read_object(call.request.body).items() if value is not None
        }
    return dict(parse_qsl(call.request.body.decode("utf-8", "replace")))


def _form(call: Call) -> dict[str, str]:
    """The fields under their v2 names; v2 reads forms only."""
    is_json = "json" in call.request.headers.get("content-type", "")
    sent = {} if is_json and not call.v3 else _plain_form(call)
    return {
        name: sent[v3 if call.v3 else name]
        for name, v3 in _NAMES.items()
        if sent.get(v3 if call.v3 else name)
    }


def _spelt(name: str, call: Call) -> str:
    return _NAMES[name] if call.v3 else name


def _require(sent: dict[str, str], name: str, call: Call) -> None:
    if not sent.get(name):
        raise bad_request(f"Missing parameter: {_spelt(name, call)}")


def _check_client(state: State, client_id: str, client_secret: str) -> None:
    if client_id != state.config.client_id or client_secret != state.config.client_secret:
        raise unauthorized("Invalid client: client credentials are invalid")  # the wording is an assumption


def _token_answer(state: State, pair: Pair, *, v3: bool) -> Reply:
    grant: Grant = pair.grant
    answer: Reply = {
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": round(state.config.access_seconds),
        "refresh_token": pair.refresh,
        "scope": " ".join(grant.scopes),
        "userType": grant.user_type,
        "companyId": grant.company_id,
        "userId": next(iter(state.tables["users"]), ""),
        "isBulkInstallation": grant.user_type == "Company",
    }
    if grant.location_id:
        answer["locationId"] = grant.location_id
    else:
        answer["approvedLocations"] = [state.config.location_id]
    if not pair.refresh:
        del answer["refresh_token"]
    return {_ANSWERED.get(name, name): value for name, value in answer.items()} if v3 else answer


ROUTES = (
    Route("POST", "/oauth/token", token, open=True),
    Route("POST", "/oauth/reconnect", reconnect, open=True),
    Route("POST", "/oauth/locationToken", location_token, "oauth.write", agency=True, generation="v2"),
    Route("POST", "/oauth/location-token", location_token, "oauth.write", agency=True, generation="v3"),
    Route(
        "GET",
        "/oauth/installedLocations",
        installed_locations,
        "oauth.readonly",
        agency=True,
        generation="v2",
    ),
    Route(
        "GET",
        "/oauth/installed-locations",
        installed_locations_v3,
        "oauth.readonly",
        agency=True,
        generation="v3",
    ),
)
