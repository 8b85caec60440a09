"""Who is who: mutual and unique, or left to a person."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.sync.match import Ambiguity, LinkedPair, Pairing, Person, Twin, match
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
    assert found.pairs == (("h1", "r1", "email"),)
    assert [(twin.id, twin.of_rezora_id) for twin in found.twins] == [
        ("r2", "r1")
    ]  # created, he would double


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


def test_of_somebody_who_is_there_twice_one_goes_on_and_the_others_are_twins() -> None:
    found = match([h("Ada Byron", ADA, PHONE, id=f"h{number}") for number in range(4)], [])
    assert (found.alone_highlevel, found.ambiguous, found.pairs) == (("h0",), (), ())
    assert [(twin.id, twin.of_highlevel_id) for twin in found.twins] == [(f"h{n}", "h0") for n in (1, 2, 3)]


def test_who_is_linked_already_is_not_made_a_second_time() -> None:
    pair = LinkedPair(h("Ada Byron", ADA, id="h1"), r("Ada Byron", ADA, id="r1"))
    found = match([h("Ada Byron", ADA, id="h2")], [r("Ada Byron", ADA, id="r2")], linked=[pair])
    assert found.pairs == (("h2", "r2", "email"),)  # two twins, one on each side, are each other's
    found = match([h("Ada Byron", ADA, id="h2")], [], linked=[pair])
    assert [(twin.id, twin.of_rezora_id) for twin in found.twins] == [("h2", "r1")]
    found = match([], [r("Charles Byron", ADA, id="r2")], linked=[pair])
    assert (found.twins, found.alone_rezora) == ((), ("r2",))


def test_who_was_kept_apart_is_neither_a_pair_nor_a_twin() -> None:
    one, two = h("Ada Byron", ADA, id="h1"), r("Ada Byron", ADA, id="r1")
    found = match([one], [two], apart=frozenset({("h1", "r1")}))
    assert (found.pairs, found.alone_highlevel, found.alone_rezora) == ((), ("h1",), ("r1",))
    pair = LinkedPair(h("Ada Byron", ADA, id="h2"), two)
    assert match([one], [], linked=[pair], apart=frozenset({("h1", "r1")})).twins == ()


def test_a_marker_names_the_other_record_whatever_the_addresses_say() -> None:
    marked = replace(h("Ada King", GRACE, id="h1"), marker="r1")
    found = match([marked, h("Ada Byron", ADA, id="h2")], [r("Ada Byron", ADA, id="r1")])
    assert found.pairs == (("h1", "r1", "marker"),)


def test_two_who_carry_the_mark_of_one_are_left_to_a_person() -> None:
    marked = [replace(h("Ada King", id=f"h{number}"), marker="r1") for number in (1, 2)]
    sentence = "2 in HighLevel carry the mark of one in Rezora."
    assert match(marked, [r("Ada Byron")]).ambiguous == (Ambiguity(("h1", "h2"), ("r1",), sentence),)
    apart = frozenset({("h1", "r1")})
    assert match(marked, [r("Ada Byron")], apart=apart).pairs == (("h2", "r1", "marker"),)


def test_who_is_there_besides_one_with_a_mark_is_a_twin() -> None:
    marked = replace(h("Ada Byron", ADA, id="h1"), marker="r1")
    found = match([marked, h("Ada Byron", ADA, id="h2")], [r("Ada Byron", ADA, id="r1")])
    assert found.pairs == (("h1", "r1", "marker"),)
    reason = "This person is in sync already, by e-mail address and name."
    assert found.twins == (Twin(Side.HIGHLEVEL, "h2", "h1", "r1", reason),)


def test_the_mark_of_somebody_who_is_linked_makes_a_twin() -> None:
    pair = LinkedPair(h("Ada Byron", ADA, id="h1"), r("Ada Byron", ADA, id="r1"))
    copy = replace(h("Copy", GRACE, id="h2"), marker="r1")
    reason = "This person is in sync already, by its own mark."
    assert match([copy], [], linked=[pair]).twins == (Twin(Side.HIGHLEVEL, "h2", "h1", "r1", reason),)
    for kept_apart in (("h2", "r1"), ("h1", "h2")):
        assert match([copy], [], linked=[pair], apart=frozenset({kept_apart})).alone_highlevel == ("h2",)


def test_a_twin_is_found_on_either_side_of_a_linked_pair_by_address_or_phone() -> None:
    pair = LinkedPair(h("Ada Byron", ADA, id="h1"), r("Ada King", GRACE, PHONE, id="r1"))
    for person in (
        r("A. Byron", ADA, id="x"),
        r("Ada King", "", PHONE, id="x"),
        h("Ada King", GRACE, id="x"),
    ):
        mine, theirs = ([person], []) if person.side is Side.HIGHLEVEL else ([], [person])
        (twin,) = match(mine, theirs, linked=[pair]).twins
        assert (twin.side, twin.of_highlevel_id, twin.of_rezora_id) == (person.side, "h1", "r1")


def test_a_family_at_one_address_are_no_twins_not_even_of_somebody_nameless() -> None:
    family = [h("", ADA, id="h0"), h("John Smith", ADA, id="h1"), h("Mary Smith", ADA, id="h2")]
    found = match(family, [])
    assert found.alone_highlevel == ("h1", "h2")
    assert [(twin.id, twin.of_highlevel_id, twin.of_rezora_id) for twin in found.twins] == [("h0", "h1", "")]


@pytest.mark.parametrize("kept_apart", [("h1", "h2"), ("h2", "h1")])
def test_two_of_one_side_who_were_kept_apart_are_no_twins(kept_apart: tuple[str, str]) -> None:
    people = [h("Ada Byron", ADA, id=f"h{number}") for number in (1, 2, 3)]
    found = match(people, [], apart=frozenset({kept_apart}))
    assert found.alone_highlevel == ("h1", "h2")
    assert [(twin.id, twin.of_highlevel_id) for twin in found.twins] == [("h3", "h1")]


def test_who_was_kept_apart_from_one_of_two_is_the_others_pair() -> None:
    found = match(
        [h("Ada Byron", ADA)],
        [r("Ada Byron", ADA, id="r1"), r("Ada Byron", ADA, id="r2")],
        apart=frozenset({("h1", "r1")}),
    )
    assert (found.pairs, found.alone_rezora) == ((("h1", "r2", "email"),), ("r1",))


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


def settled(rows: list[tuple[tuple[str, str, str], tuple[str, str, str]]]) -> list[LinkedPair]:
    return [
        LinkedPair(Person(Side.HIGHLEVEL, f"l{n}", *one), Person(Side.REZORA, f"l{n}", *two))
        for n, (one, two) in enumerate(rows)
    ]


rows = st.tuples(names, emails, phones)
linked_people = st.lists(st.tuples(rows, rows), max_size=4).map(settled)
ids = st.sampled_from([*"0123456", "l0", "l1", "l2"])
kept_apart = st.frozensets(st.tuples(ids, ids), max_size=4)
highlevels, rezoras = crowd(Side.HIGHLEVEL), crowd(Side.REZORA)
lengthy = settings(derandomize=True, deadline=None, max_examples=200)


@given(highlevels, rezoras, linked_people, kept_apart, st.data(), st.randoms(use_true_random=False))
@lengthy
def test_the_order_of_the_input_does_not_matter(
    highlevel: list[Person],
    rezora: list[Person],
    linked: list[LinkedPair],
    apart: frozenset[tuple[str, str]],
    data: st.DataObject,
    shuffle: random.Random,
) -> None:
    marks = st.sampled_from(["", "", "0", "1", "l0", "gone"])
    highlevel = [replace(person, marker=data.draw(marks)) for person in highlevel]
    found = match(highlevel, rezora, linked=linked, apart=apart)
    mixed = [shuffle.sample(people, len(people)) for people in (highlevel, rezora)]
    assert match(*mixed, linked=shuffle.sample(linked, len(linked)), apart=apart) == found
    assert_everybody_once(found, highlevel, rezora)


@given(highlevels, rezoras, linked_people, kept_apart)
@lengthy
def test_swapping_the_sides_mirrors_the_answer(
    highlevel: list[Person],
    rezora: list[Person],
    linked: list[LinkedPair],
    apart: frozenset[tuple[str, str]],
) -> None:
    def turned(people: list[Person]) -> list[Person]:
        return [replace(one, side=one.side.other) for one in people]

    found = match(highlevel, rezora, linked=linked, apart=apart)
    mirrored = match(
        turned(rezora),
        turned(highlevel),
        linked=[LinkedPair(*turned([pair.rezora, pair.highlevel])) for pair in linked],
        apart=frozenset((two, one) for one, two in apart),
    )
    assert sorted((b, a, reason) for a, b, reason in mirrored.pairs) == sorted(found.pairs)
    assert {(group.rezora_ids, group.highlevel_ids) for group in mirrored.ambiguous} == {
        (group.highlevel_ids, group.rezora_ids) for group in found.ambiguous
    }
    assert (mirrored.alone_rezora, mirrored.alone_highlevel) == (found.alone_highlevel, found.alone_rezora)
    assert {
        (twin.side.other, twin.id, twin.of_rezora_id, twin.of_highlevel_id) for twin in mirrored.twins
    } == {(twin.side, twin.id, twin.of_highlevel_id, twin.of_rezora_id) for twin in found.twins}


@given(highlevels, rezoras, linked_people, kept_apart)
@lengthy
def test_nobody_alone_is_somebody_who_is_there_already(
    highlevel: list[Person],
    rezora: list[Person],
    linked: list[LinkedPair],
    apart: frozenset[tuple[str, str]],
) -> None:
    def same(one: Person, other: Person) -> bool:
        shared = (one.email and one.email == other.email) or (one.phone and one.phone == other.phone)
        return bool(shared) and compatible_names(one.name, other.name)

    found = match(highlevel, rezora, linked=linked, apart=apart)
    declared = apart | {(two, one) for one, two in apart}
    for people, ids in ((highlevel, found.alone_highlevel), (rezora, found.alone_rezora)):
        alone = [person for person in people if person.id in ids]
        for person in alone:
            others = [other for other in alone if other is not person]
            assert not any(same(person, other) and (person.id, other.id) not in declared for other in others)
            for pair in linked:
                free = {(person.id, pair.highlevel.id), (person.id, pair.rezora.id)} & declared
                assert free or not (same(person, pair.highlevel) or same(person, pair.rezora))


def assert_everybody_once(found: Pairing, highlevel: list[Person], rezora: list[Person]) -> None:
    placed_highlevel = [pair[0] for pair in found.pairs] + list(found.alone_highlevel)
    placed_rezora = [pair[1] for pair in found.pairs] + list(found.alone_rezora)
    placed_highlevel += [twin.id for twin in found.twins if twin.side is Side.HIGHLEVEL]
    placed_rezora += [twin.id for twin in found.twins if twin.side is Side.REZORA]
    for group in found.ambiguous:
        assert group.highlevel_ids
        assert group.rezora_ids
        placed_highlevel += group.highlevel_ids
        placed_rezora += group.rezora_ids
    assert sorted(placed_highlevel) == sorted(one.id for one in highlevel)
    assert sorted(placed_rezora) == sorted(one.id for one in rezora)


@given(highlevels, rezoras)
@lengthy
def test_nobody_is_lost_and_nobody_is_in_two_places(highlevel: list[Person], rezora: list[Person]) -> None:
    assert_everybody_once(match(highlevel, rezora), highlevel, rezora)


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


def test_twins_behind_one_placeholder_address_are_looked_for_without_comparing_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[str, str]] = []

    def counted(a: str, b: str) -> bool:
        compared.append((a, b))
        return compatible_names(a, b)

    monkeypatch.setattr("landbridge.sync.match.compatible_names", counted)
    many = range(COUNT)
    pairs = [LinkedPair(h(f"A{n} B{n}", ADA, id=f"l{n}"), r(f"A{n} B{n}", ADA, id=f"l{n}")) for n in many]
    found = match([h(f"C{n} B{n}", ADA, id=f"{n}") for n in many], [], linked=pairs)
    assert (len(compared), len(found.alone_highlevel)) == (0, COUNT)
    found = match([h(f"A{n} B{n}", ADA, id=f"{n}") for n in many], [], linked=pairs)
    assert (len(compared), len(found.twins)) == (0, COUNT)
