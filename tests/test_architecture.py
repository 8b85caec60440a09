"""The house rules of docs/architecture.md, read from the source: imports, purity, sizes, names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src/landbridge"
MODULES = sorted(PACKAGE.rglob("*.py"))
NOT_NAMES = {"util", "common", "helper", "manager", "service", "handler", "data", "process"}
IMPURE = {
    "asyncio", "http", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3",
    "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib.request", "uuid",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "now", "today", "utcnow", "read_text", "write_text"}
LONGEST_FILE = 500
LONGEST_FUNCTION = 60


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of all modules that the source imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def foreign_to_the_core(tree: ast.AST) -> list[str]:
    """Imports and calls that the pure core must not have."""
    wrong = []
    for name in imported(tree):
        top = name.split(".")[0]
        standard = top in sys.stdlib_module_names and not any(within(name, impure) for impure in IMPURE)
        if not (standard or top in ("phonenumbers", "rapidfuzz") or within(name, "landbridge.sync")):
            wrong.append(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in IMPURE_CALLS:
                wrong.append(f"{name}()")
    return wrong


def environment_reads(tree: ast.AST) -> list[int]:
    """Lines that reach for the environment."""
    names = {"environ", "environb", "getenv", "putenv"}
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and names & {a.name for a in node.names})
    ]


def long_functions(tree: ast.AST) -> list[str]:
    """Functions of more lines than allowed, with their length."""
    return [
        f"{node.name} ({length})"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]


def parse(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports_point_one_way() -> None:
    tool = Path(sys.executable).with_name("lint-imports")  # a process of its own: it sets up logging its way
    done = subprocess.run(
        [tool, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_core_is_pure() -> None:
    offenders = {short(path): foreign_to_the_core(parse(path)) for path in (PACKAGE / "sync").rglob("*.py")}
    assert len(offenders) > 5
    assert {path: wrong for path, wrong in offenders.items() if wrong} == {}


def test_only_the_entry_points_read_the_environment() -> None:
    rest = [path for path in MODULES if path.parent.name != "cli" and path.name != "settings.py"]
    offenders = {short(path): environment_reads(parse(path)) for path in rest}
    assert {path: lines for path, lines in offenders.items() if lines} == {}


def test_the_sandbox_imports_nothing_of_ours() -> None:
    offenders = {
        short(path): [
            name
            for name in imported(parse(path))
            if name.startswith("..")
            or (within(name, "landbridge") and not within(name, "landbridge.sandbox"))
        ]
        for path in (PACKAGE / "sandbox").rglob("*.py")
    }
    assert len(offenders) > 5
    assert {path: wrong for path, wrong in offenders.items() if wrong} == {}


def test_files_stay_readable() -> None:
    lengths = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_stay_readable() -> None:
    written = [
        path for path in MODULES if path.parent.name != "versions"
    ]  # a migration is one list, never edited
    offenders = {short(path): long_functions(parse(path)) for path in written}
    assert {path: functions for path, functions in offenders.items() if functions} == {}


def test_modules_are_named_for_what_they_are() -> None:
    names = {part for path in MODULES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    vague = {name for name in names if {word.removesuffix("s") for word in name.split("_")} & NOT_NAMES}
    assert vague == set()


def test_every_module_says_in_one_sentence_what_it_is() -> None:
    silent = [
        short(path)
        for path in MODULES
        if not re.match(
            r"[^\n]+[.:](\n|$)", ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        )
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("import aiohttp", ["aiohttp"]),
        ("from landbridge.store import links", ["landbridge.store.links"]),
        ("from os import environ", ["os.environ"]),
        ("def f():\n    import random", ["random"]),
        ("import urllib.request", ["urllib.request"]),
        ("from .. import store", ["...store"]),
        ("x = datetime.now(UTC)", ["now()"]),
        ("open('x')", ["open()"]),
        (
            "from landbridge.sync.model import Side\nimport urllib.parse, phonenumbers, rapidfuzz, datetime",
            [],
        ),
    ],
)
def test_the_check_of_the_core_finds_what_it_should(source: str, wrong: list[str]) -> None:
    assert foreign_to_the_core(ast.parse(source)) == wrong


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import os\nos.environ['X']", [2]),
        ("import os\nos.getenv('X')", [2]),
        ("from os import getenv", [1]),
        ("import os\nos.replace('a', 'b')", []),
    ],
)
def test_the_check_of_the_environment_finds_what_it_should(source: str, lines: list[int]) -> None:
    assert environment_reads(ast.parse(source)) == lines


def test_the_check_of_functions_counts_lines() -> None:
    body = "    x = 1\n" * LONGEST_FUNCTION
    assert long_functions(ast.parse(f"def f():\n{body}")) == [f"f ({LONGEST_FUNCTION + 1})"]
    assert long_functions(ast.parse(f"def f():\n{body[:-10]}")) == []
