"""Outgoing webhooks kept: who follows what, which messages wait, and what the journal and holds tell of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.outgoing_tables import outgoing, outlook, subscription
from landbridge.store.recipe_tables import firing
from landbridge.store.rows import unpack, upsert
from landbridge.store.tables import hold, journal

WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"
PAGE = 500


@dataclass(frozen=True, slots=True)
class Subscription:
    """One address and the triggers it follows; ``sealed`` holds the address and its secret.

    ``host`` is all that is ever shown of the address. ``failing_since`` is the first failure since the last
    success; ``note`` says why it was switched off by itself.
    """

    id: int
    bridge_id: int
    key: str
    name: str
    host: str
    triggers: tuple[str, ...]
    sealed: bytes
    enabled: bool
    created_at: float
    failing_since: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one address; ``told`` is what its last attempt met."""

    id: int
    subscription_id: int
    message: str
    trigger: str
    body: bytes
    state: str
    created_at: float
    due_at: float
    attempts: int = 0
    tried_at: float | None = None
    told: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """What was found in the journal, the holds or the firings: enough for a message, and no value.

    ``key`` names it for good, so that it is told once. ``fields`` are names of fields.
    """

    source: str  # journal, hold or firing
    key: str
    at: float
    what: str  # the journal's action, the hold's cause, the recipe's name
    side: str = ""
    record_id: str = ""
    source_id: str = ""
    fields: tuple[str, ...] = ()
    number: int = 0


async def add(connection: AsyncConnection, new: Subscription) -> int:
    """Keep a subscription; its id."""
    row = {
        "bridge_id": new.bridge_id,
        "key": new.key,
        "name": new.name,
        "host": new.host,
        "triggers": " ".join(new.triggers),
        "sealed": new.sealed,
        "enabled": new.enabled,
        "created_at": new.created_at,
    }
    made: int = (
        await connection.execute(insert(subscription).values(row).returning(subscription.c.id))
    ).scalar_one()
    return made


async def subscriptions(connection: AsyncConnection, bridge_id: int | None = None) -> list[Subscription]:
    """All of one bridge, or of all bridges, oldest first."""
    query = select(subscription).order_by(subscription.c.id)
    if bridge_id is not None:
        query = query.where(subscription.c.bridge_id == bridge_id)
    return [_subscription(row) for row in await connection.execute(query)]


async def switch(connection: AsyncConnection, subscription_id: int, *, enabled: bool, note: str = "") -> None:
    """On or off; switching on forgets that it failed, and what waits is tried when its time comes."""
    values: dict[str, Any] = {"enabled": enabled, "note": note}
    if enabled:
        values["failing_since"] = None
    await connection.execute(update(subscription).where(subscription.c.id == subscription_id).values(values))


async def remove(connection: AsyncConnection, subscription_id: int) -> None:
    """Forget a subscription and all that was sent to it."""
    await connection.execute(delete(outgoing).where(outgoing.c.subscription_id == subscription_id))
    await connection.execute(delete(subscription).where(subscription.c.id == subscription_id))


async def enqueue(
    connection: AsyncConnection, subscription_id: int, message: str, trigger: str, body: bytes, now: float
) -> None:
    """Let a message wait; one that is there already is left as it is."""
    row = {
        "subscription_id": subscription_id,
        "message": message,
        "trigger": trigger,
        "body": body,
        "state": WAITING,
        "created_at": now,
        "due_at": now,
        "attempts": 0,
        "told": "",
    }
    same = (outgoing.c.subscription_id == subscription_id, outgoing.c.message == message)
    if (await connection.execute(select(outgoing.c.id).where(*same))).first() is None:
        await connection.execute(insert(outgoing).values(row))


async def known_messages(
    connection: AsyncConnection, messages: Collection[str]
) -> frozenset[tuple[int, str]]:
    """Which of these are kept already, by subscription."""
    query = select(outgoing.c.subscription_id, outgoing.c.message)
    rows = await connection.execute(query.where(outgoing.c.message.in_(messages)))
    return frozenset((row.subscription_id, row.message) for row in rows)


async def any_due(connection: AsyncConnection, now: float) -> bool:
    """Whether something waits whose time has come."""
    query = select(outgoing.c.id).where(outgoing.c.state == WAITING, outgoing.c.due_at <= now).limit(1)
    return (await connection.execute(query)).first() is not None


async def postpone(connection: AsyncConnection, found: Collection[Outgoing], until: float) -> None:
    """These wait until then, untried."""
    ids = [one.id for one in found]
    await connection.execute(update(outgoing).where(outgoing.c.id.in_(ids)).values(due_at=until))


async def claim(connection: AsyncConnection, now: float, until: float, limit: int) -> list[Outgoing]:
    """Messages whose time has come, of addresses that are on; nobody else takes them before ``until``."""
    query = (
        select(outgoing)
        .join(subscription, subscription.c.id == outgoing.c.subscription_id)
        .where(outgoing.c.state == WAITING, outgoing.c.due_at <= now, subscription.c.enabled)
        .order_by(outgoing.c.due_at, outgoing.c.id)
        .limit(limit)
    )
    found = [_outgoing(row) for row in await connection.execute(query)]
    for one in found:
        await connection.execute(update(outgoing).where(outgoing.c.id == one.id).values(due_at=until))
    return found


async def note_delivered(connection: AsyncConnection, one: Outgoing, told: str, now: float) -> None:
    """The address took it."""
    values = {"state": DELIVERED, "attempts": one.attempts + 1, "tried_at": now, "told": told}
    await connection.execute(update(outgoing).where(outgoing.c.id == one.id).values(values))
    fine = update(subscription).where(subscription.c.id == one.subscription_id)
    await connection.execute(fine.values(failing_since=None))


async def note_failed(
    connection: AsyncConnection, one: Outgoing, told: str, now: float, again_at: float | None
) -> None:
    """The address did not take it; ``again_at`` is None after the last attempt."""
    values: dict[str, Any] = {"attempts": one.attempts + 1, "tried_at": now, "told": told}
    values |= {"state": FAILED} if again_at is None else {"due_at": again_at}
    await connection.execute(update(outgoing).where(outgoing.c.id == one.id).values(values))
    since = func.coalesce(subscription.c.failing_since, now)
    query = update(subscription).where(subscription.c.id == one.subscription_id)
    await connection.execute(query.values(failing_since=since))


async def again(connection: AsyncConnection, outgoing_id: int, now: float) -> None:
    """Send a message once more, as if it were new: the same id, so that a receiver can tell."""
    values = {"state": WAITING, "due_at": now, "attempts": 0}
    await connection.execute(update(outgoing).where(outgoing.c.id == outgoing_id).values(values))


async def log_of(connection: AsyncConnection, subscription_id: int, count: int = 50) -> list[Outgoing]:
    """The newest messages to an address, newest first."""
    query = select(outgoing).where(outgoing.c.subscription_id == subscription_id)
    query = query.order_by(outgoing.c.id.desc()).limit(count)
    return [_outgoing(row) for row in await connection.execute(query)]


async def one_of(connection: AsyncConnection, bridge_id: int, outgoing_id: int) -> Outgoing | None:
    """One message of a bridge."""
    query = (
        select(outgoing)
        .join(subscription, subscription.c.id == outgoing.c.subscription_id)
        .where(outgoing.c.id == outgoing_id, subscription.c.bridge_id == bridge_id)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else _outgoing(row)


async def prune(connection: AsyncConnection, before: float) -> None:
    """Forget messages that are over for long."""
    over = outgoing.c.state.in_((DELIVERED, FAILED))
    await connection.execute(delete(outgoing).where(over, outgoing.c.created_at < before))


async def outlook_of(connection: AsyncConnection, bridge_id: int) -> tuple[int, float] | None:
    """How far a bridge was looked through: the journal's id, and the time of the newest hold."""
    row = (await connection.execute(select(outlook).where(outlook.c.bridge_id == bridge_id))).first()
    return None if row is None else (row.journal_id, row.holds_at)


async def move_outlook(connection: AsyncConnection, bridge_id: int, journal_id: int, holds_at: float) -> None:
    """It was looked through so far."""
    row = {"bridge_id": bridge_id, "journal_id": journal_id, "holds_at": holds_at}
    await upsert(connection, outlook, [row], keys=("bridge_id",))


async def newest_entry(connection: AsyncConnection, bridge_id: int) -> int:
    """The id of the newest entry of a bridge's journal, 0 where there is none."""
    query = select(func.coalesce(func.max(journal.c.id), 0)).where(journal.c.bridge_id == bridge_id)
    found: int = (await connection.execute(query)).scalar_one()
    return found


async def entries_after(
    connection: AsyncConnection, bridge_id: int, journal_id: int, begun_before: float
) -> tuple[list[Noted], int]:
    """Entries about contacts after this one, in order, and the id up to which all are final.

    An entry that is only begun stops the look, as it may still be done; one that began before
    ``begun_before`` is passed over: its process is gone.
    """
    query = (
        select(journal)
        .where(journal.c.bridge_id == bridge_id, journal.c.id > journal_id)
        .order_by(journal.c.id)
        .limit(PAGE)
    )
    found, last = [], journal_id
    for row in await connection.execute(query):
        if row.state == "begun" and row.at >= begun_before:
            break
        last = row.id
        if row.state == "done" and row.kind == "contact":
            fields = tuple(sorted(unpack(row.after)))
            found.append(
                Noted(
                    "journal",
                    f"journal:{row.id}",
                    row.at,
                    row.action,
                    row.side,
                    row.record_id,
                    row.source_id,
                    fields,
                    row.id,
                )
            )
    return found, last


async def holds_since(connection: AsyncConnection, bridge_id: int, since: float) -> list[Noted]:
    """Holds that were opened at this moment or later; the ids are HighLevel's and Rezora's."""
    query = select(hold).where(hold.c.bridge_id == bridge_id, hold.c.opened_at >= since)
    return [
        Noted(
            "hold",
            f"hold:{row.id}:{row.cause}:{row.opened_at!r}",
            row.opened_at,
            row.cause,
            "",
            row.highlevel_id,
            row.rezora_id,
            (row.rule,) if row.rule else (),
            row.id,
        )
        for row in await connection.execute(query.order_by(hold.c.opened_at, hold.c.id))
    ]


async def firings_since(connection: AsyncConnection, bridge_id: int, since: float) -> list[Noted]:
    """Recipes that did something, of those that were due at this moment or later."""
    query = select(firing).where(
        firing.c.bridge_id == bridge_id, firing.c.state == "done", firing.c.due_at >= since
    )
    return [
        Noted("firing", f"firing:{row.id}", row.due_at, row.recipe, "", row.contact_id, "", (), row.id)
        for row in await connection.execute(query.order_by(firing.c.id))
    ]


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        row.id,
        row.bridge_id,
        row.key,
        row.name,
        row.host,
        tuple(row.triggers.split()),
        row.sealed,
        bool(row.enabled),
        row.created_at,
        row.failing_since,
        row.note,
    )


def _outgoing(row: Row[Any]) -> Outgoing:
    return Outgoing(
        row.id,
        row.subscription_id,
        row.message,
        row.trigger,
        row.body,
        row.state,
        row.created_at,
        row.due_at,
        row.attempts,
        row.tried_at,
        row.told,
    )
