"""``landbridge doctor``: one line a check, and the fix where it failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.markup import escape
from sqlalchemy.exc import DBAPIError

from landbridge.app import open_app
from landbridge.checks import FAILS, NOTE, OK, Check, machine_checks
from landbridge.checkup import broken
from landbridge.cli.frame import guarded, settings_of
from landbridge.cli.output import Exit, Out
from landbridge.settings import Settings
from landbridge.store.database import StoreFailure

_MARKS = {OK: "[green]ok[/]   ", NOTE: "[yellow]note[/] ", FAILS: "[red]fails[/]"}


def examine(out: Out, *, online: bool) -> int:
    """Look at everything; the code tells whether something has to be mended."""
    settings = settings_of(out)

    async def inside() -> int:
        checks = await _looked(settings, online=online)
        _show(out, checks)
        return Exit.DONE if all(check.well for check in checks) else Exit.FAILED

    return guarded(out, inside)


async def _looked(settings: Settings, *, online: bool) -> list[Check]:
    """Also of an installation that cannot be opened: then of the machine, and why not."""
    before = list(machine_checks(settings))  # opening makes the folder and the key
    try:
        async with open_app(settings) as app:
            return await app.operating.checkup.look(online=online)
    except StoreFailure as failure:
        return [*before, Check("Start", FAILS, failure.sentence, failure.fix)]
    except DBAPIError as error:
        return [*before, broken(error)]


def _show(out: Out, checks: Sequence[Check]) -> None:
    if out.as_json:
        out.json([asdict(check) | {"well": check.well} for check in checks])
        return
    for check in checks:
        out.people.print(f"{_MARKS[check.state]} {escape(check.name)}: {escape(check.sentence)}")
        if check.fix:
            out.people.print(f"      [bold]Fix:[/] {escape(check.fix)}")
