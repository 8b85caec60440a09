"""Runs of bridges: one driver each, durable, resumed after a crash, and told to whoever watches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog
from msgspec.structs import replace as replace_struct
from sqlalchemy.exc import OperationalError

from landbridge.engine import live
from landbridge.engine.doubt import Doubts
from landbridge.engine.durable import FINISHED, Driver, Drives
from landbridge.engine.endings import account_of, ended_by, timed, until_lost
from landbridge.engine.examples import Examples
from landbridge.engine.pausing import demand_running
from landbridge.engine.recipes import OpenActivities, activities_of, run_recipes
from landbridge.engine.reconcile import Braked
from landbridge.engine.steps import STEPS
from landbridge.engine.switch import demand_live
from landbridge.engine.together import ended
from landbridge.engine.undo import UndoLine, UndoOrder, undo
from landbridge.engine.waterline import Waterline
from landbridge.engine.work import EngineConfig, Only, Planned, Progress, Stage, Watch, Work
from landbridge.store import due
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database, StoreFailure
from landbridge.store.driver import Drivers, Lease, LeaseLost, owner_name, renew
from landbridge.store.runs import LIVE, Run, Runs
from landbridge.store.suppression import Addresses
from landbridge.sync.consent import IDENTITY
from landbridge.sync.mapping import MappingError
from landbridge.sync.model import Kind, Side
from landbridge.sync.rules import Policy
from landbridge.systems.base import Clock, System, SystemFailure

log = structlog.get_logger()


def _unwatched(_progress: Progress) -> None:
    """Nobody watches."""


async def _shut(system: System) -> None:
    """Whoever is stopped in the midst of this does not leave the connection half closed."""
    await asyncio.shield(system.close())


WEIGHED = ("overwrites", "gone", "leaving")  # what the brake adds up over an hour

OpenSystems = Callable[[Bridge], Awaitable[Mapping[Side, System]]]
MakeDurable = Callable[[Driver, str], Drives]


@dataclass(slots=True)
class DryRun:
    """What a dry run found: the run with its counts, a line for each contact that would change, and examples.

    Counts are exact; of the examples, which show each field before and after, so many are kept as memory
    allows (``examples.MOST``).
    """

    run: Run
    lines: list[Planned] = field(default_factory=list)
    examples: Examples = field(default_factory=Examples)


@dataclass(slots=True)
class UndoRun:
    """What an undo did, or would do: the run with its counts, and the lines, newest entry first."""

    run: Run
    lines: list[UndoLine] = field(default_factory=list)


class Fleet:
    """All bridges of this process; one run at a time for each of them."""

    def __init__(
        self,
        database: Database,
        open_systems: OpenSystems,
        clock: Clock,
        config: EngineConfig,
        *,
        policy_of: Callable[[Bridge], Policy],
        pepper: bytes,
        durable: MakeDurable,
        process: str,
        waterline: Waterline,
        activities: OpenActivities = activities_of,
    ) -> None:
        self._activities = activities
        self._policy_of = policy_of
        self._pepper = pepper
        self._waterline = waterline
        self._doubts = Doubts(database, waterline, clock)
        self._database = database
        self._open_systems = open_systems
        self._clock = clock
        self._config = config
        self._owner = owner_name(process)
        self._drivers = Drivers(database)
        self._runs = Runs(database)
        self._bridges = Bridges(database)
        self._durable = durable(self, self._owner)
        self._works: dict[int, Work] = {}

    async def launch(self) -> None:
        """Open the durable engine."""
        await self._durable.launch()

    async def close(self) -> None:
        """Stop; unfinished runs stay for the next process."""
        await self._durable.close()

    async def sync(
        self,
        bridge: Bridge,
        *,
        cause: str,
        accept: bool = False,
        doubt: bool = False,
        thorough: bool = False,
        watch: Watch | None = None,
    ) -> Run:
        """Run a full sync, or finish the one that was cut off; the finished run tells how it went.

        ``thorough``: the activities of each contact are read, whenever that was done last.

        ``doubt``: the database was restored from an older copy (noticed by itself where the waterline
        says so): no base is believed and nobody is created unasked (property L11). Raises
        ``StoreFailure`` while another process works on the bridge.
        """
        demand_live(bridge)
        await self._demand_running(bridge)
        lease = await self._doubts.take(bridge, self._owner)
        try:
            in_doubt = await self._doubts.notice(bridge, lease, said=doubt)
            run = await self._to_continue(bridge, accept=accept)
            if run is None:
                first = Stage("prepare", accept=accept, doubt=in_doubt, thorough=thorough).text()
                run = await self._runs.start(bridge.id, "sync", cause, first, self._clock.now())
            self._waterline.raise_to(bridge.id, run.id)
            async with self._working(bridge, run, lease, watch) as work:
                if work is not None:
                    await until_lost(work, self._durable.drive(run.id, run.stage))
        finally:
            await self._doubts.give_back(lease)
        return await self._runs.get(run.id)

    async def live(self, bridge: Bridge, *, cause: str, watch: Watch | None = None) -> Run | None:
        """Carry what is due; None where a whole sync has to come first."""
        demand_live(bridge)
        return await self._partly(bridge, "live", "live", cause, watch)

    async def sample(
        self, bridge: Bridge, only: Only, *, cause: str, watch: Watch | None = None
    ) -> Run | None:
        """Carry these due contacts and no others, before the first whole sync; None without a whole reading.

        As live work does it: read by id, matched among everybody whom the newest dry run saw, noted ahead.
        """
        return await self._partly(bridge, "live", "live", cause, watch, only)

    async def poll(self, bridge: Bridge, *, cause: str, watch: Watch | None = None) -> Run | None:
        """Look what moved on both sides and carry it; None where a whole sync has to come first."""
        demand_live(bridge)
        return await self._partly(bridge, "poll", "look_highlevel", cause, watch)

    async def _partly(
        self, bridge: Bridge, purpose: str, at: str, cause: str, watch: Watch | None, only: Only = frozenset()
    ) -> Run | None:
        """A run about some records. The due records are its memory: one that is cut off leaves them."""
        await self._demand_running(bridge)
        lease = await self._doubts.take(bridge, self._owner)
        try:
            in_doubt = await self._doubts.notice(bridge, lease)
            whole = await self._runs.latest_done(bridge.id)
            if whole is None or in_doubt or not (only or await self._runs.synced(bridge.id)):
                return None
            if await self._runs.unfinished(bridge.id):
                return None
            await self._runs.end_stale(bridge.id, LIVE, self._clock.now())
            stage = Stage(at).text()
            run = await self._runs.start(bridge.id, purpose, cause, stage, self._clock.now())
            self._waterline.raise_to(bridge.id, run.id)
            async with self._working(bridge, run, lease, watch, generation=whole.id) as work:
                if work is not None:
                    work.careful, work.only = await self._runs.asked(bridge.id), only
                    await until_lost(work, self._to_the_end(run.id, stage))
        finally:
            await self._doubts.give_back(lease)
        return await self._runs.get(run.id)

    async def _demand_running(self, bridge: Bridge) -> None:
        """Nothing starts on a bridge that was stopped since the caller looked it up."""
        found = await self._bridges.find(bridge.id)
        if found is not None:
            demand_running(found)

    async def _to_the_end(self, run_id: int, stage: str) -> None:
        while stage != FINISHED:
            stage = await self.advance(run_id, stage)

    async def _to_continue(self, bridge: Bridge, *, accept: bool) -> Run | None:
        """The sync that was cut off, if what it has read is still what we know of both sides."""
        run = await self._runs.unfinished(bridge.id)
        if run is None:
            return None
        newest = (await self._runs.recent(bridge.id, 1))[0]
        if run.purpose != "sync" or newest.id != run.id:
            note = "It was cut off, and another run has read both sides since."
            await self._runs.finish(run.id, "failed", self._clock.now(), note, "Nothing to do.")
            return await self._to_continue(bridge, accept=accept)
        if not run.stage:  # everything was done, and only the end was not noted: what came since is not in it
            await self._runs.finish(run.id, "done", self._clock.now())
            return await self._to_continue(bridge, accept=accept)
        stage = Stage.read(run.stage)
        if stage.at != "prepare":
            # What was read before the stop may be hours old by now: an opt-out in it would be missed.
            swept = stage.swept if stage.at == "read_contacts" else 0
            stage = replace_struct(
                stage, at="highlevel", cursor="", accept=stage.accept or accept, swept=swept
            )
            await self._runs.set_stage(run.id, stage.text())
            return await self._runs.get(run.id)
        return run

    async def dry_run(
        self, bridge: Bridge, *, policy: Policy | None = None, watch: Watch | None = None
    ) -> DryRun:
        """Read both sides and plan everything, by another policy if one is given; not one mutating call."""
        lease = await self._doubts.take(bridge, self._owner)
        lines: list[Planned] = []
        examples = Examples()
        try:
            stage = Stage("prepare", doubt=await self._doubts.notice(bridge, lease)).text()
            run = await self._runs.start(bridge.id, "plan", "command", stage, self._clock.now())
            async with self._working(bridge, run, lease, watch, policy) as work:
                if work is not None:
                    work.lines, work.examples = lines, examples
                    await until_lost(work, self._to_the_end(run.id, run.stage))
        finally:
            await self._doubts.give_back(lease)
        return DryRun(await self._runs.get(run.id), lines, examples)

    async def undo(self, bridge: Bridge, order: UndoOrder, *, cause: str, preview: bool) -> UndoRun:
        """Put back what the journal says was written; raises ``NotPossible`` for an order without a sense."""
        lease = await self._doubts.take(bridge, self._owner)
        lines: list[UndoLine] = []
        try:
            await self._doubts.notice(bridge, lease)
            stage = Stage("finish").text()
            run = await self._runs.start(bridge.id, "undo", cause, stage, self._clock.now())
            async with self._working(bridge, run, lease, None) as work:
                if work is not None:
                    try:
                        await undo(work, order, lines, preview=preview)
                    except OperationalError:
                        raise  # the database itself: nothing can be noted in it
                    except Exception as error:  # whatever it is, the run must end and say so
                        await self._fail(work, error, stage)
                        if isinstance(error, StoreFailure):
                            raise
                    else:
                        await self._end(work, "done", "A preview: nothing was written." if preview else "")
        finally:
            await self._doubts.give_back(lease)
        return UndoRun(await self._runs.get(run.id), lines)

    async def unfinished(self) -> list[Bridge]:
        """Bridges with a run that was cut off and that nobody drives now."""
        now = self._clock.now()
        return [
            bridge
            for bridge in await self._bridges.bridges()
            if bridge.running
            and await self._runs.unfinished(bridge.id)
            and not await self._drivers.busy(bridge.id, now)
        ]

    async def advance(self, run_id: int, stage: str) -> str:
        """One step of a run. A failure ends the run with its sentence; it is never raised through DBOS."""
        work = self._works[run_id]
        run = await self._runs.get(run_id)  # our own row decides: DBOS may repeat a step that was done
        if run.state != "running":
            return FINISHED
        if run.stage == FINISHED:  # everything was done, and only the end was not noted
            return await self._end(work, "done")
        try:
            at = Stage.read(run.stage)
            await self._live_between(work, at)
            following = await self._step(work, at)
            if following == FINISHED:
                await self._look_at_recipes(work)
        except LeaseLost:
            work.lost.set()  # the other driver has the run now; a zombie's step must never be recorded
            never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            return await never
        except OperationalError:
            raise  # the database itself: nothing can be noted in it; the run continues with the next sync
        except Exception as error:  # whatever it is, the run must end and say so
            return await self._fail(work, error, stage)
        lacks = [(one.sentence, one.fix) for one in work.lacking.values()]
        return following or await self._end(work, "done", *(lacks[0] if lacks else ()))

    async def _look_at_recipes(self, work: Work) -> None:
        """What the recipes of a bridge make of what this run found; a fault in them fails no sync."""
        if work.purpose not in ("sync", *LIVE) or work.only:
            return
        try:
            await run_recipes(work, self._activities)
        except (LeaseLost, OperationalError):
            raise
        except Exception:
            log.exception("recipes_failed", bridge=work.bridge.id)

    async def _live_between(self, work: Work, at: Stage) -> None:
        """What comes in while a whole sync is under way does not wait for its end."""
        if work.purpose != "sync" or at.doubt or not work.synced_before or at.at == "prepare":
            return
        async with self._database.read() as connection:
            if not await due.first(connection, work.bridge.id, self._clock.now(), 1, kinds=tuple(Kind)):
                return
        read = at.at not in ("highlevel", "rezora")
        inner = replace(
            work,
            purpose="live",
            generation=work.run_id if read else work.last_whole,
            outer=at,
            progress=Progress(counts=Counter({name: work.progress.counts[name] for name in WEIGHED})),
            unanswered=set(),
            refused={},
            waiting=set(),
            watch=_unwatched,
            known=None,
        )
        try:
            await live.drain(inner, at)
        except Braked:
            if at.at in (
                "apply",
                "settle",
                "carry_activities",
            ):  # behind the sync's own brake, which has not seen these
                raise
        except SystemFailure as failure:
            log.info("live_waits", bridge=work.bridge.id, why=failure.sentence)
        work.known = None
        counts = inner.progress.counts
        work.progress.counts |= Counter({name: counts[name] for name in WEIGHED if counts[name]})
        work.progress.counts.update({name: counts[name] for name in ("reads", "writes")})

    async def _step(self, work: Work, at: Stage) -> str:
        """Do one stage and move the run's cursor; ``""`` behind the last."""
        following = await timed(work, at.at, STEPS[at.at](work, at))
        if not following.at:
            return FINISHED
        await self._runs.set_stage(work.run_id, following.text())
        return following.text()

    async def _fail(self, work: Work, error: Exception, stage: str) -> str:
        """The run ends, and says so; an account that has to be connected again says so too."""
        account = account_of(work.bridge, error)
        if account is not None and isinstance(error, SystemFailure):
            await self._bridges.set_trouble(account.id, error.sentence, error.fix)
        return await self._end(work, *ended_by(error, work.run_id, stage))

    async def _end(self, work: Work, state: str, sentence: str = "", fix: str = "") -> str:
        await self._save_progress(work)
        for account in (work.bridge.highlevel, work.bridge.rezora) if state == "done" else ():
            if account.trouble:
                await self._bridges.set_trouble(account.id, "", "")
        await self._runs.finish(work.run_id, state, self._clock.now(), sentence, fix)
        return FINISHED

    async def _save_progress(self, work: Work) -> None:
        work.note_calls()
        now = work.progress
        await self._runs.progress(work.run_id, now.done, now.total, now.counts, work.spent)

    @asynccontextmanager
    async def _working(
        self,
        bridge: Bridge,
        run: Run,
        lease: Lease,
        watch: Watch | None,
        instead: Policy | None = None,
        *,
        generation: int = 0,
    ) -> AsyncIterator[Work | None]:
        """Both systems open, progress told once a second; None when the accounts cannot be opened.

        ``instead`` is a policy to try out in the place of the bridge's own, which still says which fields
        the fingerprints are made of: trying out must not look like an edit of every contact.
        """
        try:
            stored = self._policy_of(bridge)
            systems = await self._open_systems(bridge)
        except (SystemFailure, StoreFailure, MappingError) as failure:
            fix = getattr(failure, "fix", "Correct the mapping file, then `landbridge bridge create` again.")
            await self._runs.finish(run.id, "failed", self._clock.now(), str(failure), fix)
            yield None
            return
        async with AsyncExitStack() as opened:  # whatever comes, both are closed
            for system in systems.values():
                opened.push_async_callback(_shut, system)
            work = await self._work(bridge, run, lease, systems, instead or stored, generation)
            work.watch = watch or _unwatched
            work.names = stored.field_names() | IDENTITY
            self._works[run.id] = work
            ticker = asyncio.ensure_future(self._tick(work))
            try:
                yield work
            finally:
                del self._works[run.id]
                await ended(ticker)

    async def _work(
        self,
        bridge: Bridge,
        run: Run,
        lease: Lease,
        systems: Mapping[Side, System],
        policy: Policy,
        generation: int,
    ) -> Work:
        """What the driver of this run works with."""
        whole = await self._runs.latest_done(bridge.id)
        return Work(
            bridge=bridge,
            policy=policy,
            systems=systems,
            database=self._database,
            clock=self._clock,
            lease=lease,
            config=self._config,
            run_id=run.id,
            purpose=run.purpose,
            doubt=bool(run.stage and Stage.read(run.stage).doubt),
            generation=generation,
            last_whole=whole.id if whole else 0,
            addresses=Addresses(self._pepper, bridge.id),
            waterline=self._waterline,
            synced_before=await self._runs.synced(bridge.id),
            progress=Progress(done=run.done, total=run.total, counts=Counter(run.counts)),
            counts_before=run.counts,
            spent=dict(run.spent),
        )

    async def _tick(self, work: Work) -> None:
        """Keep the lease and the progress fresh while calls are under way."""
        while work.config.heartbeat_seconds:
            await self._clock.sleep(work.config.heartbeat_seconds)
            async with self._database.write() as connection:
                try:
                    await renew(connection, work.lease, self._clock.now())
                except LeaseLost:
                    work.lost.set()
                    return
            await self._save_progress(work)
