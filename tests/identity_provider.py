"""A small identity provider: its own RSA key, codes bound to PKCE, and every wrong answer on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER = "https://login.example.net"
CLIENT, SECRET = "landbridge", "the secret of the client"


@cache
def key(name: str = "own") -> RSAKey:
    """A key of this name, made once a run; 2048 bits take a moment."""
    return RSAKey.generate_key(2048, {"kid": name, "alg": "RS256", "use": "sig"})


@dataclass
class IdentityProvider:
    """Asked as ``Ask`` is; ``claims`` change what its token says, None leaves one out."""

    now: float
    issuer: str = ISSUER
    claims: dict[str, Any] = field(default_factory=dict)
    signed_with: RSAKey = field(default_factory=key)
    trick: str = ""  # HS256 with the public key for a secret, or none: what anybody could sign
    description: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def agree(self, url: str) -> tuple[str, str]:
        """What a person does on its page: the state and a code for the request behind this address."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return asked["state"], code

    async def __call__(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        login: tuple[str, str] | None = None,
        bearer: str = "",
    ) -> dict[str, Any]:
        self.asked.append((urlsplit(url).path, login or bearer))
        match urlsplit(url).path:
            case "/.well-known/openid-configuration":
                return self._described()
            case "/keys":
                return dict(KeySet([key()]).as_dict(private=False))
            case "/token":
                return self._token(dict(form or {}))
            case "/user":
                assert bearer == "an access token"
                return self.user
        raise AssertionError(f"nothing is at {url}")

    def _described(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "/ask", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {name: self.issuer + path for name, path in ends.items()} | {
            "issuer": self.issuer,
            "userinfo_endpoint": f"{self.issuer}/user",
            **self.description,
        }

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        asked = self._codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert _text(digest) == asked["code_challenge"], "PKCE"
        assert form["redirect_uri"] == asked["redirect_uri"]
        said = {
            "iss": self.issuer,
            "sub": "17",
            "aud": asked["client_id"],
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "nonce": asked["nonce"],
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada Byron",
        } | self.claims
        claims = {name: value for name, value in said.items() if value is not None}
        header = {"alg": self.trick or "RS256", "kid": "own"}
        token = _forged(header, claims) if self.trick else jwt.encode(header, claims, self.signed_with)
        return {"id_token": token, "access_token": "an access token", "token_type": "Bearer"}


def _forged(header: dict[str, str], claims: dict[str, Any]) -> str:
    """A token that anybody who knows the public key can make."""
    parts = [_text(json.dumps(part).encode()) for part in (header, claims)]
    mac = hmac.new(key().as_pem(private=False), ".".join(parts).encode(), "sha256").digest()
    return ".".join([*parts, "" if header["alg"] == "none" else _text(mac)])


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
