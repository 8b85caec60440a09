"""What a firing does: each write noted ahead in the journal, and looked for before it is sent again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from landbridge.engine.recipe_look import Look, Scene, values_of
from landbridge.store import alerts, journal, recipes
from landbridge.store.alerts import NOTICE
from landbridge.store.driver import renew
from landbridge.store.journal import RECIPE, Entry, OpenHold
from landbridge.store.recipes import Firing
from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind, Side
from landbridge.sync.recipe_templates import as_html, render
from landbridge.sync.recipe_times import moment, utc_text
from landbridge.sync.recipes import LONGEST_TITLE, OWNER, Action, Do, Recipe
from landbridge.sync.rich_text import inert, same
from landbridge.sync.texts import caseless, fold
from landbridge.systems.activities import Activities
from landbridge.systems.base import Label, Rejected

SENT = "sent"  # of a firing's context: what is being created
Same = Callable[[Mapping[str, str], Activity], bool]
OPTED_OUT = "The person opted out of e-mail, or it is not known, so they are put on no list."


@dataclass(slots=True)
class Deed:
    """One firing while it is carried out. ``scene`` is None where it is about nobody.

    ``again``: an earlier try of this step was cut off, so what it may have made is looked for first.
    """

    look: Look
    recipe: Recipe
    firing: Firing
    scene: Scene | None
    again: bool = False

    @property
    def cause(self) -> str:
        """As the journal names it."""
        return f"recipe {self.recipe.name}"

    @property
    def contact_id(self) -> str:
        """In HighLevel."""
        return self.firing.contact_id

    @property
    def rezora_id(self) -> str:
        """In Rezora, blank where the contact is not linked."""
        return self.scene.rezora.record.id if self.scene and self.scene.rezora else ""

    def values(self) -> Mapping[str, str]:
        """What templates may name."""
        sight = self.scene.highlevel if self.scene else None
        return values_of(sight, self.firing, self.due, self.look.zone)

    @property
    def due(self) -> float:
        """When it was to act, however often it was tried since."""
        return float(self.firing.context.get("due") or self.firing.due_at)

    def moved(self, **changes: object) -> None:
        """The firing as it is by now."""
        self.firing = replace(self.firing, **changes)  # type: ignore[arg-type]  # names of its own fields


async def act(deed: Deed, action: Action) -> None:
    """Carry out one action and count it as done in the same transaction as its journal entry.

    Raises ``SystemFailure``; the firing then stays at this step.
    """
    await _WAYS[action.do](deed, action)


async def _create_task(deed: Deed, action: Action) -> None:
    values = deed.values()
    owner = deed.scene.highlevel.record.fields.get("assignedTo", "") if deed.scene else ""
    due = moment(action.due, deed.due, deed.look.zone)
    fields = {
        "title": inert(fold(render(action.title, values)))[:LONGEST_TITLE] or deed.recipe.name,
        "body": as_html(inert(render(action.body, values))),
        "due": utc_text(due),
        "completed": "0",
    }
    assignee = owner if action.assignee == OWNER else action.assignee
    if assignee:
        fields["assigned_to"] = assignee
    await _create(deed, Kind.TASK, fields, _same_task)


def _same_task(fields: Mapping[str, str], one: Activity) -> bool:
    shown = one.fields
    same_time = utc_like(shown.get("due", "")) == fields["due"]
    return same_time and caseless(shown.get("title", "")) == caseless(fields["title"])


def utc_like(text: str) -> str:
    """A time of HighLevel's to the second: it answers with milliseconds (highlevel.md 5.5)."""
    head, dot, _ = text.partition(".")
    return f"{head}Z" if dot else text


async def _add_note(deed: Deed, action: Action) -> None:
    fields = {"body": as_html(inert(render(action.body, deed.values())))}
    await _create(deed, Kind.NOTE, fields, _same_note)


def _same_note(fields: Mapping[str, str], one: Activity) -> bool:
    return same(one.fields.get("body", "")) == same(fields["body"])


async def _create(deed: Deed, kind: Kind, fields: Mapping[str, str], alike: Same) -> None:
    """Make one, unless a try that was cut off has made it.

    What is sent is kept with the firing ahead: a later try looks for exactly that, whatever the contact
    is called by then.
    """
    work, activities, made = deed.look.work, _activities(deed), ""
    if deed.again and SENT in deed.firing.context:
        fields = json.loads(deed.firing.context[SENT])
        made = await _found(deed, kind, partial(alike, fields))
    deed.moved(context={**deed.firing.context, SENT: json.dumps(dict(fields))})
    entry = Entry(
        "create", Side.HIGHLEVEL, made, deed.contact_id, kind.value, after=fields, note=deed.cause, kind=kind
    )
    key = await _begin(deed, entry)
    if not made:
        made = await _sent(deed, key, entry, partial(activities.create, kind, deed.contact_id, fields))
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await journal.finish(connection, {key: entry})
        await journal.name_record(connection, key, made)
        await recipes.note_made(connection, work.bridge.id, kind, made, deed.firing.id)
        _step(deed)
        await recipes.change(connection, deed.firing)


async def _found(deed: Deed, kind: Kind, is_it: Callable[[Activity], bool]) -> str:
    """The id of what a try that was cut off has made: equal, and no other firing's."""
    alike = [one.id for one in await _activities(deed).of_contact(kind, deed.contact_id) if is_it(one)]
    work = deed.look.work
    async with work.database.read() as connection:
        taken = await recipes.made(connection, work.bridge.id, kind.value, alike)
    return next((one for one in sorted(alike) if taken.get(one, deed.firing.id) == deed.firing.id), "")


def _activities(deed: Deed) -> Activities:
    if deed.look.activities is None:
        raise Rejected(
            "This version cannot write tasks and notes to HighLevel.",
            fix="Update Landbridge, or use an action of another kind in the recipe.",
            sent="no",
        )
    return deed.look.activities


async def _change_tag(deed: Deed, action: Action, *, present: bool) -> None:
    scene = deed.scene
    assert scene is not None  # noqa: S101  # a recipe with such an action needs a contact
    shown = next((t for t in scene.highlevel.record.labels or () if caseless(t) == caseless(action.tag)), "")
    if (shown != "") == present:
        await _nothing_to_do(deed)
        return
    system = deed.look.work.systems[Side.HIGHLEVEL]
    name = shown or action.tag
    entry = _label_entry(deed, Side.HIGHLEVEL, f"tag {name}", present=present)
    call = system.add_label if present else system.remove_label
    await _write(deed, entry, partial(call, deed.contact_id, Label(name, name)))


async def _change_list(deed: Deed, action: Action, *, present: bool) -> None:
    label = await deed.look.list(action.list)
    if label is None:
        raise Rejected(
            f"Rezora has no list named {action.list!r}.",
            fix="Make the list in Rezora, or name another one in the recipe.",
            sent="no",
        )
    if present and (deed.scene is None or deed.scene.no_email):
        raise Rejected(OPTED_OUT, fix="Nothing to do.", sent="no")
    members = await deed.look.members(action.list) or set()
    if (deed.rezora_id in members) == present:
        await _nothing_to_do(deed)
        return
    system = deed.look.work.systems[Side.REZORA]
    entry = _label_entry(deed, Side.REZORA, f"list {label.name}", present=present)
    call = system.add_label if present else system.remove_label
    await _write(deed, entry, partial(call, deed.rezora_id, label))
    (members.add if present else members.discard)(deed.rezora_id)


def _label_entry(deed: Deed, side: Side, rule: str, *, present: bool) -> Entry:
    ids = {Side.HIGHLEVEL: deed.contact_id, Side.REZORA: deed.rezora_id}
    return Entry("join" if present else "leave", side, ids[side], ids[side.other], rule, note=deed.cause)


async def _hold(deed: Deed, action: Action) -> None:
    work = deed.look.work
    detail = fold(render(action.text, deed.values()))
    hold = OpenHold(RECIPE, deed.contact_id, deed.rezora_id, deed.recipe.name, detail=detail)
    async with work.database.write() as connection:
        now = work.clock.now()
        await renew(connection, work.lease, now)
        await journal.save_holds(connection, work.bridge.id, work.run_id, [hold], now)
        _step(deed)
        await recipes.change(connection, deed.firing)


async def _notify(deed: Deed, action: Action) -> None:
    work, now = deed.look.work, deed.look.work.clock.now()
    sentence = fold(render(action.text, deed.values()))
    fix = f'Look at the firings of the recipe "{deed.recipe.name}".'
    cause = f"{NOTICE}{deed.firing.id}.{deed.firing.context.get('step', '0')}"
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await alerts.raise_alert(connection, work.bridge.id, cause, sentence, fix, now)
        _step(deed)
        await recipes.change(connection, deed.firing)


async def _nothing_to_do(deed: Deed) -> None:
    """It is so already: nothing is sent, and the step is done."""
    work = deed.look.work
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        _step(deed)
        await recipes.change(connection, deed.firing)


async def _write(deed: Deed, entry: Entry, call: Callable[[], Awaitable[None]]) -> None:
    """Setting a tag or a list twice is once, so a try that was cut off is simply made again."""
    key = await _begin(deed, entry)
    await _sent(deed, key, entry, call)
    work = deed.look.work
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await journal.finish(connection, {key: entry})
        _step(deed)
        await recipes.change(connection, deed.firing)


async def _begin(deed: Deed, entry: Entry) -> int:
    work = deed.look.work
    if not work.may_write(entry.side):
        raise Rejected(
            f"This bridge may not write to {entry.side.title}.",
            fix="Connect with write permission, or use an action of the other system.",
            sent="no",
        )
    async with work.database.write() as connection:
        now = work.clock.now()
        await renew(connection, work.lease, now)
        await recipes.change(connection, deed.firing)
        (key,) = await journal.begin(connection, work.bridge.id, work.run_id, [entry], now)
    return key


async def _sent(deed: Deed, key: int, entry: Entry, call: Callable[[], Awaitable[str | None]]) -> str:
    """Send it; a refusal is noted and raised."""
    work = deed.look.work
    try:
        made = await call()
    except Rejected as failure:
        async with work.database.write() as connection:
            await renew(connection, work.lease, work.clock.now())
            refused = replace(entry, action="failed", note=f"{deed.cause}: {failure.sentence}")
            await journal.finish(connection, {key: refused})
        raise
    work.progress.counts["writes"] += 1
    return made or ""


def _step(deed: Deed) -> None:
    step = int(deed.firing.context.get("step", "0")) + 1
    rest = {name: value for name, value in deed.firing.context.items() if name != SENT}
    deed.moved(context={**rest, "step": str(step)})
    deed.again = False


_WAYS: Mapping[Do, Callable[[Deed, Action], Awaitable[None]]] = {
    Do.CREATE_TASK: _create_task,
    Do.ADD_NOTE: _add_note,
    Do.ADD_TAG: partial(_change_tag, present=True),
    Do.REMOVE_TAG: partial(_change_tag, present=False),
    Do.JOIN_LIST: partial(_change_list, present=True),
    Do.LEAVE_LIST: partial(_change_list, present=False),
    Do.HOLD: _hold,
    Do.NOTIFY: _notify,
}
