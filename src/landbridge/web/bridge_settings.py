"""The settings of a bridge: a card for each thing, each with its own form; what is refused stays as typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from landbridge.engine.answers import NotPossible
from landbridge.engine.erasure import Erasure
from landbridge.engine.pausing import why_stopped
from landbridge.engine.schedule import Timing
from landbridge.engine.telling import Tried
from landbridge.engine.when import next_start, read_when, spread
from landbridge.store.alerts import Alert
from landbridge.store.bridges import Bridge
from landbridge.sync.mapping import read_policy
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.sync.rules import ActivityRule, Direction, OnGone, Policy
from landbridge.sync.scope import Scope
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of
from landbridge.web.status import find_bridge
from landbridge.web.who import asking

CHOICES: Mapping[str, str] = {
    "default": "As set for this installation",
    "every 15 minutes": "Every 15 minutes",
    "hourly": "Every hour",
    "every 6 hours": "Every 6 hours",
    "daily at 03:30": "Once a night, at 03:30",
    "weekly on sunday at 03:30": "Once a week, Sunday at 03:30",
    "own": "Another time, as typed below",
    "off": "Never by itself",
}
PURPOSES: Mapping[str, tuple[str, str]] = {
    "sync": ("A whole comparison", "Reads both systems whole and brings them into agreement."),
    "poll": ("A look at what changed", "Finds what moved in Rezora, which tells nobody, and lost webhooks."),
}
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Toronto", "America/Vancouver", "America/Halifax",
    "Europe/London", "Europe/Zurich", "Australia/Sydney", "UTC",
)  # fmt: skip
FOLLOWING = 3  # runs that are shown ahead
ALERTS_SHOWN = 10
LONGEST_FIELD = 2_000
DIRECTIONS = {"both": "Both ways", "to_rezora": "To Rezora only", "to_highlevel": "To HighLevel only"}
ON_GONE = {"delete": "Delete the other one too", "unlink": "Leave the other one"}

Word = TypeVar("Word", Direction, OnGone)
Doing = Callable[[Bridge, FormData], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """One schedule as the form shows it; ``ahead`` are the next starts, epoch seconds."""

    timing: Timing
    choice: str
    text: str
    ahead: Sequence[float]


@dataclass(frozen=True, slots=True)
class SettingsView:
    """What the page shows; ``at`` is the card that was used, with what was typed there."""

    bridge: Bridge
    policy: Policy | None
    plans: Sequence[Plan]
    alerts: Sequence[Alert]
    stopped: tuple[str, str]
    busy: bool
    at: str = ""
    done: str = ""
    problem: Problem | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    tried: Sequence[Tried] | None = None
    people: Sequence[Erasure] = ()
    erased: Erasure | None = None

    def value(self, card: str, name: str, saved: str) -> str:
        """Of a field: as it was typed if that was refused, else as saved."""
        return self.typed.get(name, saved) if self.at == card and self.problem else saved

    def activity(self, kind: Kind) -> ActivityRule | None:
        """How the mapping carries a kind."""
        return self.policy.activity(kind) if self.policy else None


class SettingsPages:
    """``/bridges/ID/settings`` and what its forms do."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages
        self._doings: Mapping[str, Doing] = {
            "name": self._rename,
            "pause": self._pause,
            "resume": self._resume,
            "schedule-sync": lambda bridge, form: self._schedule(bridge, form, "sync"),
            "schedule-poll": lambda bridge, form: self._schedule(bridge, form, "poll"),
            "scope": self._scope,
            "activities": self._activities,
        }

    def router(self) -> APIRouter:
        """The routes of this page."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}/settings"
        router.add_api_route(path, self.page, methods=["GET"])
        router.add_api_route(f"{path}/data.zip", self.archive, methods=["GET"])
        router.add_api_route(f"{path}/alerts", self.alerts, methods=["POST"])
        router.add_api_route(f"{path}/erase", self.look_up, methods=["POST"])
        router.add_api_route(f"{path}/erase/confirm", self.erase, methods=["POST"])
        router.add_api_route(f"{path}/disconnect/{{side}}", self.disconnect, methods=["POST"])
        router.add_api_route(f"{path}/{{what}}", self.change, methods=["POST"])
        return router

    async def page(self, bridge_id: int, done: str = "") -> Response:
        """All cards; ``done`` says which of them has just been saved."""
        bridge = await find_bridge(self._product, bridge_id)
        return await self._shown(bridge, at=done, done="Saved." if done in self._doings else "")

    async def change(self, request: Request, bridge_id: int, what: str) -> Response:
        """One card's form: saved, and back to the card; or the page with what is wrong at that card."""
        bridge = await find_bridge(self._product, bridge_id)
        form = await request.form()
        doing = self._doings.get(what)
        if doing is None:
            return self._pages.problem(
                request, Problem("There is no such setting.", "Go to the page and use its buttons."), 404
            )
        try:
            card = await doing(bridge, form)
        except FAILURES as failure:
            return await self._refused(bridge, what, failure, form)
        return RedirectResponse(f"/bridges/{bridge.id}/settings?done={what}#{card}", 303)

    async def alerts(self, bridge_id: int) -> Response:
        """Send a test through each channel, and say what became of it."""
        bridge = await find_bridge(self._product, bridge_id)
        return await self._shown(bridge, at="alerts", tried=await self._product.try_channels())

    async def archive(self, bridge_id: int) -> Response:
        """The bridge's own data, made while it is sent."""
        bridge = await find_bridge(self._product, bridge_id)
        archive = self._product.bridge_settings.archive
        headers = {"Content-Disposition": f'attachment; filename="{archive.name(bridge)}"'}
        return StreamingResponse(archive.chunks(bridge), media_type="application/zip", headers=headers)

    async def look_up(self, request: Request, bridge_id: int) -> Response:
        """Who has that id or address, and what would be removed; an address belongs in no URL."""
        bridge = await find_bridge(self._product, bridge_id)
        form = await request.form()
        try:
            people = await self._product.bridge_settings.eraser.preview(bridge, str(form.get("who", "")))
        except NotPossible as failure:
            return await self._refused(bridge, "erase", failure, form)
        return await self._shown(bridge, at="erase", people=people)

    async def erase(self, request: Request, bridge_id: int) -> Response:
        """Erase one person, by id."""
        bridge = await find_bridge(self._product, bridge_id)
        form = await request.form()
        try:
            erased = await self._product.bridge_settings.eraser.erase(
                bridge, str(form.get("record_id", "")), by=asking().name
            )
        except FAILURES as failure:
            return await self._refused(bridge, "erase", failure, form)
        return await self._shown(bridge, at="erase", erased=erased)

    async def disconnect(self, request: Request, bridge_id: int, side: Side) -> Response:
        """Destroy the credential of one account, once the name of the bridge was typed."""
        bridge = await find_bridge(self._product, bridge_id)
        form = await request.form()
        typed = str(form.get("name", ""))
        try:
            made = await self._product.bridge_settings.disconnect(bridge, side, typed, by=asking().name)
        except FAILURES as failure:
            return await self._refused(bridge, f"disconnect-{side.value}", failure, form)
        told = f"{made.sentence} {made.fix}"
        return await self._shown(made.bridge, at=f"disconnect-{side.value}", done=told)

    async def _rename(self, bridge: Bridge, form: FormData) -> str:
        await self._product.bridge_settings.rename(bridge, str(form.get("name", "")))
        return "name"

    async def _pause(self, bridge: Bridge, form: FormData) -> str:
        await self._product.bridge_settings.pause(bridge, by=asking().name)
        return "pause"

    async def _resume(self, bridge: Bridge, form: FormData) -> str:
        await self._product.bridge_settings.resume(bridge)
        return "pause"

    async def _schedule(self, bridge: Bridge, form: FormData, purpose: str) -> str:
        choice = str(form.get("choice", ""))
        text = str(form.get("text", "")) if choice == "own" else choice
        if choice == "off":
            await self._product.switch_off(bridge, purpose)
        elif choice == "own" and not text.strip():
            raise NotPossible("Another time: nothing was typed.", "Type a time such as daily at 03:30.")
        else:
            zone, quiet = (str(form.get(name, "")).strip() for name in ("zone", "quiet"))
            await self._product.set_schedule(bridge, purpose, text, zone or "UTC", quiet)
        return f"schedule-{purpose}"

    async def _scope(self, bridge: Bridge, form: FormData) -> str:
        typed = {name: _lines(str(form.get(name, ""))) for name in ("tags", "assigned_to", "business")}
        if form.get("who") == "some" and not any(typed.values()):
            raise NotPossible(
                "Scope: nobody was named, so nobody would be synced.", "Name a tag, a user or a business."
            )
        scope = Scope(**typed) if form.get("who") == "some" else Scope()
        await self._product.mappings.set_scope(bridge, scope, by=asking().name)
        return "scope"

    async def _activities(self, bridge: Bridge, form: FormData) -> str:
        for kind in ACTIVITIES:
            rule = None
            if form.get(kind.value) == "on":
                direction = _one_of(Direction, str(form.get(f"{kind.value}-direction", "")))
                gone = _one_of(OnGone, str(form.get(f"{kind.value}-gone", "")))
                rule = ActivityRule(kind, direction, gone)
            if read_policy((await find_bridge(self._product, bridge.id)).policy).activity(kind) != rule:
                await self._product.mappings.carry(bridge, kind, rule, by=asking().name)
        return "activities"

    async def _refused(self, bridge: Bridge, at: str, failure: Exception, form: FormData) -> Response:
        assert isinstance(failure, FAILURES)  # noqa: S101  # callers catch nothing else
        typed = {name: str(value)[:LONGEST_FIELD] for name, value in form.items()}
        return await self._shown(
            bridge, at=at, problem=problem_of(failure), typed=typed, status=status_of(failure)
        )

    async def _shown(
        self,
        bridge: Bridge,
        *,
        at: str = "",
        done: str = "",
        problem: Problem | None = None,
        typed: Mapping[str, str] | None = None,
        tried: Sequence[Tried] | None = None,
        people: Sequence[Erasure] = (),
        erased: Erasure | None = None,
        status: int = 200,
    ) -> Response:
        try:
            policy = read_policy(bridge.policy)
        except FAILURES:
            policy = None
        view = SettingsView(
            bridge=bridge,
            policy=policy,
            plans=[_plan(timing, bridge) for timing in await self._product.timings(bridge)],
            alerts=(await self._product.alerts(bridge))[:ALERTS_SHOWN],
            stopped=why_stopped(bridge),
            busy=(await self._product.status(bridge)).busy,
            at=at,
            done=done,
            problem=problem,
            typed=typed or {},
            tried=tried,
            people=people,
            erased=erased,
        )
        return self._pages.page(
            "settings.html",
            status=status,
            bridge=bridge,
            view=view,
            choices=CHOICES,
            purposes=PURPOSES,
            zones=ZONES,
            kinds=ACTIVITIES,
            directions=DIRECTIONS,
            gone=ON_GONE,
            here="settings",
        )


def _plan(timing: Timing, bridge: Bridge) -> Plan:
    choice = "off" if not timing.enabled else timing.text if timing.text in CHOICES else "own"
    ahead: list[float] = []
    if timing.next_at is not None:
        ahead = [timing.next_at]
        with suppress(NotPossible):  # an interval of the settings that nobody can type
            when = read_when(timing.words, timing.zone, timing.quiet)
            while len(ahead) < FOLLOWING:
                ahead.append(next_start(when, ahead[-1], spread(bridge.id)))
    return Plan(timing, choice, timing.text if choice == "own" else "", ahead)


def _lines(text: str) -> tuple[str, ...]:
    """What stands on lines, or between commas; each once."""
    words = [" ".join(word.split()) for line in text.splitlines() for word in line.split(",")]
    return tuple(dict.fromkeys(word for word in words if word))


def _one_of(words: type[Word], typed: str) -> Word:
    try:
        return words(typed)
    except ValueError:
        raise NotPossible(
            "Activities: a choice was not understood.", "Choose a direction and what a deletion means."
        ) from None
