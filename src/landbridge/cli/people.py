"""The commands about single contacts: holds and their answers, lists, pauses, the journal, and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out, run_facts, when
from landbridge.sync.reasons import HELD

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.desk import Question
    from landbridge.engine.roster import Contact, Listing
    from landbridge.engine.undo import UndoLine
    from landbridge.store.journal import Entry

BY = "the command line"
ACTIONS = (
    "use-highlevel and use-rezora (that side's value stands), edit (a value of yours), ignore (let both be),"
    " link (one person), apart (two people), keep, delete or create (after a delete), retry,"
    " out (the opt-out stands), allow (the person asked for e-mail again)"
)

holds = typer.Typer(
    no_args_is_help=True,
    help="What waits for you, and your answers.\n\nNothing of a hold is touched until you answer. An answer"
    " is carried out by the next sync, so `landbridge plan` shows it first.",
)
contacts = typer.Typer(
    no_args_is_help=True,
    help="Contacts by where they stand, each with its reason; pause one, or bring a deleted one back.",
)

HoldId = Annotated[int, typer.Argument(metavar="ID", help="The number that `holds list` shows.")]
RecordId = Annotated[str, typer.Argument(metavar="ID", help="A HighLevel or a Rezora id of the contact.")]


@holds.command("list")
def holds_list(
    name: BridgeName = "",
    cause: Annotated[str, typer.Option(help="Only holds of this cause, such as both_changed.")] = "",
    limit: Annotated[int, typer.Option(help="How many at most, the oldest first.")] = 200,
    as_json: AsJson = False,
) -> None:
    """List what waits for you, with both values and the answers it takes."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.holds(await app.bridges.bridge(name), cause, limit)
        if as_json:
            out.json([question_facts(question) for question in found])
        elif found:
            out.people.print(_holds_table(found))
        else:
            out.say("Nothing waits for you.")
        return Exit.DONE

    run_command(out, work)


@holds.command("show")
def holds_show(hold_id: HoldId, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Show one hold with what it means and what you can answer."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        question = await app.hold(await app.bridges.bridge(name), hold_id)
        if as_json:
            out.json(question_facts(question))
        hold, reason = question.hold, HELD[question.hold.cause]
        out.say(f"{reason.title}{f': {hold.rule}' if hold.rule else ''}. {reason.sentence}")
        who = hold.highlevel_id or "nothing", hold.rezora_id or "nothing"
        out.say(f"  {hold.name or 'Contact'}: HighLevel {who[0]}, Rezora {who[1]}")
        out.say(f"  HighLevel shows: {hold.highlevel_shows or 'nothing'}")
        out.say(f"  Rezora shows:    {hold.rezora_shows or 'nothing'}")
        if hold.detail:
            out.say(f"  {hold.detail}")
        out.say(f"  What to do: {reason.fix}")
        if question.actions:
            out.say(f"  Answers: {', '.join(question.actions)}")
        if question.decided:
            out.say(f"  Answered already: {question.decided}; the next sync carries it out.")
        return Exit.DONE

    run_command(out, work)


@holds.command("resolve", help=f"Answer one hold; `holds show ID` lists the answers it takes.\n\n{ACTIONS}.")
def holds_resolve(
    hold_id: HoldId,
    action: Annotated[str, typer.Argument(help="Your answer.")],
    value: Annotated[str, typer.Option(help="With edit: the value for both sides.")] = "",
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Answer one hold."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        question = await app.resolve(await app.bridges.bridge(name), hold_id, action, value, by=BY)
        if as_json:
            out.json(question_facts(question))
        out.say(f"Noted: {action}. `landbridge plan` shows what the next sync makes of it.")
        return Exit.DONE

    run_command(out, work)


@holds.command("resolve-all")
def holds_resolve_all(
    cause: Annotated[str, typer.Argument(help="The cause, such as both_changed (docs/errors.md).")],
    action: Annotated[str, typer.Argument(help="The same answer for each.")],
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Give every open hold of one cause the same answer; edit and allow speak of one person only."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        done = await app.resolve_all(await app.bridges.bridge(name), cause, action, by=BY)
        if as_json:
            skipped = {str(hold): why for hold, why in done.skipped.items()}
            out.json({"done": done.done, "skipped": skipped})
        out.say(f"{done.done:,} holds answered, {len(done.skipped):,} left as they are.")
        for hold, why in list(done.skipped.items())[:20]:
            out.say(f"  {hold}: {why}")
        return Exit.DONE

    run_command(out, work)


@contacts.command("list")
def contacts_list(
    standing: Annotated[
        str, typer.Option(help="in-sync, left-out, held or waiting; together these are everybody.")
    ],
    after: Annotated[str, typer.Option(help="What the page before said; 100 contacts a page.")] = "",
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """List contacts by where they stand, each with its reason and what to do about it."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        listing = await app.contacts(await app.bridges.bridge(name), standing, after)
        if as_json:
            facts = {"standing": listing.standing, "total": listing.total, "following": listing.following}
            out.json(facts | {"contacts": [contact_facts(one) for one in listing.contacts]})
        else:
            out.people.print(_contacts_table(listing))
        return Exit.DONE

    run_command(out, work)


@contacts.command("pause")
def contacts_pause(
    record_id: RecordId,
    note: Annotated[str, typer.Option(help="Why, for whoever looks at it later.")] = "",
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Take a contact out of the sync; nothing but an opt-out is carried for it."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        await app.pause(await app.bridges.bridge(name), record_id, note)
        return _noted(out, record_id, "paused", "Paused. `landbridge contacts resume ID` puts it back.")

    run_command(out, work)


@contacts.command("resume")
def contacts_resume(record_id: RecordId, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Put a paused contact back; the next sync carries what was edited meanwhile."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        await app.resume(await app.bridges.bridge(name), record_id)
        return _noted(out, record_id, "resumed", "Resumed. The next sync carries what was edited meanwhile.")

    run_command(out, work)


@contacts.command("again")
def contacts_again(record_id: RecordId, name: BridgeName = "", as_json: AsJson = False) -> None:
    """Let the next sync create a contact anew on the side where it was deleted; ID is what is left."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        await app.again(await app.bridges.bridge(name), record_id)
        return _noted(out, record_id, "again", "Noted. The next sync creates it anew.")

    run_command(out, work)


def undo(
    entry: Annotated[int, typer.Option(help="One entry of `landbridge journal`.")] = 0,
    field: Annotated[str, typer.Option(help="With --entry: one field of it.")] = "",
    record: Annotated[str, typer.Option(help="Everything written to this record.")] = "",
    run: Annotated[int, typer.Option(help="Everything that this run wrote.")] = 0,
    created: Annotated[
        bool, typer.Option("--created", help="Delete created contacts again, if untouched since.")
    ] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would happen.")] = False,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Put back what Landbridge wrote, newest first, where the record still shows exactly that.

    An edit made since stays, and is told with its reason; an opt-out is never undone. A value that was put
    back is not carried again: it waits for you as a hold. Look with --preview first.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        from landbridge.engine.undo import UndoOrder

        order = UndoOrder(entry, field, record, run, created)
        chosen = await app.bridges.bridge(name)
        made = await app.undo(chosen, order, cause="command", preview=preview)
        if as_json:
            out.json(run_facts(made.run) | {"lines": [line_facts(line) for line in made.lines]})
        else:
            out.people.print(_undo_table(made.lines))
        if made.run.state != "done" and not as_json:
            out.fail(made.run.sentence, made.run.fix)
        failed = made.run.state != "done" or any(line.outcome == "failed" for line in made.lines)
        return Exit.FAILED if failed else Exit.DONE

    run_command(out, work)


def journal(
    count: Annotated[int, typer.Option(help="How many entries, the newest first.")] = 50,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Show what was done, with the number of each entry for `landbridge undo --entry`."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        from landbridge.engine.journal_book import facts_of

        entries = await app.journal(await app.bridges.bridge(name), count)
        if as_json:
            out.json([facts_of(each) for each in entries])
        else:
            out.people.print(_journal_table(entries))
        return Exit.DONE

    run_command(out, work)


def question_facts(question: Question) -> dict[str, object]:
    """A hold as JSON."""
    hold = question.hold
    return {
        "id": hold.id,
        "cause": hold.cause,
        "highlevel_id": hold.highlevel_id,
        "rezora_id": hold.rezora_id,
        "name": hold.name,
        "field": hold.rule,
        "highlevel_shows": hold.highlevel_shows,
        "rezora_shows": hold.rezora_shows,
        "detail": hold.detail,
        "opened_at": hold.opened_at,
        "fix": HELD[hold.cause].fix,
        "actions": list(question.actions),
        "decided": question.decided,
    }


def contact_facts(contact: Contact) -> dict[str, object]:
    """A contact of a list as JSON."""
    return {
        "highlevel_id": contact.highlevel_id,
        "rezora_id": contact.rezora_id,
        "name": contact.name,
        "cause": contact.cause,
        "reason": contact.reason.sentence,
        "fix": contact.reason.fix,
    }


def line_facts(line: UndoLine) -> dict[str, object]:
    """A line of an undo as JSON."""
    return {
        "entry": line.entry_id,
        "side": line.side.value,
        "record": line.record_id,
        "what": line.what,
        "before": dict(line.before),
        "after": dict(line.after),
        "outcome": line.outcome,
        "reason": line.reason,
    }


def _noted(out: Out, record_id: str, done: str, sentence: str) -> int:
    if out.as_json:
        out.json({"id": record_id, "done": done})
    out.say(sentence)
    return Exit.DONE


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _holds_table(found: list[Question]) -> Table:
    table = _table("Waiting for you", "ID", "Contact", "Why", "HighLevel shows", "Rezora shows", "Answers")
    for question in found:
        hold = question.hold
        why = f"{HELD[hold.cause].title}: {hold.rule}" if hold.rule else HELD[hold.cause].title
        who = hold.name or hold.highlevel_id or hold.rezora_id
        answers = f"answered: {question.decided}" if question.decided else ", ".join(question.actions)
        shown = (hold.highlevel_shows, hold.rezora_shows)
        table.add_row(str(hold.id), *map(escape, (who, why, *shown)), answers or "–")
    return table


def _contacts_table(listing: Listing) -> Table:
    more = f"; the next page: --after {listing.following}" if listing.following else ""
    title = f"{len(listing.contacts):,} of {listing.total:,} contacts{more}"
    table = _table(title, "HighLevel", "Rezora", "Name", "Why", "What to do")
    for one in listing.contacts:
        reason = one.reason
        table.add_row(one.highlevel_id, one.rezora_id, escape(one.name), reason.title, escape(reason.fix))
    return table


def _undo_table(lines: list[UndoLine]) -> Table:
    table = _table("Undo, newest first", "Entry", "Where", "What", "Shows", "Goes back to", "Outcome")
    for line in lines:
        where, outcome = f"{line.side.title} {line.record_id}", f"{line.outcome}. {line.reason}".strip()
        values = (", ".join(shown.values()) for shown in (line.before, line.after))
        table.add_row(str(line.entry_id), *map(escape, (where, line.what, *values, outcome)))
    return table


def _journal_table(entries: list[Entry]) -> Table:
    table = _table(
        "Journal", "Entry", "Run", "When (UTC)", "Action", "Where", "What", "Before", "After", "Note"
    )
    for each in entries:
        values = (", ".join(shown.values()) for shown in (each.before, each.after))
        where = f"{each.side.title} {each.record_id}"
        texts = map(escape, (each.action, where, each.rule, *values, each.note))
        table.add_row(str(each.id), str(each.run_id or "–"), when(each.at), *texts)
    return table
