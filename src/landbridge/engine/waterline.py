"""What a restored database must not forget, kept beside it: how far the newest run got, and who opted out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from landbridge.store.suppression import Suppressed
from landbridge.sync.consent import Level

PRIVATE = 0o600


class Waterline(Protocol):
    """The highest run id that was ever begun, and every address that opted out, for each bridge."""

    def read(self, bridge_id: int) -> int:
        """The id, 0 for none."""
        ...

    def raise_to(self, bridge_id: int, run_id: int) -> None:
        """Keep this id if it is higher."""
        ...

    def tide(self, bridge_id: int) -> int:
        """The highest tide of leases (``store/driver.py``), 0 for none."""
        ...

    def raise_tide(self, bridge_id: int, tide: int) -> None:
        """Keep this tide if it is higher."""
        ...

    def suppress(self, bridge_id: int, found: Iterable[Suppressed]) -> None:
        """Keep these restrictions; durable when it returns, so that it comes before the database's commit."""
        ...

    def allow(self, bridge_id: int, addresses: Sequence[str], channel: str) -> None:
        """A person vouched for these addresses (their keys): a restore must not close them again."""
        ...

    def suppressed(self, bridge_id: int) -> list[Suppressed]:
        """Every restriction that was ever learned and not taken back by a person."""
        ...


class FileWaterline:
    """In small files of their own, which a restored database file does not bring back to what they were.

    Addresses are kept as the database keeps them: as hashes whose key is sealed in the database.

    A restore of the whole folder cannot be noticed this way: ``landbridge sync --restored`` says it.
    An unreadable file counts as none, as it would at the first start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[int, dict[tuple[str, str], Suppressed]] = {}

    def read(self, bridge_id: int) -> int:
        """The id, 0 for none."""
        return self._all().get(str(bridge_id), 0)

    def raise_to(self, bridge_id: int, run_id: int) -> None:
        """Keep this id if it is higher."""
        self._raise(str(bridge_id), run_id)

    def tide(self, bridge_id: int) -> int:
        """The tide, 0 for none."""
        return self._all().get(f"{bridge_id}.tide", 0)

    def raise_tide(self, bridge_id: int, tide: int) -> None:
        """Keep this tide if it is higher: a copy that was made in the middle of a run is told by it."""
        self._raise(f"{bridge_id}.tide", tide)

    def _raise(self, name: str, value: int) -> None:
        """Whole or not at all."""
        known = self._all()
        if known.get(name, 0) >= value:
            return
        known[name] = value
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(known, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)

    def suppress(self, bridge_id: int, found: Iterable[Suppressed]) -> None:
        """Append what is new or stricter."""
        kept = self._of(bridge_id)
        new: dict[tuple[str, str], Suppressed] = {}
        for one in found:
            before = new.get(_key(one)) or kept.get(_key(one))
            if before is None or before.level < one.level:
                new[_key(one)] = one
        if new:
            lines = [[one.address, one.channel, int(one.level), one.source] for one in new.values()]
            self._append(bridge_id, lines)
            kept |= new

    def allow(self, bridge_id: int, addresses: Sequence[str], channel: str) -> None:
        """Append that these are open again."""
        kept = self._of(bridge_id)
        open_again = [address for address in addresses if kept.pop((address, channel), None)]
        self._append(bridge_id, [[address, channel, 0, "a person"] for address in open_again])

    def suppressed(self, bridge_id: int) -> list[Suppressed]:
        """Everything that stands."""
        return list(self._of(bridge_id).values())

    def _of(self, bridge_id: int) -> dict[tuple[str, str], Suppressed]:
        """What the file says, read once: only the bridge's driver and its people write it."""
        if bridge_id not in self._kept:
            self._kept[bridge_id] = {}
            for address, channel, level, source in _lines(self._file(bridge_id)):
                if level:
                    found = Suppressed(address, channel, Level(level), source)
                    self._kept[bridge_id][address, channel] = found
                else:
                    self._kept[bridge_id].pop((address, channel), None)
        return self._kept[bridge_id]

    def _append(self, bridge_id: int, lines: Sequence[Sequence[object]]) -> None:
        if not lines:
            return
        path = self._file(bridge_id)
        path.touch(PRIVATE)
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(json.dumps(line) for line in lines))  # a torn line ends here
            file.flush()
            os.fsync(file.fileno())

    def _file(self, bridge_id: int) -> Path:
        return self._path.with_name(f"suppression-{bridge_id}.jsonl")

    def _all(self) -> dict[str, int]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {str(key): value for key, value in found.items() if isinstance(value, int)}


def _key(one: Suppressed) -> tuple[str, str]:
    return one.address, one.channel


def _lines(path: Path) -> Iterable[tuple[str, str, int, str]]:
    """Every whole line; one that a power cut tore is left out, as its commit never happened either."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    levels = {int(level) for level in Level} | {0}
    for line in text.splitlines():
        try:
            address, channel, level, source = json.loads(line)
        except (ValueError, TypeError):
            continue
        if level in levels:
            yield str(address), str(channel), level, str(source)
