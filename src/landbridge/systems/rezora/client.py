"""One Rezora agent account as a System: contacts, lists, memberships (rezora.md 2.1 to 2.6)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from landbridge.sync.model import ACTIVITIES, Kind, Record, Side
from landbridge.systems.base import (
    Capability,
    Clock,
    CustomField,
    Forbidden,
    Gone,
    Label,
    Ledger,
    Malformed,
    Page,
    Rejected,
    Unavailable,
    named_kinds,
)
from landbridge.systems.http import HttpClient, HttpConfig
from landbridge.systems.quota import Quota
from landbridge.systems.rezora.activities import SINGLE, RezoraActivities
from landbridge.systems.rezora.calls import RezoraCalls
from landbridge.systems.rezora.config import RezoraConfig
from landbridge.systems.rezora.records import OPT_OUT, all_records, changes, merged, record
from landbridge.systems.rezora.wire import (
    BasicAuthorise,
    RezoraDialect,
    checked_id,
    new_id,
    rows,
)

_CONTACTS = "/contacts"
_CONTACT = "/contacts/{contacts}"
_LISTS = "/lists"
_MEMBERS = "/lists/{lists}/contacts"
_MEMBER = "/lists/{lists}/contacts/{contacts}"
_PRIMARY_SPHERE = "1"
_SINGLE = frozenset({("contacts",), ("lists",), ("lists", "contacts")})


class RezoraSystem:
    """One agent account; connections open on the first call, close it when done.

    No method, private or not, can express the DELETE of a collection.
    """

    side = Side.REZORA

    def __init__(
        self, config: RezoraConfig, *, http: HttpConfig, quota: Quota, clock: Clock, rng: random.Random
    ) -> None:
        self._config = config
        self._client = HttpClient(
            config.api_url,
            Side.REZORA,
            clock=clock,
            rng=rng,
            config=http,
            quota=quota,
            authorise=BasicAuthorise(config.username, config.password),
            dialect=RezoraDialect(),
        )
        self._calls = RezoraCalls(self._client, _SINGLE | SINGLE)
        self._self_id = ""
        self._activities = RezoraActivities(
            self._calls,
            zone=ZoneInfo(config.zone),
            put_partial=config.put_partial,
            self_id=self._own_id,
            refuse_self=self._refuse_self,
        )

    @property
    def activities(self) -> RezoraActivities:
        """Tasks, notes and appointments, where the account has any; all of it is assumed."""
        return self._activities

    @property
    def quota(self) -> Quota:
        """The quota of this account, for display: our own politeness, as Rezora publishes none."""
        return self._client.quota

    async def probe(self) -> Capability:
        """Try the credentials on the lists, and ask for activities of the account's own contact.

        5 calls, and 4 where a listing has told who that is. A refusal of the undocumented part is no reason
        to refuse the account: then it has no activities.
        """
        await self.labels()
        try:
            reads, writes = await self.activities.probe()
        except (Forbidden, Rejected):
            reads, writes = frozenset(), frozenset()
        return Capability(
            side=Side.REZORA,
            account=self._config.username,
            title=self._config.username,
            can_write=True,
            kinds=named_kinds(reads),
            writes=named_kinds(writes),
            notes=(
                "Rezora tells no change times: everything is read on a schedule and compared.",
                _told(reads),
            ),
        )

    async def contacts(self, cursor: str | None = None, *, since: float | None = None) -> Page:
        """All contacts in one page: the API has neither paging nor a filter by time (rezora.md 1.2), so
        ``cursor`` and ``since`` mean nothing here, and every listing is the whole one.

        Raises ``Malformed`` for anything but the whole list (see ``all_records``).
        """
        found = await self._calls.get(_CONTACTS, lambda body: all_records(rows(body)))
        self._self_id = next(item.id for item in found if item.read_only)
        return Page(found, None, len(found))

    async def contact(self, record_id: str) -> Record:
        """Read one contact by id; raises ``Gone`` on 404. An empty array is no proof and is ``Malformed``."""
        return await self._read(record_id)

    async def _read(self, record_id: str, *, urgent: bool = False) -> Record:
        return await self._calls.get(
            _CONTACT, lambda body: _one(record_id, body), urgent=urgent, contacts=record_id
        )

    async def contacts_of_business(self, business_id: str) -> frozenset[str]:
        """Nobody: Rezora has no businesses."""
        return frozenset()

    async def create(
        self, fields: Mapping[str, str], *, marker: str = "", barred: frozenset[str] = frozenset()
    ) -> str:
        """``POST contacts``: answers only the new id, so read it again to see what was stored.

        Rezora has no field of the owner's for ``marker``, and e-mail as its only channel: both are dropped.
        """
        return await self._calls.post(_CONTACTS, changes(fields), new_id("contact_id"))

    async def update(self, record_id: str, fields: Mapping[str, str]) -> None:
        """``PUT contacts/ID`` with these fields, or with all of them where the account needs that."""
        await self._update(record_id, fields)

    async def _update(self, record_id: str, fields: Mapping[str, str], *, urgent: bool = False) -> None:
        sent = changes(fields)
        self._refuse_self(record_id)
        if not sent:
            return
        if not self._config.put_partial:
            sent = merged(await self._read(record_id, urgent=urgent), sent)
        await self._calls.put(_CONTACT, sent, urgent=urgent, contacts=record_id)

    async def delete(self, record_id: str) -> None:
        """``DELETE contacts/ID``; one that is gone already is fine. The call is inferred (rezora.md 2.2).

        Raises ``Rejected`` before sending for the account's own contact, which is read first where no
        listing has told yet which one it is.
        """
        try:
            if not self._self_id and (await self.contact(record_id)).read_only:
                self._self_id = record_id
            self._refuse_self(record_id)
            await self._calls.delete(("contacts", record_id))
        except Gone:
            return

    async def opt_out(self, record_id: str) -> None:
        """Set ``contact_unsubscribe``; whether it can be written is open: read back (rezora.md 2.1)."""
        await self._update(record_id, {OPT_OUT: "1"}, urgent=True)

    async def labels(self) -> Sequence[Label]:
        """All lists; the Primary Sphere cannot be changed."""
        return await self._calls.get(_LISTS, _labels)

    async def members(self, label: Label) -> frozenset[str]:
        """Ids of the contacts on a list."""
        try:
            return await self._calls.get(_MEMBERS, _members, lists=label.id)
        except Gone:
            # How a list without members answers is not documented: 404 with the list still there is one way.
            if any(known.id == label.id for known in await self.labels()):
                return frozenset()
            raise

    async def create_label(self, name: str) -> Label:
        """``POST lists``; the name must be unique."""
        return Label(await self._calls.post(_LISTS, {"list_name": name}, new_id("list_id")), name)

    async def add_label(self, record_id: str, label: Label) -> None:
        """Put a contact on a list; when the outcome is unknown or refused, see whether it is on it."""
        ids = {"lists": _writable_list(label), "contacts": checked_id(record_id)}
        sent = {"contact_id": ids["contacts"]}
        try:
            await self._calls.post(_MEMBERS, sent, new_id("contacttolist_id"), lists=ids["lists"])
        except (Unavailable, Malformed, Rejected):
            try:
                await self._calls.get(_MEMBER, rows, lists=ids["lists"], contacts=ids["contacts"])
            except Gone:
                pass
            else:
                return
            raise

    async def remove_label(self, record_id: str, label: Label) -> None:
        """Take a contact off a list; one that is not on it is fine."""
        try:
            await self._calls.delete(("lists", _writable_list(label), "contacts", record_id))
        except Gone:
            return

    async def custom_fields(self) -> Sequence[CustomField]:
        """None: Rezora has no custom fields."""
        return ()

    async def make_marker(self) -> str:
        """ "": Rezora has no place for one."""
        return ""

    def ledger(self) -> Ledger:
        """Calls made and calls left, by our own count: Rezora tells no limits."""
        return self._client.ledger()

    async def close(self) -> None:
        """Close the connection pool."""
        await self._client.close()

    async def _own_id(self) -> str:
        """The id of the account's own contact, by a listing where none has told yet."""
        if not self._self_id:
            await self.contacts()
        return self._self_id

    def _refuse_self(self, record_id: str) -> None:
        if record_id == self._self_id:
            raise Rejected(
                "This is the Rezora account's own contact; Landbridge never changes it.",
                fix="Change it on the My Account page of Rezora.",
                side=self.side,
                sent="no",
            )


def _told(kinds: frozenset[Kind]) -> str:
    """Which of the two is in force, for the people who connect the account (design.md 6)."""
    missing = [f"{kind}s" for kind in ACTIVITIES if kind not in kinds]
    if not missing:
        return "This account shows tasks, notes and appointments over its API, which no document describes."
    named = " or ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
    return (
        f"This account shows no {named} over its API: HighLevel's are shown in Landbridge and not carried to"
        " Rezora."
    )


def _one(record_id: str, body: bytes) -> Record:
    found = rows(body)
    shown = record(found[0]) if len(found) == 1 else None
    if shown is None or shown.id != record_id:
        raise Malformed("Rezora did not answer with the one contact asked for.", side=Side.REZORA)
    return shown


def _labels(body: bytes) -> list[Label]:
    labels = []
    for row in rows(body):
        if "list_id" not in row or "list_name" not in row:
            raise Malformed("Rezora showed a list without list_id or list_name.", side=Side.REZORA)
        writable = str(row.get("list_type", "0")) != _PRIMARY_SPHERE
        labels.append(Label(str(row["list_id"]), str(row["list_name"]), writable))
    return labels


def _members(body: bytes) -> frozenset[str]:
    found = rows(body)
    if any("contact_id" not in row for row in found):
        raise Malformed("Rezora showed a list membership without contact_id.", side=Side.REZORA)
    return frozenset(str(row["contact_id"]) for row in found)


def _writable_list(label: Label) -> str:
    if not label.writable:
        raise Rejected(
            "Landbridge does not change who is in Rezora's Primary Sphere.",
            fix="Choose another list in the mapping.",
            side=Side.REZORA,
            sent="no",
        )
    return checked_id(label.id)
