"""Waits and schedules of recipes: calendars of a place, working days, and clocks that change."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.recipe_times import (
    is_zone,
    moment,
    next_time,
    read_hours,
    read_rhythm,
    read_wait,
    within,
)

DENVER = "America/Denver"  # 2026: forward on 8 March at 02:00, back on 1 November at 02:00


def at(text: str, zone: str = DENVER) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def shown(instant: float, zone: str = DENVER) -> str:
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


@pytest.mark.parametrize(
    ("text", "after", "then"),
    [
        ("at once", "2026-11-25 09:00", "2026-11-25 09:00 MST"),
        ("90 minutes", "2026-11-25 09:00", "2026-11-25 10:30 MST"),
        ("2 days", "2026-11-25 09:15", "2026-11-27 09:15 MST"),
        ("1 week at 08:00", "2026-11-25 09:15", "2026-12-02 08:00 MST"),
        ("tomorrow at 9:00", "2026-11-25 23:59", "2026-11-26 09:00 MST"),
        ("next working day at 09:00", "2026-11-25 12:00", "2026-11-26 09:00 MST"),
        ("next working day 09:00", "2026-11-27 12:00", "2026-11-30 09:00 MST"),  # Friday
        ("next working day at 09:00", "2026-11-29 00:01", "2026-11-30 09:00 MST"),  # Sunday
        ("3 working days", "2026-11-26 12:00", "2026-12-01 12:00 MST"),
        ("next monday at 07:30", "2026-11-23 07:00", "2026-11-30 07:30 MST"),  # a Monday
        ("Next  Tuesday at 07:30", "2026-11-23 07:00", "2026-11-24 07:30 MST"),
        ("1 day", "2026-03-07 09:00", "2026-03-08 09:00 MDT"),  # 23 hours
        ("1 day", "2026-10-31 09:00", "2026-11-01 09:00 MST"),  # 25 hours
        ("24 hours", "2026-03-07 09:00", "2026-03-08 10:00 MDT"),
        ("tomorrow at 02:30", "2026-03-07 09:00", "2026-03-08 03:30 MDT"),  # leapt over
        ("tomorrow at 01:30", "2026-10-31 09:00", "2026-11-01 01:30 MDT"),  # the first of two
    ],
)
def test_a_wait_ends_by_the_calendar_of_the_place(text: str, after: str, then: str) -> None:
    wait = read_wait(text)
    assert wait is not None
    assert shown(moment(wait, at(after), DENVER)) == then


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2",
        "days",
        "-1 days",
        "2 days at 25:00",
        "2 hours at 09:00",
        "next working day",
        "next day at 9",
        "367 days",
        "tomorrow",
        "2 days at 09:60",
        "99999 weeks",
    ],
)
def test_what_is_no_wait_is_refused(text: str) -> None:
    assert read_wait(text) is None


zones = st.sampled_from(
    [DENVER, "Europe/Zurich", "Australia/Lord_Howe", "Pacific/Apia", "UTC", "Nowhere/None"]
)
moments = st.floats(1_735_689_600.0, 1_830_297_600.0)  # 2025 to 2027
waits = st.sampled_from(
    [
        "at once",
        "1 minute",
        "5 hours",
        "1 day",
        "3 days at 02:30",
        "next working day at 02:30",
        "9 working days",
        "next sunday at 01:30",
        "tomorrow at 00:00",
    ]
)


@given(waits, moments, zones)
def test_a_wait_never_ends_before_it_began(text: str, after: float, zone: str) -> None:
    wait = read_wait(text)
    assert wait is not None
    then = moment(wait, after, zone)
    assert after <= then <= after + 20 * 86_400
    if "working" in text:
        local = datetime.fromtimestamp(then, ZoneInfo(zone if zone != "Nowhere/None" else "UTC"))
        assert local.weekday() < 5


@pytest.mark.parametrize(
    ("text", "after", "then"),
    [
        ("daily at 09:00", "2026-11-25 08:59", "2026-11-25 09:00 MST"),
        ("daily at 09:00", "2026-11-25 09:00", "2026-11-26 09:00 MST"),
        ("weekdays at 09:00", "2026-11-27 10:00", "2026-11-30 09:00 MST"),
        ("monday at 09:00", "2026-11-25 10:00", "2026-11-30 09:00 MST"),
        ("monthly on 1 at 09:00", "2026-11-25 10:00", "2026-12-01 09:00 MST"),
        ("monthly on 28 at 09:00", "2026-11-28 10:00", "2026-12-28 09:00 MST"),
        ("daily at 02:30", "2026-03-08 00:00", "2026-03-08 03:30 MDT"),
    ],
)
def test_a_schedule_comes_when_it_says(text: str, after: str, then: str) -> None:
    rhythm = read_rhythm(text)
    assert rhythm is not None
    assert shown(next_time(rhythm, at(after), DENVER)) == then


@given(
    st.sampled_from(["daily at 01:30", "weekdays at 02:30", "sunday at 02:30", "monthly on 8 at 02:30"]),
    moments,
    zones,
)
def test_a_schedule_always_goes_on(text: str, after: float, zone: str) -> None:
    rhythm = read_rhythm(text)
    assert rhythm is not None
    first = next_time(rhythm, after, zone)
    second = next_time(rhythm, first, zone)
    assert after < first < second
    assert second - first <= timedelta(days=33).total_seconds()


@pytest.mark.parametrize(
    "text", ["", "often", "monthly on 31 at 09:00", "daily at 24:00", "someday at 09:00"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    assert read_rhythm(text) is None


def test_hours_go_over_midnight_and_zones_are_known_or_not() -> None:
    night = read_hours("22:00-06:00")
    assert night is not None
    assert [within(night, time(hour)) for hour in (21, 22, 5, 6)] == [
        False,
        True,
        True,
        False,
    ]
    assert read_hours("09:00-09:00") is None
    assert read_hours("9-5") is None
    assert (is_zone("Europe/Zurich"), is_zone("Mars/Base"), is_zone(""), is_zone("Europe")) == (
        True,
        False,
        False,
        False,
    )
