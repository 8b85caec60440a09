"""The first page with many bridges, and what the page of one says of its last days."""

from __future__ import annotations

from dataclasses import replace

import pytest

from landbridge.engine.pulse import Pulse
from landbridge.web import charts, words
from landbridge.web.pages import STATIC
from web_client import browse
from web_scenes import FAILED, HOSTILE, PULSE, FakeOverview, FakeProduct, hostile, others, status, with_newest


def offices(count: int = 3) -> FakeProduct:
    made = list(others(count))
    failed = with_newest(FAILED)
    made[0] = replace(failed, bridge=replace(failed.bridge, id=1, name="Bridge 1"))
    return FakeProduct.of(*made)


async def test_each_bridge_is_one_line_with_its_state_in_a_word() -> None:
    page = (await browse(offices()).get("/")).page
    first, second, _ = [row for row in page.all("tr") if row.within("tbody")]
    told = page.words(first)
    assert told.startswith(
        "Bridge 1 Needs you Rezora refused the user name and password. Check the user name"
    )
    assert "1,838 of 2,000 12 10 minutes ago in 10 minutes 1" in told
    assert "Waits for you" in page.words(second)
    assert page.words(page.one("p", id="totals")) == "3 bridges: 0 fine, 2 wait for you, 1 needs you."
    cells = {cell.attributes["data-label"] for cell in page.all("td")}
    assert cells == {"Bridge", "State", "In sync", "Waiting for you", "Last sync", "Next run", "Alerts"}


async def test_the_list_is_narrowed_by_name_and_state_in_the_address() -> None:
    product = offices(60)
    client = browse(product)
    page = (await client.get("/?name=bridge+1&state=needs")).page
    assert [page.words(a) for a in page.all("a") if a.within("td")] == ["Bridge 1"]
    assert page.one("input", id="name").attributes["value"] == "bridge 1"
    assert page.one("div", id="live").attributes["hx-get"] == "/?name=bridge+1&state=needs"
    chips = {
        page.words(a): a.attributes["href"] for a in page.all("a") if a.within("nav", **{"class": "chips"})
    }
    assert chips["Waits for you 59"] == "/?name=bridge+1&state=waits"
    assert chips["All 60"] == "/?name=bridge+1"
    page = (await client.get("/")).page
    assert [a.attributes["href"] for a in page.all("a", role="button")] == ["/?page=2"]
    assert isinstance(product.overview, FakeOverview)
    assert product.overview.asked == [("bridge 1", "needs", 1), ("", "", 1)]
    assert "No bridge has these letters in its name" in (await client.get("/?name=nobody")).text


async def test_names_that_people_chose_are_shown_and_never_obeyed() -> None:
    answer = await browse(FakeProduct.of(hostile(), *others(3)[1:])).get("/")
    assert "<script>alert" not in answer.text
    assert HOSTILE in answer.page.one("main").text


async def test_the_api_says_the_same() -> None:
    found = (await browse(offices()).get("/api/v1/overview?state=needs")).json
    assert found["sentence"] == "3 bridges: 0 fine, 2 wait for you, 1 needs you."
    (row,) = found["bridges"]
    assert (row["name"], row["state"], row["equal"], row["total"]) == ("Bridge 1", "needs", 1_838, 2_000)
    told = (await browse(FakeProduct.of(status())).get("/api/v1/bridges/1/status")).json
    assert told["agreement"] == status().agreement
    pulse = told["pulse"]
    assert (pulse["carried"], pulse["carried_median_seconds"], pulse["carried_p99_seconds"]) == (1_204, 5, 30)
    assert pulse["days"][-2] == {
        "day": "2026-11-22", "created": 9, "updated": 61, "other": 4, "failed": 0, "failed_runs": 0,
    }  # fmt: skip
    highlevel = pulse["calls"][0]
    assert (highlevel["used"], highlevel["ours"], highlevel["by"]["live work"]) == (2_150, 2_023, 1_204)


async def test_the_page_proves_the_agreement_and_every_reason_leads_to_its_contacts() -> None:
    page = (await browse(FakeProduct.of(status(waiting=4, equal=1_834))).get("/")).page
    told = page.words(page.one("p", id="agreement"))
    assert told == "1,834 of 2,000 contacts are equal on both sides; the other 166:"
    leads = [a.attributes["href"] for a in page.all("a", role="button") if a.within("li")]
    assert "/bridges/1/holds/both_changed" in leads
    assert "/bridges/1/contacts?list=left-out&reason=no_email" in leads
    assert leads[-1] == "/bridges/1/contacts?list=waiting"
    counts = [int(page.words(e).replace(",", "")) for e in page.all("span", class_="count")]
    assert sum(counts) == 166


async def test_the_last_days_are_a_chart_in_words_and_a_table() -> None:
    page = (await browse(FakeProduct.of(status())).get("/")).page
    written, failed = [page.words(svg) for svg in page.all("svg", class_="days")]
    assert "2026-11-21: 1,704 created, 88 updated; 2026-11-22: 9 created, 61 updated, 4 opt-outs" in written
    assert "2026-11-23: 3 records failed, 1 runs failed." in failed
    rows = [page.words(row) for row in page.all("tr") if row.within("details", id="days-table")]
    assert rows[1:] == ["2026-11-23 0 0 0 3 1", "2026-11-22 9 61 4 0 0", "2026-11-21 1,704 88 0 0 0"]


async def test_freshness_and_calls_say_who_used_the_quota_and_what_is_not_known() -> None:
    text = (await browse(FakeProduct.of(status())).get("/")).page.text
    assert "1,204 changes: half of them carried within 5 seconds, 99 of 100 within 30 seconds" in text
    assert "2,150 of 200,000 a day; HighLevel said 1 minute ago that 197,850 are left." in text
    assert "1,204 by live work" in text
    assert "127 by other programs of the same location, or not told apart" in text
    assert "At most 100 in 10 s; 96 free now" in text
    assert "free again in 11 hours" in text
    assert "The documents name no limit: how fast Landbridge asks is its own politeness." in text
    quiet = (
        await browse(FakeProduct.of(status(pulse=Pulse(PULSE.days, PULSE.spending[1:])))).get("/")
    ).page.text
    assert "No change was carried between syncs in the last 24 hours." in quiet


async def test_a_run_that_goes_on_says_how_long_its_step_takes() -> None:
    going = status(pulse=Pulse(seconds_left=75.0), busy=True)
    going = replace(going, running=replace(FAILED, state="running", done=5, total=10, ended_at=None))
    assert going.running is not None
    page = (await browse(FakeProduct.of(replace(going, recent=[going.running]))).get("/")).page
    assert "5 of 10, about 1 min 15 s left of this step" in page.text


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "1 second"), (5, "5 seconds"), (90, "90 seconds"), (180, "3 minutes"), (3600, "1 hour"),
     (86_400, "1 day"), (10**9, "more than a day")],
)  # fmt: skip
def test_spans_have_words(seconds: int, told: str) -> None:
    assert words.within(seconds) == told


def test_a_chart_of_days_keeps_its_measure() -> None:
    chart = charts.written_chart(PULSE.days)
    assert (len(chart.bars), chart.top) == (30, 1_792)
    highest = max(sum(segment.height for segment in bar.segments) for bar in chart.bars)
    assert highest == pytest.approx(charts.HEIGHT, abs=0.1)
    assert all(bar.x + charts.DAY_WIDTH <= 300 for bar in chart.bars)
    assert charts.failed_chart([]).summary == "Nothing in these days."


async def test_a_first_visit_costs_less_than_two_hundred_kilobytes() -> None:
    client = browse(FakeProduct.of(status()))
    page = await client.get("/", accept_encoding="gzip")
    linked = [e.attributes.get("href", e.attributes.get("src", "")) for e in page.page.elements]
    files = sorted({address for address in linked if address.startswith("/static/")})
    assert len(files) == 4
    answers = [await client.get(address, accept_encoding="gzip") for address in files]
    for answer in answers:
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    heavy = [a for a in answers if len(a.text) > 5_000]
    assert len(heavy) >= 2
    assert all(a.headers["content-encoding"] == "gzip" for a in heavy)
    whole = len(page.body) + sum(len(answer.body) for answer in answers)
    assert whole < 60_000
    assert (STATIC / "vendor" / "htmx.min.js").stat().st_size > 10_000
