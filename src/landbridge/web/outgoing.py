"""The page of outgoing webhooks: add an address, see its secret once, follow and repeat what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.engine.answers import NotPossible
from landbridge.engine.catalog import OWN_TRIGGERS
from landbridge.engine.outgoing import NewSubscription
from landbridge.store.bridges import Bridge
from landbridge.store.outgoing import Outgoing, Subscription
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

LOG_SHOWN = 20


@dataclass(frozen=True, slots=True)
class WebhooksView:
    """What the page shows; ``typed`` is what an address was refused with."""

    bridge: Bridge
    found: list[tuple[Subscription, list[Outgoing]]]
    made: NewSubscription | None = None
    problem: Problem | None = None
    chosen: list[str] = field(default_factory=list)
    name: str = ""


class OutgoingPages:
    """``/bridges/N/webhooks`` and what its buttons do."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of this page."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}/webhooks"
        router.add_api_route(path, self.show, methods=["GET"])
        router.add_api_route(path, self.add, methods=["POST"])
        router.add_api_route(f"{path}/{{webhook_id:int}}/{{what}}", self.change, methods=["POST"])
        router.add_api_route(f"{path}/messages/{{message_id:int}}/replay", self.replay, methods=["POST"])
        return router

    async def show(self, bridge_id: int) -> Response:
        """All addresses of a bridge, with what was sent to each."""
        return await self._page(await find_bridge(self._product, bridge_id))

    async def add(self, request: Request, bridge_id: int) -> Response:
        """Shows the secret, this once; a refused address is typed again, as it may be a secret itself."""
        bridge = await find_bridge(self._product, bridge_id)
        form = await request.form()
        chosen = [str(value) for value in form.getlist("trigger")]
        name, address = str(form.get("name", "")), str(form.get("address", ""))
        try:
            made = await self._product.outgoing.subscribe(bridge, address, chosen, name)
        except NotPossible as refusal:
            problem = Problem(refusal.sentence, refusal.fix)
            return await self._page(bridge, problem=problem, chosen=chosen, name=name, status=422)
        return await self._page(bridge, made=made)

    async def change(self, bridge_id: int, webhook_id: int, what: str) -> Response:
        """``on``, ``off``, ``test`` or ``remove``."""
        bridge, hooks = await find_bridge(self._product, bridge_id), self._product.outgoing
        if what in ("on", "off"):
            await hooks.switch(bridge, webhook_id, enabled=what == "on")
        elif what == "test":
            await hooks.test(bridge, webhook_id)
        elif what == "remove":
            await hooks.remove(bridge, webhook_id)
        return RedirectResponse(f"/bridges/{bridge.id}/webhooks", 303)

    async def replay(self, bridge_id: int, message_id: int) -> Response:
        """Send a message again."""
        bridge = await find_bridge(self._product, bridge_id)
        await self._product.outgoing.replay(bridge, message_id)
        return RedirectResponse(f"/bridges/{bridge.id}/webhooks", 303)

    async def _page(
        self,
        bridge: Bridge,
        *,
        made: NewSubscription | None = None,
        problem: Problem | None = None,
        chosen: list[str] | None = None,
        name: str = "",
        status: int = 200,
    ) -> Response:
        hooks = self._product.outgoing
        found = [
            (one, await hooks.log_of(bridge, one.id, LOG_SHOWN)) for one in await hooks.subscriptions(bridge)
        ]
        view = WebhooksView(bridge, found, made, problem, chosen or [], name)
        return self._pages.page(
            "outgoing.html",
            status=status,
            bridge=bridge,
            view=view,
            triggers=OWN_TRIGGERS,
            shown=LOG_SHOWN,
            here="outgoing",
        )
