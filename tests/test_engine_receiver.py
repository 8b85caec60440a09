"""Webhooks from the request to the store: in groups, durable before they are answered, refused when not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from inprocess import folder
from landbridge.engine.receiver import ReceiverConfig
from landbridge.systems.highlevel.webhooks import LARGEST
from webhook_posts import CONTACT, FULL, LOCATION, LOCKED, NOW, Inbox, body, ed25519, signed

HOUR = 3600.0


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    home = folder()
    made = Inbox(home, ReceiverConfig(app_id="app1", queue=50, batch=20))
    await made.bridge()
    yield made
    await made.receiver.close()
    await made.database.close()
    shutil.rmtree(home)


async def test_a_contact_event_makes_the_contact_due_and_wakes_its_bridge(inbox: Inbox) -> None:
    assert await inbox.post(body()) == "accepted"
    bridge_id = inbox.bridges[LOCATION].id
    assert await inbox.due() == [(bridge_id, CONTACT, 1, 1)]
    assert await inbox.deliveries() == [(bridge_id, "ContactUpdate", "contact", CONTACT)]
    assert inbox.woken == [bridge_id]


async def test_an_opt_out_goes_before_everything_and_stays_there(inbox: Inbox) -> None:
    for number, type_ in enumerate(["ContactUpdate", "ContactDndUpdate", "ContactDelete"], 1):
        assert await inbox.post(body(type_, number)) == "accepted"
    assert await inbox.due() == [(inbox.bridges[LOCATION].id, CONTACT, 0, 3)]


@pytest.mark.parametrize(
    ("type_", "fields", "named"),
    [
        ("NoteCreate", {"id": "n1", "contactId": CONTACT}, CONTACT),
        ("TaskCreate", {"id": "t1"}, "*"),  # it does not say whose task it is: all of them are looked at
        ("TaskComplete", {"id": "t1", "contactId": CONTACT}, CONTACT),
        ("AppointmentUpdate", {"id": None, "appointment": {"id": "a1", "contactId": CONTACT}}, CONTACT),
    ],
)
async def test_of_an_activity_its_contact_is_due(inbox: Inbox, type_: str, fields: Any, named: str) -> None:
    assert await inbox.post(body(type_, **fields)) == "accepted"
    bridge_id = inbox.bridges[LOCATION].id
    assert (await inbox.due(), inbox.woken) == ([(bridge_id, named, 1, 1)], [bridge_id])


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("NoteCreate", {"id": "n1"}),
        ("LocationUpdate", {"id": LOCATION}),
        ("INSTALL", {"id": None}),
    ],
)
async def test_other_kinds_are_kept_and_name_nothing(inbox: Inbox, type_: str, fields: Any) -> None:
    assert await inbox.post(body(type_, **fields)) == "accepted"
    assert (len(await inbox.deliveries()), await inbox.due(), inbox.woken) == (1, [], [])


async def test_events_about_none_of_our_records_are_counted_only(inbox: Inbox) -> None:
    assert await inbox.post(body("InboundMessage", contactId=CONTACT)) == "ignored"
    assert (await inbox.deliveries(), await inbox.due()) == ([], [])
    assert await inbox.counts() == {"ignored": 1}


# What must have no effect: S11


async def test_a_second_delivery_of_a_webhook_names_nothing(inbox: Inbox) -> None:
    raw = body()
    assert [await inbox.post(raw) for _ in range(3)] == ["accepted", "duplicate", "duplicate"]
    together = [inbox.post(body(number=2)) for _ in range(3)]
    assert sorted(await asyncio.gather(*together)) == ["accepted", "duplicate", "duplicate"]
    assert [number for *_, number in await inbox.due()] == [2]
    assert len(inbox.woken) == 2
    assert await inbox.counts() == {"accepted": 2, "duplicate": 4}


RAW = body()
NO_EFFECT: list[tuple[str, bytes, dict[str, str] | None]] = [
    ("forged", RAW, {}),
    ("forged", RAW, signed(RAW, ed25519("other"))),
    ("forged", RAW + b" ", signed(RAW)),
    ("oversized", b" " * (LARGEST + 1), None),
    ("deep", b"[" * 100, None),
    ("malformed", b"{", None),
    ("malformed", body(id=5), None),
    ("stale", body(timestamp="2026-11-23T09:59:00Z"), None),
    ("stale", body(timestamp="2026-11-23T14:01:00+00:00"), None),
    ("unknown", body(locationId="loc-of-nobody"), None),
    ("unknown", body(locationId=None), None),
    ("unknown", body(appId="app2"), None),
    ("unknown", body("UNINSTALL", id=None, appId="app2"), None),
]


@pytest.mark.parametrize(("outcome", "raw", "headers"), NO_EFFECT)
async def test_what_is_not_authentic_ours_and_fresh_has_no_effect_but_a_counter(
    inbox: Inbox, outcome: str, raw: bytes, headers: dict[str, str] | None
) -> None:
    assert await inbox.post(raw, headers) == outcome
    await inbox.receiver.close()
    assert (await inbox.deliveries(), await inbox.due(), inbox.woken) == ([], [], [])
    assert await inbox.counts() == {outcome: 1}
    async with inbox.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT day, type, outcome, number FROM arrivals")).all()
        troubles = (await connection.exec_driver_sql("SELECT trouble FROM account")).all()
    assert [tuple(row) for row in rows] == [("2026-11-23", "", outcome, 1)]
    assert {row.trouble for row in troubles} == {""}


async def test_a_retry_of_highlevel_70_minutes_later_is_still_believed(inbox: Inbox) -> None:
    inbox.clock.time = NOW + 70 * 60
    assert await inbox.post(body()) == "accepted"


async def test_a_delivery_without_a_time_is_believed_once(inbox: Inbox) -> None:
    raw = body(timestamp=None)
    assert await inbox.post(raw) == "accepted"
    inbox.clock.time = NOW + 20 * 86_400
    assert await inbox.post(raw) == "duplicate"


async def test_a_flood_of_forged_deliveries_writes_once(inbox: Inbox) -> None:
    before = inbox.database.writes
    for _ in range(500):
        await inbox.post(RAW, {})
    assert inbox.database.writes <= before + 1
    await inbox.receiver.close()
    assert inbox.database.writes <= before + 2
    assert inbox.clock.slept == [5.0] * len(inbox.clock.slept)
    assert await inbox.counts() == {"forged": 500}


async def test_two_tenants_with_equal_contact_ids_stay_apart(inbox: Inbox) -> None:
    other = await inbox.bridge("loc00000000000000002")
    assert await inbox.post(body(locationId="loc00000000000000002")) == "accepted"
    assert await inbox.due() == [(other.id, CONTACT, 1, 1)]
    assert await inbox.post(body("ContactDndUpdate", 2)) == "accepted"
    assert await inbox.due() == [(inbox.bridges[LOCATION].id, CONTACT, 0, 1), (other.id, CONTACT, 1, 1)]
    assert inbox.woken == [other.id, inbox.bridges[LOCATION].id]


# When it cannot be stored


@pytest.mark.parametrize("why", [LOCKED, FULL, OSError("read-only file system"), RuntimeError("anything")])
async def test_what_cannot_be_stored_is_refused_and_taken_when_it_comes_again(
    inbox: Inbox, why: Exception
) -> None:
    inbox.database.why = why
    posts = [body(number=number, id=f"c{number}") for number in range(30)]
    with capture_logs() as logs:
        assert set(await asyncio.gather(*(inbox.post(raw) for raw in posts))) == {"refused"}
    assert {line["event"] for line in logs if line["log_level"] == "error"} == {"webhooks_refused"}
    assert "c1" not in str(logs)
    assert (await inbox.due(), await inbox.deliveries()) == ([], [])
    inbox.database.why = None
    assert set(await asyncio.gather(*(inbox.post(raw) for raw in posts))) == {"accepted"}
    assert len(await inbox.due()) == 30
    assert await inbox.counts() == {"refused": 30, "accepted": 30}


async def test_a_commit_that_fails_stores_nothing_and_is_refused(inbox: Inbox) -> None:
    async with inbox.database.write() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON due BEGIN SELECT RAISE(ABORT, 'x'); END"
        )
    assert await inbox.post(body()) == "refused"
    assert await inbox.deliveries() == []  # the delivery went with what it named
    async with inbox.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER full")
    assert await inbox.post(body()) == "accepted"


async def test_a_full_queue_refuses_at_once(inbox: Inbox) -> None:
    opened = asyncio.Event()
    inbox.database.gate = opened.wait
    waiting = [asyncio.ensure_future(inbox.post(body(number=n, id=f"c{n}"))) for n in range(75)]
    await asyncio.sleep(0)  # all of them run once: 20 are being written, 50 may wait
    done = [task.result() for task in waiting if task.done()]
    assert done == ["refused"] * len(done)
    opened.set()
    outcomes = await asyncio.gather(*waiting)
    assert outcomes.count("refused") == len(done) > 0
    assert outcomes.count("accepted") == len(await inbox.due()) == 75 - len(done)


async def test_nobody_waits_for_a_stuck_database_and_what_it_stores_later_is_a_duplicate() -> None:
    home = folder()
    inbox = Inbox(home, ReceiverConfig(wait_seconds=0.0))
    await inbox.bridge()
    opened = asyncio.Event()
    inbox.database.gate = opened.wait
    assert await inbox.post(body()) == "refused"
    opened.set()
    await inbox.receiver.close()
    assert len(await inbox.due()) == 1
    inbox.receiver._config = ReceiverConfig()
    assert await inbox.post(body()) == "duplicate"
    await inbox.receiver.close()
    await inbox.database.close()
    shutil.rmtree(home)


async def test_everything_that_waits_goes_into_one_transaction(inbox: Inbox) -> None:
    before = inbox.database.writes
    outcomes = await asyncio.gather(*(inbox.post(body(number=n, id=f"c{n}")) for n in range(40)))
    assert set(outcomes) == {"accepted"}
    assert inbox.database.writes == before + 2  # in groups of twenty


async def test_a_request_that_was_given_up_is_stored_all_the_same(inbox: Inbox) -> None:
    opened = asyncio.Event()
    inbox.database.gate = opened.wait
    task = asyncio.ensure_future(inbox.post(body()))
    await asyncio.sleep(0)
    task.cancel()
    opened.set()
    await asyncio.gather(task, return_exceptions=True)
    await inbox.receiver.close()
    assert len(await inbox.due()) == 1


async def test_uncounted_arrivals_wait_for_a_database_that_can_be_written(inbox: Inbox) -> None:
    inbox.database.why = OperationalError("x", {}, Exception("disk I/O error"))
    await inbox.post(RAW, {})
    await inbox.receiver.close()
    assert await inbox.counts() == {"forged": 1}
    inbox.database.why = None
    await inbox.receiver.close()
    async with inbox.database.read() as connection:
        assert (await connection.exec_driver_sql("SELECT number FROM arrivals")).scalar_one() == 1
