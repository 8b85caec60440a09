"""Plans of one pair of contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.model import Choice, Link, Record, Side
from landbridge.sync.plan import ChangeLabel, Create, Delete, Hold, OptOut, Plan, Situation, Update, plan
from landbridge.sync.reasons import EXCLUDED
from landbridge.sync.rules import Direction, LabelRule, OnDelete, Policy, default_policy
from landbridge.sync.values import Context, converters

CONVERTERS = converters(Context())
POLICY = replace(
    default_policy().towards(Side.REZORA), labels=(LabelRule("buyer", "Buyers", Direction.TO_REZORA),)
)
TWO_WAY = replace(default_policy(), labels=(LabelRule("buyer", "Buyers", Direction.BOTH),))
ADA = {
    "firstName": "Ada",
    "lastName": "Byron",
    "email": "ada@example.org",
    "phone": "+13035550100",
    "address1": "9 Elm Rd",
    "city": "Boulder",
    "state": "CO",
    "postalCode": "80301",
    "companyName": "",
}
SHOWN = {
    "contact_name": "Ada Byron",
    "contact_email": "ada@example.org",
    "contact_phone_mobile": "303-555-0100",
    "contact_phone_home": "",
    "contact_company": "",
    "contact_home_street": "9 Elm Rd",
    "contact_home_street2": "",
    "contact_home_city": "Boulder",
    "contact_home_state": "CO",
    "contact_home_zip": "80301",
}


NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


def highlevel(
    labels: frozenset[str] = frozenset(),
    *,
    opted_out: bool | None = False,
    shows: Mapping[str, str] = NOTHING_MORE,
    **fields: str,
) -> Record:
    return Record(Side.HIGHLEVEL, "h1", {**ADA, **shows, **fields}, labels, opted_out)


def rezora(
    labels: frozenset[str] | None = frozenset(),
    *,
    opted_out: bool | None = False,
    shows: Mapping[str, str] = NOTHING_MORE,
    **fields: str,
) -> Record:
    return Record(Side.REZORA, "55501", {**SHOWN, **shows, **fields}, labels, opted_out)


def decided(situation: Situation, policy: Policy = POLICY) -> Plan:
    return plan(policy, CONVERTERS, situation)


def settled() -> Link:
    """The link after both sides were found equal."""
    found = decided(Situation(highlevel(), rezora()))
    assert (found.actions, found.holds) == ((), ())
    return Link("h1", "55501", found.base_highlevel, found.base_rezora)


def test_a_contact_that_only_highlevel_has_is_created_with_values_only() -> None:
    found = decided(Situation(highlevel(frozenset({"Buyer"})), None))
    (create,) = found.actions
    assert isinstance(create, Create)
    assert create.labels == ("Buyers",)
    assert create.fields == {name: value for name, value in SHOWN.items() if value}


def test_what_a_create_leaves_behind_plans_to_nothing_once_it_is_read_back() -> None:
    made = decided(Situation(highlevel(), None))
    link = Link("h1", "55501", made.base_highlevel, made.base_rezora, unread=Side.REZORA)
    again = decided(Situation(highlevel(), rezora(), link))
    assert (again.actions, again.holds) == ((), ())


def test_a_value_that_rezora_stored_differently_is_shown_and_not_written_again() -> None:
    made = decided(Situation(highlevel(), None))
    link = Link("h1", "55501", made.base_highlevel, made.base_rezora, unread=Side.REZORA)
    again = decided(Situation(highlevel(), rezora(contact_home_city="Bould"), link))
    assert again.actions == ()
    assert again.holds == (Hold("differs", "city", "Boulder", "Bould"),)


def test_only_the_changed_field_is_written() -> None:
    found = decided(Situation(highlevel(city="Denver"), rezora(), settled()))
    assert found.actions == (
        Update(
            Side.REZORA,
            "55501",
            {"contact_home_city": "Denver"},
            {"contact_home_city": "Boulder"},
            ("city",),
        ),
    )
    assert found.overwrites


def test_reasons_for_leaving_a_new_contact_out() -> None:
    cases = {
        "opted_out": Situation(highlevel(opted_out=True), None),
        "address_opted_out": Situation(highlevel(), None, suppressed=True),
        "no_address": Situation(highlevel(email="", phone=""), None),
        "no_email": Situation(highlevel(email=""), None),
        "bad_email": Situation(highlevel(email="ada at example"), None),
        "no_name": Situation(highlevel(firstName="", lastName=""), None),
    }
    for reason, situation in cases.items():
        assert decided(situation) == Plan(excluded=reason)
    assert (
        decided(Situation(highlevel(), None), replace(POLICY, create_in_rezora=False)).excluded
        == "create_off_rezora"
    )


def test_the_accounts_own_contact_is_never_touched() -> None:
    own = replace(rezora(contact_name="Agent"), read_only=True)
    assert decided(Situation(highlevel(), own)) == Plan(excluded="self_contact")


@pytest.mark.parametrize("of", [POLICY, TWO_WAY], ids=["one-way", "two-way"])
def test_a_linked_contact_that_was_not_listed_is_left_alone_until_a_read_by_id_proves_it_gone(
    of: Policy,
) -> None:
    for here, there in ((highlevel(), None), (None, rezora())):
        assert decided(Situation(here, there, settled()), of) == Plan(excluded="not_seen")


GONE = [
    ("deleted in Rezora", (highlevel(), None), "deleted_in_rezora"),
    ("deleted in HighLevel", (None, rezora()), "deleted_in_highlevel"),
]


@pytest.mark.parametrize("of", [POLICY, TWO_WAY], ids=["one-way", "two-way"])
@pytest.mark.parametrize(("pair", "reason"), [row[1:] for row in GONE], ids=[row[0] for row in GONE])
def test_a_linked_contact_that_was_deleted_ends_the_link_and_is_never_created_again(
    pair: tuple[Record | None, Record | None], reason: str, of: Policy
) -> None:
    gone = Side.REZORA if pair[1] is None else Side.HIGHLEVEL
    assert decided(Situation(*pair, settled(), gone=gone), of) == Plan(closed=reason)
    assert reason in EXCLUDED


def test_a_pair_that_was_deleted_on_both_sides_is_closed() -> None:
    found = decided(Situation(None, None, settled(), gone=Side.REZORA))
    assert found == Plan(closed="deleted_on_both_sides")


def gone_in_rezora(*, of: Policy = TWO_WAY, use: str = "", value: str = "", **fields: str) -> Plan:
    choices = {"": Choice("", use, value)} if use else {}
    return decided(Situation(highlevel(shows=fields), None, settled(), choices=choices, gone=Side.REZORA), of)


def gone_in_highlevel(*, of: Policy = TWO_WAY, use: str = "", value: str = "", **fields: str) -> Plan:
    choices = {"": Choice("", use, value)} if use else {}
    return decided(Situation(None, rezora(shows=fields), settled(), choices=choices, gone=Side.HIGHLEVEL), of)


ASK = replace(TWO_WAY, on_delete=OnDelete.ASK)
WAITS, EDITED = Plan(holds=(Hold("delete_waits"),)), Plan(holds=(Hold("deleted_and_edited"),))


def test_whom_the_other_side_edited_meanwhile_a_person_decides_about() -> None:
    assert gone_in_rezora(city="Lyons") == EDITED
    assert gone_in_highlevel(contact_home_city="Lyons") == EDITED
    assert gone_in_rezora(of=ASK, city="Lyons") == EDITED
    assert gone_in_rezora(city="BOULDER ", companyName=" ") == EDITED  # case is an edit, blanks are none
    assert gone_in_rezora(city=" Boulder ") == Plan(closed="deleted_in_rezora")
    assert gone_in_rezora(country="DE") == Plan(closed="deleted_in_rezora")  # not a mapped field


def test_a_mark_that_came_or_went_is_an_edit_too() -> None:
    tagged = Situation(highlevel(frozenset({"buyer"})), None, settled(), gone=Side.REZORA)
    assert decided(tagged, TWO_WAY) == EDITED
    other = Situation(highlevel(frozenset({"vip"})), None, settled(), gone=Side.REZORA)
    assert decided(other, TWO_WAY) == Plan(closed="deleted_in_rezora")


def test_the_mapping_may_say_to_ask_before_anything_more() -> None:
    assert gone_in_rezora(of=ASK) == WAITS
    assert gone_in_highlevel(of=ASK) == WAITS
    own = Situation(None, replace(rezora(), read_only=True), settled(), gone=Side.HIGHLEVEL)
    assert decided(own, ASK) == Plan(closed="deleted_in_highlevel")


CLOSED = Plan(closed="deleted_in_rezora")
DELETED = Plan((Delete(Side.HIGHLEVEL, "h1"),), closed="deleted_in_rezora")
REBORN = Plan(closed="deleted_in_rezora", reborn=True)


@pytest.mark.parametrize(
    ("use", "expected"), [("keep", CLOSED), ("ignore", CLOSED), ("delete", DELETED), ("create", REBORN)]
)
@pytest.mark.parametrize("of", [TWO_WAY, ASK], ids=["unlink", "ask"])
def test_a_persons_word_about_a_deleted_contact(use: str, expected: Plan, of: Policy) -> None:
    assert gone_in_rezora(of=of, use=use) == expected


def test_a_word_to_delete_is_void_when_the_contact_was_edited_since() -> None:
    assert gone_in_rezora(of=ASK, use="delete", city="Lyons") == EDITED
    assert gone_in_rezora(of=ASK, use="delete", value="deleted_and_edited", city="Lyons") == DELETED
    assert gone_in_rezora(of=ASK, use="keep", city="Lyons") == CLOSED
    assert DELETED.overwrites


def test_a_word_about_something_else_decides_nothing_here() -> None:
    assert gone_in_rezora(of=ASK, use="out") == WAITS


def test_an_opt_out_comes_first_and_nobody_opted_out_joins_a_list() -> None:
    out = highlevel(frozenset({"buyer"}), opted_out=True, city="Denver")
    found = decided(Situation(out, rezora(), settled()))
    assert found.actions[0] == OptOut(Side.REZORA, "55501")
    assert not any(isinstance(action, ChangeLabel) for action in found.actions)


def test_an_opt_out_of_the_address_by_somebody_else_reaches_this_contact_too() -> None:
    found = decided(Situation(highlevel(), rezora(), settled(), suppressed=True))
    assert found.actions == (OptOut(Side.REZORA, "55501"),)


def test_an_opt_out_in_rezora_is_kept_and_shown() -> None:
    found = decided(Situation(highlevel(), rezora(opted_out=True), settled()))
    assert found.actions == ()
    assert found.holds == (Hold("opted_out_in_rezora", "", "may be e-mailed", "no e-mail"),)


def test_opt_outs_go_both_ways_and_first() -> None:
    both = replace(TWO_WAY, labels=())
    out = decided(Situation(highlevel(), rezora(opted_out=True), settled()), both)
    assert (out.actions, out.holds) == ((OptOut(Side.HIGHLEVEL, "h1"),), ())
    out = decided(Situation(highlevel(opted_out=True), rezora(contact_home_city="Lyons"), settled()), both)
    assert out.actions[0] == OptOut(Side.REZORA, "55501")
    assert isinstance(out.actions[1], Update)
    out = decided(Situation(highlevel(), rezora(), settled(), suppressed=True), both)
    assert out.actions == (OptOut(Side.REZORA, "55501"), OptOut(Side.HIGHLEVEL, "h1"))
    out = decided(Situation(highlevel(opted_out=True), rezora(opted_out=True), settled()), both)
    assert (out.actions, out.holds) == ((), ())


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("suppressed", [True, False])
def test_an_opt_out_that_a_person_took_back_is_not_fought_over(side: Side, suppressed: bool) -> None:
    out = {side: False, side.other: True}
    pair = highlevel(opted_out=out[Side.HIGHLEVEL]), rezora(opted_out=out[Side.REZORA])
    found = decided(Situation(*pair, settled(), suppressed=suppressed, lifted=frozenset({side})), TWO_WAY)
    words = {True: "no e-mail", False: "may be e-mailed"}
    assert found.actions == ()
    shows = words[out[Side.HIGHLEVEL]], words[out[Side.REZORA]]
    assert found.holds == (Hold("opt_out_lifted", "", *shows),)


def test_an_opt_out_that_does_not_show_is_told_of_rezora_only() -> None:
    unknown = decided(Situation(highlevel(opted_out=True), rezora(opted_out=None), settled()), TWO_WAY)
    assert (unknown.actions, unknown.holds) == ((), (Hold("opt_out_did_not_stick"),))
    unknown = decided(Situation(highlevel(opted_out=None), rezora(opted_out=True), settled()), TWO_WAY)
    assert (unknown.actions, unknown.holds) == ((), ())


def test_a_mapping_may_leave_opt_outs_alone() -> None:
    off = replace(TWO_WAY, opt_out=False)
    found = decided(Situation(highlevel(opted_out=True), rezora(), settled()), off)
    assert (found.actions, found.holds) == ((), ())


def test_edits_of_both_sides_are_carried_each_with_its_own_field() -> None:
    found = decided(Situation(highlevel(city="Denver"), rezora(contact_home_zip="80540"), settled()), TWO_WAY)
    assert found.holds == ()
    assert found.actions == (
        Update(
            Side.REZORA,
            "55501",
            {"contact_home_city": "Denver"},
            {"contact_home_city": "Boulder"},
            ("city",),
        ),
        Update(Side.HIGHLEVEL, "h1", {"postalCode": "80540"}, {"postalCode": "80301"}, ("zip code",)),
    )


def test_of_a_name_in_two_fields_only_the_one_that_changed_is_written() -> None:
    found = decided(Situation(highlevel(), rezora(contact_name="Ada Lovelace"), settled()), TWO_WAY)
    assert found.actions == (
        Update(Side.HIGHLEVEL, "h1", {"lastName": "Lovelace"}, {"lastName": "Byron"}, ("name",)),
    )


def test_a_conflict_of_an_address_waits_and_one_of_a_city_is_decided_and_marked() -> None:
    here = highlevel(email="new@example.org", city="Denver")
    there = rezora(contact_email="newer@example.org", contact_home_city="Lyons")
    found = decided(Situation(here, there, settled()), TWO_WAY)
    assert found.holds == (Hold("both_changed", "email", "new@example.org", "newer@example.org"),)
    (update,) = found.actions
    assert isinstance(update, Update)
    assert (update.fields, update.conflicts) == ({"contact_home_city": "Denver"}, ("city",))


def test_a_paused_pair_is_left_alone() -> None:
    found = decided(Situation(highlevel(city="Denver"), rezora(), settled(), paused=True), TWO_WAY)
    assert found == Plan(excluded="paused")


def test_tags_join_and_leave_lists_but_a_list_joined_in_rezora_stays() -> None:
    tagged = decided(Situation(highlevel(frozenset({"buyer"})), rezora(), settled()))
    assert tagged.actions == (ChangeLabel(Side.REZORA, "55501", "Buyers", present=True),)
    link = Link("h1", "55501", tagged.base_highlevel, tagged.base_rezora)
    there = rezora(frozenset({"Buyers"}))
    assert decided(Situation(highlevel(frozenset({"buyer"})), there, link)).actions == ()
    untagged = decided(Situation(highlevel(), there, link))
    assert untagged.actions == (ChangeLabel(Side.REZORA, "55501", "Buyers", present=False),)
    assert decided(Situation(highlevel(), there, settled())).actions == ()


def test_tags_and_lists_go_both_ways_where_the_rule_says_so() -> None:
    link = settled()
    joined = decided(Situation(highlevel(), rezora(frozenset({"buyers"})), link), TWO_WAY)
    assert joined.actions == (ChangeLabel(Side.HIGHLEVEL, "h1", "buyer", present=True),)
    link = Link("h1", "55501", joined.base_highlevel, joined.base_rezora)
    left = decided(Situation(highlevel(frozenset({"Buyer"})), rezora(), link), TWO_WAY)
    assert left.actions == (ChangeLabel(Side.HIGHLEVEL, "h1", "Buyer", present=False),)


def test_lists_that_were_not_read_are_not_touched() -> None:
    assert decided(Situation(highlevel(frozenset({"buyer"})), rezora(None), settled())).actions == ()


words = st.sampled_from(
    ["", "Ada", "Bo", "9 Elm Rd", "Denver", "CO", "80301", "ada@example.org", "+13035550100"]
)
some_highlevel = st.dictionaries(st.sampled_from(sorted(ADA)), words)
some_rezora = st.dictionaries(st.sampled_from(sorted(SHOWN)), words)


marks = st.sampled_from([frozenset(), frozenset({"buyer"})])
lists = st.sampled_from([None, frozenset(), frozenset({"Buyers"})])
consent = st.sampled_from([True, False, None])


def carried_out(found: Plan, record: Record) -> Record:
    """The record once its side has done what the plan says."""
    for action in found.actions:
        if action.side is not record.side:
            continue
        if isinstance(action, Update):
            record = replace(record, fields={**record.fields, **action.fields})
        elif isinstance(action, OptOut):
            record = replace(record, opted_out=True)
        elif isinstance(action, ChangeLabel) and record.labels is not None:
            one = {action.label}
            record = replace(record, labels=record.labels | one if action.present else record.labels - one)
    return record


@given(
    some_highlevel,
    some_rezora,
    st.booleans(),
    consent,
    consent,
    marks,
    lists,
    st.sampled_from([POLICY, TWO_WAY]),
)
def test_carrying_out_a_plan_leaves_nothing_more_to_write(
    left: dict[str, str],
    right: dict[str, str],
    linked: bool,
    out: bool | None,
    there_out: bool | None,
    tags: frozenset[str],
    on: frozenset[str] | None,
    of: Policy,
) -> None:
    """One round reaches the fixed point: the second plan has no action (property L2)."""
    here, there = highlevel(tags, opted_out=out, shows=left), rezora(on, opted_out=there_out, shows=right)
    first = decided(Situation(here, there, settled() if linked else None), of)
    assert of.only is None or {action.side for action in first.actions} <= {of.only}
    link = Link("h1", "55501", first.base_highlevel, first.base_rezora, notes=first.notes)
    after = Situation(carried_out(first, here), carried_out(first, there), link)
    second = decided(after, of)
    assert second.actions == ()
    assert {(hold.cause, hold.rule) for hold in second.holds} <= {
        (hold.cause, hold.rule) for hold in first.holds
    } | {("differs", rule.name) for rule in of.rules}


@given(some_highlevel, some_rezora, st.sampled_from([POLICY, TWO_WAY]))
def test_every_written_value_is_the_other_sides_value_in_this_sides_form(
    left: dict[str, str], right: dict[str, str], of: Policy
) -> None:
    """Property S2: nothing is invented."""
    records = {Side.HIGHLEVEL: highlevel(shows=left), Side.REZORA: rezora(shows=right)}
    found = decided(Situation(records[Side.HIGHLEVEL], records[Side.REZORA], settled()), of)
    for action in found.actions:
        if isinstance(action, Update):
            shown = {**records[action.side].fields, **action.fields}
            for rule in (rule for rule in of.rules if rule.name in action.rules):
                canon = CONVERTERS[rule.converter].canon
                source = action.side.other
                values = tuple(records[source].fields[name] for name in rule.names(source))
                target = tuple(shown[name] for name in rule.names(action.side))
                assert canon(action.side, target) == canon(source, values)
