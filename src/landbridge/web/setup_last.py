"""Steps six and seven of the set-up: five contacts for real, then the switch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from landbridge.engine.examples import WHATS, Example
from landbridge.engine.samples import MOST
from landbridge.store.bridges import Bridge
from landbridge.web import setup_words
from landbridge.web.pages import Pages
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of
from landbridge.web.setup_choices import choices
from landbridge.web.setup_frame import Frame, Frames, go

OFFERED = 40  # contacts to choose from


class LastSteps:
    """``/setup/KEY/verify`` and ``/setup/KEY/on``."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._frames = Frames(product, pages)

    def add_to(self, router: APIRouter) -> None:
        """The routes of these steps."""
        router.add_api_route("/setup/{key}/verify", self.verify, methods=["GET"])
        router.add_api_route("/setup/{key}/verify", self.begin, methods=["POST"])
        router.add_api_route("/setup/{key}/verify/done", self.accept, methods=["POST"])
        router.add_api_route("/setup/{key}/on", self.last, methods=["GET"])
        router.add_api_route("/setup/{key}/on", self.switch_on, methods=["POST"])

    async def verify(self, key: str, others: str = "") -> Response:
        """Choose five, watch them, and see what is there now."""
        return await self._draw(await self._frames.frame(key, "verify"), choose=others == "yes")

    async def begin(self, key: str, contact: Annotated[list[str] | None, Form()] = None) -> Response:
        """Sync the chosen ones for real."""
        frame = await self._frames.frame(key, "verify")
        chosen = [one for each in contact or () if (one := self._example(frame.the_bridge, each)) is not None]
        typed = {"chosen": [one.record_id for one in chosen]}
        await self._product.setups.keep(frame.the_setup, "verify", typed)
        try:
            self._product.setups.samples.start(frame.the_bridge, chosen)
        except FAILURES as failure:
            problem = await self._frames.frame(key, "verify", problem_of(failure), status_of(failure))
            return await self._draw(problem, choose=True)
        return go(frame, "verify")

    async def accept(self, key: str) -> Response:
        """Somebody has looked at it, or goes on without."""
        frame = await self._frames.frame(key, "verify")
        await self._product.setups.keep(frame.the_setup, "verify", {"done": True})
        return go(frame)

    async def last(self, key: str) -> Response:
        """What will run, and the switch."""
        frame = await self._frames.frame(key, "on")
        away = await self._frames.gone_live(frame)
        if away is not None:
            return away
        bridge = frame.the_bridge
        return self._frames.draw(
            frame,
            policy=self._product.policy_of(bridge),
            chosen=choices(frame),
            timings=await self._product.timings(bridge),
            trial=self._frames.trial(bridge),
        )

    async def switch_on(self, key: str) -> Response:
        """From now on it runs; the page of the bridge shows the first sync."""
        frame = await self._frames.frame(key, "on")
        bridge = await self._product.setups.switch_on(frame.the_bridge)
        return RedirectResponse(f"/bridges/{bridge.id}", 303)

    async def _draw(self, frame: Frame, *, choose: bool = False) -> Response:
        away = await self._frames.gone_live(frame)
        if away is not None:
            return away
        bridge = frame.the_bridge
        sample = self._product.setups.samples.state(bridge)
        trial = self._frames.trial(bridge)
        examples = trial.result.examples if trial and trial.result else None
        offered: list[Example] = []
        if examples is not None and (sample is None or choose):
            first = examples.suggested(MOST)
            known = {one.record_id for one in first}
            able = [one for one in examples.kept if one.writes and one.record_id not in known]
            offered = [*first, *able][:OFFERED]
        ticked = frame.said("chosen") or [one.record_id for one in offered[:MOST]]
        return self._frames.draw(
            frame,
            sample=None if choose and sample and sample.state != "running" else sample,
            trial=trial,
            known=examples is not None,
            offered=offered,
            ticked=ticked,
            whats=WHATS,
            most=MOST,
            say=setup_words,
        )

    def _example(self, bridge: Bridge, record_id: str) -> Example | None:
        trial = self._frames.trial(bridge)
        return trial.result.examples.find(record_id) if trial and trial.result else None
