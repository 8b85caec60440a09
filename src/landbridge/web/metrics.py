"""``GET /metrics``: figures for Prometheus, to whoever has a key, or to this machine where that is set."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from landbridge.access.roles import Role
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.security import METRICS, host_name, is_loopback

OFF = Problem("Metrics are switched off.", "Set `metrics` to key, and restart (docs/operating.md).")
NEEDS_KEY = Problem(
    "Metrics need a key.",
    "Send `Authorization: Bearer KEY`; an owner makes one at /keys or with `landbridge keys add`.",
)
# What a proxy adds. Behind one on this machine every request comes from here, whoever sent it.
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


class MetricsPages:
    """No names, no addresses, no series for each bridge: only sums and shares."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The one route."""
        router = APIRouter()
        router.add_api_route(METRICS, self.metrics, methods=["GET"], include_in_schema=False)
        return router

    async def metrics(self, request: Request) -> Response:
        """All metrics in the text format."""
        setting = self._product.settings.metrics
        if setting == "off":
            return self._pages.problem(request, OFF, 404)
        if not (setting == "loopback" and from_this_machine(request)) and not await self._has_key(request):
            answer = PlainTextResponse(f"{NEEDS_KEY.sentence} {NEEDS_KEY.fix}\n", 401)
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        text = await self._product.operating.gathering.text()
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def _has_key(self, request: Request) -> bool:
        """A key of any role; a cookie opens nothing here, so no browser can be tricked into asking."""
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return False
        person = await self._product.doors.of_key(key.strip())
        return person is not None and person.role.may(Role.VIEWER)


def from_this_machine(request: Request) -> bool:
    """Asked on this machine, under its own name, and passed on by nobody."""
    near = request.client is not None and is_loopback(request.client.host)
    named = is_loopback(host_name(request.headers.get("host", "")))
    return near and named and not any(name in request.headers for name in _PASSED_ON)
