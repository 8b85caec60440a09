"""The vendor's OpenAPI files as the tests of operations read them; without the files nothing is there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(
    os.environ.get("LANDBRIDGE_OPENAPI") or Path(__file__).parents[1] / ".." / "shared" / "highlevel-openapi"
)
APPS = ("contacts", "calendars", "locations", "opportunities", "businesses", "users")
VERBS = ("get", "post", "put", "delete")
# What our table has and the files do not describe: holes of a path, an untyped body, a form's file.
NOT_DESCRIBED = {
    ("contacts.bulk_tags", "type"),
    ("calendars.update_note", "noteId"),
    ("calendars.delete_note", "noteId"),
    ("locations.list_timezones", "locationId"),
    ("locations.upload_custom_field_file", "file"),
    *(("contacts.search", name) for name in ("locationId", "pageLimit", "page", "searchAfter", "filters")),
    *(("contacts.search", name) for name in ("sort", "query")),
}
# The files call them an object and show a text, or a number, in every example.
SHOWN_OTHERWISE = {"dateOfBirth": "string", "monetaryValue": "number"}


@dataclass(frozen=True, slots=True)
class Documented:
    """One operation as a file has it."""

    file: Path
    path: str
    item: Mapping[str, Any]

    @property
    def parameters(self) -> list[Mapping[str, Any]]:
        return [resolved(self.file, one) for one in self.item.get("parameters", ())]

    @property
    def versions(self) -> list[str]:
        found = [one["schema"]["enum"] for one in self.parameters if one["name"] == "Version"]
        return [version for versions in found for version in versions]

    @property
    def content(self) -> tuple[str, Mapping[str, Any]]:
        """The body's media type and schema; blank for none."""
        for kind, body in self.item.get("requestBody", {}).get("content", {}).items():
            return kind, resolved(self.file, body.get("schema", {}))
        return "", {}


@cache
def document(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def resolved(file: Path, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to."""
    while "$ref" in schema:
        target, _, pointer = schema["$ref"].partition("#/")
        file = file if not target else file.parent / target
        schema = document(file)
        for name in pointer.split("/"):
            schema = schema[name]
    return schema


@cache
def documented() -> dict[str, Documented]:
    """All operations of the six apps by ``METHOD /path``; empty where the files are not."""
    found = {}
    for app in APPS:
        file = FOLDER / "apps" / f"{app}.json"
        if not file.exists():
            continue
        for path, item in document(file)["paths"].items():
            for verb in VERBS:
                if verb in item:
                    found[f"{verb.upper()} {path}"] = Documented(file, path, item[verb])
    return found


needs_files = pytest.mark.skipif(
    not documented(),
    reason="the vendor's OpenAPI files are not here; name their folder in LANDBRIDGE_OPENAPI to run this",
)


def described(one: Documented) -> dict[tuple[str, str], tuple[Mapping[str, Any], bool]]:
    """Place and name of each parameter, with its schema and whether it is required."""
    found: dict[tuple[str, str], tuple[Mapping[str, Any], bool]] = {}
    for parameter in one.parameters:
        if parameter["in"] in ("path", "query"):
            schema = resolved(one.file, parameter.get("schema", {}))
            found[parameter["in"], parameter["name"]] = schema, bool(parameter.get("required", False))
    for name in _holes(one.path):
        found.setdefault(("path", name), ({"type": "string"}, True))
    for gap in (key for key in list(found) if key[1] in ("type", "noteId") and key[0] == "path"):
        if not any(parameter["name"] == gap[1] for parameter in one.parameters):
            del found[gap]
    if one.path.endswith("/timezones"):
        del found["path", "locationId"]
    kind, schema = one.content
    if schema.get("type") == "array":
        found["whole", "notifications"] = schema, True
        return found
    place = "form" if kind.startswith("multipart") else "body"
    properties, required = flat(one.file, schema)
    for name, part in properties.items():
        found[place, name] = resolved(one.file, part), name in required
    return found


def flat(file: Path, schema: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """All properties of an object, with those of its parts, and the required ones."""
    schema = resolved(file, schema)
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        more, needed = flat(file, part)
        properties, required = {**more, **properties}, required | needed
    return properties, required


def kind_of(name: str, schema: Mapping[str, Any]) -> str:
    """The word of our table for a type of the files."""
    if name in SHOWN_OTHERWISE and schema.get("type") != "number":
        return SHOWN_OTHERWISE[name]
    kind: str = schema.get("type", "object")
    if kind != "array":
        return kind
    items = schema.get("items", {})
    if items.get("type") == "string":
        return "strings"
    several = any(key in items for key in ("$ref", "properties", "oneOf", "anyOf"))
    return "objects" if several or items.get("type") == "object" else "list"


def _holes(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]
