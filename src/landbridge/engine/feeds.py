"""Private calendars of bridges: made, shown, made anew, revoked, and read by whoever has the address."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from landbridge.engine.answers import NotPossible
from landbridge.engine.calendar_feed import Agenda, Reminders, print_of, write_calendar
from landbridge.store import activities, feeds
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database, StoreFailure
from landbridge.store.feeds import Feed
from landbridge.store.vault import Vault
from landbridge.sync.model import Kind, Side
from landbridge.systems.base import Clock

log = structlog.get_logger()

DAY = 86_400.0
BACK, AHEAD = 60 * DAY, 400 * DAY
"""What of the past and of the future is in a calendar, in seconds."""

REPEATING_BACK = 5 * 365 * DAY  # appointments that repeat may have begun so long ago
MOST = 5_000  # entries of one calendar, the soonest first
PATH = "/feeds/"
SECRET_BYTES = 32  # 256 bits

# Built from HighLevel's side: what both sides have is there once, under HighLevel's words. What only Rezora
# has belongs here as a second side, without the activities that a link says HighLevel has too.
SIDE = Side.HIGHLEVEL


@dataclass(frozen=True, slots=True)
class CalendarAddress:
    """The private address of a bridge's calendar; ``address`` is blank where there is none.

    Times are epoch seconds; ``read_at`` is None before a calendar program first read it.
    """

    address: str = ""
    created_at: float = 0.0
    read_at: float | None = None


@dataclass(frozen=True, slots=True)
class WrittenCalendar:
    """One calendar as bytes (text/calendar, UTF-8); equal content has an equal ``print``."""

    content: bytes
    print: str


class Feeds:
    """The calendars of one store; ``address`` is where this Landbridge is reached (``public_url``)."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        address: str,
        reminders: Reminders | None = None,
        new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(SECRET_BYTES),
    ) -> None:
        self._database = database
        self._bridges = Bridges(database)
        self._vault = vault
        self._clock = clock
        self._address = address
        self._reminders = reminders or Reminders()
        self._new_secret = new_secret

    async def show(self, bridge: Bridge) -> CalendarAddress:
        """The address and when it was read; raises ``StoreFailure`` where it was sealed with another key."""
        async with self._database.read() as connection:
            feed = await feeds.of_bridge(connection, bridge.id)
        if feed is None:
            return CalendarAddress()
        secret = self._opened(feed)
        return CalendarAddress(f"{self._address}{PATH}{secret}.ics", feed.created_at, feed.read_at)

    async def renew(self, bridge: Bridge) -> CalendarAddress:
        """A new address; one that there was before answers nothing any more, from now on."""
        secret, now = self._new_secret(), self._clock.now()
        sealed = self._vault.seal(secret, feeds.purpose(bridge.id))
        async with self._database.write() as connection:
            await feeds.save(connection, bridge.id, secret, sealed, now)
        log.info("calendar_made", bridge=bridge.id)
        return CalendarAddress(f"{self._address}{PATH}{secret}.ics", now)

    async def revoke(self, bridge: Bridge) -> None:
        """The address answers nothing any more; raises ``NotPossible`` where there is none."""
        async with self._database.write() as connection:
            there = await feeds.revoke(connection, bridge.id)
        if not there:
            raise NotPossible("This bridge has no calendar address.", "Nothing to do.")
        log.info("calendar_revoked", bridge=bridge.id)

    async def read(self, secret: str, *, tasks_as_events: bool = False) -> WrittenCalendar | None:
        """The calendar with that secret in its address; None for an unknown one, whatever the reason."""
        now = self._clock.now()
        async with self._database.read() as connection:
            feed = await feeds.of_secret(connection, secret)
        bridge = None if feed is None else await self._bridge(feed)
        if feed is None or bridge is None:
            return None
        agenda = await self._agenda(bridge, now)
        content = await asyncio.to_thread(  # thousands of entries take a second
            write_calendar, agenda, now, self._reminders, tasks_as_events=tasks_as_events
        )
        if feed.read_at is None or now - feed.read_at >= feeds.READ_EVERY:
            async with self._database.write() as connection:
                await feeds.note_read(connection, bridge.id, now)
        return WrittenCalendar(content, print_of(content))

    def _opened(self, feed: Feed) -> str:
        """The secret part of the address."""
        try:
            return self._vault.opened(feed.sealed, feeds.purpose(feed.bridge_id), str)
        except StoreFailure:
            raise StoreFailure(
                "The address of this calendar was sealed with another key, so it cannot be shown.",
                "Put the old LANDBRIDGE_KEY or key file back, or make a new address.",
            ) from None

    async def _bridge(self, feed: Feed) -> Bridge | None:
        return await self._bridges.find(feed.bridge_id)

    async def _agenda(self, bridge: Bridge, now: float) -> Agenda:
        start, end = now - BACK, now + AHEAD
        kinds = (Kind.TASK, Kind.APPOINTMENT)
        async with self._database.read() as connection:
            found = await activities.between(connection, bridge.id, SIDE, kinds, start, end, MOST)
            earlier = await feeds.repeating(connection, bridge.id, SIDE, start - REPEATING_BACK, start)
            people = {one.contact_id for one in (*earlier, *found)}
            names = await feeds.names(connection, bridge.id, SIDE, people)
        zone = str(bridge.highlevel.capability.get("time_zone", ""))
        return Agenda(f"{bridge.name} – Landbridge", zone, [*earlier, *found], names)
