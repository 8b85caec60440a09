"""The fuzzer for a moment: each target takes made-up inputs, and a target that fails is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
import structlog
from hypothesis import strategies as st

import fuzz
from fuzz import Found
from fuzz_site import site_targets
from fuzz_targets import TARGETS, Target

SEED = 7


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No lines of the log: some inputs make hundreds of calls."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_each_decoder_takes_what_comes(target: Target) -> None:
    found = Found()
    with asyncio.Runner() as runner:
        fuzz.attack(target, runner, SEED, 15, found)
    assert found.failures == {}
    assert found.tried[target.name] >= 15


def test_the_site_takes_what_comes() -> None:
    found = Found()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        targets = runner.run(stack.enter_async_context(site_targets()))
        for target in targets:
            fuzz.attack(target, runner, SEED, 8, found)
        runner.run(stack.aclose())
    assert found.failures == {}
    assert len(found.tried) == len(targets) == 5


def test_a_failure_is_made_small_and_told_once() -> None:
    async def picky(given: int) -> None:
        assert given < 100, "too large"

    found = Found()
    with asyncio.Runner() as runner:
        for seed in range(3):
            fuzz.attack(Target("picky", st.integers(0, 10_000), picky), runner, seed, 50, found)
    (told,) = found.failures.values()
    assert "too large" in told
    assert told.endswith("with 100")


def test_a_target_that_hangs_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck(given: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(fuzz, "LONGEST", 0.01)
    found = Found()
    with asyncio.Runner() as runner:
        fuzz.attack(Target("stuck", st.none(), stuck), runner, SEED, 1, found)
    assert ["stuck" in where and "TimeoutError" in where for where in found.failures] == [True]
