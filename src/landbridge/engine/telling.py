"""Alerts kept and told: opened once, told once while they last, closed when their cause is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from landbridge.engine.alerts import DUE_SECONDS, TITLES, Calls, Facts, Judged, judge
from landbridge.engine.schedule import Timetable
from landbridge.store import alerts
from landbridge.store.alerts import NOTICE, Alert
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.driver import Drivers
from landbridge.store.runs import Runs
from landbridge.systems.base import Clock
from landbridge.systems.channel import Channel, ChannelFailure, Message

CHECK_SECONDS = 60.0
REMIND_SECONDS = 86_400.0
STALLED_INTERVALS = 3
PATIENCE_SECONDS = 900.0  # after a start of ours, or a jump of the clock, a sync may be about to come
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 60.0, 3600.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tried:
    """What one channel did with a message; empty texts when it took it."""

    channel: str
    sentence: str = ""
    fix: str = ""


class Alerts:
    """Looks at all bridges and tells people, through each channel, until it took the message."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        timetable: Timetable,
        channels: Sequence[Channel],
        *,
        calls_of: Callable[[Bridge], Sequence[Calls]],
        hold_hours: float,
        address: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._timetable = timetable
        self._channels = channels
        self._calls_of = calls_of
        self._hold_hours = hold_hours
        self._address = address
        self._bridges = Bridges(database)
        self._runs = Runs(database)
        self._drivers = Drivers(database)
        self._stalled_since: dict[int, float] = {}  # by bridge, on the clock that never jumps
        self._next_try: dict[int, float] = {}  # by alert, on the same clock
        self._taken: dict[int, set[str]] = {}  # which channels took an alert that another did not take yet

    async def check(self) -> None:
        """Open, close, tell: one look at every bridge."""
        bridges = {bridge.id: bridge for bridge in await self._bridges.bridges()}
        for bridge in bridges.values():
            await self._judge(bridge)
        await self._tell(bridges)

    async def recent(self, bridge: Bridge, count: int = 50) -> list[Alert]:
        """The newest alerts, those that last first."""
        async with self._database.read() as connection:
            return await alerts.recent(connection, bridge.id, count)

    async def try_channels(self) -> list[Tried]:
        """Send a test through each channel, and say what became of it."""
        message = Message(
            "Landbridge: a test", f"This is a test of the alerts; all is well.\n{self._address}\n"
        )
        return [await _sent(channel, message) for channel in self._channels]

    async def _judge(self, bridge: Bridge) -> None:
        now = self._clock.now()
        facts = await self._facts(bridge, now)
        async with self._database.read() as connection:
            known = await alerts.open_of(connection, bridge.id)
        found = {each.cause: each for each in judge(facts, now, self._hold_hours)}
        if self._too_early(bridge.id, found.get("stalled"), known):
            del found["stalled"]
        gone = [known[cause] for cause in known.keys() - found.keys() if not cause.startswith(NOTICE)]
        if not found and not gone:
            return
        async with self._database.write() as connection:
            for each in found.values():
                await alerts.raise_alert(connection, bridge.id, each.cause, each.sentence, each.fix, now)
            for alert in gone:
                await alerts.close_alert(connection, alert, now)
        for each in found.values():
            if each.cause not in known:
                log.warning("alert_opened", bridge=bridge.id, cause=each.cause)
        for alert in gone:
            self._forget(alert.id)
            log.info("alert_closed", bridge=bridge.id, cause=alert.cause)

    async def _facts(self, bridge: Bridge, now: float) -> Facts:
        newest = next(iter(await self._runs.recent(bridge.id, 1)), None)
        since = await self._runs.synced_until(bridge.id)
        late = None
        if since is not None and not bridge.stopped:  # nobody expects a sync of one that was stopped
            late = await self._timetable.late_after(bridge, since, STALLED_INTERVALS)
        async with self._database.read() as connection:
            holds = await alerts.holds_before(connection, bridge.id, now - self._hold_hours * 3600)
            due = await alerts.due_before(connection, bridge.id, now - DUE_SECONDS)
        return Facts(
            accounts=(bridge.highlevel, bridge.rezora),
            newest=newest,
            newest_sync=await self._runs.newest_of(bridge.id, "sync"),
            late_after=late,
            driven=await self._drivers.busy(bridge.id, now),
            old_holds=holds,
            late_records=0 if bridge.stopped else due,
            calls=tuple(self._calls_of(bridge)),
        )

    def _too_early(self, bridge_id: int, stalled: Judged | None, known: dict[str, Alert]) -> bool:
        """Not until we have watched it for a while: the machine may just have been switched on (L10)."""
        if stalled is None:
            self._stalled_since.pop(bridge_id, None)
            return False
        since = self._stalled_since.setdefault(bridge_id, self._clock.monotonic())
        return "stalled" not in known and self._clock.monotonic() - since < PATIENCE_SECONDS

    async def _tell(self, bridges: dict[int, Bridge]) -> None:
        if not self._channels:
            return
        async with self._database.read() as connection:
            waiting = await alerts.untold(connection, self._clock.now() - REMIND_SECONDS)
        for alert in waiting:
            bridge = bridges.get(alert.bridge_id)
            if bridge is not None and self._next_try.get(alert.id, 0.0) <= self._clock.monotonic():
                await self._tell_one(alert, message_of(alert, bridge, self._address))

    async def _tell_one(self, alert: Alert, message: Message) -> None:
        taken = self._taken.setdefault(alert.id, set())
        for channel in self._channels:
            if channel.name in taken:
                continue
            tried = await _sent(channel, message)
            if tried.sentence:
                log.warning("alert_not_told", alert=alert.id, channel=channel.name, why=tried.sentence)
            else:
                taken.add(channel.name)
        told = len(taken) == len(self._channels)
        async with self._database.write() as connection:
            if told:
                await alerts.note_told(connection, alert.id, self._clock.now())
            else:
                await alerts.note_failed(connection, alert.id)
        if told:
            self._forget(alert.id)
        else:
            pause = min(RETRY_SECONDS * 2 ** min(alert.attempts, 10), LONGEST_RETRY_SECONDS)
            self._next_try[alert.id] = self._clock.monotonic() + pause

    def _forget(self, alert_id: int) -> None:
        self._taken.pop(alert_id, None)
        self._next_try.pop(alert_id, None)


def message_of(alert: Alert, bridge: Bridge, address: str) -> Message:
    """What people read: the bridge's name, the sentence, the fix and a link; nobody's record."""
    notice = alert.cause.startswith(NOTICE)
    title = "a recipe has news for you" if notice else TITLES.get(alert.cause, alert.cause)
    link = f"{address}/bridges/{bridge.id}"
    if alert.closed_at is not None:
        text = f"All well again: this is over.\n{alert.sentence}\n\n{link}\n"
        return Message(f"Landbridge, {bridge.name}: all well again ({title})", text)
    still = "Still so: " if alert.sent_at is not None else ""
    return Message(
        f"Landbridge, {bridge.name}: {title}", f"{still}{alert.sentence}\nWhat to do: {alert.fix}\n\n{link}\n"
    )


async def keep_watch(watch: Alerts, clock: Clock) -> None:
    """Runs until cancelled: looks every minute. A look that fails is told in the log, and repeated."""
    while True:
        try:
            await watch.check()
        except Exception:  # whatever it is, syncs go on, and the next look may succeed
            log.exception("alerts_not_checked")
        await clock.sleep(CHECK_SECONDS)


async def _sent(channel: Channel, message: Message) -> Tried:
    try:
        await channel.send(message)
    except ChannelFailure as failure:
        return Tried(channel.name, failure.sentence, failure.fix)
    return Tried(channel.name)
