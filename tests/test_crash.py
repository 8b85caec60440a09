"""kill -9 in the middle of a first sync: nobody twice, nobody missing, and the run ends."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from landbridge.app import open_app
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.rezora import RezoraConfig, RezoraWorld
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge_rig import counted, settings_for, write_settings

PEOPLE = 1_500
KILLS = 3


async def connect(sandbox: Sandbox, home: Path) -> None:
    """A home whose accounts are connected and paired, with its settings in a file."""
    settings = settings_for(sandbox, home)
    async with open_app(settings) as app:
        await app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
        login = RezoraConfig()
        await app.connect_rezora(login.username, login.password)
        await app.create_bridge("test")
    write_settings(sandbox, home)


def rezora_bodies(sandbox: Sandbox) -> Counter[str]:
    """How often each contact is in Rezora."""
    world = sandbox.rezora
    assert isinstance(world, RezoraWorld)
    contacts: list[dict[str, Any]] = world.dump()["contacts"]
    own = ("contact_id", "contact_date")
    return Counter(json.dumps({k: v for k, v in c["fields"].items() if k not in own}) for c in contacts)


async def started(sandbox: Sandbox, home: Path) -> subprocess.Popen[bytes]:
    """A sync that has sent its first request."""
    seen = counted(sandbox)
    process = subprocess.Popen(
        [sys.executable, "-m", "landbridge", "sync", "--json"],
        env=dict(os.environ) | {"LANDBRIDGE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and counted(sandbox) == seen:
        await asyncio.sleep(0.01)  # waits for another process, which has no event to set
    return process


@pytest.mark.parametrize("seed", [1])
async def test_kills_at_random_moments_leave_no_duplicate_and_nobody_missing(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    highlevel = HighLevelConfig(burst=0)
    plain, killed = tmp_path / "plain", tmp_path / "killed"
    async with Sandbox(SandboxConfig(people=PEOPLE, highlevel=highlevel)) as sandbox:
        await connect(sandbox, plain)
        process = await started(sandbox, plain)
        await asyncio.to_thread(process.communicate)
        assert process.returncode == 0
        wanted = rezora_bodies(sandbox)
    async with Sandbox(SandboxConfig(people=PEOPLE, highlevel=highlevel)) as sandbox:
        await connect(sandbox, killed)
        moments = []
        for _ in range(KILLS):
            process = await started(sandbox, killed)
            calls = counted(sandbox)
            until = calls + chance.randrange(2, 700)
            deadline = time.monotonic() + 20
            while process.poll() is None and counted(sandbox) < until and time.monotonic() < deadline:
                await asyncio.sleep(0.002)  # waits for another process
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            if process.stdout:
                process.stdout.close()
            moments.append(sum(rezora_bodies(sandbox).values()))
        process = await started(sandbox, killed)
        output, _ = await asyncio.to_thread(process.communicate)
        done = json.loads(output)
        assert (process.returncode, done["state"]) == (0, "done"), moments
        assert rezora_bodies(sandbox) == wanted
        before = counted(sandbox, "mutating", mutating=True)
        process = await started(sandbox, killed)
        output, _ = await asyncio.to_thread(process.communicate)
        assert json.loads(output)["status"]["waiting"] == 0
        assert counted(sandbox, "mutating", mutating=True) == before
