"""Built-in recipes: one switch each, off by default, with the few values that people may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from landbridge.sync.model import Kind
from landbridge.sync.recipe_file import write_recipe
from landbridge.sync.recipe_times import Wait, read_wait
from landbridge.sync.recipes import Action, Do, Recipe
from landbridge.sync.rules import ActivityRule, Direction, OnGone


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a built-in recipe. ``place`` is ``delay``, ``mark``, or an action's key as ``0.title``.

    ``optional``: blank is a value too.
    """

    name: str
    title: str
    place: str
    help: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A recipe that comes with Landbridge. ``pattern`` is None where the sync itself does it.

    ``carries`` is then what its switch adds to the mapping, and ``more`` what else there is to do.
    """

    key: str
    title: str
    sentence: str
    pattern: Recipe | None
    parameters: tuple[Parameter, ...] = ()
    carries: ActivityRule | None = None
    more: str = ""

    def values(self, recipe: Recipe) -> dict[str, str]:
        """What a recipe made from this pattern says, by the names of the parameters."""
        return {one.name: _read(recipe, one.place) for one in self.parameters}

    def text(self, values: Mapping[str, str]) -> str:
        """The recipe file with these values; what is not given stays as in the pattern.

        What is wrong with a value shows when the file is read: a wait that is none stands in it as typed.
        """
        assert self.pattern is not None  # noqa: S101  # callers ask first
        recipe = self.pattern
        for one in self.parameters:
            if one.name in values:
                recipe = _written(recipe, one.place, values[one.name].strip())
        return write_recipe(recipe)


def _read(recipe: Recipe, place: str) -> str:
    number, _, key = place.rpartition(".")
    value = getattr(recipe.actions[int(number)] if number else recipe, key, "")
    return value.text if isinstance(value, Wait) else str(value)


def _written(recipe: Recipe, place: str, value: str) -> Recipe:
    number, _, key = place.rpartition(".")
    found: object = (read_wait(value) or Wait(text=value)) if key in ("delay", "due") else value
    if not number:
        return replace(recipe, **{key: found})  # type: ignore[arg-type]  # a key of the pattern's own
    actions = list(recipe.actions)
    actions[int(number)] = replace(actions[int(number)], **{key: found})  # type: ignore[arg-type]  # the same
    return replace(recipe, actions=tuple(actions))


_WAIT = "Such as at once, 2 days, 3 working days at 09:00, or next working day at 09:00."
_TEXT = "May name values, such as {{contact.first_name}}."
_WHO = 'A HighLevel user id, "owner" for the contact\'s owner, or blank for nobody.'


def _wait(text: str) -> Wait:
    found = read_wait(text)
    assert found is not None  # noqa: S101  # of this file
    return found


def _task(title: str, body: str, due: str) -> Action:
    return Action(Do.CREATE_TASK, title=title, body=body, due=_wait(due), assignee="owner")


def _task_parameters(number: int = 0) -> tuple[Parameter, ...]:
    return (
        Parameter("title", "Title of the task", f"{number}.title", _TEXT),
        Parameter("due", "Due", f"{number}.due", _WAIT),
        Parameter("assignee", "For whom", f"{number}.assignee", _WHO, optional=True),
    )


LIBRARY: Mapping[str, BuiltIn] = {
    one.key: one
    for one in (
        BuiltIn(
            "follow-up",
            "Follow-up task for each new contact",
            "A contact is new in HighLevel, made there or by the sync: a task to get in touch.",
            Recipe(
                "follow-up",
                "contact_new",
                (
                    _task(
                        "Follow up with {{contact.name | default: the new contact}}",
                        "New since {{event.date | date: long}}.",
                        "next working day at 09:00",
                    ),
                ),
            ),
            (Parameter("delay", "Wait first", "delay", _WAIT), *_task_parameters()),
        ),
        BuiltIn(
            "unsubscribe-task",
            "Task when somebody unsubscribes",
            "A person opts out of e-mail on either side: a task to call, as e-mail is closed.",
            Recipe(
                "unsubscribe-task",
                "opted_out",
                (
                    _task(
                        "{{contact.name | default: A contact}} unsubscribed: stay in touch by phone",
                        "Opted out of e-mail on {{event.date | date: long}}. Nobody is put on a list again.",
                        "next working day at 09:00",
                    ),
                ),
            ),
            _task_parameters(),
        ),
        BuiltIn(
            "tag-to-list",
            "Tag to list",
            "Somebody gives a contact a tag in HighLevel: the contact joins a list in Rezora.",
            Recipe("tag-to-list", "tag_added", (Action(Do.JOIN_LIST, list="Buyers"),), "buyer"),
            (
                Parameter("tag", "Tag in HighLevel", "mark", "As it is written there."),
                Parameter("list", "List in Rezora", "0.list", "It must exist."),
            ),
        ),
        BuiltIn(
            "list-to-tag",
            "List to tag",
            "Somebody puts a contact on a list in Rezora: the contact gets a tag in HighLevel.",
            Recipe("list-to-tag", "list_joined", (Action(Do.ADD_TAG, tag="buyer"),), "Buyers"),
            (
                Parameter("list", "List in Rezora", "mark", "It must exist."),
                Parameter("tag", "Tag in HighLevel", "0.tag", "HighLevel makes it where it is missing."),
            ),
        ),
        BuiltIn(
            "no-show-list",
            "List on no-show",
            "An appointment is marked as no-show in HighLevel: the contact joins a list in Rezora.",
            Recipe("no-show-list", "appointment_no_show", (Action(Do.JOIN_LIST, list="No-show"),)),
            (Parameter("list", "List in Rezora", "0.list", "It must exist."),),
        ),
        BuiltIn(
            "business-welcome",
            "Welcome list for a new business",
            "A contact is linked to a HighLevel business for the first time: it joins a list in Rezora.",
            Recipe("business-welcome", "business_joined", (Action(Do.JOIN_LIST, list="Welcome"),)),
            (Parameter("list", "List in Rezora", "0.list", "It must exist."),),
        ),
        BuiltIn(
            "tasks-both-ways",
            "Tasks on both sides",
            "Tasks are the same on both sides: made, edited, done and deleted. A part of the sync.",
            None,
            carries=ActivityRule(Kind.TASK, Direction.BOTH),
            more="HighLevel tells of no edited task: edits are found by a look, every 15 minutes or so.",
        ),
        BuiltIn(
            "notes-to-rezora",
            "Notes to Rezora",
            "Notes of a contact are carried to Rezora, author and time in the last line. A part of the sync.",
            None,
            carries=ActivityRule(Kind.NOTE, Direction.TO_REZORA, OnGone.UNLINK),
            more="Reading the notes of everybody takes one call for each contact, once a day.",
        ),
        BuiltIn(
            "appointment-reminders",
            "Appointments with reminders",
            "Appointments are carried to Rezora, and show with reminders in the bridge's private calendar. A"
            " part of the sync.",
            None,
            carries=ActivityRule(Kind.APPOINTMENT, Direction.TO_REZORA),
            more="The address of the calendar is on the bridge's page; it works without Rezora, too.",
        ),
    )
}
"""By key, which is also the name of the recipe."""
