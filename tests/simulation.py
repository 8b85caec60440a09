"""Two accounts, the people who work in them, and a Landbridge between them that may die at any moment."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import sqlite3
import zlib
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from html import unescape
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import structlog

from checker import Checker
from inprocess import ADDRESS, Crash, Crasher, CrashingDatabase, InProcess, VirtualClock, folder, new_database
from inprocess import backup as copy_of
from inprocess import restore as put_back
from landbridge.app import App, open_app
from landbridge.engine.desk import ALLOWED
from landbridge.engine.durable import Plain
from landbridge.engine.recipes import OpenActivities, activities_of
from landbridge.engine.work import EngineConfig
from landbridge.sandbox.faults import read_faults
from landbridge.sandbox.highlevel import HighLevelConfig, HighLevelWorld
from landbridge.sandbox.rezora import RezoraConfig, RezoraWorld
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.settings import Settings, load_settings
from landbridge.store.bridges import Bridge
from landbridge.store.database import StoreFailure
from landbridge.store.runs import Run
from landbridge.sync.guard import Brake
from landbridge.sync.mapping import write_policy
from landbridge.sync.rules import Direction, LabelRule, Policy, default_policy
from landbridge.systems.base import SystemFailure
from landbridge.web.webhooks import STATUS

T = TypeVar("T")
SESSION = "browser-1"
WEBHOOK_FAULTS = {"lose": 0.1, "double": 0.1, "delay": 0.05, "reorder": 0.1, "forge": 0.05, "stale": 0.02}
LABELS = (
    LabelRule("buyer", "Buyers", Direction.BOTH),
    LabelRule("hot lead", "", Direction.BOTH, rezora_field="contact_type", rezora_option="Hot"),
)


def policy() -> Policy:
    """The default mapping, a list and a value map, both ways."""
    return Policy(rules=default_policy().rules, labels=LABELS)


class Simulation:
    """Everything of one example; ``close`` it."""

    def __init__(
        self, seed: int = 1, mapping: Policy | None = None, brake: Brake | None = None, **rezora: Any
    ) -> None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        highlevel = HighLevelConfig(
            burst=0,
            webhook_url="http://127.0.0.1:8780/webhooks/highlevel",
            webhook_faults=WEBHOOK_FAULTS,
            webhook_seed=seed,
        )
        config = SandboxConfig(seed=seed, people=0, highlevel=highlevel, rezora=RezoraConfig(**rezora))
        self.quirks = rezora
        self.runner = asyncio.Runner()
        # What a dead process was doing at the same time is lost as well; nobody asks how it ended.
        self.runner.get_loop().set_exception_handler(lambda _loop, _context: None)
        self.sandbox = Sandbox(config)
        self.brake = brake or Brake()
        self.sandbox.open(ADDRESS)
        self.clock = VirtualClock(self.sandbox)
        self.crasher = Crasher()
        self.home = folder()
        self.path = new_database(self.home)
        self.mapping = write_policy(mapping or policy())
        self.app: App | None = None
        self.bridge: Bridge | None = None
        self.synced = False
        self.activities: OpenActivities = activities_of
        self.places = 0  # at which the last run could have died
        self._stack = AsyncExitStack()
        self._database: CrashingDatabase | None = None
        self._copy = b""
        self.checker = Checker(self)
        self.cells: Counter[str] = Counter()  # rows of the planner's tables that were met
        self.states: set[int] = set()  # shapes of both accounts after each run, for those who count
        self.run(self._connect())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """In the one event loop of this example."""
        return self.runner.run(work)

    @property
    def highlevel(self) -> HighLevelWorld:
        """HighLevel itself."""
        world = self.sandbox.highlevel
        assert isinstance(world, HighLevelWorld)
        return world

    @property
    def rezora(self) -> RezoraWorld:
        """Rezora itself."""
        world = self.sandbox.rezora
        assert isinstance(world, RezoraWorld)
        return world

    def settings(self) -> Settings:
        """Everything as people have it, but no quota of ours."""
        return load_settings(
            {},
            {
                "home": self.home,
                "highlevel_api_url": f"{ADDRESS}/highlevel",
                "highlevel_authorise_url": f"{ADDRESS}/highlevel/v2/oauth/chooselocation",
                "highlevel_client_id": HighLevelConfig().client_id,
                "highlevel_client_secret": HighLevelConfig().client_secret,
                "rezora_api_url": f"{ADDRESS}/rezora/v1",
                "highlevel_quota_burst": 0,
                "rezora_quota_burst": 0,
                "highlevel_webhook_keys": HighLevelConfig().webhook_public_key,
                "highlevel_read_only": False,
                "log_level": "error",
            },
        )

    async def open(self) -> App:
        """A process of the product."""
        if self.app is None:
            database = self._database = CrashingDatabase(self.path, self.crasher)
            self.app = await self._stack.enter_async_context(
                open_app(
                    self.settings(),
                    self.clock,
                    database=database,
                    durable=Plain,
                    engine=self._engine_config(),
                    transport=lambda: InProcess(self.sandbox, self.crasher),
                    activities=self.activities,
                )
            )
        return self.app

    def _engine_config(self) -> EngineConfig:
        return EngineConfig(
            heartbeat_seconds=0.0,
            concurrency=4,
            slice_size=8,
            cells=self.cells,
            brake=self.brake,
            live_records=0,
            sweep_seconds=0.0,
        )

    async def _connect(self) -> None:
        app = await self.open()
        await app.finish_connect(*await self._allow(app), SESSION)
        login = RezoraConfig()
        await app.connect_rezora(login.username, login.password)
        self.bridge = await app.create_bridge("test", self.mapping)
        self.sandbox.history.forget()

    async def _allow(self, app: App) -> tuple[str, str]:
        """What a person does on the consent page."""
        url = urlsplit(await app.connect_url(SESSION))
        page = await self.sandbox.exchange("GET", f"{url.path}?{url.query}", {}, b"")
        text = page.answer.body.decode()
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
        answers = {name: unescape(value) for name, value in fields.items()} | {"decision": "allow"}
        action = re.search(r'<form[^>]*action="([^"]*)"', text)
        target = urlsplit(unescape(action.group(1)) if action else "")
        path = target.path if target.path.startswith("/") else url.path
        form = {"content-type": "application/x-www-form-urlencoded"}
        back = await self.sandbox.exchange("POST", path, form, urlencode(answers).encode())
        query = parse_qs(urlsplit(back.answer.headers["location"]).query)
        return query["code"][0], query["state"][0]

    # What people do

    def edit(self, side: str, **command: Any) -> dict[str, Any]:
        """An edit in one system's own pages, which the checker remembers."""
        result = self.sandbox.edit(side, command)
        self.checker.saw(side, command, result)
        return result

    def contacts(self, side: str) -> dict[str, dict[str, Any]]:
        """All contacts of a side by id, but the account's own."""
        if side == "highlevel":
            return {c["id"]: c for c in self.highlevel.dump()["contacts"]}
        rows = [c["fields"] for c in self.rezora.dump()["contacts"]]
        return {row["contact_id"]: row for row in rows if row["contact_self"] != "1"}

    def members(self) -> dict[str, set[str]]:
        """Rezora contact id to the names of its lists."""
        dump = self.rezora.dump()
        names = {row["list_id"]: row["list_name"] for row in dump["lists"]}
        found: dict[str, set[str]] = {}
        for row in dump["members"]:
            found.setdefault(row["contact_id"], set()).add(names[row["list_id"]])
        return found

    def pairs(self) -> list[tuple[str, str]]:
        """Linked records that are there on both sides."""
        with sqlite3.connect(self.path) as store:
            found = store.execute(
                "SELECT highlevel_id, rezora_id FROM link WHERE live ORDER BY id"
            ).fetchall()
        store.close()
        left, right = self.contacts("highlevel"), self.contacts("rezora")
        return [(one, two) for one, two in found if one in left and two in right]

    def answer(self, choose: int, use: int) -> None:
        """A person answers a hold, if there is one and it takes an answer."""
        self.run(self._answer(choose, use))

    async def _answer(self, choose: int, use: int) -> None:
        app = await self.open()
        assert self.bridge is not None
        questions = await app.holds(self.bridge)
        if not questions:
            return
        hold = questions[choose % len(questions)].hold
        allowed = [word for word in ALLOWED.get(hold.cause, ()) if word not in ("edit", "allow")]
        if not allowed:
            return
        word = allowed[use % len(allowed)]
        with suppress(StoreFailure):  # the sentence says why not
            await app.resolve(self.bridge, hold.id, word, by="somebody")
            self.checker.answered(word, hold.rule, hold.highlevel_id, hold.rezora_id)

    # What happens to us

    def fault(self, **wanted: Any) -> None:
        """Order a fault."""
        (ordered,) = read_faults({"faults": [wanted]})
        self.sandbox.faults.add(ordered)

    def sync(self, *, accept: bool = True, crash_at: int = 0) -> Run | None:
        """One run; None where the process died, which opens a new one."""
        self.crasher.arm(crash_at)
        self.checker.run_begins()
        run = None
        try:
            run = self.run(self._sync(accept=accept))
        except (Crash, BaseExceptionGroup):
            assert self.crasher.dead
            self.reopen()
            self.clock.advance(61.0)  # the lease of a process that is gone runs out
        finally:
            self.places = self.crasher.count
            self.crasher.arm(0)
            self.checker.run_ended(whole=run is not None and run.state == "done")
        self.states.add(self._shape())
        self.synced = self.synced or (run is not None and run.state == "done")
        return run

    def events(self) -> int:
        """HighLevel's webhooks arrive: some lost, twice, late, forged or stale, in any order."""
        return self.run(self.deliver())

    async def deliver(self) -> int:
        """Everything that is on its way now; gives how many."""
        app = await self.open()
        hooks = self.highlevel.webhooks
        ready = hooks.take_ready(self.sandbox.clock.now())
        for one in ready:
            headers = {name.lower(): value for name, value in one.headers.items()}
            outcome = await app.receive(one.body, headers)
            hooks.answered(one, STATUS[outcome], self.sandbox.clock.now())
        return len(ready)

    def partly(self, purpose: str, *, crash_at: int = 0) -> Run | None:
        """What is due, or what moved; None where that was not possible, or where the process died."""
        self.crasher.arm(crash_at)
        self.checker.run_begins()
        run = None
        try:
            run = self.run(self._partly(purpose))
        except (Crash, BaseExceptionGroup):
            assert self.crasher.dead
            self.reopen()
            self.clock.advance(61.0)
        finally:
            self.places = self.crasher.count
            self.crasher.arm(0)
            self.checker.run_ended(whole=False)
        return run

    async def _partly(self, purpose: str) -> Run | None:
        app = await self.open()
        assert self.bridge is not None
        return await (app.poll if purpose == "poll" else app.live)(self.bridge, cause="test")

    def _shape(self) -> int:
        """Both accounts without their ids: equal for equal states."""
        members = self.members()
        left = sorted(
            repr(
                (
                    c["firstName"],
                    c["lastName"],
                    c["city"],
                    bool(c["phone"]),
                    sorted(c["tags"]),
                    c["dndSettings"],
                )
            )
            for c in self.contacts("highlevel").values()
        )
        right = sorted(
            repr((c["contact_name"], c["contact_home_city"], c["contact_type"], c["contact_unsubscribe"]))
            + str(sorted(members.get(key, ())))
            for key, c in self.contacts("rezora").items()
        )
        return zlib.crc32(repr((left, right)).encode())

    async def _sync(self, *, accept: bool) -> Run:
        app = await self.open()
        assert self.bridge is not None
        return await app.sync(self.bridge, cause="test", accept=accept)

    def reopen(self) -> None:
        """The process is gone with all it knew; another one opens the same database."""
        self.run(self._drop())
        self.crasher.revive()

    async def _drop(self) -> None:
        self.app = None
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(BaseException):
                await task
        self._stack = AsyncExitStack()
        if self._database is not None:
            await self._database.abandon()
            self._database = None
        self.crasher.revive()

    def backup(self) -> None:
        """A copy of the database, as an operator makes one."""
        self.reopen()
        self._copy = copy_of(self.path)

    def restore(self) -> bool:
        """Put the copy back, if there is one."""
        if not self._copy:
            return False
        self.reopen()
        self.checker.database_goes()
        put_back(self.path, self._copy)
        return True

    def settle(self) -> None:
        """No more edits and faults; enough runs for everything that was begun (L1), then the checks."""
        self.sandbox.faults.clear()
        self.sandbox.late.clear()
        self.clock.skew = 0.0
        states = []
        quiet = 0
        for _ in range(6):
            self.clock.advance(60.0)
            before = self.mutating()
            run = self.sync()
            assert run is not None
            states.append((run.state, run.sentence))
            quiet = quiet + 1 if run.state == "done" and self.mutating() == before else 0
            if quiet == 2:
                break
        assert quiet == 2, f"L2: no rest after six syncs: {states}"
        self.checker.after_settling()

    def mutating(self) -> int:
        """Calls of ours so far that can change something."""
        return self.checker.mutating

    def close(self) -> None:
        """Leave nothing behind."""
        self.crasher.revive()
        with suppress(SystemFailure):
            self.run(self._close())
        self.runner.close()
        shutil.rmtree(self.home, ignore_errors=True)
        structlog.reset_defaults()

    async def _close(self) -> None:
        app, self.app = self.app, None
        if app is not None:
            await app.close()
