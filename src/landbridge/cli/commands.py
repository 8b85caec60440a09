"""The commands of ``landbridge``; each --help teaches its use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from landbridge import __version__
from landbridge.cli import (
    access,
    activities,
    assistants,
    book,
    hooks,
    live,
    operations,
    overview,
    people,
    setups,
    syncing,
)
from landbridge.cli.calendar import calendar
from landbridge.cli.frame import AsJson, BridgeName, run_command, settings_of
from landbridge.cli.output import (
    Exit,
    Out,
    activities_sentence,
    activities_table,
    calls_sentence,
    lines_table,
    live_sentence,
    plan_table,
    pulse_sentences,
    run_facts,
    runs_table,
    status_facts,
    status_table,
    took,
)
from landbridge.cli.recipes import recipes
from landbridge.settings import origins

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.store.bridges import Account

main = typer.Typer(
    name="landbridge",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Keeps a HighLevel location and a Rezora account in agreement.\n\n"
    "First time: `landbridge demo`. Real accounts: `connect highlevel`, `connect rezora`, `bridge create`,"
    " then `plan` to see what would change, `sync` to do it, `serve` to keep it so and watch it.",
)
connect = typer.Typer(
    no_args_is_help=True, help="Connect an account; the credential is tried before it is stored."
)
bridge = typer.Typer(no_args_is_help=True, help="Pair two connected accounts and say what is mapped.")
main.add_typer(connect, name="connect")
main.add_typer(bridge, name="bridge")
main.command("overview")(overview.all_bridges)
main.add_typer(people.holds, name="holds")
main.add_typer(book.contacts, name="contacts")
main.add_typer(live.schedule, name="schedule")
main.add_typer(live.alerts, name="alerts")
main.add_typer(calendar, name="calendar")
main.add_typer(recipes, name="recipes")
main.add_typer(operations.ops, name="ops")
main.add_typer(hooks.hooks, name="hooks")
main.add_typer(access.user, name="user")
main.add_typer(access.keys, name="keys")


@main.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@main.command()
def settings(as_json: AsJson = False) -> None:
    """Print every setting in force, where it comes from, and what it is for."""
    out = Out(as_json=as_json)
    rows = origins(settings_of(out))
    if as_json:
        out.json([{"name": r.name, "value": r.value, "origin": r.origin, "unit": r.unit} for r in rows])
        return
    table = Table(title="Settings", title_justify="left")
    for name in ("Setting", "Value", "From", "What it is for"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(row.name, f"{row.value} {row.unit}".strip(), row.origin, row.description)
    out.people.print(table)


@connect.command("highlevel")
def connect_highlevel(
    token: Annotated[str, typer.Option(help="A Private Integration Token. Better: --token-stdin.")] = "",
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read the token from standard input.")
    ] = False,
    location: Annotated[str, typer.Option(help="The location id that belongs to the token.")] = "",
    code: Annotated[
        str, typer.Option(help="A one-time OAuth code, as HighLevel appends it to the redirect.")
    ] = "",
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Write nothing there, whatever the token would allow.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Connect a HighLevel location with a token or an OAuth code.

    With a marketplace app it is easier in the browser: `landbridge serve`, then *Connect HighLevel*.
    """
    out = Out(as_json=as_json)
    token = _from_stdin("token") if token_stdin else token
    if bool(token) == bool(code):
        out.fail("Give either a token or a code.", "Use --token-stdin with --location, or --code.")
        raise typer.Exit(Exit.WRONG_USE)
    if token and not location:
        out.fail("A Private Integration Token needs its location.", "Add --location with the location id.")
        raise typer.Exit(Exit.WRONG_USE)

    async def work(app: App) -> int:
        given = {"token": token, "location": location, "code": code}
        return _connected(out, await app.connect_highlevel(**given, read_only=read_only))

    run_command(out, work)


@connect.command("rezora")
def connect_rezora(
    username: Annotated[str, typer.Option(help="The API user name from your Rezora account manager.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the API password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Connect a Rezora account with its API user name and password.

    They are not the login of the Rezora app: your account manager hands them out.
    """
    out = Out(as_json=as_json)
    password = (
        _from_stdin("password") if password_stdin else typer.prompt("Rezora API password", hide_input=True)
    )

    async def work(app: App) -> int:
        return _connected(out, await app.connect_rezora(username, password))

    run_command(out, work)


@bridge.command("create")
def bridge_create(
    mapping: Annotated[Path | None, typer.Option(help="A mapping file (docs/mapping.md).")] = None,
    name: Annotated[str, typer.Option(help="A name of your choice.")] = "",
    highlevel: Annotated[str, typer.Option(help="Location id, when several are connected.")] = "",
    rezora: Annotated[str, typer.Option(help="API user name, when several are connected.")] = "",
    later: Annotated[
        bool, typer.Option("--later", help="Nothing runs before `landbridge bridge switch-on`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Pair the two accounts, or change the mapping of a pair; running it again changes nothing.

    Without --mapping a new bridge gets the default mapping; `landbridge bridge export` shows it.
    """
    out = Out(as_json=as_json)
    text = _read_mapping(out, mapping) if mapping else None

    async def work(app: App) -> int:
        made = await app.create_bridge(name, text, highlevel, rezora, live=not later)
        if as_json:
            out.json(
                {
                    "bridge": made.name,
                    "highlevel": made.highlevel.external_id,
                    "rezora": made.rezora.external_id,
                }
            )
        out.say(f"Bridge {made.name!r} pairs {made.highlevel.title} with {made.rezora.title}.")
        out.say("Next: `landbridge plan` shows what a sync would do; nothing is written.")
        return Exit.DONE

    run_command(out, work)


@bridge.command("export")
def bridge_export(name: BridgeName = "") -> None:
    """Print the mapping file of a bridge, to the letter as it was given."""
    out = Out(as_json=False)

    async def work(app: App) -> int:
        sys.stdout.write((await app.bridges.bridge(name)).policy)
        return Exit.DONE

    run_command(out, work)


bridge.command("carry")(activities.carry)
bridge.command("scope")(setups.scope)
bridge.command("sample")(setups.sample)
bridge.command("switch-on")(setups.switch_on)


@bridge.command("list")
def bridge_list(as_json: AsJson = False) -> None:
    """List the bridges and the accounts they pair."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.all_bridges()
        if as_json:
            out.json(
                [
                    {
                        "bridge": b.name,
                        "highlevel": b.highlevel.external_id,
                        "rezora": b.rezora.external_id,
                        "live": b.live,
                    }
                    for b in found
                ]
            )
        for each in found:
            state = "" if each.live else " (being set up)"
            out.say(f"{each.name}: {each.highlevel.title} with {each.rezora.title}{state}")
        if not found:
            out.say("There is no bridge yet. Connect both accounts, then `landbridge bridge create`.")
        return Exit.DONE

    run_command(out, work)


@main.command()
def plan(
    name: BridgeName = "",
    mapping: Annotated[
        Path | None, typer.Option(help="Try out this mapping file; it is not stored (docs/mapping.md).")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every contact, not the first 20.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a sync would do: a dry run of the real planner; not one mutating call.

    Prints what would be created, linked, updated, left out or held and why, the number of API calls, and
    how long they take at the quota. With --mapping: what another mapping, or another scope, would change.
    """
    out = Out(as_json=as_json)
    text = _read_mapping(out, mapping) if mapping else None

    async def work(app: App) -> int:
        chosen = await app.bridges.bridge(name)
        with out.bar() as watch:
            dry = await app.plan(chosen, mapping=text, watch=watch)
        calls = dry.run.counts.get("calls", 0)
        seconds = app.forecast_seconds(calls)
        if as_json:
            lines = [
                {"id": line.highlevel_id, "action": line.action, "reason": line.reason} for line in dry.lines
            ]
            out.json(run_facts(dry.run) | {"forecast_seconds": round(seconds, 1), "lines": lines})
        elif dry.run.state == "done":
            out.people.print(plan_table(dry.run.counts))
            if carried := activities_table(dry.run.counts):
                out.people.print(carried)
            out.say(activities_sentence(dry.run.counts))
            out.people.print(lines_table(dry.lines, 0 if show_all else 20))
            out.say(f"About {calls:,} API calls, {took(seconds)} at the quota in the settings.")
            if dry.run.counts.get("braked"):
                out.say(
                    "The brake would stop this sync before its first write; see `landbridge sync --help`."
                )
        return syncing.ended(out, dry.run, quiet=as_json)

    run_command(out, work)


main.command()(syncing.sync)
main.command("mcp")(assistants.mcp)
main.command()(people.undo)
main.command()(people.journal)


@main.command()
def status(name: BridgeName = "", as_json: AsJson = False) -> None:
    """Show how the bridges stand: in sync, left out and held with reasons, and the last runs."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = [await app.bridges.bridge(name)] if name else await app.all_bridges()
        pictures = [await app.status(each) for each in found]
        if as_json:
            out.json([status_facts(picture) for picture in pictures])
        for picture in pictures:
            out.say(picture.sentence)
            if not as_json:
                out.people.print(status_table(picture))
                out.people.print(runs_table(picture.recent))
                if picture.recent:
                    out.say(calls_sentence(picture.recent[0]))
                out.say(live_sentence(picture))
                for sentence in pulse_sentences(picture):
                    out.say(sentence)
        if not found:
            out.say("There is no bridge yet. Connect both accounts, then `landbridge bridge create`.")
        return Exit.DONE

    run_command(out, work)


@main.command()
def doctor(as_json: AsJson = False) -> None:
    """Check everything that can be checked: folder, key, database, browser files, addresses, credentials."""
    from landbridge.cli.doctor import examine

    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        return await examine(out, app)

    run_command(out, work)


@main.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Run the web page, live work and what is scheduled, until stopped."""
    from landbridge.cli.serving import serve as serve_app

    raise typer.Exit(serve_app(Out(as_json=False), web_host=host, web_port=port))


@main.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.")] = 8787,
    people: Annotated[int, typer.Option(help="How many made-up contacts HighLevel holds.")] = 2000,
    seed: Annotated[int, typer.Option(help="The number all people and ids are made from.")] = 7,
    file: Annotated[Path | None, typer.Option(help="Keep the state in this SQLite file.")] = None,
    quota: Annotated[bool, typer.Option("--quota/--no-quota", help="Limit calls as HighLevel does.")] = True,
    empty: Annotated[
        bool, typer.Option("--empty-rezora", help="Nobody is in Rezora yet; else about one in 25.")
    ] = False,
    activities: Annotated[
        int, typer.Option(help="How many contacts have notes, tasks and appointments, also in Rezora.")
    ] = 0,
) -> None:
    """Run both systems locally, with made-up people, to try things without accounts (docs/sandbox.md)."""
    from landbridge.cli.serving import serve_sandbox
    from landbridge.sandbox.highlevel import HighLevelConfig
    from landbridge.sandbox.rezora import RezoraConfig
    from landbridge.sandbox.server import SandboxConfig

    highlevel = HighLevelConfig() if quota else HighLevelConfig(burst=0)
    config = SandboxConfig(
        seed=seed,
        people=people,
        highlevel=highlevel,
        rezora=RezoraConfig(activities=activities > 0),
        file=file,
        empty_rezora=empty,
        activities=activities,
    )
    raise typer.Exit(serve_sandbox(Out(as_json=False), config, port))


@main.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the second sync, with a summary.")] = False,
    people: Annotated[int, typer.Option(help="How many made-up contacts.")] = 2000,
    seed: Annotated[int, typer.Option(help="The number all people are made from.")] = 7,
    port: Annotated[int, typer.Option(help="Port of the web page; 0 for a free one.")] = 8780,
    home: Annotated[Path, typer.Option(help="A folder for the demo's state; emptied at the start.")] = Path(
        ".demo"
    ),
    as_json: AsJson = False,
) -> None:
    """See it work: a sandbox, two accounts connected through the real OAuth round trip, the first sync."""
    from landbridge.cli.demo import run_demo

    out = Out(as_json=as_json)
    raise typer.Exit(run_demo(out, once=once, people=people, seed=seed, port=port, home=home))


def _connected(out: Out, account: Account) -> int:
    if out.as_json:
        out.json({"side": account.side.value, "account": account.external_id, "title": account.title})
    out.say(f"Connected {account.side.title}: {account.title} ({account.external_id}).")
    for note in account.capability.get("notes", ()):
        out.say(f"  {note}")
    return Exit.DONE


def _from_stdin(what: str) -> str:
    text = sys.stdin.readline().strip()
    if not text:
        raise typer.BadParameter(f"Standard input holds no {what}.")
    return text


def _read_mapping(out: Out, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        out.fail(f"The mapping file {path} cannot be read as UTF-8 text.", "Check the path and the file.")
        raise typer.Exit(Exit.WRONG_USE) from None
