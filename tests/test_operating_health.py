"""Whether the process lives, and whether it can work: what is answered, when, and to whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from inprocess import new_database
from landbridge.app import App, open_app
from landbridge.cli import serving
from landbridge.engine.readiness import NO_DATABASE, OTHER_KEY, OTHER_SCHEMA, STOPPING, Readiness
from landbridge.settings import load_settings
from landbridge.store import revision
from landbridge.store.database import Database
from landbridge.store.keyring import Key
from landbridge.store.vault import Vault
from systems_fakes import InstantClock
from test_web_security import BrokenProduct
from web_client import browse
from web_scenes import FakeProduct, FakeReadiness, operating, status

MINE, OTHER = Key(b"m" * 32), Key(b"o" * 32)


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{new_database(home)}")
    try:
        await database.migrate()
        yield database
    finally:
        await database.close()


async def test_all_is_well_with_an_empty_database_and_with_what_our_key_sealed(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        vault, clock = Vault(database, MINE), InstantClock()
        assert await Readiness(database, vault, clock).lacks() == ()
        await vault.pepper()
        assert await Readiness(database, vault, clock).lacks() == ()
        assert await Readiness(database, Vault(database, OTHER), clock).lacks() == (OTHER_KEY,)


async def test_a_credential_of_another_key_is_noticed_before_there_is_a_pepper(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        async with database.write() as connection:
            await connection.execute(
                text("INSERT INTO account VALUES (1, 'rezora', 'a', '', '{}', '', '', 0)")
            )
        await Vault(database, MINE).save(1, {"password": "x"}, 0)
        assert await Vault(database, MINE).fits()
        assert not await Vault(database, OTHER).fits()


async def test_a_schema_of_another_version_is_noticed(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        async with database.write() as connection:
            assert await revision.current(connection) == revision.newest()
            await connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        readiness = Readiness(database, Vault(database, MINE), InstantClock())
        assert await readiness.lacks() == (OTHER_SCHEMA,)


async def test_a_database_that_does_not_answer_is_noticed_and_asked_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as database:
        clock, asked = InstantClock(), 0

        def failing() -> Any:
            nonlocal asked
            asked += 1
            raise OperationalError("SELECT", {}, Exception("disk I/O error in /var/lib/secret-place"))

        monkeypatch.setattr(database, "read", failing)
        readiness = Readiness(database, Vault(database, MINE), clock)
        assert await asyncio.gather(*(readiness.lacks() for _ in range(5))) == [(NO_DATABASE,)] * 5
        assert asked == 1
        monkeypatch.undo()
        assert await readiness.lacks() == (NO_DATABASE,)
        await clock.sleep(1.0)
        assert await readiness.lacks() == ()


async def test_a_process_that_stops_says_so_as_long_as_is_set(tmp_path: Path) -> None:
    clock, seen = InstantClock(), []
    async with open_app(load_settings({}, {"home": tmp_path}), clock) as app:
        readiness = app.operating.readiness
        assert await readiness.lacks() == ()
        slept = clock.sleep

        async def looking(seconds: float) -> None:  # what a load balancer sees meanwhile
            seen.append((seconds, await readiness.lacks()))
            await slept(seconds)

        clock.sleep = looking  # type: ignore[method-assign]
        await readiness.stop(20)
        assert seen == [(20, (STOPPING,))]
        await readiness.stop()
        assert len(seen) == 1


class StoppingReadiness(FakeReadiness):
    """Notes how long it was given."""

    async def stop(self, seconds: float = 0.0) -> None:
        self.found = (f"{seconds:g}",)


async def test_the_page_is_up_until_it_was_said_that_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    class Quiet:
        started = True
        should_exit = False

        def __init__(self, _config: object) -> None:
            servers.append(self)

        async def serve(self) -> None:
            while not self.should_exit:
                await asyncio.sleep(0)

    servers: list[Quiet] = []
    monkeypatch.setattr(serving, "Server", Quiet)
    views = replace(operating(), readiness=StoppingReadiness())
    product = FakeProduct(operating=views, settings=load_settings({}, {"drain_seconds": 7}))
    async with serving.serving(cast(App, product)):
        assert await views.readiness.lacks() == ()
    assert await views.readiness.lacks() == ("7",)
    assert servers[0].should_exit


async def test_readyz_tells_the_reasons_and_healthz_does_not_care() -> None:
    browser = browse(FakeProduct.of(status(), operating=operating(NO_DATABASE, STOPPING)))
    answer = await browser.get("/readyz")
    assert (answer.status, answer.json) == (503, {"ready": False, "reasons": [NO_DATABASE, STOPPING]})
    assert (await browser.ask("HEAD", "/readyz")).status == 503
    assert (await browser.get("/healthz")).status == 200


async def test_a_process_whose_database_is_broken_still_lives() -> None:
    answer = await browse(BrokenProduct()).get("/healthz")
    assert (answer.status, answer.text) == (200, "ok\n")
