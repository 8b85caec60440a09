"""The stages of a run by their names, and the function that does each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from landbridge.engine import (
    activity_lists,
    activity_live,
    activity_scan,
    activity_stages,
    apply,
    consent,
    gone,
    live,
    matching,
    poll,
    reconcile,
    scan,
)
from landbridge.engine.work import Stage, Work

STEPS: Mapping[str, Callable[[Work, Stage], Awaitable[Stage]]] = {
    "prepare": scan.prepare,
    "highlevel": scan.read_highlevel,
    "rezora": scan.read_rezora,
    "suppress": consent.suppress,
    "gone": gone.find_the_missing,
    "match": matching.match_people,
    "weigh": reconcile.weigh_plan,
    "forecast": reconcile.forecast,
    "apply": apply.apply_slices,
    "settle": apply.settle,
    "activities": activity_scan.read_listed,
    "read_contacts": activity_scan.read_contacts,
    "weigh_activities": activity_stages.weigh_activities,
    "carry_activities": activity_stages.carry_activities,
    "forecast_activities": activity_stages.forecast_activities,
    "lists": activity_lists.keep_lists,
    "finish": reconcile.finish,
    "live": live.drain,
    "look_highlevel": poll.look_at_highlevel,
    "look_rezora": poll.look_at_rezora,
    "look_tasks": activity_live.look_in_turn,
    "mark": poll.mark,
}
