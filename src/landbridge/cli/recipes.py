"""The commands about recipes: what there is, switches, one's own, dry runs, and what they did."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out, when

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.recipe_book import Card, Trial
    from landbridge.store.recipes import Firing

recipes = typer.Typer(
    no_args_is_help=True,
    help="When something happens, do something: a task for each new contact, a list for a tag.\n\nAll are off"
    " until you switch them on. `recipes try NAME` shows first what one would have done yesterday. They work"
    " while `landbridge serve` runs, and at the end of each sync (docs/recipes.md).",
)

RecipeName = Annotated[str, typer.Argument(metavar="NAME", help="A name that `recipes list` shows.")]
RecipeFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A recipe as TOML (docs/recipes.md); - reads standard input.")
]


@recipes.command("list")
def recipes_list(name: BridgeName = "", as_json: AsJson = False) -> None:
    """List all recipes, the built-in ones first, and whether each is on."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        cards = await app.recipes.cards(await app.bridges.bridge(name))
        if as_json:
            out.json([card_facts(card) for card in cards])
            return Exit.DONE
        table = _table("Recipes", "Name", "", "What it does")
        for card in cards:
            state = "on" if card.enabled else "off"
            table.add_row(escape(card.name), state, escape(card.sentence))
        out.people.print(table)
        return Exit.DONE

    run_command(out, work)


@recipes.command("show")
def recipes_show(recipe: RecipeName, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Show one recipe with its values and its text, a good start for one of your own."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        card = await app.recipes.card(await app.bridges.bridge(name), recipe)
        if as_json:
            out.json(card_facts(card))
        out.say(f"{card.title} ({'on' if card.enabled else 'off'}). {card.sentence}")
        if card.built_in is not None:
            for one in card.built_in.parameters:
                out.say(f"  {one.name} = {card.values[one.name]!r}: {one.title}. {one.help}")
            out.say(f"  {card.built_in.more}" if card.built_in.more else "")
        out.say(card.text)
        for problem in card.problems:
            out.say(problem)
        return Exit.DONE

    run_command(out, work)


@recipes.command("on")
def recipes_on(
    recipe: RecipeName,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A value of a built-in recipe; may be repeated."),
    ] = None,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Switch a recipe on; what happened before is no event. `recipes show NAME` lists the values to --set."""
    out = Out(as_json=as_json)
    given = dict(_pair(out, one) for one in values or ())

    async def work(app: App) -> int:
        bridge = await app.bridges.bridge(name)
        if given:
            await app.recipes.set_values(bridge, recipe, given)
        card = await app.recipes.switch(bridge, recipe, on=True)
        if as_json:
            out.json(card_facts(card))
        out.say(f"On: {card.title}. It acts on what happens from now on.")
        return Exit.DONE

    run_command(out, work)


@recipes.command("off")
def recipes_off(recipe: RecipeName, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Switch a recipe off; what waits for its time is not done any more."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        card = await app.recipes.switch(await app.bridges.bridge(name), recipe, on=False)
        if as_json:
            out.json(card_facts(card))
        out.say(f"Off: {card.title}.")
        return Exit.DONE

    run_command(out, work)


@recipes.command("try")
def recipes_try(
    recipe: Annotated[str, typer.Argument(metavar="NAME", help="A recipe, if no --file is given.")] = "",
    file: Annotated[Path | None, typer.Option(help="Try this file instead; it is not kept.")] = None,
    days: Annotated[int, typer.Option(help="1 is yesterday; up to 30 days before today.")] = 1,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Show what a recipe would have done yesterday, for whom, and why not; nothing is written."""
    out = Out(as_json=as_json)
    text = _read(out, file) if file is not None else ""

    async def work(app: App) -> int:
        trial = await app.recipes.try_out(await app.bridges.bridge(name), recipe, text, days)
        if as_json:
            facts = {"start": trial.start, "end": trial.end, "note": trial.note}
            out.json(facts | {"lines": [asdict(line) for line in trial.lines]})
        elif trial.lines:
            out.people.print(_trial_table(trial))
        else:
            out.say("Nothing happened in that time that would have started it.")
        if trial.note:
            out.say(trial.note)
        return Exit.DONE

    run_command(out, work)


@recipes.command("add")
def recipes_add(file: RecipeFile, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Keep a recipe of your own under the name in it; it stays off until `recipes on`.

    Every problem of the file is told at once. One of the same name is replaced, and keeps its switch.
    """
    out = Out(as_json=as_json)
    text = _read(out, file)

    async def work(app: App) -> int:
        card = await app.recipes.save(await app.bridges.bridge(name), text)
        if as_json:
            out.json(card_facts(card))
        out.say(f"Kept: {card.title} ({'on' if card.enabled else 'off'}).")
        return Exit.DONE

    run_command(out, work)


@recipes.command("remove")
def recipes_remove(recipe: RecipeName, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Forget a recipe of your own; what it did stays among the firings."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        await app.recipes.remove(await app.bridges.bridge(name), recipe)
        if as_json:
            out.json({"name": recipe, "done": "removed"})
        out.say(f"Removed: {recipe}.")
        return Exit.DONE

    run_command(out, work)


@recipes.command("firings")
def recipes_firings(
    recipe: Annotated[str, typer.Option("--recipe", help="Of this recipe only.")] = "",
    count: Annotated[int, typer.Option(help="How many, the newest first.")] = 50,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Show what recipes did, or did not do, and why."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.recipes.firings(await app.bridges.bridge(name), recipe, count)
        if as_json:
            out.json([asdict(one) for one in found])
        elif found:
            out.people.print(_firings_table(found))
        else:
            out.say("No recipe has met its trigger yet.")
        return Exit.DONE

    run_command(out, work)


def card_facts(card: Card) -> dict[str, object]:
    """A recipe as JSON."""
    return {
        "name": card.name,
        "title": card.title,
        "sentence": card.sentence,
        "enabled": card.enabled,
        "built_in": card.built_in is not None,
        "a_recipe": card.a_recipe,
        "values": dict(card.values),
        "text": card.text,
        "problems": list(card.problems),
    }


def _pair(out: Out, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        out.fail(f"--set {text!r} has no value.", "Write NAME=VALUE, such as --set list=Buyers.")
        raise typer.Exit(Exit.WRONG_USE)
    return name.strip(), value.strip()


def _read(out: Out, file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        out.fail(f"The file {file} cannot be read: {error}.", "Give the name of a recipe file in UTF-8.")
        raise typer.Exit(Exit.WRONG_USE) from None


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _trial_table(trial: Trial) -> Table:
    table = _table("What it would have done", "When (UTC)", "Event", "Contact", "Would it", "What", "Why")
    for line in trial.lines:
        who = f"{line.name} {line.contact_id}".strip() or "not known"
        texts = (line.event, who, line.outcome, "\n".join(line.actions), line.reason)
        table.add_row(when(line.at), *map(escape, texts))
    return table


def _firings_table(found: list[Firing]) -> Table:
    table = _table("What recipes did", "When (UTC)", "Recipe", "Because of", "Contact", "State", "Why")
    for one in found:
        because = f"{one.context.get('on', '')} {one.context.get('mark', '')}".strip()
        texts = (one.recipe, because, one.contact_id, one.state, one.detail)
        table.add_row(when(one.at), *map(escape, texts))
    return table
