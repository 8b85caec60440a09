"""Alerts to a chat: an incoming webhook as Slack, Mattermost and others have it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from landbridge.systems.channel import ChannelFailure, Message
from landbridge.systems.public_address import Resolve, is_public, resolve

TIMEOUT_SECONDS = 20.0
_FIX = "Correct alert_webhook_url: the https:// address that the chat shows for an incoming webhook."


class Post(Protocol):
    """Sends one body to one of these addresses of a host; gives the status."""

    def __call__(self, url: URL, body: bytes, addresses: Sequence[str]) -> Awaitable[int]:
        """Raises ``aiohttp.ClientError``, ``TimeoutError`` or ``OSError``."""
        ...


class IncomingWebhook:
    """The chat channel. The address is a secret: no sentence of ours shows it.

    The host must lie on the public internet (a stored address must not make Landbridge speak to the
    network around it), and the connection goes to the very addresses that were checked, so that a name
    cannot point elsewhere a moment later. Redirects are not followed.
    """

    name = "chat webhook"

    def __init__(self, url: str, *, resolve: Resolve = resolve, post: Post | None = None) -> None:
        self._url = url
        self._resolve = resolve
        self._post = post or post_to

    def __repr__(self) -> str:
        return "IncomingWebhook(…)"

    async def send(self, message: Message) -> None:
        """Deliver; raises ``ChannelFailure``."""
        url = _checked(self._url)
        addresses = await self._public(url)
        body = msgspec.json.encode({"text": escape(f"*{message.subject}*\n{message.text}")})
        try:
            status = await self._post(url, body, addresses)
        except (aiohttp.ClientError, TimeoutError, OSError):
            sentence = "The chat webhook cannot be reached, or its certificate is not valid."
            raise ChannelFailure(sentence, "Check this machine's network and alert_webhook_url.") from None
        if not 200 <= status < 300:
            raise ChannelFailure(f"The chat webhook answered with status {status}.", _FIX)

    async def _public(self, url: URL) -> Sequence[str]:
        try:
            addresses = await self._resolve(url.raw_host or "", url.port or 443)
        except (OSError, UnicodeError):
            raise ChannelFailure("The host of the chat webhook is not known.", _FIX) from None
        if not addresses or not all(is_public(address) for address in addresses):
            raise ChannelFailure(
                "The chat webhook lies in a private network, or on this machine; nothing was sent.",
                "Use a webhook that is on the internet, or e-mail for an inner network.",
            )
        return addresses


def escape(text: str) -> str:
    """Slack reads these three characters as markup, such as a mention of everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _checked(text: str) -> URL:
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme != "https" or not url.host or url.user or url.password:
        raise ChannelFailure("The address of the chat webhook is not an https:// address.", _FIX)
    return url


async def post_to(
    url: URL,
    body: bytes,
    addresses: Sequence[str],
    context: ssl.SSLContext | None = None,
    more_headers: Mapping[str, str] | None = None,
) -> int:
    """One request to one of the addresses, under the host's own name and certificate."""
    connector = aiohttp.TCPConnector(
        resolver=_Pinned(url.raw_host or "", addresses), use_dns_cache=False, ssl=context or True
    )
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    headers = {"content-type": "application/json"} | dict(more_headers or {})
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as s,
        s.post(url, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status


class _Pinned(AbstractResolver):
    """Knows one host, and the addresses that were checked; asks nobody."""

    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The checked addresses."""
        if host != self._host:
            raise OSError(f"{host} was not checked")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""
