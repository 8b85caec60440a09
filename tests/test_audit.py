"""The bill of materials is whole, and a look for weaknesses never takes silence for good news."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Sequence

import audit

ONE = {"name": "aiohttp", "version": "3.14.0", "vulns": []}
WEAK = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3.1.9"], "aliases": [], "description": "x"}],
}
SKIPPED = {"name": "yarl", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def report(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_the_bill_names_every_package_that_is_installed_with_its_hashes() -> None:
    made = audit.bill()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    there = {one["name"]: one for one in made["components"]}
    project = tomllib.loads((audit.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for names in project["optional-dependencies"].values() for one in names]
    wanted = {one.split(">")[0].split("=")[0].split("[")[0] for one in [*project["dependencies"], *extras]}
    assert wanted | {"htmx.org", "@picocss/pico"} <= there.keys()
    assert {"pytest", "ruff", "schemathesis"} & there.keys() == set()
    for one in there.values():
        hashes = [
            *one.get("hashes", ()),
            *(h for x in one.get("externalReferences", ()) for h in x["hashes"]),
        ]
        assert hashes, one["name"]
    pico = there["@picocss/pico"]
    assert pico["purl"] == "pkg:npm/%40picocss/pico@2.1.1"
    assert (pico["hashes"][0]["alg"], len(pico["hashes"][0]["content"])) == ("SHA-512", 128)


def test_a_known_weakness_is_told_with_the_version_that_mends_it() -> None:
    verdict = audit.judged(report(ONE, WEAK))
    assert verdict.weak
    assert verdict.lines == ("jinja2 3.1.0: PYSEC-2026-1, mended in 3.1.9",)


def test_no_weakness_is_told_as_such() -> None:
    verdict = audit.judged(report(ONE, ONE))
    assert (verdict.lines, verdict.weak) == (("No weakness is known of 2 packages.",), False)


def test_packages_nobody_knew_of_are_named_and_not_taken_for_sound() -> None:
    assert audit.judged(report(ONE, SKIPPED)).lines == (
        "No weakness is known of 1 packages.",
        "Not checked: yarl.",
    )
    verdict = audit.judged(report(SKIPPED, SKIPPED))
    assert "Not checked" in verdict.lines[0]
    assert "No weakness" not in str(verdict.lines)


def test_without_the_internet_it_says_so_and_does_not_fail() -> None:
    def nothing_answers(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        if arguments[0] == "pip-audit":
            return subprocess.CompletedProcess(
                arguments, 1, "", "Traceback\nrequests.ConnectionError: no name\n"
            )
        return audit.run(arguments)

    verdict = audit.weaknesses(nothing_answers)
    assert verdict.lines[0] == (
        "Not checked: PyPI's database of weaknesses cannot be reached (requests.ConnectionError: no name)."
    )
    assert not verdict.weak
