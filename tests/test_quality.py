"""quality.yaml is honest: every rule is there, and what is called done is shown by a test or a file."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LEVELS = ("bronze", "silver", "gold", "platinum")
# The rules of Home Assistant's scale, by level (its documents, 2026); and those of a sync that writes on both
# sides.
HOME_ASSISTANT = {
    "bronze": """action-setup appropriate-polling brands common-modules config-flow-test-coverage
        config-flow dependency-transparency docs-actions docs-high-level-description
        docs-installation-instructions docs-removal-instructions entity-event-setup
        entity-unique-id has-entity-name runtime-data test-before-configure test-before-setup
        unique-config-entry""",
    "silver": """action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage""",
    "gold": """devices diagnostics discovery-update-info discovery docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions
        docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}
OURS = {
    "bronze": "dry-run secrets-at-rest",
    "silver": """consent-is-monotone crash-anywhere deletes-need-proof large-changes-ask narrow-writes
        nobody-twice no-edit-lost second-run-is-silent secrets-stay-in single-flight-refresh
        webhooks-are-verified""",
    "gold": """accessible assumptions-are-named docs-offline explainable isolation least-privilege
        no-head-of-line one-action-three-doors restore-is-safe undo""",
    "platinum": """any-order content-is-data erasure fairness guards-are-tested independent-oracle
        live-accounts many-machines pure-symmetric-planner signed-releases staleness-bound""",
}


def program() -> Any:
    """docs/make_quality.py, which is no module of the product."""
    spec = spec_from_file_location("make_quality", ROOT / "docs/make_quality.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MAKER = program()
RULES: dict[str, dict[str, dict[str, Any]]] = MAKER.levels()
ALL = [(level, name) for level, found in RULES.items() for name in found]


def unproved(rule: dict[str, Any], root: Path = ROOT) -> list[str]:
    """What is wrong with the claim of one rule."""
    wrong = [word for word in ("means", "status") if not rule.get(word)]
    if rule.get("status") in ("todo", "exempt"):
        wrong += [] if len(rule.get("why", "")) > 10 and "proof" not in rule else ["why"]
    elif rule.get("status") != "done" or "why" in rule or not rule.get("proof"):
        wrong.append("proof")
    for proof in rule.get("proof", ()):
        name, _, test = proof.partition("::")
        file = root / name
        if not file.is_file() or (test and not defines(file, test)):
            wrong.append(proof)
    return wrong


def defines(file: Path, test: str) -> bool:
    """Whether the file has this test."""
    return bool(
        re.search(rf"^(async )?def {re.escape(test)}\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_every_rule_is_there_and_at_its_level() -> None:
    wanted = {level: {*HOME_ASSISTANT[level].split(), *OURS[level].split()} for level in LEVELS}
    assert {level: set(found) for level, found in RULES.items()} == wanted
    assert tuple(RULES) == LEVELS
    assert sum(len(names.split()) for names in HOME_ASSISTANT.values()) == 52


@pytest.mark.parametrize(("level", "name"), ALL, ids=[name for _, name in ALL])
def test_a_claim_has_its_proof_and_what_is_not_done_its_reason(level: str, name: str) -> None:
    assert unproved(RULES[level][name]) == []


def test_the_page_is_what_the_file_says() -> None:
    assert (ROOT / "docs/quality.md").read_text(encoding="utf-8") == MAKER.page(RULES), "run `make docs`"


def test_a_level_is_reached_only_with_all_below_it() -> None:
    done, todo, exempt = {"status": "done"}, {"status": "todo"}, {"status": "exempt"}
    assert (
        MAKER.reached({"bronze": {"a": done, "b": exempt}, "silver": {"c": todo}, "gold": {"d": done}})
        == "bronze"
    )
    assert MAKER.reached({"bronze": {"a": todo}, "silver": {"b": done}}) == ""
    assert MAKER.reached({"bronze": {"a": done}, "silver": {"b": done}}) == "silver"


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ({"means": "A.", "status": "done", "proof": ["here.py::test_one"]}, []),
        ({"means": "A.", "status": "done", "proof": ["here.py"]}, []),
        ({"means": "A.", "status": "done", "proof": ["here.py::test_on"]}, ["here.py::test_on"]),
        ({"means": "A.", "status": "done", "proof": ["gone.py"]}, ["gone.py"]),
        ({"means": "A.", "status": "done"}, ["proof"]),
        ({"means": "A.", "status": "done", "why": "It is so, really."}, ["proof"]),
        ({"means": "A.", "status": "todo"}, ["why"]),
        ({"means": "A.", "status": "todo", "why": "Nobody has done it.", "proof": ["here.py"]}, ["why"]),
        ({"means": "A.", "status": "soon"}, ["proof"]),
        ({"status": "exempt", "why": "There is no such thing."}, ["means"]),
    ],
)
def test_the_check_of_claims_finds_what_it_should(
    rule: dict[str, Any], wrong: list[str], tmp_path: Path
) -> None:
    (tmp_path / "here.py").write_text("async def test_one() -> None: ...\n", encoding="utf-8")
    assert unproved(rule, tmp_path) == wrong
