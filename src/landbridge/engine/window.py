"""The brake of live work: changes that come one by one are weighed together over an hour (property S17)."""

from __future__ import annotations

from dataclasses import replace

from landbridge.engine.reconcile import Braked
from landbridge.engine.work import Work
from landbridge.store import activity_links, links, runs
from landbridge.sync.guard import EARLIER, NOTHING, Weight, weigh
from landbridge.sync.model import Kind

WINDOW = 3600.0  # seconds over which live changes are weighed together


async def brake(work: Work, **more: int) -> None:
    """Of contacts: ``overwrites``, ``gone``, ``leaving`` are what comes now."""
    async with work.database.read() as connection:
        linked = await links.count(connection, work.bridge.id)
        since = work.clock.now() - WINDOW
        counts = await runs.counted_since(connection, work.bridge.id, since, work.run_id)
    counts.update(work.progress.counts)
    counts.update(more)
    weight = Weight(
        linked=linked, overwrites=counts["overwrites"], missing=counts["gone"], leaving=counts["leaving"]
    )
    _stop_if_heavy(work, weight)
    work.progress.counts.update(more)


async def brake_activities(work: Work, kind: Kind, overwrites: int) -> None:
    """Of one kind of activities: so many would be replaced or deleted now."""
    key = f"{kind.value}s_overwritten"
    async with work.database.read() as connection:
        linked = await activity_links.count(connection, work.bridge.id, kind)
        since = work.clock.now() - WINDOW
        counts = await runs.counted_since(connection, work.bridge.id, since, work.run_id)
    number = counts[key] + work.progress.counts[key] + overwrites
    _stop_if_heavy(work, Weight(linked=linked, overwrites=number, what=f"linked {kind.value}s"))
    if overwrites:
        work.progress.counts[key] += overwrites


def _stop_if_heavy(work: Work, weight: Weight) -> None:
    accepted = work.outer is not None and work.outer.accept
    allowed = replace(work.config.brake, records=max(work.config.brake.records, work.config.live_records))
    if (sentence := weigh(allowed, weight)) and not accepted:
        raise Braked(sentence.replace(NOTHING, EARLIER).replace("This run", "Changes within an hour"))
