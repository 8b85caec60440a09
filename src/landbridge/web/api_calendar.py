"""The API about the calendar of a bridge: its address, a new one, none."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from landbridge.engine.feeds import CalendarAddress
from landbridge.web.api_routes import Responses
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge


class CalendarFacts(BaseModel):
    """The private address of a bridge's calendar. Whoever has it can read it: treat it as a password."""

    address: str = Field(description="Empty where there is none.")
    created_at: float = Field(description="Epoch seconds; 0 where there is none.")
    read_at: float | None = Field(description="When a calendar program last read it, to the minute.")


class CalendarApi:
    """The routes under one bridge that speak of its calendar."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        wrong: Responses = {409: refused[403], **refused}
        for method, do, summary, responses in (
            ("GET", self.show, "The address of the calendar", unknown),
            ("POST", self.renew, "Make a new address; the old one is dead at once", wrong),
            ("DELETE", self.revoke, "Take the address away", wrong),
        ):
            router.add_api_route(
                f"{path}/calendar", do, methods=[method], summary=summary, responses=responses
            )
        return router

    async def show(self, bridge_id: int) -> CalendarFacts:
        """With when it was read last."""
        return _facts(await self._product.feeds.show(await find_bridge(self._product, bridge_id)))

    async def renew(self, bridge_id: int) -> CalendarFacts:
        """Programs that read the old address have to be given the new one."""
        return _facts(await self._product.feeds.renew(await find_bridge(self._product, bridge_id)))

    async def revoke(self, bridge_id: int) -> CalendarFacts:
        """Refused where there is none."""
        await self._product.feeds.revoke(await find_bridge(self._product, bridge_id))
        return _facts(CalendarAddress())


def _facts(calendar: CalendarAddress) -> CalendarFacts:
    return CalendarFacts(address=calendar.address, created_at=calendar.created_at, read_at=calendar.read_at)
