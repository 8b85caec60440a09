"""The mapping of a bridge over time: checked, saved, taken back; and the fields that it can speak of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from landbridge import mapping_file
from landbridge.engine.answers import NotPossible
from landbridge.engine.mapping_samples import Samples, samples_of
from landbridge.store import mapping_versions
from landbridge.store.bridges import Account, Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.mapping_versions import MappingVersion
from landbridge.store.runs import Runs
from landbridge.sync.mapping import check_custom_fields, read_policy
from landbridge.sync.model import Kind
from landbridge.sync.rules import ActivityRule, Policy
from landbridge.sync.scope import Scope
from landbridge.sync.suggestions import OwnField, Suggestion, suggestions
from landbridge.systems.base import Clock, System

LONGEST = 200_000  # characters of a mapping; the default one has about 6,000
VERSIONS_SHOWN = 50


class MappingBook:
    """The mappings of one store; ``policy_from`` reads a text for a bridge, ``open_system`` an account."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        policy_from: Callable[[Bridge, str], Policy],
        open_system: Callable[[Account], Awaitable[System]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy_from = policy_from
        self._open_system = open_system
        self._bridges = Bridges(database)

    def check(self, bridge: Bridge, text: str) -> Policy:
        """What a text would mean for a bridge; raises ``MappingError`` with every problem.

        Own fields of HighLevel are compared with those that were read last, if they ever were.
        """
        if len(text) > LONGEST:
            raise NotPossible(
                f"A mapping has at most {LONGEST:,} characters; this one has {len(text):,}.",
                "Send the mapping file itself, as the download gives it.",
            )
        policy = read_policy(text)
        known = own_fields(bridge)
        if known is not None:
            check_custom_fields(policy, {one.id: one.type for one in known})
        return self._policy_from(bridge, text)

    async def save(self, bridge: Bridge, text: str, *, by: str) -> Bridge:
        """Let a text be the mapping from now on; the former one is kept.

        Raises ``MappingError`` with nothing changed.
        """
        self.check(bridge, text)
        return await self._keep(bridge, text, by)

    async def carry(self, bridge: Bridge, kind: Kind, rule: ActivityRule | None, *, by: str) -> Bridge:
        """Carry a kind of activities from now on, or not any more; the rest stays as it is."""
        now = (await self._bridges.by_id(bridge.id)).policy
        text = mapping_file.carrying(now, rule) if rule else mapping_file.not_carrying(now, kind)
        return await self._keep(bridge, text, by)

    async def set_scope(self, bridge: Bridge, scope: Scope, *, by: str) -> Bridge:
        """Whom the bridge is about; the rest stays as it is."""
        now = (await self._bridges.by_id(bridge.id)).policy
        return await self._keep(bridge, mapping_file.scoped(now, scope), by)

    async def versions(self, bridge: Bridge) -> list[MappingVersion]:
        """The newest mappings, the one in force first."""
        async with self._database.read() as connection:
            return await mapping_versions.versions(connection, bridge.id, VERSIONS_SHOWN)

    async def version(self, bridge: Bridge, version_id: int) -> MappingVersion:
        """One of them; raises ``NotPossible`` for one that is not there."""
        async with self._database.read() as connection:
            found = await mapping_versions.version(connection, bridge.id, version_id)
        if found is None:
            raise NotPossible(
                f"This bridge has no mapping number {version_id}.", "See `landbridge mapping versions`."
            )
        return found

    async def go_back(self, bridge: Bridge, version_id: int, *, by: str) -> Bridge:
        """Save an earlier text again; what was saved since stays among the versions."""
        return await self.save(bridge, (await self.version(bridge, version_id)).text, by=by)

    async def read_own_fields(self, bridge: Bridge) -> list[OwnField]:
        """Ask HighLevel for the fields that its owner made, and keep them; one call."""
        system = await self._open_system(bridge.highlevel)
        try:
            found = await system.custom_fields()
        finally:
            await system.close()
        own = [OwnField(one.id, one.name or one.key, one.type) for one in found]
        rows = [{"id": one.id, "name": one.name, "type": one.type} for one in own]
        facts = {"own_fields": rows, "own_fields_at": self._clock.now()}
        await self._bridges.add_facts(bridge.highlevel.id, facts)
        return own

    def suggestions(self, bridge: Bridge, policy: Policy) -> list[Suggestion]:
        """Rules for fields that are alike and that no rule names yet; the marker field is ours."""
        marker = bridge.highlevel.capability.get("marker_field", "")
        return suggestions(policy, [one for one in own_fields(bridge) or () if one.id != marker])

    async def samples(self, bridge: Bridge, policy: Policy, after: str = "") -> Samples:
        """What a mapping means for three contacts, from the store alone; ``after`` leads to others."""
        latest = await Runs(self._database).latest_done(bridge.id)
        async with self._database.read() as connection:
            return await samples_of(connection, bridge.id, latest.id if latest else 1, policy, after)

    async def synced(self, bridge: Bridge) -> bool:
        """Was a whole sync ever done with it?"""
        return await Runs(self._database).synced(bridge.id)

    async def _keep(self, bridge: Bridge, text: str, by: str) -> Bridge:
        now = await self._bridges.by_id(bridge.id)  # its name may have changed since the caller looked
        return await self._bridges.create(
            now.name, bridge.highlevel, bridge.rezora, text, self._clock.now(), by=by
        )


def own_fields(bridge: Bridge) -> list[OwnField] | None:
    """The fields that HighLevel's owner made, as read last; None where they never were."""
    rows: Sequence[Mapping[str, str]] | None = bridge.highlevel.capability.get("own_fields")
    return None if rows is None else [OwnField(row["id"], row["name"], row["type"]) for row in rows]
