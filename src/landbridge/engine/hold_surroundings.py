"""What is known around a hold: whose it is, and what both sides showed when they last agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import activities, activity_links, links, observed
from landbridge.store.journal import OpenHold
from landbridge.store.links import KeptLink
from landbridge.sync.merge import values_of
from landbridge.sync.model import Kind, Link, Side
from landbridge.sync.rules import Policy


@dataclass(frozen=True, slots=True)
class Around:
    """``contact`` is the id that the page of the person goes by, empty where nobody is known.

    ``base`` is what each side showed when the two last agreed, by side; empty where that is not known or
    the hold is of no single field. ``title`` is that of a task, note or appointment.
    """

    contact: str = ""
    name: str = ""
    title: str = ""
    base: Mapping[Side, str] = field(default_factory=dict)


NOTHING_KNOWN = Around()


async def around(
    connection: AsyncConnection, bridge_id: int, policy: Policy, holds: Sequence[OpenHold]
) -> dict[int, Around]:
    """By the id of the hold; from the store alone."""
    contacts = [hold for hold in holds if hold.kind is Kind.CONTACT]
    ids = [hold.highlevel_id for hold in contacts if hold.highlevel_id]
    kept = await links.by_side(connection, bridge_id, Side.HIGHLEVEL, ids)
    found = {hold.id: _of_contact(hold, kept.get(hold.highlevel_id), policy) for hold in contacts}
    for hold in holds:
        if hold.kind is not Kind.CONTACT:
            found[hold.id] = await _of_activity(connection, bridge_id, hold)
    return found


def _of_contact(hold: OpenHold, kept: KeptLink | None, policy: Policy) -> Around:
    who = hold.highlevel_id or hold.rezora_id
    rule = next((rule for rule in policy.rules if rule.name == hold.rule), None)
    base: dict[Side, str] = {}
    if rule is not None and kept is not None and kept.link.rezora_id == hold.rezora_id:
        for side in Side:
            values = values_of(kept.link.base(side), rule.names(side))
            if values is not None:
                base[side] = " / ".join(filter(None, values))  # as ``field_plan`` shows them
    return Around(who, hold.name, "", base)


async def _of_activity(connection: AsyncConnection, bridge_id: int, hold: OpenHold) -> Around:
    """Whose it is, by the newest sight of either half."""
    base: dict[Side, str] = {}
    for side, key in ((Side.HIGHLEVEL, hold.highlevel_id), (Side.REZORA, hold.rezora_id)):
        seen = await activities.one(connection, bridge_id, side, hold.kind, key) if key else None
        if seen is None:
            continue
        tied = await activity_links.of(connection, bridge_id, hold.kind, side, key)
        if tied is not None:
            base = _base_of(tied.link, hold.rule)
        person = await observed.one(connection, bridge_id, side, seen.contact_id)
        name = person.name if person is not None else ""
        title = seen.fields.get("title") or seen.fields.get("body", "")[:60]
        return Around(seen.contact_id, name, title, base)
    return NOTHING_KNOWN


def _base_of(link: Link, name: str) -> dict[Side, str]:
    return {side: link.base(side)[name] for side in Side if name in link.base(side)}
