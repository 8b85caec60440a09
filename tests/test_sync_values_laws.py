"""The laws of every converter, for any text."""

from __future__ import annotations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from landbridge.sync.model import Side
from landbridge.sync.values import Context, Converter, converters

COUNTRIES = ("US", "GB", "DE")
ALL = {country: converters(Context(country)) for country in COUNTRIES}

# Text of every kind that reaches a contact field: plain, spaced, hostile, far away, and near to values.
anything = st.text(st.characters(), max_size=30)
likely = st.one_of(
    st.text(" \t\n\r,.-+@()'&aAbByYzZßİéxX0159/;:", max_size=24),
    st.text("0123456789+-() .x", max_size=20),
    st.text("\x00\x0b\x1c\x85\u00a0\u200b\u2028\u202e\ufeff\ud800 א🙂e\u0301@.", max_size=12),
    st.sampled_from(
        (
            *(
                "Ada Byron King",
                "van der Berg",
                "Martin King, Jr.",
                "y",
                "de la",
                "III",
                "Prince III",
                "King, Ada",
            ),
            *(
                "ada@example.org",
                "Ada+x@EXAMPLE.org",
                "a@Bücher.example",
                "a@xn--bcher-kva.example",
                "@",
                "a@b@c",
            ),
            *(
                "+13035550100",
                "(303) 555-0100",
                "303.555.0100 x12",
                "555-0100",
                "+44 20 7946 0018",
                "0000000000",
            ),
            *("2026-01-05", "2026-02-30", "2026-01-05T23:00:00.000Z", "01/05/2026", "0000-00-00"),
            *("9 Elm Rd\nApt 4", "9 Elm Rd, Apt 4", ",", "\n\n", "Apt 4", "CO", "colorado", "Québec", "D.C."),
            *(
                "80301-1234",
                "k1a 0b6",
                "1,000.50",
                "-0",
                "007",
                "1.",
                "Yes",
                "off",
                "TRUE",
                "Hot\nActive",
                "NULL",
            ),
        )
    ),
)
texts = st.one_of(likely, anything)
countries = st.sampled_from(COUNTRIES)
names = st.sampled_from(sorted(ALL["US"]))
lengthy = settings(derandomize=True, deadline=None, max_examples=200)


def converter_for(name: str, country: str) -> Converter:
    return ALL[country][name]


def drawn(source: st.DataObject, count: int) -> tuple[str, ...]:
    return tuple(source.draw(texts) for _ in range(count))


def maybe_hint(source: st.DataObject, count: int) -> tuple[str, ...]:
    return drawn(source, count) if source.draw(st.booleans()) else ()


@given(names, countries, st.data())
@lengthy
def test_what_is_written_to_rezora_means_what_highlevel_showed(
    name: str, country: str, source: st.DataObject
) -> None:
    converter = converter_for(name, country)
    values = drawn(source, converter.highlevel)
    written = converter.to_rezora(values, maybe_hint(source, converter.rezora))
    assert len(written) == converter.rezora
    assert converter.canon(Side.REZORA, written) == converter.canon(Side.HIGHLEVEL, values)


@given(names, countries, st.data())
@lengthy
def test_what_is_written_to_highlevel_means_what_rezora_showed(
    name: str, country: str, source: st.DataObject
) -> None:
    converter = converter_for(name, country)
    values = drawn(source, converter.rezora)
    written = converter.to_highlevel(values, maybe_hint(source, converter.highlevel))
    assert len(written) == converter.highlevel
    assert converter.canon(Side.HIGHLEVEL, written) == converter.canon(Side.REZORA, values)


@given(names, countries, st.data())
@lengthy
def test_a_value_comes_back_exactly_when_the_target_still_shows_it(
    name: str, country: str, source: st.DataObject
) -> None:
    converter = converter_for(name, country)
    highlevel, rezora = drawn(source, converter.highlevel), drawn(source, converter.rezora)
    assert converter.to_highlevel(converter.to_rezora(highlevel), hint=highlevel) == highlevel
    assert converter.to_rezora(converter.to_highlevel(rezora), hint=rezora) == rezora


@given(names, countries, st.data())
@lengthy
def test_a_second_trip_changes_nothing(name: str, country: str, source: st.DataObject) -> None:
    converter = converter_for(name, country)
    once = converter.to_rezora(drawn(source, converter.highlevel))
    twice = converter.to_rezora(converter.to_highlevel(once))
    assert converter.canon(Side.REZORA, twice) == converter.canon(Side.REZORA, once)
    thrice = converter.to_rezora(converter.to_highlevel(twice))
    assert thrice == twice


@given(names, countries, st.data())
@lengthy
def test_blank_is_empty_and_stays_empty(name: str, country: str, source: st.DataObject) -> None:
    converter = converter_for(name, country)
    blank = st.text(" \t\n\r\x00\x85\u00a0\u2028", max_size=4)
    values = tuple(source.draw(blank) for _ in range(converter.highlevel))
    assert converter.canon(Side.HIGHLEVEL, values) == ""
    assert converter.to_rezora(values) == ("",) * converter.rezora


@given(names, countries, st.data())
@lengthy
def test_nothing_is_written_that_was_not_read(name: str, country: str, source: st.DataObject) -> None:
    """No ``None``, ``null`` or default: the letters written were read (flags excepted: Yes and No)."""
    assume(name != "flag")
    converter = converter_for(name, country)
    values = drawn(source, converter.highlevel)
    read = {letter for value in values for letter in value if letter.isalpha()}
    hint = drawn(source, converter.rezora)
    assume(converter.canon(Side.REZORA, hint) != converter.canon(Side.HIGHLEVEL, values))
    written = {letter for value in converter.to_rezora(values, hint) for letter in value if letter.isalpha()}
    assert written <= read | (set("ext") if name == "phone" else set())  # the mark of an extension


@given(names, countries, st.data())
@lengthy
def test_what_is_written_can_be_sent_as_utf8_without_control_characters(
    name: str, country: str, source: st.DataObject
) -> None:
    converter = converter_for(name, country)
    values = drawn(source, converter.highlevel)
    for written in converter.to_rezora(values):
        assert written.encode().decode() == written
        assert not [letter for letter in written if ord(letter) < 32 and letter not in "\t\n\r"]


@given(
    names,
    st.sampled_from(("a", "ß", "9", " ", ",", "\n", "\x00", "é", "e\u0301", "🙂", "א", "@", ".", "+1", "-")),
)
@example("email", "ü")
@settings(derandomize=True, deadline=None, max_examples=200)
def test_ten_thousand_characters_are_only_a_long_text(name: str, letter: str) -> None:
    converter = converter_for(name, "US")
    text = (letter * 10_000)[:10_000]
    values = (text,) * converter.highlevel
    written = converter.to_rezora(values)
    assert converter.canon(Side.REZORA, written) == converter.canon(Side.HIGHLEVEL, values)
    assert converter.to_highlevel(written, hint=values) == values


@given(names, countries, st.data())
@lengthy
def test_the_canonical_form_of_text_alone_decides_equality(
    name: str, country: str, source: st.DataObject
) -> None:
    """Outer space, control characters and the form of accents never make a difference."""
    converter = converter_for(name, country)
    values = drawn(source, converter.highlevel)
    spaced = tuple(f" \x00{value}\u00a0" for value in values)
    assert converter.canon(Side.HIGHLEVEL, spaced) == converter.canon(Side.HIGHLEVEL, values)


@given(names, countries, st.data())
@lengthy
def test_canonical_forms_hold_no_control_character_but_the_line_feed_between_options(
    name: str, country: str, source: st.DataObject
) -> None:
    converter = converter_for(name, country)
    for side, count in ((Side.HIGHLEVEL, converter.highlevel), (Side.REZORA, converter.rezora)):
        canonical = converter.canon(side, drawn(source, count))
        assert not [letter for letter in canonical if ord(letter) < 32 and (letter, name) != ("\n", "choice")]
        assert canonical.encode().decode() == canonical
