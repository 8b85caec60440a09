"""Filters of the contact search, turned into one test on a contact (highlevel.md 2.1.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from landbridge.sandbox.highlevel.addresses import Contact
from landbridge.sandbox.highlevel.refusals import Refusal, bad_request
from landbridge.sandbox.highlevel.shapes import full_name
from landbridge.sandbox.highlevel.times import epoch_ms

Test = Callable[[Contact], bool]
Reader = Callable[[Contact], Any]

OPERATORS = ("eq", "not_eq", "contains", "not_contains", "exists", "not_exists", "range")
DATES = {
    "dateAdded": "addedMs",
    "dateUpdated": "updatedMs",
    "lastEmailClickedDate": "",
    "lastEmailOpenedDate": "",
}
_BOUNDS = ("gt", "gte", "lt", "lte")
_VALUE_MOST = 75
_DEPTH_MOST = 5  # not documented; keeps a request from exhausting the stack

_TEXTS = {
    "id": "id",
    "email": "email",
    "phone": "phone",
    "address": "address1",
    "city": "city",
    "state": "state",
    "country": "country",
    "postalCode": "postalCode",
    "companyName": "companyName",
    "assignedTo": "assignedTo",
    "source": "source",
    "businessId": "businessId",
    "type": "type",
}
_DND_FIELDS = {
    f"{prefix}.{channel}.status": (key, channel)
    for prefix, key, channel in (
        ("dndSettings", "dndSettings", "Email"),
        ("dndSettings", "dndSettings", "SMS"),
        ("dndSettings", "dndSettings", "Call"),
        ("dndSettings", "dndSettings", "WhatsApp"),
        ("inboundDndSettings", "inboundDndSettings", "all"),
    )
}


def says(contact: Contact, words: Sequence[str]) -> bool:
    """Whether every word stands in name, e-mail, phone or company: the full text of ``query``.

    Which fields are searchable is a setting of the live location; these four are an assumption.
    """
    if not words:
        return True
    parts = (full_name(contact), contact["email"], contact["phone"], contact["companyName"])
    text = " ".join(part for part in parts if part).lower()
    return all(word in text for word in words)


def all_of(filters: object, business_name: Reader) -> Test:
    """The test of a list of filters, joined by AND; raises 400 for what the grammar has not."""
    return _joined(filters, "AND", business_name, 0)


def _joined(filters: object, group: str, business_name: Reader, depth: int) -> Test:
    if not isinstance(filters, list):
        raise bad_request("filters must be an array")
    if depth > _DEPTH_MOST:
        raise bad_request("filters are nested too deep")
    tests = [_one(entry, business_name, depth) for entry in filters]
    if len(tests) == 1:
        return tests[0]
    if group == "AND":
        return lambda contact: all(test(contact) for test in tests)
    return lambda contact: any(test(contact) for test in tests)


def _one(entry: object, business_name: Reader, depth: int) -> Test:
    if not isinstance(entry, dict):
        raise bad_request("each filter must be an object")
    if "group" in entry:
        if entry["group"] not in ("AND", "OR"):
            raise bad_request("group must be one of the following values: AND, OR")
        return _joined(entry.get("filters"), entry["group"], business_name, depth + 1)
    field, operator = entry.get("field"), entry.get("operator")
    if operator not in OPERATORS:
        raise bad_request(f"operator must be one of the following values: {', '.join(OPERATORS)}")
    if not isinstance(field, str):
        raise bad_request("field must be a string")
    if field in DATES:
        return _on_date(DATES[field], operator, entry.get("value"))
    return _on_value(_reader(field, business_name), field, operator, entry.get("value"))


def _reader(field: str, business_name: Reader) -> Reader:
    """How a field is read from a contact; texts come lower-cased."""
    if field in _TEXTS:
        name = _TEXTS[field]
        return lambda contact: (contact[name] or "").lower()
    if field in ("firstNameLowerCase", "lastNameLowerCase"):
        name = field.removesuffix("LowerCase")
        return lambda contact: (contact[name] or "").lower()
    if field in _DND_FIELDS:
        settings, channel = _DND_FIELDS[field]
        return lambda contact: contact[settings].get(channel, {}).get("status", "inactive")
    if field.startswith("customFields."):
        field_id = field.removeprefix("customFields.")
        return lambda contact: _lowered(contact["customFields"].get(field_id))
    named: dict[str, Reader] = {
        "contactName": lambda contact: full_name(contact).lower(),
        "businessName": business_name,
        "dnd": lambda contact: contact["dnd"],
        "isValidWhatsapp": lambda _: False,
        "followers": lambda contact: _lowered(contact["followers"]),
        "tags": lambda contact: _lowered(contact["tags"]),
    }
    if field not in named:
        raise bad_request(f"Invalid filter field: {field[:_VALUE_MOST]}")
    return named[field]


def _lowered(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, list):
        return [_lowered(one) for one in value]
    return value


def _on_value(read: Reader, field: str, operator: str, value: Any) -> Test:
    if operator in ("exists", "not_exists"):
        wanted = operator == "exists"
        return lambda contact: (read(contact) not in (None, "", [])) is wanted
    if operator == "range":
        if not field.startswith("customFields."):
            raise _unsupported(operator, field)
        return _in_range(read, _bounds(value), lambda one: one)
    _check_length(value)
    if not field.endswith("LowerCase"):  # a cased value may not match a LowerCase field (highlevel.md 2.1.3)
        value = _lowered(value)
    test = _equals(read, value) if operator.endswith("eq") else _contains(read, value)
    if operator.startswith("not_"):
        return lambda contact: not test(contact)
    return test


def _equals(read: Reader, value: Any) -> Test:
    """Equality; on a list such as tags, every named element must be there (an assumption)."""
    wanted = value if isinstance(value, list) else [value]

    def test(contact: Contact) -> bool:
        found = read(contact)
        if isinstance(found, list):
            return all(one in found for one in wanted)
        return found in wanted

    return test


def _contains(read: Reader, value: Any) -> Test:
    """Part of a text; on a list, any named element is part of any of its texts (an assumption)."""
    wanted = [str(one) for one in (value if isinstance(value, list) else [value])]

    def test(contact: Contact) -> bool:
        found = read(contact)
        texts = found if isinstance(found, list) else [str(found if found is not None else "")]
        return any(part in text for part in wanted for text in texts)

    return test


def _on_date(name: str, operator: str, value: Any) -> Test:
    if operator in ("exists", "not_exists"):
        return lambda _: bool(name) is (operator == "exists")
    if operator != "range":
        raise _unsupported(operator, "a date")
    bounds = {bound: _moment(one) for bound, one in _bounds(value).items()}
    if not name:
        return lambda _: False
    return _in_range(lambda contact: contact[name], bounds, lambda one: one)


def date_span(entry: object) -> tuple[str, int | None, int | None] | None:
    """Field, lowest and highest moment of a plain date range filter; None for any other filter."""
    if (
        not isinstance(entry, dict)
        or entry.get("operator") != "range"
        or not DATES.get(str(entry.get("field")))
    ):
        return None
    bounds = {bound: _moment(one) for bound, one in _bounds(entry.get("value")).items()}
    lows = [bounds[name] for name in ("gt", "gte") if name in bounds]
    highs = [bounds[name] for name in ("lt", "lte") if name in bounds]
    return str(entry["field"]), max(lows, default=None), min(highs, default=None)


def _in_range(read: Reader, bounds: Mapping[str, Any], convert: Reader) -> Test:
    def test(contact: Contact) -> bool:
        value = convert(read(contact))
        if value is None:
            return False
        try:
            return (
                ("gt" not in bounds or value > bounds["gt"])
                and ("gte" not in bounds or value >= bounds["gte"])
                and ("lt" not in bounds or value < bounds["lt"])
                and ("lte" not in bounds or value <= bounds["lte"])
            )
        except TypeError:  # a text field against a number
            return False

    return test


def _bounds(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value or any(name not in _BOUNDS for name in value):
        raise bad_request(f"the value of range must be an object of {', '.join(_BOUNDS)}")
    for one in value.values():
        _check_length(one)
    return value


def _moment(value: Any) -> int:
    """ISO text or epoch milliseconds; which forms the live search takes is open question 2."""
    moment = epoch_ms(value)
    if moment is None:
        raise bad_request("the bounds of a date range must be ISO dates or epoch milliseconds")
    return moment


def _check_length(value: Any) -> None:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) or one is None:
            raise bad_request("value must be a string, a number or a boolean")
        if isinstance(one, str) and len(one) > _VALUE_MOST:
            raise bad_request(f"value must be shorter than or equal to {_VALUE_MOST} characters")


def _unsupported(operator: str, field: str) -> Refusal:
    return bad_request(f"operator {operator} is not supported for {field[:_VALUE_MOST]}")
