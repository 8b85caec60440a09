"""Bridges that are being set up: what was typed, how the parts come together, and the switch at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from landbridge import mapping_file
from landbridge.engine.answers import NotPossible
from landbridge.engine.samples import Samples
from landbridge.store.bridges import Account, Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.setups import Setup, Setups
from landbridge.sync.model import Side
from landbridge.sync.scope import Scope
from landbridge.systems.base import Clock

LONGEST_NAME = 100  # as long as the name's column


class SetupBook:
    """Set-ups from their beginning to the switch; ``samples`` are the few contacts that are tried first."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pair: Callable[[str, str, str], Awaitable[Bridge]],
        start: Callable[[Bridge], None],
        samples: Samples,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pair = pair
        self._start = start
        self.samples = samples
        self._bridges = Bridges(database)
        self._setups = Setups(database)

    async def begin(self) -> Setup:
        """A new one, with nothing in it."""
        return await self._setups.begin(self._clock.now())

    async def find(self, key: str) -> Setup | None:
        """By ``new-3`` or the id of its bridge; None for one that is not there.

        A bridge that was not made by the wizard, and is not switched on, gets its set-up here.
        """
        found = await self._setups.find(key)
        if found is not None or not key.isdecimal() or len(key) > 9:  # as of the store's own ids
            return found
        bridge = await self._bridges.find(int(key))
        if bridge is None or bridge.live:
            return None
        made, now = await self.begin(), self._clock.now()
        for account in (bridge.highlevel, bridge.rezora):
            await self._setups.attach(made.id, account.side, account.id, now)
        await self._setups.pair(made.id, bridge.id, now)
        return await self._setups.find(key)

    async def started(self, session: str) -> int:
        """The set-up that a connect of this browser session was started for, 0 for none."""
        return (await self._bridges.started_by(session)).setup

    async def unfinished(self) -> list[Setup]:
        """Those whose bridge is not switched on yet."""
        return await self._setups.unfinished()

    async def keep(self, setup: Setup, step: str, values: Mapping[str, Any]) -> Setup:
        """Remember what was typed; a token or a password never comes here."""
        await self._setups.keep(setup.id, step, values, self._clock.now())
        return await self._again(setup)

    async def attach(self, setup: Setup, account: Account) -> Setup:
        """An account was connected for it, or chosen among those that are; both together make the bridge.

        Raises ``NotPossible`` for an account that another bridge has already.
        """
        bridges = await self._bridges.bridges()
        holder = next((one for one in bridges if account.id in (one.highlevel.id, one.rezora.id)), None)
        if holder is not None and holder.id != setup.bridge_id:
            raise NotPossible(
                f"{account.title or account.external_id} belongs to the bridge {holder.name} already.",
                "Choose another account, or go to that bridge.",
            )
        known = setup.accounts.get(account.side)
        if setup.bridge_id is not None and known is not None and known != account.id:
            raise NotPossible(
                f"This bridge was made with another account of {account.side.title}; that one stays.",
                "Begin a second set-up for the other account, or connect the same account again.",
            )
        await self._setups.attach(setup.id, account.side, account.id, self._clock.now())
        return await self._paired(await self._again(setup))

    async def set_scope(self, bridge: Bridge, scope: Scope, name: str = "", *, by: str = "") -> Bridge:
        """Whom the bridge is about, and how it is called; the rest of its mapping stays to the letter.

        Raises ``MappingError`` with nothing changed, and ``StoreFailure`` for a name that is taken.
        """
        text, named = mapping_file.scoped(bridge.policy, scope), _name(name) or bridge.name
        now = self._clock.now()
        return await self._bridges.create(named, bridge.highlevel, bridge.rezora, text, now, by=by)

    async def switch_on(self, bridge: Bridge, *, start: bool = True) -> Bridge:
        """The bridge runs from now on, beginning with its first whole sync; idempotent.

        ``start`` that sync here; without, it is for whoever serves, or for a person.
        """
        now = self._clock.now()
        await self._bridges.switch_on(bridge.id, now)
        await self._setups.finish(bridge.id, now)
        found = await self._bridges.by_id(bridge.id)
        if start and not bridge.live:
            self._start(found)
        return found

    async def close(self) -> None:
        """Stop what is under way."""
        await self.samples.close()

    async def _paired(self, setup: Setup) -> Setup:
        """Make the bridge once both accounts are there, under a name that is free."""
        if setup.bridge_id is not None or len(setup.accounts) < len(Side):
            return setup
        accounts = {account.id: account for account in await self._bridges.accounts()}
        highlevel, rezora = (accounts[setup.accounts[side]] for side in Side)
        taken = {bridge.name for bridge in await self._bridges.bridges()}
        wished = _name(highlevel.title) or highlevel.external_id
        names = (wished if number == 1 else f"{wished[: LONGEST_NAME - 4]} {number}" for number in count(1))
        named = next(name for name in names if name not in taken)
        bridge = await self._pair(named, highlevel.external_id, rezora.external_id)
        await self._setups.pair(setup.id, bridge.id, self._clock.now())
        return await self._again(replace(setup, bridge_id=bridge.id))

    async def _again(self, setup: Setup) -> Setup:
        found = await self._setups.find(setup.key)
        assert found is not None  # noqa: S101  # set-ups are never deleted
        return found


def _name(text: str) -> str:
    return " ".join(text.split())[:LONGEST_NAME]
