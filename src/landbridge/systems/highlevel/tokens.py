"""The token endpoint: codes and refresh tokens into grants (highlevel.md 1.4, 1.5, 1.7, 1.8)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import msgspec

from landbridge.sync.model import Side
from landbridge.systems.base import (
    Clock,
    Grant,
    Malformed,
    Paused,
    ReconnectNeeded,
    Rejected,
    SystemFailure,
    WrongCredentials,
)
from landbridge.systems.failures import At, Told
from landbridge.systems.highlevel.answers import read_told
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.http import HttpClient, HttpConfig, NoCredential, decode_as
from landbridge.systems.quota import Quota

_CAMEL = {
    "client_id": "clientId",
    "client_secret": "clientSecret",
    "grant_type": "grantType",
    "refresh_token": "refreshToken",
    "user_type": "userType",
}
_APP_FIX = "Check highlevel_client_id and highlevel_client_secret with `landbridge settings`."


class GrantRefused(ReconnectNeeded):
    """A code or refresh token that is wrong, expired or used: final for that token."""


class TokenAnswer(msgspec.Struct, frozen=True):
    """What the endpoint gives, under its v2 or its v3 names; never shown, so without a repr of its fields."""

    access_token: str = ""
    refresh_token: str = ""
    expires_in: int | float | str = 0
    access: str = msgspec.field(name="accessToken", default="")
    refresh: str = msgspec.field(name="refreshToken", default="")
    expires: int | float | str = msgspec.field(name="expiresIn", default=0)
    scope: str = ""
    user_type: str = msgspec.field(name="userType", default="")
    location_id: str | None = msgspec.field(name="locationId", default="")
    company_id: str | None = msgspec.field(name="companyId", default="")

    def __repr__(self) -> str:
        return "TokenAnswer(…)"

    def applied_to(self, grant: Grant, now: float) -> Grant:
        """The grant with the new pair; what the answer leaves out is kept.

        Raises ``Malformed`` without an access token or a lifetime: such an answer must not replace a grant.
        """
        access = self.access_token or self.access
        try:
            lifetime = float(self.expires_in or self.expires)
        except ValueError:
            lifetime = 0.0
        if not access or not 0 < lifetime < 10 * 366 * 86_400:
            raise Malformed(
                "HighLevel's token answer has no access token or no lifetime.", side=Side.HIGHLEVEL, sent="no"
            )
        return replace(
            grant,
            access_token=access,
            refresh_token=self.refresh_token or self.refresh or grant.refresh_token,
            expires_at=now + lifetime,
            scopes=tuple(self.scope.split()) or grant.scopes,
            location_id=self.location_id or grant.location_id,
            company_id=self.company_id or grant.company_id,
        )


class _Code(msgspec.Struct, frozen=True):
    code: str = msgspec.field(name="authorizationCode", default="")


class _TokenDialect:
    """The endpoint's refusals; no list of them is published, so the text is a hint (highlevel.md 1.8)."""

    credentials_fix = _APP_FIX

    def read(self, status: int, body: bytes) -> Told:
        return read_told(status, body)

    def refuse(self, told: Told, at: At) -> SystemFailure | None:
        if told.status not in (400, 401, 403, 422):
            return None
        if told.says("location is not active"):
            return Paused("HighLevel says that this location is not active.", side=Side.HIGHLEVEL)
        if told.says("missing parameter", "invalid parameter", "redirect"):
            return Rejected(
                f"{at.place} refused a parameter of the token request.",
                fix="Check that the app's redirect URL, client id and client secret in `landbridge settings`"
                " are those of the marketplace app.",
            )
        if told.says("client"):
            return WrongCredentials(f"{at.place} does not know this client id and secret.", fix=_APP_FIX)
        return GrantRefused(f"{at.place} refused the code or refresh token: wrong, expired or already used.")


class TokenEndpoint:
    """Exchanges with our client id and secret; each method is one request, never repeated here."""

    def __init__(
        self, config: HighLevelConfig, *, http: HttpConfig, clock: Clock, rng: random.Random
    ) -> None:
        self._config = config
        self._clock = clock
        base, _, self._path = config.token_address.rpartition("/")
        # A short time-out leaves room for replays within the 30 s in which they are answered alike (1.5).
        self._http = HttpClient(
            base,
            Side.HIGHLEVEL,
            clock=clock,
            rng=rng,
            config=replace(http, timeout_seconds=min(http.timeout_seconds, 6.0), connections=2, attempts=1),
            quota=Quota(0, daily=0, clock=clock),
            authorise=NoCredential(),
            dialect=_TokenDialect(),
        )

    async def exchange(self, code: str, grant: Grant) -> Grant:
        """A grant for an authorisation code; raises ``GrantRefused`` for a used or old code."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._config.redirect_uri}
        return await self._token(fields, grant)

    async def refresh(self, refresh_token: str, grant: Grant) -> Grant:
        """A new pair for a refresh token, which is used up by it; raises ``GrantRefused``, ``Paused``."""
        return await self._token({"grant_type": "refresh_token", "refresh_token": refresh_token}, grant)

    async def reconnect(self, grant: Grant) -> str:
        """A new authorisation code without a user (highlevel.md 1.7: whether it still works is open)."""
        whose = {"locationId": grant.location_id} if grant.location_id else {"companyId": grant.company_id}
        answer = await self._http.request(
            "POST",
            "/reconnect",
            json={"clientKey": self._config.client_id, "clientSecret": self._config.client_secret} | whose,
            decode=decode_as(_Code),
            idempotent=False,
        )
        if not answer.code:
            raise Malformed("HighLevel's reconnect answer has no code.", side=Side.HIGHLEVEL)
        return answer.code

    async def close(self) -> None:
        """Close the connection pool."""
        await self._http.close()

    async def _token(self, fields: Mapping[str, str], grant: Grant) -> Grant:
        config = self._config
        fields = {
            "client_id": config.client_id,
            "client_secret": config.client_secret,
            "user_type": "Location",
        } | dict(fields)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if config.version == "v3":
            fields = {_CAMEL.get(name, name): value for name, value in fields.items()}
            headers["Version"] = "v3"
        answer = await self._http.request(
            "POST",
            f"/{self._path}",
            body=urlencode(fields).encode(),
            headers=headers,
            decode=decode_as(TokenAnswer),
            idempotent=False,
        )
        if answer.user_type == "Company":
            raise Rejected(
                "HighLevel granted a whole agency, not one location.",
                fix="Connect again and choose one location (sub-account) on HighLevel's page.",
                side=Side.HIGHLEVEL,
            )
        return answer.applied_to(grant, self._clock.now())


async def exchange_code(
    config: HighLevelConfig, code: str, *, http: HttpConfig, clock: Clock, rng: random.Random
) -> Grant:
    """The grant for the code of a finished consent page, not stored yet (its version is 0).

    Raises ``GrantRefused`` for a used or old code, ``WrongCredentials`` for a wrong client id or secret,
    ``Rejected`` when a whole agency was granted.
    """
    endpoint = TokenEndpoint(config, http=http, clock=clock, rng=rng)
    try:
        grant = await endpoint.exchange(code, Grant(kind="oauth", access_token=""))
    finally:
        await endpoint.close()
    if not grant.location_id:
        raise Malformed("HighLevel's token answer names no location.", side=Side.HIGHLEVEL)
    return grant
