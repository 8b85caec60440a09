"""What recipes work with in one look: the bridge's work, the recipes that are on, and what lists show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from landbridge.engine.scan import read_again
from landbridge.engine.work import Work
from landbridge.store import activities, links
from landbridge.store.observed import Sighting
from landbridge.store.recipes import Firing, KeptRecipe
from landbridge.sync.consent import EMAIL
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.sync.recipe_conditions import Facts
from landbridge.sync.recipe_file import RecipeError, read_recipe
from landbridge.sync.recipe_templates import CONTACT_NAMES
from landbridge.sync.recipe_times import instant_text, zone_of
from landbridge.sync.recipes import LIST_TRIGGERS, TAG_TRIGGERS, Recipe, gets_no_email
from landbridge.sync.rules import Policy
from landbridge.systems.activities import Activities
from landbridge.systems.base import Label
from landbridge.systems.highlevel.events import BY_TYPE

EVENTS = tuple(BY_TYPE)
PAGES = 20  # of a listing that are looked through for one record


def read_kept(kept: list[KeptRecipe]) -> dict[str, tuple[KeptRecipe, Recipe]]:
    """Recipes by name; one that this version cannot read any more is left out."""
    found = {}
    for one in kept:
        try:
            found[one.name] = (one, read_recipe(one.text, EVENTS))
        except RecipeError:
            continue
    return found


@dataclass(slots=True)
class Look:
    """One look of the recipes of a bridge, under its driver's lease.

    ``activities`` are HighLevel's tasks and notes, None where this account has none.
    """

    work: Work
    recipes: Mapping[str, tuple[KeptRecipe, Recipe]]
    activities: Activities | None
    labels: dict[str, Label] | None = None
    _members: dict[str, set[str]] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        """The time zone of the location, UTC where it is not known."""
        return zone_of_bridge(self.work.bridge.highlevel.capability)

    async def list(self, name: str) -> Label | None:
        """A list of Rezora by its name, None where there is none."""
        if self.labels is None:
            found = await self.work.systems[Side.REZORA].labels()
            self.work.progress.counts["reads"] += 1
            self.labels = {label.name.casefold(): label for label in found}
        return self.labels.get(name.casefold())

    async def members(self, name: str) -> set[str] | None:
        """Ids of the contacts on a list, read once a look; changes of ours are to be made in it."""
        label = await self.list(name)
        if label is None:
            return None
        if label.id not in self._members:
            self._members[label.id] = set(await self.work.systems[Side.REZORA].members(label))
            self.work.progress.counts["reads"] += 1
        return self._members[label.id]


def zone_of_bridge(capability: Mapping[str, object]) -> str:
    """The time zone that a HighLevel account tells of itself, UTC where it tells none we know."""
    return zone_of(str(capability.get("time_zone") or "UTC")).key


@dataclass(frozen=True, slots=True)
class Scene:
    """One contact as both sides show it now; ``rezora`` is None where it is not linked."""

    highlevel: Sighting
    rezora: Sighting | None
    lists: frozenset[str] | None
    no_email: bool
    opted_out: bool | None

    def facts(self, policy: Policy, now: float, zone: str) -> Facts:
        """What conditions ask about."""
        record = self.highlevel.record
        return Facts(
            fields_of(self.highlevel),
            record.labels,
            self.lists,
            policy.scope.covers(record),
            self.opted_out,
            now,
            zone,
        )


async def scene(look: Look, recipe: Recipe, contact_id: str) -> Scene:
    """The contact, read by id on both sides; raises ``Gone`` where HighLevel has it no more."""
    work = look.work
    left = await read_again(work, Side.HIGHLEVEL, contact_id)
    async with work.database.read() as connection:
        kept = (await links.by_side(connection, work.bridge.id, Side.HIGHLEVEL, [contact_id])).get(contact_id)
    asks = (
        recipe.needs_rezora or recipe.asked_lists or any(one.test == "opted_out" for one in recipe.conditions)
    )
    right = await read_again(work, Side.REZORA, kept.link.rezora_id) if kept is not None and asks else None
    lists: frozenset[str] | None = None
    if kept is not None and recipe.asked_lists:
        on = {name: await look.members(name) for name in recipe.asked_lists}
        lists = frozenset(name for name, ids in on.items() if ids is not None and kept.link.rezora_id in ids)
    suppressed = (await work.knowledge()).suppressed
    keys = [sight.email_key for sight in (left, right) if sight is not None]
    out = any(EMAIL in suppressed.get(key, frozenset()) for key in keys if key)
    shown = [sight.record.opted_out for sight in (left, right) if sight is not None]
    return Scene(
        left,
        right,
        lists,
        gets_no_email(left.record, right.record if right else None, suppressed=out),
        True if out or True in shown else (None if None in shown else False),
    )


def fields_of(sight: Sighting) -> Mapping[str, str]:
    """The fields that conditions ask about, under HighLevel's names."""
    return sight.record.fields


def values_of(sight: Sighting | None, firing: Firing, now: float, zone: str) -> dict[str, str]:
    """What templates may name, as text."""
    at = float(firing.context.get("at") or now)
    on, mark = firing.context.get("on", ""), firing.context.get("mark", "")
    values = {
        "event.name": on,
        "event.date": instant_text(at, zone),
        "event.tag": mark if on in TAG_TRIGGERS else "",
        "event.list": mark if on in LIST_TRIGGERS else "",
        "recipe.name": firing.recipe,
        "today": instant_text(now, zone)[:10],
        "contact.id": firing.contact_id,
    }
    if sight is not None:
        fields = sight.record.fields
        values |= {f"contact.{name}": fields.get(native, "") for name, native in CONTACT_NAMES.items()}
        values["contact.name"] = " ".join(
            part for part in (fields.get("firstName"), fields.get("lastName")) if part
        )
    return values


async def whose(look: Look, firing: Firing) -> str:
    """Whose task, note or appointment an event named without saying it, blank where that is not found.

    HighLevel's task events lack the contact (highlevel.md 4.2, issue 332): a listing of the location tells.
    """
    kind, record_id = firing.context.get("kind", ""), firing.context.get("record", "")
    if kind not in ACTIVITIES or not record_id:
        return ""
    work = look.work
    async with work.database.read() as connection:
        known = await activities.contact_of(connection, work.bridge.id, Side.HIGHLEVEL, Kind(kind), record_id)
    if known or look.activities is None or Kind(kind) not in look.activities.listed:
        return known
    cursor: str | None = None
    for _ in range(PAGES):
        page = await look.activities.listing(Kind(kind), cursor)
        work.progress.counts["reads"] += 1
        for one in page.records:
            if one.id == record_id:
                return one.contact_id
        if page.cursor is None:
            break
        cursor = page.cursor
    return ""
