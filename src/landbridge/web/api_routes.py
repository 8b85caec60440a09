"""Routes of the API that differ in their address, their function and their summary only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import APIRouter

Responses = dict[int | str, dict[str, Any]]
"""Answers beside the usual one, by status, as FastAPI describes them."""


def add_routes(
    router: APIRouter,
    path: str,
    method: str,
    routes: Iterable[tuple[str, Callable[..., Awaitable[Any]], str]],
    responses: Responses,
) -> None:
    """Add each of them below ``path``: address, function, summary."""
    for name, function, summary in routes:
        router.add_api_route(
            f"{path}/{name}", function, methods=[method], summary=summary, responses=responses
        )
