"""Lines of the log: of an error its class and places, of a library its first words."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
import structlog

from landbridge.log_lines import MOST_PLACES, Through, prepare_log, processors, without_texts
from landbridge.store.database import StoreFailure

SECRET = "ada@example.com"


def from_another() -> None:
    """Two errors, one from the other, each with a text that belongs in no log."""
    password = SECRET  # a variable of a frame, as tracebacks with locals show
    try:
        int(password)
    except ValueError as error:
        raise KeyError(f"no {password}") from error


def raised() -> BaseException:
    """The second of them, with its places."""
    with pytest.raises(KeyError) as caught:
        from_another()
    return caught.value


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_error_becomes_its_class_and_its_places(form: str) -> None:
    stream = io.StringIO()
    logger = structlog.wrap_logger(structlog.PrintLogger(stream), processors(form))
    logger.error("run_failed", run=7, exc_info=raised())
    try:
        raise raised()
    except KeyError:
        logger.exception("run_failed", run=8)
    text = stream.getvalue()
    assert SECRET not in text
    assert text.count("KeyError from ValueError") == 2
    assert "tests/test_log_lines.py:" in text
    assert text.count("\n") == 2  # one line each: nothing of a text can begin a line of its own


def line_of(error: BaseException) -> dict[str, Any]:
    return dict(without_texts(None, "error", {"exc_info": error}))


def test_a_failure_of_ours_is_told_in_its_own_words() -> None:
    assert line_of(StoreFailure("There is no bridge.", "Make one."))["why"] == "There is no bridge."
    assert "why" not in line_of(raised())


def test_a_deep_error_keeps_the_places_next_to_it() -> None:
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        raise ValueError(SECRET)

    with pytest.raises(ValueError, match=SECRET) as caught:
        deeper(60)
    assert line_of(caught.value)["at"].count(", ") == MOST_PLACES - 1


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError(SECRET), KeyError(SECRET)
    first.__cause__, second.__cause__ = second, first
    assert line_of(first)["error"] == "ValueError from KeyError"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Exception in ASGI application\n", "Exception in ASGI application"),
        (f"Error executing workflow run-1: no {SECRET}", "Error executing workflow run-1"),
        (
            f"Task exception was never retrieved\nfuture: <Task {SECRET}>",
            "Task exception was never retrieved",
        ),
        (f"{KeyError('no ' + SECRET)}", "…"),
    ],
)
def test_of_a_library_only_the_first_words_are_written(text: str, kept: str) -> None:
    error = raised()
    record = logging.LogRecord("dbos", logging.ERROR, "x.py", 1, text, (), (type(error), error, None))
    with structlog.testing.capture_logs() as lines:
        Through().emit(record)
    assert [(one["event"], one["library"], one["log_level"]) for one in lines] == [(kept, "dbos", "error")]


def test_the_libraries_lines_go_where_ours_go(monkeypatch: pytest.MonkeyPatch) -> None:
    root, dbos = logging.getLogger(), logging.getLogger("dbos")
    for logger in (root, dbos):
        monkeypatch.setattr(logger, "handlers", [])
        monkeypatch.setattr(logger, "propagate", True)
    level, stream = root.level, io.StringIO()
    try:
        prepare_log("info", "json", stream)
        dbos.error("It failed: %s", SECRET)
        logging.getLogger("asyncio").debug("not shown")
        structlog.get_logger("another of its own").info("ours", number=3)
    finally:
        root.setLevel(level)
        structlog.reset_defaults()
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert events == ["It failed", "ours"]
