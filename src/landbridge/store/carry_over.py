"""What a restore does not take back: facts since the backup, and who was shut out, of the replaced database.

A backup brings back what Landbridge remembered of the two sides: mapping, links with their bases, recipes. It
must not bring back a password that was changed, a key that was revoked, somebody who opted out since, or a
credential that was replaced: of these the newer word stands. SQLite only, as all of a restore.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_SAME = (  # bridges of both, which pair the same accounts
    "SELECT new.id FROM main.bridge new JOIN before.bridge old ON old.id = new.id"
    " AND old.highlevel_account = new.highlevel_account AND old.rezora_account = new.rezora_account"
)
ENDED = ("web_session", "door_link", "oauth_state")  # everybody logs in again
WHOLE = ("person", "api_key", "login", "arrivals")  # as they are now
OF_BRIDGES = (  # as they are now, of the bridges that are in both
    "suppression",
    "tombstone",
    "pause",
    "feed",
    "subscription",
    "outlook",
    "firing",
    "recipe_made",
    "ledger",
    "carried",
    "alert",
    "delivery",
)
ADDED = ("apart",)  # both
SINCE = ("run", "journal")  # what the backup does not have yet: history is not rewritten


def carry_over(into: Path, before: Path) -> tuple[str, ...]:
    """Take these from the database ``before`` into a restored one, which nobody uses yet.

    Both are of one installation; the columns that both have are taken. Returns the tables of which that was
    not possible, as in a damaged database: of those the backup's word stands.
    """
    lost = []
    with closing(sqlite3.connect(into, isolation_level=None)) as raw:
        raw.execute("ATTACH ? AS before", (f"{before}",))
        for table, statements in _steps(raw):
            raw.execute("BEGIN IMMEDIATE")
            try:
                for statement in statements:
                    raw.execute(statement)
                raw.execute("COMMIT")
            except sqlite3.Error:
                raw.execute("ROLLBACK")
                lost.append(table)
    return tuple(lost)


def end_what_was_open(path: Path) -> None:
    """Sessions, links and started connects of a restored database, and drivers of processes that are gone."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("BEGIN IMMEDIATE")
        for table in ENDED:
            raw.execute(f"DELETE FROM {table}")  # noqa: S608  # names of ours
        raw.execute("UPDATE driver SET expires_at = 0")
        raw.execute("UPDATE secret SET refresh_until = 0, refresh_owner = ''")
        raw.execute("COMMIT")


def _steps(raw: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    """The statements for each table."""
    for table in WHOLE:
        yield table, [f"DELETE FROM {table}", _insert(raw, table)]  # noqa: S608
    for table in OF_BRIDGES:
        mine = f"bridge_id IN ({_SAME})" + (" OR bridge_id IS NULL" if table == "delivery" else "")
        yield table, [f"DELETE FROM {table} WHERE {mine}", _insert(raw, table, mine)]  # noqa: S608
    there = "subscription_id IN (SELECT id FROM main.subscription)"
    yield "outgoing", ["DELETE FROM outgoing", _insert(raw, "outgoing", there)]
    for table in ADDED:
        yield table, [_insert(raw, table, f"bridge_id IN ({_SAME})", "INSERT OR IGNORE")]
    for table in SINCE:
        newer = f"bridge_id IN ({_SAME}) AND id > (SELECT coalesce(max(id), 0) FROM main.{table})"  # noqa: S608
        yield table, [_insert(raw, table, newer)]
    yield from _accounts(raw)


def _accounts(raw: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    """Credentials, and what an account can do: an older token may not work any more."""
    same = (
        "SELECT new.id FROM main.account new JOIN before.account old ON old.id = new.id"
        " AND old.side = new.side AND old.external_id = new.external_id"
    )
    facts = [
        name for name in ("title", "capability", "trouble", "trouble_fix") if name in _common(raw, "account")
    ]
    taken = ", ".join(
        f"{name} = (SELECT {name} FROM before.account old WHERE old.id = account.id)"  # noqa: S608
        for name in facts
    )
    yield "account", [f"UPDATE account SET {taken} WHERE id IN ({same})"]  # noqa: S608
    kept = f"account_id IN ({same}) AND account_id IN (SELECT account_id FROM before.secret)"  # noqa: S608
    yield "secret", [f"DELETE FROM secret WHERE {kept}", _insert(raw, "secret", kept)]  # noqa: S608


def _insert(raw: sqlite3.Connection, table: str, where: str = "1", how: str = "INSERT OR REPLACE") -> str:
    names = ", ".join(f'"{name}"' for name in _common(raw, table))
    return f"{how} INTO main.{table} ({names}) SELECT {names} FROM before.{table} WHERE {where}"  # noqa: S608


def _common(raw: sqlite3.Connection, table: str) -> list[str]:
    """Columns that both have, in the restored one's order."""
    here, there = (
        [row[1] for row in raw.execute(f"PRAGMA {schema}.table_info({table})")]
        for schema in ("main", "before")
    )
    return [name for name in here if name in there]
