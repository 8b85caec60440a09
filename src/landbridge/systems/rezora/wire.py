"""How Rezora words its calls and answers: arrays of objects of strings, success in the body (rezora.md 1)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from landbridge.sync.model import Side
from landbridge.systems.base import Forbidden, Malformed, Rejected, SystemFailure
from landbridge.systems.failures import At, Told

Row = dict[str, str | int | float | bool | None]

_ID = re.compile(r"[1-9][0-9]{0,18}")
_STATUS_BYTES = 4096  # an outcome is a short body; a long one is a listing and is not parsed twice
_rows = msgspec.json.Decoder(list[Row])
_any = msgspec.json.Decoder(Any)


class BasicAuthorise:
    """User name and password on every call; that the scheme is HTTP Basic is an assumption (rezora.md 1)."""

    def __init__(self, username: str, password: str) -> None:
        pair = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}"}

    async def headers(self) -> Mapping[str, str]:
        """The one header."""
        return self._headers

    async def on_unauthorised(self, refused: Mapping[str, str]) -> bool:
        """There is nothing newer to try."""
        return False

    async def on_accepted(self, accepted: Mapping[str, str]) -> None:
        """Nothing to note."""


class RezoraDialect:
    """Both statuses count: that of HTTP and the body's own (rezora.md 1.2)."""

    credentials_fix = (
        "Check the API user name and password with your Rezora account manager (they are not those of the"
        " app), then connect again."
    )

    def read(self, status: int, body: bytes) -> Told:
        """The body's ``status`` where HTTP claims success, and its text; how errors look is an assumption."""
        if len(body) > _STATUS_BYTES:
            return Told(status)
        try:
            found = _any.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Told(status)
        row = found[0] if isinstance(found, list) and found else found
        if not isinstance(row, dict):
            return Told(status)
        texts = (row.get(name) for name in ("error", "message", "status_message"))
        message = " ".join(text for text in texts if isinstance(text, str))
        if 200 <= status < 300 and "status" in row:
            told = str(row["status"])
            status = int(told) if re.fullmatch(r"[1-5][0-9]{2}", told) else 0
        return Told(status, message)

    def refuse(self, told: Told, at: At) -> SystemFailure | None:
        """403 for one contact: it is owned elsewhere (rezora.md 4.1); else the wrong level."""
        if told.status != 403:
            return None
        if at.by_id and at.method != "GET":
            return Rejected(
                f"Rezora refused {at.call}: this contact is managed elsewhere.",
                fix="It may belong to another integration or to the brokerage; change it there, or leave it"
                " out of the sync.",
            )
        return Forbidden(
            f"{at.place} does not allow {at.call}.",
            fix="Ask your Rezora account manager for agent-level credentials: company-level ones cannot reach"
            " contacts and lists.",
        )


def rows(body: bytes) -> list[Row]:
    """An array of objects, the form of every JSON answer; raises msgspec's errors for anything else."""
    return _rows.decode(body)


def new_id(name: str) -> Any:
    """A decoder for the answer to a POST: the new id, and nothing else of the record."""

    def decode(body: bytes) -> str:
        found = rows(body)
        value = str(found[0].get(name)) if len(found) == 1 else ""
        if not _ID.fullmatch(value):
            raise Malformed("Rezora accepted a new record and did not name it.", side=Side.REZORA)
        return value

    return decode


def done(body: bytes) -> None:
    """A decoder for the answer to PUT and DELETE, whose ``status`` the dialect has read."""
    if "status" not in next(iter(rows(body)), {}):
        raise Malformed("Rezora's answer to a change does not tell its status.", side=Side.REZORA)


def checked_id(value: object) -> str:
    """A positive decimal id; raises ``Rejected`` for anything else, before anything is sent.

    A DELETE without an id would wipe a whole collection (rezora.md 5, trap 1).
    """
    if not isinstance(value, str) or not _ID.fullmatch(value) or not value.isascii():
        raise Rejected(
            "Rezora was asked for a record without a usable id; nothing was sent.",
            side=Side.REZORA,
            sent="no",
        )
    return value
