"""How long history is kept, and the daily work that forgets what is older."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import retention
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.systems.base import Clock

DAY = 86_400.0
BATCH = 1_000  # rows forgotten in one transaction: webhooks and syncs go on between two of them
PAUSE_SECONDS = 0.2
FIRST_SECONDS = 60.0  # after the start, when whatever else has to be done first is under way

log = structlog.get_logger()

Prune = Callable[[AsyncConnection, float, int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Kept:
    """How many days each kind of history is kept."""

    journal: int
    inbox: int
    ledger: int
    logins: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back the journal of a bridge goes: undo reaches no further.

    ``days``: entries are kept so long. ``oldest``: the time of the oldest entry in epoch seconds,
    None where there is none.
    """

    days: int
    oldest: float | None


class Retention:
    """Forgets what is older than the settings say."""

    def __init__(self, database: Database, clock: Clock, kept: Kept) -> None:
        self._database = database
        self._clock = clock
        self.kept = kept

    async def reach(self, bridge: Bridge) -> Reach:
        """What of a bridge can still be undone."""
        async with self._database.read() as connection:
            return Reach(self.kept.journal, await retention.oldest_entry(connection, bridge.id))

    async def prune(self) -> dict[str, int]:
        """Forget everything that is old enough, in small transactions; how many rows of each kind."""
        gone: dict[str, int] = {}
        for name, (days, prune) in self._work().items():
            gone[name] = 0
            while number := await self._some(prune, self._clock.now() - days * DAY):
                gone[name] += number
                await self._clock.sleep(PAUSE_SECONDS)
        if any(gone.values()):
            log.info("history_forgotten", **gone)
        return gone

    def _work(self) -> Mapping[str, tuple[int, Prune]]:
        return {
            "journal": (self.kept.journal, retention.prune_journal),
            "runs": (self.kept.journal, retention.prune_runs),
            "inbox": (self.kept.inbox, retention.prune_inbox),
            "ledger": (self.kept.ledger, retention.prune_ledger),
            "logins": (self.kept.logins, retention.prune_logins),
        }

    async def _some(self, prune: Prune, before: float) -> int:
        async with self._database.write() as connection:
            return await prune(connection, before, BATCH)


async def keep_short(history: Retention, clock: Clock) -> None:
    """Runs until cancelled: once a day. What fails is told in the log, and comes again the next day."""
    await clock.sleep(FIRST_SECONDS)
    while True:
        try:
            await history.prune()
        except Exception:  # whatever it is, syncs go on
            log.exception("history_not_forgotten")
        await clock.sleep(DAY)
