"""What people type as a schedule, and when it then starts: time zones, changed clocks, quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.engine.answers import NotPossible
from landbridge.engine.when import When, free_from, in_words, next_start, read_quiet, read_when, spread


def instant(text: str, zone: str = "UTC", fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def starts(when: When, after: float, count: int, zone: str = "UTC") -> list[str]:
    """The next starts, as the clocks of a place show them."""
    found = []
    for _ in range(count):
        after = next_start(when, after)
        found.append(f"{datetime.fromtimestamp(after, ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}")
    return found


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("hourly", ["2026-11-25 11:00 UTC", "2026-11-25 12:00 UTC"]),
        ("every 15 minutes", ["2026-11-25 10:30 UTC", "2026-11-25 10:45 UTC"]),
        ("Every  Hour", ["2026-11-25 11:00 UTC", "2026-11-25 12:00 UTC"]),
        ("every 2 days", ["2026-11-27 00:00 UTC", "2026-11-29 00:00 UTC"]),
        ("daily at 03:30", ["2026-11-26 03:30 UTC", "2026-11-27 03:30 UTC"]),
        ("daily at 3:30", ["2026-11-26 03:30 UTC", "2026-11-27 03:30 UTC"]),
        ("every day at 11:00", ["2026-11-25 11:00 UTC", "2026-11-26 11:00 UTC"]),
        ("weekly on sunday at 03:30", ["2026-11-29 03:30 UTC", "2026-12-06 03:30 UTC"]),
        ("weekly on Wed at 09:00", ["2026-12-02 09:00 UTC", "2026-12-09 09:00 UTC"]),
        ("30 3 * * mon-fri", ["2026-11-26 03:30 UTC", "2026-11-27 03:30 UTC"]),
        ("0 */6 * * *", ["2026-11-25 12:00 UTC", "2026-11-25 18:00 UTC"]),
        ("0 0 29 2 *", ["2028-02-29 00:00 UTC", "2032-02-29 00:00 UTC"]),
    ],
)
def test_what_people_type_starts_when_they_mean(text: str, following: list[str]) -> None:
    assert starts(read_when(text), instant("2026-11-25T10:20"), 2) == following


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("whenever", "schedule 'whenever'"),
        ("daily", "schedule 'daily'"),
        ("daily at 25:00", "schedule 'daily at 25:00'"),
        ("weekly on funday at 03:30", "schedule 'weekly on funday at 03:30'"),
        ("every 0 minutes", "schedule 'every 0 minutes'"),
        ("every 90 days", "schedule 'every 90 days'"),
        ("* * * *", "schedule '* * * *'"),
        ("0 30 3 * * *", "schedule '0 30 3 * * *'"),
        ("61 3 * * *", "minute"),
        ("30 3 * * 9", "day-of-week"),
        ("0 0 30 2 *", "day-of-month"),
        ("0 0 31 2,4 *", "day-of-month"),
        ("0 0 * 2 mon#6", "day-of-week"),
        ("1," * 60 + "1 * * * *", "schedule"),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_fix(text: str, names: str) -> None:
    with pytest.raises(NotPossible) as raised:
        read_when(text)
    assert names in raised.value.sentence
    assert raised.value.fix


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe", "", "/etc/localtime"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(NotPossible, match="There is no time zone"):
        read_when("hourly", zone)


def test_a_misspelt_zone_gets_a_suggestion() -> None:
    with pytest.raises(NotPossible) as raised:
        read_when("hourly", "europe/zürich")
    assert raised.value.fix == "Did you mean Europe/Zurich?"


@pytest.mark.parametrize("quiet", ["22-6", "22:00", "24:00-06:00", "22:00-06:60", "night"])
def test_quiet_hours_that_cannot_be_understood_are_refused(quiet: str) -> None:
    with pytest.raises(NotPossible, match="cannot be understood") as raised:
        read_quiet(quiet)
    assert "22:00-06:00" in raised.value.fix


def test_quiet_hours_that_cover_the_whole_day_are_refused() -> None:
    with pytest.raises(NotPossible, match="cover the whole day"):
        read_quiet("06:00-6:00")


# Clocks that change: 2026-03-29 and 2026-10-25 in Zürich, 2026-03-08 and 2026-11-01 in New York


@pytest.mark.parametrize(
    ("zone", "day", "leap", "following"),
    [
        ("Europe/Zurich", "2026-03-28T12:00", "2026-03-29 03:00 CEST", "2026-03-30 02:30 CEST"),
        ("America/New_York", "2026-03-07T12:00", "2026-03-08 03:00 EDT", "2026-03-09 02:30 EDT"),
    ],
)
def test_a_local_time_that_does_not_exist_runs_at_the_next_that_does(
    zone: str, day: str, leap: str, following: str
) -> None:
    assert starts(read_when("daily at 02:30", zone), instant(day, zone), 2, zone) == [leap, following]


@pytest.mark.parametrize(
    ("zone", "text", "day", "first", "following"),
    [
        (
            "Europe/Zurich",
            "daily at 02:30",
            "2026-10-24T12:00",
            "2026-10-25 02:30 CEST",
            "2026-10-26 02:30 CET",
        ),
        (
            "America/New_York",
            "daily at 01:30",
            "2026-10-31T12:00",
            "2026-11-01 01:30 EDT",
            "2026-11-02 01:30 EST",
        ),
    ],
)
def test_a_local_time_that_comes_twice_runs_once(
    zone: str, text: str, day: str, first: str, following: str
) -> None:
    when = read_when(text, zone)
    assert starts(when, instant(day, zone), 2, zone) == [first, following]
    for minute in ("00", "29", "31"):  # asked again from within the second pass
        after = instant(f"{first[:13].replace(' ', 'T')}:{minute}", zone, fold=1)
        assert starts(when, after, 1, zone) == [following]


def test_an_interval_runs_through_a_changed_clock() -> None:
    zone = "Europe/Zurich"
    found = starts(read_when("hourly", zone), instant("2026-10-25T01:30", zone), 3, zone)
    assert found == ["2026-10-25 02:00 CEST", "2026-10-25 02:00 CET", "2026-10-25 03:00 CET"]


# Quiet hours


@pytest.mark.parametrize(
    ("quiet", "at", "free"),
    [
        ("22:00-06:00", "2026-11-25T21:59", "2026-11-25T21:59"),
        ("22:00-06:00", "2026-11-25T22:00", "2026-11-26T06:00"),
        ("22:00-06:00", "2026-11-26T05:59", "2026-11-26T06:00"),
        ("22:00-06:00", "2026-11-26T06:00", "2026-11-26T06:00"),
        ("09:00-17:00", "2026-11-26T12:00", "2026-11-26T17:00"),
        ("09:00-17:00", "2026-11-26T18:00", "2026-11-26T18:00"),
    ],
)
def test_what_would_start_in_quiet_hours_starts_at_their_end(quiet: str, at: str, free: str) -> None:
    zone = "America/New_York"
    when = read_when("hourly", zone, quiet)
    assert free_from(when, instant(at, zone)) == instant(free, zone)


def test_quiet_hours_delay_a_daily_run_and_join_the_runs_of_an_interval() -> None:
    zone = "Europe/Zurich"
    after = instant("2026-11-25T21:50", zone)
    assert starts(read_when("daily at 03:30", zone, "22:00-06:00"), after, 2, zone) == [
        "2026-11-26 06:00 CET",
        "2026-11-27 06:00 CET",
    ]
    assert starts(read_when("every 15 minutes", zone, "22:00-06:00"), after, 2, zone) == [
        "2026-11-26 06:00 CET",
        "2026-11-26 06:15 CET",
    ]


def test_quiet_hours_that_end_in_a_leap_end_after_it() -> None:
    when = read_when("hourly", "Europe/Zurich", "22:00-02:30")
    at = free_from(when, instant("2026-03-29T00:30", "Europe/Zurich"))
    assert at == instant("2026-03-29T01:00")  # 03:00 CEST


def test_quiet_hours_that_end_in_a_doubled_hour_end_each_time() -> None:
    zone = "Europe/Zurich"
    when = read_when("hourly", zone, "22:00-02:30")
    for fold in (0, 1):
        at = free_from(when, instant("2026-10-25T02:10", zone, fold))
        assert at == instant("2026-10-25T02:30", zone, fold)


# Properties

TEXTS = st.sampled_from(
    ["hourly", "every 7 minutes", "daily at 02:30", "weekly on sun at 01:15", "*/20 * * * *", "0 9 1 * *"]
)
ZONES = st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
QUIETS = st.sampled_from(["", "22:00-06:00", "01:00-02:30", "00:15-00:00"])
TIMES = st.floats(instant("2025-01-01T00:00"), instant("2028-01-01T00:00"))
SHARES = st.floats(0, 1, exclude_max=True)


@given(TEXTS, ZONES, QUIETS, TIMES, SHARES)
def test_the_next_start_is_later_and_not_quiet(
    text: str, zone: str, quiet: str, after: float, share: float
) -> None:
    when = read_when(text, zone, quiet)
    at = next_start(when, after, share, window=60.0)
    assert at > after
    assert at - after < 33 * 86_400
    assert when.quiet is None or at - free_from(when, at) == 0 or share > 0


@given(TEXTS, ZONES, QUIETS, TIMES, TIMES)
def test_a_later_instant_has_no_earlier_next_start(
    text: str, zone: str, quiet: str, one: float, two: float
) -> None:
    when = read_when(text, zone, quiet)
    early, late = sorted((one, two))
    assert next_start(when, early) <= next_start(when, late)


def test_a_thousand_bridges_do_not_start_in_the_same_minute() -> None:
    when, after = read_when("daily at 03:30"), instant("2026-11-25T00:00")
    minutes = [int(next_start(when, after, spread(n), 900.0) // 60) for n in range(1, 1001)]
    assert max(minutes.count(minute) for minute in minutes) <= 70
    assert min(minutes) * 60 == instant("2026-11-25T03:30")
    assert max(minutes) * 60 < instant("2026-11-25T03:45")


def test_intervals_of_a_thousand_bridges_fill_the_interval() -> None:
    minutes = [int(next_start(read_when("hourly"), 0.0, spread(n)) // 60) for n in range(1, 1001)]
    assert set(minutes) >= set(range(1, 60))
    assert max(minutes.count(minute) for minute in minutes) <= 20


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3600, "every 1 hour"),
        (900, "every 15 minutes"),
        (86_400, "every 1 day"),
        (90, "every 90 seconds"),
        (0.5, "every 0.5 seconds"),
    ],
)
def test_an_interval_is_said_in_words(seconds: float, text: str) -> None:
    assert in_words(seconds) == text


def test_the_default_is_the_interval_of_the_settings() -> None:
    when = read_when("Default", default_seconds=600.0)
    assert (when.text, when.every) == ("default", 600.0)
    assert next_start(when, datetime(2026, 11, 25, 10, 1, tzinfo=UTC).timestamp()) == instant(
        "2026-11-25T10:10"
    )
