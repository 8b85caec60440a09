"""The status page: how a bridge stands, live, with what waits and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.engine.pausing import why_stopped
from landbridge.engine.status import Status
from landbridge.store.bridges import Bridge
from landbridge.store.runs import Run
from landbridge.systems.base import Clock
from landbridge.web import charts, words
from landbridge.web.pages import Pages
from landbridge.web.ports import Product

POLL_RUNNING, POLL_IDLE = 2, 10  # seconds
_START_TRIES, _START_PAUSE = 40, 0.05  # a started sync shows up in the store within so long


@dataclass(frozen=True, slots=True)
class StatusView:
    """What the status page shows of one bridge beyond its ``Status``."""

    status: Status

    @property
    def newest(self) -> Run | None:
        """The newest run, in whatever state."""
        return self.status.recent[0] if self.status.recent else None

    @property
    def running(self) -> bool:
        """A run goes on now."""
        return self.status.running is not None and not self.status.interrupted

    @property
    def stopped(self) -> bool:
        """A person has stopped the bridge, and nothing goes on."""
        return self.status.bridge.stopped and not self.running

    @property
    def poll_seconds(self) -> int:
        """How soon the page asks again."""
        waits = self.running or self.status.busy or self.status.starting
        return POLL_RUNNING if waits else POLL_IDLE

    @property
    def tone(self) -> str:
        """The colour class of the state."""
        if self.running or self.status.starting:
            return "busy"
        if self.stopped:
            return "ask"
        if self.status.interrupted or self.braked:
            return "ask"
        if self.failed:
            return "bad"
        if self.status.restored:
            return "ask"
        return "good" if self.newest else "new"

    @property
    def badge(self) -> str:
        """The state in a word or two; never told by colour alone."""
        if not self.status.bridge.live:
            return "Being set up"
        if self.stopped:
            return "Paused" if self.status.bridge.paused_at is not None else "Disconnected"
        if self.status.starting:
            return "Starting"
        if self.status.interrupted:
            return "Interrupted"
        if self.status.restored and not (self.running or self.failed or self.braked):
            return "Restored"
        names = {"busy": "Syncing", "ask": "Waits for your word", "bad": "Failed", "new": "Not started"}
        return names.get(self.tone, "Up to date")

    @property
    def failed(self) -> bool:
        """The newest run ended with a failure."""
        return self.newest is not None and self.newest.state == "failed"

    @property
    def braked(self) -> bool:
        """The newest run stopped before its first write and asks."""
        return self.newest is not None and self.newest.state == "braked"

    @property
    def fix(self) -> str:
        """The next step, when there is one."""
        if self.stopped:
            return why_stopped(self.status.bridge)[1]
        return self.newest.fix if self.newest and (self.failed or self.braked) else ""

    @property
    def button(self) -> str:
        """What the sync button says."""
        if self.status.starting:
            return "Starting…"
        if self.running:
            return "Syncing…"
        if self.newest is None:
            return "Start the first sync"
        if self.status.interrupted:
            return "Continue the sync"
        return "Try again" if self.failed or self.braked else "Sync now"

    @property
    def step(self) -> int:
        """The step that the newest run is at, or stopped at; all of them when it ended well."""
        if self.newest is None:
            return 0
        return len(words.STEPS) if self.newest.state == "done" else words.stage_of(self.newest)[0]

    @property
    def doing(self) -> str:
        """What the newest run does or did, in words."""
        if self.newest is None:
            return "No run yet"
        return (
            words.stage_of(self.newest)[1]
            if self.running
            else f"Last run: {words.result(self.newest).lower()}"
        )

    @property
    def done_share(self) -> float | None:
        """How much of its step the newest run has done, from 0 to 1; None while that cannot be known."""
        run = self.newest
        if run is None or run.state == "done":
            return 0.0 if run is None else 1.0
        if not run.total:
            return None if self.running else 0.0
        return round(min(run.done / run.total, 1.0), 4)

    @property
    def parts(self) -> list[charts.Piece]:
        """Where the contacts stand, as one stacked bar."""
        status = self.status
        return charts.stack(
            [
                ("equal", "in sync", status.equal),
                ("waiting", "not compared yet" if self.running else "waiting for their turn", status.waiting),
                ("excluded", "left out", status.left_out),
                ("held", "waiting for you", status.on_hold),
            ]
        )

    @property
    def webhooks(self) -> int:
        """Webhooks that were stored today."""
        return sum(self.status.arrivals.get(outcome, 0) for outcome in ("accepted", "ignored", "duplicate"))

    @property
    def turned_away(self) -> int:
        """Webhooks of today that had no effect, or that HighLevel has to send again."""
        return sum(self.status.arrivals.values()) - self.webhooks

    @property
    def written_days(self) -> charts.DayChart:
        """Records written, day by day."""
        return charts.written_chart(self.status.pulse.days)

    @property
    def failed_days(self) -> charts.DayChart:
        """Failures, day by day."""
        return charts.failed_chart(self.status.pulse.days)

    @property
    def runs(self) -> charts.RunChart:
        """What the last syncs wrote."""
        return charts.run_chart(self.status.recent)


async def find_bridge(product: Product, bridge_id: int) -> Bridge:
    """The bridge of that id; raises 404."""
    found = await product.bridge_by_id(bridge_id)
    if found is None:
        raise HTTPException(404)
    return found


async def start_sync(
    product: Product, clock: Clock, bridge: Bridge, *, cause: str, accept: bool = False
) -> Status:
    """Start a sync unless one goes on, and wait until it shows up, two seconds at most.

    Opening the engine takes longer than that, and so may live work that ends first: it is ``starting`` then.
    """
    before = status = await product.status(bridge)
    if before.syncing or before.starting:
        return before
    product.start_sync(bridge, cause=cause, accept=accept)
    newest = before.recent[0].id if before.recent else 0
    for _ in range(_START_TRIES):
        status = await product.status(bridge)
        if status.syncing or (status.recent and status.recent[0].id != newest):
            return status
        await clock.sleep(_START_PAUSE)
    return status


class StatusPages:
    """One page a bridge, its live region, and the sync button."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of this page."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/bridges/{bridge_id:int}", self.bridge, methods=["GET"])
        router.add_api_route("/bridges/{bridge_id:int}/status", self.live, methods=["GET"])
        router.add_api_route("/bridges/{bridge_id:int}/sync", self.sync, methods=["POST"])
        router.add_api_route("/bridges/{bridge_id:int}/changes", self.changes, methods=["POST"])
        router.add_api_route("/bridges/{bridge_id:int}/contact", self.contact, methods=["POST"])
        return router

    async def bridge(self, bridge_id: int) -> Response:
        """One bridge; one that is being set up has its set-up for a page."""
        bridge = await find_bridge(self._product, bridge_id)
        return await self.whole(bridge) if bridge.live else RedirectResponse(f"/setup/{bridge.id}", 303)

    async def live(self, bridge_id: int) -> Response:
        """The region of the page that changes, to be morphed in place."""
        return self._live(await self._product.status(await find_bridge(self._product, bridge_id)))

    async def sync(self, request: Request, bridge_id: int, accept: Annotated[str, Form()] = "") -> Response:
        """Start a sync; answers the live region to htmx, else goes back to the page."""
        bridge = await find_bridge(self._product, bridge_id)
        status = await start_sync(
            self._product, self._pages.clock, bridge, cause="page", accept=accept == "yes"
        )
        if "hx-request" in request.headers:
            return self._live(status)
        return RedirectResponse(f"/bridges/{bridge.id}", 303)

    async def changes(self, request: Request, bridge_id: int) -> Response:
        """Look what moved on both sides, in the background."""
        bridge = await find_bridge(self._product, bridge_id)
        self._product.look_for_changes(bridge)
        return await self._after(request, bridge)

    async def contact(
        self, request: Request, bridge_id: int, contact: Annotated[str, Form()] = ""
    ) -> Response:
        """Look at one contact soon, by its id on either side."""
        bridge = await find_bridge(self._product, bridge_id)
        await self._product.ask(bridge, [contact.strip()], cause="page")
        return await self._after(request, bridge)

    async def _after(self, request: Request, bridge: Bridge) -> Response:
        """The live region for htmx, else back to the page."""
        if "hx-request" in request.headers:
            return self._live(await self._product.status(bridge))
        return RedirectResponse(f"/bridges/{bridge.id}", 303)

    async def whole(self, bridge: Bridge) -> Response:
        """The whole page of a bridge."""
        view = StatusView(await self._product.status(bridge))
        return self._pages.page("status.html", bridge=bridge, view=view, here="status")

    def _live(self, status: Status) -> Response:
        return self._pages.page("status_live.html", view=StatusView(status))
