"""Outgoing webhooks: what happened becomes messages, messages are sent, tried again for days, and logged."""

from __future__ import annotations

import asyncio
import hashlib
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import msgspec
import structlog

from landbridge.engine.answers import FIELD_CAUSES, NotPossible
from landbridge.engine.catalog import OWN_TRIGGERS
from landbridge.store import outgoing, restored
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.outgoing import Noted, Outgoing, Subscription
from landbridge.store.restored import Mark
from landbridge.sync.model import Side
from landbridge.systems.arguments import meant
from landbridge.systems.base import Clock
from landbridge.systems.outgoing_webhook import (
    Taken,
    UnusableAddress,
    WebhookSender,
    checked_address,
    new_secret,
)

T = TypeVar("T")
# Seconds between attempts: the schedule that Standard Webhooks gives as an example; about 75 hours in all.
RETRIES: tuple[float, ...] = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.1  # of each pause, so that many do not come back at once
FAILING_SECONDS = 5 * 86_400.0  # an address that took nothing for so long is switched off
LOOK_SECONDS = 2.0
CLAIM_SECONDS = 120.0
BEGUN_SECONDS = 3600.0  # an entry that is only begun for so long belongs to a process that is gone
FIRED_SECONDS = 2 * 86_400.0  # recipes that were due in this span are looked through
KEPT_SECONDS = 30 * 86_400.0
BATCH = 50
NAMES = tuple(trigger.name for trigger in OWN_TRIGGERS)
TEST = "landbridge.test"

_BY_ACTION: Mapping[str, str] = {
    **dict.fromkeys(("create", "link", "update", "join", "leave"), "contact.synced"),
    "opt_out": "contact.opted_out",
}
log = structlog.get_logger()


class Target(msgspec.Struct, frozen=True):
    """What the vault seals of a subscription."""

    address: str
    secret: str

    def __repr__(self) -> str:
        return "Target(…)"


class Seals(Protocol):
    """As much of the vault as is needed."""

    def seal(self, body: object, purpose: str) -> bytes:
        """Sealed for one purpose."""
        ...

    def opened(self, sealed: bytes, purpose: str, kind: type[T]) -> T:
        """Open again."""
        ...


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription that was made, with its secret, which is shown this once."""

    subscription: Subscription
    secret: str


class OutgoingWebhooks:
    """Subscriptions of one store, and their messages. ``sender`` may be replaced, as by tests."""

    def __init__(
        self, database: Database, clock: Clock, seals: Seals, sender: WebhookSender, rng: random.Random
    ) -> None:
        self._database = database
        self._clock = clock
        self._seals = seals
        self._rng = rng
        self._bridges = Bridges(database)
        self.sender = sender

    async def subscribe(
        self, bridge: Bridge, address: str, triggers: Sequence[str], name: str = ""
    ) -> NewSubscription:
        """Let an address follow triggers of ours; raises ``NotPossible`` with nothing stored."""
        try:
            url = checked_address(address)
        except UnusableAddress as unusable:
            raise NotPossible(str(unusable), unusable.fix) from None
        wanted = _checked_triggers(triggers)
        secret, key, now = new_secret(), secrets.token_hex(16), self._clock.now()
        sealed = self._seals.seal(Target(str(url), secret), outgoing.purpose(key))
        new = Subscription(0, bridge.id, key, name.strip()[:100], url.host or "", wanted, sealed, True, now)
        async with self._database.write() as connection:
            if not await outgoing.subscriptions(connection, bridge.id):  # nobody has looked for a while
                newest = await outgoing.newest_entry(connection, bridge.id)
                await outgoing.move_outlook(connection, bridge.id, newest, now)
            made = await outgoing.add(connection, new)
        log.info("webhook_subscribed", bridge=bridge.id, subscription=made)
        return NewSubscription(await self.subscription(bridge, made), secret)

    async def subscriptions(self, bridge: Bridge) -> list[Subscription]:
        """All of a bridge, oldest first."""
        async with self._database.read() as connection:
            return await outgoing.subscriptions(connection, bridge.id)

    async def subscription(self, bridge: Bridge, subscription_id: int) -> Subscription:
        """One of a bridge; raises ``NotPossible``."""
        found = [one for one in await self.subscriptions(bridge) if one.id == subscription_id]
        if not found:
            raise NotPossible(
                f"There is no webhook {subscription_id} on this bridge.", "See `landbridge hooks list`."
            )
        return found[0]

    async def switch(self, bridge: Bridge, subscription_id: int, *, enabled: bool) -> Subscription:
        """On or off; what happens while it is off is not told later."""
        await self.subscription(bridge, subscription_id)
        async with self._database.write() as connection:
            await outgoing.switch(connection, subscription_id, enabled=enabled)
        return await self.subscription(bridge, subscription_id)

    async def remove(self, bridge: Bridge, subscription_id: int) -> None:
        """Forget it, with its log."""
        await self.subscription(bridge, subscription_id)
        async with self._database.write() as connection:
            await outgoing.remove(connection, subscription_id)

    async def log_of(self, bridge: Bridge, subscription_id: int, count: int = 50) -> list[Outgoing]:
        """What was sent to an address, newest first."""
        await self.subscription(bridge, subscription_id)
        async with self._database.read() as connection:
            return await outgoing.log_of(connection, subscription_id, count)

    async def test(self, bridge: Bridge, subscription_id: int) -> Outgoing:
        """Send a message of the type ``landbridge.test`` now; what became of it."""
        found = await self.subscription(bridge, subscription_id)
        now = self._clock.now()
        message = f"msg_{secrets.token_hex(16)}"
        body = _body(TEST, now, {"bridge": bridge.name})
        async with self._database.write() as connection:
            await outgoing.enqueue(connection, found.id, message, TEST, body, now)
            waiting = await outgoing.log_of(connection, found.id, 1)
        return await self._deliver(waiting[0], found)

    async def replay(self, bridge: Bridge, outgoing_id: int) -> Outgoing:
        """Send a message again, under its own id; what became of it."""
        async with self._database.read() as connection:
            known = await outgoing.one_of(connection, bridge.id, outgoing_id)
        if known is None:
            raise NotPossible(f"There is no message {outgoing_id}.", "See `landbridge hooks log`.")
        async with self._database.write() as connection:
            await outgoing.again(connection, known.id, self._clock.now())
            again = await outgoing.one_of(connection, bridge.id, outgoing_id)
        return await self._deliver(again or known, await self.subscription(bridge, known.subscription_id))

    async def step(self) -> int:
        """Look what happened, then send what is due; how many messages were tried."""
        async with self._database.read() as connection:
            known = {one.id: one for one in await outgoing.subscriptions(connection)}
        if not known:
            return 0
        followed = {one.bridge_id for one in known.values()}
        for bridge in await self._bridges.bridges():
            if bridge.id in followed:
                await self._gather(bridge, [one for one in known.values() if one.bridge_id == bridge.id])
        return await self._send_due(known)

    async def _send_due(self, known: Mapping[int, Subscription]) -> int:
        """Addresses side by side, the messages of each in order."""
        now = self._clock.now()
        async with self._database.read() as connection:
            if not await outgoing.any_due(connection, now):
                return 0
        async with self._database.write() as connection:
            due = await outgoing.claim(connection, now, now + CLAIM_SECONDS, BATCH)
            await outgoing.prune(connection, now - KEPT_SECONDS)
        of = {key: [one for one in due if one.subscription_id == key] for key in known}
        await asyncio.gather(*(self._send_all(known[key], found) for key, found in of.items() if found))
        return len(due)

    async def _send_all(self, to: Subscription, found: Sequence[Outgoing]) -> None:
        """Until one fails: what comes after it waits as long."""
        for number, one in enumerate(found):
            after = await self._deliver(one, to)
            if after.state != outgoing.DELIVERED:
                async with self._database.write() as connection:
                    await outgoing.postpone(connection, found[number + 1 :], after.due_at)
                return

    async def _gather(self, bridge: Bridge, known: Sequence[Subscription]) -> None:
        """What happened since the last look, as messages, in the transaction that moves the outlook."""
        now = self._clock.now()
        async with self._database.read() as connection:
            journal_id, holds_at = await outgoing.outlook_of(connection, bridge.id) or (0, now)
            begun = now - BEGUN_SECONDS
            entries, last = await outgoing.entries_after(connection, bridge.id, journal_id, begun)
            holds = await outgoing.holds_since(connection, bridge.id, holds_at)
            fired = await outgoing.firings_since(connection, bridge.id, now - FIRED_SECONDS)
            mark = await restored.newest(connection, bridge.id)
            wanted = _wanted(bridge, (*entries, *holds, *fired), known, mark)
            there = await outgoing.known_messages(connection, {key[1] for key in wanted})
        new = {key: told for key, told in wanted.items() if key not in there}
        # Not ahead of the clock: one that was set back must not hide what is opened until it catches up.
        newest = min(max((noted.at for noted in holds), default=holds_at), now)
        if not new and (last, newest) == (journal_id, holds_at):
            return
        async with self._database.write() as connection:
            for (subscription_id, message), (trigger, body) in new.items():
                await outgoing.enqueue(connection, subscription_id, message, trigger, body, now)
            await outgoing.move_outlook(connection, bridge.id, last, newest)

    async def _deliver(self, one: Outgoing, to: Subscription) -> Outgoing:
        """One attempt, and what it means for the message and for its address."""
        target = self._seals.opened(to.sealed, outgoing.purpose(to.key), Target)
        taken = await self.sender.send(
            target.address, target.secret, one.message, one.body, self._clock.now()
        )
        now = self._clock.now()
        async with self._database.write() as connection:
            if taken.ok:
                await outgoing.note_delivered(connection, one, taken.sentence, now)
            else:
                again_at = None if taken.gone else self._again_at(one, now)
                await outgoing.note_failed(connection, one, taken.sentence, now, again_at)
            note = _ended(to, taken, now)
            if note:
                await outgoing.switch(connection, to.id, enabled=False, note=note)
            after = await outgoing.one_of(connection, to.bridge_id, one.id)
        if not taken.ok:
            log.warning("webhook_not_taken", subscription=to.id, message=one.message, why=taken.sentence)
        return after or one

    def _again_at(self, one: Outgoing, now: float) -> float | None:
        if one.attempts >= len(RETRIES):
            return None
        pause = RETRIES[one.attempts]
        return now + pause * (1 + JITTER * self._rng.uniform(-1, 1))


async def keep_sending(webhooks: OutgoingWebhooks, clock: Clock) -> None:
    """Runs until cancelled. A step that fails is told in the log, and repeated."""
    while True:
        tried = 0
        try:
            tried = await webhooks.step()
        except Exception:  # whatever it is, syncs go on, and the next step may succeed
            log.exception("webhooks_not_sent")
        if tried < BATCH:
            await clock.sleep(LOOK_SECONDS)


def _checked_triggers(triggers: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(name.strip() for name in triggers if name.strip()))
    if not wanted:
        raise NotPossible("No trigger is named.", f"Name one or more of: {', '.join(NAMES)}.")
    for name in wanted:
        if name not in NAMES:
            near = meant(name, NAMES) or f"Use one or more of: {', '.join(NAMES)}."
            raise NotPossible(f"{name} is no trigger that can be followed.", near)
    return wanted


def _wanted(
    bridge: Bridge, found: Sequence[Noted], known: Sequence[Subscription], mark: Mark
) -> dict[tuple[int, str], tuple[str, bytes]]:
    """Trigger and body by subscription and message; nobody is told what was before they asked.

    A restored database counts on from an older number: its new entries must not have the names of messages
    that were sent before, or their receivers would take them for repetitions.
    """
    wanted = {}
    for noted in found:
        for trigger in _triggers_of(noted):
            told = trigger, _body(trigger, noted.at, _facts(bridge, noted))
            again = f":{mark.run_id}" if mark.run_id and noted.at >= mark.at else ""
            message = _message(bridge.id, trigger, noted.key + again)
            for one in known:
                asked = noted.source == "journal" or noted.at >= one.created_at
                if one.enabled and asked and trigger in one.triggers:
                    wanted[one.id, message] = told
    return wanted


def _triggers_of(noted: Noted) -> tuple[str, ...]:
    if noted.source == "hold":
        return ("hold.opened", "contact.conflict") if noted.what in FIELD_CAUSES else ("hold.opened",)
    if noted.source == "firing":
        return ("recipe.fired",)
    return (_BY_ACTION[noted.what],) if noted.what in _BY_ACTION else ()


def _facts(bridge: Bridge, noted: Noted) -> dict[str, object]:
    """Ids and names of fields; never a value, a name or an address of a person."""
    if noted.source == "journal":
        here, there = noted.record_id, noted.source_id
        highlevel, rezora = (here, there) if noted.side == Side.HIGHLEVEL.value else (there, here)
        more: dict[str, object] = {"side": noted.side, "action": noted.what, "entry": noted.number}
    else:
        highlevel, rezora = noted.record_id, noted.source_id
        name = "cause" if noted.source == "hold" else "recipe"
        more = {name: noted.what, noted.source: noted.number}
    ids = {"bridge": bridge.id, "highlevel_id": highlevel, "rezora_id": rezora}
    return {**ids, **more, "fields": list(noted.fields)}


def _body(trigger: str, at: float, facts: Mapping[str, object]) -> bytes:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": trigger, "timestamp": moment, "data": facts})


def _message(bridge_id: int, trigger: str, key: str) -> str:
    """The same for the same happening, whoever looks: it is told once."""
    return f"msg_{hashlib.sha256(f'{bridge_id}:{trigger}:{key}'.encode()).hexdigest()[:32]}"


def _ended(to: Subscription, taken: Taken, now: float) -> str:
    """Why an address gets nothing any more, if so."""
    if taken.gone:
        return "The address answered with status 410: it wants no more."
    if not taken.ok and to.failing_since is not None and now - to.failing_since >= FAILING_SECONDS:
        return "The address took nothing for five days."
    return ""
