"""A small storm: edits on both sides while webhooks are lost, doubled, late and out of order."""

from __future__ import annotations

import pytest

from storm import storm


@pytest.mark.parametrize("seed", [1, 2])
def test_both_sides_agree_after_the_next_scan_and_stay_so(seed: int) -> None:
    told = storm(edits=400, contacts=40, seed=seed)
    assert (told.edits, told.writes_after) == (400, 0)
    assert told.lost > 0
    assert told.webhooks > 200
