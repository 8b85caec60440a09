"""Tasks, notes and appointments of a whole account: equal after one scan, and calls against the least."""

from __future__ import annotations

import html
import math
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from bench.rig import Rig, rig, without_settling
from landbridge.sandbox.rezora import RezoraConfig

console = Console(highlight=False, width=120)
NOTES = (
    "Called, no answer",
    "Called, no answer",
    "<p>Wants a <strong>garden</strong> &amp; a garage</p><ul><li>3 bedrooms</li><li>near a school</li></ul>",
)
ZONE = ZoneInfo("America/Chicago")
DST_WEEKS = (datetime(2027, 3, 13, 9, tzinfo=ZONE), datetime(2026, 10, 31, 9, tzinfo=ZONE))


def activities(contacts: int) -> None:
    """Three notes, one and a half tasks and four appointments for ten contacts, then two whole scans."""
    with rig(0, empty=True) as made:
        ids = _people(made, contacts)
        without_settling(made)
        made.run("sync")
        booked = _fill(made, ids)
        _carry(made)
        start = _history(made)
        first = made.run("sync", "--everything")
        middle = _history(made)
        second = made.run("sync", "--everything")
        end = _history(made)
        calendars = len(_state(made, "highlevel")["tables"]["calendars"])
        equal = _equal(made)
    numbers = {
        "contacts": contacts,
        "notes": contacts * 3,
        "tasks": contacts * 3 // 2,
        "appointments": booked,
    }
    console.print(_calls_table(numbers, calendars, _between(start, middle), _between(middle, end)))
    console.print(_result_table(numbers, equal, first, second, _writes(middle, end)))


def _people(made: Rig, number: int) -> list[str]:
    """Contacts that are sure to be carried."""
    found = []
    for one in range(number):
        fields = {"firstName": f"Ada{one}", "lastName": "Byron", "email": f"ada{one}@example.org"}
        command = {"side": "highlevel", "action": "create", "fields": fields}
        found.append(made.ask("/_sandbox/edit", command)["id"])
    return found


def _fill(made: Rig, ids: list[str]) -> int:
    """What an office has; gives the number of appointments."""
    booked = 0
    for number, contact in enumerate(ids):
        for body in NOTES:
            _add(made, "note", contact, {"body": body})
        for one in range(1 + number % 2):
            due = f"2026-12-{1 + number % 28:02}T{15 + one}:00:00.000Z"
            _add(
                made, "task", contact, {"title": f"Call {one}", "dueDate": due, "completed": number % 3 == 0}
            )
        if number % 5 < 2:
            _add(made, "appointment", contact, _appointment(number))
            booked += 1
    return booked


def _appointment(number: int) -> dict[str, Any]:
    """By turns: an hour, a whole day, a series, and the mornings around a change of the clocks."""
    start = DST_WEEKS[number % 2] + timedelta(days=number % 3)
    more: dict[str, Any] = {}
    length = timedelta(hours=1)
    if number % 10 == 1:
        start, length = start.replace(hour=0), timedelta(days=1)
    if number % 10 == 5:
        more = {"rrule": "FREQ=WEEKLY;COUNT=4"}
    status = ("confirmed", "showed", "noshow", "cancelled")[number // 5 % 4]
    times = {"startTime": start.isoformat(), "endTime": (start + length).isoformat()}
    return {"title": f"Tour {number}", "appointmentStatus": status, **times, **more}


def _add(made: Rig, kind: str, contact: str, fields: dict[str, Any]) -> None:
    command = {"side": "highlevel", "kind": kind, "action": "create", "contactId": contact, "fields": fields}
    made.ask("/_sandbox/edit", command)


def _carry(made: Rig) -> None:
    """An account with activities is connected anew, and all three kinds are carried."""
    made.ask("/_sandbox/config", {"rezora": {"activities": True}})
    login = RezoraConfig()
    steps = [["connect", "rezora", "--username", login.username, "--password-stdin"]]
    steps += [["bridge", "carry", kind] for kind in ("tasks", "notes", "appointments")]
    for arguments in steps:
        subprocess.run(
            [sys.executable, "-m", "landbridge", *arguments],
            env=made.environment(),
            input=login.password.encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )


# What was asked

KINDS = (
    ("contacts", "highlevel", r"/contacts/search$"),
    ("tasks", "highlevel", r"/tasks/search$"),
    ("notes", "highlevel", r"/contacts/[^/]+/notes$"),
    ("appointments", "highlevel", r"/calendars/"),
    ("other reads", "highlevel", r"."),
    ("contacts", "rezora", r"/contacts\.json$"),
    ("tasks", "rezora", r"/tasks\.json$"),
    ("notes", "rezora", r"/notes\.json$"),
    ("appointments", "rezora", r"/appointments\.json$"),
    ("other reads", "rezora", r"."),
)


def _history(made: Rig) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = made.ask("/_sandbox/history?actor=api")["entries"]
    return entries


def _between(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Reads by kind and side."""
    last = before[-1]["number"] if before else 0
    found: Counter[tuple[str, str]] = Counter()
    for entry in after:
        if entry["number"] > last and not entry["mutating"]:
            kind = next(
                k for k, side, path in KINDS if side == entry["side"] and re.search(path, entry["path"])
            )
            found[kind, entry["side"]] += 1
    return found


def _writes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> int:
    last = before[-1]["number"] if before else 0
    return sum(1 for entry in after if entry["number"] > last and entry["mutating"])


def _calls_table(
    numbers: dict[str, int], calendars: int, first: Counter[tuple[str, str]], second: Counter[tuple[str, str]]
) -> Table:
    """The least possible is that of the vendor's API, contact by contact where it has no listing."""
    least = {
        ("contacts", "highlevel"): math.ceil(numbers["contacts"] / 500),
        ("tasks", "highlevel"): math.ceil(numbers["tasks"] / 100),
        ("notes", "highlevel"): numbers["contacts"],
        ("appointments", "highlevel"): 1 + calendars,
        ("contacts", "rezora"): 1,
    } | {(kind, "rezora"): numbers["contacts"] for kind in ("tasks", "notes", "appointments")}
    table = Table(title="Read calls of a whole scan", title_justify="left")
    for name in ("", "Least", "First scan", "Second scan", "Second / least"):
        table.add_column(name, justify="right" if name else "left")
    for side in ("highlevel", "rezora"):
        whole = [0, 0, 0]
        for kind, at, _ in KINDS:
            if at != side:
                continue
            row = [least.get((kind, side), 0), first[kind, side], second[kind, side]]
            whole = [a + b for a, b in zip(whole, row, strict=True)]
            ratio = f"{row[2] / row[0]:.3f}" if row[0] else "-"
            table.add_row(f"{side} {kind}", *(f"{number:,}" for number in row), ratio)
        table.add_row(
            f"{side}, all", *(f"{number:,}" for number in whole), f"{whole[2] / whole[0]:.3f}", style="bold"
        )
    return table


# What came of it


def _state(made: Rig, side: str) -> dict[str, Any]:
    state = made.ask(f"/_sandbox/state?side={side}")
    found: dict[str, Any] = state.get(side, state)
    return found


def _equal(made: Rig) -> dict[str, int]:
    """How many of each kind say the same on both sides."""
    highlevel, rezora = _state(made, "highlevel")["tables"], _state(made, "rezora")["activities"]
    ours: dict[str, Counter[Any]] = {
        "notes": Counter(_words(row["body"]) for row in highlevel["notes"]),
        "tasks": Counter((row["title"], bool(row["completed"])) for row in highlevel["tasks"]),
        "appointments": Counter(
            (row["title"], row["appointmentStatus"]) for row in highlevel["appointments"]
        ),
    }
    rows = {
        kind: [row for contact in rezora[kind].values() for row in _rows(contact)]
        for kind in ("note", "task", "appointment")
    }
    theirs: dict[str, Counter[Any]] = {
        "notes": Counter(_words(row["note_body"]) for row in rows["note"]),
        "tasks": Counter((row["task_title"], row["task_completed"] == "1") for row in rows["task"]),
        "appointments": Counter(
            (row["appointment_title"], row["appointment_status"]) for row in rows["appointment"]
        ),
    }
    return {kind: sum((ours[kind] & theirs[kind]).values()) for kind in ours}


def _rows(contact: Any) -> list[dict[str, str]]:
    return list(contact.values()) if isinstance(contact, dict) else list(contact)


def _words(body: str) -> str:
    text = html.unescape(re.sub(r"<[^>]*>", " ", body))
    return " ".join(re.sub(r"— [^—]*HighLevel, .*$", "", text, flags=re.S).split())


def _result_table(
    numbers: dict[str, int], equal: dict[str, int], first: Any, second: Any, writes: int
) -> Table:
    title = f"{numbers['contacts']:,} contacts with all that belongs to them"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for kind, number in equal.items():
        table.add_row(f"{kind} equal after one scan", f"{number:,} of {numbers[kind]:,}")
    table.add_row("writes of the second scan", f"{writes:,}")
    table.add_row(
        "seconds, first and second", f"{first.answer['seconds']:.1f} and {second.answer['seconds']:.1f}"
    )
    table.add_row("peak memory, MB", f"{max(first.peak_megabytes, second.peak_megabytes):.0f}")
    return table
