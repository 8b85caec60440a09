"""Connecting in the browser: the OAuth round trip and the Rezora form."""

from __future__ import annotations

import pytest

from landbridge.settings import load_settings
from landbridge.store.database import StoreFailure
from landbridge.web.site import build_site
from web_client import Client, Page, browse
from web_scenes import (
    CONSENT,
    UNREACHABLE,
    FakeProduct,
    StillClock,
    status,
)

PASSWORD = "wrong-password"


def step(page: Page, name: str) -> str:
    """All words of one account's card."""
    return page.words(page.one("section", id=name))


async def test_the_session_binds_the_answer_to_the_browser_that_asked() -> None:
    product = FakeProduct()
    browser = browse(product)
    cookie = (await browser.get("/connect/highlevel")).cookies[0]
    assert {part.strip() for part in cookie.split(";")[1:]} == {
        "HttpOnly",
        "Max-Age=900",
        "Path=/",
        "SameSite=lax",
    }
    session = browser.cookies["landbridge"]
    assert len(session) >= 32
    await browser.get("/oauth/highlevel/callback?code=good&state=one-time")
    assert product.finished == [("good", "one-time", session)]
    assert browser.cookies["landbridge"] == ""  # spent


async def test_every_connect_has_a_session_of_its_own() -> None:
    browser = browse(FakeProduct())
    await browser.get("/connect/highlevel")
    first = browser.cookies["landbridge"]
    await browser.get("/connect/highlevel")
    assert browser.cookies["landbridge"] != first


async def test_behind_https_the_cookie_never_travels_in_the_clear() -> None:
    settings = load_settings({"LANDBRIDGE_PUBLIC_URL": "https://sync.example.com"})
    browser = Client(build_site(FakeProduct(settings=settings), StillClock()))
    cookie = (await browser.get("/connect/highlevel", host="sync.example.com")).cookies[0]
    assert cookie.startswith("__Host-landbridge=")
    assert "Secure" in cookie


async def test_a_connect_starts_at_the_address_its_answer_comes_to() -> None:
    browser = browse(FakeProduct())
    answer = await browser.get("/connect/highlevel", host="localhost:8780")
    assert answer.headers["location"] == "http://127.0.0.1:8780/connect/highlevel?again=yes"
    assert answer.cookies == ()
    # A proxy that hides the public name must not send the browser round in circles.
    answer = await browser.get("/connect/highlevel?again=yes", host="localhost:8780")
    assert answer.headers["location"] == CONSENT


@pytest.mark.parametrize("state", ["foreign", ""])
async def test_an_answer_with_a_foreign_state_is_refused(state: str) -> None:
    product = FakeProduct()
    browser = browse(product)
    await browser.get("/connect/highlevel")
    answer = await browser.get(f"/oauth/highlevel/callback?code=good&state={state}")
    assert answer.status == 409
    assert "This answer was not asked for here. What to do: Start again" in step(answer.page, "highlevel")
    assert product.connected == []


async def test_an_answer_in_another_browser_is_refused() -> None:
    product = FakeProduct()
    await browse(product).get("/connect/highlevel")
    without = await browse(product).get("/oauth/highlevel/callback?code=good&state=one-time")
    assert without.status == 403
    assert "started in this browser" in step(without.page, "highlevel")
    other = browse(product)
    other.cookies["landbridge"] = "guessed"
    assert (await other.get("/oauth/highlevel/callback?code=good&state=one-time")).status == 409
    assert (product.connected, product.finished) == ([], [])


@pytest.mark.parametrize(
    "query", ["error=access_denied&error_description=%3Cscript%3E", "state=one-time", ""]
)
async def test_a_declined_consent_is_told_kindly(query: str) -> None:
    product = FakeProduct()
    browser = browse(product)
    await browser.get("/connect/highlevel")
    answer = await browser.get(f"/oauth/highlevel/callback?{query}")
    assert answer.status == 400
    assert "access was declined there. What to do: Press “Connect HighLevel” again" in answer.page.text
    assert product.finished == []


async def test_a_connect_that_cannot_start_says_why_at_its_step() -> None:
    missing = StoreFailure("No HighLevel marketplace app is configured.", "Set `highlevel_client_id`.")
    answer = await browse(FakeProduct(failure=missing)).get("/connect/highlevel")
    assert answer.status == 409
    assert answer.cookies == ()
    alert = answer.page.one("div", role="alert")
    assert answer.page.words(alert) == (
        "No HighLevel marketplace app is configured. What to do: Set highlevel_client_id."
    )
    assert alert.within("section", id="highlevel")


async def test_a_failed_exchange_is_told_and_can_be_tried_again() -> None:
    product = FakeProduct()
    browser = browse(product)
    await browser.get("/connect/highlevel")
    product.failure = UNREACHABLE
    answer = await browser.get("/oauth/highlevel/callback?code=good&state=one-time")
    assert answer.status == 502
    assert "HighLevel cannot be reached." in step(answer.page, "highlevel")
    assert "Connect HighLevel, read and write" in step(answer.page, "highlevel")


async def test_a_wrong_password_is_told_at_its_step_and_never_shown() -> None:
    product = FakeProduct()
    answer = await browse(product).post("/connect/rezora", {"username": "harbor-api", "password": PASSWORD})
    page = answer.page
    assert answer.status == 502
    assert PASSWORD not in answer.text
    assert page.one("input", id="username").attributes["value"] == "harbor-api"
    field = page.one("input", id="password")
    assert "value" not in field.attributes
    assert field.attributes["aria-invalid"] == "true"
    assert field.attributes["aria-describedby"] == "rezora-problem"
    alert = page.words(page.one("div", id="rezora-problem"))
    assert alert.startswith("Rezora refused the user name and password. What to do: Check the user name")
    assert product.connected == []


@pytest.mark.parametrize("form", [{}, {"username": "harbor-api"}, {"username": " ", "password": PASSWORD}])
async def test_a_form_with_a_blank_is_not_sent_on(form: dict[str, str]) -> None:
    product = FakeProduct()
    answer = await browse(product).post("/connect/rezora", form)
    assert answer.status == 422
    assert "User name and password are both needed." in step(answer.page, "rezora")
    assert PASSWORD not in answer.text
    assert product.logins == []


async def test_connected_accounts_can_be_connected_again() -> None:
    product = FakeProduct.of(status())
    browser = browse(product)
    page = (await browser.get("/connect")).page
    assert "Connected: Harbor Street Realty" in step(page, "highlevel")
    answer = await browser.post("/connect/rezora", {"username": " harbor-api ", "password": " made-up "})
    assert (answer.status, answer.headers["location"]) == (303, "/connect")
    assert product.logins == [("harbor-api", " made-up ")]  # a password may begin with a space
