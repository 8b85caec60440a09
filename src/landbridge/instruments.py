"""What is noted of each call, run and request while it happens: a count, how long it took, and a span."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from email.utils import parsedate_to_datetime

from opentelemetry.trace import SpanKind

from landbridge.engine.watching import RunSeen
from landbridge.metrics import Metrics
from landbridge.store.runs import Run
from landbridge.sync.model import Side
from landbridge.systems.base import Clock
from landbridge.systems.watching import Seen
from landbridge.traces import Facts, Traces, fail

_KINDS = {  # by a word of the route; the first that fits decides
    "notes": "note",
    "tasks": "task",
    "appointments": "appointment",
    "calendars": "appointment",
    "tags": "tag",
    "lists": "list",
    "contacts": "contact",
}

# Ends of routes that are asked by POST and change nothing; a test compares them with the table of operations.
_ASKING = ("/search", "/search/", "/search/filter-by-email", "/validate-slug")

_ALL_THE_TIME = ("/healthz", "/readyz", "/metrics", "/static/")

Answered = Callable[[str, int], None]
"""Takes the route of a request, with its places unfilled, and the status it was answered with."""


def _unseen(route: str, status: int) -> None:
    """Nobody looks."""


class Instruments:
    """The counters and spans of one process; ``clock`` says how long things take."""

    def __init__(self, clock: Clock, traces: Traces | None = None) -> None:
        self.metrics = Metrics()
        self.traces = traces or Traces()
        self._clock = clock
        self._dates: dict[Side, tuple[str, float]] = {}  # the newest ``Date`` of each side, and when it came

    @contextmanager
    def call(self, side: Side, method: str, route: str) -> Iterator[Seen]:
        """One attempt of one call to a system; see ``systems/watching.py``."""
        began, statuses = self._clock.monotonic(), [0]
        facts: Facts = {"landbridge.system": side.value, "http.request.method": method, "url.template": route}

        def seen(status: int, headers: Mapping[str, str]) -> None:
            statuses[0] = status
            span.set_attribute("http.response.status_code", status)
            if status >= 400:
                fail(span, str(status))
            if date := headers.get("date"):
                self._dates[side] = (date, self._clock.now())

        try:
            with self.traces.span(f"{method} {route}", facts, SpanKind.CLIENT) as span:
                yield seen
        finally:
            self._note_call(side, method, route, statuses[0], self._clock.monotonic() - began)

    @contextmanager
    def run(self, bridge_id: int, purpose: str, cause: str) -> Iterator[RunSeen]:
        """One run of a bridge, from before it begins; see ``engine/watching.py``."""
        began = self._clock.monotonic()
        ended: list[Run | None] = []
        facts: Facts = {
            "landbridge.bridge": bridge_id, "landbridge.purpose": purpose, "landbridge.cause": cause
        }  # fmt: skip
        try:
            with self.traces.span(purpose, facts) as span, self.traces.of_bridge(bridge_id, span):
                try:
                    yield ended.append
                finally:
                    run = ended[0] if ended else None
                    span.set_attribute("landbridge.outcome", _outcome(ended))
                    if run is not None:
                        span.set_attribute("landbridge.run", run.id)
                    if run is not None and run.state == "failed":
                        fail(span, "failed")
        finally:
            self.metrics.add("landbridge_runs_total", purpose, _outcome(ended))
            if run is not None:
                self.metrics.took("landbridge_run_seconds", self._clock.monotonic() - began, purpose)

    def step(self, bridge_id: int) -> AbstractContextManager[None]:
        """One step of a run, in whatever context; its spans belong to the run."""
        return self.traces.within(bridge_id)

    def webhook(self, outcome: str) -> None:
        """One that came."""
        self.metrics.add("landbridge_webhooks_total", outcome)

    @contextmanager
    def asked(self, method: str, path: str) -> Iterator[Answered]:
        """A request to the pages or the API; what asks all the time gets no span."""
        if path.startswith(_ALL_THE_TIME):
            yield _unseen
            return
        with self.traces.span(method, {"http.request.method": method}, SpanKind.SERVER) as span:

            def answered(route: str, status: int) -> None:
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    fail(span, str(status))

            yield answered

    def request(self, method: str, status: int, seconds: float) -> None:
        """One that was answered."""
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
        self.metrics.add("landbridge_requests_total", known, status_class(status))
        self.metrics.took("landbridge_request_seconds", seconds)

    def skews(self) -> dict[Side, float]:
        """By how many seconds the clock of each system was ahead of ours, by its newest answer."""
        found = {}
        for side, (date, at) in self._dates.items():
            try:
                found[side] = parsedate_to_datetime(date).timestamp() - at
            except ValueError:  # not a date of HTTP: nothing is known
                continue
        return found

    def _note_call(self, side: Side, method: str, route: str, status: int, seconds: float) -> None:
        known = "429" if status == 429 else status_class(status)
        self.metrics.add("landbridge_api_calls_total", side.value, known)
        self.metrics.took("landbridge_api_call_seconds", seconds, side.value)
        if 200 <= status < 300 and writes(method, route):
            self.metrics.add("landbridge_writes_total", side.value, kind_of(route))


def status_class(status: int) -> str:
    """A status as 2xx and so on; none for 0."""
    return f"{status // 100}xx" if status else "none"


def writes(method: str, route: str) -> bool:
    """Whether such a call changes something in the system; a search and a token do not."""
    return method not in ("GET", "HEAD") and not route.endswith(_ASKING) and "/oauth/" not in route


def kind_of(route: str) -> str:
    """The kind of record that a route is about."""
    words = set(route.replace(".json", "").split("/"))
    return next((kind for word, kind in _KINDS.items() if word in words), "other")


def _outcome(ended: list[Run | None]) -> str:
    if not ended:
        return "cut_off"
    return "not_begun" if ended[0] is None else ended[0].state
