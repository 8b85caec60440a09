"""Commands for a bridge before it runs: whom it is about, a few contacts first, and the switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.examples import Example
    from landbridge.engine.samples import Sample
    from landbridge.store.bridges import Bridge


def scope(
    tag: Annotated[
        list[str] | None, typer.Option(help="Only contacts with this HighLevel tag; may be repeated.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Everybody in the location.")] = False,
    name: BridgeName = "",
) -> None:
    """Say whom a bridge is about; the rest of its mapping stays to the letter."""
    out = Out(as_json=False)
    if bool(tag) == everybody:
        out.fail("Name tags, or everybody.", "Use --tag once or more, or --everybody.")
        raise typer.Exit(Exit.WRONG_USE)

    async def work(app: App) -> int:
        from landbridge.sync.scope import Scope

        changed = await app.setups.set_scope(await app.bridges.bridge(name), Scope(tags=tuple(tag or ())))
        out.say(f"{changed.name!r} is about {'everybody' if everybody else ', '.join(tag or ())}.")
        out.say("Next: `landbridge plan` shows what a sync would do; nothing is written.")
        return Exit.DONE

    run_command(out, work)


def sample(
    contact: Annotated[
        list[str] | None,
        typer.Argument(help="Up to five contacts by their id on either side; none: five are suggested."),
    ] = None,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Sync up to five contacts for real before a bridge is switched on, and read them back.

    First a dry run plans everything; then these contacts are written, and no others. Prints for each field
    what was planned and what is there now.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge = await app.bridges.bridge(name)
        chosen = await _chosen(app, out, bridge, contact or [])
        if chosen is None:
            return Exit.WRONG_USE
        found = await app.setups.samples.run(bridge, chosen)
        _tell(out, found)
        return Exit.DONE if found.good else Exit.FAILED

    run_command(out, work)


def switch_on(name: BridgeName = "", as_json: AsJson = False) -> None:
    """Let a bridge run by itself from now on, beginning with its first whole sync.

    That sync is done by `landbridge serve`, or by `landbridge sync`.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge = await app.bridges.bridge(name)
        before = bridge.live
        await app.setups.switch_on(bridge, start=False)
        if as_json:
            out.json({"bridge": bridge.name, "live": True})
        out.say(f"{bridge.name!r} was switched on {'already' if before else 'just now'}.")
        out.say("Next: `landbridge sync` does the first whole sync; `landbridge serve` keeps it running.")
        return Exit.DONE

    run_command(out, work)


async def _chosen(app: App, out: Out, bridge: Bridge, ids: list[str]) -> list[Example] | None:
    """The contacts that were named, or are suggested, with what a dry run says of them."""
    with out.bar() as watch:
        dry = await app.plan(bridge, watch=watch)
    if dry.run.state != "done":
        out.fail(dry.run.sentence, dry.run.fix)
        return None
    if not ids:
        return dry.examples.suggested()
    found = {one: dry.examples.find(one) for one in ids}
    missing = [one for one, example in found.items() if example is None]
    if missing:
        out.fail(
            f"A sync would change nothing of {missing[0]!r}.", "Name contacts that `landbridge plan` shows."
        )
        return None
    return [example for example in found.values() if example is not None]


def _tell(out: Out, found: Sample) -> None:
    if out.as_json:
        contacts = [
            {
                "highlevel": one.highlevel_id,
                "rezora": one.rezora_id,
                "good": one.good,
                "checks": [
                    {
                        "side": check.change.side.value,
                        "field": check.change.title,
                        "planned": list(check.change.after),
                        "now": list(check.shows),
                        "state": check.state,
                    }
                    for check in one.checks
                ],
            }
            for one in found.checked
        ]
        out.json({"state": found.state, "good": found.good, "sentence": found.sentence, "contacts": contacts})
        return
    if found.state == "failed":
        out.fail(found.sentence, found.fix)
        return
    for one in found.checked:
        title = escape(f"{one.example.name} ({one.highlevel_id or '–'}, {one.rezora_id or '–'})")
        table = Table(title=title, title_justify="left")
        for column in ("Field", "Where", "Planned", "There now", "Equal?"):
            table.add_column(column)
        for check in one.checks:
            planned, shows = (
                escape(" ".join(filter(None, each))) for each in (check.change.after, check.shows)
            )
            table.add_row(check.change.title, check.change.side.title, planned, shows, check.state)
        out.people.print(table)
    out.say(
        "Everything is there as it was planned." if found.good else "Not everything is as it was planned."
    )
