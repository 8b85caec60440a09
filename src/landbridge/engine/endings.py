"""How a run ends: lost to another driver, stopped to ask, or failed with a sentence and a fix."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

import structlog

from landbridge.engine.reconcile import Braked
from landbridge.engine.together import ended
from landbridge.engine.work import Work
from landbridge.store.bridges import Account, Bridge
from landbridge.store.database import StoreFailure
from landbridge.store.driver import LeaseLost
from landbridge.sync.mapping import MappingError
from landbridge.sync.model import Side
from landbridge.systems.base import NotConnected, ReconnectNeeded, SystemFailure, WrongCredentials

UNEXPECTED = "Nothing is half-written; run the sync again. If it stays, report it with the log lines."

log = structlog.get_logger()
Made = TypeVar("Made")


async def timed(work: Work, stage: str, step: Awaitable[Made]) -> Made:
    """Do one step, and add up how many seconds its stage took, for the page of the run."""
    begun = work.clock.monotonic()
    try:
        return await step
    finally:
        work.spent[stage] = work.spent.get(stage, 0.0) + work.clock.monotonic() - begun


async def until_lost(work: Work, driving: Coroutine[Any, Any, None]) -> None:
    """Until the run ends, or another driver takes the bridge over."""
    drive = asyncio.ensure_future(driving)
    lost = asyncio.ensure_future(work.lost.wait())
    try:
        done, _ = await asyncio.wait({drive, lost}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await ended(drive)  # before its database and its connections are closed
        raise
    finally:
        lost.cancel()
    if drive not in done:
        await ended(drive)
        raise LeaseLost(
            "Another Landbridge process took this bridge over.", "Nothing to do: the other one goes on."
        )
    await drive


def ended_by(error: Exception, run_id: int, stage: str) -> tuple[str, str, str]:
    """How a run ends: its state, the sentence and the fix."""
    match error:
        case Braked():
            return "braked", error.sentence, error.fix
        case SystemFailure() | StoreFailure():
            return "failed", error.sentence, error.fix
        case MappingError():
            fix = "Correct the mapping file and run `landbridge bridge create --mapping FILE` again."
            return "failed", str(error), fix
        case _:
            log.error("run_failed", run=run_id, stage=stage, exc_info=error)
            return "failed", f"The run stopped at something unexpected ({type(error).__name__}).", UNEXPECTED


def account_of(bridge: Bridge, error: Exception) -> Account | None:
    """The account that a person has to connect again, if that is what the failure says."""
    if not isinstance(error, NotConnected | ReconnectNeeded | WrongCredentials) or error.side is None:
        return None
    return bridge.highlevel if error.side is Side.HIGHLEVEL else bridge.rezora
