"""What a trigger is, and the 64 webhook events of HighLevel as triggers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from landbridge.sync.model import Side
from landbridge.systems.highlevel.events import EVENT_TYPES


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that happens, and is told.

    ``side`` is None for one of Landbridge's own, the only ones that a webhook of yours can follow.
    ``type`` is the word in the event's body. ``sure``: the vendor's documents list the scope.
    """

    name: str
    app: str
    about: str
    carries: str
    side: Side | None = None
    type: str = ""
    scope: str = ""
    sure: bool = True


@cache
def highlevel_triggers() -> Mapping[str, Trigger]:
    """All 64 by name; raises ``ValueError`` where this table and that of the receiver differ."""
    text = (files("landbridge.systems.highlevel") / "catalog" / "triggers.toml").read_text(encoding="utf-8")
    types = {event.name: event.type for event in EVENT_TYPES}
    found = {
        row["name"]: Trigger(
            row["name"],
            row["app"],
            row["about"],
            row["carries"],
            Side.HIGHLEVEL,
            types.get(row["name"], ""),
            row["scope"],
            row.get("sure", True),
        )
        for row in tomllib.loads(text)["trigger"]
    }
    if found.keys() != types.keys():
        raise ValueError(f"Events and triggers differ: {sorted(found.keys() ^ types.keys())}.")
    return found
