"""Instants and wall clocks over both clock changes; bodies between HTML and plain text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.systems.markup import html_of, text_of
from landbridge.systems.moments import from_wall_clock, instant, to_wall_clock

CHICAGO = ZoneInfo("America/Chicago")
ZONES = ["America/Chicago", "America/New_York", "Europe/Zurich", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z"),
        ("2026-11-25T09:00:00.999Z", "2026-11-25T09:00:00Z"),
        ("2026-11-25T03:00:00-06:00", "2026-11-25T09:00:00Z"),
        ("2026-11-25T14:30:00+05:30", "2026-11-25T09:00:00Z"),
        ("2026-11-25T09:00:00", None),
        ("2026-11-25 09:00:00", None),
        ("2026-11-25", None),
        ("", None),
        ("tomorrow", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1767605400000", None),
    ],
)
def test_an_instant_has_an_offset_and_whole_seconds(text: str, expected: str | None) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2026-03-08 01:59:59", "2026-03-08T07:59:59Z"),
        ("2026-03-08 03:00:00", "2026-03-08T08:00:00Z"),
        ("2026-11-01 00:59:59", "2026-11-01T05:59:59Z"),
        ("2026-11-01 01:30:00", "2026-11-01T06:30:00Z"),  # comes twice: the first one
        ("2026-11-01 02:00:00", "2026-11-01T08:00:00Z"),
        ("2026-07-01 00:00:00", "2026-07-01T05:00:00Z"),
        ("2026-12-01 00:00:00", "2026-12-01T06:00:00Z"),
    ],
)
def test_a_wall_clock_and_its_instant_lead_to_each_other(wall: str, utc: str) -> None:
    assert from_wall_clock(wall, CHICAGO) == utc
    assert to_wall_clock(utc, CHICAGO) == wall


def test_an_hour_that_is_left_out_is_read_as_if_clocks_had_not_changed_yet() -> None:
    assert from_wall_clock("2026-03-08 02:30:00", CHICAGO) == "2026-03-08T08:30:00Z"
    assert to_wall_clock("2026-03-08T08:30:00Z", CHICAGO) == "2026-03-08 03:30:00"


def test_the_second_of_an_hour_that_comes_twice_looks_like_the_first() -> None:
    assert to_wall_clock("2026-11-01T07:30:00Z", CHICAGO) == "2026-11-01 01:30:00"
    assert from_wall_clock("2026-11-01 01:30:00", CHICAGO) == "2026-11-01T06:30:00Z"


@pytest.mark.parametrize(
    "text", ["", "2026-11-25", "2026-11-25T09:00:00", "11/25/2026 09:00", "0000-00-00 00:00:00"]
)
def test_any_other_wall_clock_is_none(text: str) -> None:
    assert from_wall_clock(text, CHICAGO) is None


@pytest.mark.parametrize("text", ["", "2026-11-25", "2026-11-25T09:00:00", "0001-01-01T00:00:00Z"])
def test_what_is_no_instant_has_no_wall_clock(text: str) -> None:
    assert to_wall_clock(text, CHICAGO) is None


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001  # hypothesis wants them bare
    st.sampled_from(ZONES),
)
def test_what_goes_round_once_stays_as_it_is(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    first = instant(moment.replace(tzinfo=UTC).isoformat())
    assert first is not None
    wall = to_wall_clock(first, zone)
    assert wall is not None
    again = from_wall_clock(wall, zone)
    assert again is not None
    moved = datetime.fromisoformat(again) - datetime.fromisoformat(first)
    assert timedelta(hours=-1) <= moved <= timedelta(0)  # only the second of two hours moves, to the first
    assert to_wall_clock(again, zone) == wall


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", ""),
        ("Called, no answer", "Called, no answer"),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<ul><li>a</li><li>b &amp; c</li></ul>", "- a\n- b & c"),
        ("5 &lt; 6 &gt; 4", "5 < 6 > 4"),
        ("<p>a&nbsp;&nbsp;b</p>", "a b"),
        ("<style>p{}</style><script>alert(1)</script>x", "x"),
        ("<b>bold</b> and <a href='https://www.example.com'>a link</a>", "bold and a link"),
        ("a < b", "a < b"),
    ],
)
def test_html_reads_as_its_text(body: str, text: str) -> None:
    assert text_of(body) == text


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_text_as_html_reads_as_itself(text: str) -> None:
    assert text_of(html_of(text)) == text


def test_lines_survive_both_ways() -> None:
    assert html_of("a\r\nb <c>\nd") == "a<br>b &lt;c&gt;<br>d"
    assert text_of(html_of("a\nb <c>\n\nd")) == "a\nb <c>\n\nd"
