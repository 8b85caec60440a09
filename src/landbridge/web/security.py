"""What every request and answer must have: a known host, no other site behind a change, strict headers.

The guard against forged requests needs no tokens in forms: browsers say where a request comes from
(``Sec-Fetch-Site``, else ``Origin``), as Go's CrossOriginProtection and Datasette's ``csrf.py`` use it.
The host check stops DNS rebinding, where a foreign name points at this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from landbridge.access.provider import GOOD_FOR
from landbridge.settings import Settings
from landbridge.web.pages import Problem

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Not "no-referrer": with it browsers send "Origin: null" for our own forms (Fetch standard, 3.1).
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
NO_STORE = "no-store"
ASK = "no-cache"
FOREVER = "public, max-age=31536000, immutable"  # static files; their address has a hash of what is in them
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Machine to machine: no cookie, no session and no host name is trusted there, only a signature over the
# body, so there is nothing a browser could be tricked into. A proxy that changes the host name must not
# make HighLevel lose events for good, as any refusal but 429 does.
WEBHOOKS = "/webhooks/highlevel"
HEALTH = "/healthz"  # says nothing about anybody, and probes ask for it by address

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104  # named here so that they are not taken for a host name

FOREIGN_HOST = Problem(
    "Landbridge does not answer under this host name.",
    "Open it under its own address, or set `public_url` to the address you use and restart.",
)
FOREIGN_SITE = Problem(
    "This request came from another web site and was refused; nothing was changed.",
    "Open Landbridge in a tab of its own and press the button there.",
)


def is_loopback(host: str) -> bool:
    """Is this name or address this machine's own?"""
    return host.lower() in _LOOPBACK


def known_hosts(settings: Settings) -> frozenset[str]:
    """Host names under which requests are answered: this machine's, and the configured ones."""
    named = {urlsplit(settings.public_url).hostname or "", settings.web_host.strip("[]").lower()}
    return _LOOPBACK | (named - _ANY_ADDRESS - {""})


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name.lower()


def from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another site is behind this request.

    A request with neither header is not from a browser: all send ``Origin`` with a POST.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


class Guard:
    """ASGI middleware: refuses foreign hosts and forged changes, and sets the headers of every answer."""

    def __init__(
        self, app: ASGIApp, hosts: frozenset[str], refuse: Callable[[Request, Problem, int], Response]
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = message["status"] in (200, 304) and scope["path"].startswith("/static/")
                named = scope["query_string"].startswith(b"v=")
                harden(MutableHeaders(scope=message), cache=(FOREVER if named else ASK) if kept else NO_STORE)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["path"] == WEBHOOKS:
            return None
        headers = Headers(scope=scope)
        if host_name(headers.get("host", "")) not in self._hosts and scope["path"] != HEALTH:
            return self._refuse(Request(scope), FOREIGN_HOST, 421)
        if scope["method"] not in SAFE_METHODS and from_elsewhere(headers):
            return self._refuse(Request(scope), FOREIGN_SITE, 403)
        return None


def harden(headers: MutableHeaders, *, cache: str = NO_STORE) -> None:
    """Set the security headers; pages and API answers are never stored."""
    for name, value in (HEADERS | {"Cache-Control": cache}).items():
        headers[name] = value


class Cookie:
    """A cookie that holds one secret of ours, for so many seconds, or until the browser is closed."""

    def __init__(self, settings: Settings, name: str, seconds: int | None = None) -> None:
        self._secure = settings.public_url.startswith("https://")
        self._seconds = seconds
        # The prefix makes browsers refuse the cookie from any other host or over plain http.
        self.name = f"__Host-{name}" if self._secure else name

    def read(self, request: Request) -> str:
        """The secret; empty when there is none."""
        return request.cookies.get(self.name, "")

    def keep(self, response: Response, secret: str) -> None:
        """Let the browser send it back to us; Lax, so that it comes with the redirect from HighLevel."""
        response.set_cookie(
            self.name,
            secret,
            max_age=self._seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, response: Response) -> None:
        """Forget it."""
        response.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="lax")


def login_cookie(settings: Settings) -> Cookie:
    """Of a browser that is logged in; the server says when the session ends."""
    return Cookie(settings, "landbridge-login")


def connect_cookie(settings: Settings) -> Cookie:
    """Binds a started connect to the browser that started it, as long as the connect is good."""
    return Cookie(settings, "landbridge", 900)


def provider_cookie(settings: Settings) -> Cookie:
    """What a browser keeps while it is at the identity provider; sealed: neither read nor made up."""
    return Cookie(settings, "landbridge-provider", int(GOOD_FOR))
