"""What whoever runs Landbridge looks at: whether it can work, what it does, and what is wrong."""

from __future__ import annotations

from landbridge.engine.readiness import Readiness
from landbridge.store.database import Database
from landbridge.store.vault import Vault
from landbridge.systems.base import Clock


class Operating:
    """The views of one process for those who operate it."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self.readiness = Readiness(database, vault, clock)
