"""The recipes of a bridge as people use them: listed, switched, written, tried, and what they did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from landbridge.engine.answers import NotPossible
from landbridge.engine.recipe_look import EVENTS, zone_of_bridge
from landbridge.engine.recipe_trial import Span, TrialLine, cannot_be_told, try_recipe
from landbridge.store import recipes
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.recipes import Firing, KeptRecipe
from landbridge.sync.mapping import MappingError
from landbridge.sync.mapping_checks import listed, meant
from landbridge.sync.model import Kind
from landbridge.sync.recipe_file import RecipeError, read_recipe
from landbridge.sync.recipe_library import LIBRARY, BuiltIn
from landbridge.sync.recipe_times import instant, instant_text
from landbridge.sync.recipes import OWN_TRIGGERS, TAG_TRIGGERS, Recipe
from landbridge.sync.rules import ActivityRule, Policy
from landbridge.systems.base import Clock

log = structlog.get_logger()

AGAIN = 1.0  # seconds until the database is asked again


@dataclass(frozen=True, slots=True)
class Card:
    """One recipe as it is shown. ``built_in`` is None for one that people wrote.

    ``values`` are those of a built-in's parameters, ``text`` the recipe as TOML, ``problems`` why this
    version cannot read it.
    """

    name: str
    title: str
    sentence: str
    enabled: bool
    text: str
    built_in: BuiltIn | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def a_recipe(self) -> bool:
        """Is it one, or a part of the sync that has its switch among them?"""
        return self.built_in is None or self.built_in.pattern is not None


@dataclass(frozen=True, slots=True)
class Trial:
    """A dry run over a span; ``note`` is what it could not know."""

    start: float
    end: float
    lines: list[TrialLine]
    note: str = ""
    zone: str = "UTC"


Carry = Callable[[Bridge, Kind, ActivityRule | None], Awaitable[Bridge]]
"""Changes which kinds of activities a bridge's mapping carries."""


class RecipeBook:
    """Recipes of one store; nothing here writes to a system."""

    def __init__(
        self, database: Database, clock: Clock, policy_of: Callable[[Bridge], Policy], carry: Carry
    ) -> None:
        self._carry = carry
        self._database = database
        self._clock = clock
        self._policy_of = policy_of
        self._listened: frozenset[str] = frozenset()

    async def cards(self, bridge: Bridge) -> list[Card]:
        """The built-in ones in their order, then those that people wrote, by name."""
        async with self._database.read() as connection:
            kept = {one.name: one for one in await recipes.all_of(connection, bridge.id)}
        carried = self._carried(bridge)
        built_in = [_built_in(one, kept.get(key), carried) for key, one in LIBRARY.items()]
        return built_in + [_own(one) for name, one in kept.items() if name not in LIBRARY]

    def _carried(self, bridge: Bridge) -> frozenset[Kind]:
        """What the mapping carries; nothing where it cannot be read, which every sync says."""
        try:
            return frozenset(rule.kind for rule in self._policy_of(bridge).activities)
        except MappingError:
            return frozenset()

    async def card(self, bridge: Bridge, name: str) -> Card:
        """One of them; raises ``NotPossible`` for an unknown name."""
        found = {card.name: card for card in await self.cards(bridge)}
        if name not in found:
            near = meant(name, found)
            raise NotPossible(f"There is no recipe {name!r}{near}.", f"Use one of: {listed(found)}.")
        return found[name]

    async def switch(self, bridge: Bridge, name: str, *, on: bool) -> Card:
        """On or off. What waits for its time when a recipe is switched off is not done."""
        card = await self.card(bridge, name)
        rule = card.built_in.carries if card.built_in else None
        if rule is not None:
            return await self.card(await self._carry(bridge, rule.kind, rule if on else None), name)
        if on:
            read_recipe(card.text, EVENTS)
        async with self._database.write() as connection:
            now = self._clock.now()
            if await recipes.one(connection, bridge.id, name) is None:
                await recipes.save(connection, bridge.id, name, card.text, now)
            await recipes.switch(connection, bridge.id, name, now, on=on)
        await self.refresh()
        return await self.card(bridge, name)

    async def set_values(self, bridge: Bridge, name: str, values: Mapping[str, str]) -> Card:
        """Give a built-in recipe other values; raises ``RecipeError`` with every problem, nothing changed."""
        card = await self.card(bridge, name)
        if card.built_in is None or card.built_in.pattern is None:
            raise NotPossible(f"{card.title} has no values to set.", "Edit its text instead.")
        known = [one.name for one in card.built_in.parameters]
        for one in values:
            if one not in known:
                raise NotPossible(
                    f"{card.title} has no value {one!r}{meant(one, known)}.", f"Use one of: {listed(known)}."
                )
        text = card.built_in.text({**card.values, **values})
        try:
            read_recipe(text, EVENTS)
        except RecipeError as error:
            raise RecipeError([_at_parameter(card.built_in, one) for one in error.problems]) from None
        async with self._database.write() as connection:
            await recipes.save(connection, bridge.id, name, text, self._clock.now())
        await self.refresh()
        return await self.card(bridge, name)

    async def save(self, bridge: Bridge, text: str) -> Card:
        """Keep a recipe that people wrote, under the name in it; one of that name is replaced, and keeps its
        switch. Raises ``RecipeError`` with every problem, nothing changed."""
        recipe = read_recipe(text, EVENTS)
        if recipe.name in LIBRARY:
            raise RecipeError(
                [f'the file, name: "{recipe.name}" is a built-in recipe; allowed: a name of your own.']
            )
        async with self._database.write() as connection:
            await recipes.save(connection, bridge.id, recipe.name, text, self._clock.now())
        await self.refresh()
        return await self.card(bridge, recipe.name)

    async def remove(self, bridge: Bridge, name: str) -> None:
        """Forget a recipe that people wrote; what it did stays in its firings."""
        card = await self.card(bridge, name)
        if card.built_in is not None:
            raise NotPossible(f"{card.title} is built in and cannot be removed.", "Switch it off instead.")
        async with self._database.write() as connection:
            await recipes.remove(connection, bridge.id, name)
        await self.refresh()

    async def firings(self, bridge: Bridge, name: str = "", count: int = 50) -> list[Firing]:
        """What recipes did or did not do, newest first."""
        async with self._database.read() as connection:
            return await recipes.recent(connection, bridge.id, count, name)

    async def try_out(self, bridge: Bridge, name: str = "", text: str = "", days: int = 1) -> Trial:
        """What a recipe, kept or as this text, would have done: yesterday, or so many days up to today.

        Raises ``RecipeError`` for a text that is none.
        """
        if not 1 <= days <= 30:
            raise NotPossible(
                f"{days} days cannot be looked back.", "Choose 1 to 30; the inbox keeps 30 days."
            )
        card = None if text else await self.card(bridge, name)
        if card is not None and not card.a_recipe:
            raise NotPossible(
                f"{card.title} is no recipe that can be tried.",
                "It is a part of the sync: `landbridge plan` shows what it would do.",
            )
        recipe = read_recipe(text or (card.text if card else ""), EVENTS)
        zone = zone_of_bridge(bridge.highlevel.capability)
        end = _midnight(self._clock.now(), zone)
        start = _midnight(end - (days - 0.5) * 86_400, zone)
        async with self._database.read() as connection:
            span = Span(start, end, self._policy_of(bridge), zone)
            lines = await try_recipe(connection, bridge.id, recipe, span)
        return Trial(start, end, lines, cannot_be_told(recipe), zone)

    async def refresh(self) -> None:
        """Read which events the recipes that are on ask for; the receiver keeps those."""
        async with self._database.read() as connection:
            texts = await recipes.listened(connection)
        self._listened = frozenset(recipe.on for text in texts if (recipe := _read(text)) is not None)

    async def learn(self) -> None:
        """The same at the start, however long the database cannot be read."""
        while True:
            try:
                await self.refresh()
            except Exception:  # locked, for a moment: until then a recipe's event is not kept
                log.exception("recipes_not_read")
                await self._clock.sleep(AGAIN)
            else:
                return

    def listens(self, event: str) -> bool:
        """Does a recipe ask for this event of HighLevel?"""
        return event in self._listened


def _read(text: str) -> Recipe | None:
    try:
        return read_recipe(text, EVENTS)
    except RecipeError:
        return None


def _built_in(one: BuiltIn, kept: KeptRecipe | None, carried: frozenset[Kind]) -> Card:
    if one.pattern is None:
        on = one.carries is not None and one.carries.kind in carried
        return Card(one.key, one.title, one.sentence, enabled=on, text="", built_in=one)
    recipe = (_read(kept.text) if kept else None) or one.pattern
    enabled = kept.enabled if kept else False
    text = kept.text if kept else one.text({})
    return Card(one.key, one.title, one.sentence, enabled, text, one, one.values(recipe))


def _own(kept: KeptRecipe) -> Card:
    try:
        recipe = read_recipe(kept.text, EVENTS)
    except RecipeError as error:
        return Card(
            kept.name,
            kept.name,
            "This version cannot read it.",
            kept.enabled,
            kept.text,
            problems=error.problems,
        )
    actions = ", ".join(action.do.replace("_", " ") for action in recipe.actions)
    when = OWN_TRIGGERS.get(recipe.on, f"HighLevel sends {recipe.on}")
    mark = f" ({recipe.mark})" if recipe.mark else ""
    return Card(kept.name, kept.name, f"When {when}{mark}: {actions}.", kept.enabled, kept.text)


def _at_parameter(built_in: BuiltIn, problem: str) -> str:
    """A problem line with the name of the value instead of its place in the file."""
    about_tag = built_in.pattern is not None and built_in.pattern.on in TAG_TRIGGERS
    for one in built_in.parameters:
        number, _, key = one.place.rpartition(".")
        if key == "mark":
            key = "tag" if about_tag else "list"
        place = f"do {int(number) + 1}, {key}" if number else f"the file, {key}"
        if problem.startswith(f"{place}:"):
            return f"{one.title}{problem.removeprefix(place)}"
    return problem


def _midnight(at: float, zone: str) -> float:
    """The beginning of the day at a place."""
    day = datetime.fromisoformat(instant_text(at, zone))
    return instant(day.date(), datetime.min.time(), zone)
