"""Tags, lists and options: add what one side added, remove what one removed, leave the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.labels import LabelVerdict, Presence, decide_label, label_key, present, shown_name
from landbridge.sync.model import Choice, Link, Record, Side
from landbridge.sync.plan import ChangeLabel, Create, Hold, Plan, Situation, Update, plan
from landbridge.sync.rules import Direction, LabelRule, Policy, Rule
from landbridge.sync.values import Context, converters

H, R = Side.HIGHLEVEL, Side.REZORA
CONVERTERS = converters(Context())
BOTH = LabelRule("buyer", "Buyers", Direction.BOTH)
ONLY_R = LabelRule("buyer", "Buyers", Direction.TO_REZORA)
ONLY_H = LabelRule("buyer", "Buyers", Direction.TO_HIGHLEVEL)

Row = tuple[bool | None, bool | None]  # now, base


def verdict(
    highlevel: Row, rezora: Row, rule: LabelRule = BOTH, *, out: bool = False, believe: bool = True
) -> LabelVerdict:
    sights = {H: Presence(*highlevel), R: Presence(*rezora)}
    return decide_label(rule, sights, out=out, believe=believe)


def to(side: Side, wanted: bool) -> LabelVerdict:
    return LabelVerdict({side: wanted}, {H: wanted, R: wanted})


NO, YES, UNKNOWN = False, True, None
SAME_NO, SAME_YES = LabelVerdict({}, {H: NO, R: NO}), LabelVerdict({}, {H: YES, R: YES})
NOTHING = LabelVerdict({}, {})
TABLE: list[tuple[str, Row, Row, LabelVerdict]] = [
    ("neither, as before", (NO, NO), (NO, NO), SAME_NO),
    ("both, as before", (YES, YES), (YES, YES), SAME_YES),
    ("added in HighLevel", (YES, NO), (NO, NO), to(R, YES)),
    ("added in Rezora", (NO, NO), (YES, NO), to(H, YES)),
    ("added on both", (YES, NO), (YES, NO), SAME_YES),
    ("removed in HighLevel", (NO, YES), (YES, YES), to(R, NO)),
    ("removed in Rezora", (YES, YES), (NO, YES), to(H, NO)),
    ("removed on both", (NO, YES), (NO, YES), SAME_NO),
    ("first contact, neither", (NO, None), (NO, None), SAME_NO),
    ("first contact, HighLevel", (YES, None), (NO, None), to(R, YES)),
    ("first contact, Rezora", (NO, None), (YES, None), to(H, YES)),
    ("first contact, both", (YES, None), (YES, None), SAME_YES),
    ("HighLevel does not tell", (UNKNOWN, YES), (NO, YES), NOTHING),
    ("Rezora does not tell", (NO, YES), (UNKNOWN, YES), NOTHING),
    ("half a base is none", (NO, YES), (YES, None), to(H, YES)),
]


@pytest.mark.parametrize(
    ("highlevel", "rezora", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_each_row_of_the_table(highlevel: Row, rezora: Row, expected: LabelVerdict) -> None:
    assert verdict(highlevel, rezora) == expected


@pytest.mark.parametrize(
    ("rule", "highlevel", "rezora"),
    [
        (ONLY_R, (NO, NO), (YES, NO)),
        (ONLY_R, (YES, YES), (NO, YES)),
        (ONLY_H, (YES, NO), (NO, NO)),
        (ONLY_H, (NO, YES), (YES, YES)),
    ],
    ids=["joined in Rezora", "left in Rezora", "tagged in HighLevel", "untagged in HighLevel"],
)
def test_what_the_direction_forbids_changes_nothing_and_is_not_taken_for_agreed(
    rule: LabelRule, highlevel: Row, rezora: Row
) -> None:
    assert verdict(highlevel, rezora, rule) == NOTHING


def test_what_the_direction_forbids_stays_so_run_after_run_and_is_settled_by_an_edit() -> None:
    """Joined in Rezora under a rule to Rezora: kept, until the tag comes and goes in HighLevel."""
    base: dict[Side, bool | None] = {H: NO, R: NO}
    for _ in range(3):
        found = verdict((NO, base[H]), (YES, base[R]), ONLY_R)
        assert found.change == {}
        base |= found.base
    tagged = verdict((YES, base[H]), (YES, base[R]), ONLY_R)
    assert tagged == SAME_YES
    assert verdict((NO, YES), (YES, YES), ONLY_R) == to(R, NO)


@pytest.mark.parametrize(
    ("highlevel", "rezora"),
    [((YES, NO), (NO, NO)), ((NO, YES), (YES, YES)), ((NO, NO), (YES, NO)), ((YES, YES), (NO, YES))],
)
def test_what_moved_against_a_base_that_is_not_believed_waits(highlevel: Row, rezora: Row) -> None:
    assert verdict(highlevel, rezora, believe=False) == LabelVerdict({}, {}, "restored")


@pytest.mark.parametrize(
    ("rule", "highlevel", "rezora", "cause"),
    [
        (BOTH, (YES, YES), (NO, NO), "undone"),
        (BOTH, (NO, NO), (YES, YES), "undone"),
        (ONLY_R, (YES, YES), (NO, NO), "undone"),
        (ONLY_R, (NO, NO), (YES, YES), ""),
        (ONLY_H, (YES, YES), (NO, NO), ""),
    ],
)
@pytest.mark.parametrize("believe", [True, False])
def test_a_difference_that_both_sides_showed_before_was_made_by_an_undo_and_waits(
    rule: LabelRule, highlevel: Row, rezora: Row, cause: str, believe: bool
) -> None:
    assert verdict(highlevel, rezora, rule, believe=believe) == LabelVerdict({}, {}, cause)


def test_what_did_not_move_or_is_equal_does_not_wait_even_then() -> None:
    assert verdict((YES, YES), (YES, YES), believe=False) == SAME_YES
    assert verdict((YES, NO), (YES, NO), believe=False) == SAME_YES


def test_a_mark_on_one_side_only_that_has_no_base_waits_after_a_restore() -> None:
    assert verdict((YES, None), (NO, None)) == to(R, YES)
    assert verdict((YES, None), (NO, None), believe=False) == LabelVerdict({}, {}, "restored")


OUT: list[tuple[str, Row, Row, LabelVerdict]] = [
    ("a new tag adds nobody", (YES, NO), (NO, NO), LabelVerdict({}, {H: YES, R: None})),
    ("a list adds no tag", (NO, NO), (YES, NO), LabelVerdict({}, {H: NO, R: None})),
    ("being off a list takes no tag", (YES, YES), (NO, YES), LabelVerdict({}, {H: YES, R: None})),
    ("a tag that goes takes off", (NO, YES), (YES, YES), LabelVerdict({R: NO}, {H: NO, R: NO})),
    ("at first contact nothing", (NO, None), (YES, None), LabelVerdict({}, {H: NO, R: None})),
    ("both", (YES, YES), (YES, YES), SAME_YES),
]


@pytest.mark.parametrize(
    ("highlevel", "rezora", "expected"), [row[1:] for row in OUT], ids=[row[0] for row in OUT]
)
def test_nobody_who_gets_no_e_mail_is_put_on_a_list(
    highlevel: Row, rezora: Row, expected: LabelVerdict
) -> None:
    assert verdict(highlevel, rezora, out=True) == expected
    assert verdict(highlevel, rezora, ONLY_H, out=True).change == {}


def test_who_was_tagged_while_opted_out_joins_the_list_once_e_mail_is_allowed_again() -> None:
    tagged = verdict((YES, NO), (NO, NO), out=True)
    assert (tagged.change, tagged.base) == ({}, {H: YES, R: None})
    assert verdict((YES, YES), (NO, None)) == to(R, YES)


flags = st.sampled_from([True, False, None])
rows = st.tuples(flags, flags)


@given(rows, rows, st.sampled_from([BOTH, ONLY_R, ONLY_H]), st.booleans(), st.booleans())
def test_a_verdict_writes_where_it_may_and_a_second_look_writes_nothing(
    highlevel: Row, rezora: Row, rule: LabelRule, out: bool, believe: bool
) -> None:
    found = verdict(highlevel, rezora, rule, out=out, believe=believe)
    shows = {H: highlevel[0], R: rezora[0]}
    for side, wanted in found.change.items():
        assert rule.direction.reaches(side)
        assert shows[side] is not wanted
        assert not (out and wanted)
    after = shows | found.change
    base: dict[Side, bool | None] = {H: highlevel[1], R: rezora[1]}
    base |= found.base
    again = verdict((after[H], base[H]), (after[R], base[R]), rule, out=out, believe=believe)
    assert again.change == {}
    assert again.held is found.held


# How a mark shows


def test_marks_are_found_whatever_their_letters_are() -> None:
    tagged = Record(H, "h1", {}, frozenset({"BUYER", "vip"}))
    assert present(BOTH, tagged) is True
    assert shown_name(BOTH, tagged) == "BUYER"
    assert present(BOTH, Record(R, "r1", {}, frozenset({"sellers"}))) is False
    assert present(BOTH, Record(R, "r1", {}, None)) is None


HOT = LabelRule("hot", "", Direction.BOTH, rezora_field="contact_type", rezora_option="Hot")
KIND = LabelRule("", "Buyers", Direction.BOTH, highlevel_field="type", highlevel_option="Buyer")
OPTIONS = LabelRule("", "", Direction.BOTH, "source", "Walk-in", "contact_type", "Walk in")


def test_an_option_is_a_mark_of_its_own_value_only() -> None:
    shows = {"Hot": True, " hot ": True, "Warm": False, "": False}
    for value, expected in shows.items():
        assert present(HOT, Record(R, "r1", {"contact_type": value})) is expected
    assert present(HOT, Record(R, "r1", {})) is None


EMAIL = Rule("email", ("email",), ("contact_email",), "email", Direction.BOTH)
NAME = Rule("name", ("firstName", "lastName"), ("contact_name",), "name", Direction.BOTH)
ADA = {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.org", "type": "", "source": ""}
SHOWN = {"contact_name": "Ada Byron", "contact_email": "ada@example.org", "contact_type": ""}


def policy(*labels: LabelRule, rules: tuple[Rule, ...] = (NAME, EMAIL), default_list: str = "") -> Policy:
    return Policy(rules, labels, default_list=default_list)


def highlevel(*tags: str, out: bool = False, **fields: str) -> Record:
    return Record(H, "h1", {**ADA, **fields}, frozenset(tags), opted_out=out)


def rezora(*lists: str, **fields: str) -> Record:
    return Record(R, "r1", {**SHOWN, **fields}, frozenset(lists), opted_out=False)


def decided(of: Policy, here: Record | None, there: Record | None, link: Link | None = None) -> Plan:
    return plan(of, CONVERTERS, Situation(here, there, link))


def linked(of: Policy, here: Record, there: Record) -> Link:
    found = decided(of, here, there)
    assert (found.actions, found.holds) == ((), ())
    return Link("h1", "r1", found.base_highlevel, found.base_rezora)


def test_a_tag_becomes_an_option_and_the_option_a_tag() -> None:
    of = policy(HOT)
    link = linked(of, highlevel(), rezora())
    assert decided(of, highlevel("hot"), rezora(), link).actions == (
        Update(R, "r1", {"contact_type": "Hot"}, {"contact_type": ""}, ("hot",)),
    )
    assert decided(of, highlevel(), rezora(contact_type="Hot"), link).actions == (
        ChangeLabel(H, "h1", "hot", present=True),
    )


def test_an_option_that_goes_takes_the_tag_and_a_tag_that_goes_blanks_the_option() -> None:
    of = policy(HOT)
    link = linked(of, highlevel("Hot"), rezora(contact_type="hot"))
    assert decided(of, highlevel("Hot"), rezora(contact_type="Warm"), link).actions == (
        ChangeLabel(H, "h1", "Hot", present=False),
    )
    gone = decided(of, highlevel(), rezora(contact_type="hot"), link)
    assert gone.actions == (Update(R, "r1", {"contact_type": ""}, {"contact_type": "hot"}, ("hot",)),)


def test_a_list_becomes_an_option_of_highlevel() -> None:
    of = policy(KIND)
    link = linked(of, highlevel(), rezora())
    found = decided(of, highlevel(), rezora("Buyers"), link)
    assert found.actions == (Update(H, "h1", {"type": "Buyer"}, {"type": ""}, ("type=Buyer",)),)
    assert decided(of, highlevel(type="Buyer"), rezora(), link).actions == (
        ChangeLabel(R, "r1", "Buyers", present=True),
    )


def test_an_option_of_one_side_becomes_an_option_of_the_other() -> None:
    of = policy(OPTIONS)
    link = linked(of, highlevel(), rezora())
    found = decided(of, highlevel(source="walk-in"), rezora(), link)
    assert found.actions == (
        Update(R, "r1", {"contact_type": "Walk in"}, {"contact_type": ""}, ("source=Walk-in",)),
    )


def test_who_joined_a_list_while_opted_out_is_tagged_once_e_mail_is_allowed_again() -> None:
    joined = verdict((NO, NO), (YES, NO), out=True)
    assert (joined.change, joined.base) == ({}, {H: NO, R: None})
    assert verdict((NO, NO), (YES, None)) == to(H, YES)


WARM = LabelRule("warm", "", Direction.BOTH, rezora_field="contact_type", rezora_option="Warm")
ONE_ONLY = (Hold("one_option_only", "warm", "yes", "no"),)


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.TO_REZORA])
def test_of_two_options_of_one_field_the_first_rule_writes_and_the_other_waits(direction: Direction) -> None:
    of = policy(replace(HOT, direction=direction), replace(WARM, direction=direction))
    link = linked(of, highlevel(), rezora())
    first = decided(of, highlevel("hot", "warm"), rezora(), link)
    (update,) = first.actions
    assert isinstance(update, Update)
    assert (update.fields, first.holds) == ({"contact_type": "Hot"}, ONE_ONLY)
    link = Link("h1", "r1", first.base_highlevel, first.base_rezora, notes=first.notes)
    again = decided(of, highlevel("hot", "warm"), rezora(contact_type="Hot"), link)
    assert (again.actions, again.holds) == ((), ONE_ONLY)
    link = Link("h1", "r1", again.base_highlevel, again.base_rezora, notes=again.notes)
    switched = decided(of, highlevel("warm"), rezora(contact_type="Hot"), link)
    assert switched.holds == ()
    assert [action.fields for action in switched.actions if isinstance(action, Update)] == [
        {"contact_type": "Warm"}
    ]


def test_a_tag_exchanged_for_another_exchanges_the_option() -> None:
    of = policy(HOT, WARM)
    link = linked(of, highlevel("hot"), rezora(contact_type="Hot"))
    found = decided(of, highlevel("warm"), rezora(contact_type="Hot"), link)
    assert found.actions == (Update(R, "r1", {"contact_type": "Warm"}, {"contact_type": "Hot"}, ("warm",)),)
    link = Link("h1", "r1", found.base_highlevel, found.base_rezora)
    after = decided(of, highlevel("warm"), rezora(contact_type="Warm"), link)
    assert (after.actions, after.holds) == ((), ())


def test_an_option_exchanged_for_another_exchanges_the_tag() -> None:
    of = policy(HOT, WARM)
    link = linked(of, highlevel("hot"), rezora(contact_type="Hot"))
    found = decided(of, highlevel("hot"), rezora(contact_type="Warm"), link)
    assert set(found.actions) == {
        ChangeLabel(H, "h1", "hot", present=False),
        ChangeLabel(H, "h1", "warm", present=True),
    }


def test_a_create_takes_one_option_of_a_field_and_the_other_waits() -> None:
    of = policy(HOT, WARM)
    made = decided(of, highlevel("hot", "warm"), None)
    (create,) = made.actions
    assert isinstance(create, Create)
    assert create.fields["contact_type"] == "Hot"
    link = Link("h1", "r1", made.base_highlevel, made.base_rezora)
    after = decided(of, highlevel("hot", "warm"), rezora(contact_type="Hot"), link)
    assert (after.actions, after.holds) == ((), ONE_ONLY)


def test_marks_go_with_a_create_to_either_side() -> None:
    of = policy(BOTH, HOT)
    (create,) = decided(of, highlevel("Buyer", "hot"), None).actions
    assert isinstance(create, Create)
    assert (create.labels, create.fields["contact_type"]) == (("Buyers",), "Hot")
    (create,) = decided(of, None, rezora("Buyers", contact_type="Hot")).actions
    assert isinstance(create, Create)
    assert create.labels == ("buyer", "hot")
    (create,) = decided(policy(KIND), None, rezora("Buyers")).actions
    assert isinstance(create, Create)
    assert (create.labels, create.fields["type"]) == ((), "Buyer")


@pytest.mark.parametrize("rule", [BOTH, HOT, KIND, OPTIONS, ONLY_R, ONLY_H], ids=lambda rule: rule.key)
@pytest.mark.parametrize("side", Side)
def test_what_a_create_leaves_behind_plans_to_nothing_once_it_is_read_back(
    rule: LabelRule, side: Side
) -> None:
    of = policy(rule)
    full = highlevel("buyer", "hot", type="Buyer", source="Walk-in")
    there = rezora("Buyers", contact_type=rule.rezora_option)
    source = full if side is H else there
    made = decided(of, full if side is H else None, there if side is R else None)
    (create,) = made.actions
    assert isinstance(create, Create)
    blank = dict.fromkeys(SHOWN if side is H else ADA, "")
    copy = Record(side.other, "new", {**blank, **create.fields}, frozenset(create.labels), opted_out=False)
    pair = (source, copy) if side is H else (copy, source)
    link = Link(pair[0].id, pair[1].id, made.base_highlevel, made.base_rezora, unread=side.other)
    again = decided(of, *pair, link)
    assert (again.actions, again.holds) == ((), ())


def test_a_mark_that_moved_after_a_restore_waits_with_both_sides_shown() -> None:
    of = policy(BOTH)
    link = replace(linked(of, highlevel(), rezora()), rebase=True)
    found = decided(of, highlevel("buyer"), rezora(), link)
    assert (found.actions, found.holds) == ((), (Hold("restored", "buyer", "yes", "no"),))
    assert found.base_highlevel[label_key(BOTH)] == "0"
    link = Link("h1", "r1", found.base_highlevel, found.base_rezora, notes=found.notes)
    again = decided(of, highlevel("buyer"), rezora(), link)  # the base is believed again, this mark is not
    assert (again.actions, again.holds) == ((), (Hold("restored", "buyer", "yes", "no"),))
    by_hand = decided(of, highlevel("buyer"), rezora("Buyers"), link)
    assert (by_hand.actions, by_hand.holds, by_hand.notes) == ((), (), {})


@pytest.mark.parametrize(
    ("use", "action"),
    [
        ("highlevel", ChangeLabel(R, "r1", "Buyers", present=True)),
        ("rezora", ChangeLabel(H, "h1", "buyer", present=False)),
        ("ignore", None),
    ],
)
def test_a_person_says_which_side_is_right_about_a_mark(use: str, action: ChangeLabel | None) -> None:
    of = policy(BOTH)
    link = replace(linked(of, highlevel(), rezora()), rebase=True)
    choices = {"buyer": Choice("buyer", use, "", "yes", "no")}
    here, there = highlevel("buyer"), rezora()
    found = plan(of, CONVERTERS, Situation(here, there, link, choices=choices))
    assert (found.actions, found.holds) == ((action,) if action else (), ())
    link = Link("h1", "r1", found.base_highlevel, found.base_rezora, notes=found.notes)
    if action is not None:
        here = highlevel("buyer") if use == "highlevel" else highlevel()
        there = rezora("Buyers") if use == "highlevel" else rezora()
    again = decided(of, here, there, link)
    assert (again.actions, again.holds) == ((), ())


def test_a_word_about_a_mark_is_void_when_it_moved_since() -> None:
    of = policy(BOTH)
    link = replace(linked(of, highlevel(), rezora()), rebase=True)
    choices = {"buyer": Choice("buyer", "highlevel", "", "no", "yes")}
    found = plan(of, CONVERTERS, Situation(highlevel("buyer"), rezora(), link, choices=choices))
    assert (found.actions, found.holds) == ((), (Hold("restored", "buyer", "yes", "no"),))


def test_who_was_taken_off_the_default_list_by_hand_stays_off() -> None:
    of = policy(default_list="Everybody")
    made = decided(of, highlevel(), None)
    link = Link("h1", "r1", made.base_highlevel, made.base_rezora, unread=R)
    joined = decided(of, highlevel(), rezora("Everybody"), link)
    assert joined.actions == ()
    link = Link("h1", "r1", joined.base_highlevel, joined.base_rezora)
    off = decided(of, highlevel(), rezora(), link)
    assert off.actions == ()
    link = Link("h1", "r1", off.base_highlevel, off.base_rezora)
    assert decided(of, highlevel(), rezora(), link).actions == ()


def test_who_was_not_created_by_us_is_not_put_on_the_default_list() -> None:
    assert decided(policy(default_list="Everybody"), highlevel(), rezora()).actions == ()
