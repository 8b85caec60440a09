"""Steps three and four of the set-up: the fields; then who, when, and what goes along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from landbridge.engine.when import read_when
from landbridge.store.bridges import Bridge
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.sync.rules import ActivityRule, Direction, OnGone, Rule, Strategy
from landbridge.sync.scope import Scope
from landbridge.web import setup_words
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of
from landbridge.web.setup_frame import Frame, Frames, go
from landbridge.web.who import asking

EVERYBODY, TAGGED = "all", "tags"
PLANS: Mapping[
    str, tuple[str, str]
] = {  # what is chosen: schedules of the whole sync and of the look at Rezora
    "hourly": ("hourly", "default"),
    "nightly": ("daily at 02:30", "default"),
    "off": ("", ""),
}
_FIELDS = ("who", "tags", "name", "plan", "quiet", "zone")
NO_TAG = Problem(
    "No tag was named, so nobody would be synced.",
    "Type a tag, tick one, or choose “Everybody”.",
)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the fourth step shows and takes; ``tags`` are those typed, ``ticked`` those chosen."""

    who: str
    tags: str
    ticked: Sequence[str]
    name: str
    plan: str
    quiet: str
    zone: str
    kinds: Sequence[str]

    @property
    def scope(self) -> Scope:
        """Whom it is about."""
        if self.who != TAGGED:
            return Scope()
        typed = [" ".join(tag.split()) for tag in self.tags.split(",")]
        named = {tag.casefold(): tag for tag in (*self.ticked, *typed) if tag}
        return Scope(tags=tuple(named.values()))


def choices_of(form: FormData) -> dict[str, Any]:
    """What was typed into the form of the fourth step, cut to a sensible length."""
    typed: dict[str, Any] = {name: str(form.get(name, ""))[:1_000] for name in _FIELDS}
    for name in ("ticked", "kinds"):
        typed[name] = [str(one)[:200] for one in form.getlist(name)][:200]
    return typed


def choices(frame: Frame) -> Choices:
    """What was typed before, else what most people want."""
    bridge = frame.the_bridge
    zone = str(bridge.highlevel.capability.get("time_zone") or "UTC")
    usual = {"who": EVERYBODY, "name": bridge.name, "plan": "hourly", "zone": zone, "ticked": [], "kinds": []}
    said = {**usual, "tags": "", "quiet": ""}
    typed = frame.setup.typed.get("scope", {}) if frame.setup else {}
    return Choices(**{name: typed.get(name, said[name]) for name in said})


class ChoiceSteps:
    """``/setup/KEY/fields`` and ``/setup/KEY/scope``."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._frames = Frames(product, pages)

    def add_to(self, router: APIRouter) -> None:
        """The routes of these steps."""
        router.add_api_route("/setup/{key}/fields", self.fields, methods=["GET"])
        router.add_api_route("/setup/{key}/fields", self.take, methods=["POST"])
        router.add_api_route("/setup/{key}/scope", self.scope, methods=["GET"])
        router.add_api_route("/setup/{key}/scope", self.choose, methods=["POST"])

    async def fields(self, key: str) -> Response:
        """The mapping as it stands, to be read."""
        frame = await self._frames.frame(key, "fields")
        away = await self._frames.gone_live(frame)
        if away is not None:
            return away
        policy = self._product.policy_of(frame.the_bridge)
        rows = [FieldLine.of(rule) for rule in policy.rules]
        return self._frames.draw(frame, rows=rows, policy=policy, say=setup_words)

    async def take(self, key: str) -> Response:
        """Use the mapping as it is."""
        frame = await self._frames.frame(key, "fields")
        await self._product.setups.keep(frame.the_setup, "fields", {"done": True})
        return go(frame)

    async def scope(self, key: str) -> Response:
        """Who and when."""
        return await self._show(await self._frames.frame(key, "scope"))

    async def choose(self, request: Request, key: str) -> Response:
        """Keep the choices, and start the test sync, which writes nothing."""
        frame = await self._frames.frame(key, "scope")
        typed = choices_of(await request.form())
        frame = replace(frame, setup=await self._product.setups.keep(frame.the_setup, "scope", typed))
        chosen = choices(frame)
        if chosen.who == TAGGED and not chosen.scope.tags:
            return await self._show(replace(frame, problem=NO_TAG, status=422))
        try:
            bridge = await self._apply(frame.the_bridge, chosen)
        except FAILURES as failure:
            return await self._show(replace(frame, problem=problem_of(failure), status=status_of(failure)))
        await self._product.setups.keep(frame.the_setup, "scope", {"done": True})
        trial = self._product.trials.state(bridge)
        if trial is not None and trial.running:
            self._product.trials.stop(bridge)
        else:
            self._product.trials.start(bridge, bridge.policy, asking().name)
        return go(frame)

    async def _apply(self, bridge: Bridge, chosen: Choices) -> Bridge:
        """All of it, or nothing of the schedules where they cannot be understood."""
        for text in PLANS.get(chosen.plan, PLANS["hourly"]):
            read_when(text or "default", chosen.zone, chosen.quiet)
        changed = await self._product.setups.set_scope(bridge, chosen.scope, chosen.name)
        for kind in ACTIVITIES:
            rule = usual_rule(kind) if f"{kind.value}s" in chosen.kinds else None
            changed = await self._product.carry(changed, kind, rule)
        for purpose, text in zip(("sync", "poll"), PLANS.get(chosen.plan, PLANS["hourly"]), strict=True):
            if text:
                await self._product.set_schedule(changed, purpose, text, chosen.zone, chosen.quiet)
            else:
                await self._product.switch_off(changed, purpose)
        return changed

    async def _show(self, frame: Frame) -> Response:
        away = await self._frames.gone_live(frame)
        if away is not None:
            return away
        bridge = frame.the_bridge
        return self._frames.draw(
            frame,
            chosen=choices(frame),
            tags=bridge.highlevel.capability.get("tags") or [],
            kinds=setup_words.kinds(bridge),
            say=setup_words,
        )


def usual_rule(kind: Kind) -> ActivityRule:
    """How a kind is carried where nobody says otherwise: appointments one way, and no note is deleted."""
    direction = Direction.TO_REZORA if kind is Kind.APPOINTMENT else Direction.BOTH
    return ActivityRule(kind, direction, OnGone.UNLINK if kind is Kind.NOTE else OnGone.DELETE)


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One rule of the mapping as people read it."""

    name: str
    highlevel: str
    rezora: str
    direction: str
    wins: str

    @classmethod
    def of(cls, rule: Rule) -> FieldLine:
        """From a rule."""
        sides = [", ".join(rule.names(side)) for side in Side]
        return cls(rule.name, sides[0], sides[1], setup_words.direction(rule.direction), _wins(rule))


def _wins(rule: Rule) -> str:
    """What happens when both sides changed it."""
    if rule.direction is not Direction.BOTH:
        return (
            f"{Side.HIGHLEVEL.title if rule.direction is Direction.TO_REZORA else Side.REZORA.title} decides"
        )
    return {
        Strategy.HOLD: "Waits for you",
        Strategy.SOURCE: f"{rule.prefer.title} decides",
        Strategy.FILL_BLANK: "Fills blanks only",
        Strategy.IMMUTABLE: "The first value stays",
    }.get(rule.strategy, f"{rule.prefer.title} wins")
