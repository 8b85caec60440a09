"""One authorised call on its way through the sandbox, and the entry of the table of routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from landbridge.sandbox.highlevel.refusals import bad_request, unprocessable

if TYPE_CHECKING:
    from landbridge.sandbox.highlevel.grants import Grant
    from landbridge.sandbox.highlevel.state import State
    from landbridge.sandbox.wire import Answer, Request

_DIGITS_MOST = 15
Where = Literal["none", "path", "query", "body"]
Generation = Literal["both", "v2", "v3"]


@dataclass(slots=True)
class Call:
    """A request with its path parameters, its version and the grant behind its token."""

    request: Request
    parameters: dict[str, str]
    version: str
    grant: Grant
    status: int = 0  # overrides the status of the route when set
    _body: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def v3(self) -> bool:
        return self.version == "v3"

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object sent; empty when nothing was. Raises a 400 refusal for anything else."""
        if self._body is None:
            self._body = read_object(self.request.body)
        return self._body

    def query(self, name: str, default: str = "") -> str:
        return self.request.query.get(name, default)

    def number(self, name: str, default: int, *, most: int | None = None) -> int:
        """A non-negative whole number of the query; 422 when it is none or too large."""
        text = self.request.query.get(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MOST) or (
            most and int(text) > most
        ):
            limit = "" if most is None else f" not greater than {most}"
            raise unprocessable([f"{name} must be a number{limit}"])
        return int(text)


def read_object(raw: bytes) -> dict[str, Any]:
    """A JSON object from bytes; 400 when it is something else."""
    if not raw.strip():
        return {}
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        raise bad_request("The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object")
    return body


Operation = Callable[["State", Call], "dict[str, Any] | Answer"]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table: ``scope`` empty means none is stated; ``location`` is where its id must stand."""

    method: str
    path: str
    operation: Operation
    scope: str = ""
    status: int = 200
    location: Where = "none"
    generation: Generation = "both"
    agency: bool = False  # company tokens only
    open: bool = False  # no token, no Version header, no quota
