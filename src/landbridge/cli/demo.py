"""``landbridge demo``: the whole way, for real, against the sandbox."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from itertools import islice, product
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
from rich.table import Table

from landbridge.app import App, open_app
from landbridge.cli.frame import guarded, settings_of
from landbridge.cli.output import Exit, Out, run_facts, status_facts, status_table, took
from landbridge.cli.serving import serving
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.rezora import RezoraConfig
from landbridge.store.bridges import Bridge
from landbridge.store.database import StoreFailure
from landbridge.store.runs import Run
from landbridge.sync.mapping import write_policy
from landbridge.sync.rules import Direction, LabelRule, Policy, default_policy
from landbridge.web.security import WEBHOOKS, login_cookie

MARK = "# A demo folder of Landbridge: emptied by each `landbridge demo`."
LISTS = (("buyer", "Buyers"), ("seller", "Sellers"), ("newsletter", "Newsletter"))
# Made-up people on this machine only; the folder of the demo is emptied each time.
DEMO_EMAIL, DEMO_PASSWORD = "owner@example.com", "four words of a demo"
FIRST_NAMES = ("Aurelio", "Benedikta", "Cosima", "Desmond", "Eleonora", "Florian")
LAST_NAMES = ("Quimby", "Rademaker", "Szymborska", "Thistlewood")


def run_demo(out: Out, *, once: bool, people: int, seed: int, port: int, home: Path) -> int:
    """Sandbox up, accounts connected, first and second sync; then the page stays up unless ``once``."""

    place = home.absolute()

    async def inside() -> int:
        met = min(len(FIRST_NAMES) * len(LAST_NAMES), people // 10)
        async with _sandbox_process(people - met, seed) as sandbox:
            _prepare_home(home, sandbox, port or _free_port())
            settings = settings_of(out, home=place, config=place / "landbridge.toml")
            async with open_app(settings) as app, serving(app) as address:
                await _meet_in_rezora(sandbox, met)
                out.say(
                    f"The sandbox holds {people:,} made-up people at {sandbox}, {met} of them in Rezora only;"
                    f" Landbridge is at {address}."
                )
                await _send_webhooks(sandbox, address)
                session = await _make_owner(app)
                await _connect(out, address, {login_cookie(settings).name: session})
                bridge = await app.create_bridge("Demo", write_policy(_demo_policy()))
                runs = await _sync_twice(out, app, bridge, sandbox)
                code = await _summary(out, app, bridge, runs)
                if not once and code == Exit.DONE:
                    link = await app.people.entry_link((await app.people.by_email(DEMO_EMAIL)).id)
                    out.say("\nOpen this in a browser and press the button; the link is good once:")
                    print(f"{address}{link.path}")  # whole, for copying
                    out.say(f"Afterwards log in at {address} as {DEMO_EMAIL} with “{DEMO_PASSWORD}”.")
                    out.say("In another terminal, try:")
                    out.say(f"  LANDBRIDGE_HOME={home} landbridge plan")
                    out.say("Ctrl-C ends the demo.")
                    await app.keep_in_step()
                return code

    return guarded(out, inside)


@asynccontextmanager
async def _sandbox_process(people: int, seed: int) -> AsyncIterator[str]:
    """The sandbox as a process of its own, as the real systems are."""
    command = [sys.executable, "-m", "landbridge", "sandbox", "--port", "0", "--no-quota"]
    process = await asyncio.create_subprocess_exec(
        *command,
        "--people",
        str(people),
        "--seed",
        str(seed),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us; the sandbox is ended when we are done with it
    )
    try:
        line = (await process.stdout.readline()).decode() if process.stdout else ""
        found = re.search(r"http://\S+", line)
        if not found:
            raise StoreFailure("The sandbox did not start.", "Run `landbridge sandbox` to see why.")
        yield found.group()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _meet_in_rezora(sandbox: str, count: int) -> None:
    """So many people whom the agent entered in Rezora, and whom HighLevel does not know yet."""
    edits = [
        {
            "side": "rezora",
            "action": "create",
            "kind": "contact",
            "fields": {
                "contact_name": f"{first} {last}",
                "contact_email": f"{first}.{last}@example.net".lower(),
                "contact_home_city": "Lyons",
            },
        }
        for first, last in islice(product(FIRST_NAMES, LAST_NAMES), count)
    ]
    url = f"{sandbox}/_sandbox/edit"
    async with aiohttp.ClientSession() as session, session.post(url, json=edits) as answer:
        answer.raise_for_status()


async def _send_webhooks(sandbox: str, address: str) -> None:
    """What a developer enters in the marketplace app: where HighLevel sends its webhooks."""
    settings = {"highlevel": {"webhook_url": f"{address}{WEBHOOKS}"}}
    url = f"{sandbox}/_sandbox/config"
    async with aiohttp.ClientSession() as session, session.post(url, json=settings) as answer:
        answer.raise_for_status()


def _prepare_home(home: Path, sandbox: str, port: int) -> None:
    """An empty folder with the settings that point at the sandbox; never empties a folder it did not make."""
    file = home / "landbridge.toml"
    if home.exists() and any(home.iterdir()):
        if not file.exists() or not file.read_text(encoding="utf-8").startswith(MARK):
            raise StoreFailure(
                f"The folder {home} is not a demo's.", "Name an empty or new folder with --home."
            )
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    highlevel = HighLevelConfig()
    file.write_text(
        f"""{MARK}
highlevel_api_url = "{sandbox}/highlevel"
highlevel_authorise_url = "{sandbox}/highlevel/v2/oauth/chooselocation"
highlevel_client_id = "{highlevel.client_id}"
highlevel_client_secret = "{highlevel.client_secret}"
highlevel_webhook_keys = "{highlevel.webhook_public_key}"
rezora_api_url = "{sandbox}/rezora/v1"
# The sandbox is on this machine; real accounts keep the polite default of 100 calls in 10 s.
highlevel_quota_burst = 0
rezora_quota_burst = 0
web_port = {port}
""",
        encoding="utf-8",
    )


async def _make_owner(app: App) -> str:
    """The login of the demo's owner, and the session of the browser that the demo is."""
    return await app.doors.open_for(await app.people.first("Demo owner", DEMO_EMAIL, DEMO_PASSWORD))


async def _connect(out: Out, address: str, cookies: dict[str, str]) -> None:
    """What a person does in the browser: Connect HighLevel, Allow, and the Rezora form."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of a bare IP address
    own = {"Origin": address}
    async with aiohttp.ClientSession(cookie_jar=jar, cookies=cookies) as browser:
        async with browser.get(f"{address}/connect/highlevel") as consent:
            page, here = await consent.text(), str(consent.url)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        action = re.search(r'<form[^>]*action="([^"]*)"', page)
        target = urljoin(here, unescape(action.group(1)) if action else "")
        answers = {name: unescape(value) for name, value in fields.items()} | {"decision": "allow"}
        async with browser.post(target, data=answers) as back:
            if back.status != 200:
                raise StoreFailure("HighLevel could not be connected.", f"See {address} for the reason.")
        out.say("Connected HighLevel: consent page, one-time code, token exchange.")
        rezora = RezoraConfig()
        login = {"username": rezora.username, "password": rezora.password}
        async with browser.post(f"{address}/connect/rezora", data=login, headers=own) as answer:
            if answer.status != 200:
                raise StoreFailure("Rezora could not be connected.", f"See {address} for the reason.")
        out.say("Connected Rezora: user name and password, tried before they were stored.")


def _demo_policy() -> Policy:
    labels = tuple(LabelRule(tag, name, Direction.BOTH) for tag, name in LISTS)
    return replace(default_policy(), labels=labels)


async def _sync_twice(out: Out, app: App, bridge: Bridge, sandbox: str) -> list[tuple[str, Run, int]]:
    """The first sync and another one right after it; mutating calls as the sandbox counted them."""
    runs = []
    for title in ("First sync", "Second sync"):
        before = await _mutating_calls(sandbox)
        with out.bar() as watch:
            run = await app.sync(bridge, cause="command", watch=watch)
        runs.append((title, run, await _mutating_calls(sandbox) - before))
    return runs


async def _mutating_calls(sandbox: str) -> int:
    """From the sandbox's history: what really arrived, not what we believe we sent."""
    counts = f"{sandbox}/_sandbox/history?mutating=1&count=1"
    async with aiohttp.ClientSession() as session, session.get(counts) as answer:
        return int((await answer.json())["total"])


async def _summary(out: Out, app: App, bridge: Bridge, runs: list[tuple[str, Run, int]]) -> int:
    status = await app.status(bridge)
    if out.as_json:
        facts = [run_facts(run) | {"title": title, "mutating_calls": calls} for title, run, calls in runs]
        out.json({"runs": facts, "status": status_facts(status)})
    else:
        caption = "Writes: mutating calls in the sandbox's own history"
        table = Table(title="Two syncs", title_justify="left", caption=caption, caption_justify="left")
        for name in (
            "",
            "Took",
            "New in HighLevel",
            "New in Rezora",
            "Linked",
            "Updated",
            "Opt-outs",
            "Writes",
        ):
            table.add_column(name, justify="left" if not name else "right")
        for title, run, calls in runs:
            counts = run.counts
            table.add_row(
                title.removesuffix(" sync"),
                took((run.ended_at or run.started_at) - run.started_at),
                f"{counts.get('created_highlevel', 0):,}",
                f"{counts.get('created_rezora', 0):,}",
                f"{counts.get('linked', 0):,}",
                f"{counts.get('updated', 0):,}",
                f"{counts.get('opted_out', 0):,}",
                f"{calls:,}",
            )
        out.people.print(status_table(status))
        out.people.print(table)
    failed = next((run for _, run, _ in runs if run.state != "done"), None)
    if failed is not None:
        out.fail(failed.sentence, failed.fix)
        return Exit.FAILED
    return Exit.DONE if runs[-1][2] == 0 else Exit.FAILED


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
