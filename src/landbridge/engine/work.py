"""What one driver works with: a bridge, its mapping, both systems, the store and the clock."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.driver import Lease
from landbridge.store.observed import Sighting
from landbridge.sync.addresses import e164, normal_email
from landbridge.sync.fingerprint import record_print
from landbridge.sync.guard import Brake
from landbridge.sync.model import Record, Side
from landbridge.sync.plan import Planner
from landbridge.sync.rules import Policy
from landbridge.sync.values import Context, converters
from landbridge.systems.base import Clock, Label, System

PHONES = ("phone", "contact_phone_mobile", "contact_phone_home", "contact_phone_work")


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How hard to work: contacts in flight, contacts a slice, and the brake."""

    concurrency: int = 16
    slice_size: int = 500
    slices_per_step: int = 4
    brake: Brake = field(default_factory=Brake)


class Stage(msgspec.Struct, frozen=True):
    """The cursor of a run; as JSON it is the input and output of one durable step."""

    at: str
    cursor: str = ""
    accept: bool = False  # a person accepted a large change: the brake does not stop this run
    passes: int = 0  # how often creates without an answer were tried again

    def text(self) -> str:
        """As stored."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, text: str) -> Stage:
        """As stored, back again."""
        return msgspec.json.decode(text, type=cls)

    def to(self, at: str, cursor: str = "") -> Stage:
        """The next place, keeping what holds for the whole run."""
        return Stage(at, cursor, self.accept, self.passes)


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of a dry run: what would happen to one contact, and why."""

    highlevel_id: str
    name: str
    action: str
    reason: str


@dataclass(slots=True)
class Progress:
    """How far a run is, for people who watch; ``counts`` go into the run."""

    stage: str = ""
    done: int = 0
    total: int = 0
    counts: Counter[str] = field(default_factory=Counter)


Watch = Callable[[Progress], None]


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
    watch: Watch = lambda _progress: None
    progress: Progress = field(default_factory=Progress)
    labels: dict[str, Label] = field(default_factory=dict)
    suppressed: frozenset[str] | None = None
    unanswered: set[str] = field(default_factory=set)  # creates of this process whose outcome is unknown
    refused: dict[str, str] = field(default_factory=dict)  # of those: the sentence of a refusal
    passes: int = 0
    lines: list[Planned] = field(default_factory=list)  # of a dry run
    lost: asyncio.Event = field(default_factory=asyncio.Event)  # another driver has the bridge now
    planner: Planner = field(init=False)
    policy_print: str = field(init=False)

    def __post_init__(self) -> None:
        known = converters(Context(default_country=self.policy.default_country))
        self.planner = Planner(self.policy, known)
        self.policy_print = hashlib.blake2b(repr(self.policy).encode(), digest_size=6).hexdigest()

    def show(self, stage: str, done: int, total: int) -> None:
        """Tell whoever watches."""
        self.progress.stage, self.progress.done, self.progress.total = stage, done, total
        self.watch(self.progress)

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
        raw_email = fields.get("email") or fields.get("contact_email") or ""
        phones = (e164(fields[field], self.policy.default_country) for field in PHONES if fields.get(field))
        return Sighting(
            record, record_print(record), name, normal_email(raw_email), next(filter(None, phones), "")
        )
