"""How HighLevel words its answers and refusals (highlevel.md 1.8, 5.1, 5.2)."""

from __future__ import annotations

from typing import Any

import msgspec

from landbridge.sync.model import Side
from landbridge.systems.base import Forbidden, Paused, Rejected, SystemFailure, Unavailable
from landbridge.systems.failures import At, Told


class _Body(msgspec.Struct, frozen=True):
    """The parts of any answer that speak of its outcome; the vendor's types vary, so none is demanded."""

    status_code: Any = msgspec.field(name="statusCode", default=None)
    status: Any = None
    name: Any = None
    message: Any = None
    error: Any = None
    error_description: Any = None
    meta: Any = None
    trace_id: Any = msgspec.field(name="traceId", default=None)


_body = msgspec.json.Decoder(_Body)


def read_told(status: int, body: bytes) -> Told:
    """What a HighLevel answer says of its outcome; a body that is no JSON object says nothing."""
    try:
        found = _body.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Told(status)
    error = found.error if isinstance(found.error, dict) else {}
    parts = (found.message, found.error, found.error_description, error.get("message"))
    contact_id = found.meta.get("contactId") if isinstance(found.meta, dict) else None
    hidden = 200 <= status < 300 and (
        _is_error(found.status_code) or (found.name == "HttpException" and _is_error(found.status))
    )
    return Told(
        status=0 if hidden or (error and 200 <= status < 300) else status,
        message=" ".join(_text(part) for part in parts).strip(),
        trace_id=found.trace_id if isinstance(found.trace_id, str) else "",
        contact_id=contact_id if isinstance(contact_id, str) else "",
    )


def _is_error(status: Any) -> bool:
    return str(status).isdigit() and int(status) >= 400


def _text(part: Any) -> str:
    if isinstance(part, list):
        return " ".join(item for item in part if isinstance(item, str))
    return part if isinstance(part, str) else ""


class HighLevelDialect:
    """Where HighLevel's text says more than its status."""

    credentials_fix = (
        "Connect the account again: `landbridge connect highlevel`. A Private Integration Token may have been"
        " rotated or revoked in HighLevel's settings."
    )

    def read(self, status: int, body: bytes) -> Told:
        """What an answer says of its outcome."""
        return read_told(status, body)

    def refuse(self, told: Told, at: At) -> SystemFailure | None:
        """The cases of highlevel.md 1.8 and 5.1 that a status alone would get wrong."""
        if told.status in (400, 401, 403) and told.says("location is not active"):
            return Paused("HighLevel says that this location is not active.", side=Side.HIGHLEVEL)
        if told.status == 401 and told.says("command timed out"):
            return Unavailable(f"{at.place} did not finish {at.call} (its own time-out).")
        if told.status == 401 and told.says("scope"):
            return Forbidden(
                f"The HighLevel connection lacks the scope for {at.call}.",
                fix="Add the scope to the app or to the Private Integration, then connect again.",
            )
        if told.status == 403 and told.says("access to this location"):
            return Forbidden(
                "The HighLevel token is not for this location.",
                fix="Connect again and give the id of the location that the token was made in.",
            )
        if _lacks_a_field(told, at):
            return Rejected(
                f"HighLevel refused {at.call}: it has no such custom field any more.",
                fix="Somebody deleted it in HighLevel. If the mapping names it, take it out there; else"
                " connect HighLevel again, which makes Landbridge's own field anew.",
            )
        return None


def _lacks_a_field(told: Told, at: At) -> bool:
    """A custom field that is not found says nothing about the contact, which must not pass for deleted.

    Assumed: how a write with an unknown custom field is answered is documented nowhere.
    """
    return (
        told.status in (400, 404)
        and at.route.startswith("/contacts/")
        and told.says("custom field", "customfield")
        and told.says("not found")
    )
