"""``landbridge doctor``: one line a check, and the fix where it failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files

from rich.markup import escape

from landbridge.app import App
from landbridge.cli.output import Exit, Out
from landbridge.store.database import StoreFailure
from landbridge.systems.base import SystemFailure


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    well: bool
    sentence: str
    fix: str = ""


async def examine(out: Out, app: App) -> int:
    """Look at everything; the code tells whether all is well."""
    checks = [*_local(app)]
    for account in await app.accounts():
        name = f"{account.side.title}: {account.title}"
        checks.append(await _tried(name, lambda account=account: app.try_account(account)))  # type: ignore[misc]  # bound now
    if not await app.all_bridges():
        checks.append(
            Check(
                "Bridge",
                False,
                "There is no bridge yet.",
                "Connect both accounts, then `landbridge bridge create`.",
            )
        )
    if out.as_json:
        out.json([asdict(check) for check in checks])
    else:
        for check in checks:
            mark = "[green]ok[/]   " if check.well else "[red]fails[/]"
            out.people.print(f"{mark} {escape(check.name)}: {escape(check.sentence)}")
            if check.fix:
                out.people.print(f"      [bold]Fix:[/] {escape(check.fix)}")
    return Exit.DONE if all(check.well for check in checks) else Exit.FAILED


def _local(app: App) -> Iterator[Check]:
    """What opening the application has proved already, and the browser files."""
    yield Check("Home folder", True, f"{app.settings.home} is there and writable.")
    origin = (
        "LANDBRIDGE_KEY"
        if app.settings.key.get_secret_value()
        else f"{app.settings.home}/key, for its owner only"
    )
    yield Check("Key", True, f"Credentials are sealed with the key from {origin}.")
    yield Check("Database", True, "Open, and its schema is up to date.")
    vendor = files("landbridge.web").joinpath("static", "vendor")
    present = vendor.joinpath("htmx.min.js").is_file() and vendor.joinpath("pico.min.css").is_file()
    yield Check(
        "Browser files",
        present,
        "htmx and Pico are in the package." if present else "htmx and Pico are missing from the package.",
        "" if present else "Install Landbridge again; the build fetches them (docs/install.md).",
    )


async def _tried(name: str, attempt: Callable[[], Awaitable[str]]) -> Check:
    try:
        return Check(name, True, await attempt())
    except (SystemFailure, StoreFailure) as failure:
        return Check(name, False, failure.sentence, failure.fix)
