"""The sandbox without sockets, the clock that takes no time, and the process that dies on demand."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import aiohttp
import pytest
import structlog
from sqlalchemy import text
from yarl import URL

from inprocess import (
    ADDRESS,
    START,
    Crash,
    Crasher,
    CrashingDatabase,
    InProcess,
    VirtualClock,
    backup,
    new_database,
    restore,
)
from landbridge.app import App, open_app
from landbridge.engine.durable import Plain
from landbridge.engine.work import EngineConfig
from landbridge.sandbox.faults import read_faults
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.rezora import RezoraConfig
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.store.database import Database
from landbridge.systems.base import Clock
from landbridge.systems.transport import Session, open_session
from landbridge_rig import settings_for
from sandbox_core_world import TINY, tiny_config

BOTH = pytest.mark.parametrize("sockets", [True, False], ids=["sockets", "in_process"])
CONTACT = b'{"email": "ann@example.com"}'


@asynccontextmanager
async def connected(*, sockets: bool) -> AsyncIterator[tuple[Sandbox, Session]]:
    """A sandbox of two tiny worlds, and either way to speak to it."""
    sandbox = Sandbox(tiny_config(people=0), makers=TINY)
    if sockets:
        await sandbox.start()
    else:
        sandbox.open(ADDRESS)
    session = open_session(10.0, 4) if sockets else InProcess(sandbox)
    yield sandbox, session
    await session.close()
    await sandbox.stop()


def order(sandbox: Sandbox, **fault: object) -> None:
    sandbox.faults.add(*read_faults([fault]))


async def post(sandbox: Sandbox, session: Session, path: str = "/highlevel/contacts") -> tuple[int, bytes]:
    asked = session.request(
        "POST", URL(sandbox.url + path), data=CONTACT, headers={"X-Any": "1"}, allow_redirects=False
    )
    async with asked as answered:
        return answered.status, b"".join([piece async for piece in answered.content.iter_any()])


def kept(sandbox: Sandbox) -> list[tuple[object, ...]]:
    """What the history says, without its times."""
    return [
        (e.method, e.path, e.status, e.applied, e.fault, e.late_of, e.request_body)
        for e in sandbox.history.read()
    ]


def contacts(sandbox: Sandbox) -> int:
    return len(sandbox.highlevel.dump()["contacts"])


# The network


@BOTH
@pytest.mark.parametrize(
    ("kind", "error", "applied"),
    [
        ("refuse", aiohttp.ServerDisconnectedError, 0),
        ("lost_answer", aiohttp.ServerDisconnectedError, 1),
        ("zombie", aiohttp.ServerDisconnectedError, 0),
        ("cut_body", aiohttp.ClientPayloadError, 1),
    ],
)
async def test_a_broken_connection_raises_the_same_error_either_way(
    sockets: bool, kind: str, error: type[Exception], applied: int
) -> None:
    async with connected(sockets=sockets) as (sandbox, session):
        order(sandbox, kind=kind)
        with pytest.raises(error):
            await post(sandbox, session)
        assert contacts(sandbox) == applied
        assert kept(sandbox) == [("POST", "/contacts", 0, bool(applied), kind, None, CONTACT)]
        await post(sandbox, session)
        assert contacts(sandbox) == (1 if kind == "refuse" else 2)


@BOTH
@pytest.mark.parametrize(
    ("kind", "status", "applied"),
    [
        ("fail_before", 500, 0),
        ("applied_then_500", 500, 1),
        ("429", 429, 0),
        ("ok_with_error", 200, 0),
        ("html", 200, 0),
        ("drop_field", 201, 1),
    ],
)
async def test_a_wrong_answer_arrives_whole_either_way(
    sockets: bool, kind: str, status: int, applied: int
) -> None:
    async with connected(sockets=sockets) as (sandbox, session):
        order(sandbox, kind=kind, **({"field": "email"} if kind == "drop_field" else {}))
        got, body = await post(sandbox, session)
        assert (got, contacts(sandbox)) == (status, applied)
        assert body
        assert b"ann@example.com" not in body


@BOTH
async def test_a_request_that_arrives_late_is_applied_after_the_next_either_way(sockets: bool) -> None:
    async with connected(sockets=sockets) as (sandbox, session):
        order(sandbox, kind="zombie", after_requests=1)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await post(sandbox, session)
        await post(sandbox, session)
        assert [(status, fault, late) for _, _, status, _, fault, late, _ in kept(sandbox)] == [
            (0, "zombie", None),
            (201, "", None),
            (201, "zombie", 1),
        ]


@BOTH
async def test_paths_queries_and_control_pages_are_read_the_same_either_way(sockets: bool) -> None:
    async with connected(sockets=sockets) as (sandbox, session):
        for path in ("/highlevel/contacts/with%20space?email=a%2Bb%40example.com", "/_sandbox/nothing"):
            assert (await post(sandbox, session, path))[0] == 404
        (entry,) = sandbox.history.read()
        assert (entry.path, entry.query) == ("/contacts/with space", {"email": "a+b@example.com"})


async def test_names_of_headers_are_found_in_any_letter_case() -> None:
    async with connected(sockets=False) as (_, session):
        url = URL(f"{ADDRESS}/rezora/hello")
        async with session.request("GET", url, data=None, headers={}, allow_redirects=False) as answered:
            assert answered.headers["Content-Type"] == answered.headers["content-type"] == "application/json"


@pytest.mark.parametrize("apply", [True, False])
async def test_a_slow_answer_takes_no_time_and_is_given_up_where_a_socket_would_be(apply: bool) -> None:
    async with connected(sockets=False) as (sandbox, session):
        clock = VirtualClock(sandbox)
        order(sandbox, kind="slow", delay_seconds=20.0, apply=apply)
        assert (await post(sandbox, session))[0] == 201
        assert clock.now() == START + 20.0
        order(sandbox, kind="slow", delay_seconds=40.0, apply=apply)
        with pytest.raises(aiohttp.SocketTimeoutError):
            await post(sandbox, session)
        assert (clock.now(), contacts(sandbox)) == (START + 60.0, 2)


# The clock


async def test_the_clock_moves_by_sleeping_only_and_both_sides_see_the_same_time() -> None:
    async with connected(sockets=False) as (sandbox, _):
        clock: Clock = VirtualClock(sandbox)
        seen = []

        async def sleeper(seconds: float) -> None:
            await clock.sleep(seconds)
            seen.append(seconds)

        await asyncio.gather(sleeper(3600.0), sleeper(0.0))
        assert clock.now() == sandbox.clock.now() == START + 3600.0
        assert clock.monotonic() == 3600.0
        assert sorted(seen) == [0.0, 3600.0]


async def test_a_wrong_clock_is_the_products_alone_and_never_turns_its_stopwatch_back() -> None:
    async with connected(sockets=False) as (sandbox, _):
        clock = VirtualClock(sandbox)
        clock.skew = -600.0
        assert (clock.now(), sandbox.clock.now()) == (START - 600.0, START)
        clock.advance(5.0)
        clock.advance(-60.0)
        assert (sandbox.clock.now(), clock.monotonic()) == (START - 55.0, 5.0)


async def test_a_request_due_later_is_applied_when_the_virtual_time_has_come() -> None:
    async with connected(sockets=False) as (sandbox, session):
        clock = VirtualClock(sandbox)
        order(sandbox, kind="zombie", after_seconds=50.0)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await post(sandbox, session)
        await post(sandbox, session)
        assert contacts(sandbox) == 1
        await clock.sleep(50.0)
        await post(sandbox, session)
        assert contacts(sandbox) == 3


# The crash


@pytest.mark.parametrize(
    ("at", "name", "applied"),
    [(1, "before POST /highlevel/contacts/{id}", 0), (2, "after POST /highlevel/contacts/{id}", 1)],
)
async def test_a_process_dies_before_its_request_arrives_or_before_it_has_the_answer(
    at: int, name: str, applied: int
) -> None:
    async with connected(sockets=False) as (sandbox, _):
        crasher = Crasher()
        session = InProcess(sandbox, crasher)
        crasher.arm(at)
        with pytest.raises(Crash, match=name):
            await post(sandbox, session, "/highlevel/contacts/8fKq2LmN0pQrStUvWx1Y")
        assert crasher.names[-1] == name
        assert len(sandbox.history.read()) == applied
        for _ in range(2):
            with pytest.raises(Crash):
                await post(sandbox, session)
        assert len(sandbox.history.read()) == applied
        crasher.revive()
        assert (await post(sandbox, session))[0] == 201


@asynccontextmanager
async def counting(home: Path) -> AsyncIterator[tuple[Database, Crasher]]:
    """A database with a table of one row, n = 0."""
    crasher = Crasher()
    database = CrashingDatabase(new_database(home), crasher)
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE counted (n INTEGER)"))
        await connection.execute(text("INSERT INTO counted VALUES (0)"))
    yield database, crasher
    await database.close()


async def count_up(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE counted SET n = n + 1"))


async def counted(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text("SELECT n FROM counted"))).scalar_one())


@pytest.mark.parametrize(
    ("at", "name", "written"),
    [(1, "before a transaction", 0), (2, "before a commit", 0), (3, "after a commit", 1)],
)
async def test_a_crash_before_a_commit_rolls_back_and_one_after_it_does_not(
    tmp_path: Path, at: int, name: str, written: int
) -> None:
    async with counting(tmp_path) as (database, crasher):
        crasher.arm(at)
        with pytest.raises(Crash, match=name):
            await count_up(database)
        with pytest.raises(Crash):
            await count_up(database)
        with pytest.raises(Crash):
            await counted(database)
        crasher.revive()
        assert await counted(database) == written
        await count_up(database)
        assert await counted(database) == written + 1


async def test_a_dead_process_writes_nothing_in_its_finally_blocks(tmp_path: Path) -> None:
    async with counting(tmp_path) as (database, crasher):
        crasher.arm(1)

        async def work() -> None:
            try:
                await counted(database)
            finally:
                with suppress(Crash):
                    await count_up(database)

        with pytest.raises(Crash):
            await work()
        crasher.revive()
        assert await counted(database) == 0


# The database file


async def test_an_older_copy_takes_the_place_of_the_database(tmp_path: Path) -> None:
    async with counting(tmp_path) as (database, _):
        await database.close()
        path = tmp_path / "landbridge.sqlite3"
        copy = backup(path)
        await count_up(database)
        assert await counted(database) == 1
        await database.close()
        restore(path, copy)
        assert await counted(database) == 0


async def test_a_copy_of_an_open_database_is_refused(tmp_path: Path) -> None:
    async with counting(tmp_path):
        with pytest.raises(AssertionError, match="still open"):
            backup(tmp_path / "landbridge.sqlite3")


async def test_a_new_database_has_the_newest_schema_and_is_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with counting(tmp_path):
        with closing(sqlite3.connect(new_database(tmp_path / "other"))) as raw:
            tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"run", "bridge", "alembic_version"} <= tables
        assert "counted" not in tables


# All of it


class World:
    """A sandbox with two people, and a Landbridge beside it that is opened as often as it dies."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.home, self.path = home, new_database(home)
        self.sandbox = Sandbox(SandboxConfig(people=2, highlevel=HighLevelConfig(burst=0), empty_rezora=True))
        self.sandbox.open(ADDRESS)
        self.clock = VirtualClock(self.sandbox)
        self.crasher = Crasher()

    @asynccontextmanager
    async def process(self) -> AsyncIterator[App]:
        """One process of the product."""
        async with open_app(
            settings_for(self.sandbox, self.home),
            self.clock,
            database=CrashingDatabase(self.path, self.crasher),
            durable=Plain,
            engine=EngineConfig(heartbeat_seconds=0.0),
            transport=lambda: InProcess(self.sandbox, self.crasher),
        ) as app:
            yield app

    async def connect(self) -> None:
        async with self.process() as app:
            await app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
            login = RezoraConfig()
            await app.connect_rezora(login.username, login.password)
            await app.create_bridge("test")

    async def sync(self, crash_at: int = 0) -> str:
        """One run in a process of its own; how it ended."""
        self.crasher.revive()
        try:
            async with self.process() as app:
                (bridge,) = await app.all_bridges()
                self.crasher.arm(crash_at)
                return (await app.sync(bridge, cause="test", accept=True)).state
        except (Crash, BaseExceptionGroup):
            assert self.crasher.dead
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            return "dead"


@pytest.fixture
def quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


async def connected_world(home: Path) -> World:
    world = World(home)
    await world.connect()
    return world


async def places_of_a_whole_run(home: Path) -> tuple[list[str], list[int]]:
    """Where a first sync can die, and at which of these places a transaction is about to be committed."""
    whole = await connected_world(home)
    assert await whole.sync() == "done"
    places = list(whole.crasher.names)
    return places, [at for at, name in enumerate(places, 1) if name == "before a commit"]


@pytest.mark.usefixtures("quiet")
async def test_the_whole_engine_dies_anywhere_and_the_next_process_ends_its_run(tmp_path: Path) -> None:
    places, commits = await places_of_a_whole_run(tmp_path / "whole")
    assert {"before a read", "after a commit", "before POST /rezora/v1/contacts.json"} <= set(places)
    last_step = commits[-4]  # behind it are the progress, the run's end and the lease
    for at in range(1, last_step + 1, last_step // 12):
        world = await connected_world(tmp_path / str(at))
        assert await world.sync(crash_at=at) == "dead"
        assert world.crasher.names == places[:at]
        world.clock.advance(60.0)  # the lease of the dead process runs out
        assert await world.sync() == "done"
        created = world.sandbox.history.read()
        assert len([e for e in created if e.method == "POST" and e.path == "/v1/contacts.json"]) == 2


@pytest.mark.usefixtures("quiet")
async def test_a_run_that_died_behind_its_last_step_is_ended_by_the_next_process(tmp_path: Path) -> None:
    _, commits = await places_of_a_whole_run(tmp_path / "whole")
    world = await connected_world(tmp_path / "dies")
    assert await world.sync(crash_at=commits[-2]) == "dead"
    world.clock.advance(60.0)
    assert await world.sync() == "done"
