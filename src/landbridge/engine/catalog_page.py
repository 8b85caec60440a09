"""docs/operations.md, written from the tables: every operation and every trigger, and how to call them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.resources import files

from landbridge.engine import catalog
from landbridge.systems.highlevel.operations import highlevel_operations
from landbridge.systems.operations import Operation
from landbridge.systems.rezora.operations import rezora_operations
from landbridge.systems.triggers import Trigger, highlevel_triggers


def operations_page() -> str:
    """The whole of docs/operations.md: the words of operations_page.md with the tables in their places."""
    highlevel, rezora, own = highlevel_operations(), rezora_operations(), catalog.own_operations()
    events = highlevel_triggers()
    places = {
        "HIGHLEVEL_COUNT": str(len(highlevel)),
        "REZORA_COUNT": str(len(rezora)),
        "OWN_COUNT": str(len(own)),
        "EVENT_COUNT": str(len(events)),
        "HIGHLEVEL_TABLES": _by_app(list(highlevel.values())),
        "REZORA_TABLE": _table(rezora.values()),
        "OWN_TABLE": _table(own.values()),
        "OWN_TRIGGERS": _triggers(catalog.OWN_TRIGGERS),
        "EVENTS": _triggers(events.values()),
    }
    text = (files(__package__) / "operations_page.md").read_text(encoding="utf-8")
    for place, words in places.items():
        text = text.replace(place, words.rstrip("\n"))
    return text


def _by_app(found: list[Operation]) -> str:
    apps = dict.fromkeys(one.app for one in found)
    several = {app: [one for one in found if one.app == app] for app in apps}
    return "\n".join(f"### {app.capitalize()}: {len(of)}\n\n{_table(of)}" for app, of in several.items())


def _table(found: Iterable[Operation]) -> str:
    head = "| operation | what it does | call | scope | |\n|---|---|---|---|---|\n"
    return head + "".join(_row(one) for one in found)


def _row(one: Operation) -> str:
    marks = [
        "write" if one.writes else "read",
        "repeat" if one.repeat else "",
        one.level,
        "out of date" if one.deprecated else "",
    ]
    call = f"`{one.call}`" if one.call else "–"
    scope = f"`{one.scope}`" if one.scope else "–"
    about = one.about + (f" Assumption: {one.assumption}" if one.assumption else "")
    return f"| `{one.name}` | {about} | {call} | {scope} | {', '.join(mark for mark in marks if mark)} |\n"


def _triggers(found: Iterable[Trigger]) -> str:
    head = "| trigger | when | carries | scope |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{one.name}` | {one.about} | {one.carries} | {_scope(one)} |\n" for one in found
    )


def _scope(one: Trigger) -> str:
    if not one.scope:
        return "–"
    return f"`{one.scope}`" if one.sure else f"`{one.scope}` (likely)"


if __name__ == "__main__":
    sys.stdout.write(operations_page())
