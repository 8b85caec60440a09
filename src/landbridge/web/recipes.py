"""The recipes page: switches, values, a dry run on yesterday, one's own recipes, and what they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.engine.answers import NotPossible
from landbridge.engine.recipe_book import Card, Trial
from landbridge.store.bridges import Bridge
from landbridge.store.recipes import Firing
from landbridge.sync.recipe_file import RecipeError
from landbridge.web.pages import Pages
from landbridge.web.ports import Product
from landbridge.web.problems import Failure, problem_of, status_of
from landbridge.web.status import find_bridge

FIRINGS_SHOWN = 50
STATES: Mapping[str, str] = {
    "waiting": "Waits for its time",
    "begun": "Under way",
    "done": "Done",
    "failed": "Failed",
    "skipped": "Not done",
}
PATTERN = """\
name = "Call new buyers"
on = "tag_added"
tag = "buyer"
delay = "1 hour"

[[if]]
field = "city"
equals = "Boulder"

[[do]]
action = "create_task"
title = "Call {{contact.first_name | default: the buyer}}"
due = "next working day at 09:00"
assignee = "owner"
"""


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """One problem of a recipe's text; ``line`` counts from 1, 0 where it belongs to no line."""

    line: int
    source: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RecipesView:
    """What the page shows; ``typed`` are values that were refused, ``wrong`` the card they belong to."""

    bridge: Bridge
    cards: list[Card]
    firings: list[Firing]
    text: str = PATTERN
    failure: Failure | None = None
    wrong: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    trial: Trial | None = None
    tried: str = ""

    @property
    def built_in(self) -> list[Card]:
        """Those that come with Landbridge."""
        return [card for card in self.cards if card.built_in is not None]

    @property
    def own(self) -> list[Card]:
        """Those that people wrote."""
        return [card for card in self.cards if card.built_in is None]

    def value(self, card: Card, name: str) -> str:
        """Of a built-in's parameter, as typed if that was refused."""
        return (
            self.typed.get(name, card.values.get(name, "")) if self.wrong == card.name else card.values[name]
        )

    def problem(self, card: Card, title: str) -> str:
        """What is wrong with one value, at its place; empty when nothing is."""
        if self.wrong != card.name or not isinstance(self.failure, RecipeError):
            return ""
        found = [
            one.removeprefix(f"{title}: ") for one in self.failure.problems if one.startswith(f"{title}:")
        ]
        return " ".join(found)

    @property
    def elsewhere(self) -> bool:
        """Does the problem belong to no form of the page?"""
        return self.wrong != "" and self.wrong not in {card.name for card in self.built_in}

    @property
    def source_problems(self) -> list[SourceProblem]:
        """The problems of the text, each with its line."""
        if self.wrong or not isinstance(self.failure, RecipeError):
            return []
        return [located(self.text, problem) for problem in self.failure.problems]


def located(text: str, problem: str) -> SourceProblem:
    """A problem with the line it speaks of: ``do 2, title`` is that key in the second ``[[do]]``."""
    place, _, sentence = problem.partition(": ")
    lines = text.splitlines()
    table, _, key = place.partition(", ")
    name, _, number = table.rpartition(" ")
    start, end = 0, len(lines)
    if number.isdecimal():
        heads = [n for n, line in enumerate(lines) if line.strip() == f"[[{name}]]"]
        if int(number) > len(heads):
            return SourceProblem(0, "", problem)
        start = heads[int(number) - 1]
    elif table != "the file":
        start = next((n for n, line in enumerate(lines) if line.strip() == f"[{table}]"), len(lines))
    end = next((n for n in range(start + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
    for number_of_line in range(start, end):
        if key and lines[number_of_line].partition("=")[0].strip() == key:
            return SourceProblem(number_of_line + 1, lines[number_of_line], sentence)
    if number.isdecimal():
        return SourceProblem(start + 1, lines[start], problem)
    return SourceProblem(0, "", problem)


class RecipePages:
    """``/bridges/ID/recipes`` and its buttons."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of this page."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}/recipes"
        router.add_api_route(path, self.page, methods=["GET"])
        router.add_api_route(path, self.write, methods=["POST"])
        router.add_api_route(f"{path}/{{name}}", self.set, methods=["POST"])
        router.add_api_route(f"{path}/{{name}}/remove", self.remove, methods=["POST"])
        return router

    async def page(self, bridge_id: int, name: str = "", edit: str = "") -> Response:
        """All recipes; ``name`` shows what that one would have done yesterday, ``edit`` its text."""
        bridge = await find_bridge(self._product, bridge_id)
        book = self._product.recipes
        text = (await book.card(bridge, edit)).text if edit else PATTERN
        trial = await book.try_out(bridge, name) if name else None
        tried = (await book.card(bridge, name)).title if name else ""
        return await self._shown(bridge, text=text or PATTERN, trial=trial, tried=tried)

    async def set(self, request: Request, bridge_id: int, name: str) -> Response:
        """Values and switch of one recipe; what is refused stays in the form."""
        bridge = await find_bridge(self._product, bridge_id)
        form = await request.form()
        do = str(form.get("do", ""))
        typed = {key: str(value) for key, value in form.items() if key != "do"}
        book = self._product.recipes
        try:
            if typed:
                await book.set_values(bridge, name, typed)
            if do in ("on", "off"):
                await book.switch(bridge, name, on=do == "on")
        except (RecipeError, NotPossible) as failure:
            return await self._shown(bridge, failure=failure, wrong=name, typed=typed)
        return _back(bridge, name)

    async def write(
        self, bridge_id: int, text: Annotated[str, Form()] = "", do: Annotated[str, Form()] = ""
    ) -> Response:
        """Save a recipe of one's own, or try it on yesterday; its text is never lost."""
        bridge = await find_bridge(self._product, bridge_id)
        text = text.replace("\r\n", "\n")
        try:
            if do == "try":
                trial = await self._product.recipes.try_out(bridge, text=text or " ")
                return await self._shown(bridge, text=text, trial=trial)
            card = await self._product.recipes.save(bridge, text)
        except (RecipeError, NotPossible) as failure:
            return await self._shown(bridge, text=text, failure=failure)
        return _back(bridge, card.name)

    async def remove(self, bridge_id: int, name: str) -> Response:
        """Forget a recipe that people wrote."""
        bridge = await find_bridge(self._product, bridge_id)
        await self._product.recipes.remove(bridge, name)
        return _back(bridge, "own")

    async def _shown(
        self,
        bridge: Bridge,
        *,
        text: str = PATTERN,
        failure: Failure | None = None,
        wrong: str = "",
        typed: Mapping[str, str] | None = None,
        trial: Trial | None = None,
        tried: str = "",
    ) -> Response:
        book = self._product.recipes
        cards, firings = await book.cards(bridge), await book.firings(bridge, "", FIRINGS_SHOWN)
        view = RecipesView(bridge, cards, firings, text, failure, wrong, typed or {}, trial, tried)
        return self._pages.page(
            "recipes.html",
            status=200 if failure is None else status_of(failure),
            bridge=bridge,
            view=view,
            problem=None if failure is None else problem_of(failure),
            states=STATES,
            here="recipes",
        )


def _back(bridge: Bridge, name: str) -> Response:
    return RedirectResponse(f"/bridges/{bridge.id}/recipes#{quote(anchor(name))}", 303)


def anchor(name: str) -> str:
    """The id of a card on the page."""
    return "recipe-" + "".join(c if c.isalnum() else "-" for c in name)
