"""What every page of the set-up has around it: its steps, which are done, and the bridge it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from landbridge.engine.trials import Trial
from landbridge.store.bridges import Account, Bridge
from landbridge.store.setups import Setup
from landbridge.sync.model import Side
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product

NEW = "new"  # the key of a set-up that is not begun yet
STEPS: Mapping[str, str] = {
    "highlevel": "HighLevel",
    "rezora": "Rezora",
    "fields": "Fields",
    "scope": "Who and when",
    "test": "Test sync",
    "verify": "Verify five",
    "on": "Switch on",
}
"""The steps in their order, by the last part of their address."""

_ALREADY = ("fields", "scope", "test", "verify")


@dataclass(frozen=True, slots=True)
class Frame:
    """One page of the wizard: where it is, and what is known so far; ``problem`` is shown at its top."""

    at: str
    key: str
    setup: Setup | None = None
    bridge: Bridge | None = None
    accounts: Mapping[Side, Account] = field(default_factory=dict)
    problem: Problem | None = None
    status: int = 200

    def done(self, step: str) -> bool:
        """Was this step done? A later one that is done carries those of choices before it."""
        if step in list(Side):
            return Side(step) in self.accounts
        if self.setup is None or step not in _ALREADY:
            return False
        after = _ALREADY[_ALREADY.index(step) :]
        return any(self.setup.said(each, "done", default=False) for each in after)

    def state(self, step: str) -> str:
        """``here``, ``done`` or ``to do``."""
        return "here" if step == self.at else "done" if self.done(step) else "to do"

    def open(self, step: str) -> bool:
        """May it be opened now? The choices need both accounts, and what is done can be opened again."""
        return self.done(step) or self.bridge is not None or step == self.first

    @property
    def first(self) -> str:
        """The first step that is not done."""
        return next((step for step in STEPS if not self.done(step)), "on")

    @property
    def following(self) -> str:
        """The step behind this one."""
        steps = list(STEPS)
        return steps[min(steps.index(self.at) + 1, len(steps) - 1)]

    def path(self, step: str = "") -> str:
        """The address of a step; of this one without a name."""
        return f"/setup/{self.key}/{step or self.at}"

    def said(self, name: str, default: Any = "") -> Any:
        """What was typed into a field of this step."""
        return default if self.setup is None else self.setup.said(self.at, name, default)

    @property
    def the_setup(self) -> Setup:
        """Its row; raises 404 where there is none yet."""
        if self.setup is None:
            raise HTTPException(404)
        return self.setup

    @property
    def the_bridge(self) -> Bridge:
        """Its bridge; raises 404 where there is none yet."""
        if self.bridge is None:
            raise HTTPException(404)
        return self.bridge


class Frames:
    """Finds the set-up of a page and draws the page; each room of the wizard has one."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self.product = product
        self.pages = pages

    async def frame(self, key: str, at: str, problem: Problem | None = None, status: int = 200) -> Frame:
        """The set-up of this key at a step; raises 404 for one that is not there."""
        if key == NEW:
            return Frame(at, NEW, problem=problem, status=status)
        setup = await self.product.setups.find(key)
        if setup is None:
            raise HTTPException(404)
        return await self.of(setup, at, problem, status)

    async def of(self, setup: Setup, at: str, problem: Problem | None = None, status: int = 200) -> Frame:
        """The same for a set-up that was found."""
        known = {account.id: account for account in await self.product.accounts()}
        accounts = {side: known[one] for side, one in setup.accounts.items() if one in known}
        bridges = await self.product.all_bridges()
        bridge = next((one for one in bridges if one.id == setup.bridge_id), None)
        return Frame(at, setup.key, setup, bridge, accounts, problem, status)

    async def gone_live(self, frame: Frame) -> Response | None:
        """Where to go instead, once the bridge is switched on, or while a step cannot be opened yet."""
        if frame.bridge is not None and frame.bridge.live:
            return RedirectResponse(f"/bridges/{frame.bridge.id}", 303)
        return None if frame.open(frame.at) else RedirectResponse(frame.path(frame.first), 303)

    def draw(self, frame: Frame, **context: object) -> Response:
        """The page of a step."""
        return self.pages.page(
            f"setup_{frame.at}.html", status=frame.status, frame=frame, steps=STEPS, here="setup", **context
        )

    def trial(self, bridge: Bridge) -> Trial | None:
        """The test sync of the mapping as it is now; one of another mapping tells nothing of this one."""
        trial = self.product.trials.state(bridge)
        return trial if trial is not None and trial.mapping in (None, bridge.policy) else None


def go(frame: Frame, step: str = "") -> Response:
    """To another step, by default the one behind this."""
    return RedirectResponse(frame.path(step or frame.following), 303)
