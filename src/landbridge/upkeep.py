"""What keeps one installation well over the years: backups, its keys, and how long history is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from landbridge.engine.retention import Kept, Retention
from landbridge.settings import Settings
from landbridge.store import backup, rotation
from landbridge.store.backup import Facts
from landbridge.store.database import Database
from landbridge.store.keyring import Key
from landbridge.store.rotation import KeyFacts
from landbridge.store.vault import Vault
from landbridge.systems.base import Clock


class Upkeep:
    """Of one open application; a restore is not among it, as it needs the home alone (``restoring.py``)."""

    def __init__(self, settings: Settings, database: Database, vault: Vault, clock: Clock) -> None:
        self._url = settings.database_url
        self._database = database
        self._vault = vault
        days = (settings.journal_days, settings.inbox_days, settings.ledger_days, settings.login_days)
        self.history = Retention(database, clock, Kept(*days))

    async def back_up(self, target: Path) -> Facts:
        """Write a copy of the database while it is in use, and check it; raises ``StoreFailure``.

        The keys are not in it, so that the copy alone opens no credential.
        """
        source = backup.file_of(self._url)
        return await asyncio.to_thread(backup.copy_in_use, source, target)

    async def keys(self) -> list[KeyFacts]:
        """The master keys and what is sealed with each."""
        return await rotation.facts(self._database, self._vault)

    async def begin_rotation(self) -> Key:
        """A new master key beside the old ones, or the one of a rotation that was cut off."""
        return await rotation.begin(self._database, self._vault)

    def seal_again(self) -> AsyncIterator[tuple[str, int]]:
        """Everything sealed with the newest key; title and number of each batch."""
        return rotation.seal_again(self._database, self._vault)

    async def forget_old_keys(self) -> int:
        """Take the old keys out of the key file; how many. Raises ``StoreFailure`` while one is needed."""
        return await rotation.forget_old(self._database, self._vault)
