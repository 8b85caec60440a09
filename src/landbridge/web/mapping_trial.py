"""What a test of a mapping found, in lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landbridge.engine.trials import Trial
from landbridge.sync.reasons import EXCLUDED, HELD

_ROWS: Mapping[str, str] = {
    "create_rezora": "Create in Rezora",
    "create_highlevel": "Create in HighLevel",
    "link": "Link: the same person is on both sides",
    "update": "Change fields",
    "opt_out": "Stop e-mail",
    "list": "Change tags or lists",
    "delete": "Delete, as you approved",
    "enter_scope": "Come into the scope",
    "leave_scope": "Leave the scope: the link ends, nothing is deleted",
    "equal": "In agreement afterwards",
}


@dataclass(frozen=True, slots=True)
class FoundLine:
    """So many contacts, and what would become of them; ``fix`` where a person can do something."""

    title: str
    count: int
    fix: str = ""


def found_lines(trial: Trial | None) -> list[FoundLine]:
    """The counts of a test that is done, exact; empty for any other."""
    if trial is None or trial.result is None:
        return []
    counts = trial.result.run.counts
    found = [FoundLine(title, counts[key]) for key, title in _ROWS.items() if counts.get(key)]
    for prefix, title, reasons in (("held.", "Wait for you", HELD), ("excluded.", "Leave out", EXCLUDED)):
        for key in sorted(counts, key=lambda key: (-counts[key], key)):
            reason = reasons.get(key.removeprefix(prefix)) if key.startswith(prefix) else None
            if reason is not None:
                found.append(FoundLine(f"{title}: {reason.title.lower()}", counts[key], reason.fix))
    return found
