"""The words of the core: sides, records, and what a plan is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Side(StrEnum):
    """One of the two systems."""

    HIGHLEVEL = "highlevel"
    REZORA = "rezora"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.REZORA if self is Side.HIGHLEVEL else Side.HIGHLEVEL

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title() has no use on a side's name
        """The name people know it by."""
        return "HighLevel" if self is Side.HIGHLEVEL else "Rezora"


class Kind(StrEnum):
    """What a record is."""

    CONTACT = "contact"
    TASK = "task"
    NOTE = "note"
    APPOINTMENT = "appointment"


ACTIVITIES = (Kind.TASK, Kind.NOTE, Kind.APPOINTMENT)
"""The kinds that belong to a contact."""


@dataclass(frozen=True, slots=True)
class Record:
    """One contact as one side shows it, under that side's own field names.

    A name missing from ``fields`` is *absent* (this answer does not carry it: unknown);
    ``""`` is *empty* (carried, and blank); anything else is a value. Lists of options are
    joined by a line feed. ``labels`` are tag names (HighLevel) or list names (Rezora), None
    when not read. ``opted_out`` is the e-mail channel: None when the answer does not say.
    ``barred`` are the other channels on which the person must not be disturbed (``sms``, ``call``, ...);
    None when the answer does not say, or the system has none. ``marker`` is the id of the other side's
    record that a create of ours left in this one, empty for none.
    """

    side: Side
    id: str
    fields: Mapping[str, str]
    labels: frozenset[str] | None = None
    opted_out: bool | None = None
    read_only: bool = False
    changed_at: str = ""
    kind: Kind = Kind.CONTACT
    barred: frozenset[str] | None = None
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A pair of record ids, and per side the mapped fields as that side last showed them.

    ``unread`` names the side whose base is what we *sent* and have not read back yet: a create
    answers only the new id (rezora.md 1.2), and the next full read shows what was stored.
    ``notes`` say of a rule why the two sides may differ (see ``merge.py``). ``rebase``: the base may be
    older than what happened since (a restored backup), so nothing may be concluded from it.
    """

    highlevel_id: str
    rezora_id: str
    base_highlevel: Mapping[str, str] = field(default_factory=dict)
    base_rezora: Mapping[str, str] = field(default_factory=dict)
    unread: Side | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    rebase: bool = False

    def id(self, side: Side) -> str:
        """The record's id on that side."""
        return self.highlevel_id if side is Side.HIGHLEVEL else self.rezora_id

    def base(self, side: Side) -> Mapping[str, str]:
        """What that side last showed."""
        return self.base_highlevel if side is Side.HIGHLEVEL else self.base_rezora


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person decided about one hold; good only while both sides show what that person saw.

    ``rule`` is the field's rule, or empty for the whole record. ``use`` is ``highlevel``, ``rezora``,
    ``value`` (write ``value`` to both), ``ignore``, ``delete``, ``keep``, ``create`` or ``out``.
    ``highlevel`` and ``rezora`` are the values as the hold showed them; for the whole record ``value`` is
    the hold's cause and ``highlevel`` the fingerprint of the record that was left.
    """

    rule: str
    use: str
    value: str = ""
    highlevel: str = ""
    rezora: str = ""
