"""The API about single contacts: holds and their answers, lists, pauses, the journal, and undo."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from landbridge.engine.desk import Question
from landbridge.engine.journal_book import facts_of
from landbridge.engine.undo import UndoLine, UndoOrder
from landbridge.store.journal import Entry
from landbridge.sync.model import Side
from landbridge.sync.reasons import HELD
from landbridge.web.api_routes import Responses, add_routes
from landbridge.web.numbers import Id, Many
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

BY = "the API"
Standing = Literal["in-sync", "left-out", "held", "waiting"]


class QuestionFacts(BaseModel):
    """Something that waits for a person, what both sides show, and the answers it takes."""

    id: int
    cause: str
    highlevel_id: str
    rezora_id: str
    name: str
    field: str
    highlevel_shows: str
    rezora_shows: str
    detail: str
    opened_at: float
    fix: str
    actions: list[str]
    decided: str = Field(description="An answer that the next sync carries out; empty for none.")


class Answer(BaseModel):
    """An answer to a hold."""

    model_config = ConfigDict(extra="forbid")

    action: str = Field(description="One of the hold's actions.")
    value: str = Field("", description="With edit: the value for both sides.")


class ContactFacts(BaseModel):
    """One person, a linked pair once, with why it stands where it does."""

    highlevel_id: str
    rezora_id: str
    name: str
    cause: str
    reason: str
    fix: str


class ListingFacts(BaseModel):
    """One page of a list, 100 contacts each; ``total`` counts the whole list."""

    standing: str
    total: int
    contacts: list[ContactFacts]
    following: str = Field(description="For the next page, as ``after``; empty on the last.")


class PauseOrder(BaseModel):
    """Why a contact is paused."""

    model_config = ConfigDict(extra="forbid")

    note: str = ""


class EntryFacts(BaseModel):
    """One thing that was done."""

    id: int
    run: int = Field(description="0 for what a person decided between runs.")
    at: float
    action: str
    side: Side
    record: str
    source: str
    rule: str
    before: dict[str, str]
    after: dict[str, str]
    note: str
    state: str


class Undo(BaseModel):
    """What to undo: one of entry, record and run."""

    model_config = ConfigDict(extra="forbid")

    entry: Id = 0
    field: str = Field("", description="With entry: one field of it.")
    record: str = ""
    run: Id = 0
    created: bool = Field(False, description="Delete created contacts again, if untouched since.")
    since: float = Field(0.0, description="With record: only from then on, epoch seconds.")
    preview: bool = Field(False, description="Only say what would happen.")


class LineFacts(BaseModel):
    """One entry: what was put back, or why it stays."""

    entry: int
    side: Side
    record: str
    what: str
    before: dict[str, str]
    after: dict[str, str]
    outcome: str = Field(description="undo (a preview), undone, skipped or failed")
    reason: str


class UndoFacts(BaseModel):
    """An undo, newest entry first."""

    run: int
    state: str
    sentence: str
    fix: str
    lines: list[LineFacts]


class PeopleApi:
    """The routes under one bridge that speak of single contacts."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        wrong: Responses = {409: refused[403], **refused}
        reads = (
            ("holds", self.holds, "What waits for a person"),
            ("contacts", self.contacts, "Contacts by where they stand"),
            ("journal", self.journal, "What was done, newest first"),
        )
        add_routes(router, path, "GET", reads, unknown)
        writes = (
            ("holds/{hold_id:int}/resolve", self.resolve, "Answer a hold; the next sync carries it out"),
            ("contacts/{record_id}/pause", self.pause, "Take a contact out of the sync"),
            ("contacts/{record_id}/resume", self.resume, "Put a paused contact back"),
            ("contacts/{record_id}/again", self.again, "Create a deleted contact anew"),
            ("undo", self.undo, "Put back what was written, or preview it"),
        )
        add_routes(router, path, "POST", writes, wrong)
        return router

    async def holds(self, bridge_id: int, cause: str = "", limit: Many = 200) -> list[QuestionFacts]:
        """The oldest first."""
        found = await self._product.holds(await find_bridge(self._product, bridge_id), cause, limit)
        return [question_facts(question) for question in found]

    async def resolve(self, bridge_id: int, hold_id: int, answer: Answer) -> QuestionFacts:
        """Refused with the answers that the hold takes, if this is none of them."""
        bridge = await find_bridge(self._product, bridge_id)
        made = await self._product.resolve(bridge, hold_id, answer.action, answer.value, by=BY)
        return question_facts(made)

    async def contacts(self, bridge_id: int, standing: Standing, after: str = "") -> ListingFacts:
        """The four lists together are everybody."""
        bridge = await find_bridge(self._product, bridge_id)
        listing = await self._product.contacts(bridge, standing, after)
        return ListingFacts(
            standing=listing.standing,
            total=listing.total,
            following=listing.following,
            contacts=[
                ContactFacts(
                    highlevel_id=one.highlevel_id,
                    rezora_id=one.rezora_id,
                    name=one.name,
                    cause=one.cause,
                    reason=one.reason.sentence,
                    fix=one.reason.fix,
                )
                for one in listing.contacts
            ],
        )

    async def pause(self, bridge_id: int, record_id: str, order: PauseOrder | None = None) -> None:
        """Nothing but an opt-out is carried for it."""
        bridge = await find_bridge(self._product, bridge_id)
        await self._product.pause(bridge, record_id, order.note if order else "")

    async def resume(self, bridge_id: int, record_id: str) -> None:
        """The next sync carries what was edited meanwhile."""
        await self._product.resume(await find_bridge(self._product, bridge_id), record_id)

    async def again(self, bridge_id: int, record_id: str) -> None:
        """By the id of the record that is left."""
        await self._product.again(await find_bridge(self._product, bridge_id), record_id)

    async def journal(self, bridge_id: int, count: Many = 50) -> list[EntryFacts]:
        """With the ids that an undo takes."""
        bridge = await find_bridge(self._product, bridge_id)
        return [_entry(entry) for entry in await self._product.journal(bridge, count)]

    async def undo(self, bridge_id: int, order: Undo) -> UndoFacts:
        """Answers when it is done; only what still shows as written is put back."""
        bridge = await find_bridge(self._product, bridge_id)
        wanted = UndoOrder(order.entry, order.field, order.record, order.run, order.created, order.since)
        made = await self._product.undo(bridge, wanted, cause="api", preview=order.preview)
        run = made.run
        lines = [_line(line) for line in made.lines]
        return UndoFacts(run=run.id, state=run.state, sentence=run.sentence, fix=run.fix, lines=lines)


def question_facts(question: Question) -> QuestionFacts:
    """A hold as JSON has it."""
    hold = question.hold
    return QuestionFacts(
        id=hold.id,
        cause=hold.cause,
        highlevel_id=hold.highlevel_id,
        rezora_id=hold.rezora_id,
        name=hold.name,
        field=hold.rule,
        highlevel_shows=hold.highlevel_shows,
        rezora_shows=hold.rezora_shows,
        detail=hold.detail,
        opened_at=hold.opened_at,
        fix=HELD[hold.cause].fix if hold.cause in HELD else "",
        actions=list(question.actions),
        decided=question.decided,
    )


def _entry(entry: Entry) -> EntryFacts:
    return EntryFacts.model_validate(facts_of(entry))


def _line(line: UndoLine) -> LineFacts:
    return LineFacts(
        entry=line.entry_id,
        side=line.side,
        record=line.record_id,
        what=line.what,
        before=dict(line.before),
        after=dict(line.after),
        outcome=line.outcome,
        reason=line.reason,
    )
