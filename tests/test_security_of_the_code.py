"""What the code never does: run what it is given, guessable secrets, weak hashes, open forms."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel

from fuzz_site import routes
from web_client import browse
from web_scenes import FakeProduct

SOURCE = Path(__file__).parent.parent / "src" / "landbridge"
# Names that run text as code, start programs, or make objects out of whatever bytes say.
CALLS = {"eval", "exec", "compile", "__import__", "from_string", "system", "popen", "md5", "sha1"}
MODULES = {"subprocess", "pickle", "marshal", "shelve", "xml", "lxml", "yaml", "imp", "ctypes", "telnetlib"}
HASHES = {"sha256", "blake2b"}  # ASVS 5.0.0, appendix C: both approved


@cache
def parsed() -> tuple[tuple[str, ast.Module], ...]:
    """Every module but those of the sandbox, which is no part of what runs for people."""
    paths = [(path.relative_to(SOURCE).as_posix(), path) for path in sorted(SOURCE.rglob("*.py"))]
    return tuple(
        (name, ast.parse(path.read_text(encoding="utf-8")))
        for name, path in paths
        if not name.startswith("sandbox/")
    )


def imported(tree: ast.Module) -> set[str]:
    """The outermost names of what a module imports."""
    names = [
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    return {name.partition(".")[0] for name in names}


def called(tree: ast.Module) -> set[str]:
    """Names of what is called, whoever's method it is; those called ``compile`` are other matters."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            of = node.func
            if isinstance(of, ast.Name):
                found.add(of.id)
            elif isinstance(of, ast.Attribute) and of.attr != "compile":
                found.add(of.attr)
    return found


def dangerous(tree: ast.Module) -> set[str]:
    """What of it this page forbids."""
    return (called(tree) & CALLS) | (imported(tree) & MODULES)


def test_nothing_dangerous_is_called() -> None:
    assert {name: found for name, tree in parsed() if (found := dangerous(tree))} == {}


@pytest.mark.parametrize(
    "text", ["eval('1')", "import os\nos.system('ls')", "from xml.etree import ElementTree", "import pickle"]
)
def test_the_check_finds_what_it_should(text: str) -> None:
    assert dangerous(ast.parse(text))


def test_secrets_come_from_the_systems_source() -> None:
    """``random`` spreads retries; where secrets are made and kept it is not even imported."""
    users = {name for name, tree in parsed() if "random" in imported(tree)}
    assert {name for name in users if name.startswith(("access/", "store/", "web/", "cli/"))} == set()
    makers = {name for name, tree in parsed() if "secrets" in imported(tree)}
    assert {
        "access/doors.py",
        "access/people.py",
        "access/provider.py",
        "engine/feeds.py",
        "app.py",
    } <= makers
    lengths = [
        node.args[0].value
        for name, tree in parsed()
        if name.startswith("access/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "token_urlsafe"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert lengths
    assert set(lengths) == {32}  # 256 bits


def test_no_weak_hash_is_used() -> None:
    used = {
        node.attr
        for _, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hashlib"
    }
    named = {
        alias.name
        for _, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "hashlib"
        for alias in node.names
    }
    assert used | named == HASHES


def test_every_body_is_a_closed_form() -> None:
    """A property that is not described is refused, so nothing can be set that was not meant to be."""
    bodies: dict[str, type[BaseModel]] = {}
    for route in routes(browse(FakeProduct()).site.routes):
        dependant = getattr(route, "dependant", None)
        for one in dependant.body_params if dependant is not None else ():
            kind = one.field_info.annotation
            kinds = [kind, *getattr(kind, "__args__", ())]
            bodies |= {k.__name__: k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)}
    assert len(bodies) > 12
    assert [name for name, kind in bodies.items() if kind.model_config.get("extra") != "forbid"] == []
