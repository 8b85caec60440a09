"""The API: the same facts as the pages, for programs."""

from __future__ import annotations

import json

import pytest

from web_client import Answer, browse
from web_scenes import SCENES, FakeProduct, status

JSON = {"content-type": "application/json"}


async def order(product: FakeProduct, body: object) -> Answer:
    text = b"" if body is None else json.dumps(body).encode()
    return await browse(product).ask("POST", "/api/v1/bridges/1/sync", text, JSON)


async def test_bridges_are_listed_without_credentials() -> None:
    answer = await browse(FakeProduct.of(status())).get("/api/v1/bridges")
    assert answer.json == [
        {
            "id": 1,
            "name": "Harbor Street",
            "highlevel": {
                "id": "ve9EPM428h8vShlRW1KT",
                "title": "Harbor Street Realty",
                "trouble": "",
                "fix": "",
            },
            "rezora": {"id": "harbor-api", "title": "Harbor Street Realty", "trouble": "", "fix": ""},
        }
    ]


@pytest.mark.parametrize("name", SCENES)
async def test_the_status_has_what_the_page_has(name: str) -> None:
    scene = SCENES[name]
    facts = (await browse(FakeProduct.of(scene)).get("/api/v1/bridges/1/status")).json
    assert facts["sentence"] == scene.sentence
    assert facts["interrupted"] == scene.interrupted
    counted = [share["count"] for share in facts["excluded"] + facts["held"]]
    assert facts["equal"] + facts["waiting"] + sum(
        counted
    ) == scene.equal + scene.waiting + scene.left_out + (scene.on_hold)
    assert [hold["highlevel_id"] for hold in facts["holds"]] == [hold.highlevel_id for hold in scene.holds]
    assert [run["id"] for run in facts["runs"]] == [run.id for run in scene.recent]


async def test_a_running_run_says_in_words_what_it_does() -> None:
    newest = (await browse(FakeProduct.of(SCENES["running"])).get("/api/v1/bridges/1/status")).json["runs"][0]
    assert (newest["stage"], newest["done"], newest["total"]) == ("Writing to Rezora", 1_104, 2_000)


@pytest.mark.parametrize(
    ("body", "accept"), [(None, False), ({}, False), ({"accept_large_change": True}, True)]
)
async def test_a_sync_can_be_started(body: object, accept: bool) -> None:
    product = FakeProduct.of(status())
    answer = await order(product, body)
    assert answer.status == 202
    assert answer.json["busy"] is True
    assert product.started == [(1, "api", accept)]


@pytest.mark.parametrize("body", [{"accept": True}, {"accept_large_change": "perhaps"}, [1]])
async def test_a_body_that_is_not_understood_starts_nothing(body: object) -> None:
    product = FakeProduct.of(status())
    answer = await order(product, body)
    assert (answer.status, set(answer.json)) == (422, {"error", "fix"})
    assert product.started == []


async def test_an_unknown_bridge_is_told_as_json() -> None:
    browser = browse(FakeProduct.of(status()))
    for answer in (
        await browser.get("/api/v1/bridges/9/status"),
        await browser.post("/api/v1/bridges/9/sync"),
    ):
        assert (answer.status, set(answer.json)) == (404, {"error", "fix"})


async def test_the_description_has_the_api_and_no_page() -> None:
    paths = (await browse(FakeProduct()).get("/api/v1/openapi.json")).json["paths"]
    assert set(paths) == {
        "/api/v1/bridges",
        "/api/v1/bridges/{bridge_id}/status",
        "/api/v1/bridges/{bridge_id}/sync",
    }
