"""What the fields and marks of one pair call for, as it is being decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from landbridge.sync.actions import Action, ChangeLabel, Hold, OptOut, Update
from landbridge.sync.merge import Values
from landbridge.sync.model import Side
from landbridge.sync.rules import LabelRule


class Shown(Protocol):
    """What a side shows of one record, of whatever kind."""

    @property
    def id(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, str]: ...


Shows = TypeVar("Shows", bound=Shown)


class Draft(Generic[Shows]):
    """Collects what the fields of one pair call for."""

    def __init__(
        self,
        records: Mapping[Side, Shows],
        bases: dict[Side, dict[str, str]],
        notes: dict[str, str],
        *,
        believe: bool,
    ) -> None:
        self.records = records
        self.bases = bases
        self.notes = notes
        self.believe = believe
        self.fields: dict[Side, dict[str, str]] = {side: {} for side in Side}
        self.before: dict[Side, dict[str, str]] = {side: {} for side in Side}
        self.rules: dict[Side, list[str]] = {side: [] for side in Side}
        self.conflicts: dict[Side, list[str]] = {side: [] for side in Side}
        self.holds: list[Hold] = []
        self.labels: list[ChangeLabel] = []
        self.options: list[tuple[Side, LabelRule, bool]] = []  # to be written
        self.opt_outs: list[Side] = []
        self.cells: list[str] = []

    def actions(self) -> Iterator[Action]:
        """In the order of section 5: suppression, fields, labels."""
        for side in self.opt_outs:
            yield OptOut(side, self.records[side].id)
        for side in (Side.REZORA, Side.HIGHLEVEL):
            if self.fields[side]:
                yield Update(
                    side,
                    self.records[side].id,
                    self.fields[side],
                    self.before[side],
                    tuple(self.rules[side]),
                    tuple(self.conflicts[side]),
                )
        yield from self.labels

    def write(self, side: Side, names: tuple[str, ...], written: Values, old: Values) -> None:
        """Note the fields that a rule changes on a side, and the base that follows."""
        for name, value, before in zip(names, written, old, strict=True):
            if value != before:
                self.fields[side][name] = value
                self.before[side][name] = before
        self.bases[side] |= dict(zip(names, written, strict=True))
