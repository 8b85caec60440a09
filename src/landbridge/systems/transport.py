"""The network as a parameter: what the HTTP client needs of a connection pool, and the usual one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import aiohttp
from yarl import URL


class Content(Protocol):
    """A body on its way."""

    def iter_any(self) -> AsyncIterator[bytes]:
        """Pieces as they arrive; raises aiohttp's errors where the connection breaks."""
        ...


class Response(Protocol):
    """An answer whose head has arrived."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names without regard to letter case."""
        ...

    @property
    def content(self) -> Content:
        """The body."""
        ...

    def close(self) -> None:
        """Break off."""
        ...


class Session(Protocol):
    """A connection pool; raises what aiohttp raises."""

    def request(
        self, method: str, url: URL, *, data: bytes | None, headers: Mapping[str, str], allow_redirects: bool
    ) -> AbstractAsyncContextManager[Response]:
        """One request."""
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...


MakeTransport = Callable[[], Session]
"""What opens a pool of its own kind, such as one that never leaves the process."""


def open_session(timeout_seconds: float, connections: int) -> Session:
    """The usual pool: no cookies, no proxy, and no second layer of retries."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        timeout=aiohttp.ClientTimeout(
            total=timeout_seconds * 10, sock_connect=timeout_seconds, sock_read=timeout_seconds
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    # aiohttp repeats GET, PUT and DELETE by itself when a kept connection turns out closed: that would
    # be a second layer of retries, outside the quota. There is no public switch.
    session._retry_connection = False
    opened: Any = session  # aiohttp's own overloads say the same in more words
    found: Session = opened
    return found
