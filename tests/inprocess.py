"""A whole Landbridge and its sandbox in one process: no sockets, a clock of its own, crashes on demand."""

from __future__ import annotations

import asyncio
import atexit
import gc
import re
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

import aiohttp
import aiosqlite
from multidict import CIMultiDict
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from yarl import URL

from landbridge.sandbox.answers import Exchange
from landbridge.sandbox.server import Sandbox
from landbridge.store.database import Database, _prepare_sqlite

START = 1_780_000_000.0
ADDRESS = "http://127.0.0.1:1"  # nobody listens there, and nobody is asked
MEMORY = Path("/dev/shm")  # noqa: S108  # nobody else finds what mkdtemp makes there

_ID = re.compile(r"(?<=/)(?:\d+|[A-Za-z0-9]{20})(?=/|\.|$)")  # of Rezora, of HighLevel


class Crash(BaseException):
    """The process dies here; nothing that it still wanted to do is done."""


class Crasher:
    """Counts the places at which a process can die, and lets it die at one of them.

    From then on every place raises, so that no ``finally`` of a dead process writes anything. ``names``
    are the places passed since ``arm``; the last of a dead process is where it died.
    """

    def __init__(self) -> None:
        self.count = 0
        self.names: list[str] = []
        self.at = 0
        self.dead = False

    def checkpoint(self, name: str) -> None:
        """One place."""
        if self.dead:
            raise Crash(name)
        self.count += 1
        self.names.append(name)
        if self.count == self.at:
            self.dead = True
            raise Crash(name)

    def arm(self, at: int) -> None:
        """Die at the so many-th place from now; 0 for never."""
        self.count, self.at, self.dead = 0, at, False
        self.names.clear()

    def revive(self) -> None:
        """A new process."""
        self.arm(0)


class VirtualClock:
    """Time that stands still until somebody sleeps or moves it; the sandbox lives in the same.

    It takes hold of the sandbox's clock: make it after ``open``, and a new one after a ``reset``.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._slept = 0.0
        self.skew = 0.0  # by how much the product's clock is wrong
        sandbox.clock.freeze(START)
        sandbox.sleep = self.sleep

    def now(self) -> float:
        """Epoch seconds, as the product believes."""
        return self._sandbox.clock.now() + self.skew

    def monotonic(self) -> float:
        """Never goes back."""
        return self._slept

    def advance(self, seconds: float) -> None:
        """Let time pass; less than nothing sets only the clock on the wall back."""
        self._slept += max(seconds, 0.0)
        self._sandbox.clock.advance(seconds)

    async def sleep(self, seconds: float) -> None:
        """Takes no time."""
        self.advance(max(seconds, 0.0))
        await asyncio.sleep(0)


class _Content:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def iter_any(self) -> AsyncIterator[bytes]:
        if self._exchange.ends == "cut":
            yield self._exchange.kept
            raise aiohttp.ClientPayloadError("the body ended early")
        yield self._exchange.answer.body


class _Answered:
    def __init__(self, exchange: Exchange) -> None:
        self.status = exchange.answer.status
        self.headers = CIMultiDict(exchange.answer.headers)
        self.content = _Content(exchange)

    def close(self) -> None:
        """Nothing is open."""


class InProcess:
    """A connection pool that speaks to a sandbox object, and raises what aiohttp would.

    A ``slow`` fault beyond ``timeout_seconds`` is applied before the time-out is raised; what arrives after
    the client gave up and sent more is the ``zombie``.
    """

    def __init__(
        self, sandbox: Sandbox, crasher: Crasher | None = None, *, timeout_seconds: float = 30.0
    ) -> None:
        self._sandbox = sandbox
        self._crasher = crasher or Crasher()
        self._timeout_seconds = timeout_seconds

    @asynccontextmanager
    async def request(
        self, method: str, url: URL, *, data: bytes | None, headers: Mapping[str, str], allow_redirects: bool
    ) -> AsyncIterator[_Answered]:
        """One request; the process may die before it arrives, or before its answer does."""
        assert not allow_redirects
        await asyncio.sleep(0)  # where a real request would let others go on
        name = f"{method} {_ID.sub('{id}', url.raw_path)}"
        self._crasher.checkpoint(f"before {name}")
        sent = {key.lower(): value for key, value in headers.items()}
        exchange = await self._sandbox.exchange(method, url.raw_path_qs, sent, data or b"")
        self._crasher.checkpoint(f"after {name}")
        if exchange.ends == "hung up":
            raise aiohttp.ServerDisconnectedError
        if exchange.held_seconds > self._timeout_seconds:
            raise aiohttp.SocketTimeoutError
        yield _Answered(exchange)

    async def close(self) -> None:
        """Nothing is open."""


class _Inline:
    """Takes the place of aiosqlite's queue: what it is given is done at once, in the same thread.

    The same SQLite with the same statements; only the hop to another thread, which takes longer than
    either, is left out.
    """

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = item
        try:
            result = function()
        except Exception as error:  # as aiosqlite's thread hands it over
            if future is not None:
                future.set_exception(error)
        else:
            if future is not None:
                future.set_result(result)


class CrashingDatabase(Database):
    """A database whose process may die before and after each transaction."""

    def __init__(self, path: Path, crasher: Crasher) -> None:
        super().__init__(f"sqlite+aiosqlite:///{path}")
        self._crasher = crasher
        self._opened: list[aiosqlite.Connection] = []

        async def connect() -> aiosqlite.Connection:
            opened = aiosqlite.connect(path)
            self._opened.append(opened)
            opened._tx = _Inline()  # type: ignore[assignment]  # of the queue only this is used
            opened._thread = Thread(target=bool)  # ends at once
            return await opened

        self.engine = create_async_engine(self.url, async_creator=connect)
        _prepare_sqlite(self.engine)

    async def abandon(self) -> None:
        """What the operating system does for a process that died: no connection stays open."""
        await self.engine.dispose()
        left = [one._connection for one in self._opened if one._connection is not None]
        self._opened.clear()
        for connection in left:  # in the hands of a task that the end came over
            connection.close()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """All of it, or nothing; also when the process dies."""
        self._crasher.checkpoint("before a transaction")
        async with super().write() as connection:
            yield connection
            self._crasher.checkpoint("before a commit")
        self._crasher.checkpoint("after a commit")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A dead process reads nothing."""
        self._crasher.checkpoint("before a read")
        async with super().read() as connection:
            yield connection


@cache
def _template() -> Path:
    """A migrated, empty database, made once a process."""
    home = folder()
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    path = home / "template.sqlite3"

    async def make() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await database.migrate()
        await database.close()

    with ThreadPoolExecutor(1) as pool:  # the test that asks first may run in a loop of its own
        pool.submit(asyncio.run, make()).result()
    _into_one_file(path)
    return path


def _into_one_file(path: Path) -> None:
    """Everything from the write-ahead log into the database; fails while somebody has it open."""
    with closing(sqlite3.connect(path)) as raw:
        (busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    wal = path.with_name(path.name + "-wal")
    assert not busy and not wal.exists(), "the database is still open"


def folder() -> Path:
    """A new folder, in memory where the machine has such a place."""
    return Path(tempfile.mkdtemp(prefix="landbridge-", dir=MEMORY if MEMORY.is_dir() else None))


def new_database(home: Path) -> Path:
    """An empty database in this folder, without a migration."""
    path = home / "landbridge.sqlite3"
    shutil.copyfile(_template(), path)
    return path


def backup(path: Path) -> bytes:
    """A copy of a database that nobody has open."""
    gc.collect()  # SQLite keeps a closed connection while a cursor of it is left
    _into_one_file(path)
    return path.read_bytes()


def restore(path: Path, copy: bytes) -> None:
    """Put an older copy back; nobody has the database open."""
    for leftover in (path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        leftover.unlink(missing_ok=True)
    path.write_bytes(copy)
