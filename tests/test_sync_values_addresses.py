"""E-mail addresses and phone numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.sync.model import Side
from landbridge.sync.values import CONVERTERS, Context, converters, e164, is_country, is_email, normal_email

PHONE = CONVERTERS["phone"]
BRITISH = converters(Context("GB"))["phone"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ADA@example.org", "ada@example.org"),
        ("ada+home@example.org", "ada+home@example.org"),
        ("a.d.a@example.org", "a.d.a@example.org"),
        ("jose\u0301@example.org", "josé@example.org"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher。example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("Straße@example.org", "strasse@example.org"),
        ("Not An Address", "not an address"),
        ("", ""),
        (" \x00 ", ""),
    ],
)
def test_email_addresses_in_their_compared_form(text: str, expected: str) -> None:
    assert normal_email(text) == expected


def test_tags_and_dots_keep_couples_apart() -> None:
    together = {normal_email(f"john{rest}@example.org") for rest in ("", "+mary", ".mary", "+Mary")}
    assert len(together) == 3


def test_an_email_address_is_written_as_found() -> None:
    assert CONVERTERS["email"].to_rezora((" Ada.Byron@Example.org\n",)) == ("Ada.Byron@Example.org",)


@given(st.one_of(st.text(max_size=20), st.text("aAßİ@.。ü\u0345\u0301 ", max_size=12)))
@settings(derandomize=True, deadline=None, max_examples=500)
def test_the_compared_form_of_an_email_address_is_stable(text: str) -> None:
    assert normal_email(normal_email(text)) == normal_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.org",
        " Ada+x@mail.example.org ",
        "josé@example.org",
        "ada@bücher.example",
        "o'brien@example.net",
    ],
)
def test_what_is_an_email_address(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "ada@", "@example.org", "ada@example", "ada@@example.org", "a b@example.org"),
        *("ada@example..org", "ada@-x.example", "ada@example.123", ".ada@example.org", "a..b@example.org"),
        *("ada@example.org, bob@example.org", "Ada <ada@example.org>", "ada@[192.0.2.1]", "ada@exa_mple.org"),
        *("a" * 65 + "@example.org", "ada@" + "x" * 64 + ".org", "ada@" + "x." * 127 + "org", "none", "n/a"),
    ],
)
def test_what_is_no_email_address(text: str) -> None:
    assert not is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        *("+13035550100", "303-555-0100", "(303) 555-0100", "303.555.0100", "3035550100", "1-303-555-0100"),
        *(
            "+1 (303) 555-0100",
            " 303 555 0100 ",
            "303-555-0100 x12",
            "303\u2011555\u20110100",
            "３０３-555-0100",
        ),
    ],
)
def test_the_ways_to_write_one_number(text: str) -> None:
    assert e164(text, "US") == "+13035550100"
    assert PHONE.to_highlevel((text,)) == ("+13035550100",)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "555-0100",
            "0000000000",
            "123-456-7890",
            "303-155-0100",
            "call me",
            "303-555-01",
            "+1303555010",
        ),
        *("303-555-0100 / 303-555-0101", "+999 123456", "ada@example.org", "1" * 300),
    ],
)
def test_text_that_is_no_number_stays_as_it_is(text: str) -> None:
    assert e164(text, "US") == ""
    assert PHONE.to_highlevel((text,)) == (text,)
    assert PHONE.to_rezora((text,)) == (text,)


def test_rezora_gets_the_documented_style_at_home_and_the_international_one_elsewhere() -> None:
    assert PHONE.to_rezora(("+13035550100",)) == ("303-555-0100",)
    assert PHONE.to_rezora(("+16135550100",)) == ("613-555-0100",)
    assert PHONE.to_rezora(("+442079460018",)) == ("+44 20 7946 0018",)
    assert BRITISH.to_rezora(("+13035550100",)) == ("+1 303-555-0100",)
    assert BRITISH.to_rezora(("+442079460018",)) == ("+44 20 7946 0018",)


def test_a_number_without_a_country_belongs_to_the_country_of_the_location() -> None:
    assert BRITISH.to_highlevel(("020 7946 0018",)) == ("+442079460018",)
    assert e164("020 7946 0018", "US") == ""
    assert e164("011 44 20 7946 0018", "US") == "+442079460018"


def test_an_extension_is_kept_where_there_is_room_and_never_counts_as_a_difference() -> None:
    assert PHONE.to_rezora(("+1 303 555 0100 x12",)) == ("303-555-0100 ext. 12",)
    assert PHONE.to_rezora(("+44 20 7946 0018 ext 1234567890",)) == ("+44 20 7946 0018 ext. 1234567890",)
    assert PHONE.canon(Side.REZORA, ("303-555-0100 x12",)) == PHONE.canon(Side.HIGHLEVEL, ("+13035550100",))
    assert PHONE.to_rezora(("+13035550100",), hint=("303-555-0100 x12",)) == ("303-555-0100 x12",)


digits = st.text("0123456789", min_size=4, max_size=14)


@given(
    st.builds(
        "{}{}".format, st.sampled_from(("", "+", "+1", "+44", "+39 0", "+54 9", "+52 1", "011")), digits
    )
)
@settings(derandomize=True, deadline=None, max_examples=500)
def test_a_number_in_e164_is_read_as_itself_in_any_country(text: str) -> None:
    number = e164(text, "US")
    if number:
        assert {e164(number, country) for country in ("US", "GB", "IT", "AR")} == {number}


def test_rows_of_zeros_are_no_number() -> None:
    assert e164("000000", "DE") == ""


def test_countries_are_known_by_their_code_in_capitals() -> None:
    assert is_country("US")
    assert is_country("CA")
    assert not is_country("us")
    assert not is_country("USA")
    assert not is_country("")
