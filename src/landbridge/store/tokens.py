"""What is stored of secrets that only their holders know: addresses of calendars, cookies, links, keys."""

from __future__ import annotations

from hashlib import sha256


def token_of(secret: str) -> str:
    """What is stored of a secret to know it again. It has 256 random bits, so one plain hash is enough."""
    return sha256(secret.encode()).hexdigest()
