"""A system in memory and a grant store in memory: references for tests, and for a credential not kept yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from landbridge.sync.model import Record, Side
from landbridge.systems.base import (
    Capability,
    CustomField,
    Gone,
    Grant,
    Label,
    Ledger,
    NotConnected,
    Page,
    ReadOnlyGrant,
    Rejected,
    SystemFailure,
    named_kinds,
)
from landbridge.systems.memory_activities import MemoryActivities


@dataclass(slots=True)
class MemorySystem:
    """A whole account in memory that keeps every rule of the protocol.

    ``failures`` are raised by the next calls, one each, before anything is done; ``calls`` is what was asked.
    """

    side: Side
    page_size: int = 500
    can_write: bool = True
    can_mark: bool = True
    marker_field: str = ""
    records: dict[str, Record] = field(default_factory=dict)
    tags: dict[str, Label] = field(default_factory=dict)
    fields: tuple[CustomField, ...] = ()
    failures: list[SystemFailure] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    closed: bool = False
    _last_id: int = 1000
    _before: dict[str, str | None] = field(default_factory=dict)
    activities: MemoryActivities = field(init=False)

    def __post_init__(self) -> None:
        """Activities of the same account: they share failures, calls and the permission to write."""
        self.activities = MemoryActivities(
            self.side, self._begin, self._write, has_contact=lambda contact_id: contact_id in self.records
        )

    async def probe(self) -> Capability:
        """As told to the constructor."""
        self._begin("probe")
        return Capability(
            self.side,
            f"memory-{self.side.value}",
            "An account in memory",
            self.can_write,
            kinds=named_kinds(self.activities.kinds),
            writes=named_kinds(self.activities.kinds & self.activities.writes) if self.can_write else (),
            marker_field=self.marker_field,
        )

    async def contacts(self, cursor: str | None = None, *, since: float | None = None) -> Page:
        """In the order of creation, or of change with ``since``; the cursor is the last place seen.

        Who does not say when it was changed may have been, and is always shown. Rezora has no ``since``.
        """
        self._begin("contacts")
        if since is not None and self.side is Side.HIGHLEVEL:
            return self._changed(since, cursor)
        while cursor is not None and cursor not in self.records:  # deleted since: go on where it stood
            cursor = self._before[cursor]
        ids = list(self.records)
        start = 0 if cursor is None else ids.index(cursor) + 1
        part = ids[start : start + self.page_size]
        following = part[-1] if start + self.page_size < len(ids) else None
        return Page([self.records[key] for key in part], following, len(ids))

    async def contacts_of_business(self, business_id: str) -> frozenset[str]:
        """By the field ``businessId``."""
        self._begin("contacts_of_business")
        found = self.records.items()
        return frozenset(key for key, known in found if known.fields.get("businessId") == business_id)

    async def contact(self, record_id: str) -> Record:
        """Raises ``Gone`` for an unknown id."""
        self._begin("contact")
        return self._known(record_id)

    async def create(
        self, fields: Mapping[str, str], *, marker: str = "", barred: frozenset[str] = frozenset()
    ) -> str:
        """A new record with these fields and no label; marker and barred channels in HighLevel only."""
        self._write("create")
        record_id = self._next_id()
        self.records[record_id] = Record(
            self.side,
            record_id,
            dict(fields),
            labels=frozenset(),
            opted_out=False,
            barred=barred if self.side is Side.HIGHLEVEL else None,
            marker=marker if self.marker_field else "",
        )
        return record_id

    async def update(self, record_id: str, fields: Mapping[str, str]) -> None:
        """Only these fields change."""
        self._write("update")
        known = self._changeable(record_id)
        self.records[record_id] = replace(known, fields={**known.fields, **fields})

    async def delete(self, record_id: str) -> None:
        """An unknown id is deleted already."""
        self._write("delete")
        if record_id not in self.records:
            return
        self._changeable(record_id)
        ids = list(self.records)
        at = ids.index(record_id)
        self._before[record_id] = ids[at - 1] if at else None
        del self.records[record_id]
        self.activities.drop_contact(record_id)

    async def opt_out(self, record_id: str) -> None:
        """There is no way back."""
        self._write("opt_out")
        self.records[record_id] = replace(self._changeable(record_id), opted_out=True)

    async def labels(self) -> Sequence[Label]:
        """In the order of creation."""
        self._begin("labels")
        return list(self.tags.values())

    async def members(self, label: Label) -> frozenset[str]:
        """Ids of the records that carry the label."""
        self._begin("members")
        return frozenset(key for key, known in self.records.items() if label.name in (known.labels or ()))

    async def create_label(self, name: str) -> Label:
        """Names are unique."""
        self._write("create_label")
        if any(known.name == name for known in self.tags.values()):
            raise Rejected("A label of this name exists.", side=self.side)
        label = Label(self._next_id(), name)
        self.tags[label.id] = label
        return label

    async def add_label(self, record_id: str, label: Label) -> None:
        """Adding twice is once."""
        self._write("add_label")
        known = self._changeable(record_id)
        self._refuse_fixed(label)
        self.records[record_id] = replace(known, labels=(known.labels or frozenset()) | {label.name})

    async def remove_label(self, record_id: str, label: Label) -> None:
        """Taking off what is not on is fine."""
        self._write("remove_label")
        known = self._changeable(record_id)
        self._refuse_fixed(label)
        self.records[record_id] = replace(known, labels=(known.labels or frozenset()) - {label.name})

    async def custom_fields(self) -> Sequence[CustomField]:
        """As told to the constructor."""
        self._begin("custom_fields")
        return self.fields

    async def make_marker(self) -> str:
        """In HighLevel, where the grant may; a missing permission is no failure."""
        self._begin("make_marker")
        if self.side is Side.HIGHLEVEL and self.can_write and self.can_mark:
            self.marker_field = self.marker_field or "marker"
        return self.marker_field

    def ledger(self) -> Ledger:
        """Calls without a limit."""
        return Ledger(calls=len(self.calls))

    async def close(self) -> None:
        """Noted in ``closed``."""
        self.closed = True

    def _changed(self, since: float, cursor: str | None) -> Page:
        """What changed since, oldest change first; of one moment in the order of the ids."""
        found = sorted((_moment(known.changed_at, since), key) for key, known in self.records.items())
        found = [place for place in found if place[0] >= since]
        moment, _, last = (cursor or "").partition(" ")
        left = [place for place in found if cursor is None or place > (float(moment), last)]
        part = left[: self.page_size]
        following = f"{part[-1][0]!r} {part[-1][1]}" if len(left) > len(part) else None
        return Page([self.records[key] for _, key in part], following, len(found))

    def _begin(self, call: str) -> None:
        self.calls.append(call)
        if self.failures:
            raise self.failures.pop(0)

    def _write(self, call: str) -> None:
        if not self.can_write:
            raise ReadOnlyGrant("This connection is read-only; nothing was sent.", side=self.side)
        self._begin(call)

    def _known(self, record_id: str) -> Record:
        if record_id not in self.records:
            raise Gone(f"{self.side.title} has no such record any more.", side=self.side)
        return self.records[record_id]

    def _changeable(self, record_id: str) -> Record:
        known = self._known(record_id)
        if known.read_only:
            raise Rejected("This record cannot be changed.", side=self.side)
        return known

    def _refuse_fixed(self, label: Label) -> None:
        if not label.writable:
            raise Rejected("This label cannot be changed.", side=self.side)

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)


def _moment(text: str, unknown: float) -> float:
    return datetime.fromisoformat(text).timestamp() if text else unknown


class MemoryGrants:
    """One account's grant, kept for as long as this object; never on disk."""

    def __init__(self, grant: Grant | None = None) -> None:
        self._grant = grant
        self._refreshing = False

    async def load(self) -> Grant:
        """Raises ``NotConnected`` when there is none."""
        if self._grant is None:
            raise NotConnected("No HighLevel account is connected.", side=Side.HIGHLEVEL)
        return self._grant

    async def save(self, grant: Grant, *, expected_version: int) -> Grant | None:
        """Compare and set."""
        if self._grant is not None and self._grant.version != expected_version:
            return None
        self._grant = grant.with_version(expected_version + 1)
        return self._grant

    async def begin_refresh(self, version: int, seconds: float) -> bool:
        """False while another task refreshes this grant, or has done so."""
        if self._refreshing or (self._grant is not None and self._grant.version != version):
            return False
        self._refreshing = True
        return True

    async def end_refresh(self) -> None:
        """Give the slot back."""
        self._refreshing = False
