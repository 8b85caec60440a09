"""The API about single contacts: finding one, and one person on both sides."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from landbridge.engine.contact_book import ContactView
from landbridge.engine.contact_lists import Search
from landbridge.engine.field_rows import FieldRow
from landbridge.engine.timeline import Happening
from landbridge.sync.model import Side
from landbridge.web.api_routes import Responses
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

ListName = Literal[
    "everybody",
    "in-sync",
    "held",
    "left-out",
    "waiting",
    "paused",
    "only-highlevel",
    "only-rezora",
    "opted-out",
]


class SearchOrder(BaseModel):
    """Whom to find. In a body, as names and addresses of people belong in no URL."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        "", max_length=100, description="Part of a name, of an e-mail address or of a phone number, or an id."
    )
    list: ListName = Field("everybody", description="Only who is on this list.")
    reason: str = Field("", max_length=40, description="Of held or left-out: only for this reason.")
    after: str = Field("", max_length=160, description="What the page before said in following.")


class FoundFacts(BaseModel):
    """One contact of a list."""

    id: str
    partner: str = Field(description="The id on the other side; empty for none.")
    name: str
    email: str
    standing: str
    reason: str


class PageFacts(BaseModel):
    """Up to 50 contacts: HighLevel's, then those that only Rezora has, by where they stand and by id."""

    contacts: list[FoundFacts]
    following: str = Field(description="For the next page; empty on the last.")


class FieldFacts(BaseModel):
    """One field of both sides; null is not known, "" is blank."""

    field: str
    highlevel: str | None
    rezora: str | None
    base_highlevel: str | None
    base_rezora: str | None
    state: str = Field(description="same, differs, unknown, or alone where there is nothing to compare")
    reason: str
    fix: str


class HappeningFacts(BaseModel):
    """A task, note or appointment; times are epoch seconds, UTC."""

    kind: str
    title: str
    text: str
    at: float | None
    end: float | None
    state: str
    place: str
    highlevel_id: str
    rezora_id: str
    apart: list[str] = Field(description="Fields in which the two sides differ.")
    overdue: bool


class ContactViewFacts(BaseModel):
    """One person on both sides."""

    highlevel_id: str
    rezora_id: str
    name: str
    standing: str
    sentence: str
    fix: str
    fields: list[FieldFacts]
    coming: list[HappeningFacts]
    past: list[HappeningFacts]
    activities: str = Field(description="Whether Rezora's account has activities or Landbridge keeps them.")


class ListsFacts(BaseModel):
    """How many people are on each list; in-sync, held, left-out and waiting together are everybody."""

    lists: dict[str, int]
    held: dict[str, int] = Field(description="Of those that wait for a person, by reason.")
    left_out: dict[str, int] = Field(description="Of those that are left out, by reason.")


class ContactsApi:
    """The routes under one bridge that read contacts."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        router.add_api_route(
            f"{path}/contacts/find", self.find, methods=["POST"], summary="Find contacts", responses=refused
        )
        router.add_api_route(
            f"{path}/contacts/lists",
            self.lists,
            methods=["GET"],
            summary="How many contacts each list has",
            responses=unknown,
        )
        router.add_api_route(
            f"{path}/contacts/{{record_id}}",
            self.one,
            methods=["GET"],
            summary="One contact on both sides",
            responses=unknown,
        )
        return router

    async def find(self, bridge_id: int, order: SearchOrder) -> PageFacts:
        """From what both sides showed last; no call leaves the machine."""
        bridge = await find_bridge(self._product, bridge_id)
        found = await self._product.contact_book.find(
            bridge, Search(order.text, order.list, order.reason, order.after)
        )
        lines = [
            FoundFacts(
                id=line.id,
                partner=line.partner,
                name=line.name,
                email=line.email,
                standing=line.standing,
                reason=line.reason,
            )
            for line in found.lines
        ]
        return PageFacts(contacts=lines, following=found.following)

    async def lists(self, bridge_id: int) -> ListsFacts:
        """The numbers that the page shows on its filters."""
        counts = await self._product.contact_book.counts(await find_bridge(self._product, bridge_id))
        return ListsFacts(lists=dict(counts.lists), held=dict(counts.held), left_out=dict(counts.left_out))

    async def one(self, bridge_id: int, record_id: str) -> ContactViewFacts:
        """By the id on either side."""
        bridge = await find_bridge(self._product, bridge_id)
        view = await self._product.contact_book.contact(bridge, record_id)
        if view is None:
            raise HTTPException(404)
        return _facts(view)


def _facts(view: ContactView) -> ContactViewFacts:
    return ContactViewFacts(
        highlevel_id=view.ids.get(Side.HIGHLEVEL, ""),
        rezora_id=view.ids.get(Side.REZORA, ""),
        name=view.name,
        standing=view.standing.title,
        sentence=view.standing.sentence,
        fix=view.standing.fix,
        fields=[_field(row) for row in view.rows],
        coming=[_happening(one) for one in view.timeline.coming],
        past=[_happening(one) for one in view.timeline.past],
        activities=view.kept.sentence,
    )


def _field(row: FieldRow) -> FieldFacts:
    return FieldFacts(
        field=row.name,
        highlevel=row.shows.get(Side.HIGHLEVEL),
        rezora=row.shows.get(Side.REZORA),
        base_highlevel=row.base.get(Side.HIGHLEVEL),
        base_rezora=row.base.get(Side.REZORA),
        state=row.state,
        reason=row.reason,
        fix=row.fix,
    )


def _happening(one: Happening) -> HappeningFacts:
    return HappeningFacts(
        kind=one.kind.value,
        title=one.title,
        text=one.text,
        at=one.at,
        end=one.end,
        state=one.state,
        place=one.place,
        highlevel_id=one.ids.get(Side.HIGHLEVEL, ""),
        rezora_id=one.ids.get(Side.REZORA, ""),
        apart=list(one.apart),
        overdue=one.overdue,
    )
