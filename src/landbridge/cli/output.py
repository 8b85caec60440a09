"""What commands print: tables and bars for people, JSON for scripts, one sentence and its fix for errors."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from landbridge.sync.model import ACTIVITIES
from landbridge.sync.reasons import EXCLUDED, HELD

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.engine.status import Status
    from landbridge.engine.work import Planned, Watch
    from landbridge.engine.work import Progress as RunProgress
    from landbridge.store.runs import Run


DRAW_SECONDS = 0.05


class Exit(IntEnum):
    """Exit codes, for scripts (docs/cli.md)."""

    DONE = 0
    FAILED = 1  # a run or a call failed; the sentence says why
    WRONG_USE = 2  # options, settings or the mapping are wrong
    BRAKED = 3  # a run stopped before its first write and asks
    NOT_CONNECTED = 4  # a credential is missing, refused or lost
    BUSY = 5  # another process works on the bridge
    INTERRUPTED = 130  # Ctrl-C; the next sync continues


class Out:
    """Where a command prints: people or JSON; progress and errors always go to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.people = Console(highlight=False)
        self.aside = Console(stderr=True, highlight=False)

    def json(self, value: object) -> None:
        """One JSON document on standard output."""
        text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2)
        sys.stdout.write(text.decode() + "\n")

    def say(self, sentence: str) -> None:
        """A sentence for people; silent in JSON mode."""
        if not self.as_json:
            self.people.print(escape(sentence))

    def fail(self, sentence: str, fix: str) -> None:
        """What went wrong, and what to do."""
        if self.as_json:
            self.json({"error": sentence, "fix": fix})
        else:
            self.aside.print(f"[bold red]{escape(sentence)}[/]")
            if fix:
                self.aside.print(f"[bold]Fix:[/] {escape(fix)}")

    @contextmanager
    def bar(self) -> Iterator[Watch]:
        """A progress bar that follows a run."""
        if self.as_json:
            yield lambda _progress: None
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.aside) as progress:
            task = progress.add_task("Starting", total=None)

            drawn = ("", 0.0)

            def watch(now: RunProgress) -> None:
                nonlocal drawn
                if (
                    now.stage == drawn[0]
                    and now.done < now.total
                    and time.monotonic() - drawn[1] < DRAW_SECONDS
                ):
                    return  # a contact a line would cost more than the contact
                drawn = (now.stage, time.monotonic())
                total = now.total or None
                progress.update(task, description=f"{now.stage:<20}", completed=now.done, total=total)

            yield watch


_PURPOSES = {"plan": "dry run, ", "undo": "undo, ", "live": "live, ", "poll": "changes, "}


def run_facts(run: Run) -> dict[str, object]:
    """A run as JSON."""
    return {
        "run": run.id,
        "state": run.state,
        "purpose": run.purpose,
        "seconds": round((run.ended_at or run.started_at) - run.started_at, 3),
        "counts": dict(sorted(run.counts.items())),
        "sentence": run.sentence,
        "fix": run.fix,
    }


def status_facts(status: Status) -> dict[str, object]:
    """A bridge's status as JSON."""
    return {
        "bridge": status.bridge.name,
        "sentence": status.sentence,
        "total": status.total,
        "equal": status.equal,
        "waiting": status.waiting,
        "excluded": {share.key: share.count for share in status.excluded},
        "held": {share.key: share.count for share in status.held},
        "runs": [run_facts(run) for run in status.recent],
        "due": status.due,
        "agreement": status.agreement,
        "carried": asdict(status.pulse.freshness),
        "calls_today": {one.side.value: dict(one.by) for one in status.pulse.spending},
        "days": [asdict(day) for day in status.pulse.days],
        "alerts": [alert.sentence for alert in status.pulse.alerts],
        "webhooks_today": dict(status.arrivals),
    }


def live_sentence(status: Status) -> str:
    """What waits between two syncs, and what webhooks came."""
    waits = f"Contacts to be looked at: {status.due:,}"
    came = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(status.arrivals.items()) if number)
    return f"{waits}. Webhooks today, of all bridges: {came or 'none'}."


def pulse_sentences(status: Status) -> list[str]:
    """How fresh both sides are, who called how often today, and what people were told."""
    found, fresh = [], status.pulse.freshness
    if fresh.number:
        found.append(
            f"In the last 24 hours {fresh.number:,} changes were carried: half within {fresh.median:,} s,"
            f" 99 of 100 within {fresh.most:,} s of when Landbridge heard of them."
        )
    for one in status.pulse.spending:
        by = ", ".join(f"{count:,} by {name}" for name, count in one.by.items() if count)
        of = f"{one.used:,} of {one.daily:,}" if one.daily else f"{one.ours:,}"
        found.append(f"Calls to {one.side.title} today: {of}{f' ({by})' if by else ''}.")
    return found + [f"{alert.sentence} {alert.fix}" for alert in status.pulse.alerts]


def status_table(status: Status) -> Table:
    """Where the contacts stand, with every reason."""
    table = Table(title=f"{escape(status.bridge.name)}: contacts", title_justify="left")
    table.add_column("Where they stand")
    table.add_column("Contacts", justify="right")
    table.add_column("What it means, what to do")
    table.add_row("In sync", f"{status.equal:,}", "Equal on both sides")
    if status.waiting:
        table.add_row("Waiting", f"{status.waiting:,}", "Written with the next sync")
    for title, shares in (("Left out", status.excluded), ("Waiting for you", status.held)):
        for share in shares:
            table.add_row(f"{title}: {share.reason.title}", f"{share.count:,}", share.reason.fix)
    table.add_section()
    table.add_row("All contacts", f"{status.total:,}", "")
    return table


def runs_table(runs: list[Run]) -> Table:
    """The newest runs."""
    table = Table(title="Last runs", title_justify="left")
    for name in ("Run", "Started (UTC)", "Took", "Result", "Created", "Linked", "Updated", "Writes", "Calls"):
        table.add_column(name, justify="left" if name in ("Started (UTC)", "Result") else "right")
    for run in runs:
        counts = run.counts
        table.add_row(
            str(run.id),
            when(run.started_at),
            took((run.ended_at or run.started_at) - run.started_at),
            _PURPOSES.get(run.purpose, "") + run.state,
            f"{counts.get('created', 0):,}",
            f"{counts.get('linked', 0):,}",
            f"{counts.get('updated', 0):,}",
            f"{counts.get('writes', 0):,}",
            f"{calls_of(run):,}",
        )
    return table


def calls_of(run: Run) -> int:
    """API calls of a run, to both sides; retries among them."""
    return run.counts.get("calls_highlevel", 0) + run.counts.get("calls_rezora", 0)


def calls_sentence(run: Run) -> str:
    """What a run asked of both sides, and what is left of HighLevel's day."""
    counts = run.counts
    made = f"{counts.get('calls_highlevel', 0):,} calls to HighLevel and {counts.get('calls_rezora', 0):,} to"
    waited = counts.get("waited_highlevel", 0) + counts.get("waited_rezora", 0)
    held_up = f", and waited {took(waited)} for the quota" if waited else ""
    left = counts.get("quota_day_left")
    day = "" if left is None else f" HighLevel's quota had {left:,} calls left of the day."
    return f"Run {run.id} made {made} Rezora{held_up}.{day}"


PLAN_ROWS = (
    ("create", "Create in Rezora"),
    ("link", "Link: the same person is already in Rezora"),
    ("update", "Update in Rezora"),
    ("opt_out", "Stop e-mail in Rezora"),
    ("list", "List changes in Rezora"),
    ("enter_scope", "Enter the scope"),
    ("leave_scope", "Leave the scope: the link ends, nothing is deleted"),
    ("equal", "Nothing to do"),
)
PLAN_NOTES = {
    "equal": "Includes those to create or link",
    "enter_scope": "They were outside; counted in the other rows too",
    "leave_scope": "Counted among those left out, too",
}


def plan_table(counts: Mapping[str, int]) -> Table:
    """What a sync would do, in numbers and with every reason."""
    table = Table(title="What a sync would do (nothing was written)", title_justify="left")
    table.add_column("Action")
    table.add_column("Contacts", justify="right")
    table.add_column("Why")
    for key, title in PLAN_ROWS:
        if counts.get(key):
            note = PLAN_NOTES.get(key, "")
            table.add_row("Equal afterwards" if key == "equal" else title, f"{counts[key]:,}", note)
    for prefix, title, reasons in (("excluded.", "Leave out", EXCLUDED), ("held.", "Hold", HELD)):
        for key, count in sorted(counts.items()):
            if key.startswith(prefix):
                reason = reasons[key.removeprefix(prefix)]
                table.add_row(f"{title}: {reason.title}", f"{count:,}", reason.fix)
    return table


def activities_table(counts: Mapping[str, int]) -> Table | None:
    """What was done to tasks, notes and appointments, or would be; None where nothing was."""
    words = ("created", "updated", "deleted", "held")
    rows = {kind: [counts.get(f"{kind.value}s_{word}", 0) for word in words] for kind in ACTIVITIES}
    if not any(any(numbers) for numbers in rows.values()):
        return None
    table = Table(title="Tasks, notes and appointments", title_justify="left")
    for name in ("", "Create", "Update", "Delete", "Hold"):
        table.add_column(name, justify="right" if name else "left")
    for kind, numbers in rows.items():
        if any(numbers):
            table.add_row(f"{kind.value.capitalize()}s", *(f"{number:,}" for number in numbers))
    return table


def activities_sentence(counts: Mapping[str, int]) -> str:
    """What HighLevel has; what belongs to contacts that a sync links goes with them. Blank for none."""
    found = [
        f"{number:,} {kind.value}{'' if number == 1 else 's'}"
        for kind in ACTIVITIES
        if (number := counts.get(f"{kind.value}s_there", 0))
    ]
    if not found:
        return ""
    return f"HighLevel has {' and '.join(found)} that were read; they follow once their contacts are linked."


def lines_table(lines: list[Planned], limit: int) -> Table:
    """Single contacts of a dry run."""
    shown = lines if limit == 0 else lines[:limit]
    title = f"Contacts ({len(shown):,} of {len(lines):,} lines; --all shows every one)"
    table = Table(title=title, title_justify="left")
    for name in ("Contact", "Name", "Action", "Why"):
        table.add_column(name)
    for line in shown:
        table.add_row(line.highlevel_id, escape(line.name), line.action, escape(line.reason))
    return table


def when(at: float) -> str:
    """A time for a table."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def took(seconds: float) -> str:
    """A span for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
