"""What all benchmarks share: a sandbox process, a connected home, commands and their memory."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.rezora import RezoraConfig
from landbridge.sync.mapping import read_policy, write_policy


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended: its exit code, its JSON, its seconds and its peak memory."""

    code: int
    answer: Any
    seconds: float
    peak_megabytes: float


@dataclass(frozen=True, slots=True)
class Rig:
    """One sandbox, and one home folder whose accounts are connected to it."""

    sandbox: str
    home: Path

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What commands need to find the home."""
        return dict(os.environ) | {"LANDBRIDGE_HOME": str(self.home)} | dict(extra or {})

    def start(self, *arguments: str, extra: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a command of Landbridge."""
        return subprocess.Popen(
            [sys.executable, "-m", "landbridge", *arguments],
            env=self.environment(extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Finished:
        """Run a command with --json to its end."""
        return finish(self.start(*arguments, "--json", extra=extra))

    def ask(self, path: str, body: object = None) -> Any:
        """Call the sandbox's control API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.sandbox}{path}", data, headers)  # noqa: S310  # loopback
        with urllib.request.urlopen(request) as answer:  # noqa: S310  # the sandbox's own address
            return json.load(answer)

    def calls(self) -> int:
        """All calls to both APIs, as the sandbox counted them."""
        return int(self.ask("/_sandbox/history?count=1&actor=api")["total"])

    def mutating_calls(self) -> int:
        """Calls that can change something, as the sandbox counted them."""
        return int(self.ask("/_sandbox/history?mutating=1&count=1")["total"])


def finish(process: subprocess.Popen[bytes]) -> Finished:
    """Wait for a command, with the operating system's own account of its memory."""
    began = time.monotonic()
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    answer = json.loads(output) if output.strip() else None
    return Finished(process.returncode, answer, time.monotonic() - began, usage.ru_maxrss / 1024)


@contextmanager
def rig(
    people: int, *, quota: bool = False, empty: bool = False, settings: Mapping[str, object] | None = None
) -> Iterator[Rig]:
    """A fresh sandbox with so many people, and a fresh home with both accounts connected and paired."""
    command = [sys.executable, "-m", "landbridge", "sandbox", "--port", "0", "--people", str(people)]
    command += ["--empty-rezora"] if empty else []
    process = subprocess.Popen(
        [*command, "--quota" if quota else "--no-quota"], stdout=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        found = re.search(r"http://\S+", line)
        if found is None:
            raise RuntimeError("The sandbox did not start; run `landbridge sandbox` to see why.")
        with tempfile.TemporaryDirectory(prefix="landbridge-bench-") as folder:
            made = Rig(found.group(), Path(folder))
            _write_settings(made, {} if settings is None else settings, quota=quota)
            _connect(made)
            yield made
    finally:
        process.terminate()
        process.wait()


def _write_settings(made: Rig, settings: Mapping[str, object], *, quota: bool) -> None:
    values: dict[str, object] = {
        "highlevel_api_url": f"{made.sandbox}/highlevel",
        "rezora_api_url": f"{made.sandbox}/rezora/v1",
        "log_level": "error",
    }
    if not quota:
        values |= {"highlevel_quota_burst": 0, "rezora_quota_burst": 0}
    lines = [f"{name} = {json.dumps(value)}" for name, value in (values | dict(settings)).items()]
    (made.home / "landbridge.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _connect(made: Rig) -> None:
    rezora = RezoraConfig()
    steps = [
        (["connect", "highlevel", "--token-stdin", "--location", HighLevelConfig().location_id], FULL_PIT),
        (["connect", "rezora", "--username", rezora.username, "--password-stdin"], rezora.password),
        (["bridge", "create", "--name", "bench"], ""),
    ]
    for arguments, text in steps:
        subprocess.run(
            [sys.executable, "-m", "landbridge", *arguments],
            env=made.environment(),
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )


def wait_until_up(address: str) -> None:
    """Until the server listens."""
    found = re.search(r":(\d+)$", address)
    port = int(found[1]) if found else 0
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("The server did not start; run `landbridge serve` to see why.")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def without_settling(made: Rig) -> None:
    """Half-typed values are waited for by default (10 s); here the machine is measured, not that pause."""
    command = [sys.executable, "-m", "landbridge", "bridge", "export"]
    text = subprocess.run(command, env=made.environment(), stdout=subprocess.PIPE, check=True).stdout
    policy = read_policy(text.decode())
    file = made.home / "mapping.toml"
    plain = write_policy(policy).replace(f"settle_seconds = {policy.settle_seconds}", "settle_seconds = 0")
    file.write_text(plain, encoding="utf-8")
    made.run("bridge", "create", "--mapping", str(file))
