"""The contacts of a bridge: finding one, and the page that shows one person on both sides."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from landbridge.engine.contact_book import ContactView
from landbridge.engine.contact_lists import LISTS, Search
from landbridge.store.bridges import Bridge
from landbridge.sync.model import Side
from landbridge.web.pages import Pages
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

LONGEST_SEARCH = 100
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ContactPages:
    """The list, the page of one contact, and its buttons."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of these pages."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}/contacts"
        router.add_api_route(path, self.list, methods=["GET"])
        router.add_api_route(path, self.search, methods=["POST"])
        router.add_api_route(f"{path}/{{record_id}}", self.one, methods=["GET"])
        router.add_api_route(f"{path}/{{record_id}}/sync", self.sync, methods=["POST"])
        return router

    async def list(
        self,
        bridge_id: int,
        of: Annotated[str, Query(alias="list")] = "everybody",
        reason: str = "",
        after: str = "",
    ) -> Response:
        """Who is on a list, a page at a time."""
        bridge = await find_bridge(self._product, bridge_id)
        return await self._found(bridge, Search("", of, reason, after))

    async def search(
        self,
        bridge_id: int,
        text: Annotated[str, Form()] = "",
        of: Annotated[str, Form(alias="list")] = "everybody",
        reason: Annotated[str, Form()] = "",
        after: Annotated[str, Form()] = "",
    ) -> Response:
        """Who of a list matches. A form that is posted: names and addresses of people belong in no URL."""
        bridge = await find_bridge(self._product, bridge_id)
        return await self._found(bridge, Search(text.strip()[:LONGEST_SEARCH], of, reason, after))

    async def one(self, bridge_id: int, record_id: str, asked: str = "") -> Response:
        """One person, by the id on either side; a partner's page goes by HighLevel's id."""
        bridge = await find_bridge(self._product, bridge_id)
        view = (
            await self._product.contact_book.contact(bridge, record_id) if _ID.fullmatch(record_id) else None
        )
        if view is None:
            raise HTTPException(404)
        if view.record_id != record_id:
            return RedirectResponse(f"/bridges/{bridge.id}/contacts/{view.record_id}", 303)
        return self._pages.page(
            "contact.html",
            bridge=bridge,
            view=view,
            link=self._highlevel_page(bridge, view),
            asked=asked == "yes",
            sides=list(Side),
            not_read=self._product.contact_book.not_read(bridge),
            zone=str(bridge.highlevel.capability.get("time_zone", "")),
            here="contacts",
        )

    async def sync(self, bridge_id: int, record_id: str) -> Response:
        """Look at this contact soon."""
        bridge = await find_bridge(self._product, bridge_id)
        await self._product.ask(bridge, [record_id], cause="page")
        return RedirectResponse(f"/bridges/{bridge.id}/contacts/{quote(record_id)}?asked=yes", 303)

    async def _found(self, bridge: Bridge, search: Search) -> Response:
        book = self._product.contact_book
        found = await book.find(bridge, search)
        counts = await book.counts(bridge)
        reasons = {"held": counts.held, "left-out": counts.left_out}.get(search.list, {})
        address = f"/bridges/{bridge.id}/contacts"
        named = {"list": search.list, "reason": search.reason, "after": found.following}
        following = f"{address}?{urlencode({key: value for key, value in named.items() if value})}"
        return self._pages.page(
            "contacts.html",
            bridge=bridge,
            found=found,
            search=search,
            lists={name: title for name, (title, _) in LISTS.items()},
            counts=counts.lists,
            reasons=reasons,
            following=following if found.following else "",
            here="contacts",
        )

    def _highlevel_page(self, bridge: Bridge, view: ContactView) -> str:
        """Where HighLevel shows the contact; the default of that setting is an assumption."""
        key = view.ids.get(Side.HIGHLEVEL, "")
        if not key:
            return ""
        page = self._product.settings.highlevel_contact_page
        location = quote(bridge.highlevel.external_id, safe="")
        return page.replace("{location}", location).replace("{contact}", quote(key, safe=""))
