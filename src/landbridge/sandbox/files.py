"""The sandbox's optional SQLite file: named parts of the state, replaced together in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

_FORMAT = 1  # PRAGMA user_version; raised when the parts change their meaning


class FileError(ValueError):
    """The file is not a sandbox file, or of another version."""


class SandboxFile:
    """Reads and writes the parts; each call opens the file anew, so any thread may make it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, bytes]:
        """All parts by name, none when the file does not exist; raises FileError."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return {}
        try:
            with closing(self._connect()) as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version != _FORMAT:
                    raise FileError("The sandbox file is of another version; delete it and start again.")
                return dict(connection.execute("SELECT name, body FROM part"))
        except sqlite3.DatabaseError as error:
            raise FileError(
                "The sandbox file cannot be read; delete it, or name another file, and start again."
            ) from error

    def write(self, parts: Mapping[str, bytes]) -> None:
        """Replace these parts; all or none are."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection, connection:
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
            connection.execute("CREATE TABLE IF NOT EXISTS part (name TEXT PRIMARY KEY, body BLOB NOT NULL)")
            connection.executemany("INSERT OR REPLACE INTO part (name, body) VALUES (?, ?)", parts.items())

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=10)
