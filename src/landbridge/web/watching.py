"""Outermost of all: gives each request its number, says so in the log, counts it and how long it took."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from landbridge.systems.base import Clock
from landbridge.web.ports import Product

REQUEST_ID = "x-request-id"
SCOPE = "landbridge.request"  # where the number is in the scope, for an answer that is made outside of this
# Long enough to be no telephone number, and of letters that are in no e-mail address.
_LOOKS_LIKE_ONE = re.compile(r"[A-Za-z0-9-]{16,64}")
_OF_A_BRIDGE = re.compile(r"/(?:api/v1/)?bridges/(\d{1,18})(?:/|$)")
_NO_ROUTES = ("/static/", "/feeds/", "/webhooks/")  # not FastAPI's: the first part of the path is told

log = structlog.get_logger()


def make_request_id() -> str:
    """A new number, 64 random bits."""
    return secrets.token_hex(8)


class Watching:
    """ASGI middleware; ``make_id`` makes a number for a request that brings none that looks like one."""

    def __init__(
        self, app: ASGIApp, product: Product, clock: Clock, make_id: Callable[[], str] = make_request_id
    ) -> None:
        self._app = app
        self._product = product
        self._clock = clock
        self._make_id = make_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        number = given if _LOOKS_LIKE_ONE.fullmatch(given) else self._make_id()
        scope[SCOPE] = number
        bound: dict[str, object] = {"request": number}
        if (of_bridge := _OF_A_BRIDGE.match(scope["path"])) is not None:
            bound["bridge"] = int(of_bridge[1])
        with structlog.contextvars.bound_contextvars(**bound):
            await self._watched(scope, receive, send, number)

    async def _watched(self, scope: Scope, receive: Receive, send: Send, number: str) -> None:
        began, status = self._clock.monotonic(), 500  # what is raised is answered so, outside of this

        async def send_numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = number
            await send(message)

        instruments = self._product.operating.instruments
        try:
            with instruments.asked(scope["method"], scope["path"]) as answered:
                try:
                    await self._app(scope, receive, send_numbered)
                except Exception:  # the server tells of it too, but not of whose request it was
                    log.exception("request_failed", method=scope["method"], route=route_of(scope))
                    raise
                finally:
                    answered(route_of(scope), status)
        finally:
            took = self._clock.monotonic() - began
            instruments.request(scope["method"], status, took)
            log.debug(
                "request", method=scope["method"], route=route_of(scope), status=status, ms=round(took * 1000)
            )


def route_of(scope: Scope) -> str:
    """The route with its places unfilled: an address may hold a name, or be a secret itself."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    return next((begin for begin in _NO_ROUTES if scope["path"].startswith(begin)), "none")
