"""Writes docs/quality.md from quality.yaml: the levels, and every rule with its proof or reason."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
SIGNS = {"done": "done", "todo": "**to do**", "exempt": "exempt"}
HEAD = """# Quality

<!-- Written by `make docs` from quality.yaml; edit that. -->

What an exemplary integration does, after the integration quality scale of Home Assistant, adapted to a
two-way sync of two systems. A level is reached when every rule of it, and of the levels below, is done or has
no meaning here. A test looks for every proof that is named, so nothing is called done that nothing shows.
"""


def levels(path: Path = ROOT / "quality.yaml") -> dict[str, dict[str, dict[str, Any]]]:
    """The rules by level, in the order of the file."""
    read: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def reached(rules: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The highest level of which nothing is to do, nor of those below; empty for none."""
    highest = ""
    for level, found in rules.items():
        if any(rule["status"] == "todo" for rule in found.values()):
            return highest
        highest = level
    return highest


def page(rules: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The whole of docs/quality.md."""
    at = reached(rules)
    lines = [HEAD, f"Reached: **{at}**." if at else "No level is reached yet.", ""]
    lines += ["| level | done | to do | exempt |", "|---|---|---|---|"]
    for level, found in rules.items():
        counts = [sum(rule["status"] == status for rule in found.values()) for status in SIGNS]
        lines.append(f"| [{level.capitalize()}](#{level}) | {counts[0]} | {counts[1]} | {counts[2]} |")
    for level, found in rules.items():
        lines += [
            "",
            f"## {level.capitalize()}",
            "",
            "| rule | what it means here | | proof, or reason |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{name}` | {rule['means']} | {SIGNS[rule['status']]} | {_shown(rule)} |"
            for name, rule in found.items()
        ]
    return "\n".join(lines) + "\n"


def _shown(rule: dict[str, Any]) -> str:
    return (
        rule["why"]
        if "why" in rule
        else ", ".join(f"`{proof.replace('::', ' ')}`" for proof in rule["proof"])
    )


def main() -> int:
    """Write it; the exit code."""
    (ROOT / "docs/quality.md").write_text(page(levels()), encoding="utf-8")
    print("docs/quality.md is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
