"""Webhooks at a steady rate against the real server: acknowledgements a second, latency, and nothing lost."""

from __future__ import annotations

import base64
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console
from rich.table import Table

from bench.rig import Rig, free_port, rig, wait_until_up
from landbridge.sandbox.highlevel import HighLevelConfig

console = Console(highlight=False, width=120)


def webhooks(rate: int, seconds: int) -> None:
    """Distinct signed deliveries at this rate, from another process; then the database is counted."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    settings = {
        "highlevel_webhook_keys": base64.b64encode(public).decode(),
        "web_port": free_port(),
        "scan_interval_seconds": 86_400,
    }
    with rig(20, settings=settings) as made, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "deliveries.jsonl"
        _write_deliveries(file, key, rate * seconds)
        server = made.start("serve")
        try:
            address = f"http://127.0.0.1:{settings['web_port']}"
            wait_until_up(address)
            before = _cpu_seconds(server.pid)
            command = [sys.executable, "-m", "bench.webhook_sender", f"{address}/webhooks/highlevel"]
            sent = subprocess.run(
                [*command, str(file), str(rate)], stdout=subprocess.PIPE, check=True, timeout=seconds * 4 + 60
            )
            spent = _cpu_seconds(server.pid) - before
            told = json.loads(sent.stdout)
            _show(told, rate, seconds, spent, _rows(made))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)


def _write_deliveries(file: Path, key: Ed25519PrivateKey, count: int) -> None:
    """A contact of its own for every tenth, so that records are named again as they are in life."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    location = HighLevelConfig().location_id
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            body = {
                "type": "ContactUpdate",
                "locationId": location,
                "webhookId": f"00000000-0000-4000-8000-{number:012d}",
                "timestamp": now,
                "id": f"contact{number // 10:013d}",
                "firstName": "Ada",
                "lastName": "Brook",
                "email": "ada.brook@example.com",
                "phone": "+13035550142",
                "tags": ["buyer", "newsletter"],
                "customFields": [{"id": f"field{field}", "value": "x" * 20} for field in range(10)],
            }
            raw = json.dumps(body)
            signature = base64.b64encode(key.sign(raw.encode())).decode()
            out.write(json.dumps([raw, signature]) + "\n")


def _show(told: dict[str, Any], rate: int, seconds: int, spent: float, rows: dict[str, int]) -> None:
    title = f"Webhooks: {rate:,} a second for {seconds} s, SQLite, one server process"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    statuses = told["statuses"]
    good = statuses.get("200", 0)
    table.add_row("answered 200 a second", f"{good / told['seconds']:,.0f}")
    for name in ("p50", "p99", "max"):
        table.add_row(f"{name}, ms from the planned moment", f"{told[name]:.1f}")
    table.add_row(
        "answers 200 / 429 / other",
        " / ".join(
            f"{number:,}"
            for number in (
                good,
                statuses.get("429", 0),
                sum(statuses.values()) - good - statuses.get("429", 0),
            )
        ),
    )
    table.add_row("server's CPU, ms a delivery", f"{1000 * spent / sum(statuses.values()):.2f}")
    table.add_row("deliveries in the database", f"{rows['delivery']:,}")
    table.add_row("acknowledged and not there", f"{max(good - rows['delivery'], 0):,}")
    table.add_row("records due", f"{rows['due']:,}")
    console.print(table)
    console.print(
        f"Sender and server shared {os.cpu_count()} processors; the sender's own delays are in the latency."
    )


def _rows(made: Rig) -> dict[str, int]:
    with closing(sqlite3.connect(made.home / "landbridge.sqlite3")) as raw:
        query = {
            "delivery": "SELECT count(*) FROM delivery WHERE type = 'ContactUpdate'",
            "due": "SELECT count(*) FROM due",
        }
        return {name: raw.execute(text).fetchone()[0] for name, text in query.items()}


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
