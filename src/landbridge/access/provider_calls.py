"""Calls to the identity provider: few, small, and over TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from landbridge.allowed import is_this_machine

LONGEST_ANSWER = 1_000_000  # bytes
TIMEOUT = aiohttp.ClientTimeout(total=20)


class ProviderDown(Exception):  # noqa: N818  # a condition, not a programming error
    """The provider gave no usable answer; ``str()`` is one sentence with nothing secret in it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.fix = "Try again in a minute, or log in with a password. If it stays, check oidc_issuer."


class Ask(Protocol):
    """One call: GET, or POST where there is a form; ``login`` is id and secret, for the header."""

    async def __call__(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        login: tuple[str, str] | None = None,
        bearer: str = "",
    ) -> dict[str, Any]:
        """The JSON object that came back; raises ``ProviderDown``."""
        ...


async def ask(
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
    bearer: str = "",
) -> dict[str, Any]:
    """``Ask`` over the network; a session a call, as there are three calls a login."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(parts.hostname or "")):
        raise ProviderDown("The identity provider names an address without TLS.")
    headers = {"Accept": "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    if login:  # id and secret are encoded before they become a header (RFC 6749, 2.3.1)
        headers["Authorization"] = aiohttp.encode_basic_auth(*(quote(part, safe="") for part in login))
    method = "GET" if form is None else "POST"
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.request(method, url, data=form, headers=headers, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise ProviderDown(f"The identity provider refused a call (HTTP {answer.status}).")
            body = bytearray()
            async for part in answer.content.iter_chunked(65_536):
                body += part
                if len(body) > LONGEST_ANSWER:
                    raise ProviderDown("The identity provider's answer is too long.")
            found: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
            return found
    except (aiohttp.ClientError, TimeoutError):
        raise ProviderDown("The identity provider cannot be reached.") from None
    except msgspec.DecodeError:
        raise ProviderDown("The identity provider's answer is no JSON.") from None
