"""The history: every exchange in order, bodies on request, counts that stay exact."""

from __future__ import annotations

import pytest

from landbridge.sandbox.history import OTHER_ROUTES, History, Wanted, is_mutating, route_of
from landbridge.sandbox.wire import Answer, Request
from sandbox_core_world import running, tiny_config


def request(method: str = "GET", path: str = "/contacts", body: bytes = b"") -> Request:
    return Request(method, path, {}, {}, body)


async def test_every_request_and_answer_is_kept_in_order() -> None:
    async with running() as caller:
        await caller.get("/rezora/hello?name=a")
        await caller.post("/highlevel/contacts", {"email": "new@example.com"})
        await caller.send("GET", "/highlevel/contacts/nobody")
        got = await caller.get("/_sandbox/history")
        told = [(e["number"], e["side"], e["method"], e["path"], e["status"]) for e in got["entries"]]
        assert told == [
            (1, "rezora", "GET", "/hello", 200),
            (2, "highlevel", "POST", "/contacts", 201),
            (3, "highlevel", "GET", "/contacts/nobody", 404),
        ]
        first, second, third = got["entries"]
        assert first["query"] == {"name": "a"}
        assert second["request_body"] == {"email": "new@example.com"}
        assert second["answer_body"]["email"] == "new@example.com"
        assert second["answer_headers"]["content-type"] == "application/json"
        assert [first["mutating"], second["mutating"], third["mutating"]] == [False, True, False]
        assert all(e["actor"] == "api" and e["applied"] and e["fault"] == "" for e in got["entries"])


async def test_credentials_are_never_kept() -> None:
    async with running() as caller:
        await caller.send("GET", "/highlevel/hello", headers={"Authorization": "Bearer very-secret"})
        await caller.send("GET", "/highlevel/hello", headers={"Authorization": "very-secret"})
        got = await caller.get("/_sandbox/history")
        kept = [entry["request_headers"]["authorization"] for entry in got["entries"]]
        assert kept == ["Bearer [redacted]", "[redacted]"]
        assert "very-secret" not in str(got)


async def test_filters_narrow_the_history() -> None:
    async with running() as caller:
        await caller.get("/highlevel/hello")
        made = await caller.post("/highlevel/contacts", {})
        await caller.post("/rezora/contacts", {})
        await caller.send("DELETE", f"/highlevel/contacts/{made['id']}")

        async def numbers(query: str) -> list[int]:
            got = await caller.get(f"/_sandbox/history?bodies=0&{query}")
            assert all("request_body" not in entry for entry in got["entries"])
            return [entry["number"] for entry in got["entries"]]

        assert await numbers("side=rezora") == [3]
        assert await numbers("mutating=1") == [2, 3, 4]
        assert await numbers("mutating=0") == [1]
        assert await numbers("since=2") == [3, 4]
        assert await numbers("method=delete") == [4]
        assert await numbers("path_contains=hello") == [1]
        assert await numbers("limit=2") == [1, 2]
        assert await numbers("side=highlevel&mutating=1&since=2") == [4]


async def test_counts_are_by_side_method_and_route() -> None:
    async with running() as caller:
        for _ in range(3):
            made = await caller.post("/highlevel/contacts", {})
            await caller.get(f"/highlevel/contacts/{made['id']}")
        counted = await caller.get("/_sandbox/history?count=1")
        assert (counted["total"], counted["mutating"], counted["complete"]) == (6, 3, True)
        rows = {(row["method"], row["route"]): row["count"] for row in counted["by_route"]}
        assert rows == {("POST", "/contacts"): 3, ("GET", "/contacts/{id}"): 3}
        writes = await caller.get("/_sandbox/history?count=1&mutating=1")
        assert writes["total"] == 3
        later = await caller.get("/_sandbox/history?count=1&since=5")
        assert (later["total"], later["complete"]) == (1, True)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("side=left", "side must be one of highlevel, rezora"),
        ("mutating=maybe", "mutating must be 1 or 0"),
        ("since=-1", "since must be a whole number"),
        ("wrong=1", "wrong is not a filter"),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(query: str, words: str) -> None:
    async with running() as caller:
        status, got = await caller.send("GET", f"/_sandbox/history?{query}")
        assert status == 400
        assert words in got["error"]


async def test_a_cleared_history_begins_again_at_one() -> None:
    async with running() as caller:
        await caller.get("/rezora/hello")
        await caller.send("DELETE", "/_sandbox/history")
        await caller.get("/rezora/hello")
        got = await caller.get("/_sandbox/history")
        assert [entry["number"] for entry in got["entries"]] == [1]


async def test_control_pages_are_not_part_of_the_history() -> None:
    async with running() as caller:
        await caller.get("/_sandbox/state")
        assert (await caller.get("/_sandbox/history"))["entries"] == []


def test_old_entries_go_and_the_counts_stay_exact() -> None:
    history = History(limit=10)
    for number in range(25):
        history.record(request("POST", f"/contacts/{number}"), Answer(200), at=0, side="rezora")
    assert [entry.number for entry in history.read()] == list(range(16, 26))
    assert history.first_kept == 16
    summary = history.summary()
    assert (summary["total"], summary["mutating"], summary["complete"]) == (25, 25, True)
    assert history.summary(Wanted(since=3))["complete"] is False
    assert history.summary(Wanted(since=15)) == {
        **history.summary(Wanted(since=15)),
        "total": 10,
        "complete": True,
    }


def test_bodies_are_given_up_oldest_first_and_their_entries_stay() -> None:
    history = History(body_bytes=100)
    for _ in range(4):
        history.record(request(body=b"x" * 20), Answer(200, b"y" * 20), at=0, side="highlevel")
    kept = [(entry.request_body, entry.answer_body) for entry in history.read()]
    assert kept == [(None, None), (None, None), (b"x" * 20, b"y" * 20), (b"x" * 20, b"y" * 20)]


def test_invented_paths_do_not_fill_the_counts_for_ever() -> None:
    history = History(limit=1)
    for number in range(6000):
        history.record(request(path=f"/made-up-{number}x"), Answer(404), at=0, side="rezora")
    assert len(history.counts) <= 5001
    assert history.summary()["total"] == 6000
    assert any(key.route == OTHER_ROUTES for key in history.counts)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/contacts/ocQHyuzHvysMo5N5VsXc", "/contacts/{id}"),
        ("/contacts/ABCDEFGHIJKLMNOPQRST/notes/abcdefghijklmnopqrst", "/contacts/{id}/notes/{id}"),
        ("/v1/contacts/55501.json", "/v1/contacts/{id}.json"),
        ("/v1/lists/901/contacts/55501.xml", "/v1/lists/{id}/contacts/{id}.xml"),
        ("/v1/contacts.json", "/v1/contacts.json"),
        ("/oauth/locationToken", "/oauth/locationToken"),
        ("/v2/oauth/chooselocation", "/v2/oauth/chooselocation"),
        ("/locations/sbxLocation000000001/customFields", "/locations/{id}/customFields"),
        ("/contacts/search/duplicate", "/contacts/search/duplicate"),
        ("/objects/6650a3c1f2e4b50012ab34cd/records/search", "/objects/{id}/records/search"),
        ("/x/3f2b8c1a-0000-4000-8000-0123456789ab", "/x/{id}"),
    ],
)
def test_ids_in_a_path_become_one_route(path: str, route: str) -> None:
    assert route_of(path) == route


@pytest.mark.parametrize(
    ("method", "path", "mutating"),
    [
        ("GET", "/contacts/", False),
        ("POST", "/contacts/search", False),
        ("POST", "/locations/abc/tasks/search", False),
        ("POST", "/oauth/token", False),
        ("POST", "/oauth/locationToken", False),
        ("POST", "/v2/oauth/chooselocation", False),
        ("POST", "/contacts/", True),
        ("POST", "/contacts/upsert", True),
        ("PUT", "/contacts/abc", True),
        ("DELETE", "/v1/contacts/5.json", True),
    ],
)
def test_searches_and_token_calls_are_not_writes(method: str, path: str, mutating: bool) -> None:
    assert is_mutating(method, path) is mutating


async def test_the_limits_come_from_the_settings() -> None:
    async with running(tiny_config(history_limit=2)) as caller:
        for _ in range(5):
            await caller.get("/rezora/hello")
        got = await caller.get("/_sandbox/history")
        assert (got["last_number"], got["first_kept"], len(got["entries"])) == (5, 4, 2)
