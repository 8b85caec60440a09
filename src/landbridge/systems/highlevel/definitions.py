"""Definitions of custom fields, and the one that Landbridge makes for itself (highlevel.md 2.3, 5.4)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

MARKER_NAME = "Landbridge: Rezora ID"
NEW_MARKER = {"name": MARKER_NAME, "dataType": "TEXT", "model": "contact"}
"""The field in which a contact carries the id of its Rezora twin, as it is asked for."""


class Definition(msgspec.Struct, rename="camel"):
    """A custom field without its value."""

    id: str
    name: str = ""
    field_key: str = ""
    data_type: str = ""


class Definitions(msgspec.Struct, rename="camel"):
    """The answer to a listing of them, which is unpaged."""

    custom_fields: list[Definition]


class DefinitionMade(msgspec.Struct, rename="camel"):
    """The answer to a new one."""

    custom_field: Definition


def marker_among(found: Sequence[Definition], current: str) -> str:
    """The marker field in use, whatever its name is now; else the first of its name and type, or ""."""
    if any(field.id == current for field in found):
        return current
    fitting = (field.id for field in found if (field.name, field.data_type) == (MARKER_NAME, "TEXT"))
    return next(fitting, "")
