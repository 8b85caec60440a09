"""Faults on demand: what the client sees, what the world took in, and what the history says of both."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox_core_world import Caller, TinyWorld, running, tiny_config

EMPTY = tiny_config(people=0)
NEW = {"email": "new@example.com"}


async def post_that_fails(caller: Caller, path: str = "/highlevel/contacts") -> None:
    with pytest.raises(aiohttp.ClientError):
        await caller.send("POST", path, NEW)


def last(caller: Caller) -> tuple[int, bool, str]:
    entry = caller.sandbox.history.read()[-1]
    return entry.status, entry.applied, entry.fault


async def test_refuse_closes_the_connection_before_anything_is_applied() -> None:
    async with running(EMPTY) as caller:
        await caller.fault(kind="refuse")
        await post_that_fails(caller)
        assert caller.emails() == []
        assert last(caller) == (0, False, "refuse")


async def test_a_lost_answer_was_applied() -> None:
    async with running(EMPTY) as caller:
        await caller.fault(kind="lost_answer")
        await post_that_fails(caller)
        assert caller.emails() == ["new@example.com"]
        assert last(caller) == (0, True, "lost_answer")


@pytest.mark.parametrize(
    ("fault", "status", "applied"),
    [
        ({"kind": "fail_before"}, 500, False),
        ({"kind": "fail_before", "status": 503}, 503, False),
        ({"kind": "applied_then_500"}, 500, True),
        ({"kind": "applied_then_500", "status": 502}, 502, True),
        ({"kind": "429"}, 429, False),
        ({"kind": "status", "status": 422, "body": {"message": "no"}}, 422, False),
        ({"kind": "status", "status": 404, "apply": True}, 404, True),
    ],
)
async def test_an_error_status_is_shown_and_applied_or_not(
    fault: dict[str, object], status: int, applied: bool
) -> None:
    async with running(EMPTY) as caller:
        await caller.fault(**fault)
        got, body = await caller.send("POST", "/highlevel/contacts", NEW)
        assert got == status
        assert caller.emails() == (["new@example.com"] if applied else [])
        assert last(caller) == (status, applied, fault["kind"])
        assert body == fault.get("body", body)


async def test_429_carries_no_retry_after_just_as_highlevel() -> None:
    async with running() as caller:
        await caller.fault(kind="429")
        async with caller.session.get(caller.sandbox.highlevel_url + "/hello") as answer:
            assert answer.status == 429
            assert "retry-after" not in answer.headers


async def test_a_200_whose_body_is_an_error_looks_like_each_system() -> None:
    async with running(EMPTY) as caller:
        await caller.fault(kind="ok_with_error", times=2)
        status, body = await caller.send("POST", "/rezora/contacts", NEW)
        assert (status, body[0]["status"]) == (200, "500")
        status, body = await caller.send("POST", "/highlevel/contacts", NEW)
        assert (status, body["statusCode"]) == (200, 500)
        assert caller.emails() == caller.emails("rezora") == []


async def test_html_is_served_in_place_of_json() -> None:
    async with running() as caller:
        await caller.fault(kind="html")
        async with caller.session.get(caller.sandbox.rezora_url + "/hello") as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
            assert "<html>" in await answer.text()


@pytest.mark.parametrize("keep", [None, 0, 5, 100_000])
async def test_a_cut_body_ends_early_and_was_applied(keep: int | None) -> None:
    async with running(EMPTY) as caller:
        await caller.fault(kind="cut_body", **({} if keep is None else {"keep_bytes": keep}))
        with pytest.raises(aiohttp.ClientPayloadError):
            await caller.send("POST", "/highlevel/contacts", NEW)
        assert caller.emails() == ["new@example.com"]
        assert last(caller) == (0, True, "cut_body")


async def test_drop_field_removes_a_name_anywhere_or_at_a_path() -> None:
    async with running(EMPTY) as caller:
        await caller.post("/highlevel/contacts", NEW)
        await caller.fault(kind="drop_field", field="email")
        got = await caller.get("/highlevel/contacts")
        assert [sorted(contact) for contact in got["contacts"]] == [["id"]]
        await caller.fault(kind="drop_field", field="contacts.id")
        got = await caller.get("/highlevel/contacts")
        assert got == {"contacts": [NEW], "total": 1}


async def test_slow_answers_late_and_applies_at_either_end_of_the_delay() -> None:
    async with running(EMPTY) as caller:
        await caller.fault(kind="slow", delay_seconds=30, path="/contacts", apply=True)
        await caller.fault(kind="slow", delay_seconds=0.001, path="/hello")
        timeout = aiohttp.ClientTimeout(total=0.1)
        with pytest.raises(TimeoutError):
            async with caller.session.post(
                caller.sandbox.highlevel_url + "/contacts", json=NEW, timeout=timeout
            ):
                pass
        assert caller.emails() == ["new@example.com"]
        assert (await caller.get("/highlevel/hello"))["greeting"] == "hello"


async def test_a_zombie_is_applied_after_later_requests() -> None:
    async with running(EMPTY) as caller:
        await caller.fault(kind="zombie", after_requests=2)
        await post_that_fails(caller)
        await caller.get("/highlevel/hello")
        await caller.get("/rezora/hello")  # another side's requests do not wake it
        assert caller.emails() == []
        await caller.post("/highlevel/contacts", {"email": "second@example.com"})
        assert caller.emails() == ["second@example.com", "new@example.com"]
        entries = caller.sandbox.history.read()
        assert [(e.status, e.applied, e.fault, e.late_of) for e in entries if e.fault] == [
            (0, False, "zombie", None),
            (201, True, "zombie", 1),
        ]
        assert caller.sandbox.history.summary()["mutating"] == 2


async def test_a_zombie_is_applied_when_its_time_comes_on_the_sandbox_clock() -> None:
    async with running(EMPTY) as caller:
        await caller.post("/_sandbox/clock", {"freeze": True})
        await caller.fault(kind="zombie", after_seconds=60)
        await post_that_fails(caller)
        await caller.post("/_sandbox/clock", {"advance": 59})
        assert caller.emails() == []
        assert (await caller.get("/_sandbox/faults"))["waiting"] == 1
        await caller.post("/_sandbox/clock", {"advance": 1})
        assert caller.emails() == ["new@example.com"]


async def test_a_zombie_comes_by_itself_when_nobody_asks_anything_more() -> None:
    async with running(EMPTY) as caller:
        await caller.fault(kind="zombie", after_seconds=0)
        await post_that_fails(caller)
        world = caller.sandbox.highlevel
        assert isinstance(world, TinyWorld)
        async with asyncio.timeout(5):
            await world.added.wait()
        assert caller.emails() == ["new@example.com"]


async def test_zombies_in_a_row_wait_for_each_other() -> None:
    async with running(EMPTY) as caller:
        await caller.fault(kind="zombie", times=2)
        await post_that_fails(caller)
        await post_that_fails(caller)
        assert len(caller.emails()) == 1
        await caller.get("/highlevel/hello")
        assert len(caller.emails()) == 2


async def test_side_method_path_and_body_choose_the_request() -> None:
    async with running(EMPTY) as caller:
        await caller.fault(
            kind="fail_before", side="rezora", method="post", path="/con", body_contains="new@", times=None
        )
        assert (await caller.send("POST", "/rezora/contacts", NEW))[0] == 500
        assert (await caller.send("POST", "/highlevel/contacts", NEW))[0] == 201
        assert (await caller.send("POST", "/rezora/contacts", {"email": "old@example.com"}))[0] == 201
        assert (await caller.send("GET", "/rezora/contacts"))[0] == 200


async def test_a_regular_expression_chooses_the_path() -> None:
    async with running() as caller:
        await caller.fault(kind="fail_before", path_regex="^/contacts/[a-z]+$", times=None)
        assert (await caller.send("GET", "/highlevel/contacts/abc"))[0] == 500
        assert (await caller.send("GET", "/highlevel/contacts"))[0] == 200


async def test_skip_and_times_count_matches() -> None:
    async with running() as caller:
        await caller.fault(kind="fail_before", path="/hello", skip=1, times=2)
        statuses = [(await caller.send("GET", "/highlevel/hello"))[0] for _ in range(5)]
        assert statuses == [200, 500, 500, 200, 200]
        (told,) = (await caller.get("/_sandbox/faults"))["faults"]
        assert (told["matched"], told["hits"]) == (3, 2)


async def test_probability_is_repeatable() -> None:
    async def statuses(seed: int) -> list[int]:
        async with running() as caller:
            await caller.fault(kind="fail_before", probability=0.5, times=None, seed=seed)
            return [(await caller.send("GET", "/highlevel/hello"))[0] for _ in range(20)]

    first = await statuses(1)
    assert first == await statuses(1)
    assert first != await statuses(2)
    assert set(first) == {200, 500}


async def test_faults_are_listed_with_their_hits_and_cleared_one_or_all() -> None:
    async with running() as caller:
        got = await caller.post("/_sandbox/faults", [{"kind": "refuse", "path": "/x"}, {"kind": "429"}])
        assert got == {"ids": [1, 2]}
        assert (await caller.send("GET", "/rezora/hello"))[0] == 429
        listed = (await caller.get("/_sandbox/faults"))["faults"]
        assert listed == [
            {"id": 1, "kind": "refuse", "path": "/x", "times": 1, "matched": 0, "hits": 0},
            {"id": 2, "kind": "429", "times": 1, "matched": 1, "hits": 1},
        ]
        assert await caller.send("DELETE", "/_sandbox/faults?id=1") == (200, {"cleared": 1})
        assert await caller.send("DELETE", "/_sandbox/faults") == (200, {"cleared": 1})
        assert (await caller.get("/_sandbox/faults"))["faults"] == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({}, "faults[0].kind must be one of refuse, fail_before"),
        ({"kind": "explode"}, "faults[0].kind must be one of"),
        (
            {"kind": "refuse", "sides": "rezora"},
            "faults[0].sides is not a field of a fault; allowed are kind",
        ),
        ({"kind": "refuse", "side": "left"}, "faults[0].side is not valid: one of highlevel, rezora"),
        ({"kind": "refuse", "times": 0}, "faults[0].times must be 1 or more, or null"),
        ({"kind": "refuse", "times": "x"}, "faults[0].times is not valid"),
        ({"kind": "refuse", "skip": -1}, "faults[0].skip must be 0 or more"),
        ({"kind": "refuse", "probability": 2}, "faults[0].probability must be between 0 and 1"),
        ({"kind": "refuse", "path": "contacts"}, "faults[0].path must be a path prefix such as /contacts/"),
        ({"kind": "refuse", "path_regex": "("}, "faults[0].path_regex is not a regular expression"),
        ({"kind": "status"}, "faults[0].status must be given"),
        ({"kind": "status", "status": 700}, "faults[0].status must be an HTTP status"),
        ({"kind": "drop_field"}, "faults[0].field must be given"),
        ({"kind": "zombie", "after_requests": 0}, "faults[0].after_requests must be 1 or more"),
        ("refuse", "faults[0] must be an object"),
    ],
)
async def test_a_wrong_fault_is_refused_by_the_name_of_its_field(fault: Any, words: str) -> None:
    async with running() as caller:
        status, got = await caller.send("POST", "/_sandbox/faults", {"faults": [fault]})
        assert status == 400
        assert words in got["error"]
        assert caller.sandbox.faults.armed == []


async def test_a_body_that_is_not_json_is_refused() -> None:
    async with running() as caller:
        url = caller.sandbox.url + "/_sandbox/faults"
        async with caller.session.post(url, data=b"{oops") as answer:
            assert (answer.status, await answer.json()) == (400, {"error": "The body must be JSON."})
        status, got = await caller.send("POST", "/_sandbox/faults", "refuse")
        assert (status, got["error"][:12]) == (400, 'Send {"fault')
