"""One field of one pair: every cell of the table in sync-correctness.md section 4."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.merge import (
    CELLS,
    RESTORED,
    UNDONE,
    Outcome,
    Sight,
    Values,
    Verdict,
    decide,
    difference,
)
from landbridge.sync.model import Side
from landbridge.sync.reasons import HELD
from landbridge.sync.rules import Direction, Rule, Strategy

A, B, C = ("a",), ("b",), ("c",)
BLANK = ("",)


def rule(direction: Direction = Direction.TO_REZORA, strategy: Strategy = Strategy.THREE_WAY) -> Rule:
    return Rule("city", ("city",), ("contact_home_city",), "text", direction, strategy)


def plain(_side: Side, values: Values) -> str:
    return values[0].strip()


Row = tuple[Values | None, Values | None]


def verdict(
    highlevel: Row, rezora: Row, of: Rule | None = None, *, note: str = "", believe: bool = True
) -> str:
    """(now, base) of both sides, as one word or two."""
    found = decide(of or rule(), plain, Sight(*highlevel), Sight(*rezora), note=note, believe=believe)
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


TWO_WAY = [
    ("edited in Rezora", (A, A), (B, A), "write highlevel"),
    ("cleared in Rezora", (A, A), (BLANK, A), "write highlevel"),
    ("edited in HighLevel", (B, A), (A, A), "write rezora"),
    ("both changed", (B, A), (C, A), "write rezora conflict"),
    ("no base, HighLevel blank", (BLANK, None), (A, None), "write highlevel"),
    ("no base, Rezora blank", (A, None), (BLANK, None), "write rezora"),
    ("no base, different", (A, None), (B, None), "hold differs_at_first_contact"),
    ("same, same, but different", (A, A), (B, B), "hold differs"),
]


@pytest.mark.parametrize(
    ("highlevel", "rezora", "expected"), [row[1:] for row in TWO_WAY], ids=[r[0] for r in TWO_WAY]
)
def test_each_cell_of_the_table_of_a_rule_that_goes_both_ways(
    highlevel: Row, rezora: Row, expected: str
) -> None:
    assert verdict(highlevel, rezora, rule(Direction.BOTH)) == expected


def test_a_rule_towards_highlevel_mirrors_one_towards_rezora() -> None:
    towards = rule(Direction.TO_HIGHLEVEL)
    assert verdict((A, A), (B, A), towards) == "write highlevel"
    assert verdict((B, A), (A, A), towards) == "hold edited_in_highlevel"
    assert verdict((A, None), (BLANK, None), towards) == "hold only_in_highlevel"
    assert verdict((B, A), (C, A), towards) == "hold edited_in_highlevel"


FILL = [
    ("cleared in HighLevel", (BLANK, A), (A, A), Direction.BOTH, "write highlevel conflict"),
    ("cleared in Rezora", (A, A), (BLANK, A), Direction.BOTH, "write rezora conflict"),
    ("cleared in HighLevel, one-way", (BLANK, A), (A, A), Direction.TO_REZORA, "hold edited_in_highlevel"),
    ("cleared in Rezora, one-way", (A, A), (BLANK, A), Direction.TO_REZORA, "write rezora conflict"),
    ("filled in HighLevel", (A, BLANK), (BLANK, BLANK), Direction.BOTH, "write rezora"),
    ("filled in Rezora", (BLANK, BLANK), (A, BLANK), Direction.BOTH, "write highlevel"),
    ("edited in Rezora", (A, A), (B, A), Direction.BOTH, "write highlevel"),
    ("cleared here, edited there", (BLANK, A), (B, A), Direction.BOTH, "write highlevel conflict"),
    ("edited here, cleared there", (B, A), (BLANK, A), Direction.BOTH, "write rezora conflict"),
    ("cleared here, edited there, one-way", (BLANK, A), (B, A), Direction.TO_REZORA, "hold edited_in_rezora"),
    ("both edited", (B, A), (C, A), Direction.BOTH, "write rezora conflict"),
    ("cleared on both sides", (BLANK, A), (BLANK, A), Direction.BOTH, "settle"),
]


@pytest.mark.parametrize(
    ("highlevel", "rezora", "direction", "expected"), [row[1:] for row in FILL], ids=[r[0] for r in FILL]
)
def test_a_value_always_beats_a_blank_where_the_rule_fills_blanks(
    highlevel: Row, rezora: Row, direction: Direction, expected: str
) -> None:
    assert verdict(highlevel, rezora, rule(direction, Strategy.FILL_BLANK)) == expected


def test_where_both_edited_and_rezora_is_preferred_its_value_stands() -> None:
    for strategy in (Strategy.THREE_WAY, Strategy.SOURCE, Strategy.FILL_BLANK):
        of = replace(rule(Direction.BOTH, strategy), prefer=Side.REZORA)
        assert verdict((B, A), (C, A), of) == "write highlevel conflict"


def test_at_first_contact_the_owners_value_stands() -> None:
    owned = rule(Direction.BOTH, Strategy.SOURCE)
    assert verdict((A, None), (B, None), owned) == "write rezora conflict"
    assert verdict((A, None), (B, None), replace(owned, prefer=Side.REZORA)) == "write highlevel conflict"
    assert verdict((BLANK, None), (B, None), owned) == "write highlevel"
    towards_rezora = replace(owned, prefer=Side.REZORA, direction=Direction.TO_REZORA)
    assert verdict((A, None), (B, None), towards_rezora) == "hold differs_at_first_contact"


APART = ((A, A), (B, B))


def test_a_difference_that_a_person_accepted_stays_until_either_side_moves() -> None:
    both = rule(Direction.BOTH)
    note = difference("a", "b")
    assert verdict(*APART, both, note=note) == "nothing"
    assert verdict((A, A), (C, C), both, note=note) == "hold differs"  # another difference was accepted
    assert verdict((A, A), (C, B), both, note=note) == "write highlevel"
    assert verdict((C, A), (B, B), both, note=note) == "write rezora"


def test_a_difference_left_by_an_undo_waits_for_a_person_and_is_ended_by_an_edit() -> None:
    both = rule(Direction.BOTH)
    assert verdict(*APART, both, note=UNDONE) == "hold undone"
    assert verdict((C, A), (B, B), both, note=UNDONE) == "write rezora"
    assert verdict((A, A), (A, A), both, note=UNDONE) == "nothing"


@pytest.mark.parametrize("believe", [True, False])
def test_a_base_that_is_not_believed_writes_nothing_over_a_difference(believe: bool) -> None:
    both = rule(Direction.BOTH)
    note = RESTORED if believe else ""
    for highlevel, rezora in (((B, A), (A, A)), ((A, A), (B, A)), ((B, A), (C, A)), ((BLANK, A), (A, A))):
        assert verdict(highlevel, rezora, both, note=note, believe=believe) == "hold restored"
    assert verdict((B, A), (B, A), both, note=note, believe=believe) == "settle"
    assert verdict((A, A), (A, A), both, note=note, believe=believe) == "nothing"
    cleared = verdict((A, None), (BLANK, None), both, note=note, believe=believe)
    assert cleared == "hold restored"  # linked since the copy was made, and this one cleared
    assert verdict((A, None), (B, None), both, note=note, believe=believe) == "hold restored"


def test_a_difference_found_after_a_restore_stays_held() -> None:
    assert verdict(*APART, rule(Direction.BOTH), note=RESTORED) == "hold restored"


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
    assert swapped(first.cause) == second.cause
    assert swapped(first.cell) == second.cell


def swapped(text: str) -> str:
    names = {"highlevel": "rezora", "rezora": "highlevel"}
    return "".join(names.get(word, word) for word in re.split("(highlevel|rezora)", text))


@given(
    sights,
    sights,
    st.sampled_from(Direction),
    st.sampled_from(Strategy),
    st.sampled_from(["", RESTORED, UNDONE, difference("a", "b"), difference("b", "")]),
    st.booleans(),
)
def test_every_verdict_is_a_cell_of_the_table(
    highlevel: Sight, rezora: Sight, direction: Direction, strategy: Strategy, note: str, believe: bool
) -> None:
    one = Rule("f", ("x",), ("y",), "text", direction, strategy)
    found: Verdict = decide(one, plain, highlevel, rezora, note=note, believe=believe)
    assert found.cell in CELLS
    assert not found.cause or found.cause in HELD
    assert (found.outcome is Outcome.HOLD) == bool(found.cause)


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
