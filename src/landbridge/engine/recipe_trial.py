"""A dry run of a recipe over a past span: what it would have done, and why not; nothing is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.recipe_events import Happened, firing_of, meets
from landbridge.engine.recipe_look import values_of
from landbridge.store import activities, links, observed, recipe_sights
from landbridge.store.observed import Sighting
from landbridge.store.recipe_sights import Arrived, Noted
from landbridge.sync.model import Kind, Side
from landbridge.sync.recipe_conditions import Facts, Test, unmet
from landbridge.sync.recipe_templates import render
from landbridge.sync.recipe_times import instant_text, moment, next_time
from landbridge.sync.recipes import LIST_TRIGGERS, SCHEDULE, Action, Do, Recipe
from landbridge.sync.rules import Policy
from landbridge.sync.texts import caseless

WOULD, PERHAPS, WOULD_NOT = "would", "perhaps", "would not"
MOST = 500  # lines

# Of these events HighLevel says that something changed, not what: that is not known afterwards.
_HINTS = {
    "ContactTagUpdate": ("tag_added", "tag_removed", "ContactTagUpdate"),
    "ContactUpdate": ("ContactUpdate", "business_joined"),
    "ContactDndUpdate": ("opted_out", "ContactDndUpdate"),
    "ContactCreate": ("contact_new", "ContactCreate"),
}
_SURE = ("ContactCreate",)
_APPOINTMENT_EVENTS = ("AppointmentCreate", "AppointmentUpdate")


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One event of the span. ``outcome`` is ``would``, ``perhaps`` or ``would not``; ``reason`` says why."""

    at: float
    event: str
    contact_id: str
    name: str
    outcome: str
    reason: str
    due_at: float
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, in epoch seconds, by which mapping, at a location of which time zone."""

    start: float
    end: float
    policy: Policy
    zone: str


async def try_recipe(
    connection: AsyncConnection, bridge_id: int, recipe: Recipe, span: Span
) -> list[TrialLine]:
    """What the inbox and the journal tell of a span, judged by what the contacts show now, oldest first."""
    events = await _events(connection, bridge_id, recipe, span)
    lines: list[TrialLine] = []
    acted: list[tuple[float, str]] = []
    for event, sure in sorted(events, key=lambda found: found[0].at)[:MOST]:
        sight = await _sight(connection, bridge_id, event.contact_id)
        line = await _line(connection, bridge_id, recipe, event, sight, span, sure=sure)
        if line.outcome != WOULD_NOT and (reason := _over(recipe, acted, line)):
            line = _turned(line, reason)
        if line.outcome != WOULD_NOT:
            acted.append((line.due_at, line.contact_id))
        lines.append(line)
    return lines


def _over(recipe: Recipe, acted: Sequence[tuple[float, str]], line: TrialLine) -> str:
    """The limits, counted along the dry run."""
    limits, at = recipe.limits, line.due_at
    if limits.per_contact_hour <= sum(
        1 for t, who in acted if who == line.contact_id and at - 3600 < t <= at
    ):
        return f"The limit of {limits.per_contact_hour} for a contact in an hour is reached."
    if limits.per_day <= sum(1 for t, _ in acted if at - 86_400 < t <= at):
        return f"The limit of {limits.per_day} in 24 hours is reached."
    return ""


def _turned(line: TrialLine, reason: str) -> TrialLine:
    return TrialLine(line.at, line.event, line.contact_id, line.name, WOULD_NOT, reason, line.due_at, ())


async def _events(
    connection: AsyncConnection, bridge_id: int, recipe: Recipe, span: Span
) -> list[tuple[Happened, bool]]:
    """Events that start the recipe, each with whether it surely did."""
    arrived = await recipe_sights.arrived(
        connection, bridge_id, since=span.start, until=span.end, limit=100_000
    )
    entries = await recipe_sights.noted(connection, bridge_id, since=span.start, until=span.end)
    found = [one for entry in entries for one in _of_entry(recipe, entry)]
    for delivery in arrived:
        found += [one async for one in _of_delivery(connection, bridge_id, recipe, delivery)]
    if recipe.on == SCHEDULE and recipe.rhythm is not None:
        at = next_time(recipe.rhythm, span.start, span.zone)
        people = await recipe_sights.everybody(connection, bridge_id, 0) if at < span.end else []
        found += [(Happened(one.record.id, SCHEDULE, one.record.id, at), True) for one in people]
    return list({(event.on, event.contact_id, event.at): (event, sure) for event, sure in found}.values())


def _of_entry(recipe: Recipe, entry: Noted) -> Iterator[tuple[Happened, bool]]:
    contact_id = entry.record_id if entry.side is Side.HIGHLEVEL else entry.source_id
    names = {"create": ("contact_created",), "link": ("contact_linked",), "opt_out": ("opted_out",)}
    on = list(names.get(entry.action, ()))
    if entry.action == "create" and entry.side is Side.HIGHLEVEL:
        on.append("contact_new")
    if recipe.on in on and entry.kind == Kind.CONTACT.value:
        yield Happened(f"entry {entry.id}", recipe.on, contact_id, entry.at), True


async def _of_delivery(
    connection: AsyncConnection, bridge_id: int, recipe: Recipe, one: Arrived
) -> AsyncIterator[tuple[Happened, bool]]:
    contact_id = one.record_id if one.kind == Kind.CONTACT.value else one.contact_id
    if not contact_id and one.kind in (Kind.TASK, Kind.NOTE, Kind.APPOINTMENT):
        contact_id = await activities.contact_of(
            connection, bridge_id, Side.HIGHLEVEL, Kind(one.kind), one.record_id
        )
    event = Happened(f"webhook {one.webhook_id}", recipe.on, contact_id, one.received_at, recipe.mark)
    if recipe.on in _HINTS.get(one.type, ()):
        yield event, one.type in _SURE or recipe.on == "ContactDndUpdate"
    elif recipe.on == one.type:
        yield event, True
    elif recipe.on == "appointment_no_show" and one.type in _APPOINTMENT_EVENTS:
        yield event, False


async def _sight(connection: AsyncConnection, bridge_id: int, contact_id: str) -> Sighting | None:
    return await observed.one(connection, bridge_id, Side.HIGHLEVEL, contact_id) if contact_id else None


async def _line(
    connection: AsyncConnection,
    bridge_id: int,
    recipe: Recipe,
    event: Happened,
    sight: Sighting | None,
    span: Span,
    *,
    sure: bool,
) -> TrialLine:
    firing = firing_of(recipe, event, span.zone, event.at)
    due = firing.due_at
    reason = ""
    if recipe.needs_contact and sight is None:
        reason = "Which contact this was about is not known."
    elif sight is not None:
        reason = await _why_not(connection, bridge_id, recipe, sight, span, due)
    values = values_of(sight, firing, due, span.zone)
    what = tuple(described(action, values, due, span.zone) for action in recipe.actions)
    outcome = WOULD_NOT if reason else WOULD if sure and meets(recipe, event) else PERHAPS
    if outcome == PERHAPS:
        reason = "HighLevel's event does not say what changed, so this may have been it."
    name = sight.name if sight else ""
    shown = () if outcome == WOULD_NOT else what
    return TrialLine(event.at, event.on, event.contact_id, name, outcome, reason, due, shown)


async def _why_not(
    connection: AsyncConnection, bridge_id: int, recipe: Recipe, sight: Sighting, span: Span, due: float
) -> str:
    """By what was seen last; lists are known as far as the mapping speaks of them."""
    record = sight.record
    kept = (await links.by_side(connection, bridge_id, Side.HIGHLEVEL, [record.id])).get(record.id)
    right = None
    if kept is not None:
        right = await observed.one(connection, bridge_id, Side.REZORA, kept.link.rezora_id)
    out = True if right is not None and right.record.opted_out else record.opted_out
    lists = right.record.labels if right is not None else None
    if recipe.on == "opted_out" and not out:
        return "The person is not opted out now."
    if recipe.on == "tag_added" and not _has(record.labels, recipe.mark):
        return f"The contact does not have the tag {recipe.mark!r} now."
    if recipe.on == "tag_removed" and _has(record.labels, recipe.mark):
        return f"The contact has the tag {recipe.mark!r} now."
    if recipe.needs_rezora and kept is None:
        return "The contact is not in Rezora."
    if out is not False and any(action.do is Do.JOIN_LIST for action in recipe.actions):
        return "The person opted out of e-mail, or it is not known, so they are put on no list."
    asked = [one for one in recipe.conditions if one.test is not Test.LIST or lists is not None]
    facts = Facts(record.fields, record.labels, lists, span.policy.scope.covers(record), out, due, span.zone)
    return unmet(asked, facts)


def _has(tags: frozenset[str] | None, wanted: str) -> bool:
    return caseless(wanted) in {caseless(tag) for tag in tags or ()}


def described(action: Action, values: dict[str, str], at: float, zone: str) -> str:
    """An action in words, with its values."""
    match action.do:
        case Do.CREATE_TASK:
            due = instant_text(moment(action.due, at, zone), zone).replace("T", " ")[:16]
            return f"Task: {render(action.title, values)}, due {due}"
        case Do.ADD_NOTE:
            return f"Note: {render(action.body, values)}"
        case Do.ADD_TAG | Do.REMOVE_TAG:
            return f"{'Add' if action.do is Do.ADD_TAG else 'Remove'} the tag {action.tag}"
        case Do.JOIN_LIST | Do.LEAVE_LIST:
            return f"{'Add to' if action.do is Do.JOIN_LIST else 'Remove from'} the list {action.list}"
        case Do.HOLD:
            return f"Hold for a person: {render(action.text, values)}"
        case _:
            return f"Tell: {render(action.text, values)}"


def cannot_be_told(recipe: Recipe) -> str:
    """What a dry run cannot know of this recipe, in a sentence, or empty."""
    if recipe.on in LIST_TRIGGERS:
        return "Rezora tells of no change, so who joined or left a list in a past span cannot be said."
    if recipe.on == "hold_opened":
        return "Holds that were settled since are not kept, so a dry run cannot find them."
    return ""
