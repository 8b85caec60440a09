"""The API about live work: look at some contacts now, look for changes, and what webhooks came."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from landbridge.engine.answers import NotPossible
from landbridge.web.api_routes import Responses
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

CAUSE = "asked"


class LookOrder(BaseModel):
    """Whom to look at: contacts by their id on either side, or those of a HighLevel business."""

    model_config = ConfigDict(extra="forbid")

    contacts: list[str] = Field(default_factory=list, max_length=1000)
    business: str = Field("", description="The id of a HighLevel business, instead of contacts.")


class NamedFacts(BaseModel):
    """How many contacts will be looked at."""

    named: int


class LiveApi:
    """The routes of live work."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, _unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        wrong: Responses = {409: refused[403], **refused}
        for name, do, summary in (
            ("contacts/sync", self.look, "Look at some contacts soon"),
            ("contacts/{record_id}/sync", self.look_at_one, "Look at one contact soon"),
            ("changes", self.changes, "Look what moved on both sides, now"),
        ):
            router.add_api_route(
                f"{path}/{name}", do, methods=["POST"], status_code=202, summary=summary, responses=wrong
            )
        router.add_api_route(
            "/api/v1/arrivals",
            self.arrivals,
            methods=["GET"],
            summary="Webhooks of today, by outcome",
        )
        return router

    async def look(self, bridge_id: int, order: LookOrder) -> NamedFacts:
        """Each is read by id on both sides, and carried as in a sync."""
        bridge = await find_bridge(self._product, bridge_id)
        if bool(order.contacts) == bool(order.business):
            raise NotPossible("Name contacts or a business.", "Send either `contacts` or `business`.")
        if order.business:
            return NamedFacts(named=await self._product.ask_business(bridge, order.business, cause=CAUSE))
        return NamedFacts(named=await self._product.ask(bridge, order.contacts, cause=CAUSE))

    async def look_at_one(self, bridge_id: int, record_id: str) -> NamedFacts:
        """It is read by id on both sides, and carried as in a sync."""
        bridge = await find_bridge(self._product, bridge_id)
        return NamedFacts(named=await self._product.ask(bridge, [record_id], cause=CAUSE))

    async def changes(self, bridge_id: int) -> NamedFacts:
        """Answers at once; what is found is carried in the background."""
        self._product.look_for_changes(await find_bridge(self._product, bridge_id))
        return NamedFacts(named=0)

    async def arrivals(self) -> dict[str, int]:
        """Of all bridges, since midnight UTC."""
        return await self._product.arrivals()
