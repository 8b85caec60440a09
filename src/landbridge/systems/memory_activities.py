"""Activities in memory that keep every rule of the protocol: the reference that tests compare with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from landbridge.sync.activity import FIELDS, Activity
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.systems.activities import ActivityPage
from landbridge.systems.base import Gone, Malformed, Rejected

_NEEDS: Mapping[Side, Mapping[Kind, tuple[str, ...]]] = {
    Side.HIGHLEVEL: {
        Kind.TASK: ("title", "due"),
        Kind.NOTE: ("body",),
        Kind.APPOINTMENT: ("calendar", "start"),
    },
    Side.REZORA: {Kind.TASK: ("title",), Kind.NOTE: ("body",), Kind.APPOINTMENT: ("title",)},
}
_DEFAULTS: Mapping[Kind, dict[str, str]] = {
    Kind.TASK: {"completed": "0"},
    Kind.NOTE: {},
    Kind.APPOINTMENT: {},
}


@dataclass(slots=True)
class MemoryActivities:
    """Activities of one account. ``begin`` and ``write`` are called with each read and write before it is
    done, and raise what is to fail; ``has_contact`` tells whether somebody is there.

    HighLevel lists tasks and appointments, keeps deleted appointments as deleted, and demands what it
    demands; Rezora lists nothing.
    """

    side: Side
    begin: Callable[[str], None]
    write: Callable[[str], None]
    has_contact: Callable[[str], bool]
    page_size: int = 100
    kinds: frozenset[Kind] = frozenset(ACTIVITIES)
    writes: frozenset[Kind] = frozenset(ACTIVITIES)
    records: dict[tuple[Kind, str], Activity] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    now: str = ""  # told as the time of a change where the side tells one
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(70_001))

    @property
    def listed(self) -> frozenset[Kind]:
        """Tasks and appointments in HighLevel, nothing in Rezora."""
        if self.side is Side.REZORA:
            return frozenset()
        return self.kinds & {Kind.TASK, Kind.APPOINTMENT}

    async def probe(self) -> tuple[frozenset[Kind], frozenset[Kind]]:
        """As told to the constructor."""
        self.begin("activities.probe")
        return self.kinds, self.kinds & self.writes

    async def listing(self, kind: Kind, cursor: str | None = None) -> ActivityPage:
        """In the order of creation; the cursor is how many were seen, so a deletion shifts the rest."""
        self.begin(f"listing {kind}")
        if kind not in self.listed:
            raise Rejected(f"{self.side.title} has no list of all {kind}s.", side=self.side, sent="no")
        found = [one for one in self.records.values() if one.kind is kind and not one.deleted]
        if cursor is not None and not cursor.isdecimal():
            raise Malformed("The place where the reading stopped is not readable.", side=self.side)
        start = int(cursor or "0")
        part = found[start : start + self.page_size]
        return ActivityPage(part, str(start + len(part)) if len(part) == self.page_size else None)

    async def of_contact(self, kind: Kind, contact_id: str) -> Sequence[Activity]:
        """Raises ``Gone`` for an unknown contact."""
        self.begin(f"of_contact {kind}")
        self._contact(contact_id)
        return [
            one
            for one in self.records.values()
            if one.kind is kind and one.contact_id == contact_id and not one.deleted
        ]

    async def one(self, kind: Kind, contact_id: str, activity_id: str) -> Activity:
        """Raises ``Gone`` for an unknown id and for a deleted one."""
        self.begin(f"one {kind}")
        return self._known(kind, contact_id, activity_id)

    async def create(self, kind: Kind, contact_id: str, fields: Mapping[str, str]) -> str:
        """A new record with these fields."""
        self._allow(kind, "create")
        given = {name: value for name, value in fields.items() if name != "calendar"}
        self._check(kind, given)
        for name in _NEEDS[self.side][kind]:
            self._need(kind, name, fields.get(name, ""))
        self._contact(contact_id)
        activity_id = str(next(self._numbers))
        shown = _DEFAULTS[kind] | given
        if self.side is Side.HIGHLEVEL and kind is Kind.APPOINTMENT:
            shown["calendar"] = fields["calendar"]
        self.records[kind, activity_id] = Activity(
            self.side, kind, activity_id, contact_id, shown, self._changed_at(kind)
        )
        return activity_id

    async def update(self, kind: Kind, contact_id: str, activity_id: str, fields: Mapping[str, str]) -> None:
        """Only these fields change."""
        self._allow(kind, "update")
        self._check(kind, fields)
        for name in _NEEDS[self.side][kind]:
            if name in fields:
                self._need(kind, name, fields[name])
        known = self._known(kind, contact_id, activity_id)
        self.records[kind, activity_id] = replace(
            known, fields={**known.fields, **fields}, changed_at=self._changed_at(kind)
        )

    async def delete(self, kind: Kind, contact_id: str, activity_id: str) -> None:
        """An unknown id is deleted already."""
        self._allow(kind, "delete")
        known = self.records.get((kind, activity_id))
        if known is None:
            return
        if self.side is Side.HIGHLEVEL and kind is Kind.APPOINTMENT:
            self.records[kind, activity_id] = replace(known, deleted=True)
        else:
            del self.records[kind, activity_id]

    async def people(self) -> Mapping[str, str]:
        """As told to the constructor; Rezora tells nobody."""
        self.begin("people")
        return {} if self.side is Side.REZORA else dict(self.users)

    def drop_contact(self, contact_id: str) -> None:
        """What a contact's deletion takes along: everything; HighLevel's appointments stay as deleted."""
        for key, known in list(self.records.items()):
            if known.contact_id != contact_id:
                continue
            if self.side is Side.HIGHLEVEL and known.kind is Kind.APPOINTMENT:
                self.records[key] = replace(known, deleted=True)
            else:
                del self.records[key]

    def _changed_at(self, kind: Kind) -> str:
        return self.now if self.side is Side.HIGHLEVEL and kind is not Kind.NOTE else ""

    def _allow(self, kind: Kind, call: str) -> None:
        self.write(f"{call} {kind}")

    def _check(self, kind: Kind, fields: Mapping[str, str]) -> None:
        unknown = [name for name in fields if name not in FIELDS[kind]]
        if unknown:
            raise Rejected(f"This field of a {kind} is not written.", side=self.side, sent="no")
        if fields.get("completed", "0") not in ("0", "1"):
            raise Rejected("Whether this task is completed is neither 1 nor 0.", side=self.side, sent="no")

    def _need(self, kind: Kind, name: str, value: str) -> None:
        if not value.strip():
            raise Rejected(
                f"{self.side.title} takes no {kind} without its {name}.",
                fix=f"Give the {kind} its {name}, then sync again.",
                side=self.side,
                sent="no",
            )

    def _contact(self, contact_id: str) -> None:
        if not self.has_contact(contact_id):
            raise Gone(f"{self.side.title} has no such contact any more.", side=self.side)

    def _known(self, kind: Kind, contact_id: str, activity_id: str) -> Activity:
        known = self.records.get((kind, activity_id))
        by_contact = not (self.side is Side.HIGHLEVEL and kind is Kind.APPOINTMENT)
        if known is None or known.deleted or (by_contact and known.contact_id != contact_id):
            raise Gone(f"{self.side.title} has no such {kind} any more.", side=self.side)
        return known
