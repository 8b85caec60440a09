"""One Rezora agent account as a System: contacts, lists, memberships (rezora.md 2.1 to 2.6)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from landbridge.sync.model import Record, Side
from landbridge.systems.base import (
    Capability,
    Clock,
    CustomField,
    Gone,
    Label,
    Ledger,
    Malformed,
    Page,
    Rejected,
    Unavailable,
)
from landbridge.systems.http import HttpClient, HttpConfig
from landbridge.systems.quota import Quota
from landbridge.systems.rezora.config import RezoraConfig
from landbridge.systems.rezora.records import OPT_OUT, all_records, changes, merged, record
from landbridge.systems.rezora.wire import (
    BasicAuthorise,
    RezoraDialect,
    checked_id,
    done,
    new_id,
    rows,
)

T = TypeVar("T")
_CONTACTS = "/contacts"
_CONTACT = "/contacts/{contacts}"
_LISTS = "/lists"
_MEMBERS = "/lists/{lists}/contacts"
_MEMBER = "/lists/{lists}/contacts/{contacts}"
_PRIMARY_SPHERE = "1"


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
        self._self_id = ""

    @property
    def quota(self) -> Quota:
        """The quota of this account, for display: our own politeness, as Rezora publishes none."""
        return self._client.quota

    async def probe(self) -> Capability:
        """Try the credentials on the lists, the smallest agent-level read."""
        await self.labels()
        return Capability(
            side=Side.REZORA,
            account=self._config.username,
            title=self._config.username,
            can_write=True,
            notes=("Rezora tells no change times: everything is read on a schedule and compared.",),
        )

    async def contacts(self, cursor: str | None = None, *, since: float | None = None) -> Page:
        """All contacts in one page: the API has neither paging nor a filter by time (rezora.md 1.2), so
        ``cursor`` and ``since`` mean nothing here, and every listing is the whole one.

        Raises ``Malformed`` for anything but the whole list (see ``all_records``).
        """
        found = await self._get(_CONTACTS, lambda body: all_records(rows(body)))
        self._self_id = next(item.id for item in found if item.read_only)
        return Page(found, None, len(found))

    async def contact(self, record_id: str) -> Record:
        """Read one contact by id; raises ``Gone`` on 404. An empty array is no proof and is ``Malformed``."""
        return await self._read(record_id)

    async def _read(self, record_id: str, *, urgent: bool = False) -> Record:
        return await self._get(
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
        return await self._post(_CONTACTS, changes(fields), new_id("contact_id"))

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
        await self._client.request(
            "PUT",
            f"{_CONTACT}.json",
            ids={"contacts": checked_id(record_id)},
            json={"data": sent},
            decode=done,
            idempotent=True,
            urgent=urgent,
        )

    async def delete(self, record_id: str) -> None:
        """``DELETE contacts/ID``; one that is gone already is fine. The call is inferred (rezora.md 2.2).

        Raises ``Rejected`` before sending for the account's own contact, which is read first where no
        listing has told yet which one it is.
        """
        try:
            if not self._self_id and (await self.contact(record_id)).read_only:
                self._self_id = record_id
            self._refuse_self(record_id)
            await self._delete(("contacts", record_id))
        except Gone:
            return

    async def opt_out(self, record_id: str) -> None:
        """Set ``contact_unsubscribe``; whether it can be written is open: read back (rezora.md 2.1)."""
        await self._update(record_id, {OPT_OUT: "1"}, urgent=True)

    async def labels(self) -> Sequence[Label]:
        """All lists; the Primary Sphere cannot be changed."""
        return await self._get(_LISTS, _labels)

    async def members(self, label: Label) -> frozenset[str]:
        """Ids of the contacts on a list."""
        try:
            return await self._get(_MEMBERS, _members, lists=label.id)
        except Gone:
            # How a list without members answers is not documented: 404 with the list still there is one way.
            if any(known.id == label.id for known in await self.labels()):
                return frozenset()
            raise

    async def create_label(self, name: str) -> Label:
        """``POST lists``; the name must be unique."""
        return Label(await self._post(_LISTS, {"list_name": name}, new_id("list_id")), name)

    async def add_label(self, record_id: str, label: Label) -> None:
        """Put a contact on a list; when the outcome is unknown or refused, see whether it is on it."""
        ids = {"lists": _writable_list(label), "contacts": checked_id(record_id)}
        sent = {"contact_id": ids["contacts"]}
        try:
            await self._post(_MEMBERS, sent, new_id("contacttolist_id"), lists=ids["lists"])
        except (Unavailable, Malformed, Rejected):
            try:
                await self._get(_MEMBER, rows, lists=ids["lists"], contacts=ids["contacts"])
            except Gone:
                pass
            else:
                return
            raise

    async def remove_label(self, record_id: str, label: Label) -> None:
        """Take a contact off a list; one that is not on it is fine."""
        try:
            await self._delete(("lists", _writable_list(label), "contacts", record_id))
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

    async def _get(self, route: str, decode: Callable[[bytes], T], *, urgent: bool = False, **ids: str) -> T:
        return await self._client.request(
            "GET",
            f"{route}.json",
            ids={name: checked_id(value) for name, value in ids.items()},
            decode=decode,
            idempotent=True,
            urgent=urgent,
        )

    async def _post(self, route: str, sent: Mapping[str, str], decode: Callable[[bytes], T], **ids: str) -> T:
        return await self._client.request(
            "POST",
            f"{route}.json",
            ids={name: checked_id(value) for name, value in ids.items()},
            json={"data": sent},
            decode=decode,
            idempotent=False,
        )

    async def _delete(self, path_parts: Sequence[str]) -> None:
        """The only way to a DELETE: pairs of a collection and a positive decimal id."""
        words, ids = path_parts[::2], [checked_id(value) for value in path_parts[1::2]]
        if not ids or len(words) != len(ids) or not all(word in ("lists", "contacts") for word in words):
            raise Rejected(
                "Landbridge deletes single records only; nothing was sent.", side=self.side, sent="no"
            )
        route = "".join(f"/{word}/{{{word}}}" for word in words)
        await self._client.request(
            "DELETE",
            f"{route}.json",
            ids=dict(zip(words, ids, strict=True)),
            decode=done,
            idempotent=True,
        )

    def _refuse_self(self, record_id: str) -> None:
        if record_id == self._self_id:
            raise Rejected(
                "This is the Rezora account's own contact; Landbridge never changes it.",
                fix="Change it on the My Account page of Rezora.",
                side=self.side,
                sent="no",
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
