"""``make bench``: first sync beside a bare loop, quota, kills, webhooks on request; no assertions."""

from __future__ import annotations

import argparse
import json
import math
import random
import signal
import statistics
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.activities import activities
from bench.contacts import contacts
from bench.freshness import freshness
from bench.pages import pages
from bench.rig import Rig, finish, rig
from bench.webhooks import webhooks
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.rezora import RezoraConfig

console = Console(highlight=False, width=120)
NAMES = "first, quota, kills, webhooks, freshness, activities, contacts, pages"


def first_sync(contacts: int, rounds: int) -> None:
    """Contacts a second, peak memory and calls of a first sync, beside a bare loop with the same requests."""
    ours, bare, peaks, commands = [], [], [], []
    reads = writes = 0
    for _ in range(rounds):
        with rig(contacts, empty=True) as made:
            before, connecting = made.calls(), made.mutating_calls()
            done = made.run("sync")
            writes = made.mutating_calls() - connecting
            reads = made.calls() - before - writes
            ours.append(done.answer["seconds"])
            peaks.append(done.peak_megabytes)
            commands.append(done.seconds)
            bare.append(_bare(made))
            again = made.run("sync")
            second = (again.answer["seconds"], made.mutating_calls() - writes)
    table = Table(
        title=f"First sync of {contacts:,} contacts, medians of {rounds} rounds", title_justify="left"
    )
    for name in ("", "Landbridge", "Bare aiohttp + msgspec", "Ratio"):
        table.add_column(name, justify="right")
    a, b = statistics.median(ours), statistics.median(bare)
    table.add_row("seconds", f"{a:.2f}", f"{b:.2f}", f"{b / a:.0%} of the bare rate")
    table.add_row("contacts a second", f"{contacts / a:,.0f}", f"{contacts / b:,.0f}", "aim: 60 %")
    table.add_row("peak memory, MB", f"{statistics.median(peaks):.0f}", "", "aim: under 200")
    table.add_row("whole command, s", f"{statistics.median(commands):.2f}", "", "with start-up")
    expected = math.ceil(contacts / 500) + 1
    table.add_row("read calls", f"{reads:,}", f"{expected:,}", "aim: equal, ceil(C/500)+1")
    table.add_row("write calls", f"{writes:,}", f"{writes:,}", "")
    table.add_row("second sync, s", f"{second[0]:.2f}", "", f"{second[1]} mutating calls")
    console.print(table)


def _bare(made: Rig) -> float:
    """Replay the very bodies that Landbridge sent, against the sandbox as it was before."""
    history = made.ask("/_sandbox/history?side=rezora&method=POST&bodies=1")
    bodies = [entry["request_body"] for entry in history["entries"]]
    made.ask("/_sandbox/reset", {})
    rezora = RezoraConfig()
    given = {
        "sandbox": made.sandbox,
        "location": HighLevelConfig().location_id,
        "token": FULL_PIT,
        "login": [rezora.username, rezora.password],
        "bodies": [body if isinstance(body, str) else json.dumps(body) for body in bodies],
    }
    file = made.home / "bare.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    with subprocess.Popen([sys.executable, "-m", "bench.bare", str(file)], stdout=subprocess.PIPE) as process:
        return float(finish(process).answer["seconds"])


def quota(contacts: int, page_size: int) -> None:
    """With 100 calls in 10 s on both sides: no 429, and how much of the allowed rate is used."""
    settings = {"highlevel_page_size": page_size}
    with rig(contacts, quota=True, settings=settings) as made:
        made.ask("/_sandbox/config", {"rezora": {"burst": 100, "interval_ms": 10_000}})
        made.run("sync")
        entries = made.ask("/_sandbox/history")["entries"]
    table = Table(title="Quota on: 100 calls in 10 s", title_justify="left")
    for name in ("", "Calls", "429 answers", "Seconds", "Fastest allowed", "Share of the allowed rate"):
        table.add_column(name, justify="right")
    for side in ("highlevel", "rezora"):
        calls = [e for e in entries if e["side"] == side and e["actor"] == "api"]
        begins = "/search" if side == "highlevel" else "/contacts.json"
        first = next(n for n, e in enumerate(calls) if e["path"].endswith(begins))
        calls = calls[first:]  # from the first page, and the first create
        refused = sum(1 for e in calls if e["status"] == 429)
        times = [_moment(e) for e in calls]
        spent = times[-1] - times[0]
        fastest = (math.ceil(len(calls) / 100) - 1) * 10
        table.add_row(
            side, f"{len(calls):,}", str(refused), f"{spent:.1f}", f"{fastest}", f"{fastest / spent:.1%}"
        )
    console.print(table)


def _moment(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(entry["at"]).timestamp()


def kills(contacts: int, count: int, seed: int) -> None:
    """kill -9 at random moments of the first sync, then let it finish: nobody twice, nobody missing."""
    chance = random.Random(seed)
    with rig(contacts) as made:
        before = len(_rezora_contacts(made))
        moments = []
        for _ in range(count):
            process = made.start("sync", "--json")
            _wait_for_run(made, process)
            pause = chance.uniform(0.2, 3.5)
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            process.wait()
            moments.append(f"{pause:.1f} s, {len(_rezora_contacts(made)) - before:,} there")
        done = made.run("sync")
        made.run("sync")
        after = _rezora_contacts(made)
        status = made.run("status").answer[0]
    bodies = [
        json.dumps({k: v for k, v in c.items() if k not in ("contact_id", "contact_date")}) for c in after
    ]
    table = Table(title=f"{count} x kill -9 in the first sync of {contacts:,} contacts", title_justify="left")
    table.add_column("")
    table.add_column("")
    for number, moment in enumerate(moments, 1):
        table.add_row(f"kill {number} after", moment)
    table.add_row("final run", f"{done.answer['state']}, exit code {done.code}")
    table.add_row("created", f"{len(after) - before:,}")
    table.add_row("equal / held / left out / waiting", _standings(status))
    table.add_row("equal bodies beyond the first", f"{len(bodies) - len(set(bodies))}")
    console.print(table)


def _wait_for_run(made: Rig, process: subprocess.Popen[bytes]) -> None:
    """Until the process has sent its first request of this run."""
    start = made.ask("/_sandbox/history?count=1")["total"]
    while process.poll() is None and made.ask("/_sandbox/history?count=1")["total"] == start:
        time.sleep(0.02)


def _standings(status: dict[str, Any]) -> str:
    held, left_out = sum(status["held"].values()), sum(status["excluded"].values())
    return f"{status['equal']:,} / {held:,} / {left_out:,} / {status['waiting']:,} of {status['total']:,}"


def _rezora_contacts(made: Rig) -> list[dict[str, Any]]:
    state = made.ask("/_sandbox/state?side=rezora")
    side = state.get("rezora", state)
    return [contact["fields"] for contact in side["contacts"]]


def main() -> None:
    """Choose with names; all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    usual = ["first", "quota", "kills"]
    parser.add_argument("names", nargs="*", default=usual, metavar="NAME", help=NAMES)
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=500, help="webhooks a second")
    parser.add_argument("--seconds", type=int, default=60, help="how long webhooks are sent")
    given = parser.parse_args()
    if "first" in given.names:
        first_sync(given.contacts, given.rounds)
    if "quota" in given.names:
        quota(min(given.contacts, 1_000), page_size=2)
    if "kills" in given.names:
        kills(given.contacts, 5, given.seed)
    if "webhooks" in given.names:
        webhooks(given.rate, given.seconds)
    if "contacts" in given.names:
        contacts(given.contacts, max(given.rounds, 5))
    if "pages" in given.names:
        pages(given.contacts)
    if "activities" in given.names:
        activities(min(given.contacts, 1_000))
    if "freshness" in given.names:
        freshness(5.0, 300, min(given.contacts, 5_000))


if __name__ == "__main__":
    main()
