"""What goes out on the wire: whole answers, cut ones, and closed connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from landbridge.sandbox.faults import Fault, without_field
from landbridge.sandbox.wire import Answer

# The faults whose request reaches the world all the same.
APPLIED = frozenset({"lost_answer", "applied_then_500", "cut_body", "slow", "drop_field"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a client gets to see: an answer, and how its connection ends: ``cut`` after ``keep_bytes`` of
    the body (None: half of it), or ``hung up`` before any answer. ``held_seconds``: by how much a fault
    has delayed it already, which tells a client without a socket whether it would have waited.
    """

    answer: Answer
    ends: Literal["", "cut", "hung up"] = ""
    keep_bytes: int | None = None
    held_seconds: float = 0.0

    @property
    def kept(self) -> bytes:
        """The part of a cut body that arrives: never the whole."""
        body = self.answer.body
        keep = len(body) // 2 if self.keep_bytes is None else min(self.keep_bytes, len(body) - 1)
        return body[: max(keep, 0)]


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


async def cut(received: web.BaseRequest, told: Exchange) -> web.StreamResponse:
    """Announce the whole body, send a part, and close the connection."""
    sent = web.StreamResponse(status=told.answer.status, headers=told.answer.headers)
    sent.content_length = max(len(told.answer.body), 1)
    await sent.prepare(received)
    await sent.write(told.kept)
    hang_up(received)
    return sent
