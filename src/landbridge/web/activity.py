"""Looking back: every write with its cause, the runs, all of it as a file, and undo behind a preview."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from landbridge.engine.answers import NotPossible
from landbridge.engine.contact_lists import Search
from landbridge.engine.journal_book import PAGE
from landbridge.engine.undo import UndoOrder
from landbridge.store.bridges import Bridge
from landbridge.store.contacts import Line
from landbridge.store.journal_search import CAUSES, Wanted
from landbridge.sync.model import Kind, Side
from landbridge.web import words
from landbridge.web.numbers import Id
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

Text = Annotated[str, Form()]
DAY = 86_400.0
LONGEST_SEARCH = 100
CAUSE_WORDS = {
    "person": "A person",
    "schedule": "A schedule",
    "event": "An event (webhook)",
    "recipe": "A recipe",
    "undo": "An undo",
}
LIST = "list"  # the kind by which changes of tags and lists are asked for
FOUND = 10  # people to choose from
MOST = 500  # entries that an undo on the page looks at while somebody waits; each is read from its system
_NUMBER = re.compile(r"[0-9]{1,9}")  # more is no id of either database
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FORMS = {"run": _NUMBER, "contact": _ID, "field": re.compile(r"[^\x00-\x1f\x7f\"\\]{1,100}")}
NO_DAY = Problem("The field “from day” holds no day.", "Type a day such as 2026-05-30, or leave it blank.")
TOO_MANY = Problem(
    f"This run wrote more than {MOST} entries: undoing them takes longer than a page waits.",
    "Run `landbridge undo --run {run} --preview` on the server, then without `--preview`.",
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What the page is asked to show, as its address says it; what cannot be read is left out.

    ``contact`` is an id: names and addresses of people are in no address.
    """

    side: str = ""
    kind: str = ""
    action: str = ""
    cause: str = ""
    field: str = ""
    run: str = ""
    contact: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Filter:
        """From the address; an unknown word filters nothing."""
        allowed: dict[str, set[str]] = {
            "side": {side.value for side in Side},
            "kind": {*(kind.value for kind in Kind), LIST},
            "action": set(words.ACTIONS),
            "cause": set(CAUSES),
        }
        found = {name: asked.get(name, "").strip() for name in cls.__slots__}
        found |= {name: "" for name, known in allowed.items() if found[name] not in known}
        found |= {name: "" for name in ("since", "until") if _day(found[name]) is None}
        found |= {name: "" for name, form in _FORMS.items() if not form.fullmatch(found[name])}
        return cls(**found)

    def wanted(self, before: str = "", records: Mapping[Side, Collection[str]] | None = None) -> Wanted:
        """As the store looks for it. Days are of UTC, and ``until`` is a day that is still shown."""
        until = _day(self.until)
        return Wanted(
            side=Side(self.side) if self.side else None,
            kind=Kind(self.kind) if self.kind not in ("", LIST) else None,
            listed=self.kind == LIST,
            action=self.action,
            cause=self.cause,
            about=self.field,
            run_id=int(self.run or 0),
            records=records or {},
            since=_day(self.since) or 0.0,
            until=until + DAY if until is not None else 0.0,
            before=int(before) if _NUMBER.fullmatch(before) else 0,
        )

    def address(self, **more: object) -> str:
        """What stands behind the question mark."""
        named = {name: getattr(self, name) for name in self.__slots__} | more
        return urlencode({name: value for name, value in named.items() if value})


class ActivityPages:
    """``/activity``, ``/runs`` and ``/undo`` of a bridge."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of these pages."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}"
        router.add_api_route(f"{path}/activity", self.show, methods=["GET"])
        router.add_api_route(f"{path}/activity", self.search, methods=["POST"])
        router.add_api_route(f"{path}/activity.csv", self.csv, methods=["GET"])
        router.add_api_route(f"{path}/activity.jsonl", self.json, methods=["GET"])
        router.add_api_route(f"{path}/runs", self.runs, methods=["GET"])
        router.add_api_route(f"{path}/runs/{{run_id:int}}", self.run, methods=["GET"])
        router.add_api_route(f"{path}/undo", self.undo, methods=["POST"])
        return router

    async def show(self, request: Request, bridge_id: int, before: str = "") -> Response:
        """What was written, newest first."""
        bridge = await find_bridge(self._product, bridge_id)
        return await self._show(bridge, Filter.of(request.query_params), before)

    async def search(self, request: Request, bridge_id: int) -> Response:
        """Whose writes: a form that is posted, as names and addresses of people belong in no URL."""
        bridge = await find_bridge(self._product, bridge_id)
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked, text = Filter.of(form | {"contact": ""}), form.get("text", "").strip()[:LONGEST_SEARCH]
        if not text:
            return RedirectResponse(f"/bridges/{bridge.id}/activity?{asked.address()}", 303)
        found = (await self._product.contact_book.find(bridge, Search(text), size=FOUND)).lines
        if len(found) == 1:
            address = asked.address(contact=found[0].id)
            return RedirectResponse(f"/bridges/{bridge.id}/activity?{address}", 303)
        return await self._show(bridge, asked, people=found, text=text)

    async def _show(
        self,
        bridge: Bridge,
        asked: Filter,
        before: str = "",
        *,
        people: Sequence[Line] | None = None,
        text: str = "",
    ) -> Response:
        found = await self._product.journal_book.page(bridge, await self._wanted(bridge, asked, before))
        return self._pages.page(
            "activity.html",
            bridge=bridge,
            found=found,
            asked=asked,
            following=asked.address(before=found.following) if found.following else "",
            first=not before,
            people=people,
            text=text,
            reach=await self._product.upkeep.history.reach(bridge),
            sides=list(Side),
            kinds=list(Kind),
            causes=CAUSE_WORDS,
            here="activity",
        )

    async def _wanted(self, bridge: Bridge, asked: Filter, before: str = "") -> Wanted:
        if not asked.contact:
            return asked.wanted(before)
        return asked.wanted(before, await self._product.journal_book.records_of(bridge, asked.contact))

    async def csv(self, request: Request, bridge_id: int) -> Response:
        """Everything that fits the filter, for a spreadsheet."""
        bridge, wanted = await self._asked(request, bridge_id)
        text = self._product.journal_book.as_csv(bridge, wanted)
        return StreamingResponse(text, media_type="text/csv", headers=_file(bridge, "csv"))

    async def json(self, request: Request, bridge_id: int) -> Response:
        """Everything that fits the filter, one JSON object a line."""
        bridge, wanted = await self._asked(request, bridge_id)
        text = self._product.journal_book.as_json(bridge, wanted)
        return StreamingResponse(text, media_type="application/jsonl", headers=_file(bridge, "jsonl"))

    async def runs(self, bridge_id: int, before: Id = 0) -> Response:
        """Every run, newest first."""
        bridge = await find_bridge(self._product, bridge_id)
        found = await self._product.journal_book.runs(bridge, before)
        following = found[-1].id if len(found) == PAGE else 0
        return self._pages.page("runs.html", bridge=bridge, runs=found, following=following, here="activity")

    async def run(self, bridge_id: int, run_id: int) -> Response:
        """One run: why, how long, what it wrote, and undo."""
        bridge = await find_bridge(self._product, bridge_id)
        found = await self._product.journal_book.run(bridge, run_id)
        if found is None:
            raise HTTPException(404)
        written = await self._product.journal_book.written(bridge, run_id)
        return self._pages.page("run.html", bridge=bridge, run=found, written=written, here="activity")

    async def undo(
        self,
        bridge_id: int,
        entry: Annotated[Id, Form()] = 0,
        run: Annotated[Id, Form()] = 0,
        record: Text = "",
        field: Text = "",
        created: Text = "",
        since: Text = "",
        confirmed: Text = "",
    ) -> Response:
        """First what would be put back, read afresh from both systems; then, confirmed, it is done."""
        bridge = await find_bridge(self._product, bridge_id)
        order = UndoOrder(entry, field, record, run, created == "yes", _day(since) or 0.0)
        if since and not order.since:
            return self._undo(bridge, order, problem=NO_DAY)
        if run and sum((await self._product.journal_book.written(bridge, run)).values()) > MOST:
            return self._undo(bridge, order, problem=Problem(TOO_MANY.sentence, TOO_MANY.fix.format(run=run)))
        preview = confirmed != "yes"
        try:
            made = await self._product.undo(bridge, order, cause="page", preview=preview)
        except NotPossible as refusal:
            return self._undo(bridge, order, problem=Problem(refusal.sentence, refusal.fix))
        failed = made.run.state != "done"
        problem = Problem(made.run.sentence, made.run.fix) if failed else None
        return self._undo(bridge, order, lines=made.lines, preview=preview, problem=problem)

    def _undo(
        self,
        bridge: Bridge,
        order: UndoOrder,
        *,
        lines: object = (),
        preview: bool = True,
        problem: Problem | None = None,
    ) -> Response:
        since = datetime.fromtimestamp(order.since, UTC).strftime("%Y-%m-%d") if order.since else ""
        shown = {"order": order, "since": since, "lines": lines, "preview": preview, "problem": problem}
        status = 409 if problem else 200
        return self._pages.page("undo.html", status=status, bridge=bridge, here="activity", **shown)

    async def _asked(self, request: Request, bridge_id: int) -> tuple[Bridge, Wanted]:
        bridge = await find_bridge(self._product, bridge_id)
        return bridge, await self._wanted(bridge, Filter.of(request.query_params))


def _day(text: str) -> float | None:
    """The beginning of a day such as 2026-05-30, in epoch seconds; None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _file(bridge: Bridge, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="landbridge-{bridge.id}-activity.{ending}"'}
