"""The checklist names every requirement once, with state, reason and tests that exist; so do the threats."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Numbers of all requirements of levels 1 (with a star) and 2 of ASVS 5.0.0, by section, from its CSV file.
REQUIREMENTS = """
V1.1: 1 2; V1.2: 1* 2* 3* 4* 5* 6 7 8 9; V1.3: 1* 2* 3 4 5 6 7 8 9 10 11; V1.4: 1 2 3; V1.5: 1* 2
V2.1: 1* 2 3; V2.2: 1* 2* 3; V2.3: 1* 2 3 4; V2.4: 1
V3.2: 1* 2*; V3.3: 1* 2 3 4; V3.4: 1* 2* 3 4 5 6; V3.5: 1* 2* 3* 4 5; V3.7: 1 2
V4.1: 1* 2 3; V4.2: 1; V4.3: 1 2; V4.4: 1* 2 3 4
V5.1: 1; V5.2: 1* 2* 3; V5.3: 1* 2*; V5.4: 1 2 3
V6.1: 1* 2 3; V6.2: 1* 2* 3* 4* 5* 6* 7* 8* 9 10 11 12; V6.3: 1* 2* 3 4; V6.4: 1* 2* 3 4
V6.5: 1 2 3 4 5; V6.6: 1 2 3; V6.8: 1 2 3 4
V7.1: 1 2 3; V7.2: 1* 2* 3* 4*; V7.3: 1 2; V7.4: 1* 2* 3 4 5; V7.5: 1 2; V7.6: 1 2
V8.1: 1* 2; V8.2: 1* 2* 3; V8.3: 1*; V8.4: 1
V9.1: 1* 2* 3*; V9.2: 1* 2 3 4
V10.1: 1 2; V10.2: 1 2; V10.3: 1 2 3 4; V10.4: 1* 2* 3* 4* 5* 6 7 8 9 10 11; V10.5: 1 2 3 4 5
V10.6: 1 2; V10.7: 1 2 3
V11.1: 1 2; V11.2: 1 2 3; V11.3: 1* 2* 3; V11.4: 1* 2 3 4; V11.5: 1; V11.6: 1
V12.1: 1* 2 3; V12.2: 1* 2*; V12.3: 1 2 3 4
V13.1: 1; V13.2: 1 2 3 4 5; V13.3: 1 2; V13.4: 1* 2 3 4 5
V14.1: 1 2; V14.2: 1* 2 3 4; V14.3: 1* 2 3
V15.1: 1* 2 3; V15.2: 1* 2 3; V15.3: 1* 2 3 4 5 6 7
V16.1: 1; V16.2: 1 2 3 4 5; V16.3: 1 2 3 4; V16.4: 1 2 3; V16.5: 1 2 3
V17.1: 1; V17.2: 1 2 3 4; V17.3: 1 2
"""
ROW = re.compile(r"^\| V(\d+\.\d+\.\d+) \| ([12]) \| (\w+) \| (.+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
STRIDE = "STRIDE"


def wanted() -> dict[str, str]:
    """Level by number."""
    found = {}
    for section, numbers in re.findall(r"V(\d+\.\d+): ([\d* ]+)", REQUIREMENTS):
        for number in numbers.split():
            found[f"{section}.{number.rstrip('*')}"] = "1" if number.endswith("*") else "2"
    return found


def missing_tests(text: str) -> list[str]:
    """Tests that a text names and that are not there."""
    files: dict[str, str] = {}
    missing = []
    for file, name in NAMED.findall(text):
        path = ROOT / "tests" / file
        source = files.setdefault(file, path.read_text(encoding="utf-8") if path.exists() else "")
        if f"def {name}(" not in source:
            missing.append(f"{file}::{name}")
    return missing


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_requirement_of_level_2_is_there_once() -> None:
    rows = ROW.findall(page("asvs.md"))
    assert len(wanted()) == 253
    assert {number: level for number, level, *_ in rows} == wanted()
    assert len(rows) == len(wanted())
    assert [number for number, *_ in rows] == list(wanted())


def test_each_has_a_state_and_its_reason_and_what_is_done_is_held() -> None:
    for number, _, state, how, held in ROW.findall(page("asvs.md")):
        assert state in ("done", "exempt", "open"), number
        assert len(how) > 4, number
        assert held == "–" or NAMED.fullmatch(held.split("<br>")[0]), number
        if state == "done":
            assert held != "–" or number == "4.2.1", number  # uvicorn's own, and tested there
        if state == "exempt":
            assert held == "–", number


def test_the_counts_on_top_are_those_of_the_table() -> None:
    text = page("asvs.md")
    counts = Counter(row[2] for row in ROW.findall(text))
    told = {state: int(count) for state, count in re.findall(r"\*\*(\w+)\*\* \((\d+)\)", text)}
    assert told == dict(counts)


def test_the_checklist_names_tests_that_exist() -> None:
    assert missing_tests(page("asvs.md")) == []
    assert missing_tests("`test_asvs.py::test_nothing` `test_none.py::test_x` `test_asvs.py::test_it`") == [
        "test_asvs.py::test_nothing",
        "test_none.py::test_x",
        "test_asvs.py::test_it",
    ]


def test_the_threat_model_names_tests_that_exist() -> None:
    text = page("security.md")
    assert missing_tests(text) == []
    threats = re.findall(r"^\| ([STRIDE]) \| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert {letter for letter, *_ in threats} == set(STRIDE)
    assert len(threats) > 40
    for _, threat, _, held in threats:  # what nothing stands against is told as such
        assert NAMED.search(held) or held.startswith("not prevented"), threat
