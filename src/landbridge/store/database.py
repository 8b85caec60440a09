"""One database: SQLite in a file by default; reads and writes as short transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=30000",
    "foreign_keys=ON",
    "cache_size=-16384",
)


class StoreFailure(Exception):  # noqa: N818  # conditions, not programming errors
    """Something the store cannot do; ``str()`` is one sentence, ``fix`` the next step."""

    def __init__(self, sentence: str, fix: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fix = fix


class FreeingConnection(sqlite3.Connection):
    """A connection that gives its locks back when it is closed, whoever still holds a cursor of it.

    SQLite keeps a closed connection, with its transaction and the writer's place, as long as there is a
    statement of it, and Python keeps that with the cursor. What was cancelled in the midst of a write has
    its cursor in the traceback: until that was gone, nobody else could write.
    """

    def close(self) -> None:
        """Roll back, then close; closing again does nothing."""
        with suppress(sqlite3.ProgrammingError):  # it is closed already
            if self.in_transaction:
                self.rollback()
        super().close()


class Database:
    """Opens the database and hands out transactions.

    SQLite runs in WAL mode with ``synchronous=FULL``: an intent must survive a power cut before its
    request leaves (sync-correctness.md section 5). A write begins IMMEDIATE, so two processes queue
    for the one writer's place and never fail half-way. Errors show no parameters of a statement.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        sqlite = make_url(url).get_backend_name() == "sqlite"
        arguments = {"factory": FreeingConnection} if sqlite else {}
        self.engine: AsyncEngine = create_async_engine(url, hide_parameters=True, connect_args=arguments)
        if sqlite:
            _prepare_sqlite(self.engine)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads."""
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes: all of it, or nothing."""
        async with self.engine.connect() as connection:
            await connection.execution_options(landbridge_write=True)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def erasing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes, and on SQLite overwrites in the file what it removes."""
        sqlite = make_url(self.url).get_backend_name() == "sqlite"
        async with self.write() as connection:
            if sqlite:
                await connection.exec_driver_sql("PRAGMA secure_delete=ON")
            try:
                yield connection
            finally:
                if sqlite:
                    await connection.exec_driver_sql("PRAGMA secure_delete=OFF")

    async def migrate(self) -> None:
        """Bring the schema up to date; raises ``StoreFailure`` when the file is of a newer version."""
        try:
            async with self.write() as connection:
                await connection.run_sync(_upgrade)
        except OperationalError as error:
            raise StoreFailure(
                f"The database {make_url(self.url).render_as_string(hide_password=True)} cannot be opened.",
                "Check that its folder is writable (`landbridge settings`) and the disk is not full.",
            ) from error

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


def set_pragmas(connection: Any) -> None:
    """For every SQLite connection, DBOS's among them: durable, patient, readers beside a writer."""
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        set_pragmas(connection)

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("landbridge_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(connection: Connection) -> None:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    known = {revision.revision for revision in script.walk_revisions()}
    if current is not None and current not in known:
        raise StoreFailure(
            "The database was written by a newer version of Landbridge.",
            "Install that version again, or restore the database from before the upgrade.",
        )
    if current != script.get_current_head():
        alembic.command.upgrade(config, "head")
