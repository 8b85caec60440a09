"""One HighLevel location as a System: contacts, tags, custom fields (highlevel.md 2.1 to 2.3)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from landbridge.sync.model import Record, Side
from landbridge.systems.base import (
    Capability,
    Clock,
    CustomField,
    Forbidden,
    Gone,
    Grant,
    GrantStore,
    Label,
    Ledger,
    Malformed,
    Page,
    Rejected,
    Unavailable,
    named_kinds,
)
from landbridge.systems.highlevel.activities import HighLevelActivities
from landbridge.systems.highlevel.answers import HighLevelDialect
from landbridge.systems.highlevel.auth import OAuthAuthorise
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.highlevel.definitions import (
    NEW_MARKER,
    Definition,
    DefinitionMade,
    Definitions,
    marker_among,
)
from landbridge.systems.highlevel.listing import (
    CHANGED,
    EVERYBODY,
    MEMBERS_PAGE,
    Found,
    Members,
    changed_since,
    next_cursor,
    read_cursor,
)
from landbridge.systems.highlevel.permissions import (
    has_scopes,
    may_write,
    missing_scopes,
    refuse_read_only,
)
from landbridge.systems.highlevel.records import (
    CHANNELS,
    CHANNELS_V3,
    Contact,
    create_body,
    marked,
    needs_types,
    opt_out_body,
    record,
    update_body,
)
from landbridge.systems.http import HttpClient, HttpConfig, decode_as, no_body
from landbridge.systems.quota import Quota

_CONTACT = "/contacts/{contact}"
_LOCATION = "/locations/{location}"
_FIELDS = "/locations/{location}/customFields"


class _One(msgspec.Struct):
    contact: Contact


class _New(msgspec.Struct):
    id: str


class _Created(msgspec.Struct):
    contact: _New


class _Changed(msgspec.Struct):
    succeded: bool | None = None  # the vendor's spelling; live answers carry both (highlevel.md 2.8)
    succeeded: bool | None = None


class _Tag(msgspec.Struct):
    id: str
    name: str


class _Tags(msgspec.Struct):
    tags: list[_Tag]


class _TagMade(msgspec.Struct):
    tag: _Tag


class _Location(msgspec.Struct):
    id: str
    name: str | None = None
    timezone: str | None = None
    country: str | None = None
    settings: Any = None


class _LocationRead(msgspec.Struct):
    location: _Location


_found = decode_as(Found)
_members = decode_as(Members)
_one = decode_as(_One)
_created = decode_as(_Created)
_changed = decode_as(_Changed)


class HighLevelSystem:
    """One location. Writes are refused before they leave when the grant may not write.

    ``marker_field`` is what ``make_marker`` gave when the account was connected.
    """

    side = Side.HIGHLEVEL

    def __init__(
        self, config: HighLevelConfig, client: HttpClient, authorise: OAuthAuthorise, marker_field: str = ""
    ) -> None:
        self._config = config
        self._client = client
        self._authorise = authorise
        self._types: dict[str, str] | None = None
        self._marker = marker_field
        self._spelling = CHANNELS_V3 if config.version == "v3" else CHANNELS
        self._activities = HighLevelActivities(config, client, authorise)

    @property
    def activities(self) -> HighLevelActivities:
        """Tasks, notes and appointments of the location."""
        return self._activities

    @property
    def quota(self) -> Quota:
        """The quota of this location, for display."""
        return self._client.quota

    async def probe(self) -> Capability:
        """The location record: name, time zone, country; the scopes tell what may be read and written."""
        grant = await self._authorise.grant()
        answer = await self._client.request(
            "GET",
            _LOCATION,
            ids={"location": grant.location_id},
            decode=decode_as(_LocationRead),
            idempotent=True,
        )
        location = answer.location
        reads, writes = await self.activities.probe()
        can_write = may_write(self._config, grant)
        return Capability(
            side=Side.HIGHLEVEL,
            account=location.id,
            title=location.name or location.id,
            can_write=can_write,
            time_zone=location.timezone or "",
            country=location.country or "",
            kinds=named_kinds(reads),
            writes=named_kinds(writes) if can_write else (),
            notes=(*_notes(grant, location.settings), *missing_scopes(grant)),
            marker_field=self._marker,
        )

    async def contacts(self, cursor: str | None = None, *, since: float | None = None) -> Page:
        """A page of ``POST /contacts/search``, oldest first: ceil(C / page size) reads in all, at least 1.

        With ``since`` the oldest change first. A contact that changes while the pages are read moves to the
        end and may be seen twice, or, where the total was reached before, not at all: its new time is later
        than the start of this listing, so the next one, which begins there, shows it.
        """
        if since is None:
            return await self._search(cursor, ())
        return await self._search(cursor, changed_since(since), CHANGED)

    async def contacts_of_business(self, business_id: str) -> frozenset[str]:
        """Ids by ``GET /contacts/business/{id}``: ceil(N / 100) + 1 reads.

        There is no cursor but ``skip``, so who joins or leaves while it is read may be missed: good for a
        sync that a person asked for, no proof of anything. Ends at a page that shows nobody new.
        """
        grant = await self._authorise.grant()
        found: set[str] = set()
        skip = 0
        while True:
            page = await self._client.request(
                "GET",
                "/contacts/business/{business}",
                ids={"business": business_id},
                query={"locationId": grant.location_id, "limit": str(MEMBERS_PAGE), "skip": str(skip)},
                decode=_members,
                idempotent=True,
            )
            new = {member.id for member in page.contacts} - found
            if not new:
                return frozenset(found)
            found |= new
            skip += len(page.contacts)

    async def contact(self, record_id: str) -> Record:
        """Read one contact by id; raises ``Gone`` only on proof."""
        return record(await self._read(record_id), self._marker)

    async def create(
        self, fields: Mapping[str, str], *, marker: str = "", barred: frozenset[str] = frozenset()
    ) -> str:
        """``POST /contacts/``, once; ``dndSettings.Email.status`` may be ``active``, nothing else.

        Raises ``Duplicate`` (``sent="maybe"``) where the address is another contact's, and ``Rejected``
        where the marker field, or another custom field, was deleted meanwhile.
        """
        grant = await self._writable()
        types = await self._types_for(fields)
        sent = marked(fields, self._marker, marker)
        body = create_body(grant.location_id, sent, types, self._spelling, barred)
        answer = await self._client.request(
            "POST", "/contacts/", json=body, decode=_created, idempotent=False
        )
        if not answer.contact.id:
            raise Malformed("HighLevel created a contact and did not name it.", side=self.side)
        return answer.contact.id

    async def update(self, record_id: str, fields: Mapping[str, str]) -> None:
        """``PUT /contacts/{id}`` with these fields only; nothing is sent when there are none.

        Raises ``Duplicate`` where a new address is another contact's.
        """
        await self._writable()
        body = update_body(fields, await self._types_for(fields), self._spelling)
        if body:
            await self._change("PUT", record_id, body)

    async def delete(self, record_id: str) -> None:
        """``DELETE /contacts/{id}``; that there is no such contact is success (highlevel.md 5.1)."""
        await self._writable()
        try:
            await self._change("DELETE", record_id)
        except Gone:
            return

    async def opt_out(self, record_id: str) -> None:
        """Bar the e-mail channel; a read first, so that no other barred channel is lost."""
        await self._writable()
        body = opt_out_body(await self._read(record_id, urgent=True), self._spelling)
        if body is not None:
            await self._change("PUT", record_id, body, urgent=True)

    async def labels(self) -> Sequence[Label]:
        """All tags defined in the location."""
        grant = await self._authorise.grant()
        answer = await self._client.request(
            "GET",
            f"{_LOCATION}/tags",
            ids={"location": grant.location_id},
            decode=decode_as(_Tags),
            idempotent=True,
        )
        return [Label(tag.id, tag.name) for tag in answer.tags]

    async def members(self, label: Label) -> frozenset[str]:
        """Ids of the contacts with this tag, by a filtered search, which may lag (highlevel.md 2.1.3)."""
        found: set[str] = set()
        cursor: str | None = None
        filters = [{"field": "tags", "operator": "eq", "value": label.name}]
        while True:
            page = await self._search(cursor, filters)
            # The filter's rule for letter case is not documented: the records themselves decide.
            found.update(item.id for item in page.records if label.name in (item.labels or ()))
            if page.cursor is None:
                return frozenset(found)
            cursor = page.cursor

    async def create_label(self, name: str) -> Label:
        """Define a tag."""
        grant = await self._writable()
        answer = await self._client.request(
            "POST",
            f"{_LOCATION}/tags",
            ids={"location": grant.location_id},
            json={"name": name},
            decode=decode_as(_TagMade),
            idempotent=False,
        )
        return Label(answer.tag.id, answer.tag.name)

    async def add_label(self, record_id: str, label: Label) -> None:
        """Add one tag; the others stay (``tags`` in a PUT would replace them)."""
        await self._change_tags("POST", record_id, label)

    async def remove_label(self, record_id: str, label: Label) -> None:
        """Take one tag off."""
        await self._change_tags("DELETE", record_id, label)

    async def custom_fields(self) -> Sequence[CustomField]:
        """The contact fields made by the location's owner: not the marker field, which is Landbridge's."""
        found = await self._definitions()
        return [CustomField(f.id, f.field_key, f.name, f.data_type) for f in found if f.id != self._marker]

    async def make_marker(self) -> str:
        """The id of the contact field named "Landbridge: Rezora ID"; made if there is none.

        "" when the grant may not read or make it, or HighLevel refuses it: a bridge works without. Finding
        it needs ``locations/customFields.readonly``, making it ``locations/customFields.write``.
        """
        grant = await self._authorise.grant()
        may_make = may_write(self._config, grant) and has_scopes(grant, "locations/customFields.write")
        marker = ""
        try:
            marker = marker_among(await self._definitions(), self._marker)
            if not marker and may_make:
                marker = await self._new_marker(grant)
        except (Forbidden, Rejected):
            pass
        self._marker = marker
        return marker

    def ledger(self) -> Ledger:
        """Calls made and calls left, by our own count and HighLevel's headers."""
        return self._client.ledger()

    async def close(self) -> None:
        """Close both connection pools."""
        await self._client.close()
        await self._authorise.close()

    async def _search(
        self,
        cursor: str | None,
        filters: Sequence[Mapping[str, Any]],
        sort: Sequence[Mapping[str, str]] = EVERYBODY,
    ) -> Page:
        grant = await self._authorise.grant()
        before = read_cursor(cursor)
        body: dict[str, Any] = {
            "locationId": grant.location_id,
            "pageLimit": self._config.page_size,
            "sort": list(sort),
        }
        if filters:
            body["filters"] = list(filters)
        if before.after:
            body["searchAfter"] = before.after
        found = await self._client.request(
            "POST", "/contacts/search", json=body, decode=_found, idempotent=True
        )
        records = [record(contact, self._marker) for contact in found.contacts]
        return Page(records, next_cursor(before, found), found.total)

    async def _read(self, record_id: str, *, urgent: bool = False) -> Contact:
        answer = await self._client.request(
            "GET", _CONTACT, ids={"contact": record_id}, decode=_one, idempotent=True, urgent=urgent
        )
        if answer.contact.id != record_id:
            raise Malformed("HighLevel answered with another contact than asked for.", side=self.side)
        return answer.contact

    async def _change(
        self, method: str, record_id: str, body: object = msgspec.UNSET, *, urgent: bool = False
    ) -> None:
        """An update or a deletion by id; its answer tells once more whether it succeeded."""
        answer = await self._client.request(
            method,
            _CONTACT,
            ids={"contact": record_id},
            json=body,
            decode=_changed,
            idempotent=True,
            urgent=urgent,
        )
        if answer.succeded is False or answer.succeeded is False:
            raise Rejected(f"HighLevel answered that the {method} did not succeed.", side=self.side)

    async def _definitions(self) -> list[Definition]:
        grant = await self._authorise.grant()
        answer = await self._client.request(
            "GET",
            _FIELDS,
            ids={"location": grant.location_id},
            query={"model": "contact"},
            decode=decode_as(Definitions),
            idempotent=True,
        )
        self._types = {found.id: found.data_type for found in answer.custom_fields}
        return answer.custom_fields

    async def _new_marker(self, grant: Grant) -> str:
        """Make the field, once; if the answer was lost, see whether it is there."""
        try:
            answer = await self._client.request(
                "POST",
                _FIELDS,
                ids={"location": grant.location_id},
                json=NEW_MARKER,
                decode=decode_as(DefinitionMade),
                idempotent=False,
            )
        except (Unavailable, Malformed):
            if marker := marker_among(await self._definitions(), ""):
                return marker
            raise
        return answer.custom_field.id

    async def _change_tags(self, method: str, record_id: str, label: Label) -> None:
        await self._writable()
        await self._client.request(
            method,
            f"{_CONTACT}/tags",
            ids={"contact": record_id},
            json={"tags": [label.name]},
            decode=no_body,
            idempotent=True,  # adding or taking off twice is once
        )

    async def _types_for(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        if self._types is None and needs_types(fields):
            await self.custom_fields()
        return self._types or {}

    async def _writable(self) -> Grant:
        grant = await self._authorise.grant()
        refuse_read_only(self._config, grant)
        return grant


def open_highlevel(
    config: HighLevelConfig,
    grants: GrantStore,
    *,
    http: HttpConfig,
    quota: Quota,
    clock: Clock,
    rng: random.Random,
    marker_field: str = "",
) -> HighLevelSystem:
    """The system of one account, wired; connections open on the first call. Close it when done.

    ``marker_field`` is the id that ``make_marker`` gave at connect, "" to go without.
    """
    authorise = OAuthAuthorise(config, grants, http=http, clock=clock, rng=rng)
    client = HttpClient(
        config.api_url,
        Side.HIGHLEVEL,
        clock=clock,
        rng=rng,
        config=http,
        quota=quota,
        authorise=authorise,
        dialect=HighLevelDialect(),
        headers={"Version": config.version},
    )
    return HighLevelSystem(config, client, authorise, marker_field)


def _notes(grant: Grant, settings: object) -> tuple[str, ...]:
    notes = []
    if grant.kind == "pit":
        notes.append("Connected with a Private Integration Token: it does not tell which scopes it has.")
    if isinstance(settings, dict) and settings.get("allowDuplicateContact") is True:
        notes.append("This location allows several contacts with one e-mail address.")
    return tuple(notes)
