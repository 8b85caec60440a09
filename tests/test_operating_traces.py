"""Traces: what becomes a span, what belongs to what, and that nobody is in them."""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from opentelemetry import context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from landbridge.instruments import Instruments
from landbridge.settings import SettingsError, load_settings
from landbridge.store.database import StoreFailure
from landbridge.sync.model import Side
from landbridge.systems.base import Unreachable
from landbridge.traces import Traces, provider_of, traces_for
from landbridge.web.site import build_site
from landbridge_rig import landbridge
from systems_fakes import InstantClock
from web_client import Client, let_in

CANARY = "ada.canary@example.com"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traces(exporter: InMemorySpanExporter) -> Iterator[Traces]:
    made = Traces(provider_of(SimpleSpanProcessor(exporter), "test"))
    yield made
    made.close()


def facts(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def parent(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def own(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


async def test_a_sync_is_a_span_and_its_calls_belong_to_it(
    tmp_path: Path, traces: Traces, exporter: InMemorySpanExporter
) -> None:
    async with landbridge(tmp_path, 12) as rig:
        rig.app.operating.instruments.traces = traces
        browser = Client(build_site(let_in(rig.app)))
        await rig.app.sync(rig.bridge, cause="command")
        await browser.get(f"/bridges/{rig.bridge.id}", x_landbridge=CANARY)
        await browser.get("/healthz")
        spans = exporter.get_finished_spans()
        shown = "\n".join(span.to_json() for span in spans)
        (run,) = [span for span in spans if span.name == "sync"]
        calls = [span for span in spans if span.kind is SpanKind.CLIENT]
        (asked,) = [span for span in spans if span.kind is SpanKind.SERVER]
        assert len(spans) == len(calls) + 2
        assert facts(run) == {
            "landbridge.bridge": rig.bridge.id,
            "landbridge.purpose": "sync",
            "landbridge.cause": "command",
            "landbridge.outcome": "done",
            "landbridge.run": 1,
        }
        assert len(calls) > 5
        assert {parent(call) for call in calls} == {own(run)}
        search = next(call for call in calls if call.name == "POST /contacts/search")
        assert facts(search) == {
            "landbridge.system": "highlevel",
            "http.request.method": "POST",
            "url.template": "/contacts/search",
            "http.response.status_code": 200,
        }
        assert asked.name == "GET /bridges/{bridge_id:int}"
        assert facts(asked)["http.response.status_code"] == 200
        assert parent(asked) is None
        assert CANARY not in shown
        for person in [*rig.highlevel_contacts(), *rig.rezora_contacts()]:
            for name in ("email", "phone", "lastName", "id", "contact_email", "contact_id"):
                value = str(person.get(name) or "")
                assert not value or f'"{value}"' not in shown
                assert "@" not in value or value not in shown


def test_a_failure_shows_its_kind_and_none_of_its_words(
    traces: Traces, exporter: InMemorySpanExporter
) -> None:
    instruments = Instruments(InstantClock(), traces)
    with pytest.raises(Unreachable), instruments.call(Side.REZORA, "GET", "/contacts.json"):
        raise Unreachable(CANARY)
    with instruments.call(Side.HIGHLEVEL, "PUT", "/contacts/{contact}") as seen:
        seen(422, {})
    with pytest.raises(ValueError, match="canary"), instruments.run(3, "live", "event"):
        raise ValueError(CANARY)
    lost, refused, run = exporter.get_finished_spans()
    for span in (lost, refused, run):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
        assert span.events == ()
        assert CANARY not in span.to_json()
    assert [facts(span)["error.type"] for span in (lost, refused, run)] == [
        "Unreachable",
        "422",
        "ValueError",
    ]
    assert facts(run)["landbridge.outcome"] == "cut_off"


def test_a_step_in_another_context_still_belongs_to_its_run(
    traces: Traces, exporter: InMemorySpanExporter
) -> None:
    instruments = Instruments(InstantClock(), traces)
    with instruments.run(3, "sync", "page"):
        token = context.attach(context.Context())  # as DBOS does
        assert not get_current_span().get_span_context().is_valid
        with instruments.step(3), instruments.call(Side.REZORA, "GET", "/lists.json"):
            pass
        with instruments.step(4), instruments.call(Side.REZORA, "GET", "/lists.json"):
            pass
        context.detach(token)
    mine, other, run = exporter.get_finished_spans()
    assert parent(mine) == own(run)
    assert parent(other) is None
    with instruments.step(3):
        assert not get_current_span().get_span_context().is_valid


def test_without_an_address_nothing_is_made(exporter: InMemorySpanExporter) -> None:
    off = traces_for("", {}, "test")
    with Instruments(InstantClock(), off).call(Side.REZORA, "GET", "/lists.json") as seen:
        assert not get_current_span().get_span_context().is_valid
        seen(200, {})
    off.close()


def test_an_address_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(StoreFailure) as refused:
        traces_for("http://127.0.0.1:4318/v1/traces", {}, "test")
    assert "`otel`" in refused.value.fix


async def test_spans_reach_a_collector_with_its_header() -> None:
    came: list[tuple[str, str, bytes]] = []

    async def collect(request: web.BaseRequest) -> web.Response:
        came.append((request.path, request.headers.get("x-key", ""), gunzipped(await request.read())))
        return web.Response()

    async with RawTestServer(collect) as server:
        made = traces_for(str(server.make_url("/v1/traces")), {"x-key": "secret"}, "test")
        with made.span("sync", {"landbridge.bridge": 1}):
            pass
        await asyncio.to_thread(made.close)
    ((path, key, body),) = came
    assert (path, key) == ("/v1/traces", "secret")
    for told in (b"sync", b"landbridge.bridge", b"service.name"):
        assert told in body


def gunzipped(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


@pytest.mark.parametrize("headers", ["x-key", "x key=a", "x-key=", "x-key=a,=b", "x-key=a\nb"])
def test_headers_for_the_collector_are_checked_and_never_shown(headers: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({}, {"traces_headers": headers})
    assert "name=value with commas between" in str(refused.value)
    assert headers not in str(refused.value)
