"""The command that shows the documentation on the terminal, without internet."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson
from landbridge.cli.output import Exit, Out
from landbridge.handbook import INDEX, Finding, Handbook, handbook


def docs(
    page: Annotated[
        str, typer.Argument(help="The name of a page, such as troubleshooting; none lists all.")
    ] = "",
    search: Annotated[
        str, typer.Option(help="Words, or a sentence that Landbridge showed; lists the sections that fit.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show the documentation: the list of pages, one page, or what a search finds. Needs no internet."""
    out = Out(as_json=as_json)
    book = handbook()
    if search:
        _found(out, book.search(search))
        return
    if not page:
        _listed(out, book)
        return
    name = page.removeprefix("docs/").removesuffix(".md")
    text = book.text(name)
    if text is None or name == INDEX:
        out.fail("The documentation has no page of this name.", "`landbridge docs` lists all of them.")
        raise typer.Exit(Exit.WRONG_USE)
    if as_json:
        out.json({"name": name, "title": book.titles.get(name, ""), "markdown": text})
    else:
        out.people.print(Markdown(text))


def _listed(out: Out, book: Handbook) -> None:
    if out.as_json:
        out.json(
            [{"name": e.name, "chapter": c.title, "title": e.title} for c in book.chapters for e in c.entries]
        )
        return
    table = Table(title="landbridge docs PAGE shows one of them", title_justify="left")
    for column in ("Page", "Chapter", "What it answers"):
        table.add_column(column, overflow="fold")
    for chapter in book.chapters:
        for entry in chapter.entries:
            table.add_row(escape(entry.name), escape(chapter.title), escape(entry.answers))
    out.people.print(table)


def _found(out: Out, found: list[Finding]) -> None:
    if out.as_json:
        names = ("name", "page", "title", "anchor", "snippet")
        out.json([{name: getattr(one, name) for name in names} for one in found])
        return
    if not found:
        out.say("No section has half of these words. Try fewer, or the one that says most.")
    for one in found:
        out.people.print(f"[bold]{escape(one.title)}[/]: landbridge docs {escape(one.name)}")
        out.say(f"  {one.snippet}")
