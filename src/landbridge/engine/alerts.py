"""What people must be told of a bridge: facts in, alerts with their sentence and fix out; nothing is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from landbridge.store.bridges import Account
from landbridge.store.runs import Run
from landbridge.systems.base import NotConnected, ReconnectNeeded, WrongCredentials

QUOTA_SHARE = 0.9
DUE_SECONDS = (
    1800.0  # a record that should have been looked at so long ago stands for a sync that does not run
)
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "reconnect_needed": "an account must be connected again",
        "brake": "a sync stopped to ask",
        "old_hold": "something has waited long for you",
        "stalled": "the sync does not get through",
        "quota": "the day's calls are nearly used up",
    }
)
_CREDENTIALS = (ReconnectNeeded.fix, WrongCredentials.fix, NotConnected.fix)


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls made to one system today, and how many there may be; 0 for no limit."""

    system: str
    used: int
    daily: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a bridge. Times are epoch seconds.

    ``late_after``: from when on the next good sync is overdue, None when none is expected. ``driven``: a
    run goes on now.
    """

    accounts: tuple[Account, ...]
    newest: Run | None
    newest_sync: Run | None
    late_after: float | None
    driven: bool
    old_holds: int
    late_records: int
    calls: tuple[Calls, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """One alert: no name of a person, no address, no secret."""

    cause: str
    sentence: str
    fix: str


def judge(facts: Facts, now: float, hold_hours: float) -> list[Judged]:
    """All that people must be told now; one alert a cause."""
    found = [_reconnect(facts), _brake(facts), _old_hold(facts, hold_hours), _quota(facts)]
    known = [judged for judged in found if judged is not None]
    if any(judged.cause in ("reconnect_needed", "brake") for judged in known):
        return known  # a bridge that waits for a person is not stalled beside
    stalled = _stalled(facts, now)
    return known if stalled is None else [*known, stalled]


def _reconnect(facts: Facts) -> Judged | None:
    for account in facts.accounts:
        if account.trouble:
            return Judged("reconnect_needed", account.trouble, account.trouble_fix)
    newest = facts.newest
    if newest is not None and newest.state == "failed" and newest.fix in _CREDENTIALS:
        return Judged("reconnect_needed", newest.sentence, newest.fix)
    return None


def _brake(facts: Facts) -> Judged | None:
    newest = facts.newest_sync
    if newest is None or newest.state != "braked":
        return None
    return Judged("brake", newest.sentence, newest.fix)


def _old_hold(facts: Facts, hours: float) -> Judged | None:
    count = facts.old_holds
    if not count:
        return None
    who = "1 contact has" if count == 1 else f"{count:,} contacts have"
    return Judged(
        "old_hold",
        f"{who} waited for your answer for more than {hours:g} hours.",
        "Look at `landbridge holds list` or the status page, and answer them.",
    )


def _stalled(facts: Facts, now: float) -> Judged | None:
    newest = facts.newest_sync
    if newest is None or facts.driven:
        return None  # the first sync waits for a person; a run that goes on may be a long one
    if facts.late_after is not None and now > facts.late_after:
        why = f" The last one ended so: {newest.sentence}" if newest.state == "failed" else ""
        fix = newest.fix if newest.state == "failed" and newest.fix else "Check that `landbridge serve` runs."
        return Judged("stalled", f"No sync has succeeded three times in a row.{why}", fix)
    if facts.late_records:
        what = "1 record has" if facts.late_records == 1 else f"{facts.late_records:,} records have"
        return Judged(
            "stalled",
            f"{what} waited more than {DUE_SECONDS / 60:.0f} minutes for a look.",
            "Look at the last runs with `landbridge status`; `landbridge sync` carries what waits.",
        )
    return None


def _quota(facts: Facts) -> Judged | None:
    for calls in facts.calls:
        if calls.daily and calls.used > QUOTA_SHARE * calls.daily:
            return Judged(
                "quota",
                f"{calls.used:,} of the day's {calls.daily:,} calls to {calls.system} are used.",
                "Nothing is lost: what is left over waits for the next day. Sync less often if it stays so"
                " (`landbridge schedule set`).",
            )
    return None
