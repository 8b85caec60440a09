"""The files for running it as a service or in containers: they parse, and name what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from landbridge.settings import PREFIX, Settings, load_settings
from landbridge.web.security import HEALTH

ROOT = Path(__file__).parent.parent
UNIT = (ROOT / "ops/landbridge.service").read_text(encoding="utf-8")
CONTAINER = (ROOT / "ops/Containerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "ops/compose.yaml").read_text(encoding="utf-8"))
NEEDS = "systemd-analyze"


def unit() -> dict[str, list[str]]:
    """The values of each name of the unit, in their order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def settings_in(text: str) -> dict[str, str]:
    """Every variable of Landbridge that is given a value in a text."""
    return dict(re.findall(rf"\b({PREFIX}[A-Z_]+)[=:] ?([^\s\\]*)", text))


@pytest.mark.parametrize("text", [UNIT, CONTAINER, (ROOT / "ops/compose.yaml").read_text(encoding="utf-8")])
def test_every_variable_is_a_setting_and_takes_its_value(text: str) -> None:
    given = settings_in(text)
    assert len(given) >= 2
    names = {name.removeprefix(PREFIX).lower() for name in given}
    assert names <= Settings.model_fields.keys()
    plain = {name: value for name, value in given.items() if not re.search(r"[${…]|URL", value + name)}
    read = load_settings(plain)
    assert {name: str(getattr(read, name.removeprefix(PREFIX).lower())) for name in plain} == plain


def test_the_unit_starts_the_program_and_lets_it_stop_in_order() -> None:
    from landbridge.cli import main

    found = unit()
    program, command = found["ExecStart"][0].split()
    assert program.endswith("/.venv/bin/landbridge")
    assert command in typer.main.get_command(main).commands  # type: ignore[attr-defined]  # a group has commands
    assert found["User"] != ["root"]
    assert f"{PREFIX}HOME=/var/lib/{found['StateDirectory'][0]}" in found["Environment"][0].split()
    assert int(found["TimeoutStopSec"][0]) > load_settings({}).drain_seconds + 10


def in_place(folder: Path) -> Path:
    """The unit, with a program that is on every machine: systemd looks whether it is there."""
    path = folder / "landbridge.service"
    path.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT), encoding="utf-8")
    return path


@pytest.mark.skipif(shutil.which(NEEDS) is None, reason="no systemd here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    asked = [NEEDS, "verify", str(in_place(tmp_path))]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which(NEEDS) is None, reason="no systemd here")
def test_systemd_finds_the_unit_little_exposed(tmp_path: Path) -> None:
    asked = [NEEDS, "security", "--offline=true", "--threshold=20", str(in_place(tmp_path))]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    assert "Overall exposure level" in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout


def test_the_container_is_built_of_what_is_locked_and_runs_as_nobody_in_particular() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (pin,) = [one for one in project["dependency-groups"]["dev"] if one.startswith("uv==")]
    assert f"pip install --no-cache-dir {pin}\n" in CONTAINER
    assert "uv sync --locked " in CONTAINER
    versions = set(re.findall(r"^FROM docker\.io/library/python:(\d+)\.(\d+)-slim", CONTAINER, re.MULTILINE))
    assert len(versions) == 1
    least = tuple(map(int, project["project"]["requires-python"].removeprefix(">=").split(".")))
    assert tuple(map(int, versions.pop())) >= least
    (user,) = re.findall(r"^USER (\d+)$", CONTAINER, re.MULTILINE)
    assert f"--uid {user} " in CONTAINER
    port = str(Settings.model_fields["web_port"].default)
    assert f"EXPOSE {port}\n" in CONTAINER
    assert f"http://127.0.0.1:{port}{HEALTH}" in CONTAINER


def test_no_secret_and_no_state_is_built_into_the_container() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".venv", ".env", "**/.env", ".demo"} <= set(ignored)
    needed = {"pyproject.toml", "uv.lock", "hatch_build.py", "README.md", "LICENSE", "src"}
    assert needed.isdisjoint(ignored)
    assert all((ROOT / name).exists() for name in needed)


def test_the_containers_belong_together() -> None:
    product, database = COMPOSE["services"]["landbridge"], COMPOSE["services"]["db"]
    assert (ROOT / "ops" / product["build"]["context"] / product["build"]["dockerfile"]).is_file()
    url = product["environment"]["LANDBRIDGE_DATABASE_URL"]
    user, name = database["environment"]["POSTGRES_USER"], database["environment"]["POSTGRES_DB"]
    assert re.fullmatch(rf"postgresql://{user}:\$\{{POSTGRES_PASSWORD:\?[^}}]+\}}@db/{name}", url)
    assert product["depends_on"]["db"]["condition"] == "service_healthy"
    used = {mount.partition(":")[0] for one in (product, database) for mount in one["volumes"]}
    assert used == COMPOSE["volumes"].keys()
    assert HEALTH in product["healthcheck"]["test"][-1]
    for secret in ("LANDBRIDGE_KEY", "POSTGRES_PASSWORD"):  # none has a value that stands in the repository
        given = product["environment"].get(secret) or database["environment"][secret]
        assert given.startswith(f"${{{secret}:?")


def test_nobody_but_this_machine_reaches_a_port_of_the_containers() -> None:
    ports = [port for one in COMPOSE["services"].values() for port in one.get("ports", [])]
    assert ports == ["127.0.0.1:8780:8780"]
