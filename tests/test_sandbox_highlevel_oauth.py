"""The sandbox gives, rotates and refuses grants as highlevel.md 1.3 to 1.8 has it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from landbridge.sandbox.highlevel.config import READ_ONLY_PIT
from sandbox_highlevel_client import REDIRECT, Client, client

READ, WRITE = "contacts.readonly", "contacts.write"


def consent_page(c: Client, **changed: str) -> tuple[int, str]:
    asked = {"response_type": "code", "client_id": c.world.config.client_id, "redirect_uri": REDIRECT}
    query = urlencode({**asked, "scope": READ, "state": 'a"b', **changed})
    answer = c.raw("GET", f"/v2/oauth/chooselocation?{query}")
    assert answer.headers["content-type"].startswith("text/html")
    return answer.status, answer.body.decode()


def test_the_consent_page_names_the_location_and_the_scopes() -> None:
    status, page = consent_page(client())
    assert status == 200
    assert "Harbor Street Realty" in page
    assert "<code>contacts.readonly</code>" in page
    assert 'value="a&quot;b"' in page


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://elsewhere.example.com/callback"},
        {"redirect_uri": "http://127.0.0.1.example.com/callback"},
        {"scope": "contacts.everything"},
        {"response_type": "token"},
    ],
)
def test_a_wrong_consent_request_is_refused_on_the_page(changed: dict[str, str]) -> None:
    status, page = consent_page(client(), **changed)
    assert status == 400
    assert "<form" not in page


def test_a_registered_address_is_accepted_where_loopback_is_not() -> None:
    c = client(redirect_uris=("https://app.example.com/back",), loopback_redirects=False)
    assert consent_page(c, redirect_uri="https://app.example.com/back")[0] == 200
    assert consent_page(c)[0] == 400


def test_allowing_returns_code_and_state_and_denying_an_error() -> None:
    c = client()
    allowed = c.consent([READ], state="s-1")
    assert allowed["state"] == "s-1"
    assert len(allowed["code"]) == 40
    assert c.consent([READ], state="s-2", decision="deny") == {"error": "access_denied", "state": "s-2"}


def test_state_can_be_dropped_as_the_vendor_may_do() -> None:
    assert "state" not in client(passes_state=False).consent([READ], state="s-1")


def test_a_code_gives_a_location_grant_once() -> None:
    c = client()
    code = c.consent([READ, WRITE])["code"]
    fields = c.app(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    first, second = c.form("/oauth/token", fields), c.form("/oauth/token", fields)
    assert first.json["userType"] == "Location"
    assert first.json["locationId"] == c.location
    assert first.json["expires_in"] == 86_399
    assert first.json["scope"] == "contacts.readonly contacts.write"
    assert (second.status, second.json["message"]) == (400, "Invalid grant: authorization code is invalid")


def test_the_version_3_token_endpoint_speaks_camel_case_in_form_and_json() -> None:
    c = client()
    app = {"clientId": c.world.config.client_id, "clientSecret": c.world.config.client_secret}
    code = {**app, "grantType": "authorization_code", "code": c.consent([READ])["code"]}
    first = c.form("/oauth/token", code, version="v3")
    renew = json.dumps(
        {**app, "grantType": "refresh_token", "refreshToken": first.json["refreshToken"]}
    ).encode()
    answer = c.raw("POST", "/oauth/token", renew, {"version": "v3", "content-type": "application/json"})
    assert {"accessToken", "tokenType", "expiresIn", "refreshToken"} <= first.json.keys()
    assert answer.status == 200
    assert json.loads(answer.body)["accessToken"] != first.json["accessToken"]


@pytest.mark.parametrize(
    ("version", "fields", "status", "message"),
    [
        ("v3", {"grantType": "refresh_token"}, 400, "Missing parameter: clientId"),
        ("2021-07-28", {"grant_type": "refresh_token"}, 400, "Missing parameter: client_id"),
        ("2021-07-28", {"grant_type": "client_credentials"}, 400, "Invalid parameter: grant_type"),
        ("2021-07-28", {"grant_type": "refresh_token"}, 400, "Missing parameter: refresh_token"),
        (
            "2021-07-28",
            {"client_secret": "wrong", "grant_type": "refresh_token", "refresh_token": "x"},
            401,
            "",
        ),
    ],
)
def test_the_token_endpoint_says_what_is_wrong(
    version: str, fields: dict[str, str], status: int, message: str
) -> None:
    c = client()
    named = {} if "client" in message else c.app()
    reply = c.form("/oauth/token", {**named, **fields}, version=version)
    assert reply.status == status
    assert message in reply.json["message"]


def test_a_refresh_rotates_and_the_same_old_token_gives_the_same_pair_for_30_seconds() -> None:
    c = client()
    old = c.connect(READ)["refresh_token"]
    first = c.refresh(old).json
    c.clock.advance(30)
    again = c.refresh(old).json
    assert (again["access_token"], again["refresh_token"]) == (first["access_token"], first["refresh_token"])
    assert first["refresh_token"] != old
    c.clock.advance(1)
    late = c.refresh(old)
    assert (late.status, late.json["message"]) == (400, "Invalid grant: refresh token is invalid")
    assert c.refresh(first["refresh_token"]).status == 200


def test_an_inactive_location_refuses_the_refresh_and_keeps_the_token() -> None:
    c = client()
    token = c.connect(READ)["refresh_token"]
    c.world.config.location_active = False
    refused = c.refresh(token)
    assert (refused.status, refused.json["message"]) == (400, "Location is not active")
    c.world.config.location_active = True
    assert c.refresh(token).status == 200


def test_an_access_token_ends_after_its_seconds() -> None:
    c = client(access_seconds=60.0)
    c.connect(READ)
    assert c.search().status == 200
    c.clock.advance(60)
    ended = c.search()
    assert (ended.status, ended.json["message"]) == (401, "Invalid token: access token is invalid")


def test_a_lost_grant_is_rescued_by_reconnect_while_the_app_is_installed() -> None:
    c = client()
    config = c.world.config
    body = {
        "clientKey": config.client_id,
        "clientSecret": config.client_secret,
        "locationId": config.location_id,
    }
    assert c.send("POST", "/oauth/reconnect", body).status == 400
    c.connect(READ)
    c.world.edit({"kind": "app", "action": "revoke_refresh"})
    reply = c.send("POST", "/oauth/reconnect", body)
    code = c.app(grant_type="authorization_code", code=reply.json["authorizationCode"])
    assert reply.json["expiresAt"] == "2026-09-21T14:23:20.000Z"
    assert c.form("/oauth/token", code).status == 200


@pytest.mark.parametrize(
    ("version", "path", "refresh"),
    [
        ("2021-07-28", "/oauth/locationToken", "refresh_token"),
        ("v3", "/oauth/location-token", "refreshToken"),
    ],
)
def test_a_company_token_mints_a_location_token(version: str, path: str, refresh: str) -> None:
    c = client()
    pair = c.connect("oauth.write", READ, user_type="Company")
    assert pair["userType"] == "Company"
    assert "locationId" not in pair
    assert c.search().status == 401
    ids = {"companyId": c.world.config.company_id, "locationId": c.location}
    reply = c.form(path, ids, authorization=f"Bearer {c.token}", version=version)
    assert (refresh in reply.json) is (version == "v3")
    c.token = reply.json["accessToken" if version == "v3" else "access_token"]
    assert c.search().status == 200
    assert c.form(path, ids, authorization=f"Bearer {c.token}", version=version).status == 403


def test_installations_are_listed_in_both_shapes() -> None:
    c = client()
    c.connect("oauth.readonly", user_type="Company")
    query = f"?companyId={c.world.config.company_id}&appId=66b1f0c2a7d94e0012ab34cd"
    old = c.send("GET", "/oauth/installedLocations" + query)
    new = c.send("GET", "/oauth/installed-locations" + query, version="v3")
    assert old.json["locations"][0]["_id"] == c.location
    assert new.json["items"] == old.json["locations"]
    assert new.json["pagination"]["hasNextPage"] is False
    assert c.send("GET", "/oauth/installed-locations" + query).status == 404


def test_a_read_only_token_reads_and_is_refused_every_write() -> None:
    c = client()
    c.token = READ_ONLY_PIT
    refused = c.send("POST", "/contacts/", {"locationId": c.location, "firstName": "Ann"})
    assert c.search().status == 200
    assert (refused.status, refused.json["message"]) == (401, "The token is not authorized for this scope.")
    bulk = {"contacts": [], "tags": ["a"], "locationId": c.location}
    assert c.send("POST", "/contacts/bulk/tags/update/add", bulk).status == 401


def test_uninstalling_ends_everything() -> None:
    c = client()
    token = c.connect(READ)["refresh_token"]
    c.world.edit({"kind": "app", "action": "uninstall"})
    assert c.search().status == 401
    assert c.refresh(token).status == 400
    assert c.event_types() == ["INSTALL", "UNINSTALL"]
