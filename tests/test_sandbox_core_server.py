"""The sandbox's address: what it serves, where it listens, and what it says of itself."""

from __future__ import annotations

import asyncio

import pytest

from landbridge.sandbox.server import Sandbox
from sandbox_core_world import TINY, running, tiny_config


async def test_each_system_answers_under_its_prefix_with_its_own_settings() -> None:
    async with running() as caller:
        assert (await caller.get("/highlevel/hello"))["greeting"] == "hello"
        assert (await caller.get("/rezora/hello"))["greeting"] == "good day"
        assert caller.sandbox.highlevel_url == f"{caller.sandbox.url}/highlevel"
        assert caller.sandbox.rezora_url == f"{caller.sandbox.url}/rezora"


async def test_paths_and_queries_arrive_decoded_and_the_last_of_repeats_counts() -> None:
    async with running() as caller:
        got = await caller.get("/highlevel/hello?email=a%2Bb%40example.com&q=x+y&empty=&page=1&page=2")
        assert got["query"] == {"email": "a+b@example.com", "q": "x y", "empty": "", "page": "2"}
        status, _ = await caller.send("GET", "/highlevel/contacts/with%20space")
        assert status == 404
        assert caller.sandbox.history.read()[-1].path == "/contacts/with space"


async def test_the_worlds_are_told_their_own_address() -> None:
    async with running() as caller:
        settings = await caller.get("/_sandbox/config")
        assert settings["highlevel"]["public_url"] == caller.sandbox.highlevel_url
        await caller.post("/_sandbox/reset", {})
        settings = await caller.get("/_sandbox/config")
        assert settings["highlevel"]["public_url"] == caller.sandbox.highlevel_url


async def test_the_front_page_says_what_this_is_and_where_the_systems_are() -> None:
    async with running() as caller, caller.session.get(caller.sandbox.url + "/") as answer:
        page = await answer.text()
        assert answer.content_type == "text/html"
        assert caller.sandbox.highlevel_url in page
        assert caller.sandbox.rezora_url in page
        assert "/_sandbox/faults" in page


async def test_the_control_page_describes_every_page_and_fault_and_setting() -> None:
    async with running() as caller:
        described = await caller.get("/_sandbox/")
        assert "POST /_sandbox/faults" in described["pages"]
        assert "lost_answer" in described["faults"]
        assert described["settings"]["rezora"] == {"greeting": "good day"}
        assert described["people"] == 3


async def test_unknown_pages_and_methods_are_refused_with_what_exists() -> None:
    async with running() as caller:
        status, got = await caller.send("GET", "/elsewhere")
        assert status == 404
        assert "/highlevel" in got["error"]
        status, got = await caller.send("DELETE", "/_sandbox/clock")
        assert (status, got) == (405, {"error": "/_sandbox/clock takes GET, POST only."})


async def test_a_broken_route_answers_500_that_says_it_is_the_sandbox(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running() as caller:
        status, got = await caller.send("GET", "/rezora/broken")
        assert status == 500
        assert "sandbox itself" in got["error"]
        assert "broken on purpose" in caplog.text
        assert (await caller.get("/rezora/hello"))["greeting"] == "good day"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "sandbox.example.com"])  # noqa: S104 - must be refused
async def test_it_refuses_to_listen_beyond_loopback(host: str) -> None:
    sandbox = Sandbox(tiny_config(), makers=TINY)
    with pytest.raises(ValueError, match="loopback only"):
        await sandbox.start(host)


async def test_it_listens_elsewhere_when_told() -> None:
    name = "127.1"  # not known as loopback by its spelling, yet it is, so that the test opens nothing
    with pytest.raises(ValueError, match="loopback only"):
        await Sandbox(tiny_config(), makers=TINY).start(name)
    sandbox = Sandbox(tiny_config(any_host=True), makers=TINY)
    await sandbox.start(name)
    await sandbox.stop()
    assert sandbox.url.startswith("http://127.0.0.1:")


async def test_many_requests_at_once_are_all_applied_and_recorded_once() -> None:
    async with running(tiny_config(people=0)) as caller:
        sent = [f"person{n}@example.com" for n in range(60)]
        await asyncio.gather(*(caller.post("/highlevel/contacts", {"email": email}) for email in sent))
        assert sorted(caller.emails()) == sorted(sent)
        numbers = [entry.number for entry in caller.sandbox.history.read()]
        assert numbers == list(range(1, 61))


async def test_both_worlds_get_the_same_people_and_their_own_ids() -> None:
    async with running(tiny_config(people=5)) as caller:
        assert len(caller.emails("highlevel")) == 5
        assert caller.emails("highlevel") == caller.emails("rezora")
        state = await caller.get("/_sandbox/state")
        assert not set(state["highlevel"]["contacts"]) & set(state["rezora"]["contacts"])
        only = await caller.get("/_sandbox/state?side=rezora")
        assert list(only) == ["rezora"]
