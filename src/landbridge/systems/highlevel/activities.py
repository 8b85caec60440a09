"""Tasks, notes and appointments of one HighLevel location (highlevel.md 2.1.2, 2.2, 2.3.1, 3.1).

Notes have no listing: they are read contact by contact. Notes *of appointments* are not carried. Recurring
appointments are shown one by one, with their rule; writing to the id of a series changes the whole series.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind, Side
from landbridge.systems.activities import ActivityPage
from landbridge.systems.base import Forbidden, Gone, Grant, Malformed, Rejected
from landbridge.systems.highlevel.activity_answers import (
    CalendarsFound,
    Deleted,
    EventsFound,
    LocationFound,
    NotesFound,
    OneAnswer,
    TasksFound,
    UsersFound,
)
from landbridge.systems.highlevel.activity_records import (
    Event,
    Note,
    Task,
    appointment,
    appointment_body,
    note,
    note_body,
    refused,
    task,
    task_body,
)
from landbridge.systems.highlevel.auth import OAuthAuthorise
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.highlevel.permissions import has_scopes, may_write, refuse_read_only
from landbridge.systems.http import HttpClient, decode_as, no_body

T = TypeVar("T")

_EVENTS_READ = ("calendars.readonly", "calendars/events.readonly")
_READ = {Kind.TASK: ("contacts.readonly",), Kind.NOTE: ("contacts.readonly",), Kind.APPOINTMENT: _EVENTS_READ}
_LIST = {Kind.TASK: ("locations/tasks.readonly",), Kind.APPOINTMENT: _EVENTS_READ}
_WRITE = {
    Kind.TASK: "contacts.write",
    Kind.NOTE: "contacts.write",
    Kind.APPOINTMENT: "calendars/events.write",
}
_CALENDARS_VERSION = "2021-04-15"  # what the specification names for calendars; v3 is v3 (highlevel.md 1.11)
_USERS_PAGE = 25  # the default; a maximum is not stated (highlevel.md 2.4)
_CONTACT = "/contacts/{contact}"
_EVENT = "/calendars/events/appointments/{event}"
_ONE = {Kind.TASK: f"{_CONTACT}/tasks/{{task}}", Kind.NOTE: f"{_CONTACT}/notes/{{note}}"}


class HighLevelActivities:
    """The activities of one location. Writes are refused before they leave when the grant may not write."""

    def __init__(self, config: HighLevelConfig, client: HttpClient, authorise: OAuthAuthorise) -> None:
        self._config = config
        self._client = client
        self._authorise = authorise
        self._not_listed: set[Kind] = set()
        dated = re.fullmatch(r"\d{4}-\d{2}-\d{2}", config.version)
        self._calendars = {"Version": _CALENDARS_VERSION if dated else config.version}

    @property
    def listed(self) -> frozenset[Kind]:
        """Tasks and appointments, as far as the scopes allow.

        Before the first call the scopes are not known, and both are named; ``probe`` is enough. A kind that
        HighLevel has refused to list is left out from then on.
        """
        grant = self._authorise.known
        allowed = {kind for kind, scopes in _LIST.items() if grant is None or has_scopes(grant, *scopes)}
        return frozenset(allowed - self._not_listed)

    async def probe(self) -> tuple[frozenset[Kind], frozenset[Kind]]:
        """By the scopes of the grant, without a call; a kind is written only where it can be read back."""
        grant = await self._authorise.grant()
        reads = frozenset(kind for kind, scopes in _READ.items() if has_scopes(grant, *scopes))
        writes = frozenset(kind for kind in reads if may_write(self._config, grant, _WRITE[kind]))
        return reads, writes

    async def listing(self, kind: Kind, cursor: str | None = None) -> ActivityPage:
        """One page of all tasks or of all appointments; raises ``Forbidden`` where a scope is missing.

        Tasks come by the location's task search: ceil(T / ``task_page_size``) calls in all, and one more
        only where the last page is full. Its only proved way to the next page is ``skip``, so a task that
        comes or goes meanwhile shifts the others: one may be shown twice, or not at all. Appointments come
        calendar by calendar over ``calendar_window``: 1 + K calls in all. Whether HighLevel cuts such an
        answer is unknown. Not being listed is no proof of anything, for both.
        """
        if kind not in _LIST:
            raise refused(
                "HighLevel has no list of all notes.", "Report this: it comes from Landbridge itself."
            )
        grant = await self._authorise.grant()
        if not has_scopes(grant, *_LIST[kind]):
            raise _lacking(_LIST[kind])
        try:
            if kind is Kind.TASK:
                return await self._tasks(grant, cursor)
            return await self._appointments(grant, cursor)
        except Forbidden:
            self._not_listed.add(kind)
            raise

    async def of_contact(self, kind: Kind, contact_id: str) -> Sequence[Activity]:
        """All of one kind of one contact: one call.

        For appointments one more for each whose times come without an offset, as the specification shows
        them on this route: in which zone they are is not documented, and by id they come with one.
        """
        if kind is Kind.TASK:
            answer = await self._read(f"{_CONTACT}/tasks", TasksFound, contact=contact_id)
            return [task(shown, contact_id) for shown in answer.tasks]
        if kind is Kind.NOTE:
            found = await self._read(f"{_CONTACT}/notes", NotesFound, contact=contact_id)
            return [note(shown, contact_id) for shown in found.notes]
        events = await self._read(f"{_CONTACT}/appointments", EventsFound, contact=contact_id)
        return [one for shown in events.events if (one := await self._exact(shown, contact_id))]

    async def one(self, kind: Kind, contact_id: str, activity_id: str) -> Activity:
        """Read one by id; an appointment that says ``deleted`` is ``Gone``.

        A task or note that was handed to another contact, by a merge, is ``Gone`` under the old one.
        """
        if kind is Kind.APPOINTMENT:
            found = await self._appointment(activity_id, contact_id)
            if found.deleted:
                raise Gone("HighLevel says that this appointment was deleted.", side=Side.HIGHLEVEL)
            return found
        answer = await self._read(_ONE[kind], OneAnswer, **{"contact": contact_id, kind.value: activity_id})
        shown = None
        if answer.task is not None and kind is Kind.TASK:
            shown = task(answer.task, contact_id)
        elif answer.note is not None and kind is Kind.NOTE:
            shown = note(answer.note, contact_id)
        return _checked(shown, kind, activity_id)

    async def create(self, kind: Kind, contact_id: str, fields: Mapping[str, str]) -> str:
        """Create one and return its id; never retried here.

        A task needs a title and a due date, a note a body, an appointment a start and the id of its calendar
        under ``calendar``: raises ``Rejected`` without, before anything is sent.
        """
        if kind is Kind.APPOINTMENT:
            return await self._book(contact_id, fields)
        body = (task_body if kind is Kind.TASK else note_body)(fields, new=True)
        await self._writable(kind)
        answer = await self._client.request(
            "POST",
            f"{_CONTACT}/{kind}s",
            ids={"contact": contact_id},
            json=body,
            decode=decode_as(OneAnswer),
            idempotent=False,
        )
        return _new_id(answer.task or answer.note, kind)

    async def update(self, kind: Kind, contact_id: str, activity_id: str, fields: Mapping[str, str]) -> None:
        """Write only these fields; nothing is sent when there are none.

        A task of which only ``completed`` changes goes by the call made for that. An appointment's start
        and end are always sent together, the unchanged one as it is read just before: sent alone, a start
        may move the end with it.
        """
        if not fields:
            return
        if kind is Kind.APPOINTMENT:
            await self._rebook(contact_id, activity_id, fields)
            return
        body = (task_body if kind is Kind.TASK else note_body)(fields, new=False)
        await self._writable(kind)
        route = _ONE[kind] + ("/completed" if set(body) == {"completed"} else "")
        ids = {"contact": contact_id, kind.value: activity_id}
        await self._client.request("PUT", route, ids=ids, json=body, decode=no_body, idempotent=True)

    async def delete(self, kind: Kind, contact_id: str, activity_id: str) -> None:
        """Delete one; that there is no such record is success."""
        await self._writable(kind)
        try:
            if kind is Kind.APPOINTMENT:  # an empty object is declared as required (highlevel.md 2.2)
                await self._drop("/calendars/events/{event}", {"event": activity_id}, {}, self._calendars)
            else:
                await self._drop(_ONE[kind], {"contact": contact_id, kind.value: activity_id})
        except Gone:
            return

    async def people(self) -> Mapping[str, str]:
        """Names of the location's users: one call, in v3 one each 25; empty where they may not be read."""
        grant = await self._authorise.grant()
        if not has_scopes(grant, "users.readonly"):
            return {}
        try:
            if self._config.version == "v3":  # the list of all is gone there (highlevel.md 2.4)
                return await self._searched_users(grant)
            return await self._users("/users/", {"locationId": grant.location_id})
        except Forbidden:
            return {}

    async def _tasks(self, grant: Grant, cursor: str | None) -> ActivityPage:
        skip, first = (0, "") if cursor is None else _place(cursor, tuple[int, str])
        limit = self._config.task_page_size
        answer = await self._client.request(
            "POST",
            "/locations/{location}/tasks/search",
            ids={"location": grant.location_id},
            json={"limit": limit, "skip": skip},
            decode=decode_as(TasksFound),
            idempotent=True,
        )
        found = [task(shown) for shown in answer.tasks]
        if found and found[0].id == first:
            raise Malformed("HighLevel's pages of tasks repeat themselves.", side=Side.HIGHLEVEL)
        following = _written([skip + len(found), found[0].id]) if found and len(found) >= limit else None
        return ActivityPage([one for one in found if one.id and one.contact_id], following)

    async def _appointments(self, grant: Grant, cursor: str | None) -> ActivityPage:
        if cursor is None:
            index, calendars = 0, await self._calendar_ids(grant)
            if not calendars:
                return ActivityPage([], None)
        else:
            index, calendars = _place(cursor, tuple[int, list[str]])
            if not 0 <= index < len(calendars):
                raise _unreadable()
        earliest, latest = self._config.calendar_window
        query = {
            "locationId": grant.location_id,
            "calendarId": calendars[index],
            "startTime": str(earliest),
            "endTime": str(latest),
        }
        answer = await self._get("/calendars/events", EventsFound, query=query, headers=self._calendars)
        found = [appointment(shown) for shown in answer.events]
        following = _written([index + 1, calendars]) if index + 1 < len(calendars) else None
        return ActivityPage([one for one in found if one.id and one.contact_id], following)

    async def _calendar_ids(self, grant: Grant) -> list[str]:
        query = {"locationId": grant.location_id}
        answer = await self._get("/calendars/", CalendarsFound, query=query, headers=self._calendars)
        return [found.id for found in answer.calendars]

    async def _exact(self, shown: Event, contact_id: str) -> Activity | None:
        """The appointment with times that are instants; None when it is gone by now."""
        found = appointment(shown, contact_id)
        if not found.id:
            return None
        told = {"start", "end"} <= found.fields.keys()
        try:
            return found if told else await self._appointment(found.id, contact_id)
        except Gone:
            return None

    async def _appointment(self, event_id: str, contact_id: str) -> Activity:
        answer = await self._get(_EVENT, OneAnswer, ids={"event": event_id}, headers=self._calendars)
        shown = answer.appointment or answer.event
        found = appointment(shown, contact_id) if shown is not None else None
        return _checked(found, Kind.APPOINTMENT, event_id)

    async def _book(self, contact_id: str, fields: Mapping[str, str]) -> str:
        calendar = fields.get("calendar", "")
        if not calendar:
            raise refused(
                "HighLevel takes no appointment without a calendar; nothing was sent.",
                "Choose in the bridge's settings the HighLevel calendar for appointments from Rezora.",
            )
        own = {name: value for name, value in fields.items() if name != "calendar"}
        body = appointment_body(own, new=True, v3=self._config.version == "v3")
        grant = await self._writable(Kind.APPOINTMENT)
        ids = {"calendarId": calendar, "locationId": grant.location_id, "contactId": contact_id}
        answer = await self._client.request(
            "POST",
            "/calendars/events/appointments",
            json=ids | body,
            decode=decode_as(OneAnswer),
            idempotent=False,
            headers=self._calendars,
        )
        return _new_id(answer.appointment or answer.event or answer, Kind.APPOINTMENT)

    async def _rebook(self, contact_id: str, event_id: str, fields: Mapping[str, str]) -> None:
        body = appointment_body(fields, new=False, v3=self._config.version == "v3")
        await self._writable(Kind.APPOINTMENT)
        if ("start" in fields) != ("end" in fields):
            known = (await self.one(Kind.APPOINTMENT, contact_id, event_id)).fields
            if known.get("start") and known.get("end"):
                body = {"startTime": known["start"], "endTime": known["end"]} | body
        await self._client.request(
            "PUT",
            _EVENT,
            ids={"event": event_id},
            json=body,
            decode=no_body,
            idempotent=True,
            headers=self._calendars,
        )

    async def _drop(
        self,
        route: str,
        ids: Mapping[str, str],
        body: object = msgspec.UNSET,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        answer = await self._client.request(
            "DELETE", route, ids=ids, json=body, decode=decode_as(Deleted), idempotent=True, headers=headers
        )
        if answer.succeded is False or answer.succeeded is False:
            raise Rejected("HighLevel answered that the DELETE did not succeed.", side=Side.HIGHLEVEL)

    async def _searched_users(self, grant: Grant) -> dict[str, str]:
        company = grant.company_id
        if not company:
            where = {"location": grant.location_id}
            answer = await self._get("/locations/{location}", LocationFound, ids=where)
            company = answer.location.company_id or ""
        names: dict[str, str] = {}
        while True:
            query = {"companyId": company, "locationId": grant.location_id, "limit": str(_USERS_PAGE)}
            page = await self._users("/users/search", query | {"skip": str(len(names))})
            new = page.keys() - names.keys()
            names |= page
            if not new or len(page) < _USERS_PAGE:
                return names

    async def _users(self, route: str, query: Mapping[str, str]) -> dict[str, str]:
        answer = await self._get(route, UsersFound, query=query)
        return {user.id: user.name or "" for user in answer.users}

    async def _read(self, route: str, kind: type[T], **ids: str) -> T:
        return await self._get(route, kind, ids=ids)

    async def _get(self, route: str, kind: type[T], **rest: Any) -> T:
        decode: Callable[[bytes], T] = decode_as(kind)
        return await self._client.request("GET", route, decode=decode, idempotent=True, **rest)

    async def _writable(self, kind: Kind) -> Grant:
        grant = await self._authorise.grant()
        refuse_read_only(self._config, grant, _WRITE[kind], *_READ[kind])
        return grant


def _checked(found: Activity | None, kind: Kind, activity_id: str) -> Activity:
    if found is None or found.id != activity_id:
        raise Malformed(f"HighLevel did not answer with the one {kind} asked for.", side=Side.HIGHLEVEL)
    return found


def _new_id(made: Task | Note | Event | OneAnswer | None, kind: Kind) -> str:
    if made is None or not made.id:
        raise Malformed(
            f"HighLevel made a new {kind} and did not name it.", side=Side.HIGHLEVEL, sent="maybe"
        )
    return made.id


def _lacking(scopes: Sequence[str]) -> Forbidden:
    return Forbidden(
        f"The HighLevel connection lacks a scope for this list: {' or '.join(scopes)}.",
        fix="Add the scope to the app or to the Private Integration, then connect HighLevel again.",
        side=Side.HIGHLEVEL,
        sent="no",
    )


def _written(place: Sequence[object]) -> str:
    return msgspec.json.encode(place).decode()


def _place(cursor: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(cursor, type=kind)
    except msgspec.MsgspecError:
        raise _unreadable() from None


def _unreadable() -> Malformed:
    return Malformed(
        "The place where the reading of HighLevel stopped is not readable.",
        fix="Start the sync again from the beginning.",
        side=Side.HIGHLEVEL,
        sent="no",
    )
