"""The lines of the log: values, and of an error its class and its places; never its text, never a variable.

The text of an unexpected error may quote what was being worked on: a contact's address, the parameters of a
statement, the body of an answer. What our own failures say was written for people and quotes nothing.
What is bound to the context (``structlog.contextvars``) is on every line: the request, the bridge, the run.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import structlog

HERE = Path(__file__).parent
MOST_PLACES = 12  # the innermost; enough to find the line
LONGEST = 200  # letters of a library's line

Line = MutableMapping[str, Any]


def prepare_log(level: str, form: str, stream: TextIO) -> None:
    """Write everything from this level up to ``stream``: our lines, and from warnings up those of libraries.

    ``form`` is ``json``, or text for people.
    """
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=processors(form, colors=stream.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    through = Through()
    for name in ("", "dbos"):  # DBOS adds a handler of its own, but not where there is one
        logger = logging.getLogger(name)
        logger.handlers[:] = [through]
        logger.propagate = False
    logging.getLogger().setLevel(max(least, logging.WARNING))


def processors(form: str, *, colors: bool = False) -> Sequence[structlog.typing.Processor]:
    """What becomes of a line until it is written."""
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=colors)
    )
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    bound = structlog.contextvars.merge_contextvars
    return [bound, structlog.processors.add_log_level, stamp, without_texts, last]


def without_texts(_logger: object, _method: str, line: Line) -> Line:
    """An error in a line becomes its class, its places, and the sentence of a failure of ours."""
    error = _error_of(line.pop("exc_info", None))
    if error is not None:
        line["error"] = " from ".join(type(one).__name__ for one in _chain(error))
        line["at"] = ", ".join(_places(error)[-MOST_PLACES:])
        if isinstance(sentence := getattr(error, "sentence", None), str):
            line["why"] = sentence
    return line


def _error_of(found: object) -> BaseException | None:
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple):
        return found[1] if isinstance(found[1], BaseException) else None
    return sys.exception() if found else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came from."""
    seen: list[BaseException] = []
    now: BaseException | None = error
    while now is not None and now not in seen:
        seen.append(now)
        yield now
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)


def _places(error: BaseException) -> list[str]:
    """Where it passed, the outermost first, as ``engine/scan.py:12``."""
    places = [
        (Path(frame.f_code.co_filename), line)
        for one in [*_chain(error)][::-1]
        for frame, line in traceback.walk_tb(one.__traceback__)
    ]
    return [
        f"{path.relative_to(HERE) if path.is_relative_to(HERE) else '/'.join(path.parts[-2:])}:{line}"
        for path, line in places
    ]


class Through(logging.Handler):
    """Takes the lines of libraries, as far as they are surely ours to write: up to the first colon."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one of them as a line of ours."""
        text = record.getMessage().strip().partition("\n")[0].partition(": ")[0][:LONGEST]
        error = _error_of(record.exc_info)
        if error is not None and str(error):
            text = text.replace(str(error), "…")
        more = {"exc_info": error} if error is not None else {}
        structlog.get_logger(record.name).log(record.levelno, text, library=record.name, **more)
