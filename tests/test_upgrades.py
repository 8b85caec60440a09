"""A database of every earlier revision, with rows in it, is brought up to date and goes on working."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from landbridge.restoring import restore
from landbridge.settings import load_settings
from landbridge.store import decisions, journal, links, observed, restored
from landbridge.store.bridges import Bridges
from landbridge.store.database import MIGRATIONS, Database
from landbridge.store.keyring import load_keys
from landbridge.store.runs import Runs
from landbridge.store.tables import metadata
from landbridge.store.vault import PEPPER, Vault
from landbridge.sync.model import Side
from web_scenes import StillClock

NOW = 1_780_000_000.0
CONFIG = alembic.config.Config()
CONFIG.set_main_option("script_location", str(MIGRATIONS))
REVISIONS = sorted(one.revision for one in ScriptDirectory.from_config(CONFIG).walk_revisions())

# Values that the code reads with a meaning; every other column gets one that fits its type.
MEANT: dict[str, list[dict[str, Any]]] = {
    "account": [
        {"id": 1, "side": "highlevel", "external_id": "loc1"},
        {"id": 2, "side": "rezora", "external_id": "a"},
    ],
    "bridge": [{"id": 1, "name": "main", "highlevel_account": 1, "rezora_account": 2}],
    "run": [{"id": 1, "purpose": "sync", "state": "done", "started_at": NOW, "ended_at": NOW + 60}],
    "link": [{"kind": "contact", "highlevel_id": "h1", "rezora_id": "1", "live": True, "unread": ""}],
    "observed": [
        {"side": "highlevel", "id": "h1", "name": "ada byron", "email": "ada@example.org", "run_id": 1},
        {"side": "rezora", "id": "1", "name": "ada byron", "email": "a@b.c", "run_id": 1, "read_only": False},
        {"side": "rezora", "id": "2", "name": "the agent", "run_id": 1, "read_only": True},
    ],
    "journal": [{"side": "rezora", "record_id": "1", "action": "create", "state": "done", "kind": "contact"}],
    "hold": [{"highlevel_id": "h1", "rezora_id": "1", "cause": "both_changed", "kind": "contact"}],
    "tombstone": [{"side": "highlevel", "id": "h9", "reason": "deleted_in_rezora"}],
    "intent": [{"side": "rezora", "state": "open", "kind": "contact"}],
    "suppression": [{"level": 2, "channel": "email", "source": "rezora"}],
}  # fmt: skip


def engine_of(path: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{path}")


def at_revision(path: Path, revision: str, pepper: bytes = b"\x00" * 40) -> None:
    """An installation of that time: its schema, and a row or more in each of its tables."""
    engine = engine_of(path)
    with engine.begin() as connection:
        CONFIG.attributes["connection"] = connection
        alembic.command.upgrade(CONFIG, revision)
        tables = sa.MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            if table.name != "alembic_version":
                for number, meant in enumerate(MEANT.get(table.name, [{}]), 1):
                    connection.execute(table.insert(), a_row(table, number, meant, pepper))
    engine.dispose()


def a_row(table: sa.Table, number: int, meant: dict[str, Any], pepper: bytes) -> dict[str, Any]:
    row = {column.name: fitting(column, number) for column in table.columns}
    if table.name == "pepper":
        row["sealed"] = pepper
    return row | {name: value for name, value in meant.items() if name in row}


def fitting(column: sa.Column[Any], number: int) -> Any:  # noqa: PLR0911  # one line a type
    """A value that the column takes, and that no default would give."""
    kind = column.type
    if column.name in ("id", "bridge_id", "account_id", "run_id") and isinstance(kind, sa.Integer):
        return number if column.name == "id" else 1
    if isinstance(kind, sa.JSON):
        return {"found": number}
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Integer):
        return number + 6
    if isinstance(kind, sa.Float):
        return NOW + number
    if isinstance(kind, sa.LargeBinary):
        return b'{"city":"Boulder"}' if column.name not in ("labels", "barred") else b'["buyer"]'
    return f"{column.name}{number}"[: getattr(kind, "length", None) or 40]


def everything(path: Path) -> dict[str, list[dict[str, Any]]]:
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        names = [
            n
            for (n,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if n[:7] != "alembic"
        ]
        query = "SELECT * FROM {} ORDER BY 1, 2"
        return {name: [dict(row) for row in raw.execute(query.format(name))] for name in names}


async def migrated(path: Path) -> Database:
    database = Database(f"sqlite+aiosqlite:///{path}")
    await database.migrate()
    return database


def test_the_revisions_are_one_chain_without_a_gap() -> None:
    assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
async def test_rows_of_every_revision_survive_and_are_read(revision: str, tmp_path: Path) -> None:
    path = tmp_path / "landbridge.sqlite3"
    await asyncio.to_thread(at_revision, path, revision)
    before = everything(path)
    assert all(before.values())
    database = await migrated(path)
    try:
        async with database.read() as connection:
            differences = await connection.run_sync(
                lambda one: compare_metadata(MigrationContext.configure(one), metadata)
            )
        assert differences == []
        await read_as_the_code_does(database)
    finally:
        await database.close()
    after = everything(path)
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0] if name not in WORKED_OUT} for row in after[table]]
        assert kept == [{name: row[name] for name in kept[0]} for row in rows], table
    if revision < "0011":
        found = {
            row["id"]: (row["paired"], row["speaks"], "byron" in row["search"]) for row in after["observed"]
        }
        assert found == {"h1": (1, 1, True), "1": (1, 0, True), "2": (0, 0, False)}


WORKED_OUT = {"paired", "speaks", "search"}  # of revision 0011, from what is stored


async def read_as_the_code_does(database: Database) -> None:
    bridge = await Bridges(database).bridge("main")
    assert (bridge.highlevel.external_id, bridge.rezora.external_id) == ("loc1", "a")
    assert await Runs(database).synced(1)
    async with database.read() as connection:
        (kept,) = await links.every(connection, 1)
        assert (kept.link.highlevel_id, kept.link.base_highlevel) == ("h1", {"city": "Boulder"})
        people = await observed.people(connection, 1, 1, Side.REZORA)
        assert {row.id for row in people} >= {"1"}
        assert [entry.record_id for entry in await journal.recent(connection, 1)] == ["1"]
        assert [hold.name for hold in await journal.holds(connection, 1)] == ["ada byron"]
        if await decisions.buried(connection, 1):
            assert await decisions.buried(connection, 1) == {(Side.HIGHLEVEL, "h9"): "deleted_in_rezora"}


@pytest.mark.parametrize("revision", [REVISIONS[0], REVISIONS[5], REVISIONS[-1]])
async def test_a_backup_of_an_earlier_version_is_restored(revision: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(0o700)
    keys = load_keys(home)
    pepper = Vault(Database("sqlite+aiosqlite://"), keys)._seal(b"p" * 32, PEPPER, 1)
    copy = tmp_path / "copy.sqlite3"
    await asyncio.to_thread(at_revision, copy, revision, pepper)
    done = await restore(load_settings({}, {"home": home}), copy, StillClock())
    assert (done.facts.bridges, done.kept, done.facts.revision) == (("main",), None, revision)
    database = await migrated(home / "landbridge.sqlite3")
    try:
        async with database.read() as connection:
            assert await restored.in_doubt(connection, 1)
        assert [run.purpose for run in await Runs(database).recent(1, purposes=("restore", "sync"))] == [
            "restore",
            "sync",
        ]
    finally:
        await database.close()
