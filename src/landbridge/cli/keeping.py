"""The commands about a bridge as a whole: rename, pause, its data, erasing a person, disconnecting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landbridge.cli.frame import AsJson, BridgeName, run_command
from landbridge.cli.output import Exit, Out
from landbridge.cli.people import BY, contacts
from landbridge.sync.model import Side

if TYPE_CHECKING:  # only for types: they bring the whole engine with them
    from landbridge.app import App
    from landbridge.engine.erasure import Erasure


def rename(
    new: Annotated[str, typer.Argument(help="The new name.")], name: BridgeName = "", as_json: AsJson = False
) -> None:
    """Give a bridge another name."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        made = await app.bridge_settings.rename(await app.bridges.bridge(name), new)
        if as_json:
            out.json({"bridge": made.name})
        out.say(f"The bridge is called {made.name!r} now.")
        return Exit.DONE

    run_command(out, work)


def pause(name: BridgeName = "", as_json: AsJson = False) -> None:
    """Let nothing start on a bridge: no sync, no live work, no recipe.

    What is under way runs to its end. Webhooks are still received, opt-outs among them, and looked at when
    the bridge is resumed; until then no opt-out is carried to the other system.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        from landbridge.engine.pausing import why_stopped

        made = await app.bridge_settings.pause(await app.bridges.bridge(name), by=BY)
        if as_json:
            out.json({"bridge": made.name, "paused_at": made.paused_at, "paused_by": made.paused_by})
        out.say(" ".join(why_stopped(made)))
        return Exit.DONE

    run_command(out, work)


def resume(name: BridgeName = "", as_json: AsJson = False) -> None:
    """Let a paused bridge run again; `landbridge serve` carries what came meanwhile, opt-outs first."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        made = await app.bridge_settings.resume(await app.bridges.bridge(name))
        if as_json:
            out.json({"bridge": made.name, "paused_at": made.paused_at})
        out.say(f"The bridge {made.name!r} runs again.")
        return Exit.DONE

    run_command(out, work)


def data_export(
    file: Annotated[Path, typer.Argument(help="Where to write the archive, a .zip file.")],
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Write all that is stored of a bridge into a zip of tables; no secret is in it, people's data is."""
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge = await app.bridges.bridge(name)
        try:
            with file.open("xb") as target:
                async for piece in app.bridge_settings.archive.chunks(bridge):
                    target.write(piece)
        except FileExistsError:
            out.fail(f"The file {file} is there already.", "Choose another name, or remove it first.")
            return Exit.WRONG_USE
        except OSError as error:
            out.fail(f"The file {file} cannot be written: {error.strerror}.", "Choose another place.")
            return Exit.FAILED
        if as_json:
            out.json({"file": str(file), "bytes": file.stat().st_size})
        out.say(f"Written to {file}: {file.stat().st_size:,} bytes. It holds data of people; keep it so.")
        return Exit.DONE

    run_command(out, work)


@contacts.command("erase")
def contacts_erase(
    who: Annotated[str, typer.Argument(metavar="WHO", help="An id on either side, or an e-mail address.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase; without it only what would go is shown.")
    ] = False,
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Erase a person here: all that is kept of them but an opt-out, which stays as a hash.

    The contact in HighLevel and in Rezora is not touched, and is read again by the next sync unless it is
    deleted there first or outside the scope.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        bridge, eraser = await app.bridges.bridge(name), app.bridge_settings.eraser
        found = await eraser.preview(bridge, who)
        if yes and len(found) > 1:
            out.fail("Several people have this address.", "Name one of them by id.")
            return Exit.WRONG_USE
        told = [await eraser.erase(bridge, found[0].record_id, by=BY)] if yes else found
        if as_json:
            out.json([_facts(one) | {"erased": yes} for one in told])
        for one in told:
            _tell(out, one, erased=yes)
        return Exit.DONE

    run_command(out, work)


def disconnect(
    side: Annotated[Side, typer.Argument(help="highlevel or rezora.")],
    confirm: Annotated[str, typer.Option(help="The name of the bridge, to confirm.")],
    name: BridgeName = "",
    as_json: AsJson = False,
) -> None:
    """Destroy the stored credential of an account; the bridge stops until it is connected again.

    Links, journal and opt-outs stay, so connecting again goes on where it was and nobody is created twice.
    """
    out = Out(as_json=as_json)

    async def work(app: App) -> int:
        made = await app.bridge_settings.disconnect(await app.bridges.bridge(name), side, confirm, by=BY)
        if as_json:
            out.json({"sentence": made.sentence, "fix": made.fix})
        out.say(made.sentence)
        out.say(made.fix)
        return Exit.DONE

    run_command(out, work)


def _tell(out: Out, one: Erasure, *, erased: bool) -> None:
    ids = ", ".join(f"{side.title} {key}" for side, key in one.ids.items())
    out.say(f"{'Erased' if erased else 'Would be erased'}: {ids}")
    for title, count in one.rows.items():
        out.say(f"  {count:,}: {title}")
    if one.remembered:
        out.say("  The opt-out stays, as a hash that says nothing by itself.")
    out.say(
        "Nothing was changed in HighLevel or Rezora: delete the contact there too, else it is read again."
        if erased
        else "Nothing was removed yet: add --yes."
    )


def _facts(one: Erasure) -> dict[str, object]:
    ids = {f"{side.value}_id": one.ids.get(side, "") for side in Side}
    return {**ids, "rows": dict(one.rows), "opt_out_stays": one.remembered}
