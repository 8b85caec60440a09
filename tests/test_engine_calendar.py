"""The calendar feed as two readers of iCalendar see it: times, rules, reminders, and hostile texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from calendar_scenes import ADA, BEA, LATE, appointment, task
from landbridge.engine.calendar_feed import Agenda, Reminders, print_of, write_calendar
from landbridge.engine.recurrence import repetition
from landbridge.sync.activity import STATUSES, Activity
from web_scenes import NOW

DENVER = ZoneInfo("America/Denver")
NAMES = {ADA: "Ada Brook", BEA: "bea@example.net"}
HOSTILE = (
    "x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR",
    "a\\n,;:\"'\\,\\;",
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd \u2067x\u2069",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 40,
    "\x00\x07\x1b[31m\x7f\x85\u2028\u2029\x0b\x0c\ud800",
    "long " * 2_000,
    "é" * 300,
    "\tATTACH:file:///etc/passwd",
    "",
    "   ",
)


def written(*seen: Activity, zone: str = "America/Denver", **more: Any) -> bytes:
    return write_calendar(Agenda("Harbor Street", zone, seen, NAMES), NOW, **more)


def parts(content: bytes, name: str) -> list[Any]:
    """Components as icalendar reads them; the other reader must find as many."""
    found = Calendar.from_ical(content).walk(name)
    other = vobject.readOne(content.decode())
    assert len(other.contents.get(name.lower(), [])) == len(found)
    return list(found)


def event(*seen: Activity, **more: Any) -> Any:
    (found,) = parts(written(*seen, **more), "VEVENT")
    return found


def todo(*seen: Activity, **more: Any) -> Any:
    (found,) = parts(written(*seen, **more), "VTODO")
    return found


def test_an_appointment_is_an_event_at_its_instant() -> None:
    found = event(
        appointment(
            "a1",
            title="Showing, 12 Elm St",
            start="2026-11-25T16:00:00Z",
            end="2026-11-25T17:30:00Z",
            location="12 Elm St",
            notes="<p>Bring <b>keys</b></p><p>and plans</p>",
        )
    )
    assert found.decoded("dtstart") == datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert found.decoded("dtend") == datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
    assert found["summary"] == "Showing, 12 Elm St – Ada Brook"
    assert found["description"] == "Bring keys\nand plans"
    assert found["location"] == "12 Elm St"
    assert (found["uid"], found["status"]) == ("appointment-a1@landbridge", "CONFIRMED")
    assert found.decoded("dtstamp") == datetime.fromtimestamp(NOW, UTC)
    assert found.decoded("last-modified") == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_the_calendar_names_itself_and_says_how_often_to_come() -> None:
    calendar = Calendar.from_ical(written())
    assert (calendar["x-wr-calname"], calendar["version"]) == ("Harbor Street", "2.0")
    assert calendar.decoded("refresh-interval") == timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-25T07:00:00Z", "2026-11-26T07:00:00Z", 1),
        ("2026-10-31T06:00:00Z", "2026-11-02T07:00:00Z", 2),  # the clocks go back between
    ],
)
def test_from_midnight_to_midnight_of_the_location_is_a_whole_day(start: str, end: str, days: int) -> None:
    found = event(appointment("a1", start=start, end=end))
    first, after = found.decoded("dtstart"), found.decoded("dtend")
    assert (type(first), type(after)) == (date, date)
    assert after - first == timedelta(days=days)
    assert first == datetime.fromisoformat(start).astimezone(DENVER).date()


@pytest.mark.parametrize(
    ("start", "end", "zone"),
    [
        ("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z", "America/Denver"),  # midnight elsewhere
        ("2026-11-25T07:00:00Z", "2026-11-25T08:00:00Z", "America/Denver"),
        ("2026-11-25T07:00:00Z", "2026-11-25T07:00:00Z", "America/Denver"),
    ],
)
def test_anything_else_is_a_time(start: str, end: str, zone: str) -> None:
    assert isinstance(event(appointment("a1", start=start, end=end), zone=zone).decoded("dtstart"), datetime)


@pytest.mark.parametrize("status", STATUSES)
def test_what_became_of_an_appointment_is_said(status: str) -> None:
    found = parts(written(appointment("a1", start="2026-11-25T16:00:00Z", status=status)), "VEVENT")
    if status == "invalid":
        assert found == []
        return
    expected = {"cancelled": "CANCELLED", "new": "TENTATIVE"}.get(status, "CONFIRMED")
    assert found[0]["status"] == expected
    words = {"showed": "showed up", "noshow": "did not show up", "cancelled": "Cancelled"}.get(status, "")
    assert words in found[0].get("description", "")
    assert found[0]["summary"].startswith("Cancelled: ") is (status == "cancelled")
    assert bool(found[0].walk("VALARM")) is (status in ("new", "confirmed", "active"))


def test_reminders_come_a_day_and_an_hour_before() -> None:
    found = event(appointment("a1", start="2026-11-25T16:00:00Z", end="2026-11-25T17:00:00Z"))
    alarms = found.walk("VALARM")
    assert [alarm.decoded("trigger") for alarm in alarms] == [-timedelta(days=1), -timedelta(hours=1)]
    assert {alarm["action"] for alarm in alarms} == {"DISPLAY"}
    assert {alarm["description"] for alarm in alarms} == {"Showing – Ada Brook"}


def test_reminders_of_whole_days_come_in_the_morning() -> None:
    found = event(appointment("a1", start="2026-11-25T07:00:00Z", end="2026-11-26T07:00:00Z"))
    triggers = [alarm.decoded("trigger") for alarm in found.walk("VALARM")]
    assert triggers == [timedelta(hours=-15), timedelta(hours=9)]


def test_reminders_are_a_setting() -> None:
    chosen = Reminders((30,), ())
    seen = appointment("a1", start="2026-11-25T16:00:00Z"), task("t1", due="2026-11-25T16:00:00Z")
    content = written(*seen, reminders=chosen)
    assert content.count(b"BEGIN:VALARM") == 1
    assert b"TRIGGER;RELATED=START:-PT30M" in content


def test_a_task_is_due_at_its_time_and_reminds_then() -> None:
    found = todo(task("t1", body="<b>About</b> the offer", due="2026-11-25T16:00:00Z"))
    assert found.decoded("due") == datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert (found["status"], found["uid"]) == ("NEEDS-ACTION", "task-t1@landbridge")
    assert found["description"] == "About the offer"
    (alarm,) = found.walk("VALARM")
    assert (alarm.decoded("trigger"), alarm["trigger"].params["related"]) == (timedelta(0), "END")


def test_a_task_due_at_midnight_of_the_location_is_due_on_a_date() -> None:
    found = todo(task("t1", due="2026-11-25T07:00:00Z"))
    assert found.decoded("due") == date(2026, 11, 25)
    assert [alarm.decoded("trigger") for alarm in found.walk("VALARM")] == [timedelta(hours=9)]


@pytest.mark.parametrize(("days", "there"), [(29, True), (31, False)])
def test_completed_tasks_stay_for_a_month(days: int, there: bool) -> None:
    due = datetime.fromtimestamp(NOW - days * 86_400, UTC).isoformat()
    found = parts(written(task("t1", due=due, completed="1")), "VTODO")
    assert [each["status"] for each in found] == (["COMPLETED"] if there else [])
    assert all(not each.walk("VALARM") for each in found)
    assert len(parts(written(task("t2", due=due)), "VTODO")) == 1  # what is not done stays


def test_tasks_can_be_events() -> None:
    found = event(task("t1", due="2026-11-25T16:00:00Z"), tasks_as_events=True)
    assert found["summary"] == "To do: Call back – Ada Brook"
    assert found.decoded("dtstart") == datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert found["transp"] == "TRANSPARENT"


def test_without_a_time_or_deleted_there_is_nothing() -> None:
    gone = Activity(
        appointment("a").side, appointment("a").kind, "a9", ADA, {"start": "2026-11-25T16:00:00Z"}, "", True
    )
    content = written(
        task("t1"), task("t2", due="soon"), appointment("a1"), appointment("a2", start="x"), gone
    )
    assert (parts(content, "VEVENT"), parts(content, "VTODO")) == ([], [])


def test_an_address_is_never_a_name() -> None:
    content = written(appointment("a1", contact=BEA, start="2026-11-25T16:00:00Z"))
    assert b"@example" not in content
    assert event(appointment("a1", contact=BEA, start="2026-11-25T16:00:00Z"))["summary"] == "Showing"


def test_a_name_that_the_title_has_is_not_repeated() -> None:
    found = event(appointment("a1", title="Showing for ada brook", start="2026-11-25T16:00:00Z"))
    assert found["summary"] == "Showing for ada brook"


def test_instances_are_events_of_their_own_and_their_series_has_no_rule() -> None:
    series = appointment("m", start="2026-10-20T15:00:00Z", recurrence="FREQ=WEEKLY")
    first = appointment("i1", start="2026-10-20T15:00:00Z", series="m")
    second = appointment("i2", start="2026-10-27T15:00:00Z", series="m")
    assert {each["uid"] for each in parts(written(series, first, second), "VEVENT")} == {
        "appointment-i1@landbridge",
        "appointment-i2@landbridge",
    }
    found = parts(written(series, second), "VEVENT")  # its own time is not among the instances
    assert len(found) == 2
    assert all("rrule" not in each for each in found)


def test_a_series_keeps_its_time_of_day_when_the_clocks_change() -> None:
    seen = appointment(
        "m", start="2026-10-20T15:00:00Z", end="2026-10-20T16:00:00Z", recurrence="RRULE:FREQ=WEEKLY;COUNT=25"
    )
    content = written(seen)
    expected = [datetime(2026, 10, 20, 9, tzinfo=DENVER) + timedelta(weeks=n) for n in range(25)]
    assert len({at.utcoffset() for at in expected}) == 2  # over both changes of the clocks
    (found,) = vobject.readOne(content.decode()).vevent_list
    repeated = list(found.getrruleset(addRDate=True))
    assert [at.astimezone(UTC) for at in repeated] == [at.astimezone(UTC) for at in expected]
    (ours,) = parts(content, "VEVENT")
    assert ours["dtstart"].params["tzid"] == "America/Denver"
    assert len(parts(content, "VTIMEZONE")) == 1


def test_a_whole_day_that_repeats_has_dates() -> None:
    seen = appointment(
        "m",
        start="2026-10-20T06:00:00Z",
        end="2026-10-21T06:00:00Z",
        recurrence="FREQ=WEEKLY;UNTIL=20261231T070000Z",
    )
    found = event(seen)
    assert found.decoded("dtstart") == date(2026, 10, 20)
    assert found["rrule"].to_ical() == b"FREQ=WEEKLY;UNTIL=20261231"


@pytest.mark.parametrize(
    "rule",
    [
        "rubbish", "FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY;COUNT=x",
        "INTERVAL=2", "FREQ=WEEKLY;INTERVAL=0", "FREQ=WEEKLY;COUNT=2;UNTIL=20270101", "FREQ=WEEKLY;X-A=1",
        "FREQ=WEEKLY\r\nX:1", "FREQ=MONTHLY;BYMONTHDAY=99", "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=WEEKLY;UNTIL=never", "RRULE:", "FREQ=DAILY" * 99,
    ],
)  # fmt: skip
def test_a_broken_rule_is_dropped_and_the_event_stays(rule: str) -> None:
    found = event(appointment("m", start="2026-10-20T15:00:00Z", recurrence=rule))
    assert "rrule" not in found


def test_the_end_of_a_rule_is_an_instant_and_the_last_day_counts() -> None:
    start = datetime(2026, 10, 20, 9, tzinfo=DENVER)
    rule = repetition("FREQ=DAILY;UNTIL=20261101", start, DENVER)
    assert rule is not None
    assert rule["UNTIL"] == [datetime(2026, 11, 2, 6, 59, 59, tzinfo=UTC)]
    rule = repetition("FREQ=DAILY;UNTIL=20261101T090000", start, DENVER)
    assert rule is not None
    assert rule["UNTIL"] == [datetime(2026, 11, 1, 16, tzinfo=UTC)]


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(["FREQ=DAILY", ";", "WEEKLY", "UNTIL=", "2027", "BYDAY=MO", "COUNT=", "-1"]),
        max_size=9,
    ).map("".join)
)
def test_no_rule_raises_and_what_passes_can_be_read_back(text: str) -> None:
    rule = repetition(text, datetime(2026, 10, 20, 9, tzinfo=DENVER), DENVER)
    if rule is not None:
        found = event(appointment("m", start="2026-10-20T15:00:00Z", recurrence=text))
        assert found["rrule"]["FREQ"] == rule["FREQ"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_stay_texts(text: str) -> None:
    seen = (
        appointment("a1", title=text, start="2026-11-25T16:00:00Z", location=text, notes=text),
        task("t1\r\nX:" + text[:40], title=text, body=text, due="2026-11-25T16:00:00Z"),
    )
    content = write_calendar(Agenda(text, text, seen, {ADA: text}), NOW)
    lines = content.split(b"\r\n")
    assert lines.count(b"BEGIN:VCALENDAR") == lines.count(b"END:VCALENDAR") == lines.count(b"END:VEVENT") == 1
    assert all(len(line) <= 75 for line in lines)
    assert content.replace(b"\r\n", b"").count(b"\n") == content.replace(b"\r\n", b"").count(b"\r") == 0
    assert len(parts(content, "VEVENT")) == len(parts(content, "VTODO")) == 1
    assert content.decode("utf-8")
    assert not set(Calendar.from_ical(content).walk("VEVENT")[0]) & {"ATTACH", "X"}


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_text_gives_a_calendar_that_two_readers_read(text: str, zone: str) -> None:
    seen = (
        appointment("a1", title=text, start="2026-11-25T16:00:00Z", recurrence=text),
        task("t1", title=text, due="2026-11-25T16:00:00Z"),
    )
    content = write_calendar(Agenda(text, zone, seen, {ADA: text}), NOW)
    assert len(parts(content, "VEVENT")) == len(parts(content, "VTODO")) == 1


def test_a_change_moves_the_sequence_and_the_print_and_time_alone_does_not() -> None:
    seen = appointment("a1", start="2026-11-25T16:00:00Z")
    later = Activity(seen.side, seen.kind, seen.id, seen.contact_id, seen.fields, "2026-11-21T10:00:00Z")
    first, second = event(seen), event(later)
    assert second["sequence"] > first["sequence"]
    assert first["uid"] == second["uid"]
    agenda = Agenda("x", "UTC", [seen])
    assert print_of(write_calendar(agenda, NOW)) == print_of(write_calendar(agenda, LATE))
    assert print_of(write_calendar(agenda, NOW)) != print_of(write_calendar(Agenda("x", "UTC", [later]), NOW))
