"""What the files that people write in TOML have in common: all problems at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from landbridge.sync.mapping_checks import listed, meant, shown


class TableReader:
    """Reads tables; ``problems`` has a line for all that is wrong: place, fault, what is allowed."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def _only(self, place: str, table: Mapping[str, Any], allowed: Sequence[str]) -> None:
        self.problems += [
            f"{place}: unknown key {shown(key)}{meant(key, allowed)}; allowed: {listed(allowed)}."
            for key in table
            if key not in allowed
        ]

    def _text(self, place: str, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self._wrong(f"{place}, {key}", value, "a text in quotes, not blank")
        return ""

    def _wrong(self, place: str, value: object, allowed: str, near: str = "") -> None:
        if value is None:
            self.problems.append(f"{place}: is missing; allowed: {allowed}.")
        else:
            self.problems.append(f"{place}: {shown(value)} is not allowed{near}; allowed: {allowed}.")
