"""What all tests share: examples without a deadline; one Chromium a process, got before the first test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import settings

from provide_browser import Machine, NoBrowserError, provide
from web_browser import Browser, Tab, chromium, new_tab

# A busy machine is no bug: nothing is judged by how long an example takes.
_usual = settings.get_profile(settings.get_current_profile_name())
settings.register_profile("calm", _usual, deadline=None)
settings.load_profile("calm")

FOUND = pytest.StashKey["str | NoBrowserError"]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Here, as getting one takes longer than a single test may, and only where a test needs one."""
    needed = any("real_browser" in getattr(item, "fixturenames", ()) for item in session.items)
    if not needed or session.config.option.collectonly:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        try:
            session.config.stash[FOUND] = provide(Machine())
        except NoBrowserError as missing:
            session.config.stash[FOUND] = missing


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def real_browser(pytestconfig: pytest.Config) -> AsyncIterator[Browser]:
    """The browser of all tests; where there is none each of them fails, and says how to get one."""
    found = pytestconfig.stash[FOUND]
    if isinstance(found, NoBrowserError):
        pytest.fail(str(found), pytrace=False)
    async with chromium(found) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def tab(real_browser: Browser) -> AsyncIterator[Tab]:
    """A tab of a profile of its own."""
    async with new_tab(real_browser) as tab:
        yield tab
