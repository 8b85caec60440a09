"""What a plan is made of: one record's situation, the actions it calls for, and what waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from landbridge.sync.model import Choice, Link, Record, Side


@dataclass(frozen=True, slots=True)
class Create:
    """A new contact on ``side``, from the record ``source_id`` of the other side.

    ``barred`` are channels other than e-mail that are closed to this person from the first moment on.
    """

    side: Side
    source_id: str
    fields: Mapping[str, str]
    labels: tuple[str, ...] = ()
    barred: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Update:
    """Only the changed fields of one record; ``before`` is what they show now."""

    side: Side
    record_id: str
    fields: Mapping[str, str]
    before: Mapping[str, str]
    rules: tuple[str, ...]
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OptOut:
    """Stop e-mail to a record; always the first action of a plan."""

    side: Side
    record_id: str


@dataclass(frozen=True, slots=True)
class ChangeLabel:
    """Tag a record or put it on a list, or take that off."""

    side: Side
    record_id: str
    label: str
    present: bool


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one record, because the other was deleted and a person approved it."""

    side: Side
    record_id: str


Action = Create | Update | OptOut | ChangeLabel | Delete


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that waits for a person; ``cause`` is a key of ``reasons.HELD``."""

    cause: str
    rule: str = ""
    highlevel: str = ""
    rezora: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the planner may know of one pair, or of one record that is alone.

    ``suppressed``: an address of it opted out somewhere, at any time. ``lifted``: sides on which somebody
    took an opt-out back. ``gone``: the side whose record a read by id proved gone. ``tombstone``: why a
    record that is alone is never the source of a create. ``barred``: channels closed to its phone number.
    ``unsure``: the database may be older than what happened since, so that no base of it is believed.
    """

    highlevel: Record | None
    rezora: Record | None
    link: Link | None = None
    suppressed: bool = False
    choices: Mapping[str, Choice] = field(default_factory=dict)
    gone: Side | None = None
    tombstone: str = ""
    paused: bool = False
    lifted: frozenset[Side] = frozenset()
    barred: frozenset[str] = frozenset()
    unsure: bool = False

    def record(self, side: Side) -> Record | None:
        """The record of one side."""
        return self.highlevel if side is Side.HIGHLEVEL else self.rezora


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in their order, holds, and the bases that hold once all actions are done.

    ``excluded`` is a key of ``reasons.EXCLUDED`` or empty. ``closed`` ends the link, for the reason
    it names (a tombstone's, or ``scope.LEFT``); ``reborn``: its survivor may be created anew. ``cells`` are
    the rows of the planner's tables that were met, for tests that count them.
    """

    actions: tuple[Action, ...] = ()
    holds: tuple[Hold, ...] = ()
    excluded: str = ""
    base_highlevel: Mapping[str, str] = field(default_factory=dict)
    base_rezora: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    closed: str = ""
    reborn: bool = False
    cells: tuple[str, ...] = field(default=(), compare=False)

    @property
    def overwrites(self) -> bool:
        """Would a value that is shown now be replaced, a mark be taken off, or a record be deleted?"""
        return any(
            (isinstance(action, Update) and any(action.before.values()))
            or (isinstance(action, ChangeLabel) and not action.present)
            or isinstance(action, Delete)
            for action in self.actions
        )

    def base(self, side: Side) -> Mapping[str, str]:
        """The base of one side."""
        return self.base_highlevel if side is Side.HIGHLEVEL else self.base_rezora
