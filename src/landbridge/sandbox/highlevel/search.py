"""``POST /contacts/search``: the real grammar of highlevel.md 2.1.3 on an index that may lag."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from landbridge.sandbox.highlevel import shapes
from landbridge.sandbox.highlevel.addresses import Contact
from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.checks import Shape
from landbridge.sandbox.highlevel.refusals import bad_request, unprocessable
from landbridge.sandbox.highlevel.search_filters import all_of, date_span, says
from landbridge.sandbox.highlevel.search_index import SORT_VALUES, Entry, Order, SearchIndex
from landbridge.sandbox.highlevel.state import State

_LIMIT_MOST = 500
_QUERY_MOST = 75
_ASK = Shape(
    {
        "locationId": "text",
        "pageLimit": "number",
        "page": "number",
        "searchAfter": "list",
        "filters": "list",
        "sort": "list",
        "query": "text",
    },
    ("locationId", "pageLimit"),
)


class Backward:
    """A sort value that compares the other way round, for a descending field among several."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Backward) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Backward) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value)


@dataclass(frozen=True, slots=True)
class _Sort:
    """The fields to sort by with True for descending; newest added first by default."""

    fields: tuple[tuple[str, bool], ...] = (("dateAdded", True),)

    @property
    def single(self) -> bool:
        return len(self.fields) == 1

    def key(self, contact: Contact) -> Any:
        """What entries are ordered by: the bare value of one field, or a tuple that always ascends."""
        values = self.values(contact)
        return values[0] if self.single else self.composite(values)

    def values(self, contact: Contact) -> list[Any]:
        return [SORT_VALUES[field](contact) for field, _ in self.fields]

    def composite(self, values: Sequence[Any]) -> tuple[Any, ...]:
        marked = zip(values, self.fields, strict=True)
        return tuple(Backward(value) if down else value for value, (_, down) in marked)

    @property
    def descending(self) -> bool:
        return self.single and self.fields[0][1]


def search(state: State, call: Call) -> dict[str, Any]:
    """One page with ``total``; each record carries the ``searchAfter`` that continues behind it."""
    body = call.body
    _ASK.check(body)
    limit = body["pageLimit"]
    if not 1 <= limit <= _LIMIT_MOST:
        raise unprocessable([f"pageLimit must not be less than 1 or greater than {_LIMIT_MOST}"])
    sort = _read_sort(body.get("sort") or [])
    state.index.catch_up()
    entries = _matching(state, body, sort)
    page = _page(entries, body, sort, int(limit), state.config.page_reach)
    contacts = state.index.contacts
    businesses = state.tables["businesses"]
    records = []
    for _, contact_id in page:
        contact = contacts[contact_id]
        business = businesses.get(contact["businessId"] or "")
        record = shapes.searched(contact, business["name"] if business else None, v3=call.v3)
        record["searchAfter"] = [*sort.values(contact), contact_id]
        records.append(record)
    return {"contacts": records, "total": len(entries)}


def _read_sort(entries: Sequence[Any]) -> _Sort:
    fields = []
    for entry in entries:
        field = entry.get("field") if isinstance(entry, dict) else None
        direction = entry.get("direction", "asc") if isinstance(entry, dict) else None
        if not isinstance(field, str) or field not in SORT_VALUES:
            raise bad_request(f"sort field must be one of the following values: {', '.join(SORT_VALUES)}")
        if direction not in ("asc", "desc"):
            raise bad_request("sort direction must be one of the following values: asc, desc")
        fields.append((field, direction == "desc"))
    return _Sort(tuple(fields)) if fields else _Sort()


def _matching(state: State, body: dict[str, Any], sort: _Sort) -> list[Entry]:
    """All matching entries in ascending key order, remembered until the index changes."""
    filters, query = body.get("filters") or [], body.get("query") or ""
    if len(query) > _QUERY_MOST:
        raise bad_request(f"query must be shorter than or equal to {_QUERY_MOST} characters")
    index = state.index
    if sort.single and not filters and not query:
        return index.order(sort.fields[0][0]).entries
    key = msgspec.json.encode([filters, query, sort.fields])
    known = index.remembered(key)
    if known is not None:
        return known.entries
    passes = all_of(filters, lambda contact: _business_name(state, contact))
    words = query.lower().split()
    test = (lambda contact: says(contact, words) and passes(contact)) if words else passes
    holders = _holders(state, filters)
    if holders is not None:
        return Order(sort.key, test, holders).entries
    found = Order(sort.key, test, _candidates(index, filters))
    index.remember(key, found)
    return found.entries


def _business_name(state: State, contact: Contact) -> str:
    business = state.tables["businesses"].get(contact["businessId"] or "")
    return business["name"].lower() if business else ""


def _holders(state: State, filters: Sequence[Any]) -> list[Contact] | None:
    """The contacts with an e-mail or phone asked for at the top level; None when none is asked for."""
    if state.index.lags:
        return None
    for entry in filters:
        field, value = entry.get("field"), entry.get("value")
        if entry.get("operator") == "eq" and field in ("email", "phone") and isinstance(value, str):
            return [state.contacts[contact_id] for contact_id in state.addresses.having(field, value)]
    return None


def _candidates(index: SearchIndex, filters: Sequence[Any]) -> Iterable[Contact]:
    """Contacts worth testing: a date range at the top level spares the rest."""
    spans = [span for span in map(date_span, filters) if span is not None]
    if not spans:
        return index.contacts.values()
    choices = [index.order(field).between(low, high) for field, low, high in spans]
    return [index.contacts[contact_id] for _, contact_id in min(choices, key=len)]


def _page(entries: list[Entry], body: dict[str, Any], sort: _Sort, limit: int, reach: int) -> list[Entry]:
    after, page = body.get("searchAfter"), body.get("page")
    if after:
        if page is not None:
            raise bad_request("page and searchAfter cannot be used together")
        mark = _mark(after, sort)
        try:
            if sort.descending:
                end = bisect_left(entries, mark)
                return entries[max(0, end - limit) : end][::-1]
            start = bisect_right(entries, mark)
        except TypeError:
            raise bad_request("searchAfter does not fit the sort") from None
        return entries[start : start + limit]
    number = 1 if page is None else int(page)
    if number < 1 or number * limit > reach + limit - 1:
        raise bad_request(f"page reaches only the first {reach} records; use searchAfter")
    start, end = (number - 1) * limit, min(number * limit, reach)
    if sort.descending:
        total = len(entries)
        return entries[max(0, total - end) : max(0, total - start)][::-1]
    return entries[start:end]


def _mark(after: Sequence[Any], sort: _Sort) -> Entry:
    """The entry a ``searchAfter`` stands for; 400 when it belongs to another sort."""
    if len(after) != len(sort.fields) + 1 or not isinstance(after[-1], str):
        raise bad_request("searchAfter does not fit the sort")
    values = ["" if value is None else value for value in after[:-1]]
    return (values[0] if sort.single else sort.composite(values), after[-1])


ROUTES = (Route("POST", "/contacts/search", search, "contacts.readonly", location="body"),)
