"""The inbox in the database: bridges, uninstalls, counters, pruning, and nothing that is personal."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inprocess import folder
from landbridge.store import inbox as store
from landbridge.store.bridges import Bridges
from landbridge.store.due import Due, Urgency
from landbridge.store.inbox import Delivery, Outcome, tally
from landbridge.sync.model import Side
from webhook_posts import LOCATION, NOW, Inbox, body

DAY = "2026-11-23"


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    home = folder()
    made = Inbox(home)
    await made.bridge()
    yield made
    await made.receiver.close()
    await made.database.close()
    shutil.rmtree(home)


async def accepted(inbox: Inbox, *deliveries: Delivery, now: float = NOW) -> list[str]:
    async with inbox.database.write() as connection:
        return [outcome.value for outcome in (await store.accept(connection, deliveries, now)).outcomes]


def named(
    webhook_id: str, contact: str, account: str = LOCATION, urgency: Urgency = Urgency.LIVE
) -> Delivery:
    due = Due(Side.HIGHLEVEL, contact, urgency)
    return Delivery(webhook_id, "ContactUpdate", account, NOW, "contact", contact, due)


async def trouble(inbox: Inbox) -> tuple[str, str]:
    account = (await Bridges(inbox.database).accounts(Side.HIGHLEVEL))[0]
    return account.trouble, account.trouble_fix


def uninstall(webhook_id: str, at: float) -> Delivery:
    return Delivery(webhook_id, "UNINSTALL", LOCATION, at, "install", LOCATION, ended=True)


def install(webhook_id: str, at: float) -> Delivery:
    return Delivery(webhook_id, "INSTALL", LOCATION, at, "install", LOCATION)


async def test_an_uninstall_pauses_with_a_reason_and_deletes_nothing(inbox: Inbox) -> None:
    await accepted(inbox, named("w1", "c1"))
    assert await accepted(inbox, uninstall("w2", NOW)) == ["accepted"]
    assert await trouble(inbox) == (store.UNINSTALLED, store.UNINSTALLED_FIX)
    assert len(await inbox.due()) == 1
    assert len(await Bridges(inbox.database).bridges()) == 1


@pytest.mark.parametrize("order", [0, 1])
async def test_a_late_uninstall_does_not_undo_a_newer_install(inbox: Inbox, order: int) -> None:
    pair = [uninstall("w1", NOW - 60), install("w2", NOW)]
    await accepted(inbox, *(pair if order else reversed(pair)))
    assert await trouble(inbox) == ("", "")
    await accepted(inbox, uninstall("w3", NOW + 60))
    assert (await trouble(inbox))[0] == store.UNINSTALLED


async def test_a_replayed_uninstall_does_nothing_after_a_new_connect(inbox: Inbox) -> None:
    await accepted(inbox, uninstall("w1", NOW))
    await Bridges(inbox.database).save_account(Side.HIGHLEVEL, LOCATION, "", {}, NOW)
    assert await accepted(inbox, uninstall("w1", NOW)) == ["duplicate"]
    assert await trouble(inbox) == ("", "")


async def test_an_account_without_a_bridge_is_known_but_nothing_is_due(inbox: Inbox) -> None:
    await Bridges(inbox.database).save_account(Side.HIGHLEVEL, "lonely", "", {}, NOW)
    assert await accepted(inbox, named("w1", "c1", "lonely")) == ["accepted"]
    assert await inbox.deliveries() == [(None, "ContactUpdate", "contact", "c1")]
    assert await inbox.due() == []


async def test_a_rezora_account_of_the_same_name_is_not_meant(inbox: Inbox) -> None:
    assert await accepted(inbox, named("w1", "c1", f"agent-{LOCATION}")) == ["unknown"]


async def test_no_personal_data_of_a_delivery_is_kept(inbox: Inbox) -> None:
    canary = "canary-7f3a"
    fields: dict[str, Any] = {
        "email": f"{canary}@example.com",
        "firstName": canary,
        "tags": [canary],
        "phone": canary,
    }
    assert await inbox.post(body(**fields, customFields=[{"id": "f", "value": canary}])) == "accepted"
    assert await inbox.post(body("NoteCreate", 2, id="n1", body=canary)) == "accepted"
    assert await inbox.post(body(number=3, id=[canary])) == "malformed"
    assert await inbox.post(body(f"New{canary}", number=4)) == "ignored"
    await inbox.receiver.close()
    async with inbox.database.read() as connection:
        for table in ("delivery", "due", "arrivals", "account"):
            rows = (await connection.exec_driver_sql(f"SELECT * FROM {table}")).all()  # noqa: S608  # our own names
            assert canary not in json.dumps([list(row) for row in rows], default=str)


async def test_counters_add_up_and_foreign_types_are_never_a_key(inbox: Inbox) -> None:
    for _ in range(2):
        async with inbox.database.write() as connection:
            await store.count(connection, Counter({tally(NOW, Outcome.FORGED, "made up"): 3}))
            await store.count(connection, Counter({tally(NOW, Outcome.DUPLICATE, "ContactUpdate"): 1}))
            await store.count(connection, {})
    async with inbox.database.read() as connection:
        assert await store.counts(connection, DAY) == {
            (DAY, "", "forged"): 6,
            (DAY, "ContactUpdate", "duplicate"): 2,
        }


async def test_a_whole_inbox_replayed_does_nothing(inbox: Inbox) -> None:
    whole = [named(f"w{number}", f"c{number % 7}") for number in range(1_200)]
    assert set(await accepted(inbox, *whole)) == {"accepted"}
    before = await inbox.due()
    assert set(await accepted(inbox, *reversed(whole))) == {"duplicate"}
    assert await inbox.due() == before


EVENTS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([Urgency.LIVE, Urgency.OPT_OUT]), st.sampled_from("ab")),
    min_size=1,
    max_size=8,
)


@given(EVENTS, st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=30)
async def test_order_repetition_and_grouping_change_nothing_that_is_due(
    events: list[Any], chance: Any, size: int
) -> None:
    """L7: which records are due, and how urgently, does not hang on how their webhooks came."""

    async def told(order: list[int]) -> set[tuple[int, str, int]]:
        home = folder()
        made = Inbox(home)
        for location in "ab":
            await made.bridge(location)
        for start in range(0, len(order), size):
            some = [events[place] for place in order[start : start + size]]
            places = order[start : start + size]
            await accepted(
                made,
                *(
                    named(f"w{place}", f"c{contact}", location, urgency)
                    for place, (contact, urgency, location) in zip(places, some, strict=True)
                ),
            )
        found = {(bridge_id, contact, urgency) for bridge_id, contact, urgency, _ in await made.due()}
        await made.database.close()
        shutil.rmtree(home)
        return found

    order = list(range(len(events)))
    shuffled = order + order[: len(order) // 2]
    chance.shuffle(shuffled)
    assert await told(order) == await told(shuffled)


async def test_the_database_itself_refuses_a_second_row_of_one_webhook(inbox: Inbox) -> None:
    assert await accepted(inbox, named("w1", "c1"), named("w1", "c1")) == ["accepted", "duplicate"]
    async with inbox.database.read() as connection:
        indexes = (await connection.exec_driver_sql("PRAGMA index_list(delivery)")).all()
    assert any(row.unique for row in indexes)
