"""Durable work on DBOS: one workflow a run, one recorded step a page; a crash resumes at the page.

DBOS is one per process, keeps its own tables (``workflows.sqlite3`` beside our database) and may run
a workflow on an event loop of its own. Our steps therefore hop onto the loop that opened the
database and the connections: all I/O stays in one asyncio loop.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Protocol

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.engine import Engine

from landbridge.store.database import set_pragmas

VERSION = "1"  # raised when the steps of a run change meaning; never left to DBOS's hash of the source
FINISHED = ""
POLL_SECONDS = 0.1
UNFINISHED = ("PENDING", "ENQUEUED", "DELAYED")  # DBOS's words


class Driver(Protocol):
    """What a workflow drives: one call is one page of work."""

    async def advance(self, run_id: int, stage: str) -> str:
        """Do the work of a stage and name the next one; ``""`` when the run is over."""
        ...


class Drives(Protocol):
    """What brings the steps of a run to its end."""

    async def launch(self) -> None:
        """Open what is needed."""
        ...

    async def close(self) -> None:
        """Stop; unfinished runs stay for the next process."""
        ...

    async def drive(self, run_id: int, stage: str) -> None:
        """Drive a run to its end."""
        ...


class Plain:
    """The same steps without a workflow engine: our own run row holds the cursor all the same.

    For where no second process can take over, such as tests that own the clock and the crashes.
    """

    def __init__(self, driver: Driver, _executor: str = "") -> None:
        self._driver = driver

    async def launch(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to stop."""

    async def drive(self, run_id: int, stage: str) -> None:
        """Step by step."""
        while stage != FINISHED:
            stage = await self._driver.advance(run_id, stage)


class Durable:
    """Starts, resumes and awaits the workflows of this process."""

    def __init__(self, url: str, driver: Driver, *, executor: str) -> None:
        self._engine = _system_engine(url)
        self._executor = executor
        self._driver = driver
        self._loop: asyncio.AbstractEventLoop | None = None

    async def launch(self) -> None:
        """Open DBOS's own tables and begin to listen."""
        self._loop = asyncio.get_running_loop()
        logging.getLogger("dbos").setLevel(logging.WARNING)
        config: DBOSConfig = {
            "name": "landbridge",
            "system_database_engine": self._engine,
            "application_version": VERSION,
            "executor_id": self._executor,
            "log_level": "WARNING",
            "use_listen_notify": False,
        }
        DBOS(config=config)
        _current.append(self)
        await asyncio.to_thread(DBOS.launch)

    async def close(self) -> None:
        """Stop; unfinished workflows stay for the next process."""
        await asyncio.to_thread(DBOS.destroy)
        if self._loop is not None:  # DBOS made itself the loop's thread pool, and has shut that down now
            self._loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="landbridge"))
        if self in _current:
            _current.remove(self)
        self._engine.dispose()

    async def drive(self, run_id: int, stage: str) -> None:
        """Run the workflow of a run to its end.

        A run that was cut off gets a new workflow, which goes on at the run's own cursor. DBOS's resume
        would put the old one on a queue that any process of this home may take, also one without the lease.
        """
        for attempt in count():
            workflow_id = f"run-{run_id}-{attempt}"
            status = await DBOS.get_workflow_status_async(workflow_id)
            if status is None:
                with SetWorkflowID(workflow_id):
                    started = await DBOS.start_workflow_async(_drive_run, run_id, stage)
                await started.get_result(polling_interval_sec=POLL_SECONDS)
                return
            if status.status in UNFINISHED:
                await DBOS.cancel_workflow_async(
                    workflow_id
                )  # its process is dead, or it would have the lease

    async def step(self, run_id: int, stage: str) -> str:
        """One page, on our own loop, whichever loop DBOS runs the workflow on."""
        if self._loop is None or self._loop is asyncio.get_running_loop():
            return await self._driver.advance(run_id, stage)
        future = asyncio.run_coroutine_threadsafe(self._driver.advance(run_id, stage), self._loop)
        return await asyncio.wrap_future(future)


_current: list[Durable] = []


@DBOS.step(name="page")
async def _page(run_id: int, stage: str) -> str:
    return await _current[-1].step(run_id, stage)


@DBOS.workflow(name="run")
async def _drive_run(run_id: int, stage: str) -> None:
    while stage != FINISHED:
        stage = await _page(run_id, stage)


def _system_engine(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)
    if make_url(url).get_backend_name() == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(connection, _record):  # type: ignore[no-untyped-def]  # sqlite3 or a wrapper of it
            connection.isolation_level = "IMMEDIATE"
            set_pragmas(connection)

    return engine
