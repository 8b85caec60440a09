"""Answers that say no, in the shapes of highlevel.md 5.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refusal(Exception):  # noqa: N818  # an answer of the sandbox, not an error of it
    """Ends an operation with this status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("message"))
        self.status = status
        self.body = body


def bad_request(message: str, **more: Any) -> Refusal:
    """400 with one sentence; ``more`` carries such as ``meta`` of a duplicate."""
    return Refusal(400, {"statusCode": 400, "message": message, **more})


def unauthorized(message: str) -> Refusal:
    """401; not always a matter of credentials (highlevel.md trap 13)."""
    return Refusal(401, {"statusCode": 401, "message": message, "error": "Unauthorized"})


def forbidden(message: str) -> Refusal:
    """403: another location's id, or an agency call with a location token."""
    return Refusal(403, {"statusCode": 403, "message": message, "error": "Forbidden"})


def not_found(message: str) -> Refusal:
    """404."""
    return Refusal(404, {"statusCode": 404, "message": message})


def unprocessable(messages: Sequence[str]) -> Refusal:
    """422; the message is a list."""
    return Refusal(422, {"statusCode": 422, "message": list(messages), "error": "Unprocessable Entity"})


def too_many() -> Refusal:
    """429; no body is documented, this one is an assumption. There is no ``Retry-After``."""
    return Refusal(429, {"statusCode": 429, "message": "Too Many Requests"})


def unknown(status: int, kind: str, record_id: str) -> Refusal:
    """An id nobody has: 400 as third parties saw it, or 404 (highlevel.md 5.1)."""
    return Refusal(status, {"statusCode": status, "message": f"{kind} with id {record_id} not found"})
