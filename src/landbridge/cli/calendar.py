"""The commands about the private calendar of a bridge."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out, when

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.feeds import CalendarAddress

calendar = typer.Typer(
    no_args_is_help=True,
    help="Tasks and appointments in your own calendar, by a private address (docs/calendar-feed.md).\n\n"
    "Whoever has the address can read the calendar: treat it as a password.",
)


@calendar.command("show")
def calendar_show(name: BridgeName = "", as_json: AsJson = False) -> None:
    """Show the address, and when a calendar program last read it."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        return _said(out, await app.feeds.show(await app.bridges.bridge(name)))

    run_command(out, work)


@calendar.command("new")
def calendar_new(name: BridgeName = "", as_json: AsJson = False) -> None:
    """Make an address, or a new one: the old one is dead at once."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        return _said(out, await app.feeds.renew(await app.bridges.bridge(name)))

    run_command(out, work)


@calendar.command("revoke")
def calendar_revoke(name: BridgeName = "", as_json: AsJson = False) -> None:
    """Take the address away: it answers nothing any more."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        await app.feeds.revoke(await app.bridges.bridge(name))
        if as_json:
            out.json({"address": "", "created_at": 0.0, "read_at": None})
        out.say("Revoked. Calendars that read it stay empty or keep what they had.")
        return Exit.DONE

    run_command(out, work)


def _said(out: Out, found: CalendarAddress) -> int:
    if out.as_json:
        out.json(asdict(found))
    elif not found.address:
        out.say("There is no address yet. `landbridge calendar new` makes one.")
    else:
        print(found.address)  # whole, for scripts and for copying
        read = f"last read {when(found.read_at)} UTC" if found.read_at else "not read yet"
        out.say(f"Made {when(found.created_at)} UTC, {read}. How to subscribe: docs/calendar-feed.md.")
    return Exit.DONE
