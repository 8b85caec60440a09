"""The state machine for as long as you like: ``make soak``, or with fewer examples or another seed.

``python tests/soak.py EXAMPLES SEED`` runs the rules of ``test_machine.py`` at random, in one process a
processor, and prints how many states of the two worlds were visited and which cells of the planner's
tables were met. A violation is printed with its seed; the same seed tells the same story again.
"""

from __future__ import annotations

import os
import random
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import Progress

from landbridge.sync.merge import CELLS
from landbridge.sync.plan import RECORD_CELLS
from machine_activities import Everything
from test_machine import Awkward, TwoWay

EXAMPLES = 20_000
SEED = 1
BATCH = 25
OFTEN = {
    "sync": 8,
    "events_arrive": 4,
    "we_look_what_moved": 2,
    "new_in_highlevel": 3,
    "new_in_rezora": 3,
    "the_same_person_in_both": 2,
    "move_in_both": 2,
    "somebody_answers": 3,
    "an_appointment_changes": 3,
    "a_task_in_highlevel": 9,
    "a_note_in_highlevel": 9,
    "an_appointment": 4,
    "a_task_in_rezora": 7,
    "a_note_in_rezora": 7,
    "a_task_changes_in_highlevel": 6,
    "a_task_changes_in_rezora": 6,
    "a_note_changes_in_highlevel": 7,
    "a_note_changes_in_rezora": 7,
    "one_is_deleted_in_highlevel": 6,
    "one_is_deleted_in_rezora": 6,
    "an_activity_call_breaks": 8,
}
MACHINES = (Awkward, Everything, TwoWay, Everything, TwoWay)


@dataclass(slots=True)
class Found:
    """What some examples found."""

    examples: int = 0
    states: set[int] = field(default_factory=set)
    cells: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)


def drawn(chance: random.Random, strategy: Any) -> Any:
    """A value of one of the simple strategies that the rules use."""
    simple = getattr(strategy, "wrapped_strategy", strategy)
    if hasattr(simple, "elements"):
        return chance.choice(list(simple.elements))
    if hasattr(simple, "start"):
        return chance.randint(simple.start, simple.end)
    return chance.random() < 0.5


def tell(seed: int) -> tuple[Any, list[str]]:
    """One story: what was done, and the machine at its end. Raises what the checks raise."""
    chance = random.Random(seed)
    machine = MACHINES[seed % len(MACHINES)]()
    said: list[str] = []
    rules = list(machine.rules)
    weights = [OFTEN.get(one.function.__name__, 1) for one in rules]
    try:
        for _ in range(chance.randint(6, 18)):
            one = chance.choices(rules, weights)[0]
            if all(holds(machine) for holds in one.preconditions):
                given = {name: drawn(chance, strategy) for name, strategy in one.arguments.items()}
                said.append(f"{one.function.__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})")
                one.function(machine, **given)
        machine.settle()
    except BaseException as error:
        error.add_note("\n".join(said))
        raise
    finally:
        machine.world.close()
    return machine, said


def some(seeds: range) -> Found:
    """A batch of examples."""
    found = Found()
    for seed in seeds:
        found.examples += 1
        try:
            machine, _ = tell(seed)
        except BaseException as error:  # the other seeds go on
            found.violations.append((seed, told(error)))
            continue
        found.states |= machine.world.states
        found.cells.update(machine.world.cells)
    return found


def told(error: BaseException) -> str:
    """What was violated, where, and the story that led to it."""
    places = traceback.extract_tb(error.__traceback__)[-3:]
    where = ", ".join(f"{Path(place.filename).name}:{place.lineno}" for place in places)
    return "\n".join([f"{type(error).__name__} {error} ({where})", *getattr(error, "__notes__", ())])


def main(examples: int, seed: int) -> int:
    """Print the figures; 1 if anything was violated or a cell was never met."""
    began = time.monotonic()
    whole = Found()
    first = seed * 1_000_000
    batches = [
        range(start, min(start + BATCH, first + examples)) for start in range(first, first + examples, BATCH)
    ]
    with Progress() as progress, ProcessPoolExecutor(os.cpu_count()) as pool:
        bar = progress.add_task("Soaking", total=examples)
        for found in pool.map(some, batches):
            progress.advance(bar, found.examples)
            whole.examples += found.examples
            whole.states |= found.states
            whole.cells.update(found.cells)
            for number, text in found.violations:
                whole.violations.append((number, text))
                progress.console.print(f"VIOLATION with seed {number}:\n{text}", markup=False)
    wanted = (*RECORD_CELLS, *CELLS)
    missing = [cell for cell in wanted if not whole.cells[cell]]
    seconds = time.monotonic() - began
    print(f"{whole.examples:,} examples, seed {seed}, {seconds:,.0f} s, {len(whole.violations)} violations")
    print(f"{len(whole.states):,} different states of the two accounts at rest or after a run")
    print(f"{len(wanted) - len(missing)} of {len(wanted)} cells of the planner's tables met")
    for cell in wanted:
        print(f"  {whole.cells[cell]:>12,}  {cell}")
    return 1 if whole.violations or missing else 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(*(given + [EXAMPLES, SEED][len(given) :])))
