"""Step five of the set-up: the real planner over the whole account, and what it would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from landbridge.engine.examples import MOST, WHATS, Candidate, Example
from landbridge.engine.trials import Trial
from landbridge.store.runs import Run
from landbridge.sync.reasons import EXCLUDED, HELD, Reason
from landbridge.web import setup_words
from landbridge.web.pages import Pages
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of
from landbridge.web.setup_frame import Frame, Frames, go
from landbridge.web.who import asking

PAGE = 25
CANDIDATES_SHOWN = 25


@dataclass(frozen=True, slots=True)
class Count:
    """So many contacts for one reason."""

    key: str
    reason: Reason
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a test sync found, a page of its examples; ``what`` is the kind that is looked at, "" for all."""

    trial: Trial
    seconds: float
    what: str = ""
    page: int = 1

    @property
    def run(self) -> Run:
        """The run, with its exact counts."""
        assert self.trial.result is not None  # noqa: S101  # only of one that is done
        return self.trial.result.run

    @property
    def counts(self) -> Mapping[str, int]:
        """How many contacts each kind of change concerns, exact."""
        assert self.trial.result is not None  # noqa: S101  # only of one that is done
        return self.trial.result.examples.counts

    @property
    def kept(self) -> list[Example]:
        """The examples of the chosen kind."""
        assert self.trial.result is not None  # noqa: S101  # only of one that is done
        return self.trial.result.examples.of(self.what)

    @property
    def shown(self) -> list[Example]:
        """Those of this page."""
        return self.kept[(self.page - 1) * PAGE : self.page * PAGE]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-len(self.kept) // PAGE))

    @property
    def in_all(self) -> int:
        """How many contacts the chosen kind concerns; of all kinds, how many examples there are at least."""
        return self.counts.get(self.what, 0) if self.what else len(self.kept)

    @property
    def cut(self) -> bool:
        """Are there more contacts than examples?"""
        examples = self.trial.result.examples if self.trial.result else None
        full = examples is not None and len(examples.kept) >= MOST
        return full or len(self.kept) < self.in_all

    @property
    def candidates(self) -> list[Candidate]:
        """Who may be whom, the first of them."""
        assert self.trial.result is not None  # noqa: S101  # only of one that is done
        return self.trial.result.examples.candidates[:CANDIDATES_SHOWN]

    @property
    def unsure(self) -> int:
        """How many of them there are."""
        assert self.trial.result is not None  # noqa: S101  # only of one that is done
        return self.trial.result.examples.unsure

    def reasons(self, prefix: str) -> list[Count]:
        """Contacts that wait (``held``) or are left out (``excluded``), by reason, the most first."""
        known = HELD if prefix == "held" else EXCLUDED
        found = [
            Count(key, known.get(word) or Reason(word, word, ""), count)
            for key, count in self.run.counts.items()
            if key.startswith(f"{prefix}.") and (word := key.partition(".")[2])
        ]
        return sorted(found, key=lambda one: -one.count)

    @property
    def equal(self) -> int:
        """Contacts that will be in step afterwards."""
        return self.run.counts.get("equal", 0)


class TrialStep:
    """``/setup/KEY/test``."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._frames = Frames(product, pages)

    def add_to(self, router: APIRouter) -> None:
        """The routes of this step."""
        router.add_api_route("/setup/{key}/test", self.show, methods=["GET"])
        router.add_api_route("/setup/{key}/test", self.accept, methods=["POST"])
        router.add_api_route("/setup/{key}/test/start", self.start, methods=["POST"])
        router.add_api_route("/setup/{key}/test/stop", self.stop, methods=["POST"])

    async def show(self, key: str, what: str = "", page: int = 1) -> Response:
        """How far it is, or what it found."""
        return await self._draw(await self._frames.frame(key, "test"), what, page)

    async def start(self, key: str) -> Response:
        """Begin it again."""
        frame = await self._frames.frame(key, "test")
        try:
            self._product.trials.start(frame.the_bridge, frame.the_bridge.policy, asking().name)
        except FAILURES as failure:
            problem = await self._frames.frame(key, "test", problem_of(failure), status_of(failure))
            return await self._draw(problem)
        return go(frame, "test")

    async def stop(self, key: str) -> Response:
        """End it; nothing was written."""
        frame = await self._frames.frame(key, "test")
        self._product.trials.stop(frame.the_bridge)
        return go(frame, "test")

    async def accept(self, key: str) -> Response:
        """Somebody has looked at it."""
        frame = await self._frames.frame(key, "test")
        await self._product.setups.keep(frame.the_setup, "test", {"done": True})
        return go(frame)

    async def _draw(self, frame: Frame, what: str = "", page: int = 1) -> Response:
        away = await self._frames.gone_live(frame)
        if away is not None:
            return away
        trial = self._frames.trial(frame.the_bridge)
        found = None
        if trial is not None and trial.result is not None:
            seconds = self._product.forecast_seconds(trial.result.run.counts.get("calls", 0))
            found = Found(trial, seconds, what if what in WHATS else "")
            found = Found(trial, seconds, found.what, min(max(page, 1), found.pages))
        return self._frames.draw(frame, trial=trial, found=found, whats=WHATS, say=setup_words, most=MOST)
