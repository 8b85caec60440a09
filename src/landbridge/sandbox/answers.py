"""What goes out on the wire: whole answers, cut ones, and closed connections."""

from __future__ import annotations

from aiohttp import web

from landbridge.sandbox.faults import Fault, without_field
from landbridge.sandbox.wire import Answer

# The faults whose request reaches the world all the same.
APPLIED = frozenset({"lost_answer", "applied_then_500", "cut_body", "slow", "drop_field"})


def shown(fault: Fault, side: str, truth: Answer) -> Answer:
    """What the client gets to see; status 0 when it sees no whole answer."""
    match fault.kind:
        case "refuse":
            return Answer(0)
        case "lost_answer" | "cut_body":
            return Answer(0, truth.body, truth.headers)
        case "slow":
            return truth
        case "drop_field":
            return Answer(truth.status, without_field(truth.body, fault.field), truth.headers)
        case _:
            return fault.answer(side)


def response(answer: Answer) -> web.Response:
    """The answer as it goes out."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def hang_up(received: web.BaseRequest) -> web.StreamResponse:
    """Close the connection; the answer returned is never sent."""
    if received.transport is not None:
        received.transport.close()
    return web.Response(status=500)


async def cut(received: web.BaseRequest, truth: Answer, keep_bytes: int | None) -> web.StreamResponse:
    """Announce the whole body, send a part (half, or ``keep_bytes``), and close the connection."""
    sent = web.StreamResponse(status=truth.status, headers=truth.headers)
    sent.content_length = max(len(truth.body), 1)
    keep = len(truth.body) // 2 if keep_bytes is None else min(keep_bytes, len(truth.body) - 1)
    await sent.prepare(received)
    await sent.write(truth.body[: max(keep, 0)])
    hang_up(received)
    return sent
