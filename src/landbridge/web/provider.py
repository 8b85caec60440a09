"""To the identity provider and back: two addresses, and the cookie that binds the one to the other."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.access.doors import NotLetIn
from landbridge.web.door import local
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.security import host_name, login_cookie, provider_cookie

START = "/login/provider"
BACK = "/login/provider/back"


class ProviderPages:
    """``/login/provider`` sends people away, ``/login/provider/back`` lets them in."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages
        self._public_url = product.settings.public_url
        self._way = provider_cookie(product.settings)
        self._cookie = login_cookie(product.settings)

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(START, self.begin, methods=["GET"])
        router.add_api_route(BACK, self.back, methods=["GET"])
        return router

    async def begin(self, request: Request, again: str = "") -> Response:
        """Off to the provider.

        It answers at ``public_url``, and a cookie belongs to one host name, so the way starts there too.
        """
        provider = self._product.provider
        if provider is None or await self._product.people.nobody_yet():
            return RedirectResponse("/login", 303)
        if host_name(request.headers["host"]) != urlsplit(self._public_url).hostname and not again:
            return RedirectResponse(f"{self._public_url}{START}?again=yes", 303)
        try:
            begun = await provider.begin(local(request.query_params.get("next", "/")))
        except NotLetIn as failure:
            return self._refused(failure)
        answer = RedirectResponse(begun.url, 303)
        self._way.keep(answer, begun.kept)
        return answer

    async def back(self, request: Request, state: str = "", code: str = "") -> Response:
        """The browser is back: a new session, whatever its cookie said before."""
        provider = self._product.provider
        if provider is None:
            return RedirectResponse("/login", 303)
        try:
            _, session, following = await provider.finish(self._way.read(request), state, code)
        except NotLetIn as failure:
            answer = self._refused(failure)
        else:
            await self._product.doors.log_out(self._cookie.read(request))
            answer = RedirectResponse(local(following), 303)
            self._cookie.keep(answer, session)
        self._way.end(answer)
        return answer

    def _refused(self, failure: NotLetIn) -> Response:
        told = Problem(str(failure), failure.fix)
        shown = {"problem": told, "email": "", "following": "/", "provider": self._product.provider}
        return self._pages.page("login.html", status=401, here="", **shown)
