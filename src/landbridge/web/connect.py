"""The set-up page: connect both accounts, pair them, and go on to the first sync."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.store.bridges import Account, Bridge
from landbridge.sync.model import Side
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of
from landbridge.web.security import connect_cookie, host_name

Step = Literal["highlevel", "rezora", "bridge"]

DECLINED = Problem(
    "HighLevel was not connected: the consent page was closed, or access was declined there.",
    "Press “Connect HighLevel” again and choose a location; you need to be an admin of it.",
)
OTHER_BROWSER = Problem(
    "This answer from HighLevel does not belong to a connect that was started in this browser.",
    "Start again with the button below; a started connect is good for 15 minutes, once.",
)
BLANK = Problem(
    "User name and password are both needed.", "Enter the API credentials that Rezora gave you, then connect."
)


@dataclass(frozen=True, slots=True)
class SetupView:
    """What the set-up page shows; ``at`` says which step ``problem`` belongs to."""

    accounts: list[Account]
    bridges: list[Bridge]
    problem: Problem | None = None
    at: Step | None = None
    username: str = ""
    bridge_name: str = ""

    def of(self, side: str) -> list[Account]:
        """Connected accounts of one side."""
        return [account for account in self.accounts if account.side == side]

    def free(self, side: str) -> list[Account]:
        """Connected accounts of one side that no bridge has yet."""
        taken = {account.id for bridge in self.bridges for account in (bridge.highlevel, bridge.rezora)}
        return [account for account in self.of(side) if account.id not in taken]

    @property
    def can_pair(self) -> bool:
        """Each side has an account without a bridge."""
        return all(self.free(side) for side in Side)

    @property
    def next(self) -> Step | Literal["sync"]:
        """The step that is to be done next."""
        if not self.of(Side.HIGHLEVEL):
            return "highlevel"
        if not self.of(Side.REZORA):
            return "rezora"
        return "sync" if self.bridges else "bridge"


async def show_setup(
    product: Product,
    pages: Pages,
    problem: Problem | None = None,
    at: Step | None = None,
    *,
    status: int = 200,
    username: str = "",
    bridge_name: str = "",
) -> Response:
    """The set-up page, with what went wrong at one of its steps."""
    view = SetupView(
        await product.accounts(), await product.all_bridges(), problem, at, username, bridge_name
    )
    return pages.page("setup.html", status=status, view=view, here="setup")


class ConnectPages:
    """``/setup`` and what its buttons do."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages
        self._cookie = connect_cookie(product.settings)
        self._public_url = product.settings.public_url

    def router(self) -> APIRouter:
        """The routes of this page."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/setup", self.setup, methods=["GET"])
        router.add_api_route("/connect/highlevel", self.highlevel, methods=["GET"])
        router.add_api_route("/oauth/highlevel/callback", self.highlevel_answer, methods=["GET"])
        router.add_api_route("/connect/rezora", self.rezora, methods=["POST"])
        router.add_api_route("/bridges", self.create, methods=["POST"])
        return router

    async def setup(self) -> Response:
        """The steps, done and to do."""
        return await show_setup(self._product, self._pages)

    async def highlevel(self, request: Request, again: str = "") -> Response:
        """Off to HighLevel's consent page, with a session that its answer must come back to.

        The answer goes to ``public_url``, and a cookie belongs to one host name, so the way starts there too.
        """
        public = urlsplit(self._public_url)
        if host_name(request.headers["host"]) != public.hostname and not again:
            return RedirectResponse(f"{self._public_url}/connect/highlevel?again=yes", 303)
        session = secrets.token_urlsafe(24)
        try:
            consent = await self._product.connect_url(session)
        except FAILURES as failure:
            return await self._problem(problem_of(failure), "highlevel", status_of(failure))
        answer = RedirectResponse(consent, 303)
        self._cookie.keep(answer, session)
        return answer

    async def highlevel_answer(self, request: Request, code: str = "", state: str = "") -> Response:
        """The browser is back from HighLevel."""
        session = self._cookie.read(request)
        if not code:
            return await self._problem(DECLINED, "highlevel", 400)
        if not session:
            return await self._problem(OTHER_BROWSER, "highlevel", 403)
        try:
            await self._product.finish_connect(code, state, session)
        except FAILURES as failure:
            return await self._problem(problem_of(failure), "highlevel", status_of(failure))
        answer = RedirectResponse("/setup", 303)
        self._cookie.end(answer)
        return answer

    async def rezora(
        self, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
    ) -> Response:
        """Try the credentials; the password is never shown again, whatever happens."""
        name = username.strip()
        if not name or not password:
            return await self._problem(BLANK, "rezora", 422, username=name)
        try:
            await self._product.connect_rezora(name, password)
        except FAILURES as failure:
            return await self._problem(problem_of(failure), "rezora", status_of(failure), username=name)
        return RedirectResponse("/setup", 303)

    async def create(
        self,
        name: Annotated[str, Form()] = "",
        highlevel: Annotated[str, Form()] = "",
        rezora: Annotated[str, Form()] = "",
    ) -> Response:
        """Pair two accounts with the default mapping."""
        named = " ".join(name.split())[:100]  # the name's column is so long
        try:
            bridge = await self._product.create_bridge(named, None, highlevel, rezora)
        except FAILURES as failure:
            return await self._problem(problem_of(failure), "bridge", status_of(failure), bridge_name=named)
        return RedirectResponse(f"/bridges/{bridge.id}", 303)

    async def _problem(
        self, problem: Problem, at: Step, status: int, *, username: str = "", bridge_name: str = ""
    ) -> Response:
        return await show_setup(
            self._product,
            self._pages,
            problem,
            at,
            status=status,
            username=username,
            bridge_name=bridge_name,
        )
