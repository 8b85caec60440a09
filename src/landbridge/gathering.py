"""The figures of a moment for the metrics: from the database, and from what this process holds in memory."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from landbridge.connections import Connections
from landbridge.engine.crew import Crew
from landbridge.engine.receiver import Receiver
from landbridge.instruments import Instruments
from landbridge.metrics import LOW_QUANTILES, quantiles
from landbridge.store.database import Database
from landbridge.store.gauges import Gauges, gauges
from landbridge.sync.model import Side
from landbridge.systems.base import Clock

Labelled = dict[tuple[str, ...], float]

KEPT_SECONDS = 10.0  # several may scrape; with thousands of bridges the queries are worth sparing


class Gathering:
    """Brings the gauges up to date before they are read."""

    def __init__(
        self,
        home: Path,
        database: Database,
        clock: Clock,
        instruments: Instruments,
        connections: Connections,
        receiver: Receiver,
        crew: Crew,
    ) -> None:
        self._home = home
        self._database = database
        self._clock = clock
        self._instruments = instruments
        self._connections = connections
        self._receiver = receiver
        self._crew = crew
        self._turn = asyncio.Lock()
        self._read_at: float | None = None

    async def text(self) -> bytes:
        """All metrics as they are now; those of the database are ten seconds old at most."""
        async with self._turn:
            now = self._clock.monotonic()
            if self._read_at is None or not 0 <= now - self._read_at < KEPT_SECONDS:
                await self._read_store()
                self._read_at = now
        self._note_moment()
        return self._instruments.metrics.text()

    async def _read_store(self) -> None:
        """A database that does not answer costs its own figures and no others."""
        try:
            async with self._database.read() as connection:
                found, up = await gauges(connection, self._clock.now()), 1.0
        except (DBAPIError, OSError):
            found, up = Gauges(), 0.0
        metrics = self._instruments.metrics
        metrics.set("landbridge_database_up", {(): up})
        for name, by_label in (
            ("bridges", found.bridges),
            ("holds_open", found.holds),
            ("alerts_open", found.alerts),
            ("drivers", found.drivers),
            ("accounts_troubled", dict.fromkeys((side.value for side in Side), 0) | dict(found.troubled)),
        ):
            metrics.set(f"landbridge_{name}", {(label,): float(number) for label, number in by_label.items()})
        for name, figures in (
            ("sync_age_seconds", found.sync_ages),
            ("carried_seconds", found.carried),
            ("due_age_seconds", found.due_ages),
        ):
            metrics.set(f"landbridge_{name}", quantiles(figures))
        metrics.set("landbridge_due_records", {(): float(found.due)})
        age = found.webhook_age
        metrics.set("landbridge_webhook_age_seconds", {(): float("nan") if age is None else age})

    def _note_moment(self) -> None:
        metrics = self._instruments.metrics
        metrics.set("landbridge_inbox_waiting", {(): float(self._receiver.waiting)})
        metrics.set("landbridge_resting_bridges", {(): float(self._crew.resting)})
        skews: Labelled = {(side.value,): skew for side, skew in self._instruments.skews().items()}
        metrics.set("landbridge_clock_skew_seconds", skews)
        metrics.set("landbridge_disk_free_bytes", {(): float(shutil.disk_usage(self._home).free)})
        self._note_quotas()

    def _note_quotas(self) -> None:
        left: dict[Side, list[float]] = {side: [] for side in Side}
        paused = dict.fromkeys(Side, 0)
        for side, usage in self._connections.quotas():
            paused[side] += usage.paused_seconds > 0
            if usage.daily:
                left[side].append(usage.daily_left / usage.daily)
        metrics = self._instruments.metrics
        metrics.set("landbridge_quota_paused_accounts", {(side.value,): float(paused[side]) for side in Side})
        ratios = {
            (side.value, *label): ratio
            for side in Side
            for label, ratio in quantiles(left[side], LOW_QUANTILES).items()
        }
        metrics.set("landbridge_quota_left_ratio", ratios)
