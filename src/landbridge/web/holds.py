"""What waits for a person: by cause, one by one, with a button for each answer; and many at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from landbridge.engine.answers import NotPossible
from landbridge.engine.desk import ALLOWED, ONE_BY_ONE, Question
from landbridge.store.bridges import Bridge
from landbridge.sync.reasons import HELD
from landbridge.web.hold_words import TAKEN_BACK, WAYS
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge
from landbridge.web.who import asking

Text = Annotated[str, Form()]
SHOWN = 50  # of one cause on a page
FIRST = 5  # of each cause on the page of all
EXAMPLES = 10  # shown before all of a cause get one answer
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Group:
    """All holds of one cause; ``shown`` are the first of them."""

    cause: str
    count: int
    shown: list[Question]

    @property
    def for_all(self) -> list[str]:
        """Answers that many can take at once."""
        return [use for use in ALLOWED.get(self.cause, ()) if use not in ONE_BY_ONE] if self.count > 1 else []


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer just given, or with no ``use`` one that was taken back; the hold while it is still open."""

    use: str
    question: Question | None


class HoldPages:
    """``/holds``, ``/bridges/N/holds`` and what their buttons do."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of these pages."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}/holds"
        router.add_api_route("/holds", self.everywhere, methods=["GET"])
        router.add_api_route(path, self.all, methods=["GET"])
        router.add_api_route(f"{path}/{{cause}}", self.one_cause, methods=["GET"])
        router.add_api_route(f"{path}/{{hold_id:int}}", self.answer, methods=["POST"])
        router.add_api_route(f"{path}/{{hold_id:int}}/take-back", self.take_back, methods=["POST"])
        router.add_api_route(f"{path}/{{cause}}/all", self.answer_all, methods=["POST"])
        return router

    async def everywhere(self) -> Response:
        """How much waits on each bridge."""
        bridges = await self._product.all_bridges()
        found = [(bridge, await self._product.hold_counts(bridge)) for bridge in bridges]
        found = sorted(found, key=lambda one: -sum(one[1].values()))
        return self._pages.page("holds_everywhere.html", found=found, here="holds")

    async def all(self, bridge_id: int, done: str = "", said: int = 0) -> Response:
        """Every cause, with the first few of each."""
        return await self._all(await find_bridge(self._product, bridge_id), done, said)

    async def one_cause(
        self, bridge_id: int, cause: str, after: str = "", done: str = "", said: int = 0
    ) -> Response:
        """All of one cause, a page at a time."""
        bridge = await find_bridge(self._product, bridge_id)
        if cause not in HELD:
            raise HTTPException(404)
        count = (await self._product.hold_counts(bridge)).get(cause, 0)
        if not count:  # the last of them was answered
            return RedirectResponse(_address(bridge, "", done=done, said=said), 303)
        found = await self._product.holds(bridge, cause, SHOWN + 1, _behind(after))
        shown = found[:SHOWN]
        last = shown[-1].hold if len(found) > SHOWN else None
        return self._pages.page(
            "holds.html",
            bridge=bridge,
            groups=[Group(cause, count, shown)],
            cause=cause,
            after=after if _behind(after) else "",
            following=f"{last.opened_at!r},{last.id}" if last else "",
            next_of=_next_of(shown),
            told=await self._told(bridge, done, said),
            here="holds",
        )

    async def answer(
        self,
        bridge_id: int,
        hold_id: int,
        use: Text = "",
        value: Text = "",
        cause: Text = "",
        after: Text = "",
        following: Text = "",
        contact: Text = "",
    ) -> Response:
        """One answer; the list goes on at the next hold, or the contact's page where it was."""
        bridge = await find_bridge(self._product, bridge_id)
        try:
            await self._product.resolve(bridge, hold_id, use, value, by=asking().name)
        except NotPossible as refusal:
            return await self._all(bridge, problem=Problem(refusal.sentence, refusal.fix), status=409)
        anchor = f"#hold-{int(following)}" if following.isdigit() else ""
        return RedirectResponse(_back(bridge, cause, after, contact, done=use, said=hold_id) + anchor, 303)

    async def take_back(
        self,
        bridge_id: int,
        hold_id: int,
        cause: Text = "",
        after: Text = "",
        contact: Text = "",
        confirmed: Text = "",
        seen: Annotated[float, Form()] = 0.0,
    ) -> Response:
        """First what would be taken back, and what was written already; then, confirmed, it is forgotten."""
        bridge = await find_bridge(self._product, bridge_id)
        try:
            if confirmed != "yes":
                return await self._take_back(bridge, hold_id, cause, after, contact)
            await self._product.desk.take_back(bridge, hold_id, by=asking().name, seen=seen)
        except NotPossible as refusal:
            return await self._all(bridge, problem=Problem(refusal.sentence, refusal.fix), status=409)
        back = _back(bridge, cause, after, contact, done=TAKEN_BACK, said=hold_id)
        return RedirectResponse(f"{back}#hold-{hold_id}", 303)

    async def _take_back(
        self, bridge: Bridge, hold_id: int, cause: str, after: str, contact: str
    ) -> Response:
        question, answer = await self._product.desk.answer(bridge, hold_id)
        return self._pages.page(
            "hold_take_back.html",
            bridge=bridge,
            question=question,
            answer=answer,
            written=await self._product.journal_book.tell(bridge, answer.written),
            cause=cause if cause in HELD else "",
            after=after if _behind(after) else "",
            contact=contact if _ID.fullmatch(contact) else "",
            back=_back(bridge, cause, after, contact) + f"#hold-{hold_id}",
            here="holds",
        )

    async def answer_all(self, bridge_id: int, cause: str, use: Text = "", confirmed: Text = "") -> Response:
        """The same answer to all of a cause: first a page that says what it means, then it is done."""
        bridge = await find_bridge(self._product, bridge_id)
        if cause not in HELD or use not in ALLOWED.get(cause, ()) or use in ONE_BY_ONE:
            raise HTTPException(404)
        count = (await self._product.hold_counts(bridge)).get(cause, 0)
        if confirmed != "yes":
            shown = await self._product.holds(bridge, cause, EXAMPLES)
            group = Group(cause, count, shown)
            return self._pages.page("holds_confirm.html", bridge=bridge, group=group, use=use, here="holds")
        try:
            answered = await self._product.resolve_all(bridge, cause, use, by=asking().name)
        except NotPossible as refusal:
            return await self._all(bridge, problem=Problem(refusal.sentence, refusal.fix), status=409)
        if not answered.skipped:
            return RedirectResponse(_address(bridge, done=use, cause=""), 303)
        reasons = Counter(answered.skipped.values()).most_common()  # they are kept nowhere, so told here
        return self._pages.page(
            "holds_answered.html",
            bridge=bridge,
            cause=cause,
            use=use,
            answered=answered.done,
            reasons=reasons,
            here="holds",
        )

    async def _all(
        self,
        bridge: Bridge,
        done: str = "",
        said: int = 0,
        *,
        problem: Problem | None = None,
        status: int = 200,
    ) -> Response:
        counts = await self._product.hold_counts(bridge)
        groups = [
            Group(cause, count, await self._product.holds(bridge, cause, FIRST))
            for cause, count in counts.items()
        ]
        latest = None if groups else (await self._product.status(bridge)).latest
        return self._pages.page(
            "holds.html",
            status=status,
            bridge=bridge,
            groups=groups,
            cause="",
            after="",
            following="",
            next_of=_next_of([one for group in groups for one in group.shown]),
            latest=latest,
            problem=problem,
            told=await self._told(bridge, done, said),
            here="holds",
        )

    async def _told(self, bridge: Bridge, done: str, said: int) -> Answer | None:
        """What the page says of an answer just given; one that closed its hold at once names nobody."""
        if done == TAKEN_BACK:
            return Answer("", None)
        if done not in WAYS:
            return None
        try:
            question = await self._product.desk.question(bridge, said) if said else None
        except NotPossible:
            question = None
        return Answer(done, question if question is not None and question.decided == done else None)


def _next_of(shown: Sequence[Question]) -> dict[int, int]:
    """The hold behind each one, by their ids."""
    ids = [one.hold.id for one in shown]
    return dict(pairwise(ids))


def _back(bridge: Bridge, cause: str, after: str, contact: str, **told: object) -> str:
    """Where somebody answered: the page of a contact, or the list of a cause where it was."""
    if _ID.fullmatch(contact):
        said = {"answered": told["done"]} if told else {}
        return f"/bridges/{bridge.id}/contacts/{contact}" + (f"?{urlencode(said)}" if said else "")
    return _address(bridge, cause if cause in HELD else "", after=after if _behind(after) else "", **told)


def _address(bridge: Bridge, cause: str, **asked: object) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    path = f"/bridges/{bridge.id}/holds" + (f"/{cause}" if cause else "")
    return f"{path}?{query}" if query else path


def _behind(after: str) -> tuple[float, int] | None:
    """Where the last page ended; whatever is no such place is the beginning."""
    opened_at, _, hold_id = after.partition(",")
    try:
        return float(opened_at), int(hold_id)
    except ValueError:
        return None
