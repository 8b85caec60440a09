"""From a connected account to a system that can be spoken to: settings and vault meet the clients here."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec

from landbridge.engine.alerts import Calls
from landbridge.engine.calling import Calls as OperationCalls
from landbridge.settings import Settings
from landbridge.store.bridges import Account, Bridge
from landbridge.store.vault import Vault
from landbridge.sync.mapping import read_policy
from landbridge.sync.model import Side
from landbridge.sync.recipe_times import zone_of
from landbridge.sync.rules import Policy
from landbridge.systems.base import Clock, Grant, GrantStore, NotConnected, System
from landbridge.systems.highlevel.client import open_highlevel
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.highlevel.operations import open_calls
from landbridge.systems.http import HttpConfig
from landbridge.systems.quota import Quota, Usage
from landbridge.systems.rezora.client import RezoraSystem
from landbridge.systems.rezora.config import RezoraConfig
from landbridge.systems.rezora.operations import RezoraCalls
from landbridge.systems.transport import MakeTransport

CALLBACK = "/oauth/highlevel/callback"


class RezoraLogin(msgspec.Struct, frozen=True):
    """A Rezora credential in the clear; lives in memory only."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "RezoraLogin(…)"


class VaultGrants:
    """One HighLevel account's grant, sealed in the vault."""

    def __init__(self, vault: Vault, account_id: int, owner: str, clock: Clock) -> None:
        self._vault = vault
        self._account_id = account_id
        self._owner = owner
        self._clock = clock

    async def load(self) -> Grant:
        """The newest grant; raises ``NotConnected`` when there is none."""
        found = await self._vault.load(self._account_id, Grant)
        if found is None:
            raise NotConnected("This HighLevel location is not connected.", side=Side.HIGHLEVEL)
        grant, version = found
        return grant.with_version(version)

    async def save(self, grant: Grant, *, expected_version: int) -> Grant | None:
        """Store durably if nobody else did meanwhile."""
        version = await self._vault.save(self._account_id, grant, expected_version)
        return None if version is None else grant.with_version(version)

    async def begin_refresh(self, version: int, seconds: float) -> bool:
        """Take the one refresh slot of this grant, if the grant is still the one to refresh."""
        taken = await self._vault.begin_refresh(self._account_id, self._owner, self._clock.now(), seconds)
        if taken and (await self.load()).version != version:
            await self.end_refresh()
            return False
        return taken

    async def end_refresh(self) -> None:
        """Give the slot back."""
        await self._vault.end_refresh(self._account_id, self._owner)


class NewGrant:
    """A grant that is tried before it is stored anywhere; it is fresh, so it is never refreshed."""

    def __init__(self, grant: Grant) -> None:
        self._grant = grant

    async def load(self) -> Grant:
        """The grant."""
        return self._grant

    async def save(self, grant: Grant, *, expected_version: int) -> Grant | None:
        """Kept in memory only."""
        self._grant = grant.with_version(expected_version + 1)
        return self._grant

    async def begin_refresh(self, version: int, seconds: float) -> bool:
        """Nobody else knows this grant."""
        return version == self._grant.version and seconds > 0

    async def end_refresh(self) -> None:
        """Nothing was taken."""


class Connections:
    """Opens systems with the settings in force."""

    def __init__(
        self,
        settings: Settings,
        vault: Vault,
        clock: Clock,
        rng: random.Random,
        owner: str,
        transport: MakeTransport | None = None,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._vault = vault
        self._clock = clock
        self._rng = rng
        self._owner = owner
        self._quotas: dict[tuple[Side, str], Quota] = {}  # a quota is the account's, not the connection's

    def http(self) -> HttpConfig:
        """How calls are made."""
        settings = self._settings
        return HttpConfig(
            timeout_seconds=settings.http_timeout_seconds,
            attempts=settings.http_attempts,
            backoff_base_seconds=settings.backoff_base_seconds,
            backoff_cap_seconds=settings.backoff_cap_seconds,
            connections=settings.concurrency,
            transport=self._transport,
        )

    def highlevel_config(self, *, read_only: bool = False) -> HighLevelConfig:
        """Where HighLevel is, and who we are there; ``read_only`` for this connection at least."""
        settings = self._settings
        return HighLevelConfig(
            api_url=settings.highlevel_api_url,
            authorise_url=settings.highlevel_authorise_url,
            token_url=settings.highlevel_token_url,
            client_id=settings.highlevel_client_id,
            client_secret=settings.highlevel_client_secret.get_secret_value(),
            redirect_uri=settings.public_url.rstrip("/") + CALLBACK,
            version=settings.highlevel_version,
            page_size=settings.highlevel_page_size,
            read_only=read_only or settings.highlevel_read_only,
            refresh_margin_seconds=settings.refresh_margin_seconds,
        )

    def highlevel(
        self, location: str, grants: GrantStore, marker_field: str = "", *, read_only: bool = False
    ) -> System:
        """A location, with the grant from a store, and the id of the field that carries our marker."""
        quota = self._quota(Side.HIGHLEVEL, location)
        return open_highlevel(
            self.highlevel_config(read_only=read_only),
            grants,
            http=self.http(),
            quota=quota,
            clock=self._clock,
            rng=self._rng,
            marker_field=marker_field,
        )

    def policy_of(self, bridge: Bridge) -> Policy:
        """A bridge's mapping, one-way where its connection may only read HighLevel.

        Raises ``MappingError`` for a mapping that cannot be used.
        """
        return self.policy_from(bridge, bridge.policy)

    def policy_from(self, bridge: Bridge, mapping: str) -> Policy:
        """What this mapping file would mean for a bridge."""
        policy = read_policy(mapping)
        return policy if self.may_write(bridge) else policy.towards(Side.REZORA)

    def may_write(self, bridge: Bridge) -> bool:
        """Whether this bridge writes in HighLevel at all."""
        can_write = bridge.highlevel.capability.get("can_write", False)
        return bool(can_write) and not self._settings.highlevel_read_only

    def rezora(self, login: RezoraLogin, zone: str = "UTC") -> System:
        """An account, with its user name and password; ``zone`` is that of the clock of its times."""
        config, quota = self._rezora_config(login, zone), self._quota(Side.REZORA, login.username)
        return RezoraSystem(config, http=self.http(), quota=quota, clock=self._clock, rng=self._rng)

    def _rezora_config(self, login: RezoraLogin, zone: str = "UTC") -> RezoraConfig:
        return RezoraConfig(
            api_url=self._settings.rezora_api_url,
            username=login.username,
            password=login.password,
            put_partial=self._settings.rezora_put_partial,
            zone=zone_of(zone).key,
        )

    async def open(self, account: Account, zone: str = "UTC") -> System:
        """The system behind a connected account; raises ``NotConnected`` without a credential.

        ``zone`` is of use to a Rezora account only, whose times carry none.
        """
        if account.side is Side.HIGHLEVEL:
            grants = VaultGrants(self._vault, account.id, self._owner, self._clock)
            await grants.load()
            marker = account.capability.get("marker_field", "")
            return self.highlevel(account.external_id, grants, marker, read_only=_reads_only(account))
        return self.rezora(await self._login(account), zone)

    async def open_calls(self, account: Account) -> OperationCalls:
        """The operations of a connected account, on the same quota; raises ``NotConnected``."""
        quota, clock = self._quota(account.side, account.external_id), self._clock
        if account.side is Side.REZORA:
            config = self._rezora_config(await self._login(account))
            return RezoraCalls(config, http=self.http(), quota=quota, clock=clock, rng=self._rng)
        grants = VaultGrants(self._vault, account.id, self._owner, clock)
        grant = await grants.load()
        here = self.highlevel_config(read_only=_reads_only(account))
        return open_calls(here, grants, grant, http=self.http(), quota=quota, clock=clock, rng=self._rng)

    async def _login(self, account: Account) -> RezoraLogin:
        found = await self._vault.load(account.id, RezoraLogin)
        if found is None:
            raise NotConnected("This Rezora account is not connected.", side=Side.REZORA)
        return found[0]

    async def open_both(self, bridge: Bridge) -> Mapping[Side, System]:
        """Both systems of a bridge, or none of them; Rezora's clock is taken to be HighLevel's."""
        highlevel = await self.open(bridge.highlevel)
        try:
            rezora = await self.open(bridge.rezora, bridge.highlevel.capability.get("time_zone", ""))
        except BaseException:  # a caller who was stopped must not leave the first one open either
            await highlevel.close()
            raise
        return {Side.HIGHLEVEL: highlevel, Side.REZORA: rezora}

    def usages_of(self, bridge: Bridge) -> dict[Side, Usage]:
        """The quotas of a bridge's accounts, as far as this process has made calls."""
        found = {}
        for account in (bridge.highlevel, bridge.rezora):
            quota = self._quotas.get((account.side, account.external_id))
            if quota is not None:
                found[account.side] = quota.usage()
        return found

    def calls_of(self, bridge: Bridge) -> list[Calls]:
        """The day's calls of a bridge, as far as this process has seen them."""
        found = []
        for account in (bridge.highlevel, bridge.rezora):
            quota = self._quotas.get((account.side, account.external_id))
            if quota is not None:
                usage = quota.usage()
                found.append(Calls(account.side.title, usage.daily_used, usage.daily))
        return found

    def _quota(self, side: Side, account: str) -> Quota:
        settings = self._settings
        if (side, account) not in self._quotas:
            self._quotas[side, account] = (
                Quota(
                    settings.highlevel_quota_burst,
                    interval_seconds=settings.highlevel_quota_interval_seconds,
                    daily=settings.highlevel_quota_daily,
                    clock=self._clock,
                    name=side.title,
                )
                if side is Side.HIGHLEVEL
                else Quota(
                    settings.rezora_quota_burst,
                    interval_seconds=settings.rezora_quota_interval_seconds,
                    daily=0,
                    clock=self._clock,
                    name=side.title,
                )
            )
        return self._quotas[side, account]


def _reads_only(account: Account) -> bool:
    """Was it connected to be read only, whatever its grant would allow?"""
    return bool(account.capability.get("read_only", False))
