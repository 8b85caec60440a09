"""Which revision of the schema a database has, and which one this version of Landbridge works with."""

from __future__ import annotations

from functools import cache

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.database import MIGRATIONS


@cache
def newest() -> str:
    """The revision that this version of Landbridge works with."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None  # noqa: S101  # a package without migrations is no package
    return head


async def current(connection: AsyncConnection) -> str:
    """The revision that the database has; blank for an empty one."""
    return await connection.run_sync(_current)


def _current(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""
