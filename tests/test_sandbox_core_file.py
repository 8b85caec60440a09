"""The sandbox's file: state, ids, time and counts survive a restart."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from landbridge.sandbox.files import FileError, SandboxFile
from landbridge.sandbox.server import Sandbox, SandboxConfig, serve
from sandbox_core_world import TINY, running, tiny_config


async def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    config = tiny_config(file=tmp_path / "made" / "sandbox.db")
    async with running(config) as caller:
        await caller.post("/highlevel/contacts", {"email": "new@example.com"})
        before = await caller.get("/_sandbox/state")
    async with running(config) as caller:
        assert await caller.get("/_sandbox/state") == before


async def test_ids_time_settings_and_counts_go_on_where_they_were(tmp_path: Path) -> None:
    config = tiny_config(file=tmp_path / "sandbox.db")
    async with running(config) as caller:
        await caller.post("/_sandbox/reset", {"seed": 3, "people": 2, "rezora": {"greeting": "hey"}})
        await caller.post("/_sandbox/config", {"highlevel": {"burst": 6}})
        await caller.post("/_sandbox/clock", {"freeze": "2026-01-05T09:30:00Z"})
        first = await caller.post("/highlevel/contacts", {})
    async with running(config) as caller:
        assert (await caller.get("/_sandbox/"))["seed"] == 3
        assert (await caller.get("/_sandbox/clock"))["now"] == "2026-01-05T09:30:00.000Z"
        settings = await caller.get("/_sandbox/config")
        assert (settings["rezora"]["greeting"], settings["highlevel"]["burst"]) == ("hey", 6)
        second = await caller.post("/highlevel/contacts", {})
        assert second["id"] != first["id"]
        got = await caller.get("/_sandbox/history")
        assert [entry["number"] for entry in got["entries"]] == [2]
        assert (await caller.get("/_sandbox/history?count=1&mutating=1"))["total"] == 2
    async with running(tiny_config(seed=3, people=2)) as caller:
        made = [await caller.post("/highlevel/contacts", {}) for _ in range(2)]
        assert made == [first, second]


async def test_changes_are_written_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: asyncio.Queue[Mapping[str, bytes]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def write(_: SandboxFile, parts: Mapping[str, bytes]) -> None:
        loop.call_soon_threadsafe(written.put_nowait, parts)

    monkeypatch.setattr(SandboxFile, "write", write)
    config = tiny_config(file=tmp_path / "sandbox.db", save_seconds=0.001)
    async with running(config) as caller, asyncio.timeout(10):
        assert set(await written.get()) == {"about", "highlevel", "rezora", "history"}
        await caller.post("/highlevel/contacts", {"email": "new@example.com"})
        parts: Mapping[str, bytes] = {}
        while "highlevel" not in parts:
            parts = await written.get()
        assert b"new@example.com" in parts["highlevel"]
        assert "rezora" not in parts


async def test_reading_alone_does_not_write_a_world_again(tmp_path: Path) -> None:
    config = tiny_config(file=tmp_path / "sandbox.db", save_seconds=1000)
    file = SandboxFile(tmp_path / "sandbox.db")
    async with running(config) as caller:
        await caller.sandbox.save()
        file.write({"highlevel": b"untouched"})
        await caller.get("/highlevel/hello")
        await caller.sandbox.save()
        assert file.read()["highlevel"] == b"untouched"
        await caller.post("/highlevel/contacts", {})
        await caller.sandbox.save()
        assert file.read()["highlevel"] != b"untouched"


@pytest.mark.parametrize("damage", ["not a database", "another version", "missing part"])
async def test_a_file_that_cannot_be_read_is_refused_with_the_fix(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "sandbox.db"
    if damage == "not a database":
        path.write_text("names and addresses\n" * 100)
    elif damage == "another version":
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE other (x)")
    else:
        SandboxFile(path).write({"about": b"{}"})
    before = path.read_bytes()
    sandbox = Sandbox(tiny_config(file=path), makers=TINY)
    with pytest.raises(FileError, match="delete it"):
        await sandbox.start()
    assert path.read_bytes() == before


async def test_serving_runs_until_cancelled_and_then_saves(tmp_path: Path) -> None:
    config = SandboxConfig(people=20, file=tmp_path / "sandbox.db")
    urls: list[str] = []

    def stop_when_ready(sandbox: Sandbox) -> None:
        urls.append(sandbox.url)
        serving.cancel()

    serving = asyncio.create_task(serve(config, port=0, on_ready=stop_when_ready))
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert urls[0].startswith("http://127.0.0.1:")
    assert set(SandboxFile(tmp_path / "sandbox.db").read()) == {"about", "highlevel", "rezora", "history"}
