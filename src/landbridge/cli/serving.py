"""The commands that keep running: the web page with its schedule, and the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from landbridge.app import App, open_app
from landbridge.cli.frame import guarded, settings_of
from landbridge.cli.output import Exit, Out
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.web.site import build_site


class Server(uvicorn.Server):
    """uvicorn that leaves signals to us: Ctrl-C ends the loop, and the durable engine continues later."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn's own signature is untyped
        """Capture none."""
        yield


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """The web page, up while the block runs; gives its address."""
    config = uvicorn.Config(
        build_site(app),
        host=app.settings.web_host,
        port=app.settings.web_port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    task = asyncio.ensure_future(server.serve())
    while not server.started:
        if task.done():
            break
        await asyncio.sleep(0.02)
    if task.done():
        task.result()
        raise OSError(f"Port {app.settings.web_port} is in use.")
    try:
        yield str(app.settings.public_url)
    finally:
        server.should_exit = True
        await task


def serve(out: Out, **overrides: object) -> int:
    """Serve until Ctrl-C or a termination signal."""
    settings = settings_of(out, **overrides)

    async def inside() -> int:
        async with open_app(settings) as app, serving(app) as address:
            out.say(f"Landbridge is at {address} (Ctrl-C stops it; a sync under way continues next time).")
            await app.keep_in_step()
        return Exit.DONE

    return guarded(out, inside)


def serve_sandbox(out: Out, *, port: int, people: int, seed: int, file: Path | None, quota: bool) -> int:
    """Run the sandbox until Ctrl-C."""
    highlevel = HighLevelConfig() if quota else HighLevelConfig(burst=0)

    async def inside() -> int:
        sandbox = Sandbox(SandboxConfig(seed=seed, people=people, file=file, highlevel=highlevel))
        await sandbox.start(port=port)
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
