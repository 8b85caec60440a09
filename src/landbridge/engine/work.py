"""What one driver works with: a bridge, its mapping, both systems, the store and the clock."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from landbridge.engine.examples import Examples
from landbridge.engine.waterline import Waterline
from landbridge.store import decisions, journal, suppression
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.driver import Lease
from landbridge.store.journal import OpenHold
from landbridge.store.observed import Sighting
from landbridge.store.suppression import Addresses
from landbridge.sync.consent import IDENTITY, email_of, phone_of
from landbridge.sync.fingerprint import record_print
from landbridge.sync.guard import Brake
from landbridge.sync.model import Choice, Kind, Record, Side
from landbridge.sync.plan import Planner
from landbridge.sync.rules import Policy
from landbridge.sync.values import Context, converters
from landbridge.systems.base import Clock, Label, System, SystemFailure


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How hard to work: contacts in flight, contacts a slice, and the brake.

    ``index_lag_seconds``: how long HighLevel's search may trail a write. The vendor says "a few seconds"
    (highlevel.md 2.1.3); the figure is our assumption. ``heartbeat_seconds`` renews the lease while calls
    are under way, 0 for never (tests that own the clock). ``refusals``: tries before a refusal is parked.
    ``live_records``: what may change within an hour of live work whatever the brake's count, as people edit
    so much by hand. ``sweep_seconds``: how old a reading of activities may be that can only be read contact
    by contact, before a sync reads them of everybody again. ``cells`` counts the rows of the planner's
    tables that were met, for those who ask.
    """

    concurrency: int = 16
    slice_size: int = 500
    slices_per_step: int = 4
    brake: Brake = field(default_factory=Brake)
    index_lag_seconds: float = 15.0
    heartbeat_seconds: float = 1.0
    refusals: int = 2
    live_records: int = 100
    sweep_seconds: float = 86_400.0
    cells: Counter[str] = field(default_factory=Counter)


class Stage(msgspec.Struct, frozen=True):
    """The cursor of a run; as JSON it is the input and output of one durable step."""

    at: str
    cursor: str = ""
    accept: bool = False  # a person accepted a large change: the brake does not stop this run
    passes: int = 0  # how often creates without an answer were tried again
    doubt: bool = False  # the database may be older than the world: no base is believed
    thorough: bool = False  # read the activities of every contact, whenever that was done last
    swept: int = 0  # activities are read of contacts up to this link
    swept_from: float = 0.0  # when that reading began

    def text(self) -> str:
        """As stored."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, text: str) -> Stage:
        """As stored, back again."""
        return msgspec.json.decode(text, type=cls)

    def to(self, at: str, cursor: str = "") -> Stage:
        """The next place, keeping what holds for the whole run."""
        return msgspec.structs.replace(self, at=at, cursor=cursor)


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of a dry run: what would happen to one contact, where, and why."""

    highlevel_id: str
    name: str
    action: str
    reason: str
    rezora_id: str = ""


@dataclass(slots=True)
class Progress:
    """How far a run is, for people who watch; ``counts`` go into the run."""

    stage: str = ""
    done: int = 0
    total: int = 0
    counts: Counter[str] = field(default_factory=Counter)


Watch = Callable[[Progress], None]
Only = frozenset[tuple[Side, str]]  # records that a run may write to; empty for all


@dataclass(slots=True)
class Work:
    """One driver's belongings for one run."""

    bridge: Bridge
    policy: Policy
    systems: Mapping[Side, System]
    database: Database
    clock: Clock
    lease: Lease
    config: EngineConfig
    run_id: int
    purpose: str
    addresses: Addresses
    waterline: Waterline
    generation: int = 0  # records that a run from this one on has seen are there; of a whole run itself
    listed: float | None = None  # HighLevel's time of the newest change that this run's listing showed
    listing: tuple[float, float] | None = None  # when that listing began and when its last page came
    outer: Stage | None = None  # of the whole sync in whose midst this live work is done
    only: Only = frozenset()  # of a sample: everything else stays due
    careful: bool = False  # a person is asked about a large change: only opt-outs are carried
    looked_at: float | None = None  # when this run listed what moved on both sides
    last_whole: int = 0  # the newest run before this one that read both sides whole
    synced_before: bool = False  # a whole sync was done once: what is new now was not there then
    watch: Watch = lambda _progress: None
    progress: Progress = field(default_factory=Progress)
    labels: dict[str, Label] = field(default_factory=dict)
    known: Known | None = None
    people: Mapping[str, str] | None = None  # names of HighLevel's users, once they were needed
    unanswered: set[tuple[Side, str]] = field(default_factory=set)  # creates whose outcome is unknown
    asked: set[tuple[Side, str]] = field(default_factory=set)  # creates of which a person says what they made
    refused: dict[tuple[Side, str], str] = field(default_factory=dict)  # of those: a refusal's sentence
    waiting: set[tuple[Side, str]] = field(default_factory=set)  # edited a moment ago
    adopted: set[str] = field(default_factory=set)  # records that took the place of a create in this run
    counts_before: Mapping[str, int] = field(default_factory=dict)  # of this run, by an earlier process
    touched: set[tuple[Side, str]] = field(default_factory=set)  # by this run itself, so not by a person
    passes: int = 0
    lines: list[Planned] = field(default_factory=list)  # of a dry run
    examples: Examples = field(default_factory=Examples)  # of a dry run
    lacking: dict[Kind, SystemFailure] = field(default_factory=dict)  # kinds an account does not allow now
    lost: asyncio.Event = field(default_factory=asyncio.Event)  # another driver has the bridge now
    planner: Planner = field(init=False)
    policy_print: str = field(init=False)
    names: frozenset[str] = field(init=False)  # of the fields that this bridge looks at

    def __post_init__(self) -> None:
        self.generation = self.generation or self.run_id
        known = converters(Context(default_country=self.policy.default_country))
        self.planner = Planner(self.policy, known)
        self.names = self.policy.field_names() | IDENTITY
        self.policy_print = _print(self.policy)

    def show(self, stage: str, done: int, total: int) -> None:
        """Tell whoever watches."""
        self.progress.stage, self.progress.done, self.progress.total = stage, done, total
        self.watch(self.progress)

    def note_calls(self) -> None:
        """Put the calls of this run, and what is left of HighLevel's day, among the counts."""
        counts = self.progress.counts
        for side, system in self.systems.items():
            ledger = system.ledger()
            for name, spent in (("calls", ledger.calls), ("waited", round(ledger.waited_seconds))):
                key = f"{name}_{side.value}"
                whole = self.counts_before.get(key, 0) + spent
                if whole or name == "calls":
                    counts[key] = whole
            if ledger.daily and side is Side.HIGHLEVEL:
                counts["quota_day_left"] = ledger.daily_left

    def step(self) -> None:
        """One more record done."""
        self.progress.done += 1
        self.watch(self.progress)

    def sight(self, record: Record) -> Sighting:
        """A record with its fingerprint and its canonical keys of identity."""
        fields = record.fields
        name = fields.get("contact_name") or " ".join(
            filter(None, (fields.get("firstName"), fields.get("lastName")))
        )
        email, phone = email_of(record), phone_of(record, self.policy.default_country)
        return Sighting(
            record,
            record_print(record, self.names),
            name,
            email,
            phone,
            email_key=self.addresses.key(email),
            phone_key=self.addresses.key(phone),
            further=" ".join(sorted(map(self.addresses.key, self.additional(record)))),
        )

    def additional(self, record: Record) -> frozenset[str]:
        """A record's additional e-mail addresses and phone numbers in canonical form (highlevel.md 2.1)."""
        found = set()
        for name, value in record.fields.items():
            if value and name.startswith("additional"):
                only = replace(record, fields={"email" if "Email" in name else "phone": value})
                found |= {email_of(only), phone_of(only, self.policy.default_country)}
        return frozenset(found - {""})

    def leave_out_lists(self, missing: Collection[str]) -> None:
        """Plan without these lists in this run: what is not there says nothing of who was on it."""
        kept = tuple(rule for rule in self.policy.labels if rule.list.casefold() not in missing)
        self.policy = replace(self.policy, labels=kept)
        self.planner = Planner(self.policy, converters(Context(self.policy.default_country)))
        self.policy_print = _print(self.policy)

    @property
    def dry(self) -> bool:
        """Is this a dry run? It changes nothing, not even what we remember."""
        return self.purpose == "plan"

    def may_write(self, side: Side) -> bool:
        """May this bridge write there at all?"""
        return self.policy.only in (None, side)

    async def knowledge(self) -> Known:
        """What people decided and what must not happen, read once a stage."""
        if self.known is None:
            async with self.database.read() as connection:
                bridge_id = self.bridge.id
                self.known = Known(
                    await suppression.known(connection, bridge_id),
                    await decisions.choices(connection, bridge_id),
                    await decisions.paused(connection, bridge_id),
                    await decisions.buried(connection, bridge_id),
                    await journal.refusals(connection, bridge_id),
                )
        return self.known


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows beyond both sides' records: closed channels by address key, choices by pair,
    paused records, tombstones, and what was refused already.
    """

    suppressed: Mapping[str, frozenset[str]]
    choices: Mapping[tuple[str, str], Mapping[str, Choice]]
    paused: frozenset[tuple[Side, str]]
    buried: Mapping[tuple[Side, str], str]
    refusals: Mapping[tuple[str, str], OpenHold]


def _print(policy: Policy) -> str:
    """A mapping in twelve letters: what was settled under another one is planned again."""
    return hashlib.blake2b(repr(policy).encode(), digest_size=6).hexdigest()
