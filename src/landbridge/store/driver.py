"""One driver at a time per bridge: a lease with a fencing number that each write checks."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from sqlalchemy import Update, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.database import Database, StoreFailure
from landbridge.store.tables import driver

LEASE_SECONDS = 60.0


class LeaseLost(StoreFailure):
    """Another driver took over; whatever this one still wanted to write is refused."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for one bridge; ``fence`` grows with each new driver.

    ``found``: the tide that the database showed before: twice the fence, and one more once it was given back.
    """

    bridge_id: int
    owner: str
    fence: int
    found: int = 0

    @property
    def taken(self) -> int:
        """The tide while this lease is held."""
        return 2 * self.fence

    @property
    def given_back(self) -> int:
        """The tide afterwards."""
        return 2 * self.fence + 1


def _taken() -> StoreFailure:
    return StoreFailure(
        "Another Landbridge process is working on this bridge right now.",
        "Watch it on the page or with `landbridge status`; it ends by itself.",
    )


def owner_name(suffix: str) -> str:
    """This process, as other processes on this and other machines can tell it."""
    return f"{socket.gethostname()}:{os.getpid()}:{suffix}"


class Drivers:
    """Takes, renews and gives back leases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, bridge_id: int, owner: str, now: float, *, above: int = 0) -> Lease:
        """Become the bridge's driver, with a fence above that; raises ``StoreFailure`` while one works."""
        async with self._database.write() as connection:
            row = (
                await connection.execute(select(driver).where(driver.c.bridge_id == bridge_id))
            ).one_or_none()
            if row is not None and is_live(row.owner, row.expires_at, now):
                raise _taken()
            found = 0 if row is None else 2 * row.fence + (row.expires_at <= 0.0)
            fence = max(1 if row is None else row.fence + 1, above + 1)
            values = {"owner": owner, "fence": fence, "expires_at": now + LEASE_SECONDS}
            if row is None:
                try:
                    await connection.execute(insert(driver).values(bridge_id=bridge_id, **values))
                except IntegrityError:
                    raise _taken() from None
            else:  # of two who saw the same row one takes it, whatever the isolation of the database
                mine = (driver.c.bridge_id == bridge_id) & (driver.c.fence == row.fence)
                if (await connection.execute(update(driver).where(mine).values(**values))).rowcount != 1:
                    raise _taken()
        return Lease(bridge_id, owner, fence, found)

    async def release(self, lease: Lease) -> None:
        """Give the lease back, if it is still ours."""
        async with self._database.write() as connection:
            await connection.execute(_mine(lease).values(expires_at=0.0))

    async def busy(self, bridge_id: int, now: float) -> bool:
        """Is a live driver at work?"""
        async with self._database.read() as connection:
            row = (
                await connection.execute(select(driver).where(driver.c.bridge_id == bridge_id))
            ).one_or_none()
        return row is not None and is_live(row.owner, row.expires_at, now)


async def renew(connection: AsyncConnection, lease: Lease, now: float) -> None:
    """Check the fence and stay alive; part of every transaction in which a driver writes."""
    result = await connection.execute(_mine(lease).values(expires_at=now + LEASE_SECONDS))
    if result.rowcount != 1:
        raise LeaseLost(
            "Another Landbridge process took this bridge over.",
            "Nothing to do: the other one continues the run.",
        )


def _mine(lease: Lease) -> Update:
    return update(driver).where(driver.c.bridge_id == lease.bridge_id, driver.c.fence == lease.fence)


def is_live(owner: str, expires_at: float, now: float) -> bool:
    """Is this driver at work? A lease that ends later than any does was taken by a clock that was wrong:
    it must not block the bridge, and the fence keeps its driver from writing.
    """
    return 0 < expires_at - now <= LEASE_SECONDS and not is_dead(owner)


def is_dead(owner: str) -> bool:
    """Surely dead: a process of this machine that is gone. Of other machines only time tells."""
    host, pid, _ = owner.split(":", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
