"""Putting a backup back: checked, brought up to date, marked as older than the world, then put in place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from landbridge.assembly import async_url
from landbridge.engine.waterline import FileWaterline, Waterline
from landbridge.home import home_alone
from landbridge.settings import Settings
from landbridge.store import backup, restored
from landbridge.store.backup import Facts
from landbridge.store.bridges import Bridges
from landbridge.store.carry_over import carry_over, end_what_was_open
from landbridge.store.database import Database, StoreFailure
from landbridge.store.keyring import load_keys
from landbridge.store.vault import Vault
from landbridge.systems.base import Clock

PART = "restore.part"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: the backup's own facts; where the database is that was there before, None for none;
    whether what must not go back was taken from it, and of which tables that was not possible.
    """

    facts: Facts
    kept: Path | None = None
    carried: bool = False
    lost: tuple[str, ...] = ()


async def restore(settings: Settings, source: Path, clock: Clock) -> Restored:
    """Make this backup the database; nobody may use the home meanwhile.

    Everything is done to a copy beside the database, so that one rename decides: cut off before it, nothing
    has changed. Raises ``StoreFailure`` with nothing changed.
    """
    path = backup.file_of(settings.database_url)
    with home_alone(settings.home):
        keys = load_keys(settings.home, settings.key.get_secret_value(), make=False)
        part = path.with_name(PART)
        try:
            await asyncio.to_thread(backup.fetch, source, part)
            facts = await asyncio.to_thread(backup.look_over, part)
            copy = Database(async_url(f"sqlite:///{part}"))
            vault = Vault(copy, keys)
            if facts.pepper is not None:
                vault.opened_pepper(facts.pepper)
            try:
                await copy.migrate()
            finally:
                await copy.close()
            carried, lost = await _carried(path, part, vault, facts)
            await asyncio.to_thread(end_what_was_open, part)
            await _mark(part, FileWaterline(settings.home / "waterline.json"), facts, clock)
            await asyncio.to_thread(backup.into_one_file, part)
            kept, there = _kept(path, clock.now()), path.exists()
            await asyncio.to_thread(backup.put_in_place, part, path, kept)
        finally:
            for end in ("", *backup.BESIDE):
                part.with_name(part.name + end).unlink(missing_ok=True)
    return Restored(facts, kept if there else None, carried, lost)


async def _carried(path: Path, part: Path, vault: Vault, facts: Facts) -> tuple[bool, tuple[str, ...]]:
    """Take what must not go back from the database that is there, if it is sound and of this installation."""
    if not await asyncio.to_thread(backup.into_one_file, path):
        return False, ()
    try:
        now = await asyncio.to_thread(backup.look_over, path)
    except StoreFailure:
        return False, ()  # damaged: that is why somebody restores
    if now.pepper is None:
        return False, ()  # nothing was ever set up in it
    if facts.pepper is None or vault.opened_pepper(now.pepper) != vault.opened_pepper(facts.pepper):
        raise StoreFailure(
            "This backup is of another installation than the database in this home.",
            "Restore it into a home of its own: set LANDBRIDGE_HOME to an empty folder with its key file.",
        )
    return True, await asyncio.to_thread(carry_over, part, path)


async def _mark(part: Path, waterline: Waterline, facts: Facts, clock: Clock) -> None:
    """Nothing of any bridge is believed until a sync has compared both sides."""
    copy = Database(async_url(f"sqlite:///{part}"))
    sentence = f"The database was restored from a backup whose newest run was at {_moment(facts.newest)} UTC."
    try:
        bridges = await Bridges(copy).bridges()
        above = max((waterline.read(one.id) for one in bridges), default=0)
        async with copy.write() as connection:
            for one in bridges:
                await restored.mark(connection, one.id, clock.now(), sentence, above=above)
    finally:
        await copy.close()


def _kept(path: Path, now: float) -> Path:
    """A name that nobody has, for the database that is replaced."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    found, number = path.with_name(f"{path.stem}-before-restore-{stamp}{path.suffix}"), 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-before-restore-{stamp}-{number}{path.suffix}")
    return found


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
