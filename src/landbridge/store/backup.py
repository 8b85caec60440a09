"""Copies of a SQLite database: made while it is in use, looked over, and put in the place of another."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from landbridge.store.database import StoreFailure

PRIVATE = 0o600
BESIDE = ("-wal", "-shm")  # what SQLite keeps beside a database in WAL mode


@dataclass(frozen=True, slots=True)
class Facts:
    """What a copy says of itself: names of its bridges, when its newest run was (epoch seconds, 0 for none),
    its revision, the sealed secret of opt-outs (None before the first bridge), and its size in bytes.
    """

    bridges: tuple[str, ...]
    newest: float
    revision: str
    pepper: bytes | None
    size: int


def file_of(url: str) -> Path:
    """The file of a SQLite database; raises ``StoreFailure`` for another kind of database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise StoreFailure(
            "This command copies a SQLite file, and the database is another.",
            "Use pg_dump and pg_restore, then `landbridge sync --restored` (docs/backup.md).",
        )
    return Path(parsed.database)


def copy_in_use(source: Path, target: Path) -> Facts:
    """One consistent copy, while others read and write; looked over before it gets its name.

    SQLite's own backup in one step reads one snapshot; writers go on meanwhile. Raises ``StoreFailure``
    where the target is there already, cannot be written, or the copy is not sound.
    """
    if target.exists():
        raise _taken(target)
    part = target.with_name(target.name + ".part")
    with suppress(FileNotFoundError):
        part.unlink()
    try:
        part.touch(PRIVATE, exist_ok=False)
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(part)) as there:
            here.backup(there, pages=-1)
            there.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        found = look_over(part)
        _flush(part)
        _name(part, target)
    except (OSError, sqlite3.Error) as error:
        raise StoreFailure(
            f"The backup {target} could not be written: {_words(error)}.",
            "Choose a folder you may write to, with room for a copy of the database.",
        ) from error
    finally:
        for leftover in (part, *(part.with_name(part.name + end) for end in BESIDE)):
            leftover.unlink(missing_ok=True)
    return found


def look_over(path: Path) -> Facts:
    """Read a copy whole and check it; raises ``StoreFailure`` for what is damaged or not ours."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as raw:
            _check(raw, path)
            return _facts(raw, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreFailure(
            f"{path} cannot be read as a backup of Landbridge: {_words(error)}.",
            "Use a file that `landbridge backup` wrote.",
        ) from error


def fetch(source: Path, target: Path) -> None:
    """Copy a backup to where it is worked on; raises ``StoreFailure``."""
    target.unlink(missing_ok=True)
    try:
        target.touch(PRIVATE, exist_ok=False)
        shutil.copyfile(source, target)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise StoreFailure(
            f"The backup {source} cannot be read: {_words(error)}.",
            "Name the file that `landbridge backup` wrote, and see that there is room for a copy.",
        ) from error


def into_one_file(path: Path) -> bool:
    """Everything from beside a database into it; False where there is none, or it is too damaged for that.

    Raises ``StoreFailure`` while anybody else has it open.
    """
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("PRAGMA journal_mode = DELETE")  # needs the database alone
            raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise StoreFailure(
                f"Another program has the database {path} open.", "End it, then restore again."
            ) from error
        return False
    except sqlite3.DatabaseError:
        return False
    return True


def put_in_place(new: Path, path: Path, kept: Path) -> None:
    """``new`` becomes the database; what was there is ``kept``. At no moment there is none.

    What lies beside a damaged database goes with it: SQLite must not take it for the new one's.
    """
    _flush(new)
    for end in BESIDE:
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(kept.with_name(kept.name + end))
    if path.exists():
        _name(path, kept, move=False)
    new.replace(path)
    _flush(path.parent)


def _check(raw: sqlite3.Connection, path: Path) -> None:
    problems = [row[0] for row in raw.execute("PRAGMA integrity_check(3)")]
    if problems != ["ok"] or raw.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise StoreFailure(f"{path} is damaged.", "Use another backup.")


def _facts(raw: sqlite3.Connection, path: Path) -> Facts:
    (revision,) = raw.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    (newest,) = raw.execute("SELECT max(max(started_at, coalesce(ended_at, 0))) FROM run").fetchone()
    names = tuple(name for (name,) in raw.execute("SELECT name FROM bridge ORDER BY id"))
    there = raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'pepper'").fetchone()
    sealed = raw.execute("SELECT sealed FROM pepper").fetchone() if there else None
    return Facts(names, newest or 0.0, revision, sealed[0] if sealed else None, path.stat().st_size)


def _name(part: Path, target: Path, *, move: bool = True) -> None:
    """Give a file a name that nobody has, never one that is taken."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:  # a file system without links
        if target.exists():
            raise _taken(target) from None
        if move:
            part.rename(target)
        else:
            shutil.copyfile(part, target)
            target.chmod(PRIVATE)
    _flush(target.parent)


def _taken(target: Path) -> StoreFailure:
    return StoreFailure(f"{target} is there already, and is not overwritten.", "Choose another name.")


def _flush(path: Path) -> None:
    """Durable, a file or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()
