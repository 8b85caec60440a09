"""Is the database older than the world? Noticed before a run begins, and remembered until a sync compared."""

from __future__ import annotations

from landbridge.engine.waterline import Waterline
from landbridge.engine.work import Stage
from landbridge.store import restored
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.driver import Drivers, Lease
from landbridge.store.runs import Runs
from landbridge.systems.base import Clock

NOTICED = "This database is an older copy: what is kept beside it knows of newer runs."
SAID = "Somebody said that this database is an older copy."


class Doubts:
    """What each run asks before it begins."""

    def __init__(self, database: Database, waterline: Waterline, clock: Clock) -> None:
        self._database = database
        self._drivers = Drivers(database)
        self._runs = Runs(database)
        self._waterline = waterline
        self._clock = clock

    async def take(self, bridge: Bridge, owner: str) -> Lease:
        """Become its driver, with a fence that no driver before a restore had."""
        above = self._waterline.tide(bridge.id) // 2
        return await self._drivers.take(bridge.id, owner, self._clock.now(), above=above)

    async def notice(self, bridge: Bridge, lease: Lease, *, said: bool = False) -> bool:
        """Must nothing of the database be believed in this run?

        An older copy is told by what is kept beside it, or a person said so: then the bridge is marked,
        whatever the run is for, so that no number of runs makes the copy look newer than it is.
        """
        tide, highest = self._waterline.tide(bridge.id), self._waterline.read(bridge.id)
        behind = lease.found < tide or await self._runs.newest_id(bridge.id) < highest
        if behind or said:
            now = self._clock.now()
            async with self._database.write() as connection:
                words = NOTICED if behind else SAID
                await restored.mark(connection, bridge.id, now, words, above=highest)
        async with self._database.read() as connection:
            doubtful = await restored.in_doubt(connection, bridge.id)
        self._waterline.raise_tide(bridge.id, lease.taken)
        return doubtful or await self._left_over(bridge)

    async def give_back(self, lease: Lease) -> None:
        """In the database first: a tide that is higher beside it tells a restored copy."""
        await self._drivers.release(lease)
        self._waterline.raise_tide(lease.bridge_id, lease.given_back)

    async def _left_over(self, bridge: Bridge) -> bool:
        """Did the newest sync doubt what the database says, and come to no good end? Earlier versions made no
        other mark.
        """
        newest = await self._runs.newest_of(bridge.id, "sync")
        stopped = newest is not None and newest.state not in ("running", "done") and newest.stage
        return bool(stopped and newest and Stage.read(newest.stage).doubt)
