"""Every metric with its meaning, in one table, and the registry of one process that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from landbridge import __version__
from landbridge.store.inbox import Outcome
from landbridge.store.runs import EVERY_PURPOSE
from landbridge.sync.model import Side

CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
RUN_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0)
REQUEST_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
QUANTILES = (0.5, 0.9, 0.99, 1.0)
LOW_QUANTILES = (0.0, 0.1, 0.5)  # where little is bad: the worst one comes first

PROCESS, STORE, MOMENT = "this process", "the database", "this process, now"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: ``kind`` is counter, gauge or histogram; ``of`` is where its figure comes from."""

    name: str
    kind: str
    about: str
    labels: tuple[str, ...] = ()
    of: str = PROCESS
    buckets: tuple[float, ...] = ()
    values: str = ""  # what its labels may be, in words
    begins: tuple[tuple[str, ...], ...] = ()  # of each label, what shows as 0 before it happens


METRICS: tuple[Metric, ...] = (
    Metric("landbridge_build_info", "gauge", "1, with the version in force.", ("version",)),
    Metric(
        "landbridge_runs_total", "counter", "Runs that ended.", ("purpose", "outcome"),
        values="purpose: sync, live, poll, plan, undo. outcome: done, failed, braked (stopped to ask),"
        " not_begun (another process has the bridge, or nothing can be done yet), cut_off",
        begins=(EVERY_PURPOSE, ("done", "failed", "braked", "not_begun", "cut_off")),
    ),
    Metric(
        "landbridge_run_seconds", "histogram", "How long runs took that began.", ("purpose",),
        buckets=RUN_SECONDS,
    ),
    Metric(
        "landbridge_writes_total", "counter", "Changes that a system took: calls that write, answered 2xx.",
        ("system", "kind"),
        values="system: highlevel, rezora. kind: contact, tag, list, task, note, appointment, other",
    ),
    Metric(
        "landbridge_api_calls_total", "counter", "Calls to a system, each attempt.", ("system", "status"),
        values="status: 2xx, 3xx, 4xx, 429, 5xx, none (no answer came)",
        begins=(tuple(Side), ("2xx", "4xx", "429", "5xx", "none")),
    ),
    Metric(
        "landbridge_api_call_seconds", "histogram", "How long an attempt took, behind the quota.",
        ("system",), buckets=CALL_SECONDS,
    ),
    Metric(
        "landbridge_webhooks_total", "counter", "Webhooks that came.", ("outcome",),
        values="outcome: as in docs/webhooks.md", begins=(tuple(Outcome),),
    ),
    Metric(
        "landbridge_requests_total", "counter", "Requests to the pages and the API.", ("method", "status"),
        values="status: 2xx, 3xx, 4xx, 5xx",
    ),
    Metric(
        "landbridge_request_seconds", "histogram", "How long they took.", buckets=REQUEST_SECONDS,
    ),
    Metric(
        "landbridge_quota_left_ratio", "gauge",
        "Share of the day's calls that is left, over the accounts that this process spoke to.",
        ("system", "quantile"), MOMENT, values="quantile: 0 is the account with the least left, 0.1, 0.5",
    ),
    Metric(
        "landbridge_quota_paused_accounts", "gauge",
        "Accounts to which nothing is sent for a moment, because the system answered 429.",
        ("system",), MOMENT,
    ),
    Metric(
        "landbridge_resting_bridges", "gauge",
        "Bridges whose live work failed as a whole and waits before it is tried again.", (), MOMENT,
    ),
    Metric("landbridge_inbox_waiting", "gauge", "Webhooks that came and are not durable yet.", (), MOMENT),
    Metric(
        "landbridge_clock_skew_seconds", "gauge",
        "The clock of a system, by its newest answer, less ours; a second of it is rounding.",
        ("system",), MOMENT,
    ),
    Metric("landbridge_disk_free_bytes", "gauge", "Free space where the home folder is.", (), MOMENT),
    Metric("landbridge_database_up", "gauge", "1 if the database answered just now.", (), STORE),
    Metric(
        "landbridge_bridges", "gauge", "Bridges by state; one may be in several.", ("state",), STORE,
        values="state: all, busy, braked (a sync stopped to ask), cut_off (a sync was cut off and nobody"
        " goes on), never_synced, troubled (an account cannot be used)",
    ),
    Metric(
        "landbridge_sync_age_seconds", "gauge", "How long ago the newest good sync ended, over bridges.",
        ("quantile",), STORE, values="quantile: 0.5, 0.9, 0.99, 1",
    ),
    Metric(
        "landbridge_carried_seconds", "gauge",
        "How soon 99 of 100 changes of the last 24 hours were carried, over bridges.", ("quantile",), STORE,
        values="quantile: 0.5, 0.9, 0.99, 1",
    ),
    Metric("landbridge_due_records", "gauge", "Records that are to be looked at.", (), STORE),
    Metric(
        "landbridge_due_age_seconds", "gauge", "How long the first of them has waited, over bridges.",
        ("quantile",), STORE, values="quantile: 0.5, 0.9, 0.99, 1",
    ),
    Metric(
        "landbridge_holds_open", "gauge", "What waits for a person.", ("cause",), STORE,
        values="cause: as in docs/errors.md",
    ),
    Metric(
        "landbridge_alerts_open", "gauge", "Alerts that last.", ("cause",), STORE,
        values="cause: as in docs/alerts.md",
    ),
    Metric(
        "landbridge_accounts_troubled", "gauge", "Accounts that cannot be used now.", ("system",), STORE
    ),
    Metric(
        "landbridge_drivers", "gauge", "Leases of bridges.", ("state",), STORE,
        values="state: live, lost (nobody gave it back: its process died or hangs)",
    ),
    Metric(
        "landbridge_webhook_age_seconds", "gauge",
        "How long ago the newest webhook was stored; NaN before the first.",
        (), STORE,
    ),
)  # fmt: skip


class Metrics:
    """The metrics of one process, by name."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for each counter that nobody reads
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for one in METRICS:
            if one.kind == "counter":
                made = Counter(one.name, one.about, one.labels, registry=self.registry)
                self._counters[one.name] = made
                for labels in product(*one.begins) if one.begins else ():
                    made.labels(*labels)  # a rate does not see a series whose first value is 1
            elif one.kind == "gauge":
                self._gauges[one.name] = Gauge(one.name, one.about, one.labels, registry=self.registry)
            else:
                self._histograms[one.name] = Histogram(
                    one.name, one.about, one.labels, buckets=one.buckets, registry=self.registry
                )
        self.set("landbridge_build_info", {(__version__,): 1.0})

    def add(self, name: str, *labels: str) -> None:
        """One more of a counter."""
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc()

    def took(self, name: str, seconds: float, *labels: str) -> None:
        """One more observation of a histogram."""
        histogram = self._histograms[name]
        (histogram.labels(*labels) if labels else histogram).observe(seconds)

    def set(self, name: str, figures: Mapping[tuple[str, ...], float]) -> None:
        """A gauge's figures by its labels; what it showed before is gone."""
        gauge = self._gauges[name]
        if () in figures:
            gauge.set(figures[()])
            return
        gauge.clear()
        for labels, figure in figures.items():
            gauge.labels(*labels).set(figure)

    def text(self) -> bytes:
        """All of them, in the text format of Prometheus."""
        return generate_latest(self.registry)


def quantiles(figures: Sequence[float], wanted: Sequence[float] = QUANTILES) -> dict[tuple[str, ...], float]:
    """The figure below which such a share of all is, by share; nothing where there are none."""
    ordered = sorted(figures)
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {(f"{share:g}",): ordered[min(int(share * len(ordered)), last)] for share in wanted}
