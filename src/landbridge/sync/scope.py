"""Which contacts a bridge is about: all of them, or those of some tags, users or businesses of HighLevel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landbridge.sync.model import Record, Side

LEFT = "left_scope"  # why a link was ended; not a delete, so no tombstone follows (sync-correctness.md 4)
OUTSIDE = "out_of_scope"
UNKNOWN = "scope_unknown"
ASSIGNED_TO = "assignedTo"
BUSINESS = "businessId"


@dataclass(frozen=True, slots=True)
class Scope:
    """Any of the values of a kind is enough; several kinds together must all hold; no kind means everybody.

    ``tags`` compare without case. ``assigned_to`` are HighLevel user ids, ``business`` HighLevel business
    ids; both are compared to the letter.
    """

    tags: tuple[str, ...] = ()
    assigned_to: tuple[str, ...] = ()
    business: tuple[str, ...] = ()

    @property
    def restricted(self) -> bool:
        """Is anybody left out by it?"""
        return bool(self.tags or self.assigned_to or self.business)

    def field_names(self) -> frozenset[str]:
        """The HighLevel fields that decide; tags are no field."""
        named = {ASSIGNED_TO: self.assigned_to, BUSINESS: self.business}
        return frozenset(name for name, wanted in named.items() if wanted)

    def covers(self, contact: Record) -> bool | None:
        """Is this HighLevel contact in the scope? None where its answer does not carry what decides it.

        One kind that surely does not hold decides, whatever is unknown of the others.
        """
        kinds = [
            _has_tag(self.tags, contact) if self.tags else True,
            _has_value(self.assigned_to, contact, ASSIGNED_TO) if self.assigned_to else True,
            _has_value(self.business, contact, BUSINESS) if self.business else True,
        ]
        if False in kinds:
            return False
        return None if None in kinds else True

    def why_not(self, contact: Record) -> str:
        """The reason for which a contact is left out, or an empty string.

        Only HighLevel knows tags, users and businesses: a contact that Rezora has alone is outside any
        restricted scope, as nothing could ever bring it in.
        """
        if not self.restricted:
            return ""
        if contact.side is Side.REZORA:
            return OUTSIDE
        covered = self.covers(contact)
        if covered is None:
            return UNKNOWN
        return "" if covered else OUTSIDE


def _has_tag(wanted: Sequence[str], contact: Record) -> bool | None:
    if contact.labels is None:
        return None
    return not {tag.casefold() for tag in wanted}.isdisjoint(tag.casefold() for tag in contact.labels)


def _has_value(wanted: Sequence[str], contact: Record, name: str) -> bool | None:
    """Blank is nobody's; absent is unknown (the planner's three kinds of "no value")."""
    value = contact.fields.get(name)
    return None if value is None else value in wanted
