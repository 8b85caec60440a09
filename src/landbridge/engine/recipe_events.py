"""What happened since the recipes looked last, and which of them it fires; each event is looked at once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.recipe_look import Look, fields_of
from landbridge.store import activities as sights_of_activities
from landbridge.store import recipe_sights, recipes
from landbridge.store.driver import renew
from landbridge.store.journal import RECIPE
from landbridge.store.observed import Sighting
from landbridge.store.recipe_sights import Arrived, Cursor, Noted, Seen
from landbridge.store.recipes import Firing, KeptRecipe
from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind, Side
from landbridge.sync.recipe_conditions import Facts, Test, unmet
from landbridge.sync.recipe_templates import CONTACT_NAMES
from landbridge.sync.recipe_times import moment, next_time
from landbridge.sync.recipes import BY_WHAT_CHANGED, SCHEDULE, Recipe
from landbridge.sync.texts import caseless
from landbridge.systems.base import Forbidden, Gone, Rejected, SystemFailure

AT_ONCE = 500  # deliveries looked at in one transaction
RETRY_SECONDS = 60.0
OURS_SECONDS = 3600.0  # a tag or list that we changed so lately changed because of us
NO_SHOW_SECONDS = 2 * 86_400.0  # a no-show whose event was lost is found so long after the appointment
MISSED_SECONDS = 86_400.0  # a schedule that came while nothing ran is kept so long
_MADE_KINDS = (Kind.TASK.value, Kind.NOTE.value)
_CHANGING = ("join", "leave", "undo")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Happened:
    """One event. ``key`` makes it once, ``at`` is when we learnt of it, ``mark`` its tag or list.

    ``record`` is the kind and id of the task, note or appointment whose event it is.
    """

    key: str
    on: str
    contact_id: str
    at: float
    mark: str = ""
    record: tuple[str, str] = ("", "")


@dataclass(slots=True)
class _News:
    """What was read before the transaction that notes it."""

    arrived: Sequence[Arrived]
    at: float  # when this look began: what comes later is for the next one
    appointments: dict[str, Activity] = field(default_factory=dict)
    lists: dict[str, frozenset[str]] = field(default_factory=dict)  # members by the name in lower case
    moved: list[tuple[Sighting, Seen | None]] = field(default_factory=list)
    people: list[Sighting] = field(default_factory=list)
    blocked: bool = False


async def notice(look: Look) -> None:
    """Note as firings what happened since the last look; the first look only remembers what is there.

    A system that does not answer keeps only its own news back: deliveries are then looked at later.
    """
    work = look.work
    async with work.database.read() as connection:
        before = await recipe_sights.cursor(connection, work.bridge.id)
    news = await _read_inbox(look, before)
    try:
        await _read_appointments(look, news)
        await _read_lists(look, before, news)
    except SystemFailure as failure:
        log.info("recipes_wait", bridge=work.bridge.id, why=failure.sentence)
        news = replace(news, arrived=(), appointments={}, lists={}, blocked=True)
    await _read_contacts(look, before, news)
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        if before is None:
            await _begin(connection, look, news)
            return
        happened, moved = await _happened(connection, look, before, news)
        await recipes.fire(connection, work.bridge.id, list(_fired(look, happened, news.at)))
        await recipe_sights.save_cursor(connection, work.bridge.id, moved)


async def _read_inbox(look: Look, before: Cursor | None) -> _News:
    """Deliveries that nobody has looked at.

    Whether a firing that was cut off has made a task shows when it is carried on: until then an event of a
    task may be of that one, and waits.
    """
    work = look.work
    if before is None:
        return _News((), work.clock.now())
    async with work.database.read() as connection:
        found = await recipe_sights.arrived(connection, work.bridge.id, after=before.delivery, limit=AT_ONCE)
        begun = await recipes.any_begun(connection, work.bridge.id)
    stop = next((n for n, one in enumerate(found) if begun and one.kind in _MADE_KINDS), len(found))
    return _News(found[:stop], work.clock.now(), blocked=stop < len(found))


async def _read_lists(look: Look, before: Cursor | None, news: _News) -> None:
    """Members of watched lists, which no run reads for us: where Rezora is looked at, and at first."""
    work = look.work
    names = {name.casefold(): name for _, recipe in look.recipes.values() for name in recipe.watched_lists}
    async with work.database.read() as connection:
        known = await recipe_sights.seen(connection, work.bridge.id, Side.REZORA, sorted(names))
    for key, name in names.items():
        if before is None or key not in known or work.purpose in ("sync", "poll"):
            try:
                members = await look.members(name)
            except (Gone, Rejected, Forbidden):
                continue  # this list cannot be read; the others can
            if members is not None:
                news.lists[key] = frozenset(members)


async def _read_contacts(look: Look, before: Cursor | None, news: _News) -> None:
    """Contacts to compare, and everybody where a schedule came or nothing was seen yet.

    Both are changed under this lease only, so that they may be read before the transaction: many of them
    take seconds, in which webhooks would wait.
    """
    work = look.work
    async with work.database.read() as connection:
        if before is None or any(True for _ in _came(look, before, news.at)):
            news.people = await recipe_sights.everybody(connection, work.bridge.id, _whole(look))
        if before is not None:
            fields_matter = {"business_joined", "ContactUpdate"} & {r.on for _, r in look.recipes.values()}
            news.moved = await recipe_sights.moved_since(
                connection,
                work.bridge.id,
                before.run,
                every=bool(fields_matter) and work.purpose == "sync",
                also=[one.record_id for one in news.arrived if one.kind == Kind.CONTACT.value],
            )


def _whole(look: Look) -> int:
    """The newest run that read both sides whole."""
    return look.work.run_id if look.work.purpose == "sync" else look.work.last_whole


async def _read_appointments(look: Look, news: _News) -> None:
    wanted = any(recipe.on == "appointment_no_show" for _, recipe in look.recipes.values())
    if look.activities is None or not wanted:
        return
    for one in news.arrived:
        if one.kind == Kind.APPOINTMENT.value and one.record_id not in news.appointments:
            try:
                found = await look.activities.one(Kind.APPOINTMENT, one.contact_id, one.record_id)
            except (Gone, Rejected, Forbidden):
                continue
            news.appointments[one.record_id] = found


async def _begin(connection: AsyncConnection, look: Look, news: _News) -> None:
    """What is there now is no event."""
    bridge_id = look.work.bridge.id
    cursor = await recipe_sights.newest(connection, bridge_id, news.at)
    seen = [_seen(sight, cursor.journal) for sight in news.people]
    await recipe_sights.save_seen(connection, bridge_id, Side.HIGHLEVEL, seen)
    await recipe_sights.save_seen(connection, bridge_id, Side.REZORA, list(_lists_seen(news, cursor.journal)))
    cursor = replace(cursor, run=_whole(look), wake_at=_next_schedule(look, news.at))
    await recipe_sights.save_cursor(connection, bridge_id, cursor)


def _seen(sight: Sighting, entry: int, before: Seen | None = None) -> Seen:
    """What is remembered of a contact; an answer that lacks a field keeps what an earlier one told."""
    fields = sight.record.fields
    kept = {name: fields[name] for name in CONTACT_NAMES.values() if name in fields}
    labels = sight.record.labels
    if before is not None:
        kept = {**before.fields, **kept}
        labels = before.labels if labels is None else labels
    return Seen(sight.record.id, sight.print, kept, labels, sight.record.opted_out, entry)


def _lists_seen(news: _News, entry: int) -> Iterator[Seen]:
    for key, members in news.lists.items():
        yield Seen(key, "", {}, members, None, entry)


async def _happened(
    connection: AsyncConnection, look: Look, before: Cursor, news: _News
) -> tuple[list[Happened], Cursor]:
    """All events since the last look, and the cursor behind them; what was seen is kept."""
    work, bridge_id, now = look.work, look.work.bridge.id, news.at
    top = await recipe_sights.newest(connection, bridge_id, now)
    entries = await recipe_sights.noted(connection, bridge_id, after=before.journal)
    found = [event for entry in entries for event in _of_entry(entry)]
    found += await _of_deliveries(connection, look, news)
    found += await _of_contacts(connection, look, before, news, entries, now)
    found += await _of_lists(connection, look, news, now)
    found += await _of_no_shows(connection, look, news, now)
    found += [
        Happened(f"hold {row.id}", "hold_opened", row.highlevel_id, now)
        for row in await recipe_sights.holds_since(connection, bridge_id, before.hold)
        if row.cause != RECIPE
    ]
    found += _of_schedules(look, before, news, now)
    delivered = news.arrived[-1].id if news.arrived else before.delivery
    moved = replace(
        top,
        delivery=delivered,
        run=max(before.run, work.generation),
        not_before=now + RETRY_SECONDS if news.blocked else 0.0,
        wake_at=_next_schedule(look, now),
    )
    return found, moved


def _of_entry(entry: Noted) -> Iterator[Happened]:
    """What the sync did; a task or note that anybody made is no contact."""
    if entry.kind != Kind.CONTACT.value or entry.state != "done":
        return
    contact_id = entry.record_id if entry.side is Side.HIGHLEVEL else entry.source_id
    on = {"create": "contact_created", "link": "contact_linked"}.get(entry.action)
    if on is not None:
        yield Happened(f"{on} {entry.side} {entry.record_id}", on, contact_id, entry.at)


async def _of_deliveries(connection: AsyncConnection, look: Look, news: _News) -> list[Happened]:
    """Events of HighLevel by their names, but those of a record that a firing made, and those of which
    only a comparison says what changed."""
    bridge_id = look.work.bridge.id
    made = {
        kind: await recipes.made(
            connection, bridge_id, kind, {one.record_id for one in news.arrived if one.kind == kind}
        )
        for kind in _MADE_KINDS
    }
    found = []
    for one in news.arrived:
        if one.type in BY_WHAT_CHANGED or one.record_id in made.get(one.kind, {}):
            continue
        contact_id = one.record_id if one.kind == Kind.CONTACT.value else one.contact_id
        if not contact_id and one.kind in (Kind.TASK, Kind.NOTE, Kind.APPOINTMENT):
            contact_id = await sights_of_activities.contact_of(
                connection, bridge_id, Side.HIGHLEVEL, Kind(one.kind), one.record_id
            )
        record = (one.kind, one.record_id)
        key = f"webhook {one.webhook_id}"
        found.append(Happened(key, one.type, contact_id, one.received_at, record=record))
    return found


async def _of_contacts(
    connection: AsyncConnection, look: Look, before: Cursor, news: _News, entries: Sequence[Noted], now: float
) -> list[Happened]:
    """Contacts compared with what the recipes saw of them: lost, doubled and late webhooks change nothing."""
    work, bridge_id = look.work, look.work.bridge.id
    ours = _Ours(
        await recipe_sights.noted(connection, bridge_id, since=now - OURS_SECONDS, actions=_CHANGING)
    )
    ours.add(entries)
    created = {
        entry.record_id for entry in entries if entry.action == "create" and entry.side is Side.HIGHLEVEL
    }
    top = max((entry.id for entry in entries), default=before.journal)
    found: list[Happened] = []
    seen: list[Seen] = []
    for sight, known in news.moved:
        fresh = _seen(sight, top, known)
        if known != replace(fresh, journal=known.journal if known else top):
            stamp = f"{work.run_id}.{sight.print[:12]}"
            found += _of_contact(known, fresh, ours, sight.record.id in created, stamp, now)
            seen.append(fresh)
    await recipe_sights.save_seen(connection, bridge_id, Side.HIGHLEVEL, seen)
    return found


def _of_contact(
    known: Seen | None, fresh: Seen, ours: _Ours, ours_made: bool, stamp: str, now: float
) -> Iterator[Happened]:
    one, new = fresh.id, known is None
    if known is None:
        yield Happened(f"new {one}", "contact_new", one, now)
        known = replace(fresh, labels=fresh.labels if ours_made else frozenset())
    elif fresh.opted_out is True and known.opted_out is not True:
        yield Happened(f"out {one} {stamp}", "opted_out", one, now)
    business = fresh.fields.get("businessId", "")
    if business and (new or known.fields.get("businessId", "") != business):
        yield Happened(f"business {one} {business}", "business_joined", one, now)
    marks = _marks(known.labels, fresh.labels)
    theirs = [(on, tag) for on, tag in marks if not ours.changed(Side.HIGHLEVEL, one, f"tag {tag}")]
    for on, tag in theirs:
        yield Happened(_key(f"{on} {one} {stamp} {tag}"), on, one, now, tag)
    if theirs:
        yield Happened(f"tags {one} {stamp}", "ContactTagUpdate", one, now)
    if any(known.fields.get(name, value) != value for name, value in fresh.fields.items()):
        yield Happened(f"changed {one} {stamp}", "ContactUpdate", one, now)


def _marks(known: frozenset[str] | None, fresh: frozenset[str] | None) -> list[tuple[str, str]]:
    if known is None or fresh is None:
        return []
    had, has = ({caseless(tag): tag for tag in tags} for tags in (known, fresh))
    return [("tag_added", has[key]) for key in sorted(has.keys() - had.keys())] + [
        ("tag_removed", had[key]) for key in sorted(had.keys() - has.keys())
    ]


class _Ours:
    """Tags and lists that we changed ourselves, by recipe or by sync: no event of somebody else."""

    def __init__(self, entries: Iterable[Noted]) -> None:
        self._changed: set[tuple[Side, str, str]] = set()
        self.add(entries)

    def add(self, entries: Iterable[Noted]) -> None:
        """These too."""
        self._changed |= {
            (entry.side, entry.record_id, entry.rule.casefold())
            for entry in entries
            if entry.action in _CHANGING
        }

    def changed(self, side: Side, record_id: str, rule: str) -> bool:
        """Was it us?"""
        return (side, record_id, rule.casefold()) in self._changed


async def _of_lists(connection: AsyncConnection, look: Look, news: _News, now: float) -> list[Happened]:
    """Members of watched lists compared with those of the last look; a list's first look is no event."""
    if not news.lists:
        return []
    bridge_id = look.work.bridge.id
    known = await recipe_sights.seen(connection, bridge_id, Side.REZORA, sorted(news.lists))
    since = now - OURS_SECONDS
    after = min((one.journal for one in known.values()), default=0)
    ours = _Ours(await recipe_sights.noted(connection, bridge_id, since=since, actions=_CHANGING))
    ours.add(await recipe_sights.noted(connection, bridge_id, after=after, actions=_CHANGING))
    top = (await recipe_sights.newest(connection, bridge_id, now)).journal
    names = {name.casefold(): name for _, recipe in look.recipes.values() for name in recipe.watched_lists}
    changes = [
        (on, names[key], one)
        for key, seen in known.items()
        for on, ids in (
            ("list_joined", news.lists[key] - (seen.labels or frozenset())),
            ("list_left", (seen.labels or frozenset()) - news.lists[key]),
        )
        for one in sorted(ids)
        if not ours.changed(Side.REZORA, one, f"list {names[key]}")
    ]
    partners = await recipe_sights.partners(connection, bridge_id, [one for _, _, one in changes])
    await recipe_sights.save_seen(connection, bridge_id, Side.REZORA, list(_lists_seen(news, top)))
    return [
        Happened(_key(f"{on} {one} {look.work.run_id} {name}"), on, partners.get(one, ""), now, name)
        for on, name, one in changes
    ]


async def _of_no_shows(connection: AsyncConnection, look: Look, news: _News, now: float) -> list[Happened]:
    """Once for each appointment and its time, whether its event came or a run saw it."""
    found = list(news.appointments.values())
    found += await sights_of_activities.between(
        connection, look.work.bridge.id, Side.HIGHLEVEL, [Kind.APPOINTMENT], now - NO_SHOW_SECONDS, now
    )
    return [
        Happened(f"noshow {one.id} {one.fields.get('start', '')}", "appointment_no_show", one.contact_id, now)
        for one in found
        if one.fields.get("status") == "noshow" and not one.deleted
    ]


def _came(look: Look, before: Cursor, now: float) -> Iterator[tuple[Recipe, float]]:
    """Schedules that came since the last look."""
    for _, recipe in look.recipes.values():
        if recipe.on == SCHEDULE and recipe.rhythm is not None:
            at = next_time(recipe.rhythm, max(before.at, now - MISSED_SECONDS), look.zone)
            if at <= now:
                yield recipe, at


def _of_schedules(look: Look, before: Cursor, news: _News, now: float) -> list[Happened]:
    """Schedules that came since the last look, for everybody whom their conditions mean."""
    found = []
    for recipe, at in _came(look, before, now):
        meant = [one for one in news.people if not early(recipe, one, look, now)]
        found += [
            Happened(f"{SCHEDULE} {int(at)} {one.record.id}", f"{SCHEDULE} {recipe.name}", one.record.id, now)
            for one in meant[: recipe.limits.per_day]
        ]
    return found


def _next_schedule(look: Look, now: float) -> float | None:
    times = [
        next_time(recipe.rhythm, now, look.zone)
        for _, recipe in look.recipes.values()
        if recipe.rhythm is not None
    ]
    return min(times, default=None)


def _fired(look: Look, happened: Sequence[Happened], now: float) -> Iterator[Firing]:
    by_event: dict[str, list[tuple[KeptRecipe, Recipe]]] = defaultdict(list)
    for kept, recipe in look.recipes.values():
        by_event[f"{SCHEDULE} {recipe.name}" if recipe.on == SCHEDULE else recipe.on].append((kept, recipe))
    for event in happened:
        for kept, recipe in by_event.get(event.on, ()):
            if meets(recipe, event) and event.at >= kept.changed_at:
                yield firing_of(recipe, event, look.zone, now)


def meets(recipe: Recipe, event: Happened) -> bool:
    """Is this the tag or the list that the recipe is about?"""
    return not recipe.mark or caseless(recipe.mark) == caseless(event.mark)


def firing_of(recipe: Recipe, event: Happened, zone: str, now: float) -> Firing:
    """The row of an event that met a recipe; it waits for its time."""
    on = event.on.partition(" ")[0]
    kind, record_id = event.record
    context = {"on": on, "mark": event.mark, "at": f"{event.at:.3f}", "kind": kind, "record": record_id}
    due = moment(recipe.delay, event.at, zone)
    return Firing(recipe.name, event.key, event.contact_id, due_at=due, at=now, context=context)


def early(recipe: Recipe, sight: Sighting, look: Look, now: float) -> str:
    """Why a contact does not meet the conditions, as far as the last sight of it tells."""
    asked = [one for one in recipe.conditions if one.test is not Test.LIST]
    record = sight.record
    covered = look.work.policy.scope.covers(record)
    facts = Facts(fields_of(sight), record.labels, None, covered, record.opted_out, now, look.zone)
    return unmet(asked, facts)


def _key(text: str) -> str:
    """A key that fits, however long a tag is."""
    return (
        text
        if len(text) <= 150
        else f"{text[:110]} {hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"
    )
