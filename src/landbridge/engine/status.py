"""How a bridge stands, for the command line, the pages and the API: one picture, from the store alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from landbridge.engine.pausing import why_stopped
from landbridge.engine.pulse import Pulse
from landbridge.store import due, journal, standings
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.driver import Drivers
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.restored import RESTORE
from landbridge.store.runs import LIVE, SHOWN, Run, Runs
from landbridge.sync.reasons import EXCLUDED, HELD, Reason

NEWEST = 5  # entries of the journal


@dataclass(frozen=True, slots=True)
class Share:
    """So many contacts for one reason; ``key`` is the reason's name in ``reasons``."""

    key: str
    reason: Reason
    count: int


@dataclass(frozen=True, slots=True)
class Status:
    """One bridge as of now.

    The counts are of the contacts that the newest whole run saw, a linked pair once: HighLevel's, and
    those that only Rezora has. ``equal`` + ``waiting`` + all ``excluded`` + all ``held`` = ``total``;
    ``waiting`` are also those edited too shortly before the end of the run.
    """

    bridge: Bridge
    busy: bool
    running: Run | None
    latest: Run | None
    recent: list[Run]
    total: int
    equal: int
    waiting: int
    excluded: list[Share]
    held: list[Share]
    holds: list[OpenHold]  # the oldest 200
    entries: list[Entry]  # the newest few
    hold_counts: Mapping[str, int] = field(default_factory=dict)  # all, by cause, commonest first
    next_sync: float | None = None  # None while nothing starts by itself
    next_poll: float | None = None
    due: int = 0  # contacts that are to be looked at
    due_since: float | None = None  # the one that has waited longest
    carried_at: float | None = None  # when live work was last done
    arrivals: Mapping[str, int] = field(default_factory=dict)  # webhooks of all bridges today, by outcome
    told: Run | None = None  # the newest run that ended and made calls: it knows what is left of the day
    pulse: Pulse = field(default_factory=Pulse)
    asked_at: float | None = None  # since when this process wants a whole sync, or is at it

    @property
    def syncing(self) -> bool:
        """A run is driven right now."""
        return self.running is not None and self.busy

    @property
    def starting(self) -> bool:
        """A sync was asked for, and its run is not in the store yet: the engine opens, or live work ends."""
        asked = self.asked_at
        if asked is None or self.syncing:
            return False
        return not any(run.purpose == "sync" and run.started_at >= asked for run in self.recent)

    @property
    def interrupted(self) -> bool:
        """A run was cut off and nobody drives it now."""
        return self.running is not None and not self.busy

    @property
    def left_out(self) -> int:
        """Contacts excluded, for whatever reason."""
        return sum(share.count for share in self.excluded)

    @property
    def on_hold(self) -> int:
        """Contacts that wait for a person."""
        return sum(share.count for share in self.held)

    @property
    def agreement(self) -> str:
        """The proof of agreement in one sentence; the reasons of the others follow it."""
        others = self.total - self.equal
        if not self.total:
            return "Nothing has been compared yet."
        if not others:
            all_of_them = "The only contact is" if self.total == 1 else f"All {self.total:,} contacts are"
            return f"{all_of_them} equal on both sides."
        return f"{self.equal:,} of {self.total:,} contacts are equal on both sides; the other {others:,}:"

    @property
    def restored(self) -> Run | None:
        """The mark of a restore after which no sync came to a good end yet."""
        for run in self.recent:
            if run.purpose == RESTORE:
                return run
            if run.purpose == "sync" and run.state == "done":
                return None
        return None

    @property
    def _at_rest(self) -> str:
        """Why nothing runs by itself; empty where something does."""
        if not self.bridge.live:
            return "It is being set up; nothing runs by itself yet."
        if self.bridge.stopped and not self.busy:
            return why_stopped(self.bridge)[0]
        return "A sync is starting." if self.starting else ""

    @property
    def sentence(self) -> str:
        """The state in one sentence."""
        if at_rest := self._at_rest:
            return at_rest
        newest = self.recent[0] if self.recent else None
        if self.running is not None:
            return (
                "A run was cut off; it continues with the next sync."
                if self.interrupted
                else "A sync is running."
            )
        if newest is None:
            return "Nothing has been synced yet. Look at the plan, then start the first sync."
        if newest.state in ("failed", "braked"):
            return newest.sentence
        if self.restored is not None:
            return f"{self.restored.sentence} {self.restored.fix}"
        waiting = f", {self.waiting:,} wait for their turn" if self.waiting else ""
        held = f", {self.on_hold:,} wait for you" if self.on_hold else ""
        return (
            f"{self.equal:,} of {self.total:,} contacts are in sync, {self.left_out:,} are left out"
            f" for a known reason{waiting}{held}."
        )


async def status_of(database: Database, bridge: Bridge, now: float) -> Status:
    """Read the picture; no call leaves the machine."""
    runs = Runs(database)
    recent = await runs.recent(bridge.id, purposes=SHOWN)
    latest_live = await runs.recent(bridge.id, 1, LIVE)
    if latest_live and latest_live[0].state in ("failed", "braked"):  # else the journal says what was done
        recent = sorted([*latest_live, *recent], key=lambda run: -run.id)
    running = await runs.unfinished(bridge.id)
    whole = await runs.latest_done(bridge.id)
    shown = running if running and running.purpose != "undo" else whole
    async with database.read() as connection:
        counts = await standings.counts(connection, bridge.id, shown.id) if shown else {}
        holds = await journal.holds(connection, bridge.id)
        open_holds = await journal.hold_counts(connection, bridge.id)
        entries = await journal.recent(connection, bridge.id, NEWEST)
        waiting, since = await due.count(connection, bridge.id), await due.oldest(connection, bridge.id)
    return Status(
        bridge=bridge,
        busy=await Drivers(database).busy(bridge.id, now),
        running=running,
        latest=whole,
        recent=recent,
        total=sum(counts.values()),
        equal=counts.get(("equal", ""), 0),
        waiting=sum(count for (standing, _), count in counts.items() if standing == "waiting"),
        excluded=_shares(counts, "excluded", EXCLUDED),
        held=_shares(counts, "held", HELD),
        holds=holds,
        entries=entries,
        hold_counts=dict(sorted(open_holds.items(), key=lambda one: (-one[1], one[0]))),
        due=waiting,
        due_since=since,
        carried_at=latest_live[0].ended_at if latest_live else None,
        told=max([*recent[:1], *latest_live], key=lambda run: run.id, default=None),
    )


def _shares(counts: dict[tuple[str, str], int], wanted: str, reasons: dict[str, Reason]) -> list[Share]:
    found = [
        Share(reason, reasons[reason], count)
        for (standing, reason), count in counts.items()
        if standing == wanted
    ]
    return sorted(found, key=lambda share: -share.count)
