"""What whoever runs Landbridge looks at: whether it can work, what it does, and what is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from landbridge.allowed import read_headers
from landbridge.checkup import Checkup
from landbridge.connections import Connections
from landbridge.engine.crew import Crew
from landbridge.engine.readiness import Readiness
from landbridge.engine.receiver import Receiver
from landbridge.gathering import Gathering
from landbridge.instruments import Instruments
from landbridge.settings import Settings
from landbridge.store.database import Database
from landbridge.store.vault import Vault
from landbridge.systems.base import Clock
from landbridge.traces import traces_for


@dataclass(frozen=True, slots=True)
class Operating:
    """The views of one process for those who operate it."""

    readiness: Readiness
    instruments: Instruments
    gathering: Gathering
    checkup: Checkup

    async def close(self) -> None:
        """Send the traces that are left."""
        await asyncio.to_thread(self.instruments.traces.close)


def instruments_for(settings: Settings, clock: Clock, process: str) -> Instruments:
    """Counters and, where an address is set, traces; ``process`` tells this one from others."""
    headers = dict(read_headers(settings.traces_headers.get_secret_value()))
    return Instruments(clock, traces_for(settings.traces_url, headers, process))


def operating_for(
    settings: Settings,
    database: Database,
    vault: Vault,
    clock: Clock,
    instruments: Instruments,
    connections: Connections,
    receiver: Receiver,
    crew: Crew,
) -> Operating:
    """Made of the parts that the application has."""
    return Operating(
        Readiness(database, vault, clock),
        instruments,
        Gathering(settings.home, database, clock, instruments, connections, receiver, crew),
        Checkup(settings, database, vault, clock, connections, instruments),
    )
