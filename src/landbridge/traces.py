"""Traces for OpenTelemetry: off unless an address is set; needs the extra ``otel``.

The tracer is our own and not the global one, so that no library adds spans of which we do not know what is
in them. No exception is recorded, as its words may be somebody's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.trace import INVALID_SPAN, NoOpTracer, Span, SpanKind, Status, StatusCode, Tracer, use_span

from landbridge import __version__
from landbridge.store.database import StoreFailure

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

Facts = Mapping[str, str | int | float | bool]


class Traces:
    """Spans of one process; those of a ``Traces`` without a provider are nothing and cost next to nothing."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer: Tracer = (
            NoOpTracer() if provider is None else provider.get_tracer("landbridge", __version__)
        )
        self._of_bridges: dict[int, Span] = {}

    @contextmanager
    def span(self, name: str, facts: Facts, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[Span]:
        """Everything inside belongs to it; it failed if something is raised, and says of that the kind."""
        if self._provider is None:
            yield INVALID_SPAN
            return
        made = self._tracer.start_span(name, kind=kind, attributes=dict(facts), record_exception=False)
        with use_span(made, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield made
            except BaseException as error:
                fail(made, type(error).__name__)
                raise

    @contextmanager
    def of_bridge(self, bridge_id: int, span: Span) -> Iterator[None]:
        """While this lasts the span is that of the bridge's run, also where the context was lost."""
        self._of_bridges[bridge_id] = span
        try:
            yield
        finally:
            self._of_bridges.pop(bridge_id, None)

    @contextmanager
    def within(self, bridge_id: int) -> Iterator[None]:
        """Spans inside belong to the bridge's run, whatever context this is called in."""
        span = self._of_bridges.get(bridge_id)
        if span is None:
            yield
            return
        with use_span(span, record_exception=False, set_status_on_exception=False):
            yield

    def close(self) -> None:
        """Send what is left; takes as long as the collector, a few seconds at most."""
        if self._provider is not None:
            self._provider.shutdown()


def fail(span: Span, kind: str) -> None:
    """Mark a span as failed, with the kind of the failure alone."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def traces_for(url: str, headers: Mapping[str, str], instance: str) -> Traces:
    """Traces that go to a collector by OTLP over HTTP; none where no address is set.

    ``instance`` tells this process from others. Raises ``StoreFailure`` without the extra.
    """
    if not url:
        return Traces()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise StoreFailure(
            "traces_url is set, and what sends traces is not installed.",
            "Install Landbridge with the extra `otel` (docs/operating.md), or remove traces_url.",
        ) from None
    exporter = OTLPSpanExporter(endpoint=url, headers=dict(headers), timeout=5)
    return Traces(provider_of(BatchSpanProcessor(exporter), instance))


def provider_of(processor: SpanProcessor, instance: str) -> TracerProvider:
    """A provider that hands its spans to one processor; what it says of itself names no machine."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    told = {"service.name": "landbridge", "service.version": __version__, "service.instance.id": instance}
    provider = TracerProvider(resource=Resource(told), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider
