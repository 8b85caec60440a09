"""The commands that keep an installation well: backup, restore, master keys, how long history is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from landbridge.cli.frame import AsJson, BridgeName, guarded, run_command, settings_of
from landbridge.cli.output import Exit, Out, when

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.restoring import Restored
    from landbridge.store.rotation import KeyFacts

vault = typer.Typer(
    no_args_is_help=True,
    help="The master keys, which seal credentials and the list of opt-outs (docs/security.md). Keys by which"
    " programs call the API are another thing: `landbridge keys`.",
)


def backup(
    file: Annotated[
        Path, typer.Argument(help="Where the copy goes; a file that is there is not overwritten.")
    ],
    as_json: AsJson = False,
) -> None:
    """Copy the database into one file, also while `landbridge serve` runs; the copy is checked.

    The master key is NOT in it: keep the file `key`, or what LANDBRIDGE_KEY says, in another place. Without
    it neither credentials nor remembered opt-outs can be read, and `landbridge restore` refuses.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        facts = await app.upkeep.back_up(file)
        key = (
            "the file key in the home folder"
            if app.settings.key.get_secret_value() == ""
            else "LANDBRIDGE_KEY"
        )
        if as_json:
            out.json(
                {"file": str(file), "bytes": facts.size, "bridges": list(facts.bridges), "checked": True}
            )
        out.say(f"{file}: {facts.size / 1e6:,.1f} MB, {_many(len(facts.bridges), 'bridge')}, checked.")
        out.say(f"The master key is not in it: keep {key} in another place, or the copy cannot be used.")
        return Exit.DONE

    run_command(out, work)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `landbridge backup` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the database, which is kept beside it. Stop `landbridge serve` first.

    The first sync of each bridge afterwards reads both sides whole and believes nothing of what the backup
    says: what differs waits for you, and nobody is created, changed or deleted unasked. Opt-outs are carried
    all the same. Who was shut out since, and what was done since, is taken from the database that was there,
    if it can be read (docs/backup.md).
    """
    out = Out(as_json=as_json)
    settings = settings_of(out)

    async def inside() -> int:
        from landbridge.restoring import restore as put_back
        from landbridge.systems.base import RealClock

        done = await put_back(settings, file, RealClock())
        if as_json:
            kept = str(done.kept) if done.kept else None
            out.json(
                {
                    "bridges": list(done.facts.bridges),
                    "kept": kept,
                    "carried": done.carried,
                    "lost": list(done.lost),
                }
            )
        _tell(out, done)
        return Exit.DONE

    raise typer.Exit(guarded(out, inside))


def _tell(out: Out, done: Restored) -> None:
    bridges = _many(len(done.facts.bridges), "bridge")
    out.say(f"Restored: {bridges}. The newest run in the backup was at {when(done.facts.newest)} UTC.")
    if done.kept:
        out.say(f"The database that was there is kept as {done.kept.name}.")
    if done.carried:
        out.say(
            "People, keys, credentials, opt-outs and the journal stay as they were, not as in the backup."
        )
    else:
        out.say(
            "People and keys are as they were when the backup was made: look through `landbridge user list`"
            " and `landbridge keys list`. If HighLevel asks for it, connect it again."
        )
    for table in done.lost:
        out.say(
            f"Of {table} the backup's state stands: it could not be read from the database that was there."
        )
    out.say(
        "Next: `landbridge plan` shows what waits for you; `landbridge sync` writes nothing older over newer."
    )


@vault.command("status")
def vault_status(as_json: AsJson = False) -> None:
    """List the master keys by name, and how much is sealed with each; a name tells nothing of its key."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        found = await app.upkeep.keys()
        if as_json:
            out.json([asdict(one) for one in found])
        else:
            out.people.print(_keys_table(found))
        return Exit.DONE if all(one.here for one in found) else Exit.FAILED

    run_command(out, work)


@vault.command("rotate")
def vault_rotate(as_json: AsJson = False) -> None:
    """Make a new master key and seal everything with it; also while `landbridge serve` runs.

    The old key stays readable until `landbridge vault forget`. If it is cut off, run it again: it goes on.
    Where LANDBRIDGE_KEY gives the key, put a new one before the old one there, with a blank between, restart,
    and then run this.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        new = await app.upkeep.begin_rotation()
        sealed: Counter[str] = Counter()
        async for title, number in app.upkeep.seal_again():
            sealed[title] += number
        if as_json:
            out.json({"key": new.name, "sealed": dict(sealed)})
        for title, number in sealed.items():
            out.say(f"{title.capitalize()}: {number:,} sealed with the key {new.name}.")
        out.say(
            "Nothing needs an older key now. Make a backup and keep the new key beside your backups; then"
            " `landbridge vault forget` takes the older ones out of the key file. Older backups need them."
        )
        return Exit.DONE

    run_command(out, work)


@vault.command("forget")
def vault_forget(as_json: AsJson = False) -> None:
    """Take all master keys but the newest out of the key file; refused while anything needs one of them.

    Backups that were made before the rotation can be restored only with the key of that time.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        number = await app.upkeep.forget_old_keys()
        if as_json:
            out.json({"forgotten": number})
        out.say(f"Out of the key file: {_many(number, 'older key')}." if number else "There is no older key.")
        return Exit.DONE

    run_command(out, work)


def retention(
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget what is older now, as `serve` does daily.")
    ] = False,
    bridge: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Show how long history is kept, and how far back undo reaches; with --forget, forget what is older."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        chosen = await app.bridges.bridge(bridge)
        gone = await app.upkeep.history.prune() if forget else {}
        reach, kept = await app.upkeep.history.reach(chosen), app.upkeep.history.kept
        if as_json:
            out.json({"days": asdict(kept), "oldest_entry": reach.oldest, "forgotten": gone})
        out.say(
            f"Kept: journal and runs {kept.journal} days, webhooks {kept.inbox}, amounts {kept.ledger},"
            f" logins {kept.logins}."
        )
        if reach.oldest is not None:
            out.say(
                f"The oldest entry of the journal is of {when(reach.oldest)} UTC; undo reaches no further."
            )
        for name, number in gone.items():
            if number:
                out.say(f"Forgotten now: {name} {number:,}.")
        return Exit.DONE

    run_command(out, work)


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _keys_table(found: list[KeyFacts]) -> Table:
    table = Table(title="Master keys", title_justify="left")
    for column in ("Key", "Seals", "Sealed with it", "Here"):
        table.add_column(column)
    for one in found:
        here = "yes" if one.here else "no: put it back"
        table.add_row(one.name, "yes" if one.newest else "", f"{one.sealed:,}", here)
    return table
