"""The number in a tab of a bridge: read before the page runs, so that no page has to think of it."""

from __future__ import annotations

import re
from contextlib import suppress
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

from landbridge.store.database import StoreFailure
from landbridge.web.ports import Product

_BRIDGE = re.compile(r"/bridges/([0-9]{1,15})(?:/.*)?")
_numbers: ContextVar[dict[str, int]] = ContextVar("tab_numbers")


def tab_number(key: str) -> int:
    """How many wait behind that tab of the bridge whose page is drawn right now; 0 for none, or no bridge."""
    return _numbers.get({}).get(key, 0)


class TabNumbers:
    """ASGI middleware: counts what waits on the bridge of the address."""

    def __init__(self, app: ASGIApp, product: Product) -> None:
        self._app = app
        self._product = product

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _BRIDGE.fullmatch(scope["path"]) if scope["type"] == "http" else None
        _numbers.set({})
        if found:
            with suppress(StoreFailure):  # the page itself then says what is wrong
                _numbers.set(await self._count(int(found[1])))
        await self._app(scope, receive, send)

    async def _count(self, bridge_id: int) -> dict[str, int]:
        bridge = await self._product.bridge_by_id(bridge_id)
        return {"holds": sum((await self._product.hold_counts(bridge)).values())} if bridge else {}
