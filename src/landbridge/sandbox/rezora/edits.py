"""Changes made by people in Rezora's own pages: the agent, the brokerage, or Rezora's staff.

They obey the rules no person can break (the self contact and the Primary Sphere stay, list names are
unique) and no others: no required field, no limit on length, any kind of contact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

from landbridge.sandbox.rezora import columns
from landbridge.sandbox.rezora.account import Account, Contact, ContactKind, Row
from landbridge.sandbox.rezora.edits_of_activities import edit_activity

Command = Mapping[str, object]


def edit_account(account: Account, command: Command) -> dict[str, object]:
    """Carry out one edit; raises ``ValueError`` with one sentence when it makes no sense.

    Of a task, note or appointment, where the account has such things: ``{"action":
    "create"|"update"|"delete", "kind": "task", "contact": <id of the contact>, "id": ..., "fields": {...}}``.
    Else ``{"action": ..., "kind": "contact"|"list", "id": ..., "fields": {...}, "list": <list id or name>,
    "contact_kind": "normal"|"synced"|"master", "name": <list name>}``; the answer holds ``kind``, ``id``
    and the ``fields`` as they are now (as they were, for a deletion). A list may also be named in
    ``fields``, as ``list_id`` or ``list_name``.
    """
    kind, action = _text(command, "kind") or "contact", _text(command, "action")
    if kind in columns.ACTIVITIES:
        return edit_activity(account, kind, command)
    if kind not in ("contact", "list"):
        known = ", ".join(("contact", "list", *columns.ACTIVITIES))
        raise ValueError(f"The kind {kind!r} cannot be edited here; use one of {known}.")
    name = f"{action}_list" if kind == "list" and f"{action}_list" in ACTIONS else action
    edit = ACTIONS.get(name)
    if edit is None:
        raise ValueError(f"The action {action!r} is not known; use one of {', '.join(sorted(ACTIONS))}.")
    return edit(account, command)


def _create(account: Account, command: Command) -> dict[str, object]:
    contact = account.add_contact(_fields(command), kind=_contact_kind(command) or "normal")
    return _shown(contact)


def _update(account: Account, command: Command) -> dict[str, object]:
    contact = _contact(account, command)
    account.change_contact(contact, _fields(command))
    kind = _contact_kind(command)
    if kind is not None:
        if contact.kind == "self":
            raise ValueError("The self contact keeps its kind.")
        contact.kind = kind
    return _shown(contact)


def _delete(account: Account, command: Command) -> dict[str, object]:
    contact = _contact(account, command)
    if contact.kind == "self":
        raise ValueError("The self contact cannot be deleted.")
    account.remove_contact(contact.fields["contact_id"])
    return _shown(contact)


def _unsubscribe(account: Account, command: Command) -> dict[str, object]:
    contact = _contact(account, command)
    account.change_contact(contact, {"contact_unsubscribe": "1"})
    return _shown(contact)


def _resubscribe(account: Account, command: Command) -> dict[str, object]:
    """A person's own act, so it is not noted in ``RezoraWorld.resubscribed``."""
    contact = _contact(account, command)
    account.change_contact(contact, {"contact_unsubscribe": "0"})
    return _shown(contact)


def _add_to_list(account: Account, command: Command) -> dict[str, object]:
    contact, row = _contact(account, command), _list(account, command, "list")
    if contact.fields["contact_id"] not in account.members[row["list_id"]]:
        account.add_member(row["list_id"], contact.fields["contact_id"])
    return _shown(contact)


def _remove_from_list(account: Account, command: Command) -> dict[str, object]:
    contact, row = _contact(account, command), _list(account, command, "list")
    if contact.fields["contact_id"] in account.members[row["list_id"]]:
        account.remove_member(row["list_id"], contact.fields["contact_id"])
    return _shown(contact)


def _create_list(account: Account, command: Command) -> dict[str, object]:
    return _shown_list(account.add_list(_free_name(account, command)))


def _rename_list(account: Account, command: Command) -> dict[str, object]:
    row = _own_list(account, command)
    row["list_name"] = _free_name(account, command, own_id=row["list_id"])
    return _shown_list(row)


def _delete_list(account: Account, command: Command) -> dict[str, object]:
    row = _own_list(account, command)
    account.remove_list(row["list_id"])
    return _shown_list(row)


ACTIONS: dict[str, Callable[[Account, Command], dict[str, object]]] = {
    "create": _create,
    "update": _update,
    "delete": _delete,
    "unsubscribe": _unsubscribe,
    "resubscribe": _resubscribe,
    "add_to_list": _add_to_list,
    "remove_from_list": _remove_from_list,
    "create_list": _create_list,
    "rename_list": _rename_list,
    "update_list": _rename_list,
    "delete_list": _delete_list,
}


def _shown(contact: Contact) -> dict[str, object]:
    return {"kind": "contact", "id": contact.fields["contact_id"], "fields": dict(contact.fields)}


def _shown_list(row: Row) -> dict[str, object]:
    return {"kind": "list", "id": row["list_id"], "fields": dict(row)}


def _text(command: Command, name: str) -> str:
    value = command.get(name)
    return "" if value is None else str(value)


def _fields(command: Command) -> dict[str, str]:
    given = command.get("fields") or {}
    if not isinstance(given, Mapping):
        raise ValueError("The edit's fields are not an object.")  # noqa: TRY004  # bad edits are one error
    allowed = {*columns.WRITABLE, "contact_unsubscribe"}
    unknown = next((str(name) for name in given if name not in allowed), None)
    if unknown is not None:
        raise ValueError(f"The contact field {unknown!r} cannot be edited; use Rezora's names.")
    return {str(name): str(value) for name, value in given.items()}


def _contact_kind(command: Command) -> ContactKind | None:
    wanted = _text(command, "contact_kind")
    known: tuple[ContactKind, ...] = get_args(ContactKind)
    if wanted and wanted not in known[1:]:
        raise ValueError(f"The contact_kind {wanted!r} is none of {', '.join(known[1:])}.")
    return next((kind for kind in known if kind == wanted), None)


def _contact(account: Account, command: Command) -> Contact:
    contact = account.contacts.get(_text(command, "id"))
    if contact is None:
        raise ValueError("There is no contact with this id.")
    return contact


def _list(account: Account, command: Command, name: str) -> Row:
    fields = command.get("fields")
    inner = fields.get("list_id") or fields.get("list_name") if isinstance(fields, Mapping) else None
    wanted = _text(command, name) or str(inner or "")
    row = account.lists.get(wanted) or account.list_named(wanted)
    if row is None:
        raise ValueError(f"There is no list with this id or name; give it as {name!r}.")
    return row


def _own_list(account: Account, command: Command) -> Row:
    row = _list(account, command, "id")
    if row["list_type"] == "1":
        raise ValueError("The Primary Sphere cannot be renamed or deleted.")
    return row


def _free_name(account: Account, command: Command, own_id: str = "") -> str:
    fields = command.get("fields")
    inner = _text(fields, "list_name") if isinstance(fields, Mapping) else ""
    name = _text(command, "name") or inner
    if not name:
        raise ValueError("The list needs a name.")
    holder = account.list_named(name)
    if holder is not None and holder["list_id"] != own_id:
        raise ValueError("A list with this name exists already.")
    return name
