"""Credentials at rest."""

from __future__ import annotations

import base64
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from landbridge.store.bridges import Bridges
from landbridge.store.database import Database, StoreFailure
from landbridge.store.keyring import Key, load_keys
from landbridge.store.vault import Vault
from landbridge.sync.model import Side

KEY = Key(bytes(range(32)))
NOW = 1_780_000_000.0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await opened.migrate()
    yield opened
    await opened.close()


async def an_account(database: Database, external_id: str = "loc1") -> int:
    return (await Bridges(database).save_account(Side.HIGHLEVEL, external_id, "Shore Homes", {}, NOW)).id


async def test_what_was_sealed_opens_again_and_the_file_holds_no_trace_of_it(
    database: Database, tmp_path: Path
) -> None:
    account = await an_account(database)
    vault = Vault(database, KEY)
    assert await vault.save(account, {"token": "canary-secret"}, 0) == 1
    assert await vault.load(account, dict) == ({"token": "canary-secret"}, 1)
    await database.close()
    written = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))  # noqa: ASYNC240  # a test
    assert len(written) > 0
    assert b"canary-secret" not in written


async def test_a_save_on_an_old_version_is_refused_and_changes_nothing(database: Database) -> None:
    account = await an_account(database)
    vault = Vault(database, KEY)
    await vault.save(account, "first", 0)
    assert await vault.save(account, "second", 1) == 2
    assert await vault.save(account, "late", 1) is None
    assert await vault.load(account, str) == ("second", 2)


async def test_a_row_copied_to_another_account_does_not_open(database: Database, tmp_path: Path) -> None:
    first, second = await an_account(database), await an_account(database, "loc2")
    vault = Vault(database, KEY)
    await vault.save(first, "mine", 0)
    await vault.save(second, "theirs", 0)
    with sqlite3.connect(tmp_path / "store.sqlite3") as raw:
        raw.execute(
            "UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE account_id = ?)"
            " WHERE account_id = ?",
            (first, second),
        )
    raw.close()
    with pytest.raises(StoreFailure, match="altered"):
        await vault.load(second, str)


async def test_another_key_is_told_from_an_altered_row(database: Database) -> None:
    account = await an_account(database)
    await Vault(database, KEY).save(account, "mine", 0)
    with pytest.raises(StoreFailure, match="another key"):
        await Vault(database, Key(bytes(32))).load(account, str)


async def test_the_refresh_slot_has_one_owner_until_it_ends_or_expires(database: Database) -> None:
    account = await an_account(database)
    vault = Vault(database, KEY)
    await vault.save(account, "grant", 0)
    assert await vault.begin_refresh(account, "one", NOW, 30)
    assert not await vault.begin_refresh(account, "two", NOW + 1, 30)
    assert await vault.begin_refresh(account, "two", NOW + 31, 30)
    await vault.end_refresh(account, "one")  # no longer one's to give back
    assert not await vault.begin_refresh(account, "one", NOW + 32, 30)
    await vault.end_refresh(account, "two")
    assert await vault.begin_refresh(account, "one", NOW + 33, 30)


def test_the_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    first = load_keys(tmp_path).newest
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert load_keys(tmp_path).keys == (first,)
    assert len(first.raw) == 32
    assert first.raw.hex() not in repr(first)


def test_a_key_file_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    load_keys(tmp_path)
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(StoreFailure) as failure:
        load_keys(tmp_path)
    assert "chmod 600" in failure.value.fix


def test_a_given_key_is_used_and_a_wrong_one_named(tmp_path: Path) -> None:
    given = base64.b64encode(bytes(range(32))).decode()
    assert load_keys(tmp_path, given).keys == (KEY,)
    assert not (tmp_path / "key").exists()
    with pytest.raises(StoreFailure, match="LANDBRIDGE_KEY is not 32 bytes"):
        load_keys(tmp_path, "c2hvcnQ=")
