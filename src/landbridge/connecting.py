"""Connecting accounts: each credential is tried before it is stored, and what was found is kept."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from landbridge.connections import Connections, NewGrant, RezoraLogin
from landbridge.settings import Settings
from landbridge.store.bridges import Account, Bridges, Started
from landbridge.store.database import StoreFailure
from landbridge.store.vault import Vault
from landbridge.systems.base import Capability, Clock, Grant, System, SystemFailure
from landbridge.systems.highlevel.config import authorise_url, scopes_for
from landbridge.systems.highlevel.tokens import exchange_code

TAGS_KEPT = 200  # of a location's tags, to choose from in the set-up


@dataclass(frozen=True, slots=True)
class Connected:
    """An account that was connected, and the set-up it was connected for, 0 for none."""

    account: Account
    setup: int = 0


class Connecting:
    """How accounts come in; ``App`` holds one."""

    def __init__(
        self,
        settings: Settings,
        connections: Connections,
        bridges: Bridges,
        vault: Vault,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._bridges = bridges
        self._vault = vault
        self._clock = clock
        self._rng = rng

    async def url(self, session: str, *, setup: int = 0, read_only: bool = False) -> str:
        """The consent page of HighLevel, with a one-time state bound to the browser session.

        ``read_only`` asks for scopes that read and for no other; the setting of that name is above it.
        """
        config = self._connections.highlevel_config(read_only=read_only)
        if not config.client_id or not config.client_secret:
            raise StoreFailure(
                "No HighLevel marketplace app is configured.",
                "Set highlevel_client_id and highlevel_client_secret (docs/install.md), or use a token.",
            )
        state = secrets.token_urlsafe(24)
        started = Started(setup, read_only)
        await self._bridges.start_connect(state, session, self._clock.now(), started)
        more = tuple(self._settings.highlevel_more_scopes.split())
        return authorise_url(config, state, scopes_for(read_only=config.read_only, more=more))

    async def finish(self, code: str, state: str, session: str) -> Connected:
        """The browser came back: check the state, exchange the code, keep the grant."""
        started = await self._bridges.finish_connect(state, session, self._clock.now())
        if started is None:
            raise StoreFailure(
                "This answer from HighLevel does not belong to a connect that was started in this browser.",
                "Start again with the Connect button; a started connect is good for 15 minutes, once.",
            )
        return Connected(await self.highlevel(code=code, read_only=started.read_only), started.setup)

    async def highlevel(
        self, *, token: str = "", location: str = "", code: str = "", read_only: bool = False
    ) -> Account:
        """With a Private Integration Token and its location, or with an OAuth code.

        ``read_only``: nothing is ever written there over this connection, whatever the grant would allow.
        Raises ``SystemFailure`` with nothing changed.
        """
        connections = self._connections
        if code:
            grant = await exchange_code(
                connections.highlevel_config(),
                code,
                http=connections.http(),
                clock=self._clock,
                rng=self._rng,
            )
        else:
            grant = Grant(kind="pit", access_token=token, location_id=location)
        system = connections.highlevel(grant.location_id, NewGrant(grant), read_only=read_only)
        try:
            capability = await system.probe()
            if capability.can_write:
                capability = replace(capability, marker_field=await system.make_marker())
            found = await _counted(system)
        finally:
            await system.close()
        return await self._keep(capability, grant, {**found, "read_only": read_only})

    async def rezora(self, username: str, password: str) -> Account:
        """With the API user name and password; tried before they are stored."""
        login = RezoraLogin(username, password)
        return await self._keep(await _probed(self._connections.rezora(login)), login)

    async def again(self, account: Account) -> str:
        """Use the stored credential once; a sentence on success, raises ``SystemFailure`` otherwise."""
        capability = await _probed(await self._connections.open(account))
        await self._bridges.set_trouble(account.id, "", "")
        return (
            f"Connected as {capability.title}; {'read and write' if capability.can_write else 'read only'}."
        )

    async def _keep(
        self,
        capability: Capability,
        credential: Grant | RezoraLogin,
        more: Mapping[str, object] | None = None,
    ) -> Account:
        known = {"side", "account", "title"}
        facts = {key: value for key, value in asdict(capability).items() if key not in known}
        account = await self._bridges.save_account(
            capability.side,
            capability.account,
            capability.title,
            {**facts, **(more or {})},
            self._clock.now(),
        )
        await self._vault.replace(account.id, credential)
        return account


async def _probed(system: System) -> Capability:
    try:
        return await system.probe()
    finally:
        await system.close()


async def _counted(system: System) -> dict[str, object]:
    """How many fields the owner made, and the tags there are: two reads, and no reason to refuse anybody.

    None where this connection may not read them.
    """
    found: dict[str, object] = {"custom_fields": None, "tags": None}
    try:
        found["custom_fields"] = len(await system.custom_fields())
        found["tags"] = sorted((tag.name for tag in await system.labels()), key=str.casefold)[:TAGS_KEPT]
    except SystemFailure:  # such as a scope that is missing: the account can be used all the same
        pass
    return found
