"""Recipes as written, and their firings: one row for each recipe and event, with what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.recipe_tables import firing, recipe, recipe_cursor, recipe_made
from landbridge.store.rows import batches, execute_many, new_row, pack, unpack
from landbridge.store.tables import delivery
from landbridge.sync.model import Kind

KEPT_SECONDS = 60 * 86_400.0  # longer than a delivery is kept, so that what is forgotten cannot come again
WAITING, BEGUN, DONE, FAILED, SKIPPED = "waiting", "begun", "done", "failed", "skipped"


@dataclass(frozen=True, slots=True)
class KeptRecipe:
    """One recipe of a bridge, to the letter; times are epoch seconds."""

    bridge_id: int
    name: str
    text: str
    enabled: bool = False
    created_at: float = 0.0
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Firing:
    """One event that met a recipe. ``contact_id`` is HighLevel's, blank where the event names nobody.

    ``event`` is the key that makes it once. ``context`` is what the event was about: ``on``, ``mark``,
    ``at``; and ``step``, how many actions are done. ``at`` is when its state was last changed.
    """

    recipe: str
    event: str
    contact_id: str = ""
    state: str = WAITING
    detail: str = ""
    due_at: float = 0.0
    at: float = 0.0
    attempts: int = 0
    context: Mapping[str, str] = field(default_factory=dict)
    id: int = 0


async def all_of(connection: AsyncConnection, bridge_id: int, *, enabled: bool = False) -> list[KeptRecipe]:
    """The recipes of a bridge by name; only those that are switched on, if that is asked."""
    query = select(recipe).where(recipe.c.bridge_id == bridge_id).order_by(recipe.c.name)
    if enabled:
        query = query.where(recipe.c.enabled.is_(True))
    return [_recipe(row) for row in await connection.execute(query)]


async def one(connection: AsyncConnection, bridge_id: int, name: str) -> KeptRecipe | None:
    """The recipe of that name."""
    query = select(recipe).where(recipe.c.bridge_id == bridge_id, recipe.c.name == name)
    row = (await connection.execute(query)).first()
    return None if row is None else _recipe(row)


async def save(connection: AsyncConnection, bridge_id: int, name: str, text: str, now: float) -> None:
    """Keep a recipe; one that is there keeps its switch, a new one is off."""
    same = (recipe.c.bridge_id == bridge_id, recipe.c.name == name)
    changed = await connection.execute(update(recipe).where(*same).values(text=text, changed_at=now))
    if not changed.rowcount:
        row = {"bridge_id": bridge_id, "name": name, "text": text, "enabled": False}
        await connection.execute(insert(recipe).values(**row, created_at=now, changed_at=now))


async def switch(connection: AsyncConnection, bridge_id: int, name: str, now: float, *, on: bool) -> None:
    """On or off. The first one that is switched on begins with what is there now: nothing older fires."""
    if on and not await all_of(connection, bridge_id, enabled=True):
        await connection.execute(delete(recipe_cursor).where(recipe_cursor.c.bridge_id == bridge_id))
    same = (recipe.c.bridge_id == bridge_id, recipe.c.name == name, recipe.c.enabled.is_not(on))
    await connection.execute(update(recipe).where(*same).values(enabled=on, changed_at=now))


async def remove(connection: AsyncConnection, bridge_id: int, name: str) -> None:
    """Forget a recipe; its firings stay to be read."""
    same = (recipe.c.bridge_id == bridge_id, recipe.c.name == name)
    await connection.execute(delete(recipe).where(*same))


async def listened(connection: AsyncConnection) -> list[str]:
    """The texts of everything that is switched on, of all bridges."""
    rows = await connection.execute(select(recipe.c.text).where(recipe.c.enabled.is_(True)))
    return [text for (text,) in rows]


async def fire(connection: AsyncConnection, bridge_id: int, fired: Sequence[Firing]) -> None:
    """Note that events met recipes; a pair of both that is noted already is left as it is."""
    rows = [{"bridge_id": bridge_id, **_columns(one), "event": one.event} for one in fired]
    new = new_row(connection.dialect.name, firing)
    statement = new.on_conflict_do_nothing(index_elements=["bridge_id", "recipe", "event"])
    await execute_many(connection, statement, rows)


async def due_firings(connection: AsyncConnection, bridge_id: int, now: float, limit: int) -> list[Firing]:
    """What is to be carried out now: first what was begun, then what has waited longest."""
    query = (
        select(firing)
        .where(firing.c.bridge_id == bridge_id, firing.c.state.in_((WAITING, BEGUN)), firing.c.due_at <= now)
        .order_by(firing.c.state, firing.c.due_at, firing.c.id)
        .limit(limit)
    )
    return [_firing(row) for row in await connection.execute(query)]


async def any_begun(connection: AsyncConnection, bridge_id: int) -> bool:
    """Is it open whether a firing has made something?"""
    query = select(firing.c.id).where(firing.c.bridge_id == bridge_id, firing.c.state == BEGUN).limit(1)
    return (await connection.execute(query)).first() is not None


async def change(connection: AsyncConnection, changed: Firing) -> None:
    """Keep what became of a firing."""
    await connection.execute(update(firing).where(firing.c.id == changed.id).values(**_columns(changed)))


async def acted_since(
    connection: AsyncConnection, bridge_id: int, name: str, since: float, contact_id: str | None = None
) -> int:
    """How often a recipe acted since then, for one contact or altogether."""
    query = select(func.count()).where(
        firing.c.bridge_id == bridge_id,
        firing.c.recipe == name,
        firing.c.at > since,
        firing.c.state.in_((BEGUN, DONE, FAILED)),
    )
    if contact_id is not None:
        query = query.where(firing.c.contact_id == contact_id)
    return (await connection.execute(query)).scalar_one()


async def recent(
    connection: AsyncConnection, bridge_id: int, count: int = 50, name: str = ""
) -> list[Firing]:
    """The newest firings, newest first; of one recipe, if one is named."""
    query = select(firing).where(firing.c.bridge_id == bridge_id)
    if name:
        query = query.where(firing.c.recipe == name)
    query = query.order_by(firing.c.id.desc()).limit(count)
    return [_firing(row) for row in await connection.execute(query)]


async def note_made(
    connection: AsyncConnection, bridge_id: int, kind: Kind, record_id: str, firing_id: int
) -> None:
    """A firing made this record."""
    row = {"bridge_id": bridge_id, "kind": kind.value, "record_id": record_id, "firing_id": firing_id}
    new = new_row(connection.dialect.name, recipe_made)
    keys = ["bridge_id", "kind", "record_id"]
    await connection.execute(new.values(row).on_conflict_do_nothing(index_elements=keys))


async def made(
    connection: AsyncConnection, bridge_id: int, kind: str, record_ids: Collection[str]
) -> dict[str, int]:
    """Of these records those that firings made, each with the firing."""
    found: dict[str, int] = {}
    for some in batches(sorted(record_ids)):
        query = select(recipe_made.c.record_id, recipe_made.c.firing_id).where(
            recipe_made.c.bridge_id == bridge_id,
            recipe_made.c.kind == kind,
            recipe_made.c.record_id.in_(some),
        )
        found |= {row.record_id: row.firing_id for row in await connection.execute(query)}
    return found


async def bridges_with_work(connection: AsyncConnection, now: float) -> set[int]:
    """Bridges whose recipes have something to look at or to carry out now."""
    waiting = select(firing.c.bridge_id).where(firing.c.state.in_((WAITING, BEGUN)), firing.c.due_at <= now)
    found = {key for (key,) in await connection.execute(waiting.distinct())}
    on = {key for (key,) in await connection.execute(_enabled())}
    if not on:
        return found
    cursors = {row.bridge_id: row for row in await connection.execute(select(recipe_cursor))}
    for key in on - found:
        cursor = cursors.get(key)
        if cursor is None or await _something_came(connection, cursor, now):
            found.add(key)
    return found


async def prune(connection: AsyncConnection, bridge_id: int, now: float) -> None:
    """Forget firings that ended long ago."""
    old = (firing.c.bridge_id == bridge_id, firing.c.at < now - KEPT_SECONDS)
    await connection.execute(delete(firing).where(*old, firing.c.state.in_((DONE, FAILED, SKIPPED))))


def _enabled() -> Any:
    return select(recipe.c.bridge_id).where(recipe.c.enabled.is_(True)).distinct()


async def _something_came(connection: AsyncConnection, cursor: Row[Any], now: float) -> bool:
    """A schedule's time, or a delivery."""
    if cursor.wake_at is not None and cursor.wake_at <= now:
        return True
    unread = (delivery.c.bridge_id == cursor.bridge_id, delivery.c.id > cursor.delivery)
    found = (await connection.execute(select(delivery.c.id).where(*unread).limit(1))).first()
    return cursor.not_before <= now and found is not None


def _columns(one: Firing) -> dict[str, Any]:
    return {
        "recipe": one.recipe,
        "contact_id": one.contact_id,
        "state": one.state,
        "detail": one.detail,
        "due_at": one.due_at,
        "at": one.at,
        "attempts": one.attempts,
        "context": pack(one.context),
    }


def _recipe(row: Row[Any]) -> KeptRecipe:
    return KeptRecipe(row.bridge_id, row.name, row.text, row.enabled, row.created_at, row.changed_at)


def _firing(row: Row[Any]) -> Firing:
    return Firing(
        row.recipe,
        row.event,
        row.contact_id,
        row.state,
        row.detail,
        row.due_at,
        row.at,
        row.attempts,
        unpack(row.context),
        row.id,
    )
