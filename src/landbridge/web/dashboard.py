"""The first page: all bridges at a glance, or the only one."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from landbridge.engine.overview import STATES, Glance
from landbridge.web.pages import Pages
from landbridge.web.ports import Product
from landbridge.web.setup import show_setup
from landbridge.web.status import StatusPages

LONGEST_NAME = 100
POLL_SECONDS = 10
TONES = {"needs": "bad", "waits": "ask", "new": "new", "busy": "busy", "fine": "good"}


class DashboardPages:
    """``/``: the set-up steps without a bridge, the page of the only one, else the list."""

    def __init__(self, product: Product, pages: Pages, one: StatusPages) -> None:
        self._product = product
        self._pages = pages
        self._one = one

    def router(self) -> APIRouter:
        """The route of this page."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.home, methods=["GET"])
        return router

    async def home(self, request: Request, name: str = "", state: str = "", page: int = 1) -> Response:
        """A search by a bridge's name may be in the address: it is an office, not a person."""
        bridges = await self._product.all_bridges()
        if not any(bridge.live for bridge in bridges):
            return await show_setup(self._product, self._pages)
        if len(bridges) == 1:
            return await self._one.whole(bridges[0])
        name = name.strip()[:LONGEST_NAME]
        glance = await self._product.overview.glance(name, state, page)
        return self._pages.page(
            "bridges.html",
            glance=glance,
            name=name,
            state=state,
            states=STATES,
            tones=TONES,
            address=_address(name, state, glance.page),
            before=_address(name, state, glance.page - 1) if glance.page > 1 else "",
            following=_address(name, state, glance.page + 1) if glance.page < glance.pages else "",
            filters=_filters(glance, name),
            poll_seconds=POLL_SECONDS,
            here="status",
        )


def _filters(glance: Glance, name: str) -> list[tuple[str, str, str, int]]:
    """State, its words, its address and how many bridges are in it; everything first."""
    whole = sum(glance.states.values())
    found = [("", "All", _address(name, "", 1), whole)]
    return found + [
        (state, words, _address(name, state, 1), glance.states.get(state, 0))
        for state, words in STATES.items()
    ]


def _address(name: str, state: str, page: int) -> str:
    named = {"name": name, "state": state, "page": page if page > 1 else ""}
    query = urlencode({key: value for key, value in named.items() if value})
    return f"/?{query}" if query else "/"
