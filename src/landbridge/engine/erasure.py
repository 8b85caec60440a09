"""Erasing one person: what will be removed is shown first; what an opt-out needs is all that stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.answers import NotPossible
from landbridge.store import contacts, erasures, journal
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.driver import Drivers
from landbridge.store.erasures import Person
from landbridge.store.journal import Entry
from landbridge.store.mentions import ERASED
from landbridge.sync.model import Side
from landbridge.systems.base import Clock

LONGEST = 254  # an e-mail address has no more
MOST = 20  # people who share an address
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is, or was, removed of one person: rows by what they are. ``remembered``: an opt-out stays."""

    name: str
    ids: Mapping[Side, str]
    rows: Mapping[str, int]
    remembered: bool

    @property
    def record_id(self) -> str:
        """The id it goes by: HighLevel's, if there is one."""
        return self.ids.get(Side.HIGHLEVEL) or self.ids[Side.REZORA]


class Eraser:
    """Takes people out of one store; ``owner`` names this process among the drivers.

    ``forget`` drops what this process keeps in memory of a bridge: tests of a mapping show names.
    """

    def __init__(
        self, database: Database, clock: Clock, owner: str, forget: Callable[[Bridge], None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._forget = forget
        self._drivers = Drivers(database)

    async def preview(self, bridge: Bridge, who: str) -> list[Erasure]:
        """Who has this id or e-mail address, and what would be removed of each; nothing is changed.

        Raises ``NotPossible`` where nobody is known by it.
        """
        async with self._database.read() as connection:
            found = []
            for ids in await self._people(connection, bridge, who):
                person = await erasures.person(connection, bridge.id, ids)
                found.append(await self._told(connection, bridge, person))
        return found

    async def erase(self, bridge: Bridge, record_id: str, *, by: str) -> Erasure:
        """Remove everything about the contact with this id, on whichever side; nothing is called.

        Raises ``NotPossible`` for an unknown id, and ``StoreFailure`` while a run works on the bridge: it
        might write again what it has in memory.
        """
        now = self._clock.now()
        lease = await self._drivers.take(bridge.id, self._owner, now)
        try:
            async with self._database.erasing() as connection:
                people = await self._people(connection, bridge, record_id)
                if len(people) != 1 or record_id not in people[0].values():
                    raise NotPossible("Erasing goes by one contact's id.", "Look it up by its address first.")
                person = await erasures.person(connection, bridge.id, people[0])
                done = await self._told(connection, bridge, person)
                await erasures.remove(connection, erasures.parts(connection.dialect.name, bridge.id, person))
                side, key = next(iter(person.ids.items()))
                note = f"{sum(done.rows.values()):,} rows or values, on the word of {by}"
                entry = Entry("erased", side, key, note=note, state=ERASED)
                await journal.write(connection, bridge.id, 0, [entry], now)
        finally:
            await self._drivers.release(lease)
        self._forget(bridge)
        log.info("person_erased", bridge=bridge.id, rows=sum(done.rows.values()))
        return done

    async def _people(
        self, connection: AsyncConnection, bridge: Bridge, who: str
    ) -> Sequence[Mapping[Side, str]]:
        who = who.strip()[:LONGEST]
        found: list[dict[Side, str]] = []
        for side, key in await erasures.matching(connection, bridge.id, who, MOST) if who else ():
            if any(ids.get(side) == key for ids in found):
                continue
            kept = await contacts.pair_of(connection, bridge.id, side, key)
            both = {each: kept.link.id(each) for each in Side} if kept else {side: key}
            found.append(both)
        if not found:
            raise NotPossible(
                "Nobody with this id or e-mail address is known here.",
                "Check it on the page “Contacts”; whoever was never read is not stored either.",
            )
        return found

    async def _told(self, connection: AsyncConnection, bridge: Bridge, person: Person) -> Erasure:
        rows = await erasures.counted(connection, erasures.parts(connection.dialect.name, bridge.id, person))
        remembered = await erasures.opted_out(connection, bridge.id, person.keys)
        return Erasure(person.name, person.ids, rows, remembered)
