"""The API of the first page: all bridges at a glance; and the last days of one, as its status tells them."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from landbridge.engine.overview import Row
from landbridge.engine.pulse import Pulse, Spending
from landbridge.web.ports import Product

State = Literal["", "needs", "waits", "new", "busy", "fine"]


class RowFacts(BaseModel):
    """One bridge; times are epoch seconds, UTC."""

    id: int
    name: str
    state: str = Field(description="needs, waits, new, busy or fine")
    sentence: str
    fix: str
    equal: int = Field(description="Contacts that are the same on both sides.")
    total: int
    waiting: int = Field(description="Questions that wait for an answer.")
    alerts: int
    due: int = Field(description="Contacts that are to be looked at.")
    last: float | None = Field(description="When the newest good sync ended.")
    next: float | None = Field(description="When the next run starts by itself.")


class GlanceFacts(BaseModel):
    """Up to 50 bridges, those that need somebody first; ``states`` count all bridges."""

    sentence: str
    states: dict[str, int]
    found: int
    page: int
    pages: int
    bridges: list[RowFacts]


class DayFacts(BaseModel):
    """Records of one day (UTC)."""

    day: str
    created: int
    updated: int
    other: int = Field(description="Opt-outs, tags and lists, deletes.")
    failed: int
    failed_runs: int


class SpendingFacts(BaseModel):
    """Calls of today to one system."""

    system: str
    used: int = Field(description="As the system counts, where it tells; else ours.")
    daily: int = Field(description="How many there may be; 0 where no limit is documented.")
    ours: int
    by: dict[str, int]
    left: int | None = Field(description="What the system last said to be left of its day.")
    forecast: int | None = Field(description="What ours come to by midnight UTC at the pace of today.")
    burst: int | None = Field(description="How many at most in one interval, once this process made a call.")
    interval_seconds: float | None
    resets_in_seconds: float | None


class PulseFacts(BaseModel):
    """The last days of a bridge."""

    days: list[DayFacts] = Field(description="The last 30, oldest first.")
    calls: list[SpendingFacts]
    carried: int = Field(description="Changes carried between syncs in the last 24 hours.")
    carried_median_seconds: int = Field(description="Half of them were carried within so many seconds.")
    carried_p99_seconds: int = Field(description="99 of 100 of them were.")
    alerts: list[str] = Field(description="What lasts, in sentences.")
    seconds_left: float | None = Field(description="Of the step that goes on, at its pace.")


class OverviewApi:
    """All bridges at a glance."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter()
        router.add_api_route(
            "/api/v1/overview", self.glance, methods=["GET"], summary="All bridges at a glance"
        )
        return router

    async def glance(self, name: str = "", state: State = "", page: int = 1) -> GlanceFacts:
        """Those that need somebody first, then by name."""
        found = await self._product.overview.glance(name, state, page)
        return GlanceFacts(
            sentence=found.sentence,
            states=dict(found.states),
            found=found.found,
            page=found.page,
            pages=found.pages,
            bridges=[_row(row) for row in found.rows],
        )


def _row(row: Row) -> RowFacts:
    return RowFacts(
        id=row.bridge.id,
        name=row.bridge.name,
        state=row.state,
        sentence=row.sentence,
        fix=row.fix,
        equal=row.equal,
        total=row.total,
        waiting=row.waiting,
        alerts=row.alerts,
        due=row.due,
        last=row.last,
        next=row.following,
    )


def pulse_facts(pulse: Pulse) -> PulseFacts:
    """The last days as JSON has them."""
    return PulseFacts(
        days=[
            DayFacts(
                day=day.day,
                created=day.created,
                updated=day.updated,
                other=day.other,
                failed=day.failed,
                failed_runs=day.failed_runs,
            )
            for day in pulse.days
        ],
        calls=[_spending(one) for one in pulse.spending],
        carried=pulse.freshness.number,
        carried_median_seconds=pulse.freshness.median,
        carried_p99_seconds=pulse.freshness.most,
        alerts=[alert.sentence for alert in pulse.alerts],
        seconds_left=pulse.seconds_left,
    )


def _spending(one: Spending) -> SpendingFacts:
    usage = one.usage
    return SpendingFacts(
        system=one.side.value,
        used=one.used,
        daily=one.daily,
        ours=one.ours,
        by=dict(one.by),
        left=one.left,
        forecast=one.forecast,
        burst=usage.burst if usage else None,
        interval_seconds=usage.interval_seconds if usage else None,
        resets_in_seconds=usage.daily_reset_seconds if usage and one.daily else None,
    )
