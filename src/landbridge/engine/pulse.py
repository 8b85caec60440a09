"""What a bridge did over the last days: records, failures, calls by whom, and how fresh both sides are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from landbridge.store import alerts, ledger
from landbridge.store.alerts import Alert
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.ledger import OPERATIONS, RUNS_FAILED, Amount, Freshness, day_of
from landbridge.store.runs import Run
from landbridge.sync.model import Side
from landbridge.systems.base import Clock
from landbridge.systems.quota import Usage

DAYS = 30
DAY_SECONDS = 86_400.0
LEAST_SECONDS = 3600.0  # of a day, before its pace says something
PACE_SECONDS = 3.0  # of one stage, before its pace says something
CALLERS: Mapping[str, tuple[str, ...]] = {  # who used the quota, and the purposes of runs that count for it
    "sync": ("sync",),
    "live work": ("live", "poll"),
    "operations": (OPERATIONS,),
    "dry runs and undo": ("plan", "undo"),
}
"""Recipes are not told apart: what they call is part of the run that carried them out."""

UsagesOf = Callable[[Bridge], Mapping[Side, Usage]]


@dataclass(frozen=True, slots=True)
class Day:
    """Records of one day (UTC), contacts and activities together; ``failed`` could not be written."""

    day: str
    created: int = 0
    updated: int = 0
    other: int = 0  # opt-outs, tags and lists, deletes
    failed: int = 0
    failed_runs: int = 0

    @property
    def written(self) -> int:
        """All writes."""
        return self.created + self.updated + self.other


@dataclass(frozen=True, slots=True)
class Spending:
    """The calls of today to one system.

    ``by`` is ours, by caller. ``usage`` is the quota as this process knows it, None where it made no call;
    ``left`` is what HighLevel last said to be left of its day, ``left_at`` when. ``forecast`` is what ours
    come to by the end of the day (UTC) at the pace of the day so far, None while it is too early to tell.
    """

    side: Side
    by: Mapping[str, int]
    daily: int = 0  # how many there may be; 0 for no limit
    usage: Usage | None = None
    left: int | None = None
    left_at: float | None = None
    forecast: int | None = None

    @property
    def ours(self) -> int:
        """All calls of ours."""
        return sum(self.by.values())

    @property
    def used(self) -> int:
        """As HighLevel counts where that is known, so those of others are in it; else ours."""
        counted = self.daily - self.left if self.daily and self.left is not None else 0
        return max(self.ours, counted, self.usage.daily_used if self.usage and self.daily else 0)


@dataclass(frozen=True, slots=True)
class Pulse:
    """The last days of one bridge; ``days`` is oldest first and has each of the last 30."""

    days: Sequence[Day] = ()
    spending: Sequence[Spending] = ()
    freshness: Freshness = field(default_factory=Freshness)
    alerts: Sequence[Alert] = ()  # those that last
    seconds_left: float | None = None  # of the step that goes on, at its pace; None while that is not known


class Pulses:
    """Reads the last days of bridges from the store; ``usages_of`` are the quotas that this process keeps."""

    def __init__(self, database: Database, clock: Clock, usages_of: UsagesOf, daily: int) -> None:
        self._database = database
        self._clock = clock
        self._usages_of = usages_of
        self._daily = daily
        self._paces: dict[int, tuple[str, float, int]] = {}  # by bridge: stage, when first seen, done then

    async def of(self, bridge: Bridge, running: Run | None, told: Run | None) -> Pulse:
        """Now; ``running`` goes on, ``told`` is the newest run that knows what is left of HighLevel's day."""
        now = self._clock.now()
        async with self._database.read() as connection:
            amounts = await ledger.since(connection, bridge.id, day_of(now - (DAYS - 1) * DAY_SECONDS))
            fresh = await ledger.freshness(connection, bridge.id, now)
            known = await alerts.open_of(connection, bridge.id)
        return Pulse(
            days_of(amounts, now),
            self._spending(bridge, amounts, running, told, now),
            fresh,
            list(known.values()),
            self._left(bridge.id, running, now),
        )

    def _spending(
        self, bridge: Bridge, amounts: Sequence[Amount], running: Run | None, told: Run | None, now: float
    ) -> list[Spending]:
        usages = self._usages_of(bridge)
        found = []
        for side in Side:
            by = calls_of(amounts, side, day_of(now), running)
            one = Spending(side, by, usage=usages.get(side), forecast=forecast(sum(by.values()), now))
            found.append(replace(one, daily=self._daily) if side is Side.HIGHLEVEL else one)
        left = told.counts.get("quota_day_left") if told else None
        if told is not None and left is not None:
            at = told.ended_at or now
            if day_of(at) == day_of(now):  # that of another day says nothing of today's
                found[0] = replace(found[0], left=left, left_at=at)
        return found

    def _left(self, bridge_id: int, running: Run | None, now: float) -> float | None:
        """Seconds until the step that goes on is done, by what this process saw of it so far."""
        if running is None or not running.total:
            self._paces.pop(bridge_id, None)
            return None
        stage, since, done = self._paces.get(bridge_id, ("", now, 0))
        if stage != running.stage[:24] or running.done < done:
            stage, since, done = running.stage[:24], now, running.done
            self._paces[bridge_id] = (stage, since, done)
        made, took = running.done - done, now - since
        if made <= 0 or took < PACE_SECONDS:
            return None
        return max(running.total - running.done, 0) * took / made


def days_of(amounts: Sequence[Amount], now: float) -> list[Day]:
    """Each of the last 30 days, also those on which nothing happened."""
    tallies: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for amount in amounts:
        if amount.purpose not in ("plan", OPERATIONS):  # a dry run only counts what it would do
            tallies[amount.day][kind_of(amount.name)] += amount.number
    names = [day_of(now - back * DAY_SECONDS) for back in range(DAYS - 1, -1, -1)]
    kinds = ("created", "updated", "other", "failed", RUNS_FAILED)
    return [Day(name, *(tallies[name][kind] for kind in kinds)) for name in names]


def kind_of(name: str) -> str:
    """To which part of the chart a counter of runs belongs; empty for none."""
    if name in ("opted_out", "listed", "unlisted", "deleted") or name.endswith("_deleted"):
        return "other"
    for kind in ("created", "updated"):
        if name == kind or name.endswith(f"s_{kind}"):
            return kind
    return name if name in ("failed", RUNS_FAILED) else ""


def calls_of(amounts: Sequence[Amount], side: Side, day: str, running: Run | None) -> dict[str, int]:
    """Calls of a day to one system by caller; a run that goes on is counted with them."""
    key = f"calls_{side.value}"
    made = {(one.purpose): one.number for one in amounts if one.day == day and one.name == key}
    if running is not None:
        made[running.purpose] = made.get(running.purpose, 0) + running.counts.get(key, 0)
    return {name: sum(made.get(each, 0) for each in purposes) for name, purposes in CALLERS.items()}


def forecast(made: int, now: float) -> int | None:
    """What the calls of a day come to by its end in UTC, at the pace of the day so far."""
    gone = now % DAY_SECONDS
    return None if gone < LEAST_SECONDS else round(made * DAY_SECONDS / gone)
