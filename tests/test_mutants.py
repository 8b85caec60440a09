"""The list of mutants fits the code: each guard's text is there exactly once, and each names a test."""

from __future__ import annotations

import pytest

from mutants import MUTANTS, ROOT, Mutant


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 16


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_guard_and_its_test_exist(mutant: Mutant) -> None:
    source = (ROOT / "src/landbridge" / mutant.file).read_text(encoding="utf-8")
    assert source.count(mutant.old) == 1
    file, _, name = mutant.test.partition("::")
    assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8")
