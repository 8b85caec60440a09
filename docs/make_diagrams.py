"""Draws the diagrams of docs/pictures: boxes on a grid and arrows, as SVG, light and dark."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDE, HIGH = 200, 58  # of a box
ACROSS, DOWN = 44, 40  # between boxes
EDGE = 20
LINE = 17

# As attributes light colours on a light ground, so that the drawing is whole where a style is not applied.
STYLE = """
.ground{fill:#fff}.text{fill:#1c2129}.quiet{fill:#5b6472}.arrow{stroke:#5b6472}.head{fill:#5b6472}
.box{fill:#f4f6f9;stroke:#7d8796}.core{fill:#d8eef3;stroke:#0b6580}.side{fill:#fdf0dc;stroke:#b45309}
.store{fill:#e3f3ea;stroke:#1b7f4d}.stop{fill:#fbe6e4;stroke:#b3261e}
@media (prefers-color-scheme:dark){
.ground{fill:#191f29}.text{fill:#eef1f5}.quiet{fill:#9aa4b5}.arrow{stroke:#9aa4b5}.head{fill:#9aa4b5}
.box{fill:#11151c;stroke:#6f7b8f}.core{fill:#0d3541;stroke:#63c4de}.side{fill:#3d2a10;stroke:#f0a04b}
.store{fill:#12352a;stroke:#4cc38a}.stop{fill:#431b18;stroke:#ff8a80}}
"""
FILLS = {
    "box": ("#f4f6f9", "#7d8796"),
    "core": ("#d8eef3", "#0b6580"),
    "side": ("#fdf0dc", "#b45309"),
    "store": ("#e3f3ea", "#1b7f4d"),
    "stop": ("#fbe6e4", "#b3261e"),
}


@dataclass(frozen=True)
class Box:
    """At a column and a row; lines of text, the first one bold; ``span`` columns wide."""

    name: str
    column: float
    row: float
    lines: tuple[str, ...]
    kind: str = "box"
    span: int = 1

    @property
    def left(self) -> float:
        return EDGE + self.column * (WIDE + ACROSS)

    @property
    def top(self) -> float:
        return EDGE + self.row * (HIGH + DOWN)

    @property
    def width(self) -> float:
        return self.span * WIDE + (self.span - 1) * ACROSS


@dataclass(frozen=True)
class Arrow:
    """From one box to another, with a word beside it."""

    start: str
    end: str
    word: str = ""
    both: bool = False


@dataclass(frozen=True)
class Drawing:
    """One diagram; ``said`` tells in words what it shows."""

    title: str
    said: str
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]


DRAWINGS = {
    "architecture": Drawing(
        "The parts of Landbridge",
        "The command line and the web pages call the composition root, which has the engine and the"
        " logins. The engine asks the pure core what to do, and works through the systems, which speak to"
        " HighLevel and to Rezora, and the store, which keeps links, journal and inbox in a database."
        " Imports point one way.",
        [
            Box("cli", 0, 0, ("cli", "commands")),
            Box("web", 1, 0, ("web", "pages, API, webhooks")),
            Box("app", 0.5, 1, ("app", "puts the parts together")),
            Box("access", 2, 1, ("access", "who may come in")),
            Box("engine", 0, 2, ("engine", "runs: read, plan, apply, resume"), span=2),
            Box("sync", 2, 2, ("sync: the core", "pure: what is to be done"), "core"),
            Box("systems", 0, 3, ("systems", "both behind one protocol")),
            Box("store", 1, 3, ("store", "links, journal, inbox, vault")),
            Box("database", 2, 3, ("Database", "on your own machine"), "store"),
            Box("highlevel", 0, 4, ("HighLevel", "one location"), "side"),
            Box("rezora", 1, 4, ("Rezora", "one account"), "side"),
        ],
        [
            Arrow("cli", "app"),
            Arrow("web", "app"),
            Arrow("app", "access"),
            Arrow("app", "engine"),
            Arrow("engine", "sync", "asks"),
            Arrow("engine", "systems"),
            Arrow("engine", "store"),
            Arrow("store", "database"),
            Arrow("systems", "highlevel", both=True),
            Arrow("systems", "rezora", both=True),
        ],
    ),
    "sync": Drawing(
        "A sync, step by step",
        "Both sides are read whole; opt-outs are carried first; what is gone is looked up one by one; who"
        " is who is worked out; the brake stops a run that would change too much, after nothing but opt-"
        " outs was written; else each write is noted ahead, made and read back; edits made meanwhile are"
        " carried too; what could not be decided is held and waits for you.",
        [
            Box("read", 0, 0, ("Read both sides", "whole")),
            Box("out", 1, 0, ("Opt-outs first", "on both sides"), "core"),
            Box("gone", 2, 0, ("What is gone?", "looked up one by one")),
            Box("who", 2, 1, ("Who is who?", "linked, matched, or new")),
            Box("brake", 1, 1, ("The brake", "too much at once?"), "stop"),
            Box("stop", 0, 1, ("Stop and ask", "only opt-outs were written"), "stop"),
            Box("write", 1, 2, ("Write", "note ahead, write, read back"), "core"),
            Box("settle", 2, 2, ("Settle", "edits made meanwhile")),
            Box("hold", 0, 2, ("Held for you", "what cannot be decided"), "side"),
        ],
        [
            Arrow("read", "out"),
            Arrow("out", "gone"),
            Arrow("gone", "who"),
            Arrow("who", "brake"),
            Arrow("brake", "stop", "yes"),
            Arrow("brake", "write", "no"),
            Arrow("write", "settle"),
            Arrow("write", "hold"),
        ],
    ),
    "live": Drawing(
        "Between two syncs",
        "HighLevel's webhooks, a look for changes every 15 minutes, and you name contacts that may be out"
        " of step. Each is read by its id on both sides, and then planned and written as in a sync.",
        [
            Box("hook", 0, 0, ("A webhook", "of HighLevel: at once"), "side"),
            Box("poll", 0, 1, ("A look", "what moved in 15 minutes?")),
            Box("you", 0, 2, ("You", "sync this contact")),
            Box("due", 1, 1, ("Due", "may be out of step"), "store"),
            Box("read", 2, 1, ("Read by id", "on both sides")),
            Box("write", 2, 2, ("Plan and write", "as in a sync"), "core"),
        ],
        [
            Arrow("hook", "due"),
            Arrow("poll", "due"),
            Arrow("you", "due"),
            Arrow("due", "read"),
            Arrow("read", "write"),
        ],
    ),
    "one-change": Drawing(
        "One change, all the way",
        "engine/scan.py reads both sides; records and opt-outs are kept in store/observed and"
        " store/suppression; engine/consent.py carries opt-outs; engine/gone.py looks up what is missing;"
        " sync/match.py says who is who; sync/guard.py brakes; sync/plan.py turns both bases and both"
        " sides into actions and holds; a hold waits for an answer in engine/desk.py; an action is noted"
        " ahead, made by engine/apply.py and calls.py, and kept with links, bases, journal and standings"
        " in one transaction.",
        [
            Box("sides", 0, 0, ("HighLevel, Rezora", "500 a page; whole"), "side"),
            Box("scan", 1, 0, ("engine/scan.py", "record, fingerprint, opt-outs")),
            Box("seen", 2, 0, ("store/observed", "and store/suppression"), "store"),
            Box("consent", 2, 1, ("engine/consent.py", "opt-outs first")),
            Box("gone", 1, 1, ("engine/gone.py", "missing ones, by id")),
            Box("match", 0, 1, ("sync/match.py", "who is who"), "core"),
            Box("guard", 0, 2, ("sync/guard.py", "the brake"), "core"),
            Box("plan", 1, 2, ("sync/plan.py", "bases and sides to actions"), "core"),
            Box("desk", 2, 2, ("engine/desk.py", "holds and their answers")),
            Box("intent", 0, 3, ("Noted ahead", "intents, journal"), "store"),
            Box("apply", 1, 3, ("engine/apply.py, calls.py", "write, read back")),
            Box("kept", 2, 3, ("One transaction", "links, bases, journal"), "store"),
        ],
        [
            Arrow("sides", "scan"),
            Arrow("scan", "seen"),
            Arrow("seen", "consent"),
            Arrow("consent", "gone"),
            Arrow("gone", "match"),
            Arrow("match", "guard"),
            Arrow("guard", "plan"),
            Arrow("plan", "desk", both=True),
            Arrow("plan", "intent"),
            Arrow("intent", "apply"),
            Arrow("apply", "kept"),
        ],
    ),
    "live-work": Drawing(
        "Live work",
        "The receiver stores a delivery and its due row in one transaction and wakes the crew;"
        " engine/poll.py and engine/roster.py make rows too. One task for each bridge takes a batch, most"
        " urgent first, reads both sides by id, looks at newcomers, and carries them as a sync does. A row"
        " is cleared only if it was not named again meanwhile.",
        [
            Box("hook", 0, 0, ("engine/receiver.py", "a webhook: delivery, due row")),
            Box("poll", 1, 0, ("engine/poll.py", "what looks new")),
            Box("ask", 2, 0, ("engine/roster.py", "somebody asked")),
            Box("due", 0, 1, ("store/due.py", "one row a record, however many events named it"), "store", 3),
            Box("live", 0, 2, ("engine/crew.py, live.py", "a batch, both sides by id")),
            Box("new", 1, 2, ("engine/newcomers.py", "who is new")),
            Box("apply", 2, 2, ("cases, apply, calls", "as in a sync"), "core"),
        ],
        [
            Arrow("hook", "due"),
            Arrow("poll", "due"),
            Arrow("ask", "due"),
            Arrow("due", "live"),
            Arrow("live", "new"),
            Arrow("new", "apply"),
            Arrow("apply", "due", "cleared"),
        ],
    ),
}


def svg(drawing: Drawing) -> str:
    """The drawing as a file of its own."""
    width = max(box.left + box.width for box in drawing.boxes) + EDGE
    height = max(box.top + HIGH for box in drawing.boxes) + EDGE
    boxes = {box.name: box for box in drawing.boxes}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" role="img" aria-labelledby="t d"'
        ' font-family="system-ui, sans-serif" font-size="13">',
        f'<title id="t">{escape(drawing.title)}</title>',
        f'<desc id="d">{escape(drawing.said)}</desc>',
        f"<style>{STYLE}</style>",
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
        ' orient="auto-start-reverse"><path class="head" fill="#5b6472" d="M0 0 8 4 0 8z"/></marker></defs>',
        f'<rect class="ground" fill="#fff" width="{width:g}" height="{height:g}" rx="8"/>',
        *(_arrow(boxes[arrow.start], boxes[arrow.end], arrow) for arrow in drawing.arrows),
        *(_box(box) for box in drawing.boxes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    fill, stroke = FILLS[box.kind]
    middle = box.left + box.width / 2
    first = box.top + HIGH / 2 - (len(box.lines) - 1) * LINE / 2 + 4.5
    texts = []
    for at, line in enumerate(box.lines):
        look = 'class="quiet" fill="#5b6472"' if at else 'class="text" fill="#1c2129" font-weight="600"'
        y = first + at * LINE
        texts.append(f'<text {look} text-anchor="middle" x="{middle:g}" y="{y:g}">{escape(line)}</text>')
    return (
        f'<rect class="{box.kind}" fill="{fill}" stroke="{stroke}" x="{box.left:g}" y="{box.top:g}"'
        f' width="{box.width:g}" height="{HIGH}" rx="6"/>' + "".join(texts)
    )


def _arrow(start: Box, end: Box, arrow: Arrow) -> str:
    """Along the row, or from edge to edge of two rows, with a bend half-way where they are not in line."""
    if start.row == end.row:
        right = end.left > start.left
        y = start.top + HIGH / 2
        x, to = (start.left + start.width, end.left) if right else (start.left, end.left + end.width)
        path, at = f"M{x:g} {y:g}H{to:g}", ((x + to) / 2, y - 6)
    else:
        below = end.top > start.top
        y, until = (start.top + HIGH, end.top) if below else (start.top, end.top + HIGH)
        x, to = _columns(start, end)
        half = (y + until) / 2
        path = f"M{x:g} {y:g}V{until:g}" if x == to else f"M{x:g} {y:g}V{half:g}H{to:g}V{until:g}"
        at = ((x + to) / 2 + (6 + 3 * len(arrow.word) if x == to else 0), half + (4 if x == to else -5))
    word = (
        f'<text class="quiet" fill="#5b6472" text-anchor="middle" font-size="11" x="{at[0]:g}" y="{at[1]:g}">'
        f"{escape(arrow.word)}</text>"
        if arrow.word
        else ""
    )
    begins = ' marker-start="url(#a)"' if arrow.both else ""
    return (
        f'<path class="arrow" fill="none" stroke="#5b6472" stroke-width="1.5" d="{path}"{begins}'
        f' marker-end="url(#a)"/>{word}'
    )


def _columns(start: Box, end: Box) -> tuple[float, float]:
    """Where an arrow leaves and where it arrives: in line where one box is above the other."""
    left = max(start.left, end.left)
    right = min(start.left + start.width, end.left + end.width)
    if right - left > WIDE / 2:
        return ((left + right) / 2,) * 2
    return start.left + start.width / 2, end.left + end.width / 2


def main(folder: Path) -> int:
    """Draw all of them; the exit code."""
    for name, drawing in DRAWINGS.items():
        (folder / f"{name}.svg").write_text(svg(drawing), encoding="utf-8")
        print(f"docs/pictures/{name}.svg is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent / "pictures"))
