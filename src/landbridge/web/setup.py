"""The set-up: what is unfinished, and the way into its steps."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.web.pages import Pages
from landbridge.web.ports import Product
from landbridge.web.setup_accounts import AccountSteps
from landbridge.web.setup_choices import ChoiceSteps, choices_of
from landbridge.web.setup_frame import NEW, STEPS, Frames
from landbridge.web.setup_last import LastSteps
from landbridge.web.setup_trial import TrialStep


async def show_setup(product: Product, pages: Pages) -> Response:
    """The unfinished set-ups and the bridges; where there is nothing at all, the first step at once."""
    unfinished, bridges = await product.setups.unfinished(), await product.all_bridges()
    if not unfinished and not bridges:
        return await AccountSteps(product, pages).highlevel(NEW)
    frames = Frames(product, pages)
    begun = [await frames.of(one, "highlevel") for one in unfinished]
    live = [one for one in bridges if one.live]
    return pages.page("setup.html", frames=begun, bridges=live, steps=STEPS, here="setup")


class SetupPages:
    """``/setup`` and all its steps."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages
        self._frames = Frames(product, pages)

    def router(self) -> APIRouter:
        """The routes of the wizard."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/setup", self.start, methods=["GET"])
        router.add_api_route("/setup/{key}", self.resume, methods=["GET"])
        router.add_api_route("/setup/{key}/typed/scope", self.typed, methods=["POST"])
        for steps in (AccountSteps, ChoiceSteps, TrialStep, LastSteps):
            steps(self._product, self._pages).add_to(router)
        return router

    async def start(self) -> Response:
        """The unfinished set-ups; where there is nothing at all, the first step at once."""
        return await show_setup(self._product, self._pages)

    async def resume(self, key: str) -> Response:
        """The step where somebody was."""
        if key.isdecimal() and await self._product.setups.find(key) is None:
            if any(str(one.id) == key for one in await self._product.all_bridges()):
                return RedirectResponse(f"/bridges/{key}", 303)
            raise HTTPException(404)
        frame = await self._frames.frame(key, "highlevel")
        return RedirectResponse(frame.path(frame.first), 303)

    async def typed(self, request: Request, key: str) -> Response:
        """What is being typed, so that going away loses nothing."""
        frame = await self._frames.frame(key, "scope")
        typed: dict[str, Any] = choices_of(await request.form())
        await self._product.setups.keep(frame.the_setup, "scope", typed)
        return Response(status_code=204)
