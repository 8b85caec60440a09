"""Of whom something is true now that follows from activities: who belongs on the lists of ``[[list]]``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from landbridge.sync.activity import Activity
from landbridge.sync.activity_rules import instant
from landbridge.sync.model import Kind
from landbridge.sync.rules import When

NOT_TAKING_PLACE = frozenset(("cancelled", "noshow", "invalid"))
WEEK_DAYS = 7  # today and the next six days
NO_SHOW_DAYS = 30  # after so long nobody is asked about it any more


def holds(when: When, known: Sequence[Activity], now: datetime) -> bool:
    """Is that true of a contact with these activities? ``now`` is in the zone whose days are meant."""
    match when:
        case When.APPOINTMENT_THIS_WEEK:
            today = now.replace(hour=0, minute=0, second=0, microsecond=0)
            end = today + timedelta(days=WEEK_DAYS)
            return any(today <= start < end and taking for start, taking, _ in _appointments(known, now))
        case When.FOLLOW_UP_DUE:
            return any(_is_due(one, now) for one in known if one.kind is Kind.TASK)
        case When.NO_SHOW:
            return _did_not_come(known, now)


def _is_due(task: Activity, now: datetime) -> bool:
    """Open, and due today or earlier."""
    due = _moment(task.fields.get("due", ""), now)
    return task.fields.get("completed") == "0" and due is not None and due.date() <= now.date()


def _did_not_come(known: Sequence[Activity], now: datetime) -> bool:
    """The last appointment that was to be was missed, not long ago, and there is no new one."""
    past = [(start, missed) for start, _, missed in _appointments(known, now) if start <= now]
    ahead = any(taking for start, taking, _ in _appointments(known, now) if start > now)
    if not past or ahead:
        return False
    start, missed = max(past)
    return missed and now - start <= timedelta(days=NO_SHOW_DAYS)


def _appointments(known: Sequence[Activity], now: datetime) -> list[tuple[datetime, bool, bool]]:
    """Start, whether it takes place, whether it was missed."""
    found = []
    for one in known:
        start = _moment(one.fields.get("start", ""), now) if one.kind is Kind.APPOINTMENT else None
        if start is not None and not one.deleted:
            status = one.fields.get("status", "")
            found.append((start, status not in NOT_TAKING_PLACE, status == "noshow"))
    return found


def _moment(text: str, now: datetime) -> datetime | None:
    """In the zone of ``now``; None for no time."""
    try:
        found = datetime.fromisoformat(instant(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found.astimezone(now.tzinfo) if found.tzinfo else None
