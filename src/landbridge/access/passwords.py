"""Passwords: which are good enough, and how they are kept (argon2id, RFC 9106, by argon2-cffi's defaults)."""

from __future__ import annotations

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12  # OWASP ASVS 5.0, 6.2.1 asks for 8 and recommends 15; length is what slows guessing down
LONGEST = 200
BY_PROVIDER = "provider"  # stands where a password would, for people who log in through the provider
_OFTEN = ("password", "landbridge", "123456", "qwerty", "letmein", "welcome", "iloveyou", "abcdef", "111111")


def weakness(password: str, email: str, name: str = "") -> str:
    """Why this password is not good enough; blank when it is."""
    if len(password) < SHORTEST:
        return f"The password is shorter than {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"The password is longer than {LONGEST} characters."
    plain = password.lower()
    own = {part for part in (email.lower(), email.partition("@")[0].lower(), name.lower()) if len(part) > 3}
    rest = plain
    for word in (*_OFTEN, *own):
        rest = rest.replace(word, "")
    if len(rest) < SHORTEST // 2 or len(set(plain)) < 5:
        return "The password is one of those that are guessed first: a common word, your own name, or a row."
    return ""


async def hashed(password: str) -> str:
    """The text that is stored; takes some 50 ms, so it is done beside the event loop."""
    return await asyncio.to_thread(_hasher().hash, password)


async def fits(stored: str, password: str) -> bool:
    """Is it this password? For a person without one, or nobody, the same work is done for nothing."""
    has_one = stored not in ("", BY_PROVIDER)
    return await asyncio.to_thread(_verify, stored if has_one else _nobodys(), password) and has_one


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """What the passwords typed for unknown people are compared with, so that time tells nobody who exists."""
    return _hasher().hash("a password that nobody has")
