"""The API: what the pages show and do, for programs; described at /api/v1/openapi.json."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import PlainTextResponse, Response

from landbridge.engine.status import Share, Status
from landbridge.store.bridges import Account, Bridge
from landbridge.store.runs import Run
from landbridge.systems.base import Clock
from landbridge.web import words
from landbridge.web.api_calendar import CalendarApi
from landbridge.web.api_contacts import ContactsApi
from landbridge.web.api_holds import PeopleApi
from landbridge.web.api_live import LiveApi
from landbridge.web.api_overview import PulseFacts, pulse_facts
from landbridge.web.api_recipes import RecipeApi
from landbridge.web.api_schedule import ScheduleApi
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge, start_sync


class AccountFacts(BaseModel):
    """One connected account; ``id`` is the location id or the API user name."""

    id: str
    title: str
    trouble: str = Field(description="Why it cannot be used now; empty when it can.")
    fix: str


class BridgeFacts(BaseModel):
    """One HighLevel account paired with one Rezora account."""

    id: int
    name: str
    highlevel: AccountFacts
    rezora: AccountFacts


class RunFacts(BaseModel):
    """One pass over a bridge; times are epoch seconds, UTC."""

    id: int
    purpose: str = Field(description="sync, plan for a dry run, or undo")
    cause: str
    state: str = Field(description="running, done, failed or braked")
    stage: str = Field(description="What it does now, in words; empty when it ended.")
    done: int
    total: int
    counts: dict[str, int]
    started_at: float
    ended_at: float | None
    sentence: str
    fix: str


class ShareFacts(BaseModel):
    """So many contacts for one reason."""

    key: str
    title: str
    count: int
    fix: str


class HoldFacts(BaseModel):
    """Something that waits for a person, with what both sides show."""

    cause: str
    highlevel_id: str
    rezora_id: str
    field: str
    highlevel_shows: str
    rezora_shows: str
    detail: str
    opened_at: float


class StatusFacts(BaseModel):
    """How a bridge stands: ``equal`` + ``waiting`` + all ``excluded`` + all ``held`` = ``total``."""

    bridge: BridgeFacts
    sentence: str
    busy: bool
    interrupted: bool
    total: int
    equal: int
    waiting: int
    excluded: list[ShareFacts]
    held: list[ShareFacts]
    holds: list[HoldFacts] = Field(description="The 200 oldest.")
    runs: list[RunFacts] = Field(description="The newest first.")
    due: int = Field(description="Contacts that are to be looked at.")
    due_since: float | None = Field(description="Since when the first of them waits, epoch seconds.")
    carried_at: float | None = Field(description="When live work was last done.")
    agreement: str = Field(description="The proof of agreement in one sentence.")
    pulse: PulseFacts


class SyncOrder(BaseModel):
    """How to sync."""

    model_config = ConfigDict(extra="forbid")

    accept_large_change: bool = Field(False, description="Let the run pass the brake.")


class ProblemFacts(BaseModel):
    """What went wrong, and what to do."""

    error: str
    fix: str


class Api:
    """The routes under /api/v1, and the health check."""

    def __init__(self, product: Product, clock: Clock) -> None:
        self._product = product
        self._clock = clock

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter()
        unknown: dict[int | str, dict[str, Any]] = {404: {"model": ProblemFacts}}
        refused: dict[int | str, dict[str, Any]] = {403: {"model": ProblemFacts}, **unknown}
        path = "/api/v1/bridges/{bridge_id:int}"
        router.add_api_route("/api/v1/bridges", self.bridges, methods=["GET"], summary="All bridges")
        router.add_api_route(
            f"{path}/status", self.status, methods=["GET"], summary="How a bridge stands", responses=unknown
        )
        router.add_api_route(
            f"{path}/sync",
            self.sync,
            methods=["POST"],
            status_code=202,
            summary="Start a sync, unless one goes on",
            responses=refused,
        )
        for part in (
            PeopleApi(self._product),
            ScheduleApi(self._product),
            LiveApi(self._product),
            CalendarApi(self._product),
            ContactsApi(self._product),
            RecipeApi(self._product),
        ):
            router.include_router(part.router(path, unknown, refused))
        router.add_api_route("/healthz", self.health, methods=["GET"], include_in_schema=False)
        return router

    async def bridges(self) -> list[BridgeFacts]:
        """All bridges, oldest first."""
        return [bridge_facts(bridge) for bridge in await self._product.all_bridges()]

    async def status(self, bridge_id: int) -> StatusFacts:
        """Counts, reasons, holds and the last runs."""
        return status_facts(await self._product.status(await find_bridge(self._product, bridge_id)))

    async def sync(self, bridge_id: int, order: SyncOrder | None = None) -> StatusFacts:
        """Answers at once; ask for the status to follow the run."""
        bridge = await find_bridge(self._product, bridge_id)
        accept = order is not None and order.accept_large_change
        return status_facts(await start_sync(self._product, self._clock, bridge, cause="api", accept=accept))

    async def health(self) -> Response:
        """The web page is up and its store can be read."""
        await self._product.all_bridges()
        return PlainTextResponse("ok\n")


def status_facts(status: Status) -> StatusFacts:
    """A status as JSON has it."""
    return StatusFacts(
        bridge=bridge_facts(status.bridge),
        sentence=status.sentence,
        busy=status.busy,
        interrupted=status.interrupted,
        total=status.total,
        equal=status.equal,
        waiting=status.waiting,
        excluded=[_share(share) for share in status.excluded],
        held=[_share(share) for share in status.held],
        holds=[
            HoldFacts(
                cause=hold.cause,
                highlevel_id=hold.highlevel_id,
                rezora_id=hold.rezora_id,
                field=hold.rule,
                highlevel_shows=hold.highlevel_shows,
                rezora_shows=hold.rezora_shows,
                detail=hold.detail,
                opened_at=hold.opened_at,
            )
            for hold in status.holds
        ],
        runs=[_run(run) for run in status.recent],
        due=status.due,
        due_since=status.due_since,
        carried_at=status.carried_at,
        agreement=status.agreement,
        pulse=pulse_facts(status.pulse),
    )


def bridge_facts(bridge: Bridge) -> BridgeFacts:
    """A bridge as JSON has it."""
    return BridgeFacts(
        id=bridge.id,
        name=bridge.name,
        highlevel=_account(bridge.highlevel),
        rezora=_account(bridge.rezora),
    )


def _account(account: Account) -> AccountFacts:
    return AccountFacts(
        id=account.external_id, title=account.title, trouble=account.trouble, fix=account.trouble_fix
    )


def _share(share: Share) -> ShareFacts:
    return ShareFacts(key=share.key, title=share.reason.title, count=share.count, fix=share.reason.fix)


def _run(run: Run) -> RunFacts:
    return RunFacts(
        id=run.id,
        purpose=run.purpose,
        cause=run.cause,
        state=run.state,
        stage=words.stage_of(run)[1] if run.state == "running" else "",
        done=run.done,
        total=run.total,
        counts=dict(run.counts),
        started_at=run.started_at,
        ended_at=run.ended_at,
        sentence=run.sentence,
        fix=run.fix,
    )
