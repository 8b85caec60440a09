"""The composition root: opens the store, builds the systems and the engine by hand, closes them again."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import structlog

from landbridge.assembly import (
    access_for,
    alerts_for,
    async_url,
    dbos_for,
    engine_config,
    feeds_for,
    receiver_for,
)
from landbridge.bridge_settings import BridgeSettings
from landbridge.connecting import Connected, Connecting
from landbridge.connections import Connections
from landbridge.engine.activity_kinds import Carried, kinds_of
from landbridge.engine.calling import Called, Caller
from landbridge.engine.contact_book import ContactBook
from landbridge.engine.crew import Crew
from landbridge.engine.desk import Answered, Desk, Question
from landbridge.engine.fleet import DryRun, Fleet, MakeDurable, UndoRun
from landbridge.engine.journal_book import JournalBook
from landbridge.engine.mapping_book import MappingBook
from landbridge.engine.outgoing import OutgoingWebhooks, keep_sending
from landbridge.engine.overview import Overview
from landbridge.engine.pausing import demand_running
from landbridge.engine.pulse import Pulses
from landbridge.engine.recipe_book import RecipeBook
from landbridge.engine.recipes import OpenActivities, activities_of
from landbridge.engine.retention import keep_short
from landbridge.engine.roster import Listing, Roster
from landbridge.engine.samples import Samples
from landbridge.engine.schedule import Timetable, Timing, keep_in_step
from landbridge.engine.setups import SetupBook
from landbridge.engine.status import Status, status_of
from landbridge.engine.switch import demand_live
from landbridge.engine.telling import Tried, keep_watch
from landbridge.engine.trials import Trials
from landbridge.engine.undo import UndoOrder
from landbridge.engine.watching import WatchedFleet
from landbridge.engine.waterline import FileWaterline
from landbridge.engine.work import EngineConfig, Watch
from landbridge.home import home_in_use
from landbridge.operating import instruments_for, operating_for
from landbridge.own_actions import OwnActions
from landbridge.settings import Settings
from landbridge.store import journal
from landbridge.store.alerts import Alert
from landbridge.store.bridges import Account, Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.driver import owner_name
from landbridge.store.inbox import Outcome
from landbridge.store.journal import Entry
from landbridge.store.keyring import load_keys
from landbridge.store.runs import Run, Runs
from landbridge.store.vault import Vault
from landbridge.sync.mapping import read_policy, write_policy
from landbridge.sync.model import Kind, Side
from landbridge.sync.rules import ActivityRule, Policy, default_policy
from landbridge.systems.base import Clock, RealClock
from landbridge.systems.outgoing_webhook import WebhookSender
from landbridge.systems.transport import MakeTransport
from landbridge.upkeep import Upkeep

log = structlog.get_logger()


class App:
    """Everything that the command line and the pages can do; made by ``open_app``."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        clock: Clock,
        *,
        durable: MakeDurable | None = None,
        engine: EngineConfig | None = None,
        transport: MakeTransport | None = None,
        activities: OpenActivities = activities_of,
    ) -> None:
        self._activities = activities
        self._durable = durable or dbos_for(settings)
        self._engine_config = engine or engine_config(settings)
        self.settings = settings
        self.database = database
        self.clock = clock
        self.bridges = Bridges(database)
        self.runs = Runs(database)
        self.doors, self.people, self.letters, self.provider = access_for(settings, database, vault, clock)
        self._vault = vault
        self._process = secrets.token_hex(4)
        instruments = instruments_for(settings, clock, self._process)
        self._rng = random.Random()  # noqa: S311  # spreads retries; not a secret
        owner, watch = owner_name(self._process), instruments.call
        self._connections = Connections(settings, vault, clock, self._rng, owner, transport, watch)
        self._connecting = Connecting(settings, self._connections, self.bridges, vault, clock, self._rng)
        self._waterline = FileWaterline(settings.home / "waterline.json")
        self.desk = Desk(database, clock, self._connections.policy_of, self._waterline)
        self._roster = Roster(database, clock, self._connections.policy_of)
        self.contact_book = ContactBook(database, clock, self._connections.policy_of)
        self.mappings = MappingBook(database, clock, self._connections.policy_from, self._connections.open)
        self.journal_book = JournalBook(database)
        self.feeds = feeds_for(settings, database, vault, clock)
        self.upkeep = Upkeep(settings, database, vault, clock)
        self.recipes = RecipeBook(database, clock, self._connections.policy_of, self.carry)
        self._receiver = receiver_for(settings, database, clock, self.wake, self.recipes.listens)
        self._timetable = Timetable(
            database, clock, {"sync": settings.scan_interval_seconds, "poll": settings.rezora_poll_seconds}
        )
        self.overview = Overview(database, clock, self._timetable)
        self._pulses = Pulses(database, clock, self._connections.usages_of, settings.highlevel_quota_daily)
        self._alerts = alerts_for(settings, database, clock, self._timetable, self._connections.calls_of)
        self._caller = Caller(
            database, clock, self._connections.open_calls, OwnActions(self), self._connections.may_write
        )
        self.outgoing = OutgoingWebhooks(database, clock, vault, WebhookSender(), self._rng)
        samples = Samples(database, clock, self._engine, self._connections.open_both, self.policy_of)
        self.setups = SetupBook(database, clock, self._pair, partial(self.start_sync, cause="page"), samples)
        self.trials = Trials(self.plan, clock)
        self._fleet: Fleet | None = None
        self._opening = asyncio.Lock()
        self._crew = Crew(database, clock, self.live, partial(self.poll, cause="schedule"), self._sync_for)
        self.bridge_settings = BridgeSettings(database, clock, vault, self._crew, self.trials, samples, owner)
        self.operating = operating_for(
            settings, database, vault, clock, instruments, self._connections, self._receiver, self._crew
        )

    def setup_code(self) -> str:
        """What the first owner types to prove that they can see the server's terminal."""
        return self._vault.code("the first owner")

    # Connecting

    async def connect_url(self, session: str, *, setup: int = 0, read_only: bool = False) -> str:
        """The consent page of HighLevel, with a one-time state bound to the browser session."""
        return await self._connecting.url(session, setup=setup, read_only=read_only)

    async def finish_connect(self, code: str, state: str, session: str) -> Connected:
        """The browser came back: check the state, exchange the code, keep the grant."""
        return await self._connecting.finish(code, state, session)

    async def connect_highlevel(
        self, *, token: str = "", location: str = "", code: str = "", read_only: bool = False
    ) -> Account:
        """Connect with a Private Integration Token and its location, or with an OAuth code."""
        return await self._connecting.highlevel(
            token=token, location=location, code=code, read_only=read_only
        )

    async def connect_rezora(self, username: str, password: str) -> Account:
        """Connect with the API user name and password; tried before they are stored."""
        return await self._connecting.rezora(username, password)

    # Bridges

    async def all_bridges(self) -> list[Bridge]:
        """All bridges, oldest first."""
        return await self.bridges.bridges()

    async def bridge_by_id(self, bridge_id: int) -> Bridge | None:
        """One of them; None where there is none of that id."""
        return await self.bridges.find(bridge_id)

    async def accounts(self) -> list[Account]:
        """All connected accounts."""
        return await self.bridges.accounts()

    async def create_bridge(
        self,
        name: str = "",
        mapping: str | None = None,
        highlevel: str = "",
        rezora: str = "",
        *,
        live: bool = True,
        by: str = "",
    ) -> Bridge:
        """Pair two accounts with a mapping; idempotent. Without a mapping an existing one stays.

        A new bridge that is not ``live`` is switched on later (``setups.switch_on``).

        Raises ``MappingError`` with every problem of the mapping file, before anything is stored.
        """
        left = await self.bridges.account(Side.HIGHLEVEL, highlevel)
        right = await self.bridges.account(Side.REZORA, rezora)
        found = [b for b in await self.all_bridges() if (b.highlevel.id, b.rezora.id) == (left.id, right.id)]
        if mapping is None:
            mapping = found[0].policy if found else write_policy(default_policy())
        read_policy(mapping)
        named = name or (found[0].name if found else left.title or "main")
        await self._vault.pepper()  # now, so that every later copy of the database has it
        return await self.bridges.create(named, left, right, mapping, self.clock.now(), live=live, by=by)

    async def _pair(self, name: str, highlevel: str, rezora: str) -> Bridge:  # a callback of SetupBook
        return await self.create_bridge(name, None, highlevel, rezora, live=False)

    # Work

    async def sync(
        self,
        bridge: Bridge,
        *,
        cause: str,
        accept: bool = False,
        restored: bool = False,
        everything: bool = False,
        watch: Watch | None = None,
    ) -> Run:
        """A full sync to its end, or the end of one that was cut off.

        ``restored``: the database came from an older copy, so no base is believed in this run.
        ``everything``: notes, and what else is read contact by contact, are read of everybody.
        """
        engine = await self._engine()
        return await engine.sync(
            bridge, cause=cause, accept=accept, doubt=restored, thorough=everything, watch=watch
        )

    async def _sync_for(self, bridge: Bridge, cause: str, accept: bool) -> Run:  # a callback of Crew
        return await self.sync(bridge, cause=cause, accept=accept)

    def policy_of(self, bridge: Bridge) -> Policy:
        """What its mapping and its connections allow; raises ``MappingError``."""
        return self._connections.policy_of(bridge)

    def carried(self, bridge: Bridge) -> list[Carried]:
        """The kinds of activities it carries, and where they can be read and written."""
        return kinds_of(bridge, self.policy_of(bridge))

    async def carry(self, bridge: Bridge, kind: Kind, rule: ActivityRule | None, *, by: str = "") -> Bridge:
        """Carry a kind of activities from now on, or not any more; the rest of the mapping stays as it is.

        Raises ``MappingError`` for a rule that the mapping cannot have.
        """
        return await self.mappings.carry(bridge, kind, rule, by=by)

    async def plan(self, bridge: Bridge, *, mapping: str | None = None, watch: Watch | None = None) -> DryRun:
        """A dry run: what a sync would do, or what it would do under another mapping, which is not stored.

        Raises ``MappingError`` before anything is read.
        """
        policy = None if mapping is None else self._connections.policy_from(bridge, mapping)
        return await (await self._engine()).dry_run(bridge, policy=policy, watch=watch)

    async def live(self, bridge: Bridge, *, cause: str = "event", watch: Watch | None = None) -> Run | None:
        """Carry what events or people named; None where a whole sync has to come first."""
        return await (await self._engine()).live(bridge, cause=cause, watch=watch)

    async def poll(self, bridge: Bridge, *, cause: str, watch: Watch | None = None) -> Run | None:
        """Look what moved on both sides and carry it; None where a whole sync has to come first."""
        return await (await self._engine()).poll(bridge, cause=cause, watch=watch)

    async def ask(self, bridge: Bridge, record_ids: Sequence[str], *, cause: str) -> int:
        """Look at these contacts soon, by their id on either side; how many were named."""
        demand_running(bridge)
        named = await self._roster.ask(bridge, record_ids, cause)
        self.wake(bridge.id)
        return named

    async def ask_business(self, bridge: Bridge, business_id: str, *, cause: str) -> int:
        """Look at everybody who belongs to a HighLevel business; one call says who does."""
        system = await self._connections.open(bridge.highlevel)
        try:
            ids = await system.contacts_of_business(business_id)
        finally:
            await system.close()
        return await self.ask(bridge, sorted(ids), cause=cause)

    def wake(self, bridge_id: int) -> None:
        """Something is due on this bridge: whoever drives it in this process looks at once."""
        self._crew.wake(bridge_id)

    def start_sync(self, bridge: Bridge, *, cause: str, accept: bool = False) -> None:
        """A full sync in the background; one at a time for each bridge."""
        demand_live(bridge)
        demand_running(bridge)
        self._crew.start_sync(bridge, cause=cause, accept=accept)

    async def status(self, bridge: Bridge) -> Status:
        """How a bridge stands."""
        found = await status_of(self.database, bridge, self.clock.now())
        following = {timing.purpose: timing.next_at for timing in await self.timings(bridge)}
        came = await self.arrivals()
        pulse = await self._pulses.of(bridge, found.running if found.busy else None, found.told)
        next_sync, next_poll = following["sync"], following["poll"]
        asked = self._crew.asked(bridge.id)
        return replace(
            found, arrivals=came, pulse=pulse, next_sync=next_sync, next_poll=next_poll, asked_at=asked
        )

    # People

    async def holds(
        self, bridge: Bridge, cause: str = "", limit: int = 200, after: tuple[float, int] | None = None
    ) -> list[Question]:
        """What waits for a person, oldest first, each with the answers it takes; ``after`` one of them."""
        return await self.desk.questions(bridge, cause, limit, after)

    async def hold_counts(self, bridge: Bridge) -> dict[str, int]:
        """How many wait, by cause, the commonest first."""
        return await self.desk.counts(bridge)

    async def hold(self, bridge: Bridge, hold_id: int) -> Question:
        """One open hold; raises ``NotPossible`` when it is settled."""
        return await self.desk.question(bridge, hold_id)

    async def resolve(self, bridge: Bridge, hold_id: int, use: str, value: str = "", *, by: str) -> Question:
        """Answer a hold; the next sync carries it out. Raises ``NotPossible`` with nothing changed."""
        return await self.desk.resolve(bridge, hold_id, use, value, by=by)

    async def resolve_all(self, bridge: Bridge, cause: str, use: str, *, by: str) -> Answered:
        """Give every open hold of one cause the same answer."""
        return await self.desk.resolve_all(bridge, cause, use, by=by)

    async def contacts(self, bridge: Bridge, standing: str, after: str = "") -> Listing:
        """One page of the contacts that are ``in-sync``, ``left-out``, ``held`` or ``waiting``."""
        return await self._roster.contacts(bridge, standing, after)

    async def pause(self, bridge: Bridge, record_id: str, note: str = "") -> None:
        """Take a contact out of the sync; opt-outs are carried all the same."""
        await self._roster.pause(bridge, record_id, note)

    async def resume(self, bridge: Bridge, record_id: str) -> None:
        """Put a paused contact back."""
        await self._roster.resume(bridge, record_id)

    async def again(self, bridge: Bridge, record_id: str) -> None:
        """Let the next sync create a contact anew where it was deleted."""
        await self._roster.again(bridge, record_id)

    async def undo(self, bridge: Bridge, order: UndoOrder, *, cause: str, preview: bool = False) -> UndoRun:
        """Put back what the journal says was written, where it still shows; a preview writes nothing."""
        return await (await self._engine()).undo(bridge, order, cause=cause, preview=preview)

    async def journal(self, bridge: Bridge, count: int = 50) -> list[Entry]:
        """The newest entries of the journal, newest first."""
        async with self.database.read() as connection:
            return await journal.recent(connection, bridge.id, count)

    async def call(self, bridge: Bridge, name: str, given: Mapping[str, object], *, by: str) -> Called:
        """Call an operation of the catalog; ``by`` is page, api, command or assistant."""
        return await self._caller.call(bridge, name, given, by=by)

    # Webhooks

    async def receive(self, raw: bytes, headers: Mapping[str, str]) -> Outcome:
        """One webhook of HighLevel, its headers by lower-case name; returns when it is durable."""
        return await self._receiver.receive(raw, headers)

    async def arrivals(self) -> dict[str, int]:
        """How many webhooks came today, by outcome."""
        return await self._receiver.counts()

    async def keep_in_step(self) -> None:
        """Live work and scheduled runs until cancelled; what was cut off is finished first."""
        engine = await self._engine()
        scheduled = keep_in_step(self._timetable, self.clock, engine.unfinished, self.start_scheduled)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.recipes.learn())
            group.create_task(scheduled)
            group.create_task(self._crew.keep_live())
            group.create_task(keep_watch(self._alerts, self.clock))
            group.create_task(keep_sending(self.outgoing, self.clock))
            group.create_task(keep_short(self.upkeep.history, self.clock))

    def look_for_changes(self, bridge: Bridge) -> None:
        """Look what moved on both sides, in the background; whatever is under way finds it as well."""
        demand_running(bridge)
        self._crew.start_poll(bridge)

    def start_scheduled(self, bridge: Bridge, purpose: str) -> None:
        """A run of a purpose (``sync`` or ``poll``) in the background, because its time has come."""
        if purpose == "sync":
            self.start_sync(bridge, cause="schedule")
        else:
            self._crew.start_poll(bridge)

    async def timings(self, bridge: Bridge) -> list[Timing]:
        """When each purpose of a bridge runs by itself."""
        return await self._timetable.timings(bridge)

    async def set_schedule(
        self, bridge: Bridge, purpose: str, text: str, zone: str | None = None, quiet: str | None = None
    ) -> Timing:
        """Give a purpose its schedule; what is None stays. Raises ``NotPossible`` with nothing changed."""
        return await self._timetable.set(bridge, purpose, text, zone, quiet)

    async def switch_off(self, bridge: Bridge, purpose: str) -> Timing:
        """Nothing of this purpose starts by itself any more."""
        return await self._timetable.off(bridge, purpose)

    async def alerts(self, bridge: Bridge) -> list[Alert]:
        """What people were told of a bridge; what lasts comes first."""
        return await self._alerts.recent(bridge)

    async def try_channels(self) -> list[Tried]:
        """Send a test through each channel that is configured."""
        return await self._alerts.try_channels()

    def forecast_seconds(self, calls: int) -> float:
        """How long so many Rezora calls take at the quota in the settings."""
        burst = self.settings.rezora_quota_burst
        return calls / burst * self.settings.rezora_quota_interval_seconds if burst else calls * 0.005

    async def _engine(self) -> Fleet:
        """The durable engine, opened by the first command that needs it."""
        async with self._opening:
            if self._fleet is None:
                fleet = WatchedFleet(
                    self.database,
                    self._connections.open_both,
                    self.clock,
                    self._engine_config,
                    policy_of=self._connections.policy_of,
                    pepper=await self._vault.pepper(),
                    durable=self._durable,
                    process=self._process,
                    waterline=self._waterline,
                    activities=self._activities,
                    watcher=self.operating.instruments,
                )
                await fleet.launch()
                self._fleet = fleet
        return self._fleet

    async def close(self) -> None:
        """Stop everything; what is unfinished continues with the next process."""
        await self.trials.close()
        await self._crew.close()
        await self.setups.close()
        await self._receiver.close()
        if self._fleet is not None:
            await self._fleet.close()
        await self.operating.close()
        await self.database.close()


@asynccontextmanager
async def open_app(
    settings: Settings,
    clock: Clock | None = None,
    *,
    database: Database | None = None,
    durable: MakeDurable | None = None,
    engine: EngineConfig | None = None,
    transport: MakeTransport | None = None,
    activities: OpenActivities = activities_of,
) -> AsyncIterator[App]:
    """The application with its folder, key and database ready; what is given replaces the usual parts.

    Raises ``StoreFailure`` when the folder, the key or the database cannot be used.
    """
    with home_in_use(settings.home):
        keys = load_keys(settings.home, settings.key.get_secret_value())
        database = database or Database(async_url(settings.database_url))
        vault = Vault(database, keys)
        app = App(
            settings,
            database,
            vault,
            clock or RealClock(),
            durable=durable,
            engine=engine,
            transport=transport,
            activities=activities,
        )
        try:
            await database.migrate()
            yield app
        finally:
            await app.close()
