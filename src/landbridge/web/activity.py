"""Looking back: every write with its cause, the runs, all of it as a file, and undo behind a preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from landbridge.engine.answers import NotPossible
from landbridge.engine.journal_book import PAGE
from landbridge.engine.undo import UndoOrder
from landbridge.store.bridges import Bridge
from landbridge.store.journal import Wanted
from landbridge.sync.model import Kind, Side
from landbridge.web import words
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

Text = Annotated[str, Form()]
DAY = 86_400.0
MOST = 500  # entries that an undo on the page looks at while somebody waits; each is read from its system
TOO_MANY = Problem(
    f"This run wrote more than {MOST} entries: undoing them takes longer than a page waits.",
    "Run `landbridge undo --run {run} --preview` on the server, then without `--preview`.",
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What the page is asked to show, as its address says it; what cannot be read is left out."""

    side: str = ""
    kind: str = ""
    action: str = ""
    run: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Filter:
        """From the address; an unknown word filters nothing."""
        allowed: dict[str, set[str]] = {
            "side": {side.value for side in Side},
            "kind": {kind.value for kind in Kind},
            "action": set(words.ACTIONS),
        }
        found = {name: asked.get(name, "") for name in cls.__slots__}
        found |= {name: "" for name, known in allowed.items() if found[name] not in known}
        found |= {name: "" for name in ("since", "until") if _day(found[name]) is None}
        return cls(**found | ({} if found["run"].isdigit() else {"run": ""}))

    def wanted(self, before: str = "") -> Wanted:
        """As the store looks for it. Days are of UTC, and ``until`` is a day that is still shown."""
        until = _day(self.until)
        return Wanted(
            side=Side(self.side) if self.side else None,
            kind=Kind(self.kind) if self.kind else None,
            action=self.action,
            run_id=int(self.run or 0),
            since=_day(self.since) or 0.0,
            until=until + DAY if until is not None else 0.0,
            before=int(before) if before.isdigit() else 0,
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
        router.add_api_route(f"{path}/activity.csv", self.csv, methods=["GET"])
        router.add_api_route(f"{path}/activity.jsonl", self.json, methods=["GET"])
        router.add_api_route(f"{path}/runs", self.runs, methods=["GET"])
        router.add_api_route(f"{path}/runs/{{run_id:int}}", self.run, methods=["GET"])
        router.add_api_route(f"{path}/undo", self.undo, methods=["POST"])
        return router

    async def show(self, request: Request, bridge_id: int, before: str = "") -> Response:
        """What was written, newest first."""
        bridge = await find_bridge(self._product, bridge_id)
        asked = Filter.of(request.query_params)
        found = await self._product.journal_book.entries(bridge, asked.wanted(before), PAGE + 1)
        following = asked.address(before=found[PAGE - 1].id) if len(found) > PAGE else ""
        return self._pages.page(
            "activity.html",
            bridge=bridge,
            entries=found[:PAGE],
            asked=asked,
            following=following,
            first=not before,
            sides=list(Side),
            kinds=list(Kind),
            here="activity",
        )

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

    async def runs(self, bridge_id: int, before: int = 0) -> Response:
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
        entry: Annotated[int, Form()] = 0,
        run: Annotated[int, Form()] = 0,
        record: Text = "",
        field: Text = "",
        created: Text = "",
        confirmed: Text = "",
    ) -> Response:
        """First what would be put back, read afresh from both systems; then, confirmed, it is done."""
        bridge = await find_bridge(self._product, bridge_id)
        order = UndoOrder(entry, field, record, run, created == "yes")
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
        shown = {"order": order, "lines": lines, "preview": preview, "problem": problem}
        status = 409 if problem else 200
        return self._pages.page("undo.html", status=status, bridge=bridge, here="activity", **shown)

    async def _asked(self, request: Request, bridge_id: int) -> tuple[Bridge, Wanted]:
        bridge = await find_bridge(self._product, bridge_id)
        return bridge, Filter.of(request.query_params).wanted()


def _day(text: str) -> float | None:
    """The beginning of a day such as 2026-05-30, in epoch seconds; None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _file(bridge: Bridge, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="landbridge-{bridge.id}-activity.{ending}"'}
