"""Numbers, times and charts as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.engine.steps import STEPS
from landbridge.sync.model import Side
from landbridge.web import charts, words
from web_scenes import LATER, NOW, run, stage


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "less than a minute ago"),
        (60, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (3_600, "1 hour ago"),
        (86_400 * 31, "31 days ago"),
        (86_400 * 40, "on 2026-10-14"),
    ],
)
def test_how_long_ago(seconds: float, text: str) -> None:
    assert words.ago(NOW - seconds, NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.42, "0.4 s"),
        (12, "12 s"),
        (72, "1 min 12 s"),
        (7_500, "2 h 5 min"),
        (59.7, "1 min 0 s"),
    ],
)
def test_how_long_it_took(seconds: float, text: str) -> None:
    assert words.took(seconds) == text


def test_times_are_exact_and_in_utc() -> None:
    assert words.exact(NOW) == "2026-11-23 12:00:00 UTC"
    assert words.machine(NOW) == "2026-11-23T12:00:00Z"


def test_numbers_have_separators_and_nouns_their_plural() -> None:
    assert words.number(1_234_567) == "1,234,567"
    assert [words.plural(n, "contact") for n in (0, 1, 2_000)] == [
        "0 contacts",
        "1 contact",
        "2,000 contacts",
    ]


def test_what_stands_between_backticks_is_code_and_all_is_escaped() -> None:
    assert words.coded("run `a <b>` & go") == "run <code>a &lt;b&gt;</code> &amp; go"


@given(st.text(alphabet="`<>&\"'ab/"))
def test_no_text_makes_an_element_other_than_code(text: str) -> None:
    rest = str(words.coded(text)).replace("<code>", "").replace("</code>", "")
    assert "<" not in rest
    assert ">" not in rest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (stage("highlevel"), (0, "Reading HighLevel")),
        (stage("weigh"), (2, "Weighing the plan")),
        (stage("apply", passes=1), (3, "Writing the changes")),
        (stage("rezora", passes=1), (3, "Looking up creates that got no answer")),
        (stage("of a later version"), (0, "Working")),
        ("", (0, "Getting ready")),
        ("not JSON", (0, "Getting ready")),
    ],
)
def test_a_stage_has_its_step_and_its_words(text: str, expected: tuple[int, str]) -> None:
    assert words.stage_of(run(1, stage=text)) == expected


def test_words_of_a_newer_version_are_shown_as_they_are() -> None:
    assert words.held("brand_new").title == "brand_new"
    assert words.action("merge", Side.REZORA) == "merge in Rezora"
    assert words.cause(run(1, cause="webhook")) == "webhook"
    assert words.result(run(1, state="parked")) == "parked"


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=6))
def test_the_parts_of_the_stack_fill_it_without_gaps(counts: list[int]) -> None:
    pieces = charts.stack([(str(index), "", count) for index, count in enumerate(counts)])
    edge = 0.0
    for piece in pieces:
        assert piece.x == pytest.approx(edge, abs=0.1)
        assert (piece.width > 0) == (piece.count > 0)
        edge += piece.width
    assert edge == pytest.approx(charts.STACK_WIDTH if sum(counts) else 0, abs=0.2)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)), max_size=14))
def test_bars_stay_inside_their_chart(tallies: list[tuple[int, int, int]]) -> None:
    runs = [
        run(number, counts={"created": created, "updated": updated, "listed": listed})
        for number, (created, updated, listed) in enumerate(tallies)
    ]
    chart = charts.run_chart(runs)
    assert len(chart.bars) == min(len(runs), charts.SLOTS)
    for bar in chart.bars:
        assert 0 <= bar.x <= charts.SLOTS * charts.SLOT_WIDTH - charts.BAR_WIDTH
        for segment in bar.segments:
            assert segment.y >= -0.01
            assert segment.y + segment.height <= charts.HEIGHT + 0.02


def test_the_chart_shows_syncs_oldest_first_and_no_dry_run() -> None:
    chart = charts.run_chart(LATER)
    assert [bar.run.id for bar in chart.bars] == [1, 3, 4, 5]
    assert chart.top == 2_218
    assert chart.summary.endswith("run 4: nothing to write; run 5: 12 updated.")


def test_every_stage_of_the_engine_has_words_of_its_own() -> None:
    for at in STEPS:
        assert words.stage_of(run(1, stage=stage(at))) != (0, "Working")
