"""People beyond the door: one's own name, links by mail, the demo's link, the set-up code, silent logs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from landbridge.access.doors import TRIES
from landbridge.access.people import DoorLink
from landbridge.letters import Letters
from landbridge.settings import load_settings
from landbridge.systems.channel import ChannelFailure, Message
from landbridge.systems.mail import Mail
from test_web_door import GOOD, SAME_SITE, Real
from web_client import Client
from web_scenes import NOW, NoLetters, StillClock, cheap_passwords

MAIL = {"smtp_host": "mail.example.com", "alert_email_from": "landbridge@example.com"}


class Post:
    """Takes letters, or refuses them."""

    name = "e-mail"

    def __init__(self, failure: ChannelFailure | None = None) -> None:
        self.letters: list[Message] = []
        self.failure = failure

    async def send(self, message: Message) -> None:
        if self.failure:
            raise self.failure
        self.letters.append(message)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_passwords(monkeypatch)


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Real]:
    made = Real(tmp_path)
    yield made
    await made.database.close()


async def test_the_menu_says_who_i_am_and_lets_me_out(real: Real) -> None:
    assert (await real.browser.get("/first")).page.all("form", action="/logout") == []
    await real.first()
    page = (await real.browser.get("/")).page
    assert page.one("a", href="/account").text == "Ada"
    assert page.one("form", action="/logout").within("nav")
    await real.post("/logout")
    assert (await real.browser.get("/")).headers["location"] == "/login"


async def test_ones_own_name_is_changed_on_ones_account(real: Real) -> None:
    await real.first()
    refused = await real.post("/account/name", name=" ")
    assert refused.status == 422
    assert "The name is blank." in refused.page.text
    answer = await real.post("/account/name", name="Ada King")
    assert answer.headers["location"] == "/account?changed=name"
    page = (await real.browser.get("/account?changed=name")).page
    assert page.one("a", href="/account").text == "Ada King"
    assert "The name was changed." in page.text


async def test_an_invitation_is_mailed_and_shown(real: Real) -> None:
    await real.first()
    post = Post()
    real.product.letters = NoLetters(post)
    page = (await real.post("/people", name="Bo", email="bo@example.com", role="viewer")).page
    link = page.one("pre").text.strip()
    (letter,) = post.letters
    assert letter.subject == "You are invited to Landbridge"
    assert f"\n{link}\n" in letter.text
    assert "It was sent by e-mail to bo@example.com." in page.text
    again = await real.browser.ask("POST", "/api/v1/people/1/link", b"", SAME_SITE)
    assert again.json["mailed"] == "It was sent by e-mail to ada@example.com."
    assert post.letters[1].subject == "Another password for Landbridge"
    assert again.json["url"] in post.letters[1].text


async def test_a_mail_server_that_refuses_leaves_the_link(real: Real) -> None:
    await real.first()
    real.product.letters = NoLetters(
        Post(ChannelFailure("The mail server refused the login.", "Correct it."))
    )
    page = (await real.post("/people", name="Bo", email="bo@example.com", role="viewer")).page
    assert "/welcome/invitation/" in page.one("pre").text
    assert "not sent by e-mail. The mail server refused the login. Send the link yourself." in page.text


@pytest.mark.parametrize("missing", [None, *MAIL])
async def test_links_are_mailed_where_server_and_sender_are_set(missing: str | None) -> None:
    given = {name: value for name, value in MAIL.items() if name != missing}
    letters = Letters(load_settings({}, given), StillClock())
    way = letters.way_to("bo@example.com")
    if missing is None:
        assert isinstance(way, Mail)
        assert way._config.recipients == ("bo@example.com",)
    else:
        assert way is None
        link = DoorLink("bo@example.com", "Bo", "/welcome/invitation/s", NOW, "invitation")
        assert await letters.send(link) == ""


async def test_the_link_of_the_demo_is_one_button(real: Real) -> None:
    await real.first()
    link = await real.product.people.entry_link(1)
    browser = Client(real.browser.site)
    page = (await browser.get(link.path)).page
    assert page.all("input") == []
    assert page.one("button").text == "Log in as Ada"
    assert (await browser.get("/")).status == 303, "looking at it is not yet using it"
    assert (await browser.post(link.path)).headers["location"] == "/"
    assert (await browser.get("/")).status == 200
    assert (await Client(real.browser.site).post(link.path)).status == 410


async def test_guessing_the_set_up_code_has_to_wait(tmp_path: Path) -> None:
    real = Real(tmp_path, public_url="https://bridge.example.com")
    for _ in range(TRIES["email_key"]):
        assert (await real.first(code="wrong")).status == 403
    last = await real.first(code="abcdefghij")
    assert last.status == 429
    assert "too many attempts" in last.page.text
    assert await real.product.people.nobody_yet()
    await real.database.close()


async def test_an_owner_logs_somebody_out_and_reads_who_came(real: Real) -> None:
    await real.first()
    await real.post("/logout")
    await real.post("/login", email="ada@example.com", password=GOOD)
    told = (await real.browser.get("/api/v1/people/logins")).json
    assert [(one["outcome"], one["email"]) for one in told] == [("logged in", "ada@example.com")]
    answer = await real.browser.ask("POST", "/api/v1/people/1/log-out", b"", SAME_SITE)
    assert answer.status == 204
    assert (await real.browser.get("/")).status == 303
    await real.post("/login", email="ada@example.com", password=GOOD)
    await real.post("/people/1/log-out")
    assert (await real.browser.get("/")).status == 303


async def test_no_secret_and_no_address_is_logged(real: Real, caplog: pytest.LogCaptureFixture) -> None:
    """Over everything that has a secret: our own lines of every level, and what libraries write unasked."""
    caplog.set_level("WARNING")
    with structlog.testing.capture_logs() as lines:
        await real.first()
        made = await real.post("/people", name="Bo", email="bo@example.com", role="viewer")
        path = re.findall(r"/welcome/invitation/[\w-]+", made.text)[0]
        await real.post("/login", email="ada@example.com", password="a wrong password 1")
        key = (await real.post("/keys", name="reporting", role="viewer")).page.one("pre").text.strip()
        await real.browser.get("/api/v1/bridges", authorization=f"Bearer {key}")
        await Client(real.browser.site).post(path, {"password": GOOD, "again": GOOD})
    written = f"{caplog.text}{lines}"
    secrets = [GOOD, "a wrong password 1", path, key, *real.browser.cookies.values()]
    for secret in (*secrets, "ada@example.com", "bo@example.com"):
        assert secret not in written


def test_what_is_shown_once_is_not_in_a_traceback() -> None:
    assert "s3cret" not in repr(DoorLink("bo@example.com", "Bo", "/welcome/x/s3cret", NOW, "password"))
