"""The commands that look back: the journal with its filters, and the runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out, run_facts, took, when

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.journal_book import Page
    from landbridge.store.runs import Run

DAY = 86_400.0
SIDES = ("highlevel", "rezora")
KINDS = ("contact", "task", "note", "appointment", "list")
CAUSES = ("person", "schedule", "event", "recipe", "undo")

runs = typer.Typer(no_args_is_help=True, help="What ran: whole syncs, dry runs, undos, and the small ones.")


def journal(
    count: Annotated[int, typer.Option(help="How many entries, the newest first.")] = 50,
    side: Annotated[str, typer.Option(help="Written in highlevel or rezora.")] = "",
    kind: Annotated[str, typer.Option(help="contact, task, note, appointment, or list for tags too.")] = "",
    action: Annotated[str, typer.Option(help="What was done, such as update or create.")] = "",
    cause: Annotated[str, typer.Option(help="person, schedule, event, recipe or undo.")] = "",
    field: Annotated[str, typer.Option(help="A field of either system, or a rule of the mapping.")] = "",
    contact: Annotated[str, typer.Option(help="A contact's id on either side.")] = "",
    run: Annotated[int, typer.Option(help="Written by this run.")] = 0,
    since: Annotated[str, typer.Option(help="From this day on, UTC, such as 2026-05-30.")] = "",
    until: Annotated[str, typer.Option(help="Up to this day, which is shown too.")] = "",
    before: Annotated[int, typer.Option(help="Older than this entry: what the page before said.")] = 0,
    as_csv: Annotated[bool, typer.Option("--csv", help="All that fit as CSV, for a spreadsheet.")] = False,
    as_lines: Annotated[bool, typer.Option("--lines", help="All that fit, one JSON object a line.")] = False,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Show what was done, why, and before and after, with the numbers for `landbridge undo --entry`."""
    out = Out(as_json=as_json or as_csv or as_lines)
    _one_of("--side", side, SIDES)
    _one_of("--kind", kind, KINDS)
    _one_of("--cause", cause, CAUSES)
    first, last = day("--since", since), day("--until", until)

    async def work(app: App) -> int:
        from landbridge.engine.journal_book import told_facts
        from landbridge.store.journal_search import Wanted
        from landbridge.sync.model import Kind, Side

        bridge = await app.bridges.bridge(name)
        wanted = Wanted(
            side=Side(side) if side else None,
            kind=Kind(kind) if kind not in ("", "list") else None,
            listed=kind == "list",
            action=action,
            run_id=run,
            since=first or 0.0,
            until=last + DAY if last is not None else 0.0,
            before=before,
            cause=cause,
            records=await app.journal_book.records_of(bridge, contact) if contact else {},
            about=field,
        )
        if as_csv or as_lines:
            book = app.journal_book
            async for piece in book.as_csv(bridge, wanted) if as_csv else book.as_json(bridge, wanted):
                typer.echo(piece, nl=False)
            return Exit.DONE
        found = await app.journal_book.page(bridge, wanted, count)
        if as_json:
            out.json([told_facts(told) for told in found.entries])
            return Exit.DONE
        out.people.print(_journal_table(found))
        for sentence in _further(found):
            out.say(sentence)
        return Exit.DONE

    run_command(out, work)


@runs.command("list")
def runs_list(
    before: Annotated[int, typer.Option(help="Older than this run: the last one of the page before.")] = 0,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """List runs of every purpose, the newest 50 first."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.journal_book.runs(await app.bridges.bridge(name), before)
        if as_json:
            out.json([_facts(run) for run in found])
            return Exit.DONE
        table = Table(title="Runs", title_justify="left")
        for column in ("Run", "Started (UTC)", "Purpose", "Asked by", "Took", "Result"):
            table.add_column(column, overflow="fold")
        for run in found:
            length = took(run.ended_at - run.started_at) if run.ended_at is not None else "–"
            table.add_row(str(run.id), when(run.started_at), run.purpose, run.cause, length, run.state)
        out.people.print(table)
        return Exit.DONE

    run_command(out, work)


@runs.command("show")
def runs_show(
    run_id: Annotated[int, typer.Argument(metavar="RUN", help="Its number, as `runs list` shows it.")],
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Show one run: why it started, how long each stage took, what it did and wrote."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge = await app.bridges.bridge(name)
        run = await app.journal_book.run(bridge, run_id)
        if run is None:
            out.fail(f"There is no run {run_id} on this bridge.", "Look at `landbridge runs list`.")
            return Exit.WRONG_USE
        written = await app.journal_book.written(bridge, run_id)
        if as_json:
            out.json(_facts(run) | {"written": written})
            return Exit.DONE
        out.say(f"Run {run.id}: {run.purpose}, asked by {run.cause}, {run.state}. {run.sentence}".strip())
        if run.fix:
            out.say(f"  What to do: {run.fix}")
        for title, found in (("Seconds", run.spent), ("Counted", run.counts), ("Written", written)):
            if found:
                out.say(f"  {title}: {', '.join(f'{key} {value:,}' for key, value in found.items())}")
        return Exit.DONE

    run_command(out, work)


def _facts(run: Run) -> dict[str, object]:
    return run_facts(run) | {"cause": run.cause, "started_at": run.started_at, "spent": dict(run.spent)}


def _one_of(option: str, given: str, allowed: tuple[str, ...]) -> None:
    if given and given not in allowed:
        raise typer.BadParameter(f"{option} is one of {', '.join(allowed)}; not {given!r}.")


def day(option: str, text: str) -> float | None:
    """The beginning of a day of UTC in epoch seconds, None for none."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise typer.BadParameter(f"{option} is a day such as 2026-05-30; not {text!r}.") from None


def _journal_table(found: Page) -> Table:
    table = Table(title="Journal", title_justify="left")
    for column in ("Entry", "Run", "When (UTC)", "Action", "Where", "What", "Before", "After", "Why", "Note"):
        table.add_column(column, overflow="fold")
    for told in found.entries:
        each = told.entry
        values = (", ".join(shown.values()) for shown in (each.before, each.after))
        where = f"{each.side.title} {each.record_id}"
        why = f"{told.cause}: {told.by}" if told.by else told.cause
        texts = map(escape, (each.action, where, each.rule, *values, why, each.note))
        table.add_row(str(each.id), str(each.run_id or "–"), when(each.at), *texts)
    return table


def _further(found: Page) -> list[str]:
    """How to go on, and how far was looked."""
    said = [f"Looked through everything back to {when(found.far)} UTC."] if found.far is not None else []
    return [*said, *([f"Older ones: --before {found.following}"] if found.following else [])]
