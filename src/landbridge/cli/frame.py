"""What all commands share: settings, the open application, and errors turned into a sentence and a code."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from landbridge.cli.output import Exit, Out
from landbridge.log_lines import prepare_log
from landbridge.settings import Settings, SettingsError, load_settings
from landbridge.sync.mapping import MappingError
from landbridge.sync.recipe_file import RecipeError
from landbridge.systems.base import NotConnected, ReconnectNeeded, SystemFailure, WrongCredentials

if TYPE_CHECKING:
    from landbridge.app import App  # slow to import, so only commands that need it do

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of tables.")]
BridgeName = Annotated[str, typer.Option("--bridge", help="Which bridge, when there are several.")]


def settings_of(out: Out, **overrides: object) -> Settings:
    """The settings in force, or the reasons why there are none."""
    try:
        settings = load_settings(os.environ, overrides)
    except SettingsError as error:
        out.fail(
            str(error),
            "Correct it where it stands; docs/settings.md lists every setting with what is allowed.",
        )
        raise typer.Exit(Exit.WRONG_USE) from None
    prepare_log(settings.log_level, settings.log_format, typer.get_text_stream("stderr"))
    return settings


def run_command(out: Out, work: Callable[[App], Awaitable[int]], **overrides: object) -> NoReturn:
    """Open the application, do the work, close it, and exit with its code."""
    settings = settings_of(out, **overrides)
    calm_collector()
    from landbridge.app import open_app

    async def inside() -> int:
        async with open_app(settings) as app:
            return await work(app)

    raise typer.Exit(guarded(out, inside))


def guarded(out: Out, work: Callable[[], Awaitable[int]]) -> int:
    """Run to the end; whatever goes wrong becomes one sentence, its fix and an exit code."""
    from sqlalchemy.exc import OperationalError

    from landbridge.store.database import StoreFailure

    try:
        return asyncio.run(_awaited(work))
    except (KeyboardInterrupt, asyncio.CancelledError):
        out.aside.print("Stopped. Nothing is half-written: the next `landbridge sync` continues.")
        return Exit.INTERRUPTED
    except (StoreFailure, SystemFailure) as failure:
        out.fail(failure.sentence, failure.fix)
        return code_of(failure)
    except OperationalError as error:
        out.fail(f"The database failed: {error.orig}.", "Free disk space, or end what locks it.")
        return Exit.FAILED
    except MappingError as error:
        mapping = "Correct the mapping file and run the command again (docs/mapping.md)."
        out.fail(str(error), error.fix if isinstance(error, RecipeError) else mapping)
        return Exit.WRONG_USE


def calm_collector() -> None:
    """Let the garbage collector look less often: a sync holds many small records and makes no cycles.

    Measured on a first sync of 10,000 contacts: a tenth of the time went into looking.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _awaited(work: Callable[[], Awaitable[int]]) -> int:
    """Like Ctrl-C, a termination signal ends the work in order: what was started is closed again."""
    task = asyncio.ensure_future(work())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def code_of(failure: Exception) -> Exit:
    """The exit code that fits a failure."""
    from landbridge.engine.answers import NotPossible
    from landbridge.systems.arguments import WrongArguments

    if isinstance(failure, NotPossible | WrongArguments):
        return Exit.WRONG_USE
    if isinstance(failure, NotConnected | ReconnectNeeded | WrongCredentials):
        return Exit.NOT_CONNECTED
    if "process is working" in str(failure):
        return Exit.BUSY
    return Exit.FAILED
