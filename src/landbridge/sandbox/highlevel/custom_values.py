"""Values of custom fields on a contact, checked by the field's type (highlevel.md 5.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.highlevel.refusals import bad_request, unprocessable
from landbridge.sandbox.highlevel.state import Record, State
from landbridge.sandbox.highlevel.times import epoch_ms

_NAMES = ("id", "key", "field_value", "value")
_NAMES_V3 = ("id", "key", "fieldValue", "field_value", "value")


def read_custom_fields(
    state: State, entries: Sequence[object], current: Mapping[str, Any], *, v3: bool
) -> dict[str, Any]:
    """All values after a write; fields not named are left alone, an empty value takes one away."""
    after = dict(current)
    for at, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise unprocessable([f"customFields.{at} must be an object"])
        names = _NAMES_V3 if v3 else _NAMES
        extra = [f"customFields.{at}.property {name} should not exist" for name in entry if name not in names]
        if extra:
            raise unprocessable(extra)
        wrong = [name for name in ("id", "key") if not isinstance(entry.get(name, ""), str)]
        if wrong:
            raise unprocessable([f"customFields.{at}.{name} must be a string" for name in wrong])
        field = _field(state, entry)
        if field is None:
            continue
        value = next((entry[name] for name in names[2:] if name in entry), None)
        if value in (None, "", []):
            if clears(state.config, value):
                after.pop(field["id"], None)
        else:
            after[field["id"]] = _fitted(field, value, at)
    return after


def clears(config: HighLevelConfig, value: object) -> bool:
    """Whether null or the empty text takes a value away (open question 6); an empty list always does."""
    if value is None:
        return config.null_clears
    return config.empty_clears if value == "" else True


def _field(state: State, entry: Mapping[str, Any]) -> Record | None:
    """The definition by id, or by key as the text has it (highlevel.md 5.4)."""
    definitions = state.tables["custom_fields"]
    found = definitions.get(entry.get("id", ""))
    key = entry.get("key")
    if found is None and key:
        found = next(
            (one for one in definitions.values() if key in (one["fieldKey"], one["fieldKey"][8:])), None
        )
    if found is None and state.config.unknown_custom_field == "refuse":
        raise bad_request(f"Custom field with id {entry.get('id') or key} not found")
    return found


def _fitted(field: Record, value: Any, at: int) -> Any:
    """The value in the type of the field; 422 when it has another."""
    kind, options = field["dataType"], field["picklistOptions"]
    where = f"customFields.{at}.field_value"
    if kind in ("NUMERICAL", "MONETORY"):
        return _number(value, where)
    if kind in ("CHECKBOX", "MULTIPLE_OPTIONS"):
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise unprocessable([f"{where} must be an array of strings"])
        return _allowed(value, options, where)
    if kind in ("TEXTBOX_LIST", "FILE_UPLOAD"):
        if not isinstance(value, dict):
            raise unprocessable([f"{where} must be an object"])
        return value
    if not isinstance(value, str):
        raise unprocessable([f"{where} must be a string"])
    if kind in ("SINGLE_OPTIONS", "RADIO"):
        return _allowed([value], options, where)[0]
    if kind == "DATE" and epoch_ms(value) is None:
        raise unprocessable([f"{where} must be a valid date"])
    return value


def _number(value: Any, where: str) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise unprocessable([f"{where} must be a number"]) from None
    return int(number) if number.is_integer() else number


def _allowed(values: list[str], options: Sequence[str], where: str) -> list[str]:
    if options and any(value not in options for value in values):
        raise unprocessable([f"{where} must be one of the options of the field"])
    return values
