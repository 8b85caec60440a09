"""contacts/ID/tasks, notes and appointments: an ASSUMPTION in the documented wire style.

Nothing public documents them for Rezora (rezora.md 3 and 4.6); paths and field names follow design.md
section 6 and exist only with ``RezoraConfig.activities``. A real account may have others, or none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from landbridge.sandbox.rezora import columns
from landbridge.sandbox.rezora.account import Row
from landbridge.sandbox.rezora.call import (
    Call,
    Operation,
    Outcome,
    Refusal,
    Resource,
    check_length,
    check_names,
    done,
    made,
    require,
)
from landbridge.sandbox.rezora.contacts import find_contact

REQUIRED = {"task": "task_title", "note": "note_body", "appointment": "appointment_title"}
SERVER_MADE = {"task_id", "note_id", "note_date", "appointment_id"}
TIMES = {"task_due", "appointment_start", "appointment_end"}


def _kept(call: Call, kind: str) -> dict[str, Row]:
    return call.account.activities[kind].get(find_contact(call).fields["contact_id"], {})


def _find(call: Call, kind: str) -> Row:
    row = _kept(call, kind).get(call.ids[1])
    if row is None:
        raise Refusal(404, f"This contact has no {kind} with this {kind}_id.")
    return row


def _changes(call: Call, kind: str) -> Row:
    names = columns.ACTIVITIES[kind]
    check_names(call.config, call.fields, names)
    changes = {
        name: check_length(call.config, name, call.fields[name])
        for name in names
        if name in call.fields and name not in SERVER_MADE
    }
    check_values(changes)
    return changes


def check_values(changes: Row) -> None:
    """Refuses a time or a flag of another form with 400."""
    for name in TIMES & changes.keys():
        _check_time(name, changes[name])
    if changes.get("task_completed", "0") not in ("0", "1"):
        raise Refusal(400, "The field task_completed is neither 0 nor 1.")


def _check_time(name: str, value: str) -> None:
    try:
        parsed = value and datetime.strptime(value, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # zone-less on the wire
    except ValueError:
        parsed = None
    if parsed is None:
        raise Refusal(400, f"The field {name} is not YYYY-MM-DD HH:MM:SS.")


def _get_all(call: Call, kind: str) -> Outcome:
    return Outcome(columns.ACTIVITIES[kind], _kept(call, kind).values())


def _post(call: Call, kind: str) -> Outcome:
    owner = find_contact(call).fields["contact_id"]
    changes = _changes(call, kind)
    require(changes, REQUIRED[kind])
    row = call.account.add_activity(kind, owner, changes)
    return made(f"{kind}_id", row[f"{kind}_id"])


def _delete_all(call: Call, kind: str) -> Outcome:
    _kept(call, kind).clear()
    return done()


def _get(call: Call, kind: str) -> Outcome:
    return Outcome(columns.ACTIVITIES[kind], (_find(call, kind),))


def _put(call: Call, kind: str) -> Outcome:
    row = _find(call, kind)
    changes = _changes(call, kind)
    if not call.config.put_partial:
        absent = [name for name in row if name not in SERVER_MADE and name not in changes]
        changes |= {name: "0" if name == "task_completed" else "" for name in absent}
    if REQUIRED[kind] in changes:
        require(changes, REQUIRED[kind])
    row |= changes
    return done()


def _delete(call: Call, kind: str) -> Outcome:
    row = _find(call, kind)
    del _kept(call, kind)[row[f"{kind}_id"]]
    return done()


def _of(kind: str, operation: Callable[[Call, str], Outcome]) -> Operation:
    return lambda call: operation(call, kind)


def _collection(kind: str) -> Resource:
    methods = {"GET": _of(kind, _get_all), "POST": _of(kind, _post), "DELETE": _of(kind, _delete_all)}
    return Resource(f"{kind}s", kind, "agent", methods, collection=True)


def _member(kind: str) -> Resource:
    methods = {"GET": _of(kind, _get), "PUT": _of(kind, _put), "DELETE": _of(kind, _delete)}
    return Resource(f"{kind}s", kind, "agent", methods)


COLLECTIONS = {f"{kind}s": _collection(kind) for kind in columns.ACTIVITIES}
MEMBERS = {f"{kind}s": _member(kind) for kind in columns.ACTIVITIES}
