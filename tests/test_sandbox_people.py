"""The made-up people: repeatable, reachable only at reserved addresses, and as awkward as real ones."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache

import phonenumbers
import pytest

from landbridge.sandbox.people import Person, people


@cache
def crowd() -> tuple[Person, ...]:
    return tuple(people(7, 4000))


def share(count: int) -> float:
    return count / len(crowd())


def test_the_same_seed_gives_the_same_people_and_another_seed_others() -> None:
    assert people(7, 300) == people(7, 300)
    assert people(7, 300) != people(8, 300)


def test_a_smaller_crowd_is_the_start_of_a_larger_one() -> None:
    assert people(11, 40) == people(11, 400)[:40]
    assert people(11, 0) == []


def test_every_phone_number_is_valid_e164_and_american_ones_are_555_01xx() -> None:
    numbers = {n for person in crowd() for n in (person.phone, *person.extra_phones) if n}
    for number in numbers:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed), number
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
        if number.startswith("+1"):
            assert re.fullmatch(r"\+1\d{3}55501\d\d", number)
    assert {number[:3] for number in numbers} >= {"+44", "+33", "+46", "+61"}


def test_every_email_is_at_a_reserved_domain() -> None:
    emails = {e for person in crowd() for e in (person.email, *person.extra_emails) if e}
    assert len(emails) > 3000
    assert {email.rpartition("@")[2].lower() for email in emails} == {
        "example.com",
        "example.org",
        "example.net",
    }
    assert all(re.fullmatch(r"[A-Za-z0-9._+]+@[A-Za-z.]+", email) for email in emails)


def test_shares_of_opted_out_and_unreachable_people_are_as_in_a_real_address_book() -> None:
    assert 0.02 < share(sum(p.dnd_email for p in crowd())) < 0.04
    assert 0.045 < share(sum(not p.email for p in crowd())) < 0.075
    assert 0.01 < share(sum(not p.email and not p.phone for p in crowd())) < 0.03
    assert all(p.email for p in crowd() if p.dnd_email)


def test_families_share_an_inbox_and_a_last_name_but_no_first_name() -> None:
    inboxes: dict[str, list[Person]] = defaultdict(list)
    for person in crowd():
        if person.email:
            inboxes[person.email.lower()].append(person)
    shared = [members for members in inboxes.values() if len(members) > 1]
    assert 0.02 < share(sum(len(members) for members in shared)) < 0.10
    for members in shared:
        assert len({member.last_name for member in members}) == 1
        assert len({member.first_name for member in members}) == len(members)


def test_some_people_are_in_rezora_already_and_a_few_unsubscribed_there() -> None:
    known = [person for person in crowd() if person.in_rezora]
    assert 0.03 < share(len(known)) < 0.06
    assert all(person.email for person in known)
    assert 0 < sum(person.rezora_unsubscribed for person in known) < len(known) / 4
    strangers = [person for person in crowd() if not person.in_rezora]
    assert not any(person.rezora_unsubscribed or person.rezora_lists for person in strangers)


@pytest.mark.parametrize(
    "fits",
    [
        pytest.param(lambda p: "O'" in p.last_name, id="an apostrophe"),
        pytest.param(lambda p: p.last_name == "van der Berg", id="a particle"),
        pytest.param(lambda p: p.last_name.endswith(("Jr.", "III")), id="a suffix"),
        pytest.param(lambda p: p.last_name and not p.last_name.isascii(), id="letters beyond ASCII"),
        pytest.param(lambda p: unicodedata.normalize("NFC", p.first_name) != p.first_name, id="decomposed"),
        pytest.param(lambda p: p.company and not p.first_name, id="a company only"),
        pytest.param(lambda p: len(p.first_name + p.last_name) > 60, id="a long name"),
        pytest.param(lambda p: " " in p.first_name, id="two first names"),
        pytest.param(lambda p: p.extra_phones, id="a second phone"),
        pytest.param(lambda p: p.extra_emails, id="a second e-mail"),
        pytest.param(lambda p: p.email.isupper(), id="an upper-case e-mail"),
        pytest.param(lambda p: "+" in p.email, id="a plus address"),
        pytest.param(lambda p: p.country not in ("US", ""), id="an address abroad"),
        pytest.param(lambda p: p.dnd_email and p.in_rezora, id="an opt-out that Rezora may not know"),
        pytest.param(lambda p: p.date_of_birth, id="a birthday"),
        pytest.param(lambda p: p.email and not p.phone, id="an e-mail and no phone"),
        pytest.param(lambda p: p.phone and not p.email, id="a phone and no e-mail"),
    ],
)
def test_there_is_somebody_with(fits: object) -> None:
    assert callable(fits)
    assert any(fits(person) for person in crowd())


def test_tags_are_those_of_the_trade() -> None:
    tags = Counter(tag for person in crowd() for tag in person.tags)
    assert set(tags) >= {"buyer", "seller", "past client", "open house", "newsletter"}
    assert all(len(set(person.tags)) == len(person.tags) for person in crowd())


def test_even_a_small_crowd_shows_the_awkward_kinds() -> None:
    first = people(3, 20)
    assert any(p.company and not p.first_name for p in first)
    assert any(not p.email and not p.phone for p in first)
    assert any(not p.last_name.isascii() for p in first)
    assert any("+" in p.email for p in first)
    assert max(Counter(p.email for p in first if p.email).values()) > 1


def test_phone_lines_are_not_shared_outside_families() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for person in crowd():
        for number in filter(None, (person.phone, *person.extra_phones)):
            owners[number].add(person.last_name)
    assert all(len(names) == 1 for names in owners.values())
