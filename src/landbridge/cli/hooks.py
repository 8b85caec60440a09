"""The commands of outgoing webhooks: who is told what, and what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out, when

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.store.outgoing import Outgoing, Subscription

hooks = typer.Typer(
    no_args_is_help=True,
    help="Tell an address of yours what Landbridge did, signed, while `landbridge serve` runs"
    " (docs/outgoing-webhooks.md).\n\n`landbridge ops list --triggers` lists what can be followed: those of"
    " Landbridge, such as contact.synced and hold.opened.",
)
Number = Annotated[int, typer.Argument(help="The webhook's number, as `landbridge hooks list` shows it.")]


@hooks.command("add")
def hooks_add(
    address: Annotated[str, typer.Argument(help="An https:// address on the internet.")],
    trigger: Annotated[list[str], typer.Option(help="What it follows; may be repeated.")],
    label: Annotated[str, typer.Option(help="A name of your choice.")] = "",
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Let an address follow triggers, and print the secret its messages are signed with, this once."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        made = await app.outgoing.subscribe(await app.bridges.bridge(name), address, trigger, label)
        if as_json:
            out.json(_facts(made.subscription) | {"secret": made.secret})
        out.say(f"{made.subscription.host} follows {', '.join(made.subscription.triggers)}.")
        out.say(f"The secret, shown this once: {made.secret}")
        return Exit.DONE

    run_command(out, work)


@hooks.command("list")
def hooks_list(name: BridgeName = "", as_json: AsJson = False) -> None:
    """List the addresses of a bridge; of each only the host is shown."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.outgoing.subscriptions(await app.bridges.bridge(name))
        if as_json:
            out.json([_facts(one) for one in found])
        elif found:
            out.people.print(_table(found))
        else:
            out.say("No address follows anything yet.")
        return Exit.DONE

    run_command(out, work)


@hooks.command("on")
def hooks_on(number: Number, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Switch a webhook on."""
    _switch(number, name, as_json=as_json, enabled=True)


@hooks.command("off")
def hooks_off(number: Number, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Switch a webhook off; what happens meanwhile is not told later."""
    _switch(number, name, as_json=as_json, enabled=False)


@hooks.command("remove")
def hooks_remove(number: Number, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Forget a webhook, with its log."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        await app.outgoing.remove(await app.bridges.bridge(name), number)
        if as_json:
            out.json({"removed": number})
        out.say(f"Webhook {number} is gone.")
        return Exit.DONE

    run_command(out, work)


@hooks.command("test")
def hooks_test(number: Number, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Send a test now, and say what became of it."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        return _said(out, await app.outgoing.test(await app.bridges.bridge(name), number))

    run_command(out, work)


@hooks.command("log")
def hooks_log(
    number: Number,
    count: Annotated[int, typer.Option(help="How many.")] = 20,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Show what was sent to a webhook, newest first; it is kept for 30 days."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.outgoing.log_of(await app.bridges.bridge(name), number, count)
        if as_json:
            out.json([_message(one) for one in found])
        elif found:
            out.people.print(_log_table(found))
        else:
            out.say("Nothing was sent yet.")
        return Exit.DONE

    run_command(out, work)


@hooks.command("replay")
def hooks_replay(
    message: Annotated[int, typer.Argument(help="The message's number, as `landbridge hooks log` shows it.")],
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Send a message again, under its own id."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        return _said(out, await app.outgoing.replay(await app.bridges.bridge(name), message))

    run_command(out, work)


def _switch(number: int, name: str, *, as_json: bool, enabled: bool) -> None:
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        one = await app.outgoing.switch(await app.bridges.bridge(name), number, enabled=enabled)
        if as_json:
            out.json(_facts(one))
        out.say(f"Webhook {one.id} to {one.host} is {'on' if one.enabled else 'off'}.")
        return Exit.DONE

    run_command(out, work)


def _said(out: Out, sent: Outgoing) -> int:
    if out.as_json:
        out.json(_message(sent))
    out.say(f"{sent.state.capitalize()}. {sent.told}")
    return Exit.DONE if sent.state == "delivered" else Exit.FAILED


def _facts(one: Subscription) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "host": one.host,
        "triggers": list(one.triggers),
        "enabled": one.enabled,
        "failing_since": one.failing_since,
        "note": one.note,
    }


def _message(one: Outgoing) -> dict[str, object]:
    return {
        "id": one.id,
        "message": one.message,
        "trigger": one.trigger,
        "state": one.state,
        "attempts": one.attempts,
        "told": one.told,
        "created_at": one.created_at,
    }


def _table(found: list[Subscription]) -> Table:
    table = Table(title="Outgoing webhooks", title_justify="left")
    for column in ("Number", "Name", "Host", "Follows", "State"):
        table.add_column(column, overflow="fold")
    for one in found:
        failing = f"failing since {when(one.failing_since)} UTC" if one.failing_since else "on"
        state = failing if one.enabled else f"off. {one.note}".strip()
        table.add_row(str(one.id), *map(escape, (one.name or "–", one.host, ", ".join(one.triggers), state)))
    return table


def _log_table(found: list[Outgoing]) -> Table:
    table = Table(title="Messages", title_justify="left")
    for column in ("Number", "When (UTC)", "Trigger", "State", "Attempts", "What the last one met"):
        table.add_column(column, overflow="fold")
    for one in found:
        row = (str(one.id), when(one.created_at), one.trigger, one.state, str(one.attempts), one.told)
        table.add_row(*map(escape, row))
    return table
