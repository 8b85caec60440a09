"""Recipes: a trigger, conditions and actions, as data; what each may be, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from landbridge.sync.model import Record
from landbridge.sync.recipe_conditions import Condition, Test
from landbridge.sync.recipe_times import Rhythm, Wait

SCHEDULE = "schedule"
OWNER = "owner"
TAG_TRIGGERS = ("tag_added", "tag_removed")
LIST_TRIGGERS = ("list_joined", "list_left")

OWN_TRIGGERS: Mapping[str, str] = MappingProxyType(
    {
        "contact_new": "a contact is in HighLevel that was not there before, whoever made it",
        "contact_created": "the sync created the contact on one side",
        "contact_linked": "the sync found the contact on both sides and linked it",
        "opted_out": "the person opted out of e-mail, on either side",
        "hold_opened": "the contact waits for a person",
        "tag_added": "somebody gave the contact a tag in HighLevel",
        "tag_removed": "somebody took a tag away in HighLevel",
        "list_joined": "somebody put the contact on a list in Rezora",
        "list_left": "somebody took the contact off a list in Rezora",
        "appointment_no_show": "an appointment of the contact is marked as no-show",
        "business_joined": "the contact belongs to a HighLevel business it did not belong to before",
        SCHEDULE: "a time has come; the recipe looks at all contacts",
    }
)
"""What Landbridge itself notices, beside the webhook events of HighLevel."""

BY_WHAT_CHANGED = ("ContactUpdate", "ContactTagUpdate")
"""Events of which HighLevel does not say what changed: the contact is compared with what it showed before,
so that a change of our own is none."""


class Do(StrEnum):
    """What an action does."""

    CREATE_TASK = "create_task"
    ADD_NOTE = "add_note"
    ADD_TAG = "add_tag"
    REMOVE_TAG = "remove_tag"
    JOIN_LIST = "add_to_list"
    LEAVE_LIST = "remove_from_list"
    HOLD = "hold"
    NOTIFY = "notify"


NEEDS: Mapping[Do, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        Do.CREATE_TASK: (("title",), ("body", "due", "assignee")),
        Do.ADD_NOTE: (("body",), ()),
        Do.ADD_TAG: (("tag",), ()),
        Do.REMOVE_TAG: (("tag",), ()),
        Do.JOIN_LIST: (("list",), ()),
        Do.LEAVE_LIST: (("list",), ()),
        Do.HOLD: (("text",), ()),
        Do.NOTIFY: (("text",), ()),
    }
)
"""The keys that each action must have, and those it may have."""

TEMPLATES = ("title", "body", "text")
LONGEST_TITLE = 255


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. ``due`` is counted from when the recipe acts.

    ``title``, ``body`` and ``text`` are templates; ``assignee`` is a HighLevel user id, ``owner`` for the
    contact's, or blank for nobody.
    """

    do: Do
    title: str = ""
    body: str = ""
    text: str = ""
    due: Wait = field(default_factory=lambda: Wait(1, "day", None, "1 day"))
    assignee: str = ""
    tag: str = ""
    list: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often at most a recipe acts: for one contact in an hour, and altogether in 24 hours."""

    per_contact_hour: int = 2
    per_day: int = 50


@dataclass(frozen=True, slots=True)
class Recipe:
    """A trigger, conditions and actions.

    ``on`` is a key of ``OWN_TRIGGERS`` or the type of a HighLevel event. ``mark`` is the tag or list that a
    trigger about one speaks of. ``rhythm`` is there for ``schedule`` alone.
    """

    name: str
    on: str
    actions: tuple[Action, ...]
    mark: str = ""
    rhythm: Rhythm | None = None
    delay: Wait = field(default_factory=Wait)
    conditions: tuple[Condition, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def watched_lists(self) -> frozenset[str]:
        """Rezora lists whose members this recipe has to know from one look to the next."""
        return frozenset({self.mark}) if self.on in LIST_TRIGGERS else frozenset()

    @property
    def asked_lists(self) -> frozenset[str]:
        """Rezora lists that its conditions speak of."""
        return frozenset(one.name for one in self.conditions if one.test is Test.LIST)

    @property
    def needs_contact(self) -> bool:
        """Does it act on, or ask about, a contact?"""
        asks = any(one.test not in (Test.WEEKDAYS, Test.HOURS) for one in self.conditions)
        return asks or any(one.do is not Do.NOTIFY for one in self.actions)

    @property
    def needs_rezora(self) -> bool:
        """Does it act in Rezora?"""
        return any(one.do in (Do.JOIN_LIST, Do.LEAVE_LIST) for one in self.actions)


def gets_no_email(highlevel: Record, rezora: Record | None, *, suppressed: bool) -> bool:
    """May this person not be put on a list: opted out, not known to be in, or with an address that is out.

    Of Rezora an answer that says nothing counts as unknown too (property S8: the stricter one).
    """
    sides = [highlevel] if rezora is None else [highlevel, rezora]
    return suppressed or any(record.opted_out is not False for record in sides)
