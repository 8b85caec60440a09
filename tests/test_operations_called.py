"""Every one of the 126 is called through the API and the command line, against the sandbox or the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from landbridge.cli.operations import call, read_parameters
from landbridge.cli.output import Out
from landbridge.systems.base import Gone
from landbridge.systems.highlevel.operations import highlevel_operations
from landbridge.systems.operations import Operation
from landbridge.web.site import build_site
from operations_contract import LOCATION, ContractRig, arguments_for, contract_rig, playable
from operations_files import documented
from web_client import Client, let_in

TABLE = highlevel_operations()
JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}


async def by_rest(rig: ContractRig, name: str, parameters: object, **more: object) -> tuple[int, Any]:
    """Call through the site, as a program does."""
    body = json.dumps({"parameters": parameters, **more}).encode()
    site = Client(build_site(let_in(rig.app), rig.clock))
    answer = await site.ask("POST", f"/api/v1/operations/{name}/call", body, JSON)
    return answer.status, answer.json


def words(arguments: dict[str, object]) -> list[str]:
    """The same arguments as somebody types them."""
    typed = []
    for name, value in arguments.items():
        typed += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
    return typed


@pytest.mark.parametrize("one", TABLE.values(), ids=lambda one: one.name)
async def test_an_operation_is_called_through_the_api_and_the_command_line(
    one: Operation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each call leaves once, is what the files say, and a write is in the journal."""
    async with contract_rig(tmp_path) as rig:
        for door in ("api", "command"):
            rig.server.scene = playable(one)
            rig.server.sent.clear()
            arguments = arguments_for(one, rig.server.scene)
            if door == "api":
                status, body = await by_rest(rig, one.name, arguments)
                assert status == 200, body
            else:
                out = Out(as_json=True)
                given = read_parameters(out, one, "", words(arguments))
                assert given == arguments
                assert await call(rig.app, out, one.name, given, "") == 0
                body = json.loads(capsys.readouterr().out)
            (sent,) = rig.server.sent
            assert (sent.method, body["operation"], body["calls"]) == (one.method, one.name, 1)
            assert sent.headers["version"] == one.version
            if rig.server.scene is None:
                assert body["answer"] == {"ok": sent.call}
            assert (body["entry"] > 0) is one.writes
        entries = [entry for entry in await rig.app.journal(rig.bridge) if entry.action == "operation"]
        assert [(entry.rule, entry.state) for entry in entries] == [(one.name, "done")] * 2 * one.writes


def test_the_sandbox_plays_most_of_them() -> None:
    played = [one.name for one in TABLE.values() if playable(one) is not None]
    assert len(played) >= 75, len(played)


@pytest.mark.skipif(not documented(), reason="the vendor's OpenAPI files are not here")
async def test_the_contract_finds_what_is_wrong(tmp_path: Path) -> None:
    """The server above refuses a wrong version, a foreign property, a missing one and an unknown path."""
    async with contract_rig(tmp_path) as rig:
        right = arguments_for(TABLE["contacts.create_note"], None)
        assert (await by_rest(rig, "contacts.create_note", right))[0] == 200
        (good,) = rig.server.sent
        assert rig.server.problems(good) == []
        wrong = {
            "version": (good.url, good.body, {**good.headers, "version": "2021-04-15"}),
            "body shoe should not exist": (good.url, b'{"body": "a", "shoe": 1}', good.headers),
            "body is required": (good.url, b"{}", good.headers),
            "query limit should not exist": (good.url.with_query(limit=1), good.body, good.headers),
            "token": (good.url, good.body, {**good.headers, "authorization": "Bearer x"}),
        }
        for told, (url, body, headers) in wrong.items():
            assert rig.server.problems(type(good)("POST", url, headers, body)) == [told]
        nowhere = type(good)("POST", good.url.with_path("/contacts/a/b/c"), good.headers, good.body)
        assert "there is no" in rig.server.problems(nowhere)[0]


async def test_what_the_sandbox_answers_comes_through(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        rig.server.scene = playable(TABLE["contacts.get"])
        assert rig.server.scene is not None
        contact = rig.server.scene.ids["contactId"]
        status, body = await by_rest(rig, "contacts.get", {"contactId": contact})
        assert (status, body["answer"]["contact"]["email"]) == (200, "ann@example.com")
        assert body["daily_left"] is not None
        found = await rig.app.call(rig.bridge, "locations.get", {}, by="api")
        assert found.answer["location"]["id"] == LOCATION  # type: ignore[index]  # JSON
        with pytest.raises(Gone):
            await rig.app.call(rig.bridge, "contacts.get", {"contactId": "nobody00000000000000"}, by="api")
        spent = (await rig.app.status(rig.bridge)).pulse.spending[0]
        assert spent.by["operations"] == 3  # the one that was answered with 404 as well


async def test_a_list_in_a_query_is_named_once_for_each_value(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        given = {"calendarId": "c1", "startDate": 1, "endDate": 2, "userIds": ["u1", "u 2"]}
        assert (await by_rest(rig, "calendars.free_slots", given))[0] == 200
        (sent,) = rig.server.sent
        assert sent.url.raw_query_string == "startDate=1&endDate=2&userIds=u1&userIds=u%202"


async def test_the_whole_body_may_be_a_list_and_an_empty_one_is_an_object(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        rule = {"receiverType": "contact", "channel": "email", "notificationType": "booked"}
        given = {"calendarId": "c1", "notifications": [rule]}
        assert (await by_rest(rig, "calendars.create_notifications", given))[0] == 200
        assert (await by_rest(rig, "calendars.delete_event", {"eventId": "e1"}))[0] == 200
        assert [sent.json for sent in rig.server.sent] == [[rule], {}]


async def test_a_file_goes_as_a_form(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig:
        file = {"name": "plan.txt", "field": "f1", "base64": "aGVsbG8="}
        given = {"id": "c1", "file": file}
        assert (await by_rest(rig, "locations.upload_custom_field_file", given))[0] == 200
        (sent,) = rig.server.sent
        assert b'name="f1"; filename="plan.txt"' in sent.body
        assert b"hello" in sent.body
        (entry,) = [e for e in await rig.app.journal(rig.bridge) if e.action == "operation"]
        assert entry.after["file"] == "…"
