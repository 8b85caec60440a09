"""Carries the sandbox's webhooks over HTTP, in the background, to a receiver on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

from landbridge.sandbox.highlevel.webhooks import Delivery

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.05  # the sandbox's clock may be moved at any moment, so it is looked at, not slept by
_AT_ONCE = 20
_TIMEOUT_SECONDS = 10.0  # the live one is not published


class Outbox(Protocol):
    """Where deliveries come from."""

    def take_ready(self, now: float) -> list[Delivery]:
        """What is to be sent now."""
        ...

    def answered(self, delivery: Delivery, status: int, now: float) -> None:
        """What the receiver said; 0 for nothing."""
        ...


class Courier:
    """Sends what is ready, so many at once; ``outbox`` is asked each time, as a reset makes a new one."""

    def __init__(
        self, outbox: Callable[[], Outbox | None], now: Callable[[], float], *, any_host: bool
    ) -> None:
        self._outbox = outbox
        self._now = now
        self._any_host = any_host
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                while True:
                    if (outbox := self._outbox()) is not None:
                        self._send_ready(session, outbox)
                    await asyncio.sleep(_LOOK_SECONDS)
            finally:
                for task in tuple(self._under_way):
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.gather(*self._under_way, return_exceptions=True)

    def _send_ready(self, session: aiohttp.ClientSession, outbox: Outbox) -> None:
        for delivery in outbox.take_ready(self._now()):
            task = asyncio.create_task(self._carry(session, outbox, delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _carry(self, session: aiohttp.ClientSession, outbox: Outbox, delivery: Delivery) -> None:
        status = 0
        async with self._places:
            if self._any_host or is_loopback(urlsplit(delivery.url).hostname or ""):
                try:
                    async with session.post(
                        delivery.url, data=delivery.body, headers=delivery.headers, allow_redirects=False
                    ) as answer:
                        await answer.read()
                        status = answer.status
                except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
                    _log.info("a webhook was not answered: %s", type(error).__name__)
            else:
                _log.warning("a webhook for another machine was not sent; the sandbox reaches this one only")
        outbox.answered(delivery, status, self._now())


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
