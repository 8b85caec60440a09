"""The commands about mappings: check, save, versions, going back, and fields that are alike."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out, when
from landbridge.cli.people import BY
from landbridge.sync.mapping import MappingError, read_policy
from landbridge.sync.mapping_changes import mapping_changes

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.store.bridges import Bridge

mapping = typer.Typer(
    no_args_is_help=True,
    help="Which field goes where. `landbridge bridge export` prints the mapping; edit it, look at"
    " `landbridge plan --mapping FILE`, then save it.",
)
File = Annotated[Path, typer.Argument(help="A mapping file (docs/mapping.md); - for standard input.")]


@mapping.command("check")
def check(file: File, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Say what is wrong with a mapping file and what it would change; nothing is stored."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge, text = await app.bridges.bridge(name), _read(out, file)
        app.mappings.check(bridge, text)
        return _told(out, bridge.policy, text, "Nothing is wrong with it. It would change:")

    run_command(out, work)


@mapping.command("save")
def save(file: File, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Let a mapping file be in force from now on; the former one is kept, see `mapping versions`."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge, text = await app.bridges.bridge(name), _read(out, file)
        await app.mappings.save(bridge, text, by=BY)
        return _told(out, bridge.policy, text, "Saved. The next sync does differently:")

    run_command(out, work)


@mapping.command("versions")
def versions(name: BridgeName = "", as_json: AsJson = False) -> None:
    """List the mappings as they were saved, the one in force first."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.mappings.versions(await app.bridges.bridge(name))
        if as_json:
            out.json([{"id": one.id, "saved_at": one.saved_at, "saved_by": one.saved_by} for one in found])
            return Exit.DONE
        table = Table(title="Saved mappings, newest first", title_justify="left")
        for column in ("Number", "Saved (UTC)", "By"):
            table.add_column(column)
        for one in found:
            table.add_row(str(one.id), when(one.saved_at), escape(one.saved_by) or "not noted")
        out.people.print(table)
        return Exit.DONE

    run_command(out, work)


@mapping.command("back")
def back(
    number: Annotated[int, typer.Argument(help="The number that `mapping versions` shows.")],
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Save an earlier mapping again; what was saved since stays among the versions."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge = await app.bridges.bridge(name)
        saved: Bridge = await app.mappings.go_back(bridge, number, by=BY)
        return _told(
            out, bridge.policy, saved.policy, "It is in force again. The next sync does differently:"
        )

    run_command(out, work)


@mapping.command("suggest")
def suggest(
    read: Annotated[bool, typer.Option("--read", help="Ask HighLevel for your own fields first.")] = False,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Show fields of both systems that are alike and that no rule names yet."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge = await app.bridges.bridge(name)
        if read:
            found = await app.mappings.read_own_fields(bridge)
            bridge = await app.bridges.bridge(bridge.name)
            out.say(f"{len(found)} fields of your own were read from HighLevel.")
        alike = app.mappings.suggestions(bridge, read_policy(bridge.policy))
        if as_json:
            out.json(
                [
                    {"highlevel": one.rule.highlevel[0], "rezora": one.rule.rezora[0], "score": one.score}
                    for one in alike
                ]
            )
        for one in alike:
            native = f"{one.rule.highlevel[0]} ↔ {one.rule.rezora[0]}"
            out.say(f"{one.highlevel_title} in HighLevel, {one.rezora_title} in Rezora: {native}")
        if not alike:
            out.say("No two fields that are not mapped yet look alike.")
        return Exit.DONE

    run_command(out, work)


def _read(out: Out, file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        out.fail(f"The mapping file {file} cannot be read as UTF-8 text.", "Check the path and the file.")
        raise typer.Exit(Exit.WRONG_USE) from None


def _told(out: Out, before: str, after: str, lead: str) -> int:
    try:
        changes = mapping_changes(read_policy(before), read_policy(after))
    except MappingError:  # the one before cannot be read any more
        changes = ["Everything: the former mapping cannot be read by this version."]
    if out.as_json:
        out.json({"changes": changes})
    out.say(lead if changes else "It means the same as the mapping before.")
    for one in changes:
        out.say(f"  {one}")
    return Exit.DONE
