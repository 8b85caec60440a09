"""Step three of the set-up: the fields, with the same editor as the page of the mapping."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from landbridge.engine.mapping_book import own_fields
from landbridge.web.mapping_draft import Draft, print_of
from landbridge.web.mapping_editor import Editor, Place
from landbridge.web.pages import Pages
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES
from landbridge.web.setup_frame import STEPS, Frame, Frames
from landbridge.web.status import find_bridge

STEP = "fields"


class FieldsStep:
    """``/setup/KEY/fields``; what is typed is kept with the set-up until it is saved."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._frames = Frames(product, pages)
        self._editor = Editor(product, pages)

    def add_to(self, router: APIRouter) -> None:
        """The routes of this step."""
        path = "/setup/{key}/fields"
        for tail, function, method in (
            ("", self.show, "GET"),
            ("", self.edit, "POST"),
            ("/text", self.text, "GET"),
            ("/text", self.edit_text, "POST"),
            ("/own", self.read_own, "POST"),
            ("/trial", self.trial, "GET"),
            ("/trial/stop", self.stop, "POST"),
        ):
            router.add_api_route(f"{path}{tail}", function, methods=[method])

    async def show(self, key: str, told: str = "", after: str = "") -> Response:
        """The mapping as it was typed last, else as saved; own fields are read before the first look."""
        frame = await self._frames.frame(key, STEP)
        away = await self._frames.gone_live(frame)
        if away is not None:
            return away
        if own_fields(frame.the_bridge) is None:
            with suppress(*FAILURES):  # the page has a button for it, which says why not
                await self._product.mappings.read_own_fields(frame.the_bridge)
            frame = replace(frame, bridge=await find_bridge(self._product, frame.the_bridge.id))
        return await self._editor.shown(self._place(frame), self._draft(frame), told=told, after=after[:64])

    async def edit(self, request: Request, key: str) -> Response:
        """The form of the table."""
        return await self._editor.edit(request, await self._at(key))

    async def text(self, key: str) -> Response:
        """The same as text."""
        frame = await self._frames.frame(key, STEP)
        away = await self._frames.gone_live(frame)
        if away is not None:
            return away
        place = self._place(frame)
        return await self._editor.shown(place, self._draft(frame), template=place.source)

    async def edit_text(self, request: Request, key: str) -> Response:
        """The form of the text."""
        return await self._editor.edit_text(request, await self._at(key))

    async def read_own(self, request: Request, key: str) -> Response:
        """Ask HighLevel for the fields of its owner."""
        return await self._editor.read_own(request, await self._at(key))

    async def trial(self, key: str) -> Response:
        """The region of the page that tells how the test goes."""
        return await self._editor.trial(await self._at(key))

    async def stop(self, key: str) -> Response:
        """End the test; it has written nothing."""
        return self._editor.stop(await self._at(key))

    async def _at(self, key: str) -> Place:
        return self._place(await self._frames.frame(key, STEP))

    def _draft(self, frame: Frame) -> Draft:
        bridge = frame.the_bridge
        text, base = str(frame.said("text")), str(frame.said("base"))
        return self._editor.draft(bridge, text or bridge.policy, base if text else print_of(bridge.policy))

    def _place(self, frame: Frame) -> Place:
        setup = frame.the_setup

        async def keep(text: str, base: str) -> None:
            done = {} if text else {"done": True}
            await self._product.setups.keep(setup, STEP, {"text": text, "base": base, **done})

        return Place(
            frame.the_bridge,
            frame.path(),
            "setup_fields.html",
            "setup_fields_text.html",
            frame.path(frame.following),
            {"frame": frame, "steps": STEPS, "here": "setup"},
            keep,
            frame.path("rezora"),
        )
