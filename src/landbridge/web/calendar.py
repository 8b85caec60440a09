"""The calendar of a bridge: its page, and the private address that calendar programs read.

``GET /feeds/<secret>.ics`` is machine to machine: the secret in the path is all there is, so every wrong one
gets the same answer, and the path is written to no log.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from landbridge.allowed import is_this_machine
from landbridge.engine.feeds import PATH, CalendarAddress
from landbridge.store.database import StoreFailure
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

log = structlog.get_logger()

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_NAME = 'inline; filename="landbridge.ics"'


def feed_route(product: Product) -> Route:
    """The address that calendar programs read; ``?tasks=events`` shows tasks as events."""

    async def read(request: Request) -> Response:
        secret = request.path_params["secret"]
        as_events = request.query_params.get("tasks") == "events"
        try:
            known = _SECRET.fullmatch(secret)
            calendar = await product.feeds.read(secret, tasks_as_events=as_events) if known else None
        except Exception as error:
            log.error("calendar_failed", error=type(error).__name__)  # noqa: TRY400  # nothing of the request
            return PlainTextResponse("The calendar cannot be read now.\n", 503, {"Retry-After": "600"})
        if calendar is None:
            return PlainTextResponse("There is no calendar at this address.\n", 404)
        tag = f'W/"{calendar.print}"'  # weak: the moment it was made differs
        headers = {"ETag": tag, "Content-Disposition": _NAME, "X-Robots-Tag": "noindex"}
        if tag in re.split(r"\s*,\s*", request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        return Response(calendar.content, media_type="text/calendar", headers=headers)

    return Route(PATH + "{secret}.ics", read, methods=["GET"], include_in_schema=False)


class CalendarPages:
    """The page on which an owner makes, sees and revokes the address."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of this page."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}/calendar"
        router.add_api_route(path, self.show, methods=["GET"])
        router.add_api_route(path, self.renew, methods=["POST"])
        router.add_api_route(f"{path}/revoke", self.revoke, methods=["POST"])
        return router

    async def show(self, bridge_id: int) -> Response:
        """The address, how to subscribe, and when it was read."""
        bridge = await find_bridge(self._product, bridge_id)
        problem = None
        try:
            calendar = await self._product.feeds.show(bridge)
        except StoreFailure as failure:  # another key: the page still makes a new address
            calendar, problem = CalendarAddress(), Problem(failure.sentence, failure.fix)
        return self._pages.page(
            "calendar.html",
            bridge=bridge,
            calendar=calendar,
            problem=problem,
            private=_is_private(self._product.settings.public_url),
            webcal=re.sub(r"^https?:", "webcal:", calendar.address),
            here="calendar",
        )

    async def renew(self, bridge_id: int) -> Response:
        """A new address; the old one is dead."""
        bridge = await find_bridge(self._product, bridge_id)
        await self._product.feeds.renew(bridge)
        return RedirectResponse(f"/bridges/{bridge.id}/calendar", 303)

    async def revoke(self, bridge_id: int) -> Response:
        """No address."""
        bridge = await find_bridge(self._product, bridge_id)
        await self._product.feeds.revoke(bridge)
        return RedirectResponse(f"/bridges/{bridge.id}/calendar", 303)


def _is_private(address: str) -> bool:
    """Does the address lead nowhere but to this machine?"""
    return is_this_machine(urlsplit(address).hostname or "")
