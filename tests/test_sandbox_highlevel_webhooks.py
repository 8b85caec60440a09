"""The sandbox's webhooks: bodies, signatures, the retry rule, faults; carried by a test, and over HTTP."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from inprocess import folder
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.webhooks import (
    FAULTS,
    RETRIES,
    Delivery,
    legacy_public_key,
    public_key,
)
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.systems.highlevel.webhooks import Keys, NotAccepted, read_event
from sandbox_highlevel_client import Client, client
from webhook_posts import LOCKED, Inbox

URL = "http://127.0.0.1:1/webhooks/highlevel"
KEYS = Keys([public_key()])


def sender(**config: Any) -> Client:
    return client(**{"webhook_url": URL, **config})


def ready(c: Client) -> list[Delivery]:
    return c.world.webhooks.take_ready(c.clock.now())


def bodies(c: Client) -> list[dict[str, Any]]:
    """Bodies of all that is ready; answered with 200."""
    taken = ready(c)
    for one in taken:
        c.world.webhooks.answered(one, 200, c.clock.now())
    return [json.loads(one.body) for one in taken]


def edit(c: Client, action: str, kind: str = "contact", **rest: Any) -> str:
    return str(c.world.edit({"kind": kind, "action": action, **rest})["id"])


def test_nothing_is_sent_without_an_address() -> None:
    c = client()
    edit(c, "create", fields={"email": "ada@example.com"})
    assert ready(c) == []


def test_a_contact_is_told_flat_with_the_envelope_and_without_what_is_missing() -> None:
    c = sender()
    edit(
        c,
        "create",
        fields={"firstName": "Ada", "lastName": "Brook", "email": "ada@example.com", "tags": ["buyer"]},
    )
    (told,) = bodies(c)
    assert told["type"] == "ContactCreate"
    assert (told["locationId"], told["appId"]) == (c.location, "66b1f0c2a7d94e0012ab34cd")
    assert (told["email"], told["name"], told["tags"]) == ("ada@example.com", "Ada Brook", ["buyer"])
    assert told["timestamp"] == "2026-09-21T14:13:20.000Z"
    assert not {"dateUpdated", "timezone", "phone", "dndSettings"} & told.keys()
    assert None not in told.values()


def test_each_kind_is_told_as_documented_with_what_real_ones_leave_out() -> None:
    c = sender()
    contact = edit(c, "create", fields={"firstName": "Ada"})
    bodies(c)
    edit(c, "set_dnd", id=contact, channels={"Email": "active"})
    note = edit(c, "create", "note", contactId=contact, fields={"body": "Hello"})
    task = edit(
        c,
        "create",
        "task",
        contactId=contact,
        fields={"title": "Call", "dueDate": "2026-10-01T09:00:00Z", "completed": False},
    )
    edit(c, "update", "task", id=task, fields={"title": "Call again"})  # silent
    edit(c, "update", "task", id=task, fields={"completed": True})
    edit(c, "create", "appointment", contactId=contact, fields={"startTime": "2026-10-02T15:00:00Z"})
    edit(c, "delete", "note", id=note)
    edit(c, "delete", id=contact)
    dnd, noted, thin, done, met, unnoted, gone = bodies(c)
    assert dnd["dndSettings"]["Email"]["status"] == "active"
    assert (noted["type"], noted["body"], noted["contactId"]) == ("NoteCreate", "Hello", contact)
    assert (thin["id"], thin["title"]) == (task, "Call")
    assert not {"contactId", "body"} & thin.keys()
    assert (done["type"], done["contactId"]) == ("TaskComplete", contact)
    assert (met["appointment"]["contactId"], "id" in met) == (contact, False)
    assert (unnoted["type"], unnoted["id"], unnoted["body"]) == ("NoteDelete", note, "Hello")
    assert (gone["type"], gone["id"], gone["firstName"]) == ("ContactDelete", contact, "Ada")
    for told in (dnd, noted, thin, done, met, unnoted, gone):
        assert read_event(json.dumps(told).encode()).type == told["type"]


def test_what_the_documents_get_wrong_can_be_had() -> None:
    c = sender(webhook_types_as_in_docs=True, thin_task_create=False)
    contact = edit(c, "create", fields={"firstName": "Ada"})
    met = edit(c, "create", "appointment", contactId=contact, fields={"startTime": "2026-10-02T15:00:00Z"})
    edit(c, "delete", "appointment", id=met)
    edit(
        c,
        "create",
        "task",
        contactId=contact,
        fields={"title": "Call", "dueDate": "2026-10-01T09:00:00Z", "completed": False},
    )
    _, made, removed, task = bodies(c)
    assert made["type"] == removed["type"] == "AppointmentCreate"
    assert made["webhookId"] != removed["webhookId"]
    assert task["contactId"] == contact


def test_signatures_are_over_the_raw_body_with_the_published_keys() -> None:
    assert HighLevelConfig().webhook_public_key == public_key()
    c = sender(webhook_legacy=True)
    edit(c, "create", fields={"firstName": "Ada"})
    (one,) = ready(c)
    for keys in (KEYS, Keys(rsa=[legacy_public_key()])):
        keys.check(one.body, one.headers)
    unsigned = sender(webhook_signed=False)
    edit(unsigned, "create", fields={"firstName": "Ada"})
    (one,) = ready(unsigned)
    with pytest.raises(NotAccepted):
        KEYS.check(one.body, one.headers)


def test_own_writes_come_back_unless_switched_off() -> None:
    for echo in (True, False):
        c = sender(echo_api_writes=echo)
        c.connect("contacts.write", "contacts.readonly")
        c.create(firstName="Ada")
        edit(c, "create", fields={"firstName": "Bea"})
        types = [told["type"] for told in bodies(c)]
        assert types == ["INSTALL", *(["ContactCreate"] if echo else []), "ContactCreate"]


def test_only_429_is_sent_again_six_times_ten_minutes_apart_with_the_same_body() -> None:
    c = sender()
    edit(c, "create", fields={"firstName": "Ada"})
    (first,) = ready(c)
    assert ready(c) == []  # on its way
    began = c.clock.now()
    for _ in range(RETRIES):
        c.world.webhooks.answered(first, 429, c.clock.now())
        c.clock.advance(599)
        assert ready(c) == []
        c.clock.advance(61)
        (again,) = ready(c)
        assert again is first
    assert 60 * 60 <= c.clock.now() - began <= 70 * 60
    c.world.webhooks.answered(first, 429, c.clock.now())
    assert (first.state, first.answers) == ("lost", [429] * 7)
    assert c.world.webhooks.next_at() is None


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "delivered"), (204, "delivered"), (500, "lost"), (503, "lost"), (401, "lost"), (0, "lost")],
)
def test_every_other_answer_is_final(status: int, state: str) -> None:
    c = sender()
    edit(c, "create", fields={"firstName": "Ada"})
    (one,) = ready(c)
    c.world.webhooks.answered(one, status, c.clock.now())
    assert one.state == state
    shown = c.world.webhooks.as_json()
    assert shown["counts"] == {"pending": 0, "delivered": 0, "lost": 0} | {state: 1}
    assert shown["done"][0]["answers"] == [status]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_does_what_it_says(fault: str) -> None:
    c = sender(webhook_faults={fault: 1.0})
    edit(c, "create", fields={"firstName": "Ada"})
    at_once = ready(c)
    c.clock.advance(1_000)
    later = ready(c)
    good = []
    for one in at_once + later:
        try:
            KEYS.check(one.body, one.headers)
            good.append(one)
        except NotAccepted:
            assert one.fault == fault == "forge"
    numbers = {"lose": (0, 0, 0), "double": (2, 0, 2), "delay": (0, 1, 1), "reorder": (0, 1, 1)}
    assert (len(at_once), len(later), len(good)) == numbers.get(fault, (2, 0, 1 if fault == "forge" else 2))
    if fault == "double":
        assert good[0].body == good[1].body
    assert c.world.webhooks.as_json()["counts"]["lost"] == (fault == "lose")


def test_faults_are_repeatable_from_their_seed() -> None:
    def story(seed: int) -> list[str]:
        c = sender(webhook_faults=dict.fromkeys(FAULTS, 0.3), webhook_seed=seed)
        for number in range(20):
            edit(c, "create", fields={"firstName": f"P{number}"})
        return [
            f"{one['type']} {one['fault']} {one['due_at']}" for one in c.world.webhooks.as_json()["pending"]
        ]

    assert story(1) == story(1) != story(2)


# With the product


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    home = folder()
    made = Inbox(home, keys=KEYS)
    await made.bridge(HighLevelConfig().location_id)
    yield made
    await made.receiver.close()
    await made.database.close()
    shutil.rmtree(home)


STATUS = {"accepted": 200, "duplicate": 200, "stale": 200, "forged": 401, "refused": 429}


async def deliver(c: Client, inbox: Inbox) -> list[str]:
    """Carry what is ready, all at once."""
    inbox.clock.time = c.clock.now()
    taken = ready(c)
    outcomes = await asyncio.gather(*(inbox.receiver.receive(one.body, one.headers) for one in taken))
    for one, outcome in zip(taken, outcomes, strict=True):
        c.world.webhooks.answered(one, STATUS[outcome.value], c.clock.now())
    return [outcome.value for outcome in outcomes]


async def test_nothing_is_lost_when_the_database_was_locked_during_a_burst(inbox: Inbox) -> None:
    c = sender()
    contacts = {edit(c, "create", fields={"firstName": f"P{number}"}) for number in range(200)}
    inbox.database.why = LOCKED
    assert set(await deliver(c, inbox)) == {"refused"}
    c.clock.advance(660)
    assert set(await deliver(c, inbox)) == {"refused"}
    assert await inbox.due() == []
    inbox.database.why = None
    c.clock.advance(660)
    assert set(await deliver(c, inbox)) == {"accepted"}
    assert {contact for _, contact, _, _ in await inbox.due()} == contacts
    assert c.world.webhooks.counts == {"delivered": 200, "lost": 0}


async def test_with_every_fault_but_loss_each_contact_is_named_and_no_forgery_is(inbox: Inbox) -> None:
    c = sender(webhook_faults=dict.fromkeys(FAULTS[1:], 0.4), webhook_seed=5)
    contacts = {edit(c, "create", fields={"firstName": f"P{number}"}) for number in range(60)}
    outcomes = []
    for _ in range(4):
        outcomes += await deliver(c, inbox)
        c.clock.advance(200)
    assert {contact for _, contact, _, _ in await inbox.due()} == contacts
    assert set(outcomes) == {"accepted", "duplicate", "stale", "forged"}
    assert outcomes.count("accepted") == 60


async def test_the_server_carries_them_and_shows_what_became_of_them() -> None:
    received: asyncio.Queue[tuple[bytes, dict[str, str]]] = asyncio.Queue()

    async def receive(request: web.Request) -> web.Response:
        await received.put(
            (await request.read(), {name.lower(): value for name, value in request.headers.items()})
        )
        return web.Response(text="accepted\n")

    app = web.Application()
    app.router.add_post("/webhooks/highlevel", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/highlevel"
    async with Sandbox(SandboxConfig(people=0)) as sandbox, aiohttp.ClientSession() as session:
        sent = {"highlevel": {"webhook_url": url}}
        async with session.post(f"{sandbox.url}/_sandbox/config", json=sent) as answer:
            assert (await answer.json())["highlevel"]["webhook_public_key"] == public_key()
        edited = {"side": "highlevel", "kind": "contact", "action": "create", "fields": {"firstName": "Ada"}}
        async with session.post(f"{sandbox.url}/_sandbox/edit", json=edited) as answer:
            contact = (await answer.json())["id"]
        raw, headers = await received.get()
        KEYS.check(raw, headers)
        assert read_event(raw).record_id == contact
        changed = {"highlevel": {"webhook_url": "http://192.0.2.1/elsewhere"}}  # never leaves the machine
        async with session.post(f"{sandbox.url}/_sandbox/config", json=changed):
            pass
        sandbox.edit("highlevel", {"kind": "contact", "action": "create", "fields": {"firstName": "Bea"}})
        while (shown := sandbox.webhooks.as_json())["counts"]["pending"]:
            await asyncio.sleep(0)
        assert [one["state"] for one in shown["done"]] == ["delivered", "lost"]
        async with session.delete(f"{sandbox.url}/_sandbox/webhooks") as answer:
            assert (await answer.json())["counts"] == {"pending": 0, "delivered": 0, "lost": 0}
    await runner.cleanup()
