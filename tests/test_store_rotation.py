"""Turning the master key: nothing stops meanwhile, and it may be cut off anywhere."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from landbridge.engine.outgoing import Target
from landbridge.store import feeds, outgoing, rotation
from landbridge.store.bridges import Bridges
from landbridge.store.database import Database, StoreFailure
from landbridge.store.keyring import load_keys
from landbridge.store.outgoing import Subscription
from landbridge.store.rotation import KeyFacts
from landbridge.store.vault import Vault
from landbridge.sync.model import Side

NOW = 1_780_000_000.0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await opened.migrate()
    yield opened
    await opened.close()


async def filled(database: Database, vault: Vault) -> list[int]:
    """Something of everything that is sealed; the accounts' ids."""
    bridges = Bridges(database)
    left = await bridges.save_account(Side.HIGHLEVEL, "loc1", "Shore Homes", {}, NOW)
    right = await bridges.save_account(Side.REZORA, "agent1", "Agent", {}, NOW)
    bridge = await bridges.create("main", left, right, "", NOW)
    for account in (left, right):
        await vault.replace(account.id, f"secret of {account.id}")
    await vault.pepper()
    target = vault.seal(Target("https://example.org/hook", "whsec"), outgoing.purpose("k1"))
    async with database.write() as connection:
        await feeds.save(connection, bridge.id, "way", vault.seal("way", feeds.purpose(bridge.id)), NOW)
        subscription = Subscription(
            0, bridge.id, "k1", "", "example.org", ("hold.opened",), target, True, NOW
        )
        await outgoing.add(connection, subscription)
    return [left.id, right.id]


async def all_of_it(database: Database, vault: Vault, accounts: list[int]) -> list[object]:
    """Everything that was sealed, open."""
    found: list[object] = [await vault.load(account, str) for account in accounts]
    found.append(await vault.pepper())
    async with database.read() as connection:
        feed = await feeds.of_bridge(connection, 1)
        (hook,) = await outgoing.subscriptions(connection)
    assert feed is not None
    found.append(vault.opened(feed.sealed, feeds.purpose(1), str))
    found.append(vault.opened(hook.sealed, outgoing.purpose("k1"), Target))
    return found


async def rotated(database: Database, vault: Vault) -> int:
    return sum([number async for _, number in rotation.seal_again(database, vault)])


async def test_everything_is_sealed_again_and_then_the_old_key_can_go(
    database: Database, tmp_path: Path
) -> None:
    vault = Vault(database, load_keys(tmp_path))
    accounts = await filled(database, vault)
    before = await all_of_it(database, vault, accounts)
    old = vault.keys.newest
    new = await rotation.begin(database, vault)
    assert new != old
    with pytest.raises(StoreFailure, match="An older key is still needed: 5 of"):
        await rotation.forget_old(database, vault)
    assert await rotated(database, vault) == 5
    assert await rotation.facts(database, vault) == [
        KeyFacts(new.name, 5, True, True),
        KeyFacts(old.name, 0, False, True),
    ]
    assert await rotation.forget_old(database, vault) == 1
    fresh = Vault(database, load_keys(tmp_path))
    assert fresh.keys.keys == (new,)
    assert await all_of_it(database, fresh, accounts) == before
    assert load_keys(tmp_path).find(old.id) is None


async def test_a_process_that_runs_on_reads_what_another_sealed_and_seals_with_the_new_key(
    database: Database, tmp_path: Path
) -> None:
    serving = Vault(database, load_keys(tmp_path))
    accounts = await filled(database, serving)
    before = await all_of_it(database, serving, accounts)
    turning = Vault(database, load_keys(tmp_path))
    new = await rotation.begin(database, turning)
    batches = rotation.seal_again(database, turning)
    await anext(batches)  # the credentials
    assert await all_of_it(database, serving, accounts) == before
    assert await serving.save(accounts[0], "refreshed meanwhile", 1) == 2
    assert [number async for _, number in batches]
    await rotation.forget_old(database, turning)
    assert await serving.load(accounts[0], str) == ("refreshed meanwhile", 2)
    assert serving.keys.keys == (new,)


async def test_a_row_that_was_saved_between_reading_and_sealing_stands(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault(database, load_keys(tmp_path))
    accounts = await filled(database, vault)
    await rotation.begin(database, vault)
    batches = rotation._batches

    def meanwhile(rows: list[object]) -> object:
        with sqlite3.connect(tmp_path / "store.sqlite3") as raw:
            sealed = vault._seal(b'"newer"', accounts[0], 2)
            raw.execute(
                "UPDATE secret SET sealed = ?, version = 2 WHERE account_id = ?", (sealed, accounts[0])
            )
        raw.close()
        return batches(rows)  # type: ignore[arg-type]  # rows

    monkeypatch.setattr(rotation, "_batches", meanwhile)
    await rotated(database, vault)
    assert await vault.load(accounts[0], str) == ("newer", 2)


@pytest.mark.parametrize("batches", range(5))
async def test_a_rotation_that_is_cut_off_anywhere_goes_on_with_the_key_it_made(
    database: Database, tmp_path: Path, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 1)
    first = Vault(database, load_keys(tmp_path))
    accounts = await filled(database, first)
    before = await all_of_it(database, first, accounts)
    new = await rotation.begin(database, first)
    begun = rotation.seal_again(database, first)
    for _ in range(batches):
        await anext(begun)
    await begun.aclose()  # type: ignore[attr-defined]  # of a generator
    second = Vault(database, load_keys(tmp_path))
    assert await rotation.begin(database, second) == new
    assert await all_of_it(database, second, accounts) == before
    assert await rotated(database, second) == 5 - batches
    assert await rotation.forget_old(database, second) == 1
    assert await all_of_it(database, second, accounts) == before
    assert await rotation.begin(database, second) != new  # and the next one makes another


async def test_keys_of_the_environment_are_turned_by_who_sets_them(
    database: Database, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    old, new = (load_keys(tmp_path / name) for name in ("a", "b"))
    texts = [(tmp_path / name / "key").read_text().strip() for name in ("a", "b")]
    vault = Vault(database, load_keys(tmp_path, texts[0]))
    accounts = await filled(database, vault)
    before = await all_of_it(database, vault, accounts)
    with pytest.raises(StoreFailure) as failure:
        await rotation.begin(database, vault)
    assert "before the old one" in failure.value.fix
    both = Vault(database, load_keys(tmp_path, f"{texts[1]} {texts[0]}"))
    assert await rotation.begin(database, both) == new.newest
    assert await rotated(database, both) == 5
    only = Vault(database, load_keys(tmp_path, texts[1]))
    assert await all_of_it(database, only, accounts) == before
    assert await rotation.facts(database, vault) == [
        KeyFacts(old.newest.name, 0, True, True),
        KeyFacts(new.newest.name, 5, False, False),
    ]
