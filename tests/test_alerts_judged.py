"""What people must be told of a bridge, judged from facts alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from landbridge.engine.alerts import TITLES, Calls, Facts, judge
from landbridge.store.bridges import Account
from landbridge.store.runs import Run
from landbridge.sync.model import Side
from landbridge.systems.base import ReconnectNeeded, WrongCredentials

NOW = 1_795_608_000.0
ACCOUNTS = (Account(1, Side.HIGHLEVEL, "loc", "Shore Homes"), Account(2, Side.REZORA, "agent", "Agent"))


def run(state: str = "done", sentence: str = "", fix: str = "") -> Run:
    return Run(1, 1, "sync", "schedule", state, "", 0, 0, NOW - 600, NOW - 500, sentence, fix)


WELL = Facts(ACCOUNTS, run(), run(), NOW + 3600, False, 0, 0, (Calls("HighLevel", 100, 200_000),))
BRAKED = run("braked", "This run would replace values of 412 contacts.", "Look at `landbridge plan`.")
LOST = run("failed", "The grant is lost.", ReconnectNeeded.fix)
REFUSED = run("failed", "Rezora refused the user name and password.", WrongCredentials.fix)
DOWN = run("failed", "Rezora cannot be reached.", "Check the address.")


def causes(**facts: object) -> list[str]:
    return [judged.cause for judged in judge(replace(WELL, **facts), NOW, 24)]  # type: ignore[arg-type]  # a test names the fields


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"newest": None, "newest_sync": None, "late_after": None}, []),
        ({"newest": BRAKED, "newest_sync": BRAKED, "late_after": NOW - 1}, ["brake"]),
        ({"newest": run(), "newest_sync": BRAKED}, ["brake"]),
        ({"newest": LOST, "newest_sync": LOST, "late_after": NOW - 1}, ["reconnect_needed"]),
        ({"newest": REFUSED, "newest_sync": REFUSED}, ["reconnect_needed"]),
        ({"newest": DOWN, "newest_sync": DOWN}, []),
        ({"newest": DOWN, "newest_sync": DOWN, "late_after": NOW - 1}, ["stalled"]),
        ({"late_after": NOW - 1}, ["stalled"]),
        ({"late_after": NOW - 1, "driven": True}, []),
        ({"late_after": None, "late_records": 3}, ["stalled"]),
        ({"old_holds": 2}, ["old_hold"]),
        ({"calls": (Calls("HighLevel", 180_000, 200_000),)}, []),
        ({"calls": (Calls("HighLevel", 180_001, 200_000),)}, ["quota"]),
        ({"calls": (Calls("Rezora", 5_000, 0),)}, []),
        ({"old_holds": 1, "late_after": NOW - 1}, ["old_hold", "stalled"]),
    ],
)
def test_facts_become_alerts(facts: dict[str, object], expected: list[str]) -> None:
    assert causes(**facts) == expected
    for judged in judge(replace(WELL, **facts), NOW, 24):  # type: ignore[arg-type]  # a test names the fields
        assert judged.cause in TITLES
        assert judged.sentence
        assert judged.fix


def test_an_account_in_trouble_says_what_the_account_says() -> None:
    troubled = replace(ACCOUNTS[1], trouble="Rezora refused the login.", trouble_fix="Connect it again.")
    (judged,) = judge(replace(WELL, accounts=(ACCOUNTS[0], troubled)), NOW, 24)
    assert (judged.sentence, judged.fix) == (troubled.trouble, troubled.trouble_fix)


def test_what_failed_last_is_in_the_sentence() -> None:
    (judged,) = judge(replace(WELL, newest=DOWN, newest_sync=DOWN, late_after=NOW - 1), NOW, 24)
    assert "Rezora cannot be reached." in judged.sentence
    assert judged.fix == "Check the address."
