"""Credentials of one HighLevel account: one refresh at a time, and no way to burn a working grant.

The order of a refresh (sync-correctness.md 11): take the one slot of this grant across processes, ask for
the new pair, store it durably, use it. The old refresh token stays until the new access token has worked.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace

import structlog

from landbridge.sync.model import Side
from landbridge.systems.base import (
    Clock,
    Grant,
    GrantStore,
    Malformed,
    Paused,
    ReconnectNeeded,
    SystemFailure,
    Unavailable,
    Unreachable,
)
from landbridge.systems.highlevel.config import (
    READ_SCOPES,
    WRITE_SCOPES,
    HighLevelConfig,
    authorise_url,
    scopes_for,
)
from landbridge.systems.highlevel.tokens import GrantRefused, TokenEndpoint, exchange_code
from landbridge.systems.http import HttpConfig
from landbridge.systems.retry import FullJitter

__all__ = [
    "READ_SCOPES",
    "WRITE_SCOPES",
    "GrantRefused",
    "HighLevelConfig",
    "OAuthAuthorise",
    "authorise_url",
    "exchange_code",
    "scopes_for",
]

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("landbridge.auth")
# A lost answer may be asked for again within 30 s of the first request (highlevel.md 1.5).
_REPLAY_SECONDS = 20.0
_REPLAYS = 3
# Short enough for another process to replay in time when the holder of the slot died.
_SLOT_SECONDS = 20.0
_LOOK_AGAIN_SECONDS = 0.5
_REST_SECONDS = 5.0


class OAuthAuthorise:
    """Headers for one account's calls; refreshes before the token ends and when it is refused.

    A Private Integration Token is used as it is. Raises ``ReconnectNeeded`` when the grant is lost,
    ``Paused`` while the location is not active, ``Unavailable`` (``sent="no"``) while the token endpoint
    does not answer and the access token has ended.
    """

    def __init__(
        self,
        config: HighLevelConfig,
        grants: GrantStore,
        *,
        http: HttpConfig,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._config = config
        self._grants = grants
        self._clock = clock
        self._endpoint = TokenEndpoint(config, http=http, clock=clock, rng=rng)
        self._jitter = FullJitter(http.backoff_base_seconds, 4.0, rng)
        self._alone = asyncio.Lock()
        self._grant: Grant | None = None
        self._headers: dict[str, str] = {}
        self._resting: tuple[float, SystemFailure] | None = None
        self._got = 0  # the version of the grant that this object renewed

    @property
    def known(self) -> Grant | None:
        """The grant as last used, without asking anybody; None before the first call."""
        return self._grant

    async def grant(self) -> Grant:
        """The grant in use, refreshed if it is about to end."""
        grant = self._grant or self._use(await self._grants.load())
        if not self._ends_soon(grant):
            return grant
        async with self._alone:
            return await self._before_its_end()

    async def headers(self) -> Mapping[str, str]:
        """``Authorization`` for the next call."""
        await self.grant()
        return self._headers

    async def on_unauthorised(self, refused: Mapping[str, str]) -> bool:
        """The token was refused: take what another task or process got meanwhile, else refresh."""
        async with self._alone:
            grant = self._use(await self._grants.load())
            if self._headers["Authorization"] != refused.get("Authorization"):
                return True
            # A new token of ours refused at once: do not go round. One that another process got and never
            # used, because it died, may have ended meanwhile and is renewed like any.
            never_worked = bool(grant.previous_refresh_token) and grant.version == self._got
            if grant.kind == "pit" or not grant.refresh_token or never_worked:
                return False
            await self._renew(grant)
            return True

    async def on_accepted(self, accepted: Mapping[str, str]) -> None:
        """The access token worked: the refresh token before it is not needed any more."""
        grant = self._grant
        if grant is None or not grant.previous_refresh_token or accepted is not self._headers:
            return
        self._grant = replace(grant, previous_refresh_token="")  # only one task stores it
        saved = await self._grants.save(self._grant, expected_version=grant.version)
        if self._grant.version == grant.version:
            self._grant = saved or await self._grants.load()

    async def close(self) -> None:
        """Close the connections to the token endpoint."""
        await self._endpoint.close()

    def _use(self, grant: Grant) -> Grant:
        self._grant = grant
        authorization = f"Bearer {grant.access_token}"
        if self._headers.get("Authorization") != authorization:
            self._headers = {"Authorization": authorization}
        return grant

    def _ends_soon(self, grant: Grant) -> bool:
        if grant.kind == "pit" or not grant.refresh_token or not grant.expires_at:
            return False
        return grant.expires_at - self._clock.now() <= self._config.refresh_margin_seconds

    async def _before_its_end(self) -> Grant:
        """Refresh early; when that fails for now, the token is still good for a while."""
        grant = self._use(await self._grants.load())
        if not self._ends_soon(grant):
            return grant
        try:
            return await self._renew(grant)
        except (Unreachable, Unavailable, Malformed):
            if grant.expires_at > self._clock.now():
                return grant
            raise

    async def _renew(self, old: Grant) -> Grant:
        """A newer grant than ``old``, by us or by another process; the caller holds ``_alone``."""
        now = self._clock.monotonic()
        if self._resting and self._resting[0] > now:
            raise self._resting[1]
        while not await self._grants.begin_refresh(old.version, _SLOT_SECONDS):
            await self._clock.sleep(_LOOK_AGAIN_SECONDS)
            newest = await self._grants.load()
            if newest.version != old.version:
                return self._use(newest)
        try:
            newest = await self._grants.load()
            if newest.version != old.version:
                return self._use(newest)
            return self._use(await self._renew_alone(old))
        except SystemFailure as failure:  # all calls under way come here: ask once for all of them
            self._resting = (self._clock.monotonic() + _REST_SECONDS, failure)
            raise
        finally:
            await self._grants.end_refresh()

    async def _renew_alone(self, old: Grant) -> Grant:
        new = await self._ask(old)
        kept = replace(new, previous_refresh_token=old.refresh_token)
        saved = await self._grants.save(kept, expected_version=old.version)
        if saved is None:  # a person connected again meanwhile, or our slot ran out: theirs is newer
            return await self._grants.load()
        self._got = saved.version
        _log.info("highlevel_token_renewed", version=saved.version)
        return saved

    async def _ask(self, old: Grant) -> Grant:
        """The new pair, by every way there is; each is tried only after the one before was refused."""
        try:
            return await self._replayed(old.refresh_token, old)
        except GrantRefused as failure:
            refused = failure
        if old.previous_refresh_token not in ("", old.refresh_token):
            try:
                return await self._replayed(old.previous_refresh_token, old)
            except GrantRefused:
                _log.info("highlevel_previous_token_refused")
        if self._config.rescue:
            try:
                new = await self._endpoint.exchange(await self._endpoint.reconnect(old), old)
                # It may come with all scopes of the app; a person agreed to the old ones only.
                agreed = tuple(scope for scope in new.scopes if not old.scopes or scope in old.scopes)
                return replace(new, scopes=agreed)
            except (Unreachable, Unavailable) as failure:
                raise _not_now(failure) from None
            except Paused:
                raise
            except SystemFailure:
                _log.info("highlevel_reconnect_refused")
        raise ReconnectNeeded(
            "HighLevel does not accept the stored refresh token any more.", side=Side.HIGHLEVEL
        ) from refused

    async def _replayed(self, refresh_token: str, old: Grant) -> Grant:
        """Refresh; a lost answer is asked for again with the same token, which is safe for 30 s."""
        until = self._clock.monotonic() + _REPLAY_SECONDS
        for attempt in range(1, _REPLAYS + 1):
            try:
                return await self._endpoint.refresh(refresh_token, old)
            except (Unreachable, Unavailable, Malformed) as failure:
                pause = max(self._jitter.pause(attempt), failure.wait_seconds)
                if attempt == _REPLAYS or self._clock.monotonic() + pause >= until:
                    raise _not_now(failure) from None
                await self._clock.sleep(pause)
        raise AssertionError("the last attempt returns or raises")


def _not_now(failure: SystemFailure) -> SystemFailure:
    """The call itself was not sent: only its credential could not be renewed. Never final (1.8)."""
    return Unavailable(
        "The HighLevel access token could not be renewed: the token address does not answer as it should.",
        fix="Wait a few minutes and run the sync again. If it stays, check highlevel_token_url with"
        " `landbridge settings`.",
        side=Side.HIGHLEVEL,
        status=failure.status,
        sent="no",
    )
