"""Canaries: secrets and people planted from end to end, and looked for where they must not be.

They go the whole way: connect, sync with failures of every kind, webhooks, pages, API, commands, and errors
that nobody expected. What is looked at: every line of the log at every level, standard error, each address
that was asked for, each answer above 399, the links of all pages, and the files beside the database.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch
from urllib.parse import unquote_plus

import aiohttp
import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from inprocess import new_database
from landbridge.cli.frame import guarded
from landbridge.cli.output import Exit, Out
from landbridge.cli.serving import serving
from landbridge.log_lines import Through, processors
from landbridge.sandbox.highlevel.config import FULL_PIT, HighLevelConfig
from landbridge.sandbox.rezora.config import RezoraConfig
from landbridge.store import people
from landbridge.store.database import Database
from landbridge.systems.outgoing_webhook import WebhookSender
from landbridge.web.security import WEBHOOKS
from landbridge.web.site import build_site
from landbridge_rig import Rig, landbridge, write_settings
from test_cli import run
from test_engine_failures import AT_ONCE
from test_web_calendar import _free_port
from web_client import Answer, Client
from web_scenes import cheap_passwords
from webhook_posts import ed25519, public, signed

EMAIL = "quillaby.z@example.org"
PERSON = {
    "first name": "Quillaby",
    "last name": "Zephyrine",
    "e-mail": EMAIL,
    "phone": "3035550177",
    "other phone": "303-555-0188",
    "street": "8841 Vesperwood",
    "note": "her sister Ottoline",
    "task": "about the Marigold loan",
    "tag": "divorcing-spouse",
}
KEY = "a program's key"
GOOD, WRONG = "river anvil candle moss", "a wrong guess 77141"
HOOK = "https://hooks.example.com/in/hook-path-90210"
JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
FAULTS = ("fail_before", "html", "cut_body", "lost_answer", "applied_then_500")


def found(text: str, canaries: Mapping[str, str]) -> list[str]:
    """Names of the canaries in a text, plain, percent-encoded or in base64."""
    plain = f"{text}\n{unquote_plus(text)}".lower()
    coded = {name: base64.b64encode(one.encode()).decode().rstrip("=")[:-1] for name, one in canaries.items()}
    return [
        name
        for name, one in canaries.items()
        if one.lower() in plain or (len(one) > 8 and coded[name] in text)
    ]


@dataclass
class Aviary:
    """A Landbridge with the canaries in it, and all that was heard of it."""

    rig: Rig
    log: io.StringIO
    client: Client
    secrets: dict[str, str]
    refused: list[tuple[str, Answer]] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """A request of the page or of a program; what is refused is kept, and every link of a page."""
        answer = await self.client.ask(method, path, body, JSON | headers)
        if answer.status >= 400:
            self.refused.append((f"{method} {path}", answer))
        if "text/html" in answer.headers.get("content-type", ""):
            links = (
                []
                if path.endswith("/calendar")
                else re.findall(  # that page is there to show its secret
                    r'(?:href|src|action|hx-[a-z]+)="([^"]*)"', answer.text
                )
            )
            self.addresses |= {*links, answer.headers.get("location", "")}
        return answer

    async def form(self, path: str, **fields: str) -> Answer:
        """A form of the page."""
        answer = await self.client.post(path, fields)
        if answer.status >= 400:
            self.refused.append((f"POST {path}", answer))
        return answer

    async def call(self, name: str, parameters: object) -> Answer:
        """An operation through the API."""
        sent = json.dumps({"parameters": parameters}).encode()
        return await self.ask("POST", f"/api/v1/operations/{name}/call", sent)

    def heard(self) -> dict[str, str]:
        """Everything that must hold no canary, by where it was heard."""
        requests = [f"{one.path}?{dict(one.query)}" for one in self.rig.sandbox.history.read()]
        home = self.rig.app.settings.home
        beside = [
            one for one in home.rglob("*") if one.is_file() and not one.name.startswith("landbridge.sq")
        ]
        return {
            "the log": self.log.getvalue(),
            "addresses asked for at the systems": "\n".join(requests),
            "links of the pages": "\n".join(self.addresses),
            "answers that refuse": "\n".join(f"{answer.text} {answer.headers}" for _, answer in self.refused),
            **{one.name: one.read_bytes().decode("latin-1") for one in beside if one.name != "key"},
        }


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as `landbridge serve` writes it, at its most talkative; the command below writes text."""
    stream, root = io.StringIO(), logging.getLogger()
    through, level = Through(), root.level
    structlog.configure(
        processors=processors("json"),
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    root.addHandler(through)
    yield stream
    root.removeHandler(through)
    root.setLevel(level)
    structlog.reset_defaults()


async def nowhere(host: str, port: int) -> list[str]:
    raise OSError(f"{host}:{port}")


@pytest.fixture
async def aviary(log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Aviary]:
    cheap_passwords(monkeypatch)
    known = structlog.get_config()
    keys = public(ed25519())
    async with landbridge(
        tmp_path / "home", 3, mapping=AT_ONCE, highlevel_webhook_keys=keys, web_port=_free_port()
    ) as rig:
        structlog.configure(**known)  # the rig is quiet otherwise
        rig.app.outgoing.sender = WebhookSender(resolve=nowhere)
        client = Client(build_site(rig.app, rig.app.clock))
        login, app = RezoraConfig(), HighLevelConfig()
        secrets = {
            "HighLevel's token": FULL_PIT,
            "Rezora's password": login.password,
            "Rezora's header": base64.b64encode(f"{login.username}:{login.password}".encode()).decode(),
            "the app's secret": app.client_secret,
            "the password": GOOD,
            "a wrong password": WRONG,
            "the webhook's address": "hook-path-90210",
            "the key": (tmp_path / "home" / "key").read_text(encoding="utf-8").strip(),
            "the set-up code": rig.app.setup_code(),
        }
        yield Aviary(rig, log, client, secrets)


def plant(rig: Rig) -> str:
    """One person on both sides, with another phone on each; the id in HighLevel."""
    fields = {
        "firstName": PERSON["first name"],
        "lastName": PERSON["last name"],
        "email": EMAIL,
        "phone": f"+1{PERSON['phone']}",
        "address1": PERSON["street"],
    }
    made = rig.sandbox.edit("highlevel", {"action": "create", "fields": fields})["id"]
    rig.sandbox.edit("highlevel", {"action": "add_tags", "id": made, "tags": [PERSON["tag"]]})
    note = {"body": f"<p>Call {PERSON['note']}</p>"}
    rig.sandbox.edit("highlevel", {"kind": "note", "action": "create", "contactId": made, "fields": note})
    task = {"title": PERSON["task"], "dueDate": "2026-12-01T09:00:00Z", "completed": False}
    rig.sandbox.edit("highlevel", {"kind": "task", "action": "create", "contactId": made, "fields": task})
    there = {
        "contact_name": f"{PERSON['first name']} {PERSON['last name']}",
        "contact_email": EMAIL,
        "contact_phone_mobile": PERSON["other phone"],
    }
    rig.sandbox.edit("rezora", {"action": "create", "fields": there})
    return str(made)


async def enter(aviary: Aviary) -> None:
    """The first owner, a wrong login and a right one, an invitation, a key, a calendar, a webhook."""
    await aviary.form("/first", name="Ada", email="ada@example.com", password=GOOD)
    await Client(aviary.client.site).post("/login", {"email": "ada@example.com", "password": WRONG})
    await aviary.form("/login", email="ada@example.com", password=GOOD)
    aviary.secrets |= {f"the cookie {name}": value for name, value in aviary.client.cookies.items()}
    invited = await aviary.form("/people", name="Bo", email="bo@example.com", role="viewer")
    aviary.secrets["an invitation"] = re.findall(r"/welcome/invitation/([\w-]+)", invited.text)[0]
    made = await aviary.ask("POST", "/api/v1/keys", b'{"name": "reporting", "role": "owner"}')
    aviary.secrets[KEY] = made.json["key"]
    await aviary.form("/bridges/1/calendar")
    shown = (await aviary.ask("GET", "/bridges/1/calendar")).text
    aviary.secrets["the calendar"] = secret = re.findall(r"/feeds/([\w-]+)\.ics", shown)[0]
    assert (await aviary.ask("GET", f"/feeds/{secret}.ics")).status == 200
    hook = json.dumps({"url": HOOK, "triggers": ["contact.synced"]}).encode()
    added = await aviary.ask("POST", "/api/v1/bridges/1/webhooks", hook)
    aviary.secrets["the webhook's secret"] = added.json["secret"].removeprefix("whsec_")


async def go_wrong(aviary: Aviary, person: str) -> None:
    """Syncs before broken answers, wrong webhooks, calls that are refused, pages that are not there."""
    rig = aviary.rig
    for kind in FAULTS:
        for side in ("highlevel", "rezora"):
            rig.fault(side=side, kind=kind, times=2, skip=3)
        await rig.app.sync(rig.bridge, cause="test")
    body = {"type": "ContactUpdate", "locationId": "x", "id": EMAIL, "firstName": PERSON["first name"]}
    raw = json.dumps(body).encode()
    for sent, headers in ((raw, signed(raw)), (raw, {}), (raw[:-9], signed(raw[:-9]))):
        await aviary.ask("POST", WEBHOOKS, sent, **headers)
    other = {"firstName": PERSON["first name"], "email": EMAIL}
    assert (await aviary.call("contacts.create", other)).status >= 400  # there is somebody with this address
    await aviary.call("contacts.update", {"contactId": person, "email": [EMAIL]})
    await aviary.call("contacts.get", {"contactId": EMAIL})
    await aviary.call("nothing.like_it", {PERSON["first name"]: EMAIL})
    for path in (
        "/bridges/1/contacts/nobody",
        "/api/v1/bridges/1/contacts/nobody",
        "/api/v1/bridges/9/status",
    ):
        await aviary.ask("GET", path)
    await aviary.ask("POST", "/api/v1/bridges/1/contacts/find", json.dumps({"text": [EMAIL]}).encode())
    await aviary.ask("GET", "/oauth/highlevel/callback?code=code-canary-5521&state=state-canary-5522")
    aviary.secrets |= {"a code": "code-canary-5521", "a state": "state-canary-5522"}
    await aviary.form("/connect/rezora", username="agent", password=WRONG)
    wrong = Client(aviary.client.site)
    await wrong.ask(
        "GET", "/api/v1/bridges", b"", {"authorization": f"Bearer {aviary.secrets['the password']}"}
    )


async def look_around(aviary: Aviary, person: str) -> None:
    """All pages that lead on from the first, and those that show the person."""
    aviary.addresses.add(f"/bridges/1/contacts/{person}")
    await aviary.form("/bridges/1/contacts", text=EMAIL)
    seen: set[str] = set()
    while todo := sorted(
        one for one in aviary.addresses - seen if one.startswith("/") and "static" not in one
    ):
        if len(seen) > 40:
            break
        seen.add(todo[0])
        await aviary.ask("GET", todo[0].partition("#")[0].replace("&amp;", "&"))
    assert len(seen) > 20
    shown = await aviary.ask("GET", f"/bridges/1/contacts/{person}")
    assert found(shown.text, {"e-mail": EMAIL})  # it is there to be found


def set_trap(home: Path) -> None:
    """From now on the database refuses the journal, with a whole statement in hand."""
    with closing(sqlite3.connect(home / "landbridge.sqlite3")) as raw:
        raw.execute("CREATE TRIGGER trap BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'a trap'); END")
        raw.commit()


async def break_down(aviary: Aviary, person: str) -> None:
    """Errors that nobody expected: in a sync, in a page, in a background task, in a command."""
    rig = aviary.rig
    change = {"city": "Loveland", "address1": f"{PERSON['street']} Rear"}
    rig.sandbox.edit("highlevel", {"action": "update", "id": person, "fields": change})
    set_trap(rig.app.settings.home)
    assert (await rig.app.sync(rig.bridge, cause="test")).state == "failed"
    rig.sandbox.faults.clear()  # a command waits in earnest before it tries again
    write_settings(rig.sandbox, rig.app.settings.home)
    ended = await run(rig.app.settings.home, "sync", more={"LANDBRIDGE_LOG_LEVEL": "debug"})
    assert ended.code == 1
    assert "run_failed" in ended.err
    assert found(ended.err + ended.out, PERSON | aviary.secrets) == []
    boom = RuntimeError(f"no place for {EMAIL} with {FULL_PIT}")
    with patch.object(rig.app.contact_book, "contact", side_effect=boom):
        assert (await aviary.ask("GET", f"/bridges/1/contacts/{person}")).status == 500
        async with serving(rig.app) as address, aiohttp.ClientSession() as session:
            key = {"Authorization": f"Bearer {aviary.secrets[KEY]}"}
            async with session.get(f"{address}/api/v1/bridges/1/contacts/{person}", headers=key) as answer:
                assert answer.status == 500
                assert found(await answer.text(), PERSON | aviary.secrets) == []

    async def lost() -> None:
        raise boom

    task = asyncio.ensure_future(lost())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": boom, "task": task}
    )
    with pytest.raises(RuntimeError):
        await task
    logging.getLogger("some.library").warning("It failed: %s", boom)


async def test_no_secret_and_no_person_is_heard_of(aviary: Aviary, capfd: pytest.CaptureFixture[str]) -> None:
    person = plant(aviary.rig)
    await enter(aviary)
    await go_wrong(aviary, person)
    await aviary.rig.app.sync(aviary.rig.bridge, cause="test")
    await look_around(aviary, person)
    await break_down(aviary, person)
    lines = aviary.log.getvalue()
    assert lines.count('"event": "http"') > 30  # the log was talkative, and told what went wrong
    assert "run_failed" in lines
    assert "IntegrityError from IntegrityError" in lines
    assert "Exception in ASGI application" in lines
    assert len(aviary.refused) > 12
    out = capfd.readouterr()
    everywhere = aviary.heard() | {"standard error": out.err, "standard output": out.out}
    heard = {place: found(text, PERSON | aviary.secrets) for place, text in everywhere.items()}
    assert {place: names for place, names in heard.items() if names} == {}


async def test_no_secret_is_in_the_database_in_the_clear(aviary: Aviary) -> None:
    await enter(aviary)
    await aviary.rig.app.database.close()
    written = b"".join(one.read_bytes() for one in aviary.rig.app.settings.home.glob("landbridge.sq*"))
    assert found(written.decode("latin-1"), {"e-mail": "ada@example.com"})  # people are, secrets are not
    assert found(written.decode("latin-1"), aviary.secrets) == []


def test_a_command_that_breaks_tells_nothing_of_what_it_held(
    log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    async def breaks() -> int:
        raise RuntimeError(f"no place for {EMAIL} with {FULL_PIT}")

    for as_json in (False, True):
        assert guarded(Out(as_json=as_json), breaks) == Exit.FAILED
    heard = capfd.readouterr()
    assert "Something unexpected happened (RuntimeError)" in heard.err
    assert "Something unexpected happened (RuntimeError)" in heard.out
    assert log.getvalue().count("command_failed") == 2
    assert found(heard.err + heard.out + log.getvalue(), {"e-mail": EMAIL, "token": FULL_PIT}) == []


async def test_an_error_of_the_database_shows_no_parameters(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{new_database(tmp_path)}")
    with pytest.raises(IntegrityError) as caught:
        async with database.write() as connection:
            for _ in range(2):
                await people.add(connection, EMAIL, "Ada", "owner", "", 0.0)
    await database.close()
    assert "person" in str(caught.value)
    assert EMAIL not in f"{caught.value} {caught.value!r}"
