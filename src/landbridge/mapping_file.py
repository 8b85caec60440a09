"""Changing one thing of a mapping file and leaving all else, comments too, as its owner wrote it."""

from __future__ import annotations

from dataclasses import asdict

import tomlkit

from landbridge.sync.mapping import read_policy
from landbridge.sync.model import Kind
from landbridge.sync.rules import ActivityRule
from landbridge.sync.scope import Scope


def carrying(mapping: str, rule: ActivityRule) -> str:
    """The mapping with a kind carried by this rule; raises ``MappingError`` if the whole is no good then."""
    document = tomlkit.parse(mapping)
    table = tomlkit.table()
    table.add("direction", rule.direction.value)
    table.add("on_delete", rule.on_delete.value)
    document[f"{rule.kind.value}s"] = table
    return _checked(tomlkit.dumps(document))


def not_carrying(mapping: str, kind: Kind) -> str:
    """The mapping without that kind: what was carried stays on both sides, and is left alone from now on."""
    document = tomlkit.parse(mapping)
    document.pop(f"{kind.value}s", None)
    return _checked(tomlkit.dumps(document))


def scoped(mapping: str, scope: Scope) -> str:
    """The mapping about these contacts only; raises ``MappingError`` for a scope it cannot have."""
    document = tomlkit.parse(mapping)
    if not scope.restricted:
        document.pop("scope", None)
        return _checked(tomlkit.dumps(document))
    table = document.get("scope")
    if table is None:
        table = document["scope"] = tomlkit.table()
    for key, values in asdict(scope).items():
        if values:
            table[key] = list(values)
        else:
            table.pop(key, None)
    return _checked(tomlkit.dumps(document))


def _checked(mapping: str) -> str:
    read_policy(mapping)
    return mapping
