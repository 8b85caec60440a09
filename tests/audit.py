"""``make audit``: what the installation is made of (an SBOM), and which of it has known weaknesses."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landbridge import __version__

ROOT = Path(__file__).parent.parent
BILL = ROOT / "dist" / "landbridge.cdx.json"
LOCKED = ("export", "--locked", "--quiet", "--no-dev", "--all-extras")
AS_JSON = ("--progress-spinner", "off", "--format", "json")
PATIENCE = 300  # seconds for one program

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the database of weaknesses said: lines to print, and whether one is known."""

    lines: tuple[str, ...]
    weak: bool = False


def run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """One program of this environment, to its end."""
    program = str(Path(sys.executable).parent / arguments[0])
    return subprocess.run(
        [program, *arguments[1:]], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def bill(run: Run = run) -> dict[str, Any]:
    """The CycloneDX 1.5 bill of materials: locked packages with all extras, and the browser files."""
    told = run(["uv", *LOCKED, "--format", "cyclonedx1.5"])
    if told.returncode:
        raise SystemExit(f"uv could not write the bill of materials: {told.stderr.strip()}")
    found: dict[str, Any] = json.loads(told.stdout)
    found["metadata"]["component"]["version"] = __version__
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    found["components"] += [
        _browser_file(path.removeprefix("node_modules/"), facts)
        for path, facts in sorted(lock["packages"].items())
        if path
    ]
    return found


def _browser_file(name: str, facts: dict[str, str]) -> dict[str, Any]:
    """A package of npm as a component; its hash is the one that the installation checks."""
    algorithm, _, digest = facts["integrity"].partition("-")
    purl = f"pkg:npm/{name.replace('@', '%40', 1)}@{facts['version']}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": facts["version"],
        "purl": purl,
        "hashes": [
            {"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}
        ],
    }


def weaknesses(run: Run = run) -> Verdict:
    """Ask PyPI's database of weaknesses, through pip-audit, about every locked package."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        told = run(["uv", *LOCKED, "--no-emit-project", "--output-file", str(wanted)])
        if told.returncode:
            raise SystemExit(f"uv could not list the packages: {told.stderr.strip()}")
        told = run(["pip-audit", "--requirement", str(wanted), "--require-hashes", "--disable-pip", *AS_JSON])
    return judged(told.stdout, told.stderr)


def judged(answer: str, complaint: str = "") -> Verdict:
    """What pip-audit's report means. A package that was not looked up is told, never taken for sound.

    pip-audit ends well, and says "No known vulnerabilities found", also when a mirror of PyPI knew nothing
    of any package; and with a traceback when nothing answers.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        why = complaint.strip().splitlines()[-1:] or ["no answer"]
        return Verdict(
            (f"Not checked: PyPI's database of weaknesses cannot be reached ({why[0][:160]}).", _LATER)
        )
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    lines = [
        f"{one['name']} {one['version']}: {found['id']}, mended in "
        + (", ".join(found["fix_versions"]) or "no version yet")
        for one in packages
        for found in one.get("vulns", ())
    ]
    weak = bool(lines)
    if len(skipped) == len(packages):
        return Verdict(
            (f"Not checked: the index in use has no weaknesses of any of {len(packages)} packages.", _LATER)
        )
    if skipped:
        lines.append(f"Not checked: {', '.join(skipped)}.")
    if not weak:
        lines.insert(0, f"No weakness is known of {len(packages) - len(skipped)} packages.")
    return Verdict(tuple(lines), weak)


_LATER = "Run `make audit` again where https://pypi.org answers; nothing was found out about weaknesses."


def main() -> int:
    """Write the bill, ask, print; 1 when a weakness is known."""
    made = bill()
    BILL.parent.mkdir(exist_ok=True)
    BILL.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"{BILL.relative_to(ROOT)}: {len(made['components'])} components")
    verdict = weaknesses()
    print("\n".join(verdict.lines))
    return int(verdict.weak)


if __name__ == "__main__":
    sys.exit(main())
