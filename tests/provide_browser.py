"""Finds a Chromium for the tests, and gets one where the machine has none: run it, or call ``provide``.

In this order: the one that ``LANDBRIDGE_CHROMIUM`` names; one of the machine; apt-get, where that is there
and we may use it; Playwright's own download. What it does it says on stderr; the path alone goes to stdout.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
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


def provide(machine: Machine, *, dry_run: bool = False) -> str:
    """The path of a Chromium that starts; raises ``NoBrowserError``.

    With ``dry_run`` apt only says what it would do, and nothing else is tried.
    """
    chosen = machine.environment.get(CHOICE)
    if chosen is not None:
        return _chosen(machine, chosen)
    if not dry_run and (found := _of_the_machine(machine)):
        return found
    with machine.alone():
        if not dry_run and (found := _of_the_machine(machine)):
            return found  # another process has got it meanwhile
        found = (_by_apt(machine, dry_run=dry_run) or _of_playwright(machine)) if machine.root else ""
        if dry_run:
            return found
        found = found or _by_playwright(machine)
    if not found:
        raise NoBrowserError(f"The browser tests need Chromium, and none could be got. {GET_ONE}")
    return found


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


def _by_apt(machine: Machine, *, dry_run: bool) -> str:
    """Debian's package, as root; its lists are read anew where they are missing or too old."""
    if not machine.which("apt-get"):
        return ""
    install = (*INSTALL, "--dry-run") if dry_run else INSTALL
    fresh = False
    if not machine.lists and not dry_run:
        fresh = _told(machine, "Reading the lists of packages", UPDATE, UPDATE_SECONDS)
    if not _told(machine, "Installing Chromium for the browser tests", install, INSTALL_SECONDS):
        if fresh or dry_run or not _told(machine, "Reading the lists anew", UPDATE, UPDATE_SECONDS):
            return ""
        if not _told(machine, "Installing Chromium again", install, INSTALL_SECONDS):
            return ""
    return _of_the_machine(machine)


def _by_playwright(machine: Machine) -> str:
    """Playwright's own build, into the caches of this user; as root with the libraries that it needs."""
    if found := _of_playwright(machine):
        return found
    command = (*OWN, "--with-deps") if machine.root and machine.which("apt-get") else OWN
    got = _told(machine, "Fetching Chromium for the browser tests", command, DOWNLOAD_SECONDS)
    return _of_playwright(machine) if got else ""


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
    machine = Machine()
    try:
        print(provide(machine, dry_run="--dry-run" in arguments))
    except NoBrowserError as missing:
        machine.say(str(missing))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
