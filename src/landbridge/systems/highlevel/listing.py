"""Pages of ``POST /contacts/search`` and of a business, and where a listing goes on (highlevel.md 2.1.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from landbridge.sync.model import Side
from landbridge.systems.base import Malformed
from landbridge.systems.highlevel.records import Contact


class Found(msgspec.Struct):
    """One page as HighLevel answers it."""

    contacts: list[Contact]
    total: int | None = None


class Member(msgspec.Struct):
    """A contact of a business; the route has a casing of its own, so only the id is taken from it."""

    id: str


class Members(msgspec.Struct):
    """One page of a business; ``count`` is in the specification and was never seen (highlevel.md 2.1.2)."""

    contacts: list[Member]


MEMBERS_PAGE = 100  # 25 unless asked for; at most 100 by the text of v3

EVERYBODY: Sequence[Mapping[str, str]] = ({"field": "dateAdded", "direction": "asc"},)
"""The order of a listing of all: nobody moves in it while it is read."""
CHANGED: Sequence[Mapping[str, str]] = ({"field": "dateUpdated", "direction": "asc"},)
"""The order of a listing of changes. The mark of the next page is the last moment *and* its id, so that many
contacts of one moment, such as an import, neither repeat nor get lost between two pages.
"""


def changed_since(since: float) -> list[Mapping[str, Any]]:
    """The filter for what changed at this moment (epoch seconds) or later, rounded down to milliseconds.

    ``gte`` and not ``gt``: others of the same moment may have come after the last look. A range on
    ``dateUpdated`` is documented; only the one on ``dateAdded``, in the same ISO form, was seen in use. If
    HighLevel took no notice of it, the listing would be longer and still right (highlevel.md 2.1.3).
    """
    moment = datetime.fromtimestamp(int(since * 1000) / 1000, UTC).isoformat(timespec="milliseconds")
    value = {"gte": moment.replace("+00:00", "Z")}
    return [{"field": "dateUpdated", "operator": "range", "value": value}]


class Cursor(msgspec.Struct, array_like=True):
    """Where a listing stopped: the last ``searchAfter``, records seen, and the largest total so far."""

    after: list[Any]
    seen: int
    total: int


def read_cursor(cursor: str | None) -> Cursor:
    """The place a text stands for, the start for None; raises ``Malformed`` for any other text."""
    if cursor is None:
        return Cursor([], 0, 0)
    try:
        return msgspec.json.decode(cursor, type=Cursor)
    except msgspec.MsgspecError:
        raise Malformed(
            "The place where the reading of HighLevel stopped is not readable.",
            fix="Start the sync again from the beginning.",
            side=Side.HIGHLEVEL,
            sent="no",
        ) from None


def next_cursor(before: Cursor, found: Found) -> str | None:
    """Where the next page begins, None at the end; raises ``Malformed`` for a page that leads nowhere.

    The total says when to stop, so that no empty page is read. It is not believed once it has fallen: then
    records already seen were deleted, and only an empty page proves the end.
    """
    if not found.contacts:
        return None
    seen = before.seen + len(found.contacts)
    total = -1 if found.total is None else found.total
    if seen >= total >= before.total:
        return None
    after = found.contacts[-1].search_after
    if not isinstance(after, list) or not after:
        raise Malformed("HighLevel's page of contacts lacks the mark of the next page.", side=Side.HIGHLEVEL)
    if after == before.after:
        raise Malformed("HighLevel's pages of contacts repeat themselves.", side=Side.HIGHLEVEL)
    return msgspec.json.encode(Cursor(after, seen, max(total, before.total))).decode()
