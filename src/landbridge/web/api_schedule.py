"""The API about what happens by itself: when a bridge runs, and what people were told of it."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from landbridge.engine.schedule import Timing
from landbridge.store.alerts import Alert
from landbridge.web.api_routes import Responses
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

Purpose = Literal["sync", "poll"]


class TimingFacts(BaseModel):
    """When one purpose of a bridge runs by itself; times are epoch seconds, UTC."""

    purpose: str = Field(description="sync: everything; poll: a look at what changed in Rezora")
    when: str = Field(description="As it was set; default for the interval of the settings.")
    words: str = Field(description="The same, with the default spelt out.")
    zone: str
    quiet: str = Field(description="Hours in which nothing starts, such as 22:00-06:00; empty for none.")
    enabled: bool
    next_at: float | None = Field(description="Null while nothing starts by itself.")
    last_at: float | None


class TimingOrder(BaseModel):
    """A schedule; a zone or quiet hours that are not given stay as they are."""

    model_config = ConfigDict(extra="forbid")

    when: str = Field(description="Such as `daily at 03:30`, `every 15 minutes` or five cron fields.")
    zone: str | None = Field(None, description="An IANA name such as Europe/Zurich.")
    quiet: str | None = Field(None, description="Such as 22:00-06:00; empty for none.")


class AlertFacts(BaseModel):
    """Something people are told about; ``told_at`` is null until every channel took its last turn."""

    id: int
    cause: str
    sentence: str
    fix: str
    opened_at: float
    told_at: float | None
    closed_at: float | None = Field(description="Null while it lasts.")


class ScheduleApi:
    """The routes under one bridge that speak of schedules and alerts."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        wrong: Responses = {409: refused[403], **refused}
        router.add_api_route(
            f"{path}/schedule", self.timings, methods=["GET"], summary="When it runs", responses=unknown
        )
        router.add_api_route(
            f"{path}/alerts", self.alerts, methods=["GET"], summary="What people were told", responses=unknown
        )
        router.add_api_route(
            f"{path}/schedule/{{purpose}}",
            self.set_timing,
            methods=["POST"],
            summary="Set when it runs, and switch that on",
            responses=wrong,
        )
        router.add_api_route(
            f"{path}/schedule/{{purpose}}/off",
            self.switch_off,
            methods=["POST"],
            summary="Let nothing of this purpose start by itself",
            responses=wrong,
        )
        return router

    async def timings(self, bridge_id: int) -> list[TimingFacts]:
        """One for each purpose."""
        bridge = await find_bridge(self._product, bridge_id)
        return [timing_facts(timing) for timing in await self._product.timings(bridge)]

    async def set_timing(self, bridge_id: int, purpose: Purpose, order: TimingOrder) -> TimingFacts:
        """Refused with what is wrong and what is allowed; nothing is changed then."""
        bridge = await find_bridge(self._product, bridge_id)
        made = await self._product.set_schedule(bridge, purpose, order.when, order.zone, order.quiet)
        return timing_facts(made)

    async def switch_off(self, bridge_id: int, purpose: Purpose) -> TimingFacts:
        """What is set stays for later."""
        bridge = await find_bridge(self._product, bridge_id)
        return timing_facts(await self._product.switch_off(bridge, purpose))

    async def alerts(self, bridge_id: int) -> list[AlertFacts]:
        """What lasts comes first, then the newest."""
        bridge = await find_bridge(self._product, bridge_id)
        return [alert_facts(alert) for alert in await self._product.alerts(bridge)]


def timing_facts(timing: Timing) -> TimingFacts:
    """A schedule as JSON has it."""
    return TimingFacts(
        purpose=timing.purpose,
        when=timing.text,
        words=timing.words,
        zone=timing.zone,
        quiet=timing.quiet,
        enabled=timing.enabled,
        next_at=timing.next_at,
        last_at=timing.last_at,
    )


def alert_facts(alert: Alert) -> AlertFacts:
    """An alert as JSON has it."""
    return AlertFacts(
        id=alert.id,
        cause=alert.cause,
        sentence=alert.sentence,
        fix=alert.fix,
        opened_at=alert.opened_at,
        told_at=alert.sent_at,
        closed_at=alert.closed_at,
    )
