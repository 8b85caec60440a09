"""The mapping of a bridge as a page: its editor, the file, and the mappings that were saved before."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.store.bridges import Bridge
from landbridge.web.mapping_draft import print_of
from landbridge.web.mapping_editor import BACK, SAVED, TRIED, Editor, Place, between, go
from landbridge.web.pages import Pages
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge
from landbridge.web.who import asking


class MappingPages:
    """``/bridges/ID/mapping``, its text, its test and its versions."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages
        self._editor = Editor(product, pages)

    def router(self) -> APIRouter:
        """The routes of these pages."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}/mapping"
        for tail, function, method in (
            ("", self.page, "GET"),
            ("", self.edit, "POST"),
            ("/text", self.text, "GET"),
            ("/text", self.edit_text, "POST"),
            ("/file", self.download, "GET"),
            ("/own", self.read_own, "POST"),
            ("/trial", self.trial, "GET"),
            ("/trial/stop", self.stop, "POST"),
            ("/versions/{version_id:int}", self.version, "GET"),
            ("/versions/{version_id:int}", self.go_back, "POST"),
        ):
            router.add_api_route(f"{path}{tail}", function, methods=[method])
        return router

    async def page(self, bridge_id: int, told: str = "", after: str = "") -> Response:
        """The mapping in force; after a test, the text that was tried. In a set-up it is a step of that."""
        place = await self._place(bridge_id)
        if not place.bridge.live:
            return RedirectResponse(f"/setup/{bridge_id}/fields", 303)
        trial = self._product.trials.state(place.bridge)
        saved = place.bridge.policy
        text = trial.mapping if told == TRIED and trial and trial.mapping else saved
        draft = self._editor.draft(place.bridge, text, print_of(saved))
        return await self._editor.shown(place, draft, told=told, after=after[:64])

    async def edit(self, request: Request, bridge_id: int) -> Response:
        """The form of the table."""
        return await self._editor.edit(request, await self._place(bridge_id))

    async def text(self, bridge_id: int) -> Response:
        """The mapping as text."""
        place = await self._place(bridge_id)
        saved = place.bridge.policy
        draft = self._editor.draft(place.bridge, saved, print_of(saved))
        return await self._editor.shown(place, draft, template=place.source)

    async def edit_text(self, request: Request, bridge_id: int) -> Response:
        """The form of the text."""
        return await self._editor.edit_text(request, await self._place(bridge_id))

    async def download(self, bridge_id: int) -> Response:
        """The mapping file, to the letter."""
        bridge = await find_bridge(self._product, bridge_id)
        name = f"mapping-{bridge.id}.toml"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(bridge.policy, media_type="application/toml; charset=utf-8", headers=headers)

    async def read_own(self, request: Request, bridge_id: int) -> Response:
        """Ask HighLevel for the fields of its owner."""
        return await self._editor.read_own(request, await self._place(bridge_id))

    async def trial(self, bridge_id: int) -> Response:
        """The region of the page that tells how the test goes."""
        return await self._editor.trial(await self._place(bridge_id))

    async def stop(self, bridge_id: int) -> Response:
        """End the test; it has written nothing."""
        return self._editor.stop(await self._place(bridge_id))

    async def version(self, bridge_id: int, version_id: int) -> Response:
        """An earlier mapping, and what taking it again would change."""
        bridge = await find_bridge(self._product, bridge_id)
        version = await self._product.mappings.version(bridge, version_id)
        changes = between(bridge.policy, version.text)
        return self._pages.page(
            "mapping_version.html", bridge=bridge, version=version, changes=changes, here="mapping"
        )

    async def go_back(self, bridge_id: int, version_id: int) -> Response:
        """Save an earlier mapping again."""
        place = await self._place(bridge_id)
        await self._product.mappings.go_back(place.bridge, version_id, by=asking().name)
        return go(place, BACK)

    async def _place(self, bridge_id: int) -> Place:
        return _place(await find_bridge(self._product, bridge_id))


def _place(bridge: Bridge) -> Place:
    base = f"/bridges/{bridge.id}/mapping"
    saved = f"{base}?told={SAVED}"
    return Place(bridge, base, "mapping.html", "mapping_text.html", saved, {"here": "mapping"})
