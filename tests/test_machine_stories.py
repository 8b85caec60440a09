"""The state machine's rules at random, many stories; ``make soak`` tells more of the same."""

from __future__ import annotations

import os

import pytest

from soak import SEED, some

STORIES = 300 if os.environ.get("CI") else 100
BATCH = 50


@pytest.mark.parametrize("batch", range(STORIES // BATCH))
def test_whatever_the_story_both_sides_agree_at_its_end(batch: int) -> None:
    first = SEED * 1_000_000 + batch * BATCH
    assert some(range(first, first + BATCH)).violations == []
