"""Plans of one pair of contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.model import Link, Record, Side
from landbridge.sync.plan import ChangeLabel, Create, Hold, OptOut, Plan, Situation, Update, plan
from landbridge.sync.rules import Direction, LabelRule, Policy, default_policy
from landbridge.sync.values import Context, converters

CONVERTERS = converters(Context())
POLICY = replace(
    default_policy().towards(Side.REZORA), labels=(LabelRule("buyer", "Buyers", Direction.TO_REZORA),)
)
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
        == "create_off"
    )


def test_the_accounts_own_contact_is_never_touched() -> None:
    own = replace(rezora(contact_name="Agent"), read_only=True)
    assert decided(Situation(highlevel(), own)) == Plan(excluded="self_contact")


def test_a_linked_contact_that_vanished_is_shown_and_never_created_again() -> None:
    assert decided(Situation(highlevel(), None, settled())) == Plan(holds=(Hold("missing_in_rezora"),))
    assert decided(Situation(None, rezora(), settled())) == Plan(holds=(Hold("missing_in_highlevel"),))


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
    assert found.holds == (Hold("opted_out_in_rezora"),)


def test_tags_join_and_leave_lists_but_a_list_joined_in_rezora_stays() -> None:
    tagged = decided(Situation(highlevel(frozenset({"buyer"})), rezora(), settled()))
    assert tagged.actions == (ChangeLabel(Side.REZORA, "55501", "Buyers", present=True),)
    link = Link("h1", "55501", tagged.base_highlevel, tagged.base_rezora)
    there = rezora(frozenset({"Buyers"}))
    assert decided(Situation(highlevel(frozenset({"buyer"})), there, link)).actions == ()
    untagged = decided(Situation(highlevel(), there, link))
    assert untagged.actions == (ChangeLabel(Side.REZORA, "55501", "Buyers", present=False),)
    assert decided(Situation(highlevel(), there, settled())).actions == ()


def test_lists_that_were_not_read_are_not_touched() -> None:
    assert decided(Situation(highlevel(frozenset({"buyer"})), rezora(None), settled())).actions == ()


words = st.sampled_from(
    ["", "Ada", "Bo", "9 Elm Rd", "Denver", "CO", "80301", "ada@example.org", "+13035550100"]
)
some_highlevel = st.dictionaries(st.sampled_from(sorted(ADA)), words)
some_rezora = st.dictionaries(st.sampled_from(sorted(SHOWN)), words)


@given(some_highlevel, some_rezora, st.booleans(), st.sampled_from([True, False, None]))
def test_carrying_out_a_plan_leaves_nothing_more_to_write(
    left: dict[str, str], right: dict[str, str], linked: bool, out: bool | None
) -> None:
    """One round reaches the fixed point: the second plan has no action (property L2)."""
    source, target = highlevel(opted_out=out, shows=left), rezora(shows=right)
    first = decided(Situation(source, target, settled() if linked else None))
    fields, opted = dict(target.fields), target.opted_out
    for action in first.actions:
        if isinstance(action, Update):
            assert action.side is Side.REZORA
            fields |= action.fields
        opted = True if isinstance(action, OptOut) else opted
    after = replace(target, fields=fields, opted_out=opted)
    link = Link("h1", "55501", first.base_highlevel, first.base_rezora)
    assert decided(Situation(source, after, link)).actions == ()


@given(some_highlevel, some_rezora)
def test_every_written_value_is_the_other_sides_value_in_this_sides_form(
    left: dict[str, str], right: dict[str, str]
) -> None:
    """Property S2: nothing is invented."""
    source = highlevel(shows=left)
    found = decided(Situation(source, rezora(shows=right), settled()))
    for action in found.actions:
        if isinstance(action, Update):
            for rule in POLICY.rules:
                if rule.name in action.rules:
                    values = tuple(source.fields[name] for name in rule.highlevel)
                    target = tuple(action.fields.get(n, (SHOWN | right)[n]) for n in rule.rezora)
                    canon = CONVERTERS[rule.converter].canon
                    assert canon(Side.REZORA, target) == canon(Side.HIGHLEVEL, values)
