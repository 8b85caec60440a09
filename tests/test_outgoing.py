"""Outgoing webhooks: what is told to whom, signed, once, for days, and never to inner networks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from sqlalchemy import insert, update
from yarl import URL

from landbridge.engine.answers import NotPossible
from landbridge.engine.outgoing import FAILING_SECONDS, JITTER, NAMES, RETRIES, NewSubscription
from landbridge.store import journal
from landbridge.store.bridges import Bridge
from landbridge.store.database import StoreFailure
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.outgoing import Outgoing
from landbridge.store.recipe_tables import firing
from landbridge.store.tables import journal as journal_table
from landbridge.sync.model import Side
from landbridge.systems.outgoing_webhook import WebhookSender
from operations_contract import ContractRig, contract_rig

ADDRESS = "https://hooks.example.com/services/very-secret"
PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.8"


@dataclass
class Receiver:
    """Somebody's address; answers from a script, then 204."""

    script: list[int | Exception] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=lambda: [PUBLIC])

    async def resolve(self, host: str, port: int) -> list[str]:
        return self.addresses

    async def post(self, url: URL, body: bytes, addresses: Sequence[str], headers: Mapping[str, str]) -> int:
        assert list(addresses) == self.addresses
        self.got.append((str(url), dict(headers), body))
        answer = self.script.pop(0) if self.script else 204
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.got]


@dataclass
class Scene:
    """A Landbridge and a receiver."""

    rig: ContractRig
    receiver: Receiver

    @property
    def bridge(self) -> Bridge:
        return self.rig.bridge

    async def follow(self, *triggers: str, address: str = ADDRESS) -> NewSubscription:
        return await self.rig.app.outgoing.subscribe(self.bridge, address, triggers, "Zap")

    async def wrote(self, *entries: Entry, begun: bool = False) -> list[int]:
        """What a run writes into the journal."""
        now = self.rig.clock.now()
        async with self.rig.app.database.write() as connection:
            keys = await journal.begin(connection, self.bridge.id, 1, entries, now)
            if not begun:
                await journal.finish(connection, dict(zip(keys, entries, strict=True)))
        return keys

    async def held(self, *holds: OpenHold) -> None:
        async with self.rig.app.database.write() as connection:
            await journal.save_holds(connection, self.bridge.id, 1, holds, self.rig.clock.now())

    async def step(self, seconds: float = 1.0) -> int:
        self.rig.clock.advance(seconds)
        return await self.rig.app.outgoing.step()

    async def log(self, made: NewSubscription) -> list[Outgoing]:
        return await self.rig.app.outgoing.log_of(self.bridge, made.subscription.id)


@asynccontextmanager
async def scene(home: Path) -> AsyncIterator[Scene]:
    receiver = Receiver()
    async with contract_rig(home) as rig:
        rig.app.outgoing.sender = WebhookSender(resolve=receiver.resolve, post=receiver.post)
        yield Scene(rig, receiver)


def everything_in(home: Path) -> bytes:
    """The database's files."""
    found = b"".join(path.read_bytes() for path in home.glob("landbridge.sqlite3*"))
    assert b"hooks.example.com" in found
    return found


UPDATE = Entry(
    "update",
    Side.REZORA,
    "90112",
    "c1",
    "city",
    {"contact_home_city": "Ward"},
    {"contact_home_city": "Lyons"},
)
HOLD = OpenHold("both_changed", "c1", "90112", "email", "a@example.com", "b@example.com")


async def test_what_happened_is_told_with_ids_and_no_value(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.wrote(UPDATE)  # before anybody asked
        await s.follow(*NAMES)
        await s.wrote(UPDATE, Entry("opt_out", Side.REZORA, "90112", "c1"))
        await s.held(HOLD, OpenHold("twin", "c2"))
        assert await s.step() == 5
        told = [(body["type"], body["data"]["highlevel_id"]) for body in s.receiver.bodies]
        assert sorted(told) == [
            ("contact.conflict", "c1"), ("contact.opted_out", "c1"), ("contact.synced", "c1"),
            ("hold.opened", "c1"), ("hold.opened", "c2"),
        ]  # fmt: skip
        synced = next(body for body in s.receiver.bodies if body["type"] == "contact.synced")
        assert synced["data"]["fields"] == ["contact_home_city"]
        assert (synced["data"]["rezora_id"], synced["data"]["action"]) == ("90112", "update")
        whole = b" ".join(body for _, _, body in s.receiver.got)
        assert not any(value in whole for value in (b"Ward", b"Lyons", b"example.com"))


async def test_each_happening_is_told_once_to_each_address(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.follow("contact.synced", "hold.opened")
        await s.follow("contact.synced", address="https://other.example.com/hook")
        await s.wrote(UPDATE)
        await s.held(HOLD)
        for _ in range(4):
            await s.step()
        hosts = sorted(URL(url).host or "" for url, _, _ in s.receiver.got)
        assert hosts == ["hooks.example.com", "hooks.example.com", "other.example.com"]
        same = {headers["webhook-id"] for url, headers, body in s.receiver.got if b"contact.synced" in body}
        assert len(same) == 1
        await s.held(HOLD)  # met again by the next run: still the same hold
        assert await s.step() == 0


async def test_a_message_is_signed_by_standard_webhooks(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        made = await s.follow("contact.synced")
        await s.wrote(UPDATE)
        await s.step()
        ((_, headers, body),) = s.receiver.got
        assert headers["webhook-timestamp"] == str(int(s.rig.clock.now()))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(made.secret.removeprefix("whsec_"))
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"  # by the specification, not the library
        assert 24 <= len(key) <= 64


async def test_a_failure_is_tried_again_over_days_and_then_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        made = await s.follow("contact.synced")
        s.receiver.script = [500, TimeoutError(), aiohttp.ClientError(), 302, *[500] * 20]
        await s.wrote(UPDATE)
        assert await s.step() == 1
        for number, pause in enumerate(RETRIES):
            (waiting,) = await s.log(made)
            wait = waiting.due_at - s.rig.clock.now()
            assert pause * (1 - JITTER) <= wait <= pause * (1 + JITTER)
            assert (waiting.state, waiting.attempts) == ("waiting", number + 1)
            assert await s.step(wait - 0.5) == 0
            assert await s.step(1) == 1
        (over,) = await s.log(made)
        assert (over.state, over.attempts, over.told) == (
            "failed",
            len(RETRIES) + 1,
            "It answered with status 500.",
        )
        assert sum(RETRIES) > 3 * 86_400
        assert len({headers["webhook-id"] for _, headers, _ in s.receiver.got}) == 1
        assert len({headers["webhook-signature"] for _, headers, _ in s.receiver.got}) == len(RETRIES) + 1


async def test_a_message_can_be_sent_again_under_its_own_id(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        made = await s.follow("contact.synced")
        await s.wrote(UPDATE)
        await s.step()
        (sent,) = await s.log(made)
        again = await s.rig.app.outgoing.replay(s.bridge, sent.id)
        assert (again.state, again.told) == ("delivered", "It answered with status 204.")
        first, second = (headers["webhook-id"] for _, headers, _ in s.receiver.got)
        assert first == second
        with pytest.raises(NotPossible):
            await s.rig.app.outgoing.replay(s.bridge, 999)


@pytest.mark.parametrize(
    "address", [PRIVATE, "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
async def test_nothing_goes_to_an_inner_network(address: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        made = await s.follow("contact.synced")
        s.receiver.addresses = [PUBLIC, address]
        tried = await s.rig.app.outgoing.test(s.bridge, made.subscription.id)
        assert s.receiver.got == []
        assert "private network" in tried.told


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.com/",
        "https://",
        "https://localhost/x",
        "ftp://a.example.com",
        "https://u:p@a.example.com/",
    ],
)
async def test_only_https_addresses_with_a_name_are_taken(address: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        with pytest.raises(NotPossible) as refused:
            await s.follow("contact.synced", address=address)
        assert "https://" in refused.value.fix
        assert await s.rig.app.outgoing.subscriptions(s.bridge) == []


async def test_a_trigger_that_is_none_is_refused_with_its_neighbour(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        for triggers, fix in (
            (["contact.sync"], "contact.synced"),
            (["ContactCreate"], "Use one"),
            ([], "Name one"),
        ):
            with pytest.raises(NotPossible) as refused:
                await s.follow(*triggers)
            assert fix in refused.value.fix


async def test_an_address_that_wants_no_more_is_switched_off(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        made = await s.follow("contact.synced")
        s.receiver.script = [410]
        await s.wrote(UPDATE)
        await s.step()
        (after,) = await s.rig.app.outgoing.subscriptions(s.bridge)
        assert (after.enabled, "410" in after.note) == (False, True)
        await s.wrote(UPDATE)
        assert await s.step() == 0
        on = await s.rig.app.outgoing.switch(s.bridge, made.subscription.id, enabled=True)
        assert (on.enabled, on.note, on.failing_since) == (True, "", None)


async def test_an_address_that_takes_nothing_for_days_is_switched_off(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.follow("contact.synced")
        s.receiver.script = [500] * 99
        await s.wrote(UPDATE)
        await s.step()
        await s.wrote(UPDATE)
        await s.step(FAILING_SECONDS + 1)
        (after,) = await s.rig.app.outgoing.subscriptions(s.bridge)
        assert (after.enabled, "five days" in after.note) == (False, True)


async def test_what_is_only_begun_waits_and_is_not_skipped(tmp_path: Path) -> None:
    """A write under way comes before a finished one in the journal; both are told, in order."""
    async with scene(tmp_path) as s:
        await s.follow("contact.synced")
        (key,) = await s.wrote(UPDATE, begun=True)
        await s.wrote(Entry("create", Side.REZORA, "90113", "c2"))
        assert await s.step() == 0
        async with s.rig.app.database.write() as connection:
            await journal.finish(connection, {key: UPDATE})
        assert await s.step() == 2
        assert [body["data"]["action"] for body in s.receiver.bodies] == ["update", "create"]
        await s.wrote(UPDATE, begun=True)  # its process died
        await s.wrote(UPDATE)
        assert await s.step(3601) == 1


async def test_one_slow_address_does_not_hold_up_another_and_keeps_its_order(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        first = await s.follow("contact.synced")
        s.receiver.script = [500]
        await s.wrote(UPDATE, Entry("create", Side.REZORA, "90113", "c2"))
        assert await s.step() == 2
        assert len(s.receiver.got) == 1
        assert {one.due_at for one in await s.log(first)} == {(await s.log(first))[0].due_at}
        await s.step(10)
        assert [one.state for one in await s.log(first)] == ["delivered", "delivered"]


async def test_a_recipe_that_fired_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.follow("recipe.fired")
        s.rig.clock.advance(5)
        now = s.rig.clock.now()
        row = {
            "bridge_id": s.bridge.id, "recipe": "Welcome task", "event": "e1", "contact_id": "c1",
            "state": "waiting", "due_at": now, "at": now,
        }  # fmt: skip
        async with s.rig.app.database.write() as connection:
            await connection.execute(insert(firing).values(row))
        assert await s.step() == 0
        async with s.rig.app.database.write() as connection:
            await connection.execute(update(firing).values(state="done"))
        assert await s.step() == 1
        assert await s.step() == 0
        assert s.receiver.bodies[0]["data"]["recipe"] == "Welcome task"


async def test_nobody_is_told_what_was_before(tmp_path: Path) -> None:
    """Also not after a time without any subscription."""
    async with scene(tmp_path) as s:
        made = await s.follow("contact.synced")
        await s.rig.app.outgoing.remove(s.bridge, made.subscription.id)
        await s.wrote(UPDATE)
        await s.held(HOLD)
        s.rig.clock.advance(10)
        await s.follow("contact.synced", "hold.opened")
        assert await s.step() == 0


async def test_address_and_secret_are_sealed_and_in_no_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with scene(tmp_path) as s:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
        made = await s.follow("contact.synced")
        s.receiver.script = [500]
        await s.wrote(UPDATE)
        await s.step()
        assert made.subscription.host == "hooks.example.com"
        for told in (
            made.subscription.sealed,
            repr(made.subscription).encode(),
            repr(await s.log(made)).encode(),
        ):
            assert b"very-secret" not in told
            assert made.secret.encode() not in told
        assert b"very-secret" not in everything_in(tmp_path)
        shown = capsys.readouterr()
        assert "very-secret" not in shown.out + shown.err
        assert "webhook_not_taken" in shown.out + shown.err
        with pytest.raises(StoreFailure):
            s.rig.app._vault.opened(made.subscription.sealed, "subscription:other", dict)


async def test_an_operation_called_by_hand_is_no_sync(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.follow(*NAMES)
        await s.rig.app.call(s.bridge, "contacts.add_tags", {"contactId": "c1", "tags": ["a"]}, by="api")
        assert await s.step() == 0
        async with s.rig.app.database.read() as connection:
            assert (await connection.execute(journal_table.select())).first() is not None
