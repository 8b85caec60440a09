"""What a system offers of tasks, notes and appointments; beside ``System``, as an account may have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """One page of a listing of the whole account; ``cursor`` is None on the last one."""

    records: Sequence[Activity]
    cursor: str | None


class Activities(Protocol):
    """The activities of one account. All methods raise ``SystemFailure``."""

    @property
    def listed(self) -> frozenset[Kind]:
        """Kinds that can be listed for the whole account; the others are read contact by contact."""
        ...

    async def probe(self) -> tuple[frozenset[Kind], frozenset[Kind]]:
        """Kinds that this account lets us read, and kinds that it lets us write. Reads only."""
        ...

    async def listing(self, kind: Kind, cursor: str | None = None) -> ActivityPage:
        """One page of all activities of a kind in ``listed``, from the start when ``cursor`` is None.

        Cancelled appointments are among them, deleted ones may be; not being listed is no proof of anything.
        """
        ...

    async def of_contact(self, kind: Kind, contact_id: str) -> Sequence[Activity]:
        """All activities of one kind of one contact, in one call."""
        ...

    async def one(self, kind: Kind, contact_id: str, activity_id: str) -> Activity:
        """Read one by id; raises ``Gone`` only on proof, and for one that says it was deleted."""
        ...

    async def create(self, kind: Kind, contact_id: str, fields: Mapping[str, str]) -> str:
        """Create one from ``FIELDS`` and return its id; of a task ``assigned_to`` may be said too.

        Never retried here.
        """
        ...

    async def update(self, kind: Kind, contact_id: str, activity_id: str, fields: Mapping[str, str]) -> None:
        """Write only these fields."""
        ...

    async def delete(self, kind: Kind, contact_id: str, activity_id: str) -> None:
        """Delete one; one that is gone already is fine."""
        ...

    async def people(self) -> Mapping[str, str]:
        """Display names of the account's users by id; empty where they may not be read."""
        ...
