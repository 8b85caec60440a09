"""A few contacts synced for real before the first whole sync, then read back and compared with the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from landbridge.engine.answers import NotPossible
from landbridge.engine.examples import MAY_EMAIL, NO_EMAIL, OFF, ON, Change, Example
from landbridge.engine.fleet import Fleet
from landbridge.engine.work import Only, Progress
from landbridge.store import due, links
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database, StoreFailure
from landbridge.store.due import Due, Urgency
from landbridge.sync.model import Record, Side
from landbridge.sync.rules import Policy
from landbridge.sync.values import Context, Converter, converters
from landbridge.systems.base import Clock, Gone, Label, System, SystemFailure

MOST = 5
CAUSE = "page"
SAME, DIFFERS, NOT_THERE = "same", "differs", "not there"

Open = Callable[[Bridge], Awaitable[Mapping[Side, System]]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Check:
    """One planned change and what its side shows now; ``state`` is ``same``, ``differs`` or ``not there``."""

    change: Change
    shows: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One contact after its sync: its two ids now, and each planned change compared."""

    example: Example
    highlevel_id: str
    rezora_id: str
    checks: tuple[Check, ...]
    later: bool = False  # it was not written yet: somebody may be editing it

    @property
    def linked(self) -> bool:
        """Are there two records now?"""
        return bool(self.highlevel_id and self.rezora_id)

    @property
    def good(self) -> bool:
        """Is everything there as it was planned?"""
        return self.linked and not self.later and all(check.state == SAME for check in self.checks)


@dataclass(frozen=True, slots=True)
class Sample:
    """How far it is; ``state`` is ``running``, ``done`` or ``failed``. Times in epoch seconds."""

    chosen: tuple[Example, ...]
    started_at: float
    state: str = "running"
    doing: str = "Writing"
    sentence: str = ""
    fix: str = ""
    ended_at: float | None = None
    checked: tuple[Checked, ...] = ()

    @property
    def good(self) -> bool:
        """Is all of it as planned?"""
        return self.state == "done" and all(one.good for one in self.checked)


@dataclass(slots=True)
class Samples:
    """The samples of this process, one at a time for each bridge; the newest of each is kept in memory."""

    database: Database
    clock: Clock
    fleet: Callable[[], Awaitable[Fleet]]
    open_both: Open
    policy_of: Callable[[Bridge], Policy]
    _samples: dict[int, Sample] = field(default_factory=dict)
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def state(self, bridge: Bridge) -> Sample | None:
        """The newest sample of a bridge in this process."""
        return self._samples.get(bridge.id)

    def start(self, bridge: Bridge, chosen: Sequence[Example]) -> None:
        """Sync these contacts in the background; raises ``NotPossible`` for more than five, or none."""
        if bridge.live:
            raise NotPossible(
                f"{bridge.name} is switched on, so contacts are synced as they change.",
                "Use “Sync now” on the contact’s page.",
            )
        if not 1 <= len(chosen) <= MOST:
            raise NotPossible(
                f"{len(chosen)} contacts were chosen.", f"Choose from one to {MOST} contacts of the test."
            )
        task = self._tasks.get(bridge.id)
        if task is not None and not task.done():
            raise NotPossible("These contacts are being synced right now.", "Wait until that has ended.")
        self._samples[bridge.id] = Sample(tuple(chosen), self.clock.now())
        self._tasks[bridge.id] = asyncio.ensure_future(self._quietly(bridge))

    async def run(self, bridge: Bridge, chosen: Sequence[Example]) -> Sample:
        """The same, to its end."""
        self.start(bridge, chosen)
        await self._tasks[bridge.id]
        return self._samples[bridge.id]

    async def close(self) -> None:
        """Stop; what was named stays due."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _quietly(self, bridge: Bridge) -> None:
        try:
            await self._carry(bridge)
            await self._read_back(bridge)
        except (SystemFailure, StoreFailure) as failure:
            self._end(bridge, state="failed", sentence=str(failure), fix=failure.fix)
        except Exception:  # whatever it is, the page must not say "running" for ever
            log.exception("sample_failed", bridge=bridge.id)
            fix = "Look at the log of Landbridge, then try again; nothing is written twice."
            self._end(bridge, state="failed", sentence="The sample stopped unexpectedly.", fix=fix)

    async def _carry(self, bridge: Bridge) -> None:
        """Name the contacts, and carry them as live work does."""
        chosen, now = self._samples[bridge.id].chosen, self.clock.now()
        only = _only(chosen)
        named = [Due(side, one, Urgency.ASKED, cause=CAUSE) for side, one in sorted(only)]
        async with self.database.write() as connection:
            await due.name(connection, bridge.id, named, now)

        def watch(progress: Progress) -> None:
            self._samples[bridge.id] = replace(self._samples[bridge.id], doing=progress.stage or "Writing")

        run = await (await self.fleet()).sample(bridge, only, cause=CAUSE, watch=watch)
        if run is None:
            raise NotPossible(
                "Nothing is known yet of who is in the two systems.",
                "Run the test sync again, then try this.",
            )
        if run.state != "done":
            raise NotPossible(run.sentence, run.fix)

    async def _read_back(self, bridge: Bridge) -> None:
        """Read every contact from both sides by id, and compare."""
        self._samples[bridge.id] = replace(self._samples[bridge.id], doing="Reading back")
        policy, systems = self.policy_of(bridge), await self.open_both(bridge)
        try:
            look = _Look(systems, converters(Context(policy.default_country)), policy)
            found = [await self._checked(bridge, look, one) for one in self._samples[bridge.id].chosen]
        finally:
            for system in systems.values():
                await system.close()
        self._end(bridge, state="done", checked=tuple(found))

    async def _checked(self, bridge: Bridge, look: _Look, example: Example) -> Checked:
        ids = {Side.HIGHLEVEL: example.highlevel_id, Side.REZORA: example.rezora_id}
        async with self.database.read() as connection:
            for side in Side:
                kept = (await links.by_side(connection, bridge.id, side, [ids[side]])).get(ids[side])
                if kept is not None:
                    ids = {each: kept.link.id(each) for each in Side}
                    break
            waits = await due.first(
                connection, bridge.id, float("inf"), 2 * MOST, only=_only([example]) or frozenset()
            )
        records = {side: await look.record(side, ids[side]) for side in Side}
        checks = [await look.check(change, records[change.side]) for change in example.changes]
        return Checked(example, ids[Side.HIGHLEVEL], ids[Side.REZORA], tuple(checks), later=bool(waits))

    def _end(self, bridge: Bridge, **changes: object) -> None:
        now = self.clock.now()
        self._samples[bridge.id] = replace(self._samples[bridge.id], ended_at=now, **changes)  # type: ignore[arg-type]


def _only(chosen: Sequence[Example]) -> Only:
    """The records of these contacts, of both sides."""
    pairs = [((Side.HIGHLEVEL, one.highlevel_id), (Side.REZORA, one.rezora_id)) for one in chosen]
    return frozenset(key for pair in pairs for key in pair if key[1])


@dataclass(slots=True)
class _Look:
    """Both systems, read only as much as the comparison needs."""

    systems: Mapping[Side, System]
    known: Mapping[str, Converter]
    policy: Policy
    labels: dict[str, Label] | None = None
    members: dict[str, frozenset[str]] = field(default_factory=dict)

    async def record(self, side: Side, record_id: str) -> Record | None:
        """What a side shows now; None where there is nobody."""
        if not record_id:
            return None
        try:
            return await self.systems[side].contact(record_id)
        except Gone:
            return None

    async def check(self, change: Change, record: Record | None) -> Check:
        """One change against the record of its side."""
        if record is None:
            return Check(change, (), NOT_THERE)
        if change.kind == "label":
            shows: tuple[str, ...] = (ON if await self._has(record, change.title) else OFF,)
        elif change.kind == "consent":
            shows = (NO_EMAIL if record.opted_out else MAY_EMAIL,)
        else:
            shows = tuple(record.fields.get(name, "") for name in change.names)
        return Check(change, shows, SAME if self._equal(change, shows) else DIFFERS)

    def _equal(self, change: Change, shows: tuple[str, ...]) -> bool:
        """The same to the letter or by the rule's converter: a side may write a phone in its own way."""
        rule = next((one for one in self.policy.rules if one.name == change.title), None)
        if shows == change.after or rule is None or change.kind != "field":
            return shows == change.after
        canon = self.known[rule.converter].canon
        return canon(change.side, shows) == canon(change.side, change.after)

    async def _has(self, record: Record, name: str) -> bool:
        """Is a contact tagged, or on a list? Rezora shows no lists on a contact, so the list is read."""
        if record.side is Side.HIGHLEVEL:
            return name.casefold() in {label.casefold() for label in record.labels or ()}
        if self.labels is None:
            found = await self.systems[Side.REZORA].labels()
            self.labels = {label.name.casefold(): label for label in found}
        label = self.labels.get(name.casefold())
        if label is None:
            return False
        if name not in self.members:
            self.members[name] = await self.systems[Side.REZORA].members(label)
        return record.id in self.members[name]
