"""The words of the set-up: directions, what activities cost, and what would happen to a contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landbridge.engine.examples import Change, Example
from landbridge.store.bridges import Bridge
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.sync.reasons import EXCLUDED, HELD
from landbridge.sync.rules import Direction
from landbridge.systems.base import stored_kinds

COSTS: Mapping[Kind, str] = {  # docs/activities.md: what reading them takes
    Kind.TASK: "One call for each 100 tasks with every whole comparison, and every 15 minutes or so, because"
    " HighLevel tells nobody when a task was edited.",
    Kind.NOTE: "One call for each contact, once a day: 10,000 contacts are 10,000 calls, a twentieth of"
    " HighLevel’s day.",
    Kind.APPOINTMENT: "One call for each calendar, and one more, with every whole comparison.",
}
SIGNS: Mapping[str, str] = {
    "marker": "by the mark that Landbridge left",
    "email": "by the same e-mail address and a name that fits",
    "phone": "by the same phone number and a name that fits",
}


@dataclass(frozen=True, slots=True)
class KindChoice:
    """One kind of activities to choose; ``where`` says what becomes of it with these accounts."""

    key: str
    title: str
    cost: str
    where: str
    readable: bool


def kinds(bridge: Bridge) -> list[KindChoice]:
    """Tasks, notes and appointments, with what each costs here."""
    reads = {
        side: stored_kinds(account.capability)[0]
        for side, account in ((Side.HIGHLEVEL, bridge.highlevel), (Side.REZORA, bridge.rezora))
    }
    return [_kind(kind, *(kind in reads[side] for side in Side)) for kind in ACTIVITIES]


def _kind(kind: Kind, highlevel: bool, rezora: bool) -> KindChoice:
    if highlevel and rezora:
        where = "Both accounts have them (in Rezora: an assumption that held when it was tried)."
    elif highlevel:
        where = "This Rezora account has none: they are kept here, for the contact’s page and the calendar."
    elif rezora:
        where = "HighLevel lets us read none with this connection; Rezora’s are kept here."
    else:
        where = "Neither account lets us read them."
    return KindChoice(
        f"{kind.value}s", f"{kind.value.capitalize()}s", COSTS[kind], where, readable=highlevel or rezora
    )


def direction(given: Direction) -> str:
    """An arrow with its words."""
    return {
        Direction.BOTH: "↔ both ways",
        Direction.TO_REZORA: "→ to Rezora",
        Direction.TO_HIGHLEVEL: "← to HighLevel",
    }[given]


def joined(values: Sequence[str]) -> str:
    """The values of a rule as one."""
    return " ".join(filter(None, values))


def sign(example: Example) -> str:
    """Why the two records are one person."""
    return SIGNS.get(example.why, "")


def reasons(example: Example) -> list[str]:
    """Why a contact waits or is left out."""
    known = HELD | EXCLUDED
    return [known[key].title if key in known else key for key in example.reasons]


def field(change: Change) -> str:
    """How a change is titled."""
    if change.kind == "label":
        return f"{'Tag' if change.side is Side.HIGHLEVEL else 'List'} {change.title}"
    return change.title


def minutes(seconds: float) -> str:
    """A forecast: about how long."""
    if seconds < 60:
        return "less than a minute"
    whole = round(seconds / 60)
    if whole < 120:
        return f"about {whole} minute{'' if whole == 1 else 's'}"
    return f"about {round(seconds / 3600, 1):g} hours"
