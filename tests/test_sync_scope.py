"""The scope of a bridge: who is covered, what unknown means, and what leaving it does."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from landbridge.sync.guard import Brake, Weight, weigh
from landbridge.sync.mapping import MappingError, policy_problems, read_policy, write_policy
from landbridge.sync.model import Choice, Link, Record, Side
from landbridge.sync.plan import Create, Hold, OptOut, Plan, Situation, plan
from landbridge.sync.reasons import EXCLUDED
from landbridge.sync.rules import Policy, default_policy
from landbridge.sync.scope import LEFT, OUTSIDE, UNKNOWN, Scope
from landbridge.sync.values import Context, converters

CONVERTERS = converters(Context())
WHOLE = Scope(tags=("Client", "vip"), assigned_to=("user1", "user2"), business=("firm1",))
LABELS = {True: frozenset({"CLIENT", "other"}), False: frozenset({"other"}), None: None}
USERS = {True: "user2", False: "user3", None: None}
FIRMS = {True: "firm1", False: "", None: None}
TRUTH = (True, False, None)


def contact(
    labels: frozenset[str] | None = frozenset(), *, opted_out: bool | None = False, **fields: str | None
) -> Record:
    shown = {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.org", "phone": ""} | fields
    told = {name: value for name, value in shown.items() if value is not None}
    return Record(Side.HIGHLEVEL, "h1", told, labels, opted_out)


def _showing(name: str, value: str | None) -> Record:
    return contact(assignedTo=value) if name == "assignedTo" else contact(businessId=value)


def partner(**fields: str) -> Record:
    shown = {"contact_name": "Ada Byron", "contact_email": "ada@example.org"} | fields
    return Record(Side.REZORA, "55501", shown, frozenset(), opted_out=False)


def policy(scope: Scope) -> Policy:
    return replace(default_policy(), scope=scope)


def decided(situation: Situation, scope: Scope) -> Plan:
    return plan(policy(scope), CONVERTERS, situation)


@pytest.mark.parametrize(("tag", "user", "firm"), list(product(TRUTH, repeat=3)))
def test_all_kinds_must_hold_and_one_that_does_not_decides(
    tag: bool | None, user: bool | None, firm: bool | None
) -> None:
    shown = contact(LABELS[tag], assignedTo=USERS[user], businessId=FIRMS[firm])
    wanted = False if False in (tag, user, firm) else None if None in (tag, user, firm) else True
    assert WHOLE.covers(shown) is wanted
    assert WHOLE.why_not(shown) == {True: "", False: OUTSIDE, None: UNKNOWN}[wanted]


@pytest.mark.parametrize(("tag", "user", "firm"), list(product(TRUTH, repeat=3)))
def test_a_kind_that_is_not_named_asks_for_nothing(
    tag: bool | None, user: bool | None, firm: bool | None
) -> None:
    shown = contact(LABELS[tag], assignedTo=USERS[user], businessId=FIRMS[firm])
    assert Scope().covers(shown) is True
    assert Scope(tags=("client",)).covers(shown) is tag
    assert Scope(assigned_to=("user2",)).covers(shown) is user
    assert Scope(business=("firm1",)).covers(shown) is firm


@pytest.mark.parametrize(("blank", "text"), [("assignedTo", "user1"), ("businessId", "firm1")])
def test_blank_is_nobodys_and_absent_is_unknown(blank: str, text: str) -> None:
    scope = Scope(assigned_to=("user1",)) if blank == "assignedTo" else Scope(business=("firm1",))
    assert scope.covers(_showing(blank, text)) is True
    assert scope.covers(_showing(blank, "")) is False
    assert scope.covers(_showing(blank, None)) is None
    assert scope.covers(_showing(blank, text.upper())) is False  # ids are compared to the letter


def test_the_fields_that_decide_are_part_of_a_fingerprint_only_where_they_are_asked_for() -> None:
    assert {"assignedTo", "businessId"}.isdisjoint(policy(Scope(tags=("a",))).field_names())
    assert policy(WHOLE).field_names() >= {"assignedTo", "businessId"}


CLIENTS = Scope(tags=("client",))


def test_a_contact_outside_is_not_created_and_one_inside_is() -> None:
    outside = decided(Situation(contact(), None), CLIENTS)
    assert (outside.actions, outside.holds, outside.excluded) == ((), (), OUTSIDE)
    inside = decided(Situation(contact(frozenset({"Client"})), None), CLIENTS)
    assert isinstance(inside.actions[0], Create)


def test_of_a_contact_that_may_be_outside_nothing_is_planned() -> None:
    link = Link("h1", "55501")
    for situation in (
        Situation(contact(None), None),
        Situation(contact(None), partner()),
        Situation(contact(None, city="Boulder"), partner(), link),
    ):
        found = decided(situation, CLIENTS)
        assert found == Plan(excluded=UNKNOWN)


def test_who_is_only_in_rezora_is_not_created_while_the_scope_is_restricted() -> None:
    alone = Situation(None, partner())
    assert decided(alone, CLIENTS) == Plan(excluded=OUTSIDE)
    assert isinstance(decided(alone, Scope()).actions[0], Create)
    assert not policy(CLIENTS).creates(Side.HIGHLEVEL)
    assert policy(CLIENTS).creates(Side.REZORA)


def test_not_even_a_persons_word_creates_outside_the_scope() -> None:
    word = {"": Choice("", "create")}
    for situation in (
        Situation(contact(), None, choices=word, tombstone="deleted_in_rezora"),
        Situation(None, partner(), choices=word, tombstone="deleted_in_highlevel"),
        Situation(contact(), None, tombstone="restored"),  # and nobody is asked about it
    ):
        assert decided(situation, CLIENTS) == Plan(excluded=OUTSIDE)


def test_two_who_match_are_not_linked_outside_the_scope() -> None:
    assert decided(Situation(contact(city="Boulder"), partner()), CLIENTS) == Plan(excluded=OUTSIDE)


def test_a_pair_that_left_is_unlinked_and_nothing_is_written_or_held() -> None:
    moved = contact(city="Boulder")
    link = Link("h1", "55501", {"city": "Denver"}, {"contact_home_city": "Denver"})
    both = partner(contact_home_city="Aspen")
    assert decided(Situation(moved, both, link), CLIENTS) == Plan(closed=LEFT)
    assert decided(Situation(moved, both, link), Scope()).closed == ""
    assert not decided(Situation(moved, both, link), CLIENTS).overwrites


def test_an_opt_out_is_no_reason_to_keep_a_link_outside_the_scope() -> None:
    link = Link("h1", "55501")
    out = Situation(contact(opted_out=True), partner(), link, suppressed=True)
    assert decided(out, CLIENTS) == Plan(closed=LEFT)
    inside = Situation(contact(frozenset({"client"}), opted_out=True), partner(), link, suppressed=True)
    assert isinstance(decided(inside, CLIENTS).actions[0], OptOut)


def test_a_delete_is_a_delete_whatever_the_scope() -> None:
    link = Link("h1", "55501")
    gone = decided(Situation(contact(), None, link, gone=Side.REZORA), CLIENTS)
    assert gone.closed == "deleted_in_rezora"
    assert decided(Situation(None, partner(), link, gone=Side.HIGHLEVEL), CLIENTS).closed
    assert decided(Situation(contact(), None, link), CLIENTS).excluded == "not_seen"


def test_the_accounts_own_contact_and_paused_ones_stay_what_they_are() -> None:
    own = replace(partner(), read_only=True)
    assert decided(Situation(contact(), own), CLIENTS).excluded == "self_contact"
    paused = Situation(contact(), partner(), Link("h1", "55501"), paused=True)
    assert decided(paused, CLIENTS).excluded == "paused"


def test_who_returns_is_compared_as_at_first_contact() -> None:
    back = Situation(contact(frozenset({"client"}), city="Boulder"), partner(contact_home_city="Aspen"))
    assert Hold("differs_at_first_contact", "city", "Boulder", "Aspen") in decided(back, CLIENTS).holds


@pytest.mark.parametrize("reason", [LEFT, OUTSIDE, UNKNOWN])
def test_every_reason_of_the_scope_is_explained(reason: str) -> None:
    assert EXCLUDED[reason].fix


def test_a_mass_leaving_asks_first() -> None:
    assert weigh(Brake(), Weight(linked=1000, leaving=100)) == ""
    assert "101 of 1000 linked contacts, which are outside the scope" in weigh(
        Brake(), Weight(linked=1000, leaving=101)
    )


@pytest.mark.parametrize("scope", [Scope(), CLIENTS, WHOLE, Scope(tags=('a "b"', "ü"), business=("x",))])
def test_a_scope_is_read_back_as_it_was_written(scope: Scope) -> None:
    assert read_policy(write_policy(policy(scope))) == policy(scope)
    assert policy_problems(policy(scope)) == []
    assert policy(scope).towards(Side.REZORA).scope == scope


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('[scope]\ntag = ["a"]', "scope: unknown key"),
        ("[scope]\ntags = []", "scope, tags:"),
        ('[scope]\ntags = ""', "scope, tags:"),
        ('[scope]\nassigned_to = ["  "]', "scope, assigned_to:"),
        ("[scope]\nbusiness = [7]", "scope, business:"),
        ("[[scope]]", "scope:"),
    ],
)
def test_a_wrong_scope_names_the_key_and_what_is_allowed(table: str, problem: str) -> None:
    text = write_policy(default_policy()) + "\n" + table
    with pytest.raises(MappingError) as caught:
        read_policy(text)
    (line,) = caught.value.problems
    assert line.startswith(problem)
    assert "allowed: " in line
