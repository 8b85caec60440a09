"""What `landbridge serve` runs beside the page: scheduled syncs and alerts, both ended together."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.schedules import Schedule, save
from landbridge_rig import Rig, landbridge


async def causes(rig: Rig) -> list[str]:
    """Of all runs, newest first; those that go on are not ended yet."""
    recent = (await rig.app.status(rig.bridge)).recent
    return [run.cause for run in recent if run.state == "done"]


async def test_serving_syncs_when_it_is_time_and_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 10) as rig:
        assert (await rig.app.status(rig.bridge)).next_sync is None  # it waits for a person
        await rig.app.sync(rig.bridge, cause="command")
        now = rig.app.clock.now()
        async with rig.app.database.write() as connection:
            await save(connection, Schedule(rig.bridge.id, "sync", "daily at 03:30", next_at=now - 1))
        serving = asyncio.ensure_future(rig.app.keep_in_step())
        async with asyncio.timeout(60):
            while await causes(rig) != ["schedule", "command"]:
                await asyncio.sleep(0.02)
        following = (await rig.app.status(rig.bridge)).next_sync
        assert following is not None
        assert now < following < now + 86_400 + 60
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        assert serving.cancelled()


async def test_serving_goes_on_after_the_database_failed_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with landbridge(tmp_path, 10) as rig:
        await rig.app.sync(rig.bridge, cause="command")
        async with rig.app.database.write() as connection:
            now = rig.app.clock.now()
            await save(connection, Schedule(rig.bridge.id, "sync", "daily at 03:30", next_at=now - 1))
        read = rig.app.database.read
        failures = 0

        def failing() -> AbstractAsyncContextManager[AsyncConnection]:
            nonlocal failures
            failures += 1
            if failures <= 6:  # the schedule, live work and alerts each meet it
                raise OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))
            return read()

        monkeypatch.setattr(rig.app.database, "read", failing)
        serving = asyncio.ensure_future(rig.app.keep_in_step())
        async with asyncio.timeout(60):
            while failures <= 6 or await causes(rig) != ["schedule", "command"]:
                await asyncio.sleep(0.02)
                assert not serving.done()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
