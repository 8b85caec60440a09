"""One field of one pair: every cell of the table in sync-correctness.md section 4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.merge import Outcome, Sight, Values, decide
from landbridge.sync.model import Side
from landbridge.sync.rules import Direction, Rule, Strategy

A, B, C = ("a",), ("b",), ("c",)
BLANK = ("",)


def rule(direction: Direction = Direction.TO_REZORA, strategy: Strategy = Strategy.THREE_WAY) -> Rule:
    return Rule("city", ("city",), ("contact_home_city",), "text", direction, strategy)


def plain(_side: Side, values: Values) -> str:
    return values[0].strip()


def verdict(
    highlevel: tuple[Values | None, Values | None],
    rezora: tuple[Values | None, Values | None],
    of: Rule | None = None,
) -> str:
    """(now, base) of both sides, as one word or two."""
    found = decide(of or rule(), plain, Sight(*highlevel), Sight(*rezora))
    words = [found.outcome.value, found.target.value if found.target else "", found.cause]
    return " ".join(filter(None, [*words, "conflict" if found.conflict else ""]))


TABLE = [
    ("same, same, equal", (A, A), (A, A), "nothing"),
    ("same, same, but different", (A, A), (B, B), "hold differs"),
    ("changed, same", (B, A), (A, A), "write rezora"),
    ("cleared, same", (BLANK, A), (A, A), "write rezora"),
    ("same, changed", (A, A), (B, A), "hold edited_in_rezora"),
    ("both changed to the same", (B, A), (B, A), "settle"),
    ("both changed", (B, A), (C, A), "write rezora conflict"),
    ("absent in HighLevel", (None, A), (B, A), "nothing"),
    ("absent in Rezora", (B, A), (None, A), "nothing"),
    ("no base, equal", (A, None), (A, None), "settle"),
    ("no base, Rezora blank", (A, None), (BLANK, None), "write rezora"),
    ("no base, HighLevel blank", (BLANK, None), (A, None), "hold only_in_rezora"),
    ("no base, different", (A, None), (B, None), "hold differs_at_first_contact"),
    ("a reformat is no edit", ((" a ",), A), (A, A), "nothing"),
]


@pytest.mark.parametrize(
    ("highlevel", "rezora", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_each_cell_of_the_table(
    highlevel: tuple[Values | None, Values | None], rezora: tuple[Values | None, Values | None], expected: str
) -> None:
    assert verdict(highlevel, rezora) == expected


def test_strategies_decide_what_happens_when_both_changed() -> None:
    changed = ((B, A), (C, A))
    assert verdict(*changed, rule(strategy=Strategy.HOLD)) == "hold both_changed"
    assert verdict(*changed, rule(strategy=Strategy.IMMUTABLE)) == "hold both_changed"
    assert verdict(*changed, rule(strategy=Strategy.SOURCE)) == "write rezora conflict"


def test_an_owner_puts_its_value_back_but_only_where_the_rule_may_write() -> None:
    edited = ((A, A), (B, A))
    assert verdict(*edited, rule(strategy=Strategy.SOURCE)) == "write rezora conflict"
    towards_highlevel = rule(Direction.TO_HIGHLEVEL, Strategy.SOURCE)
    assert verdict(*edited, towards_highlevel) == "write highlevel"


def test_a_fixed_value_that_changed_waits_for_a_person() -> None:
    assert verdict((B, A), (A, A), rule(strategy=Strategy.IMMUTABLE)) == "hold immutable"


MIRROR = {
    Direction.TO_REZORA: Direction.TO_HIGHLEVEL,
    Direction.TO_HIGHLEVEL: Direction.TO_REZORA,
    Direction.BOTH: Direction.BOTH,
}
values = st.sampled_from([A, B, C, BLANK])
sights = st.builds(Sight, st.none() | values, st.none() | values)


@given(sights, sights, st.sampled_from(Direction), st.sampled_from(Strategy), st.sampled_from(Side))
def test_swapping_the_sides_mirrors_the_verdict(
    highlevel: Sight, rezora: Sight, direction: Direction, strategy: Strategy, prefer: Side
) -> None:
    one = Rule("f", ("x",), ("y",), "text", direction, strategy, prefer)
    other = Rule("f", ("x",), ("y",), "text", MIRROR[direction], strategy, prefer.other)
    first, second = decide(one, plain, highlevel, rezora), decide(other, plain, rezora, highlevel)
    assert first.outcome is second.outcome
    assert first.conflict is second.conflict
    assert (first.target.other if first.target else None) is second.target


@given(sights, sights, st.sampled_from(Direction), st.sampled_from(Strategy), st.sampled_from(Side))
def test_a_write_always_goes_where_the_direction_leads_and_never_over_an_equal_value(
    highlevel: Sight, rezora: Sight, direction: Direction, strategy: Strategy, prefer: Side
) -> None:
    one = Rule("f", ("x",), ("y",), "text", direction, strategy, prefer)
    found = decide(one, plain, highlevel, rezora)
    if found.outcome is Outcome.WRITE:
        assert found.target is not None
        assert direction.reaches(found.target)
        assert highlevel.now != rezora.now
