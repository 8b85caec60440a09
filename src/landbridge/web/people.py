"""The owner's pages: people and their roles, invitations, the audit of logins, and the keys of programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from landbridge.access.doors import MadeKey
from landbridge.access.people import DoorLink, People
from landbridge.access.roles import Role
from landbridge.store.database import StoreFailure
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.who import asking

Text = Annotated[str, Form()]
ROLES = {
    Role.VIEWER: "sees everything, changes nothing",
    Role.OPERATOR: "runs the bridges: syncs, answers, undoes, maps",
    Role.OWNER: "also people, keys and connections",
}
CHANGES: dict[str, Callable[[People, int], Awaitable[None]]] = {
    "disable": People.disable,
    "enable": People.enable,
    "log-out": People.log_out,
    "remove": People.remove,
}
NO_ROLE = Problem("There is no such role.", "Choose viewer, operator or owner.")


class PeoplePages:
    """``/people`` and ``/keys``; rights.py lets only owners in."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of these pages."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/people", self.show, methods=["GET"])
        router.add_api_route("/people", self.invite, methods=["POST"])
        router.add_api_route("/people/logins", self.logins, methods=["GET"])
        router.add_api_route("/people/{person_id:int}/{what}", self.change, methods=["POST"])
        router.add_api_route("/keys", self.show_keys, methods=["GET"])
        router.add_api_route("/keys", self.make_key, methods=["POST"])
        router.add_api_route("/keys/{key_id:int}/revoke", self.revoke, methods=["POST"])
        return router

    async def show(self) -> Response:
        """Everybody, and the form that invites one more."""
        return await self._people()

    async def invite(self, name: Text = "", email: Text = "", role: Text = "viewer") -> Response:
        """Make a person and the link by which they choose a password; it is shown this once."""
        if role not in set(Role):
            return await self._people(problem=NO_ROLE, name=name, email=email, status=422)
        try:
            link = await self._product.people.invite(name, email, Role(role))
            return await self._linked(link)
        except StoreFailure as failure:
            told = Problem(str(failure), failure.fix)
            return await self._people(problem=told, name=name, email=email, status=422)

    async def change(self, person_id: int, what: str, role: Text = "") -> Response:
        """``role``, ``link``, or one of ``CHANGES``."""
        people = self._product.people
        try:
            if what == "role" and role in set(Role):
                await people.set_role(person_id, Role(role))
            elif what == "link":
                return await self._linked(await people.new_link(person_id))
            elif what in CHANGES:
                await CHANGES[what](people, person_id)
            else:
                raise HTTPException(404)
        except StoreFailure as failure:
            return await self._people(problem=Problem(str(failure), failure.fix), status=409)
        return RedirectResponse("/people", 303)

    async def logins(self) -> Response:
        """Who logged in, and who tried."""
        return self._pages.page("logins.html", logins=await self._product.doors.logins(), here="people")

    async def show_keys(self) -> Response:
        """The keys of programs."""
        return await self._keys()

    async def make_key(self, name: Text = "", role: Text = "viewer") -> Response:
        """A new key, shown this once."""
        if role not in set(Role):
            return await self._keys(problem=NO_ROLE, status=422)
        try:
            made = await self._product.doors.make_key(name, role, by=asking().name)
        except StoreFailure as failure:
            return await self._keys(problem=Problem(str(failure), failure.fix), status=422)
        return await self._keys(made=made)

    async def revoke(self, key_id: int) -> Response:
        """Take a key away."""
        await self._product.doors.revoke_key(key_id)
        return RedirectResponse("/keys", 303)

    async def _linked(self, link: DoorLink) -> Response:
        """Show a new link, and say whether it was mailed."""
        return await self._people(link=link, mailed=await self._product.letters.send(link))

    async def _people(
        self,
        *,
        link: DoorLink | None = None,
        mailed: str = "",
        problem: Problem | None = None,
        name: str = "",
        email: str = "",
        status: int = 200,
    ) -> Response:
        return self._pages.page(
            "people.html",
            status=status,
            people=await self._product.people.everybody(),
            roles=ROLES,
            link=link,
            mailed=mailed,
            address=self._product.settings.public_url,
            problem=problem,
            name=name,
            email=email,
            here="people",
        )

    async def _keys(
        self, *, made: MadeKey | None = None, problem: Problem | None = None, status: int = 200
    ) -> Response:
        keys = await self._product.doors.keys()
        shown = {"keys": keys, "roles": ROLES, "made": made, "problem": problem}
        return self._pages.page("keys.html", status=status, here="keys", **shown)
