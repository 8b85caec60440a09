"""contacts and contacts/ID (rezora.md 2.1 and 2.2)."""

from __future__ import annotations

from landbridge.sandbox.rezora import columns
from landbridge.sandbox.rezora.account import Contact
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
    contacts = call.account.contacts.values()
    return Outcome(columns.CONTACT, (c.fields for c in contacts), (c.encoded() for c in contacts))


def _post(call: Call) -> Outcome:
    changes = _changes(call)
    for name in call.config.required:
        require(changes, name)
    _refuse_taken_address(call, changes, own_id="")
    return made("contact_id", call.account.add_contact(changes).fields["contact_id"])


def _delete_all(call: Call) -> Outcome:
    """Documented: every contact with contact_self 0 is wiped, of whatever kind (rezora.md 2.1)."""
    for record_id in [key for key, contact in call.account.contacts.items() if contact.kind != "self"]:
        call.account.remove_contact(record_id)
    return done()


def _get(call: Call) -> Outcome:
    contact = find_contact(call)
    return Outcome(columns.CONTACT, (contact.fields,), (contact.encoded(),))


def _put(call: Call) -> Outcome:
    contact = find_contact(call)
    _refuse_foreign(call, contact)
    changes = _changes(call)
    if not call.config.put_partial:
        # The opt-out survives even here: a server that dropped it on every full PUT would be unusable.
        changes = dict.fromkeys(columns.WRITABLE, "") | changes
    for name in call.config.required:
        if name in changes:
            require(changes, name)
    _refuse_taken_address(call, changes, own_id=contact.fields["contact_id"])
    if contact.fields["contact_unsubscribe"] == "1" and changes.get("contact_unsubscribe") == "0":
        call.account.resubscribed.append(contact.fields["contact_id"])
    if call.config.date_follows_changes:
        changes["contact_date"] = call.account.stamp()
    call.account.change_contact(contact, changes)
    return done()


def _delete(call: Call) -> Outcome:
    contact = find_contact(call)
    if contact.kind == "self":
        raise Refusal(403, "The self contact cannot be deleted.")
    _refuse_foreign(call, contact)
    call.account.remove_contact(contact.fields["contact_id"])
    return done()


def find_contact(call: Call) -> Contact:
    """The contact of the path's first id; raises ``Refusal`` 404."""
    contact = call.account.contacts.get(call.ids[0])
    if contact is None:
        raise Refusal(404, "There is no contact with this contact_id.")
    return contact


def _refuse_foreign(call: Call, contact: Contact) -> None:
    """What the app refuses by kind (rezora.md 4.1); that the API does too is an assumption."""
    writable = {
        "normal": True,
        "self": call.config.self_writable,
        "synced": call.config.synced_writable,
        "master": call.config.master_writable,
    }
    if not writable[contact.kind]:
        raise Refusal(
            403, f"This is a {contact.kind} contact; it is managed elsewhere and cannot be changed here."
        )


def _refuse_taken_address(call: Call, changes: dict[str, str], own_id: str) -> None:
    address = changes.get("contact_email", "")
    if address and call.config.unique_email and call.account.contacts_with_email(address) - {own_id}:
        raise Refusal(409, "A contact with this contact_email exists already.")


def _changes(call: Call) -> dict[str, str]:
    """The writable part of the body, checked; server-made fields are ignored (assumption)."""
    config, fields = call.config, call.fields
    check_names(config, fields, columns.CONTACT)
    changes = {name: check_length(config, name, fields[name]) for name in columns.WRITABLE if name in fields}
    if changes.get("contact_type", "") not in columns.CONTACT_TYPES:
        raise Refusal(400, "The field contact_type is none of Hot, Active, Inactive and empty.")
    flag = fields.get("contact_unsubscribe")
    if flag is not None and config.unsubscribe_writable:
        if flag not in ("0", "1"):
            raise Refusal(400, "The field contact_unsubscribe is neither 0 nor 1.")
        changes["contact_unsubscribe"] = flag
    return changes


CONTACTS = Resource(
    "contacts", "contact", "agent", {"GET": _get_all, "POST": _post, "DELETE": _delete_all}, collection=True
)
CONTACT = Resource("contacts", "contact", "agent", {"GET": _get, "PUT": _put, "DELETE": _delete})
