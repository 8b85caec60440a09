"""The API that looks back: every write with its cause, the runs; and answers to many holds at once."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from landbridge.engine.journal_book import facts_of, told_facts
from landbridge.engine.journal_told import Told
from landbridge.store.runs import Run
from landbridge.sync.model import Side
from landbridge.web.activity import Filter
from landbridge.web.api_holds import BY, EntryFacts, QuestionFacts, question_facts
from landbridge.web.api_routes import Responses, add_routes
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge


class WriteFacts(BaseModel):
    """One entry of the journal, with who or what caused it."""

    id: int
    run: int = Field(description="0 for what a person did between runs.")
    at: float = Field(description="Epoch seconds, UTC.")
    action: str
    side: Side
    kind: str
    record: str
    source: str
    rule: str
    before: dict[str, str]
    after: dict[str, str]
    note: str
    state: str = Field(description="done; begun while it is under way; lost where nobody knows")
    cause: str = Field(description="person, schedule, event, recipe or undo")
    by: str = Field(description="The recipe, the person, or what started the run.")
    contact: str = Field(description="The id that the page of the person goes by.")
    name: str
    operation: str = Field(description="The call, by its name in the catalog; empty for none documented.")


class ActivityFacts(BaseModel):
    """Up to 50 entries, newest first."""

    entries: list[WriteFacts]
    following: int = Field(description="For the next page, as ``before``; 0 on the last.")
    looked_back_to: float | None = Field(
        description="Set where the page is not full because many entries did not fit: so far it was looked."
    )


class PassFacts(BaseModel):
    """One run; times are epoch seconds, UTC."""

    id: int
    purpose: str = Field(description="sync, plan for a dry run, live, poll, or undo")
    cause: str
    state: str = Field(description="running, done, failed or braked")
    counts: dict[str, int]
    started_at: float
    ended_at: float | None
    sentence: str
    fix: str
    spent: dict[str, float] = Field(description="Seconds by stage.")
    written: dict[str, int] = Field({}, description="Of one run: entries of the journal, by action.")


class AnswerToAll(BaseModel):
    """The same answer to every open hold of one cause."""

    model_config = ConfigDict(extra="forbid")

    cause: str
    action: str = Field(description="One of the answers of that cause; edit and allow speak of one person.")


class GivenFacts(BaseModel):
    """An answer that no sync has carried out, and what taking it back leaves as it is."""

    hold: int
    action: str
    value: str = Field(description="With edit: the value for both sides.")
    by: str
    at: float = Field(description="Epoch seconds, UTC.")
    written: list[EntryFacts] = Field(
        description="Written since to the same records: a run that was cut off may have begun. It stays."
    )


class AnsweredFacts(BaseModel):
    """How many took the answer, and why others did not, by the id of the hold."""

    done: int
    skipped: dict[int, str]


class ActivityApi:
    """The routes under one bridge that look back, and two for holds."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        wrong: Responses = {409: refused[403], **refused}
        reads = (
            ("activity", self.activity, "Every write with its cause, newest first"),
            ("activity/file", self.file, "Every write that fits, as one file"),
            ("runs", self.runs, "Runs of every purpose, newest first"),
            ("runs/{run_id:int}", self.run, "One run: why, how long, what it wrote"),
            ("holds/counts", self.counts, "How many wait, by cause"),
        )
        add_routes(router, path, "GET", reads, unknown)
        answer = ("holds/{hold_id:int}/answer", self.answer, "The answer that taking back would forget")
        add_routes(router, path, "GET", (answer,), wrong)
        writes = (
            ("holds/resolve-all", self.resolve_all, "Give every hold of one cause the same answer"),
            ("holds/{hold_id:int}/take-back", self.take_back, "Take an answer back that no sync carried out"),
        )
        add_routes(router, path, "POST", writes, wrong)
        return router

    async def activity(
        self,
        bridge_id: int,
        side: Literal["", "highlevel", "rezora"] = "",
        kind: Literal["", "contact", "task", "note", "appointment", "list"] = "",
        action: str = "",
        cause: Literal["", "person", "schedule", "event", "recipe", "undo"] = "",
        field: Annotated[str, Query(description="A field of either system, or a rule of the mapping.")] = "",
        run: int = 0,
        contact: Annotated[str, Query(description="A contact's id on either side.")] = "",
        since: Annotated[str, Query(description="A day, UTC, such as 2026-05-30.")] = "",
        until: Annotated[str, Query(description="The last day that is shown.")] = "",
        before: int = 0,
    ) -> ActivityFacts:
        """Filters add up. A word that is none of those named is refused or filters nothing."""
        bridge = await find_bridge(self._product, bridge_id)
        asked = Filter.of(
            {
                "side": side,
                "kind": kind,
                "action": action,
                "cause": cause,
                "field": field,
                "run": str(run or ""),
                "contact": contact,
                "since": since,
                "until": until,
            }
        )
        book = self._product.journal_book
        records = await book.records_of(bridge, asked.contact) if asked.contact else None
        found = await book.page(bridge, asked.wanted(str(before or ""), records))
        return ActivityFacts(
            entries=[_write(told) for told in found.entries],
            following=found.following,
            looked_back_to=found.far,
        )

    async def file(
        self, request: Request, bridge_id: int, form: Literal["csv", "jsonl"] = "jsonl"
    ) -> Response:
        """The filters of ``activity``, and ``form``: CSV for a spreadsheet, or one JSON object a line."""
        bridge = await find_bridge(self._product, bridge_id)
        asked, book = Filter.of(request.query_params), self._product.journal_book
        wanted = asked.wanted("", await book.records_of(bridge, asked.contact) if asked.contact else None)
        if form == "csv":
            return StreamingResponse(book.as_csv(bridge, wanted), media_type="text/csv")
        return StreamingResponse(book.as_json(bridge, wanted), media_type="application/jsonl")

    async def runs(self, bridge_id: int, before: int = 0) -> list[PassFacts]:
        """50 a page; ``before`` is the id of the last one of the page before."""
        bridge = await find_bridge(self._product, bridge_id)
        return [_run(run) for run in await self._product.journal_book.runs(bridge, before)]

    async def run(self, bridge_id: int, run_id: int) -> PassFacts:
        """One of this bridge."""
        bridge = await find_bridge(self._product, bridge_id)
        found = await self._product.journal_book.run(bridge, run_id)
        if found is None:
            raise HTTPException(404)
        return _run(found, await self._product.journal_book.written(bridge, run_id))

    async def counts(self, bridge_id: int) -> dict[str, int]:
        """The commonest cause first."""
        return await self._product.hold_counts(await find_bridge(self._product, bridge_id))

    async def resolve_all(self, bridge_id: int, answer: AnswerToAll) -> AnsweredFacts:
        """Those that cannot take it stay, each with its reason."""
        bridge = await find_bridge(self._product, bridge_id)
        made = await self._product.resolve_all(bridge, answer.cause, answer.action, by=BY)
        return AnsweredFacts(done=made.done, skipped=dict(made.skipped))

    async def answer(self, bridge_id: int, hold_id: int) -> GivenFacts:
        """Refused with 409 where there is none."""
        bridge = await find_bridge(self._product, bridge_id)
        question, given = await self._product.desk.answer(bridge, hold_id)
        return GivenFacts(
            hold=question.hold.id,
            action=given.use,
            value=given.value,
            by=given.by,
            at=given.at,
            written=[EntryFacts.model_validate(facts_of(entry)) for entry in given.written],
        )

    async def take_back(self, bridge_id: int, hold_id: int) -> QuestionFacts:
        """Refused while a sync is under way that may be carrying it out."""
        bridge = await find_bridge(self._product, bridge_id)
        return question_facts(await self._product.desk.take_back(bridge, hold_id, by=BY))


def _write(told: Told) -> WriteFacts:
    return WriteFacts.model_validate(told_facts(told))


def _run(run: Run, written: dict[str, int] | None = None) -> PassFacts:
    return PassFacts(
        id=run.id,
        purpose=run.purpose,
        cause=run.cause,
        state=run.state,
        counts=dict(run.counts),
        started_at=run.started_at,
        ended_at=run.ended_at,
        sentence=run.sentence,
        fix=run.fix,
        spent=dict(run.spent),
        written=written or {},
    )
