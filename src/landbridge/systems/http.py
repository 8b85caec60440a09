"""The one HTTP client: credentials, quota, retries, classification and a redacted log in one place."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import msgspec
import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt
from yarl import URL

from landbridge import __version__
from landbridge.sync.model import Side
from landbridge.systems.base import Clock, Ledger, Rejected, SystemFailure, Unavailable, WrongCredentials
from landbridge.systems.failures import At, Told, malformed, no_answer, no_connection, refused
from landbridge.systems.quota import Quota, Slot
from landbridge.systems.retry import FullJitter, may_repeat, retry_after_seconds
from landbridge.systems.transport import MakeTransport, Response, Session, open_session
from landbridge.systems.watching import WatchCall, unwatched

T = TypeVar("T")
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("landbridge.http")
_TRACE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """How calls are made; ``timeout_seconds`` is the longest silence, a whole answer may take ten times.

    ``transport`` opens another connection pool than the usual one. ``watch`` is told of each attempt.
    """

    timeout_seconds: float = 30.0
    attempts: int = 5
    backoff_base_seconds: float = 0.5
    backoff_cap_seconds: float = 60.0
    connections: int = 32
    max_body_bytes: int = 512 * 1024 * 1024
    transport: MakeTransport | None = None
    watch: WatchCall = unwatched


class Authorise(Protocol):
    """Where the credentials of one account come from."""

    async def headers(self) -> Mapping[str, str]:
        """The credential's headers, fresh enough to use."""
        ...

    async def on_unauthorised(self, refused: Mapping[str, str]) -> bool:
        """These headers were refused with 401: True when there are newer ones to try, once."""
        ...

    async def on_accepted(self, accepted: Mapping[str, str]) -> None:
        """These headers have worked."""
        ...


class Dialect(Protocol):
    """How one system words its answers; ``credentials_fix`` is the next step after a refused credential."""

    credentials_fix: str

    def read(self, status: int, body: bytes) -> Told:
        """What an answer says of its outcome, whatever its HTTP status; never raises."""
        ...

    def refuse(self, told: Told, at: At) -> SystemFailure | None:
        """The error where this system's text says more than the status; None to go by the status."""
        ...


class NoCredential:
    """Calls that carry their credentials elsewhere, such as a token exchange."""

    async def headers(self) -> Mapping[str, str]:
        return {}

    async def on_unauthorised(self, refused: Mapping[str, str]) -> bool:
        return False

    async def on_accepted(self, accepted: Mapping[str, str]) -> None:
        """Nothing to note."""


@dataclass(slots=True)
class _Call:
    """One request through all its attempts."""

    at: At
    url: URL
    headers: dict[str, str]
    body: bytes | None
    urgent: bool = False
    attempt: int = 0
    renewed: bool = False
    final: bool = False  # the credential failed, not the call: trying again would not help


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    credentials: Mapping[str, str]

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "").lower()


class HttpClient:
    """All calls of one account to one system, on one connection pool.

    It speaks to the host of ``base_url`` only: https, or http on this machine; it follows no redirect,
    keeps no cookie and uses no proxy. Raises ``ValueError`` for any other ``base_url``.
    """

    def __init__(
        self,
        base_url: str,
        side: Side,
        *,
        clock: Clock,
        rng: random.Random,
        config: HttpConfig,
        quota: Quota,
        authorise: Authorise,
        dialect: Dialect,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.side = side
        self.quota = quota
        self._base, self.address = _checked_base(base_url)
        self._clock = clock
        self._config = config
        self._authorise = authorise
        self._dialect = dialect
        self._headers = {"Accept": "application/json", "User-Agent": f"landbridge/{__version__}"} | dict(
            headers or {}
        )
        self._jitter = FullJitter(config.backoff_base_seconds, config.backoff_cap_seconds, rng)
        self._places = asyncio.Semaphore(config.connections)
        self._session: Session | None = None
        self._calls = 0
        self._waited_before = quota.waited_seconds

    def ledger(self) -> Ledger:
        """Calls made by this client, and what is left of its quota."""
        return self.quota.ledger(self._calls, self._waited_before)

    async def request(
        self,
        method: str,
        route: str,
        *,
        decode: Callable[[bytes], T],
        idempotent: bool,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
        json: object = msgspec.UNSET,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        urgent: bool = False,
    ) -> T:
        """Make one call and return ``decode(body)`` of its 2xx answer.

        ``route`` is a path below the base URL with places such as ``/contacts/{contact}``, filled (quoted)
        from ``ids``: the log shows the route, never an id. A list in ``query`` is named once for each of its
        values. ``decode`` raises msgspec's errors or a
        ``SystemFailure`` for a body that is not as promised. Anything but a create is ``idempotent`` and
        repeated as its failure allows; a create is repeated only when it surely was not sent, and every
        refusal of it carries ``sent="maybe"``: HighLevel answered 422 and created the contact all the same
        (issue 64 in sync-correctness.md 5). An ``urgent`` call stands in no line with others: it is for
        opt-outs only. Raises ``SystemFailure``.
        """
        at = At(self.side, self.address, method, route, idempotent, by_id=bool(ids))
        sent_headers = self._headers | dict(headers or {})
        if json is not msgspec.UNSET:
            body = msgspec.json.encode(json)
            sent_headers.setdefault("Content-Type", "application/json")
        call = _Call(at, self._url(at, ids or {}, query or {}), sent_headers, body, urgent)
        try:
            return await self._attempt(call, decode)
        except SystemFailure as failure:
            if call.final or not may_repeat(failure, idempotent=idempotent):
                raise
            return await self._again(call, decode, failure)

    async def _again(self, call: _Call, decode: Callable[[bytes], T], failure: SystemFailure) -> T:
        """The attempts after a first one that failed, each behind its pause.

        A first attempt costs nothing here: tenacity's own work is a fifth of a call on a fast line.
        """
        failures = [failure]

        async def attempt() -> T:
            if failures:
                raise failures.pop()
            return await self._attempt(call, decode)

        attempts = AsyncRetrying(
            sleep=self._clock.sleep,
            wait=self._jitter,
            stop=stop_after_attempt(self._config.attempts),
            retry=retry_if_exception(
                lambda error: not call.final and may_repeat(error, idempotent=call.at.idempotent)
            ),
            reraise=True,
        )
        return await attempts(attempt)

    async def close(self) -> None:
        """Close the connection pool; a later call opens a new one."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _url(self, at: At, ids: Mapping[str, str], query: Mapping[str, str | Sequence[str]]) -> URL:
        path = at.route.format_map({name: _path_part(value, at) for name, value in ids.items()})
        search = f"?{urlencode(query, doseq=True, quote_via=quote)}" if query else ""
        return URL(f"{self._base}{path}{search}", encoded=True)

    async def _attempt(self, call: _Call, decode: Callable[[bytes], T]) -> T:
        call.attempt += 1
        answer = await self._exchange(call)
        told = self._dialect.read(answer.status, answer.body)
        if told.status == 401 and not call.renewed and self._dialect.refuse(told, call.at) is None:
            call.renewed = True
            if await self._renewed(call, answer):
                answer = await self._exchange(call)
                told = self._dialect.read(answer.status, answer.body)
        if not 200 <= answer.status < 300 or not 200 <= told.status < 300:
            raise self._refusal(call, answer, told)
        await self._authorise.on_accepted(answer.credentials)
        return self._decoded(call, answer, told, decode)

    async def _renewed(self, call: _Call, answer: _Answer) -> bool:
        """One refresh after a 401, then one more try; a create is left to be looked up first."""
        try:
            renewed = await self._authorise.on_unauthorised(answer.credentials)
        except SystemFailure as failure:
            call.final = True
            if not call.at.idempotent:
                failure.sent = "maybe"
            raise
        if renewed and not call.at.idempotent:
            raise Unavailable(
                f"{call.at.place} refused the access token for {call.at.call}; it was renewed.",
                side=self.side,
                status=401,
            )
        return renewed

    async def _exchange(self, call: _Call) -> _Answer:
        """Send once; raises ``Unreachable``, ``Unavailable``, ``Malformed``, ``RateLimited`` by the quota."""
        place: AbstractAsyncContextManager[None] = nullcontext() if call.urgent else self._places
        async with place:  # those who hold a place may be waiting for the quota
            try:
                credentials = await self._authorise.headers()
            except SystemFailure:
                call.final = True
                raise
            with await self._reserve(urgent=call.urgent) as slot:
                began = self._clock.monotonic()
                try:
                    with self._config.watch(self.side, call.at.method, call.at.route) as seen:
                        answer = await self._send(call, credentials, slot)
                        seen(answer.status, answer.headers)
                except SystemFailure as failure:
                    self._note(call, began, 0, b"", type(failure).__name__)
                    raise
                self._note(call, began, answer.status, answer.body, "")
                return answer

    async def _reserve(self, *, urgent: bool) -> Slot:
        try:
            return await self.quota.reserve(urgent=urgent)
        except SystemFailure as failure:
            failure.side = self.side
            raise

    async def _send(self, call: _Call, credentials: Mapping[str, str], slot: Slot) -> _Answer:
        session = self._session or self._open()
        headers = call.headers | dict(credentials)
        self._calls += 1
        try:
            async with session.request(
                call.at.method, call.url, data=call.body, headers=headers, allow_redirects=False
            ) as response:
                if response.status == 429:  # before the slot is free: nobody may follow
                    self.quota.pause(self._retry_after(response.headers) or self.quota.interval_seconds)
                slot.answered(response.headers)
                body = await self._body(call, response)
        except _NOT_SENT as error:
            slot.unsent()
            self._calls -= 1
            raise no_connection(error, call.at) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise no_answer(error, call.at) from None
        return _Answer(response.status, response.headers, body, credentials)

    async def _body(self, call: _Call, response: Response) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._config.max_body_bytes:
                response.close()
                raise malformed(f"longer than {self._config.max_body_bytes} bytes", call.at)
            chunks.append(chunk)
        return b"".join(chunks)

    def _refusal(self, call: _Call, answer: _Answer, told: Told) -> SystemFailure:
        wait_seconds = self._retry_after(answer.headers)
        if told.status == 429:
            wait_seconds = wait_seconds or self.quota.interval_seconds
            self.quota.pause(wait_seconds)
        failure = self._dialect.refuse(told, call.at)
        if failure is None:
            failure = refused(told, call.at, is_json=answer.is_json, wait_seconds=wait_seconds)
            if isinstance(failure, WrongCredentials):
                failure.fix = self._dialect.credentials_fix
        return self._completed(failure, call, answer, told)

    def _completed(self, failure: SystemFailure, call: _Call, answer: _Answer, told: Told) -> SystemFailure:
        """With what every error after an answer carries; a refused create may have happened."""
        failure.side, failure.status = self.side, answer.status
        failure.trace_id = told.trace_id if _TRACE_ID.fullmatch(told.trace_id) else ""
        if not call.at.idempotent:
            failure.sent = "maybe"
        return failure

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        return retry_after_seconds(headers.get("retry-after", ""), self._clock.now())

    def _decoded(self, call: _Call, answer: _Answer, told: Told, decode: Callable[[bytes], T]) -> T:
        if answer.body and not answer.is_json:
            kind = answer.headers.get("content-type", "").split(";")[0].strip()
            what = "a web page" if kind == "text/html" else "not JSON"
        else:
            try:
                return decode(answer.body)
            except msgspec.ValidationError:
                what = "JSON of another shape than promised"
            except (msgspec.DecodeError, UnicodeDecodeError):
                what = "not whole JSON"
            except RecursionError:  # msgspec's, after a thousand brackets or so
                what = "JSON nested too deep"
            except SystemFailure as failure:
                raise self._completed(failure, call, answer, told) from None
        raise self._completed(malformed(what, call.at), call, answer, told)

    def _note(self, call: _Call, began: float, status: int, body: bytes, failure: str) -> None:
        """One debug line a request: never a body, a token, an id or an address."""
        if not _log.is_enabled_for(logging.DEBUG):
            return
        _log.debug(
            "http",
            side=self.side.value,
            method=call.at.method,
            route=call.at.route,
            status=status,
            ms=round((self._clock.monotonic() - began) * 1000, 1),
            attempt=call.attempt,
            trace_id=_trace_id(body),
            failure=failure,
        )

    def _open(self) -> Session:
        config = self._config
        if config.transport is not None:
            self._session = config.transport()
        else:
            self._session = open_session(config.timeout_seconds, config.connections)
        return self._session


def decode_as(kind: type[T]) -> Callable[[bytes], T]:
    """A decoder for ``request``; raises msgspec's errors for another shape."""
    return msgspec.json.Decoder(kind).decode


def no_body(body: bytes) -> None:
    """For answers whose body says nothing that is needed."""


def _trace_id(body: bytes) -> str:
    """HighLevel's ``traceId``, found without parsing: it stands at the end or the beginning of an answer."""
    for part in (body[-200:], body[:200]):
        found = re.search(rb'"traceId"\s*:\s*"([A-Za-z0-9_-]{1,64})"', part)
        if found:
            return found[1].decode()
    return ""


def _path_part(value: object, at: At) -> str:
    if not isinstance(value, str) or not value.strip(". \t\r\n"):
        raise Rejected(f"{at.side.title} was asked for a record without an id.", side=at.side, sent="no")
    return quote(value, safe="")


def _checked_base(base_url: str) -> tuple[str, str]:
    """The base without a slash at its end, and host:port for sentences."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    loopback = host == "localhost" or host.endswith(".localhost") or _is_loopback(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError("The API's address must begin with https:// (http:// only on this machine).")
    if not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("The API's address must be a host and a path, without credentials or a query.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return base_url.rstrip("/"), f"{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
