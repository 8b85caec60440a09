"""Who is maybe the same: alike in name and in an address, and never two of one family."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.sync.match import Person, match
from landbridge.sync.model import Side
from landbridge.sync.similar import Candidate, similar

INBOX, PHONE = "smiths@example.net", "+13035550100"


def h(name: str, email: str = "", phone: str = "", *, id: str = "h1") -> Person:  # noqa: A002  # reads best at the call
    return Person(Side.HIGHLEVEL, id, name, email, phone)


def r(name: str, email: str = "", phone: str = "", *, id: str = "r1") -> Person:  # noqa: A002  # reads best at the call
    return Person(Side.REZORA, id, name, email, phone)


def test_a_misspelt_name_and_the_same_phone_are_maybe_the_same() -> None:
    one, two = h("Jon Smith", "", PHONE), r("John Smyth", "", PHONE)
    assert match([one], [two]).pairs == ()
    reason = "The names are almost the same and the phone number is the same."
    assert similar([one], [two]) == (Candidate("h1", "r1", 90.0, reason),)


@pytest.mark.parametrize(
    ("one", "two", "reason"),
    [
        (
            ("Ada Byron", "ada.byron@example.org"),
            ("Ada Byron", "ada.byrn@example.org"),
            "The names are the same and the e-mail addresses differ in one letter.",
        ),
        (
            ("Ada Byron", "ada.byron@example.org"),
            ("A. Byron", "ada.byron@exmaple.org"),
            "The names fit each other and the e-mail addresses differ in one letter.",
        ),
        (
            ("Augusta Byron", "augusta.byron@example.org"),
            ("Augusta Bryon", "augusta.bryom@example.org"),
            "The names are almost the same and the e-mail addresses differ in two letters.",
        ),
        (
            ("Ada Byron", "ada.byron@example.org"),
            ("Ada Byron", "ada.byron@mail.example.com"),
            "The names are the same and the e-mail addresses differ only after the @.",
        ),
        (
            ("Jonh Smith", INBOX),
            ("John Smith", INBOX),
            "The names are almost the same and the e-mail address is the same.",
        ),
        (
            ("Bryan Smith", "b.smith@example.org"),
            ("Brian Smith", "b.smith@mail.example.com"),
            "The names are almost the same and the e-mail addresses differ only after the @.",
        ),
    ],
)
def test_the_reason_says_what_is_alike(one: tuple[str, str], two: tuple[str, str], reason: str) -> None:
    assert [found.reason for found in similar([h(*one)], [r(*two)])] == [reason]


FAMILIES = [
    ("John Smith", "Mary Smith"),
    ("John Smith", "Joan Smith"),
    ("Smith, John", "Smith, Joan"),
    ("Paul Smith", "Paula Smith"),
    ("Martin Smith", "Martina Smith"),
    ("Martin Smith", "Marvin Smith"),
    ("Francis Smith", "Frances Smith"),
    ("Fernando Smith", "Fernanda Smith"),
    ("Harry Smith", "Larry Smith"),
    ("Lee Smith", "Lea Smith"),
    ("John Smith Jr.", "John Smith Sr."),
    ("John Smith Jnr.", "John Smith Snr."),
    ("John Smith II", "John Smith III"),
    ("Mr. John Smith", "Mrs. John Smith"),
    ("Mr. John Smith", "Mr. Joan Smith"),
    ("John & Mary Smith", "John Smith"),
    ("John Smith", ""),
    ("John Smith", "..."),
]


@pytest.mark.parametrize(("one", "two"), FAMILIES)
def test_two_of_a_family_who_share_an_address_are_never_listed(one: str, two: str) -> None:
    for email, phone in ((INBOX, ""), ("", PHONE), (INBOX, PHONE)):
        assert similar([h(one, email, phone)], [r(two, email, phone)], score=0) == ()
        assert similar([h(two, email, phone)], [r(one, email, phone)], score=0) == ()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Mathew Cole", "Matthew Cole"),
        ("Micheal Smith", "Michael Smith"),
        ("Jonathan Smith", "Jonathon Smith"),
        ("Mike De Angelo", "Mike DeAngelo"),
        ("Mary Johnson", "Mary Jonson"),
        ("Jon Smith", "John Smyth"),
    ],
)
def test_one_who_was_misspelt_at_the_same_address_is_listed(one: str, two: str) -> None:
    for email, phone in ((INBOX, ""), ("", PHONE)):
        people = ([h(one, email, phone)], [r(two, email, phone)])
        assert match(*people).pairs == ()
        assert len(similar(*people)) == 1


def test_each_with_an_address_of_his_own_name_are_two_people() -> None:
    one, two = h("Marvin Smith", "marvin.smith@example.org"), r("Martin Smith", "martin.smith@example.org")
    assert similar([one], [two]) == ()


@pytest.mark.parametrize(
    ("email", "other"),
    [
        ("", ""),
        ("ada@one.example.org", "ada@two.example.net"),
        ("byron@one.example.org", "byron@two.example.net"),
        ("office@one.example.org", "office@two.example.net"),
        ("ada@example.org", "ida@example.org"),
        ("ada.byron@example.org", "grace.hopper@example.org"),
        ("adabyron", "adabyron"),
    ],
)
def test_a_name_alone_is_never_enough(email: str, other: str) -> None:
    assert similar([h("Ada Byron", email)], [r("Ada Byron", other)]) == ()


def test_who_was_kept_apart_is_not_listed_again() -> None:
    people = [h("Jon Smith", "", PHONE)], [r("John Smyth", "", PHONE)]
    assert similar(*people, apart=frozenset({("h1", "r1")})) == ()
    assert similar(*people, apart=frozenset({("r1", "h1")})) == ()


def test_a_higher_score_asks_for_more_likeness() -> None:
    people = [h("Jon Smith", "", PHONE)], [r("John Smyth", "", PHONE)]
    assert similar(*people, score=91) == ()


def test_a_phone_that_more_than_two_hundred_share_says_nothing() -> None:
    left = [h("Mary Johnson", "", PHONE, id=f"h{number}") for number in range(100)]
    right = [r("Mary Jonson", "", PHONE, id=f"r{number}") for number in range(101)]
    assert similar(left, right) == ()
    assert len(similar(left, right[:100])) == 500


def test_nobody_is_in_more_than_five_candidates_and_the_most_alike_are_kept() -> None:
    better = r("Mary Johnson", "mary.johnso@example.org", id="r9")
    left = h("Mary Johnson", "mary.johnson@example.org", PHONE)
    found = similar([left], [*(r("Mary Jonson", "", PHONE, id=f"r{number}") for number in range(8)), better])
    assert [candidate.rezora_id for candidate in found] == ["r0", "r1", "r2", "r3", "r9"]


names = st.sampled_from(
    (
        "John Smith",
        "Jon Smyth",
        "Mary Smith",
        "Marie Smith",
        "Jonathan Smith",
        "Jonathon Smith",
        "J. Smith",
        "",
    )
)
emails = st.sampled_from(
    ("", INBOX, "smithes@example.net", "john.smith@example.org", "jon.smith@example.org", "info@example.org")
)
phones = st.sampled_from(("", PHONE, "+13035550101"))


def crowd(side: Side) -> st.SearchStrategy[list[Person]]:
    return st.lists(st.tuples(names, emails, phones), max_size=9).map(
        lambda rows: [Person(side, f"{number}", *row) for number, row in enumerate(rows)]
    )


lengthy = settings(derandomize=True, deadline=None, max_examples=200)


@given(crowd(Side.HIGHLEVEL), crowd(Side.REZORA), st.randoms(use_true_random=False))
@lengthy
def test_the_order_of_the_input_does_not_matter(
    left: list[Person], right: list[Person], shuffle: random.Random
) -> None:
    found = similar(left, right)
    assert similar(shuffle.sample(left, len(left)), shuffle.sample(right, len(right))) == found
    assert list(found) == sorted(found, key=lambda one: (one.highlevel_id, one.rezora_id))
    assert len({(one.highlevel_id, one.rezora_id) for one in found}) == len(found)
    for ids in ([one.highlevel_id for one in found], [one.rezora_id for one in found]):
        assert max(Counter(ids).values(), default=0) <= 5


@given(st.tuples(names, emails, phones), st.tuples(names, emails, phones))
@lengthy
def test_two_are_alike_whichever_side_each_is_on(
    one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    found, turned = similar([h(*one)], [r(*two)]), similar([h(*two)], [r(*one)])
    assert [(each.score, each.reason) for each in found] == [(each.score, each.reason) for each in turned]


@given(crowd(Side.HIGHLEVEL), crowd(Side.REZORA))
@lengthy
def test_whom_match_would_pair_is_not_listed(left: list[Person], right: list[Person]) -> None:
    listed = {(found.highlevel_id, found.rezora_id) for found in similar(left, right)}
    for one in left:
        for two in right:
            assert not (match([one], [two]).pairs and (one.id, two.id) in listed and one.email == two.email)
            if not (one.name and two.name):
                assert (one.id, two.id) not in listed


letters = st.sampled_from("abcdefghijklmnopqrstuvwxyz.")


@given(st.integers(0, 10), letters)
@lengthy
def test_any_one_letter_too_many_in_an_address_is_found(place: int, letter: str) -> None:
    local = "grace.hopper"
    longer = f"{local[:place]}{letter}{local[place:]}@example.org"
    assert similar([h("Grace Hopper", f"{local}@example.org")], [r("G. Hopper", longer)])


@pytest.mark.parametrize("blank", ["", "..."])
def test_a_contact_without_a_name_is_never_listed(blank: str) -> None:
    one, two = ("Ada Byron", "ada.byron@example.org"), (blank, "ada.byron@mail.example.com")
    assert similar([h(*one)], [r(*two)]) == similar([h(*two)], [r(*one)]) == ()
    assert similar([h(blank, one[1])], [r(*two)]) == ()
