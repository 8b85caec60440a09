"""The MCP server, asked by the SDK's own client: what is offered, called, refused and cut."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from landbridge.cli.assistants import LONGEST_TEXT, Allowed, build_server
from landbridge.engine import catalog
from landbridge.systems.highlevel.operations import highlevel_operations
from operations_contract import ContractRig, arguments_for, contract_rig, playable

pytest.importorskip("mcp", reason="the extra mcp is not installed")

from mcp import Client, StdioServerParameters, stdio_client

TABLE = highlevel_operations()
ALL = Allowed(writes=("*",))


def client(rig: ContractRig, allowed: Allowed, mode: str = "auto") -> Client:
    return Client(build_server(rig.app, rig.bridge, allowed), mode=mode)


def text(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_assistant_sees_the_reads_and_no_write(tmp_path: Path, mode: str) -> None:
    async with contract_rig(tmp_path) as rig, client(rig, Allowed(), mode) as assistant:
        tools = (await assistant.list_tools()).tools
        reads = [one for one in catalog.operations().values() if not one.writes]
        assert [tool.name for tool in tools] == [one.name.replace(".", "_") for one in reads]
        assert all(tool.annotations is not None and tool.annotations.read_only_hint for tool in tools)
        refused = await assistant.call_tool("contacts_delete", {"contactId": "c1"})
        assert refused.is_error
        assert "--allow-writes" in text(refused)
        assert rig.server.sent == []


async def test_an_assistant_calls_every_one_of_the_126(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig, client(rig, ALL) as assistant:
        tools = {tool.name: tool for tool in (await assistant.list_tools()).tools}
        assert len(tools) == len(catalog.operations())
        for one in TABLE.values():
            rig.server.scene = playable(one)
            arguments = arguments_for(one, rig.server.scene)
            tool = tools[one.name.replace(".", "_")]
            assert arguments.keys() <= tool.input_schema["properties"].keys()
            rig.server.sent.clear()
            result = await assistant.call_tool(tool.name, arguments)
            assert not result.is_error, (one.name, text(result))
            assert [sent.method for sent in rig.server.sent] == [one.method]
            assert ("of the journal" in text(result)) is one.writes


async def test_an_allow_list_names_the_writes(tmp_path: Path) -> None:
    allowed = Allowed(only=("contacts.get", "landbridge.*"), writes=("contacts.add_*",))
    async with contract_rig(tmp_path) as rig, client(rig, allowed) as assistant:
        names = {tool.name for tool in (await assistant.list_tools()).tools}
        assert {"contacts_get", "contacts_add_tags", "contacts_add_followers", "landbridge_status"} <= names
        assert names.isdisjoint({"contacts_create_note", "contacts_search", "landbridge_sync"})
        done = await assistant.call_tool("contacts_add_tags", {"contactId": "c1", "tags": ["vip"]})
        assert not done.is_error
        (entry,) = await rig.app.journal(rig.bridge)
        assert (entry.rule, entry.note) == ("contacts.add_tags", "Tag a contact, by assistant")


async def test_problems_are_told_so_that_an_assistant_can_correct_itself(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig, client(rig, Allowed()) as assistant:
        wrong = await assistant.call_tool("contacts_get", {"contact": "c1"})
        assert wrong.is_error
        assert "Did you mean contactId?" in text(wrong)
        status = await assistant.call_tool("landbridge_status", {})
        assert json.loads(text(status))["bridge"] == "test"


async def test_a_very_long_answer_is_cut(tmp_path: Path) -> None:
    async with contract_rig(tmp_path) as rig, client(rig, Allowed()) as assistant:
        rig.server.script = [(200, {"contacts": ["x" * LONGEST_TEXT]}, {})]
        result = await assistant.call_tool("contacts_search", {"pageLimit": 1})
        assert len(text(result)) < LONGEST_TEXT + 200
        assert "ask for less" in text(result)


async def test_the_command_serves_over_standard_input_and_output(tmp_path: Path) -> None:
    """A process of its own, as assistants start it; nothing but the protocol is on its standard output."""
    async with contract_rig(tmp_path):
        pass  # a home with a bridge
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "landbridge", "mcp", "--only", "landbridge.*"],
        env={"LANDBRIDGE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
    )
    async with Client(stdio_client(started)) as assistant:
        names = [tool.name for tool in (await assistant.list_tools()).tools]
        assert "landbridge_status" in names
        assert json.loads(text(await assistant.call_tool("landbridge_status", {})))["total"] == 0
