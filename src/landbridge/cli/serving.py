"""The commands that keep running: the web page with its schedule, and the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from landbridge.app import App, open_app
from landbridge.cli.frame import calm_collector, guarded, settings_of
from landbridge.cli.output import Exit, Out
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.store.database import StoreFailure
from landbridge.web.login import code_needed
from landbridge.web.site import build_site


class Server(uvicorn.Server):
    """uvicorn that leaves signals to us: Ctrl-C ends the loop, and the durable engine continues later."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn's own signature is untyped
        """Capture none."""
        yield


async def _until_stopped(server: Server) -> None:
    """uvicorn ends the process when its port is taken; here it only ends itself."""
    with contextlib.suppress(SystemExit):
        await server.serve()


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """The web page, up while the block runs; gives its address."""
    config = uvicorn.Config(
        build_site(app),
        host=app.settings.web_host,
        port=app.settings.web_port,
        log_level="warning",
        access_log=False,  # addresses of calendars are secrets
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    task = asyncio.ensure_future(_until_stopped(server))
    while not server.started and not task.done():  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.02)
    if task.done():
        raise port_taken(app.settings.web_port)
    try:
        yield str(app.settings.public_url)
    finally:
        server.should_exit = True
        await task


def port_taken(port: int) -> StoreFailure:
    """Somebody else listens there."""
    return StoreFailure(f"Port {port} is in use.", "Stop the other program, or choose another --port.")


def serve(out: Out, **overrides: object) -> int:
    """Serve until Ctrl-C or a termination signal."""
    settings = settings_of(out, **overrides)
    calm_collector()

    async def inside() -> int:
        async with open_app(settings) as app, serving(app) as address:
            out.say(f"Landbridge is at {address} (Ctrl-C stops it; a sync under way continues next time).")
            if await app.people.nobody_yet():
                code = f" and type the set-up code {app.setup_code()}" if code_needed(settings) else ""
                out.say(f"Nobody can log in yet: open it{code} to make the owner.")
            await app.keep_in_step()
        return Exit.DONE

    return guarded(out, inside)


def serve_sandbox(out: Out, config: SandboxConfig, port: int) -> int:
    """Run the sandbox until Ctrl-C."""

    async def inside() -> int:
        sandbox = Sandbox(config)
        try:
            await sandbox.start(port=port)
        except OSError as error:
            raise port_taken(port) from error
        print(f"Sandbox ready at {sandbox.url}", flush=True)  # scripts wait for this line
        out.say(f"  HighLevel API  {sandbox.highlevel_url}")
        out.say(f"  Rezora API     {sandbox.rezora_url}/v1")
        out.say(f"  Drive it       {sandbox.url}/_sandbox/ (docs/sandbox.md)")
        try:
            await asyncio.Event().wait()
        finally:
            await sandbox.stop()
        return Exit.DONE

    return guarded(out, inside)
