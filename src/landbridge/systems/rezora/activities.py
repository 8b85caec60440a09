"""Tasks, notes and appointments of a Rezora account, where it has any: ASSUMED throughout (``assumed.py``).

Nothing public documents them (rezora.md 3, 4.6). Times on this wire have no zone: they are read and written
as a clock in the account's zone shows them, and never shifted otherwise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from landbridge.sync.activity import Activity
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.systems.activities import ActivityPage
from landbridge.systems.base import Forbidden, Gone, Malformed, Rejected, SystemFailure
from landbridge.systems.rezora.activity_records import activity, merged, native, row_id
from landbridge.systems.rezora.assumed import ASSUMED, Sort
from landbridge.systems.rezora.calls import RezoraCalls
from landbridge.systems.rezora.wire import Row, new_id, rows

SINGLE = frozenset(("contacts", sort.path) for sort in ASSUMED.values())
"""Paths of the records that may be deleted, as words without their ids."""
_CONTACT = "/contacts/{contacts}"


class RezoraActivities:
    """The activities of one agent account, contact by contact: it has no list of all.

    ``self_id`` gives the id of the account's own contact, reading it if need be; ``refuse_self`` raises for
    that contact, which is never written. ``zone`` is that of the clock that its times are read by.
    """

    def __init__(
        self,
        calls: RezoraCalls,
        *,
        zone: ZoneInfo,
        put_partial: bool,
        self_id: Callable[[], Awaitable[str]],
        refuse_self: Callable[[str], None],
        table: Mapping[Kind, Sort] = ASSUMED,
    ) -> None:
        self._calls = calls
        self._zone = zone
        self._put_partial = put_partial
        self._self_id = self_id
        self._refuse_self = refuse_self
        self._table = table

    @property
    def listed(self) -> frozenset[Kind]:
        """None: everything is read contact by contact."""
        return frozenset()

    async def probe(self) -> tuple[frozenset[Kind], frozenset[Kind]]:
        """One read a kind of the account's own contact: an array, and it has the kind; a 404, and it has not.

        Raises for any other failure. That what can be read can be written too is assumed: trying would
        write. An account that answers 404 for "none" looks like one without.
        """
        own = await self._self_id()
        found: set[Kind] = set()
        for kind in ACTIVITIES:
            try:
                await self._calls.get(self._all(kind), rows, contacts=own)
            except SystemFailure as failure:
                # A web server's own page for "no such address" is as good as Rezora's.
                if not isinstance(failure, Gone) and failure.status != 404:
                    raise
            else:
                found.add(kind)
        return frozenset(found), frozenset(found)

    async def listing(self, kind: Kind, cursor: str | None = None) -> ActivityPage:
        """Nothing to list: raises ``Rejected``."""
        raise Rejected(f"Rezora has no list of all {kind}s; nothing was sent.", side=Side.REZORA, sent="no")

    async def of_contact(self, kind: Kind, contact_id: str) -> Sequence[Activity]:
        """``GET contacts/ID/<kind>s``: one call; all of them, as there is no paging.

        On a 404 one more, to tell: raises ``Gone`` where the contact is gone, ``Forbidden`` where the account
        has no such kind any more.
        """
        return [
            activity(row, kind, self._table[kind], contact_id, self._zone)
            for row in await self._rows(kind, contact_id)
        ]

    async def one(self, kind: Kind, contact_id: str, activity_id: str) -> Activity:
        """``GET contacts/ID/<kind>s/ID``; on a 404 up to two calls more, until ``Gone`` is proved."""
        row = await self._row(kind, contact_id, activity_id)
        return activity(row, kind, self._table[kind], contact_id, self._zone)

    async def create(self, kind: Kind, contact_id: str, fields: Mapping[str, str]) -> str:
        """``POST contacts/ID/<kind>s``; answers the new id. Raises ``Rejected`` for a blank title or body."""
        self._refuse_self(contact_id)
        sort = self._table[kind]
        own = {name: value for name, value in fields.items() if name != "calendar"}  # Rezora has none
        sent = native(own, kind, sort, self._zone, new=True)
        return await self._calls.post(self._all(kind), sent, new_id(sort.id), contacts=contact_id)

    async def update(self, kind: Kind, contact_id: str, activity_id: str, fields: Mapping[str, str]) -> None:
        """``PUT`` with these fields, or with all of them where the account needs that; none, and no call."""
        self._refuse_self(contact_id)
        if not fields:
            return
        sort = self._table[kind]
        sent = native(fields, kind, sort, self._zone, new=False)
        if not self._put_partial:
            sent = merged(await self._row(kind, contact_id, activity_id), sent, sort)
        try:
            await self._calls.put(
                self._one(kind), sent, urgent=False, **{"contacts": contact_id, sort.path: activity_id}
            )
        except Gone:
            await self._prove_gone(kind, contact_id, activity_id)

    async def delete(self, kind: Kind, contact_id: str, activity_id: str) -> None:
        """``DELETE contacts/ID/<kind>s/ID``; one that is proved gone already is fine."""
        self._refuse_self(contact_id)
        try:
            await self._calls.delete(("contacts", contact_id, self._table[kind].path, activity_id))
        except Gone:
            try:
                await self._prove_gone(kind, contact_id, activity_id)
            except Gone:
                return

    async def people(self) -> Mapping[str, str]:
        """Nobody: an agent-level credential does not reach the company's agents (rezora.md 2.7)."""
        return {}

    def _all(self, kind: Kind) -> str:
        return f"{_CONTACT}/{self._table[kind].path}"

    def _one(self, kind: Kind) -> str:
        path = self._table[kind].path
        return f"{_CONTACT}/{path}/{{{path}}}"

    async def _rows(self, kind: Kind, contact_id: str) -> list[Row]:
        try:
            return await self._calls.get(self._all(kind), rows, contacts=contact_id)
        except Gone:
            await self._calls.get(_CONTACT, rows, contacts=contact_id)  # raises Gone if it is the contact
            raise _no_such_kind(kind) from None

    async def _row(self, kind: Kind, contact_id: str, activity_id: str) -> Row:
        sort = self._table[kind]
        ids = {"contacts": contact_id, sort.path: activity_id}
        try:
            found = await self._calls.get(self._one(kind), rows, urgent=False, **ids)
        except Gone:
            await self._prove_gone(kind, contact_id, activity_id)
            raise
        if len(found) != 1 or row_id(found[0], kind, sort) != activity_id:
            raise Malformed(f"Rezora did not answer with the one {kind} asked for.", side=Side.REZORA)
        return found[0]

    async def _prove_gone(self, kind: Kind, contact_id: str, activity_id: str) -> None:
        """Raises ``Gone`` only where the contact still shows the kind, without this record, or is gone too.

        An account that stops to offer activities answers 404 for every one of them: that proves nothing.
        """
        sort = self._table[kind]
        shown = {row_id(row, kind, sort) for row in await self._rows(kind, contact_id)}
        if activity_id in shown:
            raise Malformed(f"Rezora lists a {kind} that it does not find by its id.", side=Side.REZORA)
        raise Gone(f"Rezora has no such {kind} any more.", side=Side.REZORA)


def _no_such_kind(kind: Kind) -> Forbidden:
    return Forbidden(
        f"This Rezora account shows no {kind}s any more.",
        fix="Ask your Rezora account manager whether the API still offers them, then connect Rezora again;"
        " nothing was deleted.",
        side=Side.REZORA,
    )
