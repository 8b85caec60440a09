"""Tasks, notes and appointments of one contact on one timeline: what comes, soonest first, then the past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from landbridge.store.activities import moment
from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind, Link, Side
from landbridge.sync.rich_text import plain, same

RICH = frozenset({"body", "notes"})
_STATES: Mapping[str, str] = {
    "new": "not confirmed",
    "confirmed": "confirmed",
    "active": "active",
    "cancelled": "cancelled",
    "showed": "showed up",
    "noshow": "did not show up",
    "invalid": "invalid",
    "completed": "completed",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One activity, on one side or on both; ``at`` and ``end`` are epoch seconds, None where unknown.

    ``apart`` names the fields in which the two sides differ.
    """

    kind: Kind
    title: str
    text: str
    at: float | None
    end: float | None
    state: str
    place: str
    ids: Mapping[Side, str]
    apart: Sequence[str] = ()
    overdue: bool = False

    @property
    def sides(self) -> str:
        """Who has it, in words."""
        return " and ".join(side.title for side in Side if side in self.ids)


@dataclass(frozen=True, slots=True)
class Timeline:
    """``coming`` soonest first, open tasks without a due time at its end; ``past`` newest first."""

    coming: Sequence[Happening]
    past: Sequence[Happening]


def timeline_of(seen: Iterable[Activity], tied: Iterable[tuple[Kind, Link]], now: float) -> Timeline:
    """All activities of one contact, those that are linked with one another once. ``now``: epoch seconds."""
    by_key = {(one.kind, one.side, one.id): one for one in seen if not one.deleted}
    made: list[Happening] = []
    for kind, link in tied:
        halves = [by_key.pop((kind, side, link.id(side)), None) for side in Side]
        made += [_happening([half for half in halves if half], now)] if any(halves) else []
    made += [_happening([one], now) for one in by_key.values()]
    coming = [one for one in made if _is_to_come(one, now)]
    past = [one for one in made if not _is_to_come(one, now)]
    forever = float("inf")
    coming.sort(key=lambda one: (forever if one.at is None else one.at, one.kind, one.title))
    past.sort(key=lambda one: (-(one.at or 0.0), one.kind, one.title))
    return Timeline(coming, past)


def _is_to_come(one: Happening, now: float) -> bool:
    """What is not over: it is ahead, goes on now, or is an open task."""
    if one.kind is Kind.TASK:
        return one.state == "open"
    return one.at is not None and one.kind is Kind.APPOINTMENT and (one.end or one.at) >= now


def _happening(halves: Sequence[Activity], now: float) -> Happening:
    """As HighLevel shows it, if it has it."""
    first = halves[0]
    fields, at = first.fields, moment(first)
    text = fields.get("body") or fields.get("notes") or ""
    if first.kind is Kind.NOTE:
        at = _epoch(fields.get("made_at", ""))
    state = ""
    if first.kind is Kind.TASK:
        state = "done" if fields.get("completed") == "1" else "open"
    elif first.kind is Kind.APPOINTMENT:
        state = _STATES.get(fields.get("status", ""), "")
    return Happening(
        first.kind,
        plain(fields.get("title", "")),
        plain(text),
        at,
        _epoch(fields.get("end", "")),
        state,
        plain(fields.get("location", "")),
        {one.side: one.id for one in halves},
        _apart(*halves) if len(halves) == len(Side) else (),
        overdue=state == "open" and at is not None and at < now,
    )


def _apart(one: Activity, two: Activity) -> list[str]:
    """Fields that both sides show, and show differently."""
    both = [name for name in one.fields if name in two.fields and name not in ("made_at", "author")]
    return [name for name in both if _meant(name, one.fields[name]) != _meant(name, two.fields[name])]


def _meant(name: str, value: str) -> str:
    return same(value) if name in RICH else " ".join(value.split())


def _epoch(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
