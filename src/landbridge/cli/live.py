"""The commands about what happens by itself: when a bridge runs, and who is told when it needs somebody."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out, when

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.schedule import Timing
    from landbridge.store.alerts import Alert


class Purpose(StrEnum):
    """What runs: everything, or a look at what changed."""

    SYNC = "sync"
    POLL = "poll"


NOTHING = "none"  # typed for "no quiet hours"
PURPOSES = {"sync": "Sync everything", "poll": "Look at Rezora"}

schedule = typer.Typer(
    no_args_is_help=True,
    help="When a bridge runs by itself, while `landbridge serve` runs.\n\nA bridge that never synced waits"
    " for you, and so does one that the brake stopped.",
)
alerts = typer.Typer(
    no_args_is_help=True,
    help="Who is told, by e-mail or in a chat, when a bridge needs somebody (docs/alerts.md).",
)

PurposeOption = Annotated[
    Purpose, typer.Option("--purpose", help="sync is everything, poll a look at what changed in Rezora.")
]


@schedule.command("show")
def schedule_show(name: BridgeName = "", as_json: AsJson = False) -> None:
    """Show when a bridge runs next, and how that was set."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        timings = await app.timings(await app.bridges.bridge(name))
        if as_json:
            out.json([asdict(timing) for timing in timings])
        else:
            out.people.print(_timings_table(timings))
        return Exit.DONE

    run_command(out, work)


@schedule.command("set")
def schedule_set(
    text: Annotated[
        str,
        typer.Argument(
            metavar="WHEN",
            help="`hourly`, `daily at 03:30`, `weekly on sunday at 03:30`, `every 15 minutes`, five cron"
            " fields, or `default`.",
        ),
    ],
    purpose: PurposeOption = Purpose.SYNC,
    zone: Annotated[
        str | None, typer.Option(help="Time zone of these times, such as Europe/Zurich; stays if not given.")
    ] = None,
    quiet: Annotated[
        str | None, typer.Option(help="Nothing starts in these hours, such as 22:00-06:00; `none` for none.")
    ] = None,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Say when a bridge runs, and switch that on. A run due in quiet hours starts at their end."""
    out = Out(as_json=as_json)
    hours = "" if quiet == NOTHING else quiet

    async def work(app: App) -> int:
        chosen = await app.bridges.bridge(name)
        return _said(out, await app.set_schedule(chosen, purpose.value, text, zone, hours))

    run_command(out, work)


@schedule.command("off")
def schedule_off(
    purpose: PurposeOption = Purpose.SYNC, name: BridgeName = "", as_json: AsJson = False
) -> None:
    """Let nothing start by itself any more; `landbridge schedule set default` switches it on again."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        return _said(out, await app.switch_off(await app.bridges.bridge(name), purpose.value))

    run_command(out, work)


@alerts.command("list")
def alerts_list(name: BridgeName = "", as_json: AsJson = False) -> None:
    """List what people were told of a bridge: what lasts, then what is over."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.alerts(await app.bridges.bridge(name))
        if as_json:
            out.json([asdict(alert) for alert in found])
        elif found:
            out.people.print(_alerts_table(found))
        else:
            out.say("There was nothing to tell yet.")
        return Exit.DONE

    run_command(out, work)


@alerts.command("test")
def alerts_test(as_json: AsJson = False) -> None:
    """Send a test through each channel of the settings, and say what became of it."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        tried = await app.try_channels()
        if as_json:
            out.json([asdict(each) for each in tried])
        for each in tried:
            out.say(f"{each.channel}: {each.sentence or 'it took the message.'}")
            if each.fix:
                out.say(f"  Fix: {each.fix}")
        if not tried:
            out.say("No channel is configured. Set alert_email_to or alert_webhook_url (docs/alerts.md).")
        return Exit.FAILED if any(each.sentence for each in tried) else Exit.DONE

    run_command(out, work)


def _said(out: Out, timing: Timing) -> int:
    if out.as_json:
        out.json(asdict(timing))
    what = PURPOSES[timing.purpose]
    if not timing.enabled:
        out.say(f"{what}: off.")
    elif timing.next_at is None:
        out.say(f"{what}: {timing.words}. It waits for you first: see `landbridge status`.")
    else:
        out.say(f"{what}: {timing.words}. Next: {when(timing.next_at)} UTC.")
    return Exit.DONE


def _timings_table(timings: list[Timing]) -> Table:
    table = Table(title="Schedules", title_justify="left")
    for column in ("What", "When", "Time zone", "Quiet hours", "Next (UTC)", "Last (UTC)"):
        table.add_column(column, overflow="fold")
    for timing in timings:
        words = timing.words if timing.enabled else f"off (was {timing.words})"
        following = when(timing.next_at) if timing.next_at else "–"
        last = when(timing.last_at) if timing.last_at else "–"
        row = (PURPOSES[timing.purpose], words, timing.zone, timing.quiet or "–", following, last)
        table.add_row(*map(escape, row))
    return table


def _alerts_table(found: list[Alert]) -> Table:
    table = Table(title="Alerts", title_justify="left")
    for column in ("Since (UTC)", "Until (UTC)", "Told (UTC)", "What", "What to do"):
        table.add_column(column, overflow="fold")
    for alert in found:
        until = when(alert.closed_at) if alert.closed_at else "lasts"
        told = when(alert.sent_at) if alert.sent_at else "not yet"
        table.add_row(when(alert.opened_at), until, told, escape(alert.sentence), escape(alert.fix))
    return table
