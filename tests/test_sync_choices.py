"""What people decide about a hold, and what waits after a restore or an undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from landbridge.sync.merge import ACCEPTED, RESTORED, UNDONE
from landbridge.sync.model import Choice, Link, Record, Side
from landbridge.sync.plan import Hold, Plan, Situation, Update
from landbridge.sync.rules import Strategy
from test_sync_plan import TWO_WAY, decided, highlevel, rezora, settled

# What people decide about a hold


def chosen(rule: str, use: str, value: str = "", *, saw: tuple[str, str]) -> dict[str, Choice]:
    return {rule: Choice(rule, use, value, *saw)}


MAILS = ("new@example.org", "newer@example.org")
HERE, THERE = highlevel(email=MAILS[0]), rezora(contact_email=MAILS[1])


def answered(choices: Mapping[str, Choice], here: Record = HERE, there: Record = THERE) -> Plan:
    return decided(Situation(here, there, settled(), choices=choices), TWO_WAY)


def test_a_person_lets_one_sides_value_stand() -> None:
    found = answered(chosen("email", "highlevel", saw=MAILS))
    changed = {"contact_email": MAILS[0]}, {"contact_email": MAILS[1]}
    assert found.actions == (Update(Side.REZORA, "55501", *changed, ("email",), ("email",)),)
    found = answered(chosen("email", "rezora", saw=MAILS))
    changed = {"email": MAILS[1]}, {"email": MAILS[0]}
    assert found.actions == (Update(Side.HIGHLEVEL, "h1", *changed, ("email",), ("email",)),)
    assert found.holds == ()
    link = Link("h1", "55501", found.base_highlevel, found.base_rezora, notes=found.notes)
    after = decided(Situation(highlevel(email=MAILS[1]), THERE, link), TWO_WAY)
    assert (after.actions, after.holds) == ((), ())


def test_a_person_types_a_value_for_both_sides() -> None:
    found = answered(chosen("email", "value", "right@example.org", saw=MAILS))
    assert [(a.side, dict(a.fields)) for a in found.actions if isinstance(a, Update)] == [
        (Side.REZORA, {"contact_email": "right@example.org"}),
        (Side.HIGHLEVEL, {"email": "right@example.org"}),
    ]
    link = Link("h1", "55501", found.base_highlevel, found.base_rezora)
    pair = highlevel(email="right@example.org"), rezora(contact_email="right@example.org")
    assert decided(Situation(*pair, link), TWO_WAY).actions == ()


def test_a_typed_value_is_read_as_the_side_with_one_field_shows_it() -> None:
    immutable = tuple(replace(rule, strategy=Strategy.HOLD) for rule in TWO_WAY.rules)
    of = replace(TWO_WAY, rules=immutable)
    here = highlevel(lastName="Lovelace", address1="10 Elm Rd")
    there = rezora(contact_name="Ada King", contact_home_street="11 Elm Rd")
    choices = chosen("name", "value", "Ada Augusta King", saw=("Ada / Lovelace", "Ada King")) | chosen(
        "street", "value", "12 Elm Rd\nApt 4", saw=("10 Elm Rd", "11 Elm Rd")
    )
    found = decided(Situation(here, there, settled(), choices=choices), of)
    assert found.holds == ()
    written = {action.side: dict(action.fields) for action in found.actions if isinstance(action, Update)}
    assert written[Side.REZORA]["contact_name"] == "Ada Augusta King"
    assert " ".join(
        (written[Side.HIGHLEVEL].get("firstName", "Ada"), written[Side.HIGHLEVEL]["lastName"])
    ) == ("Ada Augusta King")
    assert written[Side.REZORA]["contact_home_street"] == "12 Elm Rd"
    assert written[Side.REZORA]["contact_home_street2"] == "Apt 4"
    assert written[Side.HIGHLEVEL]["address1"].splitlines() == ["12 Elm Rd", "Apt 4"]


def test_a_person_lets_both_values_be_until_either_moves() -> None:
    found = answered(chosen("email", "ignore", saw=MAILS))
    assert (found.actions, found.holds) == ((), ())
    assert found.notes["email"].startswith(ACCEPTED)
    link = Link("h1", "55501", found.base_highlevel, found.base_rezora, notes=found.notes)
    again = decided(Situation(HERE, THERE, link), TWO_WAY)
    assert (again.actions, again.holds, again.notes) == ((), (), found.notes)
    moved = decided(Situation(highlevel(email="third@example.org"), THERE, link), TWO_WAY)
    assert [action.side for action in moved.actions if isinstance(action, Update)] == [Side.REZORA]
    assert moved.notes == {}


@pytest.mark.parametrize("use", ["highlevel", "rezora", "value", "ignore"])
@pytest.mark.parametrize("saw", [("old@example.org", MAILS[1]), (MAILS[0], "old@example.org"), ("", "")])
def test_a_word_is_void_when_the_values_moved_since(use: str, saw: tuple[str, str]) -> None:
    found = answered(chosen("email", use, "right@example.org", saw=saw))
    assert found.actions == ()
    assert found.holds == (Hold("both_changed", "email", *MAILS),)


def test_a_word_about_one_field_decides_nothing_about_another() -> None:
    here, there = (
        highlevel(email=MAILS[0], phone="+13035550111"),
        rezora(contact_email=MAILS[1], contact_phone_mobile="303-555-0122"),
    )
    found = answered(chosen("email", "highlevel", saw=MAILS), here, there)
    assert [hold.rule for hold in found.holds] == ["mobile phone"]
    assert answered(chosen("", "highlevel", saw=MAILS)).holds == (Hold("both_changed", "email", *MAILS),)


def test_a_word_about_a_field_that_does_not_wait_any_more_does_nothing() -> None:
    found = answered(chosen("email", "rezora", saw=MAILS), highlevel(), rezora())
    assert (found.actions, found.holds) == ((), ())


# Restored and undone


def test_after_a_restore_a_difference_waits_and_keeps_waiting_once_the_base_is_believed_again() -> None:
    doubted = replace(settled(), rebase=True)
    found = decided(Situation(highlevel(city="Denver"), rezora(), doubted), TWO_WAY)
    assert (found.actions, found.holds) == ((), (Hold("restored", "city", "Denver", "Boulder"),))
    assert found.notes == {"city": RESTORED}
    link = Link("h1", "55501", found.base_highlevel, found.base_rezora, notes=found.notes)
    again = decided(Situation(highlevel(city="Denver"), rezora(), link), TWO_WAY)
    assert (again.actions, again.holds) == ((), (Hold("restored", "city", "Denver", "Boulder"),))
    settled_by_hand = decided(Situation(highlevel(city="Denver"), rezora(contact_home_city="Denver"), link))
    assert (settled_by_hand.actions, settled_by_hand.holds, settled_by_hand.notes) == ((), (), {})


def test_after_a_restore_a_person_says_which_value_stands() -> None:
    link = replace(settled(), rebase=True, notes={"city": RESTORED})
    choices = chosen("city", "rezora", saw=("Denver", "Boulder"))
    found = decided(Situation(highlevel(city="Denver"), rezora(), link, choices=choices), TWO_WAY)
    (update,) = found.actions
    assert isinstance(update, Update)
    assert (update.side, update.fields, found.notes) == (Side.HIGHLEVEL, {"city": "Boulder"}, {})


def test_after_a_restore_what_is_equal_is_settled_and_nothing_is_written() -> None:
    found = decided(Situation(highlevel(), rezora(), replace(settled(), rebase=True)), TWO_WAY)
    assert (found.actions, found.holds, found.notes) == ((), (), {})


def test_an_undone_change_waits_and_is_not_made_again() -> None:
    bases = settled()
    shown = {**bases.base_highlevel, "city": "Denver"}
    link = Link("h1", "55501", shown, bases.base_rezora, notes={"city": UNDONE})
    found = decided(Situation(highlevel(city="Denver"), rezora(), link), TWO_WAY)
    assert (found.actions, found.holds) == ((), (Hold("undone", "city", "Denver", "Boulder"),))
    choices = chosen("city", "ignore", saw=("Denver", "Boulder"))
    found = decided(Situation(highlevel(city="Denver"), rezora(), link, choices=choices), TWO_WAY)
    assert (found.actions, found.holds) == ((), ())
    assert found.notes["city"].startswith(ACCEPTED)
