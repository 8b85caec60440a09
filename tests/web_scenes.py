"""Made-up bridges in every state the pages can meet, and a product that serves them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from argon2 import PasswordHasher

from landbridge.access import passwords
from landbridge.access.doors import Doors
from landbridge.access.people import People
from landbridge.access.provider import Provider
from landbridge.access.roles import Person, Role
from landbridge.checks import Check
from landbridge.checkup import Checkup
from landbridge.connecting import Connected
from landbridge.engine import catalog, journal_book
from landbridge.engine.answers import NotPossible
from landbridge.engine.calling import Called
from landbridge.engine.contact_book import ContactBook, ContactView
from landbridge.engine.contact_lists import EVERYBODY, Counts, Found, Search
from landbridge.engine.desk import ALLOWED, Answered, Desk, Question
from landbridge.engine.feeds import CalendarAddress, Feeds, WrittenCalendar
from landbridge.engine.fleet import UndoRun
from landbridge.engine.hold_surroundings import Around
from landbridge.engine.journal_book import JournalBook
from landbridge.engine.journal_told import Told, told_of
from landbridge.engine.overview import Glance, Overview, Row
from landbridge.engine.pulse import Pulse, Spending, days_of
from landbridge.engine.readiness import Readiness
from landbridge.engine.retention import Kept, Reach, Retention
from landbridge.engine.roster import Contact, Listing
from landbridge.engine.schedule import Timing
from landbridge.engine.status import Share, Status
from landbridge.engine.taking_back import Answer
from landbridge.engine.telling import Tried
from landbridge.engine.undo import UndoLine, UndoOrder
from landbridge.gathering import Gathering
from landbridge.instruments import Instruments
from landbridge.letters import Letters
from landbridge.operating import Operating
from landbridge.settings import Settings, load_settings
from landbridge.store.alerts import Alert
from landbridge.store.bridges import Account, Bridge
from landbridge.store.database import StoreFailure
from landbridge.store.inbox import Outcome
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.journal_search import Wanted
from landbridge.store.ledger import Amount, Freshness
from landbridge.store.logins import KeyRow, LoginRow
from landbridge.store.people import PersonRow, SessionRow
from landbridge.store.runs import Run
from landbridge.store.setups import Setup
from landbridge.sync.model import Kind, Side
from landbridge.sync.reasons import EXCLUDED, HELD
from landbridge.sync.rules import ActivityRule, Policy, default_policy
from landbridge.systems.arguments import checked
from landbridge.systems.base import SystemFailure, WrongCredentials
from landbridge.systems.channel import Channel
from landbridge.systems.quota import Usage
from landbridge.upkeep import Upkeep

NOW = 1_795_435_200.0  # 2026-11-23 12:00:00 UTC
HOSTILE = "<script>alert('x')</script>\" onmouseover=\"x"
CONSENT = "https://consent.example.com/choose?state=one-time"

HIGHLEVEL = Account(
    1,
    Side.HIGHLEVEL,
    "ve9EPM428h8vShlRW1KT",
    "Harbor Street Realty",
    {
        "can_write": True,
        "time_zone": "America/Denver",
        "country": "US",
        "kinds": ["contact"],
        "notes": ["This grant reads and writes contacts and reads tags and custom fields."],
    },
)
REZORA = Account(
    2,
    Side.REZORA,
    "harbor-api",
    "Harbor Street Realty",
    {
        "can_write": True,
        "time_zone": "",
        "country": "",
        "kinds": ["contact"],
        "notes": ["Tasks, notes and appointments do not answer on this account."],
    },
)
BRIDGE = Bridge(1, "Harbor Street", HIGHLEVEL, REZORA, "")


def stage(at: str, passes: int = 0) -> str:
    return f'{{"at":"{at}","cursor":"","accept":false,"passes":{passes}}}'


def run(number: int, *, state: str = "done", age: float = 0.0, took: float = 42.0, **rest: Any) -> Run:
    """A run that started so many seconds ago."""
    started = NOW - age
    facts: dict[str, Any] = {
        "purpose": "sync",
        "cause": "schedule",
        "stage": "",
        "done": 0,
        "total": 0,
        "ended_at": None if state == "running" else started + took,
    }
    return Run(id=number, bridge_id=1, state=state, started_at=started, **(facts | rest))


FIRST = run(
    1,
    age=86_400 * 2,
    took=312.4,
    cause="command",
    counts={"created": 1_704, "updated": 88, "listed": 420, "opted_out": 6, "reads": 96, "writes": 2_218},
)
LATER = [
    run(5, age=3 * 60, took=6.2, cause="page", counts={"updated": 12, "reads": 17, "writes": 12}),
    run(4, age=3600, took=5.9, counts={"reads": 6}),
    run(3, age=7_300, took=9.1, counts={"created": 61, "updated": 240, "listed": 33, "reads": 246}),
    run(2, age=86_000, took=5.8, cause="command", purpose="plan", counts={"create": 61, "reads": 6}),
    FIRST,
]
ENTRIES = [
    Entry(
        "update",
        Side.REZORA,
        "90112",
        "c7Qh2mW1xTzYb4Kd9LpR",
        "phone",
        {"contact_phone_mobile": "303-555-0142"},
        {"contact_phone_mobile": "303-555-0188"},
        at=NOW - 170,
    ),
    Entry(
        "update",
        Side.REZORA,
        "90540",
        "k2Vn8sE5uAjGf0Xc3MtO",
        "email, city",
        {"contact_email": "m.osei@example.org", "contact_city": ""},
        {"contact_email": "mina.osei@example.org", "contact_city": "Boulder"},
        "Shown differently afterwards",
        at=NOW - 171,
    ),
    Entry("join", Side.REZORA, "90540", "k2Vn8sE5uAjGf0Xc3MtO", "list Open house May", at=NOW - 172),
    Entry("opt_out", Side.REZORA, "88014", "p5Jr1yB8nCeHw6Za2UgD", "consent", at=NOW - 7_290),
    Entry(
        "create",
        Side.REZORA,
        "91877",
        "t9Lx3kI7oFvSq4Ny5RbE",
        after={
            "contact_name": "Ada Brook",
            "contact_email": "ada.brook@example.net",
            "contact_city": "Lyons",
        },
        at=NOW - 7_295,
    ),
    Entry(
        "failed", Side.REZORA, "", "w1Md6zP0hUkTa8Gc7YjV", note="Rezora refused the contact.", at=NOW - 7_299
    ),
]
HOLDS = [
    OpenHold(
        "both_changed",
        "c1Qh2mW1xTzYb4Kd9LpR",
        "90003",
        "city",
        "Fort Collins",
        "Loveland",
        opened_at=NOW - 86_400 * 2,
    ),
    OpenHold(
        "edited_in_rezora",
        "d2Vn8sE5uAjGf0Xc3MtO",
        "90017",
        "phone",
        "303-555-0119",
        "720-555-0164",
        opened_at=NOW - 86_400,
    ),
    OpenHold("opted_out_in_rezora", "e3Jr1yB8nCeHw6Za2UgD", "90020", "consent", opened_at=NOW - 3_600),
    OpenHold("several_candidates", "f4Lx3kI7oFvSq4Ny5RbE", opened_at=NOW - 3_600),
    OpenHold(
        "refused",
        "g5Md6zP0hUkTa8Gc7YjV",
        detail="Rezora refused contact_state: two letters are expected.",
        opened_at=NOW - 7_300,
    ),
]
HOLDS = [replace(hold, id=number) for number, hold in enumerate(HOLDS, 1)]


def shares(reasons: dict[str, Any], counts: dict[str, int]) -> list[Share]:
    return [Share(key, reasons[key], count) for key, count in counts.items()]


PULSE = Pulse(
    days=days_of(
        [
            Amount("2026-11-21", "sync", "created", 1_704),
            Amount("2026-11-21", "sync", "updated", 88),
            Amount("2026-11-22", "live", "updated", 61),
            Amount("2026-11-22", "live", "tasks_created", 9),
            Amount("2026-11-22", "live", "listed", 4),
            Amount("2026-11-23", "live", "failed", 3),
            Amount("2026-11-23", "sync", "runs_failed", 1),
            Amount("2026-11-23", "plan", "created", 999),
        ],
        NOW,
    ),
    spending=[
        Spending(
            Side.HIGHLEVEL,
            {"sync": 812, "live work": 1_204, "operations": 7, "dry runs and undo": 0},
            200_000,
            Usage(100, 4, 96, 10.0, 200_000, 2_150, 197_850, 41_000.0, 0.0),
            197_850,
            NOW - 60,
            4_046,
        ),
        Spending(Side.REZORA, {"sync": 40, "live work": 96, "operations": 0, "dry runs and undo": 0}),
    ],
    freshness=Freshness(1_204, 5, 30),
)


def status(**changes: Any) -> Status:
    """A bridge after some syncs, with changes."""
    facts: dict[str, Any] = {
        "bridge": BRIDGE,
        "busy": False,
        "running": None,
        "latest": LATER[0],
        "recent": LATER,
        "total": 2_000,
        "equal": 1_838,
        "waiting": 0,
        "excluded": shares(EXCLUDED, {"no_email": 91, "opted_out": 43, "bad_email": 12, "no_name": 4}),
        "held": shares(HELD, {"several_candidates": 7, "both_changed": 3, "edited_in_rezora": 2}),
        "holds": HOLDS,
        "entries": ENTRIES,
        "pulse": PULSE,
    }
    counted = Counter(hold.cause for hold in (facts | changes)["holds"])
    return Status(**({"hold_counts": dict(counted.most_common())} | facts | changes))


NOTHING_YET: dict[str, Any] = {
    "latest": None,
    "recent": [],
    "total": 0,
    "equal": 0,
    "excluded": [],
    "held": [],
    "holds": [],
    "entries": [],
    "pulse": Pulse(),
}


def with_newest(newest: Run, **changes: Any) -> Status:
    return status(recent=[newest, *LATER], **changes)


def going(at: str, *, done: int = 0, total: int = 0, passes: int = 0, busy: bool = True) -> Status:
    """A first sync under way."""
    newest = run(
        1,
        state="running",
        age=95,
        cause="page",
        stage=stage(at, passes),
        done=done,
        total=total,
        counts={"created": 812, "listed": 204, "reads": 9, "writes": 1_016},
    )
    standing = {"total": 2_000, "equal": 812, "waiting": 1_096, "held": [], "holds": []}
    return replace(
        status(**(NOTHING_YET | standing)),
        excluded=shares(EXCLUDED, {"no_email": 92}),
        busy=busy,
        running=newest,
        recent=[newest],
        entries=ENTRIES[4:5],
    )


FAILED = run(
    6,
    state="failed",
    age=120,
    took=31.0,
    stage=stage("rezora"),
    sentence="Rezora refused the user name and password.",
    fix="Check the user name and password with your Rezora account manager, then connect again.",
    counts={"reads": 5},
)
BRAKED = run(
    6,
    state="braked",
    age=120,
    took=8.0,
    stage=stage("weigh"),
    counts={"reads": 6},
    sentence="This run would replace values of 412 of 1838 linked contacts, more than the 183 allowed"
    " without asking. Nothing was written.",
    fix="Look at `landbridge plan`; if the change is meant, run `landbridge sync --accept-large-change`.",
)
TROUBLED = replace(
    BRIDGE,
    rezora=replace(
        REZORA,
        trouble="Rezora refused the user name and password.",
        trouble_fix="Check them with your Rezora account manager, then connect again.",
    ),
)


def hostile_bridge(text: str = HOSTILE, number: int = 1) -> Bridge:
    """A bridge whose names, and those of its accounts, are an attack."""
    noted = {"can_write": True, "notes": [text], "time_zone": text}
    highlevel = replace(HIGHLEVEL, title=text, capability=noted)
    rezora = replace(REZORA, title="", external_id=text, trouble=text, trouble_fix=text)
    return Bridge(number, text, highlevel, rezora, "")


HOSTILE_BRIDGE = hostile_bridge()


def hostile() -> Status:
    """Every text that people or APIs can choose is an attack."""
    newest = run(
        9, state="failed", cause=HOSTILE, purpose=HOSTILE, sentence=HOSTILE, fix=f"`{HOSTILE}`", stage=HOSTILE
    )
    hold = OpenHold(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, NOW)
    entries = [
        Entry(
            action,
            Side.REZORA,
            HOSTILE,
            HOSTILE,
            HOSTILE,
            {HOSTILE: HOSTILE},
            {HOSTILE: HOSTILE},
            HOSTILE,
            NOW,
        )
        for action in ("update", "create", HOSTILE)
    ]
    return with_newest(newest, bridge=HOSTILE_BRIDGE, holds=[hold], entries=entries)


SCENES: dict[str, Status] = {
    "new": status(**NOTHING_YET),
    "preparing": going("prepare"),
    "reading": going("highlevel", done=1_000, total=2_000),
    "running": going("apply", done=1_104, total=2_000),
    "looking up": going("rezora", passes=1),
    "interrupted": going("apply", done=1_104, total=2_000, busy=False),
    "done": status(),
    "quiet": status(held=[], holds=[], excluded=[], equal=2_000),
    "waiting": status(waiting=14, equal=1_824),
    "failed": with_newest(FAILED, bridge=TROUBLED),
    "braked": with_newest(BRAKED),
    "dry run": with_newest(run(6, age=30, purpose="plan", cause="command", counts={"reads": 6})),
    "many holds": status(holds=[replace(HOLDS[0], highlevel_id=f"contact{n}") for n in range(60)]),
    "hostile": hostile(),
}


CALENDAR = CalendarAddress(
    "https://bridge.example.com/feeds/Zk3vQ9xW1mYbT7rL2cN8dJ5hG0sP4uF6aE-iO_kVtXo.ics",
    NOW - 86_400 * 3,
    NOW - 300,
)


OWNER = Person(1, "Olivia Owen", Role.OWNER, "olivia@example.com")


class NobodyThere(ContactBook):
    """A book of no contacts; ``contact_scenes`` has one with people."""

    def __init__(self) -> None:
        pass

    def not_read(self, bridge: Bridge) -> list[str]:
        return ["tasks", "appointments"]

    async def find(self, bridge: Bridge, search: Search = EVERYBODY, *, size: int = 50) -> Found:
        return Found([])

    async def counts(self, bridge: Bridge) -> Counts:
        return Counts()

    async def contact(self, bridge: Bridge, record_id: str) -> ContactView | None:
        return None


class OpenDoors(Doors):
    """Whoever comes is the same person; an owner, unless a test says otherwise."""

    def __init__(self, person: Person | None = OWNER) -> None:
        self.person = person

    async def of_session(self, secret: str) -> Person | None:
        return self.person

    async def of_key(self, secret: str) -> Person | None:
        return self.person

    async def sessions(self, person_id: int) -> list[SessionRow]:
        return [SessionRow("a" * 64, person_id, NOW - 7_200, NOW - 60)]

    async def logins(self) -> list[LoginRow]:
        return [
            LoginRow(NOW - 60, "logged in", OWNER.name, OWNER.email),
            LoginRow(NOW - 90, "unknown", "", ""),
        ]

    async def keys(self) -> list[KeyRow]:
        return [KeyRow(1, "lb_Zk3vQ", "reporting", "viewer", OWNER.name, NOW - 86_400, NOW - 600, None)]


class TwoPeople(People):
    """An owner, and somebody who was invited."""

    def __init__(self) -> None:
        pass

    async def nobody_yet(self) -> bool:
        return False

    async def everybody(self) -> list[PersonRow]:
        return [
            PersonRow(1, OWNER.email, OWNER.name, "owner", "set", NOW - 86_400, None),
            PersonRow(2, "omar@example.com", "Omar Diaz", "operator", "", NOW - 600, None),
        ]


class NobodyYet(TwoPeople):
    """A new installation."""

    async def nobody_yet(self) -> bool:
        return True


class FakeJournal(JournalBook):
    """The entries and runs of the scenes, whatever is asked for."""

    def __init__(self, entries: Sequence[Entry] | None = None, runs: Sequence[Run] | None = None) -> None:
        self.found = ENTRIES if entries is None else entries
        self.known = LATER if runs is None else runs

    async def page(self, bridge: Bridge, wanted: Wanted, limit: int = 50) -> journal_book.Page:
        return journal_book.Page((await self.tell(bridge, self.found))[:limit])

    async def tell(self, bridge: Bridge, entries: Sequence[Entry]) -> list[Told]:
        return [told_of(entry, None, entry.source_id or entry.record_id, "") for entry in entries]

    async def records_of(self, bridge: Bridge, contact_id: str) -> dict[Side, Collection[str]]:
        return {Side.HIGHLEVEL: {contact_id}}

    async def runs(self, bridge: Bridge, before: int = 0) -> list[Run]:
        return list(self.known)

    async def run(self, bridge: Bridge, run_id: int) -> Run | None:
        return next((one for one in self.known if one.id == run_id), None)

    async def written(self, bridge: Bridge, run_id: int) -> dict[str, int]:
        return {"create": 3, "update": 4}


class FakeDesk(Desk):
    """The holds of a product's statuses; keeps what was taken back."""

    def __init__(self, product: FakeProduct) -> None:
        self.product = product
        self.decided: dict[int, tuple[str, str]] = {}
        self.written: list[Entry] = []  # since each answer

    async def question(self, bridge: Bridge, hold_id: int) -> Question:
        for hold in self.product.statuses[bridge.id].holds:
            if hold.id == hold_id:
                return self.asked(hold)
        raise NotPossible(f"There is no open hold {hold_id} on this bridge.", "Look again.")

    async def of_contact(self, bridge: Bridge, holds: Sequence[OpenHold]) -> list[Question]:
        return [self.asked(hold) for hold in holds]

    async def answer(self, bridge: Bridge, hold_id: int) -> tuple[Question, Answer]:
        self.product._fail()
        question = await self.question(bridge, hold_id)
        return question, Answer(question.decided, question.value, OWNER.name, NOW - 60, self.written)

    async def take_back(
        self, bridge: Bridge, hold_id: int, *, by: str, seen: float | None = None
    ) -> Question:
        self.product._fail()
        assert seen in (None, NOW - 60), "the answer that was shown"
        self.product.asked.append(("take back", hold_id, by))
        self.decided.pop(hold_id, None)
        return await self.question(bridge, hold_id)

    def asked(self, hold: OpenHold) -> Question:
        decided, value = self.decided.get(hold.id, ("", ""))
        base = {Side.HIGHLEVEL: "Boulder", Side.REZORA: "Boulder"} if hold.rule == "city" else {}
        known = Around(hold.highlevel_id or hold.rezora_id, hold.name, "", base)
        return Question(hold, ALLOWED.get(hold.cause, ()), decided, value, known)


class FakeHistory(Retention):
    """Two years, and an oldest entry a day before the scenes."""

    def __init__(self) -> None:
        self.kept = Kept(journal=730, inbox=30, ledger=730, logins=365)

    async def reach(self, bridge: Bridge) -> Reach:
        return Reach(self.kept.journal, NOW - 86_400)

    async def prune(self) -> dict[str, int]:
        return {"journal": 3, "runs": 2, "inbox": 0, "ledger": 0, "logins": 1}


class FakeUpkeep(Upkeep):
    """How long history is kept, and nothing else."""

    def __init__(self) -> None:
        self.history = FakeHistory()


def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hash with little work, for tests of what is around it."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    stored = hasher.hash("a password that nobody has")
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    monkeypatch.setattr(passwords, "_nobodys", lambda: stored)


class NoLetters(Letters):
    """No mail server, unless a test gives one."""

    def __init__(self, channel: Channel | None = None) -> None:
        super().__init__(load_settings({}), StillClock())
        self.channel = channel

    def way_to(self, email: str) -> Channel | None:
        return self.channel


class FakeFeeds(Feeds):
    """One address that is never stored; ``failure`` is raised instead."""

    def __init__(self, calendar: CalendarAddress | None = None) -> None:
        self.calendar = calendar or CalendarAddress()
        self.failure: Exception | None = None
        self.asked: list[str] = []

    async def show(self, bridge: Bridge) -> CalendarAddress:
        if self.failure is not None:
            raise self.failure
        return self.calendar

    async def renew(self, bridge: Bridge) -> CalendarAddress:
        self.asked.append("renew")
        self.calendar = CalendarAddress(f"https://bridge.example.com/feeds/{'n' * 43}.ics", NOW)
        return self.calendar

    async def revoke(self, bridge: Bridge) -> None:
        self.asked.append("revoke")
        self.calendar = CalendarAddress()

    async def read(self, secret: str, *, tasks_as_events: bool = False) -> WrittenCalendar | None:
        if self.failure is not None:
            raise self.failure
        return None


class NothingBegun:
    """No set-up was ever begun; the wizard is tested with the real thing."""

    async def unfinished(self) -> list[Setup]:
        return []

    async def find(self, key: str) -> Setup | None:
        return None

    async def started(self, session: str) -> int:
        return 0


class FakeOverview(Overview):
    """The list of a product's bridges, judged by their statuses."""

    def __init__(self, statuses: Mapping[int, Status]) -> None:
        self.statuses = statuses
        self.asked: list[tuple[str, str, int]] = []

    async def glance(self, name: str = "", state: str = "", page: int = 1) -> Glance:
        self.asked.append((name, state, page))
        rows = [_row(each) for each in self.statuses.values()]
        shown = [row for row in rows if name.casefold() in row.bridge.name.casefold()]
        shown = [row for row in shown if state in ("", row.state)]
        return Glance(shown[:50], Counter(row.state for row in rows), len(shown), page)


def _row(each: Status) -> Row:
    newest = each.recent[0] if each.recent else None
    bad = newest is not None and newest.state in ("failed", "braked")
    state = "needs" if bad else "waits" if each.on_hold else "fine" if newest else "new"
    fix = newest.fix if newest and bad else ""
    figures = (each.equal, each.total, each.on_hold, int(bad), each.due)
    return Row(each.bridge, state, each.sentence, fix, *figures, NOW - 600, NOW + 600)


class FakeReadiness(Readiness):
    """As ready as a test says."""

    def __init__(self, *lacks: str) -> None:
        self.found = lacks

    async def lacks(self) -> tuple[str, ...]:
        return self.found

    async def stop(self, seconds: float = 0.0) -> None:
        self.found = (*self.found, "stopping")


class FakeGathering(Gathering):
    """The metrics of a process that did nothing yet."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments

    async def text(self) -> bytes:
        return self._instruments.metrics.text()


class FakeCheckup(Checkup):
    """Finds these; ``asked`` is whether accounts were to be asked too."""

    def __init__(self, *checks: Check) -> None:
        self.checks = checks
        self.asked: list[bool] = []

    async def look(self, *, online: bool = False) -> list[Check]:
        self.asked.append(online)
        return list(self.checks)


def operating(*lacks: str) -> Operating:
    """Of a process in which all is well, but for this."""
    instruments = Instruments(StillClock())
    return Operating(FakeReadiness(*lacks), instruments, FakeGathering(instruments), FakeCheckup())


@dataclass
class FakeProduct:
    """Serves statuses by bridge; keeps what it was asked to do."""

    statuses: dict[int, Status] = field(default_factory=dict)
    connected: list[Account] = field(default_factory=list)
    settings: Settings = field(default_factory=lambda: load_settings({}))
    doors: Doors = field(default_factory=OpenDoors)
    people: People = field(default_factory=TwoPeople)
    letters: Letters = field(default_factory=NoLetters)
    provider: Provider | None = None
    feeds: Feeds = field(default_factory=FakeFeeds)
    contact_book: ContactBook = field(default_factory=NobodyThere)
    journal_book: JournalBook = field(default_factory=FakeJournal)
    overview: Overview = field(init=False)
    answers: FakeDesk = field(init=False)
    desk: Desk = field(init=False)
    operating: Operating = field(default_factory=operating)
    upkeep: Upkeep = field(default_factory=FakeUpkeep)
    started: list[tuple[int, str, bool]] = field(default_factory=list)
    finished: list[tuple[str, str, str]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)  # state to the session that started it
    asked: list[tuple[object, ...]] = field(default_factory=list)  # about single contacts
    failure: Exception | None = None
    received: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)  # webhooks
    outcome: Outcome = Outcome.ACCEPTED
    lines: list[UndoLine] = field(default_factory=list)  # of an undo, instead of one that is done
    recipes: Any = None  # see recipe_scenes.py
    outgoing: Any = None  # its pages are tested with the real thing
    trials: Any = None  # so are these
    mappings: Any = None
    bridge_settings: Any = None
    setups: Any = field(default_factory=NothingBegun)
    answer: object = field(default_factory=lambda: {"contact": {"id": "c1", "email": "ada@example.com"}})
    schedules: dict[str, Timing] = field(
        default_factory=lambda: {
            "sync": Timing("sync", "default", "every 1 hour", "UTC", "", True, NOW + 600, NOW - 3000),
            "poll": Timing("poll", "default", "every 15 minutes", "UTC", "", True, NOW + 60, None),
        }
    )

    def __post_init__(self) -> None:
        self.overview = FakeOverview(self.statuses)
        self.answers = FakeDesk(self)
        self.desk = self.answers

    @classmethod
    def of(cls, *statuses: Status, **rest: Any) -> FakeProduct:
        """One bridge a status."""
        accounts = [account for each in statuses for account in (each.bridge.highlevel, each.bridge.rezora)]
        return cls({each.bridge.id: each for each in statuses}, accounts, **rest)

    def setup_code(self) -> str:
        return "abcdefghij"

    async def all_bridges(self) -> list[Bridge]:
        return [each.bridge for each in self.statuses.values()]

    async def bridge_by_id(self, bridge_id: int) -> Bridge | None:
        return next((one for one in await self.all_bridges() if one.id == bridge_id), None)

    async def accounts(self) -> list[Account]:
        return self.connected

    async def try_channels(self) -> list[Tried]:
        return []

    async def status(self, bridge: Bridge) -> Status:
        return self.statuses[bridge.id]

    def start_sync(self, bridge: Bridge, *, cause: str, accept: bool = False) -> None:
        self.started.append((bridge.id, cause, accept))
        newest = run(99, state="running", cause=cause, stage=stage("prepare"))
        before = self.statuses[bridge.id]
        self.statuses[bridge.id] = replace(before, busy=True, running=newest, recent=[newest, *before.recent])

    async def connect_url(self, session: str, *, setup: int = 0, read_only: bool = False) -> str:
        self._fail()
        self.sessions["one-time"] = session
        return CONSENT

    async def finish_connect(self, code: str, state: str, session: str) -> Connected:
        self._fail()
        if self.sessions.pop(state, None) != session:
            raise StoreFailure("This answer was not asked for here.", "Start again with the Connect button.")
        self.finished.append((code, state, session))
        self.connected.append(HIGHLEVEL)
        return Connected(HIGHLEVEL)

    async def connect_rezora(self, username: str, password: str) -> Account:
        self._fail()
        self.logins.append((username, password))
        if password == "wrong-password":
            raise WrongCredentials("Rezora refused the user name and password.", side=Side.REZORA)
        self.connected.append(REZORA)
        return REZORA

    async def connect_highlevel(
        self, *, token: str = "", location: str = "", code: str = "", read_only: bool = False
    ) -> Account:
        self._fail()
        self.connected.append(HIGHLEVEL)
        return HIGHLEVEL

    def policy_of(self, bridge: Bridge) -> Policy:
        return default_policy()

    async def carry(self, bridge: Bridge, kind: Kind, rule: ActivityRule | None) -> Bridge:
        return bridge

    def forecast_seconds(self, calls: int) -> float:
        return calls / 10

    async def hold_counts(self, bridge: Bridge) -> dict[str, int]:
        return dict(Counter(hold.cause for hold in self.statuses[bridge.id].holds).most_common())

    async def resolve_all(self, bridge: Bridge, cause: str, use: str, *, by: str) -> Answered:
        self._fail()
        self.asked.append(("resolve all", cause, use, by))
        return Answered(2, {7: "There is more than one candidate; choose one of them."})

    async def holds(
        self, bridge: Bridge, cause: str = "", limit: int = 200, after: tuple[float, int] | None = None
    ) -> list[Question]:
        found = [hold for hold in self.statuses[bridge.id].holds if cause in ("", hold.cause)]
        if after is not None:
            found = [hold for hold in found if (hold.opened_at, hold.id) > after]
        return [self.answers.asked(hold) for hold in found[:limit]]

    async def resolve(self, bridge: Bridge, hold_id: int, use: str, value: str = "", *, by: str) -> Question:
        self._fail()
        self.asked.append(("resolve", hold_id, use, value, by))
        self.answers.decided[hold_id] = use, value
        return Question(self.statuses[bridge.id].holds[0], (use,), use)

    async def contacts(self, bridge: Bridge, standing: str, after: str = "") -> Listing:
        why = EXCLUDED["no_email"]
        return Listing(
            standing, 150, [Contact("c1", "", "Ada Brook", standing, "no_email", why)], f"behind {after}"
        )

    async def pause(self, bridge: Bridge, record_id: str, note: str = "") -> None:
        self._fail()
        self.asked.append(("pause", record_id, note))

    async def resume(self, bridge: Bridge, record_id: str) -> None:
        self._fail()
        self.asked.append(("resume", record_id))

    async def again(self, bridge: Bridge, record_id: str) -> None:
        self._fail()
        self.asked.append(("again", record_id))

    async def journal(self, bridge: Bridge, count: int = 50) -> list[Entry]:
        return self.statuses[bridge.id].entries[:count]

    async def undo(self, bridge: Bridge, order: UndoOrder, *, cause: str, preview: bool = False) -> UndoRun:
        self._fail()
        self.asked.append(("undo", order, preview))
        line = UndoLine(7, Side.REZORA, "90112", "contact_home_city", {"c": "b"}, {"c": "a"}, "undone")
        return UndoRun(run(9, purpose="undo", cause=cause), self.lines or [line])

    async def call(self, bridge: Bridge, name: str, given: Mapping[str, object], *, by: str) -> Called:
        self._fail()
        one = catalog.operation(name)
        self.asked.append(("call", bridge.id, name, checked(one, given, {"location": "l1"}), by))
        return Called(one, self.answer, 12 if one.writes else 0, 1, 199_999)

    async def receive(self, raw: bytes, headers: Mapping[str, str]) -> Outcome:
        self._fail()
        self.received.append((raw, dict(headers)))
        return self.outcome

    async def ask(self, bridge: Bridge, record_ids: Sequence[str], *, cause: str) -> int:
        self._fail()
        self.asked.append(("look at", *record_ids, cause))
        return len(record_ids)

    async def ask_business(self, bridge: Bridge, business_id: str, *, cause: str) -> int:
        self._fail()
        self.asked.append(("look at business", business_id, cause))
        return 3

    def look_for_changes(self, bridge: Bridge) -> None:
        self.asked.append(("look for changes", bridge.id))

    async def arrivals(self) -> dict[str, int]:
        return {"accepted": len(self.received)}

    async def timings(self, bridge: Bridge) -> list[Timing]:
        return list(self.schedules.values())

    async def set_schedule(
        self, bridge: Bridge, purpose: str, text: str, zone: str | None = None, quiet: str | None = None
    ) -> Timing:
        self._fail()
        self.asked.append(("set", purpose, text, zone, quiet))
        known = self.schedules[purpose]
        made = replace(known, text=text, words=text, zone=zone or known.zone, quiet=quiet or "", enabled=True)
        self.schedules[purpose] = made
        return made

    async def switch_off(self, bridge: Bridge, purpose: str) -> Timing:
        self.asked.append(("off", purpose))
        self.schedules[purpose] = replace(self.schedules[purpose], enabled=False, next_at=None)
        return self.schedules[purpose]

    async def alerts(self, bridge: Bridge) -> list[Alert]:
        return [Alert(1, bridge.id, "brake", BRAKED.sentence, BRAKED.fix, NOW - 600, NOW - 540)]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def others(count: int) -> Sequence[Status]:
    """Several bridges."""
    return [
        replace(status(), bridge=replace(BRIDGE, id=number, name=f"Bridge {number}"))
        for number in range(1, count + 1)
    ]


class StillClock:
    """Always ``NOW``."""

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here sleeps, not even {seconds} s")


UNREACHABLE = SystemFailure("HighLevel cannot be reached.", fix="Check this machine's network.")
