"""What the fuzzer found, each as a test of its own."""

from __future__ import annotations

import random

import pytest

from fuzz_targets import PIT, Scripted
from landbridge.engine.catalog import operations
from landbridge.systems.arguments import WrongArguments, checked, from_text
from landbridge.systems.base import Malformed, System
from landbridge.systems.highlevel.answers import read_told
from landbridge.systems.highlevel.client import open_highlevel
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.http import HttpConfig
from landbridge.systems.memory import MemoryGrants
from landbridge.systems.quota import Quota
from landbridge.systems.rezora.client import RezoraSystem
from landbridge.systems.rezora.config import RezoraConfig
from landbridge.systems.rezora.wire import RezoraDialect
from landbridge.web.door import local
from systems_fakes import InstantClock
from web_client import browse
from web_scenes import FakeProduct, status

DEEP = [b"[" * 20_000, b'{"a":' * 20_000]
JSON = {"content-type": "application/json"}


def systems(body: bytes) -> list[System]:
    """Both systems, before a server that answers everything with this."""
    clock = InstantClock()
    http = HttpConfig(attempts=1, transport=lambda: Scripted([(200, JSON, body)]))
    wired = {"http": http, "clock": clock, "rng": random.Random(1), "quota": Quota(0, daily=0, clock=clock)}
    there = HighLevelConfig(api_url="https://api.example.com")
    rezora = RezoraConfig("https://api.example.com/v1", "u", "p")
    return [open_highlevel(there, MemoryGrants(PIT), **wired), RezoraSystem(rezora, **wired)]  # type: ignore[arg-type]


@pytest.mark.parametrize("body", DEEP)
async def test_an_answer_nested_without_end_is_told_as_such(body: bytes) -> None:
    for system in systems(body):
        with pytest.raises(Malformed, match=r"nested too deep|of another shape"):
            await system.contacts()
    assert read_told(502, body).status == 502
    assert RezoraDialect().read(502, body[:4000]).status == 502


def test_a_parameter_nested_without_end_is_a_wrong_parameter() -> None:
    one, text = operations()["landbridge.sync_contacts"], "[" * 20_000
    assert from_text(one.parameters[0], text) == text
    with pytest.raises(WrongArguments):
        checked(one, {one.parameters[0].name: text}, {})


@pytest.mark.parametrize("number", [2.0**63, 2**63, 10**400, -(2**54), float("inf"), float("nan")])
def test_a_number_that_no_json_reader_keeps_is_refused(number: float) -> None:
    with pytest.raises(WrongArguments, match="hold is not a number"):
        checked(operations()["landbridge.get_hold"], {"hold": number}, {})
    assert checked(operations()["landbridge.get_hold"], {"hold": 2**53}, {}) == {"hold": 2**53}


@pytest.mark.parametrize("path", ["//[", "/x?[", "https://[", "//]/", "/\\["])
async def test_the_way_after_a_login_may_hold_an_open_bracket(path: str) -> None:
    assert local(path).startswith("/")
    assert not local(path).startswith("//")
    assert (await browse(FakeProduct()).get(f"/login?next={path}")).status == 303


@pytest.mark.parametrize("origin", ["https://[", "[", "https://]x[/"])
async def test_an_origin_that_is_none_is_another_site(origin: str) -> None:
    product = FakeProduct.of(status())
    answer = await browse(product).post("/bridges/1/sync", {}, {"origin": origin, "sec-fetch-site": ""})
    assert answer.status == 403
    assert product.started == []


@pytest.mark.parametrize(
    "path", ["/bridges/{}", "/api/v1/people/{}/link", "/api/v1/bridges/{}/status", "/runs/{}"]
)
async def test_an_id_of_more_than_64_bits_is_an_address_without_a_page(path: str) -> None:
    for number in (2**63, 10**30):
        assert (await browse(FakeProduct.of(status())).get(path.format(number))).status in (404, 405)


HUGE = "9" * 400


@pytest.mark.parametrize(
    "path", [f"/bridges/1/runs?before={HUGE}", f"/api/v1/bridges/1/journal?count={HUGE}"]
)
async def test_a_number_in_a_query_has_a_limit(path: str) -> None:
    answer = await browse(FakeProduct.of(status())).get(path)
    assert answer.status == 422


@pytest.mark.parametrize(
    "path", ["journal?count", "holds?limit", "webhooks/1/messages?count", "firings?count"]
)
@pytest.mark.parametrize("number", ["-1", "0", "1001"])
async def test_nobody_gets_a_list_without_an_end(path: str, number: str) -> None:
    """SQLite takes a limit below zero for none."""
    answer = await browse(FakeProduct.of(status())).get(f"/api/v1/bridges/1/{path}={number}")
    assert answer.status == 422
