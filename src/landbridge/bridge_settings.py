"""What an owner or operator does to a bridge as a whole: its name, pause, data, people, and its accounts."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from landbridge.engine.answers import NotPossible
from landbridge.engine.crew import Crew
from landbridge.engine.erasure import Eraser
from landbridge.engine.own_archive import OwnArchive
from landbridge.engine.samples import Samples
from landbridge.engine.trials import Trials
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database, StoreFailure
from landbridge.store.driver import Drivers
from landbridge.store.vault import Vault
from landbridge.sync.model import Side
from landbridge.systems.base import Clock

LONGEST_NAME = 100  # as long as the column
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Disconnected:
    """An account without its credential: the sentence for people, and what is left to do elsewhere."""

    bridge: Bridge
    sentence: str
    fix: str


class BridgeSettings:
    """Changes to bridges of one store; ``eraser`` and ``archive`` are for the data of people."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        vault: Vault,
        crew: Crew,
        trials: Trials,
        samples: Samples,
        owner: str,
    ) -> None:
        self._bridges = Bridges(database)
        self._drivers = Drivers(database)
        self._clock = clock
        self._vault = vault
        self._crew = crew
        self._trials = trials
        self._samples = samples
        self.eraser = Eraser(database, clock, owner, self._forget)
        self.archive = OwnArchive(database, clock)

    def _forget(self, bridge: Bridge) -> None:
        self._trials.forget(bridge)
        self._samples.forget(bridge)

    async def rename(self, bridge: Bridge, name: str) -> Bridge:
        """Give it another name; raises ``StoreFailure`` for one that cannot be."""
        named = " ".join(name.split())
        if not named or len(named) > LONGEST_NAME:
            raise NotPossible(
                "Name: a bridge needs a name of 1 to 100 characters.",
                "Type a name, such as that of the office.",
            )
        await self._bridges.rename(bridge.id, named)
        return await self._bridges.by_id(bridge.id)

    async def pause(self, bridge: Bridge, *, by: str) -> Bridge:
        """Nothing starts on it any more; webhooks are still received, and looked at when it is resumed.

        What is under way runs to its end. Pausing a paused bridge changes nothing.
        """
        if bridge.paused_at is None:
            await self._bridges.pause(bridge.id, self._clock.now(), by)
            log.info("bridge_paused", bridge=bridge.id)
        return await self._bridges.by_id(bridge.id)

    async def resume(self, bridge: Bridge) -> Bridge:
        """Let it run again; what came meanwhile is carried at once, opt-outs first."""
        await self._bridges.pause(bridge.id, None)
        self._crew.wake(bridge.id)
        log.info("bridge_resumed", bridge=bridge.id)
        return await self._bridges.by_id(bridge.id)

    async def disconnect(self, bridge: Bridge, side: Side, typed: str, *, by: str) -> Disconnected:
        """Destroy the credential of one account; links, journal and opt-outs stay.

        ``typed`` must be the name of the bridge. Raises ``NotPossible`` for another word, and
        ``StoreFailure`` while another process works on the bridge with the credential in its memory.
        """
        if typed.strip() != bridge.name:
            raise NotPossible(
                "Name: what you typed is not the name of this bridge.",
                f"Type {bridge.name} to disconnect it.",
            )
        account = bridge.highlevel if side is Side.HIGHLEVEL else bridge.rezora
        now = self._clock.now()
        facts = {"disconnected_at": now, "disconnected_by": by}
        await self._bridges.add_facts(account.id, facts)  # first, so that nothing starts meanwhile
        self._trials.stop(bridge)
        await self._crew.stop(bridge.id)
        if await self._drivers.busy(bridge.id, now):
            await self._bridges.add_facts(account.id, {"disconnected_at": None})
            raise StoreFailure(
                "Another Landbridge process is working on this bridge; nothing was disconnected.",
                "Stop that command, or wait until its run has ended, then disconnect again.",
            )
        await self._vault.destroy(account.id)
        log.info("account_disconnected", bridge=bridge.id, side=side.value)
        sentence = f"{side.title} is disconnected, and its credential is destroyed here."
        return Disconnected(await self._bridges.by_id(bridge.id), sentence, REVOKED[side])


# highlevel.md 1.7 documents no call that revokes a token, and an uninstall that needs the scope oauth.write,
# which Landbridge never asks for; rezora.md knows user name and password only.
REVOKED = {
    Side.HIGHLEVEL: (
        "HighLevel documents no call that revokes a token, so end it there: uninstall the app from the"
        " location, or delete the token under Settings → Private Integrations."
    ),
    Side.REZORA: "Ask your Rezora account manager to change or end the API password.",
}
"""Where the access itself is ended: on its own side, not by us."""
