"""The sandbox answers as the vendor's OpenAPI files describe it, where these files are at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from landbridge.sandbox.highlevel.fields import UPSERT, create_shape, update_shape
from sandbox_highlevel_client import Client, client

FOLDER = Path(
    os.environ.get("LANDBRIDGE_OPENAPI") or Path(__file__).parents[1] / ".." / "shared" / "highlevel-openapi"
)
APPS = ("contacts", "locations", "users", "calendars", "oauth", "businesses")
VERBS = ("get", "post", "put", "delete")
# What the sandbox does not play of the other apps: parts of paths, and single operations.
UNPLAYED = {
    "locations": (
        "/recurring-tasks",
        "/customFields/upload",
        "/templates",
        "/permissions",
        "/conversationChannels",
    ),
    "users": ("/filter-by-email",),
    "calendars": ("/resources", "/notifications", "/schedules", "/services"),
}
UNPLAYED_OPERATIONS = {
    "POST /locations/",
    "PUT /locations/{locationId}",
    "DELETE /locations/{locationId}",
    "POST /users/",
    "PUT /users/{userId}",
    "DELETE /users/{userId}",
}
TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,)}
# Where live answers differ from the files; highlevel.md says so and the sandbox follows the live ones.
LIVE_DIFFERS = {
    "responses": "bulk tags answers objects, the files say texts (highlevel.md 2.1.2)",
    "tasks.[]": "task search answers objects, the files say lists of anything (highlevel.md 2.3.1)",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one file."""

    app: str
    v3: bool
    method: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def file(self) -> Path:
        if self.v3:
            return FOLDER / "apps" / "v3" / f"{self.app}-v3.json"
        return FOLDER / "apps" / f"{self.app}.json"


@lru_cache(maxsize=32)
def document(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def operations() -> Iterator[Operation]:
    for app in APPS:
        for v3 in (False, True):
            file = Operation(app, v3, "", "").file
            if not file.exists():
                continue
            for path, item in document(file)["paths"].items():
                for verb in VERBS:
                    if verb in item:
                        yield Operation(app, v3, verb.upper(), path)


def is_played(one: Operation) -> bool:
    return one.name not in UNPLAYED_OPERATIONS and not any(
        part in one.path for part in UNPLAYED.get(one.app, ())
    )


PLAYED = [one for one in operations() if is_played(one)]
needs_files = pytest.mark.skipif(
    not PLAYED,
    reason="the vendor's OpenAPI files are not here; name their folder in LANDBRIDGE_OPENAPI to run this",
)


class Scene:
    """A world with one of everything, and for each operation a request that should succeed."""

    def __init__(self, one: Operation) -> None:
        self.one = one
        self.c = client()
        self.c.version = "v3" if one.v3 else "2021-04-15" if one.app == "calendars" else "2021-07-28"
        self.ids = self._furnish(self.c)

    def _furnish(self, c: Client) -> dict[str, str]:
        contact = c.create(firstName="Ann", lastName="Example", email="ann@example.com", tags=["buyer"])["id"]
        base, place = f"/contacts/{contact}", f"/locations/{c.location}"
        task = {"title": "Call", "body": "Soon", "dueDate": "2026-10-01T10:00:00Z", "completed": False}
        tables = c.world.state.tables
        ids = {
            "locationId": c.location,
            "contactId": contact,
            "taskId": c.send("POST", base + "/tasks", task).json["task"]["id"],
            "noteId": c.send("POST", base + "/notes", {"body": "Hello"}).json["note"]["id"],
            "tagId": next(iter(tables["tags"])),
            "fieldId": next(iter(tables["custom_fields"])),
            "valueId": c.send("POST", place + "/customValues", {"name": "a", "value": "b"}).json[
                "customValue"
            ]["id"],
            "userId": next(iter(tables["users"])),
            "calendarId": next(iter(tables["calendars"])),
            "groupId": next(iter(tables["calendar_groups"])),
            "campaignId": "campaign1",
            "workflowId": "workflow1",
            "type": "add",
        }
        firm = {"locationId": c.location, "name": "Example Ltd", "email": "firm@example.com"}
        ids["businessId"] = c.send("POST", "/businesses/", firm).json["buiseness"]["id"]
        link = {"locationId": c.location, "ids": [contact], "businessId": ids["businessId"]}
        assert c.send("POST", "/contacts/bulk/business", link).status == 200
        ids["eventId"] = self._book(c, ids, "2026-10-01T10:00:00Z")
        ids["appointmentId"] = ids["eventId"]
        note = c.send("POST", f"/calendars/appointments/{ids['eventId']}/notes", {"body": "Bring keys"})
        ids["appointmentNoteId"] = note.json["note"]["id"]
        slot = {
            "calendarId": ids["calendarId"],
            "locationId": c.location,
            "startTime": "2026-10-02T10:00:00Z",
        }
        ids["blockId"] = c.send("POST", "/calendars/events/block-slots", slot).json["id"]
        return ids

    def _book(self, c: Client, ids: Mapping[str, str], start: str) -> str:
        body = {name: ids[name] for name in ("calendarId", "locationId", "contactId")}
        booked: str = c.send("POST", "/calendars/events/appointments", body | {"startTime": start}).json["id"]
        return booked

    def path(self) -> str:
        ids = dict(self.ids)
        ids["id"] = ids[
            "noteId"
            if self.one.app == "contacts"
            else "valueId"
            if "customValues" in self.one.path
            else "fieldId"
        ]
        if "/appointments/{appointmentId}/notes" in self.one.path:
            ids["noteId"] = ids["appointmentNoteId"]
        if "block-slots" in self.one.path:
            ids["eventId"] = ids["blockId"]
        return self.one.path.format(**ids)

    def query(self) -> str:
        place = f"locationId={self.c.location}"
        window = f"{place}&calendarId={self.ids['calendarId']}&startTime=1780000000000&endTime=1800000000000"
        company = f"companyId={self.c.world.config.company_id}"
        queries = {
            "/contacts/search/duplicate": f"{place}&email=ann@example.com",
            "/calendars/events": window,
            "/calendars/blocked-slots": window,
            "/calendars/{calendarId}/free-slots": "startDate=1790000000000&endDate=1790200000000",
            "/calendars/appointments/{appointmentId}/notes": "limit=10&offset=0",
            "/users/search": company,
            "/oauth/installedLocations": f"{company}&appId=app",
            "/oauth/installed-locations": f"{company}&appId=app",
        }
        return queries.get(self.one.path, place)

    def body(self) -> object:
        """A body for the operation; None where it takes none."""
        ids = self.ids
        place = {"locationId": ids["locationId"]}
        booking = {"calendarId": ids["calendarId"], "startTime": "2026-10-05T10:00:00Z"}
        group = {"name": "Tours", "description": "All tours", "slug": "tours"}
        bodies: dict[str, object] = {
            "POST /contacts/search": place | {"pageLimit": 10},
            "POST /contacts/": place | {"firstName": "Bo", "dateOfBirth": "1990-09-25"},
            "POST /contacts/upsert": place | {"email": "ann@example.com", "city": "Austin"},
            "PUT /contacts/{contactId}": {"city": "Austin"},
            "POST /contacts/{contactId}/tasks": {
                "title": "a",
                "dueDate": "2026-10-01T00:00:00Z",
                "completed": False,
            },
            "PUT /contacts/{contactId}/tasks/{taskId}": {"title": "b"},
            "PUT /contacts/{contactId}/tasks/{taskId}/completed": {"completed": True},
            "POST /contacts/{contactId}/tags": {"tags": ["vip"]},
            "DELETE /contacts/{contactId}/tags": {"tags": ["buyer"]},
            "POST /contacts/{contactId}/notes": {"body": "<p>Hello</p>"},
            "PUT /contacts/{contactId}/notes/{id}": {"title": "b"},
            "POST /contacts/bulk/tags/update/{type}": place
            | {"contacts": [ids["contactId"]], "tags": ["vip"]},
            "POST /contacts/bulk/business": place | {"ids": [ids["contactId"]], "businessId": None},
            "POST /contacts/{contactId}/followers": {"followers": [ids["userId"]]},
            "DELETE /contacts/{contactId}/followers": {"followers": [ids["userId"]]},
            "POST /contacts/{contactId}/workflow/{workflowId}": {"eventStartTime": "2026-10-01T00:00:00Z"},
            "POST /locations/{locationId}/tags": {"name": "vip"},
            "PUT /locations/{locationId}/tags/{tagId}": {"name": "vip"},
            "POST /locations/{locationId}/tasks/search": {
                "contactId": [ids["contactId"]],
                "completed": False,
            },
            "POST /locations/{locationId}/customFields": {
                "name": "Style",
                "dataType": "TEXT",
                "model": "contact",
            },
            "PUT /locations/{locationId}/customFields/{id}": {"name": "Style", "placeholder": "Style"},
            "POST /locations/{locationId}/customValues": {"name": "a", "value": "b"},
            "PUT /locations/{locationId}/customValues/{id}": {"name": "a", "value": "b"},
            "POST /calendars/": place | {"name": "Open house"},
            "PUT /calendars/{calendarId}": {"name": "Open house"},
            "POST /calendars/groups": place | group,
            "POST /calendars/groups/validate-slug": place | {"slug": "tours"},
            "PUT /calendars/groups/{groupId}": group,
            "PUT /calendars/groups/{groupId}/status": {"isActive": False},
            "POST /calendars/events/appointments": booking | place | {"contactId": ids["contactId"]},
            "PUT /calendars/events/appointments/{eventId}": {"title": "Tour"},
            "DELETE /calendars/events/{eventId}": {},
            "POST /calendars/events/block-slots": booking | place,
            "PUT /calendars/events/block-slots/{eventId}": booking | place,
            "POST /calendars/appointments/{appointmentId}/notes": {"body": "Bring keys"},
            "PUT /calendars/appointments/{appointmentId}/notes/{noteId}": {"body": "Bring keys"},
            "POST /businesses/": place | {"name": "Sample Ltd"},
            "PUT /businesses/{businessId}": {"name": "Sample Ltd"},
        }
        return bodies.get(self.one.name)

    def play(self) -> tuple[int, dict[str, Any]]:
        if self.one.app == "oauth":
            return self._play_oauth()
        reply = self.c.send(self.one.method, f"{self.path()}?{self.query()}", self.body())
        return reply.status, reply.json

    def _play_oauth(self) -> tuple[int, dict[str, Any]]:
        c = self.c
        if self.one.path == "/oauth/token":
            fields = c.app(grant_type="authorization_code", code=c.consent(["contacts.readonly"])["code"])
            v3 = {"client_id": "clientId", "client_secret": "clientSecret", "grant_type": "grantType"}
            sent = {v3.get(name, name): value for name, value in fields.items()} if self.one.v3 else fields
            reply = c.form("/oauth/token", sent, version=c.version)
            return reply.status, reply.json
        c.connect("oauth.write", "oauth.readonly", user_type="Company")
        if self.one.method == "GET":
            reply = c.send("GET", f"{self.one.path}?{self.query()}")
        else:
            ids = {"companyId": c.world.config.company_id, "locationId": c.location}
            reply = c.form(self.one.path, ids, authorization=f"Bearer {c.token}", version=c.version)
        return reply.status, reply.json


class Fit:
    """Whether a value fits a schema: extra fields and nulls are allowed, required fields must be there."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def problems(self, value: object, schema: Mapping[str, Any], where: str = "") -> list[str]:
        schema, found = self._resolved(schema), []
        if value is None or where in LIVE_DIFFERS:
            return []
        for part in schema.get("allOf", ()):
            found += self.problems(value, part, where)
        for several in ("anyOf", "oneOf"):
            choices = [self.problems(value, part, where) for part in schema.get(several, ())]
            if choices and all(choices):
                found += sorted(choices, key=len)[0]
        kind = "object" if "properties" in schema else schema.get("type")
        if kind == "object" and schema.get("properties"):
            return found + self._object_problems(value, schema, where)
        if kind == "array":
            return found + self._array_problems(value, schema, where)
        fits = TYPES.get(str(kind))
        if fits is not None and (
            not isinstance(value, fits) or (kind == "number" and isinstance(value, bool))
        ):
            found.append(f"{where} should be {kind}, is {type(value).__name__}")
        if isinstance(value, str) and schema.get("enum") and value not in schema["enum"]:
            found.append(f"{where} should be one of {schema['enum']}")
        return found

    def _object_problems(self, value: object, schema: Mapping[str, Any], where: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where} should be an object, is {type(value).__name__}"]
        prefix = f"{where}." if where else ""
        found = [f"{prefix}{name} is required" for name in schema.get("required", ()) if name not in value]
        for name, part in schema["properties"].items():
            if name in value:
                found += self.problems(value[name], part, prefix + name)
        return found

    def _array_problems(self, value: object, schema: Mapping[str, Any], where: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{where} should be an array, is {type(value).__name__}"]
        return [
            problem for one in value for problem in self.problems(one, schema.get("items", {}), f"{where}.[]")
        ]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            target, _, pointer = schema["$ref"].partition("#/")
            file = self.file if not target else self.file.parent / target
            if not file.exists():  # the v3 files point one folder too high (README of the files)
                file = self.file.parent / target.removeprefix("../")
            schema = document(file)
            for name in pointer.split("/"):
                schema = schema[name]
        return schema


def response(one: Operation, status: int) -> Mapping[str, Any]:
    operation = document(one.file)["paths"][one.path][one.method.lower()]
    content = operation["responses"][str(status)].get("content", {})
    schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema


@needs_files
def test_all_32_contact_operations_of_version_2_and_31_of_version_3_are_played() -> None:
    counts = {v3: sum(1 for one in PLAYED if one.app == "contacts" and one.v3 is v3) for v3 in (False, True)}
    assert counts == {False: 32, True: 31}


@needs_files
@pytest.mark.parametrize("one", PLAYED, ids=lambda one: f"{'v3' if one.v3 else 'v2'} {one.name}")
def test_an_operation_answers_with_a_documented_success_of_the_right_shape(one: Operation) -> None:
    status, body = Scene(one).play()
    documented = document(one.file)["paths"][one.path][one.method.lower()]["responses"]
    assert 200 <= status < 300, body
    assert str(status) in documented
    if "appointment" in body:  # live it is called so, the files say event (highlevel.md 2.2)
        body = {"event": body["appointment"]}
    assert Fit(one.file).problems(body, response(one, status)) == []


@needs_files
@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("POST /contacts/", {"additionalEmails", "additionalPhones"}),
        ("POST /contacts/upsert", set()),
        ("PUT /contacts/{contactId}", {"additionalEmails", "additionalPhones"}),
    ],
)
def test_a_contact_takes_exactly_the_documented_properties(name: str, extra: set[str]) -> None:
    config = client().world.config
    shapes = {
        "POST /contacts/": create_shape(config),
        "POST /contacts/upsert": UPSERT,
        "PUT /contacts/{contactId}": update_shape(config),
    }
    method, path = name.split()
    file = Operation("contacts", False, method, path).file
    content = document(file)["paths"][path][method.lower()]["requestBody"]["content"]
    schema = Fit(file)._resolved(content["application/json"]["schema"])
    assert shapes[name].fields.keys() == schema["properties"].keys() | extra


@needs_files
def test_refusals_have_the_documented_shape() -> None:
    c = client()
    unknown = c.send("GET", "/contacts/nobody00000000000000")
    wrong = c.send("POST", "/contacts/", {"locationId": c.location, "shoeSize": 1})
    c.token = "wrong"
    bad = c.send("GET", "/contacts/nobody00000000000000")
    file = FOLDER / "apps" / "contacts.json"
    for reply, name in ((unknown, "BadRequestDTO"), (wrong, "UnprocessableDTO"), (bad, "UnauthorizedDTO")):
        schema = {"$ref": f"../common/common-schemas.json#/components/schemas/{name}"}
        assert Fit(file).problems(reply.json, schema) == []
        assert reply.json.keys() >= Fit(file)._resolved(schema)["properties"].keys()
