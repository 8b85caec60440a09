"""What is not called, and why: nothing leaves where it need not, and every refusal names the fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from landbridge.engine import catalog
from landbridge.own_actions import OwnActions
from landbridge.systems.arguments import LONGEST_ID, WrongArguments, checked, from_text
from landbridge.systems.base import Forbidden, RateLimited, ReadOnlyGrant, Rejected, Unavailable
from landbridge.systems.highlevel.operations import highlevel_operations
from landbridge.systems.rezora.operations import rezora_operations
from operations_contract import COMPANY, LOCATION, ContractRig, Died, contract_rig
from test_operations_called import by_rest

TABLE = highlevel_operations()
SCOPES = ("contacts.readonly", "contacts.write", "locations.readonly")


async def refused(rig: ContractRig, name: str, given: object, status: int) -> dict[str, Any]:
    """A call that is refused before anything leaves."""
    found, body = await by_rest(rig, name, given)
    assert (found, rig.server.sent) == (status, []), body
    assert body["error"]
    assert body["fix"]
    known: dict[str, Any] = body
    return known


async def test_every_wrong_parameter_is_named_at_once(tmp_path: Path) -> None:
    given = {
        "contactId": "a/b", "titel": "x", "body": 5, "completed": "yes", "dueDate": "", "assignedTo": None,
    }  # fmt: skip
    async with contract_rig(tmp_path) as rig:
        body = await refused(rig, "contacts.create_task", given, 422)
    problems = {one["parameter"]: f"{one['error']} {one['fix']}" for one in body["problems"]}
    assert problems.keys() == {"contactId", "titel", "title", "body", "completed", "dueDate"}
    assert "Did you mean title?" in problems["titel"]
    assert "slash" in problems["contactId"]
    assert "is missing" in problems["title"]
    assert "not a text" in problems["body"]
    assert "true or false" in problems["completed"]
    assert "is empty" in problems["dueDate"]
    assert body["sent"] == "no"
    assert "a/b" not in json.dumps(body)  # values may name a person


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\nb",
        "ada@example.com",
        "../../oauth/token",
        "x" * (LONGEST_ID + 1),
    ],
)
def test_a_part_of_a_path_stays_one_part(value: str) -> None:
    with pytest.raises(WrongArguments, match="contactId is empty, too long, or has a slash"):
        checked(TABLE["contacts.get"], {"contactId": value}, {})


@pytest.mark.parametrize("value", ["https://elsewhere.example", "a?b=c", "a#b", "a%2Fb", "a:b", "ü"])
async def test_no_parameter_leads_to_another_host_or_path(value: str, tmp_path: Path) -> None:
    """The contract server refuses every other host; what is odd in an id arrives quoted, as one part."""
    if "/" in value:
        with pytest.raises(WrongArguments):
            checked(TABLE["contacts.get"], {"contactId": value}, {})
        return
    async with contract_rig(tmp_path) as rig:
        await by_rest(rig, "contacts.get", {"contactId": value})
        (sent,) = rig.server.sent
    assert len(sent.url.raw_path.split("/")) == 3
    assert sent.url.raw_query_string == ""


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        where = {"location": "https://elsewhere.example/contacts/c1"}
        rig.server.script = [(302, {}, where)] * 9
        status, _ = await by_rest(rig, "contacts.get", {"contactId": "c1"})
        assert status == 502
        assert {sent.url.host for sent in rig.server.sent} == {"highlevel.example"}


async def test_another_location_is_refused_and_the_own_one_filled_in(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        for name, given in (
            ("locations.list_tags", {"locationId": "another0location0001"}),
            ("opportunities.search", {"location_id": "another0location0001"}),
            ("contacts.create", {"locationId": "another0location0001", "email": "a@example.com"}),
        ):
            body = await refused(rig, name, given, 422)
            assert "filled in" in body["problems"][0]["fix"]
        assert (await by_rest(rig, "contacts.create", {"email": "a@example.com"}))[0] == 200
        assert rig.server.sent[0].json["locationId"] == LOCATION
        assert (await by_rest(rig, "locations.list_tags", {"locationId": LOCATION}))[0] == 200


def test_every_place_of_a_location_is_filled_in() -> None:
    for one in TABLE.values():
        for parameter in one.parameters:
            if parameter.name in ("locationId", "location_id"):
                assert parameter.filled == "location", one.name


async def test_the_company_is_filled_in_where_the_grant_knows_it(tmp_path: Path) -> None:
    async with contract_rig(tmp_path / "a", kind="oauth", scopes=("users.readonly",)) as rig:
        assert (await by_rest(rig, "users.search", {}))[0] == 200
        assert rig.server.sent[0].url.query["companyId"] == COMPANY
    async with contract_rig(tmp_path / "b") as rig:
        body = await refused(rig, "users.search", {}, 422)
        assert "locations.get" in body["problems"][0]["fix"]


async def test_a_missing_scope_is_told_before_anything_leaves(tmp_path: Path) -> None:
    async with contract_rig(tmp_path, scopes=SCOPES) as rig:
        body = await refused(rig, "calendars.list", {}, 403)
        assert "calendars.readonly" in body["error"]
        assert "highlevel_more_scopes" in body["fix"]
        assert (await by_rest(rig, "contacts.get", {"contactId": "c1"}))[0] == 200


async def test_an_agency_call_is_not_sent_with_the_token_of_a_location(tmp_path: Path) -> None:
    scopes = ("locations.write", "contacts.write")
    async with contract_rig(tmp_path, kind="oauth", scopes=scopes) as rig:
        given = {"name": "New", "phone": "+13035550101", "companyId": "c1"}
        assert "agency" in (await refused(rig, "locations.create", given, 403))["error"]


@pytest.mark.parametrize("one", [op for op in TABLE.values() if op.writes], ids=lambda one: one.name)
def test_a_read_only_bridge_has_its_writes_marked(one: Any) -> None:
    """POST that only reads is the exception; each of those is named here."""
    assert one.method in ("POST", "PUT", "DELETE")


async def test_a_read_only_bridge_refuses_writes_before_they_leave(tmp_path: Path) -> None:
    note = {"contactId": "c1", "body": "Hello"}
    ways: list[dict[str, Any]] = [
        {"highlevel_read_only": True},
        {"can_write": False},
        {"scopes": ("contacts.readonly",)},
    ]
    for number, way in enumerate(ways):
        async with contract_rig(tmp_path / str(number), **way) as rig:
            body = await refused(rig, "contacts.create_note", note, 403)
            assert "nothing was sent" in body["error"]
            assert await rig.app.journal(rig.bridge) == []
            with pytest.raises(ReadOnlyGrant):
                await rig.app.call(rig.bridge, "contacts.bulk_tags", BULK, by="assistant")
            assert rig.server.sent == []
            assert (await by_rest(rig, "contacts.search", {"pageLimit": 1}))[0] == 200


BULK = {"type": "add", "contacts": ["c1"], "tags": ["vip"]}  # the vendor states no scope for it


def test_the_posts_that_only_read_are_these() -> None:
    assert sorted(one.name for one in TABLE.values() if one.method == "POST" and not one.writes) == [
        "calendars.check_group_slug", "contacts.search", "locations.search_tasks",
        "opportunities.search_advanced", "users.find_by_email",
    ]  # fmt: skip


async def test_a_spent_quota_is_told_and_nothing_leaves(tmp_path: Path) -> None:
    async with contract_rig(tmp_path, highlevel_quota_daily=2) as rig:
        while not isinstance(failure := await _one_more(rig), RateLimited):
            assert len(rig.server.sent) <= 2
        sent = len(rig.server.sent)
        status, body = await by_rest(rig, "contacts.get", {"contactId": "c1"})
        assert (status, len(rig.server.sent)) == (429, sent)
        assert "call it again" in body["fix"]
        assert failure.daily


async def _one_more(rig: ContractRig) -> object:
    try:
        return await rig.app.call(rig.bridge, "contacts.get", {"contactId": "c1"}, by="api")
    except RateLimited as failure:
        return failure


async def test_an_unknown_operation_is_told_with_its_neighbour(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        body = await refused(rig, "contacts.creat_note", {}, 404)
        assert "contacts.create_note" in body["fix"]


async def test_an_unknown_id_is_told_as_gone(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        rig.server.script = [(400, {"statusCode": 400, "message": "Contact with id c1 not found"}, {})]
        status, body = await by_rest(rig, "contacts.get", {"contactId": "c1"})
        assert (status, len(rig.server.sent)) == (404, 1)
        assert "Check the ids" in body["fix"]


async def test_reads_are_tried_again_and_creates_are_not(tmp_path: Path) -> None:
    down: tuple[int, object, dict[str, str]] = (503, {"message": "down"}, {})
    async with contract_rig(tmp_path) as rig:
        rig.server.script = [down]
        assert (await by_rest(rig, "contacts.get", {"contactId": "c1"}))[0] == 200
        assert len(rig.server.sent) == 2
        rig.server.script, rig.server.sent = [down], []
        given = {"contactId": "c1", "body": "Hello"}
        status, body = await by_rest(rig, "contacts.create_note", given)
        assert (status, body["sent"], len(rig.server.sent)) == (502, "maybe", 1)
        (entry,) = await rig.app.journal(rig.bridge)
        assert (entry.action, entry.state, entry.rule) == ("failed", "done", "contacts.create_note")
        assert "may have been done" in entry.note


async def test_a_write_is_in_the_journal_before_it_leaves_and_without_secrets(tmp_path: Path) -> None:
    """A process that dies in the middle leaves an entry that says so."""
    async with contract_rig(tmp_path) as rig:
        given = {
            "companyId": "c", "firstName": "A", "lastName": "B", "email": "a@example.com",
            "password": "canary-secret", "type": "account", "role": "user", "locationIds": [LOCATION],
        }  # fmt: skip
        rig.server.dies = True
        with pytest.raises(Died):
            await rig.app.call(rig.bridge, "users.create", given, by="api")
        (entry,) = await rig.app.journal(rig.bridge)
        assert (entry.action, entry.state) == ("operation", "begun")
        assert entry.after["password"] == "…"
        assert "canary-secret" not in repr(entry)
        assert entry.after["email"] == "a@example.com"


async def test_a_refusal_of_highlevel_is_told_in_its_plain_words(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        rig.server.script = [(422, {"statusCode": 422, "message": ["email must be an email Bob"]}, {})]
        with pytest.raises(Rejected) as caught:
            await rig.app.call(rig.bridge, "contacts.update", {"contactId": "c1", "email": "x"}, by="api")
        assert "email must be an email" in caught.value.sentence
        assert "Bob" not in caught.value.sentence
        assert caught.value.fix == "Correct the parameters and call it again."


async def test_company_level_calls_of_rezora_are_not_sent(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        for one in rezora_operations().values():
            if one.level == "company":
                given = {parameter.name: "1" for parameter in one.parameters}
                with pytest.raises(Forbidden, match="company-level"):
                    await rig.app.call(rig.bridge, one.name, given, by="api")
        assert rig.server.sent == []


def test_every_action_of_our_own_has_its_method() -> None:
    names = {name.removeprefix("landbridge.") for name in catalog.own_operations()}
    methods = {name for name in vars(OwnActions) if not name.startswith("_")}
    assert names == methods


@pytest.mark.parametrize(
    ("name", "parameter", "text", "value"),
    [
        ("contacts.list", "limit", "5", 5),
        ("contacts.list", "limit", "many", "many"),
        ("contacts.complete_task", "completed", "yes", True),
        ("contacts.complete_task", "completed", "false", False),
        ("contacts.complete_task", "completed", "perhaps", "perhaps"),
        ("contacts.add_tags", "tags", "buyer, vip", ["buyer", "vip"]),
        ("contacts.add_tags", "tags", '["a, b"]', ["a, b"]),
        ("contacts.update", "dndSettings", '{"Email": {}}', {"Email": {}}),
        ("contacts.update", "dndSettings", "{", "{"),
        ("contacts.update", "firstName", "null", None),
        ("contacts.update", "postalCode", "null", "null"),
    ],
)
def test_typed_words_become_values(name: str, parameter: str, text: str, value: object) -> None:
    found = TABLE[name].parameter(parameter)
    assert found is not None
    assert from_text(found, text) == value


def test_a_number_in_a_query_of_texts_is_meant_as_its_digits() -> None:
    assert checked(TABLE["businesses.list"], {"limit": 5}, {"location": "l"})["limit"] == "5"


async def test_an_unanswered_call_says_that_it_may_have_been_done(tmp_path: Path) -> None:
    async with contract_rig(tmp_path, http_attempts=1) as rig:
        rig.server.script = [(500, {}, {})]
        with pytest.raises(Unavailable) as caught:
            await rig.app.call(rig.bridge, "contacts.create", {"email": "a@example.com"}, by="api")
        assert "look first whether" in caught.value.fix
