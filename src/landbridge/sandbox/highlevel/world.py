"""The world: one request in, one answer out; token, quota, version, scope and location first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from landbridge.sandbox.highlevel import (
    appointments,
    bookings,
    businesses,
    calendars,
    consent,
    contacts,
    custom_fields,
    labels,
    location,
    memberships,
    notes,
    oauth,
    search,
    seeding,
    seeding_activities,
    tasks,
)
from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.config import VERSIONS, HighLevelConfig
from landbridge.sandbox.highlevel.edits import edit
from landbridge.sandbox.highlevel.grants import Grant
from landbridge.sandbox.highlevel.refusals import (
    Refusal,
    forbidden,
    not_found,
    too_many,
    unauthorized,
    unprocessable,
)
from landbridge.sandbox.highlevel.routing import Router
from landbridge.sandbox.highlevel.state import State
from landbridge.sandbox.highlevel.webhooks import Webhooks
from landbridge.sandbox.wire import Answer, Ids, Request, SandboxClock

if TYPE_CHECKING:
    from landbridge.sandbox.people import Person

ROUTES: tuple[Route, ...] = (
    *consent.ROUTES,
    *oauth.ROUTES,
    *search.ROUTES,
    *contacts.ROUTES,
    *labels.ROUTES,
    *memberships.ROUTES,
    *tasks.ROUTES,
    *notes.ROUTES,
    *location.ROUTES,
    *custom_fields.ROUTES,
    *businesses.ROUTES,
    *calendars.ROUTES,
    *appointments.ROUTES,
    *bookings.ROUTES,
)
_NOBODY = Grant("oauth", "Location", "", (), "", "")
_ENCODER = msgspec.json.Encoder()


class HighLevelWorld:
    """A HighLevel location in memory. Paths are relative, such as ``/contacts/search``."""

    def __init__(self, clock: SandboxClock, ids: Ids, config: HighLevelConfig) -> None:
        self.config = config
        self.state = State(clock, ids, config)
        self._router = Router(ROUTES)
        self._traces = 0
        seeding.furnish(self.state)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What webhooks would tell: ``number type id locationId timestamp [contactId]``, oldest first."""
        return list(self.state.events)

    def answer(self, request: Request) -> Answer:
        """Answer one request as HighLevel would; never raises for anything a client sends."""
        self.state.by_api = True
        try:
            return self._answer(request)
        finally:
            self.state.by_api = False

    def _answer(self, request: Request) -> Answer:
        found = self._router.find(request.method, request.path)
        budget = f"{self.config.client_id}:{self.config.location_id}"
        status = 200
        try:
            if found is not None and found[0].open:
                call = Call(request, found[1], request.headers.get("version", ""), _NOBODY)
                reply = found[0].operation(self.state, call)
            else:
                grant = self.state.grants.behind(request.headers.get("authorization", ""))
                budget = grant.budget
                if not self.state.quota.take(budget):
                    raise too_many()
                route, call = self._admit(request, found, grant)
                reply = route.operation(self.state, call)
                status = call.status or route.status
        except Refusal as refusal:
            status, reply = refusal.status, refusal.body
        if isinstance(reply, Answer):
            return reply
        return self._written(status, reply, budget)

    @property
    def webhooks(self) -> Webhooks:
        """Webhooks on their way, and what became of them."""
        return self.state.webhooks

    def seed(self, people: Iterable[Person]) -> None:
        """Add people as contacts that were always there: no events, no search lag."""
        seeding.seed(self.state, people)

    def seed_activities(self, count: int, seed: int) -> None:
        """Give the first contacts notes, tasks and appointments, as if they had always been there."""
        seeding_activities.seed_activities(self.state, count, seed)

    def edit(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """A change by a person in the CRM: ``{kind, action, ...}``, ``kind`` is contact when left out.

        contact: create ``fields``; update ``id fields``; delete ``id``; add_tags, remove_tags ``id tags``;
        set_dnd ``id [dnd] [channels {"Email": "active"}] [message] [code]``; merge ``id others``.
        task, note, appointment: create ``contactId fields``; update ``id fields``; delete ``id``.
        app: expire_access, revoke_refresh, uninstall. config: set ``fields`` (of ``HighLevelConfig``).
        Answers ``{id, ...}``; raises ValueError with one sentence.
        """
        return edit(self.state, command)

    def dump(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON; the config is not part of it."""
        return self.state.dump() | {"traces": self._traces}

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Take over what ``dump`` gave."""
        self.state.load(snapshot)
        self._traces = snapshot["traces"]

    def reset(self) -> None:
        """A fresh location: no contacts, no events, no grants, full quota; the config stays."""
        self.state.clear()
        self.state.grants.uninstall()
        self.state.quota.reset()
        seeding.furnish(self.state)

    def _admit(
        self, request: Request, found: tuple[Route, dict[str, str]] | None, grant: Grant
    ) -> tuple[Route, Call]:
        """Version, route, kind of token, scope and location, in this order (the order is an assumption)."""
        version = request.headers.get("version", "")
        if version not in VERSIONS:  # both sentences as seen live by third parties
            raise unauthorized("version header is invalid" if version else "version header was not found.")
        if found is None or not self._serves(found[0], version):
            raise self._no_route(request)
        route, parameters = found
        call = Call(request, parameters, version, grant)
        if route.agency and grant.user_type != "Company":
            raise forbidden("Forbidden resource")
        if (not route.agency and grant.user_type == "Company") or (
            route.scope and route.scope not in grant.scopes
        ):
            raise unauthorized("The token is not authorized for this scope.")
        self._check_location(route, call)
        return route, call

    def _serves(self, route: Route, version: str) -> bool:
        if route.generation == "v3":
            return version == "v3"
        return route.generation == "both" or version != "v3" or not self.config.v3_drops

    def _no_route(self, request: Request) -> Refusal:
        other_case = self._router.knows_in_other_case(request.method, request.path)
        known = self._router.find(request.method, request.path) is not None
        if other_case and not known and self.config.wrong_case_status == 401:
            return unauthorized("Unauthorized")
        return not_found(f"Cannot {request.method} {request.path}")

    def _check_location(self, route: Route, call: Call) -> None:
        """403 for another location, or a missing one in path or query; 422 for a missing one in a body."""
        if route.location == "none":
            return
        if route.location == "body":
            asked = call.body.get("locationId")
            if asked is None or asked == "":
                raise unprocessable(["locationId should not be empty"])
        elif route.location == "query":
            asked = call.query("locationId")
        else:
            asked = call.parameters["locationId"]
        if asked != self.config.location_id:
            raise forbidden("The token does not have access to this location")

    def _written(self, status: int, reply: Mapping[str, Any], budget: str) -> Answer:
        self._traces += 1
        body = _ENCODER.encode({**reply, "traceId": f"00000000-0000-4000-8000-{self._traces:012x}"})
        headers = {"content-type": "application/json; charset=utf-8", **self.state.quota.headers(budget)}
        return Answer(status, body, headers)
