"""The command that lists all bridges at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, run_command
from landbridge.cli.output import Exit, Out, when

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.overview import Glance, Row


def all_bridges(
    name: Annotated[str, typer.Option("--name", help="Only bridges with these letters in their name.")] = "",
    state: Annotated[
        str, typer.Option(help="Only bridges in this state: needs, waits, new, busy or fine.")
    ] = "",
    page: Annotated[int, typer.Option(help="50 bridges a page.")] = 1,
    as_json: AsJson = False,
) -> None:
    """List all bridges, those that need somebody first, with where their contacts stand."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.overview.glance(name, state, page)
        if as_json:
            facts = {"sentence": found.sentence, "states": found.states, "found": found.found}
            out.json(
                facts | {"page": found.page, "pages": found.pages, "bridges": list(map(_facts, found.rows))}
            )
        out.say(found.sentence)
        if not as_json and found.rows:
            out.people.print(_table(found))
        return Exit.DONE

    run_command(out, work)


def _facts(row: Row) -> dict[str, object]:
    names = ("state", "sentence", "fix", "equal", "total", "waiting", "alerts", "due", "last")
    return {"name": row.bridge.name} | {each: getattr(row, each) for each in names} | {"next": row.following}


def _table(found: Glance) -> Table:
    from landbridge.engine.overview import STATES

    title = f"Page {found.page} of {found.pages}"
    table = Table(title=title, title_justify="left")
    for column in ("Bridge", "State", "In sync", "Waiting for you", "Last sync (UTC)", "Alerts"):
        table.add_column(column, overflow="fold")
    for row in found.rows:
        table.add_row(
            escape(row.bridge.name),
            escape(f"{STATES[row.state]}. {row.sentence}"),
            f"{row.equal:,} of {row.total:,}",
            f"{row.waiting:,}",
            when(row.last) if row.last else "–",
            f"{row.alerts:,}",
        )
    return table
