"""The API: the same facts as the pages, for programs."""

from __future__ import annotations

import json

import pytest

from landbridge.engine.answers import NotPossible
from landbridge.engine.catalog import operations
from landbridge.engine.undo import UndoOrder
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
    assert (newest["stage"], newest["done"], newest["total"]) == ("Writing the changes", 1_104, 2_000)


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


RECIPE_DOES = ("on", "off", "values", "try")


async def test_the_description_has_the_api_and_no_page() -> None:
    paths = (await browse(FakeProduct()).get("/api/v1/openapi.json")).json["paths"]
    bridge = "/api/v1/bridges/{bridge_id}"
    people = ("holds", "holds/{hold_id}/resolve", "contacts", "journal", "undo")
    timed = ("schedule", "schedule/{purpose}", "schedule/{purpose}/off", "alerts", "calendar")
    one = (f"contacts/{{record_id}}/{what}" for what in ("pause", "resume", "again", "sync"))
    live = ("changes", "contacts/sync", "contacts/find", "contacts/lists", "contacts/{record_id}")
    recipe = (f"recipes{rest}" for rest in ("", "/{name}", *(f"/{{name}}/{do}" for do in RECIPE_DOES)))
    begun = ("scope", "test", "sample", "switch-on")
    parts = ("status", "sync", *begun, *people, *one, *timed, *live, *recipe, "firings")
    named = {f"{bridge}/{name}" for name in parts}
    calls = {f"/api/v1/operations/{name}/call" for name in operations()}
    hook = ("/{webhook_id}", *(f"/{{webhook_id}}/{what}" for what in ("switch", "test", "messages")))
    named |= {f"{bridge}/webhooks{rest}" for rest in ("", "/messages/{message_id}/replay", *hook)}
    catalog = {"/api/v1/overview", "/api/v1/operations", "/api/v1/operations/{name}", "/api/v1/triggers"}
    named |= {f"/api/v1/{name}" for name in ("setups", "accounts/highlevel", "accounts/rezora")}
    of_people = {f"/api/v1/{path}" for path in ("keys", "keys/{key_id}", "people", "people/{person_id}")}
    of_people |= {f"/api/v1/people/{rest}" for rest in ("logins", "{person_id}/link", "{person_id}/log-out")}
    assert set(paths) == named | calls | catalog | of_people | {"/api/v1/bridges", "/api/v1/arrivals"}


async def post(product: FakeProduct, path: str, body: object = None) -> Answer:
    text = b"" if body is None else json.dumps(body).encode()
    return await browse(product).ask("POST", f"/api/v1/bridges/1/{path}", text, JSON)


async def test_holds_come_with_their_answers() -> None:
    browser = browse(FakeProduct.of(status()))
    found = (await browser.get("/api/v1/bridges/1/holds?cause=both_changed")).json
    assert [(hold["field"], hold["actions"]) for hold in found] == [
        ("city", ["use-highlevel", "use-rezora", "edit", "ignore"])
    ]
    assert len((await browser.get("/api/v1/bridges/1/holds?limit=2")).json) == 2


async def test_a_hold_is_answered() -> None:
    product = FakeProduct.of(status())
    answer = await post(product, "holds/3/resolve", {"action": "edit", "value": "Lyons"})
    assert (answer.status, answer.json["decided"]) == (200, "edit")
    assert product.asked == [("resolve", 3, "edit", "Lyons", "the API")]


async def test_an_answer_that_is_none_is_refused_with_those_there_are() -> None:
    product = FakeProduct.of(status(), failure=NotPossible("'link' is no answer.", "Use one of: keep."))
    answer = await post(product, "holds/3/resolve", {"action": "link"})
    assert (answer.status, answer.json) == (
        409,
        {"error": "'link' is no answer.", "fix": "Use one of: keep."},
    )


async def test_contacts_are_listed_by_where_they_stand() -> None:
    browser = browse(FakeProduct.of(status()))
    listing = (await browser.get("/api/v1/bridges/1/contacts?standing=left-out&after=x")).json
    assert (listing["standing"], listing["total"], listing["following"]) == ("left-out", 150, "behind x")
    assert listing["contacts"][0]["fix"]
    assert (await browser.get("/api/v1/bridges/1/contacts?standing=equal")).status == 422


async def test_a_contact_is_paused_resumed_and_created_again() -> None:
    product = FakeProduct.of(status())
    for what, body in (("pause", {"note": "on holiday"}), ("resume", None), ("again", None)):
        assert (await post(product, f"contacts/c1/{what}", body)).status == 200
    assert product.asked == [("pause", "c1", "on holiday"), ("resume", "c1"), ("again", "c1")]


async def test_the_journal_has_what_an_undo_needs() -> None:
    entries = (await browse(FakeProduct.of(status())).get("/api/v1/bridges/1/journal?count=2")).json
    assert [entry["action"] for entry in entries] == ["update", "update"]
    assert entries[0]["before"] == {"contact_phone_mobile": "303-555-0142"}


async def test_an_undo_can_be_previewed() -> None:
    product = FakeProduct.of(status())
    answer = await post(product, "undo", {"entry": 7, "field": "city", "preview": True})
    assert (answer.status, answer.json["lines"][0]["outcome"]) == (200, "undone")
    assert product.asked == [("undo", UndoOrder(7, "city"), True)]


LOOKS: list[tuple[str, dict[str, object], tuple[object, ...], int]] = [
    ("contacts/c1/sync", {}, ("look at", "c1", "asked"), 1),
    ("contacts/sync", {"contacts": ["c1", "90112"]}, ("look at", "c1", "90112", "asked"), 2),
    ("contacts/sync", {"business": "b1"}, ("look at business", "b1", "asked"), 3),
    ("changes", {}, ("look for changes", 1), 0),
]


@pytest.mark.parametrize(("path", "body", "asked", "named"), LOOKS, ids=[f"{row[2][0]}" for row in LOOKS])
async def test_some_contacts_are_looked_at_on_demand(
    path: str, body: dict[str, object], asked: tuple[object, ...], named: int
) -> None:
    product = FakeProduct.of(status())
    answer = await post(product, path, body)
    assert (answer.status, answer.json) == (202, {"named": named})
    assert product.asked == [asked]


@pytest.mark.parametrize("body", [{}, {"contacts": ["c1"], "business": "b1"}])
async def test_whom_to_look_at_is_said_in_one_way(body: dict[str, object]) -> None:
    product = FakeProduct.of(status())
    answer = await post(product, "contacts/sync", body)
    assert (answer.status, product.asked) == (409, [])
    assert "business" in answer.json["fix"]


async def test_webhooks_are_told_by_what_became_of_them() -> None:
    answer = await browse(FakeProduct.of(status())).get("/api/v1/arrivals")
    assert (answer.status, answer.json) == (200, {"accepted": 0})


@pytest.mark.parametrize(
    "path",
    [
        "holds/1/resolve",
        "contacts/c1/pause",
        "contacts/c1/again",
        "contacts/c1/sync",
        "contacts/sync",
        "changes",
        "undo",
    ],
)
async def test_other_sites_may_answer_nothing(path: str) -> None:
    product = FakeProduct.of(status())
    headers = JSON | {"sec-fetch-site": "cross-site"}
    answer = await browse(product).ask("POST", f"/api/v1/bridges/1/{path}", b"{}", headers)
    assert (answer.status, product.asked) == (403, [])


async def test_schedules_are_shown_set_and_switched_off() -> None:
    product = FakeProduct.of(status())
    shown = (await browse(product).get("/api/v1/bridges/1/schedule")).json
    assert [(one["purpose"], one["words"]) for one in shown] == [
        ("sync", "every 1 hour"),
        ("poll", "every 15 minutes"),
    ]
    made = await post(product, "schedule/sync", {"when": "daily at 03:30", "zone": "Europe/Zurich"})
    assert (made.status, made.json["when"], made.json["zone"]) == (200, "daily at 03:30", "Europe/Zurich")
    off = await post(product, "schedule/poll/off")
    assert (off.json["enabled"], off.json["next_at"]) == (False, None)
    assert product.asked == [("set", "sync", "daily at 03:30", "Europe/Zurich", None), ("off", "poll")]


async def test_a_schedule_that_cannot_be_is_refused_with_its_fix() -> None:
    refusal = NotPossible("The schedule 'never' cannot be understood.", "Use `hourly`.")
    product = FakeProduct.of(status(), failure=refusal)
    answer = await post(product, "schedule/sync", {"when": "never"})
    assert (answer.status, answer.json) == (409, {"error": refusal.sentence, "fix": refusal.fix})
    assert (await post(product, "schedule/scan", {"when": "hourly"})).status == 422


async def test_alerts_are_listed() -> None:
    (alert,) = (await browse(FakeProduct.of(status())).get("/api/v1/bridges/1/alerts")).json
    assert (alert["cause"], alert["closed_at"]) == ("brake", None)
    assert alert["fix"]
