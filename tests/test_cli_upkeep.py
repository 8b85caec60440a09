"""Backup, restore, master keys and retention from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from landbridge.cli.commands import main
from landbridge.home import home_alone, home_in_use
from landbridge.store.database import StoreFailure
from simulation import Simulation
from stories import linked


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home with a bridge whose two sides were synced, and no process that uses it."""
    world = Simulation()
    linked(world)
    world.run(world._stack.aclose())
    world.app = None
    with closing(world):
        yield world.home


def command(home: Path, *words: str) -> Result:
    environment = {"LANDBRIDGE_HOME": str(home), "COLUMNS": "200", "LANDBRIDGE_LOG_LEVEL": "error"}
    return CliRunner().invoke(main, list(words), env=environment)


def told(home: Path, *words: str) -> Any:
    done = command(home, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_backup_says_that_the_key_is_not_in_it_and_is_put_back(home: Path) -> None:
    copy = home / "monday.sqlite3"
    first = command(home, "backup", str(copy))
    assert first.exit_code == 0 and "The master key is not in it: keep the file key" in first.output
    again = command(home, "backup", str(copy))
    assert again.exit_code == 1 and "is not overwritten" in again.output
    with home_in_use(home):
        refused = command(home, "restore", str(copy))
    assert refused.exit_code == 1 and "Stop `landbridge serve`" in refused.output
    done = told(home, "restore", str(copy))
    assert done["bridges"] == ["test"] and done["carried"] and Path(done["kept"]).exists()
    (status,) = told(home, "status")
    assert status["runs"][0]["purpose"] == "restore"
    assert status["runs"][0]["fix"].startswith("The next sync reads both sides whole")
    lost = command(home, "restore", str(home / "tuesday.sqlite3"))
    assert lost.exit_code == 1 and "cannot be read" in lost.output


def test_nobody_opens_a_home_in_which_a_backup_is_being_restored(home: Path) -> None:
    with home_alone(home):
        refused = command(home, "status")
        assert refused.exit_code == 1 and "being restored in this home" in refused.output
        with pytest.raises(StoreFailure), home_alone(home):
            raise AssertionError
    assert command(home, "status").exit_code == 0


def test_the_master_key_is_turned_and_the_old_one_forgotten(home: Path) -> None:
    (before,) = told(home, "vault", "status")
    new = told(home, "vault", "rotate")
    assert new["key"] != before["name"] and sum(new["sealed"].values()) == before["sealed"] > 0
    found = told(home, "vault", "status")
    assert [(one["name"], one["sealed"]) for one in found] == [
        (new["key"], before["sealed"]),
        (before["name"], 0),
    ]
    assert told(home, "vault", "forget") == {"forgotten": 1}
    assert [one["name"] for one in told(home, "vault", "status")] == [new["key"]]


def test_a_backup_from_before_a_rotation_needs_the_key_of_that_time(home: Path) -> None:
    copy, key = home / "before.sqlite3", (home / "key").read_text()
    told(home, "backup", str(copy))
    told(home, "vault", "rotate")
    told(home, "vault", "forget")
    refused = command(home, "restore", str(copy))
    assert refused.exit_code == 1 and "sealed with another key" in refused.output
    with (home / "key").open("a") as file:
        file.write(key)
    assert told(home, "restore", str(copy))["carried"]
    assert told(home, "vault", "rotate")["sealed"]  # what came back under the old key
    assert told(home, "vault", "forget") == {"forgotten": 1}


def test_retention_is_shown_and_carried_out(home: Path) -> None:
    shown = told(home, "retention")
    assert shown["days"] == {"journal": 730, "inbox": 30, "ledger": 730, "logins": 365}
    assert shown["forgotten"] == {}
    assert "undo reaches no further" in command(home, "retention").output
    assert set(told(home, "retention", "--forget")["forgotten"]) == {
        "journal",
        "runs",
        "inbox",
        "ledger",
        "logins",
    }
