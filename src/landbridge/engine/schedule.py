"""When runs start by themselves: what was cut off first, then every bridge once an interval."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.runs import Runs
from landbridge.systems.base import Clock

PAUSE_SECONDS = 5.0

log = structlog.get_logger()


async def keep_in_step(
    bridges: Bridges,
    runs: Runs,
    clock: Clock,
    interval_seconds: float,
    unfinished: Callable[[], Awaitable[list[Bridge]]],
    start: Callable[[Bridge], None],
) -> None:
    """Runs until cancelled: starts what is due, looks again every few seconds.

    A bridge is due an interval after its newest sync began; one that never synced waits for a person, who
    looks at the plan first, and so does one that the brake stopped.
    """
    while True:
        due = {bridge.id: bridge for bridge in await unfinished()}
        for bridge in await bridges.bridges():
            newest = next((run for run in await runs.recent(bridge.id) if run.purpose == "sync"), None)
            settled = newest is not None and newest.state in ("done", "failed")
            if newest and settled and clock.now() - newest.started_at >= interval_seconds:
                due[bridge.id] = bridge
        for bridge in due.values():
            log.info("run_started", bridge=bridge.id, cause="schedule")
            start(bridge)
        await clock.sleep(PAUSE_SECONDS)
