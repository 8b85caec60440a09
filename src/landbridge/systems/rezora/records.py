"""Contacts as Rezora shows them, as records, and the fields it takes (rezora.md 2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from landbridge.sync.model import Record, Side
from landbridge.systems.base import Malformed, Rejected
from landbridge.systems.rezora.wire import Row, checked_id

WRITABLE = (
    "contact_name",
    "contact_email",
    "contact_type",
    "contact_title",
    "contact_company",
    *(f"contact_phone_{kind}" for kind in ("home", "work", "mobile", "fax")),
    *(
        f"contact_{place}_{part}"
        for place in ("business", "home")
        for part in ("street", "street2", "city", "state", "zip")
    ),
)
"""What the early POST sample sent: our best guess of what can be written (rezora.md 2.1)."""

OPT_OUT = "contact_unsubscribe"
_OPTED_OUT = {"1": True, "0": False}


def record(row: Row) -> Record:
    """One contact under its native field names; takes the row over. The self contact is read-only.

    Raises ``Malformed`` without a usable contact_id.
    """
    try:
        contact_id = checked_id(_text(row.pop("contact_id", None)))
    except Rejected:
        raise Malformed("Rezora showed a contact without a contact_id.", side=Side.REZORA) from None
    unsubscribed = _text(row.pop(OPT_OUT, None))
    fields = {name: value if isinstance(value, str) else _text(value) for name, value in row.items()}
    return Record(
        side=Side.REZORA,
        id=contact_id,
        fields=fields,
        opted_out=_OPTED_OUT.get(unsubscribed),
        read_only=is_self(fields),
    )


def is_self(fields: Mapping[str, str]) -> bool:
    """The account's own contact: never written, never deleted."""
    return fields.get("contact_self") == "1"


def all_records(found: Sequence[Row]) -> list[Record]:
    """The answer to a read of everything.

    Raises ``Malformed`` unless the self contact, which every account has, is among them: an empty or short
    answer must never read as "all deleted" (rezora.md 5, trap 10).
    """
    records = [record(row) for row in found]
    if not any(item.read_only for item in records):
        raise Malformed(
            "Rezora's list of contacts lacks the account's own contact, so it is not the whole list.",
            fix="Run the sync again; if it stays, ask your Rezora account manager about the API.",
            side=Side.REZORA,
        )
    return records


def changes(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields as they are sent; raises ``Rejected`` for one that is not writable.

    ``contact_unsubscribe`` may be "1" and nothing else: Landbridge never opts anybody in (rezora.md 4.3).
    """
    for name, value in fields.items():
        if name in WRITABLE or (name == OPT_OUT and value == "1"):
            continue
        if name == OPT_OUT:
            why = "Landbridge never takes back an opt-out in Rezora."
        else:
            shown = name if name.isidentifier() and len(name) < 40 else "this one"
            why = f"Rezora has no writable contact field {shown}."
        raise Rejected(
            why, fix="Take the field out of the mapping's way to Rezora.", side=Side.REZORA, sent="no"
        )
    return dict(fields)


def merged(shown: Record, fields: Mapping[str, str]) -> dict[str, str]:
    """All writable fields, for an API that blanks what a PUT leaves out; an opt-out is said again."""
    whole = {name: shown.fields[name] for name in WRITABLE if name in shown.fields} | dict(fields)
    return whole | {OPT_OUT: "1"} if shown.opted_out else whole


def _text(value: object) -> str:
    """Documented are strings only (rezora.md 1.1); a number or flag reads as the string it stands for."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)
