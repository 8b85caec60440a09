"""The database: migrations, drivers, bridges."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import alembic.command
import alembic.config
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from landbridge.store import links, standings
from landbridge.store.bridges import Bridges
from landbridge.store.database import MIGRATIONS, Database, FreeingConnection, StoreFailure
from landbridge.store.driver import Drivers, LeaseLost, owner_name, renew
from landbridge.store.ledger_tables import ledger
from landbridge.store.links import KeptLink
from landbridge.store.outgoing_tables import subscription
from landbridge.store.recipe_tables import recipe
from landbridge.store.tables import metadata
from landbridge.sync.model import Link, Side

NOW = 1_780_000_000.0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await opened.migrate()
    yield opened
    await opened.close()


async def test_the_migrations_make_exactly_the_schema_of_the_code(database: Database) -> None:
    for one in (subscription, ledger, recipe):
        assert one.metadata is metadata  # tables of other modules are among them
    async with database.read() as connection:
        found = await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
    assert found == []


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    await database.migrate()
    await database.migrate()


async def test_a_database_of_a_newer_version_is_left_alone(database: Database, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.sqlite3") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StoreFailure, match="newer version"):
        await database.migrate()


async def test_what_is_stored_already_is_found_and_counted_after_the_upgrade(tmp_path: Path) -> None:
    old = Database(f"sqlite+aiosqlite:///{tmp_path / 'old.sqlite3'}")
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def to_the_version_before(connection: Connection) -> None:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0008")

    async with old.write() as connection:
        await connection.run_sync(to_the_version_before)
        known = "fields, print, email, standing, name, phone, bridge_id, run_id, read_only, partner, reason,"
        known += " marker, changed_at, first_seen, fresh_until, lifted, email_key, phone_key, side, id"
        people = ("highlevel", "h1", 0), ("rezora", "1", 0), ("rezora", "self", 1), ("rezora", "2", 0)
        for side, key, own in people:
            values = f"'{{}}', 'p', 'ada@example.org', 'equal', 'Ada Brøok', '+13035550142', 1, 1, {own}"
            rest = f"'', '', '', '', 0, 0, 0, '', '', '{side}', '{key}'"
            await connection.exec_driver_sql(f"INSERT INTO observed ({known}) VALUES ({values}, {rest})")  # noqa: S608  # a test
        await connection.exec_driver_sql(
            "INSERT INTO link (bridge_id, kind, highlevel_id, rezora_id, live, base_highlevel, base_rezora,"
            " unread, settled, created_at, notes, rebase, closed_for, contact)"
            " VALUES (1, 'contact', 'h1', '1', 1, '{}', '{}', '', '', 0, '{}', 0, '', 0)"
        )
    await old.migrate()
    async with old.read() as connection:
        rows = await connection.exec_driver_sql("SELECT id, paired, speaks, search, further FROM observed")
        found = {row.id: tuple(row)[1:] for row in rows}
        assert await standings.counts(connection, 1, 1) == {("equal", ""): 2}
    search = "ada brøok ada@example.org 13035550142"
    assert found == {
        "h1": (1, 1, search, None), "1": (1, 0, search, None), "self": (0, 0, search, None),
        "2": (0, 1, search, None),
    }  # fmt: skip
    await old.close()


async def test_sqlite_survives_a_power_cut_and_lets_readers_read_while_one_writes(database: Database) -> None:
    async with database.read() as connection:
        mode = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
        synchronous = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one()
    assert (mode, synchronous) == ("wal", 2)


async def a_bridge(database: Database, number: int = 1, name: str = "main") -> int:
    bridges = Bridges(database)
    highlevel = await bridges.save_account(Side.HIGHLEVEL, f"loc{number}", "Shore Homes", {}, NOW)
    rezora = await bridges.save_account(Side.REZORA, f"agent{number}", "Agent", {}, NOW)
    return (await bridges.create(name, highlevel, rezora, "", NOW)).id


async def test_creating_a_bridge_again_keeps_it_and_takes_the_new_mapping(database: Database) -> None:
    first = await a_bridge(database)
    bridges = Bridges(database)
    found = await bridges.bridge()
    again = await bridges.create("renamed", found.highlevel, found.rezora, "new", NOW)
    assert again.id == first
    assert [(b.name, b.policy) for b in await bridges.bridges()] == [("renamed", "new")]


async def test_an_account_belongs_to_one_bridge_only(database: Database) -> None:
    await a_bridge(database)
    bridges = Bridges(database)
    found = await bridges.bridge()
    other = await bridges.save_account(Side.REZORA, "agent2", "Agent", {}, NOW)
    with pytest.raises(StoreFailure, match="already belongs to another bridge"):
        await bridges.create("second", found.highlevel, other, "", NOW)


async def test_when_several_bridges_fit_the_choices_are_named(database: Database) -> None:
    await a_bridge(database)
    await a_bridge(database, 2, "second")
    with pytest.raises(StoreFailure, match="main, second"):
        await Bridges(database).bridge()


async def test_a_connect_state_works_once_for_its_own_session_and_in_time(database: Database) -> None:
    bridges = Bridges(database)
    await bridges.start_connect("s1", "browser", NOW)
    assert not await bridges.finish_connect("s1", "stranger", NOW + 1)
    assert await bridges.finish_connect("s1", "browser", NOW + 1)
    assert not await bridges.finish_connect("s1", "browser", NOW + 2)
    await bridges.start_connect("s2", "browser", NOW)
    assert not await bridges.finish_connect("s2", "browser", NOW + 901)


async def test_a_live_driver_keeps_others_out_and_a_dead_one_does_not(database: Database) -> None:
    bridge = await a_bridge(database)
    drivers = Drivers(database)
    elsewhere = "another-machine:1:x"
    await drivers.take(bridge, elsewhere, NOW)
    with pytest.raises(StoreFailure, match="Another Landbridge process"):
        await drivers.take(bridge, owner_name("b"), NOW + 10)
    assert (await drivers.take(bridge, owner_name("b"), NOW + 61)).fence == 2
    dead = owner_name("gone").replace(f":{os.getpid()}:", ":4194305:")  # above the kernel's largest pid
    await drivers.take(bridge, dead, NOW + 200)
    assert (await drivers.take(bridge, owner_name("c"), NOW + 201)).fence == 4


async def test_a_zombie_driver_cannot_write(database: Database) -> None:
    bridge = await a_bridge(database)
    drivers = Drivers(database)
    zombie = await drivers.take(bridge, "another-machine:1:x", NOW)
    await drivers.take(bridge, owner_name("new"), NOW + 61)
    with pytest.raises(LeaseLost):
        async with database.write() as connection:
            await renew(connection, zombie, NOW + 62)


async def test_the_database_itself_refuses_a_second_live_link_of_a_record(database: Database) -> None:
    bridge = await a_bridge(database)
    async with database.write() as connection:
        await links.add(connection, bridge, [KeptLink(0, Link("h1", "1"))], NOW)
    for second in (Link("h1", "2"), Link("h2", "1")):
        with pytest.raises(IntegrityError):
            async with database.write() as connection:
                await links.add(connection, bridge, [KeptLink(0, second)], NOW)
    async with database.read() as connection:
        assert await links.count(connection, bridge) == 1


def test_a_closed_connection_gives_the_writers_place_back_though_a_cursor_is_left(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite3"
    one = sqlite3.connect(path, isolation_level=None, factory=FreeingConnection)
    one.execute("CREATE TABLE t (a INTEGER)")
    one.execute("BEGIN IMMEDIATE")
    left = one.execute("INSERT INTO t VALUES (1)")  # as a traceback keeps it
    one.close()
    one.close()
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
    other.close()
    assert left.rowcount == 1


async def test_every_connection_of_the_database_is_such_a_one(database: Database) -> None:
    async with database.read() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        assert isinstance(raw._connection, FreeingConnection)


async def test_a_bridge_is_found_by_its_id_without_the_others(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite3'}")
    await database.migrate()
    bridges = Bridges(database)
    made = []
    for name in ("north", "south"):
        left = await bridges.save_account(Side.HIGHLEVEL, f"{name}-l", name, {}, 0.0)
        right = await bridges.save_account(Side.REZORA, f"{name}-r", name, {}, 0.0)
        made.append(await bridges.create(name, left, right, "", 0.0))
    assert [await bridges.find(one.id) for one in made] == await bridges.bridges() == made
    assert await bridges.find(made[-1].id + 1) is None
    await database.close()
