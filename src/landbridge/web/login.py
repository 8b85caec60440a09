"""Logging in, the first owner, choosing a password by a link, and one's own account."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.access.doors import NotLetIn, TooManyTries
from landbridge.access.people import ENTRY
from landbridge.settings import Settings
from landbridge.store.database import StoreFailure
from landbridge.store.tokens import token_of
from landbridge.web.door import local
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.security import is_loopback, login_cookie
from landbridge.web.who import asking

Text = Annotated[str, Form()]
NO_CODE = Problem(
    "The set-up code is not right.",
    "It is printed where `landbridge serve` was started, and by `landbridge user code`.",
)
TWICE = Problem("The two passwords differ.", "Type the same one twice.")


def code_needed(settings: Settings) -> bool:
    """Whether the first owner has to prove that they can see the server's terminal."""
    public = urlsplit(settings.public_url).hostname or ""
    return not (is_loopback(public) and is_loopback(settings.web_host.strip("[]")))


class LoginPages:
    """``/login``, ``/first``, ``/welcome``, ``/account`` and what their buttons do."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages
        self._cookie = login_cookie(product.settings)

    def router(self) -> APIRouter:
        """The routes of these pages."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/login", self.show, methods=["GET"])
        router.add_api_route("/login", self.log_in, methods=["POST"])
        router.add_api_route("/logout", self.log_out, methods=["POST"])
        router.add_api_route("/first", self.show_first, methods=["GET"])
        router.add_api_route("/first", self.first, methods=["POST"])
        router.add_api_route("/welcome/{purpose}/{secret}", self.show_welcome, methods=["GET"])
        router.add_api_route("/welcome/{purpose}/{secret}", self.welcome, methods=["POST"])
        router.add_api_route("/account", self.account, methods=["GET"])
        router.add_api_route("/account/name", self.rename, methods=["POST"])
        router.add_api_route("/account/password", self.password, methods=["POST"])
        router.add_api_route("/account/end", self.end, methods=["POST"])
        return router

    async def show(self, request: Request) -> Response:
        """The form; whoever is logged in already goes on."""
        following = local(request.query_params.get("next", "/"))
        if await self._product.people.nobody_yet():
            return RedirectResponse("/first", 303)
        if await self._product.doors.of_session(self._cookie.read(request)) is not None:
            return RedirectResponse(following, 303)
        return self._login(following)

    async def log_in(
        self, request: Request, email: Text = "", password: Text = "", following: Text = "/"
    ) -> Response:
        """A new session each time: what a cookie said before is worth nothing afterwards."""
        address = request.client.host if request.client else ""
        try:
            _, session = await self._product.doors.log_in(email, password[:1000], address)
        except NotLetIn as failure:
            status = 429 if isinstance(failure, TooManyTries) else 401
            return self._login(local(following), Problem(str(failure), failure.fix), email, status)
        await self._product.doors.log_out(self._cookie.read(request))
        return self._enter(session, local(following))

    async def log_out(self, request: Request) -> Response:
        """End this session."""
        await self._product.doors.log_out(self._cookie.read(request))
        answer = RedirectResponse("/login", 303)
        self._cookie.end(answer)
        return answer

    async def show_first(self) -> Response:
        """The form for the owner of a new installation."""
        if not await self._product.people.nobody_yet():
            return RedirectResponse("/login", 303)
        return self._first()

    async def first(
        self, request: Request, name: Text = "", email: Text = "", password: Text = "", code: Text = ""
    ) -> Response:
        """Make the owner, and let them in."""
        try:
            if not await self._may_begin(request, code):
                return self._first(NO_CODE, name, email, 403)
        except TooManyTries as failure:
            return self._first(Problem(str(failure), failure.fix), name, email, 429)
        try:
            person_id = await self._product.people.first(name, email, password)
        except StoreFailure as failure:
            return self._first(Problem(str(failure), failure.fix), name, email, 422)
        return self._enter(await self._product.doors.open_for(person_id), "/")

    async def _may_begin(self, request: Request, code: str) -> bool:
        """Whether they may make the first owner; raises ``TooManyTries``."""
        if not code_needed(self._product.settings) or not await self._product.people.nobody_yet():
            return True  # ``first`` refuses where there is an owner
        address = request.client.host if request.client else ""
        return await self._product.doors.try_code(code, self._product.setup_code(), address)

    async def show_welcome(self, purpose: str, secret: str) -> Response:
        """The form behind an invitation, or a link for a lost password."""
        return await self._welcome(purpose, secret)

    async def welcome(self, purpose: str, secret: str, password: Text = "", again: Text = "") -> Response:
        """Choose the password, and be let in."""
        people = self._product.people
        if password != again:
            return await self._welcome(purpose, secret, TWICE, 422)
        try:
            person_id = await (
                people.enter_by(secret) if purpose == ENTRY else people.use_link(secret, purpose, password)
            )
        except StoreFailure as failure:
            return await self._welcome(purpose, secret, Problem(str(failure), failure.fix), 422)
        return self._enter(await self._product.doors.open_for(person_id), "/")

    async def account(self, request: Request, changed: str = "") -> Response:
        """One's own account: the name, the password, and where one is logged in."""
        return await self._account(request, done=changed)

    async def rename(self, request: Request, name: Text = "") -> Response:
        """Another name for oneself."""
        try:
            await self._product.people.rename(asking().id, name)
        except StoreFailure as failure:
            return await self._account(request, Problem(str(failure), failure.fix), 422)
        return RedirectResponse("/account?changed=name", 303)

    async def password(
        self, request: Request, present: Text = "", password: Text = "", again: Text = ""
    ) -> Response:
        """Choose another password; one is logged out everywhere else."""
        if password != again:
            return await self._account(request, TWICE, 422)
        mine = token_of(self._cookie.read(request))
        try:
            await self._product.people.change_password(asking().id, present, password, session=mine)
        except StoreFailure as failure:
            return await self._account(request, Problem(str(failure), failure.fix), 422)
        return RedirectResponse("/account?changed=password", 303)

    async def end(self, token: Text = "") -> Response:
        """Log out another browser of one's own."""
        if token in {one.token for one in await self._product.doors.sessions(asking().id)}:
            await self._product.doors.end(token)
        return RedirectResponse("/account", 303)

    def _enter(self, session: str, path: str) -> Response:
        answer = RedirectResponse(path, 303)
        self._cookie.keep(answer, session)
        return answer

    def _login(
        self, following: str, problem: Problem | None = None, email: str = "", status: int = 200
    ) -> Response:
        return self._pages.page(
            "login.html",
            status=status,
            following=following,
            problem=problem,
            email=email,
            provider=self._product.provider,
            here="",
        )

    def _first(
        self, problem: Problem | None = None, name: str = "", email: str = "", status: int = 200
    ) -> Response:
        needs_code = code_needed(self._product.settings)
        typed = {"name": name, "email": email, "needs_code": needs_code}
        return self._pages.page("first.html", status=status, problem=problem, here="", **typed)

    async def _welcome(
        self, purpose: str, secret: str, problem: Problem | None = None, status: int = 200
    ) -> Response:
        try:
            person = await self._product.people.of_link(secret, purpose)
        except StoreFailure as failure:
            told = problem or Problem(str(failure), failure.fix)
            return self._pages.page("problem.html", status=410, problem=told, code=410, here="")
        shown = {"person": person, "problem": problem, "entry": purpose == ENTRY}
        return self._pages.page("welcome.html", status=status, here="", **shown)

    async def _account(
        self, request: Request, problem: Problem | None = None, status: int = 200, *, done: str = ""
    ) -> Response:
        sessions = await self._product.doors.sessions(asking().id)
        mine = token_of(self._cookie.read(request))
        shown = {"sessions": sessions, "mine": mine, "done": done}
        return self._pages.page("account.html", status=status, problem=problem, here="account", **shown)
