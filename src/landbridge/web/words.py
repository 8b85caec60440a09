"""The words of the pages: numbers, times, stages and actions as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from markupsafe import Markup, escape

from landbridge.engine.desk import ALLOWED
from landbridge.engine.work import Stage
from landbridge.store.runs import Run
from landbridge.sync.model import Side
from landbridge.sync.reasons import EXCLUDED, HELD, Reason
from landbridge.sync.recipe_times import zone_of

STEPS = ("Read HighLevel", "Read Rezora", "Match people", "Write the changes")
_STAGES: Mapping[str, tuple[int, str]] = {  # the engine's stage: the step above it belongs to, and its words
    "prepare": (0, "Getting ready"),
    "highlevel": (0, "Reading HighLevel"),
    "rezora": (1, "Reading Rezora"),
    "suppress": (2, "Carrying opt-outs"),
    "gone": (2, "Looking for contacts that are gone"),
    "match": (2, "Matching people"),
    "weigh": (2, "Weighing the plan"),
    "forecast": (3, "Planning"),
    "apply": (3, "Writing the changes"),
    "settle": (3, "Waiting for edits to settle"),
    "activities": (3, "Reading tasks and appointments"),
    "read_contacts": (3, "Reading notes, contact by contact"),
    "weigh_activities": (3, "Weighing the activities"),
    "forecast_activities": (3, "Planning the activities"),
    "carry_activities": (3, "Carrying tasks, notes and appointments"),
    "lists": (3, "Keeping the lists"),
    "look_tasks": (1, "Looking for changed tasks"),
    "finish": (3, "Finishing"),
    "live": (3, "Carrying changes"),
    "look_highlevel": (0, "Looking for changes in HighLevel"),
    "look_rezora": (1, "Looking for changes in Rezora"),
    "mark": (3, "Finishing the look"),
}
COUNTS: Mapping[str, str] = {  # counters of a run that people care about
    "created": "created",
    "updated": "updated",
    "linked": "linked",
    "opted_out": "opt-outs carried",
    "listed": "tags and lists added",
    "unlisted": "tags and lists taken off",
    "deleted": "deleted",
    "tasks_created": "tasks created",
    "tasks_updated": "tasks updated",
    "tasks_deleted": "tasks deleted",
    "notes_created": "notes created",
    "notes_updated": "notes updated",
    "notes_deleted": "notes deleted",
    "appointments_created": "appointments created",
    "appointments_updated": "appointments updated",
    "appointments_deleted": "appointments deleted",
    "failed": "failed",
}
CAUSES = {
    "command": "Command line",
    "page": "This page",
    "schedule": "Schedule",
    "api": "API",
    "event": "Webhook",
    "asked": "Somebody asked",
    "look up": "A create without an answer",
}
RESULTS = {"running": "Running", "done": "Done", "failed": "Failed", "braked": "Stopped to ask"}
_PURPOSES = {"plan": "Dry run", "undo": "Undo", "live": "Live", "poll": "Look for changes"}
_ACTIONS = {
    "create": "Created in {}",
    "link": "Linked with {}",
    "update": "Updated in {}",
    "opt_out": "E-mail stopped in {}",
    "join": "Tagged or added to a list in {}",
    "leave": "Tag or list taken off in {}",
    "new list": "List made in {}",
    "delete": "Deleted in {}",
    "unlink": "Gone from {}",
    "merged": "Merged in {}",
    "undo": "Undone in {}",
    "decided": "Decided by you in {}",
    "failed": "Failed in {}",
    "operation": "Called in {}",
}

# The same without the system, to choose from.
ACTIONS = {name: re.sub(r" (in|with|from) \{\}$", "", text) for name, text in _ACTIONS.items()}
UNDOABLE = ("create", "update", "join", "leave", "undo")  # as engine/undo.py puts them back


def number(value: float) -> str:
    """With thousands separators."""
    return f"{value:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 contact``, ``2,000 contacts``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def exact(at: float) -> str:
    """Epoch seconds as UTC, for titles."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def machine(at: float) -> str:
    """Epoch seconds as the ``datetime`` attribute of a ``time`` element wants them."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_time(at: float) -> str:
    """The time of day in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")


def ago(at: float, now: float) -> str:
    """How long ago, in words; the date when it is over a month."""
    seconds = now - at
    if seconds < 60:
        return "just now" if seconds < 10 else "less than a minute ago"
    for length, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            if name == "day" and count > 31:
                break
            return f"{plural(count, name)} ago"
    return datetime.fromtimestamp(at, UTC).strftime("on %Y-%m-%d")


def until(at: float, now: float) -> str:
    """How soon, in words; the date when it is over a month."""
    seconds = at - now
    if seconds < 60:
        return "in less than a minute"
    for length, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            if name == "day" and count > 31:
                break
            return f"in {plural(count, name)}"
    return datetime.fromtimestamp(at, UTC).strftime("on %Y-%m-%d")


def took(seconds: float) -> str:
    """A span: ``0.4 s``, ``1 min 12 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def within(seconds: int) -> str:
    """An upper bound in words: ``5 seconds``, ``3 minutes``, ``2 hours``."""
    for length, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds > 86_400:
            return "more than a day"
        if seconds >= length and seconds % length == 0:
            return plural(seconds // length, name)
    return plural(seconds, "second")


def coded(text: str) -> Markup:
    """Escaped text in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped just before


def stage_of(run: Run) -> tuple[int, str]:
    """Which of ``STEPS`` a run is at, and what it does in words."""
    try:
        stage = Stage.read(run.stage)
    except msgspec.MsgspecError:
        return 0, "Getting ready"
    if stage.passes and stage.at in ("rezora", "match"):
        return 3, "Looking up creates that got no answer"
    return _STAGES.get(stage.at, (0, "Working"))


def counted(run: Run | None) -> list[tuple[str, int]]:
    """What a run did, in words; counters that are zero are left out."""
    if run is None:
        return []
    return [(title, run.counts[key]) for key, title in COUNTS.items() if run.counts.get(key)]


def cause(run: Run) -> str:
    """Who asked for a run."""
    return CAUSES.get(run.cause, run.cause)


def result(run: Run) -> str:
    """How a run ended."""
    words = RESULTS.get(run.state, run.state)
    kind = _PURPOSES.get(run.purpose, "")
    return f"{kind}: {words.lower()}" if kind else words


def action(name: str, side: Side) -> str:
    """What a journal entry says was done."""
    return _ACTIONS.get(name, name + " in {}").format(side.title)


def answers(cause: str) -> tuple[str, ...]:
    """What a person may answer to a hold of this cause."""
    return ALLOWED.get(cause, ())


def standing(word: str, reason: str) -> str:
    """Where one contact of a list stands, in a few words."""
    known = (EXCLUDED | HELD).get(reason)
    if known is not None:
        return known.title
    return {"equal": "In sync", "waiting": "Waiting", "held": "Waits for you"}.get(word, reason or "Left out")


def reason(key: str) -> Reason | None:
    """Why a contact is left out or waits; None for a key that this version does not know."""
    return (EXCLUDED | HELD).get(key)


def local_time(at: float, zone: str) -> str:
    """Epoch seconds on the clock of a place, such as ``Wed 25 Nov 2026, 09:00``."""
    return datetime.fromtimestamp(at, zone_of(zone)).strftime("%a %-d %b %Y, %H:%M")


def held(key: str) -> Reason:
    """The reason of a hold; its bare name when it is of a newer version."""
    return HELD.get(key) or Reason(key, key, "Update Landbridge to the version that wrote this.")
