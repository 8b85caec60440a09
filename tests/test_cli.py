"""The command line as scripts use it: exit codes, JSON alone on standard output, sentences with a fix."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.rezora import RezoraConfig
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge_rig import write_settings


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, all of it, as one JSON document."""
        return json.loads(self.out)


async def run(home: Path, *arguments: str, text: str = "", more: Mapping[str, str] | None = None) -> Ended:
    """Run ``landbridge`` with a home of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "landbridge",
        *arguments,
        env=dict(os.environ) | {"LANDBRIDGE_HOME": str(home), "COLUMNS": "120"} | dict(more or {}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(text.encode())
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def test_the_demo_ends_with_two_syncs_of_which_the_second_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    ended = await run(
        tmp_path, "demo", "--once", "--people", "150", "--port", "0", "--home", str(home), "--json"
    )
    assert ended.code == 0, ended.err
    first, second = ended.json["runs"]
    assert (first["state"], second["state"]) == ("done", "done")
    assert first["mutating_calls"] > 100
    assert second["mutating_calls"] == 0
    status = ended.json["status"]
    known = sum(status["excluded"].values()) + sum(status["held"].values())
    assert status["equal"] + known == status["total"] == 150
    assert status["due"] < 150  # what the sandbox's webhooks named since
    assert set(status["webhooks_today"]) <= {"accepted", "duplicate", "ignored", "unknown"}
    assert (home / "key").stat().st_mode & 0o077 == 0


async def test_a_script_connects_plans_syncs_and_gets_its_mapping_back(tmp_path: Path) -> None:
    login = RezoraConfig()
    connect = ["connect", "highlevel", "--token-stdin", "--location", HighLevelConfig().location_id, "--json"]
    async with Sandbox(SandboxConfig(people=40, highlevel=HighLevelConfig(burst=0))) as sandbox:
        write_settings(sandbox, tmp_path)
        for _ in range(2):  # each of these may run again
            assert (await run(tmp_path, *connect, text=FULL_PIT)).json["side"] == "highlevel"
        rezora = ["connect", "rezora", "--username", login.username, "--password-stdin"]
        wrong = await run(tmp_path, *rezora, text="nonsense")
        assert wrong.code == 4
        assert "Fix:" in wrong.err
        assert "nonsense" not in wrong.err + wrong.out
        assert (await run(tmp_path, *rezora, text=login.password)).code == 0
        assert (await run(tmp_path, "bridge", "create", "--name", "main")).code == 0
        exported = (await run(tmp_path, "bridge", "export")).out
        mapping = tmp_path / "mapping.toml"
        mapping.write_text(exported + "# a remark of mine\n", encoding="utf-8")
        for _ in range(2):
            assert (await run(tmp_path, "bridge", "create", "--mapping", str(mapping))).code == 0
        assert (await run(tmp_path, "bridge", "export")).out == mapping.read_text(encoding="utf-8")
        planned = (await run(tmp_path, "plan", "--json")).json
        assert planned["counts"]["create"] > 20
        done = await run(tmp_path, "sync", "--json")
        assert (done.code, done.json["state"]) == (0, "done")
        assert done.json["counts"]["created"] == planned["counts"]["create"]
        assert (await run(tmp_path, "doctor")).code == 0


async def test_a_person_answers_a_hold_lists_and_pauses_contacts_and_undoes(tmp_path: Path) -> None:
    ada = {"firstName": "Ada", "lastName": "Brook", "email": "ada@example.com", "city": "Lyons"}
    there = {"contact_name": "Ada Brook", "contact_email": "ada@example.com", "contact_home_city": "Ward"}
    config = SandboxConfig(people=0, highlevel=HighLevelConfig(burst=0), empty_rezora=True)
    async with Sandbox(config) as sandbox:
        write_settings(sandbox, tmp_path)
        await connect_both(tmp_path)
        sandbox.edit("highlevel", {"action": "create", "fields": ada})
        sandbox.edit("rezora", {"action": "create", "fields": there})
        assert (await run(tmp_path, "sync")).code == 0
        (hold,) = (await run(tmp_path, "holds", "list", "--cause", "differs_at_first_contact", "--json")).json
        assert hold["actions"] == ["use-highlevel", "use-rezora", "edit", "ignore"]
        wrong = await run(tmp_path, "holds", "resolve", str(hold["id"]), "link")
        assert (wrong.code, "use-rezora" in wrong.err) == (2, True)
        shown = await run(tmp_path, "holds", "show", str(hold["id"]))
        assert "Ward" in shown.out
        await run(tmp_path, "holds", "resolve", str(hold["id"]), "ignore")
        preview = await run(tmp_path, "holds", "take-back", str(hold["id"]), "--preview", "--json")
        assert (preview.json["action"], preview.json["written"]) == ("ignore", [])
        back = await run(tmp_path, "holds", "take-back", str(hold["id"]), "--json")
        assert back.json["decided"] == "", "still there after the preview, gone now"
        resolve = ["holds", "resolve", str(hold["id"]), "edit", "--value", "Nederland", "--json"]
        assert (await run(tmp_path, *resolve)).json["decided"] == "edit"
        assert (await run(tmp_path, "holds", "resolve-all", "both_changed", "ignore", "--json")).json == {
            "done": 0,
            "skipped": {},
        }
        assert (await run(tmp_path, "sync", "--restored")).code == 0
        (asked,) = (await run(tmp_path, "holds", "list", "--json")).json  # no answer of an older copy counts
        assert (await run(tmp_path, "holds", "resolve", str(asked["id"]), *resolve[3:])).code == 0
        assert (await run(tmp_path, "sync")).code == 0
        (one,) = (await run(tmp_path, "contacts", "list", "--standing", "in-sync", "--json")).json["contacts"]
        assert (await run(tmp_path, "contacts", "pause", one["rezora_id"], "--note", "away")).code == 0
        assert "resume" in (await run(tmp_path, "contacts", "list", "--standing", "left-out")).out
        assert (await run(tmp_path, "contacts", "resume", one["highlevel_id"], "--json")).code == 0
        assert (await run(tmp_path, "contacts", "again", one["highlevel_id"])).code == 2
        narrowed = ["journal", "--side", "rezora", "--action", "update", "--contact", one["highlevel_id"]]
        (written,) = (await run(tmp_path, *narrowed, "--json")).json
        assert (written["cause"], written["by"], written["name"]) == ("person", "command", "Ada Brook")
        shown = (await run(tmp_path, "runs", "show", str(written["run"]), "--json")).json
        assert (shown["cause"], "apply" in shown["spent"], shown["written"]["update"]) == ("command", True, 2)
        undo = ["undo", "--entry", str(written["id"]), "--field", "city", "--json"]
        assert (await run(tmp_path, *undo, "--preview")).json["lines"][0]["outcome"] == "undo"
        (line,) = (await run(tmp_path, *undo)).json["lines"]
        assert (line["outcome"], line["after"]) == ("undone", {"contact_home_city": "Ward"})
        assert (await run(tmp_path, "undo")).code == 2
        assert "Undid entry" in (await run(tmp_path, "journal", "--count", "1")).out


async def connect_both(home: Path) -> None:
    """Two accounts, and the bridge between them."""
    login = RezoraConfig()
    highlevel = ["connect", "highlevel", "--token-stdin", "--location", HighLevelConfig().location_id]
    rezora = ["connect", "rezora", "--username", login.username, "--password-stdin"]
    assert (await run(home, *highlevel, text=FULL_PIT)).code == 0
    assert (await run(home, *rezora, text=login.password)).code == 0
    assert (await run(home, "bridge", "create", "--name", "main")).code == 0


async def test_every_mistake_has_its_code_and_tells_the_fix(tmp_path: Path) -> None:
    nothing, setting, closed, token = await asyncio.gather(
        run(tmp_path / "a", "sync"),
        run(tmp_path / "b", "status", more={"LANDBRIDGE_CONCURRENCY": "many"}),
        run(
            tmp_path / "c",
            "connect",
            "rezora",
            "--username",
            "agent",
            "--password-stdin",
            text="secret",
            more={"LANDBRIDGE_REZORA_API_URL": "http://127.0.0.1:9/v1", "LANDBRIDGE_HTTP_ATTEMPTS": "1"},
        ),
        run(tmp_path / "d", "connect", "highlevel", "--token", "x", "--code", "y"),
    )
    assert (nothing.code, setting.code, closed.code, token.code) == (1, 2, 1, 2)
    assert "no bridge yet" in nothing.err
    assert "concurrency" in setting.err
    assert "127.0.0.1:9" in closed.err
    for ended in (nothing, setting, closed, token):
        assert "Fix:" in ended.err
        assert "Traceback" not in ended.err
    assert "secret" not in closed.err + closed.out


async def test_errors_are_json_too_when_json_is_asked_for(tmp_path: Path) -> None:
    ended = await run(tmp_path, "sync", "--json")
    assert ended.code == 1
    assert set(ended.json) == {"error", "fix"}


async def test_settings_are_printed_with_their_origin_and_no_secret(tmp_path: Path) -> None:
    more = {"LANDBRIDGE_HIGHLEVEL_CLIENT_SECRET": "canary-secret", "LANDBRIDGE_CONCURRENCY": "8"}
    ended = await run(tmp_path, "settings", "--json", more=more)
    rows = {row["name"]: row for row in ended.json}
    assert (rows["concurrency"]["value"], rows["concurrency"]["origin"]) == (
        "8",
        "environment LANDBRIDGE_CONCURRENCY",
    )
    assert rows["rezora_api_url"]["origin"] == "default"
    assert "canary-secret" not in ended.out + ended.err


async def test_a_person_sets_a_schedule_and_tries_the_alerts(tmp_path: Path) -> None:
    secret = "https://hooks.example.org/services/very-secret"
    async with Sandbox(SandboxConfig(people=5, highlevel=HighLevelConfig(burst=0))) as sandbox:
        write_settings(sandbox, tmp_path)
        await connect_both(tmp_path)
        made = await run(
            tmp_path, "schedule", "set", "daily at 03:30", "--zone", "Europe/Zurich", "--quiet", "22:00-02:00"
        )
        assert (made.code, made.err) == (0, "")
        assert "waits for you first" in made.out
        off = await run(tmp_path, "schedule", "off", "--purpose", "poll", "--json")
        assert (off.code, off.json["enabled"]) == (0, False)
        shown = (await run(tmp_path, "schedule", "show", "--json")).json
        assert [(one["purpose"], one["text"], one["zone"], one["quiet"]) for one in shown] == [
            ("sync", "daily at 03:30", "Europe/Zurich", "22:00-02:00"),
            ("poll", "default", "UTC", ""),
        ]
        wrong = await run(tmp_path, "schedule", "set", "whenever")
        assert wrong.code == 2
        assert "daily at 03:30" in wrong.err
        assert (await run(tmp_path, "alerts", "list", "--json")).json == []
        assert "No channel is configured" in (await run(tmp_path, "alerts", "test")).out
        more = {"LANDBRIDGE_ALERT_WEBHOOK_URL": secret.replace("hooks.example.org", "localhost")}
        tried = await run(tmp_path, "alerts", "test", more=more)
        assert tried.code == 1
        assert "private network" in tried.out
        settings = await run(tmp_path, "settings", "--json", more=more)
    assert "very-secret" not in tried.out + tried.err + settings.out + settings.err


async def test_a_person_finds_a_contact_looks_at_it_and_subscribes_to_the_calendar(tmp_path: Path) -> None:
    ada = {"firstName": "Ada", "lastName": "Brook", "email": "ada@example.com", "city": "Lyons"}
    config = SandboxConfig(people=0, highlevel=HighLevelConfig(burst=0), empty_rezora=True)
    async with Sandbox(config) as sandbox:
        write_settings(sandbox, tmp_path)
        await connect_both(tmp_path)
        sandbox.edit("highlevel", {"action": "create", "fields": ada})
        assert (await run(tmp_path, "sync")).code == 0
        (one,) = (await run(tmp_path, "contacts", "find", "brook", "--json")).json["contacts"]
        assert one["partner"]
        shown = (await run(tmp_path, "contacts", "show", one["partner"], "--json")).json
        assert shown["highlevel_id"] == one["id"]
        assert (await run(tmp_path, "sync")).code == 0  # reads what the first one created
        assert "Nobody matches" in (await run(tmp_path, "contacts", "find", "zzz")).out
        shown = (await run(tmp_path, "contacts", "show", one["partner"], "--json")).json
        assert (shown["highlevel_id"], shown["standing"]) == (one["id"], "In sync")
        assert {field["field"]: field["state"] for field in shown["fields"]}["city"] == "same"
        assert "Lyons" in (await run(tmp_path, "contacts", "show", one["id"])).out
        assert (await run(tmp_path, "contacts", "show", "nobody")).code == 2
        assert (await run(tmp_path, "contacts", "find", "--list", "held", "--json")).json["contacts"] == []
        bridges = (await run(tmp_path, "overview", "--json")).json
        assert bridges["sentence"] == "1 bridge: 1 fine."
        assert [(row["state"], row["equal"], row["total"]) for row in bridges["bridges"]] == [("fine", 1, 1)]
        assert "Page 1 of 1" in (await run(tmp_path, "overview", "--state", "fine")).out
        (told,) = (await run(tmp_path, "status", "--json")).json
        assert told["agreement"] == "The only contact is equal on both sides."
        assert told["days"][-1]["created"] == 1
        assert told["calls_today"]["highlevel"]["sync"] > 0
        assert (await run(tmp_path, "calendar", "show", "--json")).json["address"] == ""
        made = (await run(tmp_path, "calendar", "new", "--json")).json["address"]
        assert made.startswith("http://127.0.0.1:8780/feeds/")
        assert made in (await run(tmp_path, "calendar", "show")).out.split()
        assert (await run(tmp_path, "calendar", "new", "--json")).json["address"] != made
        assert (await run(tmp_path, "calendar", "revoke")).code == 0
        assert (await run(tmp_path, "calendar", "revoke")).code == 2
