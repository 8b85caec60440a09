"""How far the newest run got, kept beside the database: a database that knows less was restored."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Protocol


class Waterline(Protocol):
    """The highest run id that was ever begun, for each bridge."""

    def read(self, bridge_id: int) -> int:
        """The id, 0 for none."""
        ...

    def raise_to(self, bridge_id: int, run_id: int) -> None:
        """Keep this id if it is higher."""
        ...


class FileWaterline:
    """In a small file of its own, which a restored database file does not bring back to what it was.

    A restore of the whole folder cannot be noticed this way: ``landbridge sync --restored`` says it.
    An unreadable file counts as none, as it would at the first start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, bridge_id: int) -> int:
        """The id, 0 for none."""
        return self._all().get(str(bridge_id), 0)

    def raise_to(self, bridge_id: int, run_id: int) -> None:
        """Keep this id if it is higher; whole or not at all."""
        known = self._all()
        if known.get(str(bridge_id), 0) >= run_id:
            return
        known[str(bridge_id)] = run_id
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(known, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)

    def _all(self) -> dict[str, int]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {str(key): value for key, value in found.items() if isinstance(value, int)}
