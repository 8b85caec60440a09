"""The wizard beside a sandbox, and a person who walks through it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp

from landbridge.app import App, open_app
from landbridge.engine.durable import Plain
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.rezora import RezoraConfig
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.web.site import build_site
from landbridge_rig import QuickClock, counted, settings_for
from web_client import Answer, Client, Page

OWNER = {"name": "Ada", "email": "ada@example.org", "password": "four unrelated words here"}
LOGIN = {"username": RezoraConfig().username, "password": RezoraConfig().password}


@dataclass
class Walk:
    """A person at the wizard; ``clicks`` are those of links, buttons and of the consent page."""

    app: App
    sandbox: Sandbox
    client: Client
    at: str = "/"
    clicks: list[str] = field(default_factory=list)
    answer: Answer | None = None

    @property
    def page(self) -> Page:
        """What is on the screen."""
        assert self.answer is not None
        return self.answer.page

    @property
    def words(self) -> str:
        """All of its text."""
        return self.page.text

    async def open(self, path: str) -> Page:
        """Go to an address, and wherever it leads."""
        self.at, self.answer = path, await self.client.get(path)
        return await self._landed()

    async def press(self, label: str, **typed: str) -> Page:
        """Press a button or a link that is on the page: the one with this label."""
        self.clicks.append(label)
        assert self.answer is not None
        form = _form_of(self.answer.text, label)
        if form is None:
            return await self._follow(_link_of(self.answer.text, label))
        action, fields = form
        body = urlencode([*[pair for pair in fields if pair[0] not in typed], *typed.items()])
        sent = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        self.at = action
        self.answer = await self.client.ask("POST", action, body.encode(), sent)
        return await self._landed()

    async def until(self, words: str) -> Page:
        """Look again until the page says so; the background work takes its turns meanwhile."""
        for _ in range(2_000):
            await self.open(self.at)
            if words in self.words:
                return self.page
            await asyncio.sleep(0.01)  # the sandbox answers over a socket
        raise AssertionError(f"the page never said {words!r}:\n{self.words}")

    def mutating(self) -> int:
        """Calls so far that can change something."""
        return counted(self.sandbox, "mutating", mutating=True, actor="api")

    async def _landed(self) -> Page:
        while self.answer is not None and self.answer.status in (302, 303):
            self.at = self.answer.headers["location"]
            self.answer = await self.client.get(self.at)
        return self.page

    async def _follow(self, target: str) -> Page:
        if not target.startswith("/connect/highlevel"):
            return await self.open(target)
        self.answer = await self.client.get(target)
        if self.answer.status != 303:
            return self.page
        url = self.answer.headers["location"]
        self.clicks.append("Allow")  # on HighLevel's own page, where the sandbox's only location is chosen
        return await self.open(await consent(url))


async def consent(url: str) -> str:
    """What a person does on the consent page; the address that the browser comes back to."""
    async with aiohttp.ClientSession() as browser:
        async with browser.get(url) as shown:
            page = await shown.text()
        action = re.search(r'<form[^>]*action="([^"]*)"', page)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        answers = {name: unescape(value) for name, value in fields.items()} | {"decision": "allow"}
        target = urljoin(url, unescape(action.group(1)) if action else "")
        async with browser.post(target, data=answers, allow_redirects=False) as back:
            found = urlsplit(back.headers["Location"])
    return f"{found.path}?{found.query}"


def _form_of(text: str, label: str) -> tuple[str, list[tuple[str, str]]] | None:
    """The form whose button has this label: where it goes, and what is in it."""
    for form in re.findall(r'<form method="post"[^>]*>.*?</form>', text, re.DOTALL):
        names = [_plain(button) for button in re.findall(r"<button[^>]*>(.*?)</button>", form, re.DOTALL)]
        if label in names:
            action = re.search(r'action="([^"]*)"', form)
            assert action is not None
            return unescape(action.group(1)), _filled(form)
    return None


def _filled(form: str) -> list[tuple[str, str]]:
    found = []
    for tag in re.findall(r"<input[^>]*>", form):
        facts = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if facts.get("type") in ("radio", "checkbox") and " checked" not in tag:
            continue
        if "name" in facts:
            found.append((facts["name"], unescape(facts.get("value", ""))))
    return found


def _link_of(text: str, label: str) -> str:
    for target, inside in re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', text, re.DOTALL):
        if _plain(inside) == label:
            return unescape(target)
    raise AssertionError(f"there is no {label!r} on the page:\n{_plain(text)}")


def _plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@asynccontextmanager
async def wizard(
    home: Path, people: int = 30, *, owner: bool = True, **settings: object
) -> AsyncIterator[Walk]:
    """A Landbridge with nothing in it but its owner, who is logged in, beside a sandbox with people."""
    config = SandboxConfig(people=people, highlevel=HighLevelConfig(burst=0))
    async with Sandbox(config) as sandbox:
        clock = QuickClock()
        made = settings_for(sandbox, home, **settings)
        async with open_app(made, clock, durable=Plain) as app:
            walk = Walk(app, sandbox, Client(build_site(app, clock)))
            if owner:
                await walk.open("/")
                await walk.press("Go on", **OWNER)
                walk.clicks.clear()
            yield walk


async def connected(walk: Walk, login: Mapping[str, str] = LOGIN) -> None:
    """As far as the third step."""
    await walk.open("/")
    await walk.press("Connect HighLevel, read and write")
    await walk.press("Go on")
    await walk.press("Connect Rezora", **login)
    await walk.press("Go on")
