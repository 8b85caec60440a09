"""The identity provider's signed word on who somebody is, checked by Authlib (OpenID Core, 3.1.3.7)."""

from __future__ import annotations

from typing import Any

from landbridge.access.doors import NotLetIn

# Signatures by the provider's private key only: with HS256 or "none" anybody could sign.
ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY = 60  # seconds by which two clocks may differ


def checked_claims(
    token: str,
    keys: dict[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    now: float,
) -> dict[str, Any]:
    """What the token says; raises ``NotLetIn`` unless it is the provider's, for us, for this login, and now.

    ``keys`` is the provider's key set (RFC 7517); ``now`` is in epoch seconds.
    """
    from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # Authlib has no types yet
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]  # checked there
        claims = CodeIDToken(
            found.claims,
            found.header,
            options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client_id},
                "nonce": {"essential": True, "value": nonce},
            },
            params={"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=int(now), leeway=LEEWAY)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        # The class says which check failed; what the token holds belongs in no message.
        raise NotLetIn(
            f"The provider's answer was not accepted ({type(error).__name__}).",
            "Log in again. If it stays, check the clocks of both machines, oidc_issuer and oidc_client_id.",
        ) from None
    return dict(claims)
