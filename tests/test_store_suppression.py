"""Addresses that must not be written to: keys that say nothing, and levels that only grow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from landbridge.store import suppression
from landbridge.store.bridges import Bridges
from landbridge.store.database import Database
from landbridge.store.suppression import Addresses, Suppressed
from landbridge.store.tables import suppression as table
from landbridge.sync.consent import EMAIL, Level, restrictions
from landbridge.sync.model import Record, Side

NOW = 1_780_000_000.0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await opened.migrate()
    yield opened
    await opened.close()


async def a_bridge(database: Database, number: int = 1) -> int:
    bridges = Bridges(database)
    highlevel = await bridges.save_account(Side.HIGHLEVEL, f"loc{number}", "Shore Homes", {}, NOW)
    rezora = await bridges.save_account(Side.REZORA, f"agent{number}", "Agent", {}, NOW)
    return (await bridges.create(f"b{number}", highlevel, rezora, "", NOW)).id


async def levels(database: Database, bridge: int) -> dict[tuple[str, str], int]:
    async with database.read() as connection:
        query = select(table.c.address, table.c.channel, table.c.level).where(table.c.bridge_id == bridge)
        return {(row.address, row.channel): row.level for row in await connection.execute(query)}


def test_a_key_says_nothing_of_its_address_and_cannot_be_compared_across_bridges() -> None:
    one, other = Addresses(b"pepper", 1), Addresses(b"pepper", 2)
    assert one.key("ada@example.org") == one.key("ada@example.org") != one.key("bo@example.org")
    assert one.key("ada@example.org") != other.key("ada@example.org")
    assert one.key("ada@example.org") != Addresses(b"salt", 1).key("ada@example.org")
    assert len(one.key("ada@example.org")) == 32
    assert one.key("") == ""
    assert "pepper" not in repr(one)


async def test_a_level_only_ever_grows(database: Database) -> None:
    bridge = await a_bridge(database)
    told = (Level.UNSUBSCRIBED, Level.BOUNCED, Level.COMPLAINED, Level.SENDABLE, Level.UNSUBSCRIBED)
    seen = []
    for level in told:
        async with database.write() as connection:
            await suppression.remember(connection, bridge, [Suppressed("k", EMAIL, level)], NOW)
        seen.append((await levels(database, bridge))["k", EMAIL])
    assert seen == [Level.UNSUBSCRIBED, Level.UNSUBSCRIBED, *[Level.COMPLAINED] * 3]


@given(
    st.lists(
        st.builds(
            Suppressed, st.sampled_from("abc"), st.sampled_from([EMAIL, "sms"]), st.sampled_from(Level)
        ),
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_is_remembered_is_the_greatest_in_whatever_order_it_was_told(
    database: Database, told: list[Suppressed]
) -> None:
    async with database.write() as connection:
        await connection.execute(table.delete())
    bridge = await a_bridge(database)
    for one in told:
        async with database.write() as connection:
            await suppression.remember(connection, bridge, [one], NOW)
    wanted: dict[tuple[str, str], int] = {}
    for one in told:
        key = (one.address, one.channel)
        wanted[key] = max(wanted.get(key, 0), int(one.level))
    assert await levels(database, bridge) == wanted


async def test_channels_are_known_apart_and_one_can_be_vouched_for(database: Database) -> None:
    bridge, other = await a_bridge(database), await a_bridge(database, 2)
    async with database.write() as connection:
        found = [Suppressed("k"), Suppressed("k", "sms"), Suppressed("j")]
        await suppression.remember(connection, bridge, found, NOW)
        await suppression.remember(connection, bridge, [], NOW)
        await suppression.forget(connection, bridge, ["k"], EMAIL)
    async with database.read() as connection:
        known = await suppression.known(connection, bridge)
        elsewhere = await suppression.known(connection, other)
    assert known == {"k": frozenset({"sms"}), "j": frozenset({EMAIL})}
    assert elsewhere == {}


def record(side: Side = Side.HIGHLEVEL, *, out: bool | None, barred: frozenset[str] | None) -> Record:
    fields = {"email": "Ada@Example.org", "phone": "(303) 555-0100"}
    if side is Side.REZORA:
        fields = {"contact_email": "Ada@Example.org", "contact_phone_home": "(303) 555-0100"}
    return Record(side, "1", fields, opted_out=out, barred=barred)


@pytest.mark.parametrize("side", Side)
def test_an_opt_out_restricts_the_mailed_address_and_barred_channels_the_phone(side: Side) -> None:
    found = restrictions(record(side, out=True, barred=frozenset({"sms", "call"})), "US")
    assert [(one.address, one.channel, one.level) for one in found] == [
        ("ada@example.org", EMAIL, Level.UNSUBSCRIBED),
        ("+13035550100", "call", Level.UNSUBSCRIBED),
        ("+13035550100", "sms", Level.UNSUBSCRIBED),
    ]


@pytest.mark.parametrize("out", [False, None])
def test_what_is_sendable_or_not_told_restricts_nothing(out: bool | None) -> None:
    assert restrictions(record(out=out, barred=None), "US") == ()
    assert restrictions(record(out=out, barred=frozenset()), "US") == ()


def test_who_has_no_address_restricts_nobody() -> None:
    nobody = Record(Side.HIGHLEVEL, "1", {}, opted_out=True, barred=frozenset({"sms"}))
    assert restrictions(nobody, "US") == ()


def test_of_several_addresses_the_first_is_the_one_that_counts() -> None:
    fields = {"contact_phone_mobile": "", "contact_phone_home": "303-555-0101", "contact_phone_work": "1"}
    work = Record(Side.REZORA, "1", fields, barred=frozenset({"sms"}))
    assert [one.address for one in restrictions(work, "US")] == ["+13035550101"]
