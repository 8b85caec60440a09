"""Whatever a client sends, the sandbox answers: with a status, a JSON body and a trace id."""

from __future__ import annotations

import json
import random
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from landbridge.sandbox.highlevel.call import Route
from landbridge.sandbox.highlevel.world import ROUTES
from sandbox_highlevel_client import Client, client

NAMES = [
    "firstName",
    "name",
    "email",
    "phone",
    "country",
    "dateOfBirth",
    "dnd",
    "dndSettings",
    "inboundDndSettings",
    "tags",
    "customFields",
    "id",
    "ids",
    "additionalEmails",
    "pageLimit",
    "page",
    "searchAfter",
    "filters",
    "sort",
    "query",
    "title",
    "body",
    "dueDate",
    "completed",
    "limit",
    "skip",
    "dataType",
    "options",
    "textBoxListOptions",
    "contacts",
    "followers",
    "businessId",
    "calendarId",
    "contactId",
    "startTime",
    "endTime",
    "slotDuration",
    "openHours",
    "teamMembers",
    "appointmentStatus",
    "rrule",
    "assignedUserId",
    "value",
    "isActive",
    "description",
    "slug",
    "sortKey",
    "sortDirection",
    "clientKey",
    "clientSecret",
    "startDate",
    "endDate",
    "timezone",
    "userId",
    "grant_type",
    "code",
    "client_id",
]
VALUES: tuple[Any, ...] = (
    None,
    "",
    "x",
    "²",
    "9" * 40,
    "2026-10-01T10:00:00Z",
    "0001-01-01T00:00:00+14:00",
    True,
    0,
    -1,
    1.5,
    1e300,
    10**30,
    [],
    ["x"],
    [1, "x"],
    [[1]],
    {},
    {"x": 1},
    {"all": {"status": []}},
    {"Email": {"status": []}},
    {"gte": [], "lt": "x"},
    [{"id": [], "value": {}}],
    [{"field": [], "operator": "eq", "value": 1}],
    [{"field": "tags", "operator": "contains", "value": [1, None]}],
    [{"field": "dateAdded", "operator": "range", "value": {"gte": 10**30}}],
    [{"field": "email", "direction": []}],
    [{"group": "OR", "filters": [{"field": "email", "operator": "eq", "value": 4}]}],
    [{"daysOfTheWeek": [1], "hours": [{"openHour": 99}]}],
)


@pytest.fixture
def c() -> Client:
    made = client()
    contact = made.create(firstName="Ann", email="ann@example.com", phone="+15125550101", tags=["a"])
    task = {"title": "Call", "dueDate": "2026-10-01T10:00:00Z", "completed": False}
    made.send("POST", f"/contacts/{contact['id']}/tasks", task)
    return made


def some_body(draw: random.Random, c: Client) -> dict[str, Any]:
    body: dict[str, Any] = {name: draw.choice(VALUES) for name in draw.sample(NAMES, draw.randint(0, 6))}
    if draw.random() < 0.9:
        body["locationId"] = c.location
    return body | ({"pageLimit": 5} if draw.random() < 0.5 else {})


def some_path(draw: random.Random, c: Client, route: Route) -> str:
    tables = c.world.state.tables
    known = [
        c.location,
        *c.world.state.contacts,
        *(key for table in tables.values() for key in list(table)[:2]),
    ]
    path = re.sub(r"\{\w+\}", lambda _: quote(draw.choice([*known, "nobody", "%", "ü"])), route.path)
    query = {name: str(draw.choice(VALUES)) for name in draw.sample(NAMES, 3)} | {"locationId": c.location}
    return f"{path.replace('{locationId}', c.location)}?{urlencode(query)}"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_request_breaks_the_world(c: Client, route: Route) -> None:
    draw = random.Random(f"{route.method} {route.path}")  # repeatable, not secret
    for _ in range(60):
        headers = {"authorization": f"Bearer {c.token}", "version": draw.choice(["2021-07-28", "v3"])}
        body = json.dumps(some_body(draw, c)).encode()
        answer = c.raw(route.method, some_path(draw, c, route), body, headers)
        assert answer.status in {200, 201, 302, 400, 401, 403, 404, 422}
        if answer.headers.get("content-type", "").startswith("application/json"):
            assert "traceId" in json.loads(answer.body)


def test_only_json_that_can_be_read_back_is_written(c: Client) -> None:
    draw = random.Random(3)  # repeatable, not secret
    for route in (route for route in ROUTES if route.method == "GET" and not route.open):
        answer = c.send("GET", some_path(draw, c, route))
        assert answer.status < 500
    assert json.loads(json.dumps(c.world.dump())) == json.loads(json.dumps(c.world.dump()))
