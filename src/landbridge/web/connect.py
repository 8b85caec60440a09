"""Connecting: the way to HighLevel's consent page and back, and connecting an account again."""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.store.setups import DRAFT
from landbridge.sync.model import Side
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of
from landbridge.web.security import connect_cookie, host_name
from landbridge.web.setup_accounts import NO_LOGIN, READ_ONLY, AccountSteps
from landbridge.web.setup_frame import NEW, Frames

DECLINED = Problem(
    "HighLevel was not connected: the consent page was closed, or access was declined there.",
    "Press “Connect HighLevel” again and choose a location; you need to be an admin of it.",
)
OTHER_BROWSER = Problem(
    "This answer from HighLevel does not belong to a connect that was started in this browser.",
    "Start again with the button below; a started connect is good for 15 minutes, once.",
)
BEGUN_LATER = -1  # in the place of a set-up's id: it is begun once the account is there


class ConnectPages:
    """``/connect``, the round trip to HighLevel, and the Rezora form of that page."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages
        self._frames = Frames(product, pages)
        self._steps = AccountSteps(product, pages)
        self._cookie = connect_cookie(product.settings)
        self._public_url = product.settings.public_url

    def router(self) -> APIRouter:
        """The routes of this page."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/connect", self.accounts, methods=["GET"])
        router.add_api_route("/connect/highlevel", self.highlevel, methods=["GET"])
        router.add_api_route("/oauth/highlevel/callback", self.highlevel_answer, methods=["GET"])
        router.add_api_route("/connect/rezora", self.rezora, methods=["POST"])
        return router

    async def accounts(self) -> Response:
        """The accounts that are connected, each to be connected again."""
        return await self._show()

    async def highlevel(
        self, request: Request, again: str = "", access: str = "", setup: str = ""
    ) -> Response:
        """Off to HighLevel's consent page, with a session that its answer must come back to.

        The answer goes to ``public_url``, and a cookie belongs to one host name, so the way starts there too.
        A link and no form: browsers let no form of ours end at another site.
        """
        public = urlsplit(self._public_url)
        if host_name(request.headers["host"]) != public.hostname and not again:
            chosen = {"again": "yes", "access": access[:10], "setup": setup[:20]}
            query = urlencode({name: value for name, value in chosen.items() if value})
            return RedirectResponse(f"{self._public_url}/connect/highlevel?{query}", 303)
        session = secrets.token_urlsafe(24)
        number = await self._number(setup)
        try:
            consent = await self._product.connect_url(session, setup=number, read_only=access == READ_ONLY)
        except FAILURES as failure:
            return await self._problem(problem_of(failure), status_of(failure), number)
        answer = RedirectResponse(consent, 303)
        self._cookie.keep(answer, session)
        return answer

    async def highlevel_answer(self, request: Request, code: str = "", state: str = "") -> Response:
        """The browser is back from HighLevel."""
        session = self._cookie.read(request)
        number = await self._product.setups.started(session) if session else 0
        if not code:
            return await self._problem(DECLINED, 400, number)
        if not session:
            return await self._problem(OTHER_BROWSER, 403, number)
        try:
            connected = await self._product.finish_connect(code, state, session)
        except FAILURES as failure:
            return await self._problem(problem_of(failure), status_of(failure), number)
        if connected.setup:
            answer = await self._steps.attach(_key(connected.setup), connected.account)
        else:
            answer = RedirectResponse("/connect", 303)
        self._cookie.end(answer)
        return answer

    async def rezora(
        self, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
    ) -> Response:
        """Try the credentials; the password is never shown again, whatever happens."""
        name = username.strip()
        if not name or not password:
            return await self._show(NO_LOGIN, Side.REZORA, status=422, username=name)
        try:
            await self._product.connect_rezora(name, password)
        except FAILURES as failure:
            found, status = problem_of(failure), status_of(failure)
            return await self._show(found, Side.REZORA, status=status, username=name)
        return RedirectResponse("/connect", 303)

    async def _number(self, key: str) -> int:
        """The set-up that a connect is for, as the store keeps it; 0 for none."""
        if key == NEW:
            return BEGUN_LATER
        found = await self._product.setups.find(key) if key else None
        return found.id if found else 0

    async def _problem(self, problem: Problem, status: int, number: int) -> Response:
        """Shown at the step that the connect was started from."""
        if not number:
            return await self._show(problem, Side.HIGHLEVEL, status=status)
        return await self._steps.show(await self._frames.frame(_key(number), "highlevel", problem, status))

    async def _show(
        self, problem: Problem | None = None, at: Side | None = None, *, status: int = 200, username: str = ""
    ) -> Response:
        accounts = await self._product.accounts()
        of = {side: [one for one in accounts if one.side is side] for side in Side}
        return self._pages.page(
            "connect.html",
            status=status,
            of=of,
            problem=problem,
            at=at or "",
            username=username,
            only_reads=self._product.settings.highlevel_read_only,
            here="setup",
        )


def _key(number: int) -> str:
    return NEW if number == BEGUN_LATER else f"{DRAFT}{number}"
