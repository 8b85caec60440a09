"""The contact search's own view of the contacts: it may lag, and keeps its orders sorted as records move."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from landbridge.sandbox.highlevel.addresses import Contact
from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.wire import SandboxClock

Entry = tuple[Any, str]  # the sort value and the contact's id
Value = Callable[[Contact], Any]
Test = Callable[[Contact], bool]

# The seven sort fields of highlevel.md 2.1.3. A missing text sorts as the empty one (an assumption).
SORT_VALUES: dict[str, Value] = {
    "dateAdded": lambda contact: contact["addedMs"],
    "dateUpdated": lambda contact: contact["updatedMs"],
    "email": lambda contact: (contact["email"] or "").lower(),
    "dnd": lambda contact: bool(contact["dnd"]),
    "source": lambda contact: (contact["source"] or "").lower(),
    "firstNameLowerCase": lambda contact: (contact["firstName"] or "").lower(),
    "lastNameLowerCase": lambda contact: (contact["lastName"] or "").lower(),
}
_REMEMBERED = 4  # questions whose answers are kept in step; each costs every write a little


class Order:
    """Contacts that pass a test, sorted by a value, then by id; kept by bisection as contacts change."""

    def __init__(self, value: Value, test: Test | None, contacts: Iterable[Contact]) -> None:
        self._value = value
        self._test = test
        found = contacts if test is None else filter(test, contacts)
        self.entry_of: dict[str, Entry] = {one["id"]: (value(one), one["id"]) for one in found}
        self.entries: list[Entry] = sorted(self.entry_of.values())

    def put(self, contact: Contact) -> None:
        """Place a contact anew, or take it out when it no longer passes."""
        if self._test is not None and not self._test(contact):
            self.drop(contact["id"])
            return
        entry = (self._value(contact), contact["id"])
        if self.entry_of.get(contact["id"]) != entry:
            self.drop(contact["id"])
            insort(self.entries, entry)
            self.entry_of[contact["id"]] = entry

    def drop(self, contact_id: str) -> None:
        """Take a contact out, if it is in."""
        entry = self.entry_of.pop(contact_id, None)
        if entry is not None:
            del self.entries[bisect_left(self.entries, entry)]

    def between(self, low: Any, high: Any) -> list[Entry]:
        """Entries with ``low <= value <= high``; None is open."""
        start = 0 if low is None else bisect_left(self.entries, (low, ""))
        end = len(self.entries) if high is None else bisect_right(self.entries, (high, "\U0010ffff"))
        return self.entries[start:end]


class SearchIndex:
    """What search sees: changes become visible ``search_lag_seconds`` after they were made."""

    def __init__(self, clock: SandboxClock, config: HighLevelConfig) -> None:
        self._clock = clock
        self._config = config
        self._waiting: deque[tuple[float, str, Contact | None]] = deque()
        self._orders: dict[str, Order] = {}
        self._remembered: dict[bytes, Order] = {}
        self.contacts: dict[str, Contact] = {}

    def put(self, contact: Contact, *, at_once: bool = False) -> None:
        """Show a contact, after the lag unless ``at_once``."""
        self._later(contact["id"], contact, at_once=at_once)

    def drop(self, contact_id: str) -> None:
        """Hide a contact, after the lag."""
        self._later(contact_id, None, at_once=False)

    def catch_up(self) -> None:
        """Make visible what is due; call before reading."""
        now = self._clock.now()
        while self._waiting and self._waiting[0][0] <= now:
            _, contact_id, contact = self._waiting.popleft()
            self._apply(contact_id, contact)

    def order(self, field: str) -> Order:
        """The contacts in the order of a sort field."""
        order = self._orders.get(field)
        if order is None:
            order = self._orders[field] = Order(SORT_VALUES[field], None, self.contacts.values())
        return order

    def remembered(self, key: bytes) -> Order | None:
        """The answer kept for this question, if there is one."""
        return self._remembered.get(key)

    def remember(self, key: bytes, order: Order) -> None:
        """Keep an answer in step with the contacts, in place of the oldest one."""
        if len(self._remembered) >= _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[key] = order

    def forget(self) -> None:
        """Drop the kept answers: something else than a contact changed what they depend on."""
        self._remembered.clear()

    @property
    def lags(self) -> bool:
        """Whether some change is not visible yet."""
        return bool(self._waiting)

    def _later(self, contact_id: str, contact: Contact | None, *, at_once: bool) -> None:
        lag = self._config.search_lag_seconds
        if at_once or (lag <= 0 and not self._waiting):
            self._apply(contact_id, contact)
        else:
            self._waiting.append((self._clock.now() + lag, contact_id, contact))

    def _apply(self, contact_id: str, contact: Contact | None) -> None:
        if contact is None:
            self.contacts.pop(contact_id, None)
        else:
            self.contacts[contact_id] = contact
        for orders in (self._orders, self._remembered):
            for order in orders.values():
                if contact is None:
                    order.drop(contact_id)
                else:
                    order.put(contact)
