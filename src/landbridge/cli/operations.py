"""The commands of the catalog: find an operation, see what it takes, call it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, NoReturn

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.calling import Called
    from landbridge.systems.operations import Operation
    from landbridge.systems.triggers import Trigger

ops = typer.Typer(
    no_args_is_help=True,
    help="Call any operation of HighLevel, Rezora or Landbridge itself (docs/operations.md).\n\n"
    "`landbridge ops list --search note` finds one, `landbridge ops show contacts.create_note` tells what it"
    " takes, and `landbridge ops call contacts.create_note --contactId ID --body Hello` calls it.",
)


@ops.command("list")
def ops_list(
    search: Annotated[str, typer.Option(help="Only those with these words.")] = "",
    app: Annotated[str, typer.Option(help="Only those of this app, such as contacts.")] = "",
    scope: Annotated[str, typer.Option(help="Only those that need this scope.")] = "",
    kind: Annotated[str, typer.Option(help="Only `read` or only `write`.")] = "",
    triggers: Annotated[
        bool, typer.Option("--triggers", help="List what happens, instead of what can be done.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the operations, or with --triggers the webhook events and Landbridge's own."""
    from landbridge.engine import catalog

    out = Out(as_json=as_json)
    if triggers:
        _print_triggers(out, list(catalog.triggers().values()))
        return
    found = catalog.find(catalog.Wanted(search, app, scope, kind))
    if as_json:
        out.json([catalog.facts(one) for one in found])
    elif found:
        out.people.print(_operations_table(found))
    else:
        out.say(f"No operation fits. Apps: {', '.join(catalog.apps())}. Kinds: read, write.")


@ops.command("show")
def ops_show(
    name: Annotated[str, typer.Argument(help="An operation, such as contacts.get.")], as_json: AsJson = False
) -> None:
    """Show one operation: what it does, what it needs, what it takes."""
    from landbridge.engine import catalog

    out = Out(as_json=as_json)
    one = _operation(out, name)
    if as_json:
        out.json(catalog.facts(one) | {"parameters_schema": catalog.json_schema(one)})
        return
    out.say(f"{one.name}: {one.title}")
    out.say(one.about)
    for words in catalog.notes_of(one):
        out.say(f"  {words}")
    if one.parameters:
        out.people.print(_parameters_table(one))
    else:
        out.say("It takes no parameters.")


@ops.command("call", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def ops_call(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="An operation, such as contacts.get.")],
    parameters: Annotated[
        str, typer.Option(help="All parameters as one JSON object; `-` reads it from standard input.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a write.")] = False,
    bridge: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Call an operation on the connected account and print its answer.

    Parameters go by their names, as in `--contactId ID --limit 5`, or all at once with --parameters. Lists of
    texts may have commas between (`--tags buyer,vip`), everything else that is no text is JSON. The
    location is filled in. A write asks first, and is in `landbridge journal` afterwards.
    """
    out = Out(as_json=as_json)
    one = _operation(out, name)
    text = sys.stdin.read() if parameters == "-" else parameters
    given = read_parameters(out, one, text, context.args)
    if one.writes and not yes:
        _ask(out, one)

    async def work(app: App) -> int:
        return await call(app, out, one.name, given, bridge)

    run_command(out, work)


async def call(app: App, out: Out, name: str, given: Mapping[str, object], bridge: str) -> int:
    """Call and print; raises what the call raises."""
    made = await app.call(await app.bridges.bridge(bridge), name, given, by="command")
    if out.as_json:
        out.json(called_facts(made))
        return Exit.DONE
    answer = msgspec.json.format(msgspec.json.encode(made.answer), indent=2).decode()
    out.say(answer)
    left = "" if made.daily_left is None else f" Calls left today: {made.daily_left:,}."
    noted = f" It is entry {made.entry_id} of the journal." if made.entry_id else ""
    out.aside.print(f"Calls: {made.calls}.{left}{noted}")
    return Exit.DONE


def called_facts(made: Called) -> dict[str, object]:
    """A call as JSON."""
    return {
        "operation": made.operation.name,
        "answer": made.answer,
        "entry": made.entry_id,
        "calls": made.calls,
        "daily_left": made.daily_left,
    }


def read_parameters(out: Out, one: Operation, text: str, words: Sequence[str]) -> dict[str, object]:
    """What was typed, by name: a JSON object, then ``--name value`` or ``--name=value``; exits with 2."""
    from landbridge.systems.arguments import from_text

    given: dict[str, object] = {}
    if text.strip():
        try:
            given = msgspec.json.decode(text.encode(), type=dict[str, object])
        except (msgspec.MsgspecError, RecursionError):
            _wrong_use(out, "--parameters is not a JSON object.", 'Give it as \'{"contactId": "…"}\'.')
    rest = list(words)
    while rest:
        word = rest.pop(0)
        key, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not key or (not equals and not rest):
            _wrong_use(out, "A parameter is not given as --name value.", "Put its name before each value.")
        value = value if equals else rest.pop(0)
        known = one.parameter(key)
        given[key] = value if known is None else from_text(known, value)
    return given


def _operation(out: Out, name: str) -> Operation:
    from landbridge.engine import catalog

    try:
        return catalog.operation(name)
    except catalog.UnknownOperation as unknown:
        _wrong_use(out, str(unknown), unknown.fix)


def _wrong_use(out: Out, sentence: str, fix: str) -> NoReturn:
    out.fail(sentence, fix)
    raise typer.Exit(Exit.WRONG_USE)


def _ask(out: Out, one: Operation) -> None:
    """A write is confirmed by a person, or by --yes in a script."""
    if not sys.stdin.isatty():
        _wrong_use(out, f"{one.name} writes, and nobody is there to confirm it.", "Add --yes if it is meant.")
    if not typer.confirm(f"{one.title}: {one.about} Call it?", err=True):
        raise typer.Exit(Exit.WRONG_USE)


def _operations_table(found: Sequence[Operation]) -> Table:
    table = Table(title=f"Operations ({len(found):,})", title_justify="left")
    for column in ("Name", "Kind", "What it does", "Scope"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(*map(escape, (one.name, one.kind, one.about, one.scope or "–")))
    return table


def _parameters_table(one: Operation) -> Table:
    table = Table(title="Parameters", title_justify="left")
    for column in ("Name", "Type", "Needed", "What it is"):
        table.add_column(column, overflow="fold")
    for parameter in one.parameters:
        needed = "filled in" if parameter.filled == "location" else "yes" if parameter.required else ""
        values = f" One of: {', '.join(map(str, parameter.enum))}." if parameter.enum else ""
        table.add_row(*map(escape, (parameter.name, parameter.type, needed, parameter.about + values)))
    return table


def _print_triggers(out: Out, found: Sequence[Trigger]) -> None:
    if out.as_json:
        out.json(
            [
                {"name": t.name, "app": t.app, "about": t.about, "type": t.type, "scope": t.scope}
                for t in found
            ]
        )
        return
    table = Table(title=f"Triggers ({len(found):,})", title_justify="left")
    for column in ("Name", "When", "Scope"):
        table.add_column(column, overflow="fold")
    for one in found:
        scope = f"{one.scope} (a guess)" if one.scope and not one.sure else one.scope
        table.add_row(*map(escape, (one.name, one.about, scope or "–")))
    out.people.print(table)
