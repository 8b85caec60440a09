"""The catalog on the page: find an operation, see what it takes, run it with a form, see what came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from landbridge.engine import catalog
from landbridge.engine.calling import Called
from landbridge.engine.catalog import Wanted
from landbridge.store.bridges import Bridge
from landbridge.systems.arguments import WrongArguments, from_text
from landbridge.systems.base import SystemFailure
from landbridge.systems.operations import Operation, Parameter
from landbridge.systems.triggers import Trigger
from landbridge.web.api_operations import PATH, chosen_bridge, status_of_call
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of

BY = "page"
LONGEST_SHOWN = 20_000  # characters of an answer; more is for the API
PREFIX = "p."  # of the form's fields, so that a parameter cannot take the place of one of the form's own
LONG_TEXTS = ("body", "description", "notes")
UNCONFIRMED = Problem("Nothing was called: a write has to be confirmed.", "Tick the box above the button.")


@dataclass(frozen=True, slots=True)
class Result:
    """What came back, as shown; ``cut`` tells how long the whole answer is, 0 when all of it is shown."""

    text: str
    cut: int
    entry_id: int
    calls: int
    daily_left: int | None


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation's page: its form with what was typed, and what came of it."""

    operation: Operation
    bridges: list[Bridge]
    address: str
    typed: Mapping[str, str] = field(default_factory=dict)
    bridge_id: int = 0
    problem: Problem | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)
    result: Result | None = None

    @property
    def needed(self) -> list[Parameter]:
        """Parameters that must be given."""
        return [one for one in self._asked if one.required]

    @property
    def optional(self) -> list[Parameter]:
        """Parameters that may be left out."""
        return [one for one in self._asked if not one.required]

    @property
    def optional_open(self) -> bool:
        """Something optional was typed, or is wrong."""
        return any(one.name in self.wrong or self.typed.get(one.name) for one in self.optional)

    @property
    def filled(self) -> list[str]:
        """Parameters that come from the account."""
        return [one.name for one in self.operation.parameters if one.filled == "location"]

    @property
    def notes(self) -> list[str]:
        """Sentences to know before a call."""
        return catalog.notes_of(self.operation)

    @property
    def curl(self) -> str:
        """The same call for a terminal; no value of the form, and no token."""
        order = json.dumps(self._order)
        return f"curl -X POST '{self._url}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{order}'"

    @property
    def python(self) -> str:
        """The same call for a script."""
        return (
            "import json, urllib.request\n\n"
            f"body = json.dumps({self._order!r}).encode()\n"
            'headers = {"Content-Type": "application/json"}\n'
            f'request = urllib.request.Request("{self._url}", body, headers)\n'
            "print(json.load(urllib.request.urlopen(request)))"
        )

    @property
    def _asked(self) -> list[Parameter]:
        return [one for one in self.operation.parameters if one.filled != "location"]

    @property
    def _url(self) -> str:
        return f"{self.address}{PATH}/{self.operation.name}/call"

    @property
    def _order(self) -> dict[str, object]:
        samples: dict[str, object] = {
            "number": 1,
            "boolean": True,
            "object": {},
            "strings": [],
            "objects": [],
        }
        parameters = {one.name: samples.get(one.type, one.name.upper()) for one in self.needed}
        several = {"bridge": self.bridges[0].id} if len(self.bridges) > 1 else {}
        return {**several, "parameters": parameters}


class OperationPages:
    """``/operations`` and one page for each of them."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of these pages."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/operations", self.list, methods=["GET"])
        router.add_api_route("/operations/{name}", self.show, methods=["GET"])
        router.add_api_route("/operations/{name}", self.run, methods=["POST"])
        return router

    async def list(self, search: str = "", app: str = "", scope: str = "", kind: str = "") -> Response:
        """The operations that fit, by app; ``kind=trigger`` lists what happens instead."""
        wanted = Wanted(search.strip(), app, scope, kind)
        found = [] if kind == "trigger" else catalog.find(wanted)
        return self._pages.page(
            "operations.html",
            here="operations",
            wanted=wanted,
            groups=[(name, [one for one in found if one.app == name]) for name in catalog.apps()],
            count=len(found),
            triggers=_triggers(wanted) if kind == "trigger" else [],
            apps=catalog.apps(),
            scopes=catalog.scopes(),
        )

    async def show(self, name: str) -> Response:
        """The form, empty."""
        return self._page(await self._view(name))

    async def run(self, request: Request, name: str) -> Response:
        """Call it, and show what came back, or what is wrong beside the field."""
        form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
        typed = {key.removeprefix(PREFIX): value for key, value in form.items() if key.startswith(PREFIX)}
        chosen = form.get("bridge", "")
        view = await self._view(name, typed, int(chosen) if chosen.isdecimal() else 0)
        one = view.operation
        if one.writes and form.get("confirm") != "yes":
            return self._page(view, problem=UNCONFIRMED, status=422)
        given = {key: _value(one, key, text) for key, text in typed.items() if text.strip()}
        try:
            bridge = await chosen_bridge(self._product, view.bridge_id or None)
            made = await self._product.call(bridge, name, given, by=BY)
        except WrongArguments as failure:
            wrong = {problem.name: f"{problem.sentence} {problem.fix}" for problem in failure.problems}
            told = Problem("Nothing was called.", "Correct the fields that are marked.")
            return self._page(view, problem=told, wrong=wrong, status=422)
        except FAILURES as failure:
            status = status_of_call(failure) if isinstance(failure, SystemFailure) else status_of(failure)
            return self._page(view, problem=problem_of(failure), status=status)
        return self._page(view, result=_result(made))

    async def _view(
        self, name: str, typed: Mapping[str, str] | None = None, bridge_id: int = 0
    ) -> OperationView:
        try:
            one = catalog.operation(name)
        except catalog.UnknownOperation:
            raise HTTPException(404) from None
        shown = {key: text for key, text in (typed or {}).items() if not _is_secret(one, key)}
        bridges = await self._product.all_bridges()
        return OperationView(one, bridges, self._product.settings.public_url, shown, bridge_id)

    def _page(
        self,
        view: OperationView,
        *,
        problem: Problem | None = None,
        wrong: Mapping[str, str] | None = None,
        result: Result | None = None,
        status: int = 200,
    ) -> Response:
        shown = OperationView(
            view.operation,
            view.bridges,
            view.address,
            view.typed,
            view.bridge_id,
            problem,
            wrong or {},
            result,
        )
        return self._pages.page(
            "operation.html",
            status=status,
            here="operations",
            view=shown,
            prefix=PREFIX,
            long_texts=LONG_TEXTS,
        )


def _triggers(wanted: Wanted) -> list[Trigger]:
    words = wanted.text.lower().split()
    return [
        one
        for one in catalog.triggers().values()
        if all(word in f"{one.name} {one.about} {one.type}".lower() for word in words)
        and wanted.scope in ("", one.scope)
    ]


def _value(one: Operation, name: str, text: str) -> object:
    known = one.parameter(name)
    return text if known is None else from_text(known, text)


def _is_secret(one: Operation, name: str) -> bool:
    known = one.parameter(name)
    return known is not None and known.secret


def _result(made: Called) -> Result:
    text = msgspec.json.format(msgspec.json.encode(made.answer), indent=2).decode()
    cut = len(text) if len(text) > LONGEST_SHOWN else 0
    return Result(text[:LONGEST_SHOWN], cut, made.entry_id, made.calls, made.daily_left)
