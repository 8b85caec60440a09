"""The command that says which of tasks, notes and appointments go along with their contacts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from landbridge.cli.frame import BridgeName, run_command
from landbridge.cli.output import Exit, Out
from landbridge.cli.people import BY
from landbridge.sync.mapping import MappingError
from landbridge.sync.model import Kind, Side
from landbridge.sync.rules import ActivityRule, Direction, OnGone

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.store.bridges import Bridge


class Carried(StrEnum):
    """As people say it."""

    TASKS = "tasks"
    NOTES = "notes"
    APPOINTMENTS = "appointments"


def carry(
    kind: Annotated[Carried, typer.Argument(help="tasks, notes or appointments.")],
    direction: Annotated[
        Direction | None, typer.Option(help="Default: both; appointments go to Rezora.")
    ] = None,
    on_delete: Annotated[
        OnGone | None, typer.Option(help="Default: delete the other one too; a note stays (unlink).")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Carry this kind no more; nothing is deleted.")] = False,
    name: BridgeName = "",
) -> None:
    """Carry tasks, notes or appointments along with their contacts, or stop to.

    Reading the notes of an account takes a call for each contact (docs/activities.md). Rezora's public
    documents have none of the three: whether an account has them is found out when it is connected. Where it
    has not, they are kept here, for the contact's page and the calendar feed.
    """
    out = Out(as_json=False)

    async def work(app: App) -> int:
        chosen, what = await app.bridges.bridge(name), Kind(kind.value.removesuffix("s"))
        rule = None if off else _rule(what, direction, on_delete)
        try:
            changed = await app.carry(chosen, what, rule, by=BY)
        except MappingError as error:
            out.fail(str(error), error.fix)
            return Exit.WRONG_USE
        out.say(_sentence(app, changed, what))
        out.say("Next: `landbridge plan` shows what a sync would do; nothing is written.")
        return Exit.DONE

    run_command(out, work)


def _rule(kind: Kind, direction: Direction | None, on_delete: OnGone | None) -> ActivityRule:
    """What was asked for, and for the rest what most people want."""
    booked = kind is Kind.APPOINTMENT
    usual = OnGone.UNLINK if kind is Kind.NOTE else OnGone.DELETE
    return ActivityRule(
        kind, direction or (Direction.TO_REZORA if booked else Direction.BOTH), on_delete or usual
    )


def _sentence(app: App, bridge: Bridge, kind: Kind) -> str:
    """What is the case now."""
    title = f"{kind.value.capitalize()}s"
    rule = app.policy_of(bridge).activity(kind)
    if rule is None:
        return f"{title} are not carried by {bridge.name!r}; what is there stays on both sides."
    found = next((one for one in app.carried(bridge) if one.kind is kind), None)
    if found is None:
        return (
            f"{title} are in the mapping, but neither account lets Landbridge read them: connect them again"
            " with the permissions of docs/activities.md."
        )
    if not found.both:
        lacking = Side.REZORA if Side.HIGHLEVEL in found.readable else Side.HIGHLEVEL
        return f"{title} are read and kept here; {lacking.title}'s account has none over its API."
    return f"{title} are carried ({rule.direction.value}) by {bridge.name!r}."
