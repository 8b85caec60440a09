"""Names: two fields to one and back, and who may be the same person."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.sync.names import split_name
from landbridge.sync.values import CONVERTERS, compatible_names

NAME = CONVERTERS["name"]


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Ada Byron", "Ada", "Byron"),
        ("Ada Byron King", "Ada Byron", "King"),
        ("Cher", "Cher", ""),
        ("", "", ""),
        ("  Ada\u00a0 \n Byron ", "Ada", "Byron"),
        ("Ludwig van der Berg", "Ludwig", "van der Berg"),
        ("Juan Carlos de la Cruz", "Juan Carlos", "de la Cruz"),
        ("Dick Van Dyke", "Dick", "Van Dyke"),
        ("Van Morris", "Van", "Morris"),
        ("de la Cruz", "de", "la Cruz"),
        ("José Ortega y Gasset", "José", "Ortega y Gasset"),
        ("Martin King Jr.", "Martin", "King Jr."),
        ("Martin King, Jr.", "Martin", "King, Jr."),
        ("Ada Byron King III", "Ada Byron", "King III"),
        ("Grace Hopper PhD, Esq.", "Grace", "Hopper PhD, Esq."),
        ("Prince III", "Prince III", ""),
        ("John & Mary Smith", "John & Mary", "Smith"),
        ("דוד כהן", "דוד", "כהן"),
        ("🙂 Ada", "🙂", "Ada"),
    ],
)
def test_a_full_name_is_split_before_its_last_name(full: str, first: str, last: str) -> None:
    assert NAME.to_highlevel((full,)) == (first, last)


def test_last_comma_first_is_not_guessed() -> None:
    assert NAME.to_highlevel(("King, Ada",)) == ("King,", "Ada")


@pytest.mark.parametrize(
    ("full", "hint", "expected"),
    [
        ("Ada Byron King", ("Ada", "Byron King"), ("Ada", "Byron King")),
        ("Ada  Byron King ", ("Ada", "Byron King"), ("Ada", "Byron King")),
        ("Ada Byron Lovelace", ("Ada Byron", "King"), ("Ada Byron", "Lovelace")),
        ("Augusta Byron King", ("Ada", "Byron King"), ("Augusta", "Byron King")),
        ("Ada Byron King", ("Ada", "King"), ("Ada Byron", "King")),
        ("Ada King", ("Ada", ""), ("Ada", "King")),
        ("Hopper", ("", "Byron"), ("", "Hopper")),
        ("Grace Brewster Hopper", ("Ada", "Byron King"), ("Grace Brewster", "Hopper")),
    ],
)
def test_the_half_that_did_not_change_stays_as_it_is(
    full: str, hint: tuple[str, str], expected: tuple[str, str]
) -> None:
    assert NAME.to_highlevel((full,), hint=hint) == expected


@pytest.mark.parametrize(
    ("values", "joined"),
    [
        (("Ada", "Byron"), "Ada Byron"),
        (("Ada", ""), "Ada"),
        (("", "Byron"), "Byron"),
        ((" Ada ", "\tByron King"), "Ada Byron King"),
        (("Null", "None"), "Null None"),
    ],
)
def test_first_and_last_name_are_joined_by_one_space(values: tuple[str, str], joined: str) -> None:
    assert NAME.to_rezora(values) == (joined,)


def test_names_compare_with_case_and_without_the_form_of_accents_and_spaces() -> None:
    canon = NAME.canon_rezora
    assert canon(("Jose\u0301  King",)) == canon(("José King",))
    assert canon(("ada byron",)) != canon(("Ada Byron",))


@given(st.lists(st.sampled_from(("Ada", "van", "de", "Jr.", "y", "III", "King,", "&", "É")), max_size=7))
@settings(derandomize=True, deadline=None)
def test_a_split_loses_no_word(words: list[str]) -> None:
    assert " ".join(split_name(" ".join(words))).split() == words


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Ada Byron", "Ada Byron"),
        ("Ada Byron", "ada  BYRON"),
        ("José García", "Jose Garcia"),
        ("Ada Byron", ""),
        ("Ada Byron", "🙂"),
        ("A. Byron", "Ada Byron"),
        ("Chris King", "Christopher King"),
        ("Jo King", "Joe King"),
        ("Bob King", "Robert King"),
        ("Liz King", "Elizabeth King"),
        ("Bill King", "Will King"),
        ("Ada", "Ada Byron"),
        ("Byron", "Ada Byron"),
        ("Ada Byron King", "Ada King"),
        ("Ada Byron King", "Ada Byron"),
        ("Maria Keller-Ruiz", "Maria Keller"),
        ("Seán O'Brien", "Sean OBrien"),
        ("Mr. John Smith", "John Smith"),
        ("John Smith Jr.", "John Smith"),
        ("John & Mary Smith", "John and Mary Smith"),
    ],
)
def test_names_that_may_be_one_person(a: str, b: str) -> None:
    assert compatible_names(a, b)
    assert compatible_names(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("John Smith", "Mary Smith"),
        ("Ada Byron", "Ada Hopper"),
        ("Paul Smith", "Paula Smith"),
        ("Daniel Smith", "Danielle Smith"),
        ("John Smith Jr.", "John Smith Sr."),
        ("John Smith III", "John Smith Jr"),
        ("Mr. Smith", "Mrs. Smith"),
        ("John & Mary Smith", "Mary Smith"),
        ("John & Mary Smith", "John Smith"),
        ("John & Mary Smith", "John & Ann Smith"),
        ("Ada", "Grace"),
    ],
)
def test_names_that_are_two_people(a: str, b: str) -> None:
    assert not compatible_names(a, b)
    assert not compatible_names(b, a)


words = st.sampled_from(
    ("Ada", "A.", "Bob", "Robert", "King", "Byron-King", "&", "Jr", "Sr.", "Mrs", "Mr", "🙂", "É", ",")
)


@given(st.lists(words, max_size=5).map(" ".join), st.lists(words, max_size=5).map(" ".join))
@settings(derandomize=True, deadline=None, max_examples=500)
def test_compatibility_is_symmetric_and_holds_for_equal_names(a: str, b: str) -> None:
    assert compatible_names(a, b) == compatible_names(b, a)
    assert compatible_names(a, a)
    assert compatible_names(a, "")
