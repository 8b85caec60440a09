"""One person taken out of the store: every row and value about them, table by table, counted or removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Row,
    Table,
    Update,
    and_,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.mentions import (
    BLANK_ENTRY,
    ERASED,
    GONE_NOTE,
    NOTHING,
    mentions,
    spelled,
    without,
    words_of,
)
from landbridge.store.recipe_tables import firing, recipe_sight
from landbridge.store.rows import unpack
from landbridge.store.setup_tables import setup
from landbridge.store.tables import (
    activity,
    apart,
    choice,
    delivery,
    due,
    hold,
    intent,
    journal,
    link,
    observed,
    pause,
    rule_member,
    suppression,
)
from landbridge.sync.model import Kind, Side


@dataclass(frozen=True, slots=True)
class Person:
    """Who is erased: the ids of the contact, of its tasks, notes and appointments, and of its links.

    ``keys`` are the keyed hashes of the addresses, by which an opt-out is remembered; ``words`` name the
    person in other texts. ``typed`` is what was typed into the bridge's set-up, without the person, if they
    are in it.
    """

    name: str
    ids: Mapping[Side, str]
    activities: Mapping[tuple[Side, Kind], Sequence[str]]
    links: Sequence[int]
    keys: Sequence[str]
    words: Sequence[str] = ()
    typed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Rows about a person in one table, in words, and what removes them: whole, or their values only."""

    title: str
    table: Table
    where: ColumnElement[bool]
    removal: Delete | Update


async def matching(
    connection: AsyncConnection, bridge_id: int, who: str, limit: int
) -> list[tuple[Side, str]]:
    """Records by id, or by e-mail address without upper and lower case, HighLevel's first."""
    named = (observed.c.id == who) | (observed.c.email == who.lower())
    query = select(observed.c.side, observed.c.id).where(observed.c.bridge_id == bridge_id, named)
    rows = await connection.execute(query.order_by(observed.c.side, observed.c.id).limit(limit))
    found = [(Side(row.side), row.id) for row in rows]
    if not found:  # created a moment ago, or seen so long ago that only a link or the journal knows it
        for side, column in ((Side.HIGHLEVEL, link.c.highlevel_id), (Side.REZORA, link.c.rezora_id)):
            told = select(link.c.id).where(
                link.c.bridge_id == bridge_id, link.c.kind == "contact", column == who
            )
            if (await connection.execute(told.limit(1))).first() is not None:
                found.append((side, who))
    return found


async def person(connection: AsyncConnection, bridge_id: int, ids: Mapping[Side, str]) -> Person:
    """All ids that belong to a contact, by its ids on one side or both."""
    columns = {Side.HIGHLEVEL: link.c.highlevel_id, Side.REZORA: link.c.rezora_id}
    of_contact = and_(link.c.kind == Kind.CONTACT.value, or_(*(columns[side] == ids[side] for side in ids)))
    links = (
        (await connection.execute(select(link.c.id).where(link.c.bridge_id == bridge_id, of_contact)))
        .scalars()
        .all()
    )
    seen = list(await connection.execute(select(observed).where(_seen(bridge_id, ids))))
    found: dict[tuple[Side, Kind], set[str]] = {}
    for row in await connection.execute(select(activity).where(_of_contacts(bridge_id, ids))):
        found.setdefault((Side(row.side), Kind(row.kind)), set()).add(row.id)
    tied = select(link).where(link.c.bridge_id == bridge_id, link.c.contact.in_(links), link.c.contact > 0)
    for row in await connection.execute(tied):
        for side, key in ((Side.HIGHLEVEL, row.highlevel_id), (Side.REZORA, row.rezora_id)):
            found.setdefault((side, Kind(row.kind)), set()).add(key)
    keys = {key for row in seen for key in (row.email_key, row.phone_key) if key}
    name = next((row.name for row in seen if row.name), "")
    activities = {key: sorted(some) for key, some in found.items()}
    known = Person(name, ids, activities, links, sorted(keys))
    words = spelled(await _words(connection, bridge_id, known, seen))
    return replace(known, words=words, typed=await _typed(connection, bridge_id, ids, words))


async def _words(
    connection: AsyncConnection, bridge_id: int, who: Person, seen: Sequence[Row[Any]]
) -> set[str]:
    """Everything by which a text may name them: addresses and names, those of former days as well."""
    found = {word for row in seen for word in (row.email, row.phone, row.name) if word}
    packed = [row.fields for row in seen]
    bases = select(link.c.base_highlevel, link.c.base_rezora).where(link.c.id.in_(who.links))
    entries = select(journal.c.before, journal.c.after).where(
        _entries(bridge_id, who), journal.c.kind == Kind.CONTACT.value
    )
    for query in (bases, entries):
        packed += [one for row in await connection.execute(query) for one in row]
    return found.union(*(words_of(unpack(one)) for one in packed))


async def _typed(
    connection: AsyncConnection, bridge_id: int, ids: Mapping[Side, str], words: Sequence[str]
) -> Mapping[str, Any] | None:
    """What was typed into the set-up, without them; None where nothing is to be taken out."""
    query = select(setup.c.typed).where(setup.c.bridge_id == bridge_id)
    typed = (await connection.execute(query)).scalar_one_or_none()
    cleaned = without(typed, list(ids.values()), words)
    return None if cleaned == typed else cleaned


def parts(dialect: str, bridge_id: int, who: Person) -> list[Part]:
    """Everything that is kept of a person, but for tombstones and opt-outs."""
    chosen = setup.c.bridge_id == bridge_id if who.typed is not None else false()
    named = mentions(dialect, bridge_id, who.words)
    found = [
        _rows("what both systems showed of the contact", observed, _seen(bridge_id, who.ids)),
        _rows("tasks, notes and appointments as they were shown", activity, _of_contacts(bridge_id, who.ids)),
        _rows("links between the two systems", link, _links(bridge_id, who)),
        _values(
            "journal entries, of which only the values go", journal, _entries(bridge_id, who), BLANK_ENTRY
        ),
        _rows("what waits for a person about them", hold, _holds(bridge_id, who)),
        _rows("answers that no sync has carried out yet", choice, _choices(bridge_id, who)),
        _rows("what recipes saw of the contact", recipe_sight, _at(recipe_sight, bridge_id, who.ids)),
        _values(
            "what recipes did, of which only the values go", firing, _firings(bridge_id, who), _BLANK_FIRING
        ),
        _rows("webhooks that named them", delivery, _deliveries(bridge_id, who)),
        _rows("looks that were due", due, _at(due, bridge_id, who.ids)),
        _rows("notes of creates", intent, _intents(bridge_id, who)),
        _rows("lists that Landbridge put them on", rule_member, _members(bridge_id, who)),
        _rows("people they were said not to be", apart, _apart(bridge_id, who)),
        _values(
            "the reason of a pause",
            pause,
            and_(_at(pause, bridge_id, who.ids), pause.c.note != ""),
            {"note": ""},
        ),
        _values("what was chosen in the set-up", setup, chosen, {"typed": who.typed}),
    ]
    own = {part.table: part.where for part in found}
    for one in named:
        where = and_(one.where, not_(own[one.table])) if one.table in own else one.where
        found.append(
            _rows(one.title, one.table, where)
            if one.blank is None
            else _values(one.title, one.table, where, one.blank)
        )
    return found


async def counted(connection: AsyncConnection, all_parts: Sequence[Part]) -> dict[str, int]:
    """How many rows of each part there are, those with none left out."""
    found = {}
    for part in all_parts:
        query = select(func.count()).select_from(part.table).where(part.where)
        if number := (await connection.execute(query)).scalar_one():
            found[part.title] = number
    return found


async def remove(connection: AsyncConnection, all_parts: Sequence[Part]) -> None:
    """Remove all of it, in the caller's transaction; what names them elsewhere goes last."""
    for part in all_parts:
        await connection.execute(part.removal)


async def opted_out(connection: AsyncConnection, bridge_id: int, keys: Sequence[str]) -> bool:
    """Is an opt-out remembered for one of these addresses? It stays, as a keyed hash."""
    query = select(suppression.c.channel).where(
        suppression.c.bridge_id == bridge_id, suppression.c.address.in_(keys)
    )
    return (await connection.execute(query.limit(1))).first() is not None


_BLANK_FIRING = {"context": NOTHING, "contact_id": "", "detail": GONE_NOTE, "state": "skipped"}


def _rows(title: str, table: Table, where: ColumnElement[bool]) -> Part:
    return Part(title, table, where, delete(table).where(where))


def _values(title: str, table: Table, where: ColumnElement[bool], blank: Mapping[str, object]) -> Part:
    return Part(title, table, where, update(table).where(where).values(blank))


def _seen(bridge_id: int, ids: Mapping[Side, str]) -> ColumnElement[bool]:
    return _at(observed, bridge_id, ids)


def _at(table: Table, bridge_id: int, ids: Mapping[Side, str]) -> ColumnElement[bool]:
    """Rows of a table that is keyed by side and id."""
    named = or_(*((table.c.side == side.value) & (table.c.id == key) for side, key in ids.items()))
    return and_(table.c.bridge_id == bridge_id, named)


def _of_contacts(bridge_id: int, ids: Mapping[Side, str]) -> ColumnElement[bool]:
    named = or_(
        *((activity.c.side == side.value) & (activity.c.contact_id == key) for side, key in ids.items())
    )
    return and_(activity.c.bridge_id == bridge_id, named)


def _links(bridge_id: int, who: Person) -> ColumnElement[bool]:
    return and_(
        link.c.bridge_id == bridge_id, link.c.id.in_(who.links) | link.c.contact.in_([*who.links, -1])
    )


def _by_kind(who: Person) -> Iterator[tuple[Kind, Side, Sequence[str]]]:
    for side, key in who.ids.items():
        yield Kind.CONTACT, side, [key]
    for (side, kind), ids in who.activities.items():
        yield kind, side, ids


def _entries(bridge_id: int, who: Person) -> ColumnElement[bool]:
    """Written to one of their records, or made from one; the line that says they were erased stays."""
    named = [
        (journal.c.kind == kind.value)
        & (
            ((journal.c.side == side.value) & journal.c.record_id.in_(ids))
            | ((journal.c.side == side.other.value) & journal.c.source_id.in_(ids))
        )
        for kind, side, ids in _by_kind(who)
    ]
    return and_(journal.c.bridge_id == bridge_id, journal.c.state != ERASED, or_(*named))


def _holds(bridge_id: int, who: Person) -> ColumnElement[bool]:
    columns = {Side.HIGHLEVEL: hold.c.highlevel_id, Side.REZORA: hold.c.rezora_id}
    named = [(hold.c.kind == kind.value) & columns[side].in_(ids) for kind, side, ids in _by_kind(who)]
    return and_(hold.c.bridge_id == bridge_id, or_(*named))


def _choices(bridge_id: int, who: Person) -> ColumnElement[bool]:
    """A choice does not say its kind: one of an activity goes by HighLevel's ids, which are unique."""
    theirs = [ids for kind, side, ids in _by_kind(who) if side is Side.HIGHLEVEL]
    pairs: list[ColumnElement[bool]] = [choice.c.highlevel_id.in_(ids) for ids in theirs]
    if Side.REZORA in who.ids:
        pairs.append((choice.c.rezora_id == who.ids[Side.REZORA]) & (choice.c.highlevel_id == ""))
    return and_(choice.c.bridge_id == bridge_id, or_(false(), *pairs))


def _firings(bridge_id: int, who: Person) -> ColumnElement[bool]:
    """Recipes speak of HighLevel's contact."""
    key = who.ids.get(Side.HIGHLEVEL)
    return and_(firing.c.bridge_id == bridge_id, false() if key is None else firing.c.contact_id == key)


def _deliveries(bridge_id: int, who: Person) -> ColumnElement[bool]:
    named: list[ColumnElement[bool]] = [
        delivery.c.record_id.in_(ids) for kind, side, ids in _by_kind(who) if side is Side.HIGHLEVEL
    ]
    if key := who.ids.get(Side.HIGHLEVEL):
        named.append(delivery.c.contact_id == key)
    return and_(delivery.c.bridge_id == bridge_id, or_(false(), *named))


def _intents(bridge_id: int, who: Person) -> ColumnElement[bool]:
    """Those that are over; an open one keeps its create from being sent twice, and holds no value."""
    named = [
        (intent.c.kind == kind.value) & (intent.c.side == side.other.value) & intent.c.source_id.in_(ids)
        for kind, side, ids in _by_kind(who)
    ]
    return and_(intent.c.bridge_id == bridge_id, intent.c.state != "open", or_(*named))


def _members(bridge_id: int, who: Person) -> ColumnElement[bool]:
    key = who.ids.get(Side.REZORA)
    return and_(
        rule_member.c.bridge_id == bridge_id, false() if key is None else rule_member.c.rezora_id == key
    )


def _apart(bridge_id: int, who: Person) -> ColumnElement[bool]:
    ids = list(who.ids.values())
    return and_(apart.c.bridge_id == bridge_id, apart.c.one.in_(ids) | apart.c.two.in_(ids))
