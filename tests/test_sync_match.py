"""Who is who: mutual and unique, or left to a person."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.sync.match import Ambiguity, Pairing, Person, match
from landbridge.sync.model import Side
from landbridge.sync.names import compatible_names

ADA, GRACE, PHONE = "ada@example.org", "grace@example.org", "+13035550100"


def h(name: str, email: str = "", phone: str = "", *, id: str = "h1") -> Person:  # noqa: A002  # reads best at the call
    return Person(Side.HIGHLEVEL, id, name, email, phone)


def r(name: str, email: str = "", phone: str = "", *, id: str = "r1") -> Person:  # noqa: A002  # reads best at the call
    return Person(Side.REZORA, id, name, email, phone)


def test_the_same_address_and_name_are_a_pair() -> None:
    found = match([h("Ada Byron", ADA)], [r("Ada Byron", ADA)])
    assert found == Pairing((("h1", "r1", "email"),), (), (), ())


def test_the_same_phone_and_name_are_a_pair_when_addresses_do_not_decide() -> None:
    found = match([h("Ada Byron", ADA, PHONE)], [r("A. Byron", GRACE, PHONE)])
    assert found.pairs == (("h1", "r1", "phone"),)


def test_a_name_alone_never_matches() -> None:
    found = match([h("Ada Byron")], [r("Ada Byron")])
    assert found == Pairing((), (), ("h1",), ("r1",))


def test_a_family_that_shares_an_inbox_and_a_phone_stays_apart() -> None:
    found = match(
        [h("John Smith", ADA, PHONE, id="h1"), h("Mary Smith", ADA, PHONE, id="h2")],
        [r("Mary Smith", ADA, PHONE, id="r1"), r("John Smith", ADA, PHONE, id="r2")],
    )
    assert found.pairs == (("h1", "r2", "email"), ("h2", "r1", "email"))


def test_a_stranger_at_the_same_address_is_no_candidate() -> None:
    found = match([h("John Smith", ADA)], [r("Mary Smith", ADA)])
    assert found == Pairing((), (), ("h1",), ("r1",))


def test_an_address_decides_before_a_phone() -> None:
    found = match(
        [h("Ada Byron", ADA, PHONE)],
        [r("Ada Byron", ADA, id="r1"), r("Ada Byron", "", PHONE, id="r2")],
    )
    assert found == Pairing((("h1", "r1", "email"),), (), (), ("r2",))


def test_two_candidates_are_left_to_a_person() -> None:
    found = match([h("Ada Byron", ADA)], [r("Ada Byron", ADA, id="r1"), r("A Byron", ADA, id="r2")])
    sentence = "1 in HighLevel and 2 in Rezora share an e-mail address and have similar names."
    assert found == Pairing((), (Ambiguity(("h1",), ("r1", "r2"), sentence),), (), ())


def test_two_candidates_by_phone_are_left_to_a_person() -> None:
    found = match([h("Ada", "", PHONE)], [r("Ada", "", PHONE, id="r1"), r("Ada", "", PHONE, id="r2")])
    sentence = "1 in HighLevel and 2 in Rezora share a phone number and have similar names."
    assert found.ambiguous == (Ambiguity(("h1",), ("r1", "r2"), sentence),)


def test_a_nameless_contact_fits_the_whole_family_and_makes_it_ambiguous() -> None:
    found = match([h("John Smith", ADA, id="h1"), h("Mary Smith", ADA, id="h2")], [r("", ADA)])
    assert [group.highlevel_ids for group in found.ambiguous] == [("h1", "h2")]


def test_twins_on_one_side_alone_are_no_question() -> None:
    found = match([h("Ada Byron", ADA, PHONE, id=f"h{number}") for number in range(4)], [])
    assert found == Pairing((), (), ("h0", "h1", "h2", "h3"), ())


def test_a_third_who_shares_the_phone_of_an_open_question_joins_it() -> None:
    found = match(
        [h("Ada", ADA, id="h1"), h("Ada", ADA, id="h2"), h("Ada", GRACE, PHONE, id="h3")],
        [r("Ada", ADA, PHONE)],
    )
    (group,) = found.ambiguous
    assert group.highlevel_ids == ("h1", "h2", "h3")
    assert "an e-mail address or a phone number" in group.reason


def test_equal_ids_on_the_two_sides_are_different_people() -> None:
    found = match([h("Ada", ADA, id="7")], [r("Grace", GRACE, id="7")])
    assert found == Pairing((), (), ("7",), ("7",))


def test_the_reason_of_an_open_question_names_nobody() -> None:
    found = match([h("Ada Byron", ADA)], [r("Ada Byron", ADA, id="r1"), r("Ada Byron", ADA, id="r2")])
    assert not any(word in found.ambiguous[0].reason for word in ("Ada", "Byron", "@"))


names = st.sampled_from(("Ada Byron", "A. Byron", "Ada", "Grace Hopper", "Mary Smith", "John Smith", ""))
emails = st.sampled_from(("", "", ADA, GRACE, "smiths@example.net"))
phones = st.sampled_from(("", "", PHONE, "+13035550101"))


def crowd(side: Side) -> st.SearchStrategy[list[Person]]:
    one = st.tuples(names, emails, phones)
    return st.lists(one, max_size=7).map(
        lambda rows: [Person(side, f"{number}", *row) for number, row in enumerate(rows)]
    )


highlevels, rezoras = crowd(Side.HIGHLEVEL), crowd(Side.REZORA)
lengthy = settings(derandomize=True, deadline=None, max_examples=200)


@given(highlevels, rezoras, st.randoms(use_true_random=False))
@lengthy
def test_the_order_of_the_input_does_not_matter(
    highlevel: list[Person], rezora: list[Person], shuffle: random.Random
) -> None:
    found = match(highlevel, rezora)
    assert match(shuffle.sample(highlevel, len(highlevel)), shuffle.sample(rezora, len(rezora))) == found


@given(highlevels, rezoras)
@lengthy
def test_swapping_the_sides_mirrors_the_answer(highlevel: list[Person], rezora: list[Person]) -> None:
    def turned(people: list[Person]) -> list[Person]:
        return [Person(one.side.other, one.id, one.name, one.email, one.phone) for one in people]

    found, mirrored = match(highlevel, rezora), match(turned(rezora), turned(highlevel))
    assert sorted((b, a, reason) for a, b, reason in mirrored.pairs) == sorted(found.pairs)
    assert {(group.rezora_ids, group.highlevel_ids) for group in mirrored.ambiguous} == {
        (group.highlevel_ids, group.rezora_ids) for group in found.ambiguous
    }
    assert (mirrored.alone_rezora, mirrored.alone_highlevel) == (found.alone_highlevel, found.alone_rezora)


@given(highlevels, rezoras)
@lengthy
def test_nobody_is_lost_and_nobody_is_in_two_places(highlevel: list[Person], rezora: list[Person]) -> None:
    found = match(highlevel, rezora)
    placed_highlevel = [pair[0] for pair in found.pairs] + list(found.alone_highlevel)
    placed_rezora = [pair[1] for pair in found.pairs] + list(found.alone_rezora)
    for group in found.ambiguous:
        assert group.highlevel_ids
        assert group.rezora_ids
        placed_highlevel += group.highlevel_ids
        placed_rezora += group.rezora_ids
    assert sorted(placed_highlevel) == sorted(one.id for one in highlevel)
    assert sorted(placed_rezora) == sorted(one.id for one in rezora)


@given(highlevels, rezoras)
@lengthy
def test_every_pair_shares_the_address_it_is_paired_by(highlevel: list[Person], rezora: list[Person]) -> None:
    for one, other, reason in match(highlevel, rezora).pairs:
        shared = {getattr(highlevel[int(one)], reason), getattr(rezora[int(other)], reason)}
        assert len(shared) == 1
        assert shared != {""}


@given(highlevels, rezoras)
@lengthy
def test_an_unrelated_pair_changes_nothing_for_the_others(
    highlevel: list[Person], rezora: list[Person]
) -> None:
    found = match(highlevel, rezora)
    more = match(
        [*highlevel, h("Zoe Quill", "zoe@example.com", id="zz")],
        [*rezora, r("Zoe Quill", "zoe@example.com", id="zz")],
    )
    assert set(more.pairs) - {("zz", "zz", "email")} == set(found.pairs)
    assert more.ambiguous == found.ambiguous


COUNT = 5_000


@pytest.mark.parametrize(
    ("email", "rezora_name", "pairs"),
    [
        ("p{}@example.com", "A{0} B{0}", COUNT),
        ("none@example.com", "A{0} B{0}", COUNT),
        ("none@example.com", "", 0),
    ],
    ids=["an address each", "one placeholder address", "a placeholder address and no names"],
)
def test_names_are_compared_as_often_as_there_are_people_and_not_their_square(
    email: str, rezora_name: str, pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []

    def counted(a: str, b: str) -> bool:
        compared.append((a, b))
        return compatible_names(a, b)

    monkeypatch.setattr("landbridge.sync.match.compatible_names", counted)
    found = match(
        [h(f"A{number} B{number}", email.format(number), id=f"{number}") for number in range(COUNT)],
        [r(rezora_name.format(number), email.format(number), id=f"{number}") for number in range(COUNT)],
    )
    assert len(compared) <= COUNT
    assert len(found.pairs) == pairs
    assert len(found.ambiguous) == (0 if pairs else 1)
