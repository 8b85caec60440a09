"""The API about recipes: what there is, switches, values, one's own as TOML, dry runs, and firings."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from landbridge.engine.recipe_book import Card, Trial
from landbridge.store.recipes import Firing
from landbridge.web.api_routes import Responses, add_routes
from landbridge.web.numbers import Many
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge


class RecipeFacts(BaseModel):
    """One recipe."""

    name: str
    title: str
    sentence: str
    enabled: bool
    built_in: bool
    a_recipe: bool = Field(description="False for a part of the sync that has its switch among the recipes.")
    values: dict[str, str] = Field(description="Of a built-in recipe: what may be set, as it is.")
    text: str = Field(description="The recipe as TOML.")
    problems: list[str] = Field(description="Why this version cannot read it; empty when it can.")


class RecipeText(BaseModel):
    """A recipe as TOML."""

    model_config = ConfigDict(extra="forbid")

    text: str


class RecipeValues(BaseModel):
    """Values of a built-in recipe; what is not given stays."""

    model_config = ConfigDict(extra="forbid")

    values: dict[str, str]


class TrialOrder(BaseModel):
    """A dry run of a recipe as this text, or of the one named in the address."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=1, description="1 is yesterday; up to 30 days before today.")
    text: str = ""


class TrialLineFacts(BaseModel):
    """One event, and what the recipe would have done."""

    at: float
    event: str
    contact: str
    name: str
    outcome: str = Field(description="would, perhaps or would not")
    reason: str
    due_at: float
    actions: list[str]


class TrialFacts(BaseModel):
    """A dry run; times are epoch seconds, UTC."""

    start: float
    end: float
    note: str = Field(description="What it could not know; empty for nothing.")
    lines: list[TrialLineFacts]


class FiringFacts(BaseModel):
    """One event that met a recipe, and what became of it."""

    id: int
    recipe: str
    event: str
    on: str
    contact: str
    state: str = Field(description="waiting, begun, done, failed or skipped")
    detail: str
    due_at: float
    at: float
    attempts: int


class RecipeApi:
    """The routes under one bridge that speak of recipes."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        wrong: Responses = {409: refused[403], 422: refused[403], **refused}
        reads = (
            ("recipes", self.recipes, "All recipes, built-in ones first"),
            ("recipes/{name}", self.recipe, "One recipe"),
            ("firings", self.firings, "What recipes did, newest first"),
        )
        add_routes(router, path, "GET", reads, unknown)
        writes = (
            ("recipes", self.save, "Keep a recipe of your own, or replace it"),
            ("recipes/{name}/on", self.on, "Switch a recipe on"),
            ("recipes/{name}/off", self.off, "Switch a recipe off"),
            ("recipes/{name}/values", self.values, "Set values of a built-in recipe"),
            ("recipes/{name}/try", self.try_out, "What it would have done; nothing is written"),
        )
        add_routes(router, path, "POST", writes, wrong)
        router.add_api_route(
            f"{path}/recipes/{{name}}",
            self.remove,
            methods=["DELETE"],
            summary="Forget a recipe of your own",
            responses=wrong,
        )
        return router

    async def recipes(self, bridge_id: int) -> list[RecipeFacts]:
        """Those that people wrote come last, by name."""
        bridge = await find_bridge(self._product, bridge_id)
        return [recipe_facts(card) for card in await self._product.recipes.cards(bridge)]

    async def recipe(self, bridge_id: int, name: str) -> RecipeFacts:
        """By its name."""
        bridge = await find_bridge(self._product, bridge_id)
        return recipe_facts(await self._product.recipes.card(bridge, name))

    async def save(self, bridge_id: int, order: RecipeText) -> RecipeFacts:
        """Refused with every problem of the text; a new recipe is off."""
        bridge = await find_bridge(self._product, bridge_id)
        return recipe_facts(await self._product.recipes.save(bridge, order.text))

    async def on(self, bridge_id: int, name: str) -> RecipeFacts:
        """What happened before is no event."""
        bridge = await find_bridge(self._product, bridge_id)
        return recipe_facts(await self._product.recipes.switch(bridge, name, on=True))

    async def off(self, bridge_id: int, name: str) -> RecipeFacts:
        """What waits for its time is not done."""
        bridge = await find_bridge(self._product, bridge_id)
        return recipe_facts(await self._product.recipes.switch(bridge, name, on=False))

    async def values(self, bridge_id: int, name: str, order: RecipeValues) -> RecipeFacts:
        """Refused with every problem; nothing is changed then."""
        bridge = await find_bridge(self._product, bridge_id)
        return recipe_facts(await self._product.recipes.set_values(bridge, name, order.values))

    async def try_out(self, bridge_id: int, name: str, order: TrialOrder | None = None) -> TrialFacts:
        """From the inbox and the journal of a past span; judged by what the contacts show now."""
        bridge = await find_bridge(self._product, bridge_id)
        wanted = order or TrialOrder(days=1)
        return trial_facts(await self._product.recipes.try_out(bridge, name, wanted.text, wanted.days))

    async def remove(self, bridge_id: int, name: str) -> None:
        """What it did stays among the firings."""
        await self._product.recipes.remove(await find_bridge(self._product, bridge_id), name)

    async def firings(self, bridge_id: int, recipe: str = "", count: Many = 50) -> list[FiringFacts]:
        """Of one recipe, if one is named."""
        bridge = await find_bridge(self._product, bridge_id)
        return [firing_facts(one) for one in await self._product.recipes.firings(bridge, recipe, count)]


def recipe_facts(card: Card) -> RecipeFacts:
    """A recipe as JSON has it."""
    return RecipeFacts(
        name=card.name,
        title=card.title,
        sentence=card.sentence,
        enabled=card.enabled,
        built_in=card.built_in is not None,
        a_recipe=card.a_recipe,
        values=dict(card.values),
        text=card.text,
        problems=list(card.problems),
    )


def trial_facts(trial: Trial) -> TrialFacts:
    """A dry run as JSON has it."""
    lines = [
        TrialLineFacts(
            at=one.at,
            event=one.event,
            contact=one.contact_id,
            name=one.name,
            outcome=one.outcome,
            reason=one.reason,
            due_at=one.due_at,
            actions=list(one.actions),
        )
        for one in trial.lines
    ]
    return TrialFacts(start=trial.start, end=trial.end, note=trial.note, lines=lines)


def firing_facts(one: Firing) -> FiringFacts:
    """A firing as JSON has it."""
    return FiringFacts(
        id=one.id,
        recipe=one.recipe,
        event=one.event,
        on=one.context.get("on", ""),
        contact=one.contact_id,
        state=one.state,
        detail=one.detail,
        due_at=one.due_at,
        at=one.at,
        attempts=one.attempts,
    )
