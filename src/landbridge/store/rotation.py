"""Turning the master key: all that is sealed is sealed again with the newest key, in small transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import feeds, outgoing
from landbridge.store.database import Database, StoreFailure
from landbridge.store.keyring import Key, new_key
from landbridge.store.outgoing_tables import subscription
from landbridge.store.tables import feed, pepper, secret
from landbridge.store.vault import PEPPER, Vault, key_id_of

BATCH = 100  # rows sealed again in one transaction: webhooks and syncs go on between two of them


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table with something sealed, by its key; ``bound``: what a row is bound to, and its version."""

    title: str
    table: Table
    key: Column[Any]
    bound: Callable[[Row[Any]], tuple[int | str, int]]


SEALED = (
    Sealed("credentials", secret, secret.c.account_id, lambda row: (row.account_id, row.version)),
    Sealed("the key of opt-outs", pepper, pepper.c.id, lambda _: (PEPPER, 1)),
    Sealed("calendar addresses", feed, feed.c.bridge_id, lambda row: (feeds.purpose(row.bridge_id), 1)),
    Sealed("outgoing webhooks", subscription, subscription.c.id, lambda row: (outgoing.purpose(row.key), 1)),
)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """One key: its name, how much is sealed with it, whether it seals, and whether it is here at all."""

    name: str
    sealed: int
    newest: bool
    here: bool


async def facts(database: Database, vault: Vault) -> list[KeyFacts]:
    """Every key that is here, the newest first, then those that something is sealed with and that are not."""
    async with database.read() as connection:
        counts = await _counts(connection)
    keys = [key.id for key in vault.keys.keys]
    away = [key for key in counts if key not in keys]
    return [KeyFacts(key.hex(), counts[key], key == keys[0], key in keys) for key in (*keys, *away)]


async def begin(database: Database, vault: Vault) -> Key:
    """Make a new key beside those that are here, and let it seal from now on; returns it.

    A rotation that was cut off goes on with the key it made: while anything is sealed with an older one,
    no other is made. Raises ``StoreFailure`` where the keys come from the environment.
    """
    async with database.read() as connection:
        counts = await _counts(connection)
    newest = vault.keys.newest
    if any(key != newest.id for key in counts):
        return newest
    vault.keys.replace([new_key(), *vault.keys.keys])
    return vault.keys.newest


async def seal_again(database: Database, vault: Vault) -> AsyncIterator[tuple[str, int]]:
    """Seal everything with the newest key; gives title and number of each batch.

    A row that somebody saved meanwhile has the newest key already, and is left as it is. May be cut off and
    begun again at any point. Raises ``StoreFailure`` for a row whose key is not here.
    """
    for one in SEALED:
        async for number in _seal_table(database, vault, one):
            yield one.title, number


async def forget_old(database: Database, vault: Vault) -> int:
    """Take all keys but the newest out of the file; how many.

    Raises ``StoreFailure`` while anything is sealed with one of them. No row can be sealed meanwhile: it is
    looked at and done under the writer's place of the database.
    """
    async with database.write() as connection:
        counts = await _counts(connection)
        newest = vault.keys.newest
        left = sum(number for key, number in counts.items() if key != newest.id)
        if left:
            raise StoreFailure(
                f"An older key is still needed: {left} of what is sealed was sealed with it.",
                "Run `landbridge vault rotate` first.",
            )
        old = len(vault.keys.keys) - 1
        if old:
            vault.keys.replace([newest])
    return old


async def _seal_table(database: Database, vault: Vault, one: Sealed) -> AsyncIterator[int]:
    async with database.read() as connection:
        rows = list(await connection.execute(select(one.table)))
    old = [row for row in rows if key_id_of(row.sealed) != vault.keys.newest.id]
    for some in _batches(old):
        changed = 0
        async with database.write() as connection:
            for row in some:
                again = vault.sealed_again(row.sealed, *one.bound(row))
                if again is not None:
                    changed += await _swap(connection, one, row, again)
        yield changed


async def _swap(connection: AsyncConnection, one: Sealed, row: Row[Any], again: bytes) -> int:
    """Only if it is still what was read: a credential that was refreshed since stands."""
    same = (one.key == row._mapping[one.key], one.table.c.sealed == row.sealed)
    return (await connection.execute(update(one.table).where(*same).values(sealed=again))).rowcount


async def _counts(connection: AsyncConnection) -> Counter[bytes]:
    """How much is sealed with each key, by its id."""
    counts: Counter[bytes] = Counter()
    for one in SEALED:
        counts.update(key_id_of(row.sealed) for row in await connection.execute(select(one.table)))
    return counts


def _batches(rows: list[Row[Any]]) -> Iterator[list[Row[Any]]]:
    for first in range(0, len(rows), BATCH):
        yield rows[first : first + BATCH]
