"""From the first page to a bridge in sync: by the commands people start; by a browser closed at each step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from landbridge.sandbox.rezora import RezoraConfig
from newcomer import EMAIL, MOST_CLICKS, PASSWORD, free_port, newcomer
from setup_scenes import wizard
from web_browser import Browser, new_tab, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_newcomer_is_there_in_few_clicks(real_browser: Browser, tmp_path: Path) -> None:
    """How long it takes no test can say on a machine that does other things: ``make newcomer`` tells."""
    one = await newcomer(real_browser, tmp_path / "home", 60)
    assert one.clicks <= MOST_CLICKS
    assert one.fields <= 5
    assert len(one.steps) > one.clicks


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).first.click()
    await page.wait_for_load_state("load")


async def makes_the_owner(page: Page) -> None:
    await page.get_by_label("Your name", exact=True).fill("Nora Newcomer")
    await page.get_by_label("E-mail", exact=True).fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await press(page, "Go on")


async def types_a_token_that_is_refused(page: Page) -> None:
    await page.get_by_text("Without a marketplace app: with a token").click()
    await page.get_by_label("Location id", exact=True).fill("sbxLocation000000009")
    await page.get_by_label("Private Integration Token", exact=True).fill("pit-wrong")
    await page.get_by_label("Read only, whatever the token would allow", exact=True).check()
    await press(page, "Connect with the token")
    await expect(page.get_by_role("alert")).to_be_visible()


async def connects_highlevel(page: Page) -> None:
    await expect(page.get_by_label("Location id", exact=True)).to_have_value("sbxLocation000000009")
    await expect(page.get_by_label("Read only, whatever the token would allow", exact=True)).to_be_checked()
    await expect(page.get_by_label("Private Integration Token", exact=True)).to_have_value(
        ""
    )  # a secret is not kept
    await press(page, "Connect HighLevel, read and write")
    await press(page, "Allow")
    await expect(page.get_by_text("Connected: Harbor Street Realty")).to_be_visible()


async def types_a_wrong_password(page: Page) -> None:
    await page.get_by_label("API user name", exact=True).fill(RezoraConfig().username)
    await page.get_by_label("API password", exact=True).fill("not this one")
    await press(page, "Connect Rezora")
    await expect(page.get_by_role("alert")).to_be_visible()


async def connects_rezora(page: Page) -> None:
    await expect(page.get_by_label("API user name", exact=True)).to_have_value(RezoraConfig().username)
    await page.get_by_label("API password", exact=True).fill(RezoraConfig().password)
    await press(page, "Connect Rezora")
    await expect(page.get_by_role("heading", name="Connected: ")).to_be_visible()


async def looks_at_the_fields(page: Page) -> None:
    await press(page, "Go on")


async def types_whom_and_when_and_sends_nothing(page: Page) -> None:
    for label, text in (
        ("Quiet hours, such as 22:00-06:00", "22:00-06:00"),
        ("Name of the bridge", "Nora’s"),
    ):
        await page.get_by_role("textbox", name=label).fill(text)
        async with page.expect_response("**/typed/scope"):
            await page.keyboard.press("Tab")
    async with page.expect_response("**/typed/scope"):
        await page.get_by_label(
            "As it happens, and a whole comparison every night at 02:30", exact=True
        ).check()


async def starts_the_test_sync(page: Page) -> None:
    await expect(page.get_by_label("Quiet hours, such as 22:00-06:00", exact=True)).to_have_value(
        "22:00-06:00"
    )
    await expect(page.get_by_role("textbox", name="Name of the bridge")).to_have_value("Nora’s")
    await expect(
        page.get_by_label("As it happens, and a whole comparison every night at 02:30", exact=True)
    ).to_be_checked()
    await press(page, "Go on, and start the test sync")


async def reads_what_a_sync_would_do(page: Page) -> None:
    await expect(page.get_by_role("heading", name="What a sync would do")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("Nothing was written.")
    await press(page, "Go on")


async def tries_four_of_the_five(page: Page) -> None:
    await page.get_by_role("checkbox", checked=True).first.uncheck()
    await press(page, "Sync these, and read them back")


async def reads_them_back(page: Page) -> None:
    await expect(page.get_by_role("heading", name="Read back from both systems")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("4 contacts written")
    await press(page, "Go on")


async def switches_it_on(page: Page) -> None:
    await expect(page.get_by_text("daily at 02:30")).to_be_visible()
    await press(page, "Switch on")


async def finds_it_in_sync(page: Page) -> None:
    await expect(page.get_by_role("heading", name="Nora’s")).to_be_visible()
    await expect(page.get_by_text("Up to date", exact=True)).to_be_visible()


# What is done until the browser is closed, and the step at which the next one finds it.
DAYS: list[tuple[Callable[[Page], Awaitable[None]], str]] = [
    (types_a_token_that_is_refused, "HighLevel"),
    (connects_highlevel, "HighLevel"),
    (types_a_wrong_password, "Rezora"),
    (connects_rezora, "Rezora"),
    (looks_at_the_fields, "Fields"),
    (types_whom_and_when_and_sends_nothing, "Who and when"),
    (starts_the_test_sync, "Who and when"),
    (reads_what_a_sync_would_do, "Test sync"),
    (tries_four_of_the_five, "Verify five"),
    (reads_them_back, "Verify five"),
    (switches_it_on, "Switch on"),
]


async def comes_back(page: Page, address: str) -> None:
    """A browser that knows nothing of the last one: the first page, and the login."""
    await page.goto(address)
    await page.get_by_label("E-mail", exact=True).fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await press(page, "Log in")


async def test_closing_the_browser_at_every_step_loses_nothing(real_browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with (
        wizard(tmp_path, 20, owner=False, public_url=address, web_port=port) as walk,
        serving(walk.client.site, port),
    ):
        async with new_tab(real_browser) as tab:
            await tab.page.goto(address)
            await makes_the_owner(tab.page)
        for number, (does, step) in enumerate(DAYS):
            async with new_tab(real_browser) as tab:
                await comes_back(tab.page, address)
                if number:  # before anything is begun, the first step is the first page
                    await tab.page.get_by_role("button", name="Go on").click()
                await expect(tab.page.get_by_role("heading", name=step, level=1)).to_be_visible()
                await does(tab.page)
        async with new_tab(real_browser) as tab:
            await comes_back(tab.page, address)
            await finds_it_in_sync(tab.page)
