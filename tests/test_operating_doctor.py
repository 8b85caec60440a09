"""The doctor: what can be wrong is found and has its fix, and nothing is wrong where all is well."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from landbridge.app import App, open_app
from landbridge.checks import FAILS, LEAST_FREE, LITTLE_FREE, NOTE, OK, Check, machine_checks
from landbridge.checkup import judged
from landbridge.cli.doctor import examine
from landbridge.cli.output import Out
from landbridge.settings import load_settings
from landbridge.store.findings import Findings, find
from landbridge.store.tables import account, alert, bridge, delivery, driver, due, run
from landbridge_rig import landbridge
from systems_fakes import InstantClock
from web_client import browse
from web_scenes import FakeCheckup, FakeProduct, operating, status

PLENTY = 50 * 2**30


def checks_of(home: Path, free: int = PLENTY, **settings: object) -> dict[str, Check]:
    """The checks of the machine by name."""
    given = load_settings({}, {"home": home} | settings)
    return {check.name: check for check in machine_checks(given, lambda _folder: free)}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """As the first start makes it."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    key = folder / "key"
    key.write_text("x")
    key.chmod(0o600)
    return folder


def test_a_machine_on_which_all_is_well(home: Path) -> None:
    found = checks_of(home, public_url="https://sync.example.com")
    assert {check.state for check in found.values()} == {OK}
    assert all(check.fix == "" for check in found.values())
    assert found["Public address"].sentence.endswith("https://sync.example.com/oauth/highlevel/callback.")
    assert found["Settings"].sentence == "2 from the command line; the others have their defaults."


@pytest.mark.parametrize(("mode", "state"), [(0o700, OK), (0o750, NOTE), (0o755, NOTE), (0o777, FAILS)])
def test_who_else_may_use_the_folder(home: Path, mode: int, state: str) -> None:
    home.chmod(mode)
    check = checks_of(home)["Home folder"]
    assert check.state == state
    assert ("chmod 700" in check.fix) == (state != OK)


def test_a_folder_and_a_key_that_are_not_there(home: Path) -> None:
    (home / "key").unlink()
    assert checks_of(home)["Key"].state == NOTE
    gone = checks_of(home / "gone")
    assert (gone["Home folder"].state, gone["Disk"].state) == (FAILS, NOTE)


def test_a_key_and_a_secret_that_others_can_read(home: Path) -> None:
    (home / "key").chmod(0o640)
    assert checks_of(home)["Key"].fix == f"Run `chmod 600 {home / 'key'}`."
    file = home / "landbridge.toml"
    file.write_text('smtp_password = "made-up"\n')
    file.chmod(0o644)
    check = checks_of(home)["Settings file"]
    assert (check.state, check.fix) == (FAILS, f"Run `chmod 600 {file}`.")
    assert "made-up" not in check.sentence
    file.chmod(0o600)
    assert "Settings file" not in checks_of(home)


@pytest.mark.parametrize(
    ("settings", "name", "state"),
    [
        ({}, "Public address", NOTE),
        ({"public_url": "https://example.com/sync"}, "Public address", FAILS),
        ({"web_host": "0.0.0.0"}, "Listening", FAILS),  # noqa: S104  # what is looked for
        ({"web_host": "0.0.0.0", "public_url": "https://s.example.com"}, "Listening", OK),  # noqa: S104
        ({"highlevel_quota_burst": 0}, "Settings", NOTE),
        ({"highlevel_quota_burst": 0, "highlevel_api_url": "http://127.0.0.1:1"}, "Settings", OK),
    ],
)
def test_settings_that_are_worth_a_word(home: Path, settings: dict[str, Any], name: str, state: str) -> None:
    check = checks_of(home, **settings)[name]
    assert check.state == state
    assert bool(check.fix) == (state != OK)


@pytest.mark.parametrize(("free", "state"), [(LEAST_FREE - 1, FAILS), (LITTLE_FREE - 1, NOTE), (PLENTY, OK)])
def test_space_on_the_disk(home: Path, free: int, state: str) -> None:
    assert checks_of(home, free)["Disk"].state == state


WELL = Findings(2, (), (), 0, 7, 0, (), (), (), (), 0, 1000.0)


def states(found: Findings, now: float = 1000.0) -> Mapping[str, str]:
    return {check.name: check.state for check in judged(found, now)}


def test_a_database_that_points_to_nothing_wrong() -> None:
    assert states(WELL) == dict.fromkeys(("Runs", "Workers", "Waiting for a look", "Webhooks", "Quota"), OK)


@pytest.mark.parametrize(
    ("changes", "name", "state"),
    [
        ({"bridges": 0}, "Bridges", FAILS),
        ({"cut_off": ["A"]}, "Runs", FAILS),
        ({"endless": ["A"]}, "Runs", NOTE),
        ({"left": 1}, "Workers", NOTE),
        ({"late": 3, "late_bridges": ["A"]}, "Waiting for a look", FAILS),
        ({"silent": ["A"]}, "Webhooks", NOTE),
        ({"never": ["A"]}, "Webhooks", NOTE),
        ({"spent": ["A"]}, "Quota", NOTE),
        ({"untold": 1}, "Alerts", FAILS),
        ({"newest": 1061.0}, "Clock", FAILS),
    ],
)
def test_each_finding_has_its_check_and_its_fix(changes: dict[str, Any], name: str, state: str) -> None:
    found = replace(WELL, **changes)
    (check,) = [one for one in judged(found, 1000.0) if one.name == name]
    assert check.state == state
    assert check.fix.endswith((".", ")."))
    others = {key: told for key, told in states(found).items() if key != name}
    assert set(others.values()) <= {OK}


def test_of_many_bridges_a_few_are_named() -> None:
    many = replace(WELL, cut_off=[f"B{number}" for number in range(12)])
    (runs,) = [one for one in judged(many, 1000.0) if one.name == "Runs"]
    assert runs.sentence.endswith("with it: B0, B1, B2, B3, B4 and 7 more.")


async def bridges(app: App, number: int) -> None:
    async with app.database.write() as connection:
        for one in range(1, number + 1):
            for side, shift in (("highlevel", 0), ("rezora", 100)):
                values = {"id": one + shift, "side": side, "external_id": str(one), "created_at": 0.0}
                await connection.execute(insert(account).values(capability={}, **values))
            pair = {"highlevel_account": one, "rezora_account": one + 100}
            row = {"id": one, "name": f"B{one}", "policy": "", "created_at": 0.0} | pair
            await connection.execute(insert(bridge).values(row))


def ran(bridge_id: int, state: str, at: float, **more: Any) -> dict[str, Any]:
    facts = {"purpose": "sync", "cause": "page", "stage": "", "counts": {}}
    return {"bridge_id": bridge_id, "state": state, "started_at": at} | facts | more


async def test_what_is_wrong_is_found_in_the_database(tmp_path: Path) -> None:
    clock = InstantClock()
    now = clock.now()
    async with open_app(load_settings({}, {"home": tmp_path}), clock) as app:
        await bridges(app, 5)
        async with app.database.write() as connection:
            for row in (
                ran(1, "running", now - 100),
                ran(2, "running", now - 13 * 3600),
                ran(3, "done", now - 60, counts={"quota_day_left": 19_999}),
                ran(4, "done", now - 90_000, counts={"quota_day_left": 5}),  # of another day
                ran(5, "running", now - 100),
                ran(5, "done", now - 50, counts={"quota_day_left": 20_000}),
            ):
                await connection.execute(insert(run).values(row))
            for key, until in ((1, now - 1), (2, now + 30), (3, 0.0)):
                row = {"bridge_id": key, "owner": "elsewhere:1:x", "fence": 1, "expires_at": until}
                await connection.execute(insert(driver).values(row))
            for key, at in ((1, now - 1801), (1, now - 10), (2, now + 999)):
                row = {"bridge_id": key, "side": "rezora", "kind": "contact", "id": str(at), "urgency": 1}
                await connection.execute(insert(due).values(row | {"at": at, "since": at}))
            for key, at in ((1, now - 8 * 86_400), (2, now - 9 * 86_400), (2, now - 5)):
                row = {"bridge_id": key, "webhook_id": str(at), "type": "ContactUpdate", "at": at}
                await connection.execute(insert(delivery).values(row | {"received_at": at}))
            for attempts, sent in ((3, None), (2, None), (9, now)):
                row = {"bridge_id": 1, "cause": "quota", "sentence": "", "fix": "", "opened_at": now}
                await connection.execute(insert(alert).values(row | {"attempts": attempts, "sent_at": sent}))
        async with app.database.read() as connection:
            found = await find(connection, now, 200_000)
    assert found == Findings(
        bridges=5, cut_off=["B1"], endless=["B2"], left=1, due=3, late=1, late_bridges=["B1"],
        silent=["B1"], never=["B3", "B4", "B5"], spent=["B3"], untold=1, newest=now - 50,
    )  # fmt: skip


async def test_another_schema_another_key_and_a_known_trouble(tmp_path: Path) -> None:
    async with open_app(load_settings({}, {"home": tmp_path}), InstantClock()) as app:
        await bridges(app, 1)
        await app._vault.pepper()
        assert {check.state for check in await app.operating.checkup.look()} == {OK, NOTE}
        async with app.database.write() as connection:
            words = {"trouble": "Refused.", "trouble_fix": "Connect again."}
            await connection.execute(update(account).where(account.c.id == 1).values(words))
            await connection.execute(text("UPDATE pepper SET sealed = substr(sealed, 1, 1) || 'other key'"))
        found = {check.name: check for check in await app.operating.checkup.look()}
        assert found["HighLevel: 1"] == Check("HighLevel: 1", FAILS, "Refused.", "Connect again.")
        assert found["Credentials"].state == FAILS
        async with app.database.write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
        found = {check.name: check for check in await app.operating.checkup.look()}
        assert found["Database"].sentence == "It has the schema of another version."
        assert "Credentials" not in found


async def test_online_asks_each_account_once_and_compares_the_clocks(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 5) as rig:
        quiet = {check.name for check in await rig.app.operating.checkup.look()}
        assert "Accounts" in quiet
        assert not any(name.startswith(("HighLevel", "Rezora")) for name in quiet)
        found = {check.name: check for check in await rig.app.operating.checkup.look(online=True)}
        asked = [check for name, check in found.items() if name.startswith(("HighLevel", "Rezora"))]
        assert [check.state for check in asked] == [OK, OK]
        assert found["Clock"].state == OK
        assert rig.mutating() == 0
        rig.fault(kind="status", side="rezora", status=401, times=9)
        refused = {check.name: check for check in await rig.app.operating.checkup.look(online=True)}
        (rezora,) = [check for name, check in refused.items() if name.startswith("Rezora")]
        assert rezora.state == FAILS
        assert rezora.fix


async def test_the_api_says_the_same_to_owners() -> None:
    views = operating()
    checkup = FakeCheckup(Check("Disk", FAILS, "Full.", "Free some."), Check("Key", OK, "There."))
    product = FakeProduct.of(status(), operating=replace(views, checkup=checkup))
    answer = await browse(product).get("/api/v1/doctor?online=true")
    assert answer.json == [
        {"name": "Disk", "state": "fails", "sentence": "Full.", "fix": "Free some."},
        {"name": "Key", "state": "ok", "sentence": "There.", "fix": ""},
    ]
    assert checkup.asked == [True]


def run_doctor(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    monkeypatch.setattr(os, "environ", {"LANDBRIDGE_HOME": str(home)})
    monkeypatch.setattr("landbridge.cli.frame.prepare_log", lambda *_: None)  # it is this process's log too
    code = examine(Out(as_json=True), online=False)
    return code, {one["name"]: one for one in json.loads(capsys.readouterr().out)}


def test_the_command_tells_of_an_installation_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    code, found = run_doctor(home, monkeypatch, capsys)
    assert (code, found["Bridges"]["well"], found["Database"]["well"]) == (1, False, True)
    (home / "key").chmod(0o644)
    code, found = run_doctor(home, monkeypatch, capsys)
    assert (code, found["Start"]["state"], "chmod 600" in found["Start"]["fix"]) == (1, "fails", True)
    (home / "key").chmod(0o600)
    for file in home.glob("landbridge.sqlite3*"):
        file.unlink()
    (home / "landbridge.sqlite3").write_bytes(b"SQLite format 3\0" + b"\x7f" * 4096)
    code, found = run_doctor(home, monkeypatch, capsys)
    assert (code, found["Database"]["state"]) == (1, "fails")
    assert found["Disk"]["well"]
