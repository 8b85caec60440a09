"""The door before every page and the API: who asks, and whether they may, before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from landbridge.access.roles import VISITOR, Person
from landbridge.web.pages import API, Problem
from landbridge.web.ports import Product
from landbridge.web.rights import needed
from landbridge.web.security import SAFE_METHODS, login_cookie
from landbridge.web.who import set_asking

ODD_PATH = Problem(
    "There is no page at this address.", "Go to the status page and follow the links from there."
)
NOT_ENOUGH = Problem(
    "Your role does not allow this; nothing was changed.",
    "Ask an owner of this installation to do it, or to give you another role.",
)
WHO_ARE_YOU = Problem(
    "This needs a key.",
    "Send `Authorization: Bearer KEY`; an owner makes one at /keys or with `landbridge keys add`.",
)
NOBODY_YET = Problem(
    "This installation has no owner yet.", "Open it in a browser, or run `landbridge user add` on the server."
)


class Door:
    """ASGI middleware: nobody gets further than they may."""

    def __init__(
        self, app: ASGIApp, product: Product, refuse: Callable[[Request, Problem, int], Response]
    ) -> None:
        self._app = app
        self._product = product
        self._refuse = refuse
        self._cookie = login_cookie(product.settings)
        self._has_people = False  # once there is somebody there always is: the last owner cannot be removed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await (await self._refusal(Request(scope)) or self._app)(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        # The path as the router sees it: `request.url` is built anew, and loses what an escaped ?, # or line
        # break leads in. A line break at the end would be nothing to the router and something to the table.
        path: str = request.scope["path"]
        set_asking(VISITOR)
        if not path.isprintable():
            return self._refuse(request, ODD_PATH, 404)
        role = needed(request.method, path)
        if role is None:
            return None
        person = await self._who(request)
        if person is None:
            return await self._unknown(request)
        set_asking(person)
        return None if person.role.may(role) else self._refuse(request, NOT_ENOUGH, 403)

    async def _who(self, request: Request) -> Person | None:
        """Whose cookie it is; under /api also whose key. A key opens no page: browsers never send one."""
        kind, _, key = Headers(scope=request.scope).get("authorization", "").partition(" ")
        if request.scope["path"].startswith(API) and kind.lower() == "bearer":
            return await self._product.doors.of_key(key.strip())
        return await self._product.doors.of_session(self._cookie.read(request))

    async def _unknown(self, request: Request) -> Response:
        if not self._has_people:
            self._has_people = not await self._product.people.nobody_yet()
        if request.scope["path"].startswith(API):
            told = WHO_ARE_YOU if self._has_people else NOBODY_YET
            return JSONResponse(
                {"error": told.sentence, "fix": told.fix}, 401, {"WWW-Authenticate": "Bearer"}
            )
        if not self._has_people:
            return _away(request, "/first")
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        asked = f"?next={quote(path, safe='/')}" if request.method in SAFE_METHODS and path != "/" else ""
        return _away(request, f"/login{asked}")


def _away(request: Request, path: str) -> Response:
    """To another page: the whole of it, also for a fragment that htmx asked for."""
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


def local(path: str) -> str:
    """A path of ours to go on to, else the first page: never another site's address."""
    parts = urlsplit(path)
    foreign = bool(parts.scheme or parts.netloc) or not path.startswith("/") or path.startswith("//")
    return "/" if foreign or "\\" in path or any(ord(letter) < 0x20 for letter in path) else path
