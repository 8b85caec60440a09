"""Tasks, notes and appointments between the assumed table and our words (``assumed.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from landbridge.sync.activity import STATUSES, Activity
from landbridge.sync.model import Kind, Side
from landbridge.systems.base import Malformed, Rejected
from landbridge.systems.markup import html_of, text_of
from landbridge.systems.moments import from_wall_clock, to_wall_clock
from landbridge.systems.rezora.assumed import Column, Sort
from landbridge.systems.rezora.wire import Row, checked_id

_NO_TIME = "0000-00-00 00:00:00"  # how databases of that time wrote "none"


def activity(row: Row, kind: Kind, sort: Sort, contact_id: str, zone: ZoneInfo) -> Activity:
    """One record under our names; a column that the row lacks is absent.

    Raises ``Malformed``, naming the column, without a usable id, or for a time or flag of another form than
    assumed: a wrong assumption must not read as "no due date". A status of none of our words is absent.
    """
    fields: dict[str, str] = {}
    for name, column in sort.columns.items():
        if column.name in row:
            shown = _read(_text(row[column.name]), column, zone)
            if name != "status" or shown in ("", *STATUSES):
                fields[name] = shown
    return Activity(
        side=Side.REZORA,
        kind=kind,
        id=row_id(row, kind, sort),
        contact_id=contact_id,
        fields=fields,
    )


def row_id(row: Row, kind: Kind, sort: Sort) -> str:
    """The id of a record as shown; raises ``Malformed`` without a usable one."""
    try:
        return checked_id(_text(row.get(sort.id)))
    except Rejected:
        raise Malformed(
            f"Rezora showed a {kind} without a {sort.id}.", fix=_fix(), side=Side.REZORA
        ) from None


def native(fields: Mapping[str, str], kind: Kind, sort: Sort, zone: ZoneInfo, *, new: bool) -> dict[str, str]:
    """The fields under Rezora's names; blank ones of a new record are left out.

    Raises ``Rejected`` for a field that it does not take, and for a required one that is blank.
    """
    for name, column in sort.columns.items():
        if column.required and not fields.get(name, "" if new else "unchanged").strip():
            raise _refused(
                f"Rezora takes no {kind} without a {_word(name)}; nothing was sent.",
                f"Give the {kind} a {_word(name)}, then sync again.",
            )
    sent: dict[str, str] = {}
    for name, value in fields.items():
        found = sort.columns.get(name)
        if found is None or not found.writable:
            shown = name if name.isidentifier() and len(name) < 40 else "this one"
            raise _refused(
                f"Landbridge does not write the field {shown} of a Rezora {kind}.",
                "Report this: the field comes from Landbridge itself.",
            )
        if value or not new:
            sent[found.name] = _written(name, value, found, kind, zone)
    return sent


def merged(row: Row, sent: Mapping[str, str], sort: Sort) -> dict[str, str]:
    """All writable columns, for an account that blanks what a PUT leaves out."""
    names = [column.name for column in sort.columns.values() if column.writable]
    return {name: _text(row[name]) for name in names if name in row} | dict(sent)


def _read(shown: str, column: Column, zone: ZoneInfo) -> str:
    if column.form == "text":
        return html_of(shown)
    if column.form == "time":
        moment = "" if shown in ("", _NO_TIME) else from_wall_clock(shown, zone)
        if moment is None:
            raise _other_form(column, "YYYY-MM-DD HH:MM:SS")
        return moment
    if column.form == "flag" and shown not in ("0", "1", ""):
        raise _other_form(column, "0 or 1")
    return shown


def _written(name: str, value: str, column: Column, kind: Kind, zone: ZoneInfo) -> str:
    if column.form == "text":
        return text_of(value)
    if column.form == "time" and value:
        moment = to_wall_clock(value, zone)
        if moment is None:
            raise _refused(
                f"The {_word(name)} of this {kind} is no time that Rezora could take; nothing was sent.",
                f"Set the {_word(name)} of the {kind} again, then sync again.",
            )
        return moment
    if column.form == "flag" and value not in ("0", "1"):
        raise _refused(
            f"Whether this {kind} is {_word(name)} is neither 1 nor 0; nothing was sent.",
            f"Mark the {kind} as {_word(name)} or open again, then sync again.",
        )
    return value


def _word(name: str) -> str:
    return {"due": "due date", "body": "text"}.get(name, name)


def _other_form(column: Column, form: str) -> Malformed:
    return Malformed(f"Rezora showed a {column.name} that is not {form}.", fix=_fix(), side=Side.REZORA)


def _fix() -> str:
    return (
        "Report this with the name of the field: how Rezora shows activities is an assumption of Landbridge"
        " (docs/activities.md), and this account shows them otherwise."
    )


def _refused(sentence: str, fix: str) -> Rejected:
    return Rejected(sentence, fix=fix, side=Side.REZORA, sent="no")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)
