"""What went wrong, as people and programs see it: one sentence and the next step, never a traceback."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from landbridge.store.database import StoreFailure
from landbridge.sync.mapping import MappingError
from landbridge.systems import base
from landbridge.systems.base import SystemFailure
from landbridge.web.pages import Pages, Problem
from landbridge.web.security import harden

Failure = SystemFailure | StoreFailure | MappingError
FAILURES = (SystemFailure, StoreFailure, MappingError)
_STATUS: dict[type[Exception], int] = {SystemFailure: 502, StoreFailure: 409, MappingError: 422}

_BY_STATUS = {
    404: Problem(
        "There is no page at this address.", "Go to the status page and follow the links from there."
    ),
    405: Problem(
        "This address does not take that kind of request.", "Go to the status page and use its buttons."
    ),
    500: Problem(
        "Something went wrong inside Landbridge; nothing is half-written.",
        "Try again. If it stays, look at the log and run `landbridge doctor`.",
    ),
}
_REFUSED = Problem("This request was refused.", "Go to the status page and try again from there.")


def problem_of(failure: Failure) -> Problem:
    """What a failure says of itself, and where docs/errors.md, made from the same classes, has more."""
    more = "mapping" if isinstance(failure, MappingError) else "troubleshooting"
    if isinstance(failure, SystemFailure) and type(failure).__module__ == base.__name__:
        more = f"errors#{type(failure).__name__.lower()}"
    return Problem(str(failure), failure.fix, more)


def status_of(failure: Failure) -> int:
    """The HTTP status it is answered with."""
    return next(status for kind, status in _STATUS.items() if isinstance(failure, kind))


def answer_problems(site: FastAPI, pages: Pages) -> None:
    """Give every error our own words, as a page, or as JSON under /api."""

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return pages.problem(request, _BY_STATUS.get(status, _REFUSED), status)

    async def failed(request: Request, error: Exception) -> Response:
        if not isinstance(error, FAILURES):
            raise error
        return pages.problem(request, problem_of(error), status_of(error))

    async def invalid(request: Request, error: Exception) -> Response:
        problem = Problem("The body of this request is not what is expected.", "See /api/v1/openapi.json.")
        return pages.problem(request, problem, 422)

    async def broken(request: Request, error: Exception) -> Response:
        answer = pages.problem(request, _BY_STATUS[500], 500)
        harden(answer.headers)  # this answer is made outside of the guard
        return answer

    site.add_exception_handler(HTTPException, refused)
    site.add_exception_handler(RequestValidationError, invalid)
    site.add_exception_handler(Exception, broken)
    for failure in FAILURES:
        site.add_exception_handler(failure, failed)
