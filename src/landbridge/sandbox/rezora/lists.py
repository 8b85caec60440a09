"""lists, lists/ID and their memberships (rezora.md 2.3 to 2.6)."""

from __future__ import annotations

from landbridge.sandbox.rezora import columns
from landbridge.sandbox.rezora.account import Row
from landbridge.sandbox.rezora.call import (
    Call,
    Outcome,
    Refusal,
    Resource,
    check_length,
    check_names,
    done,
    made,
    require,
)


def _get_all(call: Call) -> Outcome:
    return Outcome(columns.LIST, call.account.lists.values())


def _post(call: Call) -> Outcome:
    return made("list_id", call.account.add_list(_free_name(call, own_id=""))["list_id"])


def _delete_all(call: Call) -> Outcome:
    """Documented: all lists of type 0 go, the Primary Sphere stays (rezora.md 2.3)."""
    for list_id in [row["list_id"] for row in call.account.lists.values() if row["list_type"] == "0"]:
        call.account.remove_list(list_id)
    return done()


def _get(call: Call) -> Outcome:
    return Outcome(columns.LIST, (_find(call),))


def _put(call: Call) -> Outcome:
    row = _find_own(call)
    row["list_name"] = _free_name(call, own_id=row["list_id"])
    return done()


def _delete(call: Call) -> Outcome:
    call.account.remove_list(_find_own(call)["list_id"])
    return done()


def _find(call: Call) -> Row:
    row = call.account.lists.get(call.ids[0])
    if row is None:
        raise Refusal(404, "There is no list with this list_id.")
    return row


def _find_own(call: Call) -> Row:
    row = _find(call)
    if row["list_type"] == "1":
        raise Refusal(403, "The Primary Sphere cannot be changed or deleted.")
    return row


def _free_name(call: Call, own_id: str) -> str:
    """The wanted list_name; unique (rezora.md 2.3), and without regard to case (assumption)."""
    check_names(call.config, call.fields, columns.LIST)
    name = check_length(call.config, "list_name", require(call.fields, "list_name"))
    holder = call.account.list_named(name)
    if holder is not None and holder["list_id"] != own_id:
        raise Refusal(409, "A list with this list_name exists already.")
    return name


def _get_members(call: Call) -> Outcome:
    return Outcome(columns.MEMBER, call.account.members[_find(call)["list_id"]].values())


def _post_member(call: Call) -> Outcome:
    list_id = _find(call)["list_id"]
    check_names(call.config, call.fields, columns.MEMBER)
    record_id = require(call.fields, "contact_id")
    if record_id not in call.account.contacts:
        raise Refusal(400, "There is no contact with this contact_id.")
    _refuse_master(call, record_id)
    if record_id in call.account.members[list_id]:
        raise Refusal(409, "This contact is on the list already.")
    return made("contacttolist_id", call.account.add_member(list_id, record_id)["contacttolist_id"])


def _delete_members(call: Call) -> Outcome:
    """Assumed to empty the list, by analogy with the other collections (rezora.md 2.5)."""
    row = _find(call)
    _refuse_fixed(call, row)
    call.account.empty_list(row["list_id"])
    return done()


def _get_member(call: Call) -> Outcome:
    return Outcome(columns.MEMBER, (_find_member(call),))


def _delete_member(call: Call) -> Outcome:
    _refuse_fixed(call, _find(call))
    row = _find_member(call)
    _refuse_master(call, row["contact_id"])
    call.account.remove_member(row["list_id"], row["contact_id"])
    return done()


def _find_member(call: Call) -> Row:
    row = call.account.members[_find(call)["list_id"]].get(call.ids[1])
    if row is None:
        raise Refusal(404, "There is no contact with this contact_id on this list.")
    return row


def _refuse_master(call: Call, record_id: str) -> None:
    """An agent cannot move contacts of a brokerage's list (rezora.md 4.2); assumed for the API."""
    if call.account.contacts[record_id].kind == "master" and not call.config.master_writable:
        raise Refusal(403, "This is a master contact; it is managed by the brokerage and cannot be moved.")


def _refuse_fixed(call: Call, row: Row) -> None:
    if row["list_type"] == "1" and call.config.everyone_in_primary_sphere:
        raise Refusal(403, "Every contact stays on the Primary Sphere.")


LISTS = Resource(
    "lists", "list", "agent", {"GET": _get_all, "POST": _post, "DELETE": _delete_all}, collection=True
)
LIST = Resource("lists", "list", "agent", {"GET": _get, "PUT": _put, "DELETE": _delete})
MEMBERS = Resource(
    "list_contacts",
    "list_contact",
    "agent",
    {"GET": _get_members, "POST": _post_member, "DELETE": _delete_members},
    collection=True,
)
MEMBER = Resource("list_contacts", "list_contact", "agent", {"GET": _get_member, "DELETE": _delete_member})
