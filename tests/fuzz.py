"""Fuzzing within a time: ``make fuzz ARGS="SECONDS SEED"``, 600 seconds and a new seed if nothing is said.

Round after round, each target gets a few made-up inputs, every round from another seed. A failure is printed
with the smallest input that hypothesis finds, and the seed that finds it again; it becomes a test of its own
in ``test_fuzz_found.py``.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
import structlog
from hypothesis import HealthCheck, Phase

from fuzz_site import site_targets
from fuzz_targets import TARGETS, Target

SECONDS = 600
EXAMPLES = 40  # of one target in one round
LONGEST = 30.0  # seconds that one input may take


@dataclass(slots=True)
class Found:
    """What some rounds found: how many inputs each target got, and each failure once, by where it arose."""

    tried: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)


def attack(target: Target, runner: asyncio.Runner, seed: int, examples: int, found: Found) -> None:
    """Give a target so many inputs; what fails is made small and noted."""
    smallest = ""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
    )
    @hypothesis.given(target.given)
    def one(given: object) -> None:
        nonlocal smallest
        found.tried[target.name] += 1
        try:
            runner.run(asyncio.wait_for(target.check(given), LONGEST))
        except BaseException:
            smallest = repr(given)
            raise

    try:
        one()
    except Exception as error:
        found.failures.setdefault(
            f"{target.name}: {_where(error)}",
            f"{type(error).__name__}: {error}\nseed {seed}, with {smallest[:2000]}",
        )


def _where(error: BaseException) -> str:
    """The class and the last place of ours: one failure, however many inputs show it."""
    places = [
        p
        for p in traceback.extract_tb(error.__traceback__)
        if "landbridge" in p.filename or "fuzz" in p.filename
    ]
    last = places[-1] if places else None
    return (
        f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
        if last
        else type(error).__name__
    )


def rounds(targets: Sequence[Target], runner: asyncio.Runner, seconds: float, seed: int) -> Found:
    """All targets in turn until the time is over."""
    found = Found()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for target in targets:
            attack(target, runner, seed, EXAMPLES, found)
            if time.monotonic() > ends:
                break
        seed += 1
    return found


def main(seconds: float, seed: int) -> int:
    """Print the figures; 1 if anything failed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"{seconds:.0f} seconds from seed {seed}")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            targets = (*TARGETS, *runner.run(stack.enter_async_context(site_targets())))
            found = rounds(targets, runner, seconds, seed)
        finally:
            runner.run(stack.aclose())
    for name, count in found.tried.items():
        print(f"{count:>10,}  {name}")
    for where, told in found.failures.items():
        print(f"\nFAILED {where}\n{told}")
    print(f"\n{sum(found.tried.values()):,} inputs, {len(found.failures)} kinds of failure")
    return 1 if found.failures else 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(*(given + [SECONDS, secrets.randbelow(1_000_000)][len(given) :])))
