"""What waits for a person: by cause, one by one, with a button for each answer; and many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from landbridge.engine.answers import NotPossible
from landbridge.engine.desk import ALLOWED, ONE_BY_ONE, Question
from landbridge.store.bridges import Bridge
from landbridge.sync.reasons import HELD
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge
from landbridge.web.who import asking

Text = Annotated[str, Form()]
SHOWN = 50  # of one cause on a page
FIRST = 5  # of each cause on the page of all


@dataclass(frozen=True, slots=True)
class Way:
    """An answer as people read it: on its button, and what the next sync does for it."""

    button: str
    does: str


WAYS = {
    "use-highlevel": Way("Keep HighLevel’s value", "Rezora gets the value that HighLevel shows."),
    "use-rezora": Way("Keep Rezora’s value", "HighLevel gets the value that Rezora shows."),
    "edit": Way("Use this value", "Both sides get the value that you type."),
    "ignore": Way("Leave both as they are", "Nothing is written, or asked again while neither changes."),
    "link": Way("The same person", "The two are linked, and kept in agreement from then on."),
    "apart": Way("Two people", "The two stay apart, and are not asked about again."),
    "keep": Way("Keep the one that is left", "The link ends; the contact that is left stays as it is."),
    "delete": Way("Delete it there too", "The one that is left is deleted. The journal keeps what it said."),
    "create": Way("Create it", "It is created on the side where it is missing."),
    "retry": Way("Try again", "The next sync tries it once more."),
    "out": Way("Stop e-mail on both sides", "The opt-out is put back where it was taken away."),
    "allow": Way("The person asked for e-mail again", "The address is taken off the list of opt-outs."),
    "done": Way("Done", "It is closed."),
}
_KEEP_LINK = Way("Keep the link as it is", "The two stay linked, although others could be meant.")


def way_of(use: str, cause: str) -> Way:
    """An answer in words; one word means something else for one cause. An unknown word stands for itself."""
    if (use, cause) == ("keep", "several_candidates"):
        return _KEEP_LINK
    return WAYS.get(use) or Way(use, "")


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
        router.add_api_route(f"{path}/{{cause}}/all", self.answer_all, methods=["POST"])
        return router

    async def everywhere(self) -> Response:
        """How much waits on each bridge."""
        bridges = await self._product.all_bridges()
        found = [(bridge, await self._product.hold_counts(bridge)) for bridge in bridges]
        found = sorted(found, key=lambda one: -sum(one[1].values()))
        return self._pages.page("holds_everywhere.html", found=found, here="holds")

    async def all(self, bridge_id: int, done: str = "", left: int = 0) -> Response:
        """Every cause, with the first few of each."""
        return await self._all(await find_bridge(self._product, bridge_id), done, left)

    async def one_cause(
        self, bridge_id: int, cause: str, after: str = "", done: str = "", left: int = 0
    ) -> Response:
        """All of one cause, a page at a time."""
        bridge = await find_bridge(self._product, bridge_id)
        if cause not in HELD:
            raise HTTPException(404)
        count = (await self._product.hold_counts(bridge)).get(cause, 0)
        if not count:  # the last of them was answered
            return RedirectResponse(_address(bridge, "", done, left), 303)
        found = await self._product.holds(bridge, cause, SHOWN + 1, _behind(after))
        shown = found[:SHOWN]
        last = shown[-1].hold if len(found) > SHOWN else None
        return self._pages.page(
            "holds.html",
            bridge=bridge,
            groups=[Group(cause, count, shown)],
            cause=cause,
            following=f"{last.opened_at!r},{last.id}" if last else "",
            **_told(done, left),
            here="holds",
        )

    async def answer(
        self,
        bridge_id: int,
        hold_id: int,
        use: Text = "",
        value: Text = "",
        cause: Text = "",
        following: Text = "",
    ) -> Response:
        """One answer; the list goes on at the next hold."""
        bridge = await find_bridge(self._product, bridge_id)
        try:
            await self._product.resolve(bridge, hold_id, use, value, by=asking().name)
        except NotPossible as refusal:
            return await self._all(bridge, problem=Problem(refusal.sentence, refusal.fix), status=409)
        anchor = f"#hold-{int(following)}" if following.isdigit() else ""
        return RedirectResponse(_address(bridge, cause if cause in HELD else "", use) + anchor, 303)

    async def answer_all(self, bridge_id: int, cause: str, use: Text = "", confirmed: Text = "") -> Response:
        """The same answer to all of a cause: first a page that says what it means, then it is done."""
        bridge = await find_bridge(self._product, bridge_id)
        count = (await self._product.hold_counts(bridge)).get(cause, 0)
        group = Group(cause, count, [])
        if cause not in HELD or use not in ALLOWED.get(cause, ()) or use in ONE_BY_ONE:
            raise HTTPException(404)
        if confirmed != "yes":
            return self._pages.page(
                "holds_confirm.html",
                bridge=bridge,
                group=group,
                use=use,
                way=way_of(use, cause),
                here="holds",
            )
        try:
            answered = await self._product.resolve_all(bridge, cause, use, by=asking().name)
        except NotPossible as refusal:
            return await self._all(bridge, problem=Problem(refusal.sentence, refusal.fix), status=409)
        left = len(answered.skipped)
        return RedirectResponse(_address(bridge, cause if left else "", use, left), 303)

    async def _all(
        self,
        bridge: Bridge,
        done: str = "",
        left: int = 0,
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
            following="",
            latest=latest,
            problem=problem,
            **_told(done, left),
            here="holds",
        )


def _told(done: str, left: int) -> dict[str, Any]:
    """What the page says of an answer just given."""
    return {"done": WAYS.get(done), "left": left, "way": way_of}


def _address(bridge: Bridge, cause: str, done: str = "", left: int = 0) -> str:
    asked = urlencode({name: value for name, value in (("done", done), ("left", left)) if value})
    path = f"/bridges/{bridge.id}/holds" + (f"/{cause}" if cause else "")
    return f"{path}?{asked}" if asked else path


def _behind(after: str) -> tuple[float, int] | None:
    """Where the last page ended; whatever is no such place is the beginning."""
    opened_at, _, hold_id = after.partition(",")
    try:
        return float(opened_at), int(hold_id)
    except ValueError:
        return None
