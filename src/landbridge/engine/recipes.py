"""Recipes at work: events become firings, which wait for their time, are judged again and carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from landbridge.engine.recipe_actions import OPTED_OUT, Deed, act
from landbridge.engine.recipe_events import notice
from landbridge.engine.recipe_look import Look, Scene, read_kept, scene, whose
from landbridge.engine.work import Work
from landbridge.store import recipes
from landbridge.store.driver import renew
from landbridge.store.recipes import BEGUN, DONE, FAILED, SKIPPED, WAITING, Firing
from landbridge.sync.model import Side
from landbridge.sync.recipe_conditions import unmet
from landbridge.sync.recipes import Do
from landbridge.systems.activities import Activities
from landbridge.systems.base import (
    Forbidden,
    Gone,
    Malformed,
    RateLimited,
    Rejected,
    System,
    SystemFailure,
    Unavailable,
)

AT_ONCE = 100  # firings carried in one look: what comes in meanwhile does not wait for long
ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0  # seconds until a firing that failed is tried again
LINK_PAUSE, LINK_SECONDS = 120.0, 86_400.0  # a contact that is not in Rezora yet is waited for so long
HOUR, DAY = 3600.0, 86_400.0

OpenActivities = Callable[[System], Activities | None]

log = structlog.get_logger()


def activities_of(system: System) -> Activities | None:
    """The tasks and notes of an open system: what it gives as ``activities``, None where it has none."""
    found: Activities | None = getattr(system, "activities", None)
    return found


async def run_recipes(work: Work, open_activities: OpenActivities) -> None:
    """One look at the end of a run, under its lease; nothing of it can fail the run.

    First what was begun and cut off, then what happened since, then what is due.
    """
    if work.careful or work.dry:
        return
    async with work.database.read() as connection:
        kept = await recipes.all_of(connection, work.bridge.id, enabled=True)
        left = await recipes.due_firings(connection, work.bridge.id, work.clock.now(), 1)
    if not kept and not left:
        return
    look = Look(work, read_kept(kept), open_activities(work.systems[Side.HIGHLEVEL]))
    try:
        await _carry_due(look, only_begun=True)
        if kept:
            await notice(look)
        await _carry_due(look)
    except SystemFailure as failure:
        log.info("recipes_wait", bridge=work.bridge.id, why=failure.sentence)
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await recipes.prune(connection, work.bridge.id, work.clock.now())


async def _carry_due(look: Look, *, only_begun: bool = False) -> None:
    """What is due, one after the other; where an account as a whole does not answer, the rest waits."""
    work = look.work
    async with work.database.read() as connection:
        due = await recipes.due_firings(connection, work.bridge.id, work.clock.now(), AT_ONCE)
    if only_begun:
        due = [firing for firing in due if firing.state == BEGUN]
    for number, firing in enumerate(due):
        try:
            await _carry(look, firing)
        except SystemFailure:
            for later in due[number + 1 :]:
                await _wait(look, later, FIRST_PAUSE)
            raise


async def _wait(look: Look, firing: Firing, seconds: float, **changes: Any) -> None:
    """Not now; its own time stays known."""
    context = {"due": f"{firing.due_at:.3f}", **firing.context}
    due_at = look.work.clock.now() + seconds
    await _keep(look, replace(firing, due_at=due_at, context=context, **changes))


async def _carry(look: Look, firing: Firing) -> None:
    """One firing to its end, or to the time of its next try."""
    found = look.recipes.get(firing.recipe)
    if found is None:
        await _end(look, firing, SKIPPED, "The recipe is switched off, or was removed.")
        return
    recipe = found[1]
    if recipe.needs_contact and not firing.contact_id:
        try:
            firing = replace(firing, contact_id=await whose(look, firing))
        except SystemFailure as failure:
            await _try_again(look, firing, failure)
            return
        if not firing.contact_id:
            await _end(look, firing, SKIPPED, "The event does not say which contact it is about.")
            return
    deed = Deed(look, recipe, firing, None, again=firing.state == BEGUN)
    try:
        if firing.contact_id and recipe.needs_contact:
            deed.scene = await scene(look, recipe, firing.contact_id)
        if deed.again or await _may_begin(deed):
            await _do(deed)
    except Gone:
        await _end(look, deed.firing, SKIPPED, "The contact is gone.")
    except (Rejected, Forbidden) as failure:
        state = SKIPPED if failure.sentence == OPTED_OUT else FAILED
        await _end(look, deed.firing, state, f"{failure.sentence} {failure.fix}")
    except SystemFailure as failure:
        await _try_again(look, deed.firing, failure)
        if not isinstance(failure, Unavailable | RateLimited | Malformed):
            raise  # of the whole account: the others would meet the same


async def _may_begin(deed: Deed) -> bool:
    """Judge the conditions and limits at this moment; what does not hold is told in the firing."""
    look, recipe, firing = deed.look, deed.recipe, deed.firing
    work, now = look.work, look.work.clock.now()
    if recipe.needs_rezora and deed.rezora_id == "":
        since = float(firing.context.get("due") or firing.due_at)
        if now - since < LINK_SECONDS:
            await _wait(look, firing, LINK_PAUSE, at=now, detail="Waits until the contact is in Rezora too.")
        else:
            await _end(look, firing, SKIPPED, "The contact is not in Rezora.")
        return False
    reason = await _why_not(deed, deed.scene)
    if reason:
        await _end(look, firing, SKIPPED, reason)
        return False
    context = {"due": f"{firing.due_at:.3f}", **firing.context}
    again_at = now + work.config.index_lag_seconds  # should it be cut off: what it made shows by then
    deed.moved(state=BEGUN, at=now, due_at=again_at, attempts=firing.attempts + 1, context=context, detail="")
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await recipes.change(connection, deed.firing)
    return True


async def _why_not(deed: Deed, found: Scene | None) -> str:
    """Why it does not act now, in a sentence, or empty."""
    work, recipe, firing = deed.look.work, deed.recipe, deed.firing
    now = work.clock.now()
    if found is not None:
        if (Side.HIGHLEVEL, firing.contact_id) in (await work.knowledge()).paused:
            return "The contact is paused."
        if reason := unmet(recipe.conditions, found.facts(work.policy, now, deed.look.zone)):
            return reason
        if found.no_email and any(action.do is Do.JOIN_LIST for action in recipe.actions):
            return OPTED_OUT
    limits = recipe.limits
    async with work.database.read() as connection:
        bridge_id, name = work.bridge.id, recipe.name
        if firing.contact_id and limits.per_contact_hour <= await recipes.acted_since(
            connection, bridge_id, name, now - HOUR, firing.contact_id
        ):
            return f"The limit of {limits.per_contact_hour} for a contact in an hour is reached."
        if limits.per_day <= await recipes.acted_since(connection, bridge_id, name, now - DAY):
            return f"The limit of {limits.per_day} in 24 hours is reached."
    return ""


async def _do(deed: Deed) -> None:
    """The actions that are not done yet, in their order."""
    done = int(deed.firing.context.get("step", "0"))
    for action in deed.recipe.actions[done:]:
        await act(deed, action)
    deed.look.work.progress.counts["recipes"] += 1
    await _end(deed.look, deed.firing, DONE, "")


async def _try_again(look: Look, firing: Firing, failure: SystemFailure) -> None:
    """Later, and longer each time; after the last try it is told as failed."""
    if firing.attempts >= ATTEMPTS:
        await _end(look, firing, FAILED, f"{failure.sentence} {failure.fix}")
        return
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** max(firing.attempts - 1, 0))
    await _wait(look, firing, pause, attempts=firing.attempts + 1, detail=failure.sentence)


async def _end(look: Look, firing: Firing, state: str, detail: str) -> None:
    await _keep(look, replace(firing, state=state, detail=detail, at=look.work.clock.now()))


async def _keep(look: Look, firing: Firing) -> None:
    work = look.work
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await recipes.change(connection, firing)


__all__ = ["WAITING", "OpenActivities", "activities_of", "run_recipes"]
