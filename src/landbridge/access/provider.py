"""Logging in through an identity provider: OpenID Connect, the code flow with PKCE, state and nonce."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from landbridge.access.doors import Doors, NotLetIn
from landbridge.access.id_token import checked_claims
from landbridge.access.provider_calls import Ask, ProviderDown
from landbridge.access.roles import Person, Role
from landbridge.store.database import StoreFailure
from landbridge.systems.base import Clock

SCOPE = "openid email profile"
GOOD_FOR = 600.0  # seconds in which somebody has to come back from the provider
PURPOSE = "login through the provider"
_STARTED_ELSEWHERE = NotLetIn(
    "This login was not started in this browser, or too long ago.", "Begin again on the page “Log in”."
)


class Sealer(Protocol):
    """What the vault does with a text that a browser keeps for us."""

    def seal(self, body: object, purpose: str) -> bytes:
        """Seal it."""
        ...

    def opened(self, sealed: bytes, purpose: str, kind: type[dict[str, Any]]) -> dict[str, Any]:
        """Open it; raises ``StoreFailure`` or ``ValueError`` for what was not sealed so."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider; ``back`` is the address it sends people back to, ``domains`` are in lower case.

    Without domains nobody new is let in, only whoever is here already.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    domains: tuple[str, ...]
    newcomers: Role
    back: str

    @property
    def name(self) -> str:
        """What people call it: its host."""
        return urlsplit(self.issuer).hostname or self.issuer


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it keeps until it is back (a cookie's value, sealed)."""

    url: str
    kept: str = field(repr=False)


class Provider:
    """Sends people to the provider and lets in whom it vouches for."""

    def __init__(self, config: ProviderConfig, doors: Doors, sealer: Sealer, clock: Clock, ask: Ask) -> None:
        self.name = config.name
        self._config = config
        self._doors = doors
        self._sealer = sealer
        self._clock = clock
        self._ask = ask

    async def begin(self, following: str) -> Begun:
        """The provider's page; raises ``NotLetIn`` when it cannot be reached or the extra is missing."""
        if find_spec("authlib") is None:
            raise NotLetIn(
                "Logging in through the provider needs the extra `oidc`, which is not installed.",
                "On the server run `pip install 'landbridge[oidc]'`, or log in with a password.",
            )
        from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]  # Authlib has no types
            create_s256_code_challenge,
        )

        known = await self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": self._config.back,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        until = self._clock.now() + GOOD_FOR
        body = {"state": state, "nonce": nonce, "verifier": verifier, "following": following, "until": until}
        page = known["authorization_endpoint"]
        joint = "&" if urlsplit(page).query else "?"
        kept = urlsafe_b64encode(self._sealer.seal(body, PURPOSE)).decode()
        return Begun(f"{page}{joint}{urlencode(asked)}", kept)

    async def finish(self, kept: str, state: str, code: str) -> tuple[Person, str, str]:
        """The person, the secret of a new session, and the path to go on to; raises ``NotLetIn``."""
        begun = self._opened(kept)
        if not hmac.compare_digest(begun["state"].encode(), state.encode()):
            raise _STARTED_ELSEWHERE
        if begun["until"] <= self._clock.now():
            raise _STARTED_ELSEWHERE
        if not code:
            raise NotLetIn("The provider did not let you in.", "Try again, or ask whoever runs the provider.")
        claims = await self._claims(code, begun)
        email, name = self._vouched(claims)
        joins = email.rpartition("@")[2] in self._config.domains
        person, session = await self._doors.let_in_by_provider(
            email, name, newcomer=self._config.newcomers if joins else None
        )
        return person, session, str(begun["following"])

    def _opened(self, kept: str) -> dict[str, Any]:
        try:
            return self._sealer.opened(urlsafe_b64decode(kept.encode()), PURPOSE, dict[str, Any])
        except (StoreFailure, ValueError):  # made up, cut, or of another installation
            raise _STARTED_ELSEWHERE from None

    async def _claims(self, code: str, begun: dict[str, Any]) -> dict[str, Any]:
        """What the provider says of the person, checked; from its user page what the token leaves out."""
        known = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._config.back,
            "client_id": self._config.client_id,
            "code_verifier": begun["verifier"],
        }
        login = None
        if secret := self._config.client_secret:
            if "client_secret_basic" in known.get(
                "token_endpoint_auth_methods_supported", ["client_secret_basic"]
            ):
                login = (self._config.client_id, secret)
            else:
                form["client_secret"] = secret
        answer = await self._asked(known["token_endpoint"], form=form, login=login)
        keys = await self._asked(known["jwks_uri"])
        claims = checked_claims(
            str(answer.get("id_token", "")),
            keys,
            issuer=known["issuer"],
            client_id=self._config.client_id,
            nonce=begun["nonce"],
            access_token=str(answer.get("access_token", "")),
            now=self._clock.now(),
        )
        if "email" in claims or "userinfo_endpoint" not in known:
            return claims
        more = await self._asked(known["userinfo_endpoint"], bearer=str(answer.get("access_token", "")))
        if more.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, 5.3.2: else it is another person
            raise NotLetIn("The provider's two answers are of two people.", "Try again.")
        return more

    def _vouched(self, claims: dict[str, Any]) -> tuple[str, str]:
        """E-mail address and name, if the provider verified the one and we may believe it."""
        email = str(claims.get("email", "")).strip().lower()
        if not email or claims.get("email_verified") is not True:
            raise NotLetIn(
                "The provider does not say that it verified your e-mail address.",
                "Verify it there, then log in again. Some providers never say it; use a password then.",
            )
        domain = email.rpartition("@")[2]
        if self._config.domains and domain not in self._config.domains:
            raise NotLetIn(
                "People of your mail domain may not log in through the provider here.",
                "Use an account of your organisation, or ask whoever runs Landbridge to add the domain to"
                " `oidc_domains`.",
            )
        return email, str(claims.get("name", "")) or email.partition("@")[0]

    async def _discover(self) -> dict[str, Any]:
        """The provider's description of itself (OpenID Connect Discovery 1.0, 4)."""
        known = await self._asked(f"{self._config.issuer}/.well-known/openid-configuration")
        needed = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        if not all(isinstance(known.get(name), str) for name in needed):
            raise NotLetIn("The provider's description is incomplete.", "Check oidc_issuer.")
        # An issuer may end with a slash, which settings take away.
        if known["issuer"].rstrip("/") != self._config.issuer:
            raise NotLetIn(
                "The provider calls itself by another address.", "Set oidc_issuer to exactly its issuer."
            )
        return known

    async def _asked(self, url: str, **more: Any) -> dict[str, Any]:
        try:
            return await self._ask(url, **more)
        except ProviderDown as failure:
            raise NotLetIn(str(failure), failure.fix) from None
