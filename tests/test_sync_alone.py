"""A contact that only one side has: what it becomes on the other, or why it stays where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.model import Choice, Link, Record, Side
from landbridge.sync.plan import Create, Hold, Plan, Planner, Situation, plan
from landbridge.sync.reasons import EXCLUDED, HELD
from landbridge.sync.rules import Direction, LabelRule, Policy, default_policy
from landbridge.sync.values import Context, converters

H, R = Side.HIGHLEVEL, Side.REZORA
CONVERTERS = converters(Context())
POLICY = replace(default_policy(), labels=(LabelRule("buyer", "Buyers", Direction.BOTH),))
ADA = {
    "firstName": "Ada",
    "lastName": "Byron",
    "email": "ada@example.org",
    "phone": "+13035550100",
    "address1": "9 Elm Rd, Apt 4",
    "city": "Boulder",
    "state": "CO",
    "postalCode": "80301",
    "companyName": "Engines",
}
SHOWN = {
    "contact_name": "Ada Byron",
    "contact_email": "ada@example.org",
    "contact_phone_mobile": "303-555-0100",
    "contact_phone_home": "303-555-0101",
    "contact_company": "Engines",
    "contact_home_street": "9 Elm Rd",
    "contact_home_street2": "Apt 4",
    "contact_home_city": "Boulder",
    "contact_home_state": "CO",
    "contact_home_zip": "80301",
}


def here(*, out: bool | None = False, labels: tuple[str, ...] = (), **fields: str) -> Record:
    return Record(H, "h1", {**ADA, **fields}, frozenset(labels), out)


def there(*, out: bool | None = False, labels: tuple[str, ...] = (), **fields: str) -> Record:
    return Record(R, "r1", {**SHOWN, **fields}, frozenset(labels), out)


def decided(record: Record, of: Policy = POLICY, **more: object) -> Plan:
    pair = (record, None) if record.side is H else (None, record)
    return plan(of, CONVERTERS, replace(Situation(*pair), **more))  # type: ignore[arg-type]  # fields by name


def created(found: Plan) -> Create:
    (create,) = found.actions
    assert isinstance(create, Create)
    assert (found.holds, found.excluded) == ((), "")
    return create


def test_whom_only_rezora_has_is_created_in_highlevel_in_its_form() -> None:
    create = created(decided(there(labels=("buyers",))))
    assert (create.side, create.source_id, create.labels) == (H, "r1", ("buyer",))
    assert create.fields == {
        "firstName": "Ada",
        "lastName": "Byron",
        "email": "ada@example.org",
        "phone": "+13035550100",
        "address1": "9 Elm Rd, Apt 4",
        "city": "Boulder",
        "state": "CO",
        "postalCode": "80301",
    }  # company and home phone are mapped towards Rezora only


def test_whom_only_highlevel_has_is_created_in_rezora_in_its_form() -> None:
    create = created(decided(here(labels=("Buyer",), companyName="")))
    assert (create.side, create.source_id, create.labels) == (R, "h1", ("Buyers",))
    assert create.fields["contact_name"] == "Ada Byron"
    assert create.fields["contact_phone_mobile"] == "303-555-0100"
    assert "contact_company" not in create.fields  # blanks are not sent


def test_a_new_contact_is_born_with_the_channels_closed_that_are_closed_for_its_phone() -> None:
    barred = frozenset({"sms", "call"})
    assert created(decided(there(), barred=barred)).barred == barred
    assert created(decided(there())).barred == frozenset()


def test_only_rezora_has_a_default_list() -> None:
    of = replace(POLICY, default_list="Everybody")
    assert created(decided(here(labels=("buyer",)), of)).labels == ("Buyers", "Everybody")
    assert created(decided(there(labels=("Buyers",)), of)).labels == ("buyer",)
    same = replace(POLICY, default_list="BUYERS")
    assert created(decided(here(labels=("buyer",)), same)).labels == ("Buyers",)


def test_what_one_side_may_not_be_told_is_noted_as_a_difference_that_may_stay() -> None:
    """Company goes to Rezora only: a contact made in HighLevel is without, and nothing waits for that."""
    made = decided(there())
    assert set(made.notes) == {"home phone", "company"}
    create = created(made)
    copy = Record(
        H, "h1", {**dict.fromkeys(ADA, ""), **create.fields, "additionalPhones.0": ""}, frozenset(), False
    )
    link = Link("h1", "r1", made.base_highlevel, made.base_rezora, unread=H, notes=made.notes)
    again = plan(POLICY, CONVERTERS, Situation(copy, there(), link))
    assert (again.actions, again.holds) == ((), ())
    assert again.notes == made.notes
    edited = plan(POLICY, CONVERTERS, Situation(copy, there(contact_company="Looms"), link))
    assert (edited.actions, [hold.cause for hold in edited.holds]) == ((), ["edited_in_rezora"])


ALONE_IN_REZORA: dict[str, Record] = {
    "opted_out": there(out=True),
    "consent_unknown": there(out=None),
    "no_address": there(contact_email="", contact_phone_mobile="", contact_phone_home=""),
    "bad_email": there(contact_email="ada at example"),
}
ALONE_IN_HIGHLEVEL: dict[str, Record] = {
    "opted_out": here(out=True),
    "consent_unknown": here(out=None),
    "no_address": here(email="", phone=""),
    "no_email": here(email=""),
    "bad_email": here(email="ada at example"),
    "no_name": here(firstName="", lastName=""),
}


@pytest.mark.parametrize(
    ("reason", "record"),
    [*ALONE_IN_REZORA.items(), *ALONE_IN_HIGHLEVEL.items()],
    ids=[f"rezora {r}" for r in ALONE_IN_REZORA] + [f"highlevel {r}" for r in ALONE_IN_HIGHLEVEL],
)
def test_reasons_for_leaving_a_contact_where_it_is(reason: str, record: Record) -> None:
    assert decided(record) == Plan(excluded=reason)
    assert reason in EXCLUDED


@pytest.mark.parametrize("record", [here(), there()], ids=[H, R])
def test_an_address_that_opted_out_anywhere_is_not_created(record: Record) -> None:
    assert decided(record, suppressed=True) == Plan(excluded="address_opted_out")


def test_highlevel_takes_people_without_a_name_or_an_e_mail_address() -> None:
    assert "firstName" not in created(decided(there(contact_name=""))).fields
    assert created(decided(there(contact_email=""))).fields["phone"] == "+13035550100"
    lax = replace(POLICY, require_email=False)
    assert created(decided(here(email=""), lax)).fields["contact_name"] == "Ada Byron"


@pytest.mark.parametrize("side", Side)
def test_creating_can_be_switched_off_for_either_side(side: Side) -> None:
    only_rezora = replace(POLICY, create_in_highlevel=False)
    off = only_rezora if side is H else replace(POLICY, create_in_rezora=False)
    record = here() if side is R else there()
    assert decided(record, off).excluded == f"create_off_{side.value}"
    other = there() if side is R else here()
    assert created(decided(other, off)).side is side.other


def test_a_one_way_bridge_creates_on_its_one_side_only() -> None:
    assert decided(there(), POLICY.towards(R)).excluded == "create_off_highlevel"
    assert created(decided(here(), POLICY.towards(R))).side is R
    assert decided(here(), POLICY.towards(H)).excluded == "create_off_rezora"
    assert created(decided(there(), POLICY.towards(H))).side is H


def test_nobody_is_created_in_highlevel_when_no_rule_carries_the_address_there() -> None:
    rules = tuple(
        replace(rule, direction=Direction.TO_REZORA) if rule.name == "email" else rule
        for rule in POLICY.rules
    )
    assert decided(there(), replace(POLICY, rules=rules)).excluded == "create_off_highlevel"


def test_the_accounts_own_contact_is_never_copied() -> None:
    assert decided(replace(there(), read_only=True)) == Plan(excluded="self_contact")
    wanted = {"": Choice("", "create")}
    assert decided(replace(there(), read_only=True), choices=wanted) == Plan(excluded="self_contact")


@pytest.mark.parametrize("record", [here(), there()], ids=[H, R])
@pytest.mark.parametrize("reason", ["deleted_in_highlevel", "deleted_in_rezora", "merged"])
def test_whose_partner_was_deleted_is_not_created_again_unasked(record: Record, reason: str) -> None:
    assert decided(record, tombstone=reason) == Plan(excluded=reason)
    assert reason in EXCLUDED
    assert decided(record, tombstone=reason, choices={"": Choice("", "ignore")}) == Plan(excluded=reason)
    again = decided(record, tombstone=reason, choices={"": Choice("", "create")})
    assert created(again).side is record.side.other


@pytest.mark.parametrize("record", [here(), there()], ids=[H, R])
def test_after_a_restore_nobody_is_created_unasked(record: Record) -> None:
    assert decided(record, tombstone="restored") == Plan(holds=(Hold("restored_alone"),))
    assert "restored_alone" in HELD
    again = decided(record, tombstone="restored", choices={"": Choice("", "create")})
    assert created(again).side is record.side.other


def test_after_a_restore_nobody_is_asked_about_who_could_not_be_created_anyway() -> None:
    assert decided(here(out=True), tombstone="restored") == Plan(excluded="opted_out")
    assert decided(here(), tombstone="restored", suppressed=True) == Plan(excluded="address_opted_out")


def test_a_persons_word_creates_nobody_who_opted_out() -> None:
    wanted = {"": Choice("", "create")}
    stone = "deleted_in_rezora"
    assert decided(here(out=True), tombstone=stone, choices=wanted).excluded == "opted_out"
    assert decided(here(), tombstone=stone, suppressed=True, choices=wanted).excluded == "address_opted_out"


@pytest.mark.parametrize("record", [here(), there()], ids=[H, R])
def test_a_paused_contact_is_left_alone(record: Record) -> None:
    assert decided(record, paused=True) == Plan(excluded="paused")


words = st.text("ab ", max_size=3)


@given(st.dictionaries(st.sampled_from(sorted(ADA)), words))
def test_the_print_of_a_body_is_that_of_the_record_it_became(fields: Mapping[str, str]) -> None:
    """Property of the lookup of creates without an answer: what HighLevel adds of its own does not matter."""
    planner = Planner(POLICY, CONVERTERS)
    shown = {**dict.fromkeys(ADA, ""), **fields, "country": "US", "companyName": "Not ours to say"}
    sent = {name: value for name, value in fields.items() if name != "companyName" and value}
    assert planner.body_print(H, sent) == planner.body_print(H, shown)


@given(st.sampled_from(["city", "state", "email"]), st.sampled_from(["Lyons", "WY", "new@example.org"]))
def test_the_print_of_another_body_is_another(name: str, value: str) -> None:
    planner = Planner(POLICY, CONVERTERS)
    assert planner.body_print(H, ADA) != planner.body_print(H, {**ADA, name: value})
