"""Streets, states, postal codes, dates, numbers, options and flags."""

from __future__ import annotations

import pytest

from landbridge.sync.model import Side
from landbridge.sync.values import CONVERTERS

STREET = CONVERTERS["street"]


def equal(converter: str, *texts: str) -> bool:
    return len({CONVERTERS[converter].canon(Side.HIGHLEVEL, (text,)) for text in texts}) == 1


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ("9 Elm Rd", ("9 Elm Rd", "")),
        ("9 Elm Rd\nApt 4", ("9 Elm Rd", "Apt 4")),
        ("9 Elm Rd,\r\nApt 4\n\nRear", ("9 Elm Rd", "Apt 4, Rear")),
        ("\n9 Elm Rd\n", ("9 Elm Rd", "")),
        ("9 Elm Rd, Apt 4", ("9 Elm Rd, Apt 4", "")),
        ("", ("", "")),
    ],
)
def test_a_street_is_split_at_its_first_line_break_only(address: str, lines: tuple[str, str]) -> None:
    assert STREET.to_rezora((address,)) == lines


@pytest.mark.parametrize(
    ("address", "hint", "lines"),
    [
        ("9 Elm Rd, Apt 4", ("9 Elm Rd", "Apt 4"), ("9 Elm Rd", "Apt 4")),
        ("10 Elm Rd, Apt 4", ("9 Elm Rd", "Apt 4"), ("10 Elm Rd", "Apt 4")),
        ("9 Elm Rd, Apt 5", ("9 Elm Rd", "Apt 4"), ("9 Elm Rd", "Apt 5")),
        ("Apt 4", ("9 Elm Rd", "Apt 4"), ("Apt 4", "")),
        ("1 Oak St", ("9 Elm Rd", "Apt 4"), ("1 Oak St", "")),
    ],
)
def test_the_second_line_shown_now_says_where_to_split(
    address: str, hint: tuple[str, str], lines: tuple[str, str]
) -> None:
    assert STREET.to_rezora((address,), hint=hint) == lines


def test_two_lines_become_one_with_a_comma() -> None:
    assert STREET.to_highlevel(("9 Elm Rd", "Apt 4")) == ("9 Elm Rd, Apt 4",)
    assert STREET.to_highlevel(("", "Apt 4")) == ("Apt 4",)


def test_line_break_comma_and_space_in_a_street_mean_the_same() -> None:
    assert equal("street", "9 Elm Rd\nApt 4", "9 Elm Rd, Apt 4", "9 Elm Rd Apt 4")
    assert not equal("street", "9 Elm Rd Apt 4", "9 Elm Rd Apt 5")


def test_states_compare_by_code_or_name_and_are_written_as_found() -> None:
    assert equal("state", "CO", "co", "Colorado", " colorado ")
    assert equal("state", "QC", "Québec", "Quebec")
    assert equal("state", "DC", "D.C.", "District of Columbia", "Washington, D.C.")
    assert not equal("state", "WA", "Washington, D.C.")
    assert equal("state", "Bavaria", "BAVARIA")
    assert CONVERTERS["state"].to_rezora((" Colorado ",)) == ("Colorado",)


def test_postal_codes_compare_without_spaces_hyphens_and_case() -> None:
    assert equal("postal_code", "K1A 0B6", "k1a0b6")
    assert equal("postal_code", "80301-1234", "803011234")
    assert not equal("postal_code", "80301", "80301-1234")
    assert not equal("postal_code", "02134", "2134")
    assert CONVERTERS["postal_code"].to_rezora(("k1a 0b6",)) == ("k1a 0b6",)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05",
        "2026-01-05T00:00:00.000Z",
        "2026-01-05T23:30:00+12:00",
        "2026-01-05 00:00:00",
        " 2026-01-05\n",
    ],
)
def test_a_date_is_the_calendar_date_as_written_in_whatever_zone(text: str) -> None:
    assert CONVERTERS["date"].to_rezora((text,)) == ("2026-01-05",)
    assert CONVERTERS["date"].to_highlevel((text,)) == ("2026-01-05",)


@pytest.mark.parametrize("text", ["2026-02-30", "01/05/2026", "0000-00-00", "spring", "2026-01-05T99"])
def test_text_that_is_no_certain_date_stays_text(text: str) -> None:
    assert CONVERTERS["date"].to_rezora((text,)) == (text,)


def test_numbers_compare_by_value() -> None:
    assert equal("number", "1,000.50", "1000.5", "01000.500", "+1000.5")
    assert equal("number", "0", "-0", "0.0")
    assert not equal("number", "1", "-1")
    assert not equal("number", "1,00", "100")
    assert CONVERTERS["number"].to_highlevel(("1,000.50",)) == ("1000.5",)
    assert CONVERTERS["number"].to_rezora(("1,000.50",)) == ("1,000.50",)


def test_options_compare_by_name_in_any_order() -> None:
    assert equal("choice", "Hot\nActive", "active\nHOT\n")
    assert not equal("choice", "Hot", "Hot\nActive")
    assert CONVERTERS["choice"].to_rezora((" Hot \n\nActive",)) == ("Hot\nActive",)


def test_flags_are_yes_or_no_and_other_text_stays() -> None:
    flag = CONVERTERS["flag"]
    assert equal("flag", "1", "Yes", "TRUE", "on")
    assert equal("flag", "0", "no", "False", "off")
    assert not equal("flag", "0", "")
    assert flag.to_rezora(("Yes",)) == ("1",)
    assert flag.to_highlevel(("0",)) == ("No",)
    assert flag.to_rezora(("maybe",)) == ("maybe",)
    assert flag.to_highlevel(("",)) == ("",)


def test_text_keeps_its_inner_form_and_loses_what_cannot_be_sent() -> None:
    text = CONVERTERS["text"]
    assert text.to_rezora((" Two\nlines\x00\ud800 ",)) == ("Two\nlines",)
    assert text.to_rezora(("e\u0301",)) == ("e\u0301",)
    assert equal("text", "Two\nlines", "Two  lines")
    assert not equal("text", "two", "Two")


def test_every_converter_says_how_many_fields_it_takes() -> None:
    counts = {name: (converter.highlevel, converter.rezora) for name, converter in CONVERTERS.items()}
    assert counts.pop("name") == (2, 1)
    assert counts.pop("street") == (1, 2)
    assert set(counts.values()) == {(1, 1)}
    assert all(name == converter.name and converter.title for name, converter in CONVERTERS.items())
