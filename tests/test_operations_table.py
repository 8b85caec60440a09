"""The table of operations is what the vendor's OpenAPI files say, where these files are at hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from landbridge.sync.model import Side
from landbridge.systems.highlevel.events import EVENT_TYPES
from landbridge.systems.highlevel.operations import highlevel_operations
from landbridge.systems.operations import Operation, Parameter, read_operations, unique
from landbridge.systems.rezora.operations import rezora_operations
from landbridge.systems.triggers import highlevel_triggers
from operations_files import NOT_DESCRIBED, described, documented, kind_of, needs_files

TABLE = highlevel_operations()
LONG_LISTS = ("country", "scopes", "scopesAssignedToOnly")  # HighLevel itself checks these


def test_there_are_126_operations() -> None:
    assert Counter(one.app for one in TABLE.values()) == {
        "contacts": 32, "calendars": 41, "locations": 29, "opportunities": 12, "businesses": 5, "users": 7,
    }  # fmt: skip
    assert len(TABLE) == 126


def test_there_are_64_triggers_with_the_types_that_the_receiver_knows() -> None:
    triggers = highlevel_triggers()
    assert {one.name: one.type for one in triggers.values()} == {one.name: one.type for one in EVENT_TYPES}
    assert len(triggers) == 64
    assert triggers["ContactCreate"].scope == "contacts.readonly"
    assert all(one.about.endswith(".") and one.carries for one in triggers.values())


def test_names_are_tool_names_of_assistants_too() -> None:
    names = [one.name for one in (*TABLE.values(), *rezora_operations().values())]
    tools = [name.replace(".", "_") for name in names]
    assert len(set(tools)) == len(names)
    assert [tool for tool in tools if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool)] == []


def test_no_rezora_operation_deletes_a_collection_or_writes_consent() -> None:
    for one in rezora_operations().values():
        assert not (one.method == "DELETE" and not one.path.endswith("}")), one.name
        assert not any("unsubscribe" in parameter.name for parameter in one.parameters)


@needs_files
def test_method_and_path_of_all_126_are_those_of_the_files() -> None:
    assert sorted(one.call for one in TABLE.values()) == sorted(documented())


@needs_files
@pytest.mark.parametrize("one", TABLE.values(), ids=lambda one: one.name)
def test_scope_version_and_deprecation_are_those_of_the_files(one: Operation) -> None:
    facts = documented()[one.call]
    assert one.deprecated is bool(facts.item.get("deprecated", False))
    assert one.version in facts.versions
    scopes = {scope for way in facts.item.get("security", ()) for names in way.values() for scope in names}
    assert ({one.scope} if one.scope else set()) == scopes
    ways = {name for way in facts.item.get("security", ()) for name in way}
    assert (one.level == "agency") is (ways == {"Agency-Access"})


@needs_files
@pytest.mark.parametrize("one", TABLE.values(), ids=lambda one: one.name)
def test_parameters_are_those_of_the_files(one: Operation) -> None:
    """Name, place, type, mark, null and enumeration, but for the few that the files do not describe."""
    facts = described(documented()[one.call])
    ours: dict[tuple[str, str], Parameter] = {(p.place, p.name): p for p in one.parameters}
    unknown = {key for key in ours if (one.name, key[1]) in NOT_DESCRIBED}
    assert facts.keys() == ours.keys() - unknown
    for key, (schema, required) in facts.items():
        assert ours[key].required is required, key
        assert ours[key].type == kind_of(key[1], schema), key
        assert ours[key].empty is bool(schema.get("nullable", False)), key
        if key[1] not in LONG_LISTS:
            assert list(ours[key].enum) == _enum(schema), key


def _enum(schema: Mapping[str, Any]) -> list[object]:
    found: list[object] = schema.get("enum") or schema.get("items", {}).get("enum") or []
    return found


ROW = """
app = "contacts"
version = "2021-07-28"
[[operation]]
name = "contacts.get"
title = "Read a contact"
about = "Reads a contact."
call = "GET /contacts/{contactId}"
repeat = true
answers = "contact"
[operation.path]
contactId = { type = "string", required = true, about = "Its id." }
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"contacts.get"', '"Contacts Get"', "its name"),
        ('"Reads a contact."', '"Reads a contact"', "about"),
        ("GET /contacts", "FETCH /contacts", "method"),
        ("{contactId}", "{id}", "path parameters differ"),
        ("repeat = true", "repeat = false", "can be repeated"),
        ("repeat = true", "repeat = true\nwrites = true", "writes nothing"),
        ('"string"', '"text"', "wrong type"),
        ("required = true", "needed = true", "needed is no key"),
        ("repeat", "again", "again is no key"),
    ],
)
def test_a_wrong_table_is_refused(old: str, new: str, problem: str) -> None:
    assert len(read_operations(ROW, Side.HIGHLEVEL)) == 1
    with pytest.raises(ValueError, match=problem):
        read_operations(ROW.replace(old, new), Side.HIGHLEVEL)


def test_a_name_is_there_once() -> None:
    one = read_operations(ROW, Side.HIGHLEVEL)
    with pytest.raises(ValueError, match="twice"):
        unique([*one, *one])
