"""Which kinds of activities a bridge carries, where they can be read, and where they may be written."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.engine.work import Work
from landbridge.store.bridges import Bridge
from landbridge.sync.activity_plan import ActivityPlanner
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.sync.rules import Policy
from landbridge.systems.base import stored_kinds


@dataclass(frozen=True, slots=True)
class Carried:
    """One kind of a bridge: its planner, and the sides where it can be read and written."""

    kind: Kind
    planner: ActivityPlanner
    readable: frozenset[Side]
    writable: frozenset[Side]

    @property
    def both(self) -> bool:
        """Have both accounts this kind? Else one side's is kept here, for people to look at."""
        return len(self.readable) == len(Side)


def carried(work: Work) -> list[Carried]:
    """What the mapping carries and at least one account lets us read, but for what it refused in this run."""
    return [one for one in kinds_of(work.bridge, work.policy) if one.kind not in work.lacking]


def kinds_of(bridge: Bridge, policy: Policy) -> list[Carried]:
    """The kinds of a mapping, by what its accounts were found to have when they were connected."""
    reads, writes = {}, {}
    for side, account in ((Side.HIGHLEVEL, bridge.highlevel), (Side.REZORA, bridge.rezora)):
        reads[side], writes[side] = stored_kinds(account.capability)
    found = []
    for kind in ACTIVITIES:
        rule = policy.activity(kind)
        if rule is None:
            continue
        readable = frozenset(side for side in Side if kind in reads[side])
        writable = frozenset(
            side for side in readable if kind in writes[side] and policy.only in (None, side)
        )
        if readable:
            found.append(Carried(kind, ActivityPlanner(rule), readable, writable))
    return found
