"""From an edit in HighLevel to the write in Rezora: webhook, receiver, live run; the real processes."""

from __future__ import annotations

import signal
import statistics
import time
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.rig import Rig, free_port, rig, wait_until_up, without_settling
from landbridge.sandbox.highlevel import HighLevelConfig

console = Console(highlight=False, width=120)
QUIET_SECONDS = 3.0  # without a new write: everything is carried


def freshness(rate: float, edits: int, contacts: int) -> None:
    """Edits of the city at a steady rate; each is found again by its own text in Rezora's history.

    With fewer than ten contacts an edit the brake would stop this as a mass of changes.
    """
    port = free_port()
    settings = {
        "highlevel_webhook_keys": HighLevelConfig().webhook_public_key,
        "web_port": port,
        "scan_interval_seconds": 86_400,
        "rezora_poll_seconds": 86_400,
    }
    with rig(contacts, settings=settings) as made:
        without_settling(made)
        for _ in range(2):
            made.run("sync")
        address = f"http://127.0.0.1:{port}"
        server = made.start("serve")
        try:
            wait_until_up(address)
            made.ask("/_sandbox/config", {"highlevel": {"webhook_url": f"{address}/webhooks/highlevel"}})
            sent = _edit(made, rate, edits)
            _show(sent, _arrived(made, edits), rate, contacts)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)


def _edit(made: Rig, rate: float, edits: int) -> dict[str, float]:
    """When each text was typed, epoch seconds."""
    state = made.ask("/_sandbox/state?side=highlevel")
    ids = [contact["id"] for contact in _contacts(state) if _sendable(contact)]
    sent: dict[str, float] = {}
    began = time.time()
    for number in range(edits):
        time.sleep(max(0.0, began + number / rate - time.time()))
        text = f"Town {number:05d}"
        record = ids[number % len(ids)]
        sent[text] = time.time()
        fields = {"city": text}
        made.ask("/_sandbox/edit", {"side": "highlevel", "action": "update", "id": record, "fields": fields})
    return sent


def _contacts(state: Any) -> list[dict[str, Any]]:
    found = state.get("highlevel", state)["contacts"]
    return list(found)


def _sendable(contact: dict[str, Any]) -> bool:
    return bool(contact.get("email")) and not contact.get("dnd")


def _arrived(made: Rig, edits: int) -> dict[str, float]:
    """When Rezora was given each text, once nothing new comes any more."""
    found: dict[str, float] = {}
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET_SECONDS and len(found) < edits:
        time.sleep(0.5)
        before = len(found)
        history = made.ask("/_sandbox/history?side=rezora&method=PUT&actor=api&limit=100000")
        for entry in history["entries"]:
            body = entry["request_body"] or {}
            city = body.get("data", {}).get("contact_home_city", "")
            if city.startswith("Town "):
                found.setdefault(city, datetime.fromisoformat(entry["at"]).timestamp())
        if len(found) != before:
            quiet_since = time.monotonic()
    return found


def _show(sent: dict[str, float], arrived: dict[str, float], rate: float, contacts: int) -> None:
    late = sorted(arrived[text] - at for text, at in sent.items() if text in arrived)
    title = f"{len(sent):,} edits in HighLevel, {rate:g} a second, {contacts:,} contacts, quota free"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_row("written to Rezora", f"{len(late):,}")
    table.add_row("p50, s from the edit to the write", f"{statistics.median(late):.2f}")
    table.add_row("p99", f"{late[int(len(late) * 0.99) - 1]:.2f}")
    table.add_row("slowest", f"{late[-1]:.2f}")
    console.print(table)
    console.print(
        "The settling delay is switched off. An edit that a later one of the same contact overtook is not"
        " written; sandbox, server and this program shared the machine."
    )
