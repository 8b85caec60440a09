"""All bridges at a glance: which needs somebody, which waits for an answer, which is fine, and since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from landbridge.engine.answers import NotPossible
from landbridge.engine.schedule import Timetable
from landbridge.store import overview as sketching
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.overview import DONE, Glimpse, Sketch
from landbridge.systems.base import Clock

PAGE = 50
STATES: Mapping[str, str] = {
    "needs": "Needs you",
    "waits": "Waits for you",
    "new": "Not started",
    "busy": "Syncing",
    "fine": "Fine",
}
"""The states of a bridge with their words, the most urgent first: the order of the list."""
_STOPPED = ("failed", "braked")


@dataclass(frozen=True, slots=True)
class Row:
    """One bridge of the list; times are epoch seconds.

    ``equal`` of ``total`` people are the same on both sides. ``waiting`` counts open holds.
    """

    bridge: Bridge
    state: str
    sentence: str
    fix: str = ""
    equal: int = 0
    total: int = 0
    waiting: int = 0
    alerts: int = 0
    due: int = 0
    last: float | None = None  # when the newest good sync ended
    following: float | None = None  # when the next run starts by itself


@dataclass(frozen=True, slots=True)
class Glance:
    """One page of the list; ``states`` count all bridges, ``found`` those that were asked for."""

    rows: Sequence[Row]
    states: Mapping[str, int] = field(default_factory=dict)
    found: int = 0
    page: int = 1

    @property
    def pages(self) -> int:
        """How many pages there are of what was asked for."""
        return max(-(-self.found // PAGE), 1)

    @property
    def sentence(self) -> str:
        """All bridges in one sentence."""
        number = sum(self.states.values())
        fine = self.states.get("fine", 0) + self.states.get("busy", 0)
        parts = [f"{fine:,} fine"]
        for state, one, many in (
            ("waits", "waits for you", "wait for you"),
            ("needs", "needs you", "need you"),
            ("new", "not started", "not started"),
        ):
            if count := self.states.get(state, 0):
                parts.append(f"{count:,} {one if count == 1 else many}")
        return f"{number:,} bridge{'' if number == 1 else 's'}: {', '.join(parts)}."


class Overview:
    """The bridges of one store, from the store alone: no call leaves the machine."""

    def __init__(self, database: Database, clock: Clock, timetable: Timetable) -> None:
        self._database = database
        self._clock = clock
        self._timetable = timetable
        self._bridges = Bridges(database)

    async def glance(self, name: str = "", state: str = "", page: int = 1) -> Glance:
        """A page of the bridges whose name has these letters, in this state if one is named.

        The number of queries does not depend on the number of bridges. Raises ``NotPossible`` for a state
        that there is not.
        """
        if state and state not in STATES:
            raise NotPossible(f"There is no state {state[:40]!r}.", f"Use one of: {', '.join(STATES)}.")
        bridges = await self._bridges.bridges()
        async with self._database.read() as connection:
            known = await sketching.sketches(connection, self._clock.now())
        rows = [_judged(bridge, known.get(bridge.id, Sketch())) for bridge in bridges]
        states = Counter(row.state for row in rows)
        wanted = [
            row
            for row in rows
            if name.strip().casefold() in row.bridge.name.casefold() and state in ("", row.state)
        ]
        wanted.sort(key=lambda row: (list(STATES).index(row.state), row.bridge.name.casefold()))
        page = min(max(page, 1), max(-(-len(wanted) // PAGE), 1))
        shown = wanted[(page - 1) * PAGE : page * PAGE]
        return Glance(await self._filled(shown, known), dict(states), len(wanted), page)

    async def _filled(self, rows: Sequence[Row], known: Mapping[int, Sketch]) -> list[Row]:
        """What only the rows of this page need: how many people stand where, and when they run next."""
        since = {
            row.bridge.id: whole.id
            for row in rows
            if (whole := known.get(row.bridge.id, Sketch()).whole) is not None
        }
        async with self._database.read() as connection:
            standing = await sketching.standing_of(connection, since)
        paused = [row.bridge.id for row in rows if _waits(known.get(row.bridge.id, Sketch()))]
        following = await self._timetable.following([row.bridge.id for row in rows], paused)
        return [
            Row(
                row.bridge,
                row.state,
                row.sentence or _standing_sentence(*standing.get(row.bridge.id, (0, 0))),
                row.fix,
                *standing.get(row.bridge.id, (0, 0)),
                row.waiting,
                row.alerts,
                row.due,
                row.last,
                following.get(row.bridge.id),
            )
            for row in rows
        ]


def _judged(bridge: Bridge, known: Sketch) -> Row:
    """What of a bridge is to be said first."""
    state, sentence, fix = _state(bridge, known)
    last = known.runs.get(DONE + "sync")
    return Row(
        bridge,
        state,
        sentence,
        fix,
        waiting=known.holds,
        alerts=known.alerts,
        due=known.due,
        last=last.ended_at if last else None,
    )


def _state(bridge: Bridge, known: Sketch) -> tuple[str, str, str]:
    for account in (bridge.highlevel, bridge.rezora):
        if account.trouble:
            return "needs", account.trouble, account.trouble_fix
    unfinished = [known.runs[each] for each in ("sync", "plan", "undo") if each in known.runs]
    if any(run.state == "running" for run in unfinished):
        if known.busy:
            return "busy", "A sync is running.", ""
        return "waits", "A run was cut off; it continues with the next sync.", ""
    stopped = _stopped(known)
    return ("needs", stopped.sentence, stopped.fix) if stopped is not None else _calm(known)


def _calm(known: Sketch) -> tuple[str, str, str]:
    """Nothing goes on, and nothing went wrong."""
    if "sync" not in known.runs:
        return "new", "Nothing has been synced yet. Look at the plan, then start the first sync.", ""
    if known.holds:
        asks = "1 question waits" if known.holds == 1 else f"{known.holds:,} questions wait"
        return "waits", f"{asks} for your answer.", ""
    return "fine", "", ""


def _stopped(known: Sketch) -> Glimpse | None:
    """The newest run, if it ended badly: a whole one, or live work since. As the page of the bridge tells."""
    whole, live = (
        max((known.runs[each] for each in some if each in known.runs), key=lambda run: run.id, default=None)
        for some in (("sync", "plan", "undo"), ("live", "poll"))
    )
    if live is not None and live.state in _STOPPED and (whole is None or live.id > whole.id):
        return live
    return whole if whole is not None and whole.state in _STOPPED else None


def _waits(known: Sketch) -> bool:
    """Nothing starts by itself before the first sync, and while the brake asks."""
    newest = known.runs.get("sync")
    return newest is None or newest.state == "braked"


def _standing_sentence(equal: int, total: int) -> str:
    return f"{equal:,} of {total:,} contacts are in sync." if total else "Nothing has been compared yet."
