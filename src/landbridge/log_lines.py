"""The log: one line an event on standard error, for people or as JSON, and nothing of anybody in it.

What is bound to the context (``structlog.contextvars``) is on every line: the request, the bridge, the run.
Exceptions are shown by their kinds and where they arose, without their words: a database or a parser quotes
the value that it could not take, and that may be somebody's name.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MOST_FRAMES = 30  # of one exception; those nearest to where it arose

_Raised = tuple[type[BaseException], BaseException, TracebackType | None]


def prepare_log(level: str, form: str, stream: TextIO) -> None:
    """From now on lines go to ``stream``; ``level`` and ``form`` (text or json) as the settings have them."""
    least = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        where_it_arose,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    _prepare_libraries(shared, last, max(least, logging.WARNING), stream)


def _prepare_libraries(shared: list[Processor], last: Processor, least: int, stream: TextIO) -> None:
    """Lines of libraries, in the same form; below a warning they say what only their makers want to know."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[first_line, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)


def first_line(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """asyncio quotes the exception of a task, words and all, below its first line."""
    line["event"] = str(line.get("event", "")).split("\n", 1)[0]
    return line


def where_it_arose(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """In the place of ``exc_info`` the kinds of the exceptions, each with the lines of code it passed."""
    raised = _raised(line.pop("exc_info", None))
    if raised is not None:
        line["raised"] = told_of(raised[1])
    return line


def told_of(error: BaseException) -> list[str]:
    """An exception and what caused it, the newest first: its kind, then where, from the inside out."""
    told: list[str] = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        told.append(type(one).__qualname__)
        frames = traceback.extract_tb(one.__traceback__)[-MOST_FRAMES:]
        told += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return told


def _raised(given: object) -> _Raised | None:
    """What a logger may be given as ``exc_info``: an exception, a triple, or true for the one at hand."""
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    if isinstance(given, tuple):
        return given if given[1] is not None else None
    return _at_hand() if given else None


def _at_hand() -> _Raised | None:
    kind, error, where = sys.exc_info()
    return None if kind is None or error is None else (kind, error, where)
