"""Changes of tasks, notes and appointments by the agent in Rezora's own pages: an ASSUMPTION, as they are.

They obey what the account's API obeys of times and flags, so that nobody enters what no page would show.
"""

from __future__ import annotations

from collections.abc import Mapping

from landbridge.sandbox.rezora import columns
from landbridge.sandbox.rezora.account import Account, Row
from landbridge.sandbox.rezora.activities import SERVER_MADE, check_values
from landbridge.sandbox.rezora.call import Refusal


def edit_activity(account: Account, kind: str, command: Mapping[str, object]) -> dict[str, object]:
    """Carry out one edit; the answer holds ``kind``, ``id``, ``contact`` and ``fields`` as they are now.

    A record is found by its ``id``; ``contact``, the id of its contact, is needed to create one. Raises
    ``ValueError`` with one sentence when it makes no sense.
    """
    if not account.config.activities:
        raise ValueError(f"This account has no {kind}s; switch `activities` on first.")
    action = str(command.get("action", ""))
    if action == "create":
        owner = str(command.get("contact", ""))
        if owner not in account.contacts:
            raise ValueError("There is no contact with this id; give it as 'contact'.")
        return _shown(kind, owner, account.add_activity(kind, owner, _fields(kind, command)))
    owner, row = _found(account, kind, str(command.get("id", "")))
    if action == "update":
        row |= _fields(kind, command)
    elif action == "delete":
        del account.activities[kind][owner][row[f"{kind}_id"]]
    else:
        raise ValueError(f"The action {action!r} is not known; use one of create, update, delete.")
    return _shown(kind, owner, row)


def _fields(kind: str, command: Mapping[str, object]) -> Row:
    given = command.get("fields") or {}
    if not isinstance(given, Mapping):
        raise ValueError("The edit's fields are not an object.")  # noqa: TRY004  # bad edits are one error
    for name in given:
        if name not in columns.ACTIVITIES[kind] or name in SERVER_MADE:
            raise ValueError(f"The {kind} field {str(name)!r} cannot be edited; use Rezora's names.")
    fields = {str(name): str(value) for name, value in given.items()}
    try:
        check_values(fields)
    except Refusal as refusal:
        raise ValueError(refusal.message) from None
    return fields


def _found(account: Account, kind: str, record_id: str) -> tuple[str, Row]:
    for owner, rows in account.activities[kind].items():
        if record_id in rows:
            return owner, rows[record_id]
    raise ValueError(f"There is no {kind} with this id.")


def _shown(kind: str, owner: str, row: Row) -> dict[str, object]:
    return {"kind": kind, "id": row[f"{kind}_id"], "contact": owner, "fields": dict(row)}
