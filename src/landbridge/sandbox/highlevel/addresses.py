"""Who holds which e-mail address and phone number: the ground of the duplicates rule (highlevel.md 5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Contact = dict[str, Any]

_WRITTEN_IN = ("email", "phone", "additionalEmails", "additionalPhones")


class AddressIndex:
    """Contact ids by (field, address), main and additional ones apart, oldest first."""

    def __init__(self) -> None:
        self._main: dict[tuple[str, str], list[str]] = {}
        self._additional: dict[tuple[str, str], list[str]] = {}

    def put(self, before: Contact | None, contact: Contact) -> None:
        """Note the addresses of a contact that had those of ``before``."""
        if before is not None:
            if all(before[name] == contact[name] for name in _WRITTEN_IN):
                return
            self.remove(before)
        self.add(contact)

    def add(self, contact: Mapping[str, Any]) -> None:
        """Note the addresses of a contact."""
        for key in _main_keys(contact):
            self._main.setdefault(key, []).append(contact["id"])
        for key in _additional_keys(contact):
            self._additional.setdefault(key, []).append(contact["id"])

    def remove(self, contact: Mapping[str, Any]) -> None:
        """Forget them again."""
        for key in _main_keys(contact):
            _drop(self._main, key, contact["id"])
        for key in _additional_keys(contact):
            _drop(self._additional, key, contact["id"])

    def having(self, field: str, address: str) -> list[str]:
        """The contacts that have this main address."""
        return list(self._main.get((field, address.lower()), ()))

    def holder(self, field: str, address: str, *, but: str = "") -> str | None:
        """The contact that has this main address, else the one that has it as an additional one."""
        key = (field, address.lower())
        for table in (self._main, self._additional):
            for contact_id in table.get(key, ()):
                if contact_id != but:
                    return contact_id
        return None


def additional(contact: Mapping[str, Any], field: str) -> list[str]:
    """The additional addresses of a contact, plain."""
    entries = contact["additionalEmails"] if field == "email" else contact["additionalPhones"]
    return [entry[field] for entry in entries]


def _main_keys(contact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if contact["email"]:
        yield "email", contact["email"].lower()
    if contact["phone"]:
        yield "phone", contact["phone"]


def _additional_keys(contact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("email", "phone"):
        for address in additional(contact, field):
            yield field, address.lower()


def _drop(table: dict[tuple[str, str], list[str]], key: tuple[str, str], contact_id: str) -> None:
    ids = table.get(key)
    if ids and contact_id in ids:
        ids.remove(contact_id)
        if not ids:
            del table[key]
