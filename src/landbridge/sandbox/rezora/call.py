"""What an operation is given, what it returns, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from landbridge.sandbox.rezora.account import Account
from landbridge.sandbox.rezora.config import RezoraConfig


class Refusal(Exception):  # noqa: N818  # an answer to give, not a programming error
    """The request is answered with this HTTP status and one sentence."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


@dataclass(slots=True)
class Outcome:
    """Rows to answer with; ``encoded`` is the same rows as ready JSON objects, where they are kept."""

    columns: Sequence[str]
    rows: Iterable[Mapping[str, str]]
    encoded: Iterable[bytes] | None = None


@dataclass(slots=True)
class Call:
    """One admitted request: the account, the ids of the path, and the fields of the body."""

    account: Account
    ids: tuple[str, ...]
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> RezoraConfig:
        """The switches in force."""
        return self.account.config


Operation = Callable[[Call], Outcome]


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of URI: its XML names, who may reach it, and what it can do."""

    plural: str
    singular: str
    level: Literal["agent", "company"]
    methods: Mapping[str, Operation]
    collection: bool = False


def done() -> Outcome:
    """The success body of PUT and DELETE (rezora.md 1.2)."""
    return Outcome(("status",), ({"status": "200"},))


def made(column: str, record_id: str) -> Outcome:
    """The answer to POST: the new id and nothing else (rezora.md 1.2)."""
    return Outcome((column,), ({column: record_id},))


def require(fields: Mapping[str, str], name: str) -> str:
    """The value of a field that may not be empty."""
    value = fields.get(name, "")
    if not value:
        raise Refusal(400, f"The field {name} is required.")
    return value


def check_length(config: RezoraConfig, name: str, value: str) -> str:
    """The value as it would be stored; raises ``Refusal`` 400 when too long (limits are an assumption)."""
    limit = config.limit(name)
    if not limit or len(value) <= limit:
        return value
    if config.too_long == "truncate":
        return value[:limit]
    raise Refusal(400, f"The field {name} is longer than {limit} characters.")


def check_names(config: RezoraConfig, fields: Mapping[str, str], known: Iterable[str]) -> None:
    """Refuse a body in which no field, or with the strict switch any field, is undocumented."""
    names = set(known)
    unknown = [name for name in fields if name not in names]
    if unknown and (config.refuse_unknown_fields or len(unknown) == len(fields)):
        raise Refusal(
            400,
            f"The field {unknown[0][:60]!r} is not known here; check the Content-Type and the field names.",
        )
    if not fields:
        raise Refusal(400, "The body has no field; send at least one name and value.")
