"""The API of the catalog: every operation with its schema, every trigger, and one way to call them all."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from landbridge.engine import catalog
from landbridge.engine.answers import NotPossible
from landbridge.engine.calling import Called
from landbridge.engine.catalog import Wanted
from landbridge.store.bridges import Bridge
from landbridge.systems.arguments import WrongArguments
from landbridge.systems.base import Forbidden, Gone, RateLimited, Rejected, SystemFailure
from landbridge.systems.operations import Operation, Parameter
from landbridge.systems.triggers import Trigger
from landbridge.web.numbers import Id
from landbridge.web.ports import Product
from landbridge.web.security import LARGEST_CALL
from landbridge.web.status import find_bridge

PATH = "/api/v1/operations"
BY = "api"
_STATUS: tuple[tuple[type[SystemFailure], int], ...] = (
    (WrongArguments, 422),
    (Forbidden, 403),
    (RateLimited, 429),
    (Gone, 404),
    (Rejected, 409),
    (SystemFailure, 502),
)


class OperationFacts(BaseModel):
    """One operation; ``kind`` is read or write."""

    name: str
    title: str
    about: str
    app: str
    kind: str
    call: str = Field(description="Method and path of the vendor's API; empty for an action of Landbridge's.")
    scope: str = Field(description="The scope it needs; empty where the vendor states none.")
    level: str = Field(description="agency or company, where the usual connection does not reach.")
    safe_to_repeat: bool
    deprecated: bool
    answers: str
    assumption: str = Field(description="What the vendor's documents leave open; empty for nothing.")


class ParameterFacts(BaseModel):
    """One parameter; ``place`` is path, query, body, whole (the whole body) or form."""

    name: str
    place: str
    type: str
    about: str
    required: bool
    null_allowed: bool
    values: list[str | int | float] = Field(description="The only values; empty for any.")
    filled_in: bool = Field(description="It comes from the connected account; leave it out.")


class OperationDetail(OperationFacts):
    """One operation with its parameters, and the same as JSON Schema."""

    parameters: list[ParameterFacts]
    parameters_schema: dict[str, Any]


class TriggerFacts(BaseModel):
    """Something that happens; ``source`` is highlevel or landbridge."""

    name: str
    app: str
    source: str
    about: str
    type: str = Field(description="The word in a HighLevel webhook's body.")
    scope: str
    scope_documented: bool
    carries: str


class CallOrder(BaseModel):
    """What to call an operation with."""

    model_config = ConfigDict(extra="forbid")

    bridge: Id | None = Field(None, description="The bridge's id; may be left out where there is only one.")
    parameters: dict[str, Any] = Field(default_factory=dict)


class CalledFacts(BaseModel):
    """What a call gave; ``entry`` is the journal's number, 0 for a read."""

    operation: str
    answer: Any
    entry: int
    calls: int
    daily_left: int | None


class ArgumentProblemFacts(BaseModel):
    """What is wrong with one parameter."""

    parameter: str
    error: str
    fix: str


class CallProblemFacts(BaseModel):
    """Why a call failed; ``sent`` says whether the vendor may have got it: no, maybe or yes."""

    error: str
    fix: str
    sent: str
    problems: list[ArgumentProblemFacts]


class OperationsApi:
    """The routes of the catalog."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self) -> APIRouter:
        """All routes; the calls are described one by one, by ``describe_calls``."""
        router = APIRouter()
        router.add_api_route(PATH, self.operations, methods=["GET"], summary="All operations")
        router.add_api_route(
            f"{PATH}/{{name}}", self.operation, methods=["GET"], summary="One operation and what it takes"
        )
        router.add_api_route(
            f"{PATH}/{{name}}/call",
            self.call,
            methods=["POST"],
            include_in_schema=False,
            max_body_size=LARGEST_CALL,
        )
        router.add_api_route("/api/v1/triggers", self.triggers, methods=["GET"], summary="All triggers")
        return router

    async def operations(
        self, search: str = "", app: str = "", scope: str = "", kind: str = ""
    ) -> list[OperationFacts]:
        """Those that fit all that is given."""
        return [
            OperationFacts.model_validate(catalog.facts(one))
            for one in catalog.find(Wanted(search, app, scope, kind))
        ]

    async def operation(self, name: str) -> Response:
        """404 for an unknown name, with the one that may be meant."""
        try:
            one = catalog.operation(name)
        except catalog.UnknownOperation as unknown:
            return _unknown(unknown)
        return JSONResponse(detail(one).model_dump())

    async def triggers(self) -> list[TriggerFacts]:
        """HighLevel's 64 webhook events, and Landbridge's own."""
        return [_trigger(one) for one in catalog.triggers().values()]

    async def call(self, name: str, order: CallOrder | None = None) -> Response:
        """Answers when the call is done; a failure says whether anything was sent."""
        order = order or CallOrder(bridge=None)
        try:
            bridge = await chosen_bridge(self._product, order.bridge)
            made = await self._product.call(bridge, name, order.parameters, by=BY)
        except catalog.UnknownOperation as unknown:
            return _unknown(unknown)
        except SystemFailure as failure:
            return _failed(failure)
        return JSONResponse(called_facts(made).model_dump())


async def chosen_bridge(product: Product, bridge_id: int | None) -> Bridge:
    """The bridge of that id, or the only one; raises 404, or ``NotPossible`` where it must be named."""
    if bridge_id is not None:
        return await find_bridge(product, bridge_id)
    bridges = await product.all_bridges()
    if len(bridges) == 1:
        return bridges[0]
    if not bridges:
        raise NotPossible("There is no bridge yet.", "Connect both accounts first, on the set-up page.")
    raise NotPossible("There are several bridges.", "Say which: `bridge` takes its id (/api/v1/bridges).")


def called_facts(made: Called) -> CalledFacts:
    """A call as JSON has it."""
    return CalledFacts(
        operation=made.operation.name,
        answer=made.answer,
        entry=made.entry_id,
        calls=made.calls,
        daily_left=made.daily_left,
    )


def detail(one: Operation) -> OperationDetail:
    """One operation as JSON has it."""
    parameters = [_parameter(parameter) for parameter in one.parameters]
    more = {"parameters": parameters, "parameters_schema": catalog.json_schema(one)}
    return OperationDetail.model_validate(catalog.facts(one) | more)


def describe_calls(site: FastAPI) -> None:
    """Give the OpenAPI description a path for each operation, with the schema of what it takes."""
    plain = site.openapi

    def openapi() -> dict[str, Any]:
        known = site.openapi_schema is not None
        schema = plain()
        if not known:
            for model in (CalledFacts, CallProblemFacts, ArgumentProblemFacts):
                made = model.model_json_schema(ref_template="#/components/schemas/{model}")
                made.pop("$defs", None)
                schema["components"]["schemas"][model.__name__] = made
            schema["paths"] |= {
                f"{PATH}/{one.name}/call": _path(one) for one in catalog.operations().values()
            }
        return schema

    site.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI's documents give


def _path(one: Operation) -> dict[str, Any]:
    order = {
        "type": "object",
        "properties": {"bridge": {"type": "integer"}, "parameters": catalog.json_schema(one)},
        "additionalProperties": False,
    }

    def answer(words: str, model: type[BaseModel]) -> dict[str, Any]:
        schema = {"$ref": f"#/components/schemas/{model.__name__}"}
        return {"description": words, "content": {"application/json": {"schema": schema}}}

    refusals = {
        403: "Not allowed",
        409: "Refused",
        422: "Wrong parameters",
        429: "Quota spent",
        502: "Failed",
    }
    responses = {str(status): answer(words, CallProblemFacts) for status, words in refusals.items()}
    post = {
        "summary": one.title,
        "description": one.about,
        "operationId": one.name.replace(".", "_"),
        "tags": [one.app],
        "requestBody": {"content": {"application/json": {"schema": order}}},
        "responses": {"200": answer("Done", CalledFacts), **responses},
    }
    return {"post": post | ({"deprecated": True} if one.deprecated else {})}


def _parameter(one: Parameter) -> ParameterFacts:
    return ParameterFacts(
        name=one.name,
        place=one.place,
        type=one.type,
        about=one.about,
        required=one.required,
        null_allowed=one.empty,
        values=list(one.enum),
        filled_in=one.filled == "location",
    )


def _trigger(one: Trigger) -> TriggerFacts:
    return TriggerFacts(
        name=one.name,
        app=one.app,
        source=one.side.value if one.side else "landbridge",
        about=one.about,
        type=one.type,
        scope=one.scope,
        scope_documented=one.sure,
        carries=one.carries,
    )


def _unknown(unknown: catalog.UnknownOperation) -> Response:
    return JSONResponse({"error": str(unknown), "fix": unknown.fix}, 404)


def _failed(failure: SystemFailure) -> Response:
    found = failure.problems if isinstance(failure, WrongArguments) else ()
    problems = [ArgumentProblemFacts(parameter=p.name, error=p.sentence, fix=p.fix) for p in found]
    facts = CallProblemFacts(error=str(failure), fix=failure.fix, sent=failure.sent, problems=problems)
    headers: Mapping[str, str] = {}
    if isinstance(failure, RateLimited):
        headers = {"Retry-After": str(max(ceil(failure.wait_seconds), 1))}
    return JSONResponse(facts.model_dump(), status_of_call(failure), headers)


def status_of_call(failure: SystemFailure) -> int:
    """The HTTP status of a call that failed."""
    return next(status for kind, status in _STATUS if isinstance(failure, kind))
