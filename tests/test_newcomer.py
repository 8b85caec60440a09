"""From the first page to a bridge in sync, with the commands that people start, and 200 contacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from newcomer import MOST_CLICKS, MOST_SECONDS, newcomer
from web_browser import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_newcomer_is_there_in_few_clicks_and_little_time(
    real_browser: Browser, tmp_path: Path
) -> None:
    one = await newcomer(real_browser, tmp_path / "home", 200)
    assert one.clicks <= MOST_CLICKS
    assert one.fields <= 5
    assert one.seconds <= MOST_SECONDS
    assert len(one.steps) > one.clicks
