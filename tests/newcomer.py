"""Somebody who sees Landbridge for the first time: from the first page to a live bridge, in a real browser.

``make newcomer`` runs it with 2,000 contacts, against the commands that people start: ``landbridge sandbox``
and ``landbridge serve``. Clicks, fields and seconds are counted; a person's own time is not. ``MOST_CLICKS``
and ``MOST_SECONDS`` are the limits. No quota is in force, so that the machine is measured and not how long it
has to wait: with 100 calls in 10 seconds, 2,000 contacts take as many minutes as that allows.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.rezora import RezoraConfig
from provide_browser import Machine, NoBrowserError, provide
from web_browser import Browser, chromium, new_tab

MOST_CLICKS, MOST_SECONDS = 14, 180.0
EMAIL, PASSWORD = "nora@example.com", "river anvil candle moss"
SYNC_MS = 600_000.0  # longer than anybody should wait; the limit is checked afterwards


@dataclass(slots=True)
class Newcomer:
    """Clicks and types like a person, and counts; ``folder`` gets a picture of every page that was seen."""

    page: Page
    folder: Path | None = None
    clock: Callable[[], float] = time.monotonic
    clicks: int = 0
    fields: int = 0
    steps: list[tuple[str, float]] = field(default_factory=list)  # what was done, and how long that took

    @property
    def seconds(self) -> float:
        """How long the machine took for all of it."""
        return sum(seconds for _, seconds in self.steps)

    async def open(self, address: str) -> None:
        """Type an address into the browser."""
        await self._timed("open the first page", self.page.goto(address))

    async def click(self, name: str, role: str = "button") -> None:
        """Press what has this name; waits for the page that follows."""
        self.clicks += 1
        found = self.page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]  # a role by its name
        await self._timed(f"press “{name}”", self._press(found))

    async def type(self, label: str, text: str) -> None:
        """Fill in a field."""
        self.fields += 1
        await self.page.get_by_label(label, exact=True).fill(text)

    async def sees(self, text: str, what: str = "", patience_ms: float = 20_000) -> None:
        """Wait until the page says so, however it gets there by itself."""
        found = self.page.get_by_text(text, exact=True).first
        await self._timed(what or f"see “{text}”", expect(found).to_be_visible(timeout=patience_ms))

    async def sees_that_it_goes_on(self) -> None:
        """The first look at the page of the bridge: it must not seem to wait for somebody."""
        badge = await self.page.locator(".badge").first.inner_text()
        assert badge in {"Starting", "Syncing", "Up to date"}, f"after “Switch on” the page says “{badge}”"

    async def _press(self, found: Locator) -> None:
        await found.click()
        await self.page.wait_for_load_state("load")

    async def _timed(self, what: str, work: Awaitable[object]) -> None:
        started = self.clock()
        await work
        self.steps.append((what, self.clock() - started))
        if self.folder is not None:
            name = re.sub(r"\W+", "-", what).strip("-")
            picture = await self.page.screenshot(full_page=True)
            file = self.folder / f"{len(self.steps):02d}-{name}.png"
            await asyncio.to_thread(file.write_bytes, picture)


async def set_up(one: Newcomer, address: str) -> None:
    """The shortest way: what is offered is taken."""
    login = RezoraConfig()
    await one.open(address)
    await one.type("Your name", "Nora Newcomer")
    await one.type("E-mail", EMAIL)
    await one.type("Password", PASSWORD)
    await one.click("Go on")
    await one.click("Connect HighLevel, read and write")
    await one.click("Allow")  # on HighLevel's own page
    await one.sees("Connected: Harbor Street Realty")
    await one.click("Go on")
    await one.type("API user name", login.username)
    await one.type("API password", login.password)
    await one.click("Connect Rezora")
    await one.click("Go on")
    await one.click("Go on")
    await one.click("Go on, and start the test sync")
    await one.sees("What a sync would do", "wait for the test sync", SYNC_MS)
    await one.click("Go on")
    await one.click("Sync these, and read them back")
    await one.sees("5 contacts written, and everything is there as it was planned.", "wait for the five")
    await one.click("Go on")
    await one.click("Switch on")
    await one.sees_that_it_goes_on()
    await one.sees("Up to date", "wait for the first sync", SYNC_MS)


@asynccontextmanager
async def programs(home: Path, people: int) -> AsyncIterator[tuple[str, str]]:
    """The sandbox and a new Landbridge as two programs; gives the addresses of both."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LANDBRIDGE_")}
    asked = ("sandbox", "--port", "0", "--no-quota", "--people", str(people))
    async with _program(asked, environment) as sandbox:
        _write_settings(home, sandbox)
        async with _program(("serve",), environment | {"LANDBRIDGE_HOME": str(home)}) as address:
            yield address, sandbox


@asynccontextmanager
async def _program(arguments: Sequence[str], environment: dict[str, str]) -> AsyncIterator[str]:
    """One command of ours, until the block ends; gives the address that it prints."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "landbridge", *arguments, env=environment, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert program.stdout is not None
    told, reading = [], None
    try:
        while line := (await program.stdout.readline()).decode():
            told.append(line)
            if found := re.search(r"http://[\w.:\[\]]+\d", line):
                reading = asyncio.ensure_future(program.stdout.read())  # or it stops when the pipe is full
                yield found.group()
                return
        raise AssertionError(f"landbridge {arguments[0]} did not start:\n{''.join(told)}")
    finally:
        if program.returncode is None:
            program.terminate()
        await program.wait()
        if reading is not None:
            await reading


def _write_settings(home: Path, sandbox: str) -> None:
    app = HighLevelConfig()
    settings: dict[str, object] = {
        "highlevel_api_url": f"{sandbox}/highlevel",
        "highlevel_authorise_url": f"{sandbox}/highlevel/v2/oauth/chooselocation",
        "highlevel_client_id": app.client_id,
        "highlevel_client_secret": app.client_secret,
        "rezora_api_url": f"{sandbox}/rezora/v1",
        "highlevel_quota_burst": 0,
        "rezora_quota_burst": 0,
        "web_port": free_port(),
    }
    home.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
    (home / "landbridge.toml").write_text("".join(lines), encoding="utf-8")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def newcomer(browser: Browser, home: Path, people: int, folder: Path | None = None) -> Newcomer:
    """The whole way; whoever asks checks what was counted."""
    async with programs(home, people) as (address, _), new_tab(browser) as tab:
        one = Newcomer(tab.page, folder)
        await set_up(one, address)
    return one


async def main(people: int, folder: Path) -> int:
    """Tell what it took; 1 where that was too much."""
    try:
        path = provide(Machine())
    except NoBrowserError as missing:
        print(missing)
        return 1
    with tempfile.TemporaryDirectory() as home:
        async with chromium(path) as browser:
            one = await newcomer(browser, Path(home), people, folder)
    for what, seconds in one.steps:
        print(f"{seconds:8.1f} s  {what}")
    print(
        f"{people:,} contacts: {one.clicks} clicks (at most {MOST_CLICKS}), {one.fields} fields,"
        f" {one.seconds:.1f} s of the machine's time (at most {MOST_SECONDS:.0f}). Pictures: {folder}"
    )
    return 0 if one.clicks <= MOST_CLICKS and one.seconds <= MOST_SECONDS else 1


if __name__ == "__main__":
    parser = ArgumentParser(description="From the first page to live, as somebody new to it.")
    parser.add_argument("--people", type=int, default=2_000, help="contacts in HighLevel")
    parser.add_argument("--pictures", type=Path, default=Path(".newcomer"), help="a folder for pictures")
    chosen = parser.parse_args()
    chosen.pictures.mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(main(chosen.people, chosen.pictures)))
