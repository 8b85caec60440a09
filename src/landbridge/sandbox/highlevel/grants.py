"""Codes, access and refresh tokens of the app, with rotation and its grace (highlevel.md 1.4 to 1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.highlevel.refusals import Refusal, bad_request, unauthorized
from landbridge.sandbox.wire import Ids, SandboxClock

UserType = Literal["Location", "Company"]


class Grant(msgspec.Struct, frozen=True):
    """What one token may do; ``expires_at`` is epoch seconds, 0 for never."""

    kind: Literal["oauth", "pit"]
    user_type: UserType
    client_id: str
    scopes: tuple[str, ...]
    location_id: str
    company_id: str
    expires_at: float = 0.0

    @property
    def budget(self) -> str:
        """The key of its quota: app and location; all private tokens of an account share one."""
        return f"{self.client_id}:{self.location_id or self.company_id}"


class Code(msgspec.Struct, frozen=True):
    """An authorisation code, good once."""

    grant: Grant
    redirect_uri: str
    expires_at: float


class Pair(msgspec.Struct, frozen=True):
    """An access token and the refresh token that came with it ("" where there is none)."""

    access: str
    refresh: str
    grant: Grant


class Refresh(msgspec.Struct):
    """A refresh token; once used it gives the same ``successor`` again for the grace."""

    grant: Grant
    expires_at: float
    used_at: float = 0.0
    successor: Pair | None = None


class Grants:
    """Everything the app holds of this location."""

    def __init__(self, clock: SandboxClock, ids: Ids, config: HighLevelConfig) -> None:
        self._clock = clock
        self._ids = ids
        self._config = config
        self.codes: dict[str, Code] = {}
        self.access: dict[str, Grant] = {}
        self.refresh: dict[str, Refresh] = {}
        self.installed_at = 0.0

    def code_for(self, scopes: tuple[str, ...], redirect_uri: str, user_type: UserType = "Location") -> str:
        """A fresh code; the app counts as installed from here on."""
        config, now = self._config, self._clock.now()
        grant = Grant(
            "oauth",
            user_type,
            config.client_id,
            scopes,
            config.location_id if user_type == "Location" else "",
            config.company_id,
        )
        code = self._ids.text(40)
        self.codes[code] = Code(grant, redirect_uri, now + config.code_seconds)
        self.installed_at = self.installed_at or now
        return code

    def exchange(self, code: str, redirect_uri: str, user_type: str) -> Pair:
        """Trade a code for the first pair; a code works once and only for its redirect address."""
        found = self.codes.pop(code, None)
        if found is None or found.expires_at <= self._clock.now():
            raise bad_request("Invalid grant: authorization code is invalid")
        if redirect_uri and found.redirect_uri and redirect_uri != found.redirect_uri:
            raise bad_request("Invalid parameter: redirectUri")
        grant = found.grant
        if user_type == "Company" and grant.user_type == "Location":
            grant = msgspec.structs.replace(grant, user_type="Company", location_id="")
        return self.issue(grant)

    def renew(self, token: str) -> Pair:
        """Rotate a refresh token; within the grace the same one gives the same pair again."""
        found, now = self.refresh.get(token), self._clock.now()
        if found is None or found.expires_at <= now:
            raise _stale()
        if found.successor is not None:
            if now - found.used_at > self._config.grace_seconds:
                raise _stale()
            return found.successor
        found.successor = self.issue(found.grant)
        found.used_at = now
        return found.successor

    def issue(self, grant: Grant, *, with_refresh: bool = True) -> Pair:
        """A fresh access token and, unless told otherwise, its refresh token."""
        config, now = self._config, self._clock.now()
        grant = msgspec.structs.replace(grant, expires_at=now + config.access_seconds)
        access = self._ids.text(48)
        self.access[access] = grant
        refresh = ""
        if with_refresh:
            refresh = self._ids.text(48)
            self.refresh[refresh] = Refresh(grant, now + config.refresh_seconds)
        return Pair(access, refresh, grant)

    def behind(self, header: str) -> Grant:
        """The grant of an ``Authorization`` header; 401 when there is none that works."""
        token = header[7:] if header.startswith("Bearer ") else ""
        grant = self.access.get(token)
        if grant is not None and grant.expires_at > self._clock.now():
            return grant
        scopes = self._config.pits.get(token)
        if scopes is None:
            raise unauthorized("Invalid token: access token is invalid")
        return Grant(
            "pit", "Location", "pit", tuple(scopes), self._config.location_id, self._config.company_id
        )

    def expire_access(self) -> int:
        """End every access token now, as if its time had passed; gives how many."""
        ended = len(self.access)
        self.access.clear()
        return ended

    def revoke_refresh(self) -> int:
        """End every refresh token now; gives how many."""
        ended = len(self.refresh)
        self.refresh.clear()
        return ended

    def uninstall(self) -> None:
        """Forget the app: all its tokens and codes."""
        self.codes.clear()
        self.access.clear()
        self.refresh.clear()
        self.installed_at = 0.0

    def dump(self) -> dict[str, Any]:
        """All of it as plain values."""
        tables = {"codes": self.codes, "access": self.access, "refresh": self.refresh}
        return {**msgspec.to_builtins(tables), "installed_at": self.installed_at}

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Take over what ``dump`` gave."""
        self.codes = msgspec.convert(snapshot["codes"], dict[str, Code])
        self.access = msgspec.convert(snapshot["access"], dict[str, Grant])
        self.refresh = msgspec.convert(snapshot["refresh"], dict[str, Refresh])
        self.installed_at = snapshot["installed_at"]


def _stale() -> Refusal:
    return bad_request("Invalid grant: refresh token is invalid")
