"""The commands that find a contact and show it on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out, when
from landbridge.cli.people import RecordId, contacts
from landbridge.sync.model import Side

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.contact_book import ContactView
    from landbridge.engine.contact_lists import Found
    from landbridge.engine.timeline import Happening

__all__ = ["contacts"]


@contacts.command("find")
def contacts_find(
    text: Annotated[
        str, typer.Argument(help="Part of a name, e-mail address or phone number, or an id; none for all.")
    ] = "",
    of: Annotated[
        str,
        typer.Option(
            "--list",
            help="Look in one list: everybody, in-sync, held, left-out, waiting, paused, only-highlevel,"
            " only-rezora or opted-out.",
        ),
    ] = "everybody",
    reason: Annotated[str, typer.Option(help="Of held or left-out: one reason, such as no_email.")] = "",
    after: Annotated[str, typer.Option(help="What the page before said.")] = "",
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Find contacts, 50 at a time, from what both sides showed last."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        from landbridge.engine.contact_lists import Search

        search = Search(text, of, reason, after)
        found = await app.contact_book.find(await app.bridges.bridge(name), search)
        if as_json:
            out.json({"contacts": [_line_facts(line) for line in found.lines], "following": found.following})
        elif found.lines:
            out.people.print(_found_table(found))
        else:
            out.say("Nobody matches.")
        return Exit.DONE

    run_command(out, work)


@contacts.command("show")
def contacts_show(record_id: RecordId, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Show one contact on both sides: fields, tasks, notes, appointments and where it stands."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        view = await app.contact_book.contact(await app.bridges.bridge(name), record_id)
        if view is None:
            out.fail(
                "No contact of that id was seen in HighLevel or in Rezora.",
                "Look for it with `landbridge contacts find`, or run a sync first.",
            )
            return Exit.WRONG_USE
        if as_json:
            out.json(_view_facts(view))
            return Exit.DONE
        out.say(f"{escape(view.name) or 'No name'}. {view.standing.sentence} {view.standing.fix}")
        out.people.print(_fields_table(view))
        out.say(view.kept.sentence)
        for happening in (*view.timeline.coming, *view.timeline.past):
            out.say(f"  {escape(_told(happening))}")
        return Exit.DONE

    run_command(out, work)


def _found_table(found: Found) -> Table:
    more = f"; the next page: --after {found.following}" if found.following else ""
    table = Table(title=f"{len(found.lines)} contacts{more}", title_justify="left")
    for column in ("Id", "On the other side", "Name", "E-mail", "Where it stands"):
        table.add_column(column, overflow="fold")
    for line in found.lines:
        stands = " ".join(filter(None, (line.standing, line.reason)))
        table.add_row(line.id, line.partner or "–", escape(line.name), escape(line.email), stands)
    return table


def _fields_table(view: ContactView) -> Table:
    table = Table(title="Both sides, field by field", title_justify="left")
    for column in ("Field", "HighLevel", "Rezora", "Why they differ"):
        table.add_column(column, overflow="fold")
    for row in view.rows:
        shown = ("not known" if (value := row.shows.get(side)) is None else value for side in Side)
        table.add_row(*map(escape, (row.name, *shown, row.reason)))
    return table


def _told(one: Happening) -> str:
    at = when(one.at) if one.at is not None else "no time"
    rest = ", ".join(filter(None, (one.state, "overdue" if one.overdue else "", f"in {one.sides}")))
    first = one.text.split("\n")[0][:60] if not one.title else ""
    return f"{at}  {one.kind.value}: {one.title or first} ({rest})"


def _line_facts(line: object) -> dict[str, object]:
    return {
        name: str(getattr(line, name)) for name in ("id", "partner", "name", "email", "standing", "reason")
    }


def _view_facts(view: ContactView) -> dict[str, object]:
    return {
        "highlevel_id": view.ids.get(Side.HIGHLEVEL, ""),
        "rezora_id": view.ids.get(Side.REZORA, ""),
        "name": view.name,
        "standing": view.standing.title,
        "sentence": view.standing.sentence,
        "fix": view.standing.fix,
        "fields": [
            {
                "field": row.name,
                "highlevel": row.shows.get(Side.HIGHLEVEL),
                "rezora": row.shows.get(Side.REZORA),
                "state": row.state,
                "reason": row.reason,
                "fix": row.fix,
            }
            for row in view.rows
        ],
        "coming": [_happening_facts(one) for one in view.timeline.coming],
        "past": [_happening_facts(one) for one in view.timeline.past],
        "activities": view.kept.sentence,
    }


def _happening_facts(one: Happening) -> dict[str, object]:
    ids = {f"{side.value}_id": one.ids.get(side, "") for side in Side}
    names = ("title", "text", "at", "end", "state", "place", "overdue")
    return {"kind": one.kind.value} | ids | {name: getattr(one, name) for name in names}
