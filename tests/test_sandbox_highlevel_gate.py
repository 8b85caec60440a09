"""Version, path, location and quota are checked before anything happens (highlevel.md 1.10, 1.11, 5.1)."""

from __future__ import annotations

import pytest

from sandbox_highlevel_client import client

QUOTA_HEADERS = {
    "x-ratelimit-max",
    "x-ratelimit-remaining",
    "x-ratelimit-interval-milliseconds",
    "x-ratelimit-limit-daily",
    "x-ratelimit-daily-remaining",
    "x-ratelimit-daily-reset",
}


@pytest.mark.parametrize("version", ["2021-07-28", "2021-04-15", "2023-02-21", "v3"])
def test_every_published_version_is_accepted(version: str) -> None:
    c = client()
    c.version = version
    assert c.search().status == 200


@pytest.mark.parametrize(
    ("version", "message"),
    [("", "version header was not found."), ("2020-01-01", "version header is invalid")],
)
def test_a_missing_or_invented_version_is_401(version: str, message: str) -> None:
    c = client()
    c.version = version
    reply = c.search()
    assert (reply.status, reply.json["message"]) == (401, message)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/contacts", 404), ("/Contacts/search", 401), ("/contacts/search/", 404), ("/contacts/Upsert", 401)],
)
def test_slash_and_case_of_a_path_count(path: str, status: int) -> None:
    assert client().send("POST", path, {}).status == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/contacts/?locationId={}"),
        ("GET", "/users/?locationId={}"),
        ("GET", "/oauth/installedLocations"),
    ],
)
def test_operations_gone_in_version_3_answer_404_there(method: str, path: str) -> None:
    c = client()
    c.version = "v3"
    assert c.send(method, path.format(c.location)).status == 404
    c.world.config.v3_drops = False
    assert c.send(method, path.format(c.location)).status != 404


def test_another_location_is_forbidden_and_a_missing_one_in_a_body_is_named() -> None:
    c = client()
    assert c.send("GET", "/locations/elsewhere00000000000").status == 403
    assert c.send("GET", "/contacts/?locationId=elsewhere").json["error"] == "Forbidden"
    missing = c.send("POST", "/contacts/search", {"pageLimit": 1})
    assert (missing.status, missing.json["message"]) == (422, ["locationId should not be empty"])


def test_a_body_that_is_no_json_object_is_400() -> None:
    c = client()
    headers = {"authorization": f"Bearer {c.token}", "version": c.version}
    assert c.raw("POST", "/contacts/search", b"{", headers).status == 400
    assert c.raw("POST", "/contacts/search", b"[1]", headers).status == 400


def test_every_answer_carries_a_trace_id() -> None:
    c = client()
    traces = [c.search().json["traceId"], c.send("GET", "/nowhere").json["traceId"]]
    c.token = "wrong"
    traces.append(c.search().json["traceId"])
    assert len(set(traces)) == 3


def test_the_burst_is_refused_with_headers_and_without_retry_after() -> None:
    c = client(burst=3)
    answers = [c.search() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[3].headers.keys() >= QUOTA_HEADERS
    assert "retry-after" not in answers[3].headers
    assert answers[3].headers["x-ratelimit-daily-remaining"] == "199997"


def test_a_sliding_window_frees_one_call_at_a_time_and_a_fixed_one_all_at_once() -> None:
    left = {}
    for window in ("sliding", "fixed"):
        c = client(burst=2, window=window)
        c.search()
        c.clock.advance(6)
        c.search()
        c.clock.advance(5)
        left[window] = c.search().headers["x-ratelimit-remaining"]
    assert left == {"sliding": "0", "fixed": "1"}


def test_the_day_ends_and_its_reset_is_milliseconds_left() -> None:
    c = client(burst=10, daily=2)
    c.search()
    c.clock.advance(3600)
    c.search()
    spent = c.search()
    assert spent.status == 429
    assert spent.headers["x-ratelimit-daily-remaining"] == "0"
    assert spent.headers["x-ratelimit-daily-reset"] == str(23 * 3_600_000)
    c.clock.advance(23 * 3600)
    assert c.search().status == 200


def test_an_app_and_private_tokens_have_budgets_of_their_own() -> None:
    c = client(burst=1)
    assert c.search().status == 200
    c.connect("contacts.readonly")
    assert c.search().status == 200
    assert c.search().status == 429
