"""Headless Chromium by Playwright, for pictures and for what only a browser can tell."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from playwright.async_api import Browser, CDPSession, Dialog, Page, Request, async_playwright, expect
from starlette.types import ASGIApp

__all__ = ["Browser", "Tab", "chromium", "new_tab", "serving"]

PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)  # a busy machine is no failure


class Tab:
    """One page; ``complaints`` gathers script errors, refused content, everything on the console, dialogs,
    and requests to any host but those that were opened or are in ``hosts``.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("dialog", self._dialog)
        page.on("request", self._request)

    async def listen(self, devtools: CDPSession) -> None:
        """Hear the console, and what the browser's own audits find, among it what the policy refused."""
        for event in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            devtools.on(event, lambda told: self.complaints.append(str(told)))
        devtools.on("Audits.issueAdded", lambda told: self.complaints.append(str(told["issue"])))
        for domain in ("Runtime", "Log", "Audits"):
            await devtools.send(f"{domain}.enable")

    async def open(self, address: str, *, width: int = 1440, height: int = 1000, dark: bool = False) -> int:
        """Go there, and wait until it is loaded; the status of the answer."""
        self.hosts.add(urlsplit(address).netloc)
        await self.look(width=width, height=height, dark=dark)
        answer = await self.page.goto(address, wait_until="load")
        assert answer is not None
        return answer.status

    async def log_in(self, address: str, cookie: tuple[str, str]) -> None:
        """As somebody whose name and value of the cookie these are."""
        name, value = cookie
        await self.page.context.add_cookies([{"name": name, "value": value, "url": address}])

    async def log_out(self) -> None:
        """As nobody."""
        await self.page.context.clear_cookies()

    async def look(self, *, width: int = 1440, height: int = 1000, dark: bool = False) -> None:
        """The same page in another window, or by other light."""
        await self.page.set_viewport_size({"width": width, "height": height})
        await self.page.emulate_media(color_scheme="dark" if dark else "light")

    async def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        return await self.page.evaluate(script)

    async def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the page: all of it, or what fits the window."""
        return await self.page.screenshot(full_page=whole, animations="disabled", caret="hide")

    async def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"A dialog: {dialog.message}")
        await dialog.dismiss()

    def _request(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme in ("http", "https", "ws", "wss", "ftp") and asked.netloc not in self.hosts:
            self.complaints.append(f"A request to another host: {request.url}")


@contextlib.asynccontextmanager
async def chromium(path: str) -> AsyncIterator[Browser]:
    """The browser at this path, up while the block runs."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def new_tab(browser: Browser, *, scripts: bool = True) -> AsyncIterator[Tab]:
    """A tab of a profile of its own that is thrown away; ``scripts`` off as some people have it."""
    context = await browser.new_context(java_script_enabled=scripts, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = await context.new_page()
        tab = Tab(page)
        await tab.listen(await context.new_cdp_session(page))
        yield tab
    finally:
        await context.close()


@contextlib.asynccontextmanager
async def serving(site: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """The site on a port of this machine, a free one if none is named; gives its address."""
    server = uvicorn.Server(uvicorn.Config(site, port=port, log_level="error", lifespan="off", ws="none"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    loop = asyncio.ensure_future(server.main_loop())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await loop
        await server.shutdown()
