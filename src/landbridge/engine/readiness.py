"""Whether this process can do its work now: what a load balancer asks before it sends anybody here."""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import DBAPIError

from landbridge.store import revision
from landbridge.store.database import Database
from landbridge.store.vault import Vault
from landbridge.systems.base import Clock

ANSWER_SECONDS = 3.0  # so long the database may take
KEPT_SECONDS = 1.0  # anybody may ask, so the database is asked once a second at most

STOPPING = "Landbridge is stopping."
NO_DATABASE = "The database does not answer."
OTHER_SCHEMA = "The database has the schema of another version."
OTHER_KEY = "The key does not open what is stored."


class Readiness:
    """What stands in the way of work; nothing that it says is a secret, as anybody may ask."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._stopping = False
        self._found: tuple[str, ...] = ()
        self._found_at: float | None = None
        self._turn = asyncio.Lock()

    async def stop(self, seconds: float = 0.0) -> None:
        """From now on nobody new should be sent here; returns when whoever sends them had time to see it."""
        self._stopping = True
        if seconds:
            await self._clock.sleep(seconds)

    async def lacks(self) -> tuple[str, ...]:
        """A sentence for each thing that is not as it must be; none when all is well."""
        async with self._turn:
            now = self._clock.monotonic()
            if self._found_at is None or not 0 <= now - self._found_at < KEPT_SECONDS:
                self._found, self._found_at = await self._look(), now
        return ((STOPPING,) if self._stopping else ()) + self._found

    async def _look(self) -> tuple[str, ...]:
        try:
            # Of the event loop, not of our clock: this is how long somebody stays on the line.
            async with asyncio.timeout(ANSWER_SECONDS):
                async with self._database.read() as connection:
                    same = await revision.current(connection) == revision.newest()
                fits = same and await self._vault.fits()
        except (DBAPIError, OSError, TimeoutError):
            return (NO_DATABASE,)
        if not same:
            return (OTHER_SCHEMA,)
        return () if fits else (OTHER_KEY,)
