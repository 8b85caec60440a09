"""The command that brings both sides into agreement, whole or in part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import (
    Exit,
    Out,
    activities_table,
    run_facts,
    runs_table,
    status_facts,
    status_table,
)

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from collections.abc import Sequence

    from landbridge.app import App
    from landbridge.store.bridges import Bridge
    from landbridge.store.runs import Run


def sync(
    name: BridgeName = "",
    accept: Annotated[
        bool, typer.Option("--accept-large-change", help="Let this one run pass the brake.")
    ] = False,
    restored: Annotated[
        bool,
        typer.Option(
            "--restored", help="The database is an older copy: believe no base, create nobody unasked."
        ),
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--everything", help="Also read the notes of each contact, whenever that was done last."
        ),
    ] = False,
    changes: Annotated[
        bool, typer.Option("--changes", help="Only look what moved since the last time, and carry that.")
    ] = False,
    contact: Annotated[
        list[str] | None, typer.Option(help="Only this contact, by its id on either side; may be repeated.")
    ] = None,
    business: Annotated[str, typer.Option(help="Only those of this HighLevel business, by its id.")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring both sides into agreement, or finish a sync that was cut off.

    With --changes, --contact or --business only some contacts are looked at; everything else stays as it is.
    That needs one whole sync to have been done before.

    A run that would replace values of more than 10 % (at least 25) of the linked contacts stops before its
    first write and asks; look at `landbridge plan`, then use --accept-large-change if it is meant.

    Notes can only be read contact by contact, one call each. A sync does that once a day, and in between
    where an event named a contact; with --everything it does so now.

    After the database was restored from an older copy, use --restored once: what differs then waits for you
    (`landbridge holds list`). Where `waterline.json` is newer than the copy, Landbridge notices by itself.
    """
    out = Out(as_json=as_json)
    some = bool(changes) + bool(contact) + bool(business)
    if some > 1 or (some and (accept or restored)):
        out.fail(
            "--changes, --contact and --business each stand alone.",
            "Name one of them, without --accept-large-change and --restored.",
        )
        raise typer.Exit(Exit.WRONG_USE)

    async def work(app: App) -> int:
        chosen = await app.bridges.bridge(name)
        if some:
            return await sync_some(app, out, chosen, contact or [], business)
        return await sync_whole(app, out, chosen, accept=accept, restored=restored, everything=everything)

    run_command(out, work)


async def sync_whole(
    app: App, out: Out, bridge: Bridge, *, accept: bool, restored: bool, everything: bool
) -> int:
    """Everybody, or the rest of a sync that was cut off."""
    unfinished = await app.runs.unfinished(bridge.id)
    if unfinished is not None:
        out.say(f"Continuing run {unfinished.id}, which was cut off.")
    asked = {"accept": accept, "restored": restored, "everything": everything}
    with out.bar() as watch:
        run = await app.sync(bridge, cause="command", watch=watch, **asked)
    status = await app.status(bridge)
    if out.as_json:
        out.json(run_facts(run) | {"status": status_facts(status)})
    elif run.state == "done":
        out.people.print(status_table(status))
        out.people.print(runs_table([run]))
        if carried := activities_table(run.counts):
            out.people.print(carried)
    return ended(out, run, quiet=out.as_json)


async def sync_some(app: App, out: Out, bridge: Bridge, contacts: Sequence[str], business: str) -> int:
    """What moved, some contacts, or those of a business."""
    if business:
        named = await app.ask_business(bridge, business, cause="command")
        out.say(f"{named:,} contacts belong to this business.")
    elif contacts:
        await app.ask(bridge, contacts, cause="command")
    with out.bar() as watch:
        look = app.live if contacts or business else app.poll
        run = await look(bridge, cause="command", watch=watch)
    if run is None:
        out.fail(
            "A whole sync has to be done before single contacts can be looked at.",
            "Look at `landbridge plan`, then run `landbridge sync`.",
        )
        return Exit.FAILED
    if out.as_json:
        out.json(run_facts(run))
    elif run.state == "done":
        out.people.print(runs_table([run]))
    return ended(out, run, quiet=out.as_json)


def ended(out: Out, run: Run, *, quiet: bool) -> int:
    """The exit code of a run, with its sentence when it went wrong."""
    if run.state == "done":
        return Exit.DONE
    if not quiet:
        out.fail(run.sentence, run.fix)
    return Exit.BRAKED if run.state == "braked" else Exit.FAILED
