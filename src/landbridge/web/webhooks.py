"""``POST /webhooks/highlevel``: machine to machine, trusted for its signature and for nothing else.

A plain Starlette route, without FastAPI's parsing: hundreds of these may come in a second.
"""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from landbridge.store.inbox import Outcome
from landbridge.systems.highlevel.webhooks import LARGEST, LEGACY_SIGNATURE, SIGNATURE
from landbridge.web.ports import Product
from landbridge.web.security import WEBHOOKS

log = structlog.get_logger()

# HighLevel sends again after 429 and after nothing else: a 5xx would lose the event (highlevel.md 4.1).
AGAIN = 429
STATUS = {
    Outcome.ACCEPTED: 200,
    Outcome.IGNORED: 200,
    Outcome.DUPLICATE: 200,
    Outcome.UNKNOWN: 200,
    Outcome.STALE: 200,
    Outcome.FORGED: 401,
    Outcome.OVERSIZED: 413,
    Outcome.DEEP: 400,
    Outcome.MALFORMED: 400,
    Outcome.REFUSED: AGAIN,
}


def webhook_route(product: Product) -> Route:
    """The one address that HighLevel sends to."""

    async def receive(request: Request) -> Response:
        try:
            raw = await _body(request)
            signatures = {name: request.headers.get(name, "") for name in (SIGNATURE, LEGACY_SIGNATURE)}
            outcome = await product.receive(raw, signatures)
        except Exception as error:  # also a sender that hung up: nobody reads that answer
            log.error("webhook_refused", error=type(error).__name__)  # noqa: TRY400  # a traceback may quote the body
            outcome = Outcome.REFUSED
        product.operating.instruments.webhook(outcome.value)
        return PlainTextResponse(f"{outcome.value}\n", STATUS[outcome])

    return Route(WEBHOOKS, receive, methods=["POST"], include_in_schema=False)


async def _body(request: Request) -> bytes:
    """The raw body; of one that is too large only the beginning, which is enough to refuse it."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            break
    return bytes(body)
