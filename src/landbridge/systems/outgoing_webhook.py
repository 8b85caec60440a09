"""A message to an address of somebody's choice: signed, and to the public internet only."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import aiohttp
from standardwebhooks import Webhook
from yarl import URL

from landbridge import __version__
from landbridge.systems.incoming_webhook import post_to
from landbridge.systems.public_address import Resolve, is_public, resolve

SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64


class UnusableAddress(ValueError):  # noqa: N818  # a condition, not a programming error
    """An address that no webhook may go to; ``str()`` says why, ``fix`` what to do."""

    fix = "Give an https:// address on the internet, such as https://hooks.example.com/landbridge."


class Post(Protocol):
    """Sends one body with these headers to one of these addresses of a host; gives the status."""

    def __call__(
        self, url: URL, body: bytes, addresses: Sequence[str], headers: Mapping[str, str]
    ) -> Awaitable[int]:
        """Raises ``aiohttp.ClientError``, ``TimeoutError`` or ``OSError``."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """How an address answered: its status, 0 for no answer, and a sentence that shows nothing of it."""

    status: int
    sentence: str

    @property
    def ok(self) -> bool:
        """Any 2xx; everything else, redirects too, is a failure (Standard Webhooks)."""
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """410: the receiver wants no more."""
        return self.status == 410


class WebhookSender:
    """Sends signed messages.

    The host must lie on the public internet, so that nobody can make Landbridge speak to the network around
    it; the connection goes to the very addresses that were checked; redirects are not followed.
    """

    def __init__(self, *, resolve: Resolve = resolve, post: Post | None = None) -> None:
        self._resolve = resolve
        self._post = post or _post

    async def send(self, address: str, secret: str, message: str, body: bytes, now: float) -> Taken:
        """One attempt; never raises for what the other end does."""
        try:
            url = checked_address(address)
        except UnusableAddress as unusable:
            return Taken(0, str(unusable))
        try:
            addresses = await self._resolve(url.raw_host or "", url.port or 443)
        except (OSError, UnicodeError):
            return Taken(0, "The host is not known.")
        if not addresses or not all(is_public(one) for one in addresses):
            return Taken(0, "The host lies in a private network, or on this machine; nothing was sent.")
        headers = signed_headers(secret, message, body, now)
        try:
            status = await self._post(url, body, addresses, headers)
        except TimeoutError:
            return Taken(0, "No answer in time.")
        except (aiohttp.ClientError, OSError):
            return Taken(0, "It cannot be reached, or its certificate is not valid.")
        return Taken(status, f"It answered with status {status}.")


def new_secret() -> str:
    """A secret as Standard Webhooks writes it: ``whsec_`` and base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(secret: str, message: str, body: bytes, now: float) -> dict[str, str]:
    """``webhook-id``, ``webhook-timestamp`` (seconds, of this attempt) and ``webhook-signature`` (v1)."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": Webhook(secret).sign(
            message, datetime.fromtimestamp(int(now), UTC), body.decode()
        ),
        "user-agent": f"landbridge/{__version__}",
    }


def checked_address(text: str) -> URL:
    """The address; raises ``UnusableAddress``. Where its host lies is looked up when something is sent."""
    try:
        url = URL(text.strip())
    except ValueError:
        url = URL()
    if url.scheme != "https" or not url.host or "." not in url.host.strip("[]").replace(":", "."):
        raise UnusableAddress("The address is not an https:// address.")
    if url.user or url.password or url.fragment:
        raise UnusableAddress("The address holds a user name, a password or a fragment.")
    return url


async def _post(url: URL, body: bytes, addresses: Sequence[str], headers: Mapping[str, str]) -> int:
    return await post_to(url, body, addresses, more_headers=headers)
